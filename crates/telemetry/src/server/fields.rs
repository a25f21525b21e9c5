//! The fields of a span, of an event or of a log record, in a few bytes each: they are copied from thread to thread, and what is
//! written on one core and read on another costs by the byte. Names are not among them: whose fields they are knows those. Values
//! that are texts stand one after the other in a text of their own, so that they need not be looked through again.

use super::meaning::Meaning;
use super::secrets::MASK;
use std::fmt::{self, Write};
use tracing::field::{self, Field, FieldSet, Visit};

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

/// What is known of fields without reading them. `otel.name`, `otel.kind`, `otel.status_code`, `otel.status_message` and an
/// event's `message` mean what they mean to tracing-opentelemetry, and are no attributes.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Heading {
    kind: Option<Kind>,
    status: Option<Status>,
    attributes: u8,
    dropped: u32,
}

/// What an entry is: its second byte. The first is the field's number among its callsite's. A text's length follows, in two
/// bytes, or a number, in eight.
mod tag {
    pub(super) const FALSE: u8 = 0;
    pub(super) const TRUE: u8 = 1;
    pub(super) const INT: u8 = 2;
    pub(super) const FLOAT: u8 = 3;
    pub(super) const TEXT: u8 = 4;
    /// Texts, too, but no attributes.
    pub(super) const NAME: u8 = 5;
    pub(super) const MESSAGE: u8 = 6;
    pub(super) const STATUS_MESSAGE: u8 = 7;
}

/// What is kept of one span or event are the fields before this one; others are left out and counted. It is the number of the
/// status message of a span that an event made fail.
const NO_FIELD: u8 = 127;

/// The fields of a `tracing` span or event. Secrets are masked before they are kept.
#[derive(Debug, Default)]
pub(super) struct Fields {
    heading: Heading,
    /// A bit for each field that has an entry.
    known: u128,
    entries: Vec<u8>,
    texts: String,
}

/// Fields, wherever they are kept.
#[derive(Debug, Clone, Copy)]
pub(super) struct Read<'a> {
    pub(super) heading: Heading,
    pub(super) entries: &'a [u8],
    pub(super) texts: &'a str,
}

impl<'a> Read<'a> {
    pub(super) fn name(&self) -> Option<&'a str> {
        self.text(tag::NAME)
    }

    pub(super) fn kind(&self) -> Kind {
        self.heading.kind.unwrap_or_default()
    }

    /// Why it failed, in words if there are any; `None` when it did not.
    pub(super) fn error(&self) -> Option<&'a str> {
        (self.heading.status == Some(Status::Error)).then(|| self.text(tag::STATUS_MESSAGE).unwrap_or_default())
    }

    pub(super) fn is_ok(&self) -> bool {
        self.heading.status == Some(Status::Ok)
    }

    pub(super) fn message(&self) -> Option<&'a str> {
        self.text(tag::MESSAGE)
    }

    /// `fields`: those of the callsite where these were recorded.
    pub(super) fn attributes(self, fields: &'static FieldSet) -> Attributes<'a> {
        let left = self.heading.attributes.into();
        Attributes { fields, names: fields.iter(), next: 0, entries: self.entries(), left }
    }

    pub(super) const fn dropped(&self) -> u32 {
        self.heading.dropped
    }

    fn text(&self, wanted: u8) -> Option<&'a str> {
        self.entries().find_map(|(_, tag, value)| match value {
            Value::Text(text) if tag == wanted => Some(text),
            _ => None,
        })
    }

    const fn entries(&self) -> Entries<'a> {
        Entries { entries: self.entries, texts: self.texts }
    }
}

/// Entries of fields: the field's number, the tag, and the value.
struct Entries<'a> {
    entries: &'a [u8],
    texts: &'a str,
}

impl<'a> Iterator for Entries<'a> {
    type Item = (u8, u8, Value<'a>);

    fn next(&mut self) -> Option<Self::Item> {
        let &[field, tag] = take(&mut self.entries)?;
        let value = match tag {
            tag::FALSE => Value::Bool(false),
            tag::TRUE => Value::Bool(true),
            tag::INT => Value::Int(i64::from_le_bytes(*take(&mut self.entries)?)),
            tag::FLOAT => Value::Float(f64::from_le_bytes(*take(&mut self.entries)?)),
            _ => {
                let length = u16::from_le_bytes(*take(&mut self.entries)?);
                let (text, rest) = self.texts.split_at_checked(length.into())?;
                self.texts = rest;
                Value::Text(text)
            }
        };
        Some((field, tag, value))
    }
}

/// The next so many bytes.
fn take<'a, const N: usize>(bytes: &mut &'a [u8]) -> Option<&'a [u8; N]> {
    let (first, rest) = bytes.split_first_chunk()?;
    *bytes = rest;
    Some(first)
}

/// The entries that are attributes, with their names.
pub(super) struct Attributes<'a> {
    fields: &'static FieldSet,
    /// From the field with the number `next` on: most entries come in the order of the fields.
    names: field::Iter,
    next: u8,
    entries: Entries<'a>,
    left: usize,
}

