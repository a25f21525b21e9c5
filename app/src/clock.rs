//! Moments in words: relative to now, and exact in the reader's time zone.

use crate::text::common::Times;
use leptos::prelude::*;
use model::Timestamp;
use model::time::{date, push_digits};

/// The time now and the reader's zone. Both change in the browser only: the first view there is what the server sent.
#[derive(Clone, Copy)]
pub struct Clock {
    now_ms: RwSignal<i64>,
    /// Whether the browser's zone counts; until then it is the server's guess.
    #[cfg(feature = "hydrate")]
    local: RwSignal<bool>,
    #[cfg(feature = "ssr")]
    zone: StoredValue<Option<jiff::tz::TimeZone>>,
}

/// Starts the clock of this page.
pub fn provide_clock() {
    let clock = Clock {
        now_ms: RwSignal::new(now_ms()),
        #[cfg(feature = "hydrate")]
        local: RwSignal::new(false),
        #[cfg(feature = "ssr")]
        zone: StoredValue::new(reader_zone()),
    };
    #[cfg(feature = "hydrate")]
    run(clock);
    provide_context(clock);
}

/// The clock of this page.
#[must_use]
pub fn use_clock() -> Clock {
    expect_context()
}

impl Clock {
    /// Such as `2 min ago`; a date when it is more than a week ago. Follows the time.
    #[must_use]
    pub fn relative(self, at: Timestamp, words: &Times) -> String {
        relative(at.as_millis(), self.now_ms.get(), self.offset_minutes(at).unwrap_or(0), words)
    }

    /// Such as `2026-11-21 13:02:03 UTC+09:00`, to the second.
    #[must_use]
    pub fn exact(self, at: Timestamp) -> String {
        exact(at.as_millis(), self.offset_minutes(at))
    }

    /// Such as `13:02`.
    #[must_use]
    pub fn time_of_day(self, at: Timestamp) -> String {
        exact(at.as_millis(), self.offset_minutes(at)).get(11..16).unwrap_or_default().to_owned()
    }

    /// Month and day, such as `11-21`.
    #[must_use]
    pub fn day(self, at: Timestamp) -> String {
        exact(at.as_millis(), self.offset_minutes(at)).get(5..10).unwrap_or_default().to_owned()
    }

    /// How the reader's time differs from UTC, such as `UTC+09:00`.
    #[must_use]
    pub fn zone(self, at: Timestamp) -> String {
        exact(at.as_millis(), self.offset_minutes(at)).get(20..).unwrap_or_default().to_owned()
    }

    /// How far the reader's time is ahead of UTC, in minutes; 0 where it is not known.
    #[must_use]
    pub fn ahead_minutes(self, at: Timestamp) -> i64 {
        self.offset_minutes(at).unwrap_or(0)
    }

    #[cfg(feature = "ssr")]
    fn offset_minutes(self, at: Timestamp) -> Option<i64> {
        let at = jiff::Timestamp::from_millisecond(at.as_millis()).ok()?;
        self.zone.with_value(|zone| Some(i64::from(zone.as_ref()?.to_offset(at).seconds()) / 60))
    }

    #[cfg(feature = "hydrate")]
    fn offset_minutes(self, at: Timestamp) -> Option<i64> {
        self.local.get().then(|| crate::web::offset_minutes(at.as_millis()))
    }

    #[cfg(not(any(feature = "ssr", feature = "hydrate")))]
    fn offset_minutes(self, _at: Timestamp) -> Option<i64> {
        None
    }
}

#[cfg(feature = "ssr")]
fn reader_zone() -> Option<jiff::tz::TimeZone> {
    jiff::tz::TimeZone::get(&crate::context::request()?.zone?).ok()
}

#[cfg(not(feature = "hydrate"))]
fn now_ms() -> i64 {
    #[cfg(feature = "ssr")]
    let now = jiff::Timestamp::now().as_millisecond();
    #[cfg(not(feature = "ssr"))]
    let now = 0;
    now
}

#[cfg(feature = "hydrate")]
fn now_ms() -> i64 {
    crate::web::now_ms()
}

/// After hydration, the browser's zone counts and the time goes on; the server learns the zone for the next page.
#[cfg(feature = "hydrate")]
fn run(clock: Clock) {
    fn tick(clock: Clock) {
        let _ = crate::web::after(20_000, move || {
            let _ = clock.now_ms.try_set(now_ms());
            tick(clock);
        });
    }
    Effect::new(move |_| {
        clock.local.set(true);
        clock.now_ms.set(now_ms());
        if let Some(zone) = crate::web::zone().filter(|zone| crate::web::cookie("tz").as_ref() != Some(zone)) {
            crate::web::set_cookie("tz", &zone);
        }
        tick(clock);
    });
}

