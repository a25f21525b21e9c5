use super::sql::{ManyRows, Result, Sql, bytes, int, placeholders, text};
use super::transaction::{begin, commit};
use crate::statement::Statement;
use crate::statistics::{Ledger, NameHash, News, Position, ProducerKey, Window, count, kinds, sql};
use board::ports::{Arrived, CallStatistics, Counted, Period, RouteName};
use model::Timestamp;
use mysql::{Error, Params, Row, Value};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::LazyLock;

const READ_COMMITTED: Statement =
    Statement::without_table("SET TRANSACTION", "SET TRANSACTION ISOLATION LEVEL READ COMMITTED");
const POSITION: Statement = Statement::new(
    "SELECT event_positions",
    "SELECT next, newest FROM event_positions WHERE source = ? AND part = ? FOR UPDATE",
);
const NEW_POSITION: Statement = Statement::new(
    "INSERT event_positions",
    "INSERT IGNORE INTO event_positions (source, part, next, newest) VALUES (?, ?, 0, 0)",
);
const SET_POSITION: Statement = Statement::new(
    "UPDATE event_positions",
    "UPDATE event_positions SET next = ?, newest = ? WHERE source = ? AND part = ?",
);
const WINDOW: Statement = Statement::new(
    "SELECT event_producers",
    "SELECT highest, counted FROM event_producers WHERE source = ? AND part = ? AND producer = ?",
);
static NAMES: LazyLock<ManyRows> = LazyLock::new(|| {
    ManyRows::new("SELECT event_names", |rows| {
        format!("SELECT name FROM event_names WHERE name IN ({})", placeholders(rows, "?"))
    })
});
const REPLACES: &str =
    " ON DUPLICATE KEY UPDATE highest = VALUES(highest), counted = VALUES(counted), seen = VALUES(seen)";
static SET_WINDOWS: LazyLock<ManyRows> = LazyLock::new(|| {
    inserts("INSERT event_producers", &["source", "part", "producer", "highest", "counted", "seen"], REPLACES)
});
static ADD_NAMES: LazyLock<ManyRows> = LazyLock::new(|| inserts("INSERT event_names", &["name", "seen"], ""));
static PUT_ASIDE: LazyLock<ManyRows> =
    LazyLock::new(|| inserts("INSERT events_aside", &["source", "part", "place", "seen", "reason", "record"], ""));
const ADDS_UP: &str = " ON DUPLICATE KEY UPDATE calls = calls + VALUES(calls)";
static ADD_CALLS: LazyLock<ManyRows> = LazyLock::new(|| {
    let columns = ["width", "start", "endpoint", "method", "status", "bucket", "calls"];
    inserts("INSERT api_calls", &columns, ADDS_UP)
});
static ADD_CALLERS: LazyLock<ManyRows> = LazyLock::new(|| {
    let columns = ["width", "start", "endpoint", "method", "status", "caller", "calls"];
    inserts("INSERT api_callers", &columns, ADDS_UP)
});
static ADD_COUNTS: LazyLock<ManyRows> =
    LazyLock::new(|| inserts("INSERT api_counts", &["width", "start", "kind", "calls"], ADDS_UP));

/// `summary` names the table.
fn inserts(summary: &'static str, columns: &[&str], on_duplicate: &'static str) -> ManyRows {
    let table = summary.split(' ').next_back().unwrap_or_default();
    let row = format!("({})", placeholders(columns.len(), "?"));
    ManyRows::new(summary, |rows| {
        let (columns, rows) = (columns.join(", "), placeholders(rows, &row));
        format!("INSERT INTO {table} ({columns}) VALUES {rows}{on_duplicate}")
    })
}

struct MariaLedger<'a, 'c>(&'a Sql<'c>);

impl Ledger for MariaLedger<'_, '_> {
    type Error = Error;

    fn positions(&self, source: &str, partitions: &BTreeSet<i32>) -> Result<BTreeMap<i32, Position>> {
        let mut positions = BTreeMap::new();
        for part in partitions {
            let row = match self.0.first(&POSITION, (source, part))? {
                Some(row) => Some(row),
                None => {
                    self.0.execute(&NEW_POSITION, (source, part))?;
                    self.0.first(&POSITION, (source, part))?
                }
            };
            let number = |at| row.as_ref().and_then(|row| int(row, at)).unwrap_or_default();
            positions.insert(*part, Position { next: number(0), newest: Timestamp::from_millis(number(1)) });
        }
        Ok(positions)
    }

    fn windows(&self, source: &str, producers: &BTreeSet<ProducerKey>) -> Result<BTreeMap<ProducerKey, Window>> {
        let mut windows = BTreeMap::new();
        for key @ (part, producer) in producers {
            let row = self.0.first(&WINDOW, (source, part, &producer.to_be_bytes()[..]))?;
            let window = row.and_then(|row| {
                let highest = u64::try_from(int(&row, 0)?).ok()?;
                Some(Window::stored(highest, bytes(&row, 1)?))
            });
            windows.extend(window.map(|window| (*key, window)));
        }
        Ok(windows)
    }

    fn known_names(&self, names: &BTreeSet<NameHash>) -> Result<BTreeSet<NameHash>> {
        let mut known = BTreeSet::new();
        let rows: Vec<[Value; 1]> = names.iter().map(|name| [name.as_slice().into()]).collect();
        self.0.each_of_many(&NAMES, &rows, |row| {
            known.extend(bytes(row, 0).and_then(|name| NameHash::try_from(name).ok()))
        })?;
        Ok(known)
    }

