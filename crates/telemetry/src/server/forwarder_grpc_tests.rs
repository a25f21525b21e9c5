#![allow(clippy::unwrap_used)]
use super::tests::{FAST, LONG, export, finished, request, tls};
use super::{Forwarder, ForwarderStats, RetryPolicy};
use crate::server::signal::ExportRequest;
use flate2::read::GzDecoder;
use http::{HeaderMap, Response};
use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest;
use prost::Message;
use prost::bytes::Bytes;
use std::io::Read;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpListener;
use tokio_rustls::TlsAcceptor;
use tonic::{Code, Status};
use tonic_types::{ErrorDetails, StatusExt};

/// What the collector saw.
#[derive(Debug, PartialEq, Eq)]
struct Seen {
    zipped: bool,
    spans: usize,
}

type Answers = Arc<Mutex<std::vec::IntoIter<Status>>>;

/// A collector over gRPC that gives these answers in turn, and then takes everything.
fn collector(tls: Option<rustls::ServerConfig>, answers: Vec<Status>) -> (String, Receiver<Seen>) {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let listener = runtime.block_on(TcpListener::bind("127.0.0.1:0")).unwrap();
    let scheme = if tls.is_some() { "https" } else { "http" };
    let url = format!("{scheme}://{}", listener.local_addr().unwrap());
    let acceptor = tls.map(|mut config| {
        config.alpn_protocols.push(b"h2".to_vec());
        TlsAcceptor::from(Arc::new(config))
    });
    let ((seen, receiver), answers) = (channel(), Arc::new(Mutex::new(answers.into_iter())));
    std::thread::spawn(move || {
        runtime.block_on(async {
            while let Ok((stream, _)) = listener.accept().await {
                let (seen, answers) = (seen.clone(), Arc::clone(&answers));
                match &acceptor {
                    None => drop(tokio::spawn(serve(stream, answers, seen))),
                    Some(acceptor) => {
                        // Who shows no certificate gets no further.
                        if let Ok(stream) = acceptor.accept(stream).await {
                            tokio::spawn(serve(stream, answers, seen));
                        }
                    }
                }
            }
        });
    });
    (url, receiver)
}

async fn serve(stream: impl AsyncRead + AsyncWrite + Unpin, answers: Answers, seen: Sender<Seen>) {
    let Ok(mut connection) = h2::server::handshake(stream).await else { return };
    while let Some(Ok((request, mut respond))) = connection.accept().await {
        let (seen, answers) = (seen.clone(), Arc::clone(&answers));
        tokio::spawn(async move {
            let mut body = request.into_body();
            let mut bytes = Vec::new();
            while let Some(chunk) = body.data().await {
                let chunk = chunk.unwrap();
                let _ = body.flow_control().release_capacity(chunk.len());
                bytes.extend_from_slice(&chunk);
            }
            seen.send(read(&bytes)).unwrap();
            let status = answers.lock().unwrap().next().unwrap_or_else(|| Status::ok(""));
            let mut head = Response::builder().header("content-type", "application/grpc").body(()).unwrap();
            if status.code() == Code::Ok {
                let mut stream = respond.send_response(head, false).unwrap();
                // An empty message.
                stream.send_data(Bytes::from_static(&[0; 5]), false).unwrap();
                let mut trailers = HeaderMap::new();
                status.add_header(&mut trailers).unwrap();
                stream.send_trailers(trailers).unwrap();
            } else {
                status.add_header(head.headers_mut()).unwrap();
                respond.send_response(head, true).unwrap();
            }
        });
    }
}

/// A message is a byte that says whether it is compressed, its length in four, and itself.
fn read(bytes: &[u8]) -> Seen {
    let (zipped, message) = (bytes[0] == 1, &bytes[5..]);
    let mut plain = Vec::new();
    if zipped {
        GzDecoder::new(message).read_to_end(&mut plain).unwrap();
    } else {
        plain.extend_from_slice(message);
    }
    Seen { zipped, spans: ExportTraceServiceRequest::decode(&*plain).unwrap().count() }
}

