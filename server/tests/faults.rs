//! Faults that operators ask for: what they do, what they spare, and how they end.
#![allow(clippy::unwrap_used, clippy::expect_used)]

mod common;

use common::{Answer, Client, Server};
use reqwest::Method;
use serde_json::{Value, json};
use std::time::{Duration, Instant};
use tokio::time::sleep;

async fn start(client: &Client, kind: &str, amount: u32, minutes: u32) -> Answer {
    client.form("/fn/faults/start", &format!("kind={kind}&amount={amount}&minutes={minutes}")).await
}

async fn end(client: &Client, kind: &str) {
    let report = client.form("/fn/faults/end", &format!("kind={kind}")).await.json();
    assert!(report["faults"].as_array().unwrap().iter().all(|fault| fault["kind"] != kind), "{report}");
}

async fn statuses(client: &Client, path: &str, calls: usize) -> Vec<u16> {
    let mut statuses = Vec::new();
    for _ in 0..calls {
        statuses.push(client.get(path).await.status.as_u16());
    }
    statuses
}

async fn metric(client: &Client, name: &str) -> f64 {
    let metrics = client.get("/metrics").await.text;
    let line = metrics.lines().find(|line| line.starts_with(name)).unwrap_or_else(|| panic!("no {name}"));
    line.rsplit_once(' ').unwrap().1.parse().unwrap()
}

#[tokio::test]
async fn latency_is_added_until_its_end_comes_by_itself() {
    let server = Server::start();
    let client = Client::signed_in(&server, "mina").await;
    let report = start(&client, "latency", 700, 1).await.json();
    let asked_at = Instant::now();
    assert_eq!((&report["faults"][0]["amount"], &report["faults"][0]["started_by"]), (&json!(700), &json!("mina")));
    let took = |began: Instant| began.elapsed() >= Duration::from_millis(700);
    let began = Instant::now();
    assert_eq!(client.get("/db/messages").await.status, 200);
    assert!(took(began));
    assert!(metric(&client, "glassboard_faults{fault=\"latency\"}").await > 699.0);
    while metric(&client, "glassboard_faults{fault=\"latency\"}").await > 0.0 {
        assert!(asked_at.elapsed() < Duration::from_secs(70));
        sleep(Duration::from_millis(500)).await;
    }
    assert!(asked_at.elapsed() >= Duration::from_secs(58));
    assert_eq!(client.form("/fn/faults/list", "").await.json()["faults"], json!([]));
}

#[tokio::test]
async fn that_share_of_calls_fails_and_the_way_to_end_it_does_not() {
    let server = Server::start();
    let client = Client::signed_in(&server, "mina").await;
    start(&client, "errors", 25, 5).await;
    let mut seen = statuses(&client, "/session/status", 40).await;
    seen.sort_unstable();
    assert_eq!(seen, [[200; 30].as_slice(), [500; 10].as_slice()].concat());
    start(&client, "errors", 100, 5).await;
    let failed = client.get("/db/messages").await;
    assert_eq!((failed.status.as_u16(), failed.code().as_str()), (500, "internal"));
    let page = |path: &'static str| client.send(Method::GET, path, &[("accept", "text/html")], None);
    let failed = page("/messages").await;
    assert_eq!(failed.status, 500);
    assert!(failed.headers["content-type"].to_str().unwrap().starts_with("text/html"));
    let policy = failed.headers["content-security-policy"].to_str().unwrap();
    let nonce = policy.split("'nonce-").nth(1).and_then(|rest| rest.split('\'').next()).unwrap();
    for wanted in ["<code>internal</code>", "href=\"/traces/", "class=\"copy\"", &format!("nonce=\"{nonce}\"")] {
        assert!(failed.text.contains(wanted), "{wanted} in {}", failed.text);
    }
    assert_eq!(client.get("/health").await.json()["status"], "ok");
    let panel = page("/faults").await;
    assert_eq!(panel.status, 200);
    assert!(panel.text.contains("100 %") || panel.text.contains("100<"), "{}", panel.text);
    end(&client, "errors").await;
    assert_eq!(statuses(&client, "/db/messages", 20).await, [200; 20]);
}

#[tokio::test]
async fn an_engine_that_seems_away_is_one_for_everybody_who_asks() {
    let server = Server::start();
    let client = Client::signed_in(&server, "mina").await;
    let state = |health: Value, of: &str| health["dependencies"][of]["state"].as_str().unwrap().to_owned();
    start(&client, "store", 100, 5).await;
    let refused = client.post("/db/message", json!({"message": "lost?"})).await;
    assert_eq!((refused.status.as_u16(), refused.code().as_str()), (503, "unavailable"));
    assert!(refused.headers.contains_key("retry-after"));
    health_of(&client, "store", "down").await;
    end(&client, "store").await;
    health_of(&client, "store", "up").await;
    assert_eq!(client.get("/db/messages").await.json()["pagination"]["total"], 0, "what was refused is not there");

    start(&client, "cache", 100, 5).await;
    assert_eq!(client.get("/db/messages").await.status, 503, "sessions can't be checked");
    health_of(&client, "cache", "down").await;
    assert_eq!(state(client.get("/health").await.json(), "store"), "up");
    end(&client, "cache").await;
    assert_eq!(client.get("/db/messages").await.status, 200, "nobody had to log in again");
}

