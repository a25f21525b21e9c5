//! W3C Trace Context, level 2: <https://www.w3.org/TR/trace-context-2/>.

use std::fmt;

/// The header, and the name of the page's `<meta>`.
pub const TRACEPARENT: &str = "traceparent";

/// Where a span stands: its trace, its own id, and whether it is recorded.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct TraceParent {
    pub trace_id: [u8; 16],
    pub span_id: [u8; 8],
    pub sampled: bool,
}

impl TraceParent {
    /// Reads `00-{32 hex}-{16 hex}-{2 hex}`, and of a later version what begins so: it may have more after another dash. `None`
    /// for anything else, upper case, and ids of zeros only.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let mut fields = text.split('-');
        let (version, trace_id, span_id, flags) = (fields.next()?, fields.next()?, fields.next()?, fields.next()?);
        match hex::decode::<1>(version)? {
            [0] if fields.next().is_some() => return None,
            // Not a version.
            [0xff] => return None,
            _ => {}
        }
        let [flags] = hex::decode::<1>(flags)?;
        Some(Self {
            trace_id: trace_id_from_hex(trace_id)?,
            span_id: span_id_from_hex(span_id)?,
            sampled: flags & 1 == 1,
        })
    }

    /// The trace id as 32 lower-case hexadecimal digits.
    #[must_use]
    pub fn trace_id_hex(&self) -> String {
        hex::encode(&self.trace_id)
    }

    /// The span id as 16 lower-case hexadecimal digits.
    #[must_use]
    pub fn span_id_hex(&self) -> String {
        hex::encode(&self.span_id)
    }
}

impl TraceParent {
    /// As it is written, in ASCII.
    #[must_use]
    pub fn written(&self) -> Vec<u8> {
        let mut text = Vec::with_capacity(55);
        text.extend_from_slice(b"00-");
        hex::push_bytes(&mut text, &self.trace_id);
        text.push(b'-');
        hex::push_bytes(&mut text, &self.span_id);
        text.extend_from_slice(if self.sampled { b"-01" } else { b"-00" });
        text
    }

    /// The same as text.
    #[must_use]
    pub fn text(&self) -> String {
        // Digits always are text.
        String::from_utf8(self.written()).unwrap_or_default()
    }
}

impl fmt::Display for TraceParent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text())
    }
}

/// A trace id from 32 lower-case hexadecimal digits, not all zero.
#[must_use]
pub fn trace_id_from_hex(text: &str) -> Option<[u8; 16]> {
    hex::decode(text).filter(|id| *id != [0; 16])
}

/// A span id from 16 lower-case hexadecimal digits, not all zero.
#[must_use]
pub fn span_id_from_hex(text: &str) -> Option<[u8; 8]> {
    hex::decode(text).filter(|id| *id != [0; 8])
}

/// Traces below this number are kept: of so large a part of all, from 0 to 1.
#[cfg(not(target_arch = "wasm32"))]
#[must_use]
pub fn threshold(ratio: f64) -> u64 {
    (ratio * (1u64 << 56) as f64) as u64
}

/// Whether a trace is among those that are kept: the last 56 bits of its id, which W3C wants to be random, are its number.
/// <https://opentelemetry.io/docs/specs/otel/trace/tracestate-probability-sampling/>
#[must_use]
pub fn is_below(trace_id: &[u8; 16], threshold: u64) -> bool {
    let mut last = [0; 8];
    last[1..].copy_from_slice(&trace_id[9..]);
    u64::from_be_bytes(last) < threshold
}

/// Lower-case hexadecimal digits.
pub mod hex {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";

    #[must_use]
    pub fn encode(bytes: &[u8]) -> String {
        let mut text = Vec::with_capacity(bytes.len() * 2);
        push_bytes(&mut text, bytes);
        // Digits always are text.
        String::from_utf8(text).unwrap_or_default()
    }

    /// Appends the digits of `bytes`.
    pub fn push(text: &mut String, bytes: &[u8]) {
        for byte in bytes {
            text.push(char::from(DIGITS[usize::from(byte >> 4)]));
            text.push(char::from(DIGITS[usize::from(byte & 15)]));
        }
    }

