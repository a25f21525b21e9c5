//! Logged events as OTLP, handed to the collector from a thread of their own.

use super::background;
use super::buffer::Buffer;
use super::forwarder::Forwarder;
use super::otlp::{attribute, scope};
use super::record::{Fields, Value};
use crate::names::development::EVENT_NAME;
use crate::propagation::TraceParent;
use opentelemetry_proto::tonic::collector::logs::v1::ExportLogsServiceRequest;
use opentelemetry_proto::tonic::common::v1::{AnyValue, InstrumentationScope, any_value};
use opentelemetry_proto::tonic::logs::v1::{LogRecord, ResourceLogs, ScopeLogs, SeverityNumber};
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
/// An event that was logged.
#[derive(Debug)]
pub(super) struct LoggedEvent {
    pub at_ns: u64,
    pub metadata: &'static Metadata<'static>,
    pub place: Option<TraceParent>,
    pub fields: Fields,
}

/// Starts the thread, which ends once `logged` is closed and empty.
pub(super) fn start(logged: Arc<Buffer<LoggedEvent>>, resource: Resource, forwarder: Forwarder) -> std::io::Result<()> {
    let work = move || {
        let mut events = Vec::new();
        while logged.take(GATHER, &mut events) {
            for batch in events.chunks(MAX_BATCH) {
                forwarder.forward_made(batch.len(), || request(&resource, batch));
            }
        }
    };
    background::spawn("logs", work)
}

/// Records by who logged them: a scope for each target.
fn request(resource: &Resource, events: &[LoggedEvent]) -> ExportLogsServiceRequest {
    let mut by_target: BTreeMap<&str, Vec<LogRecord>> = BTreeMap::new();
    for event in events {
        by_target.entry(event.metadata.target()).or_default().push(record(event));
    }
    let scope_logs = by_target.into_iter().map(|(target, log_records)| ScopeLogs {
        scope: Some(InstrumentationScope { name: target.to_owned(), ..scope() }),
        log_records,
        schema_url: String::new(),
    });
    let of_resource =
        ResourceLogs { resource: Some(resource.clone()), scope_logs: scope_logs.collect(), schema_url: String::new() };
    ExportLogsServiceRequest { resource_logs: vec![of_resource] }
}

fn record(event: &LoggedEvent) -> LogRecord {
    let event_name = event.fields.attributes().find_map(|(key, value)| match value {
        Value::Text(text) if key == EVENT_NAME => Some(text.to_owned()),
        _ => None,
    });
    let severity = severity(*event.metadata.level());
    let message = event
        .fields
        .message()
        .map(|message| AnyValue { value: Some(any_value::Value::StringValue(message.to_owned())) });
    LogRecord {
        time_unix_nano: event.at_ns,
        observed_time_unix_nano: event.at_ns,
        severity_number: severity as i32,
        severity_text: event.metadata.level().as_str().to_owned(),
        body: message,
        attributes: event.fields.attributes().filter(|(key, _)| *key != EVENT_NAME).map(attribute).collect(),
        dropped_attributes_count: event.fields.dropped(),
        flags: event.place.map_or(0, |place| u32::from(place.sampled)),
        trace_id: event.place.map(|place| place.trace_id.to_vec()).unwrap_or_default(),
        span_id: event.place.map(|place| place.span_id.to_vec()).unwrap_or_default(),
        event_name: event_name.unwrap_or_default(),
    }
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
