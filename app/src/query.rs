//! The query of the page's address, decoded once: leptos_router's own map decodes values that are decoded already, which
//! makes another search of `50%25`.

use leptos::prelude::*;
use leptos_router::hooks::use_location;

/// Names and values, in the order of the address.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Query(Vec<(String, String)>);

impl Query {
    /// Reads what stands after the `?`.
    #[must_use]
    pub fn parse(text: &str) -> Self {
        let pairs = text.trim_start_matches('?').split('&').filter(|pair| !pair.is_empty());
        Self(
            pairs
                .map(|pair| pair.split_once('=').unwrap_or((pair, "")))
                .map(|(k, v)| (decoded(k), decoded(v)))
                .collect(),
        )
    }

    /// The value of a name; the last one counts.
    #[must_use]
    pub fn get_str(&self, name: &str) -> Option<&str> {
        self.0.iter().rev().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }

    #[must_use]
    pub fn get(&self, name: &str) -> Option<String> {
        self.get_str(name).map(str::to_owned)
    }
}

/// The query of the page that is shown; follows the address.
#[must_use]
pub fn use_query() -> Memo<Query> {
    let search = use_location().search;
    Memo::new(move |_| search.with(|search| Query::parse(search)))
}

/// As forms encode: `+` is a space, `%` and two digits a byte. What is no such thing stays as it is.
fn decoded(text: &str) -> String {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((&byte, after)) = rest.split_first() {
        let digits = (byte == b'%').then(|| after.get(..2)).flatten();
        let digits = digits.filter(|digits| digits.iter().all(u8::is_ascii_hexdigit));
        let escaped = digits.and_then(|digits| u8::from_str_radix(std::str::from_utf8(digits).ok()?, 16).ok());
        bytes.push(escaped.unwrap_or(if byte == b'+' { b' ' } else { byte }));
        rest = if escaped.is_some() { &after[2..] } else { after };
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

#[cfg(test)]
mod tests {
    use super::Query;

    #[test]
    fn values_are_decoded_once() {
        for (text, value) in [
            ("?q=50%2525+off", "50%25 off"),
            ("q=%EC%84%9C%EB%B2%84", "서버"),
            ("q=a%26b&page=2", "a&b"),
            ("q=100%&x", "100%"),
            ("q=%zz%4", "%zz%4"),
            ("q=1&q=2", "2"),
            ("q", ""),
            ("q=%E1%84", "\u{fffd}"),
        ] {
            assert_eq!(Query::parse(text).get_str("q"), Some(value), "{text}");
        }
        assert_eq!(Query::parse("page=2").get_str("q"), None);
    }
}
