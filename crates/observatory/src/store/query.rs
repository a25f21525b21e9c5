use super::{Store, StoredTrace};
use crate::TraceFilter;
use crate::access::{Seer, Viewer};
use crate::attributes;
use crate::interner::{Interner, Symbol, SymbolSet};
use crate::trace::{self, Node};
use model::{PageRequest, TraceId, TraceSummary};

/// A [`TraceFilter`] in the interner's terms: texts are compared once each, not once per span.
struct Query {
    text: Option<Text>,
    min_duration_ns: u64,
    errors_only: bool,
    /// The attribute's key and value.
    route: Option<(Symbol, Symbol)>,
    service: Option<Symbol>,
    since_ns: u64,
}

struct Text {
    symbols: SymbolSet,
    id_start: String,
}

impl Query {
    /// `None` when the filter names a route or service that no span has.
    fn new(filter: &TraceFilter, interner: &Interner) -> Option<Self> {
        let route = match &filter.route {
            Some(route) => Some((interner.find(attributes::HTTP_ROUTE)?, interner.find(route)?)),
            None => None,
        };
        let service = match &filter.service {
            Some(service) => Some(interner.find(service)?),
            None => None,
        };
        let since_ms = filter.since.map_or(0, |since| u64::try_from(since.as_millis()).unwrap_or_default());
        Some(Self {
            text: filter
                .text
                .as_deref()
                .map(str::trim)
                .filter(|text| !text.is_empty())
                .map(|text| Text::new(text, interner)),
            min_duration_ns: filter.min_duration_us.unwrap_or_default().saturating_mul(1000),
            errors_only: filter.errors_only,
            route,
            service,
            since_ns: since_ms.saturating_mul(1_000_000),
        })
    }

    fn passes(&self, trace: &StoredTrace) -> bool {
        trace.start_ns >= self.since_ns
            && trace.end_ns.saturating_sub(trace.start_ns) >= self.min_duration_ns
            && (!self.errors_only || trace.errors > 0)
            && self.service.is_none_or(|service| trace.spans.iter().any(|span| span.service == service))
            && self.route.is_none_or(|(key, route)| trace.spans.iter().any(|span| span.attribute(key) == Some(route)))
            && self.text.as_ref().is_none_or(|text| text.is_in(trace))
    }
}

impl Text {
    fn new(text: &str, interner: &Interner) -> Self {
        let lower = text.to_lowercase();
        Self { symbols: interner.matching(|candidate| candidate.to_lowercase().contains(&lower)), id_start: lower }
    }

    fn is_in(&self, trace: &StoredTrace) -> bool {
        let in_span = |span: &super::StoredSpan| {
            self.symbols.contains(span.name) || span.attributes.iter().any(|(_, value)| self.symbols.contains(*value))
        };
        trace.spans.iter().any(in_span) || format!("{:032x}", trace.id).starts_with(&self.id_start)
    }
}

impl Store {
    /// The page's traces, the newest arrivals first, and how many there are on all pages.
    pub fn recent(&self, viewer: &Viewer, filter: &TraceFilter, page: PageRequest) -> (Vec<TraceSummary>, u64) {
        let Some(query) = Query::new(filter, &self.interner) else { return (Vec::new(), 0) };
        let seer = Seer::new(viewer, &self.interner);
        let (first, limit) = (page.offset(), page.limit() as usize);
        let (mut summaries, mut total) = (Vec::with_capacity(limit), 0);
        for trace in self.traces.newest_first() {
            if !trace.owner.admits(seer) || !query.passes(trace) {
                continue;
            }
            if total >= first && summaries.len() < limit {
                summaries.extend(trace.summary(&self.interner));
            }
            total += 1;
        }
        (summaries, total)
    }
}

impl StoredTrace {
    fn summary(&self, interner: &Interner) -> Option<TraceSummary> {
        let nodes: Vec<Node> = self.spans.iter().map(super::StoredSpan::node).collect();
        let top = &self.spans[trace::topmost(&nodes)?];
        let attribute =
            |key: &str| interner.find(key).and_then(|key| top.attribute(key)).map(|value| interner.text(value));
        let mut services: Vec<Symbol> = vec![top.service];
        for span in &self.spans {
            if !services.contains(&span.service) {
                services.push(span.service);
            }
        }
        Some(TraceSummary {
            trace_id: TraceId::from_number(self.id)?,
            title: trace::title(interner.text(top.name), top.part, attribute),
            started_at: trace::timestamp(self.start_ns),
            duration_us: self.end_ns.saturating_sub(self.start_ns) / 1000,
            spans: u32::try_from(self.spans.len()).unwrap_or(u32::MAX),
            errors: self.errors,
            services: services.into_iter().map(|service| interner.text(service).to_owned()).collect(),
        })
    }
}
