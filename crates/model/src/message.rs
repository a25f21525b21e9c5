use crate::{BoardError, Code, Pagination, Timestamp};
use serde::{Deserialize, Serialize};

/// The text of a new message: 1 to 10,000 characters, not only white space. Kept exactly as typed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct MessageText(String);

impl MessageText {
    pub const MAX_CHARS: usize = 10_000;

    /// # Errors
    /// `InvalidMessage` when blank, longer than 10,000 characters, or with a NUL character.
    pub fn parse(text: String) -> Result<Self, BoardError> {
        let fits = text.len() <= Self::MAX_CHARS || text.chars().count() <= Self::MAX_CHARS;
        if text.trim().is_empty() || !fits || text.contains('\0') {
            return Err(Code::InvalidMessage.into());
        }
        Ok(Self(text))
    }

    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    #[must_use]
    pub fn into_string(self) -> String {
        self.0
    }
}

/// A stored message. Rows of older programs may lack text, time or author.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Message {
    pub id: i64,
    pub text: Option<String>,
    pub created_at: Option<Timestamp>,
    /// The author's user name.
    pub author: Option<String>,
}

/// Whose messages are listed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Scope {
    #[default]
    Everyone,
    Mine,
}

/// A page of messages, newest first.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct MessagePage {
    pub messages: Vec<Message>,
    pub pagination: Pagination,
}

#[cfg(test)]
mod tests {
    use super::MessageText;

    #[test]
    fn any_script_counts_by_character() {
        assert!(MessageText::parse("🙂".repeat(10_000)).is_ok());
        assert!(MessageText::parse("가".repeat(10_001)).is_err());
        assert!(MessageText::parse(" \n\t".into()).is_err());
        assert_eq!(MessageText::parse(" <b>안녕</b> ".into()).map(|m| m.into_string()), Ok(" <b>안녕</b> ".into()));
    }
}
