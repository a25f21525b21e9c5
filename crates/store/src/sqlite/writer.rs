//! The one thread that writes. Waiting operations share a transaction, so that they share its fsync.

use super::damage::Damage;
use super::sql::Sql;
use super::{ENGINE, counts, failure, open};
use crate::counts::CountChanges;
use crate::search::{self, Step};
use crate::statement::{Callers, Statement};
use board::ports::PortError;
use rusqlite::{Connection, ErrorCode, Transaction, TransactionBehavior};
use std::collections::VecDeque;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};
use tokio::sync::{mpsc, oneshot, watch};
use tracing::{Span, info_span};

const QUEUE: usize = 1024;
/// Operations that share a transaction; bounds what a failed one makes the others repeat.
const GROUP: usize = 256;
/// Bulk operations that are held back in favour of posts, beyond which the queue is not read.
const BULK_HELD: usize = 16;
/// How long bulk operations are held back at most, when there always are posts.
const BULK_WAIT: Duration = Duration::from_millis(250);
/// How long a group waits to become as large as the last one: less than an fsync takes.
const GATHER: Duration = Duration::from_micros(150);
/// The longest wait for a place in the queue.
const WAIT: Duration = Duration::from_secs(5);
/// How often the writer looks whether another process has written.
pub(super) const LOOK_EVERY: Duration = Duration::from_millis(250);
/// How many rows come in before the search index is looked after again, once the writer has nothing else to do.
const ROWS_BETWEEN_INDEXING: u64 = 64;
/// The same for a writer that always has: indexed many at a time, a row costs a fraction, and searches read as many rows
/// that are not indexed in a few milliseconds.
const MOST_UNINDEXED: u64 = 4096;
/// After how long without a wish the writer has nothing else to do.
const PAUSE: Duration = Duration::from_millis(4);
/// How often it looks for a wish meanwhile.
const PAUSE_STEP: Duration = Duration::from_micros(200);

const COMMIT: Statement = Statement::new("COMMIT", "COMMIT");

/// How long an operation keeps the write lock.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Size {
    /// One statement that changes rows, atomic by itself: grouped.
    Statement,
    /// Several statements about a few rows: grouped, in a savepoint.
    Few,
    /// A transaction of its own, of about this many new rows; waits for the small ones.
    Bulk(u64),
}

/// Something to be done by the writer. It may be run again after its transaction was rolled back.
trait Operation: Send {
    fn run(&mut self, sql: &Sql<'_>, counts: &mut CountChanges) -> rusqlite::Result<()>;
    fn answer(self: Box<Self>, outcome: Result<(), Arc<rusqlite::Error>>);
}

struct Write<T, F> {
    run: F,
    value: Option<T>,
    reply: oneshot::Sender<Result<T, PortError>>,
}

impl<T: Send, F: FnMut(&Sql<'_>, &mut CountChanges) -> rusqlite::Result<T> + Send> Operation for Write<T, F> {
    fn run(&mut self, sql: &Sql<'_>, counts: &mut CountChanges) -> rusqlite::Result<()> {
        self.value = Some((self.run)(sql, counts)?);
        Ok(())
    }

    fn answer(self: Box<Self>, outcome: Result<(), Arc<rusqlite::Error>>) {
        let answer = match (outcome, self.value) {
            (Ok(()), Some(value)) => Ok(value),
            (Ok(()), None) => Err(failure("the operation did not run")),
            (Err(error), _) => Err(failure(error)),
        };
        // Nobody waits any more when the caller was cancelled.
        let _ = self.reply.send(answer);
    }
}

struct Job {
    span: Span,
    size: Size,
    asked: Instant,
    operation: Box<dyn Operation>,
}

impl Job {
    /// Lets go of the caller's span first, which would else last until this thread runs again.
    fn answer(self, outcome: Result<(), Arc<rusqlite::Error>>) {
        let Self { span, operation, .. } = self;
        drop(span);
        operation.answer(outcome);
    }
}

/// What the writer's thread is asked for.
enum Wish {
    Write(Job),
    /// To see whether another process has written.
    Look,
}

/// What the thread tells.
struct Told {
    /// How often another process was seen to have written.
    elsewhere: watch::Sender<u64>,
    /// The database took nothing when last asked.
    stuck: AtomicBool,
    damage: Damage,
}

/// Where operations are handed in.
#[derive(Clone)]
pub(super) struct Writer {
    wishes: mpsc::Sender<Wish>,
    told: Arc<Told>,
}

impl Writer {
    /// The queue's end, and the thread's work: it ends when all clones of the writer are gone.
    pub(super) fn new(connection: Connection, damage: Damage) -> (Self, impl FnOnce() + Send + 'static) {
        let (wishes, receiver) = mpsc::channel(QUEUE);
        let told = Arc::new(Told { elsewhere: watch::Sender::new(0), stuck: AtomicBool::new(false), damage });
        let thread = WriterThread {
            connection,
            receiver,
            told: Arc::clone(&told),
            version: None,
            look: false,
            small: Vec::new(),
            bulk: VecDeque::new(),
            last_group: 0,
            last_commit: Instant::now(),
            // Not known before it was looked at.
            unindexed: u64::MAX,
            unlooked: u64::MAX,
        };
        (Self { wishes, told }, move || thread.run())
    }

