//! Connections: accepted until the server is told to end, and bounded in time.

use super::ending::Ending;
use super::event_loops::EventLoops;
use super::timer::OneTimer;
use super::watched::Watched;
use crate::layers::LastSaid;
use axum::Router;
use axum::body::Body;
use http::header::CONTENT_TYPE;
use hyper::body::{Body as _, Incoming};
use hyper::server::conn::{http1, http2};
use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use hyper_util::server::graceful::GracefulConnection;
use std::convert::Infallible;
use std::net::{IpAddr, SocketAddr};
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};
use telemetry::server::metrics::OpenConnection;
use tokio::net::{TcpListener, TcpStream};
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::mpsc;
use tokio::time::timeout;
use tokio_util::sync::CancellationToken;
use tower::Service;

/// How long requests under way may take when the server ends.
const DRAIN: Duration = Duration::from_secs(10);
/// How long a connection may be idle, or take to send the head of a request, which has 100 headers at most, as hyper has it.
/// Over HTTP/2, how long it may leave a ping without an answer.
const HEAD_TIME: Duration = Duration::from_secs(30);
const MAX_HEAD_BYTES: usize = 64 * 1024;

/// Who is at the other end of a connection.
#[derive(Default)]
pub struct Peer {
    /// `None` where a request came by no connection.
    pub address: Option<IpAddr>,
    /// The address as it is written; the same for all requests.
    pub text: Arc<str>,
    pub last_said: LastSaid,
}

impl Peer {
    fn of(address: SocketAddr) -> Self {
        let address = address.ip().to_canonical();
        Self { address: Some(address), text: address.to_string().into(), last_said: LastSaid::default() }
    }
}

/// Serves connections until SIGTERM or Ctrl-C; then those that are open may end what they are at. After SIGTERM `notice` passes
/// first, in which everything is served and only `draining` tells: a proxy has time to look elsewhere.
pub async fn accept_until_told(
    listener: TcpListener,
    loops: &EventLoops<Router>,
    draining: &CancellationToken,
    notice: Duration,
) -> std::io::Result<()> {
    let mut terminate = signal(SignalKind::terminate())?;
    let mut interrupt = signal(SignalKind::interrupt())?;
    let (protocols, ending) = (Protocols::default(), Arc::new(Ending::default()));
    // Closed once the last connection is.
    let (open, mut all_closed) = mpsc::channel(1);
    let told_to_end = async {
        tokio::select! {
            _ = interrupt.recv() => return,
            _ = terminate.recv() => draining.cancel(),
        }
        // Whoever asks twice does not want to wait.
        tokio::select! {
            _ = interrupt.recv() => {}
            _ = terminate.recv() => {}
            () = tokio::time::sleep(notice) => {}
        }
    };
    let mut told_to_end = std::pin::pin!(told_to_end);
    let mut told = None;
    loop {
        tokio::select! {
            accepted = listener.accept() => match accepted {
                Ok((stream, peer)) => {
                    let (ending, open) = (Arc::clone(&ending), open.clone());
                    loops.spawn(|router| connection(stream, peer, &protocols, router, ending, open));
                }
                Err(error) => {
                    // Once a minute: with no descriptors left it happens all the time.
                    if told.is_none_or(|told: Instant| told.elapsed() > Duration::from_secs(60)) {
                        tracing::warn!(%error, "connections can't be accepted");
                        told = Some(Instant::now());
                    }
                    tokio::time::sleep(Duration::from_millis(50)).await;
                }
            },
            () = &mut told_to_end => break,
        }
    }
    drop(listener);
    draining.cancel();
    drop(open);
    ending.tell();
    if timeout(DRAIN, all_closed.recv()).await.is_err() {
        tracing::warn!("what was still open was cut off after {} s", DRAIN.as_secs());
    }
    Ok(())
}

/// How connections are spoken to.
struct Protocols {
    http1: http1::Builder,
    http2: http2::Builder<TokioExecutor>,
}

