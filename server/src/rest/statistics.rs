use super::shapes::{Answer, Asker, NoOperator, NoSession, StoreFails, iso_date, require_operator};
use crate::problem::Problem;
use crate::state::ServerState;
use axum::Json;
use axum::extract::rejection::QueryRejection;
use axum::extract::{Query, State};
use model::{Code, LogIn, Range};
use serde::{Deserialize, Serialize};

/// What the calls of a time were like.
#[derive(Serialize, utoipa::ToSchema)]
pub struct Statistics {
    /// `hour`, `day` or `week`.
    range: &'static str,
    since: String,
    until: String,
    /// Minutes that each of `calls_by_step` stands for.
    step_minutes: i64,
    calls: u64,
    /// How many users made them.
    users: u64,
    /// Events that could not be read and were put aside.
    unreadable: u64,
    calls_by_step: Vec<Step>,
    /// The busiest first.
    routes: Vec<Route>,
    log_in_step_minutes: i64,
    log_ins: Vec<LogIns>,
    /// The busiest first.
    active_users: Vec<User>,
}

/// Milliseconds that half, 95 % and 99 % of the calls stayed below.
#[derive(Serialize, utoipa::ToSchema)]
pub struct Latency {
    p50_ms: f64,
    p95_ms: f64,
    p99_ms: f64,
}

#[derive(Serialize, utoipa::ToSchema)]
pub struct Step {
    at: String,
    succeeded: u64,
    /// Answered with 4xx.
    refused: u64,
    /// Answered with 5xx.
    failed: u64,
    latency: Option<Latency>,
}

#[derive(Serialize, utoipa::ToSchema)]
pub struct Route {
    method: String,
    endpoint: String,
    calls: u64,
    refused: u64,
    failed: u64,
    users: u64,
    latency: Option<Latency>,
}

#[derive(Serialize, utoipa::ToSchema)]
pub struct LogIns {
    at: String,
    succeeded: u64,
    refused: u64,
    limited: u64,
    failed: u64,
}

#[derive(Serialize, utoipa::ToSchema)]
pub struct User {
    user_id: String,
    calls: u64,
    /// The beginning of the minute or hour of the last call.
    last_at: String,
}

impl From<model::Percentiles> for Latency {
    fn from(percentiles: model::Percentiles) -> Self {
        let millis = |micros| std::time::Duration::from_micros(micros).as_secs_f64() * 1000.0;
        Self {
            p50_ms: millis(percentiles.p50_us),
            p95_ms: millis(percentiles.p95_us),
            p99_ms: millis(percentiles.p99_us),
        }
    }
}

impl From<model::Statistics> for Statistics {
    fn from(found: model::Statistics) -> Self {
        let step = |slice: model::Slice| Step {
            at: iso_date(slice.at),
            succeeded: slice.succeeded,
            refused: slice.refused,
            failed: slice.failed,
            latency: slice.latency.map(Into::into),
        };
        let route = |route: model::RouteStatistics| Route {
            method: route.method,
            endpoint: route.endpoint,
            calls: route.calls,
            refused: route.refused,
            failed: route.failed,
            users: route.users,
            latency: route.latency.map(Into::into),
        };
        let log_ins = |log_ins: model::LogIns| {
            let of = |outcome: LogIn| log_ins.by_outcome[outcome as usize];
            LogIns {
                at: iso_date(log_ins.at),
                succeeded: of(LogIn::Succeeded),
                refused: of(LogIn::Refused),
                limited: of(LogIn::Limited),
                failed: of(LogIn::Failed),
            }
        };
        let user = |active: model::UserActivity| User {
            user_id: active.user,
            calls: active.calls,
            last_at: iso_date(active.last_at),
        };
        Self {
            range: found.range.name(),
            since: iso_date(found.since),
            until: iso_date(found.until),
            step_minutes: found.step_minutes,
            calls: found.calls,
            users: found.users,
            unreadable: found.aside,
            calls_by_step: found.slices.into_iter().map(step).collect(),
            routes: found.routes.into_iter().map(route).collect(),
            log_in_step_minutes: found.log_in_step_minutes,
            log_ins: found.log_ins.into_iter().map(log_ins).collect(),
            active_users: found.active_users.into_iter().map(user).collect(),
        }
    }
}

#[derive(Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
pub struct Wanted {
    /// `hour` (the default), `day` or `week`.
    range: Option<String>,
}

/// What API calls were like: by time, route, user, and log-ins by outcome. For operators.
#[utoipa::path(get, path = "/logs/statistics", tag = "logs", params(Wanted),
    security(("session" = [])),
    responses((status = 200, body = Statistics), NoSession, NoOperator, StoreFails))]
pub async fn statistics(
    State(state): State<ServerState>,
    asker: Asker,
    wanted: Result<Query<Wanted>, QueryRejection>,
) -> Answer<Statistics> {
    require_operator(&state, &asker)?;
    let Query(wanted) = wanted.map_err(|_| Problem::from(Code::InvalidRequest))?;
    let range = Range::named(wanted.range.as_deref().unwrap_or_default());
    Ok(Json(state.app.board.statistics().of(range).await?.into()))
}
