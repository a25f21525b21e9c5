//! The server's `tracing` subscriber: open spans, who is whose parent, and what happens when one ends; and the log.
//!
//! A subscriber of its own, as in the browser, instead of layers on tracing-subscriber's registry with
//! tracing-opentelemetry and OpenTelemetry's SDK: docs/decisions/recorder.md says what that costs and why.

use super::buffer::Buffer;
use super::fields::{Fields, Kind};
use super::ids::{new_ids, random};
use super::log::Log;
use super::log_export::LoggedEvents;
use super::metrics::Decisions;
use super::record::EndedSpans;
use super::sampling::{Part, Sampler, Sampling};
use super::spare::{BoxedRecord, give_back, spare, with_fields};
use crate::names::own;
use crate::propagation::TraceParent;
use std::cell::{Cell, RefCell};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, SystemTime, UNIX_EPOCH};
use tracing::level_filters::LevelFilter;
use tracing::span::{Attributes, Id, Record};
use tracing::subscriber::Interest;
use tracing::{Event, Level, Metadata, Span, Subscriber};
use tracing_core::span::Current;

/// Open spans are spread over this many tables, so that threads hardly ever wait for each other.
const TABLES: usize = 32;

/// Records spans and events up to INFO, and writes the events that the log's filter lets through.
pub(super) struct Recorder {
    open: [Table; TABLES],
    ended: Arc<Buffer<EndedSpans>>,
    log: Log,
    /// Logged events for the collector; `None` without one.
    logged: Option<Arc<Buffer<LoggedEvents>>>,
    /// Spans are recorded at all.
    recording: bool,
    sampler: Sampler,
    decisions: Decisions,
}

/// On cache lines of its own: neighbours would wait for each other all the same.
#[derive(Default)]
#[repr(align(128))]
struct Table(Mutex<slab::Slab<Open>>);

struct Open {
    record: BoxedRecord,
    parent: Option<Id>,
    /// The first span of this process's part of the trace; `None` for that span itself.
    first: Option<Id>,
    /// Handles and open children; the span closes at 0, so no parent closes before its children.
    references: usize,
    /// Of the first span of a part that is not kept as yet.
    waiting: Waiting,
}

/// What is known, and what waits, until it is decided whether this process's part of a trace is kept.
#[derive(Default)]
struct Waiting {
    ended: Vec<BoxedRecord>,
    failed: bool,
    forced: bool,
    /// Told to others already.
    decided: Option<bool>,
    /// Did not fit.
    dropped: u64,
}

/// Spans that wait with the first span of their part of a trace.
const MAX_WAITING: usize = 1_000;

/// The span under which another begins.
struct Parent {
    id: Id,
    place: TraceParent,
    first: Id,
}

/// A span that this thread has entered and not yet left.
struct Entered {
    id: Id,
    place: TraceParent,
    metadata: &'static Metadata<'static>,
}

thread_local! {
    /// The current span is the last one.
    static ENTERED: RefCell<Vec<Entered>> = const { RefCell::new(Vec::new()) };
    static TABLE: usize = NEXT_TABLE.fetch_add(1, Ordering::Relaxed) % TABLES;
}

thread_local! {
    /// This thread hands telemetry to a collector: what it logs about that would have to be handed on, too, without end.
    static EXPORTING: Cell<bool> = const { Cell::new(false) };
}

/// What this thread logs stays out of what it exports.
pub(super) fn exports() {
    EXPORTING.set(true);
}

fn is_exporting() -> bool {
    EXPORTING.try_with(Cell::get).unwrap_or(true)
}

static NEXT_TABLE: AtomicUsize = AtomicUsize::new(0);

/// Where the span stands that is current on this thread.
pub(super) fn current() -> Option<TraceParent> {
    entered(|entered| entered.last().map(|span| span.place)).flatten()
}

/// `None` when the thread is about to end.
fn entered<R>(f: impl FnOnce(&mut Vec<Entered>) -> R) -> Option<R> {
    ENTERED.try_with(|entered| entered.try_borrow_mut().ok().map(|mut entered| f(&mut entered))).ok().flatten()
}

fn now_ns() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |time| u64::try_from(time.as_nanos()).unwrap_or(u64::MAX))
}

impl Recorder {
    /// `sampling`: `None` where spans are not recorded.
    pub(super) fn new(
        ended: Arc<Buffer<EndedSpans>>,
        log: Log,
        logged: Option<Arc<Buffer<LoggedEvents>>>,
        sampling: Option<Sampling>,
    ) -> Self {
        let (open, sampler) = (std::array::from_fn(|_| Table::default()), sampling.map(Sampler::new));
        let recording = sampler.is_some();
        Self { open, ended, log, logged, recording, sampler: sampler.unwrap_or_default(), decisions: Decisions::new() }
    }

