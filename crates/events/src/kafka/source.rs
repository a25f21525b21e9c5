use super::context::{Connectivity, log};
use super::options::KafkaOptions;
use super::{PATIENCE, SYSTEM};
use crate::record::decode;
use async_trait::async_trait;
use board::ports::{Arrived, EventSource, PortError};
use model::Timestamp;
use rdkafka::client::ClientContext;
use rdkafka::config::{FromClientConfigAndContext, RDKafkaLogLevel};
use rdkafka::consumer::{BaseConsumer, CommitMode, Consumer, ConsumerContext};
use rdkafka::error::{KafkaError, RDKafkaErrorCode};
use rdkafka::message::{BorrowedMessage, Headers, Message};
use rdkafka::statistics::Statistics;
use rdkafka::{Offset, TopicPartitionList};
use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};
use telemetry::propagation::{TRACEPARENT, TraceParent};
use telemetry::server::{add_link, metrics, set_remote_parent};
use tokio::task::spawn_blocking;
use tracing::{Span, info_span};

/// Events that are counted together.
const BATCH: usize = 5_000;
/// How long the first of them is waited for, and the others after it.
const WAIT: Duration = Duration::from_millis(500);
const GATHER: Duration = Duration::from_millis(200);
/// When nothing comes, it is looked so often whether there is something.
const LOOK_EVERY: Duration = Duration::from_secs(3);
/// Joining again makes the others wait.
const AGAIN_AT_MOST: Duration = Duration::from_secs(60);

/// A member of the group that counts what is in a topic.
pub struct KafkaSource {
    /// `None` once closed.
    consumer: Option<Arc<BaseConsumer<Watcher>>>,
    options: KafkaOptions,
    /// What was seen of how it goes.
    progress: Progress,
    /// What was received, and the offset that follows it.
    received: BTreeMap<i32, i64>,
}

/// Hears what the consumer tells.
struct Watcher {
    topic: String,
    connectivity: Connectivity,
    /// What is not fetched, the library's statistics do not know of.
    paused: AtomicBool,
}

impl ClientContext for Watcher {
    fn log(&self, level: RDKafkaLogLevel, facility: &str, message: &str) {
        log(level, facility, message);
    }

    fn error(&self, error: KafkaError, reason: &str) {
        self.connectivity.failed(&error, reason);
    }

    fn stats(&self, statistics: Statistics) {
        if self.paused.load(Ordering::Relaxed) {
            return;
        }
        let partitions = statistics.topics.get(&self.topic).into_iter().flat_map(|topic| topic.partitions.values());
        // -1: not one of ours.
        let lag = partitions.map(|partition| partition.consumer_lag.max(0)).sum();
        metrics::consumer_lag(&self.topic, lag);
    }
}

impl ConsumerContext for Watcher {}

impl KafkaSource {
    /// Joins the group. Does not wait for a broker.
    ///
    /// # Errors
    /// When the options are none that a client takes.
    pub fn open(options: &KafkaOptions) -> Result<Self, PortError> {
        let consumer = Some(Arc::new(member(options).map_err(failure)?));
        Ok(Self { consumer, options: options.clone(), progress: Progress::new(), received: BTreeMap::new() })
    }

    async fn poll(&mut self, poll: Poll) -> Result<Vec<Arrived>, PortError> {
        let consumer = Arc::clone(self.consumer.as_ref().ok_or_else(|| failure("the source is closed"))?);
        let options = self.options.clone();
        let poll = move || poll(&consumer, &options.topic, &options.group);
        let events = spawn_blocking(poll).await.map_err(failure)??;
        for event in &events {
            self.received.insert(event.partition, event.offset + 1);
        }
        Ok(events)
    }

    /// Whether records wait at the broker that do not come, looked at now and then.
    async fn is_stuck(&mut self) -> bool {
        if !self.progress.is_to_be_looked_at() {
            return false;
        }
        let Some(consumer) = self.consumer.clone() else { return false };
        let waiting = spawn_blocking(move || has_records(&consumer)).await.unwrap_or(false);
        self.progress.looked(waiting)
    }

