//! Counting API events, whatever the engine: which of them are new, and what they add up to.

mod tally;
mod window;

use tally::{Tally, UNREADABLE};
pub(crate) use window::Window;

use board::ports::{Arrived, CallStatistics, Counted, Identity, Period};
use board::statistics::minute_of;
use model::{LogIn, Timestamp};
use sha2::{Digest, Sha256};
use std::collections::{BTreeMap, BTreeSet};

/// How far a partition has been counted; says of events without a name whether they were.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Position {
    pub(crate) next: i64,
    /// When the log took the newest one: in a log that was made anew, offsets begin again, but time goes on.
    pub(crate) newest: Timestamp,
}

impl Position {
    fn is_new(self, event: &Arrived) -> bool {
        event.offset >= self.next || event.taken_at > self.newest
    }

    fn advance(&mut self, event: &Arrived) {
        if event.taken_at > self.newest && event.offset < self.next {
            self.next = event.offset;
        }
        self.next = self.next.max(event.offset + 1);
        self.newest = self.newest.max(event.taken_at);
    }
}

/// An event's name, shortened: columns have a bounded length.
pub(crate) type NameHash = [u8; 16];

fn name_hash(name: &str) -> NameHash {
    let digest = Sha256::digest(name.as_bytes());
    let mut hash = NameHash::default();
    hash.copy_from_slice(&digest[..16]);
    hash
}

/// Partition and producer.
pub(crate) type ProducerKey = (i32, u64);

/// What an engine remembers of events, within one transaction.
pub(crate) trait Ledger {
    type Error;

    /// Where the partitions stand, locked: whoever else counts events of one waits.
    fn positions(&self, source: &str, partitions: &BTreeSet<i32>) -> Result<BTreeMap<i32, Position>, Self::Error>;

    fn windows(
        &self,
        source: &str,
        producers: &BTreeSet<ProducerKey>,
    ) -> Result<BTreeMap<ProducerKey, Window>, Self::Error>;

    /// Those of the names that are remembered.
    fn known_names(&self, names: &BTreeSet<NameHash>) -> Result<BTreeSet<NameHash>, Self::Error>;

    fn write(&self, source: &str, news: &News<'_>) -> Result<(), Self::Error>;
}

/// Records that are kept of those that one transaction puts aside.
const ASIDE: usize = 100;

/// What a transaction writes.
#[derive(Default)]
pub(crate) struct News<'e> {
    /// The minute in which the events are counted.
    pub(crate) seen: i64,
    pub(crate) positions: BTreeMap<i32, Position>,
    pub(crate) windows: BTreeMap<ProducerKey, Window>,
    pub(crate) names: BTreeSet<NameHash>,
    pub(crate) tally: Tally<'e>,
    pub(crate) aside: Vec<Aside<'e>>,
}

/// A record that is put aside.
pub(crate) struct Aside<'e> {
    pub(crate) partition: i32,
    pub(crate) offset: i64,
    pub(crate) reason: &'e str,
    pub(crate) record: &'e [u8],
}

/// Counts what is new of the events.
pub(crate) fn count<L: Ledger>(
    ledger: &L,
    source: &str,
    events: &[Arrived],
    now: Timestamp,
) -> Result<Counted, L::Error> {
    let mut asked = Asked::default();
    events.iter().for_each(|event| asked.about(event));
    let mut positions = ledger.positions(source, &asked.partitions)?;
    let mut windows = ledger.windows(source, &asked.producers)?;
    let known_names = ledger.known_names(&asked.names)?;
    let (mut news, mut counted) = (News { seen: minute_of(now), ..News::default() }, Counted::default());
    for event in events {
        let position = positions.entry(event.partition).or_default();
        let is_new = match &event.content {
            Ok((Identity::Sequenced { producer, number }, _)) => {
                windows.entry((event.partition, *producer)).or_default().admit(*number)
            }
            Ok((Identity::Named(name), _)) => {
                let hash = name_hash(name);
                !known_names.contains(&hash) && news.names.insert(hash)
            }
            Ok((Identity::Placed, _)) | Err(_) => position.is_new(event),
        };
        position.advance(event);
        match &event.content {
            _ if !is_new => counted.known += 1,
            Ok((_, call)) => {
                counted.new += 1;
                news.tally.add(call);
            }
            Err(unreadable) => {
                counted.aside += 1;
                news.tally.unreadable(event.taken_at);
                if news.aside.len() < ASIDE {
                    news.aside.push(Aside {
                        partition: event.partition,
                        offset: event.offset,
                        reason: &unreadable.reason,
                        record: &unreadable.record,
                    });
                }
            }
        }
    }
    news.positions = positions;
    news.windows = windows;
    ledger.write(source, &news)?;
    Ok(counted)
}

