//! Lists, newest first.

use super::messages::{self, columns};
use super::sql::{Result, Sql, int};
use super::transaction::snapshot;
use crate::counts::{BlockCounts, EVERYONE, Start, TOTAL_SHIFT};
use crate::statement::Statement;
use model::{Message, MessagePage, PageRequest, Pagination};
use std::ops::ControlFlow;

const TOTAL: Statement =
    Statement::new("SELECT message_counts", "SELECT n FROM message_counts WHERE owner = ? AND shift = ? AND block = 0");
const BLOCKS: Statement = Statement::new(
    "SELECT message_counts",
    "SELECT block, n FROM message_counts WHERE owner = ? AND shift = ? AND block BETWEEN ? AND ? ORDER BY block DESC",
);
const EVERYONES: Statement = Statement::new(
    "SELECT messages",
    concat!("SELECT ", columns!(), " FROM messages WHERE id <= ? ORDER BY id DESC LIMIT ? OFFSET ?"),
);
const AUTHORS: Statement = Statement::new(
    "SELECT messages",
    concat!("SELECT ", columns!(), " FROM messages WHERE author_key = ? AND id <= ? ORDER BY id DESC LIMIT ? OFFSET ?"),
);

/// The same with the total, for pages near the newest: one statement sees one state, and costs one round trip.
const EVERYONES_WITH_TOTAL: Statement = Statement::new(
    "SELECT messages",
    concat!(
        "SELECT ",
        columns!(),
        ", (SELECT n FROM message_counts WHERE owner = ? AND shift = ? AND block = 0)",
        " FROM messages ORDER BY id DESC LIMIT ? OFFSET ?"
    ),
);
const AUTHORS_WITH_TOTAL: Statement = Statement::new(
    "SELECT messages",
    concat!(
        "SELECT ",
        columns!(),
        ", (SELECT n FROM message_counts WHERE owner = ? AND shift = ? AND block = 0)",
        " FROM messages WHERE author_key = ? ORDER BY id DESC LIMIT ? OFFSET ?"
    ),
);

/// Everyone's messages, or one author's.
pub(super) fn page(sql: &Sql<'_>, author_key: Option<&str>, page: PageRequest) -> Result<MessagePage> {
    if Start::is_near(page.offset())
        && let Some(near) = near_page(sql, author_key, page)?
    {
        return Ok(near);
    }
    snapshot(sql, || {
        let owner = author_key.unwrap_or(EVERYONE);
        let total = sql.first(&TOTAL, (owner, TOTAL_SHIFT))?.and_then(|row| int(&row, 0)).unwrap_or_default();
        let total = u64::try_from(total).unwrap_or_default();
        let messages = if page.offset() < total { rows(sql, author_key, page)? } else { Vec::new() };
        Ok(MessagePage { messages, pagination: Pagination::new(page, total) })
    })
}

/// `None` when there is no row on it, which could tell the total.
fn near_page(sql: &Sql<'_>, author_key: Option<&str>, page: PageRequest) -> Result<Option<MessagePage>> {
    let (mut total, limit, offset) = (None, page.limit(), page.offset());
    let read = |row: &mysql::Row| {
        total = int(row, 4);
        messages::read(row).message()
    };
    let messages = match author_key {
        Some(key) => sql.all(&AUTHORS_WITH_TOTAL, (key, TOTAL_SHIFT, key, limit, offset), read)?,
        None => sql.all(&EVERYONES_WITH_TOTAL, (EVERYONE, TOTAL_SHIFT, limit, offset), read)?,
    };
    let total = total.and_then(|total| u64::try_from(total).ok());
    Ok(total.map(|total| MessagePage { messages, pagination: Pagination::new(page, total) }))
}

fn rows(sql: &Sql<'_>, author_key: Option<&str>, page: PageRequest) -> Result<Vec<Message>> {
    let start = Start::after(sql, author_key.unwrap_or(EVERYONE), page.offset())?;
    let read = |row: &mysql::Row| messages::read(row).message();
    match author_key {
        Some(key) => sql.all(&AUTHORS, (key, start.newest, page.limit(), start.skip), read),
        None => sql.all(&EVERYONES, (start.newest, page.limit(), start.skip), read),
    }
}

impl BlockCounts for Sql<'_> {
    type Error = mysql::Error;

    fn each_block(
        &self,
        owner: &str,
        shift: u32,
        (first, last): (i64, i64),
        mut take: impl FnMut(i64, u64) -> ControlFlow<()>,
    ) -> Result<()> {
        self.each(&BLOCKS, (owner, shift, first, last), |row| {
            let rows = int(row, 1).and_then(|rows| u64::try_from(rows).ok());
            take(int(row, 0).unwrap_or_default(), rows.unwrap_or_default())
        })
    }
}
