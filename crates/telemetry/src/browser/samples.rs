//! Spans for tests.

use super::record::SpanRecord;
use crate::propagation::TraceParent;

/// A root of one millisecond.
pub(crate) fn span(name: &'static str) -> SpanRecord {
    let place = TraceParent { trace_id: [0xab; 16], span_id: [0xcd; 8], sampled: true };
    let mut span = SpanRecord::new(name, place, 1_795_000_000_000_000);
    span.end_us += 1_000;
    span
}
