//! Terms: three consecutive characters as one integer, 21 bits each; the last two positions of a text are padded with 0.
//! So terms that begin alike are neighbours, and texts with one or two characters in a row are a range of terms.

use std::ops::Range;

const BITS: u32 = 21;

/// How a query is looked up.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Lookup {
    /// One or two characters: any term in the range. Exact.
    Range(Range<i64>),
    /// Three characters: exactly the messages with this term. More: candidates have all of these.
    All(Vec<i64>),
}

impl Lookup {
    /// Terms looked up for one query; the text decides about the rest.
    pub(crate) const MOST_TERMS: usize = 16;
}

/// How the query (folded, not empty) is looked up.
pub(super) fn lookup(folded_query: &str) -> Lookup {
    let chars: Vec<i64> = folded_query.chars().map(code).collect();
    match *chars.as_slice() {
        [first] => Lookup::Range(term(first, 0, 0)..term(first + 1, 0, 0)),
        [first, second] => Lookup::Range(term(first, second, 0)..term(first, second + 1, 0)),
        _ => {
            let all: Vec<i64> = chars.windows(3).map(|three| term(three[0], three[1], three[2])).collect();
            let mut chosen = spread(&all);
            chosen.sort_unstable();
            chosen.dedup();
            Lookup::All(chosen)
        }
    }
}

/// Gives each position's term of a folded text; a term may come several times.
pub(super) fn each_term(folded_text: &str, mut give: impl FnMut(i64)) {
    let (mut first, mut second) = (0, 0);
    for next in folded_text.chars().map(code).chain([0, 0]) {
        if first != 0 {
            give(term(first, second, next));
        }
        (first, second) = (second, next);
    }
}

/// At most [`Lookup::MOST_TERMS`], evenly over the query, its first and last among them.
fn spread(all: &[i64]) -> Vec<i64> {
    if all.len() <= Lookup::MOST_TERMS {
        return all.to_vec();
    }
    let most = Lookup::MOST_TERMS;
    (0..most).map(|n| all[n * (all.len() - 1) / (most - 1)]).collect()
}

/// 0 stays free for the padding.
fn code(c: char) -> i64 {
    i64::from(u32::from(c)) + 1
}

fn term(first: i64, second: i64, third: i64) -> i64 {
    (first << (2 * BITS)) | (second << BITS) | third
}

#[cfg(test)]
mod tests {
    use super::{Lookup, each_term, lookup};
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn a_text_has_all_terms_of_what_it_contains(before in "\\PC{0,5}", query in "\\PC{1,40}", after in "\\PC{0,5}") {
            let mut terms = Vec::new();
            each_term(&format!("{before}{query}{after}"), |term| terms.push(term));
            match lookup(&query) {
                Lookup::Range(range) => prop_assert!(terms.iter().any(|term| range.contains(term))),
                Lookup::All(all) => prop_assert!(all.iter().all(|term| terms.contains(term))),
            }
        }

        #[test]
        fn up_to_three_characters_are_looked_up_exactly(text in "[a-c\u{10fffe}\u{10ffff}]{0,8}", query in "[a-c\u{10ffff}]{1,3}") {
            let mut terms = Vec::new();
            each_term(&text, |term| terms.push(term));
            let found = match lookup(&query) {
                Lookup::Range(range) => terms.iter().any(|term| range.contains(term)),
                Lookup::All(all) => all.iter().all(|term| terms.contains(term)),
            };
            prop_assert_eq!(found, text.contains(&query));
        }
    }
}
