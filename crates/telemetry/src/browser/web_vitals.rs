//! How a page felt: what the browser measured, made into Core Web Vitals. <https://web.dev/articles/vitals>

/// The largest of the windows of layout shifts: shifts less than a second apart, over five seconds at most.
#[derive(Debug, Default)]
pub(crate) struct LayoutShift {
    largest: f64,
    window: f64,
    first_ms: f64,
    last_ms: f64,
}

impl LayoutShift {
    pub(crate) fn shifted(&mut self, at_ms: f64, by: f64) {
        let goes_on = self.window > 0.0 && at_ms - self.last_ms < 1_000.0 && at_ms - self.first_ms < 5_000.0;
        if !goes_on {
            (self.window, self.first_ms) = (0.0, at_ms);
        }
        self.window += by;
        self.last_ms = at_ms;
        self.largest = self.largest.max(self.window);
    }

    pub(crate) const fn score(&self) -> f64 {
        self.largest
    }
}

/// The slowest interactions, of which one in fifty does not count.
#[derive(Debug, Default)]
pub(crate) struct Interactions {
    /// By id, the slowest first.
    slowest: Vec<(f64, f64)>,
    last_id: f64,
    count: usize,
}

impl Interactions {
    const KEPT: usize = 10;

    /// An event of an interaction; an interaction has several.
    pub(crate) fn took(&mut self, id: f64, ms: f64) {
        if id != self.last_id {
            self.count += 1;
            self.last_id = id;
        }
        if let Some(at) = self.slowest.iter().position(|(known, _)| *known == id) {
            let known = self.slowest.remove(at);
            return self.insert(id, ms.max(known.1));
        }
        self.insert(id, ms);
    }

    fn insert(&mut self, id: f64, ms: f64) {
        let at = self.slowest.iter().take_while(|(_, slower)| *slower >= ms).count();
        self.slowest.insert(at, (id, ms));
        self.slowest.truncate(Self::KEPT);
    }

    /// `None` without one.
    pub(crate) fn next_paint_ms(&self) -> Option<f64> {
        let at = (self.count / 50).min(self.slowest.len().saturating_sub(1));
        self.slowest.get(at).map(|(_, ms)| *ms)
    }
}

#[cfg(test)]
mod tests {
    use super::{Interactions, LayoutShift};

    #[test]
    fn shifts_close_together_add_up_and_the_worst_window_counts() {
        let mut shift = LayoutShift::default();
        for (at, by) in [(100.0, 0.1), (900.0, 0.1), (3_000.0, 0.05), (9_000.0, 0.15)] {
            shift.shifted(at, by);
        }
        assert!((shift.score() - 0.2).abs() < 1e-9);
        let mut long = LayoutShift::default();
        for second in 0..10 {
            long.shifted(f64::from(second) * 900.0, 0.1);
        }
        assert!((long.score() - 0.6).abs() < 1e-9, "no window is longer than five seconds: {}", long.score());
    }

    #[test]
    fn the_slowest_interaction_counts_but_for_one_in_fifty() {
        let mut few = Interactions::default();
        for (id, ms) in [(1.0, 16.0), (1.0, 40.0), (2.0, 300.0), (3.0, 24.0)] {
            few.took(id, ms);
        }
        assert_eq!(few.next_paint_ms(), Some(300.0));
        let mut many = Interactions::default();
        for id in 0..60 {
            many.took(f64::from(id) + 1.0, f64::from(id));
        }
        assert_eq!(many.next_paint_ms(), Some(58.0));
        assert_eq!(Interactions::default().next_paint_ms(), None);
    }
}
