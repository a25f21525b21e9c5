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

/// A member of the group that counts what is in a topic.
pub struct KafkaSource {
    /// `None` once closed.
    consumer: Option<Arc<BaseConsumer<Watcher>>>,
    topic: String,
    group: String,
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
        let failed = |error: KafkaError| failure(error);
        let watcher = Watcher {
            topic: options.topic.clone(),
            connectivity: Connectivity::default(),
            paused: AtomicBool::default(),
        };
        let consumer = BaseConsumer::from_config_and_context(&options.consumer(), watcher).map_err(failed)?;
        consumer.subscribe(&[&options.topic]).map_err(failed)?;
        Ok(Self {
            consumer: Some(Arc::new(consumer)),
            topic: options.topic.clone(),
            group: options.group.clone(),
            received: BTreeMap::new(),
        })
    }

    async fn poll(&mut self, poll: Poll) -> Result<Vec<Arrived>, PortError> {
        let consumer = Arc::clone(self.consumer.as_ref().ok_or_else(|| failure("the source is closed"))?);
        let (topic, group) = (self.topic.clone(), self.group.clone());
        let events = spawn_blocking(move || poll(&consumer, &topic, &group)).await.map_err(failure)??;
        for event in &events {
            self.received.insert(event.partition, event.offset + 1);
        }
        Ok(events)
    }
}

type Poll = fn(&BaseConsumer<Watcher>, &str, &str) -> Result<Vec<Arrived>, PortError>;

fn failure(source: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> PortError {
    PortError::new(SYSTEM, source)
}

#[async_trait]
impl EventSource for KafkaSource {
    fn name(&self) -> &str {
        &self.topic
    }

    async fn receive(&mut self) -> Result<Vec<Arrived>, PortError> {
        self.poll(gather).await
    }

    /// Goes on polling, as a member of the group must: a partition that comes meanwhile may bring events.
    async fn pause(&mut self) -> Result<Vec<Arrived>, PortError> {
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
            let _ = offsets.add_partition_offset(&self.topic, partition, Offset::Offset(next));
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
