//! Lists, newest first.

use super::messages::{self, columns};
use super::snapshot;
use super::sql::{Result, Sql, int};
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

/// Everyone's messages, or one author's.
pub(super) fn page(sql: &Sql<'_>, author_key: Option<&str>, page: PageRequest) -> Result<MessagePage> {
    snapshot(sql, || {
        let owner = author_key.unwrap_or(EVERYONE);
        let total = sql.first(&TOTAL, (owner, TOTAL_SHIFT))?.and_then(|row| int(&row, 0)).unwrap_or_default();
        let total = u64::try_from(total).unwrap_or_default();
        let messages = if page.offset() < total { rows(sql, author_key, page)? } else { Vec::new() };
        Ok(MessagePage { messages, pagination: Pagination::new(page, total) })
    })
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
