#![allow(clippy::unwrap_used)]
use super::{Forwarder, ForwarderError, ForwarderStats, QUEUE_BYTES, RetryPolicy};
use crate::server::signal::ExportRequest;
use crate::server::{Config, Endpoint, Export, Protocol};
use flate2::read::GzDecoder;
use opentelemetry_proto::tonic::collector::trace::v1::{
    ExportTracePartialSuccess, ExportTraceServiceRequest, ExportTraceServiceResponse,
};
use opentelemetry_proto::tonic::trace::v1::{ResourceSpans, ScopeSpans, Span};
use prost::Message;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpListener;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::time::{Duration, Instant};

pub(super) const LONG: Duration = Duration::from_secs(60);
pub(super) const FAST: RetryPolicy = RetryPolicy {
    first_wait: Duration::from_millis(1),
    longest_wait: Duration::from_millis(2),
    give_up_after: LONG,
    longest_asked: LONG,
};

/// What the collector saw: headers in lower case, and how many spans.
struct Seen {
    head: String,
    spans: usize,
}

/// A collector that gives these answers in turn, and then keeps silent.
fn collector(answers: Vec<Vec<u8>>) -> (String, Receiver<Seen>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let (seen, receiver) = channel();
    std::thread::spawn(move || {
        let mut silent = Vec::new();
        let mut answers = answers.into_iter();
        for stream in listener.incoming() {
            let stream = stream.unwrap();
            let answer = answers.next();
            let is_silent = answer.is_none();
            silent.extend(serve(stream, answer, &seen).filter(|_| is_silent));
        }
    });
    (url, receiver)
}

fn serve<S: Read + Write>(stream: S, answer: Option<Vec<u8>>, seen: &Sender<Seen>) -> Option<S> {
    let mut reader = BufReader::new(stream);
    let mut head = String::new();
    while !head.ends_with("\r\n\r\n") {
        if reader.read_line(&mut head).ok()? == 0 {
            return None;
        }
    }
    let head = head.to_ascii_lowercase();
    let length = head.lines().find_map(|line| line.strip_prefix("content-length: "))?.parse().ok()?;
    let mut body = vec![0; length];
    reader.read_exact(&mut body).ok()?;
    let mut decoded = Vec::new();
    GzDecoder::new(body.as_slice()).read_to_end(&mut decoded).ok()?;
    let request = ExportTraceServiceRequest::decode(decoded.as_slice()).ok()?;
    let _ = seen.send(Seen { head, spans: request.count() });
    let mut stream = reader.into_inner();
    stream.write_all(&answer.unwrap_or_default()).ok()?;
    Some(stream)
}

fn answer(status: &str, headers: &str, body: &[u8]) -> Vec<u8> {
    let head = format!("HTTP/1.1 {status}\r\nconnection: close\r\ncontent-length: {}\r\n{headers}\r\n", body.len());
    [head.as_bytes(), body].concat()
}

pub(super) fn request(spans: usize, name_bytes: usize) -> ExportTraceServiceRequest {
    let span = Span { name: "x".repeat(name_bytes), ..Span::default() };
    let scope_spans = vec![ScopeSpans { spans: vec![span; spans], ..ScopeSpans::default() }];
    ExportTraceServiceRequest { resource_spans: vec![ResourceSpans { scope_spans, ..ResourceSpans::default() }] }
}

fn forwarder(url: &str, retry: RetryPolicy) -> Forwarder {
    let export = export(&[("OTEL_EXPORTER_OTLP_HEADERS", "x-tenant=one"), ("OTLP_ENDPOINT", url)], &[]);
    Forwarder::start_with(&export, retry).unwrap()
}

/// Variables with the files that they name.
pub(super) type Files = [(&'static str, tempfile::NamedTempFile); 3];

/// The side of a collector that takes only those who show a certificate, and what they need.
pub(super) fn tls() -> (rustls::ServerConfig, Files) {
    use rustls::pki_types::{CertificateDer, PrivateKeyDer};
    let authority_key = rcgen::KeyPair::generate().unwrap();
    let mut parameters = rcgen::CertificateParams::default();
    parameters.is_ca = rcgen::IsCa::Ca(rcgen::BasicConstraints::Unconstrained);
    let authority = parameters.self_signed(&authority_key).unwrap();
    let issuer = rcgen::Issuer::new(parameters, authority_key);
    let signed = |name: &str| {
        let key = rcgen::KeyPair::generate().unwrap();
        let certificate = rcgen::CertificateParams::new(vec![name.to_owned()]).unwrap().signed_by(&key, &issuer);
        (certificate.unwrap(), key)
    };
    let ((own, own_key), (client, client_key)) = (signed("127.0.0.1"), signed("board"));

    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let mut roots = rustls::RootCertStore::empty();
    roots.add(CertificateDer::from(authority.der().to_vec())).unwrap();
    let verifier = rustls::server::WebPkiClientVerifier::builder_with_provider(Arc::new(roots), Arc::clone(&provider));
    let config = rustls::ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_client_cert_verifier(verifier.build().unwrap())
        .with_single_cert(
            vec![CertificateDer::from(own.der().to_vec())],
            PrivateKeyDer::try_from(own_key.serialize_der()).unwrap(),
        );
    // As mounted secrets are: without a line's end.
    let file = |text: String| {
        let mut file = tempfile::NamedTempFile::new().unwrap();
        file.write_all(text.trim_end().as_bytes()).unwrap();
        file
    };
    let files = [
        ("OTEL_EXPORTER_OTLP_CERTIFICATE", file(authority.pem())),
        ("OTEL_EXPORTER_OTLP_CLIENT_CERTIFICATE", file(client.pem())),
        ("OTEL_EXPORTER_OTLP_CLIENT_KEY", file(client_key.serialize_pem())),
    ];
    (config.unwrap(), files)
}

/// A collector with TLS, which takes the requests of whoever shows a certificate.
fn collector_with_tls() -> (String, Files, Receiver<Seen>) {
    let (config, files) = tls();
    let config = Arc::new(config);
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("https://{}", listener.local_addr().unwrap());
    let (seen, receiver) = channel();
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let tls = rustls::ServerConnection::new(Arc::clone(&config)).unwrap();
            serve(rustls::StreamOwned::new(tls, stream.unwrap()), Some(answer("200 OK", "", b"")), &seen);
        }
    });
    (url, files, receiver)
}

