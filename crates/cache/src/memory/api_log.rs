use async_trait::async_trait;
use board::ports::{ApiLog, PortError};
use model::{ApiLogEntry, ApiLogFilter, ApiLogPage, PageRequest, Pagination};
use std::collections::VecDeque;
use std::sync::{Arc, Mutex, PoisonError};

/// The last [`CAPACITY`] API calls.
#[derive(Default)]
pub struct MemoryApiLog(Mutex<VecDeque<Arc<ApiLogEntry>>>);

/// About 4 MiB.
pub const CAPACITY: usize = 10_000;

#[async_trait]
impl ApiLog for MemoryApiLog {
    fn append(&self, entry: Arc<ApiLogEntry>) {
        let mut entries = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if entries.len() == CAPACITY {
            entries.pop_back();
        }
        entries.push_front(entry);
    }

    async fn page(&self, filter: &ApiLogFilter, page: PageRequest) -> Result<ApiLogPage, PortError> {
        // A copy of the handles, so that filtering never holds up an append.
        let entries: Vec<Arc<ApiLogEntry>> =
            self.0.lock().unwrap_or_else(PoisonError::into_inner).iter().map(Arc::clone).collect();
        let accepted: Vec<&Arc<ApiLogEntry>> = entries.iter().filter(|entry| filter.accepts(entry)).collect();
        let skipped = usize::try_from(page.offset()).unwrap_or(usize::MAX);
        let entries = accepted.iter().skip(skipped).take(page.limit() as usize);
        Ok(ApiLogPage {
            entries: entries.map(|entry| ApiLogEntry::clone(entry)).collect(),
            pagination: Pagination::new(page, accepted.len() as u64),
        })
    }
}
