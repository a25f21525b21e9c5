use super::origin::host;
use super::trace::current_trace_id;
use crate::cookies::{Sent, visitor_id};
use crate::problem::Problem;
use crate::serve::Peer;
use crate::state::ServerState;
use app::context::{PageTrace, RequestContext};
use axum::response::Response;
use board::{Caller, SessionToken};
use http::header::{ACCEPT_LANGUAGE, COOKIE, FORWARDED, SET_COOKIE, USER_AGENT};
use http::request::Parts;
use http::{HeaderMap, HeaderValue, Method};
use model::Lang;
use std::borrow::Cow;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use telemetry::propagation::hex;
use tracing::{Span, record_all};

/// Session cookies that are looked at: one for each path and domain that ever set one.
const MAX_SESSIONS: usize = 4;

/// What a request says about who asks, before anybody is asked whether it is so.
pub struct Asking {
    pub caller: Caller,
    /// The session cookies' values, and what they say: mostly one.
    sessions: Vec<(String, String, SessionToken)>,
    visitor: Option<String>,
    new_visitor: bool,
    lang: Lang,
    zone: Option<String>,
    theme: Option<String>,
    ribbon_folded: bool,
}

impl Asking {
    pub fn read(state: &ServerState, parts: &Parts) -> Self {
        let cookie_header = joined_cookies(&parts.headers);
        let sent = Sent::read(&cookie_header);
        let (visitor, new_visitor) = visitor(sent.visitor, parts);
        let sessions = sent.sessions().take(MAX_SESSIONS).filter_map(|value| {
            let (key, token) = state.cookies.read(value)?;
            Some((value.to_owned(), key, token))
        });
        Self {
            caller: caller(state, parts, visitor.as_deref()),
            sessions: sessions.collect(),
            visitor,
            new_visitor,
            lang: lang(sent.lang, &parts.headers),
            zone: sent.zone.map(decoded).filter(|zone| zone.len() <= 64),
            theme: sent.theme.filter(|theme| matches!(*theme, "light" | "dark")).map(str::to_owned),
            ribbon_folded: sent.ribbon == Some("folded"),
        }
    }
}

/// Finds out whether there is such a session, and which cookies the response has to set. `open`: where that can't be
/// found out, there is none.
pub async fn of(
    state: &ServerState,
    asking: Asking,
    page_trace: Option<PageTrace>,
    open: bool,
) -> Result<(RequestContext, NewCookies), Problem> {
    let before = state.app.board.ports().clock.now();
    let (mut signed_in, mut cookie) = (None, None);
    for (value, key, token) in asking.sessions {
        signed_in = match state.app.board.sessions().resume(&key, &token).await {
            Err(_) if open => None,
            resumed => resumed?,
        };
        if signed_in.is_some() {
            cookie = Some(value);
            break;
        }
    }
    if let Some(who) = &signed_in {
        record_all!(Span::current(), session.id = who.session.id, user.name = who.username.as_str());
    }
    let slid = signed_in.as_ref().is_some_and(|who| who.session.last_activity >= before);
    let new_cookies =
        NewCookies { session: cookie.filter(|_| slid), visitor: asking.visitor.filter(|_| asking.new_visitor) };
    let context = RequestContext {
        lang: asking.lang,
        zone: asking.zone,
        theme: asking.theme,
        ribbon_folded: asking.ribbon_folded,
        page_trace,
        trace_id: current_trace_id(),
        signed_in,
        signs_in: Arc::default(),
        caller: Arc::new(asking.caller),
    };
    Ok((context, new_cookies))
}

/// Cookies that a response has to set: a session whose hour starts anew, a visitor's first one.
pub struct NewCookies {
    session: Option<String>,
    visitor: Option<String>,
}

impl NewCookies {
    pub fn set(self, state: &ServerState, response: &mut Response) {
        if let Some(session) = self.session {
            let is_session = |value: &HeaderValue| value.as_bytes().starts_with(b"session=");
            if !response.headers().get_all(SET_COOKIE).iter().any(is_session) {
                append_cookie(response, &state.cookies.set_session(&session));
            }
        }
        if let Some(visitor) = self.visitor {
            append_cookie(response, &state.cookies.set_visitor(&visitor));
        }
    }
}

/// The visitor cookie, a new one for a browser that has none.
fn visitor(cookie: Option<&str>, parts: &Parts) -> (Option<String>, bool) {
    let valid = |value: &&str| value.len() == 32 && value.bytes().all(|b| b.is_ascii_hexdigit());
    if let Some(cookie) = cookie.filter(valid) {
        return (Some(cookie.to_owned()), false);
    }
    let path = parts.uri.path();
    let page = parts.method == Method::GET && accepts_html(&parts.headers);
    let logs_in = parts.method == Method::POST && (path.ends_with("/login") || path.starts_with("/fn/"));
    if !page && !logs_in {
        return (None, false);
    }
    let mut bytes = [0; 16];
    match getrandom::fill(&mut bytes) {
        Ok(()) => (Some(hex::encode(&bytes)), true),
        Err(_) => (None, false),
    }
}

pub fn accepts_html(headers: &HeaderMap) -> bool {
    headers
        .get(http::header::ACCEPT)
        .and_then(|value| value.to_str().ok())
        .is_some_and(|accept| accept.contains("text/html"))
}

fn caller(state: &ServerState, parts: &Parts, visitor: Option<&str>) -> Caller {
    let headers = &parts.headers;
    let peer = parts.extensions.get::<Peer>();
    let forwarded = headers.keys().any(|name| is_of_a_proxy(name.as_str()));
    let address = |peer: &Peer| match client_address(state, peer.address, headers) {
        address if address == peer.address => Arc::clone(&peer.text),
        address => address.to_string().into(),
    };
    Caller {
        address: peer.map(address).unwrap_or_default(),
        user_agent: text(headers, USER_AGENT.as_str()).to_owned(),
        browser_id: visitor.map(visitor_id).unwrap_or_default(),
        local: state.local && !forwarded && is_loopback_host(host(parts)),
    }
}

