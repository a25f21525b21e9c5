use board::statistics::{bucket, log_in, minute_of};
use hashbrown::HashMap;
use model::{ApiLogEntry, Timestamp};
use std::collections::BTreeMap;

/// Columns take no more characters.
const ENDPOINT: usize = 255;
const METHOD: usize = 16;
const CALLER: usize = 255;

/// The kind of events that could not be read; the other kinds are the outcomes of log-ins.
pub(crate) const UNREADABLE: &str = "unreadable";

/// Minutes in a row's time: charts of a day read the fine ones, those of a week the others.
pub(crate) const WIDTHS: [i64; 2] = [1, 60];

/// What the events of a transaction add up to.
#[derive(Debug, Default)]
pub(crate) struct Tally<'e> {
    calls: HashMap<CallRow<'e>, u64>,
    callers: HashMap<CallerRow<'e>, u64>,
    others: BTreeMap<CountRow, u64>,
}

/// A row's time: so many minutes from its start, in minutes since 1970-01-01T00:00Z.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct Time {
    pub(crate) width: i64,
    pub(crate) start: i64,
}

impl Time {
    const fn minute(start: i64) -> Self {
        Self { width: 1, start }
    }

    const fn widened(self, width: i64) -> Self {
        Self { width, start: self.start.div_euclid(width) * width }
    }
}

/// A row's key of `api_calls`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct CallRow<'e> {
    pub(crate) time: Time,
    pub(crate) endpoint: &'e str,
    pub(crate) method: &'e str,
    pub(crate) status: u16,
    pub(crate) bucket: i16,
}

/// A row's key of `api_callers`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct CallerRow<'e> {
    pub(crate) time: Time,
    pub(crate) endpoint: &'e str,
    pub(crate) method: &'e str,
    pub(crate) status: u16,
    pub(crate) caller: &'e str,
}

/// A row's key of `api_counts`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct CountRow {
    pub(crate) time: Time,
    pub(crate) kind: &'static str,
}

impl<'e> Tally<'e> {
    pub(crate) fn add(&mut self, call: &'e ApiLogEntry) {
        let (time, status) = (Time::minute(minute_of(call.timestamp)), call.status);
        let (endpoint, method) = (cut(&call.endpoint, ENDPOINT), cut(&call.method, METHOD));
        let row = CallRow { time, endpoint, method, status, bucket: bucket(call.duration_us) };
        *self.calls.entry(row).or_default() += 1;
        if let Some(user) = &call.user {
            let caller = cut(user.as_str(), CALLER);
            *self.callers.entry(CallerRow { time, endpoint, method, status, caller }).or_default() += 1;
        }
        if let Some(outcome) = log_in(endpoint, status, call.user.is_some()) {
            *self.others.entry(CountRow { time, kind: outcome.name() }).or_default() += 1;
        }
    }

    /// An event could not be read.
    pub(crate) fn unreadable(&mut self, at: Timestamp) {
        *self.others.entry(CountRow { time: Time::minute(minute_of(at)), kind: UNREADABLE }).or_default() += 1;
    }

    /// In the order of their key, as the others are: whoever writes them locks them in the same order.
    pub(crate) fn calls(&self) -> BTreeMap<CallRow<'e>, u64> {
        in_all_widths(&self.calls, |row, width| CallRow { time: row.time.widened(width), ..*row })
    }

    pub(crate) fn callers(&self) -> BTreeMap<CallerRow<'e>, u64> {
        in_all_widths(&self.callers, |row, width| CallerRow { time: row.time.widened(width), ..*row })
    }

    pub(crate) fn others(&self) -> BTreeMap<CountRow, u64> {
        in_all_widths(&self.others, |row, width| CountRow { time: row.time.widened(width), ..*row })
    }
}

fn in_all_widths<'r, K: Ord + 'r>(
    rows: impl IntoIterator<Item = (&'r K, &'r u64)> + Copy,
    widened: impl Fn(&K, i64) -> K,
) -> BTreeMap<K, u64> {
    let mut all = BTreeMap::new();
    for width in WIDTHS {
        rows.into_iter().for_each(|(row, calls)| *all.entry(widened(row, width)).or_default() += *calls);
    }
    all
}

fn cut(text: &str, characters: usize) -> &str {
    if text.len() <= characters {
        return text;
    }
    text.char_indices().nth(characters).map_or(text, |(end, _)| &text[..end])
}
