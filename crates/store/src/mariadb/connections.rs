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
            .map_err(|_| failure("all connections were busy for 0.5 s"))?
            .map_err(|_| failure("the store is closed"))?;
        let connections = self.clone();
        let done = spawn_blocking(move || {
            let _permit = permit;
            connections.work(patience, &work, &callers, asked)
        });
        let done = match patience {
            Patience::Request => timeout(BUDGET.saturating_sub(asked.elapsed()), done)
                .await
                .map_err(|_| failure("no answer within 1.8 s"))?,
            Patience::Job => done.await,
        };
        done.map_err(failure)?.map_err(failure)
    }

    fn work<T>(
        &self,
        patience: Patience,
        work: &impl Fn(&Sql<'_>) -> Result<T>,
        callers: &[Span],
        asked: Instant,
    ) -> Result<T> {
        let mut tries = 0;
        loop {
            let idle = match patience {
                Patience::Request => self.idle().pop(),
                Patience::Job => None,
            };
            let was_idle = idle.is_some();
            let mut connection = idle.map_or_else(|| self.connect(patience), Ok)?;
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
                    return Err(error);
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
