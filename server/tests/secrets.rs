//! Secrets, planted wherever somebody can put one, are in nothing that leaves the process.
#![allow(clippy::unwrap_used, clippy::expect_used)]

mod common;

use axum::body::Bytes;
use axum::extract::State;
use common::{Client, Server};
use reqwest::Method;
use serde_json::json;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};
use tokio::net::TcpListener;
use tokio::time::sleep;

/// All bytes that a receiver of OTLP got.
#[derive(Clone, Default)]
struct Received(Arc<Mutex<Vec<u8>>>);

impl Received {
    async fn listen(&self) -> String {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let keep = |State(Self(received)): State<Self>, body: Bytes| async move {
            received.lock().unwrap().extend_from_slice(&body);
        };
        let router = axum::Router::new().fallback(keep).with_state(self.clone());
        tokio::spawn(async move { axum::serve(listener, router).await });
        url
    }

    fn has(&self, text: &str) -> bool {
        self.0.lock().unwrap().windows(text.len()).any(|window| window == text.as_bytes())
    }
}

/// Each with the place that it was planted in.
#[derive(Default)]
struct Planted(Vec<String>);

impl Planted {
    fn seed(&mut self, place: &str) -> String {
        let secret = format!("planted-{place}-{}", self.0.len() * 7919 + 104_729);
        self.0.push(secret.clone());
        secret
    }
}

#[tokio::test]
async fn no_planted_secret_leaves_the_process() {
    let received = Received::default();
    let url = received.listen().await;
    let environment = [
        ("OTLP_ENDPOINT", &*url),
        ("OTEL_EXPORTER_OTLP_COMPRESSION", "none"),
        ("OTEL_METRIC_EXPORT_INTERVAL", "500"),
        ("GLASSBOARD_TOKEN", "let-me-in"),
    ];
    let server = Server::start_with(&environment);
    let mut planted = Planted::default();
    let (json, form) = (("content-type", "application/json"), ("content-type", "application/x-www-form-urlencoded"));
    let client = Client::new(&server);

    // Passwords: of a registration, a log-in, a change, and where somebody typed theirs into the wrong field.
    let password = planted.seed("password");
    let credentials = json!({"username": "mina", "password": password});
    assert_eq!(client.post("/register", credentials.clone()).await.status, 200);
    assert_eq!(client.post("/login", credentials).await.status, 200);
    let stranger = Client::new(&server);
    for path in ["/login", "/api/login", "/register"] {
        let (name, wrong) = (planted.seed("name"), planted.seed("wrong-password"));
        stranger.post(path, json!({"username": name, "password": wrong})).await;
    }
    stranger.post("/login", json!({"username": "mina", "password": planted.seed("guess")})).await;
    let (name, guess) = (planted.seed("form-name"), planted.seed("form-guess"));
    stranger.form("/fn/accounts/log_in", &format!("username={name}&password={guess}")).await;
    let (new, again) = (planted.seed("new"), planted.seed("again"));
    client
        .form("/fn/accounts/change_password", &format!("current={}&new={new}&again={again}", planted.seed("current")))
        .await;

    // What people write and look for.
    client
        .post("/db/message", json!({"message": format!("{} a@{}.example", planted.seed("text"), planted.seed("mail"))}))
        .await;
    client.form("/fn/messages/post", &format!("text={}", planted.seed("form-text"))).await;
    for path in [
        "/db/messages/search?q=",
        "/search?q=",
        "/messages?error=",
        "/traces?text=",
        "/logs?user=",
        "/statistics?range=",
    ] {
        let path = format!("{path}{}&token={}", planted.seed("query"), planted.seed("parameter"));
        client.send(Method::GET, &path, &[("accept", "text/html")], None).await;
    }
    client.post("/cache/search/clear", json!({"query": planted.seed("cleared")})).await;
    client.get(&format!("/db/messages?page={}", planted.seed("page"))).await;

    // What nobody can read.
    let broken = format!("{{\"message\": \"{}\"", planted.seed("broken"));
    client.send(Method::POST, "/db/message", &[json], Some(broken)).await;
    client.send(Method::POST, "/db/message", &[("content-type", "text/plain")], Some(planted.seed("plain"))).await;
    let odd = format!("{}=1&text={}", planted.seed("field"), planted.seed("odd"));
    client.send(Method::POST, "/fn/samples/generate", &[form], Some(odd)).await;

    // Headers.
    let names = [
        "authorization",
        "x-api-key",
        "referer",
        "origin",
        "cookie",
        "if-none-match",
        "baggage",
        "x-request-id",
        "from",
    ];
    for name in names {
        let value = planted.seed(name);
        let value = match name {
            "authorization" => format!("Bearer {value}"),
            "referer" => format!("{}/messages?token={value}", server.url),
            "cookie" => format!("session={value}.x.y; visitor={value}; other={value}"),
            _ => value,
        };
        stranger.send(Method::GET, "/db/messages", &[(name, &value)], None).await;
        stranger.send(Method::GET, "/metrics", &[(name, &value)], None).await;
    }

    // Whom a path or a program names.
    client.get(&format!("/db/{}@example.org", planted.seed("path"))).await;
    let agent = format!("bot (+mailto:{}@example.org; https://h/?{})", planted.seed("agent"), planted.seed("of-agent"));
    stranger.send(Method::GET, "/db/messages", &[("user-agent", &agent)], None).await;

    // Other programs.
    let token = ("authorization", "Bearer let-me-in");
    let summary =
        format!("of https://u:{}@h/a?q=f({}), see it", planted.seed("alert-user"), planted.seed("alert-asked"));
    let alert = json!({"alerts": [{
        "status": "firing", "labels": {"alertname": format!("A {}@example.org", planted.seed("alert-mail"))},
        "annotations": {"password": planted.seed("alert"), "summary": summary},
    }]});
    client.send(Method::POST, "/alerts/webhook", &[json, token], Some(alert.to_string())).await;
    relay(&client, &mut planted, ("sec-fetch-site", "same-origin")).await;
    relay(&client, &mut planted, token).await;

    // One that is no secret, last: what it is seen after has arrived.
    let began = Instant::now();
    while !received.has("/cache/search/stats")
        || !received.has("GET /db/messages/search")
        || !received.has("from-the-relay")
    {
        client.get("/cache/search/stats").await;
        assert!(began.elapsed() < Duration::from_secs(30), "what was recorded arrives");
        sleep(Duration::from_millis(200)).await;
    }
    sleep(Duration::from_secs(2)).await;
    for signal in ["http.server.request.duration", "login.failed", "INSERT"] {
        assert!(received.has(signal), "{signal} has arrived");
    }
    let leaked: Vec<_> = planted.0.iter().filter(|secret| received.has(secret)).collect();
    assert!(leaked.is_empty(), "{leaked:?}");
    let printed = server.printed();
    for kept in ["login.failed", "of https://h/a?*** see it", "/db/***@example.org", "bot (+mailto:***@example.org;"] {
        assert!(printed.contains(kept), "{kept} is in {printed}");
    }
    let leaked: Vec<_> = planted.0.iter().filter(|secret| printed.contains(*secret)).collect();
    assert!(leaked.is_empty(), "{leaked:?}");
}

