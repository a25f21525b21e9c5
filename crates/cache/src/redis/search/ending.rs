//! Ends the generation for all who wait at once: under load each change would else cost two commands.

use super::super::connection::{Connection, Name};
use super::super::per_runtime::PerRuntime;
use super::{GENERATION, random};
use board::ports::PortError;
use redis::{RedisError, RedisResult, cmd};
use std::convert::Infallible;
use std::sync::{Arc, PoisonError, RwLock};
use std::time::{Duration, Instant};
use tokio::sync::{mpsc, oneshot};
use tokio::task::yield_now;

type Told = oneshot::Sender<RedisResult<()>>;

const WAITING: usize = 1024;

/// So long the cache is taken to be there after it has heard of an end.
const FRESH: Duration = Duration::from_millis(200);

#[derive(Default)]
pub(super) struct Ending(PerRuntime<Teller>);

/// Tells the cache for one runtime, by its connection.
#[derive(Clone)]
struct Teller {
    wishes: mpsc::Sender<Told>,
    heard: Heard,
}

/// When the cache heard of the last end by this connection, unless it failed to.
type Heard = Arc<RwLock<Option<Instant>>>;

impl Teller {
    fn new(connection: Connection) -> Self {
        let (wishes, receiver) = mpsc::channel(WAITING);
        let heard = Heard::default();
        tokio::spawn(end(connection, receiver, Arc::clone(&heard)));
        Self { wishes, heard }
    }
}

impl Ending {
    fn here(&self, connection: &Connection) -> Teller {
        let Ok(teller) = self.0.here(|| Ok::<_, Infallible>(Teller::new(connection.clone())));
        teller
    }

    pub(super) fn has_just_ended(&self, connection: &Connection) -> bool {
        let heard = *self.here(connection).heard.read().unwrap_or_else(PoisonError::into_inner);
        heard.is_some_and(|heard| heard.elapsed() < FRESH)
    }

    /// On return it has ended after this was called.
    pub(super) async fn wait(&self, connection: &Connection, name: Name) -> Result<(), PortError> {
        let wishes = self.here(connection).wishes;
        let (told, ended) = oneshot::channel();
        let work = async move {
            let gone = || RedisError::from(std::io::Error::other("the cache is closed"));
            wishes.send(told).await.map_err(|_| gone())?;
            ended.await.map_err(|_| gone())?
        };
        connection.traced(name, work).await
    }
}

async fn end(connection: Connection, mut wishes: mpsc::Receiver<Told>, heard: Heard) {
    let mut waiting = Vec::new();
    // Who comes while a command is under way waits for the next one.
    while wishes.recv_many(&mut waiting, WAITING).await > 0 {
        // Those who were answered together wish together: each when it is its turn.
        yield_now().await;
        waiting.extend(std::iter::from_fn(|| wishes.try_recv().ok()));
        let ended = match random() {
            Ok(next) => connection.untraced(cmd("SET").arg(GENERATION).arg(next)).await,
            Err(error) => Err(RedisError::from(std::io::Error::other(error.to_string()))),
        };
        *heard.write().unwrap_or_else(PoisonError::into_inner) = ended.is_ok().then(Instant::now);
        for told in waiting.drain(..) {
            // Nobody waits any more when the caller was cancelled.
            let _ = told.send(ended.clone());
        }
    }
}
