use super::origin::host;
use super::said::Said;
use super::trace::current_trace_id;
use crate::cookies::visitor_id;
use crate::problem::Problem;
use crate::serve::Peer;
use crate::state::ServerState;
use app::context::{PageTrace, RequestContext};
use axum::extract::Request;
use axum::response::Response;
use board::Caller;
use http::header::{ACCEPT, FORWARDED, SET_COOKIE};
use http::{HeaderMap, HeaderValue, Method};
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use telemetry::propagation::hex;
use tracing::{Span, record_all};

/// What a request says about who asks, before anybody is asked whether it is so.
pub struct Asking {
    pub caller: Caller,
    said: Arc<Said>,
    /// The cookie of a browser that has none yet.
    new_visitor: Option<String>,
}

impl Asking {
    pub fn said(&self) -> &Said {
        &self.said
    }

    pub fn read(state: &ServerState, request: &mut Request) -> Self {
        // Taken out: with one value less in the request, its table need not grow.
        let peer = request.extensions_mut().remove::<Arc<Peer>>().unwrap_or_default();
        let said = peer.last_said.read(&state.cookies, request.headers());
        let new_visitor = if said.browser_id.is_empty() { new_visitor(request) } else { None };
        let browser_id =
            new_visitor.as_deref().map_or_else(|| Arc::clone(&said.browser_id), |cookie| visitor_id(cookie).into());
        Self { caller: caller(state, request, &peer, (Arc::clone(&said.user_agent), browser_id)), said, new_visitor }
    }
}

/// Finds out whether there is such a session, and which cookies the response has to set. `open`: where that can't be
/// found out, there is none.
pub async fn of(
    state: &ServerState,
    Asking { caller, said, new_visitor }: Asking,
    page_trace: Option<PageTrace>,
    open: bool,
) -> Result<(RequestContext, NewCookies), Problem> {
    let before = state.app.board.ports().clock.now();
    let (mut signed_in, mut session) = (None, None);
    for cookie in &said.sessions {
        signed_in = match state.app.board.sessions().resume(&cookie.user_key, &cookie.token).await {
            Err(_) if open => None,
            resumed => resumed?,
        };
        if let Some(who) = &signed_in {
            record_all!(Span::current(), session.id = who.session.id, user.name = who.username.as_str());
            // Its hour starts anew in the browser, too.
            if who.session.last_activity >= before {
                session = Some(cookie.value.clone());
                state.active.asks(&who.session.id);
            }
            break;
        }
    }
    let context = RequestContext {
        lang: said.lang,
        zone: said.zone.clone(),
        theme: said.theme,
        ribbon_folded: said.ribbon_folded,
        page_trace,
        trace_id: current_trace_id(),
        signed_in,
        signs_in: Arc::default(),
        caller: Arc::new(caller),
    };
    Ok((context, NewCookies { session, visitor: new_visitor }))
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

/// A visitor cookie, where a browser asks.
fn new_visitor(request: &Request) -> Option<String> {
    let path = request.uri().path();
    let page = *request.method() == Method::GET && accepts_html(request.headers());
    let logs_in = *request.method() == Method::POST && (path.ends_with("/login") || path.starts_with("/fn/"));
    if !page && !logs_in {
        return None;
    }
    let mut bytes = [0; 16];
    getrandom::fill(&mut bytes).ok().map(|()| hex::encode(&bytes))
}

pub fn accepts_html(headers: &HeaderMap) -> bool {
    headers.get(ACCEPT).and_then(|value| value.to_str().ok()).is_some_and(|accept| accept.contains("text/html"))
}

fn caller(
    state: &ServerState,
    request: &Request,
    peer: &Peer,
    (user_agent, browser_id): (Arc<str>, Arc<str>),
) -> Caller {
    let headers = request.headers();
    let forwarded = headers.keys().any(|name| is_of_a_proxy(name.as_str()));
    let address = peer.address.map(|direct| match client_address(state, direct, headers) {
        address if address == direct => Arc::clone(&peer.text),
        address => address.to_string().into(),
    });
    Caller {
        address: address.unwrap_or_default(),
        user_agent,
        browser_id,
        local: state.local && !forwarded && is_loopback_host(host(request)),
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
