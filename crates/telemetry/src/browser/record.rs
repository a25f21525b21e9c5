//! A finished span as the browser keeps it until it is sent.

use crate::propagation::TraceParent;
use std::borrow::Cow;

/// A name that is usually written in the program.
pub(crate) type Name = Cow<'static, str>;

/// Attributes beyond this number are left out.
pub(crate) const MAX_ATTRIBUTES: usize = 32;
/// Events beyond this number are left out.
pub(crate) const MAX_EVENTS: usize = 16;
/// Texts are cut after this many bytes.
const MAX_TEXT_BYTES: usize = 1024;

/// An attribute's value.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Value {
    Text(Name),
    Int(i64),
    Float(f64),
    Bool(bool),
}

impl From<&'static str> for Value {
    fn from(text: &'static str) -> Self {
        Self::Text(Cow::Borrowed(text))
    }
}

impl From<String> for Value {
    fn from(mut text: String) -> Self {
        text.truncate(text.floor_char_boundary(MAX_TEXT_BYTES));
        Self::Text(Cow::Owned(text))
    }
}

impl From<i64> for Value {
    fn from(number: i64) -> Self {
        Self::Int(number)
    }
}

impl From<bool> for Value {
    fn from(truth: bool) -> Self {
        Self::Bool(truth)
    }
}

/// Keys are always written in the program.
pub(crate) type Attributes = Vec<(&'static str, Value)>;

/// OpenTelemetry's span kinds, as OTLP numbers them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) enum Kind {
    #[default]
    Internal = 1,
    Server = 2,
    Client = 3,
    Producer = 4,
    Consumer = 5,
}

impl Kind {
    /// Reads what `otel.kind` may say.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        [
            ("internal", Self::Internal),
            ("server", Self::Server),
            ("client", Self::Client),
            ("producer", Self::Producer),
            ("consumer", Self::Consumer),
        ]
        .into_iter()
        .find_map(|(name, kind)| name.eq_ignore_ascii_case(text).then_some(kind))
    }
}

/// OpenTelemetry's span status.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) enum Status {
    #[default]
    Unset,
    Ok,
    Error(String),
}

/// Something that happened during a span.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Event {
    pub name: String,
    pub at_us: u64,
    pub attributes: Attributes,
}

/// How bad what a log record tells is, as OTLP numbers it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Severity {
    Info = 9,
    Error = 17,
}

/// Something worth telling that is no span. Times are microseconds since 1970.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct LogRecord {
    pub at_us: u64,
    pub severity: Severity,
    /// What happened, as OpenTelemetry names events.
    pub event: &'static str,
    pub message: String,
    pub attributes: Attributes,
    /// The span that it happened in.
    pub place: Option<TraceParent>,
}

/// A span. Times are microseconds since 1970.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct SpanRecord {
    /// The span's own place.
    pub place: TraceParent,
    pub parent_id: Option<[u8; 8]>,
    pub name: Name,
    pub kind: Kind,
    pub status: Status,
    pub start_us: u64,
    pub end_us: u64,
    pub attributes: Attributes,
    pub events: Vec<Event>,
    /// What to call the trace, when the reader is to be told about it.
    pub title: Option<String>,
}

impl SpanRecord {
    /// A root that starts and ends at `at_us`, until someone says otherwise.
    pub(crate) fn new(name: impl Into<Name>, place: TraceParent, at_us: u64) -> Self {
        Self {
            place,
            parent_id: None,
            name: name.into(),
            kind: Kind::Internal,
            status: Status::Unset,
            start_us: at_us,
            end_us: at_us,
            attributes: Vec::new(),
            events: Vec::new(),
            title: None,
        }
    }

    /// Sets an attribute, replacing an earlier value.
    pub(crate) fn set(&mut self, key: &'static str, value: impl Into<Value>) {
        self.put(key, value.into());
    }

    fn put(&mut self, key: &'static str, value: Value) {
        if let Some(old) = self.attributes.iter_mut().find(|(name, _)| *name == key) {
            old.1 = value;
        } else if self.attributes.len() < MAX_ATTRIBUTES {
            self.attributes.push((key, value));
        }
    }

    /// Keeps an event, unless there are too many already.
    pub(crate) fn happened(&mut self, event: Event) {
        if self.events.len() < MAX_EVENTS {
            self.events.push(event);
        }
    }

    /// Moves both ends into a parent's time: the browser rounds its clocks differently.
    pub(crate) fn clamp(&mut self, from_us: u64, to_us: u64) {
        let to_us = to_us.max(from_us);
        self.start_us = self.start_us.clamp(from_us, to_us);
        self.end_us = self.end_us.clamp(self.start_us, to_us);
    }

    /// What a person would call it: its name, and what it was about.
    pub(crate) fn describe(&self) -> String {
        use crate::names::{own, stable};
        let about = |key: &str| {
            self.attributes.iter().find_map(|(name, value)| match value {
                Value::Text(text) if *name == key && !text.is_empty() => Some(text),
                _ => None,
            })
        };
        if let Some(target) = about(own::TARGET_NAME) {
            return format!("{} \"{target}\"", self.name);
        }
        match about(stable::URL_PATH) {
            Some(path) => format!("{} {path}", self.name),
            None => self.name.to_string(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{MAX_ATTRIBUTES, MAX_TEXT_BYTES, SpanRecord, Value};
    use crate::browser::samples;

    fn clamped(start_us: u64, end_us: u64) -> (u64, u64) {
        let mut span = samples::span("a");
        (span.start_us, span.end_us) = (start_us, end_us);
        span.clamp(100, 200);
        (span.start_us, span.end_us)
    }

    #[test]
    fn a_child_is_moved_into_its_parents_time() {
        assert_eq!(clamped(120, 180), (120, 180));
        assert_eq!(clamped(99, 201), (100, 200));
        assert_eq!(clamped(10, 20), (100, 100));
        assert_eq!(clamped(300, 400), (200, 200));
        assert_eq!(clamped(150, 140), (150, 150));
    }

    #[test]
    fn a_parent_that_ends_before_it_starts_takes_no_time() {
        let mut span = samples::span("a");
        (span.start_us, span.end_us) = (5, 500);
        span.clamp(100, 50);
        assert_eq!((span.start_us, span.end_us), (100, 100));
    }

    #[test]
    fn an_attribute_set_twice_has_the_last_value() {
        let mut span = samples::span("a");
        span.set("k", 1_i64);
        span.set("k", 2_i64);
        assert_eq!(span.attributes, vec![("k", Value::Int(2))]);
    }

    #[test]
    fn attributes_are_bounded_in_number_and_length() {
        let mut span = samples::span("a");
        for key in (0..100).map(|i| format!("k{i}")) {
            span.set(key.leak(), "각".repeat(1000));
        }
        assert_eq!(span.attributes.len(), MAX_ATTRIBUTES);
        let Value::Text(text) = &span.attributes[0].1 else { panic!("text stays text") };
        assert!(text.len() <= MAX_TEXT_BYTES && text.chars().all(|c| c == '각'));
    }

    #[test]
    fn a_trace_is_called_after_its_action_and_target() {
        let titled = |f: fn(&mut SpanRecord)| {
            let mut span = samples::span("click");
            f(&mut span);
            span.describe()
        };
        assert_eq!(titled(|_| ()), "click");
        assert_eq!(titled(|span| span.set("target.name", "Post")), "click \"Post\"");
        assert_eq!(titled(|span| span.set("url.path", "/messages")), "click /messages");
    }
}
