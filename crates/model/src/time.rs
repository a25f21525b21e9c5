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

/// Writes the last `digits` digits of a number, then `end`: many times over in a list, which `format!` is slow for.
pub fn push_digits(text: &mut String, number: i64, digits: u32, end: &str) {
    let mut written = [b'0'; MOST_DIGITS];
    let (mut left, count) = (number.unsigned_abs(), (digits as usize).min(MOST_DIGITS));
    for digit in written[..count].iter_mut().rev() {
        *digit = b'0' + (left % 10) as u8;
        left /= 10;
    }
    text.push_str(std::str::from_utf8(&written[..count]).unwrap_or_default());
    text.push_str(end);
}

/// No number has more.
const MOST_DIGITS: usize = 20;
