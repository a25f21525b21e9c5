//! `/metrics`, as Prometheus reads it, and under a flood.
#![allow(clippy::unwrap_used, clippy::expect_used)]

mod common;

use common::{Client, Server};
use reqwest::Method;
use serde_json::{Value, json};
use std::collections::BTreeSet;
use std::time::{Duration, Instant};
use testing::Prometheus;

/// Asks Prometheus until it has something to say.
async fn ask(prometheus: &mut Prometheus, query: &str) -> Value {
    let until = Instant::now() + Duration::from_secs(60);
    loop {
        let answer = reqwest::get(format!("{}/api/v1/{query}", prometheus.url)).await;
        let told = match answer {
            Ok(answer) => serde_json::from_str(&answer.text().await.unwrap_or_default()).unwrap_or_default(),
            Err(_) => Value::Null,
        };
        let data = told["data"]["result"].as_array().or_else(|| told["data"].as_array());
        if data.is_some_and(|all| !all.is_empty()) {
            return told["data"].clone();
        }
        assert!(!prometheus.has_ended(), "Prometheus does not start");
        assert!(Instant::now() < until, "{query}: {told}");
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
}

#[tokio::test]
async fn prometheus_reads_the_metrics_and_finds_the_trace_behind_one() {
    let server = Server::start();
    let mut prometheus = Prometheus::scraping(server.url.trim_start_matches("http://"));
    let client = Client::signed_in(&server, "mina").await;
    for _ in 0..5 {
        assert_eq!(client.post("/db/message", json!({"message": "measured"})).await.status, 200);
    }
    let count = "query?query=http_requests_total{route=\"/db/message\",status_code=\"200\"}==5";
    assert_eq!(ask(&mut prometheus, count).await["result"][0]["metric"]["method"], "POST");
    for metric in [
        "http_server_request_duration_seconds_count{http_route=\"/db/message\",url_scheme=\"http\"}",
        "http_request_duration_seconds_bucket{route=\"/db/message\",le=\"%2BInf\"}",
        "db_client_operation_duration_seconds_count{db_system_name=\"sqlite\",db_operation_name=\"INSERT\"}",
        "glassboard_messages_posted_total",
        "glassboard_log_ins_total{outcome=\"success\"}",
        "glassboard_sessions_active",
        "glassboard_dependency_up{dependency=\"store\",engine=\"sqlite\"}",
        "process_cpu_time_seconds_total{cpu_mode=\"user\"}",
        "process_memory_usage_bytes",
        "tokio_runtime_alive_tasks{runtime=\"loop-1\"}",
        "active_connections",
    ] {
        ask(&mut prometheus, &format!("query?query={metric}")).await;
    }
    let end = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap().as_secs() + 60;
    let exemplars = format!(
        "query_exemplars?query=http_server_request_duration_seconds_bucket{{http_route=\"/db/message\"}}&start={}&end={end}",
        end - 600
    );
    let found = ask(&mut prometheus, &exemplars).await;
    let trace = found[0]["exemplars"][0]["labels"]["trace_id"].as_str().unwrap().to_owned();
    let seen = client.form("/fn/traces/get", &format!("trace_id={trace}")).await;
    assert!(seen.text.contains("POST /db/message"), "{trace}: {}", seen.text);
}

#[tokio::test]
async fn a_flood_of_paths_methods_and_names_makes_no_series() {
    let server = Server::start();
    let client = Client::new(&server);
    let series = async || {
        let text = client.get("/metrics").await.text;
        let names = text.lines().filter(|line| !line.starts_with('#')).filter_map(|line| line.rsplit_once(' '));
        names.map(|(name, _)| name.to_owned()).collect::<BTreeSet<_>>()
    };
    let flood = async |round: usize| {
        for number in 0..100 {
            let name = format!("{round}x{number}");
            client.get(&format!("/{name}")).await;
            client.get(&format!("/db/messages/{name}")).await;
            client.get(&format!("/traces/{name}?q={name}")).await;
            client.send(Method::from_bytes(format!("M{name}").as_bytes()).unwrap(), "/login", &[], None).await;
            client.send(Method::GET, "/", &[("user-agent", &name), ("host", &name)], None).await;
            client.post("/register", json!({"username": name, "password": ""})).await;
            client.post("/login", json!({"username": name, "password": "wrong"})).await;
        }
    };
    // Some answers change once they were given often: log-ins are refused for a while.
    flood(0).await;
    flood(1).await;
    // Asking for the metrics is a request, too.
    series().await;
    let before = series().await;
    flood(2).await;
    let made: Vec<_> = series().await.difference(&before).cloned().collect();
    assert_eq!(made, Vec::<String>::new());
}
