//! Events within this process.

mod fresh;
mod source;

pub use source::InProcessSource;

use crate::packed::pack;
use crate::record::event_id;
use crate::spool::Spool;
use async_trait::async_trait;
use board::ports::{Engine, Events, PortError};
use fresh::Fresh;
use model::{ApiLogEntry, ApiLogPage, PageRequest, Pagination};
use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use telemetry::propagation::TraceParent;
use uuid::Uuid;

/// The name under which failures are told.
const ENGINE: &str = "in-process";
/// Events that the messaging log can show.
const KEPT: usize = 1000;

/// Events within this process: on disk until they are counted; the last [`KEPT`] are there to be read.
pub struct InProcessEvents {
    spool: Arc<Spool>,
    fresh: Arc<Fresh>,
    recent: Mutex<VecDeque<Arc<ApiLogEntry>>>,
}

impl InProcessEvents {
    #[must_use]
    pub fn new(spool: Arc<Spool>) -> Self {
        Self { spool, fresh: Arc::default(), recent: Mutex::default() }
    }

    /// Where they are to be counted from. There can be one.
    #[must_use]
    pub fn source(&self) -> InProcessSource {
        InProcessSource::new(Arc::clone(&self.spool), Arc::clone(&self.fresh))
    }

    fn lock(&self) -> MutexGuard<'_, VecDeque<Arc<ApiLogEntry>>> {
        self.recent.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[async_trait]
impl Engine for InProcessEvents {
    fn name(&self) -> &'static str {
        ENGINE
    }

    async fn ping(&self) -> Result<(), PortError> {
        self.spool.failure().map_or(Ok(()), |reason| Err(PortError::new(ENGINE, reason)))
    }
}

#[async_trait]
impl Events for InProcessEvents {
    fn send(&self, event: ApiLogEntry) -> Arc<ApiLogEntry> {
        let event = spooled(&self.spool, event, None, |number, event| self.fresh.push(number, event));
        let mut recent = self.lock();
        recent.truncate(KEPT - 1);
        recent.push_front(Arc::clone(&event));
        event
    }

    async fn recent(&self, page: PageRequest) -> Result<ApiLogPage, PortError> {
        Ok(page_of(&self.lock(), page))
    }

    fn waiting(&self) -> u64 {
        self.spool.waiting()
    }

    fn lost(&self) -> u64 {
        self.spool.lost()
    }
}

/// Appends the event to the spool, which gives it its id.
pub(crate) fn spooled(
    spool: &Spool,
    mut event: ApiLogEntry,
    place: Option<TraceParent>,
    written: impl FnOnce(u64, &Arc<ApiLogEntry>),
) -> Arc<ApiLogEntry> {
    let write = |number, record: &mut Vec<u8>| {
        event.event_id = event_id(spool.producer(), number).to_string();
        pack(&event, spool.producer(), record);
        Arc::new(event)
    };
    spool.append(place, write, written).unwrap_or_else(|lost| {
        // Its number will be another one's.
        Arc::new(ApiLogEntry { event_id: Uuid::now_v7().to_string(), ..Arc::unwrap_or_clone(lost) })
    })
}

/// A page of events that are sorted already.
pub(crate) fn page_of(events: &VecDeque<Arc<ApiLogEntry>>, page: PageRequest) -> ApiLogPage {
    let skipped = usize::try_from(page.offset()).unwrap_or(usize::MAX);
    let shown = events.iter().skip(skipped).take(page.limit() as usize);
    ApiLogPage {
        entries: shown.map(|event| ApiLogEntry::clone(event)).collect(),
        pagination: Pagination::new(page, events.len() as u64),
    }
}
