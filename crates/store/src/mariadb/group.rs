//! A group of posts as one statement: it locks the total, stores the messages and their counts, and commits, in one round
//! trip. As four statements it takes half as long again, most of it for waking the two threads that wait for each other.

use super::counts;
use super::messages::{Author, insert, row};
use super::sql::{Result, Sql, int};
use super::transaction::commit;
use crate::counts::{BLOCK_SHIFTS, CountChanges, counted_alike};
use crate::statement::{Callers, Statement};
use model::Timestamp;
use mysql::prelude::Queryable;
use mysql::{Conn, DriverError, Value};
use std::collections::HashMap;
use std::time::{Duration, Instant};

/// A connection that was used this long ago may have died.
const IDLE: Duration = Duration::from_secs(1);

/// Statements are made for so many rows of counts: those of everyone, and of 1, 2, 4, 8... authors whose messages are in one
/// block.
const fn padded(counts: usize) -> usize {
    const OF_ONE: usize = 1 + BLOCK_SHIFTS.len();
    OF_ONE * (1 + (counts.div_ceil(OF_ONE) - 1).next_power_of_two())
}

/// A message to be stored.
pub(super) struct NewMessage<'p> {
    pub(super) author: &'p Author,
    pub(super) text: &'p str,
    pub(super) now: Timestamp,
}

/// A connection without `autocommit`, which stores groups.
pub(super) struct Groups {
    connection: Conn,
    used: Instant,
    /// The next message's id, if no other process stores one before.
    next: i64,
    /// The ids of one INSERT are so far apart.
    step: i64,
    /// By their numbers of messages and of counts.
    statements: HashMap<(usize, usize), (Statement, Option<mysql::Statement>)>,
}

impl Groups {
    pub(super) fn new(mut connection: Conn) -> Result<Self> {
        // A statement that takes longer than anybody waits for it is undone.
        connection.query_drop("SET autocommit = 0, max_statement_time = 1.6")?;
        let step = connection.query_first("SELECT @@auto_increment_increment")?.unwrap_or(1);
        let last: Option<i64> = connection.query_first("SELECT coalesce(max(id), 0) FROM messages")?;
        connection.query_drop("COMMIT")?;
        Ok(Self {
            connection,
            used: Instant::now(),
            next: last.unwrap_or_default() + step,
            step,
            statements: HashMap::new(),
        })
    }

    /// Whether the server has been there lately, or is: nobody knows what became of a group that was sent on a connection that
    /// had died while it was idle.
    pub(super) fn are_alive(&mut self) -> bool {
        self.used.elapsed() < IDLE || self.connection.ping().is_ok()
    }

    /// Stores the messages and commits; their ids, in the same order. After an error the connection is of no use: once it is
    /// gone, the server undoes what was not committed.
    pub(super) fn store(&mut self, callers: Callers, messages: &[NewMessage<'_>]) -> Result<Vec<i64>> {
        let many = messages.len() as i64;
        let (expected, step) = (self.next, self.step);
        let ids = |first: i64| (0..many).map(move |n| first + n * step);
        let mut counts = counts::rows(&changes([(ids(expected), 1)], messages));
        counts.resize_with(padded(counts.len()), counts::no_change);
        let (low, high) = counted_alike(expected, expected + (many - 1) * step);

        let kind = (messages.len(), counts.len());
        let (statement, prepared) = self.statements.entry(kind).or_insert_with(|| (statement(kind), None));
        let mut params: Vec<Value> = Vec::with_capacity(4 * counts.len() + 4 * messages.len() + 3);
        params.extend(counts.into_iter().flatten());
        params.extend(messages.iter().flat_map(|message| row(message.author, message.text, message.now)));
        params.extend([expected.into(), low.into(), high.into()]);

        let sql = Sql::new(&mut self.connection, callers);
        let mut first = expected;
        if let Some(other) = sql.first_of_many(statement, prepared, messages.len(), params)? {
            let (Some(other), Some(is_open)) = (int(&other, 0), int(&other, 1)) else {
                return Err(DriverError::UnexpectedPacket.into());
            };
            first = other;
            if is_open != 0 {
                counts::write(&sql, &changes([(ids(expected), -1), (ids(first), 1)], messages))?;
                commit(&sql)?;
            }
        }
        self.next = first + many * step;
        self.used = Instant::now();
        Ok(ids(first).collect())
    }
}

/// What the messages change about the counts, added or taken away under these ids.
fn changes<const N: usize>(under: [(impl Iterator<Item = i64>, i64); N], messages: &[NewMessage<'_>]) -> CountChanges {
    let mut changes = CountChanges::default();
    for (ids, by) in under {
        ids.zip(messages).for_each(|(id, message)| changes.message(id, Some(&message.author.key), false, by));
    }
    changes
}

/// Counts first, which locks the total, as the ids are expected to be. When they are, it commits and answers without a row. When
/// they are others, it answers with the first, and commits if nothing has to be counted elsewhere; if not, the transaction is
/// open still.
fn statement((messages, counts): (usize, usize)) -> Statement {
    let text = |messages, counts| {
        let (counts, messages) = (counts::change_messages(counts), insert(messages, false));
        format!(
            "BEGIN NOT ATOMIC \
                {counts}; \
                {messages}; \
                IF LAST_INSERT_ID() = ? THEN COMMIT; \
                ELSE \
                    IF LAST_INSERT_ID() BETWEEN ? AND ? THEN COMMIT; END IF; \
                    SELECT LAST_INSERT_ID(), @@in_transaction; \
                END IF; \
            END"
        )
    };
    Statement::made("INSERT messages", text(messages, counts)).over_rows(text(1, 1))
}
