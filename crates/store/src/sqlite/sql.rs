//! A connection as its callers use it.

use super::ENGINE;
use crate::statement::{Callers, EngineError, Statement};
use rusqlite::{Connection, Params, Row};
use std::ops::ControlFlow;
use std::time::Duration;
use tracing::Span;

/// SQLite's extended result code.
impl EngineError for rusqlite::Error {
    fn status_code(&self) -> Option<String> {
        self.sqlite_error().map(|error| error.extended_code.to_string())
    }
}

pub(super) struct Sql<'c> {
    connection: &'c Connection,
    callers: Callers,
}

impl<'c> Sql<'c> {
    /// `waited`: how long the caller waited for the connection.
    pub(super) fn new(connection: &'c Connection, caller: Span, waited: Duration) -> Self {
        Self { connection, callers: Callers::one(ENGINE, caller, waited) }
    }

    /// For statements that serve several callers at once.
    pub(super) fn shared(connection: &'c Connection, callers: Vec<Span>) -> Self {
        Self { connection, callers: Callers::several(ENGINE, callers) }
    }

    /// Executes a statement that answers without rows; how many rows it changed.
    pub(super) fn execute(&self, statement: &Statement, params: impl Params) -> rusqlite::Result<usize> {
        self.callers.trace(statement, |_| self.connection.prepare_cached(statement.text())?.execute(params))
    }

    /// Executes a statement once for each of the parameters, under one span.
    pub(super) fn execute_each<P: Params>(
        &self,
        statement: &Statement,
        all: impl IntoIterator<Item = P>,
    ) -> rusqlite::Result<()> {
        self.callers.trace(statement, |execution| {
            let mut prepared = self.connection.prepare_cached(statement.text())?;
            let mut count = 0;
            for params in all {
                prepared.execute(params)?;
                count += 1;
            }
            execution.batch(count);
            Ok(())
        })
    }

    /// The first row, if there is one.
    pub(super) fn first<T>(
        &self,
        statement: &Statement,
        params: impl Params,
        read: impl FnOnce(&Row<'_>) -> rusqlite::Result<T>,
    ) -> rusqlite::Result<Option<T>> {
        self.callers.trace(statement, |_| {
            let mut prepared = self.connection.prepare_cached(statement.text())?;
            let mut rows = prepared.query(params)?;
            rows.next()?.map(read).transpose()
        })
    }

    /// All rows.
    pub(super) fn all<T>(
        &self,
        statement: &Statement,
        params: impl Params,
        mut read: impl FnMut(&Row<'_>) -> rusqlite::Result<T>,
    ) -> rusqlite::Result<Vec<T>> {
        let mut found = Vec::new();
        self.each(statement, params, |row| {
            found.push(read(row)?);
            Ok(ControlFlow::Continue(()))
        })?;
        Ok(found)
    }

    /// Gives row after row, until there are no more or no more are wanted.
    pub(super) fn each(
        &self,
        statement: &Statement,
        params: impl Params,
        mut take: impl FnMut(&Row<'_>) -> rusqlite::Result<ControlFlow<()>>,
    ) -> rusqlite::Result<()> {
        self.callers.trace(statement, |_| {
            let mut prepared = self.connection.prepare_cached(statement.text())?;
            let mut rows = prepared.query(params)?;
            while let Some(row) = rows.next()? {
                if take(row)?.is_break() {
                    break;
                }
            }
            Ok(())
        })
    }

    pub(super) fn last_insert_id(&self) -> i64 {
        self.connection.last_insert_rowid()
    }
}
