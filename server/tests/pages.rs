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