    /// Appends the digits of `bytes` to a text in ASCII.
    pub fn push_bytes(text: &mut Vec<u8>, bytes: &[u8]) {
        let start = text.len();
        text.resize(start + bytes.len() * 2, 0);
        for (digits, byte) in text[start..].chunks_exact_mut(2).zip(bytes) {
            digits[0] = DIGITS[usize::from(byte >> 4)];
            digits[1] = DIGITS[usize::from(byte & 15)];
        }
    }

    /// Exactly `N` bytes, from exactly `2 N` lower-case digits.
    #[must_use]
    pub fn decode<const N: usize>(text: &str) -> Option<[u8; N]> {
        let mut bytes = [0; N];
        read(text.as_bytes(), &mut bytes).then_some(bytes)
    }

    fn read(digits: &[u8], bytes: &mut [u8]) -> bool {
        let pairs = digits.chunks_exact(2);
        digits.len() == bytes.len() * 2
            && bytes.iter_mut().zip(pairs).all(|(byte, pair)| match (value(pair[0]), value(pair[1])) {
                (Some(high), Some(low)) => {
                    *byte = high << 4 | low;
                    true
                }
                _ => false,
            })
    }

    const fn value(digit: u8) -> Option<u8> {
        match digit {
            b'0'..=b'9' => Some(digit - b'0'),
            b'a'..=b'f' => Some(digit - b'a' + 10),
            _ => None,
        }
    }
}

#[cfg(all(test, not(target_arch = "wasm32")))]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::{TraceParent, hex};
    use proptest::prelude::*;

    const EXAMPLE: &str = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";

    #[test]
    fn the_specifications_example_is_read_and_written() {
        let parent = TraceParent::parse(EXAMPLE).unwrap();
        assert_eq!(parent.trace_id_hex(), "4bf92f3577b34da6a3ce929d0e0e4736");
        assert_eq!(parent.span_id_hex(), "00f067aa0ba902b7");
        assert!(parent.sampled);
        assert_eq!(parent.to_string(), EXAMPLE);
    }

    #[test]
    fn only_the_lowest_flag_says_sampled() {
        let with = |flags: &str| TraceParent::parse(&format!("{}{flags}", &EXAMPLE[..53])).map(|parent| parent.sampled);
        assert_eq!(with("00"), Some(false));
        assert_eq!(with("02"), Some(false));
        assert_eq!(with("03"), Some(true));
        assert_eq!(with("ff"), Some(true));
        assert_eq!(with("0"), None);
    }

    #[test]
    fn of_a_later_version_the_known_fields_are_read() {
        let known = TraceParent::parse(EXAMPLE);
        for (version, more) in [("01", ""), ("01", "-"), ("01", "-extra-fields"), ("cc", "-00"), ("fe", "")] {
            let later = format!("{version}{}{more}", &EXAMPLE[2..]);
            assert_eq!(TraceParent::parse(&later), known, "{later}");
        }
    }

    #[test]
    fn what_the_specification_forbids_is_refused() {
        for bad in [
            "",
            "00",
            "0-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
            "0x-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
            "0A-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
            "01-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01.extra",
            "01-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7",
            "ff-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
            "00-4BF92F3577B34DA6A3CE929D0E0E4736-00f067aa0ba902b7-01",
            "00-00000000000000000000000000000000-00f067aa0ba902b7-01",
            "00-4bf92f3577b34da6a3ce929d0e0e4736-0000000000000000-01",
            "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01-extra",
            "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01-",
            " 00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
            "00-4bf92f3577b34da6a3ce929d0e0e473-600f067aa0ba902b7-01",
        ] {
            assert_eq!(TraceParent::parse(bad), None, "{bad}");
        }
    }

    proptest! {
        #[test]
        fn what_is_written_is_read_back(trace_id: [u8; 16], span_id: [u8; 8], sampled: bool) {
            prop_assume!(trace_id != [0; 16] && span_id != [0; 8]);
            let parent = TraceParent { trace_id, span_id, sampled };
            prop_assert_eq!(TraceParent::parse(&parent.to_string()), Some(parent));
        }

        #[test]
        fn no_header_panics(text in ".{0,80}") {
            let _ = TraceParent::parse(&text);
        }

        #[test]
        fn hex_is_read_back(bytes: [u8; 7]) {
            prop_assert_eq!(hex::decode::<7>(&hex::encode(&bytes)), Some(bytes));
        }
    }
}
