//! Whether all of a trace is there, and when to ask for it again.

use model::{Part, Span, SpanKind, Trace};
use serde::{Deserialize, Serialize};

/// How far a trace has arrived.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Arrival {
    /// Its root, or the server's answer to its fetch, is still on its way.
    Partial,
    /// What the reader waited for is here; a consumer is still to come.
    AwaitsConsumer,
    Complete,
}

/// Judges by the tree: a root, no child without its parent, the server's side of a fetch, a consumer for each send.
#[must_use]
pub fn arrival(trace: &Trace) -> Arrival {
    let count = |test: fn(&Span) -> bool| trace.spans.iter().filter(|span| test(span)).count();
    let rooted = count(|span| span.parent_id.is_none()) > 0 && count(|span| span.orphan) == 0;
    let fetches = count(|span| span.part == Part::Browser && span.kind == SpanKind::Client);
    let served = fetches == 0 || count(|span| span.kind == SpanKind::Server) > 0;
    if !rooted || !served {
        return Arrival::Partial;
    }
    let sent = count(|span| span.kind == SpanKind::Producer);
    let consumed = count(|span| span.kind == SpanKind::Consumer);
    if consumed < sent { Arrival::AwaitsConsumer } else { Arrival::Complete }
}

/// How long to wait before asking again, in milliseconds; `None` when enough has been asked.
#[must_use]
pub fn wait_before(attempt: usize, arrival: Arrival) -> Option<u32> {
    const PARTIAL: [u32; 5] = [150, 250, 450, 800, 1300];
    const CONSUMER: [u32; 7] = [400, 400, 600, 900, 1400, 2200, 3500];
    match arrival {
        Arrival::Partial => PARTIAL.get(attempt).copied(),
        Arrival::AwaitsConsumer => CONSUMER.get(attempt).copied(),
        Arrival::Complete => None,
    }
}

#[cfg(test)]
mod tests {
    use super::{Arrival, arrival, wait_before};
    use crate::components::waterfall::sample::{span, trace};
    use model::{Part, SpanKind};

    #[test]
    fn a_trace_is_awaited_until_root_server_and_consumer_are_here() {
        let mut click = span("a", None, 0, Part::Browser, 0, 10);
        let mut fetch = span("b", Some("a"), 1, Part::Browser, 1, 8);
        fetch.kind = SpanKind::Client;
        assert_eq!(arrival(&trace(vec![click.clone()])), Arrival::Complete);
        assert_eq!(arrival(&trace(vec![click.clone(), fetch.clone()])), Arrival::Partial);
        let mut request = span("c", Some("b"), 2, Part::Server, 2, 5);
        request.kind = SpanKind::Server;
        let mut send = span("d", Some("c"), 3, Part::Queue, 3, 1);
        send.kind = SpanKind::Producer;
        let whole = vec![click.clone(), fetch.clone(), request.clone(), send];
        assert_eq!(arrival(&trace(whole)), Arrival::AwaitsConsumer);
        click.parent_id = Some("gone".into());
        click.orphan = true;
        assert_eq!(arrival(&trace(vec![click, fetch, request])), Arrival::Partial);
    }

    #[test]
    fn nobody_is_asked_for_ever() {
        let total: u32 = (0..100).filter_map(|attempt| wait_before(attempt, Arrival::Partial)).sum();
        assert!((2000..=3000).contains(&total), "{total}");
        assert_eq!(wait_before(0, Arrival::Complete), None);
        assert_eq!(wait_before(100, Arrival::AwaitsConsumer), None);
    }
}
