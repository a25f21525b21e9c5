//! What a client's headers say of it, which is mostly the same for all requests of a connection.

use crate::cookies::{Cookies, Sent, visitor_id};
use board::SessionToken;
use http::HeaderMap;
use http::header::{ACCEPT_LANGUAGE, COOKIE, HeaderName, HeaderValue, USER_AGENT};
use model::Lang;
use std::borrow::Cow;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use telemetry::server::mask_addresses;

/// Session cookies that are looked at: one for each path and domain that ever set one.
const MAX_SESSIONS: usize = 4;

/// Of headers that are remembered.
const MAX_REMEMBERED_BYTES: usize = 4096;

/// What the cookies, the User-Agent and the languages of a request say, before anybody is asked whether it is so.
pub struct Said {
    cookies: String,
    languages: String,
    /// As it was sent.
    agent: Arc<str>,
    /// Without what it says of a person.
    pub user_agent: Arc<str>,
    /// Mostly one.
    pub sessions: Vec<SessionCookie>,
    /// The visitor cookie's hash, empty without a valid one.
    pub browser_id: Arc<str>,
    pub lang: Lang,
    pub zone: Option<Arc<str>>,
    pub theme: Option<&'static str>,
    pub ribbon_folded: bool,
}

/// A session cookie that this board signed.
pub struct SessionCookie {
    pub value: String,
    pub user_key: Arc<str>,
    pub token: SessionToken,
}

/// What was said last on a connection: the same headers are read, and their signatures checked, once.
#[derive(Default)]
pub struct LastSaid(Mutex<Option<Arc<Said>>>);

impl LastSaid {
    pub fn read(&self, keys: &Cookies, headers: &HeaderMap) -> Arc<Said> {
        let cookies = joined_cookies(headers);
        let (user_agent, languages) = (text(headers, &USER_AGENT), text(headers, &ACCEPT_LANGUAGE));
        let said_so =
            |said: &Arc<Said>| said.cookies == cookies && *said.agent == *user_agent && said.languages == languages;
        let known = self.lock().clone().filter(said_so);
        known.unwrap_or_else(|| {
            let short = cookies.len() + user_agent.len() + languages.len() <= MAX_REMEMBERED_BYTES;
            let said = Arc::new(Said::read(keys, cookies.into_owned(), user_agent, languages));
            *self.lock() = short.then(|| Arc::clone(&said));
            said
        })
    }

    fn lock(&self) -> MutexGuard<'_, Option<Arc<Said>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Said {
    fn read(keys: &Cookies, cookies: String, user_agent: &str, languages: &str) -> Self {
        let sent = Sent::read(&cookies);
        let sessions = sent.sessions().take(MAX_SESSIONS).filter_map(|value| {
            let (key, token) = keys.read(value)?;
            Some(SessionCookie { value: value.to_owned(), user_key: key.into(), token })
        });
        let lang = sent.lang.and_then(Lang::from_tag);
        let agent: Arc<str> = user_agent.into();
        Self {
            sessions: sessions.collect(),
            browser_id: sent.visitor.filter(is_visitor).map(|visitor| visitor_id(visitor).into()).unwrap_or_default(),
            lang: lang.or_else(|| Lang::from_accept_language(languages)).unwrap_or_default(),
            zone: sent.zone.map(decoded).filter(|zone| zone.len() <= 64).map(Into::into),
            theme: ["light", "dark"].into_iter().find(|theme| sent.theme == Some(theme)),
            ribbon_folded: sent.ribbon == Some("folded"),
            user_agent: match mask_addresses(user_agent) {
                Cow::Borrowed(_) => Arc::clone(&agent),
                Cow::Owned(masked) => masked.into(),
            },
            agent,
            languages: languages.to_owned(),
            cookies,
        }
    }
}

fn is_visitor(value: &&str) -> bool {
    value.len() == 32 && value.bytes().all(|byte| byte.is_ascii_hexdigit())
}

