//! SQL statements, and the one place where their executions become spans and are counted.

use std::borrow::Cow;
use std::cell::Cell;
use std::time::{Duration, Instant};
use telemetry::server::metrics::{self, Label};
use tracing::{Span, field, info_span};

/// A parameterised statement.
pub(crate) struct Statement {
    /// Operation and table, such as `INSERT messages`: the span's name.
    summary: &'static str,
    /// Whether the summary's first word is the operation and the rest its table.
    has_table: bool,
    text: Cow<'static, str>,
    /// As spans tell it, where that is not the text.
    shown: Option<String>,
}

impl Statement {
    pub(crate) const fn new(summary: &'static str, text: &'static str) -> Self {
        Self { summary, has_table: true, text: Cow::Borrowed(text), shown: None }
    }

    /// One whose operation is several words, and which works on no table.
    pub(crate) const fn without_table(operation: &'static str, text: &'static str) -> Self {
        Self { summary: operation, has_table: false, text: Cow::Borrowed(text), shown: None }
    }

    pub(crate) const fn made(summary: &'static str, text: String) -> Self {
        Self { summary, has_table: true, text: Cow::Owned(text), shown: None }
    }

    /// Over many rows: spans tell the statement over one, `one_row`, and how many there were.
    pub(crate) fn over_rows(self, one_row: String) -> Self {
        Self { shown: Some(one_row), ..self }
    }

    pub(crate) const fn summary(&self) -> &'static str {
        self.summary
    }

    pub(crate) fn text(&self) -> &str {
        &self.text
    }

    /// Operation and table; that is empty where there is none.
    fn parts(&self) -> (&'static str, &'static str) {
        self.summary.split_once(' ').filter(|_| self.has_table).unwrap_or((self.summary, ""))
    }
}

/// An engine's error, as far as spans tell it.
pub(crate) trait EngineError {
    /// The engine's own code; `None` when the error is not the engine's.
    fn status_code(&self) -> Option<String>;
}

/// For whom a connection works: each statement becomes a child of each caller's span. Upkeep, for which nobody asked, makes
/// no spans: they would bury what people did.
pub(crate) struct Callers {
    /// `db.system.name`.
    system: &'static str,
    spans: Vec<Span>,
    /// How long they waited for the connection; told by the first statement.
    waited: Cell<Option<Duration>>,
}

impl Callers {
    pub(crate) fn one(system: &'static str, caller: Span, waited: Duration) -> Self {
        Self::several(system, vec![caller]).after(waited)
    }

    /// For statements that serve several callers at once.
    pub(crate) fn several(system: &'static str, mut callers: Vec<Span>) -> Self {
        callers.retain(|caller| !caller.is_none());
        Self { system, spans: callers, waited: Cell::new(None) }
    }

    pub(crate) fn after(self, waited: Duration) -> Self {
        Self { waited: Cell::new(Some(waited)), ..self }
    }

    /// Executes a statement with `run`.
    pub(crate) fn trace<T, E: EngineError>(
        &self,
        statement: &Statement,
        run: impl FnOnce(&Execution) -> Result<T, E>,
    ) -> Result<T, E> {
        let (operation, table) = statement.parts();
        let waited = self.waited.take();
        if let Some(waited) = waited {
            metrics::waited_for_connection(self.system, waited);
        }
        let traced = self.spans.iter().map(|caller| span(self.system, statement, caller, waited));
        let execution = Execution(traced.collect());
        let began = Instant::now();
        let result = run(&execution);
        let failed = result.as_ref().err().map(|error| execution.failed(error));
        metrics::database_operation(self.system, operation, table, failed, began.elapsed());
        result
    }
}

/// The spans of one execution.
pub(crate) struct Execution(Vec<Span>);

impl Execution {
    /// It was executed for so many sets of parameters.
    pub(crate) fn batch(&self, size: u64) {
        self.0.iter().for_each(|span| {
            span.record("db.operation.batch.size", size);
        });
    }

    /// Records the error, and says of which type it is.
    fn failed(&self, error: &impl EngineError) -> Label {
        let code = error.status_code();
        for span in &self.0 {
            span.record("otel.status_code", "ERROR");
            span.record("error.type", code.as_deref().unwrap_or("_OTHER"));
            if let Some(code) = &code {
                span.record("db.response.status_code", code.as_str());
            }
        }
        code.map_or(Label::Word("_OTHER"), |code| Label::Text(code.into()))
    }
}

/// A client span after OpenTelemetry's stable conventions for databases.
fn span(system: &'static str, statement: &Statement, parent: &Span, waited: Option<Duration>) -> Span {
    let (operation, collection) = statement.parts();
    info_span!(
        target: "glassboard::sql",
        parent: parent,
        "sql",
        otel.name = statement.summary,
        otel.kind = "client",
        otel.status_code = field::Empty,
        db.system.name = system,
        db.query.summary = statement.summary,
        db.query.text = statement.shown.as_deref().unwrap_or(&statement.text),
        db.operation.name = operation,
        db.operation.batch.size = field::Empty,
        db.collection.name = Some(collection).filter(|name| !name.is_empty()),
        db.response.status_code = field::Empty,
        error.type = field::Empty,
        glassboard.db.wait_us = waited.map(|waited| u64::try_from(waited.as_micros()).unwrap_or(u64::MAX)),
    )
}

#[cfg(test)]
mod tests {
    use super::Statement;

    #[test]
    fn what_works_on_no_table_names_none() {
        assert_eq!(Statement::new("INSERT messages", "").parts(), ("INSERT", "messages"));
        assert_eq!(Statement::new("COMMIT", "").parts(), ("COMMIT", ""));
        assert_eq!(Statement::without_table("START TRANSACTION", "").parts(), ("START TRANSACTION", ""));
    }
}
