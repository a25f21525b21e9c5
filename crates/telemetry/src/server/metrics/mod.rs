//! What this process counts and measures: `list` has it all. `/metrics` shows it as text, a collector gets it as OTLP.

mod instrument;
mod list;
mod openmetrics;
mod otlp;
mod reader;

use instrument::Series;
pub use instrument::{Instrument, Kind, Label};
pub use openmetrics::TextFormat;
use opentelemetry_proto::tonic::collector::metrics::v1::ExportMetricsServiceRequest;
use opentelemetry_proto::tonic::resource::v1::Resource;
pub(super) use reader::Reader;
use std::fmt;
use std::sync::{Arc, LazyLock, Mutex, PoisonError, RwLock};
use std::time::{Duration, SystemTime};

/// When counting began.
static BEGAN: LazyLock<SystemTime> = LazyLock::new(SystemTime::now);
static OBSERVERS: Mutex<Vec<Observer>> = Mutex::new(Vec::new());

type Observer = Box<dyn Fn() + Send>;

/// What is counted of one route; its series are looked up once each.
#[derive(Debug, Clone)]
pub struct RouteMetrics {
    route: Arc<str>,
    series: Arc<RwLock<Vec<RouteSeries>>>,
}

#[derive(Debug)]
struct RouteSeries {
    method: &'static str,
    scheme: &'static str,
    status_code: u16,
    durations: Arc<Series>,
}

impl RouteMetrics {
    /// `route` is a pattern, never a raw path.
    #[must_use]
    pub fn new(route: &str) -> Self {
        Self { route: route.into(), series: Arc::default() }
    }

    /// A request was answered. `method` is one of HTTP's own or `_OTHER`, `scheme` is `http` or `https`.
    pub fn answered(&self, method: &'static str, scheme: &'static str, status_code: u16, duration: Duration) {
        let is_it =
            |series: &&RouteSeries| (series.method, series.scheme, series.status_code) == (method, scheme, status_code);
        if let Some(series) = self.series.read().unwrap_or_else(PoisonError::into_inner).iter().find(is_it) {
            return series.durations.observe(duration.as_secs_f64());
        }
        let error = if status_code >= 500 { Label::Text(status_code.to_string().into()) } else { Label::Absent };
        let status = Label::Number(i64::from(status_code));
        let labels = [method.into(), Label::Text(Arc::clone(&self.route)), status, scheme.into(), error];
        let durations = list::REQUESTS.with(&labels);
        durations.observe(duration.as_secs_f64());
        let series = RouteSeries { method, scheme, status_code, durations };
        let mut known = self.series.write().unwrap_or_else(PoisonError::into_inner);
        if !known.iter().any(|other| is_it(&other)) {
            known.push(series);
        }
    }
}

/// A statement or command was executed, once or for each of a batch; `error` is what kind of error it met.
pub fn database_operation(
    system: &'static str,
    operation: &'static str,
    collection: &'static str,
    error: Option<Label>,
    took: Duration,
) {
    let collection = Some(collection).filter(|collection| !collection.is_empty()).into();
    let labels = [system.into(), operation.into(), collection, error.unwrap_or(Label::Absent)];
    list::DATABASE.with(&labels).observe(took.as_secs_f64());
}

/// Somebody got a connection of the pool after such a wait.
pub fn waited_for_connection(pool: &'static str, waited: Duration) {
    list::POOL_WAITS.with(&[pool.into()]).observe(waited.as_secs_f64());
}

/// Somebody gave up the wait for a connection of the pool.
pub fn gave_up_on_connection(pool: &'static str) {
    list::POOL_TIMEOUTS.with(&[pool.into()]).add(1.0);
}

/// How many connections a pool may have.
pub fn pool_size(pool: &'static str, max: usize) {
    list::POOL_MAX.with(&[pool.into()]).set(max as f64);
    list::POOL_CONNECTIONS.with(&[pool.into(), "used".into()]);
}

/// Counts a pool's connection for as long as it is in use.
pub struct ConnectionInUse(Arc<Series>);

impl ConnectionInUse {
    #[must_use]
    pub fn begin(pool: &'static str) -> Self {
        let series = list::POOL_CONNECTIONS.with(&[pool.into(), "used".into()]);
        series.add(1.0);
        Self(series)
    }
}

impl Drop for ConnectionInUse {
    fn drop(&mut self) {
        self.0.add(-1.0);
    }
}

