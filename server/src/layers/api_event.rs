use super::context::User;
use super::trace::route_of;
use crate::state::ServerState;
use app::context::RequestContext;
use axum::extract::{Request, State};
use axum::middleware::Next;
use axum::response::Response;
use http::StatusCode;
use model::ApiLogEntry;
use std::time::Instant;
use uuid::Uuid;

/// Records an API call once its status is known and before the response leaves. Never waits.
pub async fn record_api_event(State(state): State<ServerState>, request: Request, next: Next) -> Response {
    let started = Instant::now();
    let endpoint = route_of(&request);
    let method = request.method().as_str().to_owned();
    let user = request
        .extensions()
        .get::<RequestContext>()
        .and_then(|context| context.signed_in.as_ref())
        .map(|who| who.username.to_string());
    let response = next.run(request).await;
    let user = user.or_else(|| response.extensions().get::<User>().map(|user| user.0.clone()));
    state.app.board.api_logs().record(ApiLogEntry {
        event_id: Uuid::now_v7().to_string(),
        timestamp: state.app.board.ports().clock.now(),
        message: outcome(response.status()).to_owned(),
        method,
        endpoint,
        status: response.status().as_u16(),
        user,
        duration_us: u64::try_from(started.elapsed().as_micros()).unwrap_or(u64::MAX),
        trace_id: telemetry::server::current_trace_id(),
    });
    response
}

fn outcome(status: StatusCode) -> &'static str {
    status.canonical_reason().unwrap_or("answered")
}
