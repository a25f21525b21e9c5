//! How a page calls its server functions. Server_fn's own clients encode arguments as forms and decode answers once per
//! function and kind of reader; here all calls share one small function, because every byte of it is sent to browsers.

use http::Method;
use model::{BoardError, Code};
use serde::Serialize;
use serde::de::DeserializeOwned;
use server_fn::client::Client;
use server_fn::codec::{Json, PostUrl};
use server_fn::error::{FromServerFnError, ServerFnErrorErr};
use server_fn::request::{ClientReq, Req};
use server_fn::response::ClientRes;
use server_fn::server::Server;
use server_fn::{Http, Protocol};
use std::pin::Pin;

pub const FORM: &str = "application/x-www-form-urlencoded";
const JSON: &str = "application/json";

/// Arguments as JSON, and the answer too. The server also takes the arguments as a form sends them.
pub struct Call;

impl<Input, Output, C, S> Protocol<Input, Output, C, S, BoardError> for Call
where
    Input: Serialize + DeserializeOwned + Send,
    Output: Serialize + DeserializeOwned + Send,
    C: Client<BoardError>,
    S: Server<BoardError>,
    S::Request: Send + 'static,
    Http<Json, Json>: Protocol<Input, Output, C, S, BoardError>,
    Http<PostUrl, Json>: Protocol<Input, Output, C, S, BoardError>,
{
    const METHOD: Method = Method::POST;

    async fn run_server<F, Fut>(request: S::Request, function: F) -> Result<S::Response, BoardError>
    where
        F: Fn(Input) -> Fut + Send,
        Fut: Future<Output = Result<Output, BoardError>> + Send,
    {
        let json = request.to_content_type().is_some_and(|kind| kind.starts_with(JSON));
        match json {
            true => {
                <Http<Json, Json> as Protocol<Input, Output, C, S, BoardError>>::run_server(request, function).await
            }
            false => {
                <Http<PostUrl, Json> as Protocol<Input, Output, C, S, BoardError>>::run_server(request, function).await
            }
        }
    }

    async fn run_client(path: &str, input: Input) -> Result<Output, BoardError> {
        let arguments = serde_json::to_string(&input).map_err(|_| Code::InvalidRequest)?;
        decode(&post::<C>(path, JSON, arguments).await?)
    }
}

/// Reads an answer.
///
/// # Errors
/// `InvalidRequest` when it is not one of this function: page and server are of different builds.
pub fn decode<T: DeserializeOwned>(answer: &str) -> Result<T, BoardError> {
    serde_json::from_str(answer)
        .map_err(|error| BoardError::from_server_fn_error(ServerFnErrorErr::Deserialization(error.to_string())))
}

/// Posts a body to a server function; the answer's body, or the error that the server told.
pub fn post<C>(path: &str, kind: &'static str, body: String) -> Answer
where
    C: Client<BoardError>,
{
    let request = C::Request::try_new_post(path, kind, JSON, body);
    Box::pin(async move {
        let response = C::send(request?).await.map_err(with_trace)?;
        let failed = response.status() >= 400;
        let body = response.try_into_string().await?;
        if failed { Err(decode(&body)?) } else { Ok(body) }
    })
}

/// No server can tell of a call that did not reach it; the browser's own spans do.
fn with_trace(error: BoardError) -> BoardError {
    BoardError { trace_id: telemetry::browser::unanswered(), ..error }
}

/// A call on its way.
pub type Answer = Pin<Box<dyn Future<Output = Result<String, BoardError>> + Send>>;
