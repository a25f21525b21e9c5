//! The end of the topic, read when somebody looks at it.

use super::PATIENCE;
use super::options::KafkaOptions;
use crate::record::decode;
use model::{ApiLogEntry, Timestamp};
use rdkafka::consumer::{BaseConsumer, Consumer};
use rdkafka::error::KafkaError;
use rdkafka::message::Message;
use rdkafka::{Offset, TopicPartitionList};
use std::cmp::Reverse;
use std::collections::VecDeque;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

/// Events that the messaging log can show.
const KEPT: usize = 1000;
/// A reading that is older is read anew.
const FRESH: Duration = Duration::from_secs(1);

type Events = VecDeque<std::sync::Arc<ApiLogEntry>>;

pub(super) struct Tail {
    options: KafkaOptions,
    reading: Mutex<Reading>,
}

#[derive(Default)]
struct Reading {
    consumer: Option<BaseConsumer>,
    /// A failure is kept, too: while no broker answers, not everybody waits for that.
    last: Option<(Instant, Result<Events, String>)>,
}

impl Tail {
    pub(super) fn new(options: &KafkaOptions) -> Self {
        Self { options: options.clone(), reading: Mutex::default() }
    }

    /// The newest events, newest first. Waits for the brokers.
    pub(super) fn read(&self) -> Result<Events, String> {
        let mut reading = self.reading.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((_, events)) = reading.last.as_ref().filter(|(at, _)| at.elapsed() < FRESH) {
            return events.clone();
        }
        let consumer = match reading.consumer.take() {
            Some(consumer) => consumer,
            None => self.options.reader().create().map_err(|error| error.to_string())?,
        };
        let events = self.read_with(&consumer).map_err(|error| format!("no broker answers ({error})"));
        *reading = Reading { consumer: Some(consumer), last: Some((Instant::now(), events.clone())) };
        events
    }

    fn read_with(&self, consumer: &BaseConsumer) -> Result<Events, KafkaError> {
        let topic = &self.options.topic;
        let until = Instant::now() + PATIENCE;
        let left_time = || until.saturating_duration_since(Instant::now());
        let metadata = consumer.fetch_metadata(Some(topic), left_time())?;
        let partitions = metadata.topics().first().map(|topic| topic.partitions()).unwrap_or_default();
        let mut wanted = TopicPartitionList::new();
        // Messages that are still to come.
        let mut left = 0;
        for partition in partitions {
            let (low, high) = consumer.fetch_watermarks(topic, partition.id(), left_time())?;
            let from = low.max(high - KEPT as i64);
            if from < high {
                wanted.add_partition_offset(topic, partition.id(), Offset::Offset(from))?;
                left += high - from;
            }
        }
        consumer.assign(&wanted)?;
        let mut events = Vec::new();
        while left > 0 && Instant::now() < until {
            let Some(message) = consumer.poll(left_time()) else { break };
            let Ok(message) = message else { continue };
            left -= 1;
            let now = Timestamp::from_millis(jiff::Timestamp::now().as_millisecond());
            if let Ok((_, event)) = decode(message.payload().unwrap_or_default(), now) {
                events.push((event.timestamp, message.offset(), event));
            }
        }
        consumer.unassign()?;
        events.sort_unstable_by_key(|(at, offset, _)| Reverse((*at, *offset)));
        Ok(events.into_iter().take(KEPT).map(|(_, _, event)| event).collect())
    }
}