    fn table(&self, at: usize) -> MutexGuard<'_, slab::Slab<Open>> {
        self.open[at].0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// `None` for a span that is not this recorder's.
    fn with<R>(&self, id: &Id, f: impl FnOnce(&mut Open) -> R) -> Option<R> {
        let (table, slot) = place_of(id);
        self.table(table).get_mut(slot).map(f)
    }

    fn put(&self, open: Open) -> Id {
        let table = TABLE.try_with(|table| *table).unwrap_or_default();
        let slot = self.table(table).insert(open);
        Id::from_u64((slot * TABLES + table) as u64 + 1)
    }

    /// Takes a handle away; `None` while there are others.
    fn release(&self, id: &Id) -> Option<Open> {
        let (table, slot) = place_of(id);
        let mut table = self.table(table);
        let open = table.get_mut(slot)?;
        open.references = open.references.saturating_sub(1);
        if open.references == 0 { table.try_remove(slot) } else { None }
    }

    /// Where the parent stands, which stays open for as long as its child.
    fn hold_parent(&self, attributes: &Attributes<'_>) -> Option<Parent> {
        let parent = match attributes.parent() {
            Some(parent) => parent.clone(),
            None if attributes.is_contextual() => entered(|entered| entered.last().map(|span| span.id.clone()))??,
            None => return None,
        };
        let (place, first) = self.with(&parent, |open| {
            open.references += 1;
            (open.record.place, open.first.clone())
        })?;
        Some(Parent { first: first.unwrap_or_else(|| parent.clone()), id: parent, place })
    }

    /// Makes a span that has not begun yet a child of one elsewhere. `decided`: whoever made that one has decided whether
    /// the trace is kept.
    fn set_remote_parent(&self, id: &Id, remote: TraceParent, decided: Option<bool>) {
        let before = self.with(id, |open| {
            let follows = open.record.kind() == Kind::Consumer;
            let sampled = decided.unwrap_or_else(|| self.sampler.keeps_remote(remote, follows));
            // Whoever sent it has decided for all: errors here are told by the log and by what was put aside.
            open.waiting.decided = follows.then_some(sampled);
            open.record.place = TraceParent { trace_id: remote.trace_id, sampled, ..open.record.place };
            open.record.parent_id = Some(remote.span_id);
            open.first = None;
            open.parent.take()
        });
        if let Some(parent) = before.flatten() {
            self.try_close(parent);
        }
    }

    /// Decides whether this process's part of the trace is kept, as far as is known: others are told, so that it stays so.
    fn decide(&self, id: &Id) -> Option<TraceParent> {
        let first = self.with(id, |open| open.first.clone())?.unwrap_or_else(|| id.clone());
        let sampled = self.with(&first, |open| {
            if !open.record.place.sampled {
                let known = open.waiting.decided;
                let kept = known.unwrap_or_else(|| self.sampler.keeps_at_end(&part(open, now_ns())));
                open.waiting.decided = Some(kept);
                open.record.place.sampled = kept;
            }
            open.record.place.sampled
        })?;
        let place = self.with(id, |open| {
            open.record.place.sampled = sampled;
            open.record.place
        })?;
        // What begins or is measured here from now on belongs to what was decided.
        entered(|entered| entered.iter_mut().filter(|span| span.id == *id).for_each(|span| span.place = place));
        Some(place)
    }

    fn hand_on(&self, record: BoxedRecord) {
        self.ended.put(1, |ended| ended.push(&record));
        give_back(record);
    }

    /// A span that has ended is handed on, or waits for its trace.
    fn end(&self, open: Open) {
        let Open { record, first, waiting, .. } = open;
        let Some(first) = first else { return self.end_part(record, waiting) };
        if record.place.sampled {
            return self.hand_on(record);
        }
        let failed = record.error().is_some();
        self.with(&first, |open| {
            open.waiting.failed |= failed;
            if open.waiting.ended.len() < MAX_WAITING {
                open.waiting.ended.push(record);
            } else {
                open.waiting.dropped += 1;
            }
        });
    }

