//! The connections, and the one place where commands become spans and are counted.

use super::per_runtime::PerRuntime;
use super::{ENGINE, failure};
use board::ports::PortError;
use redis::aio::{ConnectionManager, ConnectionManagerConfig};
use redis::{
    Client, Cmd, ErrorKind, FromRedisValue, Pipeline, RedisError, RedisResult, ScriptInvocation, ServerErrorKind,
};
use std::sync::Arc;
use std::time::{Duration, Instant};
use telemetry::server::metrics::{self, Label};
use tokio::time::timeout;
use tracing::{Instrument, Span, field, info_span};

/// How long a command may take; a request needs a few of them, and has two seconds.
const PATIENCE: Duration = Duration::from_millis(600);
const CONNECT: Duration = Duration::from_millis(500);

/// Multiplexed connections that come back by themselves: one for each runtime that asks, so that whoever waits for an answer
/// reads it from the socket and is not woken by another thread.
#[derive(Clone)]
pub(super) struct Connection {
    client: Client,
    of_runtimes: Arc<PerRuntime<ConnectionManager>>,
}

/// What a command is called in spans and metrics.
#[derive(Debug, Clone, Copy)]
pub(super) struct Name {
    /// The command, such as `HGET`.
    pub(super) operation: &'static str,
    /// The kind of key, such as `session`.
    pub(super) key: &'static str,
}

/// Asks again once, if the connection was closed meanwhile: by the server's `timeout`, something between, or a restart. That is
/// noticed only when it is used, and another one is made then.
macro_rules! asked {
    ($ask:expr) => {
        match $ask.await {
            Err(error) if error.is_connection_dropped() => $ask.await,
            answer => answer,
        }
    };
}

impl Connection {
    pub(super) fn new(client: &Client) -> Self {
        Self { client: client.clone(), of_runtimes: Arc::default() }
    }

    /// The connection of the runtime that asks.
    fn here(&self) -> RedisResult<ConnectionManager> {
        self.of_runtimes.here(|| {
            let config = ConnectionManagerConfig::new()
                .set_connection_timeout(Some(CONNECT))
                .set_response_timeout(Some(PATIENCE))
                .set_number_of_retries(1)
                .set_max_delay(Duration::from_millis(200));
            ConnectionManager::new_lazy_with_config(self.client.clone(), config)
        })
    }

    pub(super) async fn command<T: FromRedisValue>(&self, name: Name, command: &Cmd) -> Result<T, PortError> {
        let ask = async {
            let mut connection = self.here()?;
            asked!(command.query_async(&mut connection))
        };
        trace(name, ask).await
    }

    /// Work that somebody else does for its caller, too.
    pub(super) async fn traced<T>(
        &self,
        name: Name,
        work: impl Future<Output = RedisResult<T>>,
    ) -> Result<T, PortError> {
        trace(name, work).await
    }

    /// A command for several callers, who trace it for themselves.
    pub(super) async fn untraced(&self, command: &Cmd) -> RedisResult<()> {
        let mut connection = self.here()?;
        let ask = async { asked!(command.query_async(&mut connection)) };
        timeout(PATIENCE, ask).await.unwrap_or_else(|_| {
            let error = std::io::Error::from(std::io::ErrorKind::TimedOut);
            Err(RedisError::from(error))
        })
    }

    pub(super) async fn pipeline<T: FromRedisValue>(&self, name: Name, pipeline: &Pipeline) -> Result<T, PortError> {
        let ask = async {
            let mut connection = self.here()?;
            asked!(pipeline.query_async(&mut connection))
        };
        trace(name, ask).await
    }

    pub(super) async fn script<T: FromRedisValue>(
        &self,
        name: Name,
        script: &ScriptInvocation<'_>,
    ) -> Result<T, PortError> {
        let ask = async {
            let mut connection = self.here()?;
            asked!(script.invoke_async(&mut connection))
        };
        trace(name, ask).await
    }
}

async fn trace<T>(name: Name, work: impl Future<Output = RedisResult<T>>) -> Result<T, PortError> {
    let Name { operation, key } = name;
    let span = span(operation, key);
    let began = Instant::now();
    let result = timeout(PATIENCE, work.instrument(span.clone())).await;
    let took = began.elapsed();
    let (result, error_type) = match result {
        Ok(Ok(answer)) => (Ok(answer), None),
        Ok(Err(error)) => {
            let code = record(&span, &error);
            (Err(told(error)), Some(code))
        }
        Err(_) => {
            span.record("error.type", "timeout");
            (Err(failure(format!("no answer within {} ms", took.as_millis()))), Some("timeout".into()))
        }
    };
    if error_type.is_some() {
        span.record("otel.status_code", "ERROR");
    }
    metrics::database_operation(ENGINE, operation, key, error_type, took);
    result
}

/// A client span after OpenTelemetry's conventions for databases. Upkeep, for which nobody asked, makes none.
fn span(operation: &'static str, key: &'static str) -> Span {
    if Span::current().is_none() {
        return Span::none();
    }
    let span = info_span!(
        target: "glassboard::redis",
        "redis",
        otel.name = field::Empty,
        otel.kind = "client",
        otel.status_code = field::Empty,
        db.system.name = ENGINE,
        db.operation.name = operation,
        db.collection.name = key,
        db.response.status_code = field::Empty,
        error.type = field::Empty,
    );
    span.record("otel.name", field::display(format_args!("{operation} {key}")));
    span
}

/// Records the error, and says of which type it is.
fn record(span: &Span, error: &RedisError) -> Label {
    if let Some(code) = error.code() {
        span.record("db.response.status_code", code);
        span.record("error.type", code);
        Label::Text(code.into())
    } else {
        span.record("error.type", "_OTHER");
        "_OTHER".into()
    }
}

/// The error, with what to do where that is known.
fn told(error: RedisError) -> PortError {
    if error.kind() == ErrorKind::Server(ServerErrorKind::Moved) {
        return failure("this is a Redis Cluster, which shares keys out; use a Redis without cluster mode");
    }
    failure(error)
}