    fn write(&self, source: &str, news: &News<'_>) -> Result<()> {
        let (sql, seen) = (self.0, news.seen);
        for (part, at) in &news.positions {
            sql.execute(&SET_POSITION, (at.next, at.newest.as_millis(), source, part))?;
        }
        let windows = news.windows.iter().map(|((part, producer), window)| -> [Value; 6] {
            let producer = producer.to_be_bytes().to_vec();
            [source.into(), part.into(), producer.into(), window.highest().into(), window.bytes().into(), seen.into()]
        });
        sql.execute_many(&SET_WINDOWS, &windows.collect::<Vec<_>>())?;
        let names = news.names.iter().map(|name| -> [Value; 2] { [name.as_slice().into(), seen.into()] });
        sql.execute_many(&ADD_NAMES, &names.collect::<Vec<_>>())?;
        let aside = news.aside.iter().map(|aside| -> [Value; 6] {
            let (part, place) = (aside.partition.into(), aside.offset.into());
            [source.into(), part, place, seen.into(), aside.reason.into(), aside.record.into()]
        });
        sql.execute_many(&PUT_ASIDE, &aside.collect::<Vec<_>>())?;
        let calls = news.tally.calls();
        let calls = calls.iter().map(|(row, calls)| -> [Value; 7] {
            let (width, start) = (row.time.width.into(), row.time.start.into());
            let (endpoint, method) = (row.endpoint.into(), row.method.into());
            [width, start, endpoint, method, row.status.into(), row.bucket.into(), calls.into()]
        });
        sql.execute_many(&ADD_CALLS, &calls.collect::<Vec<_>>())?;
        let callers = news.tally.callers();
        let callers = callers.iter().map(|(row, calls)| -> [Value; 7] {
            let (width, start) = (row.time.width.into(), row.time.start.into());
            let (endpoint, method) = (row.endpoint.into(), row.method.into());
            [width, start, endpoint, method, row.status.into(), row.caller.into(), calls.into()]
        });
        sql.execute_many(&ADD_CALLERS, &callers.collect::<Vec<_>>())?;
        let others = news.tally.others();
        let others = others.iter().map(|(row, calls)| -> [Value; 4] {
            [row.time.width.into(), row.time.start.into(), row.kind.into(), calls.into()]
        });
        sql.execute_many(&ADD_COUNTS, &others.collect::<Vec<_>>())
    }
}

pub(super) fn add(sql: &Sql<'_>, source: &str, events: &[Arrived], now: Timestamp) -> Result<Counted> {
    // What is read of others' rows is read as it is now: the rows of the partitions are locked.
    sql.execute(&READ_COMMITTED, ())?;
    begin(sql)?;
    let counted = count(&MariaLedger(sql), source, events, now)?;
    commit(sql)?;
    Ok(counted)
}

pub(super) fn calls(sql: &Sql<'_>, period: Period) -> Result<CallStatistics> {
    let Period { width, first, end, step, log_in_first, .. } = period;
    let time = (width, first, end);
    let number = |row: &Row, at| int(row, at).unwrap_or_default();
    let calls = |row: &Row, at| u64::try_from(number(row, at)).unwrap_or_default();
    let class = |row: &Row, at| u8::try_from(number(row, at) / 100).unwrap_or_default();
    let bucket = |row: &Row, at| i16::try_from(number(row, at)).unwrap_or_default();
    let words = |row: &Row, at| text(row, at).unwrap_or_default().to_owned();
    let route = |row: &Row| RouteName { endpoint: words(row, 0), method: words(row, 1) };
    Ok(CallStatistics {
        by_step: sql.all(&sql::BY_STEP, (step, width, first, end), |row| {
            (number(row, 0), class(row, 1), bucket(row, 2), calls(row, 3))
        })?,
        by_route: sql.all(&sql::BY_ROUTE, time, |row| (route(row), class(row, 2), bucket(row, 3), calls(row, 4)))?,
        users_by_route: sql.all(&sql::USERS_BY_ROUTE, time, |row| (route(row), calls(row, 2)))?,
        by_user: sql.all(&sql::BY_USER, time, |row| (words(row, 0), calls(row, 1), number(row, 2)))?,
        users: sql.first(&sql::USERS, time)?.map(|row| calls(&row, 0)).unwrap_or_default(),
        ..kinds(
            period,
            sql.all(&sql::COUNTS, (step, width, first.min(log_in_first), end), |row| {
                (number(row, 0), words(row, 1), calls(row, 2))
            })?,
        )
    })
}

pub(super) fn forget(sql: &Sql<'_>, minutes_before: i64, all_before: i64) -> Result<()> {
    for statement in &*FORGET_SOME {
        all_of(sql, statement, (1, minutes_before))?;
        all_of(sql, statement, (60, all_before))?;
    }
    FORGET_SOME_EVENTS.iter().try_for_each(|statement| all_of(sql, statement, (all_before,)))?;
    sql.execute(&sql::FORGET_ASIDE, ()).map(drop)
}

/// Deletes a few at a time: others wait for the locks.
fn all_of(sql: &Sql<'_>, statement: &Statement, params: impl Into<Params> + Clone) -> Result<()> {
    while sql.execute(statement, params.clone())? == AT_ONCE {}
    Ok(())
}

const AT_ONCE: u64 = 5_000;
static FORGET_SOME: LazyLock<[Statement; 3]> = LazyLock::new(|| sql::FORGET.each_ref().map(bounded));
static FORGET_SOME_EVENTS: LazyLock<[Statement; 3]> = LazyLock::new(|| sql::FORGET_EVENTS.each_ref().map(bounded));

fn bounded(statement: &Statement) -> Statement {
    Statement::made(statement.summary(), format!("{} LIMIT {AT_ONCE}", statement.text()))
}
