use serde::{Deserialize, Serialize};

/// A moment, in milliseconds since 1970-01-01T00:00:00Z.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Timestamp(i64);

impl Timestamp {
    #[must_use]
    pub const fn from_millis(millis: i64) -> Self {
        Self(millis)
    }

    #[must_use]
    pub const fn as_millis(self) -> i64 {
        self.0
    }

    /// This moment, `seconds` later.
    #[must_use]
    pub const fn plus_seconds(self, seconds: i64) -> Self {
        Self(self.0.saturating_add(seconds.saturating_mul(1000)))
    }
}

/// Writes the last `digits` (at most 19) digits of a number without its sign, then `end`: many times over in a list, which `format!` is slow for.
pub fn push_digits(text: &mut String, number: i64, digits: u32, end: &str) {
    let mut written = [b'0'; 19];
    let (mut rest, digits) = (number.unsigned_abs(), written.len().min(digits as usize));
    for place in written[..digits].iter_mut().rev() {
        *place += (rest % 10) as u8;
        rest /= 10;
    }
    // Digits always are text.
    text.push_str(std::str::from_utf8(&written[..digits]).unwrap_or_default());
    text.push_str(end);
}

/// A moment in UTC, as people write it.
#[derive(Debug, Clone, Copy)]
pub struct Civil {
    pub year: i64,
    pub month: i64,
    pub day: i64,
    pub hour: i64,
    pub minute: i64,
    pub second: i64,
    pub milli: i64,
}

impl Civil {
    #[must_use]
    pub const fn of(at: Timestamp) -> Self {
        const DAY_MS: i64 = 24 * 60 * 60 * 1000;
        let (year, month, day) = date(at.0.div_euclid(DAY_MS));
        let of_day = at.0.rem_euclid(DAY_MS);
        let (hour, minute) = (of_day / 3_600_000, of_day / 60_000 % 60);
        Self { year, month, day, hour, minute, second: of_day / 1000 % 60, milli: of_day % 1000 }
    }
}

/// Writes a moment as ISO 8601 with milliseconds and `+00:00`: what each API call does several times. Years have four digits.
pub fn push_iso(text: &mut String, at: Timestamp) {
    let Civil { year, month, day, hour, minute, second, milli } = Civil::of(at);
    let mut written = *b"0000-00-00T00:00:00.000+00:00";
    let mut two = |at: usize, number: i64| {
        written[at] = b'0' + (number / 10 % 10) as u8;
        written[at + 1] = b'0' + (number % 10) as u8;
    };
    two(0, year / 100);
    two(2, year % 100);
    two(5, month);
    two(8, day);
    two(11, hour);
    two(14, minute);
    two(17, second);
    two(20, milli / 10);
    written[22] = b'0' + (milli % 10) as u8;
    // Digits always are text.
    text.push_str(std::str::from_utf8(&written).unwrap_or_default());
}

/// Year, month and day of a day since 1970-01-01, in the proleptic Gregorian calendar: Howard Hinnant's `civil_from_days`
/// (<https://howardhinnant.github.io/date_algorithms.html>).
#[must_use]
pub const fn date(day: i64) -> (i64, i64, i64) {
    let day = day + 719_468;
    let (era, of_era) = (day.div_euclid(146_097), day.rem_euclid(146_097));
    let year_of_era = (of_era - of_era / 1460 + of_era / 36_524 - of_era / 146_096) / 365;
    let of_year = of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let month = (5 * of_year + 2) / 153;
    let day = of_year - (153 * month + 2) / 5 + 1;
    let month = if month < 10 { month + 3 } else { month - 9 };
    (year_of_era + era * 400 + (month <= 2) as i64, month, day)
}

#[cfg(test)]
mod tests {
    use super::{Timestamp, push_iso};

    #[test]
    fn moments_are_written_in_utc() {
        for (millis, expected) in [
            (0, "1970-01-01T00:00:00.000+00:00"),
            (951_782_399_999, "2000-02-28T23:59:59.999+00:00"),
            (951_782_400_000, "2000-02-29T00:00:00.000+00:00"),
            (951_868_800_000, "2000-03-01T00:00:00.000+00:00"),
            (1_795_253_405_078, "2026-11-21T09:30:05.078+00:00"),
            (4_107_542_399_999, "2100-02-28T23:59:59.999+00:00"),
            (4_107_542_400_000, "2100-03-01T00:00:00.000+00:00"),
            (-1, "1969-12-31T23:59:59.999+00:00"),
        ] {
            let mut text = String::new();
            push_iso(&mut text, Timestamp::from_millis(millis));
            assert_eq!(text, expected);
        }
    }
}