/// The traces' export with these variables, and with the first ones of the files.
pub(super) fn export(variables: &[(&str, &str)], files: &[(&str, tempfile::NamedTempFile)]) -> Export {
    let of = |name: &str| {
        let variable = variables.iter().find(|(known, _)| *known == name).map(|(_, value)| (*value).to_owned());
        let file = || files.iter().find(|(known, _)| *known == name);
        variable.or_else(|| file().map(|(_, file)| file.path().display().to_string()))
    };
    Config::from_env(of).unwrap().traces.unwrap()
}

#[test]
fn a_collector_that_asks_for_a_certificate_is_shown_one() {
    let (url, files, seen) = collector_with_tls();
    let start =
        |shown: usize| Forwarder::start_with(&export(&[("OTLP_ENDPOINT", &url)], &files[..shown]), FAST).unwrap();
    let known = start(3);
    known.forward(&request(2, 1));
    assert_eq!(seen.recv_timeout(LONG).unwrap().spans, 2);
    assert_eq!(finished(&known, LONG), ForwarderStats { sent: 2, dropped: 0, queued: 0 });

    let unknown = start(1);
    unknown.forward(&request(1, 1));
    assert_eq!(finished(&unknown, LONG), ForwarderStats { sent: 0, dropped: 1, queued: 0 });
    assert!(seen.try_recv().is_err());
}

#[test]
fn what_nothing_can_be_sent_to_is_told_within_a_runtime_too() {
    let endpoint = Endpoint { protocol: Protocol::Grpc, url: "http://a b".to_owned() };
    let export = Export { endpoint, ..export(&[("OTLP_ENDPOINT", "http://collector:4317")], &[]) };
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    let started = runtime.block_on(async { Forwarder::start_with(&export, FAST) });
    assert!(matches!(started, Err(ForwarderError::Transport(_))));
}

/// Shuts down, and tells what became of the spans.
pub(super) fn finished(forwarder: &Forwarder, limit: Duration) -> ForwarderStats {
    forwarder.shutdown(limit);
    let begun = Instant::now();
    while forwarder.stats().queued > 0 && begun.elapsed() < LONG {
        std::thread::sleep(Duration::from_millis(1));
    }
    forwarder.stats()
}

#[test]
fn waiting_requests_are_joined_zipped_and_sent_with_the_headers() {
    let (url, seen) = collector(vec![answer("200 OK", "", b"")]);
    let forwarder = forwarder(&url, FAST);
    forwarder.forward(&request(2, 1));
    forwarder.forward(&request(3, 1));
    assert_eq!(finished(&forwarder, LONG), ForwarderStats { sent: 5, dropped: 0, queued: 0 });
    let seen = seen.recv_timeout(LONG).unwrap();
    assert_eq!(seen.spans, 5);
    for part in ["post /v1/traces ", "content-encoding: gzip", "content-type: application/x-protobuf", "x-tenant: one"]
    {
        assert!(seen.head.contains(part), "{}", seen.head);
    }
}

#[test]
fn a_busy_collector_is_tried_again_after_the_time_it_asks_for() {
    let busy = answer("503 Service Unavailable", "retry-after: 1\r\n", b"");
    let (url, seen) = collector(vec![busy, answer("429 Too Many Requests", "", b""), answer("200 OK", "", b"")]);
    let forwarder = forwarder(&url, FAST);
    forwarder.forward(&request(1, 1));
    seen.recv_timeout(LONG).unwrap();
    let refused = Instant::now();
    seen.recv_timeout(LONG).unwrap();
    assert!(refused.elapsed() >= Duration::from_millis(900));
    seen.recv_timeout(LONG).unwrap();
    assert_eq!(finished(&forwarder, LONG), ForwarderStats { sent: 1, dropped: 0, queued: 0 });
}

