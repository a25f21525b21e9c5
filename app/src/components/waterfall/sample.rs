//! Spans for tests.

use model::{Part, Span, SpanKind, Timestamp, Trace, TraceId};

pub fn span(id: &str, parent: Option<&str>, depth: u32, part: Part, start_us: i64, duration_us: u64) -> Span {
    Span {
        span_id: id.to_owned(),
        parent_id: parent.map(ToOwned::to_owned),
        orphan: false,
        depth,
        name: id.to_owned(),
        kind: SpanKind::Internal,
        part,
        service: part.as_str().to_owned(),
        start_us,
        duration_us,
        error: None,
        attributes: Vec::new(),
        events: Vec::new(),
    }
}

pub fn trace(spans: Vec<Span>) -> Trace {
    let end = |span: &Span| span.start_us.saturating_add_unsigned(span.duration_us);
    let duration_us = spans.iter().map(end).max().and_then(|end| u64::try_from(end).ok()).unwrap_or(0);
    Trace {
        trace_id: TraceId::parse("4bf92f3577b34da6a3ce929d0e0e4736").unwrap_or_else(|| panic!("a valid id")),
        title: "a trace".into(),
        started_at: Timestamp::from_millis(0),
        duration_us,
        spans,
    }
}