    fn end_part(&self, mut record: BoxedRecord, waiting: Waiting) {
        let kept = record.place.sampled || {
            let took = Duration::from_nanos(record.end_ns - record.start_ns);
            let failed = waiting.failed || record.error().is_some();
            let part = Part { name: record.name(), failed, forced: waiting.forced, took };
            waiting.decided.unwrap_or_else(|| self.sampler.keeps_at_end(&part))
        };
        if !self.sampler.keeps_all() {
            self.decisions.count(kept);
        }
        if !kept {
            waiting.ended.into_iter().for_each(give_back);
            return give_back(record);
        }
        self.ended.lost(waiting.dropped);
        record.place.sampled = true;
        for mut child in waiting.ended {
            child.place.sampled = true;
            self.hand_on(child);
        }
        self.hand_on(record);
    }
}

/// A part of a trace as it is now.
fn part(open: &Open, now_ns: u64) -> Part<'_> {
    Part {
        name: open.record.name(),
        failed: open.waiting.failed || open.record.error().is_some(),
        forced: open.waiting.forced,
        took: Duration::from_nanos(now_ns.saturating_sub(open.record.start_ns)),
    }
}

/// The table and the slot in it.
fn place_of(id: &Id) -> (usize, usize) {
    // Ids are made from places, which fit.
    let number = usize::try_from(id.into_u64() - 1).unwrap_or(usize::MAX);
    (number % TABLES, number / TABLES)
}

/// Spans show what happens in a request; the access log's line would only repeat what its span says.
fn belongs_in_spans(metadata: &Metadata<'_>) -> bool {
    *metadata.level() <= Level::INFO && metadata.target() != own::ACCESS_LOG_TARGET
}

impl Subscriber for Recorder {
    fn register_callsite(&self, metadata: &'static Metadata<'static>) -> Interest {
        if self.enabled(metadata) { Interest::always() } else { Interest::never() }
    }

    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        if metadata.is_span() {
            return self.recording && *metadata.level() <= Level::INFO;
        }
        belongs_in_spans(metadata) || self.log.takes(metadata)
    }

    fn max_level_hint(&self) -> Option<LevelFilter> {
        Some(self.log.max_level().max(LevelFilter::INFO))
    }

    fn new_span(&self, attributes: &Attributes<'_>) -> Id {
        let metadata = attributes.metadata();
        let mut record = spare(metadata);
        attributes.record(&mut record.fields);
        let parent = self.hold_parent(attributes);
        let trace_id = parent.as_ref().map_or_else(random, |parent| parent.place.trace_id);
        let sampled = parent.as_ref().map_or_else(|| self.sampler.keeps(&trace_id), |parent| parent.place.sampled);
        let place = TraceParent { trace_id, span_id: random(), sampled };
        let parent_id = parent.as_ref().map(|parent| parent.place.span_id);
        record.begin(place, parent_id, metadata, now_ns());
        let (parent, first) = parent.map(|parent| (parent.id, parent.first)).unzip();
        self.put(Open { record, parent, first, references: 1, waiting: Waiting::default() })
    }

    fn record(&self, span: &Id, values: &Record<'_>) {
        with_fields(|fields| values.record(fields), |fields| self.with(span, |open| open.record.fields.add(fields)));
    }

    fn record_follows_from(&self, span: &Id, follows: &Id) {
        if let Some(to) = self.with(follows, |open| open.record.place) {
            self.with(span, |open| open.record.link(to));
        }
    }

    fn event(&self, event: &Event<'_>) {
        let metadata = event.metadata();
        let span = match event.parent() {
            Some(parent) => self.with(parent, |open| (parent.clone(), open.record.place)),
            None if event.is_contextual() => {
                entered(|entered| entered.last().map(|span| (span.id.clone(), span.place))).flatten()
            }
            None => None,
        };
        let is_logged = self.log.takes(metadata);
        if is_logged {
            self.log.write(event, span.as_ref().map(|(_, place)| *place));
        }
        let logged = self.logged.as_ref().filter(|_| is_logged && !is_exporting());
        let within = span.as_ref().filter(|_| belongs_in_spans(metadata));
        if logged.is_none() && within.is_none() {
            return;
        }
        let at_ns = now_ns();
        let keep = |fields: &Fields| {
            if let Some(logged) = logged {
                let place = span.as_ref().map(|(_, place)| *place);
                logged.put(1, |all| all.push(at_ns, metadata, place, fields.read()));
            }
            if let Some((id, _)) = within {
                self.with(id, |open| {
                    if *metadata.level() == Level::ERROR {
                        open.record.fields.fail(fields.read().message().unwrap_or_default());
                    }
                    open.record.happened(at_ns, metadata, fields.read());
                });
            }
        };
        with_fields(|fields| event.record(fields), keep);
    }

    fn enter(&self, span: &Id) {
        if let Some((place, metadata)) = self.with(span, |open| (open.record.place, open.record.metadata)) {
            entered(|entered| entered.push(Entered { id: span.clone(), place, metadata }));
        }
    }

    fn exit(&self, span: &Id) {
        entered(|entered| {
            if let Some(at) = entered.iter().rposition(|entered| entered.id == *span) {
                entered.remove(at);
            }
        });
    }

    fn clone_span(&self, id: &Id) -> Id {
        self.with(id, |open| open.references += 1);
        id.clone()
    }

    fn try_close(&self, id: Id) -> bool {
        let mut closed = false;
        let mut next = Some(id);
        while let Some(mut open) = next.take().and_then(|id| self.release(&id)) {
            closed = true;
            open.record.end_ns = now_ns().max(open.record.start_ns);
            next = open.parent.take();
            self.end(open);
        }
        closed
    }

    fn current_span(&self) -> Current {
        entered(|entered| entered.last().map(|span| Current::new(span.id.clone(), span.metadata)))
            .flatten()
            .unwrap_or_else(Current::none)
    }
}