    /// Runs `run` on the writer's thread; on return it is committed.
    pub(super) async fn run<T: Send + 'static>(
        &self,
        size: Size,
        run: impl FnMut(&Sql<'_>, &mut CountChanges) -> rusqlite::Result<T> + Send + 'static,
    ) -> Result<T, PortError> {
        let (reply, answer) = oneshot::channel();
        let operation = Box::new(Write { run, value: None, reply });
        let job = Job { span: Span::current(), size, asked: Instant::now(), operation };
        self.wishes
            .send_timeout(Wish::Write(job), WAIT)
            .await
            .map_err(|_| failure("the queue of writes was full for 5 s, or the database is closed"))?;
        answer.await.map_err(|_| failure("the writer has stopped").unconfirmed())?
    }

    /// Whether the database took nothing when last asked.
    pub(super) fn is_stuck(&self) -> bool {
        self.told.stuck.load(Ordering::Relaxed)
    }

    /// Counts what other processes do to the database, from now on and a few times a second.
    pub(super) fn watch(&self) -> watch::Receiver<u64> {
        let wishes = self.wishes.downgrade();
        tokio::spawn(async move {
            while let Some(wishes) = wishes.upgrade() {
                // When the queue is full, the next time will do.
                let _ = wishes.try_send(Wish::Look);
                drop(wishes);
                tokio::time::sleep(LOOK_EVERY).await;
            }
        });
        self.told.elsewhere.subscribe()
    }
}

struct WriterThread {
    connection: Connection,
    receiver: mpsc::Receiver<Wish>,
    told: Arc<Told>,
    /// SQLite's `data_version`: changes when another connection has written.
    version: Option<i64>,
    look: bool,
    small: Vec<Job>,
    bulk: VecDeque<Job>,
    /// How many small operations the last transaction carried.
    last_group: usize,
    last_commit: Instant,
    /// About how many rows are not indexed.
    unindexed: u64,
    /// How many rows came since it was asked last what is due to be indexed.
    unlooked: u64,
}

impl WriterThread {
    fn run(mut self) {
        while self.receive() {
            if std::mem::take(&mut self.look) {
                self.look_elsewhere();
            }
            if self.bulk.front().is_some_and(|job| job.asked.elapsed() > BULK_WAIT) && !self.small.is_empty() {
                let overdue = self.bulk.pop_front().into_iter().collect::<Vec<_>>();
                self.expect_rows(&overdue);
                self.commit(overdue);
            }
            let mut jobs = std::mem::take(&mut self.small);
            if jobs.is_empty() {
                jobs.extend(self.bulk.pop_front());
            }
            let pause = jobs.is_empty();
            if !pause {
                self.expect_rows(&jobs);
                self.commit(jobs);
            }
            if self.unlooked >= ROWS_BETWEEN_INDEXING && (pause || self.unindexed >= MOST_UNINDEXED) {
                self.index(!pause);
            }
        }
        open::checkpoint(&self.connection);
    }

