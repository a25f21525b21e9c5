//! Carries events from the spool to the topic, in order, for as long as it takes.

use super::context::{Connectivity, log};
use super::options::KafkaOptions;
use super::sent::Sent;
use super::{PATIENCE, topic};
use crate::packed::unpack;
use crate::record::encode;
use crate::spool::{Reader, Record, Spool};
use board::ports::REORDERED;
use model::{Timestamp, Username};
use rdkafka::client::ClientContext;
use rdkafka::config::{FromClientConfigAndContext, RDKafkaLogLevel};
use rdkafka::error::{KafkaError, KafkaResult, RDKafkaErrorCode};
use rdkafka::message::{DeliveryResult, Header, OwnedHeaders};
use rdkafka::producer::{BaseProducer, BaseRecord, Producer, ProducerContext};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};
use telemetry::propagation::TRACEPARENT;
use telemetry::server::metrics;

/// From the oldest event that the broker does not have to the newest that it was handed: late ones are told from known ones
/// only so far.
const MOST_OPEN: u64 = REORDERED / 2;
const BATCH: usize = 1_000;
/// How long there is nothing to do when there is nothing new.
const PAUSE: Duration = Duration::from_millis(50);
/// How long a topic that takes nothing is left alone.
const AGAIN: Duration = Duration::from_secs(1);

type SpoolProducer = BaseProducer<Deliveries>;

/// Between the spool and the producer. One for the process's life, unless the broker breaks with it.
pub(super) struct Carrier {
    options: KafkaOptions,
    spool: Arc<Spool>,
    connectivity: Arc<Connectivity>,
    producer: Mutex<Arc<SpoolProducer>>,
    /// Until when what waits is still sent; `None`: there is no end yet.
    until: Mutex<Option<Instant>>,
}

/// Hears what became of each event.
struct Deliveries {
    topic: String,
    sent: Mutex<Sent>,
    connectivity: Arc<Connectivity>,
}

impl Deliveries {
    fn sent(&self) -> MutexGuard<'_, Sent> {
        self.sent.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl ClientContext for Deliveries {
    fn log(&self, level: RDKafkaLogLevel, facility: &str, message: &str) {
        log(level, facility, message);
    }

    fn error(&self, error: KafkaError, reason: &str) {
        self.connectivity.failed(&error, reason);
    }
}

impl ProducerContext for Deliveries {
    /// The event's number.
    type DeliveryOpaque = usize;

    fn delivery(&self, result: &DeliveryResult<'_>, number: usize) {
        let number = number as u64;
        metrics::message_sent(&self.topic, result.is_ok(), self.sent().since(number));
        match result {
            Ok(_) => {
                self.connectivity.answered();
                self.sent().taken(number);
            }
            Err((error, _)) => {
                let reason = format!("the topic {} takes nothing ({error})", self.topic);
                self.connectivity.failed(error, &reason);
                self.sent().refused();
            }
        }
    }
}

impl Carrier {
    pub(super) fn new(options: &KafkaOptions, spool: Arc<Spool>) -> KafkaResult<Self> {
        let connectivity = Arc::new(Connectivity::default());
        let producer = producer(options, &connectivity)?;
        Ok(Self {
            options: options.clone(),
            spool,
            connectivity,
            producer: Mutex::new(Arc::new(producer)),
            until: Mutex::default(),
        })
    }

    /// Lets [`Carrier::run`] end: at once when nothing waits, else after `limit`.
    pub(super) fn end(&self, limit: Duration) {
        *self.until.lock().unwrap_or_else(PoisonError::into_inner) = Some(Instant::now() + limit);
    }

    /// Asks a broker for the topic.
    pub(super) fn ping(&self, patience: Duration) -> Result<(), String> {
        let told = |reason: String| self.connectivity.failure().unwrap_or(reason);
        let producer = self.producer();
        let metadata = producer.client().fetch_metadata(Some(&self.options.topic), patience);
        let metadata = metadata.map_err(|error| told(format!("no broker answers ({error})")))?;
        let missing = || format!("the topic {} is not there, and can't be made: make it", self.options.topic);
        match metadata.topics().first() {
            Some(topic) if topic.error().is_none() && !topic.partitions().is_empty() => {
                self.connectivity.answered();
                Ok(())
            }
            _ => Err(told(missing())),
        }
    }

    /// What waits is not sent any more.
    fn is_over(&self) -> bool {
        self.until.lock().unwrap_or_else(PoisonError::into_inner).is_some_and(|until| Instant::now() > until)
    }

