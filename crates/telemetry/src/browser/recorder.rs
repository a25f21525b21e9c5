//! The browser's `tracing` subscriber: open spans, who is whose parent, and what happens when one ends.
//!
//! A subscriber of its own instead of a layer on tracing-subscriber's registry: that one is made for many threads
//! and brings a concurrent slab, which a page does not need. Everything lives in one thread-local; nothing here touches the browser.

use super::fields::Fields;
use super::record::{Event, SpanRecord, Status};
use crate::names::stable;
use crate::propagation::TraceParent;
use std::cell::RefCell;
use tracing::span::{Attributes, Id, Record};
use tracing::{Level, Metadata, Span, Subscriber};
use tracing_core::span::Current;

/// Where time, ids and finished spans come from and go to.
#[derive(Clone, Copy)]
pub(crate) struct Surroundings {
    /// Microseconds since 1970.
    pub now_us: fn() -> u64,
    /// Fills the slice with random bytes.
    pub random: fn(&mut [u8]),
    /// Whether a trace that begins is kept, whatever happens in it.
    pub keeps: fn(&[u8; 16]) -> bool,
    /// Takes a span that has ended. Called without anything borrowed.
    pub ended: fn(SpanRecord),
}

struct Open {
    record: SpanRecord,
    metadata: &'static Metadata<'static>,
    parent: Option<u64>,
    /// Handles and open children; the span closes at 0, so no parent closes before its children.
    references: usize,
    children: usize,
    last_child_end_us: u64,
    /// Set for actions: when their own part ended. Other spans end when they close.
    own_end_us: Option<u64>,
}

struct State {
    around: Surroundings,
    /// A span's `tracing` id is its place here plus `first_id`.
    open: Vec<Option<Open>>,
    first_id: u64,
    /// Entered spans, the current one last.
    entered: Vec<u64>,
    /// The parent of what starts while no span is entered.
    ambient: Option<u64>,
}

thread_local! {
    static STATE: RefCell<Option<State>> = const { RefCell::new(None) };
}

/// Prepares this thread; `Recorder` records nothing before.
pub(crate) fn install(around: Surroundings) {
    STATE.set(Some(State { around, open: Vec::new(), first_id: 1, entered: Vec::new(), ambient: None }));
}

/// `None` before `install`, and inside a panic that happened in here.
fn with<R>(f: impl FnOnce(&mut State) -> R) -> Option<R> {
    STATE.try_with(|state| state.try_borrow_mut().ok()?.as_mut().map(f)).ok().flatten()
}

fn with_span<R>(span: &Span, f: impl FnOnce(&mut Open) -> R) -> Option<R> {
    let id = span.id()?.into_u64();
    with(|state| state.get(id).map(f))?
}

impl State {
    fn get(&mut self, id: u64) -> Option<&mut Open> {
        let slot = self.slot(id);
        self.open.get_mut(slot)?.as_mut()
    }

    const fn slot(&self, id: u64) -> usize {
        id.wrapping_sub(self.first_id) as usize
    }

    fn current(&self) -> Option<u64> {
        self.entered.last().copied().or(self.ambient)
    }

    fn random<const N: usize>(&self) -> [u8; N] {
        let mut bytes = [0; N];
        (self.around.random)(&mut bytes);
        bytes
    }

    /// Its id, and whether it is kept from the beginning.
    fn new_trace(&self) -> ([u8; 16], bool) {
        let id = self.random();
        (id, (self.around.keeps)(&id))
    }

    fn start(&mut self, metadata: &'static Metadata<'static>, parent: Option<u64>, fields: Fields) -> u64 {
        let now_us = (self.around.now_us)();
        let span_id = self.random();
        let parent = if fields.remote.is_some() { None } else { parent };
        let above = match parent.and_then(|id| self.get(id)) {
            Some(open) => {
                open.references += 1;
                open.children += 1;
                Some(open.record.place)
            }
            None => fields.remote,
        };
        let (trace_id, sampled) = match above {
            Some(above) => (above.trace_id, above.sampled),
            None => self.new_trace(),
        };
        let mut record = SpanRecord::new(metadata.name(), TraceParent { trace_id, span_id, sampled }, now_us);
        record.parent_id = above.map(|above| above.span_id);
        fields.apply(&mut record);
        let open =
            Open { record, metadata, parent, references: 1, children: 0, last_child_end_us: 0, own_end_us: None };
        let free = self.open.iter().position(Option::is_none).unwrap_or_else(|| {
            self.open.push(None);
            self.open.len() - 1
        });
        self.open[free] = Some(open);
        self.first_id + free as u64
    }