/// Seconds in a day, an hour and a minute.
const DAY: i64 = 86_400;
const HOUR: i64 = 3_600;
const MINUTE: i64 = 60;

fn relative(at_ms: i64, now_ms: i64, offset_minutes: i64, words: &Times) -> String {
    match (now_ms - at_ms) / 1000 {
        // Clocks differ a little: what is just ahead is now.
        -60..45 => words.just_now.to_owned(),
        seconds @ 45..HOUR => (words.minutes_ago)((seconds / MINUTE).max(1)),
        seconds @ HOUR..DAY => (words.hours_ago)(seconds / HOUR),
        seconds if (DAY..7 * DAY).contains(&seconds) => (words.days_ago)(seconds / DAY),
        _ => {
            let civil = Civil::at(at_ms, offset_minutes);
            (words.date)(civil.year, civil.month, civil.day)
        }
    }
}

/// An ISO 8601 time in UTC with milliseconds, for `<time datetime>`.
#[must_use]
pub fn iso(at: Timestamp) -> String {
    let mut text = Civil::at(at.as_millis(), 0).date_and_time("T", ".");
    push_digits(&mut text, at.as_millis().rem_euclid(1000), 3, "Z");
    text
}

fn exact(at_ms: i64, offset_minutes: Option<i64>) -> String {
    let mut text = Civil::at(at_ms, offset_minutes.unwrap_or(0)).date_and_time(" ", " UTC");
    if let Some(offset) = offset_minutes.filter(|offset| *offset != 0) {
        text.push(if offset < 0 { '\u{2212}' } else { '+' });
        push_digits(&mut text, offset.abs() / 60, 2, ":");
        push_digits(&mut text, offset.abs() % 60, 2, "");
    }
    text
}

/// A moment in the proleptic Gregorian calendar.
struct Civil {
    year: i64,
    month: u8,
    day: u8,
    hour: u8,
    minute: u8,
    second: u8,
}

impl Civil {
    fn at(ms: i64, offset_minutes: i64) -> Self {
        let seconds = ms.div_euclid(1000) + offset_minutes * MINUTE;
        let ((year, month, day), of_day) = (date(seconds.div_euclid(DAY)), seconds.rem_euclid(DAY));
        Self {
            year,
            month: month as u8,
            day: day as u8,
            hour: (of_day / HOUR) as u8,
            minute: (of_day % HOUR / MINUTE) as u8,
            second: (of_day % MINUTE) as u8,
        }
    }

    /// `2026-11-21`, `between`, `13:02:03`, `end`.
    fn date_and_time(&self, between: &str, end: &str) -> String {
        let mut text = String::with_capacity(40);
        push_digits(&mut text, self.year, 4, "-");
        push_digits(&mut text, self.month.into(), 2, "-");
        push_digits(&mut text, self.day.into(), 2, between);
        push_digits(&mut text, self.hour.into(), 2, ":");
        push_digits(&mut text, self.minute.into(), 2, ":");
        push_digits(&mut text, self.second.into(), 2, end);
        text
    }
}

#[cfg(test)]
mod tests {
    use super::{DAY, exact, iso, relative};
    use crate::text::common::{EN, KO};
    use model::Timestamp;

    /// Sat, 21 Nov 2026 01:02:03 GMT.
    const AT: i64 = 1_795_222_923_000;

    #[test]
    fn a_moment_is_shown_in_the_readers_zone() {
        assert_eq!(exact(AT, None), "2026-11-21 01:02:03 UTC");
        assert_eq!(exact(AT, Some(9 * 60)), "2026-11-21 10:02:03 UTC+09:00");
        assert_eq!(exact(AT, Some(-210)), "2026-11-20 21:32:03 UTC\u{2212}03:30");
        assert_eq!(iso(Timestamp::from_millis(AT + 7)), "2026-11-21T01:02:03.007Z");
    }

    #[test]
    fn leap_days_and_years_before_1970_are_right() {
        assert_eq!(exact(951_782_400_000, None), "2000-02-29 00:00:00 UTC");
        assert_eq!(exact(-1_000, None), "1969-12-31 23:59:59 UTC");
    }

    #[test]
    fn what_is_near_is_relative_and_what_is_far_has_a_date() {
        for (ago_s, ko, en) in [
            (-5, "방금", "just now"),
            (44, "방금", "just now"),
            (50, "1분 전", "1 min ago"),
            (125, "2분 전", "2 min ago"),
            (7_200, "2시간 전", "2 h ago"),
            (3 * DAY, "3일 전", "3 days ago"),
            (8 * DAY, "2026년 11월 13일", "13 Nov 2026"),
        ] {
            assert_eq!(relative(AT - ago_s * 1000, AT, 0, &KO.time), ko);
            assert_eq!(relative(AT - ago_s * 1000, AT, 0, &EN.time), en);
        }
    }
}