impl Default for Protocols {
    fn default() -> Self {
        let (mut http1, mut http2) = (http1::Builder::new(), http2::Builder::new(TokioExecutor::new()));
        http1.header_read_timeout(HEAD_TIME).max_buf_size(MAX_HEAD_BYTES).half_close(true);
        http2
            .timer(TokioTimer::new())
            .keep_alive_interval(HEAD_TIME)
            .max_concurrent_streams(100)
            .max_header_list_size(64 * 1024);
        Self { http1, http2 }
    }
}

/// Serves a connection on the thread that polls this. `open` goes with it.
fn connection(
    stream: TcpStream,
    peer: SocketAddr,
    protocols: &Protocols,
    router: &Router,
    ending: Arc<Ending>,
    open: mpsc::Sender<()>,
) -> impl Future<Output = ()> + Send + use<> {
    let _ = stream.set_nodelay(true);
    // Without its tie to the thread that accepted it.
    let stream = stream.into_std();
    let (router, peer) = (router.clone(), Arc::new(Peer::of(peer)));
    let (mut http1, http2) = (protocols.http1.clone(), protocols.http2.clone());
    async move {
        let (_open, _counted) = (open, OpenConnection::begin());
        let Ok(stream) = stream.and_then(TcpStream::from_std) else { return };
        let mut told = pin!(ending.told());
        let first = tokio::select! {
            biased;
            first = timeout(HEAD_TIME, first_words(&stream)) => first,
            () = &mut told => return,
        };
        let Ok(Ok(Some(first))) = first else { return };
        let asked = AtomicBool::new(false);
        let streams = Arc::new(AtomicBool::new(false));
        let service = service_fn(|request: http::Request<Incoming>| {
            asked.store(true, Ordering::Relaxed);
            let mut request = request.map(Body::new);
            request.extensions_mut().insert(Arc::clone(&peer));
            let (answer, streams) = (router.clone().call(request), Arc::clone(&streams));
            async move {
                let answer = answer.await?;
                streams.store(is_event_stream(&answer), Ordering::Relaxed);
                Ok::<_, Infallible>(answer)
            }
        });
        match first {
            Protocol::Http1 => {
                http1.timer(OneTimer::default());
                let stream = TokioIo::new(Watched::new(stream, Arc::clone(&streams)));
                serve(http1.serve_connection(stream, service), told, &asked).await;
            }
            Protocol::Http2 => serve(http2.serve_connection(TokioIo::new(stream), service), told, &asked).await,
        }
    }
}

fn is_event_stream(answer: &http::Response<Body>) -> bool {
    answer.body().size_hint().exact().is_none()
        && answer.headers().get(CONTENT_TYPE).is_some_and(|kind| kind.as_bytes().starts_with(b"text/event-stream"))
}

/// Serves a connection until its client has gone, or, once the server ends, what was asked for until then.
async fn serve(connection: impl GracefulConnection, told: impl Future<Output = ()>, asked: &AtomicBool) {
    let mut connection = pin!(connection);
    // A client that breaks off is its own business.
    tokio::select! {
        biased;
        _ = connection.as_mut() => return,
        () = told => {}
    }
    // Whoever has asked nothing by then is not waited for.
    if asked.load(Ordering::Relaxed) {
        connection.as_mut().graceful_shutdown();
        let _ = connection.await;
    }
}

enum Protocol {
    Http1,
    Http2,
}

/// Waits until the client has said enough to tell HTTP/1 from HTTP/2; `None` when it says no more.
async fn first_words(stream: &TcpStream) -> std::io::Result<Option<Protocol>> {
    const PREFACE: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";
    const PAUSE: Duration = Duration::from_millis(20);
    let mut said = [0; PREFACE.len()];
    loop {
        let length = stream.peek(&mut said).await?;
        if length == 0 {
            return Ok(None);
        }
        if said[..length] != PREFACE[..length] {
            return Ok(Some(Protocol::Http1));
        }
        if length == PREFACE.len() {
            return Ok(Some(Protocol::Http2));
        }
        tokio::time::sleep(PAUSE).await;
    }
}