/// The event bus took a message, or refused it, so long after it was handed over.
pub fn message_sent(topic: &str, succeeded: bool, took: Option<Duration>) {
    let error = if succeeded { Label::Absent } else { "_OTHER".into() };
    let labels = ["kafka".into(), Label::Text(topic.into()), "send".into(), error];
    list::SENT.with(&labels).add(1.0);
    if let Some(took) = took {
        list::SENDING.with(&labels).observe(took.as_secs_f64());
    }
}

/// So many messages that arrived together were worked off after so long.
pub fn messages_processed(system: &'static str, source: &str, count: u64, took: Duration) {
    let labels = [system.into(), Label::Text(source.into()), "process".into()];
    list::PROCESSING.with(&labels).observe_many(took.as_secs_f64(), count);
}

/// A page tells how much it has lost.
pub fn lost_in_page(spans: u64, log_records: u64) {
    for (signal, lost) in [("spans", spans), ("log_records", log_records)] {
        list::BROWSER_DROPPED.with(&[signal.into()]).add(lost as f64);
    }
}

/// Events were counted: new ones, ones that were counted before, and unreadable ones that were put aside.
pub fn events_counted(new: u64, known: u64, aside: u64) {
    for (outcome, count) in [("new", new), ("known", known), ("aside", aside)] {
        list::COUNTED.with(&[outcome.into()]).add(count as f64);
    }
}

/// How many records of a topic this process has before it.
pub fn consumer_lag(topic: &str, lag: i64) {
    list::LAG.with(&[Label::Text(topic.into())]).set(lag as f64);
}

/// How many events wait on disk, and how many were lost.
pub fn spool(waiting: u64, lost: u64) {
    list::WAITING.with(&[]).set(waiting as f64);
    list::LOST.with(&[]).set(lost as f64);
}

/// A user was registered.
pub fn registered() {
    list::REGISTRATIONS.with(&[]).add(1.0);
}

/// Somebody tried to log in.
pub fn logged_in(succeeded: bool) {
    list::LOG_INS.with(&[if succeeded { "success" } else { "failure" }.into()]).add(1.0);
}

/// A message was posted.
pub fn message_posted() {
    list::POSTS.with(&[]).add(1.0);
}

/// A search was answered, from the cache or not.
pub fn searched(cached: bool) {
    list::SEARCHES.with(&[if cached { "hit" } else { "miss" }.into()]).add(1.0);
}

/// How many sessions asked lately.
pub fn active_sessions(sessions: usize) {
    list::SESSIONS.with(&[]).set(sessions as f64);
}

/// Whether an engine answers: `dependency` is what it is for, such as `store`.
pub fn dependency(dependency: &'static str, engine: &str, up: bool) {
    list::DEPENDENCY_UP.with(&[dependency.into(), Label::Text(engine.into())]).set(if up { 1.0 } else { 0.0 });
}

/// How much there is of a fault that an operator may ask for.
pub fn fault(kind: &'static str, amount: u32) {
    list::FAULTS.with(&[kind.into()]).set(amount.into());
}

/// What the system says of this process.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Process {
    pub user_seconds: f64,
    pub system_seconds: f64,
    pub resident_bytes: u64,
    pub threads: u64,
    pub open_files: u64,
    pub up: Duration,
}

pub fn process(process: &Process) {
    list::CPU.with(&["user".into()]).set(process.user_seconds);
    list::CPU.with(&["system".into()]).set(process.system_seconds);
    list::MEMORY.with(&[]).set(process.resident_bytes as f64);
    list::THREADS.with(&[]).set(process.threads as f64);
    list::FILES.with(&[]).set(process.open_files as f64);
    list::UPTIME.with(&[]).set(process.up.as_secs_f64());
}

/// How a runtime of tokio does: its tasks, and how long its threads have worked.
pub fn runtime(name: &str, tasks: usize, busy: Duration) {
    let name = Label::Text(name.into());
    list::TASKS.with(std::slice::from_ref(&name)).set(tasks as f64);
    list::BUSY.with(&[name]).set(busy.as_secs_f64());
}

/// What telemetry itself sent, lost, and has waiting: `signal` is `traces`, `metrics`, `logs`, or `stdout`.
pub(super) fn telemetry(signal: &'static str, sent: u64, dropped: u64, queued: u64) {
    let signal = [signal.into()];
    list::TELEMETRY_SENT.with(&signal).set(sent as f64);
    list::TELEMETRY_DROPPED.with(&signal).set(dropped as f64);
    list::TELEMETRY_QUEUED.with(&signal).set(queued as f64);
}

