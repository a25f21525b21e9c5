//! Logged events as OTLP, handed to the collector from a thread of their own.

use super::background;
use super::buffer::{Buffer, Gathered};
use super::fields::{Read, Value};
use super::forwarder::Forwarder;
use super::otlp;
use super::packed::{Pack, Packed};
use super::protobuf::{bytes, fixed32, fixed64, message, number};
use crate::names::development::EVENT_NAME;
use crate::propagation::TraceParent;
use opentelemetry_proto::tonic::common::v1::InstrumentationScope;
use opentelemetry_proto::tonic::logs::v1::SeverityNumber;
use opentelemetry_proto::tonic::resource::v1::Resource;
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;
use tracing::{Level, Metadata};

/// How many records wait at most.
pub(super) const CAPACITY: usize = 8192;
/// How long a record waits for company.
const GATHER: Duration = Duration::from_millis(200);
/// Records per request to the collector.
pub(super) const MAX_BATCH: usize = 512;

/// Events that were logged.
#[derive(Debug, Default)]
pub(super) struct LoggedEvents {
    events: Vec<Logged>,
    fields: Pack,
}

#[derive(Debug)]
struct Logged {
    at_ns: u64,
    metadata: &'static Metadata<'static>,
    place: Option<TraceParent>,
    fields: Packed,
}

impl LoggedEvents {
    pub(super) fn push(
        &mut self,
        at_ns: u64,
        metadata: &'static Metadata<'static>,
        place: Option<TraceParent>,
        fields: Read<'_>,
    ) {
        let fields = self.fields.put(fields);
        self.events.push(Logged { at_ns, metadata, place, fields });
    }
}

impl Gathered for LoggedEvents {
    fn len(&self) -> usize {
        self.events.len()
    }

    fn clear(&mut self, usual: usize) {
        self.events.clear();
        self.events.shrink_to(usual);
        self.fields.clear();
        self.fields.shrink_to(usual);
    }
}

/// Starts the thread, which ends once `logged` is closed and empty.
pub(super) fn start(
    logged: Arc<Buffer<LoggedEvents>>,
    resource: Resource,
    forwarder: Forwarder,
) -> std::io::Result<()> {
    let work = move || {
        let mut logged_events = LoggedEvents::default();
        while logged.take(GATHER, &mut logged_events) {
            let LoggedEvents { events, fields } = &logged_events;
            for batch in events.chunks(MAX_BATCH) {
                forwarder.forward_made(batch.len(), || request(&resource, batch, fields));
            }
        }
    };
    background::spawn("logs", work)
}

/// Events as an `ExportLogsServiceRequest`: a scope for each target, who logged them.
fn request(resource: &Resource, events: &[Logged], fields: &Pack) -> Vec<u8> {
    let mut by_target: BTreeMap<&str, Vec<&Logged>> = BTreeMap::new();
    for event in events {
        by_target.entry(event.metadata.target()).or_default().push(event);
    }
    otlp::request(resource, events.len(), |out| {
        for (target, events) in by_target {
            let scope = InstrumentationScope { name: target.to_owned(), ..otlp::scope() };
            otlp::scoped(out, &scope, |out| {
                events.iter().for_each(|event| message(out, 2, |out| record(out, event, fields.get(&event.fields))));
            });
        }
    })
}

/// A `LogRecord`'s fields.
fn record(out: &mut Vec<u8>, event: &Logged, fields: Read<'_>) {
    let level = *event.metadata.level();
    fixed64(out, 1, event.at_ns);
    number(out, 2, severity(level) as u64);
    bytes(out, 3, level.as_str().as_bytes());
    if let Some(message) = fields.message() {
        otlp::any_value(out, 5, Value::Text(message));
    }
    for (key, value) in fields.attributes(event.metadata.fields()) {
        match value {
            Value::Text(name) if key == EVENT_NAME => bytes(out, 12, name.as_bytes()),
            value => otlp::attribute(out, 6, (key, value)),
        }
    }
    number(out, 7, fields.dropped().into());
    if let Some(place) = event.place {
        fixed32(out, 8, otlp::flags(place));
        bytes(out, 9, &place.trace_id);
        bytes(out, 10, &place.span_id);
    }
    fixed64(out, 11, event.at_ns);
}