    /// Takes what waits; blocks when there is nothing to do. `false` when no more will come.
    fn receive(&mut self) -> bool {
        if self.unlooked >= ROWS_BETWEEN_INDEXING {
            self.wait_for_pause();
        } else if self.bulk.is_empty() {
            match self.receiver.blocking_recv() {
                Some(wish) => self.sort(wish),
                None => return false,
            }
        }
        self.take_waiting();
        // Those who were just answered are about to ask again: a commit for all costs less than one for each half.
        let until = Instant::now() + GATHER;
        while !self.small.is_empty() && self.small.len() < self.last_group && Instant::now() < until {
            std::thread::yield_now();
            self.take_waiting();
        }
        self.last_group = self.small.len();
        true
    }

    /// Waits until something is to be written, or nothing has been for a while.
    fn wait_for_pause(&mut self) {
        loop {
            self.take_waiting();
            let idle = self.last_commit.elapsed();
            if !self.small.is_empty() || !self.bulk.is_empty() || idle >= PAUSE {
                return;
            }
            // Sleeping takes longer than the next ones mostly need.
            if idle < GATHER { std::thread::yield_now() } else { std::thread::sleep(PAUSE_STEP) }
        }
    }

    fn expect_rows(&mut self, jobs: &[Job]) {
        let rows = jobs.iter().map(|job| match job.size {
            Size::Bulk(rows) => rows,
            Size::Statement | Size::Few => 1,
        });
        let rows = rows.sum();
        self.unindexed = self.unindexed.saturating_add(rows);
        self.unlooked = self.unlooked.saturating_add(rows);
    }

    fn take_waiting(&mut self) {
        while self.small.len() < GROUP && self.bulk.len() < BULK_HELD {
            match self.receiver.try_recv() {
                Ok(wish) => self.sort(wish),
                Err(_) => break,
            }
        }
    }

    fn sort(&mut self, wish: Wish) {
        let Wish::Write(job) = wish else {
            self.look = true;
            return;
        };
        match job.size {
            Size::Bulk(_) => self.bulk.push_back(job),
            Size::Statement | Size::Few => self.small.push(job),
        }
    }

    fn look_elsewhere(&mut self) {
        let version = self.connection.pragma_query_value(None, "data_version", |row| row.get(0)).ok();
        if self.version.is_some() && version.is_some() && version != self.version {
            self.told.damage.doubt();
            self.told.elsewhere.send_modify(|times| *times += 1);
        }
        self.version = version.or(self.version);
    }

    /// Commits the operations together; when that fails, one by one, so that each gets its own answer.
    fn commit(&mut self, mut jobs: Vec<Job>) {
        let outcome = group(&mut self.connection, &mut jobs);
        self.last_commit = Instant::now();
        self.told.stuck.store(outcome.as_ref().is_err_and(GroupError::is_about_the_file), Ordering::Relaxed);
        match outcome {
            Ok(outcomes) => {
                outcomes.iter().filter_map(|outcome| outcome.as_ref().err()).for_each(|e| self.told.damage.learn(e));
                answer(jobs, outcomes);
            }
            Err(GroupError::NotBegun(error)) => {
                self.told.damage.learn(&error);
                let error = Arc::new(error);
                jobs.into_iter().for_each(|job| job.answer(Err(Arc::clone(&error))));
            }
            Err(GroupError::RolledBack(error)) if jobs.len() == 1 => {
                self.told.damage.learn(&error);
                answer(jobs, vec![Err(error)]);
            }
            Err(GroupError::RolledBack(_)) => jobs.into_iter().for_each(|job| self.commit(vec![job])),
        }
    }

