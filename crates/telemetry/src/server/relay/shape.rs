//! Looks over a body before it is decoded: a few bytes of input can stand for hundreds in memory.

use super::{Limits, RelayError};
use prost::encoding::{WireType, decode_key, decode_varint};
use std::borrow::Cow;

const TOO_MANY: RelayError = RelayError::TooLarge("There are too many values; send fewer spans at once.");
const TOO_DEEP: RelayError = RelayError::Invalid(Cow::Borrowed("A value nests too deeply."));
const CUT_OFF: RelayError = RelayError::Invalid(Cow::Borrowed("The protobuf is damaged."));

/// Brackets around the attribute values of an event, the deepest that there are: resourceSpans, scopeSpans, spans,
/// events, attributes as list and object each, the request, and the value.
const JSON_DEPTH: usize = 12;
/// `{"arrayValue":{"values":[{`
const JSON_DEPTH_PER_LIST: usize = 4;

/// Counts objects and nesting, without regard to grammar: the parser checks that.
pub(super) fn check_json(body: &[u8], limits: &Limits) -> Result<(), RelayError> {
    let (mut depth, mut objects) = (0_usize, 0_usize);
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
            _ => {}
        }
        if depth > JSON_DEPTH + JSON_DEPTH_PER_LIST * limits.depth {
            return Err(TOO_DEEP);
        }
        if objects > limits.messages {
            return Err(TOO_MANY);
        }
    }
    Ok(())
}

/// The messages of opentelemetry/proto/collector/trace/v1 that hold other messages.
#[derive(Clone, Copy)]
enum Type {
    Request,
    ResourceSpans,
    Resource,
    ScopeSpans,
    Scope,
    Span,
    Event,
    Link,
    KeyValue,
    AnyValue,
    ArrayValue,
    KeyValueList,
    Leaf,
}

impl Type {
    /// What the field of this number holds, when it is a message (or a text of a list: a [`Type::Leaf`]).
    const fn field(self, number: u32) -> Option<Self> {
        Some(match (self, number) {
            (Self::Request, 1) => Self::ResourceSpans,
            (Self::ResourceSpans, 1) => Self::Resource,
            (Self::ResourceSpans, 2) => Self::ScopeSpans,
            (Self::ScopeSpans, 1) => Self::Scope,
            (Self::ScopeSpans, 2) => Self::Span,
            (Self::Span, 11) => Self::Event,
            (Self::Span, 13) => Self::Link,
            (Self::Resource, 1)
            | (Self::Scope | Self::Event, 3)
            | (Self::Span, 9)
            | (Self::Link, 4)
            | (Self::KeyValueList, 1) => Self::KeyValue,
            (Self::KeyValue, 2) | (Self::ArrayValue, 1) => Self::AnyValue,
            (Self::AnyValue, 5) => Self::ArrayValue,
            (Self::AnyValue, 6) => Self::KeyValueList,
            (Self::Resource, 3) | (Self::Span, 15) => Self::Leaf,
            _ => return None,
        })
    }
}

/// Counts messages and nesting.
pub(super) fn check_protobuf(body: &[u8], limits: &Limits) -> Result<(), RelayError> {
    let mut messages = 0;
    walk(body, Type::Request, 0, &mut messages, limits)
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
