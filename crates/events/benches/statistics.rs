//! How fast a worker counts what is in Kafka, and how soon a call is in the chart: `cargo bench -p events`. With real Kafka and
//! MariaDB; run it as `taskset -c 0 ...` to see what one core does. EVENTS=400000 is the default.
#![allow(clippy::unwrap_used, clippy::expect_used)]

use board::ports::{EventSource, Events, Period, StatisticsStore};
use board::statistics::minute_of;
use events::Spool;
use events::kafka::{KafkaEvents, KafkaOptions, KafkaSource};
use model::{ApiLogEntry, Timestamp, Username};
use std::sync::Arc;
use std::time::{Duration, Instant};
use store::{MariaOptions, MariaStore, MariaTls};
use testing::{Kafka, Mariadb};

const ROUTES: [&str; 8] = [
    "/db/message",
    "/db/messages",
    "/db/messages/search",
    "/session/status",
    "/login",
    "/fn/messages/list",
    "/fn/messages/post",
    "/fn/search/find",
];
const STATUS: [u16; 10] = [200, 200, 200, 200, 200, 200, 200, 401, 404, 503];
const USERS: usize = 500;

fn now() -> Timestamp {
    Timestamp::from_millis(jiff::Timestamp::now().as_millisecond())
}

fn call(number: usize) -> ApiLogEntry {
    ApiLogEntry {
        event_id: String::new(),
        timestamp: now(),
        method: if number.is_multiple_of(2) { "GET" } else { "POST" }.into(),
        endpoint: ROUTES[number % ROUTES.len()].into(),
        status: STATUS[number % STATUS.len()],
        user: Some(Username::stored(format!("user {}", number * 7 % USERS))),
        duration_us: Some(300 + (number as u64 * 7919) % 50_000),
        trace_id: None,
        message: "OK".into(),
    }
}

async fn counted(store: &MariaStore) -> u64 {
    let end = minute_of(now()) + 1;
    let period = Period { width: 60, first: end - 180, end, step: 60, log_in_first: end - 180, log_in_step: 60 };
    let sums = store.calls(period).await.unwrap();
    sums.by_step.iter().map(|(_, _, _, calls)| calls).sum()
}

#[tokio::main]
async fn main() {
    let events_wanted: usize = std::env::var("EVENTS").ok().and_then(|n| n.parse().ok()).unwrap_or(400_000);
    let (kafka, server) = (Kafka::start(None), Mariadb::start());
    let options = KafkaOptions {
        servers: kafka.servers(),
        topic: "api-logs".to_owned(),
        group: "glassboard".to_owned(),
        security_protocol: "PLAINTEXT",
        authorities: None,
        sasl: None,
        event_hubs: false,
    };
    let maria = MariaOptions {
        host: "127.0.0.1".to_owned(),
        port: server.port(),
        user: "root".to_owned(),
        password: Mariadb::PASSWORD.to_owned(),
        database: "bench".to_owned(),
        tls: MariaTls::Disabled,
    };
    let store = Arc::new(MariaStore::open(maria, 8).await.unwrap());
    let folder = tempfile::tempdir().unwrap();
    let events = KafkaEvents::open(&options, Spool::open(folder.path(), 1 << 30).unwrap()).unwrap();

    let began = Instant::now();
    (0..events_wanted).for_each(|number| drop(events.send(call(number))));
    let spooled = began.elapsed();
    while events.waiting() > 0 {
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    rate("into the spool", events_wanted, spooled);
    rate("from the spool to the broker", events_wanted, began.elapsed());

    let mut source = KafkaSource::open(&options).unwrap();
    let (mut done, mut began) = (0, None);
    while done < events_wanted {
        let batch = source.receive().await.unwrap();
        // Joining the group takes seconds, once.
        began = began.or((!batch.is_empty()).then(Instant::now));
        done += batch.len();
        store.count("api-logs", Arc::new(batch), now()).await.unwrap();
        source.counted().await;
    }
    rate("from Kafka into statistics", events_wanted, began.unwrap().elapsed());
    assert_eq!(counted(&store).await, events_wanted as u64);

    let counting = tokio::spawn({
        let store = Arc::clone(&store);
        async move {
            loop {
                let batch = source.receive().await.unwrap();
                if !batch.is_empty() {
                    store.count("api-logs", Arc::new(batch), now()).await.unwrap();
                    source.counted().await;
                }
            }
        }
    });
    let mut took = Vec::new();
    for number in 0..100 {
        let (before, sent) = (counted(&store).await, Instant::now());
        events.send(call(number));
        while counted(&store).await == before {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        took.push(sent.elapsed());
    }
    took.sort();
    println!("from a call to its sum: p50 {:?}, p95 {:?}, max {:?}", took[50], took[95], took[99]);
    counting.abort();
    events.close().await;
}

fn rate(what: &str, count: usize, took: Duration) {
    println!("{what}: {count} events in {took:.2?}, {:.0}/s", count as f64 / took.as_secs_f64());
}
