//! A bounded pool of connections, each used by one blocking thread at a time.

use super::options::MariaOptions;
use super::sql::{Result, Sql};
use super::{ENGINE, failure};
use crate::statement::Callers;
use board::ports::PortError;
use mysql::prelude::Queryable;
use mysql::{Conn, Error};
use std::io::ErrorKind;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};
use telemetry::server::metrics::{self, ConnectionInUse};
use tokio::sync::Semaphore;
use tokio::task::spawn_blocking;
use tokio::time::timeout;
use tracing::Span;

/// What a request may spend on the database in all.
pub(super) const BUDGET: Duration = Duration::from_millis(1_800);
/// The longest wait for a connection.
const WAIT: Duration = Duration::from_millis(500);

/// How long an operation may take.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Patience {
    /// Somebody waits for the answer.
    Request,
    /// A background job does.
    Job,
}

#[derive(Clone)]
pub(super) struct Connections {
    options: Arc<MariaOptions>,
    idle: Arc<Mutex<Vec<Conn>>>,
    permits: Arc<Semaphore>,
}

impl Connections {
    pub(super) fn new(options: MariaOptions, size: usize) -> Self {
        metrics::pool_size(ENGINE, size);
        Self { options: Arc::new(options), idle: Arc::default(), permits: Arc::new(Semaphore::new(size)) }
    }

    /// Runs `work` on a connection. It runs again on a new connection when the one at hand turns out to have died while it
    /// was idle, and when the engine gave it up for another transaction. So what changes anything begins a transaction
    /// first: whatever fails later is not done twice.
    pub(super) async fn run<T: Send + 'static>(
        &self,
        patience: Patience,
        work: impl Fn(&Sql<'_>) -> Result<T> + Send + 'static,
    ) -> std::result::Result<T, PortError> {
        self.run_for(vec![Span::current()], patience, work).await
    }

    /// The same for several at once: each gets spans of its own.
    pub(super) async fn run_for<T: Send + 'static>(
        &self,
        callers: Vec<Span>,
        patience: Patience,
        work: impl Fn(&Sql<'_>) -> Result<T> + Send + 'static,
    ) -> std::result::Result<T, PortError> {
        let asked = Instant::now();
        let permit = timeout(WAIT, Arc::clone(&self.permits).acquire_owned())
            .await
            .inspect_err(|_| metrics::gave_up_on_connection(ENGINE))
            .map_err(|_| failure("all connections were busy for 0.5 s"))?
            .map_err(|_| failure("the store is closed"))?;
        let connections = self.clone();
        let done = spawn_blocking(move || {
            let _permit = (permit, ConnectionInUse::begin(ENGINE));
            connections.work(patience, &work, &callers, asked)
        });
        let done = match patience {
            Patience::Request => timeout(BUDGET.saturating_sub(asked.elapsed()), done)
                .await
                .map_err(|_| failure("no answer within 1.8 s").unconfirmed())?,
            Patience::Job => done.await,
        };
        done.map_err(|error| failure(error).unconfirmed())?.map_err(Failed::told)
    }

    fn work<T>(
        &self,
        patience: Patience,
        work: &impl Fn(&Sql<'_>) -> Result<T>,
        callers: &[Span],
        asked: Instant,
    ) -> std::result::Result<T, Failed> {
        let mut tries = 0;
        loop {
            let idle = match patience {
                Patience::Request => self.idle().pop(),
                Patience::Job => None,
            };
            let was_idle = idle.is_some();
            let mut connection = idle.map_or_else(|| self.connect(patience), Ok).map_err(Failed::before)?;
            let callers = Callers::several(ENGINE, callers.to_vec()).after(asked.elapsed());
            let sql = Sql::new(&mut connection, callers);
            let result = work(&sql);
            let was_silent = was_idle && !sql.has_answered();
            drop(sql);
            tries += 1;
            match result {
                Err(error) if was_silent && is_dead(&error) => self.idle().clear(),
                Err(Error::MySqlError(error)) if is_deadlock(error.code) && tries < 4 => {}
                Err(error) => {
                    // Nor will others answer that were idle as long.
                    if was_silent && matches!(error, Error::IoError(_)) {
                        self.idle().clear();
                    }
                    return Err(Failed::after(error));
                }
                Ok(value) => {
                    if patience == Patience::Request {
                        self.idle().push(connection);
                    }
                    return Ok(value);
                }
            }
        }
    }

    pub(super) fn connect(&self, patience: Patience) -> Result<Conn> {
        match patience {
            Patience::Request => Conn::new(self.options.connection(BUDGET, true)),
            Patience::Job => {
                let mut connection = Conn::new(self.options.connection(Duration::from_secs(60), true))?;
                // What it has locked is given back when its process is gone and nobody said so.
                connection.query_drop("SET wait_timeout = 120")?;
                Ok(connection)
            }
        }
    }

    /// Ends all connections; later work fails.
    pub(super) async fn close(&self) {
        self.permits.close();
        let idle = std::mem::take(&mut *self.idle());
        // Each says good-bye.
        let _ = spawn_blocking(move || drop(idle)).await;
    }

    fn idle(&self) -> std::sync::MutexGuard<'_, Vec<Conn>> {
        self.idle.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// An error, and whether a statement had been sent when it came.
pub(super) struct Failed {
    pub(super) error: Error,
    sent: bool,
}

impl Failed {
    /// There was no connection to send anything on.
    pub(super) const fn before(error: Error) -> Self {
        Self { error, sent: false }
    }

    pub(super) const fn after(error: Error) -> Self {
        Self { error, sent: true }
    }

    /// Whether what was asked for may be done.
    pub(super) fn may_be_done(&self) -> bool {
        self.sent && is_unconfirmed(&self.error)
    }

    fn told(self) -> PortError {
        let may_be_done = self.may_be_done();
        let error = failure(self.error);
        if may_be_done { error.unconfirmed() } else { error }
    }
}

/// Whether a statement that met this error may be done: no answer came, or it was interrupted, which can be after its commit.
fn is_unconfirmed(error: &Error) -> bool {
    const INTERRUPTED: u16 = 1317;
    const KILLED: u16 = 1927;
    const SHUTDOWN: u16 = 1053;
    const TOO_LONG: u16 = 1969;
    match error {
        Error::IoError(_) | Error::CodecError(_) => true,
        Error::MySqlError(error) => matches!(error.code, INTERRUPTED | KILLED | SHUTDOWN | TOO_LONG),
        _ => false,
    }
}

/// The connection is of no use; as far as is known, the server did not just take too long.
pub(super) fn is_dead(error: &Error) -> bool {
    let too_long =
        matches!(error, Error::IoError(error) if matches!(error.kind(), ErrorKind::TimedOut | ErrorKind::WouldBlock));
    error.is_connectivity_error() && !too_long
}

/// The engine gave the transaction up so that another one could go on, or because another one had.
pub(super) const fn is_deadlock(code: u16) -> bool {
    const DEADLOCK: u16 = 1213;
    const RECORD_HAS_CHANGED: u16 = 1020;
    matches!(code, DEADLOCK | RECORD_HAS_CHANGED)
}
