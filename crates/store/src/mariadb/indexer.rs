//! The thread that keeps the search index close behind the messages. Of all processes, one at a time does the work.

use super::connections::{Connections, Patience};
use super::search::forget_gone;
use super::sql::{Result, Sql, int};
use super::transaction::commit;
use crate::search::{self, Step};
use crate::statement::Statement;
use mysql::Conn;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::time::Duration;
use tracing::{Span, info_span};

/// How often it is looked whether another process left work undone.
const LOOK_EVERY: Duration = Duration::from_secs(30);
/// How long changes gather before the next look.
const GATHER: Duration = Duration::from_millis(250);
/// So many changes in that time are a flood: then only what saves work later is done.
const FLOOD: u64 = 1024;

const SNAPSHOT: Statement = Statement::without_table("START TRANSACTION", "START TRANSACTION WITH CONSISTENT SNAPSHOT");
const LOCK: Statement = Statement::new("SELECT GET_LOCK", "SELECT GET_LOCK(left(concat('index.', database()), 64), 0)");
const UNLOCK: Statement =
    Statement::new("SELECT RELEASE_LOCK", "SELECT RELEASE_LOCK(left(concat('index.', database()), 64))");

/// Where changes are told.
#[derive(Clone)]
pub(super) struct Indexer {
    changes: Sender<u64>,
    stopped: Arc<AtomicBool>,
}

impl Indexer {
    /// The thread's work ends when all clones are gone.
    pub(super) fn new(connections: Connections) -> (Self, impl FnOnce() + Send + 'static) {
        let (changes, receiver) = channel();
        let stopped = Arc::new(AtomicBool::new(false));
        let told = Arc::clone(&stopped);
        (Self { changes, stopped }, move || run(&connections, &receiver, &told))
    }

    /// So many messages came or went.
    pub(super) fn changed(&self, count: u64) {
        let _ = self.changes.send(count);
    }

    /// The thread ends after the step that it is at.
    pub(super) fn stop(&self) {
        self.stopped.store(true, Ordering::Relaxed);
    }
}

fn run(connections: &Connections, changes: &Receiver<u64>, stopped: &AtomicBool) {
    let mut connection = None;
    loop {
        let mut count = match changes.recv_timeout(LOOK_EVERY) {
            Ok(count) => count,
            Err(RecvTimeoutError::Timeout) => 0,
            Err(RecvTimeoutError::Disconnected) => return,
        };
        if stopped.load(Ordering::Relaxed) {
            return;
        }
        std::thread::sleep(GATHER);
        count += changes.try_iter().sum::<u64>();
        connection = match look(connections, connection, count > FLOOD, stopped) {
            Ok(connection) => Some(connection),
            Err(error) => {
                // Searches read what is not indexed, so they stay right; it is tried again.
                tracing::warn!(exception.message = %error, "the search index was not brought up to date");
                None
            }
        };
    }
}

/// Does what is due, unless another process is at it.
fn look(connections: &Connections, connection: Option<Conn>, flood: bool, stopped: &AtomicBool) -> Result<Conn> {
    let mut connection = connection.map_or_else(|| connections.connect(Patience::Job), Ok)?;
    let quiet = Sql::one(&mut connection, Span::none(), Duration::ZERO);
    let locked = quiet.first(&LOCK, ())?.and_then(|row| int(&row, 0));
    if locked == Some(1) {
        drop(quiet);
        while !stopped.load(Ordering::Relaxed) && step(&mut connection, flood)? {}
        Sql::one(&mut connection, Span::none(), Duration::ZERO).first(&UNLOCK, ())?;
    }
    Ok(connection)
}

/// One step in a transaction of its own; whether there may be more to do.
fn step(connection: &mut Conn, flood: bool) -> Result<bool> {
    let span = info_span!(target: "glassboard::store", parent: None, "index messages");
    let sql = Sql::one(connection, span, Duration::ZERO);
    sql.execute(&SNAPSHOT, ())?;
    let more = forget_gone(&sql)? > 0 || search::step(&sql, flood)? == Step::Done;
    commit(&sql)?;
    Ok(more)
}
