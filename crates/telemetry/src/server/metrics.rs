//! The counters and histograms of this process, as Prometheus reads them. Names and labels are the contract's.

use super::ids::current_trace_parent;
use crate::propagation::hex;
use prometheus_client::encoding::text::encode;
use prometheus_client::encoding::{EncodeLabelSet, EncodeLabelValue, LabelValueEncoder};
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::exemplar::HistogramWithExemplars;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::registry::Registry;
use std::fmt::{self, Write};
use std::sync::{Arc, LazyLock, PoisonError, RwLock};
use std::time::Duration;

/// What [`read`] writes: OpenMetrics, which Prometheus asks for and in which exemplars are told.
pub const CONTENT_TYPE: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";

/// Upper bounds in seconds: OpenTelemetry's advice for HTTP, and two finer ones.
const DURATION_BOUNDS: [f64; 16] =
    [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1.0, 2.5, 5.0, 7.5, 10.0];

static METRICS: LazyLock<Metrics> = LazyLock::new(Metrics::new);

struct Metrics {
    registry: Registry,
    requests: Family<HttpLabels, Counter>,
    durations: Family<HttpLabels, HistogramWithExemplars<TraceLabel>>,
    database: Family<DatabaseLabels, Counter>,
    connections: Gauge,
    sent: Family<SentLabels, Counter>,
    counted: Family<OutcomeLabel, Counter>,
    lag: Family<TopicLabel, Gauge>,
    lost: Gauge,
    waiting: Gauge,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct HttpLabels {
    method: &'static str,
    route: String,
    status_code: u16,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct DatabaseLabels {
    operation: &'static str,
    table: &'static str,
    outcome: &'static str,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct SentLabels {
    topic: String,
    outcome: &'static str,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct OutcomeLabel {
    outcome: &'static str,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct TopicLabel {
    topic: String,
}

/// Of an exemplar: the trace in which the value was seen.
#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct TraceLabel {
    trace_id: HexId,
}

/// A trace id, written out only when it is read.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
struct HexId([u8; 16]);

impl EncodeLabelValue for HexId {
    fn encode(&self, encoder: &mut LabelValueEncoder<'_>) -> fmt::Result {
        encoder.write_str(&hex::encode(&self.0))
    }
}

impl Metrics {
    fn new() -> Self {
        let mut registry = Registry::default();
        let durations = Family::<HttpLabels, HistogramWithExemplars<TraceLabel>>::new_with_constructor(|| {
            HistogramWithExemplars::new(DURATION_BOUNDS.into_iter())
        });
        let metrics = Self {
            requests: Family::default(),
            durations,
            database: Family::default(),
            connections: Gauge::default(),
            sent: Family::default(),
            counted: Family::default(),
            lag: Family::default(),
            lost: Gauge::default(),
            waiting: Gauge::default(),
            registry: Registry::default(),
        };
        registry.register("http_requests", "Requests answered", metrics.requests.clone());
        registry.register(
            "http_request_duration_seconds",
            "Time from a request's arrival to its response's head",
            metrics.durations.clone(),
        );
        registry.register("db_operations", "SQL statements executed", metrics.database.clone());
        registry.register("active_connections", "Open connections of clients", metrics.connections.clone());
        registry.register("kafka_messages_sent", "API events that the broker took or refused", metrics.sent.clone());
        registry.register("api_events_counted", "API events counted into the statistics", metrics.counted.clone());
        registry.register(
            "kafka_consumer_lag",
            "Records of this process's partitions to be counted",
            metrics.lag.clone(),
        );
        registry.register("api_events_lost", "API events lost since the data folder was made", metrics.lost.clone());
        registry.register("api_events_waiting", "API events on disk, to be sent or counted", metrics.waiting.clone());
        Self { registry, ..metrics }
    }
}

/// What is counted of one route; its series are looked up once each.
#[derive(Debug, Clone)]
pub struct RouteMetrics {
    route: Arc<str>,
    series: Arc<RwLock<Vec<Series>>>,
}

#[derive(Debug)]
struct Series {
    method: &'static str,
    status_code: u16,
    requests: Counter,
    durations: HistogramWithExemplars<TraceLabel>,
}

impl RouteMetrics {
    /// `route` is a pattern, never a raw path.
    #[must_use]
    pub fn new(route: &str) -> Self {
        Self { route: route.into(), series: Arc::default() }
    }

    /// A request was answered. `method` is one of HTTP's own or `_OTHER`.
    pub fn answered(&self, method: &'static str, status_code: u16, duration: Duration) {
        let is_it = |series: &&Series| series.method == method && series.status_code == status_code;
        if let Some(series) = self.series.read().unwrap_or_else(PoisonError::into_inner).iter().find(is_it) {
            return series.count(duration);
        }
        let labels = HttpLabels { method, route: self.route.to_string(), status_code };
        let requests = METRICS.requests.get_or_create(&labels).clone();
        let durations = METRICS.durations.get_or_create(&labels).clone();
        let series = Series { method, status_code, requests, durations };
        series.count(duration);
        let mut known = self.series.write().unwrap_or_else(PoisonError::into_inner);
        if !known.iter().any(|other| is_it(&other)) {
            known.push(series);
        }
    }
}

impl Series {
    fn count(&self, duration: Duration) {
        self.requests.inc();
        let exemplar = current_trace_parent().map(|place| TraceLabel { trace_id: HexId(place.trace_id) });
        self.durations.observe(duration.as_secs_f64(), exemplar, None);
    }
}

/// An SQL statement was executed, once or for each of a batch.
pub fn statement_executed(operation: &'static str, table: &'static str, succeeded: bool) {
    let outcome = if succeeded { "success" } else { "error" };
    METRICS.database.get_or_create(&DatabaseLabels { operation, table, outcome }).inc();
}

/// The event bus took a message, or refused it.
pub fn message_sent(topic: &str, succeeded: bool) {
    let outcome = if succeeded { "success" } else { "error" };
    METRICS.sent.get_or_create(&SentLabels { topic: topic.to_owned(), outcome }).inc();
}

/// Events were counted: new ones, ones that were counted before, and unreadable ones that were put aside.
pub fn events_counted(new: u64, known: u64, aside: u64) {
    for (outcome, count) in [("new", new), ("known", known), ("aside", aside)] {
        METRICS.counted.get_or_create(&OutcomeLabel { outcome }).inc_by(count);
    }
}

/// How many records of a topic this process has before it.
pub fn consumer_lag(topic: &str, lag: i64) {
    METRICS.lag.get_or_create(&TopicLabel { topic: topic.to_owned() }).set(lag);
}

/// How many events wait on disk, and how many were lost.
pub fn spool(waiting: u64, lost: u64) {
    let gauge = |value| i64::try_from(value).unwrap_or(i64::MAX);
    METRICS.waiting.set(gauge(waiting));
    METRICS.lost.set(gauge(lost));
}

/// Counts an open connection for as long as it lives.
pub struct OpenConnection(());

impl OpenConnection {
    #[must_use]
    pub fn begin() -> Self {
        METRICS.connections.inc();
        Self(())
    }
}

impl Drop for OpenConnection {
    fn drop(&mut self) {
        METRICS.connections.dec();
    }
}

/// All metrics as text, in [`CONTENT_TYPE`].
///
/// # Errors
/// None in practice: writing to memory does not fail.
pub fn read() -> Result<String, fmt::Error> {
    let mut text = String::new();
    encode(&mut text, &METRICS.registry)?;
    Ok(text)
}