    /// Gives up one reference; returns what closed by it, children before parents.
    fn release(&mut self, id: u64) -> Vec<SpanRecord> {
        let mut closed = Vec::new();
        let mut next = Some(id);
        while let Some(id) = next.take() {
            let Some(open) = self.get(id) else { break };
            open.references = open.references.saturating_sub(1);
            if open.references > 0 {
                break;
            }
            let now_us = (self.around.now_us)();
            let slot = self.slot(id);
            let Some(open) = self.open.get_mut(slot).and_then(Option::take) else { break };
            next = open.parent;
            let record = open.finish(now_us);
            if let Some(parent) = next.and_then(|id| self.get(id)) {
                parent.last_child_end_us = parent.last_child_end_us.max(record.end_us);
            }
            closed.push(record);
        }
        closed
    }
}

impl Open {
    fn finish(self, now_us: u64) -> SpanRecord {
        let mut record = self.record;
        let own_end_us = self.own_end_us.unwrap_or(now_us);
        record.end_us = own_end_us.max(self.last_child_end_us).max(record.start_us);
        // An action that started nothing is kept, but there is nothing in it to show the reader.
        let telling = self.children > 0 || matches!(record.status, Status::Error(_));
        if self.own_end_us.is_some() && record.parent_id.is_none() && telling {
            record.title = Some(record.describe());
        }
        record
    }

    fn extend(&mut self, until_us: u64) {
        if let Some(end_us) = &mut self.own_end_us {
            *end_us = until_us.max(*end_us);
        }
    }
}

fn hand_over(closed: Vec<SpanRecord>) {
    if let Some(ended) = with(|state| state.around.ended) {
        closed.into_iter().for_each(ended);
    }
}

/// Records spans and events up to INFO on the thread that called `install`.
///
/// The field `traceparent` makes a span the child of one in another process; `otel.name`, `otel.kind`,
/// `otel.status_code` and `otel.status_message` mean what they mean to tracing-opentelemetry.
pub(crate) struct Recorder;

impl Subscriber for Recorder {
    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        *metadata.level() <= Level::INFO
    }

    fn max_level_hint(&self) -> Option<tracing::level_filters::LevelFilter> {
        Some(tracing::level_filters::LevelFilter::INFO)
    }

    fn new_span(&self, attributes: &Attributes<'_>) -> Id {
        let mut fields = Fields::default();
        attributes.record(&mut fields);
        let id = with(|state| {
            let parent = match attributes.parent() {
                Some(parent) => Some(parent.into_u64()),
                None => attributes.is_contextual().then(|| state.current()).flatten(),
            };
            state.start(attributes.metadata(), parent, fields)
        });
        // An id beyond every slot stands for a span that is not recorded.
        Id::from_u64(id.unwrap_or(u64::MAX))
    }

    fn record(&self, span: &Id, values: &Record<'_>) {
        let mut fields = Fields::default();
        values.record(&mut fields);
        with(|state| state.get(span.into_u64()).map(|open| fields.apply(&mut open.record)));
    }

    /// Links are not recorded.
    fn record_follows_from(&self, _: &Id, _: &Id) {}

    fn event(&self, event: &tracing::Event<'_>) {
        let mut fields = Fields::default();
        event.record(&mut fields);
        with(|state| {
            let span = event.parent().map(Id::into_u64).or_else(|| state.current())?;
            let at_us = (state.around.now_us)();
            let record = &mut state.get(span)?.record;
            let name = fields.message.unwrap_or_else(|| event.metadata().name().to_owned());
            if *event.metadata().level() == Level::ERROR && record.status == Status::Unset {
                record.status = Status::Error(name.clone());
            }
            record.happened(Event { name, at_us, attributes: fields.attributes });
            Some(())
        });
    }

    fn enter(&self, span: &Id) {
        with(|state| state.entered.push(span.into_u64()));
    }

    fn exit(&self, span: &Id) {
        let id = span.into_u64();
        with(|state| {
            if let Some(at) = state.entered.iter().rposition(|entered| *entered == id) {
                state.entered.remove(at);
            }
            let now_us = (state.around.now_us)();
            if let Some(open) = state.get(id) {
                open.extend(now_us);
            }
        });
    }

    fn clone_span(&self, id: &Id) -> Id {
        with(|state| state.get(id.into_u64()).map(|open| open.references += 1));
        id.clone()
    }

    fn try_close(&self, id: Id) -> bool {
        let closed = with(|state| state.release(id.into_u64())).unwrap_or_default();
        let any = !closed.is_empty();
        hand_over(closed);
        any
    }

    fn current_span(&self) -> Current {
        with(|state| {
            let id = state.current()?;
            Some(Current::new(Id::from_u64(id), state.get(id)?.metadata))
        })
        .flatten()
        .unwrap_or_else(Current::none)
    }
}

