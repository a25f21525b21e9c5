//! A group of posts as one statement: it locks the total, stores the messages and their counts, and commits, in one round
//! trip. As four statements it takes half as long again, most of it for waking the two threads that wait for each other.

use super::counts;
use super::messages::{Author, insert, row};
use super::sql::{Result, Sql, int};
use crate::counts::{BLOCK_SHIFTS, CountChanges};
use crate::statement::{Callers, Statement};
use model::Timestamp;
use mysql::prelude::Queryable;
use mysql::{Conn, DriverError, Value};
use std::collections::HashMap;
use std::time::{Duration, Instant};

/// A connection that was used this long ago may have died.
const IDLE: Duration = Duration::from_secs(1);

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
    statements: HashMap<Kind, (Statement, Option<mysql::Statement>)>,
}

/// Statements, by their numbers of messages and of counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
enum Kind {
    Group {
        messages: usize,
        counts: usize,
    },
    /// Ends a group whose ids were not the expected ones.
    End {
        counts: usize,
    },
}

impl Groups {
    pub(super) fn new(mut connection: Conn) -> Result<Self> {
        // A statement that takes longer than anybody waits for it is undone.
        connection.query_drop("SET autocommit = 0, max_statement_time = 1.6")?;
        let step = connection.query_first("SELECT @@auto_increment_increment")?.unwrap_or(1);
        Ok(Self { connection, used: Instant::now(), next: 0, step, statements: HashMap::new() })
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
        let counts = count_rows(self.next.., messages);
        let mut params: Vec<Value> = Vec::with_capacity(4 + 4 * messages.len() + 1 + 4 * counts.len());
        params.extend(counts::total(many));
        params.extend(messages.iter().flat_map(|message| row(message.author, message.text, message.now)));
        params.push(self.next.into());
        let kind = Kind::Group { messages: messages.len(), counts: counts.len() };
        params.extend(counts.into_iter().flatten());

        let sql = Sql::new(&mut self.connection, callers);
        let mut run = |kind: Kind, params| {
            let (statement, prepared) = self.statements.entry(kind).or_insert_with(|| (kind.statement(), None));
            sql.first_of_many(statement, prepared, messages.len(), params)
        };
        let mut first = self.next;
        if let Some(elsewhere) = run(kind, params)? {
            first = int(&elsewhere, 0).ok_or(DriverError::UnexpectedPacket)?;
            let counts = count_rows((0..).map(|n| first + n * self.step), messages);
            run(Kind::End { counts: counts.len() }, counts.into_iter().flatten().collect())?;
        }
        self.next = if self.step == 1 { first + many } else { 0 };
        self.used = Instant::now();
        Ok((0..many).map(|n| first + n * self.step).collect())
    }
}

impl Kind {
    /// The counts depend on the ids. When those are the expected ones, a group commits and answers without a row; otherwise it
    /// answers with the first id, and the transaction is open still.
    fn statement(self) -> Statement {
        match self {
            Self::Group { messages, counts } => {
                Statement::made("INSERT messages", group(messages, counts)).over_rows(group(1, 1))
            }
            Self::End { counts } => Statement::made("INSERT message_counts", end(counts)).over_rows(end(1)),
        }
    }
}

fn group(messages: usize, counts: usize) -> String {
    format!(
        "BEGIN NOT ATOMIC {total}; {messages}; IF LAST_INSERT_ID() = ? THEN {counts}; COMMIT; ELSE SELECT LAST_INSERT_ID(); END IF; END",
        total = counts::change_messages(1),
        messages = insert(messages, false),
        counts = counts::change_messages(counts),
    )
}

fn end(counts: usize) -> String {
    format!("BEGIN NOT ATOMIC {counts}; COMMIT; END", counts = counts::change_messages(counts))
}

/// The rows of counts beside the total's, under these ids. Adding nothing to the total pads them to one of a few numbers.
fn count_rows(ids: impl Iterator<Item = i64>, messages: &[NewMessage<'_>]) -> Vec<[Value; 4]> {
    let mut changes = CountChanges::default();
    ids.zip(messages).for_each(|(id, message)| changes.message(id, Some(&message.author.key), false, 1));
    let mut rows = counts::below_total(&changes);
    rows.resize_with(padded(rows.len()), || counts::total(0));
    rows
}