impl Attributes<'_> {
    fn name(&mut self, field: u8) -> &'static str {
        if field < self.next {
            (self.names, self.next) = (self.fields.iter(), 0);
        }
        let name = self.names.nth(usize::from(field - self.next)).map_or("", |field| field.name());
        self.next = field + 1;
        name
    }
}

impl<'a> Iterator for Attributes<'a> {
    type Item = (&'static str, Value<'a>);

    fn next(&mut self) -> Option<Self::Item> {
        let (field, _, value) = self.entries.find(|(_, tag, _)| *tag <= tag::TEXT)?;
        self.left -= 1;
        Some((self.name(field), value))
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        (self.left, Some(self.left))
    }
}

impl ExactSizeIterator for Attributes<'_> {}

impl Fields {
    /// With room for a usual span's.
    pub(super) fn with_room() -> Self {
        Self { entries: Vec::with_capacity(128), texts: String::with_capacity(256), ..Self::default() }
    }

    pub(super) fn read(&self) -> Read<'_> {
        Read { heading: self.heading, entries: &self.entries, texts: &self.texts }
    }

    /// Forgets everything but the memory that it took.
    pub(super) fn clear(&mut self) {
        self.entries.clear();
        self.texts.clear();
        (self.heading, self.known) = (Heading::default(), 0);
    }

    /// What they take.
    pub(super) const fn bytes(&self) -> usize {
        self.entries.capacity() + self.texts.capacity()
    }

    /// Adds what was recorded later, which counts more.
    pub(super) fn add(&mut self, later: &Self) {
        let again = self.known & later.known;
        if again != 0 {
            self.forget(again);
        }
        self.known |= later.known;
        self.entries.extend_from_slice(&later.entries);
        self.texts.push_str(&later.texts);
        let (own, new) = (&mut self.heading, later.heading);
        own.kind = new.kind.or(own.kind);
        own.status = new.status.or(own.status);
        own.attributes += new.attributes;
        own.dropped += new.dropped;
    }

    /// Takes the entries of these fields away.
    fn forget(&mut self, fields: u128) {
        let (entries, texts) = (std::mem::take(&mut self.entries), std::mem::take(&mut self.texts));
        let mut all = Entries { entries: &entries, texts: &texts };
        loop {
            let (entries, texts) = (all.entries, all.texts);
            let Some((field, tag, _)) = all.next() else { break };
            if fields & bit(field) != 0 {
                self.heading.attributes -= u8::from(tag <= tag::TEXT);
            } else {
                self.entries.extend_from_slice(&entries[..entries.len() - all.entries.len()]);
                self.texts.push_str(&texts[..texts.len() - all.texts.len()]);
            }
        }
    }

    /// Marks the span as failed, unless it has a status already.
    pub(super) fn fail(&mut self, message: &str) {
        if self.heading.status.is_none() {
            self.heading.status = Some(Status::Error);
            self.push_text(NO_FIELD, tag::STATUS_MESSAGE, message);
        }
    }

    /// The field's number, for an entry of it; `None` when there are too many.
    fn enter(&mut self, field: &Field) -> Option<u8> {
        let number = u8::try_from(field.index()).ok().filter(|number| *number < NO_FIELD);
        match number {
            Some(number) => self.known |= bit(number),
            None => self.heading.dropped += 1,
        }
        number
    }

    fn put<const N: usize>(&mut self, field: &Field, tag: u8, value: [u8; N]) {
        if let Some(number) = self.enter(field) {
            self.heading.attributes += 1;
            self.entries.extend_from_slice(&[number, tag]);
            self.entries.extend_from_slice(&value);
        }
    }

    fn push_text(&mut self, number: u8, tag: u8, text: &str) {
        let fits = text.len() <= MAX_TEXT_BYTES;
        let text = if fits { text } else { &text[..text.floor_char_boundary(MAX_TEXT_BYTES)] };
        let [low, high] = (text.len() as u16).to_le_bytes();
        self.entries.extend_from_slice(&[number, tag, low, high]);
        self.texts.push_str(text);
    }

    fn put_text(&mut self, field: &Field, tag: u8, text: &str) {
        if let Some(number) = self.enter(field) {
            self.heading.attributes += u8::from(tag == tag::TEXT);
            self.push_text(number, tag, text);
        }
    }
}

const fn bit(number: u8) -> u128 {
    1 << number
}

impl Visit for Fields {
    fn record_f64(&mut self, field: &Field, value: f64) {
        self.put(field, tag::FLOAT, value.to_le_bytes());
    }

    fn record_i64(&mut self, field: &Field, value: i64) {
        self.put(field, tag::INT, value.to_le_bytes());
    }

    fn record_u64(&mut self, field: &Field, value: u64) {
        match i64::try_from(value) {
            Ok(value) => self.record_i64(field, value),
            Err(_) => self.record_debug(field, &value),
        }
    }

    fn record_bool(&mut self, field: &Field, value: bool) {
        self.put(field, if value { tag::TRUE } else { tag::FALSE }, []);
    }