/// Starts a span with a name of the program's; `parent` `None` makes a root.
pub(crate) fn span(name: &'static str, parent: &Span) -> Span {
    tracing::info_span!(parent: parent.id(), "span", otel.name = name)
}

/// Makes a span an action: it closes when the last handle and child are gone, but ends when its own part
/// (`extend`, or the last time it was entered) and its last child have ended.
pub(crate) fn make_action(span: &Span) {
    with_span(span, |open| open.own_end_us = Some(open.record.start_us));
}

/// The nearest action at or above `span`.
pub(crate) fn action_above(span: &Span) -> Span {
    let found = with(|state| {
        let mut next = span.id().map(|id| id.into_u64());
        while let Some(id) = next {
            let open = state.get(id)?;
            if open.own_end_us.is_some() {
                // `tracing` makes handles from ids only for the current span, so make it that for a moment.
                state.entered.push(id);
                return Some(());
            }
            next = open.parent;
        }
        None
    });
    if found.flatten().is_none() {
        return Span::none();
    }
    let action = Span::current();
    with(|state| state.entered.pop());
    action
}

/// What starts while no span is entered becomes the child of `span`, until told otherwise.
pub(crate) fn set_ambient(span: &Span) {
    with(|state| state.ambient = span.id().map(|id| id.into_u64()));
}

/// An action's own part lasts at least until then.
pub(crate) fn extend(span: &Span, until_us: u64) {
    with_span(span, |open| open.extend(until_us));
}

/// Edits what is recorded of an open span so far.
pub(crate) fn edit<R>(span: &Span, f: impl FnOnce(&mut SpanRecord) -> R) -> Option<R> {
    with_span(span, |open| f(&mut open.record))
}

/// Where the span stands; `None` when it is not recorded.
pub(crate) fn place(span: &Span) -> Option<TraceParent> {
    edit(span, |record| record.place)
}

/// Marks the span as failed by an exception of which only the message is kept.
pub(crate) fn fail(span: &Span, message: &str) {
    let Some(at_us) = now_us() else { return };
    let attributes = vec![(stable::EXCEPTION_MESSAGE, message.to_owned().into())];
    edit(span, |record| {
        record.status = Status::Error(message.to_owned());
        record.happened(Event { name: stable::EXCEPTION.to_owned(), at_us, attributes });
    });
}

/// A root without a handle, not yet handed over; `None` before `install`.
pub(crate) fn new_root(name: &'static str) -> Option<SpanRecord> {
    with(|state| {
        let (trace_id, sampled) = state.new_trace();
        let place = TraceParent { trace_id, span_id: state.random(), sampled };
        SpanRecord::new(name, place, (state.around.now_us)())
    })
}

/// A child without a handle, not yet handed over.
pub(crate) fn new_child(name: &'static str, parent: TraceParent) -> Option<SpanRecord> {
    let mut child = new_root(name)?;
    child.parent_id = Some(parent.span_id);
    child.place = TraceParent { span_id: child.place.span_id, ..parent };
    Some(child)
}

pub(crate) fn now_us() -> Option<u64> {
    with(|state| (state.around.now_us)())
}

/// Ends every open span now, children first: after a panic nobody else will.
pub(crate) fn end_all() {
    let closed = with(|state| {
        let now_us = (state.around.now_us)();
        // Handles to what ends here must not reach what starts later.
        state.first_id += state.open.len() as u64;
        state.entered.clear();
        state.ambient = None;
        let mut closed = Vec::new();
        // The latest first.
        while let Some((at, _)) =
            state.open.iter().enumerate().max_by_key(|(_, open)| open.as_ref().map(|open| open.record.start_us))
        {
            if let Some(mut open) = state.open.swap_remove(at) {
                open.extend(now_us);
                closed.push(open.finish(now_us));
            }
        }
        closed
    });
    hand_over(closed.unwrap_or_default());
}
