//! The door for telemetry, as those find it who mean harm, and as pages do that have lost something.
#![allow(clippy::unwrap_used, clippy::expect_used)]

mod common;

use common::{Client, Server};
use reqwest::header::{CONTENT_TYPE, RETRY_AFTER};
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};
use std::process::{Command, Stdio};

const TRACE: &str = "4bf92f3577b34da6a3ce929d0e0e4736";
const PAGE: [(&str, &str); 2] = [("content-type", "application/json"), ("sec-fetch-site", "same-origin")];

fn spans(resource: &Value) -> String {
    let span = json!({
        "traceId": TRACE, "spanId": "00f067aa0ba902b7", "name": "click", "kind": 1,
        "startTimeUnixNano": "1790000000000000000", "endTimeUnixNano": "1790000000100000000",
    });
    json!({"resourceSpans": [{"resource": {"attributes": resource}, "scopeSpans": [{"spans": [span]}]}]}).to_string()
}

#[tokio::test]
async fn what_is_sent_again_is_shown_once_and_as_the_own_pages() {
    let server = Server::start_with(&[("FRONTEND_SERVICE_NAME", "our-pages")]);
    let client = Client::signed_in(&server, "root").await;
    let body = spans(&json!([{"key": "service.name", "value": {"stringValue": "a-bank"}}]));
    for _ in 0..20 {
        assert_eq!(client.send(Method::POST, "/v1/traces", &PAGE, Some(body.clone())).await.status, StatusCode::OK);
    }
    let seen = client.form("/fn/traces/get", &format!("trace_id={TRACE}")).await;
    assert_eq!(seen.text.matches("00f067aa0ba902b7").count(), 1, "{}", seen.text);
    assert!(seen.text.contains("our-pages") && !seen.text.contains("a-bank"), "{}", seen.text);
}

#[tokio::test]
async fn what_a_page_has_lost_is_counted() {
    let server = Server::start();
    let client = Client::signed_in(&server, "root").await;
    let lost = json!([{"key": "glassboard.dropped_spans", "value": {"intValue": "7"}}]);
    for _ in 0..2 {
        client.send(Method::POST, "/v1/traces", &PAGE, Some(spans(&lost))).await;
    }
    let lies = json!([{"key": "glassboard.dropped_spans", "value": {"intValue": "-9000000000000000000"}}]);
    client.send(Method::POST, "/v1/traces", &PAGE, Some(spans(&lies))).await;
    let metrics = client.get("/metrics").await.text;
    assert!(metrics.contains("glassboard_browser_dropped_total{signal=\"spans\"} 14\n"), "{metrics}");
}

#[tokio::test]
async fn a_span_that_is_wrong_costs_its_neighbours_nothing() {
    let server = Server::start();
    let client = Client::signed_in(&server, "root").await;
    let mut body: Value = serde_json::from_str(&spans(&json!([]))).unwrap();
    let list = body["resourceSpans"][0]["scopeSpans"][0]["spans"].as_array_mut().unwrap();
    let mut wrong = list[0].clone();
    (wrong["spanId"], wrong["endTimeUnixNano"]) = (json!("00f067aa0ba902b8"), json!("1"));
    list.insert(0, wrong.clone());
    let answer = client.send(Method::POST, "/v1/traces", &PAGE, Some(body.to_string())).await;
    assert_eq!(answer.status, StatusCode::OK, "{}", answer.text);
    let told: Value = serde_json::from_str(&answer.text).unwrap();
    assert_eq!(told["partialSuccess"]["rejectedSpans"], "1", "{told}");
    assert!(told["partialSuccess"]["errorMessage"].as_str().unwrap().contains("ends before it starts"), "{told}");
    let seen = client.form("/fn/traces/get", &format!("trace_id={TRACE}")).await.text;
    assert!(seen.contains("00f067aa0ba902b7") && !seen.contains("00f067aa0ba902b8"), "{seen}");

    body["resourceSpans"][0]["scopeSpans"][0]["spans"] = json!([wrong]);
    let answer = client.send(Method::POST, "/v1/traces", &PAGE, Some(body.to_string())).await;
    assert_eq!(answer.status, StatusCode::BAD_REQUEST, "{}", answer.text);
}

/// A collector that takes connections and never answers.
async fn dead_collector() -> String {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    tokio::spawn(async move {
        let mut open = Vec::new();
        while let Ok((connection, _)) = listener.accept().await {
            open.push(connection);
        }
    });
    url
}

#[tokio::test]
async fn what_only_a_dead_collector_would_keep_its_sender_keeps_and_the_rest_is_taken() {
    let collector = dead_collector().await;
    let server = Server::start_with(&[("OTLP_ENDPOINT", &*collector), ("GLASSBOARD_TOKEN", "let-me-in")]);
    let client = Client::signed_in(&server, "root").await;
    let json = ("content-type", "application/json");
    let program = [json, ("authorization", "Bearer let-me-in")];
    let record = json!({"timeUnixNano": "1", "body": {"stringValue": "x".repeat(4000)}});
    let logs = json!({"resourceLogs": [{"scopeLogs": [{"logRecords": vec![record; 100]}]}]}).to_string();
    let mut answers = Vec::new();
    for _ in 0..30 {
        answers.push(client.send(Method::POST, "/v1/logs", &program, Some(logs.clone())).await);
    }
    let refused: Vec<_> = answers.iter().filter(|answer| answer.status == StatusCode::SERVICE_UNAVAILABLE).collect();
    let taken = answers.iter().filter(|answer| answer.status == StatusCode::OK).count();
    // 8 MiB wait.
    assert_eq!((taken, refused.len()), (20, 10));
    assert!(refused.iter().all(|answer| answer.headers.contains_key(RETRY_AFTER)));
    // Web vitals are counted here, and spans are seen here.
    assert_eq!(client.send(Method::POST, "/v1/logs", &PAGE, Some(logs)).await.status, StatusCode::OK);
    let traces = client.send(Method::POST, "/v1/traces", &program, Some(spans(&json!([])))).await;
    assert_eq!(traces.status, StatusCode::OK);
    let seen = client.form("/fn/traces/get", &format!("trace_id={TRACE}")).await.text;
    assert!(seen.contains("00f067aa0ba902b7"), "{seen}");
}