/// What a page or another program, by its header, sends with more in it than it should.
async fn relay(client: &Client, planted: &mut Planted, sender: (&str, &str)) {
    let mut attributes = Vec::new();
    for key in [
        "password",
        "db.password",
        "http.request.header.authorization",
        "http.request.header.cookie",
        "token",
        "user.secret",
        "api_key",
        "accessToken",
        "http.request.header.x-api-key",
        "form[password]",
    ] {
        attributes.push(json!({"key": key, "value": {"stringValue": planted.seed(key)}}));
    }
    for (key, before) in [
        ("url.full", "https://example.org/?token="),
        ("url.query", "token="),
        ("http.url", "https://u:p@example.org/?q="),
        ("url.fragment", "access_token="),
        ("callback", "https://example.org/cb#access_token="),
        ("said", "no answer: /search?q=it's%20"),
    ] {
        attributes.push(json!({"key": key, "value": {"stringValue": format!("{before}{}", planted.seed(key))}}));
    }
    let nested = json!({"values": [{"key": "password", "value": {"stringValue": planted.seed("nested")}}]});
    attributes.push(json!({"key": "form", "value": {"kvlistValue": nested}}));
    let of_resource = json!({"stringValue": format!("{}@example.org", planted.seed("resource"))});
    let resource = json!({"attributes": [{"key": "host.name", "value": of_resource}]});
    let scope =
        json!({"name": "s", "attributes": [{"key": "password", "value": {"stringValue": planted.seed("scope")}}]});
    let mut address = || format!("of https://u:{}@example.org/?q={}", planted.seed("user"), planted.seed("asked"));
    let (status, said, body) = (
        address(),
        address(),
        json!({"kvlistValue": {"values": [
            {"key": "said", "value": {"stringValue": address()}}, {"key": "was", "value": {"stringValue": "from-the-relay"}},
        ]}}),
    );
    let span = json!({
        "traceId": "4bf92f3577b34da6a3ce929d0e0e4736", "spanId": "00f067aa0ba902b7", "name": "from-the-relay", "kind": 1,
        "startTimeUnixNano": "1790000000000000000", "endTimeUnixNano": "1790000000100000000", "attributes": attributes,
        "status": {"code": 2, "message": status}, "events": [{"name": said, "timeUnixNano": "1790000000000000000", "attributes": attributes}],
    });
    let spans = json!({"resourceSpans": [{"resource": resource, "scopeSpans": [{"scope": scope, "spans": [span]}]}]});
    let record = json!({"timeUnixNano": "1790000000000000000", "body": body, "attributes": attributes});
    let logs =
        json!({"resourceLogs": [{"resource": resource, "scopeLogs": [{"scope": scope, "logRecords": [record]}]}]});
    let point = json!({"timeUnixNano": "1790000000000000000", "asInt": "1", "attributes": attributes});
    let metric = json!({"name": "from-the-relay", "gauge": {"dataPoints": [point]}});
    let metrics =
        json!({"resourceMetrics": [{"resource": resource, "scopeMetrics": [{"scope": scope, "metrics": [metric]}]}]});
    for (path, body) in [("/v1/traces", spans), ("/v1/logs", logs), ("/v1/metrics", metrics)] {
        let headers = [("content-type", "application/json"), sender];
        let answer = client.send(Method::POST, path, &headers, Some(body.to_string())).await;
        assert_eq!((answer.status.as_u16(), &*answer.text), (200, "{}"), "{path}");
    }
}
