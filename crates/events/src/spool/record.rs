//! A record: its length and checksum, its number, the place of its send in a trace, and what it says; little endian.

use telemetry::propagation::TraceParent;

/// Length and checksum of what follows them, number, place.
pub(super) const HEAD: usize = CHECKED + 8 + PLACE;
const CHECKED: usize = 8;
const PLACE: usize = 25;

/// An event as it lies in the spool.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Record {
    pub(crate) number: u64,
    pub(crate) place: Option<TraceParent>,
    pub(crate) content: Vec<u8>,
}

/// Fills in the head of a record whose content stands behind it.
pub(super) fn seal(record: &mut [u8], number: u64, place: Option<TraceParent>) {
    let length = u32::try_from(record.len()).unwrap_or(u32::MAX);
    record[CHECKED..CHECKED + 8].copy_from_slice(&number.to_le_bytes());
    if let Some(place) = place {
        let at = CHECKED + 8;
        record[at..at + 16].copy_from_slice(&place.trace_id);
        record[at + 16..at + 24].copy_from_slice(&place.span_id);
        record[at + 24] = u8::from(place.sampled);
    }
    let checksum = crc32fast::hash(&record[CHECKED..]);
    record[..4].copy_from_slice(&length.to_le_bytes());
    record[4..CHECKED].copy_from_slice(&checksum.to_le_bytes());
}

/// The first record of `bytes`, and its length.
pub(super) fn first(bytes: &[u8]) -> Found {
    let Some(length) = bytes.first_chunk().map(|length| u32::from_le_bytes(*length) as usize) else {
        return Found::Part;
    };
    if length == 0 {
        return Found::End;
    }
    if length < HEAD {
        return Found::Nonsense;
    }
    let Some(record) = bytes.get(..length) else { return Found::Part };
    let number = |at: usize| record[at..at + 8].try_into().map(u64::from_le_bytes).unwrap_or_default();
    if record[4..CHECKED] != crc32fast::hash(&record[CHECKED..]).to_le_bytes() {
        return Found::Nonsense;
    }
    let place = &record[CHECKED + 8..HEAD];
    let trace_id: [u8; 16] = place[..16].try_into().unwrap_or_default();
    let place = (trace_id != [0; 16]).then(|| TraceParent {
        trace_id,
        span_id: place[16..24].try_into().unwrap_or_default(),
        sampled: place[24] == 1,
    });
    Found::Whole(Record { number: number(CHECKED), place, content: record[HEAD..].to_vec() }, length)
}

pub(super) enum Found {
    Whole(Record, usize),
    /// More bytes are needed.
    Part,
    /// What follows was never written.
    End,
    Nonsense,
}
