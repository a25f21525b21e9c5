//! The attributes that the observatory understands, and how values are shown.

use opentelemetry_proto::tonic::common::v1::any_value::Value;
use opentelemetry_proto::tonic::common::v1::{AnyValue, KeyValue};
use std::borrow::Cow;
use std::fmt::Write;

pub const DB_SYSTEM_NAME: &str = "db.system.name";
pub const HTTP_ROUTE: &str = "http.route";
pub const MESSAGING_SYSTEM: &str = "messaging.system";
pub const PART: &str = "glassboard.part";
pub const SERVICE_NAME: &str = "service.name";
pub const SESSION_ID: &str = "session.id";
pub const TARGET_NAME: &str = "target.name";
pub const TELEMETRY_SDK_LANGUAGE: &str = "telemetry.sdk.language";
pub const URL_FULL: &str = "url.full";
pub const URL_PATH: &str = "url.path";
pub const VISITOR: &str = "glassboard.visitor";

/// Of one value, as shown.
const MAX_VALUE_BYTES: usize = 8 * 1024;
const MAX_DEPTH: u32 = 16;

/// The attribute's value when it is a text.
pub fn text<'a>(attributes: &'a [KeyValue], key: &str) -> Option<&'a str> {
    let attribute = attributes.iter().find(|attribute| attribute.key == key)?;
    match attribute.value.as_ref()?.value.as_ref()? {
        Value::StringValue(text) => Some(text),
        _ => None,
    }
}

/// The value as a person reads it: texts as they are, lists as in JSON, at most 8 KiB.
pub fn shown(value: Option<&AnyValue>) -> Cow<'_, str> {
    match value.and_then(|value| value.value.as_ref()) {
        Some(Value::StringValue(text)) => Cow::Borrowed(cut(text, MAX_VALUE_BYTES)),
        value => {
            let mut text = String::new();
            show(&mut text, value, MAX_DEPTH);
            text.truncate(text.floor_char_boundary(MAX_VALUE_BYTES));
            Cow::Owned(text)
        }
    }
}

/// At most the first `max_bytes`, between characters.
pub fn cut(text: &str, max_bytes: usize) -> &str {
    &text[..text.floor_char_boundary(max_bytes)]
}

fn show(text: &mut String, value: Option<&Value>, depth: u32) {
    if depth == 0 || text.len() > MAX_VALUE_BYTES {
        text.push('…');
        return;
    }
    // Writing to a string does not fail.
    let _ = match value {
        // An index into a profile's texts has no meaning here; the specification reads it as absent.
        None | Some(Value::StringValueStrindex(_)) => write!(text, "null"),
        Some(Value::StringValue(inner)) => write!(text, "{inner:?}"),
        Some(Value::BoolValue(value)) => write!(text, "{value}"),
        Some(Value::IntValue(value)) => write!(text, "{value}"),
        Some(Value::DoubleValue(value)) => write!(text, "{value}"),
        Some(Value::BytesValue(bytes)) => write!(text, "{} bytes", bytes.len()),
        Some(Value::ArrayValue(list)) => {
            text.push('[');
            for (at, value) in list.values.iter().enumerate() {
                text.push_str(if at == 0 { "" } else { ", " });
                show(text, value.value.as_ref(), depth - 1);
            }
            write!(text, "]")
        }
        Some(Value::KvlistValue(list)) => {
            text.push('{');
            for (at, pair) in list.values.iter().enumerate() {
                let _ = write!(text, "{}{:?}: ", if at == 0 { "" } else { ", " }, pair.key);
                show(text, pair.value.as_ref().and_then(|value| value.value.as_ref()), depth - 1);
            }
            write!(text, "}}")
        }
    };
}

#[cfg(test)]
mod tests {
    use super::{MAX_VALUE_BYTES, shown};
    use opentelemetry_proto::tonic::common::v1::any_value::Value;
    use opentelemetry_proto::tonic::common::v1::{AnyValue, ArrayValue};

    fn value(value: Value) -> Option<AnyValue> {
        Some(AnyValue { value: Some(value) })
    }

    #[test]
    fn texts_are_shown_as_they_are_and_lists_as_in_json() {
        assert_eq!(shown(value(Value::StringValue("SELECT \"a\"".to_owned())).as_ref()), "SELECT \"a\"");
        assert_eq!(shown(value(Value::IntValue(-3)).as_ref()), "-3");
        assert_eq!(shown(None), "null");
        let values = vec![
            AnyValue { value: Some(Value::StringValue("a".to_owned())) },
            AnyValue { value: Some(Value::BoolValue(true)) },
        ];
        assert_eq!(shown(value(Value::ArrayValue(ArrayValue { values })).as_ref()), r#"["a", true]"#);
    }

    #[test]
    fn a_long_or_deep_value_is_cut() {
        assert!(shown(value(Value::StringValue("가".repeat(MAX_VALUE_BYTES))).as_ref()).len() <= MAX_VALUE_BYTES);
        let mut deep = AnyValue { value: Some(Value::IntValue(1)) };
        for _ in 0..500 {
            deep = AnyValue { value: Some(Value::ArrayValue(ArrayValue { values: vec![deep] })) };
        }
        assert!(shown(Some(&deep)).contains('…'));
    }
}
