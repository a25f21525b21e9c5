//! What may be too much is cut, what is wrong is refused: what the three signals have in common.

use super::{Limits, Said};
use opentelemetry_proto::tonic::common::v1::any_value::Value;
use opentelemetry_proto::tonic::common::v1::{AnyValue, InstrumentationScope, KeyValue};
use opentelemetry_proto::tonic::resource::v1::Resource;

/// Times beyond 2100-01-01 are mistakes, and would overflow in sums.
pub(super) const LATEST_UNIX_NANO: u64 = 4_102_444_800_000_000_000;

pub(super) fn is_id<const N: usize>(id: &[u8]) -> bool {
    id.len() == N && id.iter().any(|byte| *byte != 0)
}

/// Whether it is an id or none; one that is all zero is none.
pub(super) fn is_optional_id<const N: usize>(id: &mut Vec<u8>) -> bool {
    if id[..] == [0; N] {
        id.clear();
    }
    id.is_empty() || is_id::<N>(id)
}

pub(super) fn cut_resource(resource: &mut Option<Resource>, schema_url: &mut String, limits: &Limits) {
    cut_text(schema_url, limits);
    if let Some(resource) = resource {
        resource.entity_refs.clear();
        cut_attributes(&mut resource.attributes, &mut resource.dropped_attributes_count, limits);
    }
}

pub(super) fn cut_scope(scope: &mut Option<InstrumentationScope>, schema_url: &mut String, limits: &Limits) {
    cut_text(schema_url, limits);
    if let Some(scope) = scope {
        cut_text(&mut scope.name, limits);
        cut_text(&mut scope.version, limits);
        cut_attributes(&mut scope.attributes, &mut scope.dropped_attributes_count, limits);
    }
}

/// What is said of a scope.
pub(super) fn visit_scope(
    scope: &mut Option<InstrumentationScope>,
    schema_url: &mut String,
    visit: &mut dyn FnMut(Said<'_>),
) {
    visit(Said::Text(schema_url));
    if let Some(scope) = scope {
        visit(Said::Text(&mut scope.name));
        visit(Said::Text(&mut scope.version));
        visit(Said::Attributes(&mut scope.attributes));
    }
}

/// What does not fit is added to `dropped`.
pub(super) fn cut_list<T>(list: &mut Vec<T>, limit: usize, dropped: &mut u32) {
    let more = list.len().saturating_sub(limit);
    list.truncate(limit);
    *dropped = dropped.saturating_add(u32::try_from(more).unwrap_or(u32::MAX));
}

pub(super) fn cut_attributes(attributes: &mut Vec<KeyValue>, dropped: &mut u32, limits: &Limits) {
    cut_list(attributes, limits.attributes, dropped);
    for attribute in attributes {
        cut_text(&mut attribute.key, limits);
        if let Some(value) = &mut attribute.value {
            cut_value(value, limits);
        }
    }
}

/// Recursion is bounded: nesting was checked before decoding.
pub(super) fn cut_value(value: &mut AnyValue, limits: &Limits) {
    match &mut value.value {
        Some(Value::StringValue(text)) => cut_text(text, limits),
        Some(Value::BytesValue(bytes)) => bytes.truncate(limits.text_bytes),
        Some(Value::ArrayValue(list)) => {
            list.values.truncate(limits.attributes);
            list.values.iter_mut().for_each(|value| cut_value(value, limits));
        }
        Some(Value::KvlistValue(list)) => cut_attributes(&mut list.values, &mut 0, limits),
        _ => {}
    }
}

pub(super) fn cut_text(text: &mut String, limits: &Limits) {
    if text.len() > limits.text_bytes {
        text.truncate(text.floor_char_boundary(limits.text_bytes));
        text.shrink_to_fit();
    }
}
