use crate::state::ServerState;
use axum::Json;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use http::StatusCode;
use serde::Serialize;
use std::time::{Duration, Instant};
use tokio::time::timeout;

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
    engine: &'static str,
    /// `up` or `down`.
    state: &'static str,
    latency_ms: f64,
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

/// Whether to send requests here: 503 only while draining.
#[utoipa::path(get, path = "/health/ready", tag = "health", responses((status = 200, body = Health), (status = 503, body = Health)))]
pub async fn ready(State(state): State<ServerState>) -> Response {
    report(&state).await
}

/// The same, for people and dashboards.
#[utoipa::path(get, path = "/health", tag = "health", responses((status = 200, body = Health), (status = 503, body = Health)))]
pub async fn health(State(state): State<ServerState>) -> Response {
    report(&state).await
}

/// How long a dependency may take to answer before it counts as down.
const PATIENCE: Duration = Duration::from_secs(2);

async fn report(state: &ServerState) -> Response {
    let started = Instant::now();
    let up = matches!(timeout(PATIENCE, state.app.board.ports().store.ping()).await, Ok(Ok(())));
    let store = Dependency {
        engine: "sqlite",
        state: if up { "up" } else { "down" },
        latency_ms: started.elapsed().as_secs_f64() * 1000.0,
    };
    let embedded = |engine| Dependency { engine, state: "up", latency_ms: 0.0 };
    let draining = state.draining.is_cancelled();
    let status = match (draining, up) {
        (true, _) => "draining",
        (false, true) => "ok",
        (false, false) => "degraded",
    };
    let health = Health {
        status,
        version: env!("CARGO_PKG_VERSION"),
        dependencies: Dependencies { store, cache: embedded("memory"), events: embedded("in-process") },
    };
    let code = if draining { StatusCode::SERVICE_UNAVAILABLE } else { StatusCode::OK };
    (code, Json(health)).into_response()
}
