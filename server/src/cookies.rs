//! The session cookie: `user key . token . signature`; and the visitor cookie.

use app::context::SessionCookies;
use base64::Engine as _;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use board::{SESSION_TTL_S, SessionToken, SignedIn};
use hmac::{Hmac, KeyInit, Mac};
use sha2::{Digest, Sha256};
use telemetry::propagation::hex;

pub const SESSION: &str = "session";
pub const VISITOR: &str = "visitor";

/// Signs and reads session cookies.
pub struct Cookies {
    /// Signs; the further ones are still accepted.
    keys: Vec<Hmac<Sha256>>,
    /// Served over TLS.
    secure: bool,
}

impl Cookies {
    #[must_use]
    pub fn new(key: &str, previous: Option<&str>, secure: bool) -> Self {
        let keys = [Some(key), previous].into_iter().flatten();
        let keys = keys.filter_map(|key| Hmac::new_from_slice(key.as_bytes()).ok()).collect();
        Self { keys, secure }
    }

    /// User key and token of a cookie that this board signed.
    #[must_use]
    pub fn read(&self, value: &str) -> Option<(String, SessionToken)> {
        let (signed, signature) = value.rsplit_once('.')?;
        let signature: [u8; 32] = hex::decode(signature)?;
        let valid = |key: &Hmac<Sha256>| key.clone().chain_update(signed).verify_slice(&signature).is_ok();
        if !self.keys.iter().any(valid) {
            return None;
        }
        let (key, token) = signed.split_once('.')?;
        let key = String::from_utf8(BASE64_URL_SAFE_NO_PAD.decode(key).ok()?).ok()?;
        Some((key, SessionToken::parse(token)?))
    }

    /// `Set-Cookie` for a session cookie's value: one hour from now.
    #[must_use]
    pub fn set_session(&self, value: &str) -> String {
        format!("{SESSION}={value}; Path=/; HttpOnly; SameSite=Lax; Max-Age={SESSION_TTL_S}{}", self.secure_flag())
    }

    /// `Set-Cookie` for a visitor: a year from now.
    #[must_use]
    pub fn set_visitor(&self, value: &str) -> String {
        format!("{VISITOR}={value}; Path=/; HttpOnly; SameSite=Lax; Max-Age=31536000{}", self.secure_flag())
    }

    fn secure_flag(&self) -> &'static str {
        if self.secure { "; Secure" } else { "" }
    }
}

impl SessionCookies for Cookies {
    fn issue(&self, who: &SignedIn, token: &SessionToken) -> String {
        let signed = format!("{}.{}", BASE64_URL_SAFE_NO_PAD.encode(&*who.user_key), token.expose());
        let signature = self.keys.first().map(|key| key.clone().chain_update(&signed).finalize().into_bytes());
        self.set_session(&format!("{signed}.{}", hex::encode(&signature.unwrap_or_default())))
    }

    fn clear(&self) -> String {
        format!("{SESSION}=; Path=/; HttpOnly; SameSite=Lax; Max-Age=0{}", self.secure_flag())
    }
}

/// The public name of a visitor: says nothing about the cookie.
#[must_use]
pub fn visitor_id(cookie: &str) -> String {
    hex::encode(&Sha256::digest(cookie.as_bytes())[..8])
}

/// The cookies of a request that the board knows; of two with the same name the first.
#[derive(Debug, Default)]
pub struct Sent<'a> {
    header: &'a str,
    pub visitor: Option<&'a str>,
    pub lang: Option<&'a str>,
    pub zone: Option<&'a str>,
    pub theme: Option<&'a str>,
    pub ribbon: Option<&'a str>,
}

impl<'a> Sent<'a> {
    /// Reads a `Cookie` header.
    #[must_use]
    pub fn read(header: &'a str) -> Self {
        let mut sent = Self { header, ..Self::default() };
        for (name, value) in pairs(header) {
            let place = match name {
                VISITOR => &mut sent.visitor,
                "lang" => &mut sent.lang,
                "tz" => &mut sent.zone,
                "theme" => &mut sent.theme,
                "ribbon" => &mut sent.ribbon,
                _ => continue,
            };
            place.get_or_insert(value);
        }
        sent
    }

    /// All session cookies: an older one of the same name may stand before the good one.
    pub fn sessions(&self) -> impl Iterator<Item = &'a str> + use<'a> {
        pairs(self.header).filter(|(name, _)| *name == SESSION).map(|(_, value)| value)
    }
}

fn pairs(header: &str) -> impl Iterator<Item = (&str, &str)> {
    header.split(';').filter_map(|pair| pair.trim_ascii().split_once('=')).filter(|(_, value)| !value.is_empty())
}

#[cfg(test)]
pub(crate) mod tests {
    use super::{Cookies, Sent};
    use app::context::SessionCookies;
    use board::ports::Session;
    use board::{SessionToken, SignedIn};
    use model::{Timestamp, Username};
    use std::sync::Arc;

    pub(crate) fn signed_in(name: &str) -> SignedIn {
        let username = Username::stored(name.to_owned());
        let now = Timestamp::default();
        let session = Session {
            id: String::new(),
            username: username.clone(),
            browser_id: String::new(),
            user_agent: String::new(),
            login_at: now,
            last_activity: now,
            expires_at: now,
        };
        SignedIn { username, user_key: name.into(), session: Arc::new(session) }
    }

    fn value(cookie: &str) -> &str {
        Sent::read(cookie).sessions().next().unwrap_or_default()
    }

    #[test]
    fn a_cookie_is_read_back_and_a_forged_one_is_not() {
        let cookies = Cookies::new("key", None, true);
        let token = SessionToken::parse(&"ab".repeat(32)).unwrap();
        let cookie = cookies.issue(&signed_in("김 민아"), &token);
        assert!(cookie.contains("HttpOnly") && cookie.contains("SameSite=Lax") && cookie.contains("Secure"));
        let read = cookies.read(value(&cookie)).unwrap();
        assert_eq!((read.0.as_str(), read.1.expose()), ("김 민아", token.expose()));
        let forged = value(&cookie).replacen("ab", "cd", 1);
        assert!(cookies.read(&forged).is_none());
        assert!(Cookies::new("other", None, true).read(value(&cookie)).is_none());
        assert!(Cookies::new("new", Some("key"), true).read(value(&cookie)).is_some(), "while keys rotate");
        for nonsense in ["", ".", "..", "a.b.c", "a.b"] {
            assert!(cookies.read(nonsense).is_none());
        }
    }

    #[test]
    fn a_cookie_is_found_by_its_whole_name() {
        let sessions = |header| Sent::read(header).sessions().collect::<Vec<_>>();
        assert_eq!(sessions("a=1; session=x.y; b=2"), ["x.y"]);
        assert!(sessions("xsession=1; session=; session").is_empty());
        assert_eq!(sessions("session=1;session=2=3"), ["1", "2=3"]);
        let sent = Sent::read("lang=; lang=ko; lang=en;visitor=v; tz=Asia/Seoul");
        assert_eq!((sent.lang, sent.visitor, sent.zone, sent.theme), (Some("ko"), Some("v"), Some("Asia/Seoul"), None));
    }
}
