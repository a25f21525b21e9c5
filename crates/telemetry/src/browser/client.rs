//! Server function calls as spans: `#[server(client = TracedClient)]`.

use super::record::{Kind, Status};
use super::{actions, export, fetches, page, recorder};
use crate::names::stable;
use crate::propagation::{TRACEPARENT, TraceParent};
use futures::{Sink, Stream, StreamExt};
use server_fn::Bytes;
use server_fn::client::{Client, browser::BrowserClient};
use server_fn::error::FromServerFnError;
use server_fn::request::browser::{BrowserRequest, Request};
use server_fn::response::{ClientRes, browser::BrowserResponse};
use tracing::Span;

/// A client for calls that never make spans, such as those that read traces.
pub struct QuietClient;

/// Sends a request by a fetch that makes no span by itself.
async fn fetched<E, I, O>(request: BrowserRequest) -> Result<BrowserResponse, E>
where
    E: FromServerFnError,
    I: FromServerFnError,
    O: FromServerFnError,
{
    // It fetches when it is polled first, which is at once.
    fetches::expect(true);
    let sent = <BrowserClient as Client<E, I, O>>::send(request).await;
    fetches::expect(false);
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
        let fetch = Fetch::open(&request);
        match fetched::<E, I, O>(request).await {
            Ok(response) => {
                fetch.answered(<BrowserResponse as ClientRes<E>>::status(&response));
                Ok(TracedResponse { response, fetch })
            }
            Err(error) => {
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
        fetched::<E, I, O>(request).await
    }

    rest_as_the_browsers!();
}

/// The span of one fetch. Dropped before its end it was given up: a newer search, a page left.
struct Fetch {
    span: Span,
    /// The action that continues when the fetch has ended.
    cause: Span,
    ended: bool,
}

impl Fetch {
    fn open(request: &Request) -> Self {
        let current = Span::current();
        let cause = recorder::action_above(&current);
        // The methods that server functions have.
        let method = match request.method().as_str() {
            "GET" => "GET",
            "PUT" => "PUT",
            "PATCH" => "PATCH",
            "DELETE" => "DELETE",
            _ => "POST",
        };
        let span = recorder::span(method, &current);
        let path = page::own_path(&request.url());
        if let (Some(place), Some(_)) = (recorder::place(&span), &path) {
            let sampled = export::is_kept(&place.trace_id);
            request.headers().set(TRACEPARENT, &TraceParent { sampled, ..place }.to_string());
        }
        recorder::edit(&span, |record| {
            record.kind = Kind::Client;
            record.set(stable::HTTP_REQUEST_METHOD, method);
            if let Some(path) = path {
                record.set(stable::URL_PATH, path);
            }
        });
        Self { span, cause, ended: false }
    }

    fn answered(&self, status: u16) {
        recorder::edit(&self.span, |record| {
            record.set(stable::HTTP_RESPONSE_STATUS_CODE, i64::from(status));
            if status >= 400 {
                record.set(stable::ERROR_TYPE, status.to_string());
                record.status = Status::Error(String::new());
            }
        });
    }

    /// No answer came, or not all of it.
    fn failed(self) {
        recorder::edit(&self.span, |record| {
            record.set(stable::ERROR_TYPE, "network");
            record.status = Status::Error("no answer from the server".to_owned());
        });
        self.end();
    }

    fn end(mut self) {
        self.ended = true;
    }

    fn read(self, whole: bool) {
        if whole { self.end() } else { self.failed() }
    }
}

impl Drop for Fetch {
    fn drop(&mut self) {
        if !self.ended {
            recorder::edit(&self.span, |record| record.set(stable::ERROR_TYPE, "cancelled"));
            return;
        }
        // Closed before the action goes on, so that the action's next steps start after it.
        drop(std::mem::replace(&mut self.span, Span::none()));
        let cause = std::mem::replace(&mut self.cause, Span::none());
        if !cause.is_none() {
            actions::go_on(cause, false);
        }
    }
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
