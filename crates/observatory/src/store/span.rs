use crate::interner::{Interner, Symbol};
use crate::read_span::{ReadEvent, ReadSpan};
use crate::trace::{LooseSpan, Node};
use model::{Part, Span, SpanEvent, SpanKind};

type Pair = (Symbol, Symbol);

/// A span with its texts in the interner.
#[derive(Debug)]
pub(super) struct StoredSpan {
    pub(super) id: u64,
    pub(super) parent: Option<u64>,
    pub(super) start_ns: u64,
    pub(super) end_ns: u64,
    pub(super) name: Symbol,
    pub(super) service: Symbol,
    pub(super) error: Option<Symbol>,
    pub(super) kind: SpanKind,
    pub(super) part: Part,
    pub(super) attributes: Box<[Pair]>,
    events: Box<[StoredEvent]>,
}

#[derive(Debug)]
struct StoredEvent {
    at_ns: u64,
    name: Symbol,
    attributes: Box<[Pair]>,
}

fn pairs<'a>(pairs: impl Iterator<Item = (&'a str, &'a str)> + Clone, interner: &mut Interner) -> Box<[Pair]> {
    // Counted first: collected, the box would be allocated several times over.
    let mut stored = Vec::with_capacity(pairs.clone().count());
    stored.extend(pairs.map(|(key, value)| (interner.intern(key), interner.intern(value))));
    stored.into_boxed_slice()
}

fn texts(pairs: &[Pair], interner: &Interner) -> Vec<(String, String)> {
    pairs.iter().map(|(key, value)| (interner.text(*key).to_owned(), interner.text(*value).to_owned())).collect()
}

impl StoredEvent {
    fn new(event: &ReadEvent<'_>, interner: &mut Interner) -> Self {
        let attributes = event.attributes.iter().map(|(key, value)| (*key, value.as_ref()));
        Self { at_ns: event.at_ns, name: interner.intern(event.name), attributes: pairs(attributes, interner) }
    }
}

impl StoredSpan {
    pub(super) fn new(span: &ReadSpan<'_>, interner: &mut Interner) -> Self {
        Self {
            id: span.id,
            parent: span.parent,
            start_ns: span.start_ns,
            end_ns: span.end_ns,
            name: interner.intern(span.name),
            service: interner.intern(span.service),
            error: span.error.map(|message| interner.intern(message)),
            kind: span.kind,
            part: span.part(),
            attributes: pairs(span.shown_attributes(), interner),
            events: span.events.iter().map(|event| StoredEvent::new(event, interner)).collect(),
        }
    }

    pub(super) fn release(self, interner: &mut Interner) {
        [self.name, self.service].into_iter().chain(self.error).for_each(|symbol| interner.release(symbol));
        self.events.iter().for_each(|event| interner.release(event.name));
        let of_events = self.events.iter().flat_map(|event| &event.attributes);
        for (key, value) in self.attributes.iter().chain(of_events) {
            interner.release(*key);
            interner.release(*value);
        }
    }

    pub(super) fn heap_bytes(&self) -> usize {
        let of_events: usize =
            self.events.iter().map(|event| size_of::<StoredEvent>() + size_of_val(&*event.attributes)).sum();
        size_of_val(&*self.attributes) + of_events
    }

    /// The value of the attribute with this key.
    pub(super) fn attribute(&self, key: Symbol) -> Option<Symbol> {
        self.attributes.iter().find(|(name, _)| *name == key).map(|(_, value)| *value)
    }

    pub(super) const fn node(&self) -> Node {
        Node { id: self.id, parent: self.parent, start_ns: self.start_ns }
    }

    pub(super) fn loose(&self, interner: &Interner) -> LooseSpan {
        let text = |symbol| interner.text(symbol).to_owned();
        let event = |event: &StoredEvent| SpanEvent {
            name: text(event.name),
            at_us: 0,
            attributes: texts(&event.attributes, interner),
        };
        LooseSpan {
            node: self.node(),
            end_ns: self.end_ns,
            events_at_ns: self.events.iter().map(|event| event.at_ns).collect(),
            span: Span {
                span_id: format!("{:016x}", self.id),
                parent_id: self.parent.map(|parent| format!("{parent:016x}")),
                orphan: false,
                depth: 0,
                name: text(self.name),
                kind: self.kind,
                part: self.part,
                service: text(self.service),
                start_us: 0,
                duration_us: 0,
                error: self.error.map(text),
                attributes: texts(&self.attributes, interner),
                events: self.events.iter().map(event).collect(),
            },
        }
    }
}
