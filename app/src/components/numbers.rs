//! Numbers for people.

/// A duration with three significant digits and its unit: `812 µs`, `23.4 ms`, `1.20 s`, `3 min 20 s`.
#[must_use]
pub fn duration(us: u64) -> String {
    match us {
        0..1_000 => format!("{us} µs"),
        1_000..999_500 => with_unit(us, 1_000, "ms"),
        999_500..100_000_000 => with_unit(us, 1_000_000, "s"),
        _ => {
            let s = us.saturating_add(500_000) / 1_000_000;
            match (s / 3600, s / 60 % 60, s % 60) {
                (0, minutes, seconds) => format!("{minutes} min {seconds} s"),
                (hours, minutes, _) => format!("{hours} h {minutes} min"),
            }
        }
    }
}

/// `value / unit` in three significant digits, rounded half up, without floating point (and its code size).
fn with_unit(value: u64, unit: u64, name: &str) -> String {
    for decimals in [2_u32, 1, 0] {
        let scale = 10_u64.pow(decimals);
        let scaled = (value * scale + unit / 2) / unit;
        if scaled < 1_000 || decimals == 0 {
            let (whole, rest) = (scaled / scale, scaled % scale);
            return match decimals {
                0 => format!("{whole} {name}"),
                _ => format!("{whole}.{rest:0width$} {name}", width = decimals as usize),
            };
        }
    }
    String::new()
}

/// A length for an SVG attribute, such as `12.34%`, from hundredths of a percent.
#[must_use]
pub fn percent(hundredths: u32) -> String {
    format!("{}.{:02}%", hundredths / 100, hundredths % 100)
}

/// A count with separators between thousands, as Korean and English write it: `1,000,000`.
#[must_use]
pub fn count(n: u64) -> String {
    let digits = n.to_string();
    let mut text = String::with_capacity(digits.len() + digits.len() / 3);
    for (i, digit) in digits.chars().enumerate() {
        if i > 0 && (digits.len() - i).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::{count, duration, percent};

    #[test]
    fn durations_have_three_significant_digits() {
        for (us, shown) in [
            (0, "0 µs"),
            (812, "812 µs"),
            (1_000, "1.00 ms"),
            (9_994, "9.99 ms"),
            (9_995, "10.0 ms"),
            (23_400, "23.4 ms"),
            (99_950, "100 ms"),
            (812_345, "812 ms"),
            (999_499, "999 ms"),
            (999_500, "1.00 s"),
            (1_200_000, "1.20 s"),
            (59_940_000, "59.9 s"),
            (200_000_000, "3 min 20 s"),
            (7_260_000_000, "2 h 1 min"),
        ] {
            assert_eq!(duration(us), shown, "{us}");
        }
    }

    #[test]
    fn no_duration_overflows() {
        assert!(duration(u64::MAX).ends_with("min"));
    }

    #[test]
    fn lengths_have_two_decimals() {
        for (hundredths, shown) in [(0, "0.00%"), (7, "0.07%"), (1_234, "12.34%"), (10_000, "100.00%")] {
            assert_eq!(percent(hundredths), shown);
        }
    }

    #[test]
    fn counts_have_separators() {
        for (n, shown) in [(0, "0"), (999, "999"), (1_000, "1,000"), (1_000_000, "1,000,000")] {
            assert_eq!(count(n), shown);
        }
    }
}
