use super::shapes::iso_date;
use crate::state::ServerState;
use axum::Json;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use http::StatusCode;
use serde::Serialize;

#[derive(Serialize, utoipa::ToSchema)]
pub struct Health {
    /// `ok`; `degraded` when a dependency fails; `draining` when the server ends.
    status: &'static str,
    version: &'static str,
    dependencies: Dependencies,
}

#[derive(Serialize, utoipa::ToSchema)]
pub struct Dependencies {
    store: Dependency,
    cache: Dependency,
    events: Dependency,
}

#[derive(Serialize, utoipa::ToSchema)]
pub struct Dependency {
    engine: String,
    /// `up` or `down`.
    state: &'static str,
    latency_ms: f64,
    /// Since when this process has found it so: ISO 8601 with `+00:00`.
    since: String,
    /// Why it is down.
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<String>,
}

impl From<model::Dependency> for Dependency {
    fn from(dependency: model::Dependency) -> Self {
        Self {
            state: if dependency.is_up() { "up" } else { "down" },
            engine: dependency.engine,
            latency_ms: dependency.latency_us as f64 / 1000.0,
            since: iso_date(dependency.since),
            reason: dependency.failure,
        }
    }
}

#[derive(Serialize, utoipa::ToSchema)]
pub struct Live {
    status: &'static str,
}

/// Whether the process runs.
#[utoipa::path(get, path = "/health/live", tag = "health", responses((status = 200, body = Live)))]
pub async fn live() -> Json<Live> {
    Json(Live { status: "ok" })
}

/// Whether to send requests here: 503 only while draining. Tells what is known, so that it never waits.
#[utoipa::path(get, path = "/health/ready", tag = "health", responses((status = 200, body = Health), (status = 503, body = Health)))]
pub async fn ready(State(state): State<ServerState>) -> Response {
    let known = state.app.board.health().recent().await;
    report(&state, known)
}

/// The same, for people and dashboards.
#[utoipa::path(get, path = "/health", tag = "health", responses((status = 200, body = Health), (status = 503, body = Health)))]
pub async fn health(State(state): State<ServerState>) -> Response {
    let asked = state.app.board.health().check().await;
    report(&state, asked)
}

fn report(state: &ServerState, dependencies: [model::Dependency; 3]) -> Response {
    let up = dependencies.iter().all(model::Dependency::is_up);
    let [store, cache, events] = dependencies.map(Dependency::from);
    let draining = state.draining.is_cancelled();
    let status = match (draining, up) {
        (true, _) => "draining",
        (false, true) => "ok",
        (false, false) => "degraded",
    };
    let health =
        Health { status, version: env!("CARGO_PKG_VERSION"), dependencies: Dependencies { store, cache, events } };
    let code = if draining { StatusCode::SERVICE_UNAVAILABLE } else { StatusCode::OK };
    (code, Json(health)).into_response()
}
