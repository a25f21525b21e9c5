use crate::state::ServerState;
use axum::extract::{MatchedPath, Request};
use http::StatusCode;
use model::ApiLogEntry;
use std::time::Instant;
use uuid::Uuid;

/// An API call under way.
pub struct ApiCall {
    started: Instant,
    method: String,
    endpoint: String,
    pub user: Option<String>,
}

impl ApiCall {
    pub fn begin(request: &Request, route: Option<&MatchedPath>) -> Self {
        Self {
            started: Instant::now(),
            method: request.method().as_str().to_owned(),
            endpoint: route.map(|route| route.as_str().to_owned()).unwrap_or_default(),
            user: None,
        }
    }

    /// Records the call, once its status is known and before the response leaves. Never waits.
    pub fn record(self, state: &ServerState, status: StatusCode) {
        state.app.board.api_logs().record(ApiLogEntry {
            event_id: Uuid::now_v7().to_string(),
            timestamp: state.app.board.ports().clock.now(),
            message: status.canonical_reason().unwrap_or("answered").to_owned(),
            method: self.method,
            endpoint: self.endpoint,
            status: status.as_u16(),
            user: self.user,
            duration_us: u64::try_from(self.started.elapsed().as_micros()).unwrap_or(u64::MAX),
            trace_id: telemetry::server::current_trace_id(),
        });
    }
}
