use crate::attributes::{self, cut, shown};
use model::{Part, SpanKind};
use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest;
use opentelemetry_proto::tonic::common::v1::KeyValue;
use opentelemetry_proto::tonic::trace::v1::{Span, span, status::StatusCode};

/// What is kept of one span, at most; the relay and the SDK have bounds of their own.
const MAX_ATTRIBUTES: usize = 128;
const MAX_EVENTS: usize = 128;
const MAX_NAME_BYTES: usize = 1024;

/// A span as it came, in plain terms.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReadSpan {
    pub trace: u128,
    pub id: u64,
    pub parent: Option<u64>,
    pub start_ns: u64,
    pub end_ns: u64,
    pub name: String,
    pub kind: SpanKind,
    pub part: Part,
    pub service: String,
    /// The status message, when the status is an error.
    pub error: Option<String>,
    pub attributes: Vec<(String, String)>,
    pub events: Vec<ReadEvent>,
    pub visitor: Option<String>,
    pub session: Option<String>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReadEvent {
    pub at_ns: u64,
    pub name: String,
    pub attributes: Vec<(String, String)>,
}

/// The request's spans that have valid ids.
pub fn read(request: ExportTraceServiceRequest) -> Vec<ReadSpan> {
    let mut spans = Vec::new();
    for of_resource in request.resource_spans {
        let resource = of_resource.resource.map_or_else(Vec::new, |resource| resource.attributes);
        let all = of_resource.scope_spans.into_iter().flat_map(|scope| scope.spans);
        spans.extend(all.filter_map(|span| read_span(span, &resource)));
    }
    spans
}

fn read_span(span: Span, resource: &[KeyValue]) -> Option<ReadSpan> {
    let trace = u128::from_be_bytes(span.trace_id.as_slice().try_into().ok()?);
    let id = number(&span.span_id)?;
    if trace == 0 {
        return None;
    }
    let kind = kind(span.kind);
    let own = |key: &str| {
        attributes::text(&span.attributes, key).or_else(|| attributes::text(resource, key)).map(str::to_owned)
    };
    let error = span.status.filter(|status| status.code == StatusCode::Error as i32).map(|status| status.message);
    Some(ReadSpan {
        trace,
        id,
        parent: number(&span.parent_span_id),
        start_ns: span.start_time_unix_nano,
        end_ns: span.end_time_unix_nano.max(span.start_time_unix_nano),
        name: shortened(span.name),
        kind,
        part: part(kind, &span.attributes, resource),
        service: shortened(
            attributes::text(resource, attributes::SERVICE_NAME).unwrap_or("unknown_service").to_owned(),
        ),
        error: error.map(shortened),
        visitor: own(attributes::VISITOR),
        session: own(attributes::SESSION_ID),
        attributes: pairs(span.attributes),
        events: span.events.into_iter().take(MAX_EVENTS).map(read_event).collect(),
    })
}

fn read_event(event: span::Event) -> ReadEvent {
    ReadEvent { at_ns: event.time_unix_nano, name: shortened(event.name), attributes: pairs(event.attributes) }
}

/// The visitor's hash decides about access and is nobody's business beyond that.
fn pairs(attributes: Vec<KeyValue>) -> Vec<(String, String)> {
    let shown_ones = attributes.into_iter().filter(|attribute| attribute.key != attributes::VISITOR);
    shown_ones.take(MAX_ATTRIBUTES).map(|attribute| (shortened(attribute.key), shown(attribute.value))).collect()
}

fn shortened(mut text: String) -> String {
    cut(&mut text, MAX_NAME_BYTES);
    text
}

/// `None` unless there are eight bytes, not all zero.
fn number(id: &[u8]) -> Option<u64> {
    id.try_into().ok().map(u64::from_be_bytes).filter(|number| *number != 0)
}

const fn kind(kind: i32) -> SpanKind {
    match kind {
        2 => SpanKind::Server,
        3 => SpanKind::Client,
        4 => SpanKind::Producer,
        5 => SpanKind::Consumer,
        _ => SpanKind::Internal,
    }
}

fn part(kind: SpanKind, of_span: &[KeyValue], of_resource: &[KeyValue]) -> Part {
    let own = |key| attributes::text(of_span, key);
    let marked = own(attributes::PART).or_else(|| attributes::text(of_resource, attributes::PART));
    if let Some(part) = marked.and_then(|marked| Part::ALL.into_iter().find(|part| part.as_str() == marked)) {
        return part;
    }
    match own(attributes::DB_SYSTEM_NAME) {
        Some("redis") => return Part::Cache,
        Some(_) => return Part::Database,
        None => {}
    }
    if matches!(kind, SpanKind::Producer | SpanKind::Consumer) || own(attributes::MESSAGING_SYSTEM).is_some() {
        return Part::Queue;
    }
    if attributes::text(of_resource, attributes::TELEMETRY_SDK_LANGUAGE) == Some("webjs") {
        return Part::Browser;
    }
    Part::Server
}

#[cfg(test)]
mod tests {
    use super::part;
    use model::{Part, SpanKind};
    use opentelemetry_proto::tonic::common::v1::any_value::Value;
    use opentelemetry_proto::tonic::common::v1::{AnyValue, KeyValue};

    fn text(key: &str, value: &str) -> KeyValue {
        let value = Some(AnyValue { value: Some(Value::StringValue(value.to_owned())) });
        KeyValue { key: key.to_owned(), value, ..KeyValue::default() }
    }

    #[test]
    fn the_part_is_told_by_mark_system_kind_and_language() {
        use SpanKind::{Client, Consumer, Internal, Producer, Server};
        let of = |kind, key: &str, value: &str| part(kind, &[text(key, value)], &[]);
        assert_eq!(of(Internal, "glassboard.part", "cache"), Part::Cache);
        assert_eq!(of(Client, "db.system.name", "sqlite"), Part::Database);
        assert_eq!(of(Client, "db.system.name", "redis"), Part::Cache);
        assert_eq!(of(Producer, "a", "b"), Part::Queue);
        assert_eq!(of(Consumer, "messaging.system", "kafka"), Part::Queue);
        assert_eq!(of(Server, "glassboard.part", "nonsense"), Part::Server);
        assert_eq!(part(Internal, &[], &[text("glassboard.part", "browser")]), Part::Browser);
        assert_eq!(part(Internal, &[], &[text("telemetry.sdk.language", "webjs")]), Part::Browser);
        assert_eq!(part(Internal, &[], &[text("telemetry.sdk.language", "rust")]), Part::Server);
    }
}
