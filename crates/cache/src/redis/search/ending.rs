//! Ends the generation for all who wait at once: under load each change would else cost two commands.

use super::super::connection::{Connection, Name};
use super::{GENERATION, random};
use board::ports::PortError;
use redis::{RedisError, RedisResult, cmd};
use std::time::{Duration, Instant};
use tokio::sync::{mpsc, oneshot, watch};

type Told = oneshot::Sender<RedisResult<()>>;

const WAITING: usize = 1024;

/// So long the cache is taken to be there after it has heard of an end.
const FRESH: Duration = Duration::from_millis(200);

pub(super) struct Ending {
    wishes: mpsc::Sender<Told>,
    /// When the cache heard of the last end, unless it failed to.
    heard: watch::Receiver<Option<Instant>>,
}

impl Ending {
    pub(super) fn new(connection: Connection) -> Self {
        let (wishes, receiver) = mpsc::channel(WAITING);
        let (tell, heard) = watch::channel(None);
        tokio::spawn(end(connection, receiver, tell));
        Self { wishes, heard }
    }

    pub(super) fn has_just_ended(&self) -> bool {
        self.heard.borrow().is_some_and(|heard| heard.elapsed() < FRESH)
    }

    /// On return it has ended after this was called.
    pub(super) async fn wait(&self, connection: &Connection, name: Name) -> Result<(), PortError> {
        let (told, ended) = oneshot::channel();
        let wishes = self.wishes.clone();
        let work = async move {
            let gone = || RedisError::from(std::io::Error::other("the cache is closed"));
            wishes.send(told).await.map_err(|_| gone())?;
            ended.await.map_err(|_| gone())?
        };
        connection.traced(name, work).await
    }
}

async fn end(connection: Connection, mut wishes: mpsc::Receiver<Told>, heard: watch::Sender<Option<Instant>>) {
    let mut waiting = Vec::new();
    // Who comes while a command is under way waits for the next one.
    while wishes.recv_many(&mut waiting, WAITING).await > 0 {
        let ended = match random() {
            Ok(next) => connection.untraced(cmd("SET").arg(GENERATION).arg(next)).await,
            Err(error) => Err(RedisError::from(std::io::Error::other(error.to_string()))),
        };
        heard.send_replace(ended.is_ok().then(Instant::now));
        for told in waiting.drain(..) {
            // Nobody waits any more when the caller was cancelled.
            let _ = told.send(ended.clone());
        }
    }
}