/// Counts the parts of traces that ended in this process.
#[derive(Debug)]
pub(super) struct Decisions {
    kept: Arc<Series>,
    dropped: Arc<Series>,
}

impl Decisions {
    pub(super) fn new() -> Self {
        let series = |decision| list::TRACES.with(&[Label::Word(decision)]);
        Self { kept: series("kept"), dropped: series("dropped") }
    }

    pub(super) fn count(&self, kept: bool) {
        if kept { &self.kept } else { &self.dropped }.add(1.0);
    }
}

/// A page measured one of the web vitals; `route` is a pattern.
pub fn web_vital(name: &'static str, route: &str, value: f64) {
    let route = Label::Text(route.into());
    match name {
        "cls" => list::LAYOUT_SHIFT.with(&[route]).observe(value),
        _ => list::WEB_VITALS.with(&[name.into(), route]).observe(value / 1_000.0),
    }
}

/// Counts an open connection for as long as it lives.
pub struct OpenConnection(Arc<Series>);

impl OpenConnection {
    #[must_use]
    pub fn begin() -> Self {
        let series = list::CONNECTIONS.with(&[]);
        series.add(1.0);
        Self(series)
    }
}

impl Drop for OpenConnection {
    fn drop(&mut self) {
        self.0.add(-1.0);
    }
}

/// Calls `observe` before the metrics are read: it sets what nobody counts.
pub fn observe_with(observe: impl Fn() + Send + 'static) {
    OBSERVERS.lock().unwrap_or_else(PoisonError::into_inner).push(Box::new(observe));
}

fn observe() {
    OBSERVERS.lock().unwrap_or_else(PoisonError::into_inner).iter().for_each(|observe| observe());
}

/// All metrics as text.
///
/// # Errors
/// None in practice: writing to memory does not fail.
pub fn read(format: TextFormat) -> Result<String, fmt::Error> {
    observe();
    openmetrics::write(&list::ALL, format)
}

/// All metrics as a request to a collector.
pub(super) fn export(resource: &Resource) -> ExportMetricsServiceRequest {
    observe();
    otlp::request(&list::ALL, resource, *BEGAN)
}

/// Counting begins: what is exported later says so.
pub(super) fn begin() {
    LazyLock::force(&BEGAN);
}

/// All instruments, for those who document them.
pub fn instruments() -> impl Iterator<Item = &'static Instrument> {
    list::ALL.into_iter()
}

/// An instrument's name on `/metrics`, without what its kind adds.
#[must_use]
pub fn prometheus_name(instrument: &Instrument) -> String {
    openmetrics::prometheus_name(instrument)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::{Kind, instruments, prometheus_name};
    use std::fmt::Write;
    use std::path::Path;

    fn table() -> String {
        let mut table =
            "| metric | unit | kind | attributes | what | on /metrics | also |\n|---|---|---|---|---|---|---|\n"
                .to_owned();
        for one in instruments() {
            let kind = match one.kind {
                Kind::Counter => "counter",
                Kind::UpDownCounter => "sum",
                Kind::Gauge => "gauge",
                Kind::Histogram(_) => "histogram",
            };
            let total = if one.kind == Kind::Counter { "_total" } else { "" };
            let list =
                |names: Vec<String>| if names.is_empty() { String::new() } else { format!("`{}`", names.join("`, `")) };
            let attributes = list(one.attributes.iter().map(|name| (*name).to_owned()).collect());
            let also = list(
                one.also
                    .iter()
                    .map(|also| {
                        let labels: Vec<_> = also.attributes.iter().map(|(name, _)| *name).collect();
                        format!("{}{{{}}}", also.name, labels.join(","))
                    })
                    .collect(),
            );
            let name = prometheus_name(one);
            writeln!(
                table,
                "| `{}` | {} | {kind} | {attributes} | {} | `{name}{total}` | {also} |",
                one.name, one.unit, one.description
            )
            .unwrap();
        }
        table
    }

    #[test]
    fn all_metrics_are_documented() {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/TELEMETRY.md");
        let text = std::fs::read_to_string(&path).unwrap();
        let (before, rest) = text.split_once("documented -->\n").unwrap();
        let (listed, after) = rest.split_once("<!-- metrics end -->").unwrap();
        if std::env::var_os("UPDATE_DOCS").is_some() {
            std::fs::write(&path, format!("{before}documented -->\n{}<!-- metrics end -->{after}", table())).unwrap();
        } else {
            assert_eq!(listed, table(), "UPDATE_DOCS=1 cargo test -p telemetry documented");
        }
    }
}
