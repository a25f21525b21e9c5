use crate::record::{decode, encode, event_id};
use crate::spool::{Reader, Spool};
use async_trait::async_trait;
use board::ports::{Arrived, Engine, EventSource, Events, PortError};
use model::{ApiLogEntry, ApiLogPage, PageRequest, Pagination};
use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::task::spawn_blocking;
use tokio::time::sleep;
use tracing::Span;

/// Events within this process: on disk until they are counted; the last [`KEPT`] are there to be read.
pub struct InProcessEvents {
    spool: Arc<Spool>,
    recent: Mutex<VecDeque<Arc<ApiLogEntry>>>,
}

/// Events that the messaging log can show.
const KEPT: usize = 1000;
/// The name under which failures are told.
const ENGINE: &str = "in-process";
/// How often what has come is counted.
const COUNT_EVERY: Duration = Duration::from_millis(500);
/// Events that are counted together.
const BATCH: usize = 20_000;

impl InProcessEvents {
    #[must_use]
    pub fn new(spool: Arc<Spool>) -> Self {
        Self { spool, recent: Mutex::default() }
    }

    /// Where they are to be counted from. There can be one.
    #[must_use]
    pub fn source(&self) -> InProcessSource {
        InProcessSource {
            // Places are remembered for this spool: another one begins anew.
            name: format!("spool {:016x}", self.spool.producer()),
            reader: Some(Reader::new(Arc::clone(&self.spool))),
            spool: Arc::clone(&self.spool),
            received: 0,
        }
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
        let event = spooled(&self.spool, event, None);
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
    place: Option<telemetry::propagation::TraceParent>,
) -> Arc<ApiLogEntry> {
    spool.append(place, |number, record| {
        event.event_id = event_id(spool.producer(), number).to_string();
        encode(&event, record);
        Arc::new(event)
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

/// Reads the spool for whoever counts.
pub struct InProcessSource {
    name: String,
    spool: Arc<Spool>,
    /// `None` while a thread reads with it, or when one broke off.
    reader: Option<Reader>,
    received: u64,
}

#[async_trait]
impl EventSource for InProcessSource {
    fn name(&self) -> &str {
        &self.name
    }

    async fn receive(&mut self) -> Result<Vec<Arrived>, PortError> {
        sleep(COUNT_EVERY).await;
        let mut reader = self.reader.take().unwrap_or_else(|| Reader::new(Arc::clone(&self.spool)));
        let read = spawn_blocking(move || {
            let records = reader.read(BATCH).map(|records| records.into_iter().map(arrived).collect::<Vec<_>>());
            (reader, records)
        });
        let (reader, events) = read.await.map_err(failure)?;
        self.reader = Some(reader);
        let events = events.map_err(failure)?;
        self.received = events.last().map_or(self.received, |(number, _)| *number);
        Ok(events.into_iter().map(|(_, event)| event).collect())
    }

    async fn counted(&mut self) {
        self.spool.take(self.received);
    }

    async fn close(&mut self) {}
}

fn failure(source: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> PortError {
    PortError::new(ENGINE, source)
}

fn arrived(record: crate::spool::Record) -> (u64, Arrived) {
    let now = model::Timestamp::from_millis(jiff::Timestamp::now().as_millisecond());
    let event = Arrived {
        partition: 0,
        offset: i64::try_from(record.number).unwrap_or(i64::MAX),
        taken_at: now,
        content: decode(&record.content, now),
        span: Span::none(),
    };
    (record.number, event)
}
