//! Ends the generation for all who wait at once: under load each change would else cost two commands.

use super::super::connection::{Connection, Name};
use super::{GENERATION, random};
use board::ports::PortError;
use redis::{RedisError, RedisResult, cmd};
use tokio::sync::{mpsc, oneshot};

type Told = oneshot::Sender<RedisResult<()>>;

const WAITING: usize = 1024;

pub(super) struct Ending(mpsc::Sender<Told>);

impl Ending {
    pub(super) fn new(connection: Connection) -> Self {
        let (wishes, receiver) = mpsc::channel(WAITING);
        tokio::spawn(end(connection, receiver));
        Self(wishes)
    }

    /// On return it has ended after this was called.
    pub(super) async fn wait(&self, connection: &Connection, name: Name) -> Result<(), PortError> {
        let (told, ended) = oneshot::channel();
        let wishes = self.0.clone();
        let work = async move {
            let gone = || RedisError::from(std::io::Error::other("the cache is closed"));
            wishes.send(told).await.map_err(|_| gone())?;
            ended.await.map_err(|_| gone())?
        };
        connection.traced(name, work).await
    }
}

async fn end(connection: Connection, mut wishes: mpsc::Receiver<Told>) {
    let mut waiting = Vec::new();
    // Who comes while a command is under way waits for the next one.
    while wishes.recv_many(&mut waiting, WAITING).await > 0 {
        let ended = match random() {
            Ok(next) => connection.untraced(cmd("SET").arg(GENERATION).arg(next)).await,
            Err(error) => Err(RedisError::from(std::io::Error::other(error.to_string()))),
        };
        for told in waiting.drain(..) {
            // Nobody waits any more when the caller was cancelled.
            let _ = told.send(ended.clone());
        }
    }
}
