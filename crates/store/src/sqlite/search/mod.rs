//! Exact substring search on an index of three-character terms.
//!
//! The index is a cascade of segments of 2^8, 2^12 and 2^16 ids; the newest messages are in none yet. A search reads
//! those texts themselves, then the segments from the newest, all in one read transaction: what is committed is found.

mod index;
mod postings;
mod query;
mod terms;

pub(super) use index::{Step, forget, step as index_step};
pub(super) use query::search;

use std::borrow::Cow;

/// [`board::fold::fold`], without its tables where the text has only ASCII and Hangul syllables: these are NFC in any
/// order, and only ASCII capitals fold.
fn fold(text: &str) -> Cow<'_, str> {
    if !text.chars().all(|c| c.is_ascii() || matches!(c, '가'..='힣')) {
        return Cow::Owned(board::fold::fold(text));
    }
    if text.bytes().any(|byte| byte.is_ascii_uppercase()) {
        return Cow::Owned(text.to_ascii_lowercase());
    }
    Cow::Borrowed(text)
}

#[cfg(test)]
mod tests {
    use super::fold;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn texts_fold_as_the_board_does(text in "[ -~\\t\\n가-힣]{0,40}|[a가각\u{1100}\u{1161}\u{11a8}]{0,6}") {
            prop_assert_eq!(fold(&text).into_owned(), board::fold::fold(&text));
        }
    }
}
