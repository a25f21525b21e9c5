//! Messages and samples: rows of them, adding, deleting and counting. Posts are stored in groups (group.rs).

use super::counts;
use super::search;
use super::sql::{ManyRows, Result, Sql, datetime, int, placeholders, text};
use super::transaction::{begin_with_total, commit};
use crate::counts::CountChanges;
use crate::row::Row;
use crate::statement::Statement;
use board::ports::Deleted;
use model::Timestamp;
use mysql::Value;
use std::sync::LazyLock;

static ADD_SAMPLES: LazyLock<ManyRows> =
    LazyLock::new(|| ManyRows::new("INSERT messages", |rows| insert(rows, true) + " RETURNING id"));
const DELETE: Statement =
    Statement::new("DELETE messages", "DELETE FROM messages WHERE id = ? AND author_key = ? RETURNING sample");
const IS_THERE: Statement = Statement::new("SELECT messages", "SELECT 1 FROM messages WHERE id = ?");
const DELETE_SAMPLES: Statement = Statement::new(
    "DELETE messages",
    "DELETE FROM messages WHERE sample = 1 ORDER BY id LIMIT ? RETURNING id, author_key",
);
const DELETE_SAMPLES_OF_AUTHOR: Statement = Statement::new(
    "DELETE messages",
    "DELETE FROM messages WHERE author_key = ? AND sample = 1 ORDER BY id LIMIT ? RETURNING id, author_key",
);
const COUNT_SAMPLES: Statement =
    Statement::new("SELECT sample_counts", "SELECT CAST(coalesce(sum(n), 0) AS SIGNED) FROM sample_counts");
const COUNT_SAMPLES_OF_AUTHOR: Statement =
    Statement::new("SELECT sample_counts", "SELECT n FROM sample_counts WHERE author_key = ?");

/// Who writes: the name as registered, and its key.
#[derive(Debug, Clone)]
pub(super) struct Author {
    pub(super) name: String,
    pub(super) key: String,
}

/// The statement that stores so many rows.
pub(super) fn insert(rows: usize, sample: bool) -> String {
    let row = if sample { "(?, ?, ?, ?, 1)" } else { "(?, ?, ?, ?, 0)" };
    let rows = placeholders(rows, row);
    format!("INSERT INTO messages (message, created_at, user_id, author_key, sample) VALUES {rows}")
}

/// The parameters of a row of [`insert`].
pub(super) fn row(author: &Author, text: &str, now: Timestamp) -> [Value; 4] {
    [text.into(), datetime(now), author.name.as_str().into(), author.key.as_str().into()]
}

/// What [`read`] reads.
macro_rules! columns {
    () => {
        "id, message, TIMESTAMPDIFF(MICROSECOND, '1970-01-01', created_at) DIV 1000, user_id"
    };
}
pub(super) use columns;

pub(super) fn read(row: &mysql::Row) -> Row<'_> {
    Row {
        id: int(row, 0).unwrap_or_default(),
        text: text(row, 1),
        created_at: int(row, 2).map(Timestamp::from_millis),
        author: text(row, 3),
    }
}

pub(super) fn delete(sql: &Sql<'_>, id: i64, author_key: &str) -> Result<Deleted> {
    begin_with_total(sql)?;
    let deleted = match sql.first(&DELETE, (id, author_key))? {
        Some(row) => {
            let mut changes = CountChanges::default();
            changes.message(id, Some(author_key), int(&row, 0) == Some(1), -1);
            search::gone(sql, &[id])?;
            counts::write(sql, &changes)?;
            Deleted::Yes
        }
        None if sql.first(&IS_THERE, (id,))?.is_some() => Deleted::NotYours,
        None => Deleted::NotThere,
    };
    commit(sql)?;
    Ok(deleted)
}

pub(super) fn add_samples(sql: &Sql<'_>, author: &Author, texts: &[String], now: Timestamp) -> Result<()> {
    begin_with_total(sql)?;
    let rows: Vec<_> = texts.iter().map(|text| row(author, text, now)).collect();
    let mut changes = CountChanges::default();
    sql.each_of_many(&ADD_SAMPLES, &rows, |row| {
        if let Some(id) = int(row, 0) {
            changes.message(id, Some(&author.key), true, 1);
        }
    })?;
    counts::write(sql, &changes)?;
    commit(sql)
}

pub(super) fn delete_samples(sql: &Sql<'_>, author_key: Option<&str>, limit: u32) -> Result<u64> {
    begin_with_total(sql)?;
    let (statement, params) = match author_key {
        Some(key) => (&DELETE_SAMPLES_OF_AUTHOR, vec![Value::from(key), limit.into()]),
        None => (&DELETE_SAMPLES, vec![limit.into()]),
    };
    let (mut ids, mut changes) = (Vec::new(), CountChanges::default());
    sql.each(statement, params, |row| {
        if let Some(id) = int(row, 0) {
            changes.message(id, text(row, 1), true, -1);
            ids.push(id);
        }
        std::ops::ControlFlow::Continue(())
    })?;
    search::gone(sql, &ids)?;
    counts::write(sql, &changes)?;
    commit(sql)?;
    Ok(ids.len() as u64)
}

pub(super) fn count_samples(sql: &Sql<'_>, author_key: Option<&str>) -> Result<u64> {
    let row = match author_key {
        Some(key) => sql.first(&COUNT_SAMPLES_OF_AUTHOR, (key,))?,
        None => sql.first(&COUNT_SAMPLES, ())?,
    };
    let count = row.and_then(|row| int(&row, 0)).unwrap_or_default();
    Ok(u64::try_from(count).unwrap_or_default())
}
