//! The one thread that posts. Waiting posts share a transaction, so that they share its fsync and the lock on the total.

use super::connections::{Connections, Patience, is_dead, is_deadlock};
use super::sql::{ManyRows, Result, Sql, int, placeholders};
use super::transaction::{commit, lock_total};
use super::{ENGINE, counts, failure};
use crate::counts::CountChanges;
use crate::statement::Callers;
use board::ports::PortError;
use model::{Message, Timestamp};
use mysql::prelude::Queryable;
use mysql::{Conn, Error, Value};
use std::sync::{Arc, LazyLock};
use std::time::{Duration, Instant};
use tokio::sync::{mpsc, oneshot};
use tokio::time::timeout;
use tracing::Span;

const QUEUE: usize = 1024;
/// Posts that share a transaction.
const GROUP: usize = 256;
/// How long a group waits to become as large as the last one: no longer than that one took, which another one would take, too.
const GATHER: Duration = Duration::from_millis(2);
const LOOK: Duration = Duration::from_micros(100);

/// Messages to be stored; gives their ids.
pub(super) static ADD: LazyLock<ManyRows> = LazyLock::new(|| {
    ManyRows::new("INSERT messages", |rows| {
        let rows = placeholders(rows, "(?, '1970-01-01' + INTERVAL ? * 1000 MICROSECOND, ?, ?, ?)");
        format!("INSERT INTO messages (message, created_at, user_id, author_key, sample) VALUES {rows} RETURNING id")
    })
});

/// Who writes: the name as registered, and its key.
#[derive(Debug, Clone)]
pub(super) struct Author {
    pub(super) name: String,
    pub(super) key: String,
}

/// The parameters of a row of [`ADD`].
pub(super) fn row(author: &Author, text: &str, now: Timestamp, sample: bool) -> [Value; 5] {
    [text.into(), now.as_millis().into(), author.name.as_str().into(), author.key.as_str().into(), sample.into()]
}

struct Post {
    span: Span,
    author: Author,
    text: String,
    now: Timestamp,
    reply: oneshot::Sender<std::result::Result<Message, PortError>>,
}

/// Where posts are handed in.
#[derive(Clone)]
pub(super) struct Writer(mpsc::Sender<Post>);

impl Writer {
    /// The queue's end, and the thread's work: it ends when all clones of the writer are gone. `stored` hears how many
    /// messages came.
    pub(super) fn new(connections: Connections, stored: impl Fn(u64) + Send + 'static) -> (Self, impl FnOnce() + Send) {
        let (posts, receiver) = mpsc::channel(QUEUE);
        let thread = WriterThread { connections, connection: None, receiver, last_group: (0, Duration::ZERO), stored };
        (Self(posts), move || thread.run())
    }

    /// On return the message is committed.
    pub(super) async fn post(
        &self,
        author: Author,
        text: String,
        now: Timestamp,
        budget: Duration,
    ) -> std::result::Result<Message, PortError> {
        let (reply, answer) = oneshot::channel();
        let post = Post { span: Span::current(), author, text, now, reply };
        let stored = async {
            self.0.send(post).await.map_err(|_| failure("the store is closed"))?;
            answer.await.map_err(|_| failure("the writer has stopped"))?
        };
        timeout(budget, stored).await.map_err(|_| failure("no answer within 1.8 s; the message may be stored"))?
    }
}

struct WriterThread<F> {
    connections: Connections,
    connection: Option<Conn>,
    receiver: mpsc::Receiver<Post>,
    /// How many posts the last transaction carried, and how long it took.
    last_group: (usize, Duration),
    stored: F,
}

/// Where a group failed.
enum Failed {
    /// Nothing of it is stored.
    Before(Error),
    /// At the commit: it may be stored.
    Committing(Error),
}

impl<F: Fn(u64)> WriterThread<F> {
    fn run(mut self) {
        while let Some(first) = self.receiver.blocking_recv() {
            let mut posts = vec![first];
            self.take_waiting(&mut posts);
            // Those who were just answered are about to ask again: a commit for all costs less than one for each half.
            let (many, took) = self.last_group;
            let until = Instant::now() + took.min(GATHER);
            while posts.len() < many && Instant::now() < until {
                std::thread::sleep(LOOK);
                self.take_waiting(&mut posts);
            }
            let (many, began) = (posts.len(), Instant::now());
            self.store(posts);
            self.last_group = (many, began.elapsed());
        }
    }

