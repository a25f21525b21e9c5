use crate::functions::call::Call;
use leptos::prelude::*;
use model::{ApiLogPage, BoardError};
use serde::{Deserialize, Serialize};
use telemetry::client::QuietClient;

/// API calls as their events arrived, newest first, and what carries them.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct MessagingReport {
    pub bus: EventBus,
    pub arrived: ApiLogPage,
}

/// What carries API events to the statistics.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct EventBus {
    /// The engine's name, as an operator knows it.
    pub engine: String,
    /// About how many events are on disk, still to be sent.
    pub waiting: u64,
    /// How many were dropped since the data folder was made.
    pub lost: u64,
}

impl EventBus {
    /// As this process sees it now.
    #[cfg(feature = "ssr")]
    pub(super) fn now() -> Self {
        let state = crate::context::state();
        let events = &state.board.ports().events;
        Self { engine: events.name().to_owned(), waiting: events.waiting(), lost: events.lost() }
    }
}

/// The API calls that arrived through the events, newest first, for operators.
///
/// # Errors
/// `Unauthenticated`, `OperatorsOnly`, `Unavailable`.
#[server(prefix = "/fn", endpoint = "messaging/list", protocol = Call, client = QuietClient)]
pub async fn list_messaging(page: u64) -> Result<MessagingReport, BoardError> {
    let result = async {
        crate::context::operator()?;
        let page = model::PageRequest::new(page, 50);
        let arrived = crate::context::state().board.api_logs().events(page).await?;
        Ok(MessagingReport { bus: EventBus::now(), arrived })
    };
    crate::functions::door::answer(result.await)
}
