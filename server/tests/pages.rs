//! The pages, as a browser without scripts asks for them.
#![allow(clippy::unwrap_used, clippy::expect_used)]

mod common;

use common::{Client, Server};
use futures::future::join_all;
use reqwest::Method;
use serde_json::json;

const PAGES: [&str; 10] = [
    "/",
    "/login",
    "/register",
    "/account",
    "/messages",
    "/search?q=server",
    "/samples",
    "/traces",
    "/logs",
    "/status",
];

/// Pages that share a core wait in each other's middle, which shows what is used after it has gone.
#[tokio::test]
async fn many_pages_at_once_are_all_whole() {
    let server = Server::start();
    let client = Client::signed_in(&server, "mina").await;
    client.post("/db/message", json!({"message": "the server is up"})).await;
    for _ in 0..10 {
        let requests = PAGES.iter().cycle().take(40).map(|page| async {
            let answer = client.send(Method::GET, page, &[("accept", "text/html")], None).await;
            (*page, answer)
        });
        for (page, answer) in join_all(requests).await {
            // Who is signed in is led on from the door.
            let expected = if matches!(page, "/login" | "/register") { [200, 302] } else { [200, 200] };
            assert!(expected.contains(&answer.status.as_u16()), "{page}: {} {}", answer.status, answer.text);
            assert!(answer.status != 200 || answer.text.contains("</main>"), "{page} is not whole");
            let title = if page.starts_with("/search") { "<title>server · " } else { "<title>" };
            assert!(answer.status != 200 || answer.text.contains(title), "{page} has another title");
        }
    }
}

#[tokio::test]
async fn what_readers_type_is_text_in_the_title_too() {
    let server = Server::start();
    let client = Client::signed_in(&server, "mina").await;
    let html = [("accept", "text/html")];
    let query = "%3C/title%3E%3Cmeta%20http-equiv=refresh%20content=0%3E%26amp;";
    let page = client.send(Method::GET, &format!("/search?q={query}"), &html, None).await;
    assert!(page.text.contains("<title>&lt;/title>&lt;meta http-equiv=refresh content=0>&amp;amp;"), "{}", page.text);
    assert!(!page.text.contains("<meta http-equiv=refresh"));
    let id = "5b8efff798038103d269b633813fc60c";
    let span = json!({"traceId": id, "spanId": "eee19b7ec3c1b174", "name": "</title><meta http-equiv=refresh>",
        "startTimeUnixNano": "1", "endTimeUnixNano": "2"});
    let body = json!({"resourceSpans": [{"scopeSpans": [{"spans": [span]}]}]});
    assert_eq!(client.post("/v1/traces", body).await.status, 200);
    let page = client.send(Method::GET, &format!("/traces/{id}"), &html, None).await;
    assert!(page.text.contains("&lt;/title>"), "{}", page.text);
    assert!(!page.text.contains("<meta http-equiv=refresh"));
}

#[tokio::test]
async fn what_everybody_may_keep_carries_nobodys_cookie() {
    let server = Server::start();
    let client = Client::new(&server);
    for path in ["/favicon.svg", "/pkg/glassboard.css"] {
        let file = client.send(Method::GET, path, &[("accept", "text/html")], None).await;
        assert_eq!(file.status, 200, "{path}");
        assert_eq!(file.headers.get("set-cookie"), None, "{path}");
    }
    let page = client.send(Method::GET, "/", &[("accept", "text/html")], None).await;
    assert!(page.headers.contains_key("set-cookie"));
}

#[tokio::test]
async fn who_is_not_signed_in_is_led_to_the_door_whatever_they_take() {
    let server = Server::start();
    let client = Client::new(&server);
    for accepted in ["text/html", "*/*", "application/json", "image/png"] {
        let page = client.send(Method::GET, "/messages?mine=1", &[("accept", accepted)], None).await;
        assert_eq!(page.status, 302, "{accepted}");
        assert_eq!(page.headers["location"], "/login?next=/messages%3Fmine%3D1", "{accepted}");
        assert_eq!(page.headers.get("serverfnredirect"), None, "{accepted}");
    }
    let client = Client::signed_in(&server, "mina").await;
    let from = [("accept", "text/html"), ("referer", "http://127.0.0.1/register")];
    let page = client.send(Method::GET, "/messages", &from, None).await;
    assert_eq!((page.status.as_u16(), page.headers.get("location")), (200, None));
}

/// Of a page, the browser's own spans come above the server's; whatever else somebody opens has none.
#[tokio::test]
async fn only_pages_wait_for_the_browsers_spans() {
    let server = Server::start();
    let client = Client::signed_in(&server, "mina").await;
    let opened = [("accept", "text/html"), ("sec-fetch-dest", "document")];
    let stranger = Client::new(&server);
    for (who, path, status, is_page) in
        [(&client, "/messages", 200, true), (&stranger, "/messages", 302, false), (&client, "/db/messages", 200, false)]
    {
        let answer = who.send(Method::GET, path, &opened, None).await;
        assert_eq!(answer.status.as_u16(), status, "{path}");
        let id = answer.headers["traceresponse"].to_str().unwrap()[3..35].to_owned();
        let trace = async || {
            loop {
                let seen = client.form("/fn/traces/get", &format!("trace_id={id}")).await.json();
                if seen["spans"][0]["span_id"].is_string() {
                    return seen;
                }
                tokio::time::sleep(std::time::Duration::from_millis(20)).await;
            }
        };
        let spans = trace().await["spans"].clone();
        let top = spans.as_array().unwrap().iter().find(|span| span["depth"] == 0).unwrap().clone();
        assert_eq!(top["parent_id"].is_string(), is_page, "{path}: {top}");
    }
}
