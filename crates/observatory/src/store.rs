mod query;
mod span;

use crate::access::{Owner, Seer, Viewer};
use crate::interner::Interner;
use crate::read_span::ReadSpan;
use crate::trace::LooseSpan;
use hashbrown::HashMap;
use hashbrown::hash_map::Entry;
use model::Part;
use span::StoredSpan;
use std::collections::VecDeque;

/// How much is kept.
#[derive(Debug, Clone, Copy)]
pub struct Limits {
    pub max_spans: usize,
    /// As estimated by the store; the process takes a little more for the allocator's gaps.
    pub max_bytes: usize,
    /// Further spans of a trace are refused and counted.
    pub max_spans_per_trace: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self { max_spans: 50_000, max_bytes: 24 * 1024 * 1024, max_spans_per_trace: 2_000 }
    }
}

/// What is kept, and what has gone since the start.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Stats {
    pub spans: u64,
    pub traces: u64,
    pub bytes: u64,
    pub evicted_traces: u64,
    pub evicted_spans: u64,
    /// Spans of traces that were full.
    pub refused_spans: u64,
}

#[derive(Debug)]
struct StoredTrace {
    spans: Vec<StoredSpan>,
    owner: Owner,
    start_ns: u64,
    end_ns: u64,
    errors: u32,
    /// Of what the spans refer to, without texts.
    heap_bytes: usize,
}

/// What a trace costs beside its spans: its slots in the table (at a load of half) and in the order.
const TRACE_OVERHEAD_BYTES: usize = 2 * size_of::<(u128, StoredTrace)>() + 2 * size_of::<u128>();

#[derive(Debug)]
pub struct Store {
    limits: Limits,
    interner: Interner,
    traces: HashMap<u128, StoredTrace>,
    /// Oldest arrival first.
    order: VecDeque<u128>,
    spans: usize,
    /// Of the spans and traces, without the interner's texts.
    bytes: usize,
    evicted_traces: u64,
    evicted_spans: u64,
    refused_spans: u64,
}

impl Store {
    pub fn new(limits: Limits) -> Self {
        Self {
            limits,
            interner: Interner::default(),
            traces: HashMap::new(),
            order: VecDeque::new(),
            spans: 0,
            bytes: 0,
            evicted_traces: 0,
            evicted_spans: 0,
            refused_spans: 0,
        }
    }

    pub fn put(&mut self, span: &ReadSpan<'_>) {
        let trace = match self.traces.entry(span.trace) {
            Entry::Occupied(entry) => entry.into_mut(),
            Entry::Vacant(entry) => {
                self.order.push_back(span.trace);
                self.bytes += TRACE_OVERHEAD_BYTES;
                entry.insert(StoredTrace::new())
            }
        };
        self.bytes -= trace.bytes();
        let before = trace.spans.len();
        if !trace.put(span, self.limits.max_spans_per_trace, &mut self.interner) {
            self.refused_spans += 1;
        }
        self.bytes += trace.bytes();
        self.spans += trace.spans.len() - before;
        while self.spans > self.limits.max_spans || self.bytes + self.interner.bytes() > self.limits.max_bytes {
            if !self.evict_oldest() {
                break;
            }
        }
    }

    fn evict_oldest(&mut self) -> bool {
        let Some(trace) = self.order.pop_front().and_then(|id| self.traces.remove(&id)) else { return false };
        self.bytes -= trace.bytes() + TRACE_OVERHEAD_BYTES;
        self.spans -= trace.spans.len();
        self.evicted_traces += 1;
        self.evicted_spans += trace.spans.len() as u64;
        trace.spans.into_iter().for_each(|span| span.release(&mut self.interner));
        trace.owner.release(&mut self.interner);
        true
    }

    /// The spans of a trace that the viewer may see.
    pub fn spans(&self, id: u128, viewer: &Viewer) -> Option<Vec<LooseSpan>> {
        let trace = self.traces.get(&id)?;
        trace.owner.admits(Seer::new(viewer, &self.interner)).then(|| trace.loose(&self.interner))
    }

    pub fn stats(&self) -> Stats {
        Stats {
            spans: self.spans as u64,
            traces: self.traces.len() as u64,
            bytes: (self.bytes + self.interner.bytes()) as u64,
            evicted_traces: self.evicted_traces,
            evicted_spans: self.evicted_spans,
            refused_spans: self.refused_spans,
        }
    }
}

impl StoredTrace {
    fn new() -> Self {
        Self { spans: Vec::new(), owner: Owner::default(), start_ns: u64::MAX, end_ns: 0, errors: 0, heap_bytes: 0 }
    }

    /// `false` when the trace is full.
    fn put(&mut self, span: &ReadSpan<'_>, limit: usize, interner: &mut Interner) -> bool {
        match self.spans.iter().position(|stored| stored.id == span.id) {
            None if self.spans.len() >= limit => return false,
            None => {
                self.spans.push(StoredSpan::new(span, interner));
                self.include(self.spans.len() - 1);
            }
            // A browser has no business with the spans of the server.
            Some(at) if span.part() == Part::Browser && self.spans[at].part != Part::Browser => return true,
            Some(at) => {
                let new = StoredSpan::new(span, interner);
                std::mem::replace(&mut self.spans[at], new).release(interner);
                self.measure();
            }
        }
        self.owner.claim(span.visitor(), span.session(), interner);
        true
    }

    fn measure(&mut self) {
        (self.start_ns, self.end_ns, self.errors, self.heap_bytes) = (u64::MAX, 0, 0, 0);
        (0..self.spans.len()).for_each(|at| self.include(at));
    }

    fn include(&mut self, at: usize) {
        let span = &self.spans[at];
        self.start_ns = self.start_ns.min(span.start_ns);
        self.end_ns = self.end_ns.max(span.end_ns);
        self.errors += u32::from(span.error.is_some());
        self.heap_bytes += span.heap_bytes();
    }

    /// Of the spans; a vector's spare room counts.
    const fn bytes(&self) -> usize {
        self.spans.capacity() * size_of::<StoredSpan>() + self.heap_bytes
    }

    fn loose(&self, interner: &Interner) -> Vec<LooseSpan> {
        self.spans.iter().map(|span| span.loose(interner)).collect()
    }
}