#[tokio::test]
async fn a_flood_is_stopped_and_readers_are_served() {
    let server = Server::start();
    let flood = (0..8).map(|_| {
        let stranger = Client::new(&server);
        tokio::spawn(async move {
            let mut statuses = Vec::new();
            for _ in 0..100 {
                let headers = [("content-type", "application/json")];
                let answer = stranger.send(Method::POST, "/v1/logs", &headers, Some("{}".to_owned())).await;
                assert!(answer.status != StatusCode::TOO_MANY_REQUESTS || answer.headers.contains_key("retry-after"));
                statuses.push(answer.status);
            }
            statuses
        })
    });
    let flood: Vec<_> = flood.collect();
    let reader = Client::signed_in(&server, "reader").await;
    for _ in 0..50 {
        assert_eq!(reader.get("/db/messages").await.status, StatusCode::OK);
    }
    let mut statuses = Vec::new();
    for stranger in flood {
        statuses.extend(stranger.await.unwrap());
    }
    let count = |status| statuses.iter().filter(|seen| **seen == status).count();
    let (taken, stopped) = (count(StatusCode::OK), count(StatusCode::TOO_MANY_REQUESTS));
    assert!(taken >= 100 && stopped > 0 && taken + stopped == 800, "{taken} were taken, {stopped} were stopped");
}

/// So many MiB of blanks, zipped.
fn bomb(mebibytes: u32) -> Vec<u8> {
    let script = format!("head -c {} /dev/zero | tr '\\0' ' ' | gzip -9", mebibytes * 1024 * 1024);
    let output = Command::new("sh").args(["-c", &script]).stderr(Stdio::inherit()).output().unwrap();
    assert!(output.status.success());
    output.stdout
}

#[tokio::test]
async fn what_is_too_large_too_deep_or_of_wrong_types_is_refused_and_the_board_goes_on() {
    let server = Server::start();
    let client = Client::new(&server);
    let http = reqwest::Client::new();
    let zipped = bomb(200);
    assert!(zipped.len() < 500_000, "small enough for the door: {}", zipped.len());
    let deep = format!("{{\"resourceSpans\":{}{}}}", "[".repeat(100_000), "]".repeat(100_000));
    let deep_value = {
        let lists = 64;
        let open = "{\"arrayValue\":{\"values\":[".repeat(lists);
        let value = format!("{open}{{\"intValue\":1}}{}", "]}}".repeat(lists));
        spans(&json!([{"key": "k", "value": "DEEP"}])).replace("\"DEEP\"", &value)
    };
    // Protobuf of one group in another, of which there is no end.
    let groups = vec![0x0b_u8; 400_000];
    let (json, protobuf) = ("application/json", "application/x-protobuf");
    for (what, content_type, gzip, body, status) in [
        ("a bomb", json, true, zipped.clone(), 413),
        ("a bomb", protobuf, true, zipped, 413),
        ("too large", json, false, vec![b' '; 3 * 1024 * 1024], 413),
        ("brackets", json, false, deep.into_bytes(), 400),
        ("lists in lists", json, false, deep_value.into_bytes(), 400),
        ("groups in groups", protobuf, false, groups, 400),
        ("no gzip", json, true, b"{}".to_vec(), 400),
        ("a number", json, false, b"1".to_vec(), 400),
        ("a text for a list", json, false, br#"{"resourceSpans":"all of them"}"#.to_vec(), 400),
        (
            "a span that is a number",
            json,
            false,
            br#"{"resourceSpans":[{"scopeSpans":[{"spans":[7]}]}]}"#.to_vec(),
            400,
        ),
        ("half a request", json, false, br#"{"resourceSpans":[{"#.to_vec(), 400),
        ("not UTF-8", json, false, vec![0xff; 100], 400),
        ("another language", "text/xml", false, b"<spans/>".to_vec(), 415),
    ] {
        for path in ["/v1/traces", "/v1/metrics", "/v1/logs"] {
            let request = http.post(format!("{}{path}", server.url)).header(CONTENT_TYPE, content_type);
            let request = request.header("sec-fetch-site", "same-origin").body(body.clone());
            let request = if gzip { request.header("content-encoding", "gzip") } else { request };
            let answer = request.send().await.unwrap();
            let of_others = path != "/v1/traces" && body.starts_with(br#"{"resourceSpans""#);
            // What the other signals do not know, they pass over.
            let expected = if of_others && answer.status() == 200 { 200 } else { status };
            assert_eq!(answer.status().as_u16(), expected, "{what} to {path}: {}", answer.text().await.unwrap());
        }
    }
    assert_eq!(client.get("/health/ready").await.status, StatusCode::OK);
}
