//! A span while it is open, and what becomes of those that have ended: all of them in one place, none with memory of its own.

use super::buffer::Gathered;
use super::fields::{Fields, Kind, Read, Value};
use super::packed::{Pack, Packed};
use crate::propagation::TraceParent;
use tracing::Metadata;

/// What is kept of one span; what is more is left out and counted.
const MAX_EVENTS: usize = 128;
const MAX_LINKS: usize = 128;

/// A span of this process that has not been handed on.
#[derive(Debug)]
pub(super) struct SpanRecord {
    pub(super) place: TraceParent,
    /// `None` for the root of a trace.
    pub(super) parent_id: Option<[u8; 8]>,
    /// Nanoseconds since 1970.
    pub(super) start_ns: u64,
    pub(super) end_ns: u64,
    pub(super) fields: Fields,
    pub(super) metadata: &'static Metadata<'static>,
    links: Vec<TraceParent>,
    events: Vec<Happened>,
    of_events: Pack,
    dropped_events: u32,
    dropped_links: u32,
}

/// Something that happened while a span was open.
#[derive(Debug, Clone, Copy)]
struct Happened {
    at_ns: u64,
    metadata: &'static Metadata<'static>,
    fields: Packed,
}

impl SpanRecord {
    /// `fields`: empty.
    pub(super) const fn new(metadata: &'static Metadata<'static>, fields: Fields) -> Self {
        Self {
            place: TraceParent { trace_id: [0; 16], span_id: [0; 8], sampled: false },
            parent_id: None,
            start_ns: 0,
            end_ns: 0,
            fields,
            metadata,
            links: Vec::new(),
            events: Vec::new(),
            of_events: Pack::new(),
            dropped_events: 0,
            dropped_links: 0,
        }
    }

    /// Begins another span in the same memory.
    pub(super) fn begin(
        &mut self,
        place: TraceParent,
        parent_id: Option<[u8; 8]>,
        metadata: &'static Metadata<'static>,
        start_ns: u64,
    ) {
        (self.place, self.parent_id, self.metadata, self.start_ns, self.end_ns) =
            (place, parent_id, metadata, start_ns, start_ns);
    }

    /// Forgets everything but the memory that it took.
    pub(super) fn clear(&mut self) {
        self.fields.clear();
        self.links.clear();
        self.events.clear();
        self.of_events.clear();
        (self.dropped_events, self.dropped_links) = (0, 0);
    }

    /// What it takes beside itself.
    pub(super) fn bytes(&self) -> usize {
        let of_links = self.links.capacity() * size_of::<TraceParent>();
        let of_events = self.events.capacity() * size_of::<Happened>() + self.of_events.bytes();
        self.fields.bytes() + of_links + of_events
    }

    pub(super) fn name(&self) -> &str {
        self.fields.read().name().unwrap_or(self.metadata.name())
    }

    pub(super) fn kind(&self) -> Kind {
        self.fields.read().kind()
    }

    pub(super) fn error(&self) -> Option<&str> {
        self.fields.read().error()
    }

    pub(super) fn link(&mut self, to: TraceParent) {
        if self.links.len() < MAX_LINKS {
            self.links.push(to);
        } else {
            self.dropped_links += 1;
        }
    }

    pub(super) fn happened(&mut self, at_ns: u64, metadata: &'static Metadata<'static>, fields: Read<'_>) {
        if self.events.len() < MAX_EVENTS {
            let fields = self.of_events.put(fields);
            self.events.push(Happened { at_ns, metadata, fields });
        } else {
            self.dropped_events += 1;
        }
    }
}

/// Spans that have ended.
#[derive(Debug, Default)]
pub struct EndedSpans {
    spans: Vec<Ended>,
    links: Vec<TraceParent>,
    events: Vec<Happened>,
    fields: Pack,
}

#[derive(Debug)]
struct Ended {
    place: TraceParent,
    parent_id: Option<[u8; 8]>,
    start_ns: u64,
    end_ns: u64,
    metadata: &'static Metadata<'static>,
    fields: Packed,
    first_link: usize,
    links: u8,
    first_event: usize,
    events: u8,
    dropped_events: u32,
    dropped_links: u32,
}

impl EndedSpans {
    pub(super) fn push(&mut self, span: &SpanRecord) {
        let (first_link, first_event) = (self.links.len(), self.events.len());
        self.links.extend_from_slice(&span.links);
        for event in &span.events {
            let fields = self.fields.put(span.of_events.get(&event.fields));
            self.events.push(Happened { fields, ..*event });
        }
        self.spans.push(Ended {
            place: span.place,
            parent_id: span.parent_id,
            start_ns: span.start_ns,
            end_ns: span.end_ns,
            metadata: span.metadata,
            fields: self.fields.put(span.fields.read()),
            first_link,
            // Both are bounded above.
            links: span.links.len() as u8,
            first_event,
            events: span.events.len() as u8,
            dropped_events: span.dropped_events,
            dropped_links: span.dropped_links,
        });
    }

