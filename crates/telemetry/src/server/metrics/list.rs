//! All instruments. docs/TELEMETRY.md lists them from here.

use super::instrument::{Also, Instrument, Kind, Source, define};
use crate::names::{development, metric, own, stable};
use Kind::{Counter, Gauge, Histogram, UpDownCounter};

/// Seconds: OpenTelemetry's advice for HTTP, and two finer ones.
const HTTP_BOUNDS: Kind =
    Histogram(&[0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1.0, 2.5, 5.0, 7.5, 10.0]);
/// Seconds: OpenTelemetry's advice for databases, with finer ones for those within the process.
const DATABASE_BOUNDS: Kind = Histogram(&[0.0001, 0.0005, 0.001, 0.005, 0.01, 0.05, 0.1, 0.5, 1.0, 5.0, 10.0]);

pub(super) static REQUESTS: Instrument = define(
    stable::HTTP_SERVER_REQUEST_DURATION,
    "s",
    HTTP_BOUNDS,
    "Time from a request's arrival to its response's head",
)
.by(&[
    stable::HTTP_REQUEST_METHOD,
    stable::HTTP_ROUTE,
    stable::HTTP_RESPONSE_STATUS_CODE,
    stable::URL_SCHEME,
    stable::ERROR_TYPE,
])
.also(&[
    Also { name: metric::HTTP_REQUESTS_TOTAL, description: "Requests answered", count: true, attributes: &HTTP_LABELS },
    Also {
        name: metric::HTTP_REQUEST_DURATION_SECONDS,
        description: "Time from a request's arrival to its response's head",
        count: false,
        attributes: &HTTP_LABELS,
    },
])
.instrument();

const HTTP_LABELS: [(&str, Source); 3] =
    [("method", Source::Attribute(0)), ("route", Source::Attribute(1)), ("status_code", Source::Attribute(2))];

pub(super) static CONNECTIONS: Instrument =
    define(metric::ACTIVE_CONNECTIONS, "{connection}", UpDownCounter, "Open connections of clients").instrument();

pub(super) static DATABASE: Instrument = define(
    stable::DB_CLIENT_OPERATION_DURATION,
    "s",
    DATABASE_BOUNDS,
    "Time of a statement or command, without waiting for a connection",
)
.by(&[stable::DB_SYSTEM_NAME, stable::DB_OPERATION_NAME, stable::DB_COLLECTION_NAME, stable::ERROR_TYPE])
.also(&[Also {
    name: metric::DB_OPERATIONS_TOTAL,
    description: "SQL statements and Redis commands executed",
    count: true,
    attributes: &[
        ("operation", Source::Attribute(1)),
        ("table", Source::Attribute(2)),
        ("outcome", Source::Outcome(3)),
    ],
}])
.instrument();

pub(super) static POOL_WAITS: Instrument =
    define(development::DB_CLIENT_CONNECTION_WAIT_TIME, "s", DATABASE_BOUNDS, "Time waited for a connection")
        .by(&[development::DB_CLIENT_CONNECTION_POOL_NAME])
        .instrument();

pub(super) static POOL_TIMEOUTS: Instrument = define(
    development::DB_CLIENT_CONNECTION_TIMEOUTS,
    "{timeout}",
    Counter,
    "Waits for a connection that were given up",
)
.by(&[development::DB_CLIENT_CONNECTION_POOL_NAME])
.instrument();

pub(super) static POOL_CONNECTIONS: Instrument =
    define(development::DB_CLIENT_CONNECTION_COUNT, "{connection}", UpDownCounter, "Connections of the pool")
        .by(&[development::DB_CLIENT_CONNECTION_POOL_NAME, development::DB_CLIENT_CONNECTION_STATE])
        .instrument();

pub(super) static POOL_MAX: Instrument =
    define(development::DB_CLIENT_CONNECTION_MAX, "{connection}", UpDownCounter, "Connections that the pool may have")
        .by(&[development::DB_CLIENT_CONNECTION_POOL_NAME])
        .instrument();

