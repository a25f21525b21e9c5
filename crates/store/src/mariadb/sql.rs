//! A connection as its callers use it.

use super::ENGINE;
use crate::statement::{Callers, EngineError, Execution, Statement};
use model::Timestamp;
use model::time::Civil;
use mysql::prelude::Queryable;
use mysql::{Conn, Error, Params, Row, Value};
use std::cell::{Cell, RefCell};
use std::ops::ControlFlow;
use std::time::Duration;
use tracing::Span;

pub(super) type Result<T> = mysql::Result<T>;

/// The server's error number.
impl EngineError for Error {
    fn status_code(&self) -> Option<String> {
        match self {
            Self::MySqlError(error) => Some(error.code.to_string()),
            _ => None,
        }
    }
}

pub(super) struct Sql<'c> {
    connection: RefCell<&'c mut Conn>,
    callers: Callers,
    answered: Cell<bool>,
}

impl<'c> Sql<'c> {
    /// `waited`: how long the caller waited for the connection.
    pub(super) const fn new(connection: &'c mut Conn, callers: Callers) -> Self {
        Self { connection: RefCell::new(connection), callers, answered: Cell::new(false) }
    }

    pub(super) fn one(connection: &'c mut Conn, caller: Span, waited: Duration) -> Self {
        Self::new(connection, Callers::one(ENGINE, caller, waited))
    }

    /// Whether the server has answered a statement.
    pub(super) fn has_answered(&self) -> bool {
        self.answered.get()
    }

    fn trace<T>(&self, statement: &Statement, run: impl FnOnce(&Execution) -> Result<T>) -> Result<T> {
        self.callers.trace(statement, run).inspect(|_| self.answered.set(true))
    }

    /// Executes a statement that answers without rows; how many rows it changed.
    pub(super) fn execute(&self, statement: &Statement, params: impl Into<Params>) -> Result<u64> {
        self.trace(statement, |_| {
            let mut connection = self.connection.borrow_mut();
            connection.exec_drop(statement.text(), params)?;
            Ok(connection.affected_rows())
        })
    }

    /// The same for many rows at once.
    pub(super) fn execute_many(&self, many: &ManyRows, rows: &[impl AsRef<[Value]>]) -> Result<()> {
        many.each_chunk(rows, |statement, count, params| {
            self.trace(statement, |execution| {
                execution.batch(count);
                self.connection.borrow_mut().exec_drop(statement.text(), params)
            })
        })
    }

    /// The same, for statements that answer with rows.
    pub(super) fn each_of_many(
        &self,
        many: &ManyRows,
        rows: &[impl AsRef<[Value]>],
        mut take: impl FnMut(&Row),
    ) -> Result<()> {
        many.each_chunk(rows, |statement, count, params| {
            self.trace(statement, |execution| {
                execution.batch(count);
                for row in self.connection.borrow_mut().exec_iter(statement.text(), params)? {
                    take(&row?);
                }
                Ok(())
            })
        })
    }

    /// The first row that a statement over so many rows answers with. It is prepared when it is executed first, and stays so.
    pub(super) fn first_of_many(
        &self,
        statement: &Statement,
        prepared: &mut Option<mysql::Statement>,
        count: usize,
        params: Vec<Value>,
    ) -> Result<Option<Row>> {
        self.trace(statement, |execution| {
            execution.batch(count as u64);
            let mut connection = self.connection.borrow_mut();
            let prepared = match prepared {
                Some(prepared) => prepared,
                None => prepared.insert(connection.prep(statement.text())?),
            };
            connection.exec_first(&*prepared, Params::Positional(params))
        })
    }

    /// The first row, if there is one.
    pub(super) fn first(&self, statement: &Statement, params: impl Into<Params>) -> Result<Option<Row>> {
        self.trace(statement, |_| self.connection.borrow_mut().exec_first(statement.text(), params))
    }

    /// All rows.
    pub(super) fn all<T>(
        &self,
        statement: &Statement,
        params: impl Into<Params>,
        mut read: impl FnMut(&Row) -> T,
    ) -> Result<Vec<T>> {
        let mut found = Vec::new();
        self.each(statement, params, |row| {
            found.push(read(row));
            ControlFlow::Continue(())
        })?;
        Ok(found)
    }

    /// Gives row after row, until there are no more or no more are wanted. The connection is taken meanwhile.
    pub(super) fn each(
        &self,
        statement: &Statement,
        params: impl Into<Params>,
        mut take: impl FnMut(&Row) -> ControlFlow<()>,
    ) -> Result<()> {
        self.trace(statement, |_| {
            for row in self.connection.borrow_mut().exec_iter(statement.text(), params)? {
                if take(&row?).is_break() {
                    break;
                }
            }
            Ok(())
        })
    }
}

/// A statement over as many rows of parameters as there are, prepared for each small number and for powers of two.
pub(super) struct ManyRows(Vec<(usize, Statement)>);

impl ManyRows {
    const SMALL: usize = 16;
    const LARGE: [usize; 4] = [256, 128, 64, 32];

    /// `text` gives the statement for a number of rows.
    pub(super) fn new(summary: &'static str, text: impl Fn(usize) -> String) -> Self {
        let sizes = Self::LARGE.into_iter().chain((1..=Self::SMALL).rev());
        Self(sizes.map(|size| (size, Statement::made(summary, text(size)).over_rows(text(1)))).collect())
    }

    /// The largest number of rows, up to so many, for which there is a statement.
    pub(super) fn chunk(rows: usize) -> usize {
        Self::LARGE.into_iter().find(|size| *size <= rows).unwrap_or_else(|| rows.min(Self::SMALL))
    }

    pub(super) fn each_chunk<R: AsRef<[Value]>>(
        &self,
        mut rows: &[R],
        mut execute: impl FnMut(&Statement, u64, Params) -> Result<()>,
    ) -> Result<()> {
        for (size, statement) in &self.0 {
            while let Some((chunk, rest)) = rows.split_at_checked(*size) {
                let params = chunk.iter().flat_map(|row| row.as_ref().iter().cloned()).collect();
                execute(statement, *size as u64, Params::Positional(params))?;
                rows = rest;
            }
        }
        Ok(())
    }
}

/// `(?, ?), (?, ?)`: so many rows of so many parameters.
pub(super) fn placeholders(rows: usize, row: &str) -> String {
    vec![row; rows].join(", ")
}

/// A moment as a DATETIME(3) in UTC; NULL for what that can't be.
pub(super) fn datetime(at: Timestamp) -> Value {
    let Civil { year, month, day, hour, minute, second, milli } = Civil::of(at);
    let Some(year) = u16::try_from(year).ok().filter(|year| *year <= 9999) else { return Value::NULL };
    let part = |number: i64| u8::try_from(number).unwrap_or_default();
    let micros = u32::try_from(milli * 1000).unwrap_or_default();
    Value::Date(year, part(month), part(day), part(hour), part(minute), part(second), micros)
}

pub(super) fn int(row: &Row, at: usize) -> Option<i64> {
    match row.as_ref(at)? {
        Value::Int(number) => Some(*number),
        Value::UInt(number) => i64::try_from(*number).ok(),
        _ => None,
    }
}

pub(super) fn bytes(row: &Row, at: usize) -> Option<&[u8]> {
    match row.as_ref(at)? {
        Value::Bytes(bytes) => Some(bytes),
        _ => None,
    }
}

pub(super) fn text(row: &Row, at: usize) -> Option<&str> {
    std::str::from_utf8(bytes(row, at)?).ok()
}
