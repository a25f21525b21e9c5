use crate::attributes::{self, cut, shown};
use model::{Part, SpanKind};
use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest;
use opentelemetry_proto::tonic::common::v1::KeyValue;
use opentelemetry_proto::tonic::trace::v1::{Span, span, status::StatusCode};
use std::borrow::Cow;

/// What is kept of one span, at most; the relay and the recorder have bounds of their own.
const MAX_ATTRIBUTES: usize = 128;
const MAX_EVENTS: usize = 128;
const MAX_NAME_BYTES: usize = 1024;

pub type Attributes<'a> = Vec<(&'a str, Cow<'a, str>)>;

/// A span as it came, in plain terms.
#[derive(Debug, Clone)]
pub struct ReadSpan<'a> {
    pub trace: u128,
    pub id: u64,
    pub parent: Option<u64>,
    pub start_ns: u64,
    pub end_ns: u64,
    pub name: &'a str,
    pub kind: SpanKind,
    /// As the resource tells; the attributes count more, and where neither tells it is the server.
    pub part: Option<Part>,
    pub service: &'a str,
    /// The status message, when the status is an error.
    pub error: Option<&'a str>,
    pub attributes: Attributes<'a>,
    pub events: Vec<ReadEvent<'a>>,
    /// Of the resource: the span's own attributes say it first.
    pub visitor: Option<&'a str>,
    pub session: Option<&'a str>,
}

#[derive(Debug, Clone)]
pub struct ReadEvent<'a> {
    pub at_ns: u64,
    pub name: &'a str,
    pub attributes: Attributes<'a>,
}

impl ReadSpan<'_> {
    /// The part of the system that the span belongs to.
    pub fn part(&self) -> Part {
        let own = |key| self.attribute(key);
        if let Some(part) = own(attributes::PART).and_then(part_named) {
            return part;
        }
        match own(attributes::DB_SYSTEM_NAME) {
            Some("redis") => return Part::Cache,
            Some(_) => return Part::Database,
            None => {}
        }
        if matches!(self.kind, SpanKind::Producer | SpanKind::Consumer) || own(attributes::MESSAGING_SYSTEM).is_some() {
            return Part::Queue;
        }
        self.part.unwrap_or(Part::Server)
    }

    pub fn visitor(&self) -> Option<&str> {
        self.attribute(attributes::VISITOR).or(self.visitor)
    }

    pub fn session(&self) -> Option<&str> {
        self.attribute(attributes::SESSION_ID).or(self.session)
    }

    /// The visitor's hash decides about access and is nobody's business beyond that.
    pub fn shown_attributes(&self) -> impl Iterator<Item = (&str, &str)> + Clone {
        let shown = self.attributes.iter().filter(|(key, _)| *key != attributes::VISITOR);
        shown.map(|(key, value)| (*key, value.as_ref()))
    }

    fn attribute(&self, key: &str) -> Option<&str> {
        self.attributes.iter().find(|(name, _)| *name == key).map(|(_, value)| value.as_ref())
    }
}

/// The request's spans that have valid ids.
pub fn read(request: &ExportTraceServiceRequest) -> impl Iterator<Item = ReadSpan<'_>> {
    request.resource_spans.iter().flat_map(|of_resource| {
        let resource = of_resource.resource.as_ref().map_or(&[][..], |resource| &resource.attributes);
        let all = of_resource.scope_spans.iter().flat_map(|scope| &scope.spans);
        all.filter_map(|span| read_span(span, resource))
    })
}

fn read_span<'a>(span: &'a Span, resource: &'a [KeyValue]) -> Option<ReadSpan<'a>> {
    let trace = u128::from_be_bytes(span.trace_id.as_slice().try_into().ok()?);
    let id = number(&span.span_id)?;
    if trace == 0 {
        return None;
    }
    let of_resource = |key: &str| attributes::text(resource, key);
    let error = span.status.as_ref().filter(|status| status.code == StatusCode::Error as i32);
    Some(ReadSpan {
        trace,
        id,
        parent: number(&span.parent_span_id),
        start_ns: span.start_time_unix_nano,
        end_ns: span.end_time_unix_nano.max(span.start_time_unix_nano),
        name: shortened(&span.name),
        kind: kind(span.kind),
        part: of_resource(attributes::PART)
            .and_then(part_named)
            .or_else(|| (of_resource(attributes::TELEMETRY_SDK_LANGUAGE) == Some("webjs")).then_some(Part::Browser)),
        service: shortened(of_resource(attributes::SERVICE_NAME).unwrap_or("unknown_service")),
        error: error.map(|status| shortened(&status.message)),
        attributes: pairs(&span.attributes),
        events: span.events.iter().take(MAX_EVENTS).map(read_event).collect(),
        visitor: of_resource(attributes::VISITOR),
        session: of_resource(attributes::SESSION_ID),
    })
}

fn read_event(event: &span::Event) -> ReadEvent<'_> {
    ReadEvent { at_ns: event.time_unix_nano, name: shortened(&event.name), attributes: pairs(&event.attributes) }
}

fn pairs(attributes: &[KeyValue]) -> Attributes<'_> {
    let some = attributes.iter().take(MAX_ATTRIBUTES);
    some.map(|attribute| (shortened(&attribute.key), shown(attribute.value.as_ref()))).collect()
}

fn shortened(text: &str) -> &str {
    cut(text, MAX_NAME_BYTES)
}

/// `None` unless there are eight bytes, not all zero.
fn number(id: &[u8]) -> Option<u64> {
    id.try_into().ok().map(u64::from_be_bytes).filter(|number| *number != 0)
}

fn part_named(name: &str) -> Option<Part> {
    Part::ALL.into_iter().find(|part| part.as_str() == name)
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

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::read_span;
    use model::{Part, SpanKind};
    use opentelemetry_proto::tonic::common::v1::any_value::Value;
    use opentelemetry_proto::tonic::common::v1::{AnyValue, KeyValue};
    use opentelemetry_proto::tonic::trace::v1::Span;

    fn text(key: &str, value: &str) -> KeyValue {
        let value = Some(AnyValue { value: Some(Value::StringValue(value.to_owned())) });
        KeyValue { key: key.to_owned(), value, ..KeyValue::default() }
    }

    fn part(kind: SpanKind, of_span: &[KeyValue], of_resource: &[KeyValue]) -> Part {
        let span = Span { trace_id: vec![1; 16], span_id: vec![1; 8], attributes: of_span.to_vec(), ..Span::default() };
        let mut span = read_span(&span, of_resource).unwrap();
        span.kind = kind;
        span.part()
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