pub(super) static SENT: Instrument = define(
    development::MESSAGING_CLIENT_SENT_MESSAGES,
    "{message}",
    Counter,
    "API events that the broker took or refused",
)
.by(&[
    development::MESSAGING_SYSTEM,
    development::MESSAGING_DESTINATION_NAME,
    development::MESSAGING_OPERATION_NAME,
    stable::ERROR_TYPE,
])
.also(&[Also {
    name: metric::KAFKA_MESSAGES_SENT_TOTAL,
    description: "API events that the broker took or refused",
    count: true,
    attributes: &[("topic", Source::Attribute(1)), ("outcome", Source::Outcome(3))],
}])
.instrument();

pub(super) static SENDING: Instrument = define(
    development::MESSAGING_CLIENT_OPERATION_DURATION,
    "s",
    DATABASE_BOUNDS,
    "Time from handing an API event to the client until the broker took or refused it",
)
.by(&[
    development::MESSAGING_SYSTEM,
    development::MESSAGING_DESTINATION_NAME,
    development::MESSAGING_OPERATION_NAME,
    stable::ERROR_TYPE,
])
.instrument();

pub(super) static PROCESSING: Instrument = define(
    development::MESSAGING_PROCESS_DURATION,
    "s",
    DATABASE_BOUNDS,
    "Time from an API event's arrival until it is counted; those that arrive together are counted together",
)
.by(&[development::MESSAGING_SYSTEM, development::MESSAGING_DESTINATION_NAME, development::MESSAGING_OPERATION_NAME])
.instrument();

pub(super) static COUNTED: Instrument =
    define("api_events.counted", "{event}", Counter, "API events counted into the statistics")
        .by(&["outcome"])
        .instrument();

pub(super) static LAG: Instrument =
    define("kafka.consumer.lag", "{record}", Gauge, "Records of this process's partitions to be counted")
        .by(&["topic"])
        .instrument();

pub(super) static LOST: Instrument =
    define("api_events.lost", "{event}", Gauge, "API events lost since the data folder was made").instrument();

pub(super) static WAITING: Instrument =
    define("api_events.waiting", "{event}", Gauge, "API events on disk, to be sent or counted").instrument();

pub(super) static REGISTRATIONS: Instrument =
    define(own::REGISTRATIONS, "{user}", Counter, "Users registered").instrument();

pub(super) static LOG_INS: Instrument =
    define(own::LOG_INS, "{log_in}", Counter, "Log-ins by outcome: success, or failure").by(&["outcome"]).instrument();

pub(super) static POSTS: Instrument =
    define(own::MESSAGES_POSTED, "{message}", Counter, "Messages posted").instrument();

pub(super) static SEARCHES: Instrument =
    define(own::SEARCHES, "{search}", Counter, "Searches by cache: hit, or miss").by(&["cache"]).instrument();

pub(super) static SESSIONS: Instrument =
    define(own::SESSIONS_ACTIVE, "{session}", Gauge, "Sessions that asked this process within five minutes")
        .instrument();

pub(super) static FAULTS: Instrument =
    define(own::FAULTS, "{amount}", Gauge, "How much of a fault an operator has asked for; 0: none")
        .by(&["fault"])
        .instrument();

pub(super) static DEPENDENCY_UP: Instrument =
    define(own::DEPENDENCY_UP, "1", UpDownCounter, "Whether an engine answers: 1 or 0")
        .by(&["dependency", "engine"])
        .instrument();

pub(super) static CPU: Instrument =
    define(development::PROCESS_CPU_TIME, "s", Counter, "Processor time of this process")
        .by(&[development::CPU_MODE])
        .instrument();

pub(super) static MEMORY: Instrument =
    define(development::PROCESS_MEMORY_USAGE, "By", UpDownCounter, "Memory of this process that is in RAM")
        .instrument();