    /// The topic was deleted and made anew: its partitions begin again, but a consumer that knew the old ones takes what it is
    /// told of the new ones for older news, and waits for ever. One that knows nothing does not.
    async fn begin_again(&mut self) -> Result<(), PortError> {
        tracing::warn!(
            topic = self.options.topic,
            "records wait that do not come: was the topic made anew? Joining again"
        );
        self.close().await;
        self.received.clear();
        self.consumer = Some(Arc::new(member(&self.options).map_err(failure)?));
        Ok(())
    }
}

/// Whether records come while there are some.
struct Progress {
    looked_at: Instant,
    /// Records waited when it was looked last, and none has come since.
    waited: bool,
    began_again_at: Option<Instant>,
}

impl Progress {
    fn new() -> Self {
        Self { looked_at: Instant::now(), waited: false, began_again_at: None }
    }

    /// Records have come, or are not wanted now.
    fn goes_on(&mut self) {
        (self.looked_at, self.waited) = (Instant::now(), false);
    }

    fn is_to_be_looked_at(&self) -> bool {
        self.looked_at.elapsed() > LOOK_EVERY
    }

    /// Whether it is time to begin again: records waited the last time, too.
    fn looked(&mut self, waiting: bool) -> bool {
        let is_stuck = waiting && self.waited && self.began_again_at.is_none_or(|at| at.elapsed() > AGAIN_AT_MOST);
        (self.looked_at, self.waited) = (Instant::now(), waiting && !is_stuck);
        if is_stuck {
            self.began_again_at = Some(Instant::now());
        }
        is_stuck
    }
}

fn member(options: &KafkaOptions) -> Result<BaseConsumer<Watcher>, KafkaError> {
    let watcher =
        Watcher { topic: options.topic.clone(), connectivity: Connectivity::default(), paused: AtomicBool::default() };
    let consumer = BaseConsumer::from_config_and_context(&options.consumer(), watcher)?;
    consumer.subscribe(&[&options.topic])?;
    Ok(consumer)
}

/// Whether a partition of this member's has records that it has not got; not when no broker tells.
fn has_records(consumer: &BaseConsumer<Watcher>) -> bool {
    let topic = &consumer.context().topic;
    let Ok(positions) = consumer.position() else { return false };
    positions.elements_for_topic(topic).iter().any(|partition| {
        let ends = consumer.fetch_watermarks(topic, partition.partition(), PATIENCE);
        ends.is_ok_and(|(first, end)| match partition.offset() {
            Offset::Offset(next) => next != end,
            _ => first != end,
        })
    })
}

type Poll = fn(&BaseConsumer<Watcher>, &str, &str) -> Result<Vec<Arrived>, PortError>;