/// What must be known to tell new events from known ones.
#[derive(Default)]
struct Asked {
    partitions: BTreeSet<i32>,
    producers: BTreeSet<ProducerKey>,
    names: BTreeSet<NameHash>,
}

impl Asked {
    fn about(&mut self, event: &Arrived) {
        self.partitions.insert(event.partition);
        match &event.content {
            Ok((Identity::Sequenced { producer, .. }, _)) => {
                self.producers.insert((event.partition, *producer));
            }
            Ok((Identity::Named(name), _)) => {
                self.names.insert(name_hash(name));
            }
            Ok((Identity::Placed, _)) | Err(_) => {}
        }
    }
}

/// The part of the statistics that `api_counts` tells, from its rows: step, kind, calls. A step of log-ins is several of them.
pub(crate) fn kinds(period: Period, rows: Vec<(i64, String, u64)>) -> CallStatistics {
    let mut statistics = CallStatistics::default();
    for (start, kind, calls) in rows {
        match LogIn::ALL.into_iter().find(|outcome| outcome.name() == kind) {
            Some(outcome) if start >= period.log_in_first => {
                let start = start.div_euclid(period.log_in_step) * period.log_in_step;
                statistics.log_ins.push((start, outcome, calls));
            }
            None if kind == UNREADABLE && start >= period.first => statistics.aside += calls,
            _ => {}
        }
    }
    statistics
}

/// What has to be read for [`CallStatistics`]; the engines' SQL agrees on it.
pub(crate) mod sql {
    use crate::statement::Statement;

    /// Step, width, first, end.
    pub(crate) const BY_STEP: Statement = Statement::new(
        "SELECT api_calls",
        "SELECT start - start % ?, status - status % 100, bucket, CAST(sum(calls) AS SIGNED) FROM api_calls \
         WHERE width = ? AND start >= ? AND start < ? GROUP BY 1, 2, 3",
    );
    /// Width, first, end; so the next three.
    pub(crate) const BY_ROUTE: Statement = Statement::new(
        "SELECT api_calls",
        "SELECT endpoint, method, status - status % 100, bucket, CAST(sum(calls) AS SIGNED) FROM api_calls \
         WHERE width = ? AND start >= ? AND start < ? GROUP BY 1, 2, 3, 4",
    );
    pub(crate) const USERS_BY_ROUTE: Statement = Statement::new(
        "SELECT api_callers",
        "SELECT endpoint, method, count(DISTINCT caller) FROM api_callers \
         WHERE width = ? AND start >= ? AND start < ? GROUP BY 1, 2",
    );
    pub(crate) const BY_USER: Statement = Statement::new(
        "SELECT api_callers",
        "SELECT caller, CAST(sum(calls) AS SIGNED), max(start) FROM api_callers \
         WHERE width = ? AND start >= ? AND start < ? GROUP BY 1 ORDER BY 2 DESC, 1 LIMIT 20",
    );
    pub(crate) const USERS: Statement = Statement::new(
        "SELECT api_callers",
        "SELECT count(DISTINCT caller) FROM api_callers WHERE width = ? AND start >= ? AND start < ?",
    );
    /// Step, width, first, end.
    pub(crate) const COUNTS: Statement = Statement::new(
        "SELECT api_counts",
        "SELECT start - start % ?, kind, CAST(sum(calls) AS SIGNED) FROM api_counts \
         WHERE width = ? AND start >= ? AND start < ? GROUP BY 1, 2",
    );

    /// Start before which rows of a width go.
    pub(crate) const FORGET: [Statement; 3] = [
        Statement::new("DELETE api_calls", "DELETE FROM api_calls WHERE width = ? AND start < ?"),
        Statement::new("DELETE api_callers", "DELETE FROM api_callers WHERE width = ? AND start < ?"),
        Statement::new("DELETE api_counts", "DELETE FROM api_counts WHERE width = ? AND start < ?"),
    ];
    /// Minute of the last sight.
    pub(crate) const FORGET_EVENTS: [Statement; 3] = [
        Statement::new("DELETE event_names", "DELETE FROM event_names WHERE seen < ?"),
        Statement::new("DELETE event_producers", "DELETE FROM event_producers WHERE seen < ?"),
        Statement::new("DELETE events_aside", "DELETE FROM events_aside WHERE seen < ?"),
    ];
    /// Of them the newest stay.
    pub(crate) const FORGET_ASIDE: Statement = Statement::new(
        "DELETE events_aside",
        "DELETE FROM events_aside WHERE id <= (SELECT newest FROM (SELECT max(id) - 10000 AS newest FROM events_aside) AS known)",
    );
}