/// Does something with a span of a recorder; `None` for one that is not recorded.
fn with_recorder<R>(span: &Span, f: impl FnOnce(&Recorder, &Id) -> R) -> Option<R> {
    span.with_subscriber(|(id, dispatch)| Some(f(dispatch.downcast_ref::<Recorder>()?, id))).flatten()
}

/// Where the span stands; `None` when it is not recorded.
#[must_use]
pub fn trace_parent_of(span: &Span) -> Option<TraceParent> {
    with_recorder(span, |recorder, id| recorder.with(id, |open| open.record.place)).flatten()
}

/// A span that is held and entered.
pub(super) struct Held(Id);

impl Held {
    /// The span that is current on this thread, and its span id.
    pub(super) fn current() -> Option<(Id, [u8; 8])> {
        entered(|entered| entered.last().map(|span| (span.id.clone(), span.place.span_id))).flatten()
    }

    /// `None` when it has closed: its place may be another one's by now.
    pub(super) fn again(id: &Id, span_id: &[u8; 8]) -> Option<Self> {
        with_default(|recorder| {
            let is_same = recorder.with(id, |open| {
                let is_same = open.record.place.span_id == *span_id;
                open.references += usize::from(is_same);
                is_same
            });
            (is_same == Some(true)).then(|| {
                recorder.enter(id);
                Self(id.clone())
            })
        })?
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        with_default(|recorder| {
            recorder.exit(&self.0);
            recorder.try_close(self.0.clone());
        });
    }
}

/// `None` where this thread's subscriber is no recorder.
fn with_default<R>(mut f: impl FnMut(&Recorder) -> R) -> Option<R> {
    tracing::dispatcher::get_default(|dispatch| dispatch.downcast_ref::<Recorder>().map(&mut f))
}

/// Makes `span` a child of a span elsewhere. Only before `span` is first entered and has children.
pub fn set_remote_parent(span: &Span, parent: TraceParent) {
    with_recorder(span, |recorder, id| recorder.set_remote_parent(id, parent, None));
}

/// Makes `span` a child of a span that is yet to come, in a new trace; where that stands. `None` when it is not recorded.
pub fn reserve_parent(span: &Span) -> Option<TraceParent> {
    let place = new_ids();
    with_recorder(span, |recorder, id| {
        let sampled = recorder.sampler.keeps(&place.trace_id);
        recorder.set_remote_parent(id, place, Some(sampled));
        TraceParent { sampled, ..place }
    })
}

/// Makes `span` the first of its trace after all: what was reserved above it will not come.
pub fn forget_parent(span: &Span) {
    with_recorder(span, |recorder, id| recorder.with(id, |open| open.record.parent_id = None));
}

/// Keeps the trace, whatever else would be decided.
pub fn keep_trace(span: &Span) {
    with_recorder(span, |recorder, id| {
        let first = recorder.with(id, |open| open.first.clone()).flatten().unwrap_or_else(|| id.clone());
        recorder.with(&first, |open| open.waiting.forced = true);
    });
}

/// Decides whether this process's part of the trace is kept, for those who are told now; where the span stands. Later errors
/// change nothing of it.
pub fn decide_trace(span: &Span) -> Option<TraceParent> {
    with_recorder(span, |recorder, id| {
        let place = recorder.with(id, |open| open.record.place)?;
        if place.sampled { Some(place) } else { recorder.decide(id) }
    })
    .flatten()
}

/// Links `span` to a span elsewhere, as a consumer to the send.
pub fn add_link(span: &Span, to: TraceParent) {
    with_recorder(span, |recorder, id| recorder.with(id, |open| open.record.link(to)));
}