    pub fn iter(&self) -> impl ExactSizeIterator<Item = EndedSpan<'_>> {
        self.spans.iter().map(|span| EndedSpan { span, all: self })
    }

    /// So many at a time.
    pub(super) fn batches(&self, size: usize) -> impl Iterator<Item = impl ExactSizeIterator<Item = EndedSpan<'_>>> {
        self.spans.chunks(size).map(|spans| spans.iter().map(|span| EndedSpan { span, all: self }))
    }
}

impl Gathered for EndedSpans {
    fn len(&self) -> usize {
        self.spans.len()
    }

    fn clear(&mut self, usual: usize) {
        self.spans.clear();
        self.spans.shrink_to(usual);
        self.links.clear();
        self.links.shrink_to(usual);
        self.events.clear();
        self.events.shrink_to(usual);
        self.fields.clear();
        self.fields.shrink_to(usual);
    }
}

/// A span of this process that has ended.
#[derive(Debug, Clone, Copy)]
pub struct EndedSpan<'a> {
    span: &'a Ended,
    all: &'a EndedSpans,
}

impl<'a> EndedSpan<'a> {
    #[must_use]
    pub const fn place(&self) -> TraceParent {
        self.span.place
    }

    /// `None` for the root of a trace.
    #[must_use]
    pub const fn parent_id(&self) -> Option<[u8; 8]> {
        self.span.parent_id
    }

    /// Nanoseconds since 1970.
    #[must_use]
    pub const fn start_ns(&self) -> u64 {
        self.span.start_ns
    }

    /// Nanoseconds since 1970.
    #[must_use]
    pub const fn end_ns(&self) -> u64 {
        self.span.end_ns
    }

    #[must_use]
    pub fn name(&self) -> &'a str {
        self.fields().name().unwrap_or(self.span.metadata.name())
    }

    #[must_use]
    pub fn kind(&self) -> Kind {
        self.fields().kind()
    }

    /// Why the span failed, in words if there are any; `None` when it did not.
    #[must_use]
    pub fn error(&self) -> Option<&'a str> {
        self.fields().error()
    }

    /// Whether somebody declared the span a success.
    #[must_use]
    pub fn is_ok(&self) -> bool {
        self.fields().is_ok()
    }

    pub fn attributes(&self) -> impl ExactSizeIterator<Item = (&'static str, Value<'a>)> + use<'a> {
        self.fields().attributes(self.span.metadata.fields())
    }

    pub fn events(&self) -> impl ExactSizeIterator<Item = SpanEvent<'a>> + use<'a> {
        let all = self.all;
        let first = self.span.first_event;
        let events = &all.events[first..first + usize::from(self.span.events)];
        events.iter().map(move |event| SpanEvent {
            at_ns: event.at_ns,
            metadata: event.metadata,
            fields: all.fields.get(&event.fields),
        })
    }

    #[must_use]
    pub fn links(&self) -> &'a [TraceParent] {
        &self.all.links[self.span.first_link..self.span.first_link + usize::from(self.span.links)]
    }

    pub(super) fn dropped_attributes(&self) -> u32 {
        self.fields().dropped()
    }

    pub(super) const fn dropped_events(&self) -> u32 {
        self.span.dropped_events
    }

    pub(super) const fn dropped_links(&self) -> u32 {
        self.span.dropped_links
    }

    fn fields(&self) -> Read<'a> {
        self.all.fields.get(&self.span.fields)
    }
}

/// Something that happened while a span was open.
#[derive(Debug, Clone, Copy)]
pub struct SpanEvent<'a> {
    pub at_ns: u64,
    metadata: &'static Metadata<'static>,
    fields: Read<'a>,
}

impl<'a> SpanEvent<'a> {
    /// The event's message, or the name that `tracing` gave it.
    #[must_use]
    pub fn name(&self) -> &'a str {
        self.fields.message().unwrap_or(self.metadata.name())
    }

    pub fn attributes(&self) -> impl ExactSizeIterator<Item = (&'static str, Value<'a>)> + use<'a> {
        self.fields.attributes(self.metadata.fields())
    }

    pub(super) const fn dropped_attributes(&self) -> u32 {
        self.fields.dropped()
    }
}
