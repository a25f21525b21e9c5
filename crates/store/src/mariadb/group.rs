//! A group of posts as one statement: it locks the total, stores the messages and their counts, and commits, in one round
//! trip. As four statements it takes half as long again, most of it for waking the two threads that wait for each other.

use super::counts;
use super::messages::{Author, insert, row};
use super::sql::{Result, Sql, int};
use super::transaction::commit;
use crate::counts::{BLOCK_SHIFTS, CountChanges};
use crate::statement::{Callers, Statement};
use model::Timestamp;
use mysql::prelude::Queryable;
use mysql::{Conn, Value};
use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::time::{Duration, Instant};

/// Statements are made for these numbers of messages, and for each smaller one.
const MANY: [usize; 5] = [256, 128, 64, 32, 16];
/// A connection that was used this long ago may have died.
const IDLE: Duration = Duration::from_secs(1);

/// How many of so many messages are stored together.
pub(super) fn size(waiting: usize) -> usize {
    MANY.into_iter().find(|many| *many <= waiting).unwrap_or(waiting)
}

/// Statements are made for so many rows of counts: those of one author whose messages are in one block, and powers of two.
const fn padded(counts: usize) -> usize {
    const ONE_AUTHOR: usize = 2 * (1 + BLOCK_SHIFTS.len()) - 1;
    if counts <= ONE_AUTHOR { ONE_AUTHOR } else { counts.next_power_of_two() }
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
    /// The next message's id, if no other process stores one before; 0: not known.
    next: i64,
    /// The ids of one INSERT are so far apart.
    step: i64,
    /// By their numbers of messages and of counts.
    statements: HashMap<(usize, usize), (Statement, mysql::Statement)>,
}

impl Groups {
    pub(super) fn new(mut connection: Conn) -> Result<Self> {
        connection.query_drop("SET autocommit = 0")?;
        let step = connection.query_first("SELECT @@auto_increment_increment")?.unwrap_or(1);
        Ok(Self { connection, used: Instant::now(), next: 0, step, statements: HashMap::new() })
    }

    /// Whether the server has been there lately, or is: nobody knows what became of a group that was sent on a connection that
    /// had died while it was idle.
    pub(super) fn are_alive(&mut self) -> bool {
        self.used.elapsed() < IDLE || self.connection.ping().is_ok()
    }

    /// Stores the messages, as many as [`size`] says, and commits; their ids, in the same order. After an error the
    /// connection is of no use: once it is gone, the server undoes what was not committed.
    pub(super) fn store(&mut self, callers: Callers, messages: &[NewMessage<'_>]) -> Result<Vec<i64>> {
        let mut counts = counts::below_total(&changes(self.next.., messages));
        // Adding nothing to the total pads the rows to one of a few numbers of them.
        counts.resize_with(padded(counts.len()), || counts::total(0));
        let sizes = (messages.len(), counts.len());
        let (statement, prepared) = match self.statements.entry(sizes) {
            Entry::Occupied(entry) => entry.into_mut(),
            Entry::Vacant(entry) => {
                let statement = statement(sizes);
                let prepared = self.connection.prep(statement.text())?;
                entry.insert((statement, prepared))
            }
        };

        let mut params: Vec<Value> = Vec::with_capacity(4 + 4 * sizes.0 + 1 + 4 * sizes.1);
        params.extend(counts::total(i64::try_from(messages.len()).unwrap_or(i64::MAX)));
        params.extend(messages.iter().flat_map(|message| row(message.author, message.text, message.now)));
        params.push(self.next.into());
        params.extend(counts.into_iter().flatten());

        let sql = Sql::new(&mut self.connection, callers);
        let elsewhere = sql.first_of_many(statement, prepared, messages.len() as u64, params)?;
        let first = elsewhere.as_ref().and_then(|row| int(row, 0)).unwrap_or(self.next);
        let ids: Vec<i64> = (0..).map(|n| first + n * self.step).take(messages.len()).collect();
        if elsewhere.is_some() {
            counts::write_below_total(&sql, &changes(ids.iter().copied(), messages))?;
            commit(&sql)?;
        }
        self.next = if self.step == 1 { first + messages.len() as i64 } else { 0 };
        drop(sql);
        self.used = Instant::now();
        Ok(ids)
    }
}

/// What the messages change about the counts, under these ids.
fn changes(ids: impl IntoIterator<Item = i64>, messages: &[NewMessage<'_>]) -> CountChanges {
    let mut changes = CountChanges::default();
    ids.into_iter().zip(messages).for_each(|(id, message)| changes.message(id, Some(&message.author.key), false, 1));
    changes
}

/// The counts depend on the ids. When those are the expected ones, it commits and answers without a row; otherwise it answers
/// with the first id, and the transaction is open still.
fn statement(sizes: (usize, usize)) -> Statement {
    let text = |(messages, counts)| {
        let (total, messages) = (counts::change_messages(1), insert(messages, false));
        let counts = counts::change_messages(counts);
        format!(
            "BEGIN NOT ATOMIC \
                {total}; \
                {messages}; \
                IF LAST_INSERT_ID() = ? THEN {counts}; COMMIT; ELSE SELECT LAST_INSERT_ID(); END IF; \
            END"
        )
    };
    Statement::made("INSERT messages", text(sizes)).over_rows(text((1, 1)))
}
