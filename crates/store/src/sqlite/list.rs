//! Lists, newest first. A page far back is found by skipping whole blocks of ids by their counts.

use super::counts::{BLOCK_SHIFTS, EVERYONE, TOTAL_SHIFT};
use super::messages;
use super::statement::{Sql, Statement};
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
    let start = skip_blocks(sql, author_key.unwrap_or(EVERYONE), page.offset())?;
    match author_key {
        Some(key) => sql.all(&AUTHORS, (start.newest, page.limit(), start.skip, key), messages::read),
        None => sql.all(&EVERYONES, (start.newest, page.limit(), start.skip), messages::read),
    }
}

/// Where a page starts: `skip` rows below the id `newest`.
struct Start {
    newest: i64,
    skip: u64,
}

fn skip_blocks(sql: &Sql<'_>, owner: &str, offset: u64) -> rusqlite::Result<Start> {
    let mut start = Start { newest: i64::MAX, skip: offset };
    let mut within = (0, i64::MAX);
    for shift in BLOCK_SHIFTS {
        // A few rows are skipped more cheaply than their blocks are read.
        if start.skip < 1 << BLOCK_SHIFTS[2] {
            break;
        }
        let mut found = None;
        sql.each(&BLOCKS, (owner, shift, within.0 >> shift, within.1 >> shift), |row| {
            let (block, rows): (i64, u64) = (row.get(0)?, row.get(1)?);
            if rows > start.skip {
                found = Some(block);
                return Ok(ControlFlow::Break(()));
            }
            start.skip -= rows;
            Ok(ControlFlow::Continue(()))
        })?;
        // No block holds the row: the page is past the end.
        let Some(block) = found else { break };
        within = (block << shift, ((block + 1) << shift) - 1);
        start.newest = within.1;
    }
    Ok(start)
}