const GRPC: (&str, &str) = ("OTEL_EXPORTER_OTLP_PROTOCOL", "grpc");

fn forwarder(url: &str, retry: RetryPolicy) -> Forwarder {
    Forwarder::start_with(&export(&[GRPC, ("OTLP_ENDPOINT", url)], &[]), retry).unwrap()
}

fn used_up(details: ErrorDetails) -> Status {
    Status::with_error_details(Code::ResourceExhausted, "used up", details)
}

#[test]
fn a_collector_that_asks_for_a_certificate_is_shown_one_over_grpc_too() {
    let (config, files) = tls();
    let (url, seen) = collector(Some(config), Vec::new());
    let start =
        |shown: usize| Forwarder::start_with(&export(&[GRPC, ("OTLP_ENDPOINT", &url)], &files[..shown]), FAST).unwrap();
    let known = start(3);
    known.forward(&request(2, 1));
    assert_eq!(seen.recv_timeout(LONG).unwrap(), Seen { zipped: false, spans: 2 });
    assert_eq!(finished(&known, LONG), ForwarderStats { sent: 2, dropped: 0, queued: 0 });

    let unknown = start(1);
    unknown.forward(&request(1, 1));
    assert_eq!(finished(&unknown, LONG), ForwarderStats { sent: 0, dropped: 1, queued: 0 });
    assert!(seen.try_recv().is_err());
}

#[test]
fn grpc_is_zipped_when_that_is_asked_for() {
    let (url, seen) = collector(None, Vec::new());
    for (compression, zipped) in [("gzip", true), ("none", false), ("", false)] {
        let variables = [GRPC, ("OTLP_ENDPOINT", &url), ("OTEL_EXPORTER_OTLP_COMPRESSION", compression)];
        let forwarder = Forwarder::start_with(&export(&variables, &[]), FAST).unwrap();
        forwarder.forward(&request(3, 1_000));
        assert_eq!(seen.recv_timeout(LONG).unwrap(), Seen { zipped, spans: 3 }, "{compression}");
        assert_eq!(finished(&forwarder, LONG), ForwarderStats { sent: 3, dropped: 0, queued: 0 });
    }
}

#[test]
fn a_quota_that_is_used_up_is_waited_for_if_the_collector_says_how_long() {
    let soon = ErrorDetails::with_retry_info(Some(Duration::from_secs(1)));
    let (url, seen) = collector(None, vec![used_up(soon), used_up(ErrorDetails::new())]);
    let forwarder = forwarder(&url, RetryPolicy { give_up_after: Duration::from_millis(100), ..FAST });
    forwarder.forward(&request(1, 1));
    seen.recv_timeout(LONG).unwrap();
    let refused = Instant::now();
    seen.recv_timeout(LONG).unwrap();
    assert!(refused.elapsed() >= Duration::from_millis(900));
    // Without saying so, it refused the batch: what comes next is another one.
    forwarder.forward(&request(2, 1));
    assert_eq!(seen.recv_timeout(LONG).unwrap().spans, 2);
    assert_eq!(finished(&forwarder, LONG), ForwarderStats { sent: 2, dropped: 1, queued: 0 });
}

#[test]
fn a_collector_over_grpc_that_is_away_is_tried_again() {
    let (url, seen) = collector(None, vec![Status::unavailable("restarts"), Status::invalid_argument("bad")]);
    let forwarder = forwarder(&url, FAST);
    forwarder.forward(&request(1, 1));
    seen.recv_timeout(LONG).unwrap();
    seen.recv_timeout(LONG).unwrap();
    forwarder.forward(&request(2, 1));
    seen.recv_timeout(LONG).unwrap();
    assert_eq!(finished(&forwarder, LONG), ForwarderStats { sent: 2, dropped: 1, queued: 0 });
}
