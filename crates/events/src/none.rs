use async_trait::async_trait;
use board::ports::{Engine, Events, PortError};
use model::{ApiLogEntry, ApiLogPage, PageRequest, Pagination};
use std::sync::Arc;

/// No events: for whoever makes no API calls.
pub struct NoEvents;

#[async_trait]
impl Engine for NoEvents {
    fn name(&self) -> &'static str {
        "none"
    }

    async fn ping(&self) -> Result<(), PortError> {
        Ok(())
    }
}

#[async_trait]
impl Events for NoEvents {
    fn send(&self, event: ApiLogEntry) -> Arc<ApiLogEntry> {
        Arc::new(event)
    }

    async fn recent(&self, page: PageRequest) -> Result<ApiLogPage, PortError> {
        Ok(ApiLogPage { entries: Vec::new(), pagination: Pagination::new(page, 0) })
    }

    fn waiting(&self) -> u64 {
        0
    }

    fn lost(&self) -> u64 {
        0
    }
}
