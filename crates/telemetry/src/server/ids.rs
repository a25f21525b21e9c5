use super::recorder;
use crate::propagation::TraceParent;
use rand::RngExt;

/// Random bytes, never all zero.
pub(super) fn random<const N: usize>() -> [u8; N] {
    let mut rng = rand::rng();
    loop {
        let mut bytes = [0; N];
        rng.fill(&mut bytes);
        if bytes != [0; N] {
            return bytes;
        }
    }
}

/// A fresh trace with a fresh span id in it, for a page whose browser has yet to make its spans.
#[must_use]
pub fn new_ids() -> TraceParent {
    TraceParent { trace_id: random(), span_id: random(), sampled: true }
}

/// Another span id, for the same trace.
#[must_use]
pub fn new_span_id() -> [u8; 8] {
    random()
}

/// Where the span stands that is current on this thread; `None` outside of spans.
#[must_use]
pub fn current_trace_parent() -> Option<TraceParent> {
    recorder::current()
}
