//! The fields of a span, of an event or of a log record: numbers, names of the program's own, and one text that holds all others.

use super::meaning::Meaning;
use super::secrets::MASK;
use std::fmt::{self, Write};
use tracing::field::{Field, Visit};

/// What is kept of one span or event; what is more is left out and counted.
const MAX_ATTRIBUTES: usize = 128;
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

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Status {
    Ok,
    Error,
}

/// Where a text is among its fields' texts.
#[derive(Debug, Clone, Copy)]
pub(super) struct Place {
    start: u32,
    end: u32,
}

impl Place {
    /// Fields of 4 GiB have no text beyond that.
    fn new(start: usize, end: usize) -> Self {
        let place = |at| u32::try_from(at).unwrap_or(u32::MAX);
        Self { start: place(start), end: place(end) }
    }

    /// After so many bytes of other texts.
    fn after(self, bytes: usize) -> Self {
        Self::new(self.start as usize + bytes, self.end as usize + bytes)
    }
}

#[derive(Debug, Clone, Copy)]
pub(super) enum Stored {
    Bool(bool),
    Int(i64),
    Float(f64),
    Text(Place),
}

pub(super) type Attribute = (&'static str, Stored);

/// What fields of special meaning say, as with tracing-opentelemetry: `otel.name`, `otel.kind`, `otel.status_code`,
/// `otel.status_message`, and an event's `message`.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Heading {
    name: Option<Place>,
    kind: Option<Kind>,
    status: Option<Status>,
    status_message: Option<Place>,
    message: Option<Place>,
    dropped: u32,
}

/// The fields of a `tracing` span or event. Secrets are masked before they are kept.
#[derive(Debug, Default)]
pub(super) struct Fields {
    heading: Heading,
    attributes: Vec<Attribute>,
    texts: String,
}

/// Fields, wherever they are kept.
#[derive(Debug, Clone, Copy)]
pub(super) struct Read<'a> {
    pub(super) heading: Heading,
    pub(super) attributes: &'a [Attribute],
    pub(super) texts: &'a str,
}

impl<'a> Read<'a> {
    pub(super) fn name(&self) -> Option<&'a str> {
        self.heading.name.map(|name| self.text(name))
    }

    pub(super) fn kind(&self) -> Kind {
        self.heading.kind.unwrap_or_default()
    }

    /// Why it failed, in words if there are any; `None` when it did not.
    pub(super) fn error(&self) -> Option<&'a str> {
        let message = || self.heading.status_message.map_or("", |message| self.text(message));
        (self.heading.status == Some(Status::Error)).then(message)
    }

    pub(super) fn is_ok(&self) -> bool {
        self.heading.status == Some(Status::Ok)
    }

    pub(super) fn message(&self) -> Option<&'a str> {
        self.heading.message.map(|message| self.text(message))
    }

    pub(super) fn attributes(self) -> impl ExactSizeIterator<Item = (&'static str, Value<'a>)> {
        self.attributes.iter().map(move |(key, value)| (*key, self.value(*value)))
    }

    pub(super) const fn dropped(&self) -> u32 {
        self.heading.dropped
    }

    fn text(&self, place: Place) -> &'a str {
        self.texts.get(place.start as usize..place.end as usize).unwrap_or_default()
    }

    fn value(&self, stored: Stored) -> Value<'a> {
        match stored {
            Stored::Bool(value) => Value::Bool(value),
            Stored::Int(value) => Value::Int(value),
            Stored::Float(value) => Value::Float(value),
            Stored::Text(place) => Value::Text(self.text(place)),
        }
    }
}

impl Fields {
    pub(super) fn with_capacity(attributes: usize) -> Self {
        Self {
            heading: Heading::default(),
            attributes: Vec::with_capacity(attributes),
            texts: String::with_capacity(256),
        }
    }

    pub(super) fn read(&self) -> Read<'_> {
        Read { heading: self.heading, attributes: &self.attributes, texts: &self.texts }
    }

    /// Forgets everything but the memory that it took.
    pub(super) fn clear(&mut self) {
        self.attributes.clear();
        self.texts.clear();
        self.heading = Heading::default();
    }

    /// What they take.
    pub(super) const fn bytes(&self) -> usize {
        self.attributes.capacity() * size_of::<Attribute>() + self.texts.capacity()
    }

    /// Adds what was recorded later, which counts more.
    pub(super) fn add(&mut self, later: Read<'_>) {
        let base = self.texts.len();
        self.texts.push_str(later.texts);
        let moved = |place: Option<Place>| place.map(|place| place.after(base));
        let (own, new) = (&mut self.heading, later.heading);
        own.name = moved(new.name).or(own.name);
        own.kind = new.kind.or(own.kind);
        own.status = new.status.or(own.status);
        own.status_message = moved(new.status_message).or(own.status_message);
        own.message = moved(new.message).or(own.message);
        own.dropped += new.dropped;
        for (key, value) in later.attributes {
            self.set(
                key,
                match value {
                    Stored::Text(place) => Stored::Text(place.after(base)),
                    other => *other,
                },
            );
        }
    }

    /// Marks the span as failed, unless it has a status already.
    pub(super) fn fail(&mut self, message: &str) {
        if self.heading.status.is_none() {
            self.heading.status = Some(Status::Error);
            self.heading.status_message = Some(self.push_text(message));
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
            self.heading.dropped += 1;
        }
    }

    fn push_text(&mut self, text: &str) -> Place {
        let start = self.texts.len();
        let fits = text.len() <= MAX_TEXT_BYTES;
        self.texts.push_str(if fits { text } else { &text[..text.floor_char_boundary(MAX_TEXT_BYTES)] });
        Place::new(start, self.texts.len())
    }

    /// A text that was just written to the end of the others.
    fn take(&mut self, key: &'static str, meaning: Meaning, place: Place) {
        match meaning {
            Meaning::Attribute | Meaning::Secret => self.put(key, Stored::Text(place)),
            Meaning::Message => self.heading.message = Some(place),
            Meaning::OtelName => self.heading.name = Some(place),
            Meaning::OtelStatusMessage => self.heading.status_message = Some(place),
            Meaning::OtelKind => {
                self.heading.kind = match self.read().text(place) {
                    text if text.eq_ignore_ascii_case("server") => Some(Kind::Server),
                    text if text.eq_ignore_ascii_case("client") => Some(Kind::Client),
                    text if text.eq_ignore_ascii_case("producer") => Some(Kind::Producer),
                    text if text.eq_ignore_ascii_case("consumer") => Some(Kind::Consumer),
                    _ => Some(Kind::Internal),
                };
            }
            Meaning::OtelStatusCode => {
                self.heading.status = match self.read().text(place) {
                    text if text.eq_ignore_ascii_case("error") => Some(Status::Error),
                    text if text.eq_ignore_ascii_case("ok") => Some(Status::Ok),
                    _ => None,
                };
            }
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
        self.take(field.name(), meaning, Place::new(start, end));
    }
}
