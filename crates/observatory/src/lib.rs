//! The built-in store of traces: in memory, bounded, for one machine. Takes OTLP, gives `model::Trace`s.
//!
//! What does not fit makes the oldest traces go, whole; that is counted.

mod access;
mod attributes;
mod interner;
mod read_span;
mod store;
mod trace;

pub use access::Viewer;
pub use read_span::{Attributes, ReadEvent, ReadSpan};
pub use store::{Limits, Stats};

use model::{PageRequest, Timestamp, Trace, TraceId, TraceSummary};
use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest;
use std::sync::{Mutex, MutexGuard, PoisonError};
use store::Store;

/// Spans put in under one lock, so that a large request lets readers in between.
const SPANS_PER_LOCK: usize = 64;

/// Which traces are wanted; all conditions hold together.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct TraceFilter {
    /// Part of a span's name or of an attribute's value, without regard to case; or how the trace's id begins.
    pub text: Option<String>,
    pub min_duration_us: Option<u64>,
    pub errors_only: bool,
    /// A route pattern, exactly.
    pub route: Option<String>,
    /// A service, exactly.
    pub service: Option<String>,
    /// Traces that began then or later.
    pub since: Option<Timestamp>,
}

/// The store, shared by all threads.
pub struct Observatory {
    store: Mutex<Store>,
}

impl Observatory {
    #[must_use]
    pub fn new(limits: Limits) -> Self {
        Self { store: Mutex::new(Store::new(limits)) }
    }

    /// Takes spans in any order; one that is there already is replaced. Spans without valid ids are left out.
    /// Waits for readers a few milliseconds at most.
    pub fn ingest(&self, request: &ExportTraceServiceRequest) {
        self.put(read_span::read(request));
    }

    /// The same for spans that need no decoding.
    pub fn put<'a>(&self, spans: impl Iterator<Item = ReadSpan<'a>>) {
        let mut spans = spans.peekable();
        while spans.peek().is_some() {
            let mut store = self.lock();
            spans.by_ref().take(SPANS_PER_LOCK).for_each(|span| store.put(&span));
        }
    }

    /// The trace as far as it has arrived. `None` when it is unknown, or not for this viewer: the two look alike.
    #[must_use]
    pub fn trace(&self, id: TraceId, viewer: &Viewer) -> Option<Trace> {
        let spans = self.lock().spans(id.number(), viewer)?;
        Some(trace::assemble(id, spans))
    }

    /// A page of the viewer's traces that the filter lets through, the newest arrivals first; and how many there are.
    #[must_use]
    pub fn recent(&self, viewer: &Viewer, filter: &TraceFilter, page: PageRequest) -> (Vec<TraceSummary>, u64) {
        self.lock().recent(viewer, filter, page)
    }

    #[must_use]
    pub fn stats(&self) -> Stats {
        self.lock().stats()
    }

    /// A panic elsewhere does not end the recording.
    fn lock(&self) -> MutexGuard<'_, Store> {
        self.store.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
