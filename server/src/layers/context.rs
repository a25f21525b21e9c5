use crate::cookies::{self, visitor_id};
use crate::problem::Problem;
use crate::state::ServerState;
use app::context::{PageTrace, RequestContext};
use axum::extract::ConnectInfo;
use axum::response::Response;
use board::{Caller, SignedIn};
use http::header::{ACCEPT_LANGUAGE, COOKIE, FORWARDED, HOST, SET_COOKIE, USER_AGENT};
use http::request::Parts;
use http::{HeaderMap, HeaderValue, Method};
use model::{BoardError, Lang};
use std::net::{IpAddr, SocketAddr};
use telemetry::propagation::hex;
use tracing::Span;

/// Finds out who asks, from where and in which language; and which cookies the response has to set.
pub async fn of(state: &ServerState, parts: &Parts) -> Result<(RequestContext, NewCookies), Problem> {
    let cookie_header = joined_cookies(&parts.headers);
    let cookie = |name: &str| cookies::find(&cookie_header, name).filter(|value| !value.is_empty());
    let (visitor, new_visitor) = visitor(cookie(cookies::VISITOR), parts);
    let caller = caller(state, parts, visitor.as_deref());
    let before = state.app.board.ports().clock.now();
    let signed_in = resume(state, cookie(cookies::SESSION)).await?;
    record(&caller, signed_in.as_ref());
    let slid = signed_in.as_ref().is_some_and(|who| who.session.last_activity >= before);
    let new_cookies = NewCookies {
        session: cookie(cookies::SESSION).filter(|_| slid).map(str::to_owned),
        visitor: visitor.filter(|_| new_visitor),
    };
    let context = RequestContext {
        lang: lang(cookie("lang"), &parts.headers),
        zone: cookie("tz").map(decoded).filter(|zone| zone.len() <= 64),
        theme: cookie("theme").filter(|theme| matches!(*theme, "light" | "dark")).map(str::to_owned),
        ribbon_folded: cookie("ribbon") == Some("folded"),
        page_trace: parts.extensions.get::<PageTrace>().cloned(),
        trace_id: telemetry::server::current_trace_id(),
        signed_in,
        caller,
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

async fn resume(state: &ServerState, cookie: Option<&str>) -> Result<Option<SignedIn>, BoardError> {
    match cookie.and_then(|value| state.cookies.read(value)) {
        Some((key, token)) => state.app.board.sessions().resume(&key, &token).await,
        None => Ok(None),
    }
}

fn record(caller: &Caller, signed_in: Option<&SignedIn>) {
    let span = Span::current();
    span.record("client.address", caller.address.as_str());
    if !caller.browser_id.is_empty() {
        span.record("glassboard.visitor", caller.browser_id.as_str());
    }
    if let Some(who) = signed_in {
        span.record("session.id", who.session.id.as_str());
        span.record("user.name", who.username.as_str());
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
    let peer = parts.extensions.get::<ConnectInfo<SocketAddr>>().map(|info| info.0.ip().to_canonical());
    let forwarded =
        headers.contains_key(FORWARDED) || headers.keys().any(|name| name.as_str().starts_with("x-forwarded-"));
    let address = peer.map(|peer| client_address(state, peer, headers));
    Caller {
        address: address.map(|address| address.to_string()).unwrap_or_default(),
        user_agent: text(headers, USER_AGENT.as_str()).to_owned(),
        browser_id: visitor.map(visitor_id).unwrap_or_default(),
        local: state.local && !forwarded && is_loopback_host(text(headers, HOST.as_str())),
    }
}

/// The address that a trusted proxy saw: the last one in X-Forwarded-For that is not itself a trusted proxy.
fn client_address(state: &ServerState, peer: IpAddr, headers: &HeaderMap) -> IpAddr {
    if !state.proxies.trusts(peer) {
        return peer;
    }
    let hops = headers.get_all("x-forwarded-for").iter().filter_map(|value| value.to_str().ok());
    let hops: Vec<IpAddr> = hops.flat_map(|line| line.split(',')).filter_map(|hop| hop.trim().parse().ok()).collect();
    hops.into_iter().rev().find(|hop| !state.proxies.trusts(*hop)).unwrap_or(peer)
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

fn joined_cookies(headers: &HeaderMap) -> String {
    let lines: Vec<&str> = headers.get_all(COOKIE).iter().filter_map(|value| value.to_str().ok()).collect();
    lines.join("; ")
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
    use super::is_loopback_host;

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
