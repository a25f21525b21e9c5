use crate::functions::call::Call;
use leptos::prelude::*;
use model::{BoardError, Pagination, Trace, TraceSummary};
use serde::{Deserialize, Serialize};
use telemetry::client::QuietClient;

/// Which traces are wanted, as the filter's form sends it; empty fields take all.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct TraceQuery {
    /// Part of a span's name or of an attribute's value, or how the trace's id begins.
    pub text: String,
    pub errors_only: bool,
    /// Milliseconds; decimals allowed.
    pub min_ms: String,
    pub page: String,
}

/// A page of the traces that the reader may see, newest first.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TraceList {
    pub traces: Vec<TraceSummary>,
    pub pagination: Pagination,
    /// Whether everybody's traces are listed, for operators; else the reader's own.
    pub everybody: bool,
}

/// A trace as far as it has arrived.
///
/// # Errors
/// `NotFound` when it is unknown or not for this reader.
#[server(prefix = "/fn", endpoint = "traces/get", protocol = Call, client = QuietClient)]
pub async fn get_trace(trace_id: String) -> Result<Trace, BoardError> {
    find(&trace_id)
}

#[cfg(feature = "ssr")]
pub fn find(trace_id: &str) -> Result<Trace, BoardError> {
    let id = model::TraceId::parse(trace_id).ok_or(model::Code::NotFound)?;
    let (viewer, _) = viewer()?;
    crate::context::state().observatory.trace(id, &viewer).ok_or_else(|| model::Code::NotFound.into())
}

/// The traces that the reader may see: an operator all, others those of their browser and session.
///
/// # Errors
/// `InvalidRequest` when the shortest duration is not a number.
#[server(prefix = "/fn", endpoint = "traces/list", protocol = Call, client = QuietClient)]
pub async fn list_traces(query: TraceQuery) -> Result<TraceList, BoardError> {
    crate::functions::door::answer(list(&query))
}

#[cfg(feature = "ssr")]
fn list(query: &TraceQuery) -> Result<TraceList, BoardError> {
    let page = model::PageRequest::parse(Some(&query.page), None);
    let (viewer, everybody) = viewer()?;
    let filter = observatory::TraceFilter {
        text: Some(query.text.trim().to_owned()).filter(|text| !text.is_empty()),
        min_duration_us: min_duration_us(&query.min_ms)?,
        errors_only: query.errors_only,
        ..Default::default()
    };
    let (traces, total) = crate::context::state().observatory.recent(&viewer, &filter, page);
    Ok(TraceList { traces, pagination: Pagination::new(page, total), everybody })
}

/// Who asks, and whether they see everybody's.
#[cfg(feature = "ssr")]
fn viewer() -> Result<(observatory::Viewer, bool), BoardError> {
    let request = crate::context::request().ok_or(model::Code::Internal)?;
    if crate::context::operator().is_ok() {
        return Ok((observatory::Viewer::Operator, true));
    }
    let visitor = Some(request.caller.browser_id.to_string()).filter(|id| !id.is_empty());
    let session = request.signed_in.map(|who| who.session.id.clone());
    Ok((observatory::Viewer::Person { visitor, session }, false))
}

#[cfg(feature = "ssr")]
fn min_duration_us(text: &str) -> Result<Option<u64>, BoardError> {
    let text = text.trim();
    if text.is_empty() {
        return Ok(None);
    }
    let ms = text.parse::<f64>().ok().filter(|ms| ms.is_finite() && *ms >= 0.0);
    Ok(Some((ms.ok_or(model::Code::InvalidRequest)? * 1000.0) as u64))
}

#[cfg(all(test, feature = "ssr"))]
mod tests {
    use super::min_duration_us;

    #[test]
    fn the_shortest_duration_is_in_milliseconds() {
        assert_eq!(min_duration_us(" 1.5 "), Ok(Some(1500)));
        assert_eq!(min_duration_us(""), Ok(None));
        for bad in ["x", "-1", "NaN", "inf"] {
            assert!(min_duration_us(bad).is_err(), "{bad}");
        }
    }
}
