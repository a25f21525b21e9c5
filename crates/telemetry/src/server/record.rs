//! A span as it is recorded: numbers, names of the program's own, and one text that holds all others.

use super::meaning::Meaning;
use super::secrets::MASK;
use crate::propagation::TraceParent;
use std::fmt::{self, Write};
use std::ops::Range;
use tracing::field::{Field, Visit};

/// What is kept of one span or event; what is more is left out and counted.
const MAX_ATTRIBUTES: usize = 128;
const MAX_EVENTS: usize = 128;
const MAX_LINKS: usize = 128;
/// Of one text; what is longer is cut.
const MAX_TEXT_BYTES: usize = 8 * 1024;

/// OpenTelemetry's span kinds.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Kind {
    #[default]
    Internal,
    Server,
    Client,
    Producer,
    Consumer,
}

/// The value of an attribute.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Value<'a> {
    Bool(bool),
    Int(i64),
    Float(f64),
    Text(&'a str),
}

/// A span of this process that has ended.
#[derive(Debug)]
pub struct SpanRecord {
    pub place: TraceParent,
    /// `None` for the root of a trace.
    pub parent_id: Option<[u8; 8]>,
    /// Nanoseconds since 1970.
    pub start_ns: u64,
    pub end_ns: u64,
    pub links: Vec<TraceParent>,
    own_name: &'static str,
    pub(super) fields: Fields,
    events: Vec<RecordedEvent>,
    dropped_events: u32,
}

/// Something that happened while a span was open.
#[derive(Debug, Clone, Copy)]
pub struct SpanEvent<'a> {
    pub at_ns: u64,
    event: &'a RecordedEvent,
}

#[derive(Debug)]
struct RecordedEvent {
    at_ns: u64,
    own_name: &'static str,
    fields: Fields,
}

impl SpanRecord {
    pub(super) fn new(place: TraceParent, parent_id: Option<[u8; 8]>, own_name: &'static str, fields: Fields) -> Self {
        Self {
            place,
            parent_id,
            start_ns: 0,
            end_ns: 0,
            links: Vec::new(),
            own_name,
            fields,
            events: Vec::new(),
            dropped_events: 0,
        }
    }

    #[must_use]
    pub fn name(&self) -> &str {
        self.fields.name.as_ref().map_or(self.own_name, |name| self.fields.text(name))
    }

    #[must_use]
    pub fn kind(&self) -> Kind {
        self.fields.kind.unwrap_or_default()
    }

    /// Why the span failed, in words if there are any; `None` when it did not.
    #[must_use]
    pub fn error(&self) -> Option<&str> {
        let message = || self.fields.status_message.as_ref().map_or("", |message| self.fields.text(message));
        (self.fields.status == Some(Status::Error)).then(message)
    }

    /// Whether somebody declared the span a success.
    #[must_use]
    pub fn is_ok(&self) -> bool {
        self.fields.status == Some(Status::Ok)
    }

    pub fn attributes(&self) -> impl ExactSizeIterator<Item = (&'static str, Value<'_>)> {
        self.fields.attributes()
    }

    pub fn events(&self) -> impl ExactSizeIterator<Item = SpanEvent<'_>> {
        self.events.iter().map(|event| SpanEvent { at_ns: event.at_ns, event })
    }

    /// How many attributes and events did not fit.
    #[must_use]
    pub const fn dropped(&self) -> (u32, u32) {
        (self.fields.dropped, self.dropped_events)
    }

    pub(super) fn link(&mut self, to: TraceParent) {
        if self.links.len() < MAX_LINKS {
            self.links.push(to);
        }
    }

    pub(super) fn happened(&mut self, at_ns: u64, own_name: &'static str, fields: Fields) {
        if self.events.len() < MAX_EVENTS {
            self.events.push(RecordedEvent { at_ns, own_name, fields });
        } else {
            self.dropped_events += 1;
        }
    }

    /// Marks the span as failed, unless it has a status already.
    pub(super) fn fail(&mut self, message: &str) {
        if self.fields.status.is_none() {
            self.fields.status = Some(Status::Error);
            self.fields.status_message = Some(self.fields.push_text(message));
        }
    }
}

impl<'a> SpanEvent<'a> {
    /// The event's message, or the name that `tracing` gave it.
    #[must_use]
    pub fn name(&self) -> &'a str {
        self.event.fields.message().unwrap_or(self.event.own_name)
    }

    pub fn attributes(&self) -> impl ExactSizeIterator<Item = (&'static str, Value<'a>)> + use<'a> {
        self.event.fields.attributes()
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Status {
    Ok,
    Error,
}

/// Where a text is in [`Fields::texts`].
type Place = Range<usize>;

#[derive(Debug, Clone)]
enum Stored {
    Bool(bool),
    Int(i64),
    Float(f64),
    Text(Place),
}

/// The fields of a `tracing` span or event. Of special meaning, as with tracing-opentelemetry: `otel.name`, `otel.kind`,
/// `otel.status_code`, `otel.status_message`, and an event's `message`. Secrets are masked before they are kept.
#[derive(Debug, Default)]
pub(super) struct Fields {
    name: Option<Place>,
    kind: Option<Kind>,
    status: Option<Status>,
    status_message: Option<Place>,
    message: Option<Place>,
    attributes: Vec<(&'static str, Stored)>,
    dropped: u32,
    texts: String,
}

impl Fields {
    pub(super) fn with_capacity(attributes: usize) -> Self {
        Self { attributes: Vec::with_capacity(attributes), texts: String::with_capacity(256), ..Self::default() }
    }

