//! Reads the fields of `tracing` spans and events, with the special names that tracing-opentelemetry knows.

use super::record::{Attributes, Kind, MAX_ATTRIBUTES, SpanRecord, Status, Value};
use crate::propagation::{TRACEPARENT, TraceParent};
use std::fmt::Debug;
use tracing::field::{Field, Visit};

/// What the fields of one span or event say.
#[derive(Default)]
pub(crate) struct Fields {
    pub message: Option<String>,
    /// The field `traceparent`: a parent in another process.
    pub remote: Option<TraceParent>,
    name: Option<String>,
    kind: Option<Kind>,
    status: Option<Status>,
    status_message: Option<String>,
    pub attributes: Attributes,
}

impl Fields {
    /// Adds them to a span, all but the parent.
    pub(crate) fn apply(self, span: &mut SpanRecord) {
        if let Some(name) = self.name {
            span.name = name.into();
        }
        if let Some(kind) = self.kind {
            span.kind = kind;
        }
        match (self.status, self.status_message) {
            (Some(Status::Error(_)), Some(message)) | (None, Some(message)) => span.status = Status::Error(message),
            (Some(status), _) => span.status = status,
            (None, None) => {}
        }
        if let Some(message) = self.message {
            span.set("message", message);
        }
        for (key, value) in self.attributes {
            span.set(key, value);
        }
    }

    fn put(&mut self, field: &Field, value: Value) {
        if self.attributes.len() < MAX_ATTRIBUTES {
            self.attributes.push((field.name(), value));
        }
    }

    fn text(&mut self, field: &Field, text: String) {
        match field.name() {
            "message" => self.message = Some(text),
            TRACEPARENT => self.remote = TraceParent::parse(&text),
            "otel.name" => self.name = Some(text),
            "otel.kind" => self.kind = Kind::parse(&text),
            "otel.status_code" => {
                let is = |status: &str| text.eq_ignore_ascii_case(status);
                self.status =
                    if is("ok") { Some(Status::Ok) } else { is("error").then(|| Status::Error(String::new())) };
            }
            "otel.status_message" | "otel.status_description" => self.status_message = Some(text),
            _ => self.put(field, text.into()),
        }
    }
}

impl Visit for Fields {
    fn record_f64(&mut self, field: &Field, value: f64) {
        self.put(field, Value::Float(value));
    }

    fn record_i64(&mut self, field: &Field, value: i64) {
        self.put(field, Value::Int(value));
    }

    fn record_u64(&mut self, field: &Field, value: u64) {
        self.put(field, i64::try_from(value).map_or_else(|_| value.to_string().into(), Value::Int));
    }

    // Rounded: the default would bring all that writes numbers of 128 bits into the page.
    fn record_i128(&mut self, field: &Field, value: i128) {
        self.record_f64(field, value as f64);
    }

    fn record_u128(&mut self, field: &Field, value: u128) {
        self.record_f64(field, value as f64);
    }

    fn record_bool(&mut self, field: &Field, value: bool) {
        self.put(field, Value::Bool(value));
    }

    fn record_str(&mut self, field: &Field, value: &str) {
        self.text(field, value.to_owned());
    }

    fn record_debug(&mut self, field: &Field, value: &dyn Debug) {
        self.text(field, format!("{value:?}"));
    }
}
