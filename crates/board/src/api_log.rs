use crate::Ports;
use crate::ports::{Audience, News};
use model::{ApiLogEntry, ApiLogFilter, ApiLogPage, BoardError, LiveEvent, PageRequest};

/// The log of API calls.
pub struct ApiLogs {
    ports: Ports,
}

impl ApiLogs {
    pub(crate) fn new(ports: &Ports) -> Self {
        Self { ports: ports.clone() }
    }

    /// Records a call, whose id is given here. Never waits.
    pub fn record(&self, entry: ApiLogEntry) {
        let entry = self.ports.events.send(entry);
        if self.ports.live.has_listeners() {
            let event = LiveEvent::ApiCall { entry: ApiLogEntry::clone(&entry) };
            self.ports.live.publish(News { audience: Audience::Operators, event });
        }
        self.ports.api_log.append(entry);
    }

    /// The calls as they arrived through the events, newest first. For operators: the door asks first.
    ///
    /// # Errors
    /// `Unavailable`.
    pub async fn events(&self, page: PageRequest) -> Result<ApiLogPage, BoardError> {
        Ok(self.ports.events.recent(page).await?)
    }

    /// The calls that the filter accepts, newest first. For operators: the door asks first.
    ///
    /// # Errors
    /// `Unavailable`.
    pub async fn page(&self, filter: &ApiLogFilter, page: PageRequest) -> Result<ApiLogPage, BoardError> {
        Ok(self.ports.api_log.page(filter, page).await?)
    }
}
