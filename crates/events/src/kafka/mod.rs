//! API events through Kafka, or Azure Event Hubs, which is Kafka with other settings.
//!
//! An event is appended to the spool before its response leaves; a thread carries it to the broker when there is one.
//! A record has the event's JSON, its user's name as key (so that a user's events stay in order), its place in the trace
//! and its id in the headers.

mod carrier;
mod context;
mod event_hubs;
mod options;
mod sent;
mod source;
mod tail;
mod topic;

pub use event_hubs::{EventHubsError, event_hubs};
pub use options::{KafkaOptions, Sasl};
pub use source::KafkaSource;

use crate::in_process::{page_of, spooled};
use crate::spool::Spool;
use async_trait::async_trait;
use board::ports::{Engine, Events, PortError};
use carrier::Carrier;
use model::{ApiLogEntry, ApiLogPage, PageRequest};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::Duration;
use tail::Tail;
use telemetry::server::trace_parent_of;
use tokio::task::spawn_blocking;
use tracing::info_span;

/// `messaging.system`, also for Event Hubs: it is Kafka's protocol that is spoken.
const SYSTEM: &str = "kafka";

/// How long a broker may take to answer a question.
const PATIENCE: Duration = Duration::from_millis(1_500);
/// How long what is not sent yet is waited for at the end.
const FLUSH: Duration = Duration::from_secs(5);

/// Events that are carried to a topic.
pub struct KafkaEvents {
    /// The name under which failures are told.
    name: &'static str,
    topic: String,
    spool: Arc<Spool>,
    carrier: Arc<Carrier>,
    thread: Mutex<Option<JoinHandle<()>>>,
    tail: Arc<Tail>,
}

impl KafkaEvents {
    /// Does not wait for a broker: while there is none, events stay in the spool.
    ///
    /// # Errors
    /// When the options are none that a client takes.
    pub fn open(options: &KafkaOptions, spool: Arc<Spool>) -> Result<Self, PortError> {
        let name = if options.event_hubs { "event-hubs" } else { "kafka" };
        let failed = |error: rdkafka::error::KafkaError| PortError::new(name, error);
        let carrier = Arc::new(Carrier::new(options, Arc::clone(&spool)).map_err(failed)?);
        let carries = Arc::clone(&carrier);
        let thread = std::thread::Builder::new().name("kafka-carrier".to_owned()).spawn(move || carries.run());
        Ok(Self {
            name,
            topic: options.topic.clone(),
            spool,
            carrier,
            thread: Mutex::new(Some(thread.map_err(|error| PortError::new(name, error))?)),
            tail: Arc::new(Tail::new(options)),
        })
    }

    /// Sends what waits, for a while, and ends.
    pub async fn close(&self) {
        let thread = self.thread.lock().unwrap_or_else(PoisonError::into_inner).take();
        self.carrier.end(FLUSH);
        if let Some(thread) = thread {
            let _ = spawn_blocking(move || thread.join()).await;
        }
    }
}

#[async_trait]
impl Engine for KafkaEvents {
    fn name(&self) -> &'static str {
        self.name
    }

    async fn ping(&self) -> Result<(), PortError> {
        if let Some(reason) = self.spool.failure() {
            return Err(PortError::new(self.name, reason));
        }
        let carrier = Arc::clone(&self.carrier);
        let answer = spawn_blocking(move || carrier.ping(PATIENCE)).await;
        let told = answer.unwrap_or_else(|error| Err(error.to_string()));
        told.map_err(|reason| {
            let (waiting, lost) = (self.spool.waiting(), self.spool.lost());
            PortError::new(self.name, format!("{reason}; {waiting} events wait on disk, {lost} are lost"))
        })
    }
}

#[async_trait]
impl Events for KafkaEvents {
    fn send(&self, event: ApiLogEntry) -> Arc<ApiLogEntry> {
        let span = info_span!(
            target: "glassboard::events",
            "send",
            otel.name = format_args!("send {}", self.topic),
            otel.kind = "producer",
            messaging.system = SYSTEM,
            messaging.operation.name = "send",
            messaging.operation.type = "send",
            messaging.destination.name = self.topic,
            messaging.message.id = tracing::field::Empty,
        );
        let event = spooled(&self.spool, event, trace_parent_of(&span), |_, _| {});
        span.record("messaging.message.id", event.event_id.as_str());
        event
    }

    async fn recent(&self, page: PageRequest) -> Result<ApiLogPage, PortError> {
        let (tail, name) = (Arc::clone(&self.tail), self.name);
        let events = spawn_blocking(move || tail.read()).await.map_err(|error| PortError::new(name, error))?;
        Ok(page_of(&events.map_err(|reason| PortError::new(name, reason))?, page))
    }

    fn waiting(&self) -> u64 {
        self.spool.waiting()
    }

    fn lost(&self) -> u64 {
        self.spool.lost()
    }
}
