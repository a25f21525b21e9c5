use crate::{BoardError, Code, Timestamp};
use serde::{Deserialize, Serialize};
use std::fmt;
use std::sync::Arc;
use unicode_normalization::UnicodeNormalization;

/// A user name as it is shown: NFC, trimmed, 1 to 64 visible characters.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Username(Arc<str>);

impl Username {
    pub const MAX_CHARS: usize = 64;
    /// Of names that an older program stored.
    pub const MAX_STORED_CHARS: usize = 255;

    /// # Errors
    /// `CredentialsRequired` when empty; `InvalidUsername` when too long or not visible.
    pub fn parse(text: &str) -> Result<Self, BoardError> {
        let name: String = text.trim().nfc().collect();
        if name.is_empty() {
            return Err(Code::CredentialsRequired.into());
        }
        let visible = name.chars().all(is_visible) && name.chars().any(|c| !c.is_whitespace());
        if !visible || name.chars().count() > Self::MAX_CHARS {
            return Err(Code::InvalidUsername.into());
        }
        Ok(Self(name.into()))
    }

    /// A name as somebody says it who has an account already: it may be one that only an older program let register.
    /// `None` when no name is that long.
    #[must_use]
    pub fn said(text: &str) -> Option<Self> {
        let name: String = text.trim().nfc().collect();
        (name.chars().count() <= Self::MAX_STORED_CHARS).then(|| Self(name.into()))
    }

    /// A name that an older program stored: taken as it is.
    #[must_use]
    pub fn stored(name: String) -> Self {
        Self(name.into())
    }

    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Username {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Not a control character, and none of the invisible characters that let two names look alike.
fn is_visible(c: char) -> bool {
    !c.is_control()
        && (c == ' ' || !c.is_whitespace())
        && u32::from(c) & 0xfffe != 0xfffe
        && !matches!(c, '\u{fdd0}'..='\u{fdef}' | '\u{1d173}'..='\u{1d17a}')
        && !matches!(c,
            '\u{ad}' | '\u{34f}' | '\u{61c}' | '\u{115f}' | '\u{1160}' | '\u{17b4}' | '\u{17b5}'
            | '\u{180b}'..='\u{180f}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}'
            | '\u{2060}'..='\u{206f}' | '\u{2800}' | '\u{3164}' | '\u{fe00}'..='\u{fe0f}' | '\u{feff}' | '\u{ffa0}' | '\u{fff0}'..='\u{fffb}'
            | '\u{e0000}'..='\u{e0fff}')
}

/// A password in clear text, 1 to 1,024 bytes. Never printed, never serialised.
#[derive(Clone, PartialEq, Eq)]
pub struct Password(String);

impl Password {
    pub const MAX_BYTES: usize = 1024;
    /// What the pages ask for; the REST API takes any length for existing clients.
    pub const MIN_CHARS_IN_UI: usize = 8;

    /// # Errors
    /// `CredentialsRequired` when empty; `PasswordTooLong` beyond 1,024 bytes; `InvalidPassword` when shorter than
    /// `min_chars`.
    pub fn parse(text: String, min_chars: usize) -> Result<Self, BoardError> {
        if text.is_empty() {
            return Err(Code::CredentialsRequired.into());
        }
        if text.len() > Self::MAX_BYTES {
            return Err(Code::PasswordTooLong.into());
        }
        if text.chars().count() < min_chars {
            return Err(Code::InvalidPassword.into());
        }
        Ok(Self(text))
    }

    #[must_use]
    pub fn as_bytes(&self) -> &[u8] {
        self.0.as_bytes()
    }
}

impl fmt::Debug for Password {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Password(***)")
    }
}

/// Who is signed in, as the pages see it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Account {
    pub username: Username,
    /// Sees logs, traces and statistics of everybody.
    pub operator: bool,
}

/// One signed-in browser of a user.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SessionSummary {
    /// Names the session when it is ended; says nothing about its token.
    pub id: String,
    pub user_agent: String,
    pub login_at: Timestamp,
    pub last_activity: Timestamp,
    /// Whether this is the session that asks.
    pub current: bool,
}

#[cfg(test)]
mod tests {
    use super::{Password, Username};
    use crate::Code;

    #[test]
    fn a_name_is_trimmed_and_normalised() {
        let decomposed = Username::parse("  cafe\u{301} ").unwrap_or_else(|e| panic!("{e}"));
        assert_eq!(decomposed.as_str(), "caf\u{e9}");
        assert_eq!(Username::parse("김 민아 🙂").map(|n| n.to_string()), Ok("김 민아 🙂".to_owned()));
    }

    #[test]
    fn invisible_or_long_names_are_refused() {
        for bad in ["a\u{200b}b", "a\nb", "\u{3164}", &"x".repeat(65)] {
            assert_eq!(Username::parse(bad).map_err(|e| e.code), Err(Code::InvalidUsername), "{bad:?}");
        }
        assert!(Username::parse(&"가".repeat(64)).is_ok());
        assert_eq!(Username::parse(" \t ").map_err(|e| e.code), Err(Code::CredentialsRequired));
    }

    #[test]
    fn passwords_are_bounded_and_never_printed() {
        assert!(Password::parse("x".into(), 1).is_ok());
        assert!(Password::parse("x".repeat(1025), 1).is_err());
        assert_eq!(Password::parse("short".into(), 8).map_err(|e| e.code), Err(Code::InvalidPassword));
        let shown = format!("{:?}", Password::parse("secret-thing".into(), 1));
        assert!(!shown.contains("secret"));
    }
}
