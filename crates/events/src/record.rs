//! Events as records: the JSON that other programs read and write.

use board::ports::{Identity, Unreadable};
use jiff::civil::DateTime;
use jiff::{Timestamp as Moment, tz::TimeZone};
use model::time::{push_digits, push_iso};
use model::{ApiLogEntry, Timestamp, TraceId, Username};
use serde::Deserialize;
use std::borrow::Cow;
use std::sync::Arc;
use telemetry::propagation::hex;
use uuid::Uuid;

/// Bytes that are kept of a record that can't be read.
const KEPT: usize = 1024;
/// What an event may be ahead of this computer's time.
const AHEAD_S: i64 = 24 * 3600;

/// The id of a producer's `number`th event: a UUID of version 8, which tells both.
pub(crate) fn event_id(producer: u64, number: u64) -> Uuid {
    // Version and variant take six bits between: the producer is above and below the version.
    let (high, low) = (u128::from(producer >> 16), u128::from(producer & 0xffff));
    let number = u128::from(number & NUMBERS);
    let bits = (high << 80) | (low >> 4 << 64) | ((low & 0xf) << 58) | (OURS << 42) | number;
    Uuid::new_v8(bits.to_be_bytes())
}

/// So many numbers fit into an id.
const NUMBERS: u64 = (1 << 42) - 1;
/// "GB": others make version 8 for themselves.
const OURS: u128 = 0x4742;

/// What an id says; any name other than ours is just that.
fn identity(event_id: Option<String>) -> Identity {
    let Some(name) = event_id.filter(|name| !name.is_empty()) else { return Identity::Placed };
    let Some(id) = Uuid::try_parse(&name).ok().filter(|id| id.get_version_num() == 8) else {
        return Identity::Named(name);
    };
    let bits = id.as_u128();
    let part = |from: u32, width: u32| ((bits >> from) & ((1 << width) - 1)) as u64;
    if u128::from(part(42, 16)) != OURS {
        return Identity::Named(name);
    }
    let producer = part(80, 48) << 16 | part(64, 12) << 4 | part(58, 4);
    Identity::Sequenced { producer, number: part(0, 42) }
}