    fn producer(&self) -> Arc<SpoolProducer> {
        Arc::clone(&self.producer.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// The thread's work.
    pub(super) fn run(&self) {
        let mut reader = Reader::new(Arc::clone(&self.spool));
        let mut producer = self.producer();
        topic::make(&self.options);
        loop {
            let idle = self.carry(&producer, &mut reader);
            producer.poll(if idle { PAUSE } else { Duration::ZERO });
            let deliveries = producer.context();
            let taken = deliveries.sent().all_taken();
            taken.into_iter().for_each(|number| self.spool.take(number));
            if deliveries.sent().has_failed() {
                self.begin_again(&mut producer, &mut reader);
                if !self.is_over() {
                    continue;
                }
            }
            let until = *self.until.lock().unwrap_or_else(PoisonError::into_inner);
            let is_done = idle && producer.context().sent().open() == 0;
            if until.is_some_and(|until| is_done || Instant::now() > until) {
                break;
            }
        }
    }

    /// Hands events over; `true` when there is nothing to hand over, or no room for it.
    fn carry(&self, producer: &SpoolProducer, reader: &mut Reader) -> bool {
        let deliveries = producer.context();
        let first = deliveries.sent().first();
        let room = first.map_or(MOST_OPEN, |first| MOST_OPEN.saturating_sub(reader.next() - first));
        if room == 0 || deliveries.sent().has_failed() {
            return true;
        }
        match reader.read(BATCH.min(room as usize)) {
            Ok(records) => {
                records.iter().for_each(|record| self.send(producer, record));
                records.is_empty()
            }
            Err(error) => {
                tracing::error!(exception.message = %error, "the event spool can't be read: sending begins again");
                deliveries.sent().fail();
                true
            }
        }
    }

    fn send(&self, producer: &SpoolProducer, record: &Record) {
        producer.context().sent().handed_over(record.number);
        let now = Timestamp::from_millis(jiff::Timestamp::now().as_millisecond());
        let event = match unpack(record, now) {
            Ok((_, event)) => event,
            Err(unreadable) => {
                tracing::error!(
                    number = record.number,
                    reason = unreadable.reason,
                    "an event can't be read: it is lost"
                );
                self.spool.lose(1);
                return producer.context().sent().taken(record.number);
            }
        };
        let place = record.place.map(|place| place.to_string());
        let mut headers = OwnedHeaders::new_with_capacity(2);
        headers = headers.insert(Header { key: "event_id", value: Some(event.event_id.as_bytes()) });
        if let Some(place) = &place {
            headers = headers.insert(Header { key: TRACEPARENT, value: Some(place.as_bytes()) });
        }
        // Whoever has no name is spread over all partitions; sent again, an event goes where it went before.
        let key = event.user.as_ref().map_or(event.event_id.as_str(), Username::as_str).as_bytes();
        let payload = encode(&event);
        #[allow(clippy::cast_possible_truncation, reason = "64 bits wherever this runs")]
        let number = record.number as usize;
        let message = BaseRecord::with_opaque_to(&self.options.topic, number).key(key).payload(payload.as_bytes());
        let mut message = message.headers(headers);
        while let Err((error, back)) = producer.send(message) {
            if error.rdkafka_error_code() != Some(RDKafkaErrorCode::QueueFull) {
                self.connectivity.failed(&error, &error.to_string());
                producer.context().sent().refused();
                return;
            }
            producer.poll(PAUSE);
            message = back;
        }
    }

    /// Sends what was not taken once more, when what is under way has arrived or failed.
    fn begin_again(&self, producer: &mut Arc<SpoolProducer>, reader: &mut Reader) {
        while producer.context().sent().under_way() > 0 && producer.client().fatal_error().is_none() {
            producer.poll(PAUSE);
            if self.is_over() {
                return;
            }
        }
        let taken = producer.context().sent().all_taken();
        taken.into_iter().for_each(|number| self.spool.take(number));
        if let Some((code, reason)) = producer.client().fatal_error() {
            tracing::warn!(code = ?code, reason, "the event bus broke with its producer: another one goes on");
            match self::producer(&self.options, &self.connectivity) {
                Ok(other) => {
                    *producer = Arc::new(other);
                    *self.producer.lock().unwrap_or_else(PoisonError::into_inner) = Arc::clone(producer);
                }
                Err(error) => tracing::error!(exception.message = %error, "no producer can be made"),
            }
        }
        *producer.context().sent() = Sent::default();
        reader.rewind();
        std::thread::sleep(AGAIN);
        topic::make(&self.options);
        let _ = producer.client().fetch_metadata(Some(&self.options.topic), PATIENCE);
    }
}

fn producer(options: &KafkaOptions, connectivity: &Arc<Connectivity>) -> KafkaResult<SpoolProducer> {
    let deliveries =
        Deliveries { topic: options.topic.clone(), sent: Mutex::default(), connectivity: Arc::clone(connectivity) };
    SpoolProducer::from_config_and_context(&options.producer(), deliveries)
}
