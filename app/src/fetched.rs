//! What a page fetches from the server, and how the first of it travels to the browser with the page.

use leptos::prelude::*;
use leptos::server::codee::{Decoder, Encoder};
use model::BoardError;
use serde::{Serialize, de::DeserializeOwned};

/// A server function's answer, fetched anew whenever what it was asked changes.
pub type Fetched<T> = Resource<Result<T, BoardError>, AsciiJson>;

/// Asks `fetcher` for what `source` says.
pub fn fetch<S, T, Fut>(
    source: impl Fn() -> S + Send + Sync + 'static,
    fetcher: impl Fn(S) -> Fut + Send + Sync + 'static,
) -> Fetched<T>
where
    S: Clone + PartialEq + Send + Sync + 'static,
    T: Serialize + DeserializeOwned + Send + Sync + 'static,
    Fut: Future<Output = Result<T, BoardError>> + Send + 'static,
{
    Resource::new_with_options(source, fetcher, false)
}

/// JSON with all that is not ASCII escaped. Leptos writes it into the page with `Debug`, which looks every other character up
/// in tables: a fifth of the time that a page of Korean messages took.
pub struct AsciiJson;

impl<T: Serialize> Encoder<T> for AsciiJson {
    type Error = serde_json::Error;
    type Encoded = String;

    #[cfg(feature = "ssr")]
    fn encode(value: &T) -> Result<String, serde_json::Error> {
        let mut text = Vec::with_capacity(8 * 1024);
        value.serialize(&mut serde_json::Serializer::with_formatter(&mut text, ascii::Ascii))?;
        String::from_utf8(text).map_err(serde::ser::Error::custom)
    }

    #[cfg(not(feature = "ssr"))]
    fn encode(value: &T) -> Result<String, serde_json::Error> {
        serde_json::to_string(value)
    }
}

impl<T: DeserializeOwned> Decoder<T> for AsciiJson {
    type Error = serde_json::Error;
    type Encoded = str;

    fn decode(text: &str) -> Result<T, serde_json::Error> {
        serde_json::from_str(text)
    }
}

#[cfg(feature = "ssr")]
mod ascii {
    use serde_json::ser::Formatter;
    use std::io::{Result, Write};

    pub struct Ascii;

    impl Formatter for Ascii {
        fn write_string_fragment<W: Write + ?Sized>(&mut self, writer: &mut W, fragment: &str) -> Result<()> {
            let mut rest = fragment;
            while let Some(at) = rest.find(|c: char| !c.is_ascii()) {
                let (plain, other) = rest.split_at(at);
                writer.write_all(plain.as_bytes())?;
                let end = other.find(|c: char| c.is_ascii()).unwrap_or(other.len());
                let (other, after) = other.split_at(end);
                for unit in other.encode_utf16() {
                    const HEX: &[u8; 16] = b"0123456789abcdef";
                    let digit = |shift: u32| HEX[usize::from(unit >> shift & 15)];
                    writer.write_all(&[b'\\', b'u', digit(12), digit(8), digit(4), digit(0)])?;
                }
                rest = after;
            }
            writer.write_all(rest.as_bytes())
        }
    }
}

#[cfg(all(test, feature = "ssr"))]
mod tests {
    use super::AsciiJson;
    use leptos::server::codee::{Decoder, Encoder};
    use proptest::prelude::*;

    #[test]
    fn what_is_not_ascii_is_escaped() {
        let text = AsciiJson::encode(&"서버 \"a\" 🙂é".to_owned()).unwrap();
        assert_eq!(text, r#""\uc11c\ubc84 \"a\" \ud83d\ude42\u00e9""#);
    }

    proptest! {
        #[test]
        fn any_text_comes_back(text in any::<String>()) {
            let encoded = AsciiJson::encode(&text).unwrap();
            prop_assert!(encoded.is_ascii());
            let decoded: String = AsciiJson::decode(&encoded).unwrap();
            prop_assert_eq!(decoded, text);
        }
    }
}
