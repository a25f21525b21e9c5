//! Where values stand on a chart's axes. Places are in hundredths of a percent of an axis, from where it begins.

use crate::components::numbers::{count, percent};

/// The whole length of an axis.
pub const WHOLE: u32 = 10_000;

/// `part` of `whole`, such as `12.34%`.
#[must_use]
pub fn share(part: u64, whole: u64) -> String {
    percent(place(part, whole))
}

/// Where `value` stands on an axis that ends with `most`.
#[must_use]
pub fn place(value: u64, most: u64) -> u32 {
    let hundredths = value.min(most).saturating_mul(u64::from(WHOLE)).checked_div(most);
    hundredths.and_then(|hundredths| u32::try_from(hundredths).ok()).unwrap_or(0)
}

/// An axis of counts, from 0 to a round number.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Counts {
    step: u64,
    top: u64,
}

impl Counts {
    /// With room for `most`, in at most four steps of 1, 2 or 5 times a power of ten.
    #[must_use]
    pub fn up_to(most: u64) -> Self {
        let mut power = 1_u64;
        let step = loop {
            match [1, 2, 5]
                .map(|digit| power.saturating_mul(digit))
                .into_iter()
                .find(|step| step.saturating_mul(4) >= most)
            {
                Some(step) => break step,
                None => power = power.saturating_mul(10),
            }
        };
        Self { step, top: most.div_ceil(step).max(1).saturating_mul(step) }
    }

    #[must_use]
    pub fn place(self, value: u64) -> u32 {
        place(value, self.top)
    }

    /// Its labels, with their places.
    #[must_use]
    pub fn levels(self) -> Vec<(u32, String)> {
        (0..=self.top / self.step).map(|i| i * self.step).map(|value| (self.place(value), count(value))).collect()
    }
}

/// A logarithmic axis of durations, from one power of ten of microseconds to another.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Decades {
    first: u32,
    last: u32,
}

impl Decades {
    /// With room for these durations, in microseconds.
    #[must_use]
    pub fn around(least_us: u64, most_us: u64) -> Self {
        let first = least_us.max(1).ilog10();
        let whole = 10_u64.checked_pow(most_us.max(1).ilog10()) == Some(most_us);
        let last = most_us.max(1).ilog10() + u32::from(!whole);
        Self { first, last: last.max(first + 1) }
    }

    #[must_use]
    pub fn place(self, duration_us: u64) -> u32 {
        let above = (duration_us.max(1) as f64).log10() - f64::from(self.first);
        (above / f64::from(self.last - self.first) * f64::from(WHOLE)).round().clamp(0.0, f64::from(WHOLE)) as u32
    }

    /// Its labels, with their places.
    #[must_use]
    pub fn levels(self) -> Vec<(u32, String)> {
        let place = |power: u32| (power - self.first) * WHOLE / (self.last - self.first);
        (self.first..=self.last).map(|power| (place(power), power_of_ten(power))).collect()
    }
}

/// So many powers of ten of a microsecond, such as `100 ms`.
fn power_of_ten(power: u32) -> String {
    const UNITS: [&str; 3] = ["µs", "ms", "s"];
    let thousands = (power / 3).min(2);
    format!("{} {}", 10_u64.saturating_pow(power - thousands * 3), UNITS[thousands as usize])
}

#[cfg(test)]
mod tests {
    use super::{Counts, Decades, place, share};

    #[test]
    fn counts_end_with_a_round_number() {
        for (most, labels) in [
            (0, "0 1"),
            (1, "0 1"),
            (3, "0 1 2 3"),
            (7, "0 2 4 6 8"),
            (12, "0 5 10 15"),
            (100, "0 50 100"),
            (3_300, "0 1,000 2,000 3,000 4,000"),
        ] {
            let levels = Counts::up_to(most).levels();
            assert_eq!(levels.iter().map(|(_, label)| label.as_str()).collect::<Vec<_>>().join(" "), labels);
            assert_eq!(levels.last().map(|(place, _)| *place), Some(10_000));
        }
    }

    #[test]
    fn no_count_overflows() {
        for most in [u64::MAX, u64::MAX / 2, u64::MAX / 5 + 1] {
            assert!(Counts::up_to(most).place(most) <= 10_000);
        }
        assert_eq!((share(1, 8), share(3, 0)), ("12.50%".to_owned(), "0.00%".to_owned()));
        assert_eq!(place(9, 3), 10_000);
    }

    #[test]
    fn durations_stand_between_powers_of_ten() {
        let axis = Decades::around(1_200, 40_000);
        let levels: Vec<_> = axis.levels().into_iter().map(|(_, label)| label).collect();
        assert_eq!(levels, ["1 ms", "10 ms", "100 ms"]);
        assert_eq!([1_000, 10_000, 100_000].map(|us| axis.place(us)), [0, 5_000, 10_000]);
        assert_eq!(axis.place(3_162), 2_500);
        assert_eq!((axis.place(0), axis.place(u64::MAX)), (0, 10_000));
    }

    #[test]
    fn an_axis_has_at_least_one_power_of_ten() {
        assert_eq!(Decades::around(5, 5).levels().len(), 2);
        assert_eq!(Decades::around(1_000, 1_000).levels().len(), 2);
        assert_eq!(Decades::around(0, 0).levels().len(), 2);
        assert_eq!(
            Decades::around(90, 20_000_000).levels().last().map(|(_, label)| label.clone()),
            Some("100 s".into())
        );
    }
}
