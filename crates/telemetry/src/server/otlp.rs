//! Recorded spans as OTLP.

use super::record::{Kind, SpanEvent, SpanRecord, Value};
use crate::propagation::TraceParent;
use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest;
use opentelemetry_proto::tonic::common::v1::{AnyValue, InstrumentationScope, KeyValue, any_value};
use opentelemetry_proto::tonic::resource::v1::Resource;
use opentelemetry_proto::tonic::trace::v1::span::{Event, Link, SpanKind};
use opentelemetry_proto::tonic::trace::v1::status::StatusCode;
use opentelemetry_proto::tonic::trace::v1::{ResourceSpans, ScopeSpans, Span, SpanFlags, Status};

/// Spans of one resource as a request to a collector.
pub(super) fn request(resource: &Resource, spans: &[SpanRecord]) -> ExportTraceServiceRequest {
    let spans = spans.iter().map(span).collect();
    ExportTraceServiceRequest {
        resource_spans: vec![ResourceSpans {
            resource: Some(resource.clone()),
            scope_spans: vec![ScopeSpans { scope: Some(scope()), spans, schema_url: String::new() }],
            schema_url: String::new(),
        }],
    }
}

/// Who recorded it.
pub(super) fn scope() -> InstrumentationScope {
    InstrumentationScope {
        name: env!("CARGO_PKG_NAME").to_owned(),
        version: env!("CARGO_PKG_VERSION").to_owned(),
        ..InstrumentationScope::default()
    }
}

/// An attribute with a text for a value.
pub(super) fn text_attribute(key: &str, value: &str) -> KeyValue {
    attribute((key, Value::Text(value)))
}

pub(super) fn attribute((key, value): (&str, Value<'_>)) -> KeyValue {
    let value = match value {
        Value::Bool(value) => any_value::Value::BoolValue(value),
        Value::Int(value) => any_value::Value::IntValue(value),
        Value::Float(value) => any_value::Value::DoubleValue(value),
        Value::Text(value) => any_value::Value::StringValue(value.to_owned()),
    };
    KeyValue { key: key.to_owned(), value: Some(AnyValue { value: Some(value) }), ..KeyValue::default() }
}

fn span(record: &SpanRecord) -> Span {
    let (dropped_attributes_count, dropped_events_count) = record.dropped();
    let status = match record.error() {
        Some(message) => Some(Status { code: StatusCode::Error as i32, message: message.to_owned() }),
        None => record.is_ok().then(|| Status { code: StatusCode::Ok as i32, message: String::new() }),
    };
    Span {
        trace_id: record.place.trace_id.to_vec(),
        span_id: record.place.span_id.to_vec(),
        parent_span_id: record.parent_id.map(|id| id.to_vec()).unwrap_or_default(),
        flags: flags(record.place),
        name: record.name().to_owned(),
        kind: kind(record.kind()) as i32,
        start_time_unix_nano: record.start_ns,
        end_time_unix_nano: record.end_ns,
        attributes: record.attributes().map(attribute).collect(),
        dropped_attributes_count,
        events: record.events().map(event).collect(),
        dropped_events_count,
        links: record.links.iter().map(link).collect(),
        status,
        ..Span::default()
    }
}

fn event(event: SpanEvent<'_>) -> Event {
    Event {
        time_unix_nano: event.at_ns,
        name: event.name().to_owned(),
        attributes: event.attributes().map(attribute).collect(),
        ..Event::default()
    }
}

fn link(to: &TraceParent) -> Link {
    Link { trace_id: to.trace_id.to_vec(), span_id: to.span_id.to_vec(), flags: flags(*to), ..Link::default() }
}

/// W3C's flags; the bits about remoteness are left unset, which says that it is not known.
fn flags(place: TraceParent) -> u32 {
    u32::from(place.sampled) & SpanFlags::TraceFlagsMask as u32
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