/// The record of an event. Written piece by piece, it takes a fifth of the time.
pub(crate) fn encode(event: &ApiLogEntry) -> String {
    let mut text = String::with_capacity(512);
    text.push_str(r#"{"timestamp":""#);
    push_iso(&mut text, event.timestamp);
    text.push_str(r#"","endpoint":"#);
    push_json(&mut text, &event.endpoint);
    text.push_str(r#","method":"#);
    push_json(&mut text, &event.method);
    text.push_str(r#","status":"#);
    push_digits(&mut text, event.status.into(), 3, r#","user_id":"#);
    match &event.user {
        Some(user) => push_json(&mut text, user.as_str()),
        None => text.push_str("null"),
    }
    text.push_str(r#","message":"#);
    push_json(&mut text, &event.message);
    // Ids have hexadecimal digits only.
    for part in [r#","event_id":""#, &event.event_id, r#"","duration_ms":"#] {
        text.push_str(part);
    }
    match event.duration_us.and_then(|micros| i64::try_from(micros).ok()) {
        Some(micros) => {
            let millis = micros / 1000;
            push_digits(&mut text, millis, millis.checked_ilog10().unwrap_or_default() + 1, ".");
            push_digits(&mut text, micros, 3, "");
        }
        None => text.push_str("null"),
    }
    text.push_str(r#","trace_id":"#);
    match event.trace_id {
        Some(id) => push_json(&mut text, &hex::encode(&id.number().to_be_bytes())),
        None => text.push_str("null"),
    }
    text.push('}');
    text
}

/// A string in JSON: most have nothing in them that has to be told otherwise.
fn push_json(json: &mut String, text: &str) {
    if text.bytes().any(|byte| byte < b' ' || byte == b'"' || byte == b'\\') {
        // A string always is JSON.
        json.push_str(&serde_json::to_string(text).unwrap_or_default());
    } else {
        json.push('"');
        json.push_str(text);
        json.push('"');
    }
}

#[derive(Deserialize)]
struct Read<'r> {
    #[serde(borrow)]
    timestamp: Option<Cow<'r, str>>,
    #[serde(borrow)]
    endpoint: Cow<'r, str>,
    #[serde(borrow)]
    method: Cow<'r, str>,
    status: Status<'r>,
    #[serde(default)]
    user_id: Option<String>,
    #[serde(borrow, default)]
    message: Option<Cow<'r, str>>,
    #[serde(default)]
    event_id: Option<String>,
    #[serde(default)]
    duration_ms: Option<f64>,
    #[serde(borrow, default)]
    trace_id: Option<Cow<'r, str>>,
}

/// Older programs also tell it as text: the number, or in a word.
#[derive(Deserialize)]
#[serde(untagged)]
enum Status<'r> {
    Number(u16),
    Text(#[serde(borrow)] Cow<'r, str>),
}

impl Status<'_> {
    fn number(&self) -> Option<u16> {
        match self {
            Self::Number(number) => Some(*number),
            Self::Text(text) => match text.trim() {
                "success" => Some(200),
                "error" | "failure" => Some(500),
                text => text.parse().ok(),
            },
        }
        .filter(|status| (100..1000).contains(status))
    }
}

/// Reads a record in the shape of any version.
pub(crate) fn decode(record: &[u8], now: Timestamp) -> Result<(Identity, Arc<ApiLogEntry>), Unreadable> {
    let unreadable = |reason: String| Unreadable { reason, record: record[..record.len().min(KEPT)].to_vec() };
    let read: Read<'_> = serde_json::from_slice(record).map_err(|error| unreadable(shortened(error.to_string())))?;
    let status = read.status.number().ok_or_else(|| unreadable("status is no HTTP status".to_owned()))?;
    let timestamp = match &read.timestamp {
        Some(text) => moment(text).ok_or_else(|| unreadable("timestamp is no time in ISO 8601".to_owned()))?,
        None => now,
    };
    if timestamp > now.plus_seconds(AHEAD_S) || timestamp.as_millis() < 0 {
        return Err(unreadable("timestamp is a day ahead, or before 1970".to_owned()));
    }
    #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "not negative; saturates")]
    let micros = |millis: f64| (millis * 1000.0).round() as u64;
    let entry = ApiLogEntry {
        event_id: read.event_id.clone().unwrap_or_default(),
        timestamp,
        method: read.method.into_owned().into(),
        endpoint: read.endpoint.into(),
        status,
        user: read.user_id.filter(|name| !name.is_empty()).map(Username::stored),
        duration_us: read.duration_ms.filter(|millis| millis.is_finite() && *millis >= 0.0).map(micros),
        trace_id: read.trace_id.and_then(|id| TraceId::parse(&id)),
        message: read.message.unwrap_or_default().into_owned().into(),
    };
    Ok((identity(read.event_id), Arc::new(entry)))
}

/// ISO 8601; without a zone it is UTC.
fn moment(text: &str) -> Option<Timestamp> {
    let zoned = text.parse::<Moment>().ok();
    let moment =
        zoned.or_else(|| text.parse::<DateTime>().ok()?.to_zoned(TimeZone::UTC).ok().map(|at| at.timestamp()))?;
    Some(Timestamp::from_millis(moment.as_millisecond()))
}

/// Columns that tell it have 255 characters.
fn shortened(reason: String) -> String {
    reason.chars().take(255).collect()
}

#[cfg(test)]
mod tests {
    use super::{NUMBERS, decode, encode, event_id, identity};
    use board::ports::Identity;
    use model::{ApiLogEntry, Timestamp, TraceId, Username};
    use proptest::prelude::*;

    const NOW: Timestamp = Timestamp::from_millis(1_795_000_000_000);

    proptest! {
        #[test]
        fn an_id_tells_its_producer_and_number(producer: u64, number in 0..=NUMBERS) {
            let id = event_id(producer, number);
            prop_assert_eq!(id.get_version_num(), 8);
            prop_assert_eq!(identity(Some(id.to_string())), Identity::Sequenced { producer, number });
        }

        #[test]
        fn any_event_is_json_and_read_as_it_was_written(
            endpoint: String, method: String, message: String, status in 100_u16..1000, micros in 0_u64..1 << 42,
            millis in 0..NOW.as_millis(), user in prop::option::of(".+"), trace in prop::option::of("[0-9a-f]{31}1")
        ) {
            let event = ApiLogEntry {
                event_id: event_id(1, micros).to_string(),
                timestamp: Timestamp::from_millis(millis),
                method: method.into(),
                endpoint: endpoint.into(),
                status,
                user: user.map(Username::stored),
                duration_us: Some(micros),
                trace_id: trace.and_then(|id| TraceId::parse(&id)),
                message: message.into(),
            };
            let read = decode(encode(&event).as_bytes(), NOW);
            prop_assert_eq!(read, Ok((Identity::Sequenced { producer: 1, number: micros }, event.into())));
        }

        #[test]
        fn any_bytes_are_read_or_refused(bytes: Vec<u8>) {
            let _ = decode(&bytes, NOW);
        }
    }

    #[test]
    fn a_record_is_read_as_it_was_written() {
        let event = ApiLogEntry {
            event_id: event_id(7, 9).to_string(),
            timestamp: Timestamp::from_millis(1_795_000_000_123),
            method: "POST".into(),
            endpoint: "/db/message".into(),
            status: 200,
            user: Some(Username::stored("민아 \"m\"".to_owned())),
            duration_us: Some(1234),
            trace_id: TraceId::parse("4bf92f3577b34da6a3ce929d0e0e4736"),
            message: "OK".into(),
        };
        let text = encode(&event);
        assert!(text.starts_with(r#"{"timestamp":"2026-11-18T"#) && text.contains(".123+00:00"), "{text}");
        assert!(text.contains(r#""duration_ms":1.234,"trace_id":"4bf92f3577b34da6a3ce929d0e0e4736""#), "{text}");
        assert_eq!(decode(text.as_bytes(), NOW), Ok((Identity::Sequenced { producer: 7, number: 9 }, event.into())));
    }

    #[test]
    fn an_older_program_s_records_are_read() {
        let old = br#"{"timestamp": "2026-11-18T01:02:03.456789", "endpoint": "/db/message", "method": "POST",
            "status": "success", "user_id": "mina", "message": "saved", "more": [1]}"#;
        let (identity, event) = decode(old, NOW).unwrap();
        assert_eq!(identity, Identity::Placed);
        assert_eq!((event.status, event.duration_us, event.timestamp.as_millis() % 60_000), (200, None, 3456));
        for status in ["200", "\"404\"", "\"error\""] {
            let record = format!(r#"{{"endpoint":"/x","method":"GET","status":{status},"event_id":"mine"}}"#);
            let (identity, event) = decode(record.as_bytes(), NOW).unwrap();
            assert_eq!((identity, event.timestamp), (Identity::Named("mine".to_owned()), NOW));
        }
    }

    #[test]
    fn another_program_s_uuid_is_just_a_name() {
        for version in 1..=8 {
            let id = format!("01b135ec-5aef-{version}e4a-b400-000000100005");
            assert_eq!(identity(Some(id.clone())), Identity::Named(id));
        }
    }

    #[test]
    fn what_is_no_event_is_refused_with_its_beginning() {
        for bad in [
            "",
            "{",
            "null",
            "[]",
            r#"{"endpoint":"/x","method":"GET"}"#,
            r#"{"endpoint":"/x","method":"GET","status":99}"#,
            r#"{"endpoint":"/x","method":"GET","status":"fine"}"#,
            r#"{"endpoint":"/x","method":"GET","status":200,"timestamp":"soon"}"#,
            r#"{"endpoint":"/x","method":"GET","status":200,"timestamp":"2999-01-01T00:00:00Z"}"#,
        ] {
            let refused = decode(bad.as_bytes(), NOW).unwrap_err();
            assert!(!refused.reason.is_empty());
            assert_eq!(refused.record, bad.as_bytes());
        }
        assert_eq!(decode(&[b'x'; 5000], NOW).unwrap_err().record.len(), 1024);
    }
}