fn failure(source: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> PortError {
    PortError::new(SYSTEM, source)
}

#[async_trait]
impl EventSource for KafkaSource {
    fn name(&self) -> &str {
        &self.options.topic
    }

    async fn receive(&mut self) -> Result<Vec<Arrived>, PortError> {
        let events = self.poll(gather).await?;
        if !events.is_empty() {
            self.progress.goes_on();
        } else if self.is_stuck().await {
            self.begin_again().await?;
        }
        Ok(events)
    }

    /// Goes on polling, as a member of the group must: a partition that comes meanwhile may bring events.
    async fn pause(&mut self) -> Result<Vec<Arrived>, PortError> {
        self.progress.goes_on();
        self.poll(|consumer, topic, group| {
            let watcher = consumer.context();
            let partitions = consumer.assignment().map_err(failure)?;
            consumer.pause(&partitions).map_err(failure)?;
            watcher.paused.store(true, Ordering::Relaxed);
            let events = gather(consumer, topic, group);
            if let Ok(lag) = lag(consumer, topic) {
                metrics::consumer_lag(topic, lag);
            }
            watcher.paused.store(false, Ordering::Relaxed);
            consumer.resume(&partitions).map_err(failure)?;
            events
        })
        .await
    }

    async fn counted(&mut self) {
        let Some(consumer) = &self.consumer else { return };
        let mut offsets = TopicPartitionList::new();
        for (partition, next) in std::mem::take(&mut self.received) {
            let _ = offsets.add_partition_offset(&self.options.topic, partition, Offset::Offset(next));
        }
        // What is not committed is delivered again, and known.
        if let Err(error) = consumer.commit(&offsets, CommitMode::Async) {
            tracing::debug!(exception.message = %error, "offsets were not committed");
        }
    }

    async fn close(&mut self) {
        let consumer = self.consumer.take();
        let leave = spawn_blocking(move || drop(consumer));
        let _ = tokio::time::timeout(PATIENCE * 2, leave).await;
    }
}

/// What comes within a moment.
fn gather(consumer: &BaseConsumer<Watcher>, topic: &str, group: &str) -> Result<Vec<Arrived>, PortError> {
    let mut events = Vec::new();
    let mut until = Instant::now() + WAIT;
    while events.len() < BATCH {
        match consumer.poll(until.saturating_duration_since(Instant::now())) {
            Some(Ok(message)) => {
                if events.is_empty() {
                    consumer.context().connectivity.answered();
                    until = Instant::now() + GATHER;
                }
                events.push(arrived(&message, topic, group));
            }
            // The library goes on by itself; what keeps it is told by the context, and here only that it waits.
            Some(Err(error)) => complain(consumer, &error, topic),
            None => break,
        }
        if Instant::now() >= until {
            break;
        }
    }
    Ok(events)
}

/// How far this member's partitions are behind, as the broker knows it.
fn lag(consumer: &BaseConsumer<Watcher>, topic: &str) -> Result<i64, KafkaError> {
    let mut lag = 0;
    for partition in consumer.committed(PATIENCE)?.elements_for_topic(topic) {
        let (first, end) = consumer.fetch_watermarks(topic, partition.partition(), PATIENCE)?;
        let next = match partition.offset() {
            Offset::Offset(offset) => offset,
            _ => first,
        };
        lag += end - next;
    }
    Ok(lag)
}

fn complain(consumer: &BaseConsumer<Watcher>, error: &KafkaError, topic: &str) {
    let reason = match error.rdkafka_error_code() {
        Some(RDKafkaErrorCode::UnknownTopicOrPartition) => format!("the topic {topic} is not there"),
        _ => error.to_string(),
    };
    consumer.context().connectivity.failed(error, &reason);
}

fn arrived(message: &BorrowedMessage<'_>, topic: &str, group: &str) -> Arrived {
    let now = jiff::Timestamp::now().as_millisecond();
    // Whoever sent it chose its time.
    let taken_at = Timestamp::from_millis(message.timestamp().to_millis().unwrap_or(now).clamp(0, now));
    Arrived {
        partition: message.partition(),
        offset: message.offset(),
        taken_at,
        content: decode(message.payload().unwrap_or_default(), Timestamp::from_millis(now)),
        span: span(message, topic, group),
    }
}

/// The consumer's span, below the send.
fn span(message: &BorrowedMessage<'_>, topic: &str, group: &str) -> Span {
    let header = |name: &str| {
        let found = message.headers()?.iter().find(|header| header.key == name)?;
        std::str::from_utf8(found.value?).ok()
    };
    let Some(send) = header(TRACEPARENT).and_then(TraceParent::parse) else { return Span::none() };
    let span = info_span!(
        target: "glassboard::events",
        parent: None,
        "process",
        otel.name = format_args!("process {topic}"),
        otel.kind = "consumer",
        messaging.system = SYSTEM,
        messaging.operation.name = "process",
        messaging.operation.type = "process",
        messaging.destination.name = topic,
        messaging.consumer.group.name = group,
        messaging.destination.partition.id = message.partition(),
        messaging.kafka.offset = message.offset(),
        messaging.message.id = header("event_id"),
    );
    set_remote_parent(&span, send);
    add_link(&span, send);
    span
}
