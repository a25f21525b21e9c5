//! What was typed into a form that failed, until its page is shown again. For readers without JavaScript.

use model::Timestamp;
use std::collections::VecDeque;
use std::sync::{Mutex, PoisonError};

/// Drafts kept at once; beyond that the oldest goes.
const MOST: usize = 256;
/// How long a draft is kept.
const LIFE_MS: i64 = 10 * 60 * 1000;
/// The longest message is 10,000 characters of up to 4 bytes.
const MOST_BYTES: usize = 50_000;

/// The fields of a form, by name. Never a password.
pub type Fields = Vec<(&'static str, String)>;

/// Drafts by owner (a session's or a visitor's public id) and form.
#[derive(Default)]
pub struct Drafts {
    kept: Mutex<VecDeque<Draft>>,
}

struct Draft {
    owner: String,
    form: &'static str,
    fields: Fields,
    at: Timestamp,
}

impl Drafts {
    /// Keeps the draft of a form in the place of an earlier one; too large a draft is not kept.
    pub fn keep(&self, owner: &str, form: &'static str, fields: Fields, now: Timestamp) {
        if owner.is_empty() || fields.iter().map(|(_, value)| value.len()).sum::<usize>() > MOST_BYTES {
            return;
        }
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        kept.retain(|draft| !(draft.owner == owner && draft.form == form) && lives(draft, now));
        if kept.len() >= MOST {
            kept.pop_front();
        }
        kept.push_back(Draft { owner: owner.to_owned(), form, fields, at: now });
    }

    /// The draft of a form; empty when there is none.
    #[must_use]
    pub fn find(&self, owner: &str, form: &str, now: Timestamp) -> Fields {
        let kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        let found = kept.iter().find(|draft| draft.owner == owner && draft.form == form && lives(draft, now));
        found.map(|draft| draft.fields.clone()).unwrap_or_default()
    }
}

fn lives(draft: &Draft, now: Timestamp) -> bool {
    now.as_millis() - draft.at.as_millis() < LIFE_MS
}

#[cfg(test)]
mod tests {
    use super::{Drafts, LIFE_MS, MOST, MOST_BYTES};
    use model::Timestamp;

    const NOW: Timestamp = Timestamp::from_millis(0);

    fn text(value: &str) -> Vec<(&'static str, String)> {
        vec![("text", value.to_owned())]
    }

    #[test]
    fn a_draft_is_found_by_its_owner_and_form_only() {
        let drafts = Drafts::default();
        drafts.keep("mina", "messages/post", text("안녕"), NOW);
        assert_eq!(drafts.find("mina", "messages/post", NOW), text("안녕"));
        assert!(drafts.find("jun", "messages/post", NOW).is_empty());
        assert!(drafts.find("mina", "accounts/log_in", NOW).is_empty());
    }

    #[test]
    fn a_later_draft_replaces_an_earlier_one() {
        let drafts = Drafts::default();
        drafts.keep("mina", "messages/post", text("1"), NOW);
        drafts.keep("mina", "messages/post", text("2"), NOW);
        assert_eq!(drafts.find("mina", "messages/post", NOW), text("2"));
    }

    #[test]
    fn a_draft_dies_after_ten_minutes() {
        let drafts = Drafts::default();
        drafts.keep("mina", "messages/post", text("x"), NOW);
        assert!(drafts.find("mina", "messages/post", Timestamp::from_millis(LIFE_MS)).is_empty());
    }

    #[test]
    fn the_oldest_goes_first_and_large_ones_are_not_kept() {
        let drafts = Drafts::default();
        for i in 0..=MOST {
            drafts.keep(&format!("visitor {i}"), "messages/post", text("x"), NOW);
        }
        assert!(drafts.find("visitor 0", "messages/post", NOW).is_empty());
        assert!(!drafts.find("visitor 1", "messages/post", NOW).is_empty());
        drafts.keep("mina", "messages/post", text(&"x".repeat(MOST_BYTES + 1)), NOW);
        drafts.keep("", "messages/post", text("nobody's"), NOW);
        assert!(drafts.find("mina", "messages/post", NOW).is_empty());
        assert!(drafts.find("", "messages/post", NOW).is_empty());
    }
}
