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
    for power in (0..digits).rev() {
        let digit = number / 10_i64.pow(power) % 10;
        text.push(char::from(b'0' + u8::try_from(digit).unwrap_or_default()));
    }
    text.push_str(end);
}
