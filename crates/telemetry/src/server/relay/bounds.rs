//! What may be too much is cut, what is wrong is refused.

use super::{Limits, RelayError};
use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest;
use opentelemetry_proto::tonic::common::v1::any_value::Value;
use opentelemetry_proto::tonic::common::v1::{AnyValue, KeyValue};
use opentelemetry_proto::tonic::trace::v1::Span;
use std::borrow::Cow;

/// Times beyond 2100-01-01 are mistakes, and would overflow in sums.
const LATEST_UNIX_NANO: u64 = 4_102_444_800_000_000_000;

const fn invalid(message: &'static str) -> RelayError {
    RelayError::Invalid(Cow::Borrowed(message))
}

pub(super) fn check_and_cut(request: &mut ExportTraceServiceRequest, limits: &Limits) -> Result<(), RelayError> {
    let spans: usize =
        request.resource_spans.iter().flat_map(|of| &of.scope_spans).map(|scope| scope.spans.len()).sum();
    if spans > limits.spans {
        return Err(RelayError::TooLarge("There are too many spans; send fewer at once."));
    }
    for of_resource in &mut request.resource_spans {
        cut_text(&mut of_resource.schema_url, limits);
        if let Some(resource) = &mut of_resource.resource {
            resource.entity_refs.clear();
            let dropped = cut_attributes(&mut resource.attributes, limits);
            resource.dropped_attributes_count = resource.dropped_attributes_count.saturating_add(dropped);
        }
        for of_scope in &mut of_resource.scope_spans {
            cut_text(&mut of_scope.schema_url, limits);
            if let Some(scope) = &mut of_scope.scope {
                cut_text(&mut scope.name, limits);
                cut_text(&mut scope.version, limits);
                let dropped = cut_attributes(&mut scope.attributes, limits);
                scope.dropped_attributes_count = scope.dropped_attributes_count.saturating_add(dropped);
            }
            for span in &mut of_scope.spans {
                check_span(span)?;
                cut_span(span, limits);
            }
        }
    }
    Ok(())
}

fn is_id<const N: usize>(id: &[u8]) -> bool {
    id.len() == N && id.iter().any(|byte| *byte != 0)
}

fn check_span(span: &Span) -> Result<(), RelayError> {
    if !is_id::<16>(&span.trace_id) {
        return Err(invalid("A trace id is not 16 bytes, or all zero."));
    }
    if !is_id::<8>(&span.span_id) {
        return Err(invalid("A span id is not 8 bytes, or all zero."));
    }
    if !span.parent_span_id.is_empty() && !is_id::<8>(&span.parent_span_id) {
        return Err(invalid("A parent's span id is neither empty nor 8 bytes, or all zero."));
    }
    if span.links.iter().any(|link| !is_id::<16>(&link.trace_id) || !is_id::<8>(&link.span_id)) {
        return Err(invalid("A link's ids are not 16 and 8 bytes, or all zero."));
    }
    let (start, end) = (span.start_time_unix_nano, span.end_time_unix_nano);
    if start == 0 || end < start || end > LATEST_UNIX_NANO {
        return Err(invalid("A span ends before it starts, or its times are not nanoseconds since 1970."));
    }
    if span.events.iter().any(|event| event.time_unix_nano > LATEST_UNIX_NANO) {
        return Err(invalid("An event's time is not in nanoseconds since 1970."));
    }
    Ok(())
}

fn cut_span(span: &mut Span, limits: &Limits) {
    cut_text(&mut span.name, limits);
    cut_text(&mut span.trace_state, limits);
    if let Some(status) = &mut span.status {
        cut_text(&mut status.message, limits);
    }
    let dropped = cut_attributes(&mut span.attributes, limits);
    span.dropped_attributes_count = span.dropped_attributes_count.saturating_add(dropped);
    span.dropped_events_count = span.dropped_events_count.saturating_add(cut_list(&mut span.events, limits.events));
    span.dropped_links_count = span.dropped_links_count.saturating_add(cut_list(&mut span.links, limits.links));
    for event in &mut span.events {
        cut_text(&mut event.name, limits);
        let dropped = cut_attributes(&mut event.attributes, limits);
        event.dropped_attributes_count = event.dropped_attributes_count.saturating_add(dropped);
    }
    for link in &mut span.links {
        cut_text(&mut link.trace_state, limits);
        let dropped = cut_attributes(&mut link.attributes, limits);
        link.dropped_attributes_count = link.dropped_attributes_count.saturating_add(dropped);
    }
}

/// How many did not fit.
fn cut_list<T>(list: &mut Vec<T>, limit: usize) -> u32 {
    let dropped = list.len().saturating_sub(limit);
    list.truncate(limit);
    u32::try_from(dropped).unwrap_or(u32::MAX)
}

fn cut_attributes(attributes: &mut Vec<KeyValue>, limits: &Limits) -> u32 {
    let dropped = cut_list(attributes, limits.attributes);
    for attribute in attributes {
        cut_text(&mut attribute.key, limits);
        if let Some(value) = &mut attribute.value {
            cut_value(value, limits);
        }
    }
    dropped
}

/// Recursion is bounded: nesting was checked before decoding.
fn cut_value(value: &mut AnyValue, limits: &Limits) {
    match &mut value.value {
        Some(Value::StringValue(text)) => cut_text(text, limits),
        Some(Value::BytesValue(bytes)) => bytes.truncate(limits.text_bytes),
        Some(Value::ArrayValue(list)) => {
            cut_list(&mut list.values, limits.attributes);
            list.values.iter_mut().for_each(|value| cut_value(value, limits));
        }
        Some(Value::KvlistValue(list)) => {
            cut_attributes(&mut list.values, limits);
        }
        _ => {}
    }
}

fn cut_text(text: &mut String, limits: &Limits) {
    if text.len() > limits.text_bytes {
        text.truncate(text.floor_char_boundary(limits.text_bytes));
        text.shrink_to_fit();
    }
}
