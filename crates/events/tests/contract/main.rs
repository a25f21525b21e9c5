//! What every way of API events must do, in-process and over a real Kafka, and what is Kafka's own.
#![allow(clippy::unwrap_used, clippy::expect_used)]

mod kafka;
mod ports;

use board::ports::{Arrived, EventSource, Events, Identity};
use events::kafka::{KafkaEvents, KafkaOptions, KafkaSource};
use events::{InProcessEvents, Spool};
use model::{ApiLogEntry, Timestamp, Username};
use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};
use tempfile::TempDir;
use testing::Kafka;

/// Long enough for a busy machine to join a group.
const LONG: Duration = Duration::from_secs(60);
const SPOOL: u64 = 64 << 20;

fn call(endpoint: &str, user: Option<&str>) -> ApiLogEntry {
    ApiLogEntry {
        event_id: String::new(),
        timestamp: Timestamp::from_millis(jiff::Timestamp::now().as_millisecond()),
        method: "GET".into(),
        endpoint: endpoint.into(),
        status: 200,
        user: user.map(|name| Username::stored(name.to_owned())),
        duration_us: Some(1500),
        trace_id: None,
        message: "OK".into(),
    }
}

static TOPICS: AtomicU32 = AtomicU32::new(0);

/// A topic that nobody has used, on a broker that asks for nothing.
fn options(kafka: &Kafka) -> KafkaOptions {
    KafkaOptions {
        servers: kafka.servers(),
        topic: format!("api-logs-{}", TOPICS.fetch_add(1, Ordering::Relaxed)),
        group: "glassboard".to_owned(),
        security_protocol: "PLAINTEXT",
        authorities: None,
        sasl: None,
        event_hubs: false,
    }
}

fn spool(folder: &TempDir) -> Arc<Spool> {
    Spool::open(folder.path(), SPOOL).unwrap()
}

/// Receives until `enough`, and says that it was counted.
async fn receive(source: &mut dyn EventSource, enough: impl Fn(&[Arrived]) -> bool) -> Vec<Arrived> {
    let (mut all, until) = (Vec::new(), Instant::now() + LONG);
    while !enough(&all) {
        assert!(Instant::now() < until, "only {} events arrived", all.len());
        all.extend(source.receive().await.unwrap());
        source.counted().await;
    }
    all
}

async fn receive_count(source: &mut dyn EventSource, count: usize) -> Vec<Arrived> {
    receive(source, |all| all.len() >= count).await
}

/// What makes the events themselves, each once.
fn identities(events: &[Arrived]) -> BTreeSet<String> {
    events.iter().filter_map(|event| event.content.as_ref().ok()).map(|(_, call)| call.event_id.clone()).collect()
}

fn endpoints(events: &[Arrived]) -> Vec<String> {
    let calls = events.iter().filter_map(|event| event.content.as_ref().ok());
    calls.map(|(_, call)| call.endpoint.to_string()).collect()
}

/// Waits until the broker, or whoever counts, has everything.
async fn sent(events: &dyn Events) {
    let until = Instant::now() + LONG;
    while events.waiting() > 0 {
        assert!(Instant::now() < until, "{} events wait", events.waiting());
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

mod in_process {
    use super::{InProcessEvents, spool};

    macro_rules! check {
        ($($check:ident),+ $(,)?) => {
            $(
                #[tokio::test(flavor = "multi_thread")]
                async fn $check() {
                    let folder = tempfile::tempdir().unwrap();
                    let events = InProcessEvents::new(spool(&folder));
                    let mut source = events.source();
                    super::ports::$check(&events, &mut source).await;
                }
            )+
        };
    }
    check!(
        each_event_arrives_with_an_id_of_its_own,
        the_newest_events_are_shown_first,
        nothing_is_lost_or_waits_in_the_end
    );
}

mod over_kafka {
    use super::{Kafka, KafkaEvents, KafkaSource, options, spool};

    macro_rules! check {
        ($($check:ident),+ $(,)?) => {
            $(
                #[tokio::test(flavor = "multi_thread")]
                async fn $check() {
                    let folder = tempfile::tempdir().unwrap();
                    let options = options(Kafka::shared());
                    let events = KafkaEvents::open(&options, spool(&folder)).unwrap();
                    let mut source = KafkaSource::open(&options).unwrap();
                    super::ports::$check(&events, &mut source).await;
                    events.close().await;
                }
            )+
        };
    }
    check!(
        each_event_arrives_with_an_id_of_its_own,
        the_newest_events_are_shown_first,
        nothing_is_lost_or_waits_in_the_end
    );
}

fn is_sequenced(event: &Arrived) -> bool {
    matches!(event.content, Ok((Identity::Sequenced { .. }, _)))
}
