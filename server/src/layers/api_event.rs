use super::trace::current_trace_id;
use super::{CLIENT_GONE, Route};
use crate::state::ServerState;
use app::context::RequestContext;
use http::StatusCode;
use model::{ApiLogEntry, Username};
use std::sync::{Arc, OnceLock};
use std::time::Duration;

/// An API call under way.
pub struct ApiCall {
    method: &'static str,
    endpoint: Arc<str>,
    user: Option<Username>,
    signs_in: Option<Arc<OnceLock<Username>>>,
}

impl ApiCall {
    /// `method` as `known_method` tells it.
    pub fn begin(method: &'static str, route: &Route) -> Self {
        Self { method, endpoint: Arc::clone(&route.pattern), user: None, signs_in: None }
    }

    /// Notes who asks; whose request it is can show at its end only, when it was a log-in.
    pub fn is_from(&mut self, context: &RequestContext) {
        self.user = context.signed_in.as_ref().map(|who| who.username.clone());
        self.signs_in = Some(Arc::clone(&context.signs_in));
    }

    /// Records the call, once its status is known and before the response leaves. Never waits.
    pub fn record(self, state: &ServerState, status: u16, took: Duration) {
        let signs_in = self.signs_in.as_ref().and_then(|signs_in| signs_in.get().cloned());
        state.app.board.api_logs().record(ApiLogEntry {
            // Given when it is recorded.
            event_id: String::new(),
            timestamp: state.app.board.ports().clock.now(),
            message: reason(status).into(),
            method: self.method.into(),
            endpoint: self.endpoint,
            status,
            user: self.user.or(signs_in),
            duration_us: u64::try_from(took.as_micros()).ok(),
            trace_id: current_trace_id(),
        });
    }
}

fn reason(status: u16) -> &'static str {
    if status == CLIENT_GONE {
        return "the client has gone";
    }
    let known = StatusCode::from_u16(status).ok();
    known.and_then(|status| status.canonical_reason()).unwrap_or("answered")
}
