use async_trait::async_trait;
use board::ports::{Engine, Events, PortError};
use model::{ApiLogEntry, ApiLogPage, PageRequest, Pagination};
use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// Events within this process: the last [`KEPT`] are there to be read.
#[derive(Default)]
pub struct InProcessEvents {
    recent: Mutex<VecDeque<Arc<ApiLogEntry>>>,
}

/// Events that the messaging log can show.
const KEPT: usize = 1000;

impl InProcessEvents {
    fn lock(&self) -> MutexGuard<'_, VecDeque<Arc<ApiLogEntry>>> {
        self.recent.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[async_trait]
impl Engine for InProcessEvents {
    fn name(&self) -> &'static str {
        "in-process"
    }

    async fn ping(&self) -> Result<(), PortError> {
        Ok(())
    }
}

#[async_trait]
impl Events for InProcessEvents {
    fn send(&self, event: Arc<ApiLogEntry>) {
        let mut recent = self.lock();
        recent.truncate(KEPT - 1);
        recent.push_front(event);
    }

    async fn recent(&self, page: PageRequest) -> Result<ApiLogPage, PortError> {
        let recent = self.lock();
        let skipped = usize::try_from(page.offset()).unwrap_or(usize::MAX);
        let events = recent.iter().skip(skipped).take(page.limit() as usize);
        Ok(ApiLogPage {
            entries: events.map(|event| ApiLogEntry::clone(event)).collect(),
            pagination: Pagination::new(page, recent.len() as u64),
        })
    }

    /// None: nothing can be full or away.
    fn lost(&self) -> u64 {
        0
    }
}
