//! The ribbon's picture. The server draws it up: pages ask for it often, and their part stays small.

#[cfg(feature = "ssr")]
mod segments;

use crate::components::ribbon::Arrival;
use crate::functions::call::Call;
use leptos::prelude::*;
use model::{BoardError, Part};
use serde::{Deserialize, Serialize};
use telemetry::client::QuietClient;

/// A trace as far as it has arrived, as the ribbon shows it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RibbonPicture {
    pub duration_us: u64,
    pub failed: bool,
    pub arrival: Arrival,
    pub segments: Vec<Segment>,
    /// How long each part was the deepest at work, in microseconds.
    pub parts: Vec<(Part, u64)>,
}

/// A stretch of the strip, in hundredths of a percent of its width.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Segment {
    /// `None` for a cut: time in which nothing ran, too long to draw to scale.
    pub part: Option<Part>,
    pub x: u32,
    pub width: u32,
    pub failed: bool,
}

/// The picture of a trace.
///
/// # Errors
/// `NotFound` when the trace is unknown or not for this reader.
#[server(prefix = "/fn", endpoint = "traces/ribbon", protocol = Call, client = QuietClient)]
pub async fn get_ribbon(trace_id: String) -> Result<RibbonPicture, BoardError> {
    let trace = super::traces::find(&trace_id)?;
    Ok(RibbonPicture {
        duration_us: trace.duration_us,
        failed: trace.errors() > 0,
        arrival: crate::components::ribbon::arrival(&trace),
        segments: segments::segments(&trace),
        parts: segments::time_by_part(&trace),
    })
}
