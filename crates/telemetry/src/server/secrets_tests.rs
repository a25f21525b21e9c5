use super::{is_secret, mask_addresses};
use proptest::prelude::*;
use std::borrow::Cow;
use std::time::{Duration, Instant};

fn each_is_masked(cases: &[(&str, &str)]) {
    for (text, masked) in cases {
        assert_eq!(mask_addresses(text), *masked, "{text}");
    }
}

#[test]
fn an_address_keeps_its_place_only() {
    each_is_masked(&[
        ("https://example.org/a?token=x&y=z", "https://example.org/a?***"),
        ("https://example.org/cb#access_token=S", "https://example.org/cb#***"),
        ("https://example.org/#/search?q=S", "https://example.org/#***"),
        ("wss://d?e", "wss://d?***"),
        ("/db/messages/search?q=서버 ok?", "/db/messages/search?*** ok?"),
        ("GET /db/messages/search?q=S failed", "GET /db/messages/search?*** failed"),
        ("no answer: /search?q=S", "no answer: /search?***"),
        ("/cb#S", "/cb#***"),
        ("search?q=S", "search?***"),
        ("?form[q]=S", "?***"),
        ("#access_token=S", "#***"),
        ("a/b?S", "a/b?***"),
    ]);
}

#[test]
fn a_query_ends_with_its_word_or_with_what_holds_the_address() {
    each_is_masked(&[
        ("https://x/?q=f(S) and", "https://x/?*** and"),
        ("https://x/?q=it's%20S", "https://x/?***"),
        ("https://x/?q=\"S\"", "https://x/?***"),
        ("https://x/?q=<S>:S", "https://x/?***"),
        ("(https://x/?q=f(S)S), 'https://x/?q=it's%20S'", "(https://x/?***), 'https://x/?***'"),
        ("'https://x/?q=it's%20S and", "'https://x/?*** and"),
        ("/it's/x?q=it's%20S", "/it's/x?***"),
        ("/a(b)?S", "/a(b)?***"),
        ("<a href=\"/a?q=S\">no</a>", "<a href=\"/a?***\">no</a>"),
        (r#"{"url":"https://a.b/c?S","next":1}"#, r#"{"url":"https://a.b/c?***","next":1}"#),
        (r#"{"path":"/a","text":"what?","next":1}"#, r#"{"path":"/a","text":"what?","next":1}"#),
        ("<https://a.b/?S>;rel=\"next\"", "<https://a.b/?***>;rel=\"next\""),
    ]);
}

#[test]
fn who_asks_is_not_told() {
    each_is_masked(&[
        ("https://mina:S@example.org:8080/a/b", "https://example.org:8080/a/b"),
        ("postgres://S@db/board and redis://:S@cache", "postgres://db/board and redis://cache"),
        ("//u:S@h/", "//h/"),
        ("https:///u:S@h/", "https:///h/"),
        ("https://u:a/S@h/", "https://h/"),
        ("https://u:a//S@h/", "https://h/"),
        ("https://S/S@h/", "https://h/"),
        ("https://u:S#S@h/", "https://***#***"),
        ("https://u:S/S?S@h/", "https://***?***"),
        ("https://a.b/x,https://u:S@h/y", "https://a.b/x,https://h/y"),
        (r#"{"a":"https://a","b":"https://u:S@h/y"}"#, r#"{"a":"https://a","b":"https://h/y"}"#),
        ("(http://u:S@h/?S)", "(http://h/?***)"),
    ]);
}

#[test]
fn a_mail_address_keeps_its_domain() {
    each_is_masked(&[
        ("mina.kim+board@example.org", "***@example.org"),
        ("<민아@example.co.kr>, jun@xn--3e0b707e.xn--3e0b707e.", "<***@example.co.kr>, ***@xn--3e0b707e.xn--3e0b707e."),
        ("/users/mina@example.org/messages", "/users/***@example.org/messages"),
        ("/users/mina%40example.org", "/users/***%40example.org"),
        ("https://a.b/u/mina@example.org", "https://a.b/u/***@example.org"),
        ("mail=mina@example.org;", "mail=***@example.org;"),
        ("mailto:a@b.org,c@d.org", "mailto:***@b.org,***@d.org"),
    ]);
}

#[test]
fn a_stack_keeps_its_positions_and_nothing_else() {
    each_is_masked(&[
        (
            "at http://127.0.0.1:4601/pkg/glassboard.wasm?v=abc:wasm-function[123]:0x1f",
            "at http://127.0.0.1:4601/pkg/glassboard.wasm?***:wasm-function[123]:0x1f",
        ),
        (
            "at glassboard.wasm.f (http://a.b/glassboard.wasm?v=abc:wasm-function[1]:0x1f)\n    at g (http://a.b/c.js?v=1:2:3)",
            "at glassboard.wasm.f (http://a.b/glassboard.wasm?***:wasm-function[1]:0x1f)\n    at g (http://a.b/c.js?***:2:3)",
        ),
        ("f@http://a.b/c.js?v=1:2:3\n@http://a.b/c.js:4:5", "f@http://a.b/c.js?***:2:3\n@http://a.b/c.js:4:5"),
        ("http://a.b/c.js?v=1:2:3),", "http://a.b/c.js?***:2:3),"),
        ("http://a.b/c.js?v=S:2:3:S", "http://a.b/c.js?***"),
        ("http://a.b/c.js?v=1:S:3", "http://a.b/c.js?***"),
        ("http://a.b/c.js?v=1:12345678:3", "http://a.b/c.js?***"),
        ("http://a.b/c.wasm?v=1:wasm-function[S]:0x1f", "http://a.b/c.wasm?***"),
        ("http://a.b/c.wasm?v=1:wasm-function[1]:0xS", "http://a.b/c.wasm?***"),
        ("http://a.b/pay?card=1:2:3", "http://a.b/pay?***"),
    ]);
}

#[test]
fn what_is_no_address_stays() {
    for text in [
        "Who? Me?",
        "https://example.org/?",
        "(https://example.org/?)",
        "://?",
        "SELECT a/? FROM t WHERE b=?,c=? AND d=?",
        "main > form#post[name=q] > button",
        "C#, #12, F#?",
        "react@18.2.0, root@10.0.0.1, @mina, mina@localhost",
        "https://unpkg.com/react@18/index.js, https://127.0.0.1:4601/@scope, file:///a/b@2/c",
        "tenant@system=value",
        "",
    ] {
        assert_eq!(mask_addresses(text), text);
    }
    assert!(matches!(mask_addresses("Mozilla/5.0 (X11; Linux x86_64) 100%"), Cow::Borrowed(_)));
}

#[test]
fn what_is_made_to_take_long_does_not() {
    let began = Instant::now();
    for hard in ["?", "a?", "#", "a#", "//", "a//", "a.b//", "%40", "a@", "@a.", "'?", "(?", "/?(", "\"?", "[a?"] {
        let text = hard.repeat(1_000_000 / hard.len());
        assert!(mask_addresses(&text).len() <= text.len() * 4);
    }
    assert!(began.elapsed() < Duration::from_secs(20), "{:?}", began.elapsed());
}

#[test]
fn a_name_is_secret_that_ends_with_a_secret() {
    for secret in [
        "password",
        "Password",
        "db.password",
        "http.request.header.authorization",
        "http.request.header.proxy-authorization",
        "http.request.header.x-api-key",
        "access_token",
        "refresh_token",
        "id_token",
        "session_token",
        "csrf_token",
        "accessToken",
        "client_secret",
        "private_key",
        "new_password",
        "userPassword",
        "passwd",
        "pwd",
        "apikey",
        "APIKey",
        "x-api-key",
        "set_cookie",
        "set-cookie",
        "form[password]",
        "password_2",
        "user.credentials",
        "aws-credential",
        "message_text",
        "messageText",
    ] {
        assert!(is_secret(secret), "{secret}");
    }
    for open in [
        "http.route",
        "password.length",
        "tokens",
        "token_count",
        "gen_ai.usage.input_tokens",
        "key",
        "text",
        "message",
        "authorization_url",
        "",
        ".",
        "_",
    ] {
        assert!(!is_secret(open), "{open}");
    }
}

proptest! {
    #[test]
    fn a_planted_secret_is_never_left(
        before in r#"[a-z0-9:/.'"(\[ -]{0,12}"#,
        said in r#"[a-z0-9:/.'()=&@?#%+-]{0,12}"#,
        after in r#"[a-z0-9'()=&@?#%+-]{0,6}"#,
    ) {
        for text in [
            format!("{before} https://u:{said}HIDDEN@h/"),
            format!("{before} https://h/?{said}HIDDEN{after}"),
            format!("{before}https://h.org/a#{said}HIDDEN{after}"),
            format!("{before} (/a?{said}HIDDEN{after})"),
        ] {
            let masked = mask_addresses(&text);
            prop_assert!(!masked.contains("HIDDEN"), "{text} -> {masked}");
        }
    }

    #[test]
    fn what_is_masked_stays_as_it_is(text in r#"[a-z09:/.'"()<>\[\]=&@?#% *-]{0,40}"#) {
        let masked = mask_addresses(&text).into_owned();
        prop_assert_eq!(mask_addresses(&masked), &*masked, "{}", text);
    }

    #[test]
    fn any_text_is_read(text in ".{0,60}") {
        prop_assert_eq!(mask_addresses(&text).split_whitespace().count(), text.split_whitespace().count());
    }
}
