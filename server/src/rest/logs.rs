use super::shapes::{
    Answer, Asker, NoOperator, NoSession, PageInfo, PageParams, Paged, StoreFails, iso_date, require_operator,
};
use crate::state::ServerState;
use axum::Json;
use axum::extract::State;
use model::{ApiLogEntry, ApiLogFilter, Username};
use serde::Serialize;

#[derive(Serialize, utoipa::ToSchema)]
pub struct ApiLog {
    logs: Vec<ApiLogRow>,
    pagination: PageInfo,
}

#[derive(Serialize, utoipa::ToSchema)]
pub struct ApiLogRow {
    /// ISO 8601 with `+00:00`.
    timestamp: String,
    /// Method and route.
    action: String,
    /// Status, duration, user and trace, as text.
    details: String,
}

impl From<ApiLogEntry> for ApiLogRow {
    fn from(entry: ApiLogEntry) -> Self {
        let user = entry.user.as_ref().map_or("-", Username::as_str);
        let trace = entry.trace_id.map_or_else(|| "-".to_owned(), Into::into);
        let duration = duration_ms(&entry).map_or_else(|| "-".to_owned(), |millis| format!("{millis:.3}"));
        Self {
            timestamp: iso_date(entry.timestamp),
            action: format!("{} {}", entry.method, entry.endpoint),
            details: format!("status={} duration_ms={duration} user={user} trace_id={trace}", entry.status),
        }
    }
}

fn duration_ms(entry: &ApiLogEntry) -> Option<f64> {
    entry.duration_us.map(|micros| std::time::Duration::from_micros(micros).as_secs_f64() * 1000.0)
}

#[derive(Serialize, utoipa::ToSchema)]
pub struct MessagingLog {
    logs: Vec<MessagingRow>,
    pagination: PageInfo,
}

#[derive(Serialize, utoipa::ToSchema)]
pub struct MessagingRow {
    timestamp: String,
    endpoint: String,
    method: String,
    status: u16,
    user_id: Option<String>,
    message: String,
    event_id: String,
    /// Missing in an older program's events.
    duration_ms: Option<f64>,
    trace_id: Option<String>,
}

impl From<ApiLogEntry> for MessagingRow {
    fn from(entry: ApiLogEntry) -> Self {
        Self {
            duration_ms: duration_ms(&entry),
            timestamp: iso_date(entry.timestamp),
            endpoint: entry.endpoint.to_string(),
            method: entry.method.into_owned(),
            status: entry.status,
            user_id: entry.user.as_ref().map(Username::to_string),
            message: entry.message.into_owned(),
            event_id: entry.event_id,
            trace_id: entry.trace_id.map(Into::into),
        }
    }
}

/// The API log, newest first. For operators.
#[utoipa::path(get, path = "/logs/redis", tag = "logs", params(PageParams),
    security(("session" = [])),
    responses((status = 200, body = ApiLog), NoSession, NoOperator, StoreFails))]
pub async fn api_log(State(state): State<ServerState>, asker: Asker, Paged(page): Paged) -> Answer<ApiLog> {
    require_operator(&state, &asker)?;
    let log = state.app.board.api_logs().page(&ApiLogFilter::default(), page).await?;
    Ok(Json(ApiLog { logs: log.entries.into_iter().map(Into::into).collect(), pagination: log.pagination.into() }))
}

/// API calls as they arrived through the event bus, newest first. For operators.
#[utoipa::path(get, path = "/logs/messaging", tag = "logs", params(PageParams),
    security(("session" = [])),
    responses((status = 200, body = MessagingLog), NoSession, NoOperator, StoreFails))]
pub async fn messaging_log(State(state): State<ServerState>, asker: Asker, Paged(page): Paged) -> Answer<MessagingLog> {
    require_operator(&state, &asker)?;
    let log = state.app.board.api_logs().events(page).await?;
    let logs = log.entries.into_iter().map(Into::into).collect();
    Ok(Json(MessagingLog { logs, pagination: log.pagination.into() }))
}