#[test]
fn a_refused_batch_is_dropped_and_counted_and_the_next_one_sent() {
    let (url, seen) = collector(vec![answer("400 Bad Request", "", b""), answer("200 OK", "", b"")]);
    let forwarder = forwarder(&url, FAST);
    forwarder.forward(&request(2, 1));
    seen.recv_timeout(LONG).unwrap();
    forwarder.forward(&request(1, 1));
    seen.recv_timeout(LONG).unwrap();
    assert_eq!(finished(&forwarder, LONG), ForwarderStats { sent: 1, dropped: 2, queued: 0 });
}

#[test]
fn spans_that_the_collector_rejects_are_counted() {
    let partial = ExportTracePartialSuccess { rejected_spans: 2, error_message: "no".to_owned() };
    let body = ExportTraceServiceResponse { partial_success: Some(partial) }.encode_to_vec();
    let (url, _seen) = collector(vec![answer("200 OK", "", &body)]);
    let forwarder = forwarder(&url, FAST);
    forwarder.forward(&request(5, 1));
    assert_eq!(finished(&forwarder, LONG), ForwarderStats { sent: 3, dropped: 2, queued: 0 });
}

#[test]
fn a_batch_is_given_up_in_the_end() {
    let given_up = RetryPolicy { give_up_after: Duration::ZERO, ..FAST };
    let always_asked = RetryPolicy { longest_asked: Duration::ZERO, ..FAST };
    for (headers, retry) in [("", given_up), ("retry-after: 1\r\n", always_asked)] {
        let busy = answer("503 Service Unavailable", headers, b"");
        let (url, seen) = collector(vec![busy, answer("200 OK", "", b"")]);
        let forwarder = forwarder(&url, retry);
        forwarder.forward(&request(1, 1));
        seen.recv_timeout(LONG).unwrap();
        forwarder.forward(&request(2, 1));
        assert_eq!(seen.recv_timeout(LONG).unwrap().spans, 2);
        assert_eq!(finished(&forwarder, LONG), ForwarderStats { sent: 2, dropped: 1, queued: 0 });
    }
}

#[test]
fn the_wait_that_a_collector_asks_for_costs_no_batch() {
    let busy = answer("503 Service Unavailable", "retry-after: 1\r\n", b"");
    let (url, seen) = collector(vec![busy, answer("200 OK", "", b"")]);
    let forwarder = forwarder(&url, RetryPolicy { give_up_after: Duration::from_millis(100), ..FAST });
    forwarder.forward(&request(1, 1));
    seen.recv_timeout(LONG).unwrap();
    assert_eq!(seen.recv_timeout(LONG).unwrap().spans, 1);
    assert_eq!(finished(&forwarder, LONG), ForwarderStats { sent: 1, dropped: 0, queued: 0 });
}

#[test]
fn a_collector_that_hangs_costs_what_does_not_fit_and_never_time() {
    let (url, seen) = collector(Vec::new());
    let forwarder = forwarder(&url, FAST);
    let large = request(1, QUEUE_BYTES / 10);
    forwarder.forward(&large);
    seen.recv_timeout(LONG).unwrap();
    for _ in 0..20 {
        forwarder.forward(&large);
    }
    let stats = forwarder.stats();
    assert!(stats.dropped >= 11 && stats.queued <= 10, "{stats:?}");
    let mut made = 0;
    for _ in 0..40 {
        forwarder.forward_made(1, || {
            made += 1;
            large.encode_to_vec()
        });
    }
    assert!(made <= 1, "what has no room is not even made: {made}");
    assert_eq!(finished(&forwarder, Duration::from_millis(10)), ForwarderStats { sent: 0, dropped: 61, queued: 0 });
}

#[test]
fn one_that_is_larger_than_the_queue_is_lost_alone() {
    let (url, seen) = collector(vec![answer("200 OK", "", b"")]);
    let forwarder = forwarder(&url, FAST);
    forwarder.forward_made(1, || vec![0; QUEUE_BYTES + 1]);
    forwarder.forward_made(2, || request(2, 1).encode_to_vec());
    assert_eq!(seen.recv_timeout(LONG).unwrap().spans, 2);
    assert_eq!(finished(&forwarder, LONG), ForwarderStats { sent: 2, dropped: 1, queued: 0 });
}

#[test]
fn nothing_listening_does_not_delay_the_shutdown() {
    for port in [4318, 4317] {
        let forwarder = forwarder(&format!("http://127.0.0.254:{port}"), super::RETRY);
        forwarder.forward(&request(3, 1));
        let begun = Instant::now();
        assert_eq!(finished(&forwarder, LONG), ForwarderStats { sent: 0, dropped: 3, queued: 0 });
        assert!(begun.elapsed() < LONG / 2);
        forwarder.forward(&request(1, 1));
        assert_eq!(forwarder.stats(), ForwarderStats { sent: 0, dropped: 4, queued: 0 });
    }
}
