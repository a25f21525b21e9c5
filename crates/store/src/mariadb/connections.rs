//! A bounded pool of connections, each used by one blocking thread at a time.

use super::failure;
use super::options::MariaOptions;
use super::sql::{Result, Sql};
use board::ports::PortError;
use mysql::{Conn, Error};
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

    /// Runs `work` on a connection. It runs again on a new connection when the one at hand had died while it was idle, and
    /// when the engine gave it up for another transaction; so it begins its own transaction, if it needs one.
    pub(super) async fn run<T: Send + 'static>(
        &self,
        patience: Patience,
        work: impl Fn(&Sql<'_>) -> Result<T> + Send + 'static,
    ) -> std::result::Result<T, PortError> {
        let asked = Instant::now();
        let permit = timeout(WAIT, Arc::clone(&self.permits).acquire_owned())
            .await
            .map_err(|_| failure("all connections were busy for 0.5 s"))?
            .map_err(|_| failure("the store is closed"))?;
        let (connections, span) = (self.clone(), Span::current());
        let done = spawn_blocking(move || {
            let _permit = permit;
            connections.work(patience, &work, &span, asked)
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
        caller: &Span,
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
            let result = work(&Sql::one(&mut connection, caller.clone(), asked.elapsed()));
            tries += 1;
            match result {
                Err(error) if error.is_connectivity_error() && was_idle => self.idle().clear(),
                Err(Error::MySqlError(error)) if is_deadlock(error.code) && tries < 4 => {}
                Err(error) => return Err(error),
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
        let patience = match patience {
            Patience::Request => BUDGET,
            Patience::Job => Duration::from_secs(60),
        };
        Conn::new(self.options.connection(patience, true))
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

/// The engine rolled the transaction back so that another one could go on.
pub(super) const fn is_deadlock(code: u16) -> bool {
    const DEADLOCK: u16 = 1213;
    code == DEADLOCK
}
