//! The horizontal axis: moments in the reader's time zone.

use super::scale::place;
use crate::clock::{Clock, use_clock};
use crate::text::use_text;
use model::{Range, Timestamp};

const MINUTE_MS: i64 = 60_000;

/// The time that a chart shows.
#[derive(Clone, Copy)]
pub struct Times {
    clock: Clock,
    since: Timestamp,
    until: Timestamp,
    range: Range,
}

impl Times {
    #[must_use]
    pub fn new(since: Timestamp, until: Timestamp, range: Range) -> Self {
        Self { clock: use_clock(), since, until, range }
    }

    /// Labels at round times of the reader's day, with their places. How many there are does not depend on the zone, which
    /// the browser tells only after it has taken over the page: some are empty.
    #[must_use]
    pub fn levels(self) -> Vec<(u32, String)> {
        let (since, until) = (self.since.as_millis(), self.until.as_millis());
        let every = match self.range {
            Range::Hour => 15,
            Range::Day => 6 * 60,
            Range::Week => 24 * 60,
        };
        let ahead = |at: i64| self.clock.ahead_minutes(Timestamp::from_millis(at));
        let label = |at: i64| match self.range {
            Range::Week => self.clock.day(Timestamp::from_millis(at)),
            Range::Hour | Range::Day => self.clock.time_of_day(Timestamp::from_millis(at)),
        };
        let level = |at: i64| match (since..=until).contains(&at) {
            true => (place((at - since).unsigned_abs(), (until - since).unsigned_abs()), label(at)),
            false => (0, String::new()),
        };
        round_times(since, until, every, ahead).into_iter().map(level).collect()
    }

    /// The axis in words, with the zone.
    #[must_use]
    pub fn unit(self) -> String {
        (use_text().statistics().charts.time)(&self.clock.zone(self.until))
    }

    /// A moment of the chart, as short as it can be told from the others.
    #[must_use]
    pub fn name(self, at: Timestamp) -> String {
        match self.range {
            Range::Hour => self.clock.time_of_day(at),
            Range::Day | Range::Week => [self.clock.day(at), self.clock.time_of_day(at)].join(" "),
        }
    }
}

/// The moments from `since` to `until`, in milliseconds, at which a local clock shows a multiple of `every` minutes; those
/// at the ends may be outside. `ahead` tells how many minutes it is ahead of UTC.
fn round_times(since: i64, until: i64, every: i64, ahead: impl Fn(i64) -> i64) -> Vec<i64> {
    let every = every * MINUTE_MS;
    let at_start = ahead(since) * MINUTE_MS;
    let first = (since + at_start).div_euclid(every);
    let count = (until - since) / every + 1;
    let moment = |number: i64| {
        let local = number * every;
        // Where the clocks were changed in between, they are ahead by more or less.
        local - ahead(local - at_start) * MINUTE_MS
    };
    (first..=first + count).map(moment).collect()
}

#[cfg(test)]
mod tests {
    use super::{MINUTE_MS, round_times};

    const HOUR: i64 = 60 * MINUTE_MS;
    const DAY: i64 = 24 * HOUR;

    #[test]
    fn labels_stand_at_the_quarters_of_the_readers_hour() {
        let since = 1_000 * DAY + 7 * MINUTE_MS;
        let minutes = |ahead: i64| -> Vec<_> {
            let times = round_times(since, since + HOUR, 15, |_| ahead);
            times.into_iter().map(|at| (at - 1_000 * DAY) / MINUTE_MS).collect()
        };
        assert_eq!(minutes(0), [0, 15, 30, 45, 60, 75]);
        assert_eq!(minutes(5 * 60 + 40), [5, 20, 35, 50, 65, 80], "in Nepal");
    }

    #[test]
    fn days_begin_at_midnight_also_where_the_clocks_change() {
        let change = 1_003 * DAY + 12 * HOUR;
        let ahead = |at: i64| if at < change { 9 * 60 } else { 10 * 60 };
        let times = round_times(1_000 * DAY, 1_007 * DAY, 24 * 60, ahead);
        assert_eq!(times.len(), 9);
        assert!(times.iter().all(|at| (at + ahead(*at) * MINUTE_MS) % DAY == 0), "{times:?}");
    }
}