    fn take_waiting(&mut self, posts: &mut Vec<Post>) {
        while posts.len() < GROUP {
            let Ok(post) = self.receiver.try_recv() else { break };
            posts.push(post);
        }
    }

    /// Stores the posts together; when a row is what is wrong, one by one, so that each gets its own answer.
    fn store(&mut self, mut posts: Vec<Post>) {
        let reused = self.connection.is_some();
        let mut outcome = self.transaction(&mut posts);
        // A connection may have died while it was idle, and the engine may give a transaction up for another one.
        if matches!(&outcome, Err(Failed::Before(error)) if is_worth_another(error, reused)) {
            outcome = self.transaction(&mut posts);
        }
        match outcome {
            Ok(ids) => {
                (self.stored)(posts.len() as u64);
                for (post, id) in posts.into_iter().zip(ids) {
                    let Post { author, text, now, reply, .. } = post;
                    // Nobody waits any more when the caller was cancelled.
                    let _ = reply.send(Ok(Message {
                        id,
                        text: Some(text),
                        created_at: Some(now),
                        author: Some(author.name),
                    }));
                }
            }
            Err(Failed::Before(error)) if posts.len() > 1 && is_about_a_row(&error) => {
                posts.into_iter().for_each(|post| self.store(vec![post]));
            }
            Err(Failed::Before(error) | Failed::Committing(error)) => {
                let error = Arc::new(error);
                for post in posts {
                    let _ = post.reply.send(Err(failure(Arc::clone(&error))));
                }
            }
        }
    }

    fn connect(&self) -> Result<Conn> {
        let mut connection = self.connections.connect(Patience::Request)?;
        // Spares a round trip per transaction.
        connection.query_drop("SET autocommit = 0")?;
        Ok(connection)
    }

    /// Their ids, in the same order.
    fn transaction(&mut self, posts: &mut Vec<Post>) -> std::result::Result<Vec<i64>, Failed> {
        // Whoever has gone was told that it failed, and posts again.
        posts.retain(|post| !post.reply.is_closed());
        if posts.is_empty() {
            return Ok(Vec::new());
        }
        let mut connection = match self.connection.take() {
            Some(connection) => connection,
            None => self.connect().map_err(Failed::Before)?,
        };
        let callers = posts.iter().map(|post| post.span.clone()).collect();
        let sql = Sql::new(&mut connection, Callers::several(ENGINE, callers));
        let ids = insert(&sql, posts).map_err(Failed::Before)?;
        commit(&sql).map_err(Failed::Committing)?;
        drop(sql);
        // One that saw an error is not used again: the server rolls back what it began.
        self.connection = Some(connection);
        Ok(ids)
    }
}

fn is_worth_another(error: &Error, reused: bool) -> bool {
    match error {
        Error::MySqlError(error) => is_deadlock(error.code),
        other => reused && is_dead(other),
    }
}

/// SQLSTATE's class of data that does not fit.
fn is_about_a_row(error: &Error) -> bool {
    matches!(error, Error::MySqlError(error) if error.state.starts_with("22"))
}

fn insert(sql: &Sql<'_>, posts: &[Post]) -> Result<Vec<i64>> {
    lock_total(sql)?;
    let rows: Vec<_> = posts.iter().map(|post| row(&post.author, &post.text, post.now, false)).collect();
    let ids = add(sql, &rows)?;
    let mut changes = CountChanges::default();
    ids.iter().zip(posts).for_each(|(id, post)| changes.message(*id, Some(&post.author.key), false, 1));
    counts::write(sql, &changes)?;
    Ok(ids)
}

/// Stores the rows; their ids, in the same order.
pub(super) fn add(sql: &Sql<'_>, rows: &[[Value; 5]]) -> Result<Vec<i64>> {
    let mut ids = Vec::with_capacity(rows.len());
    sql.each_of_many(&ADD, rows, |row| ids.extend(int(row, 0)))?;
    ids.sort_unstable();
    Ok(ids)
}