    fn record_str(&mut self, field: &Field, value: &str) {
        match Meaning::of(field.name()) {
            Meaning::Attribute => self.put_text(field, tag::TEXT, value),
            Meaning::Secret => self.put_text(field, tag::TEXT, MASK),
            Meaning::Message => self.put_text(field, tag::MESSAGE, value),
            Meaning::OtelName => self.put_text(field, tag::NAME, value),
            Meaning::OtelStatusMessage => self.put_text(field, tag::STATUS_MESSAGE, value),
            Meaning::OtelKind => self.heading.kind = Some(kind(value)),
            Meaning::OtelStatusCode => self.heading.status = status(value),
        }
    }

    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        let mut text = String::new();
        if Meaning::of(field.name()) != Meaning::Secret {
            // Fails when the value's own Debug does; what it wrote until then is kept.
            let _ = write!(text, "{value:?}");
        }
        self.record_str(field, &text);
    }
}

fn kind(name: &str) -> Kind {
    let named = |kind: &str| name.eq_ignore_ascii_case(kind);
    match () {
        () if named("server") => Kind::Server,
        () if named("client") => Kind::Client,
        () if named("producer") => Kind::Producer,
        () if named("consumer") => Kind::Consumer,
        () => Kind::Internal,
    }
}

fn status(name: &str) -> Option<Status> {
    let named = |status: &str| name.eq_ignore_ascii_case(status);
    if named("error") { Some(Status::Error) } else { named("ok").then_some(Status::Ok) }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::{Fields, Read, Value};
    use crate::server::buffer::Buffer;
    use crate::server::log::Log;
    use crate::server::record::EndedSpans;
    use crate::server::recorder::Recorder;
    use crate::server::{Config, LogFormat};
    use proptest::prelude::*;
    use std::collections::BTreeMap;
    use std::sync::Arc;
    use std::time::Duration;
    use tracing::field::Empty;

    const NAMES: [&str; 5] = ["first", "second", "token", "otel.name", "otel.status_message"];

    #[derive(Debug, Clone)]
    enum Recorded {
        Bool(bool),
        Int(i64),
        Float(f64),
        Text(String),
    }

    fn recorded() -> impl Strategy<Value = Recorded> {
        prop_oneof![
            any::<bool>().prop_map(Recorded::Bool),
            any::<i64>().prop_map(Recorded::Int),
            (-1e9..1e9).prop_map(Recorded::Float),
            "\\PC{0,20}".prop_map(Recorded::Text),
        ]
    }

    proptest! {
        #[test]
        fn what_was_recorded_last_is_read(steps in proptest::collection::vec((0..NAMES.len(), recorded()), 0..30)) {
            let ended = Arc::new(Buffer::<EndedSpans>::new(8, 8));
            let config = Config::from_env(|_| None).unwrap();
            let log = Log::start(std::io::sink(), LogFormat::Json, config.log_filter).unwrap();
            let recorder = Recorder::new(Arc::clone(&ended), log, None, Some(config.sampling));
            let mut expected = BTreeMap::new();
            tracing::subscriber::with_default(recorder, || {
                let span = tracing::info_span!("span", first = Empty, second = 0, token = Empty, otel.name = Empty, otel.status_message = Empty);
                expected.insert("second", Recorded::Int(0));
                for (at, value) in &steps {
                    match value {
                        Recorded::Bool(value) => span.record(NAMES[*at], value),
                        Recorded::Int(value) => span.record(NAMES[*at], value),
                        Recorded::Float(value) => span.record(NAMES[*at], value),
                        Recorded::Text(value) => span.record(NAMES[*at], value.as_str()),
                    };
                    expected.insert(NAMES[*at], value.clone());
                }
            });
            let mut spans = EndedSpans::default();
            prop_assert!(ended.take(Duration::ZERO, &mut spans));
            let span = spans.iter().next().unwrap();
            let is_text = |name: &str| matches!(expected.get(name), Some(Recorded::Text(_)));
            let name = match expected.get("otel.name") { Some(Recorded::Text(name)) => name, _ => "span" };
            prop_assert_eq!(span.name(), name);
            prop_assert_eq!(span.error(), None);
            let found: BTreeMap<_, _> = span.attributes().collect();
            prop_assert_eq!(found.len(), span.attributes().len());
            let no_attribute = |name: &str| name.starts_with("otel.") && is_text(name);
            let wanted: BTreeMap<_, _> = expected.iter().filter(|(name, _)| !no_attribute(name)).map(|(name, value)| (*name, match value {
                Recorded::Bool(value) => Value::Bool(*value),
                Recorded::Int(value) => Value::Int(*value),
                Recorded::Float(value) => Value::Float(*value),
                Recorded::Text(_) if *name == "token" => Value::Text("***"),
                Recorded::Text(value) => Value::Text(value),
            })).collect();
            prop_assert_eq!(found, wanted);
        }

        #[test]
        fn bytes_that_are_no_fields_do_no_harm(entries in proptest::collection::vec(0..10_u8, 0..100), texts in "\\PC{0,20}") {
            let read = Read { entries: &entries, texts: &texts, ..Fields::default().read() };
            let _ = (read.name(), read.message(), read.error());
        }
    }
}