async fn health_of(client: &Client, dependency: &str, wanted: &str) {
    let began = Instant::now();
    loop {
        let health = client.get("/health").await.json();
        if health["dependencies"][dependency]["state"] == wanted {
            return;
        }
        assert!(began.elapsed() < Duration::from_secs(10), "{health}");
        sleep(Duration::from_millis(200)).await;
    }
}

#[tokio::test]
async fn events_wait_while_their_consumer_lags_and_none_is_lost() {
    let server = Server::start();
    let client = Client::signed_in(&server, "mina").await;
    start(&client, "lag", 60_000, 5).await;
    // One batch may be under way.
    sleep(Duration::from_secs(1)).await;
    statuses(&client, "/session/status", 30).await;
    sleep(Duration::from_secs(1)).await;
    assert!(metric(&client, "api_events_waiting").await >= 30.0);
    end(&client, "lag").await;
    let began = Instant::now();
    while metric(&client, "api_events_waiting").await > 0.0 {
        assert!(began.elapsed() < Duration::from_secs(10));
        sleep(Duration::from_millis(200)).await;
    }
    assert!(metric(&client, "api_events_counted_total{outcome=\"new\"}").await >= 30.0);
}

#[tokio::test]
async fn memory_grows_and_is_given_back() {
    let server = Server::start();
    let client = Client::signed_in(&server, "mina").await;
    let before = metric(&client, "process_memory_usage").await;
    start(&client, "memory", 1_000, 1).await;
    sleep(Duration::from_secs(5)).await;
    let grown = metric(&client, "process_memory_usage").await - before;
    assert!(grown > 4e7, "{grown}");
    end(&client, "memory").await;
    let began = Instant::now();
    while metric(&client, "process_memory_usage").await - before > grown / 2.0 {
        assert!(began.elapsed() < Duration::from_secs(20), "of {grown}");
        sleep(Duration::from_millis(500)).await;
    }
}

#[tokio::test]
async fn what_is_asked_for_wrongly_or_by_somebody_else_changes_nothing() {
    let server = Server::start_with(&[("GLASSBOARD_OPERATORS", "root")]);
    let mina = Client::signed_in(&server, "mina").await;
    assert_eq!(start(&mina, "latency", 100, 1).await.status, 403);
    assert_eq!(mina.form("/fn/faults/end", "kind=latency").await.status, 403);
    assert_eq!(start(&Client::new(&server), "latency", 100, 1).await.status, 401);
    server.command(&["user", "add", "root"], "correct horse\n");
    let root = Client::new(&server);
    assert_eq!(root.post("/login", json!({"username": "root", "password": "correct horse"})).await.status, 200);
    for (kind, amount, minutes) in [
        ("latency", 0, 1),
        ("latency", 10_001, 1),
        ("errors", 101, 1),
        ("errors", 1, 0),
        ("errors", 1, 61),
        ("fire", 1, 1),
    ] {
        let answer = start(&root, kind, amount, minutes).await;
        assert_eq!((answer.status.as_u16(), answer.code().as_str()), (400, "invalid_fault"), "{kind}");
    }
    let nonsense = root.form("/fn/faults/start", "kind=latency&amount=much&minutes=1").await;
    assert_eq!(nonsense.code(), "invalid_fault");
    assert_eq!(root.form("/fn/faults/list", "").await.json()["faults"], json!([]));
}

#[tokio::test]
async fn in_production_there_is_none() {
    let production = [("ENVIRONMENT", "production"), ("SECRET_KEY", "0123456789abcdef0123456789abcdef")];
    let server = Server::start_with(&production);
    let client = Client::signed_in(&server, "mina").await;
    assert_eq!(start(&client, "errors", 100, 5).await.status, 404);
    assert_eq!(client.form("/fn/faults/list", "").await.json()["faults"], Value::Null);
    assert_eq!(statuses(&client, "/session/status", 5).await, [200; 5]);
    assert!(!client.get("/metrics").await.text.contains("glassboard_faults{"));
    let page = client.send(Method::GET, "/faults", &[("accept", "text/html"), ("accept-language", "en")], None).await;
    assert!(page.text.contains("ENVIRONMENT=production") && !page.text.contains("/fn/faults/start"), "{}", page.text);
}
