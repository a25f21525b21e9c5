//! Where a span's bar stands in the waterfall.

use crate::components::numbers;
use model::{Span, Trace};

/// A bar, in percent of the column's width: `start + width` is never beyond 100.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Bar {
    pub start: f64,
    pub width: f64,
}

/// The time that the whole width stands for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Scale {
    /// Microseconds after the trace's start; below 0 when a clock was behind.
    start_us: i64,
    length_us: u64,
}

impl Scale {
    /// Spans the trace from its first start to its last end.
    #[must_use]
    pub fn of(trace: &Trace) -> Self {
        let start_us = trace.spans.iter().map(|span| span.start_us).min().unwrap_or(0).min(0);
        let end_us = trace.spans.iter().map(end_us).max().unwrap_or(0);
        Self { start_us, length_us: u64::try_from(end_us - start_us).unwrap_or(0).max(1) }
    }

    #[must_use]
    pub fn bar(self, span: &Span) -> Bar {
        let start = self.percent(span.start_us);
        Bar { start, width: self.percent(end_us(span)) - start }
    }

    /// Where a moment stands, 0..=100.
    #[must_use]
    pub fn percent(self, at_us: i64) -> f64 {
        ((at_us - self.start_us) as f64 / self.length_us as f64 * 100.0).clamp(0.0, 100.0)
    }

    /// The time at a quarter of the width, in microseconds after the scale's start.
    #[must_use]
    pub const fn quarter_us(self, quarter: u64) -> u64 {
        self.length_us.saturating_mul(quarter) / 4
    }
}

fn end_us(span: &Span) -> i64 {
    span.start_us.saturating_add_unsigned(span.duration_us)
}

/// A length for an SVG attribute, such as `12.34%`.
#[must_use]
pub fn percent(value: f64) -> String {
    numbers::percent((value * 100.0).round() as u32)
}

#[cfg(test)]
mod tests {
    use super::{Bar, Scale, percent};
    use crate::components::waterfall::sample::{span, trace};
    use model::Part;

    #[test]
    fn bars_stand_where_their_spans_ran() {
        let trace =
            trace(vec![span("a", None, 0, Part::Browser, 0, 400), span("b", Some("a"), 1, Part::Server, 100, 200)]);
        let scale = Scale::of(&trace);
        assert_eq!(scale.bar(&trace.spans[1]), Bar { start: 25.0, width: 50.0 });
        assert_eq!(scale.quarter_us(4), 400);
    }

    #[test]
    fn a_clock_that_was_behind_moves_the_scale_not_the_bar_out_of_it() {
        let trace =
            trace(vec![span("a", None, 0, Part::Browser, -100, 100), span("b", Some("a"), 1, Part::Server, 0, 100)]);
        let scale = Scale::of(&trace);
        assert_eq!(scale.bar(&trace.spans[0]), Bar { start: 0.0, width: 50.0 });
        assert_eq!(scale.bar(&trace.spans[1]), Bar { start: 50.0, width: 50.0 });
    }

    #[test]
    fn a_trace_of_no_length_still_has_a_scale() {
        let trace = trace(vec![span("a", None, 0, Part::Server, 0, 0)]);
        assert_eq!(Scale::of(&trace).bar(&trace.spans[0]), Bar { start: 0.0, width: 0.0 });
        assert_eq!(percent(0.0), "0.00%");
    }
}
