use super::connection::{Connection, Name};
use board::ports::{Audience, Live, News};
use model::LiveEvent;
use redis::aio::PubSubStream;
use redis::{Client, RedisResult, cmd};
use serde::{Deserialize, Serialize};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;
use tokio::sync::{broadcast, mpsc};
use tokio::time::{interval, sleep, timeout};
use tokio_stream::StreamExt;
use tracing::Instrument;

/// News of all processes, through the channel `glassboard_live`. Those of this process reach its listeners without Redis.
pub struct RedisLive {
    here: broadcast::Sender<Arc<News>>,
    elsewhere: mpsc::Sender<Arc<News>>,
    /// Somebody in another process listens, as far as known.
    heard_elsewhere: Arc<AtomicBool>,
}

/// News that a slow listener may fall behind before it loses the oldest.
const BACKLOG: usize = 4096;
const CHANNEL: &str = "glassboard_live";
/// How often it is asked whether others listen, and whether anybody does here.
const LOOK_EVERY: Duration = Duration::from_secs(1);
/// News that go out together, and how long those that come meanwhile wait for more. A few batches fit a listener's backlog.
const BATCH: usize = BACKLOG / 4;
const GATHER: Duration = Duration::from_millis(20);

/// As they travel.
#[derive(Serialize, Deserialize)]
struct Batch<N> {
    /// The process that tells them: its own listeners know already.
    from: String,
    news: Vec<N>,
}

#[derive(Serialize, Deserialize)]
struct Traveller {
    to: Addressee,
    event: LiveEvent,
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Addressee {
    Everyone,
    Operators,
    User(String),
    Session(String),
}

impl From<&News> for Traveller {
    fn from(news: &News) -> Self {
        let to = match &news.audience {
            Audience::Everyone => Addressee::Everyone,
            Audience::Operators => Addressee::Operators,
            Audience::User(key) => Addressee::User(key.clone()),
            Audience::Session(id) => Addressee::Session(id.clone()),
        };
        Self { to, event: news.event.clone() }
    }
}

impl From<Traveller> for News {
    fn from(traveller: Traveller) -> Self {
        let audience = match traveller.to {
            Addressee::Everyone => Audience::Everyone,
            Addressee::Operators => Audience::Operators,
            Addressee::User(key) => Audience::User(key),
            Addressee::Session(id) => Audience::Session(id),
        };
        Self { audience, event: traveller.event }
    }
}

impl RedisLive {
    pub(super) fn new(client: Client, connection: Connection) -> Self {
        let here = broadcast::Sender::new(BACKLOG);
        let (elsewhere, outgoing) = mpsc::channel(BACKLOG);
        let heard_elsewhere = Arc::new(AtomicBool::new(false));
        let mut bytes = [0; 8];
        // Without randomness one's own news come twice, which harms nobody.
        let _ = getrandom::fill(&mut bytes);
        let me: Arc<str> = u64::from_le_bytes(bytes).to_string().into();
        let none = tracing::Span::none;
        tokio::spawn(send(connection.clone(), outgoing, Arc::clone(&me)).instrument(none()));
        tokio::spawn(look(connection, here.clone(), Arc::clone(&heard_elsewhere)).instrument(none()));
        tokio::spawn(receive(client, here.clone(), me).instrument(none()));
        Self { here, elsewhere, heard_elsewhere }
    }
}

impl Live for RedisLive {
    fn publish(&self, news: News) {
        let news = Arc::new(news);
        // API calls are many: they travel only when somebody listens.
        if news.audience != Audience::Operators || self.heard_elsewhere.load(Ordering::Relaxed) {
            // Pages elsewhere miss what does not fit; they read lists anew when they are asked for.
            let _ = self.elsewhere.try_send(Arc::clone(&news));
        }
        // Fails when nobody listens, which is no loss.
        let _ = self.here.send(news);
    }

    fn has_listeners(&self) -> bool {
        self.here.receiver_count() > 0 || self.heard_elsewhere.load(Ordering::Relaxed)
    }

    fn subscribe(&self) -> broadcast::Receiver<Arc<News>> {
        self.here.subscribe()
    }
}

async fn send(connection: Connection, mut outgoing: mpsc::Receiver<Arc<News>>, me: Arc<str>) {
    let mut news = Vec::new();
    while outgoing.recv_many(&mut news, BATCH).await > 0 {
        let batch = Batch { from: me.to_string(), news: news.drain(..).map(|news| Traveller::from(&*news)).collect() };
        let text = serde_json::to_string(&batch).unwrap_or_default();
        let name = Name { operation: "PUBLISH", key: CHANNEL };
        // Logged where it fails; news are worth nothing later.
        let _ = connection.command::<u64>(name, cmd("PUBLISH").arg(CHANNEL).arg(text)).await;
        sleep(GATHER).await;
    }
}

/// Keeps knowing whether other processes have listeners: those that have none do not subscribe.
async fn look(connection: Connection, here: broadcast::Sender<Arc<News>>, heard: Arc<AtomicBool>) {
    let mut ticks = interval(LOOK_EVERY);
    loop {
        ticks.tick().await;
        let name = Name { operation: "PUBSUB NUMSUB", key: CHANNEL };
        let count = connection.command::<(String, u64)>(name, cmd("PUBSUB").arg("NUMSUB").arg(CHANNEL)).await;
        let own = u64::from(here.receiver_count() > 0);
        heard.store(count.is_ok_and(|(_, count)| count > own), Ordering::Relaxed);
    }
}

/// Subscribes while somebody listens here.
async fn receive(client: Client, here: broadcast::Sender<Arc<News>>, me: Arc<str>) {
    let mut missed = false;
    loop {
        if here.receiver_count() == 0 {
            sleep(LOOK_EVERY / 4).await;
            continue;
        }
        let Ok(Ok(mut messages)) = timeout(2 * LOOK_EVERY, subscribe(&client)).await else {
            missed = true;
            sleep(LOOK_EVERY).await;
            continue;
        };
        if std::mem::take(&mut missed) {
            let news = News { audience: Audience::Everyone, event: LiveEvent::MessagesChanged };
            let _ = here.send(Arc::new(news));
        }
        while here.receiver_count() > 0 {
            match timeout(LOOK_EVERY, messages.next()).await {
                Ok(Some(message)) => hear(&here, &me, &message.get_payload::<String>().unwrap_or_default()),
                Ok(None) => {
                    missed = true;
                    break;
                }
                Err(_) => {}
            }
        }
    }
}

async fn subscribe(client: &Client) -> RedisResult<PubSubStream> {
    let mut channel = client.get_async_pubsub().await?;
    channel.subscribe(CHANNEL).await?;
    Ok(channel.into_on_message())
}

fn hear(here: &broadcast::Sender<Arc<News>>, me: &str, text: &str) {
    let Ok(batch) = serde_json::from_str::<Batch<Traveller>>(text) else { return };
    if batch.from != me {
        batch.news.into_iter().for_each(|news| drop(here.send(Arc::new(news.into()))));
    }
}
