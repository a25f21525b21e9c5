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
        Self(form_urlencoded::parse(text.trim_start_matches('?').as_bytes()).into_owned().collect())
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
