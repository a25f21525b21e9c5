use crate::Timestamp;
use serde::{Deserialize, Serialize};
use std::fmt;
use std::num::NonZeroU128;

/// A W3C trace id, not zero: shown as 32 lower-case hexadecimal digits.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(into = "String", try_from = "String")]
pub struct TraceId(NonZeroU128);

impl TraceId {
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let hex = text.len() == 32 && text.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f'));
        if hex { Self::from_number(u128::from_str_radix(text, 16).ok()?) } else { None }
    }

    /// `None` for zero.
    #[must_use]
    pub fn from_number(number: u128) -> Option<Self> {
        NonZeroU128::new(number).map(Self)
    }

    #[must_use]
    pub const fn number(self) -> u128 {
        self.0.get()
    }
}

impl From<TraceId> for String {
    fn from(id: TraceId) -> Self {
        id.to_string()
    }
}

impl TryFrom<String> for TraceId {
    type Error = &'static str;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        Self::parse(&text).ok_or("a trace id has 32 lower-case hexadecimal digits, not all zero")
    }
}

impl fmt::Display for TraceId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:032x}", self.0)
    }
}

/// The part of the system that a span belongs to; each has one colour everywhere.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Part {
    Browser,
    Server,
    Database,
    Cache,
    Queue,
}

impl Part {
    pub const ALL: [Self; 5] = [Self::Browser, Self::Server, Self::Database, Self::Cache, Self::Queue];

    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Browser => "browser",
            Self::Server => "server",
            Self::Database => "database",
            Self::Cache => "cache",
            Self::Queue => "queue",
        }
    }
}

/// OpenTelemetry's span kinds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum SpanKind {
    Internal,
    Server,
    Client,
    Producer,
    Consumer,
}

/// Something that happened during a span; an exception among others.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SpanEvent {
    pub name: String,
    /// Microseconds after the trace's start.
    pub at_us: i64,
    pub attributes: Vec<(String, String)>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Span {
    /// 16 lower-case hexadecimal digits.
    pub span_id: String,
    /// `None` for a root. The parent may not have arrived (yet): `orphan` then.
    pub parent_id: Option<String>,
    pub orphan: bool,
    /// How deep in the tree, roots at 0.
    pub depth: u32,
    pub name: String,
    pub kind: SpanKind,
    pub part: Part,
    pub service: String,
    /// Microseconds after the trace's start.
    pub start_us: i64,
    pub duration_us: u64,
    /// The status message of a failed span (may be empty).
    pub error: Option<String>,
    pub attributes: Vec<(String, String)>,
    pub events: Vec<SpanEvent>,
}

/// A trace as far as it has arrived: spans in tree order, children after their parent by start time.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Trace {
    pub trace_id: TraceId,
    /// What the person did: the root's name and target, such as `click "Post"`.
    pub title: String,
    pub started_at: Timestamp,
    pub duration_us: u64,
    pub spans: Vec<Span>,
}

impl Trace {
    #[must_use]
    pub fn errors(&self) -> usize {
        self.spans.iter().filter(|span| span.error.is_some()).count()
    }

    /// The distinct services, in order of appearance.
    #[must_use]
    pub fn services(&self) -> Vec<&str> {
        let mut services: Vec<&str> = Vec::new();
        for span in &self.spans {
            if !services.contains(&span.service.as_str()) {
                services.push(&span.service);
            }
        }
        services
    }
}

/// A line in the list of traces.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TraceSummary {
    pub trace_id: TraceId,
    pub title: String,
    pub started_at: Timestamp,
    pub duration_us: u64,
    pub spans: u32,
    pub errors: u32,
    pub services: Vec<String>,
}

#[cfg(test)]
mod tests {
    use super::TraceId;

    #[test]
    fn a_trace_id_is_32_hex_digits_and_not_zero() {
        for good in ["4bf92f3577b34da6a3ce929d0e0e4736", "00000000000000000000000000000001"] {
            assert_eq!(TraceId::parse(good).map(|id| id.to_string()).as_deref(), Some(good));
        }
        for bad in
            ["", "4BF92F3577B34DA6A3CE929D0E0E4736", "00000000000000000000000000000000", "4bf9", "../../etc/passwd"]
        {
            assert!(TraceId::parse(bad).is_none(), "{bad}");
        }
    }
}
