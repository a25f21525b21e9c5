//! SQL statements, and the one place where they are executed and become spans.

use rusqlite::{Connection, Params, Row};
use std::cell::Cell;
use std::ops::ControlFlow;
use std::time::Duration;
use telemetry::server::metrics;
use tracing::{Span, field, info_span};

/// A parameterised statement.
pub(super) struct Statement {
    /// Operation and table, such as `INSERT messages`: the span's name.
    summary: &'static str,
    text: &'static str,
}

impl Statement {
    pub(super) const fn new(summary: &'static str, text: &'static str) -> Self {
        Self { summary, text }
    }

    /// Operation and table.
    fn parts(&self) -> (&'static str, &'static str) {
        self.summary.split_once(' ').unwrap_or((self.summary, ""))
    }

    /// A client span after OpenTelemetry's stable conventions for databases.
    pub(super) fn span(&self, parent: &Span) -> Span {
        let (operation, collection) = self.parts();
        let span = info_span!(
            target: "glassboard::sql",
            parent: parent,
            "sql",
            otel.name = self.summary,
            otel.kind = "client",
            otel.status_code = field::Empty,
            db.system.name = "sqlite",
            db.query.summary = self.summary,
            db.query.text = self.text,
            db.operation.name = operation,
            db.operation.batch.size = field::Empty,
            db.collection.name = field::Empty,
            db.response.status_code = field::Empty,
            error.type = field::Empty,
            glassboard.db.wait_us = field::Empty,
        );
        if !collection.is_empty() {
            span.record("db.collection.name", collection);
        }
        span
    }
}

/// A connection as its callers use it: every statement is a child of each caller's span.
pub(super) struct Sql<'c> {
    connection: &'c Connection,
    callers: Vec<Span>,
    /// How long the caller waited for this connection; told by the first statement.
    waited: Cell<Option<Duration>>,
}

impl<'c> Sql<'c> {
    pub(super) fn new(connection: &'c Connection, caller: Span, waited: Duration) -> Self {
        Self { connection, callers: vec![caller], waited: Cell::new(Some(waited)) }
    }

    /// For statements that serve several callers at once.
    pub(super) fn shared(connection: &'c Connection, callers: Vec<Span>) -> Self {
        Self { connection, callers, waited: Cell::new(None) }
    }

    /// Executes a statement that answers without rows; how many rows it changed.
    pub(super) fn execute(&self, statement: &Statement, params: impl Params) -> rusqlite::Result<usize> {
        self.traced(statement, |_| self.connection.prepare_cached(statement.text)?.execute(params))
    }

    /// Executes a statement once for each of the parameters, under one span.
    pub(super) fn execute_each<P: Params>(
        &self,
        statement: &Statement,
        all: impl IntoIterator<Item = P>,
    ) -> rusqlite::Result<()> {
        self.traced(statement, |spans| {
            let mut prepared = self.connection.prepare_cached(statement.text)?;
            let mut count = 0_u64;
            for params in all {
                prepared.execute(params)?;
                count += 1;
            }
            spans.iter().for_each(|span| {
                span.record("db.operation.batch.size", count);
            });
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
        self.traced(statement, |_| {
            let mut prepared = self.connection.prepare_cached(statement.text)?;
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
        self.traced(statement, |_| {
            let mut prepared = self.connection.prepare_cached(statement.text)?;
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

    fn traced<T>(
        &self,
        statement: &Statement,
        run: impl FnOnce(&[Span]) -> rusqlite::Result<T>,
    ) -> rusqlite::Result<T> {
        let (operation, table) = statement.parts();
        let spans: Vec<Span> = self.callers.iter().map(|caller| statement.span(caller)).collect();
        if let (Some(waited), [span, ..]) = (self.waited.take(), spans.as_slice()) {
            span.record("glassboard.db.wait_us", u64::try_from(waited.as_micros()).unwrap_or(u64::MAX));
        }
        let result = run(&spans).inspect_err(|error| spans.iter().for_each(|span| record_error(span, error)));
        metrics::statement_executed(operation, table, result.is_ok());
        result
    }
}

/// Marks a span as failed; SQLite's extended result code is the status code.
pub(super) fn record_error(span: &Span, error: &rusqlite::Error) {
    span.record("otel.status_code", "ERROR");
    match error.sqlite_error() {
        Some(engine) => {
            span.record("db.response.status_code", field::display(engine.extended_code));
            span.record("error.type", field::display(engine.extended_code));
        }
        None => {
            span.record("error.type", "_OTHER");
        }
    }
}
