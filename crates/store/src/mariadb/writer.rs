//! The one thread that posts. Waiting posts share a transaction, so that they share its fsync and the lock on the total.

use super::connections::{Connections, Failed, Patience, is_deadlock};
use super::group::{Groups, NewMessage};
use super::messages::Author;
use super::sql::{ManyRows, Result};
use super::{ENGINE, failure};
use crate::statement::Callers;
use board::ports::PortError;
use model::{Message, Timestamp};
use mysql::Error;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering::SeqCst};
use std::time::{Duration, Instant};
use tokio::sync::{mpsc, oneshot};
use tokio::time::timeout;
use tracing::Span;

const QUEUE: usize = 1024;
/// Posts that share a transaction.
const GROUP: usize = 256;
/// The longest wait for a group to become half as large as the last one: no longer than that one took, which another one would
/// take, too.
const GATHER: Duration = Duration::from_millis(2);
const LOOK: Duration = Duration::from_micros(100);

struct Post {
    span: Span,
    author: Author,
    text: String,
    now: Timestamp,
    /// It is with the engine, or was.
    sent: Arc<AtomicBool>,
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
        let thread = WriterThread {
            connections,
            groups: None,
            receiver,
            waiting: Vec::new(),
            last_group: (0, Duration::ZERO),
            stored,
        };
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
        let sent = Arc::<AtomicBool>::default();
        let post = Post { span: Span::current(), author, text, now, sent: Arc::clone(&sent), reply };
        let stored = async {
            self.0.send(post).await.map_err(|_| failure("the store is closed"))?;
            answer.await.map_err(|_| failure("the writer has stopped").unconfirmed())?
        };
        // By now the writer sees that nobody waits: a post that was not sent will not be.
        timeout(budget, stored).await.unwrap_or_else(|_| {
            let error = failure("no answer within 1.8 s");
            Err(if sent.load(SeqCst) { error.unconfirmed() } else { error })
        })
    }
}

struct WriterThread<F> {
    connections: Connections,
    groups: Option<Groups>,
    receiver: mpsc::Receiver<Post>,
    waiting: Vec<Post>,
    /// How many posts the last group had, and how long it took.
    last_group: (usize, Duration),
    stored: F,
}

impl<F: Fn(u64)> WriterThread<F> {
    fn run(mut self) {
        while self.wait() {
            let rest = self.waiting.split_off(ManyRows::chunk(self.waiting.len()));
            let posts = std::mem::replace(&mut self.waiting, rest);
            let (many, began) = (posts.len(), Instant::now());
            self.store(posts);
            self.last_group = (many, began.elapsed());
        }
    }

    /// Waits for posts; `false`: none are there, and none will come.
    fn wait(&mut self) -> bool {
        if self.waiting.is_empty() {
            let Some(first) = self.receiver.blocking_recv() else { return false };
            self.waiting.push(first);
        }
        self.take_waiting();
        // Those who were just answered are about to ask again. With half of them the engine is at work again while the other
        // half comes; for fewer a commit costs too much.
        let (many, took) = self.last_group;
        let until = Instant::now() + took.min(GATHER);
        while self.waiting.len() < many / 2 && Instant::now() < until {
            std::thread::sleep(LOOK);
            self.take_waiting();
        }
        true
    }

    fn take_waiting(&mut self) {
        while self.waiting.len() < GROUP {
            let Ok(post) = self.receiver.try_recv() else { break };
            self.waiting.push(post);
        }
    }

    /// Stores the posts together; when a row is what is wrong, one by one, so that each gets its own answer.
    fn store(&mut self, mut posts: Vec<Post>) {
        let mut outcome = self.transaction(&mut posts);
        // The engine may give a transaction up for another one.
        if matches!(&outcome, Err(Failed { error: Error::MySqlError(error), .. }) if is_deadlock(error.code)) {
            outcome = self.transaction(&mut posts);
        }
        match outcome {
            Ok(ids) => {
                (self.stored)(posts.len() as u64);
                for (post, id) in posts.into_iter().zip(ids) {
                    let Post { span, author, text, now, reply, .. } = post;
                    // It would else last until this thread runs again.
                    drop(span);
                    // Nobody waits any more when the caller was cancelled.
                    let _ = reply.send(Ok(Message {
                        id,
                        text: Some(text),
                        created_at: Some(now),
                        author: Some(author.name),
                    }));
                }
            }
            Err(failed) if posts.len() > 1 && is_about_a_row(&failed.error) => {
                posts.into_iter().for_each(|post| self.store(vec![post]));
            }
            Err(failed) => {
                let (may_be_done, error) = (failed.may_be_done(), Arc::new(failed.error));
                for Post { span, reply, .. } in posts {
                    let failed = failure(Arc::clone(&error));
                    drop(span);
                    let _ = reply.send(Err(if may_be_done { failed.unconfirmed() } else { failed }));
                }
            }
        }
    }

    fn groups(&mut self) -> Result<Groups> {
        if let Some(mut groups) = self.groups.take()
            && groups.are_alive()
        {
            return Ok(groups);
        }
        Groups::new(self.connections.connect(Patience::Request)?)
    }

    /// Their ids, in the same order.
    fn transaction(&mut self, posts: &mut Vec<Post>) -> std::result::Result<Vec<i64>, Failed> {
        let mut groups = self.groups().map_err(Failed::before)?;
        // Whoever has gone meanwhile was told that it failed, and posts again.
        posts.retain(|post| {
            post.sent.store(true, SeqCst);
            !post.reply.is_closed()
        });
        let callers = Callers::several(ENGINE, posts.iter().map(|post| post.span.clone()).collect());
        let messages: Vec<_> =
            posts.iter().map(|post| NewMessage { author: &post.author, text: &post.text, now: post.now }).collect();
        let ids =
            if messages.is_empty() { Vec::new() } else { groups.store(callers, &messages).map_err(Failed::after)? };
        self.groups = Some(groups);
        Ok(ids)
    }
}

/// SQLSTATE's class of data that does not fit.
fn is_about_a_row(error: &Error) -> bool {
    matches!(error, Error::MySqlError(error) if error.state.starts_with("22"))
}
