//! What a collector gets of the running program, and what is told of one that is not as it should be.
#![allow(clippy::unwrap_used, clippy::expect_used)]

mod common;

use axum::body::Bytes;
use axum::extract::State;
use axum::response::Html;
use common::{Client, Server, glassboard};
use reqwest::Method;
use serde_json::Value;
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};
use tokio::net::TcpListener;

/// The requests that a collector got, in OTLP's JSON.
#[derive(Clone, Default)]
struct Received(Arc<Mutex<Vec<Value>>>);

type Attributes = BTreeMap<String, String>;

impl Received {
    async fn listen(&self) -> String {
        let keep = |State(Self(received)): State<Self>, body: Bytes| async move {
            received.lock().unwrap().push(serde_json::from_slice(&body).unwrap());
        };
        serve(axum::Router::new().fallback(keep).with_state(self.clone())).await
    }

    fn all(&self, of: &str, scope: &str, items: &str) -> Vec<Value> {
        let requests = self.0.lock().unwrap();
        let list = |value: &Value, name: &str| value[name].as_array().cloned().unwrap_or_default();
        let scopes = requests.iter().flat_map(|request| list(request, of)).flat_map(|of| list(&of, scope));
        scopes.flat_map(|scope| list(&scope, items)).collect()
    }

    /// Waits until this span came.
    async fn span(&self, name: &str) -> Attributes {
        let until = Instant::now() + Duration::from_secs(60);
        loop {
            let spans = self.all("resourceSpans", "scopeSpans", "spans");
            if let Some(span) = spans.iter().find(|span| span["name"] == name) {
                return attributes(&span["attributes"]).into_iter().collect();
            }
            assert!(Instant::now() < until, "{name} did not come: {spans:?}");
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }
}

async fn serve(router: axum::Router) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    tokio::spawn(async move { axum::serve(listener, router).await });
    url
}

fn attributes(list: &Value) -> Vec<(String, String)> {
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    list.as_array().unwrap().iter().map(|one| (text(&one["key"]), text(&one["value"]["stringValue"]))).collect()
}

fn as_json(url: &str) -> [(&str, &str); 3] {
    [("OTLP_ENDPOINT", url), ("OTEL_EXPORTER_OTLP_PROTOCOL", "http/json"), ("OTEL_EXPORTER_OTLP_COMPRESSION", "none")]
}

#[tokio::test]
async fn each_attribute_of_the_resource_is_there_once() {
    let received = Received::default();
    let url = received.listen().await;
    let told = "service.instance.id=pod-1,telemetry.sdk.name=other,telemetry.sdk.language=go,team=a,team=b";
    let server = Server::start_with(&[&as_json(&url)[..], &[("OTEL_RESOURCE_ATTRIBUTES", told)]].concat());
    Client::new(&server).get("/login").await;
    received.span("GET /login").await;
    let resource = received.0.lock().unwrap().iter().find_map(|request| {
        Some(attributes(request["resourceSpans"].as_array()?.first()?.get("resource")?.get("attributes")?))
    });
    let resource = resource.unwrap();
    let unique: Attributes = resource.iter().cloned().collect();
    assert_eq!(unique.len(), resource.len(), "{resource:?}");
    for (key, value) in [
        ("service.instance.id", "pod-1"),
        ("telemetry.sdk.name", "glassboard"),
        ("telemetry.sdk.language", "rust"),
        ("telemetry.sdk.version", env!("CARGO_PKG_VERSION")),
        ("team", "b"),
    ] {
        assert_eq!(unique.get(key).map(String::as_str), Some(value), "{key}");
    }
}

#[tokio::test]
async fn a_method_that_nobody_knows_is_an_attribute_and_no_name() {
    let received = Received::default();
    let url = received.listen().await;
    let server = Server::start_with(&as_json(&url));
    let client = Client::new(&server);
    let long = "M".repeat(200);
    client.send(Method::from_bytes(long.as_bytes()).unwrap(), "/login", &[], None).await;
    let span = received.span("HTTP /login").await;
    assert_eq!(span["http.request.method"], "_OTHER");
    assert_eq!(span["http.request.method_original"], long[..32]);
    assert_eq!(span["url.scheme"], "http");
    client.send(Method::TRACE, "/login", &[], None).await;
    let span = received.span("TRACE /login").await;
    assert_eq!(span["http.request.method"], "TRACE");
    assert!(!span.contains_key("http.request.method_original"));
    client.send(Method::from_bytes(b"BREW").unwrap(), "/nowhere", &[], None).await;
    assert_eq!(received.span("HTTP").await["http.request.method_original"], "BREW");
}

