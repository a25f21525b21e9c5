//! Which traces of the page are kept. The server decides: by a number that the page is told, and for each request by what it
//! answers. Spans of other traces wait until their first span has ended, and are then forgotten.

use super::record::{SpanRecord, Status, Value};
use crate::names::stable;
use crate::propagation::is_below;

/// Spans that wait at most; beyond, the oldest are forgotten, and counted: they might have been kept.
const MAX_WAITING: usize = 512;
/// Traces of which the decision is remembered: spans may come a little later than it.
const MAX_DECIDED: usize = 64;

type TraceId = [u8; 16];

/// The page's side of sampling.
#[derive(Debug)]
pub(crate) struct Keeping {
    /// Traces below this number are kept from the beginning.
    threshold: u64,
    waiting: Vec<SpanRecord>,
    forgotten: usize,
    decided: Vec<(TraceId, bool)>,
}

impl Keeping {
    pub(crate) const fn new(threshold: u64) -> Self {
        Self { threshold, waiting: Vec::new(), forgotten: 0, decided: Vec::new() }
    }

    /// Whether a trace that begins is kept, whatever happens in it: as the server's sampler chooses.
    pub(crate) fn keeps(&self, trace_id: &TraceId) -> bool {
        is_below(trace_id, self.threshold)
    }

    /// What is known of a trace.
    pub(crate) fn decision(&self, trace_id: &TraceId) -> Option<bool> {
        self.decided.iter().find(|(id, _)| id == trace_id).map(|(_, kept)| *kept)
    }

    /// The server has told; spans that waited for it and are kept.
    pub(crate) fn decide(&mut self, trace_id: &TraceId, kept: bool) -> Vec<SpanRecord> {
        match self.decided.iter_mut().find(|(id, _)| id == trace_id) {
            // Kept once, because of one request of several, is kept.
            Some((_, known)) => *known |= kept,
            None => {
                if self.decided.len() >= MAX_DECIDED {
                    self.decided.remove(0);
                }
                self.decided.push((*trace_id, kept));
            }
        }
        if kept { self.release(trace_id) } else { Vec::new() }
    }

    /// Takes a span that has ended; what is kept by now.
    pub(crate) fn take(&mut self, mut span: SpanRecord) -> Vec<SpanRecord> {
        let trace_id = span.place.trace_id;
        if span.place.sampled || self.decision(&trace_id) == Some(true) {
            span.place.sampled = true;
            return vec![span];
        }
        // What went wrong is worth knowing, whatever the server made of its part.
        if matches!(span.status, Status::Error(_)) && !is_refused(&span) {
            let mut kept = self.decide(&trace_id, true);
            span.place.sampled = true;
            kept.push(span);
            return kept;
        }
        if span.parent_id.is_none() {
            self.waiting.retain(|waiting| waiting.place.trace_id != trace_id);
            return Vec::new();
        }
        if self.waiting.len() >= MAX_WAITING {
            self.waiting.remove(0);
            self.forgotten += 1;
        }
        self.waiting.push(span);
        Vec::new()
    }

    /// How many did not fit since this was asked last.
    pub(crate) fn take_forgotten(&mut self) -> usize {
        std::mem::take(&mut self.forgotten)
    }

    fn release(&mut self, trace_id: &TraceId) -> Vec<SpanRecord> {
        let mut kept = Vec::new();
        let mut at = 0;
        while at < self.waiting.len() {
            if self.waiting[at].place.trace_id == *trace_id {
                let mut span = self.waiting.remove(at);
                span.place.sampled = true;
                kept.push(span);
            } else {
                at += 1;
            }
        }
        kept
    }
}

/// A request that was answered with 4xx: to the server, too, that is no error.
fn is_refused(span: &SpanRecord) -> bool {
    let status = span.attributes.iter().find(|(key, _)| *key == stable::HTTP_RESPONSE_STATUS_CODE);
    matches!(status, Some((_, Value::Int(400..=499))))
}

#[cfg(all(test, not(target_arch = "wasm32")))]
mod tests {
    use super::{Keeping, MAX_WAITING};
    use crate::browser::record::{SpanRecord, Status};
    use crate::browser::samples;
    use crate::propagation::threshold;

    fn span(trace: u8, root: bool) -> SpanRecord {
        let mut span = samples::span("a");
        (span.place.trace_id, span.place.sampled) = ([trace; 16], false);
        span.parent_id = (!root).then_some([1; 8]);
        span
    }

    #[test]
    fn a_trace_that_the_server_keeps_is_kept_from_its_first_span_to_its_last() {
        let mut keeping = Keeping::new(0);
        assert_eq!(keeping.take(span(1, false)), []);
        assert_eq!(keeping.take(span(2, false)), []);
        let kept = keeping.decide(&[1; 16], true);
        assert!(kept.len() == 1 && kept[0].place.sampled);
        assert_eq!(keeping.decide(&[1; 16], false), [], "another request of it changes nothing");
        assert_eq!(keeping.take(span(1, true)).len(), 1);
        assert_eq!(keeping.take(span(2, true)), []);
        assert_eq!(keeping.decide(&[2; 16], true), [], "forgotten with its first span");
    }

    #[test]
    fn a_ratio_is_of_all_traces() {
        let kept = |ratio: f64| {
            let keeping = Keeping::new(threshold(ratio));
            (0..=255).filter(|last| keeping.keeps(&[*last; 16])).count()
        };
        assert_eq!((kept(0.0), kept(0.25), kept(1.0)), (0, 64, 256));
    }

    #[test]
    fn an_error_keeps_its_trace() {
        let mut keeping = Keeping::new(0);
        keeping.take(span(1, false));
        let mut failed = span(1, false);
        failed.status = Status::Error("no".to_owned());
        let mut refused = failed.clone();
        refused.set("http.response.status_code", 401_i64);
        assert_eq!(keeping.take(refused), []);
        assert_eq!(keeping.take(failed).len(), 3);
        assert_eq!(keeping.take(span(1, true)).len(), 1);
    }

    #[test]
    fn what_waits_is_bounded() {
        let mut keeping = Keeping::new(0);
        for trace in 0..2 * MAX_WAITING {
            keeping.take(span((trace % 200) as u8, false));
        }
        assert_eq!(keeping.waiting.len(), MAX_WAITING);
        assert_eq!((keeping.take_forgotten(), keeping.take_forgotten()), (MAX_WAITING, 0));
    }
}
