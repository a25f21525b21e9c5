//! Server function calls as spans: `#[server(client = TracedClient)]`.

use super::fetches::{self, Fetch};
use super::recorder;
use crate::propagation::hex;
use futures::{Sink, Stream, StreamExt};
use server_fn::Bytes;
use server_fn::client::{Client, browser::BrowserClient};
use server_fn::error::FromServerFnError;
use server_fn::request::browser::BrowserRequest;
use server_fn::response::{ClientRes, browser::BrowserResponse};
use std::cell::Cell;
use tracing::Span;

thread_local! {
    /// The trace of the call that has just got no answer.
    static UNANSWERED: Cell<Option<[u8; 16]>> = const { Cell::new(None) };
}

/// The trace of the call that has just got no answer, for whoever tells the reader of it; once.
#[must_use]
pub fn unanswered() -> Option<String> {
    UNANSWERED.take().map(|trace_id| hex::encode(&trace_id))
}

/// A client for calls that never make spans, such as those that read traces.
pub struct QuietClient;

/// Sends a request by a fetch whose span is `span`, which may be none.
async fn fetched<E, I, O>(request: BrowserRequest, span: Span) -> Result<BrowserResponse, E>
where
    E: FromServerFnError,
    I: FromServerFnError,
    O: FromServerFnError,
{
    // It fetches when it is polled first, which is at once.
    fetches::expect(Some(span));
    let sent = <BrowserClient as Client<E, I, O>>::send(request).await;
    fetches::expect(None);
    sent
}

/// What both clients leave to server_fn's own.
macro_rules! rest_as_the_browsers {
    () => {
        fn open_websocket(
            path: &str,
        ) -> impl Future<
            Output = Result<
                (impl Stream<Item = Result<Bytes, Bytes>> + Send + 'static, impl Sink<Bytes> + Send + 'static),
                E,
            >,
        > + Send {
            <BrowserClient as Client<E, I, O>>::open_websocket(path)
        }

        fn spawn(future: impl Future<Output = ()> + Send + 'static) {
            <BrowserClient as Client<E, I, O>>::spawn(future);
        }
    };
}

/// Sends server function calls by `fetch`, each a span from the request to the end of the response's body. The
/// parent is the current span, else the reader's action; the server is told by `traceparent`.
pub struct TracedClient;

impl<E, I, O> Client<E, I, O> for TracedClient
where
    E: FromServerFnError,
    I: FromServerFnError,
    O: FromServerFnError,
{
    type Request = BrowserRequest;
    type Response = TracedResponse;

    async fn send(request: BrowserRequest) -> Result<TracedResponse, E> {
        let fetch = Fetch::open();
        match fetched::<E, I, O>(request, fetch.span.clone()).await {
            Ok(response) => {
                fetch.answered(<BrowserResponse as ClientRes<E>>::status(&response));
                Ok(TracedResponse { response, fetch })
            }
            Err(error) => {
                UNANSWERED.set(recorder::place(&fetch.span).map(|place| place.trace_id));
                fetch.failed();
                Err(error)
            }
        }
    }

    rest_as_the_browsers!();
}

impl<E, I, O> Client<E, I, O> for QuietClient
where
    E: FromServerFnError,
    I: FromServerFnError,
    O: FromServerFnError,
{
    type Request = BrowserRequest;
    type Response = BrowserResponse;

    async fn send(request: BrowserRequest) -> Result<BrowserResponse, E> {
        fetched::<E, I, O>(request, Span::none()).await
    }

    rest_as_the_browsers!();
}

/// A response whose span ends with its body.
pub struct TracedResponse {
    response: BrowserResponse,
    fetch: Fetch,
}

impl<E: FromServerFnError> ClientRes<E> for TracedResponse {
    async fn try_into_string(self) -> Result<String, E> {
        let body = self.response.try_into_string().await;
        self.fetch.read(body.is_ok());
        body
    }

    async fn try_into_bytes(self) -> Result<Bytes, E> {
        let body = self.response.try_into_bytes().await;
        self.fetch.read(body.is_ok());
        body
    }

    fn try_into_stream(self) -> Result<impl Stream<Item = Result<Bytes, Bytes>> + Send + Sync + 'static, E> {
        let Self { response, mut fetch } = self;
        let stream = <BrowserResponse as ClientRes<E>>::try_into_stream(response)?;
        // Whoever reads a stream decides where it ends.
        fetch.ended = true;
        Ok(stream.inspect(move |_| {
            let _ends_with_the_stream = &fetch;
        }))
    }

    fn status(&self) -> u16 {
        <BrowserResponse as ClientRes<E>>::status(&self.response)
    }

    fn status_text(&self) -> String {
        <BrowserResponse as ClientRes<E>>::status_text(&self.response)
    }

    fn location(&self) -> String {
        <BrowserResponse as ClientRes<E>>::location(&self.response)
    }

    fn has_redirect(&self) -> bool {
        <BrowserResponse as ClientRes<E>>::has_redirect(&self.response)
    }
}
