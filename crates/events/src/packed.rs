//! Events as the spool holds them: a third of their JSON, which only a broker asks for.

use crate::record::{decode, event_id};
use crate::spool::Record;
use board::ports::{Identity, Unreadable};
use model::{ApiLogEntry, Timestamp, TraceId, Username};
use std::sync::Arc;

/// What a packed event begins with; JSON, which earlier versions wrote, begins otherwise.
const VERSION: u8 = 1;
/// In place of a duration, and of a text's length, when there is none.
const NO_TIME: u64 = u64::MAX;
const NO_TEXT: u32 = u32::MAX;

/// Appends the event of a producer, whose number the record itself tells. Numbers are little endian.
pub(crate) fn pack(event: &ApiLogEntry, producer: u64, content: &mut Vec<u8>) {
    content.push(VERSION);
    for number in [producer, event.timestamp.as_millis().cast_unsigned(), event.duration_us.unwrap_or(NO_TIME)] {
        content.extend_from_slice(&number.to_le_bytes());
    }
    content.extend_from_slice(&event.trace_id.map_or(0, |id| id.number()).to_le_bytes());
    content.extend_from_slice(&event.status.to_le_bytes());
    let user = event.user.as_ref().map(Username::as_str);
    for text in [Some(&*event.method), Some(&*event.endpoint), Some(&*event.message), user] {
        let length = text.and_then(|text| u32::try_from(text.len()).ok()).unwrap_or(NO_TEXT);
        content.extend_from_slice(&length.to_le_bytes());
        content.extend_from_slice(text.unwrap_or_default().as_bytes());
    }
}

/// The event of a record, with its identity.
pub(crate) fn unpack(record: &Record, now: Timestamp) -> Result<(Identity, Arc<ApiLogEntry>), Unreadable> {
    if record.content.first() == Some(&VERSION) {
        let unreadable = || Unreadable { reason: "it is cut off".to_owned(), record: record.content.clone() };
        read(&record.content[1..], record.number).ok_or_else(unreadable)
    } else {
        decode(&record.content, now)
    }
}

fn read(mut rest: &[u8], number: u64) -> Option<(Identity, Arc<ApiLogEntry>)> {
    let rest = &mut rest;
    let producer = u64::from_le_bytes(bytes(rest)?);
    let millis = i64::from_le_bytes(bytes(rest)?);
    let duration = u64::from_le_bytes(bytes(rest)?);
    let trace_id = TraceId::from_number(u128::from_le_bytes(bytes(rest)?));
    let status = u16::from_le_bytes(bytes(rest)?);
    let [method, endpoint, message] = [text(rest)??, text(rest)??, text(rest)??];
    let user = text(rest)?.map(Username::stored);
    let event = ApiLogEntry {
        event_id: event_id(producer, number).to_string(),
        timestamp: Timestamp::from_millis(millis),
        method: method.into(),
        endpoint: endpoint.into(),
        status,
        user,
        duration_us: Some(duration).filter(|duration| *duration != NO_TIME),
        trace_id,
        message: message.into(),
    };
    Some((Identity::Sequenced { producer, number }, Arc::new(event)))
}

fn bytes<const N: usize>(rest: &mut &[u8]) -> Option<[u8; N]> {
    let (bytes, after) = rest.split_first_chunk()?;
    *rest = after;
    Some(*bytes)
}

/// `Some(None)`: there is none.
fn text(rest: &mut &[u8]) -> Option<Option<String>> {
    let length = u32::from_le_bytes(bytes(rest)?);
    if length == NO_TEXT {
        return Some(None);
    }
    let (text, after) = rest.split_at_checked(length as usize)?;
    *rest = after;
    Some(Some(String::from_utf8(text.to_vec()).ok()?))
}

#[cfg(test)]
mod tests {
    use super::{pack, unpack};
    use crate::record::{encode, event_id};
    use crate::spool::Record;
    use board::ports::Identity;
    use model::{ApiLogEntry, Timestamp, TraceId, Username};
    use proptest::prelude::*;

    const NOW: Timestamp = Timestamp::from_millis(1_795_000_000_000);

    fn record(content: Vec<u8>) -> Record {
        Record { number: 9, place: None, content }
    }

    proptest! {
        #[test]
        fn any_event_is_read_as_it_was_packed(
            endpoint: String, method: String, message: String, status: u16, micros in prop::option::of(0_u64..1 << 62),
            millis: i64, user in prop::option::of(".*"), trace: u128, producer: u64, length in 0_usize..80
        ) {
            let event = ApiLogEntry {
                event_id: event_id(producer, 9).to_string(),
                timestamp: Timestamp::from_millis(millis),
                method: method.into(),
                endpoint: endpoint.into(),
                status,
                user: user.map(Username::stored),
                duration_us: micros,
                trace_id: TraceId::from_number(trace),
                message: message.into(),
            };
            let mut content = Vec::new();
            pack(&event, producer, &mut content);
            let cut_off = content[..length.min(content.len() - 1)].to_vec();
            prop_assert!(unpack(&record(cut_off), NOW).is_err());
            let read = unpack(&record(content), NOW);
            prop_assert_eq!(read, Ok((Identity::Sequenced { producer, number: 9 }, event.into())));
        }
    }

    #[test]
    fn what_earlier_versions_left_is_read() {
        let event = ApiLogEntry {
            event_id: event_id(7, 9).to_string(),
            timestamp: NOW,
            method: "GET".into(),
            endpoint: "/db/messages".into(),
            status: 200,
            user: None,
            duration_us: None,
            trace_id: None,
            message: "OK".into(),
        };
        let read = unpack(&record(encode(&event).into_bytes()), NOW);
        assert_eq!(read, Ok((Identity::Sequenced { producer: 7, number: 9 }, event.into())));
    }
}
