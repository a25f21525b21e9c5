//! Messages and samples: adding and deleting rows.

use super::sql::Sql;
use crate::counts::CountChanges;
use crate::statement::Statement;
use crate::{row, search};
use board::ports::Deleted;
use model::{Message, Timestamp};
use rusqlite::Row;
use std::ops::ControlFlow;

const ADD: Statement = Statement::new(
    "INSERT messages",
    "INSERT INTO messages (message, created_at, user_id, author_key, sample) VALUES (?1, ?2, ?3, ?4, ?5)",
);
const DELETE: Statement =
    Statement::new("DELETE messages", "DELETE FROM messages WHERE id = ?1 AND author_key = ?2 RETURNING sample");
const IS_THERE: Statement = Statement::new("SELECT messages", "SELECT 1 FROM messages WHERE id = ?1");
const DELETE_SAMPLES: Statement = Statement::new(
    "DELETE messages",
    "DELETE FROM messages WHERE id IN (SELECT id FROM messages WHERE sample = 1 ORDER BY author_key, id LIMIT ?1) RETURNING id, author_key",
);
const DELETE_SAMPLES_OF_AUTHOR: Statement = Statement::new(
    "DELETE messages",
    "DELETE FROM messages WHERE id IN (SELECT id FROM messages WHERE sample = 1 AND author_key = ?2 ORDER BY id LIMIT ?1) RETURNING id, author_key",
);
const COUNT_SAMPLES: Statement =
    Statement::new("SELECT sample_counts", "SELECT coalesce(sum(n), 0) FROM sample_counts");
const COUNT_SAMPLES_OF_AUTHOR: Statement =
    Statement::new("SELECT sample_counts", "SELECT coalesce(sum(n), 0) FROM sample_counts WHERE author_key = ?1");

/// Who writes: the name as registered, and its key.
pub(super) struct Author {
    pub(super) name: String,
    pub(super) key: String,
}

pub(super) fn add(
    sql: &Sql<'_>,
    counts: &mut CountChanges,
    author: &Author,
    text: &str,
    now: Timestamp,
) -> rusqlite::Result<Message> {
    sql.execute(&ADD, (text, now.as_millis(), &author.name, &author.key, 0))?;
    let id = sql.last_insert_id();
    counts.message(id, Some(&author.key), false, 1);
    Ok(Message { id, text: Some(text.to_owned()), created_at: Some(now), author: Some(author.name.clone()) })
}

pub(super) fn delete(sql: &Sql<'_>, counts: &mut CountChanges, id: i64, author_key: &str) -> rusqlite::Result<Deleted> {
    if let Some(sample) = sql.first(&DELETE, (id, author_key), |row| row.get(0))? {
        counts.message(id, Some(author_key), sample, -1);
        search::forget(sql, vec![id])?;
        return Ok(Deleted::Yes);
    }
    let there = sql.first(&IS_THERE, [id], |_| Ok(()))?;
    Ok(there.map_or(Deleted::NotThere, |()| Deleted::NotYours))
}

pub(super) fn add_samples(
    sql: &Sql<'_>,
    counts: &mut CountChanges,
    author: &Author,
    texts: &[String],
    now: Timestamp,
) -> rusqlite::Result<()> {
    let rows = texts.iter().map(|text| (text, now.as_millis(), &author.name, &author.key, 1));
    sql.execute_each(&ADD, rows)?;
    // The write lock is held and ids only grow: the new rows have the last ids, without gaps.
    let last = sql.last_insert_id();
    let count = i64::try_from(texts.len()).unwrap_or(i64::MAX);
    (last - count + 1..=last).for_each(|id| counts.message(id, Some(&author.key), true, 1));
    Ok(())
}

pub(super) fn delete_samples(
    sql: &Sql<'_>,
    counts: &mut CountChanges,
    author_key: Option<&str>,
    limit: u32,
) -> rusqlite::Result<u64> {
    let mut ids = Vec::new();
    let forget = |row: &Row<'_>| {
        let id = row.get(0)?;
        counts.message(id, row.get_ref(1)?.as_str_or_null()?, true, -1);
        ids.push(id);
        Ok(ControlFlow::Continue(()))
    };
    match author_key {
        Some(key) => sql.each(&DELETE_SAMPLES_OF_AUTHOR, (limit, key), forget)?,
        None => sql.each(&DELETE_SAMPLES, [limit], forget)?,
    }
    let count = ids.len() as u64;
    search::forget(sql, ids)?;
    Ok(count)
}

pub(super) fn count_samples(sql: &Sql<'_>, author_key: Option<&str>) -> rusqlite::Result<u64> {
    let count = |row: &Row<'_>| row.get::<_, u64>(0);
    let found = match author_key {
        Some(key) => sql.first(&COUNT_SAMPLES_OF_AUTHOR, [key], count)?,
        None => sql.first(&COUNT_SAMPLES, (), count)?,
    };
    Ok(found.unwrap_or_default())
}

/// Reads `id, message, created_at, user_id`.
pub(super) fn row<'r>(row: &'r Row<'_>) -> rusqlite::Result<row::Row<'r>> {
    let created_at: Option<i64> = row.get(2)?;
    Ok(row::Row {
        id: row.get(0)?,
        text: row.get_ref(1)?.as_str_or_null()?,
        created_at: created_at.map(Timestamp::from_millis),
        author: row.get_ref(3)?.as_str_or_null()?,
    })
}

pub(super) fn read(row: &Row<'_>) -> rusqlite::Result<Message> {
    Ok(self::row(row)?.message())
}
