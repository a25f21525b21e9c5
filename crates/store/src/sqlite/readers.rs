//! A small pool of connections that only read.

use super::damage::Damage;
use super::sql::Sql;
use super::{ENGINE, failure, open};
use board::ports::PortError;
use rusqlite::Connection;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};
use telemetry::server::metrics::{self, ConnectionInUse};
use tokio::sync::Semaphore;
use tracing::Span;

/// Reads that run at once, for each core; more would only share the same cores, and each connection has memory of its own.
const CONNECTIONS_PER_CORE: usize = 2;
/// The longest wait for a connection.
const WAIT: Duration = Duration::from_secs(5);

/// How long a read may take.
pub(super) enum Length {
    /// Some steps in an index: less than handing it to another thread takes, so it runs where it is asked for.
    Short,
    Long,
}

#[derive(Clone)]
pub(super) struct Readers {
    path: Arc<PathBuf>,
    idle: Arc<Mutex<Vec<Connection>>>,
    permits: Arc<Semaphore>,
    damage: Damage,
}

impl Readers {
    pub(super) fn new(path: PathBuf, damage: Damage) -> Self {
        let size = std::thread::available_parallelism().map_or(2, usize::from) * CONNECTIONS_PER_CORE;
        metrics::pool_size(ENGINE, size);
        Self { path: Arc::new(path), idle: Arc::default(), permits: Arc::new(Semaphore::new(size)), damage }
    }

    /// Runs `read` in one read transaction: all of its statements see the same state.
    pub(super) async fn run<T: Send + 'static>(
        &self,
        length: Length,
        read: impl FnOnce(&Sql<'_>) -> rusqlite::Result<T> + Send + 'static,
    ) -> Result<T, PortError> {
        let asked = Instant::now();
        let permit = tokio::time::timeout(WAIT, Arc::clone(&self.permits).acquire_owned())
            .await
            .inspect_err(|_| metrics::gave_up_on_connection(ENGINE))
            .map_err(|_| failure("all connections were busy for 5 s"))?
            .map_err(|_| failure("the database is closed"))?;
        let span = Span::current();
        let readers = self.clone();
        let work = move || {
            let _permit = (permit, ConnectionInUse::begin(ENGINE));
            let connection = readers.take()?;
            // Not rusqlite's transaction, which has both statements parsed again each time.
            connection.prepare_cached("BEGIN")?.execute(())?;
            let value = read(&Sql::new(&connection, span, asked.elapsed()))?;
            connection.prepare_cached("COMMIT")?.execute(())?;
            readers.idle.lock().unwrap_or_else(PoisonError::into_inner).push(connection);
            Ok(value)
        };
        let result = match length {
            Length::Short => work(),
            Length::Long => tokio::task::spawn_blocking(work).await.map_err(failure)?,
        };
        result.map_err(|error: rusqlite::Error| {
            self.damage.learn(&error);
            failure(error)
        })
    }

    /// Ends all connections; later reads fail.
    pub(super) async fn close(&self) {
        self.permits.close();
        let idle = Arc::clone(&self.idle);
        let dropped = tokio::task::spawn_blocking(move || idle.lock().unwrap_or_else(PoisonError::into_inner).clear());
        if let Err(error) = dropped.await {
            tracing::warn!(exception.message = %error, "read connections were not closed in order");
        }
    }

    /// An idle connection, or a new one. One that saw an error is not given back, so it is replaced here.
    fn take(&self) -> rusqlite::Result<Connection> {
        let idle = self.idle.lock().unwrap_or_else(PoisonError::into_inner).pop();
        idle.map_or_else(|| open::reader(&self.path), Ok)
    }
}
