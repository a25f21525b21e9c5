//! Looks over a body before it is decoded: a few bytes of input can stand for hundreds in memory.

use super::{Limits, RelayError};
use prost::encoding::{WireType, decode_key, decode_varint};
use std::borrow::Cow;

const TOO_MANY: RelayError = RelayError::TooLarge("There are too many values; send fewer at once.");
const TOO_DEEP: RelayError = RelayError::Invalid(Cow::Borrowed("A value nests too deeply."));
const NO_LIST: RelayError = RelayError::Invalid(Cow::Borrowed("The JSON is a list, not an export request."));
const CUT_OFF: RelayError = RelayError::Invalid(Cow::Borrowed("The protobuf is damaged."));

/// Of JSON, where each takes some memory while it is read: a span says about ten things of itself.
const VALUES_PER_MESSAGE: usize = 4;

/// `{"arrayValue":{"values":[{`
const JSON_DEPTH_PER_LIST: usize = 4;

/// Counts objects, values and nesting, without regard to grammar: the parser checks that.
pub(super) fn check_json(body: &[u8], of: Type, limits: &Limits) -> Result<(), RelayError> {
    // A list would be read as a message's fields in turn.
    if body.trim_ascii_start().first() == Some(&b'[') {
        return Err(NO_LIST);
    }
    let (mut depth, mut objects, mut values) = (0_usize, 0_usize, 0_usize);
    let (mut in_string, mut escaped) = (false, false);
    for byte in body {
        if in_string {
            in_string = escaped || *byte != b'"';
            escaped = !escaped && *byte == b'\\';
            continue;
        }
        match byte {
            b'"' => in_string = true,
            b'{' | b'[' => {
                depth += 1;
                objects += usize::from(*byte == b'{');
            }
            b'}' | b']' => depth = depth.saturating_sub(1),
            b',' => values += 1,
            _ => {}
        }
        if depth > of.json_depth() + JSON_DEPTH_PER_LIST * limits.depth {
            return Err(TOO_DEEP);
        }
        if objects > limits.messages || values > limits.messages * VALUES_PER_MESSAGE {
            return Err(TOO_MANY);
        }
    }
    Ok(())
}

/// The messages of opentelemetry/proto/collector that hold other messages.
#[derive(Debug, Clone, Copy)]
pub enum Type {
    Traces,
    Metrics,
    Logs,
    ResourceSpans,
    ResourceMetrics,
    ResourceLogs,
    Resource,
    ScopeSpans,
    ScopeMetrics,
    ScopeLogs,
    Scope,
    Span,
    Event,
    Link,
    Metric,
    /// A gauge or sum.
    Numbers,
    Number,
    Histograms,
    Histogram,
    ExponentialHistograms,
    ExponentialHistogram,
    Summaries,
    Summary,
    Exemplar,
    LogRecord,
    KeyValue,
    AnyValue,
    ArrayValue,
    KeyValueList,
    Leaf,
}

impl Type {
    /// Brackets around the attribute values that lie deepest: the request, and two for each list of objects down to the
    /// attributes of an event (resourceSpans, scopeSpans, spans, events), of an exemplar (one more list and an object
    /// for the kind of metric) or of a record; and the attribute's and its value's own.
    const fn json_depth(self) -> usize {
        match self {
            Self::Metrics => 15,
            Self::Logs => 10,
            _ => 12,
        }
    }

