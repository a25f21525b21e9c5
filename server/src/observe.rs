use model::SpanKind;
use observatory::{Attributes, Observatory, ReadEvent, ReadSpan};
use std::borrow::Cow;
use std::sync::Arc;
use telemetry::server::{EndedSpan, EndedSpans, ExportTraceServiceRequest, Kind, SpanEvent, SpanSink, Value};

/// The observatory as a place for recorded spans.
pub struct Recorded {
    pub observatory: Arc<Observatory>,
    /// This process's service name.
    pub service: String,
}

impl SpanSink for Recorded {
    fn record(&self, spans: &EndedSpans) {
        self.observatory.put(spans.iter().map(|span| read(&self.service, span)));
    }

    fn ingest(&self, request: &ExportTraceServiceRequest) {
        self.observatory.ingest(request);
    }
}

fn read<'a>(service: &'a str, span: EndedSpan<'a>) -> ReadSpan<'a> {
    let event = |event: SpanEvent<'a>| ReadEvent {
        at_ns: event.at_ns,
        name: event.name(),
        attributes: shown(event.attributes()),
    };
    ReadSpan {
        trace: u128::from_be_bytes(span.place().trace_id),
        id: u64::from_be_bytes(span.place().span_id),
        parent: span.parent_id().map(u64::from_be_bytes),
        start_ns: span.start_ns(),
        end_ns: span.end_ns(),
        name: span.name(),
        kind: kind(span.kind()),
        part: None,
        service,
        error: span.error(),
        attributes: shown(span.attributes()),
        events: span.events().map(event).collect(),
        visitor: None,
        session: None,
    }
}

fn shown<'a>(attributes: impl Iterator<Item = (&'static str, Value<'a>)>) -> Attributes<'a> {
    let text = |value| match value {
        Value::Bool(value) => Cow::Borrowed(if value { "true" } else { "false" }),
        Value::Int(value) => Cow::Owned(value.to_string()),
        Value::Float(value) => Cow::Owned(value.to_string()),
        Value::Text(text) => Cow::Borrowed(text),
    };
    attributes.map(|(key, value)| (key, text(value))).collect()
}

const fn kind(kind: Kind) -> SpanKind {
    match kind {
        Kind::Internal => SpanKind::Internal,
        Kind::Server => SpanKind::Server,
        Kind::Client => SpanKind::Client,
        Kind::Producer => SpanKind::Producer,
        Kind::Consumer => SpanKind::Consumer,
    }
}