    /// One step of the search index, in a transaction of its own.
    fn index(&mut self, busy: bool) {
        let mut step = || -> rusqlite::Result<Step> {
            let transaction = self.connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
            let span = info_span!(target: "glassboard::store", parent: None, "index messages");
            let step = search::step(&Sql::new(&transaction, span, Duration::ZERO), busy)?;
            transaction.commit()?;
            Ok(step)
        };
        match step() {
            Ok(Step::Done) => {}
            Ok(Step::Nothing { unindexed }) => {
                self.unindexed = unindexed;
                if !busy {
                    self.unlooked = 0;
                }
            }
            Err(error) => {
                // Searches read what is not indexed, so they stay right; it is tried again after more rows.
                tracing::error!(exception.message = %error, "the search index was not brought up to date");
                self.unlooked = 0;
            }
        }
    }
}

enum GroupError {
    NotBegun(rusqlite::Error),
    RolledBack(rusqlite::Error),
}

impl GroupError {
    /// The database takes nothing, whoever writes.
    fn is_about_the_file(&self) -> bool {
        use ErrorCode::{
            CannotOpen, DatabaseBusy, DatabaseCorrupt, DatabaseLocked, DiskFull, PermissionDenied, ReadOnly,
            SystemIoFailure,
        };
        let (Self::NotBegun(error) | Self::RolledBack(error)) = self;
        let code = error.sqlite_error_code();
        matches!(code, Some(CannotOpen | DiskFull | PermissionDenied | ReadOnly | SystemIoFailure))
            || matches!(code, Some(DatabaseBusy | DatabaseCorrupt | DatabaseLocked))
    }
}

/// Runs the operations in one transaction, each in a savepoint, and commits.
fn group(connection: &mut Connection, jobs: &mut [Job]) -> Result<Vec<rusqlite::Result<()>>, GroupError> {
    let transaction =
        connection.transaction_with_behavior(TransactionBehavior::Immediate).map_err(GroupError::NotBegun)?;
    let mut outcomes = Vec::with_capacity(jobs.len());
    let mut changes = CountChanges::default();
    for job in jobs.iter_mut() {
        let sql = Sql::new(&transaction, job.span.clone(), job.asked.elapsed());
        let mut own_counts = CountChanges::default();
        let run = || job.operation.run(&sql, &mut own_counts);
        let outcome =
            if job.size == Size::Statement { alone(&transaction, run) } else { in_savepoint(&transaction, run) };
        let outcome = outcome.map_err(GroupError::RolledBack)?;
        if outcome.is_ok() {
            changes.append(own_counts);
        }
        outcomes.push(outcome);
    }
    // Each caller's trace shows the shared statements that it waited for.
    let callers: Vec<Span> = jobs.iter().map(|job| job.span.clone()).collect();
    counts::write(&Sql::shared(&transaction, callers.clone()), &changes).map_err(GroupError::RolledBack)?;
    let commit = Callers::several(ENGINE, callers).trace(&COMMIT, |_| transaction.commit());
    commit.map_err(GroupError::RolledBack)?;
    Ok(outcomes)
}

/// Runs an operation. The outer error says that SQLite ended the whole transaction (a full disk, an I/O error).
fn alone(
    transaction: &Transaction<'_>,
    run: impl FnOnce() -> rusqlite::Result<()>,
) -> rusqlite::Result<rusqlite::Result<()>> {
    let outcome = run();
    if outcome.is_err() && transaction.is_autocommit() { outcome.map(Ok) } else { Ok(outcome) }
}

/// The same, so that a failure leaves the transaction as it was before.
fn in_savepoint(
    transaction: &Transaction<'_>,
    run: impl FnOnce() -> rusqlite::Result<()>,
) -> rusqlite::Result<rusqlite::Result<()>> {
    transaction.prepare_cached("SAVEPOINT operation")?.execute(())?;
    let outcome = alone(transaction, run)?;
    if outcome.is_err() {
        transaction.prepare_cached("ROLLBACK TO operation")?.execute(())?;
    }
    transaction.prepare_cached("RELEASE operation")?.execute(())?;
    Ok(outcome)
}

fn answer(jobs: Vec<Job>, outcomes: Vec<rusqlite::Result<()>>) {
    for (job, outcome) in jobs.into_iter().zip(outcomes) {
        job.answer(outcome.map_err(Arc::new));
    }
}
