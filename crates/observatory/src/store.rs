mod query;
mod span;

use crate::access::{Owner, Seer, Viewer};
use crate::interner::Interner;
use crate::read_span::ReadSpan;
use crate::trace::LooseSpan;
use hashbrown::hash_table::Entry;
use hashbrown::{DefaultHashBuilder, HashTable};
use model::Part;
use span::StoredSpan;
use std::collections::VecDeque;
use std::hash::BuildHasher;

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
    id: u128,
    spans: Vec<StoredSpan>,
    owner: Owner,
    start_ns: u64,
    end_ns: u64,
    errors: u32,
    /// Of what the spans refer to, without texts.
    heap_bytes: usize,
}

/// What a trace costs beside its spans: its place in the queue and its slot in the table, both at a load of half.
const TRACE_OVERHEAD_BYTES: usize = 2 * size_of::<StoredTrace>() + 2 * (size_of::<u64>() + 1);

#[derive(Debug)]
pub struct Store {
    limits: Limits,
    interner: Interner,
    traces: Traces,
    spans: usize,
    /// Of the spans and traces, without the interner's texts.
    bytes: usize,
    evicted_spans: u64,
    refused_spans: u64,
}

impl Store {
    pub fn new(limits: Limits) -> Self {
        Self {
            limits,
            interner: Interner::default(),
            traces: Traces::default(),
            spans: 0,
            bytes: 0,
            evicted_spans: 0,
            refused_spans: 0,
        }
    }

    pub fn put(&mut self, span: &ReadSpan<'_>) {
        let known = self.traces.len();
        let trace = self.traces.of(span.trace);
        self.bytes -= trace.bytes();
        let before = trace.spans.len();
        if !trace.put(span, self.limits.max_spans_per_trace, &mut self.interner) {
            self.refused_spans += 1;
        }
        self.bytes += trace.bytes();
        self.spans += trace.spans.len() - before;
        self.bytes += (self.traces.len() - known) * TRACE_OVERHEAD_BYTES;
        while self.spans > self.limits.max_spans || self.bytes + self.interner.bytes() > self.limits.max_bytes {
            if !self.evict_oldest() {
                break;
            }
        }
    }

    fn evict_oldest(&mut self) -> bool {
        let Some(trace) = self.traces.remove_oldest() else { return false };
        self.bytes -= trace.bytes() + TRACE_OVERHEAD_BYTES;
        self.spans -= trace.spans.len();
        self.evicted_spans += trace.spans.len() as u64;
        trace.spans.into_iter().for_each(|span| span.release(&mut self.interner));
        trace.owner.release(&mut self.interner);
        true
    }

    /// The spans of a trace that the viewer may see.
    pub fn spans(&self, id: u128, viewer: &Viewer) -> Option<Vec<LooseSpan>> {
        let trace = self.traces.get(id)?;
        trace.owner.admits(Seer::new(viewer, &self.interner)).then(|| trace.loose(&self.interner))
    }

    pub fn stats(&self) -> Stats {
        Stats {
            spans: self.spans as u64,
            traces: self.traces.len() as u64,
            bytes: (self.bytes + self.interner.bytes()) as u64,
            evicted_traces: self.traces.removed,
            evicted_spans: self.evicted_spans,
            refused_spans: self.refused_spans,
        }
    }
}

/// Traces in the order of their arrival, found by their ids. Requests make traces and let the oldest go all the time; so both
/// touch little memory: the queue one place after the other, the table only numbers.
#[derive(Debug, Default)]
struct Traces {
    /// The oldest first.
    queue: VecDeque<StoredTrace>,
    /// How many have gone: the number of the oldest, as they are counted from the start.
    removed: u64,
    numbers: HashTable<u64>,
    hasher: DefaultHashBuilder,
}

impl Traces {
    fn len(&self) -> usize {
        self.queue.len()
    }

    /// The trace with this id: a new one, if there is none.
    fn of(&mut self, id: u128) -> &mut StoredTrace {
        let Self { queue, removed, numbers, hasher } = self;
        let trace = |number: u64| (number - *removed) as usize;
        let is_it = |number: &u64| queue[trace(*number)].id == id;
        let found = numbers.entry(hasher.hash_one(id), is_it, |number| hasher.hash_one(queue[trace(*number)].id));
        let at = match found {
            Entry::Occupied(entry) => trace(*entry.get()),
            Entry::Vacant(entry) => {
                let at = queue.len();
                entry.insert(*removed + at as u64);
                queue.push_back(StoredTrace::new(id));
                at
            }
        };
        &mut queue[at]
    }

    fn get(&self, id: u128) -> Option<&StoredTrace> {
        let trace = |number: &u64| &self.queue[(number - self.removed) as usize];
        self.numbers.find(self.hasher.hash_one(id), |number| trace(number).id == id).map(trace)
    }

    fn remove_oldest(&mut self) -> Option<StoredTrace> {
        let trace = self.queue.pop_front()?;
        if let Ok(entry) = self.numbers.find_entry(self.hasher.hash_one(trace.id), |number| *number == self.removed) {
            entry.remove();
        }
        self.removed += 1;
        Some(trace)
    }

    fn newest_first(&self) -> impl Iterator<Item = &StoredTrace> {
        self.queue.iter().rev()
    }
}

impl StoredTrace {
    fn new(id: u128) -> Self {
        Self { id, spans: Vec::new(), owner: Owner::default(), start_ns: u64::MAX, end_ns: 0, errors: 0, heap_bytes: 0 }
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