pub(super) static THREADS: Instrument =
    define(development::PROCESS_THREAD_COUNT, "{thread}", UpDownCounter, "Threads of this process").instrument();

pub(super) static FILES: Instrument =
    define(development::PROCESS_FILE_DESCRIPTOR_COUNT, "{file_descriptor}", UpDownCounter, "Open files and sockets")
        .instrument();

pub(super) static UPTIME: Instrument =
    define(development::PROCESS_UPTIME, "s", Gauge, "Time since this process began").instrument();

pub(super) static TASKS: Instrument =
    define("tokio.runtime.alive_tasks", "{task}", UpDownCounter, "Tasks of a runtime that have not ended")
        .by(&["runtime"])
        .instrument();

pub(super) static BUSY: Instrument =
    define("tokio.runtime.busy_time", "s", Counter, "Time that a runtime's threads have worked")
        .by(&["runtime"])
        .instrument();

pub(super) static TELEMETRY_SENT: Instrument =
    define(own::TELEMETRY_SENT, "{item}", Counter, "Spans, data points and log records that the collector took")
        .by(&["signal"])
        .instrument();

pub(super) static TELEMETRY_DROPPED: Instrument =
    define(own::TELEMETRY_DROPPED, "{item}", Counter, "Spans, data points, log records and log lines that were lost")
        .by(&["signal"])
        .instrument();

pub(super) static TELEMETRY_QUEUED: Instrument =
    define(own::TELEMETRY_QUEUED, "{item}", Gauge, "Spans, data points and log records that wait for the collector")
        .by(&["signal"])
        .instrument();

pub(super) static WEB_VITALS: Instrument = define(
    own::WEB_VITAL,
    "s",
    Histogram(&[0.05, 0.1, 0.2, 0.5, 0.8, 1.2, 1.8, 2.5, 4.0, 8.0]),
    "Core Web Vitals of the pages that are times: lcp, inp, fcp, ttfb",
)
.by(&["name", stable::HTTP_ROUTE])
.instrument();

pub(super) static LAYOUT_SHIFT: Instrument = define(
    own::LAYOUT_SHIFT,
    "1",
    Histogram(&[0.01, 0.025, 0.05, 0.1, 0.15, 0.25, 0.5, 1.0]),
    "Cumulative layout shift of the pages: a score",
)
.by(&[stable::HTTP_ROUTE])
.instrument();

pub(super) static TRACES: Instrument =
    define(own::TRACES, "{trace}", Counter, "Parts of traces that ended in this process, kept or dropped by sampling")
        .by(&["decision"])
        .instrument();

pub(super) static BROWSER_DROPPED: Instrument =
    define(own::BROWSER_DROPPED, "{item}", Counter, "Spans and log records that pages have lost, as they say")
        .by(&["signal"])
        .instrument();

/// In the order in which they are told.
pub(super) static ALL: [&Instrument; 35] = [
    &REQUESTS,
    &CONNECTIONS,
    &DATABASE,
    &POOL_WAITS,
    &POOL_TIMEOUTS,
    &POOL_CONNECTIONS,
    &POOL_MAX,
    &SENT,
    &SENDING,
    &PROCESSING,
    &COUNTED,
    &LAG,
    &LOST,
    &WAITING,
    &REGISTRATIONS,
    &LOG_INS,
    &POSTS,
    &SEARCHES,
    &SESSIONS,
    &DEPENDENCY_UP,
    &FAULTS,
    &CPU,
    &MEMORY,
    &THREADS,
    &FILES,
    &UPTIME,
    &TASKS,
    &BUSY,
    &TELEMETRY_SENT,
    &TELEMETRY_DROPPED,
    &TELEMETRY_QUEUED,
    &BROWSER_DROPPED,
    &TRACES,
    &WEB_VITALS,
    &LAYOUT_SHIFT,
];
