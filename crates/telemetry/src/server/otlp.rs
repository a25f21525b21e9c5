//! What this process records, as OTLP: opentelemetry-proto's messages, written without making them.

use super::fields::{Kind, Value};
use super::protobuf::{bytes, fixed32, fixed64, message, number, one_of_bytes, one_of_double, one_of_number};
use super::record::{EndedSpan, SpanEvent};
use crate::propagation::TraceParent;
use opentelemetry_proto::tonic::common::v1::{AnyValue, InstrumentationScope, KeyValue, any_value};
use opentelemetry_proto::tonic::resource::v1::Resource;
use opentelemetry_proto::tonic::trace::v1::SpanFlags;
use opentelemetry_proto::tonic::trace::v1::span::SpanKind;
use opentelemetry_proto::tonic::trace::v1::status::StatusCode;
use prost::Message;

/// What a span or a log record takes about.
const USUAL_BYTES: usize = 512;

/// Spans of one resource as an `ExportTraceServiceRequest`.
pub(super) fn traces<'a>(resource: &Resource, spans: impl ExactSizeIterator<Item = EndedSpan<'a>>) -> Vec<u8> {
    request(resource, spans.len(), |out| {
        scoped(out, &scope(), |out| spans.for_each(|one| message(out, 2, |out| span(out, one))))
    })
}

/// An export request with one resource; `scopes` writes that one's scopes.
pub(super) fn request(resource: &Resource, items: usize, scopes: impl FnOnce(&mut Vec<u8>)) -> Vec<u8> {
    let mut out = Vec::with_capacity(items * USUAL_BYTES);
    message(&mut out, 1, |out| {
        one_of_bytes(out, 1, &resource.encode_to_vec());
        scopes(out);
    });
    out
}

/// `ScopeSpans` or `ScopeLogs`; `items` writes its spans or log records, as field 2.
pub(super) fn scoped(out: &mut Vec<u8>, scope: &InstrumentationScope, items: impl FnOnce(&mut Vec<u8>)) {
    message(out, 2, |out| {
        one_of_bytes(out, 1, &scope.encode_to_vec());
        items(out);
    });
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
    let value = AnyValue { value: Some(any_value::Value::StringValue(value.to_owned())) };
    KeyValue { key: key.to_owned(), value: Some(value), ..KeyValue::default() }
}

/// A `KeyValue` as that field of a message.
pub(super) fn attribute(out: &mut Vec<u8>, field: u32, (key, value): (&str, Value<'_>)) {
    message(out, field, |out| {
        bytes(out, 1, key.as_bytes());
        any_value(out, 2, value);
    });
}

pub(super) fn any_value(out: &mut Vec<u8>, field: u32, value: Value<'_>) {
    message(out, field, |out| match value {
        Value::Text(value) => one_of_bytes(out, 1, value.as_bytes()),
        Value::Bool(value) => one_of_number(out, 2, value.into()),
        // Two's complement is how negative ones are written.
        Value::Int(value) => one_of_number(out, 3, value.cast_unsigned()),
        Value::Float(value) => one_of_double(out, 4, value),
    });
}

/// W3C's flags; the bits about remoteness are left unset, which says that it is not known.
pub(super) fn flags(place: TraceParent) -> u32 {
    u32::from(place.sampled) & SpanFlags::TraceFlagsMask as u32
}

fn span(out: &mut Vec<u8>, span: EndedSpan<'_>) {
    let place = span.place();
    bytes(out, 1, &place.trace_id);
    bytes(out, 2, &place.span_id);
    bytes(out, 4, span.parent_id().as_ref().map_or(&[], |id| id));
    bytes(out, 5, span.name().as_bytes());
    number(out, 6, kind(span.kind()) as u64);
    fixed64(out, 7, span.start_ns());
    fixed64(out, 8, span.end_ns());
    span.attributes().for_each(|pair| attribute(out, 9, pair));
    number(out, 10, span.dropped_attributes().into());
    span.events().for_each(|one| message(out, 11, |out| event(out, one)));
    number(out, 12, span.dropped_events().into());
    span.links().iter().for_each(|to| message(out, 13, |out| link(out, *to)));
    number(out, 14, span.dropped_links().into());
    let status = span.error().map(|message| (message, StatusCode::Error));
    if let Some((text, code)) = status.or_else(|| span.is_ok().then_some(("", StatusCode::Ok))) {
        message(out, 15, |out| {
            bytes(out, 2, text.as_bytes());
            number(out, 3, code as u64);
        });
    }
    fixed32(out, 16, flags(place));
}

fn event(out: &mut Vec<u8>, event: SpanEvent<'_>) {
    fixed64(out, 1, event.at_ns);
    bytes(out, 2, event.name().as_bytes());
    event.attributes().for_each(|pair| attribute(out, 3, pair));
    number(out, 4, event.dropped_attributes().into());
}

fn link(out: &mut Vec<u8>, to: TraceParent) {
    bytes(out, 1, &to.trace_id);
    bytes(out, 2, &to.span_id);
    fixed32(out, 6, flags(to));
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
