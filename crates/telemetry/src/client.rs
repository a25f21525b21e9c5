//! Clients for server functions: `#[server(client = TracedClient)]`.
//!
//! Server functions name their client on both sides. On the server it is never asked for anything (Leptos calls the
//! function itself), and answers an error if it is.

#[cfg(all(target_arch = "wasm32", not(feature = "unrecorded")))]
pub use crate::browser::client::{QuietClient, TracedClient, TracedResponse};

#[cfg(all(target_arch = "wasm32", feature = "unrecorded"))]
pub use server_fn::client::browser::{BrowserClient as QuietClient, BrowserClient as TracedClient};

#[cfg(not(target_arch = "wasm32"))]
pub use in_process::{InProcessRequest, InProcessResponse, QuietClient, TracedClient};

#[cfg(not(target_arch = "wasm32"))]
mod in_process {
    use futures::{Sink, Stream, sink, stream};
    use http::Method;
    use server_fn::Bytes;
    use server_fn::client::Client;
    use server_fn::error::{FromServerFnError, ServerFnErrorErr};
    use server_fn::request::ClientReq;
    use server_fn::response::ClientRes;
    use std::convert::Infallible;

    /// Sends nothing on the server; in the browser each call is a span.
    pub struct TracedClient;

    /// Sends nothing on the server; in the browser its calls make no spans.
    pub struct QuietClient;

    /// A request that cannot be made.
    pub struct InProcessRequest(Infallible);

    /// A response that cannot come.
    pub struct InProcessResponse(Infallible);

    fn refuse<T, E: FromServerFnError>() -> Result<T, E> {
        Err(E::from_server_fn_error(ServerFnErrorErr::Request(
            "the server calls its functions itself and sends no requests for them".to_owned(),
        )))
    }

    macro_rules! client {
        ($client:ty) => {
            impl<E, I, O> Client<E, I, O> for $client
            where
                E: FromServerFnError + Send,
                I: FromServerFnError,
                O: FromServerFnError,
            {
                type Request = InProcessRequest;
                type Response = InProcessResponse;

                async fn send(request: InProcessRequest) -> Result<InProcessResponse, E> {
                    match request.0 {}
                }

                async fn open_websocket(
                    _path: &str,
                ) -> Result<
                    (impl Stream<Item = Result<Bytes, Bytes>> + Send + 'static, impl Sink<Bytes> + Send + 'static),
                    E,
                > {
                    refuse::<(stream::Empty<Result<Bytes, Bytes>>, sink::Drain<Bytes>), E>()
                }

                fn spawn(_future: impl Future<Output = ()> + Send + 'static) {}
            }
        };
    }
    client!(TracedClient);
    client!(QuietClient);

    impl<E: FromServerFnError> ClientReq<E> for InProcessRequest {
        type FormData = Infallible;

        fn try_new_req_query(_: &str, _: &str, _: &str, _: &str, _: Method) -> Result<Self, E> {
            refuse()
        }

        fn try_new_req_text(_: &str, _: &str, _: &str, _: String, _: Method) -> Result<Self, E> {
            refuse()
        }

        fn try_new_req_bytes(_: &str, _: &str, _: &str, _: Bytes, _: Method) -> Result<Self, E> {
            refuse()
        }

        fn try_new_req_form_data(_: &str, _: &str, _: &str, _: Infallible, _: Method) -> Result<Self, E> {
            refuse()
        }

        fn try_new_req_multipart(_: &str, _: &str, _: Infallible, _: Method) -> Result<Self, E> {
            refuse()
        }

        fn try_new_req_streaming(
            _: &str,
            _: &str,
            _: &str,
            _: impl Stream<Item = Bytes> + Send + 'static,
            _: Method,
        ) -> Result<Self, E> {
            refuse()
        }
    }

    impl<E: FromServerFnError + Send> ClientRes<E> for InProcessResponse {
        async fn try_into_string(self) -> Result<String, E> {
            match self.0 {}
        }

        async fn try_into_bytes(self) -> Result<Bytes, E> {
            match self.0 {}
        }

        fn try_into_stream(self) -> Result<impl Stream<Item = Result<Bytes, Bytes>> + Send + Sync + 'static, E> {
            refuse::<stream::Empty<Result<Bytes, Bytes>>, E>()
        }

        fn status(&self) -> u16 {
            match self.0 {}
        }

        fn status_text(&self) -> String {
            match self.0 {}
        }

        fn location(&self) -> String {
            match self.0 {}
        }

        fn has_redirect(&self) -> bool {
            match self.0 {}
        }
    }
}
