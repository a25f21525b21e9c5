use super::sql::Sql;
use crate::statement::Statement;
use crate::statistics::{Ledger, NameHash, News, Position, ProducerKey, Window, count, kinds, sql};
use board::ports::{Arrived, CallStatistics, Counted, Period, RouteName};
use model::Timestamp;
use rusqlite::{Result, Row};
use std::collections::{BTreeMap, BTreeSet};

const POSITION: Statement = Statement::new(
    "SELECT event_positions",
    "SELECT next, newest FROM event_positions WHERE source = ?1 AND part = ?2",
);
const SET_POSITION: Statement = Statement::new(
    "INSERT event_positions",
    "INSERT OR REPLACE INTO event_positions (source, part, next, newest) VALUES (?1, ?2, ?3, ?4)",
);
const WINDOW: Statement = Statement::new(
    "SELECT event_producers",
    "SELECT highest, counted FROM event_producers WHERE source = ?1 AND part = ?2 AND producer = ?3",
);
const SET_WINDOW: Statement = Statement::new(
    "INSERT event_producers",
    "INSERT OR REPLACE INTO event_producers (source, part, producer, highest, counted, seen) VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
);
const NAME: Statement = Statement::new("SELECT event_names", "SELECT 1 FROM event_names WHERE name = ?1");
const ADD_NAME: Statement =
    Statement::new("INSERT event_names", "INSERT INTO event_names (name, seen) VALUES (?1, ?2)");
const PUT_ASIDE: Statement = Statement::new(
    "INSERT events_aside",
    "INSERT INTO events_aside (source, part, place, seen, reason, record) VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
);
const ADD_CALLS: Statement = Statement::new(
    "INSERT api_calls",
    "INSERT INTO api_calls (width, start, endpoint, method, status, bucket, calls) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7) \
     ON CONFLICT DO UPDATE SET calls = calls + excluded.calls",
);
const ADD_CALLERS: Statement = Statement::new(
    "INSERT api_callers",
    "INSERT INTO api_callers (width, start, endpoint, method, status, caller, calls) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7) \
     ON CONFLICT DO UPDATE SET calls = calls + excluded.calls",
);
const ADD_COUNTS: Statement = Statement::new(
    "INSERT api_counts",
    "INSERT INTO api_counts (width, start, kind, calls) VALUES (?1, ?2, ?3, ?4) \
     ON CONFLICT DO UPDATE SET calls = calls + excluded.calls",
);

struct SqliteLedger<'a, 'c>(&'a Sql<'c>);

impl Ledger for SqliteLedger<'_, '_> {
    type Error = rusqlite::Error;

    /// The one writer needs no lock.
    fn positions(&self, source: &str, partitions: &BTreeSet<i32>) -> Result<BTreeMap<i32, Position>> {
        found(partitions, |part| {
            self.0.first(&POSITION, (source, part), |row| {
                Ok(Position { next: row.get(0)?, newest: Timestamp::from_millis(row.get(1)?) })
            })
        })
    }

    fn windows(&self, source: &str, producers: &BTreeSet<ProducerKey>) -> Result<BTreeMap<ProducerKey, Window>> {
        found(producers, |(part, producer)| {
            self.0.first(&WINDOW, (source, part, producer.to_be_bytes()), |row| {
                Ok(Window::stored(row.get(0)?, row.get_ref(1)?.as_blob()?))
            })
        })
    }

    fn known_names(&self, names: &BTreeSet<NameHash>) -> Result<BTreeSet<NameHash>> {
        Ok(found(names, |name| self.0.first(&NAME, (name,), |_| Ok(())))?.into_keys().collect())
    }

    fn write(&self, source: &str, news: &News<'_>) -> Result<()> {
        let seen = news.seen;
        self.0.execute_each(
            &SET_POSITION,
            news.positions.iter().map(|(part, at)| (source, part, at.next, at.newest.as_millis())),
        )?;
        self.0.execute_each(
            &SET_WINDOW,
            news.windows.iter().map(|((part, producer), window)| {
                (source, part, producer.to_be_bytes(), window.highest(), window.bytes(), seen)
            }),
        )?;
        self.0.execute_each(&ADD_NAME, news.names.iter().map(|name| (name, seen)))?;
        self.0.execute_each(
            &PUT_ASIDE,
            news.aside.iter().map(|aside| (source, aside.partition, aside.offset, seen, aside.reason, aside.record)),
        )?;
        self.0.execute_each(
            &ADD_CALLS,
            news.tally.calls().iter().map(|(row, calls)| {
                (row.time.width, row.time.start, row.endpoint, row.method, row.status, row.bucket, *calls)
            }),
        )?;
        self.0.execute_each(
            &ADD_CALLERS,
            news.tally.callers().iter().map(|(row, calls)| {
                (row.time.width, row.time.start, row.endpoint, row.method, row.status, row.caller, *calls)
            }),
        )?;
        self.0.execute_each(
            &ADD_COUNTS,
            news.tally.others().iter().map(|(row, calls)| (row.time.width, row.time.start, row.kind, *calls)),
        )
    }
}

/// What is found of the keys.
fn found<K: Copy + Ord, V>(keys: &BTreeSet<K>, find: impl Fn(K) -> Result<Option<V>>) -> Result<BTreeMap<K, V>> {
    keys.iter().filter_map(|key| find(*key).map(|value| Some((*key, value?))).transpose()).collect()
}

pub(super) fn add(sql: &Sql<'_>, source: &str, events: &[Arrived], now: Timestamp) -> Result<Counted> {
    count(&SqliteLedger(sql), source, events, now)
}

pub(super) fn calls(sql: &Sql<'_>, period: Period) -> Result<CallStatistics> {
    let Period { width, first, end, step, log_in_first, .. } = period;
    let time = (width, first, end);
    Ok(CallStatistics {
        by_step: sql.all(&sql::BY_STEP, (step, width, first, end), |row| {
            Ok((row.get(0)?, class(row, 1)?, row.get(2)?, row.get(3)?))
        })?,
        by_route: sql.all(&sql::BY_ROUTE, time, |row| Ok((route(row)?, class(row, 2)?, row.get(3)?, row.get(4)?)))?,
        users_by_route: sql.all(&sql::USERS_BY_ROUTE, time, |row| Ok((route(row)?, row.get(2)?)))?,
        by_user: sql.all(&sql::BY_USER, time, |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)))?,
        users: sql.first(&sql::USERS, time, |row| row.get(0))?.unwrap_or_default(),
        ..kinds(
            period,
            sql.all(&sql::COUNTS, (step, width, first.min(log_in_first), end), |row| {
                Ok((row.get(0)?, row.get(1)?, row.get(2)?))
            })?,
        )
    })
}

fn route(row: &Row<'_>) -> Result<RouteName> {
    Ok(RouteName { endpoint: row.get(0)?, method: row.get(1)? })
}

fn class(row: &Row<'_>, at: usize) -> Result<u8> {
    Ok(u8::try_from(row.get::<_, i64>(at)? / 100).unwrap_or_default())
}

pub(super) fn forget(sql: &Sql<'_>, minutes_before: i64, all_before: i64) -> Result<()> {
    for statement in &sql::FORGET {
        sql.execute(statement, (1, minutes_before))?;
        sql.execute(statement, (60, all_before))?;
    }
    sql::FORGET_EVENTS.iter().try_for_each(|statement| sql.execute(statement, (all_before,)).map(drop))?;
    sql.execute(&sql::FORGET_ASIDE, ()).map(drop)
}
