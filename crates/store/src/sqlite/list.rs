//! Lists, newest first. A page far back is found by skipping whole blocks of ids by their counts.

use super::messages;
use super::sql::Sql;
use crate::counts::{BlockCounts, EVERYONE, Start, TOTAL_SHIFT};
use crate::statement::Statement;
use model::{Message, MessagePage, PageRequest, Pagination};
use std::ops::ControlFlow;

const TOTAL: Statement = Statement::new(
    "SELECT message_counts",
    "SELECT n FROM message_counts WHERE owner = ?1 AND shift = ?2 AND block = 0",
);
const BLOCKS: Statement = Statement::new(
    "SELECT message_counts",
    "SELECT block, n FROM message_counts WHERE owner = ?1 AND shift = ?2 AND block BETWEEN ?3 AND ?4 ORDER BY block DESC",
);
const EVERYONES: Statement = Statement::new(
    "SELECT messages",
    "SELECT id, message, created_at, user_id FROM messages WHERE id <= ?1 ORDER BY id DESC LIMIT ?2 OFFSET ?3",
);
const AUTHORS: Statement = Statement::new(
    "SELECT messages",
    "SELECT id, message, created_at, user_id FROM messages \
     WHERE author_key = ?4 AND id <= ?1 ORDER BY id DESC LIMIT ?2 OFFSET ?3",
);

/// Everyone's messages, or one author's.
pub(super) fn page(sql: &Sql<'_>, author_key: Option<&str>, page: PageRequest) -> rusqlite::Result<MessagePage> {
    let owner = author_key.unwrap_or(EVERYONE);
    let total: u64 = sql.first(&TOTAL, (owner, TOTAL_SHIFT), |row| row.get(0))?.unwrap_or_default();
    let messages = if page.offset() < total { rows(sql, author_key, page)? } else { Vec::new() };
    Ok(MessagePage { messages, pagination: Pagination::new(page, total) })
}

fn rows(sql: &Sql<'_>, author_key: Option<&str>, page: PageRequest) -> rusqlite::Result<Vec<Message>> {
    let start = Start::after(sql, author_key.unwrap_or(EVERYONE), page.offset())?;
    match author_key {
        Some(key) => sql.all(&AUTHORS, (start.newest, page.limit(), start.skip, key), messages::read),
        None => sql.all(&EVERYONES, (start.newest, page.limit(), start.skip), messages::read),
    }
}

impl BlockCounts for Sql<'_> {
    type Error = rusqlite::Error;

    fn each_block(
        &self,
        owner: &str,
        shift: u32,
        (first, last): (i64, i64),
        mut take: impl FnMut(i64, u64) -> ControlFlow<()>,
    ) -> rusqlite::Result<()> {
        self.each(&BLOCKS, (owner, shift, first, last), |row| Ok(take(row.get(0)?, row.get(1)?)))
    }
}