    /// What the field of this number holds, when it is a message (or a text of a list: a [`Type::Leaf`]).
    const fn field(self, number: u32) -> Option<Self> {
        Some(match (self, number) {
            (Self::Traces, 1) => Self::ResourceSpans,
            (Self::Metrics, 1) => Self::ResourceMetrics,
            (Self::Logs, 1) => Self::ResourceLogs,
            (Self::ResourceSpans | Self::ResourceMetrics | Self::ResourceLogs, 1) => Self::Resource,
            (Self::ResourceSpans, 2) => Self::ScopeSpans,
            (Self::ResourceMetrics, 2) => Self::ScopeMetrics,
            (Self::ResourceLogs, 2) => Self::ScopeLogs,
            (Self::ScopeSpans | Self::ScopeMetrics | Self::ScopeLogs, 1) => Self::Scope,
            (Self::ScopeSpans, 2) => Self::Span,
            (Self::ScopeMetrics, 2) => Self::Metric,
            (Self::ScopeLogs, 2) => Self::LogRecord,
            (Self::Span, 11) => Self::Event,
            (Self::Span, 13) => Self::Link,
            (Self::Metric, 5 | 7) => Self::Numbers,
            (Self::Metric, 9) => Self::Histograms,
            (Self::Metric, 10) => Self::ExponentialHistograms,
            (Self::Metric, 11) => Self::Summaries,
            (Self::Numbers, 1) => Self::Number,
            (Self::Histograms, 1) => Self::Histogram,
            (Self::ExponentialHistograms, 1) => Self::ExponentialHistogram,
            (Self::Summaries, 1) => Self::Summary,
            (Self::Number, 5) | (Self::Histogram, 8) | (Self::ExponentialHistogram, 11) => Self::Exemplar,
            (Self::Resource | Self::ExponentialHistogram | Self::KeyValueList, 1)
            | (Self::Scope | Self::Event, 3)
            | (Self::Link, 4)
            | (Self::LogRecord, 6)
            | (Self::Number | Self::Summary | Self::Exemplar, 7)
            | (Self::Span | Self::Histogram, 9)
            | (Self::Metric, 12) => Self::KeyValue,
            (Self::KeyValue, 2) | (Self::ArrayValue, 1) | (Self::LogRecord, 5) => Self::AnyValue,
            (Self::AnyValue, 5) => Self::ArrayValue,
            (Self::AnyValue, 6) => Self::KeyValueList,
            (Self::Resource, 3) | (Self::Span, 15) | (Self::Summary, 6) | (Self::ExponentialHistogram, 8 | 9) => {
                Self::Leaf
            }
            _ => return None,
        })
    }
}

/// Counts messages and nesting.
pub(super) fn check_protobuf(body: &[u8], of: Type, limits: &Limits) -> Result<(), RelayError> {
    let mut messages = 0;
    walk(body, of, 0, &mut messages, limits)
}

/// `lists` is how many lists are around this message. As only they recur, they bound the recursion.
fn walk(mut body: &[u8], of: Type, lists: usize, messages: &mut usize, limits: &Limits) -> Result<(), RelayError> {
    *messages += 1;
    if *messages > limits.messages {
        return Err(TOO_MANY);
    }
    if lists > limits.depth {
        return Err(TOO_DEEP);
    }
    while !body.is_empty() {
        let (number, wire_type) = decode_key(&mut body).map_err(|_| CUT_OFF)?;
        let length = match wire_type {
            WireType::Varint => {
                decode_varint(&mut body).map_err(|_| CUT_OFF)?;
                0
            }
            WireType::ThirtyTwoBit => 4,
            WireType::SixtyFourBit => 8,
            WireType::LengthDelimited => {
                let length = decode_varint(&mut body).map_err(|_| CUT_OFF)?;
                usize::try_from(length).map_err(|_| CUT_OFF)?
            }
            // Groups are not in these messages.
            WireType::StartGroup | WireType::EndGroup => return Err(CUT_OFF),
        };
        let (value, rest) = body.split_at_checked(length).ok_or(CUT_OFF)?;
        if wire_type == WireType::LengthDelimited
            && let Some(inner) = of.field(number)
        {
            let lists = lists + usize::from(matches!(inner, Type::ArrayValue | Type::KeyValueList));
            walk(value, inner, lists, messages, limits)?;
        }
        body = rest;
    }
    Ok(())
}
