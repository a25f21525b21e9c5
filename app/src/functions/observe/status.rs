use super::EventBus;
use crate::functions::call::Call;
use leptos::prelude::*;
use model::{BoardError, Dependency, FaultKind, Timestamp};
use serde::{Deserialize, Serialize};
use telemetry::client::QuietClient;

/// How the server is, as it found itself when asked.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct StatusReport {
    pub asked_at: Timestamp,
    pub version: String,
    pub uptime_s: u64,
    pub dependencies: Vec<Dependency>,
    pub traces: TracesKept,
    pub events: EventBus,
    /// Those that an operator asked for; `None` where there can be none.
    pub faults: Option<Vec<FaultKind>>,
}

/// What the observatory holds, and what it could not keep since the start.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct TracesKept {
    pub traces: u64,
    pub spans: u64,
    pub bytes: u64,
    pub evicted_traces: u64,
    pub refused_spans: u64,
}

/// Asks what the board stands on whether it answers.
///
/// # Errors
/// `Unauthenticated`.
#[server(prefix = "/fn", endpoint = "status/get", protocol = Call, client = QuietClient)]
pub async fn get_status() -> Result<StatusReport, BoardError> {
    crate::context::signed_in()?;
    let state = crate::context::state();
    let clock = &state.board.ports().clock;
    let dependencies = state.board.health().check().await.into();
    let kept = state.observatory.stats();
    let faults = state.board.faults();
    Ok(StatusReport {
        asked_at: clock.now(),
        version: env!("CARGO_PKG_VERSION").to_owned(),
        uptime_s: clock.monotonic_us() / 1_000_000,
        dependencies,
        events: EventBus::now(),
        faults: faults.are_possible().then(|| faults.now().into_iter().map(|fault| fault.kind).collect()),
        traces: TracesKept {
            traces: kept.traces,
            spans: kept.spans,
            bytes: kept.bytes,
            evicted_traces: kept.evicted_traces,
            refused_spans: kept.refused_spans,
        },
    })
}