const fn severity(level: Level) -> SeverityNumber {
    match level {
        Level::ERROR => SeverityNumber::Error,
        Level::WARN => SeverityNumber::Warn,
        Level::INFO => SeverityNumber::Info,
        Level::DEBUG => SeverityNumber::Debug,
        Level::TRACE => SeverityNumber::Trace,
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::{Buffer, LoggedEvents, Resource, request};
    use crate::server::log::Log;
    use crate::server::recorder::Recorder;
    use crate::server::{Config, LogFormat, current_trace_parent};
    use opentelemetry_proto::tonic::collector::logs::v1::ExportLogsServiceRequest;
    use opentelemetry_proto::tonic::common::v1::any_value::Value;
    use opentelemetry_proto::tonic::common::v1::{AnyValue, KeyValue};
    use opentelemetry_proto::tonic::logs::v1::LogRecord;
    use prost::Message;
    use std::sync::Arc;
    use std::time::Duration;

    fn some(value: Value) -> Option<AnyValue> {
        Some(AnyValue { value: Some(value) })
    }

    #[test]
    fn everything_that_an_event_says_is_read_back() {
        let logged = Arc::new(Buffer::<LoggedEvents>::new(8, 8));
        let config = Config::from_env(|_| None).unwrap();
        let log = Log::start(std::io::sink(), LogFormat::Json, config.log_filter).unwrap();
        let ended = Arc::new(Buffer::new(8, 8));
        let recorder = Recorder::new(ended, log, Some(Arc::clone(&logged)), Some(config.sampling));
        let place = tracing::subscriber::with_default(recorder, || {
            tracing::info_span!("span").in_scope(|| {
                tracing::warn!(target: "one", { event.name = "told", a = false, b = -7_i64, c = 0.0, d = "" }, "said");
                tracing::info!(target: "two", token = "hunter2");
                current_trace_parent().unwrap()
            })
        });
        let mut events = LoggedEvents::default();
        assert!(logged.take(Duration::ZERO, &mut events));
        let resource = Resource { dropped_attributes_count: 3, ..Resource::default() };
        let bytes = request(&resource, &events.events, &events.fields);
        let read = ExportLogsServiceRequest::decode(&*bytes).unwrap();
        let [of_resource] = &read.resource_logs[..] else { panic!("{read:?}") };
        assert_eq!(of_resource.resource, Some(resource));
        let [one, two] = &of_resource.scope_logs[..] else { panic!("{read:?}") };
        let names = [one, two].map(|of| of.scope.as_ref().map(|scope| scope.name.as_str()).unwrap_or_default());
        assert_eq!(names, ["one", "two"]);

        let at = one.log_records[0].time_unix_nano;
        assert!(at > 0);
        let pair = |key: &str, value| KeyValue { key: key.to_owned(), value: some(value), ..KeyValue::default() };
        let expected = LogRecord {
            time_unix_nano: at,
            observed_time_unix_nano: at,
            severity_number: 13,
            severity_text: "WARN".to_owned(),
            body: some(Value::StringValue("said".to_owned())),
            attributes: vec![
                pair("a", Value::BoolValue(false)),
                pair("b", Value::IntValue(-7)),
                pair("c", Value::DoubleValue(0.0)),
                pair("d", Value::StringValue(String::new())),
            ],
            flags: 1,
            trace_id: place.trace_id.to_vec(),
            span_id: place.span_id.to_vec(),
            event_name: "told".to_owned(),
            ..LogRecord::default()
        };
        assert_eq!(one.log_records, [expected]);
        let [other] = &two.log_records[..] else { panic!("{read:?}") };
        assert_eq!((other.body.is_none(), &*other.event_name), (true, ""));
        assert_eq!(other.attributes, [pair("token", Value::StringValue("***".to_owned()))]);
    }
}
