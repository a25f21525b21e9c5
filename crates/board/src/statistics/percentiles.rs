//! Latencies in buckets that grow by a fifth: four to each doubling, so that a percentile is at most that much too high.

use model::Percentiles;
use std::collections::BTreeMap;

/// The bucket of calls whose duration is unknown.
pub const UNKNOWN: i16 = -1;
const PER_DOUBLING: f64 = 4.0;

/// The bucket of a duration.
#[must_use]
pub fn bucket(duration_us: Option<u64>) -> i16 {
    let Some(duration_us) = duration_us else { return UNKNOWN };
    #[allow(clippy::cast_precision_loss, clippy::cast_possible_truncation, reason = "at most 256")]
    let bucket = ((duration_us.max(1) as f64).log2() * PER_DOUBLING).ceil() as i16;
    bucket
}

/// No duration in the bucket is longer.
#[must_use]
pub fn upper_bound_us(bucket: i16) -> u64 {
    #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "not negative; saturates")]
    let bound = (f64::from(bucket.max(0)) / PER_DOUBLING).exp2().round() as u64;
    bound
}

/// How many calls took how long.
#[derive(Debug, Default)]
pub(super) struct Latencies(BTreeMap<i16, u64>);

impl Latencies {
    pub(super) fn add(&mut self, bucket: i16, calls: u64) {
        if bucket != UNKNOWN {
            *self.0.entry(bucket).or_default() += calls;
        }
    }

    /// `None` when there are none.
    pub(super) fn percentiles(&self) -> Option<Percentiles> {
        let calls: u64 = self.0.values().sum();
        (calls > 0).then(|| Percentiles {
            p50_us: self.below(calls.div_ceil(2)),
            p95_us: self.below((calls * 95).div_ceil(100)),
            p99_us: self.below((calls * 99).div_ceil(100)),
        })
    }

    /// What so many of the calls stayed below.
    fn below(&self, calls: u64) -> u64 {
        let mut seen = 0;
        let reached = self.0.iter().find(|(_, count)| {
            seen += **count;
            seen >= calls
        });
        reached.map(|(bucket, _)| upper_bound_us(*bucket)).unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::{Latencies, UNKNOWN, bucket, upper_bound_us};
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn a_bucket_holds_what_is_at_most_a_fifth_below_its_bound(duration in 1_u64..1 << 40) {
            let bound = upper_bound_us(bucket(Some(duration)));
            prop_assert!(bound + 1 >= duration, "{bound} {duration}");
            prop_assert!(bound as f64 <= duration as f64 * 1.19 + 1.0, "{bound} {duration}");
        }

        #[test]
        fn percentiles_are_those_of_the_sorted_durations(mut durations in prop::collection::vec(1_u64..10_000_000, 1..200)) {
            let mut latencies = Latencies::default();
            durations.iter().for_each(|duration| latencies.add(bucket(Some(*duration)), 1));
            durations.sort_unstable();
            let told = latencies.percentiles().unwrap();
            for (share, told) in [(50, told.p50_us), (95, told.p95_us), (99, told.p99_us)] {
                let exact = durations[(durations.len() * share).div_ceil(100) - 1];
                prop_assert!(told + 1 >= exact && told as f64 <= exact as f64 * 1.19 + 1.0, "{share}: {told} {exact}");
            }
        }
    }

    #[test]
    fn calls_of_unknown_duration_say_nothing_about_latency() {
        let mut latencies = Latencies::default();
        latencies.add(bucket(None), 5);
        assert_eq!(bucket(None), UNKNOWN);
        assert_eq!(latencies.percentiles(), None);
    }
}