/// Whether a header says that the request was forwarded.
fn is_of_a_proxy(name: &str) -> bool {
    const SAY_SO: [&str; 8] = [
        "forwarded",
        "via",
        "x-real-ip",
        "x-client-ip",
        "x-cluster-client-ip",
        "client-ip",
        "true-client-ip",
        "cf-connecting-ip",
    ];
    // Most names begin otherwise.
    matches!(name.as_bytes().first(), Some(b'c' | b'f' | b't' | b'v' | b'x'))
        && (SAY_SO.contains(&name) || name.starts_with("x-forwarded") || name.starts_with("x-original-"))
}

/// The address that a trusted proxy saw: the last one in X-Forwarded-For that is not itself a trusted proxy.
fn client_address(state: &ServerState, peer: IpAddr, headers: &HeaderMap) -> IpAddr {
    if !state.proxies.trusts(peer) {
        return peer;
    }
    let hops = headers.get_all("x-forwarded-for").iter().filter_map(|value| value.to_str().ok());
    let mut hops: Vec<IpAddr> = hops.flat_map(|line| line.split(',')).filter_map(hop_address).collect();
    if hops.is_empty() {
        hops = forwarded_for(headers);
    }
    hops.into_iter().rev().find(|hop| !state.proxies.trusts(*hop)).unwrap_or(peer)
}

/// An address, with a port as some proxies write it or without; an IPv4 one also where it is written as IPv6.
fn hop_address(hop: &str) -> Option<IpAddr> {
    let hop = hop.trim().trim_matches('"');
    let bare = hop.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')).unwrap_or(hop);
    let address = bare.parse().ok().or_else(|| hop.parse::<SocketAddr>().ok().map(|address| address.ip()));
    address.map(|address| address.to_canonical())
}

/// The hops of RFC 7239's `Forwarded: for=...`.
fn forwarded_for(headers: &HeaderMap) -> Vec<IpAddr> {
    let lines = headers.get_all(FORWARDED).iter().filter_map(|value| value.to_str().ok());
    let parameters = lines.flat_map(|line| line.split([',', ';']));
    parameters
        .filter_map(|parameter| {
            let (name, value) = parameter.split_once('=')?;
            name.trim().eq_ignore_ascii_case("for").then(|| hop_address(value))?
        })
        .collect()
}

fn is_loopback_host(host: &str) -> bool {
    let name = match host.strip_prefix('[') {
        Some(rest) => rest.split(']').next().unwrap_or_default(),
        None => host.rsplit_once(':').map_or(host, |(name, _)| name),
    };
    name.eq_ignore_ascii_case("localhost") || name.parse::<IpAddr>().is_ok_and(|address| address.is_loopback())
}

fn lang(cookie: Option<&str>, headers: &HeaderMap) -> Lang {
    cookie
        .and_then(Lang::from_tag)
        .or_else(|| Lang::from_accept_language(text(headers, ACCEPT_LANGUAGE.as_str())))
        .unwrap_or_default()
}

fn joined_cookies(headers: &HeaderMap) -> Cow<'_, str> {
    let mut lines = headers.get_all(COOKIE).iter().map(cookie_line);
    let first = lines.next().unwrap_or_default();
    lines.fold(first, |joined, line| format!("{joined}; {line}").into())
}

/// Other programs on the same host may have set cookies that are not ASCII.
fn cookie_line(value: &HeaderValue) -> Cow<'_, str> {
    value.to_str().map_or_else(|_| String::from_utf8_lossy(value.as_bytes()), Cow::Borrowed)
}

/// A zone's `/` may come percent-encoded.
fn decoded(value: &str) -> String {
    value.replace("%2F", "/").replace("%2f", "/")
}

fn text<'a>(headers: &'a HeaderMap, name: &str) -> &'a str {
    headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default()
}

fn append_cookie(response: &mut Response, cookie: &str) {
    if let Ok(value) = HeaderValue::from_str(cookie) {
        response.headers_mut().append(SET_COOKIE, value);
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::{forwarded_for, hop_address, is_loopback_host};
    use http::HeaderMap;

    #[test]
    fn hops_may_have_ports_quotes_and_brackets() {
        for (hop, address) in [
            (" 9.9.9.9", "9.9.9.9"),
            ("9.9.9.9:4433", "9.9.9.9"),
            ("::ffff:9.9.9.9", "9.9.9.9"),
            ("2001:db8::1", "2001:db8::1"),
            ("\"[2001:db8::1]:4711\"", "2001:db8::1"),
            ("[2001:db8::1]", "2001:db8::1"),
        ] {
            assert_eq!(hop_address(hop), address.parse().ok(), "{hop}");
        }
        assert_eq!(hop_address("unknown"), None);
        let mut headers = HeaderMap::new();
        headers.insert("forwarded", "for=9.9.9.9;proto=https, For=\"[2001:db8::1]:1\"".parse().unwrap());
        assert_eq!(forwarded_for(&headers).len(), 2);
    }

    #[test]
    fn only_loopback_names_are_loopback() {
        for host in ["127.0.0.1:3000", "localhost", "LOCALHOST:80", "[::1]:3000", "127.8.8.8"] {
            assert!(is_loopback_host(host), "{host}");
        }
        for host in ["", "board.example:3000", "127.0.0.1.evil.example", "localhost.evil.example:1", "10.0.0.1"] {
            assert!(!is_loopback_host(host), "{host}");
        }
    }
}