#[tokio::test]
async fn the_scheme_is_the_one_that_the_client_used() {
    let (https, http) = (("x-forwarded-proto", "https"), ("x-forwarded-proto", "http"));
    let public = ("GLASSBOARD_PUBLIC_URL", "https://board.example");
    let proxy = ("GLASSBOARD_TRUSTED_PROXIES", "127.0.0.1");
    for (settings, header, expected) in [
        (&[][..], Some(https), "http"),
        (&[proxy][..], Some(https), "https"),
        (&[public][..], None, "https"),
        (&[public][..], Some(http), "https"),
        (&[public, proxy][..], Some(http), "http"),
    ] {
        let received = Received::default();
        let url = received.listen().await;
        let server = Server::start_with(&[&as_json(&url)[..], settings].concat());
        let client = Client::new(&server);
        let headers = header.map_or_else(Vec::new, |header| vec![header]);
        client.send(Method::GET, "/login", &headers, None).await;
        let span = received.span("GET /login").await;
        assert_eq!(span["url.scheme"], expected, "{settings:?} {header:?}");
        let counted = format!("http_route=\"/login\",http_response_status_code=\"200\",url_scheme=\"{expected}\"");
        let metrics = client.get("/metrics").await.text;
        assert!(metrics.contains(&counted), "{counted} is missing in {metrics}");
    }
}

#[tokio::test]
async fn a_page_where_a_collector_should_answer_is_told_once() {
    let asked = Arc::new(Mutex::new(0));
    let counted = Arc::clone(&asked);
    let page = move || {
        *counted.lock().unwrap() += 1;
        async { Html("<!DOCTYPE html><title>Log in</title>") }
    };
    let url = serve(axum::Router::new().fallback(page)).await;
    let mut server = Server::start_with(&[("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", &url)]);
    let client = Client::new(&server);
    let until = Instant::now() + Duration::from_secs(60);
    while *asked.lock().unwrap() < 3 {
        client.get("/login").await;
        assert!(Instant::now() < until, "nothing is sent");
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    assert_eq!(server.stop(), Some(0));
    let printed = server.printed();
    let told: Vec<_> = printed.lines().filter(|line| line.contains("is not OTLP's")).collect();
    assert!(told.len() == 1 && told[0].contains("WARN") && told[0].contains("text/html"), "{printed}");
}

/// What a start with these variables says before it fails; `timeout` ends one that does not.
fn refused(environment: &[(&str, &str)]) -> String {
    let data = tempfile::tempdir().unwrap();
    let mut command = std::process::Command::new("timeout");
    command.env_clear().arg("20").arg(glassboard().get_program());
    command.args(["--listen", "127.0.0.1:0", "--data"]).arg(data.path());
    let output = command.envs(environment.iter().copied()).output().unwrap();
    let error = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(1), "{environment:?}: {error}");
    error
}

#[test]
fn without_authorities_of_the_system_only_tls_needs_to_be_told_some() {
    let none = [("SSL_CERT_FILE", "/nonexistent"), ("SSL_CERT_DIR", "/nonexistent")];
    for collector in ["http://127.0.0.1:4318", "http://127.0.0.1:4317"] {
        Server::start_with(&[&none[..], &[("OTLP_ENDPOINT", collector)]].concat());
    }
    for collector in ["https://127.0.0.1:4318", "https://127.0.0.1:4317"] {
        let error = refused(&[&none[..], &[("OTLP_ENDPOINT", collector)]].concat());
        assert!(error.starts_with("glassboard: OTEL_EXPORTER_OTLP_CERTIFICATE: "), "{error}");
        assert_eq!(error.trim_end().lines().count(), 1, "{error}");
    }
}

#[test]
fn a_certificate_without_its_own_key_keeps_the_program_from_starting() {
    let made = [testing::Certificates::make(), testing::Certificates::make()];
    let (certificate, other_key) = (made[0].server(), made[1].key());
    let error = refused(&[
        ("OTLP_ENDPOINT", "https://127.0.0.1:4318"),
        ("OTEL_EXPORTER_OTLP_CLIENT_CERTIFICATE", certificate.to_str().unwrap()),
        ("OTEL_EXPORTER_OTLP_CLIENT_KEY", other_key.to_str().unwrap()),
    ]);
    assert!(error.starts_with("glassboard: OTEL_EXPORTER_OTLP_CLIENT_KEY: Set it to the key of"), "{error}");
}