    pub(super) fn message(&self) -> Option<&str> {
        self.message.as_ref().map(|message| self.text(message))
    }

    pub(super) fn attributes(&self) -> impl ExactSizeIterator<Item = (&'static str, Value<'_>)> {
        self.attributes.iter().map(|(key, value)| (*key, self.value(value)))
    }

    pub(super) const fn dropped(&self) -> u32 {
        self.dropped
    }

    /// Forgets everything but the memory that it took.
    pub(super) fn clear(&mut self) {
        self.attributes.clear();
        self.texts.clear();
        (self.name, self.kind, self.status, self.status_message, self.message) = (None, None, None, None, None);
        self.dropped = 0;
    }

    /// Adds what was recorded later, which counts more.
    pub(super) fn add(&mut self, later: &Self) {
        let base = self.texts.len();
        self.texts.push_str(&later.texts);
        let moved = |place: &Option<Place>| place.as_ref().map(|place| place.start + base..place.end + base);
        self.name = moved(&later.name).or_else(|| self.name.take());
        self.kind = later.kind.or(self.kind);
        self.status = later.status.or(self.status);
        self.status_message = moved(&later.status_message).or_else(|| self.status_message.take());
        self.message = moved(&later.message).or_else(|| self.message.take());
        for (key, value) in &later.attributes {
            self.set(
                key,
                match value {
                    Stored::Text(place) => Stored::Text(place.start + base..place.end + base),
                    other => other.clone(),
                },
            );
        }
        self.dropped += later.dropped;
    }

    fn text(&self, place: &Place) -> &str {
        self.texts.get(place.clone()).unwrap_or_default()
    }

    fn value(&self, stored: &Stored) -> Value<'_> {
        match stored {
            Stored::Bool(value) => Value::Bool(*value),
            Stored::Int(value) => Value::Int(*value),
            Stored::Float(value) => Value::Float(*value),
            Stored::Text(place) => Value::Text(self.text(place)),
        }
    }

    /// Adds an attribute, or gives it another value.
    fn set(&mut self, key: &'static str, value: Stored) {
        // Names of one span's fields are the same texts each time, so that their addresses tell.
        match self.attributes.iter_mut().find(|(known, _)| std::ptr::eq(*known, key)) {
            Some((_, old)) => *old = value,
            None => self.put(key, value),
        }
    }

    /// Adds an attribute that is not there: a span, an event or a record names each of its fields once.
    fn put(&mut self, key: &'static str, value: Stored) {
        debug_assert!(!self.attributes.iter().any(|(known, _)| std::ptr::eq(*known, key)), "{key} is named twice");
        if self.attributes.len() < MAX_ATTRIBUTES {
            self.attributes.push((key, value));
        } else {
            self.dropped += 1;
        }
    }

    fn push_text(&mut self, text: &str) -> Place {
        let start = self.texts.len();
        self.texts.push_str(&text[..text.floor_char_boundary(MAX_TEXT_BYTES)]);
        start..self.texts.len()
    }

    /// A text that was just written to the end of the others.
    fn take(&mut self, key: &'static str, meaning: Meaning, place: Place) {
        let text = &self.texts[place.clone()];
        match meaning {
            Meaning::Message => self.message = Some(place),
            Meaning::OtelName => self.name = Some(place),
            Meaning::OtelStatusMessage => self.status_message = Some(place),
            Meaning::OtelKind => {
                self.kind = match text {
                    text if text.eq_ignore_ascii_case("server") => Some(Kind::Server),
                    text if text.eq_ignore_ascii_case("client") => Some(Kind::Client),
                    text if text.eq_ignore_ascii_case("producer") => Some(Kind::Producer),
                    text if text.eq_ignore_ascii_case("consumer") => Some(Kind::Consumer),
                    _ => Some(Kind::Internal),
                };
            }
            Meaning::OtelStatusCode => {
                self.status = match text {
                    text if text.eq_ignore_ascii_case("error") => Some(Status::Error),
                    text if text.eq_ignore_ascii_case("ok") => Some(Status::Ok),
                    _ => None,
                };
            }
            Meaning::Attribute | Meaning::Secret => self.put(key, Stored::Text(place)),
        }
    }
}

impl Visit for Fields {
    fn record_f64(&mut self, field: &Field, value: f64) {
        self.put(field.name(), Stored::Float(value));
    }

    fn record_i64(&mut self, field: &Field, value: i64) {
        self.put(field.name(), Stored::Int(value));
    }

    fn record_u64(&mut self, field: &Field, value: u64) {
        match i64::try_from(value) {
            Ok(value) => self.put(field.name(), Stored::Int(value)),
            Err(_) => self.record_debug(field, &value),
        }
    }

    fn record_bool(&mut self, field: &Field, value: bool) {
        self.put(field.name(), Stored::Bool(value));
    }

    fn record_str(&mut self, field: &Field, value: &str) {
        let meaning = Meaning::of(field.name());
        let place = self.push_text(if meaning == Meaning::Secret { MASK } else { value });
        self.take(field.name(), meaning, place);
    }

    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        let meaning = Meaning::of(field.name());
        if meaning == Meaning::Secret {
            return self.record_str(field, MASK);
        }
        let start = self.texts.len();
        // Fails when the value's own Debug does; what it wrote until then is kept.
        let _ = write!(self.texts, "{value:?}");
        let end = self.texts.floor_char_boundary((start + MAX_TEXT_BYTES).min(self.texts.len()));
        self.texts.truncate(end);
        self.take(field.name(), meaning, start..end);
    }
}
