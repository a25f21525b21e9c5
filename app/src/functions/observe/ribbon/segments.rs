//! The ribbon's picture: which part of the system the reader waited for, moment by moment.

use super::Segment;
use model::{Part, Span, Trace};

/// An idle time is cut when it is longer than the time in which something ran, times this.
const CUT_ABOVE: f64 = 0.25;
/// A cut's width against the time in which something ran.
const CUT_WIDTH: f64 = 0.05;
/// With more segments than this, those too thin to be seen are left out.
const MANY: usize = 200;

/// A stretch of time in which one part was the deepest at work, in microseconds.
#[derive(Debug, Clone, PartialEq)]
struct Stretch {
    part: Option<Part>,
    failed: bool,
    start: i64,
    end: i64,
}

impl Stretch {
    fn duration(&self) -> u64 {
        u64::try_from(self.end - self.start).unwrap_or(0)
    }
}

/// The segments of a trace from left to right, without overlaps: at each moment the part of the deepest span at work.
/// To scale but for long idle times before late work (a queue's consumer), which are cut.
#[must_use]
pub fn segments(trace: &Trace) -> Vec<Segment> {
    let stretches = stretches(&trace.spans);
    let busy: u64 = stretches.iter().filter(|s| s.part.is_some()).map(Stretch::duration).sum();
    let busy = (busy as f64).max(1.0);
    let drawn = |stretch: &Stretch| {
        let duration = stretch.duration() as f64;
        let cut = stretch.part.is_none() && duration > busy * CUT_ABOVE;
        (cut, if cut { busy * CUT_WIDTH } else { duration })
    };
    let total: f64 = stretches.iter().map(|s| drawn(s).1).sum::<f64>().max(1.0);
    let thinnest = if stretches.len() > MANY { total / MANY as f64 } else { 0.0 };
    let mut x = 0.0;
    let mut segments = Vec::new();
    for stretch in &stretches {
        let (cut, length) = drawn(stretch);
        let (start, end) = (hundredths(x / total), hundredths((x + length) / total));
        if end > start && (cut || (stretch.part.is_some() && length >= thinnest)) {
            segments.push(Segment { part: stretch.part, x: start, width: end - start, failed: stretch.failed });
        }
        x += length;
    }
    segments
}

/// Of a percent.
fn hundredths(share: f64) -> u32 {
    (share * 10_000.0).round() as u32
}

/// How long each part was the deepest at work, in microseconds; parts that never were are left out.
#[must_use]
pub fn time_by_part(trace: &Trace) -> Vec<(Part, u64)> {
    let stretches = stretches(&trace.spans);
    let time = |part| stretches.iter().filter(|s| s.part == Some(part)).map(Stretch::duration).sum();
    Part::ALL.into_iter().map(|part| (part, time(part))).filter(|(_, time)| *time > 0).collect()
}

/// Cuts time at every start and end of a span, and joins neighbours that look the same.
fn stretches(spans: &[Span]) -> Vec<Stretch> {
    let end = |span: &Span| span.start_us.saturating_add_unsigned(span.duration_us.max(1));
    let mut edges: Vec<(i64, bool, usize)> =
        spans.iter().enumerate().flat_map(|(i, span)| [(span.start_us, true, i), (end(span), false, i)]).collect();
    edges.sort_unstable();
    let mut active = std::collections::BTreeSet::new();
    let mut stretches: Vec<Stretch> = Vec::new();
    let mut since = edges.first().map_or(0, |edge| edge.0);
    for (at, starts, i) in edges {
        if at > since {
            let deepest = active.last().and_then(|(_, i): &(u32, usize)| spans.get(*i));
            let (part, failed) = (deepest.map(|s| s.part), deepest.is_some_and(|s| s.error.is_some()));
            match stretches.last_mut() {
                Some(last) if last.part == part && last.failed == failed => last.end = at,
                _ => stretches.push(Stretch { part, failed, start: since, end: at }),
            }
            since = at;
        }
        let Some(span) = spans.get(i) else { continue };
        if starts {
            active.insert((span.depth, i))
        } else {
            active.remove(&(span.depth, i))
        };
    }
    stretches
}

#[cfg(test)]
mod tests {
    use super::{segments, time_by_part};
    use crate::components::waterfall::sample::{span, trace};
    use model::Part;

    #[test]
    fn the_deepest_span_at_work_gives_the_colour() {
        let trace = trace(vec![
            span("a", None, 0, Part::Browser, 0, 100),
            span("b", Some("a"), 1, Part::Server, 20, 60),
            span("c", Some("b"), 2, Part::Database, 30, 20),
        ]);
        let drawn: Vec<_> = segments(&trace).into_iter().map(|s| (s.part, s.x, s.width)).collect();
        assert_eq!(
            drawn,
            [
                (Some(Part::Browser), 0, 2000),
                (Some(Part::Server), 2000, 1000),
                (Some(Part::Database), 3000, 2000),
                (Some(Part::Server), 5000, 3000),
                (Some(Part::Browser), 8000, 2000),
            ]
        );
        assert_eq!(time_by_part(&trace), [(Part::Browser, 40), (Part::Server, 40), (Part::Database, 20)]);
    }

    #[test]
    fn segments_fill_the_strip_and_never_overlap() {
        let trace = trace(vec![
            span("a", None, 0, Part::Browser, -5, 1000),
            span("b", Some("a"), 1, Part::Server, 100, 0),
            span("c", Some("a"), 1, Part::Cache, 900, 400),
            span("d", Some("a"), 1, Part::Queue, 5_000_000, 300),
        ]);
        let mut x = 0;
        for segment in segments(&trace) {
            assert!(segment.x >= x && segment.width > 0, "{segment:?}");
            x = segment.x + segment.width;
        }
        assert_eq!(x, 10_000);
    }

    #[test]
    fn a_long_wait_for_the_worker_is_cut() {
        let trace = trace(vec![
            span("a", None, 0, Part::Server, 0, 1000),
            span("b", Some("a"), 1, Part::Queue, 60_000_000, 1000),
        ]);
        let segments = segments(&trace);
        assert_eq!(segments.iter().map(|s| s.part).collect::<Vec<_>>(), [Some(Part::Server), None, Some(Part::Queue)]);
        assert!(segments.iter().all(|s| s.width > 400), "{segments:?}");
    }

    #[test]
    fn thousands_of_spans_stay_a_few_hundred_segments() {
        let mut spans = vec![span("root", None, 0, Part::Server, 0, 4_000_000)];
        spans.extend((0..2000).map(|i| span("x", Some("root"), 1, Part::Database, i * 2000, 1000)));
        assert!(segments(&trace(spans)).len() <= super::MANY + 1);
    }

    #[test]
    fn a_trace_without_spans_draws_nothing() {
        assert!(segments(&trace(Vec::new())).is_empty());
    }
}