/// HTTP/2 may send each cookie by itself.
fn joined_cookies(headers: &HeaderMap) -> Cow<'_, str> {
    let mut lines = headers.get_all(COOKIE).iter().map(cookie_line);
    let mut joined = lines.next().unwrap_or_default();
    for line in lines {
        let joined = joined.to_mut();
        joined.push_str("; ");
        joined.push_str(&line);
    }
    joined
}

/// Other programs on the same host may have set cookies that are not ASCII.
fn cookie_line(value: &HeaderValue) -> Cow<'_, str> {
    value.to_str().map_or_else(|_| String::from_utf8_lossy(value.as_bytes()), Cow::Borrowed)
}

/// A zone's `/` may come percent-encoded.
fn decoded(value: &str) -> String {
    value.replace("%2F", "/").replace("%2f", "/")
}

fn text<'a>(headers: &'a HeaderMap, name: &HeaderName) -> &'a str {
    headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::LastSaid;
    use crate::cookies::Cookies;
    use crate::cookies::tests::signed_in;
    use app::context::SessionCookies;
    use board::SessionToken;
    use http::HeaderMap;
    use http::header::{ACCEPT_LANGUAGE, COOKIE, HeaderName, USER_AGENT};
    use model::Lang;
    use std::sync::Arc;

    fn headers(pairs: &[(HeaderName, &str)]) -> HeaderMap {
        pairs.iter().map(|(name, value)| (name.clone(), value.parse().unwrap())).collect()
    }

    #[test]
    fn a_client_that_says_something_else_is_heard_anew() {
        let (cookies, last) = (Cookies::new("key", None, false), LastSaid::default());
        let read = |pairs: &[(HeaderName, &str)]| last.read(&cookies, &headers(pairs));
        let first = read(&[(COOKIE, "lang=ko; tz=Asia%2FSeoul"), (USER_AGENT, "a")]);
        assert!(Arc::ptr_eq(&first, &read(&[(COOKIE, "lang=ko; tz=Asia%2FSeoul"), (USER_AGENT, "a")])));
        assert_eq!((first.lang, first.zone.as_deref()), (Lang::Ko, Some("Asia/Seoul")));
        assert_eq!(read(&[(COOKIE, "lang=en"), (USER_AGENT, "a")]).lang, Lang::En);
        assert_eq!(&*read(&[(COOKIE, "lang=en"), (USER_AGENT, "b")]).user_agent, "b");
        let of_bot = read(&[(USER_AGENT, "bot (+mailto:mina@example.org)")]);
        assert_eq!(&*of_bot.user_agent, "bot (+mailto:***@example.org)");
        assert!(Arc::ptr_eq(&of_bot, &read(&[(USER_AGENT, "bot (+mailto:mina@example.org)")])));
        assert_eq!(read(&[(ACCEPT_LANGUAGE, "ko")]).lang, Lang::Ko);
        assert_eq!(read(&[(ACCEPT_LANGUAGE, "en")]).lang, Lang::En);
        let two = read(&[(COOKIE, "lang=ko"), (COOKIE, "theme=dark")]);
        assert_eq!((two.lang, two.theme), (Lang::Ko, Some("dark")));
    }

    #[test]
    fn people_who_share_a_connection_stay_who_they_are() {
        let (cookies, last) = (Cookies::new("key", None, false), LastSaid::default());
        let cookie = |name: &str| {
            let set = cookies.issue(&signed_in(name), &SessionToken::parse(&"ab".repeat(32)).unwrap());
            set.split(';').next().unwrap().to_owned()
        };
        let (mina, jun) = (cookie("mina"), cookie("jun"));
        let long = format!("{mina}; other={}", "x".repeat(5000));
        for (sent, expected) in [
            (Some(&mina), Some("mina")),
            (Some(&jun), Some("jun")),
            (None, None),
            (Some(&mina), Some("mina")),
            (Some(&long), Some("mina")),
            (None, None),
        ] {
            let pairs: Vec<_> = sent.iter().map(|cookie| (COOKIE, cookie.as_str())).collect();
            let said = last.read(&cookies, &headers(&pairs));
            assert_eq!(said.sessions.first().map(|session| &*session.user_key), expected);
        }
    }
}
