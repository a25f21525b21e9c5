//! One folding for names and search: NFC, then Unicode simple case folding; accents stay distinct.

use icu_casemap::CaseMapper;
use model::Username;
use std::borrow::Cow;
use unicode_normalization::UnicodeNormalization;
use unicode_segmentation::UnicodeSegmentation;

/// The text as it is compared.
#[must_use]
pub fn fold(text: &str) -> Cow<'_, str> {
    // Texts of ASCII and Hangul syllables are NFC in any order, and only ASCII capitals fold: no tables are needed.
    if !text.chars().all(|c| c.is_ascii() || matches!(c, '가'..='힣')) {
        return Cow::Owned(fold_by_tables(text));
    }
    if text.bytes().any(|byte| byte.is_ascii_uppercase()) {
        return Cow::Owned(text.to_ascii_lowercase());
    }
    Cow::Borrowed(text)
}

fn fold_by_tables(text: &str) -> String {
    let mapper = CaseMapper::new();
    // Some capitals exist only as a letter with a mark: folded, the two can be one character.
    text.nfc().map(|c| mapper.simple_fold(c)).nfc().collect()
}

/// The key under which a user is unique.
#[must_use]
pub fn user_key(name: &Username) -> String {
    fold(name.as_str().trim()).into_owned()
}

/// Byte ranges of `text` whose folding is `folded_query`, ascending, not overlapping.
///
/// A match that begins or ends inside of a grapheme covers the whole grapheme.
#[must_use]
pub fn highlights(text: &str, folded_query: &str) -> Vec<(u32, u32)> {
    if folded_query.is_empty() {
        return Vec::new();
    }
    let mut folded = String::with_capacity(text.len());
    // For each grapheme: where its folding begins, and where it stands in the text.
    let mut graphemes: Vec<(usize, usize, usize)> = Vec::new();
    for (start, grapheme) in text.grapheme_indices(true) {
        graphemes.push((folded.len(), start, start + grapheme.len()));
        folded.push_str(&fold(grapheme));
    }
    let source_of = |at: usize| graphemes[graphemes.partition_point(|(begin, ..)| *begin <= at).saturating_sub(1)];
    let mut ranges: Vec<(u32, u32)> = Vec::new();
    for (begin, matched) in folded.match_indices(folded_query) {
        let (_, start, _) = source_of(begin);
        let (_, _, end) = source_of(begin + matched.len() - 1);
        let (Ok(start), Ok(end)) = (u32::try_from(start), u32::try_from(end)) else { break };
        match ranges.last_mut() {
            Some(last) if start < last.1 => last.1 = end,
            _ => ranges.push((start, end)),
        }
    }
    ranges
}

#[cfg(test)]
mod tests {
    use super::{fold, fold_by_tables, highlights};
    use proptest::prelude::*;

    #[test]
    fn case_folds_and_accents_stay() {
        assert_eq!(fold("ÀÉ서버İ"), fold("àé서버İ"));
        assert_ne!(fold("e"), fold("é"));
        assert_eq!(fold("cafe\u{301}"), fold("CAFÉ"));
        assert_eq!(fold("ΣΑΣ"), fold("σας"));
    }

    #[test]
    fn highlights_point_into_the_original_text() {
        let text = "A cafe\u{301} and a CAFÉ 서버";
        let found: Vec<&str> =
            highlights(text, &fold("Café")).iter().map(|&(s, e)| &text[s as usize..e as usize]).collect();
        assert_eq!(found, ["cafe\u{301}", "CAFÉ"]);
        assert_eq!(highlights("서버", &fold("버")), [(3, 6)]);
        assert!(highlights("abc", "").is_empty());
    }

    proptest! {
        #[test]
        fn texts_fold_without_tables_as_with_them(text in "[ -~\\t\\n가-힣]{0,40}|[a가각\u{1100}\u{1161}\u{11a8}]{0,6}") {
            prop_assert_eq!(fold(&text), fold_by_tables(&text));
        }

        #[test]
        fn highlights_are_ordered_and_on_character_boundaries(text in "\\PC{0,40}", query in "\\PC{1,3}") {
            let mut last = 0;
            for (start, end) in highlights(&text, &fold(&query)) {
                prop_assert!(last <= start && start < end);
                prop_assert!(text.get(start as usize..end as usize).is_some());
                last = end;
            }
        }
    }
}
