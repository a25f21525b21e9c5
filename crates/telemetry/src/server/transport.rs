use super::config::Export;
use super::endpoint::Protocol;
use super::signal::Signal;
use flate2::Compression;
use flate2::write::GzEncoder;
use http::header::{CONTENT_ENCODING, CONTENT_TYPE, HeaderMap, RETRY_AFTER};
use http::uri::PathAndQuery;
use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceResponse;
use prost::Message;
use prost::bytes::{Buf, BufMut, Bytes};
use std::io::Write;
use std::time::{Duration, SystemTime};
use tonic::client::Grpc;
use tonic::codec::{Codec, DecodeBuf, Decoder, EncodeBuf, Encoder};
use tonic::metadata::MetadataMap;
use tonic::transport::{Certificate, Channel, ClientTlsConfig, Identity};
use tonic::{Code, Status};

/// What the collector made of a batch.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Outcome {
    /// Taken, but for this many.
    Accepted { rejected: u64 },
    /// Not now; the collector may have said for how long.
    Retry { after: Option<Duration>, reason: String },
    /// Never.
    Refused { reason: String },
}

/// A connection to the collector can't even be tried.
#[derive(Debug, thiserror::Error)]
#[error("nothing can be sent to {url}: {source}")]
pub struct TransportError {
    url: String,
    source: Box<dyn std::error::Error + Send + Sync>,
}

#[derive(Debug)]
pub(super) enum Transport {
    Http { client: reqwest::Client, url: String, headers: HeaderMap, gzip: bool, json: Option<Signal> },
    Grpc { client: Grpc<Channel>, path: PathAndQuery, headers: HeaderMap },
}

impl Transport {
    /// To be called inside of the runtime that will send.
    pub(super) fn new(export: &Export) -> Result<Self, TransportError> {
        let (url, headers) = (&export.endpoint.url, export.headers.clone());
        let transport = match export.endpoint.protocol {
            Protocol::HttpProtobuf | Protocol::HttpJson => {
                let json = (export.endpoint.protocol == Protocol::HttpJson).then_some(export.signal);
                http_client(export).map(|client| Self::Http {
                    client,
                    url: url.clone(),
                    headers,
                    gzip: export.gzip,
                    json,
                })
            }
            Protocol::Grpc => {
                let path = PathAndQuery::from_static(export.signal.grpc_path());
                grpc_client(export).map(|client| Self::Grpc { client, path, headers })
            }
        };
        transport.map_err(|source| TransportError { url: export.endpoint.shown().to_owned(), source })
    }

    /// Sends an encoded export request of the signal.
    pub(super) async fn send(&mut self, request: &Bytes) -> Outcome {
        match self {
            Self::Http { client, url, headers, gzip, json } => {
                let body = match json {
                    None => Ok(request.clone()),
                    Some(signal) => signal.json(request).map(Bytes::from),
                };
                let kind = if json.is_some() { "application/json" } else { "application/x-protobuf" };
                match body.and_then(|body| if *gzip { gzipped(&body).map(Bytes::from) } else { Ok(body) }) {
                    Ok(body) => send_http(client.post(&*url).headers(headers.clone()), kind, *gzip, body).await,
                    Err(error) => Outcome::Refused { reason: error.to_string() },
                }
            }
            Self::Grpc { client, path, headers } => send_grpc(client, path, headers, request).await,
        }
    }
}

type BoxError = Box<dyn std::error::Error + Send + Sync>;

fn http_client(export: &Export) -> Result<reqwest::Client, BoxError> {
    let redirect = reqwest::redirect::Policy::none();
    let mut client = reqwest::Client::builder().timeout(export.timeout).redirect(redirect);
    if let Some(path) = &export.authorities {
        client = client.tls_certs_only(reqwest::Certificate::from_pem_bundle(&std::fs::read(path)?)?);
    }
    if let Some(identity) = &export.identity {
        // A file need not end with its line.
        let pem = [std::fs::read(&identity.certificate)?, std::fs::read(&identity.key)?].join(&b'\n');
        client = client.identity(reqwest::Identity::from_pem(&pem)?);
    }
    Ok(client.build()?)
}

fn grpc_client(export: &Export) -> Result<Grpc<Channel>, BoxError> {
    let (url, timeout) = (&export.endpoint.url, export.timeout);
    let mut endpoint = Channel::from_shared(url.clone())?.timeout(timeout).connect_timeout(timeout);
    if url.starts_with("https:") {
        let mut tls = ClientTlsConfig::new();
        if let Some(identity) = &export.identity {
            let (certificate, key) = (std::fs::read(&identity.certificate)?, std::fs::read(&identity.key)?);
            tls = tls.identity(Identity::from_pem(certificate, key));
        }
        endpoint = endpoint.tls_config(match &export.authorities {
            Some(path) => tls.ca_certificate(Certificate::from_pem(std::fs::read(path)?)),
            None => tls.with_native_roots(),
        })?;
    }
    let client = Grpc::new(endpoint.connect_lazy());
    Ok(client)
}

fn gzipped(bytes: &[u8]) -> Result<Vec<u8>, BoxError> {
    let mut gzip = GzEncoder::new(Vec::with_capacity(bytes.len() / 4), Compression::fast());
    gzip.write_all(bytes)?;
    Ok(gzip.finish()?)
}

async fn send_http(request: reqwest::RequestBuilder, kind: &'static str, gzip: bool, body: Bytes) -> Outcome {
    let mut request = request.header(CONTENT_TYPE, kind);
    if gzip {
        request = request.header(CONTENT_ENCODING, "gzip");
    }
    let sent = request.body(body).send().await;
    match sent {
        Err(error) => Outcome::Retry { after: None, reason: with_sources(&error.without_url()) },
        Ok(response) if response.status().is_success() => Outcome::Accepted { rejected: rejected_of(response).await },
        Ok(response) => {
            let reason = format!("the collector answered {}", response.status());
            if matches!(response.status().as_u16(), 429 | 502 | 503 | 504) {
                Outcome::Retry { after: retry_after(response.headers(), SystemTime::now()), reason }
            } else {
                Outcome::Refused { reason }
            }
        }
    }
}

/// The collector's answer is read up to a bound; one that is no answer rejects nothing.
async fn rejected_of(mut response: reqwest::Response) -> u64 {
    const MAX_ANSWER_BYTES: usize = 64 * 1024;
    let kind = response.headers().get(CONTENT_TYPE);
    let is_json = kind.is_some_and(|kind| kind.as_bytes().starts_with(b"application/json"));
    let mut body = Vec::new();
    while let Ok(Some(chunk)) = response.chunk().await {
        if body.len() + chunk.len() > MAX_ANSWER_BYTES {
            return 0;
        }
        body.extend_from_slice(&chunk);
    }
    if is_json { rejected_in_json(&body) } else { rejected(&body) }
}

/// Each signal has its own name for what was rejected.
fn rejected_in_json(answer: &[u8]) -> u64 {
    let answer: serde_json::Value = serde_json::from_slice(answer).unwrap_or_default();
    let told = ["rejectedSpans", "rejectedDataPoints", "rejectedLogRecords"];
    let told = told.iter().find_map(|name| answer["partialSuccess"].get(name));
    // 64-bit numbers are texts in OTLP's JSON.
    told.and_then(|told| told.as_u64().or_else(|| told.as_str()?.parse().ok())).unwrap_or_default()
}

/// The three signals' responses look the same on the wire.
fn rejected(answer: &[u8]) -> u64 {
    let partial = ExportTraceServiceResponse::decode(answer).ok().and_then(|answer| answer.partial_success);
    partial.map_or(0, |partial| partial.rejected_spans.max(0).unsigned_abs())
}

/// Seconds or a date: RFC 9110, section 10.2.3.
fn retry_after(headers: &HeaderMap, now: SystemTime) -> Option<Duration> {
    let text = headers.get(RETRY_AFTER)?.to_str().ok()?;
    match text.parse() {
        Ok(seconds) => Some(Duration::from_secs(seconds)),
        Err(_) => Some(httpdate::parse_http_date(text).ok()?.duration_since(now).unwrap_or_default()),
    }
}

async fn send_grpc(client: &mut Grpc<Channel>, path: &PathAndQuery, headers: &HeaderMap, request: &Bytes) -> Outcome {
    let mut request = tonic::Request::new(request.clone());
    *request.metadata_mut() = MetadataMap::from_headers(headers.clone());
    if let Err(error) = client.ready().await {
        return Outcome::Retry { after: None, reason: with_sources(&error) };
    }
    match client.unary(request, path.clone(), Encoded).await {
        Ok(answer) => Outcome::Accepted { rejected: rejected(answer.get_ref()) },
        Err(status) => {
            let reason = format!("the collector answered {:?}: {}", status.code(), status.message());
            if is_transient(status.code()) {
                Outcome::Retry { after: None, reason }
            } else {
                Outcome::Refused { reason }
            }
        }
    }
}

/// Messages that are encoded already.
struct Encoded;

impl Codec for Encoded {
    type Encode = Bytes;
    type Decode = Vec<u8>;
    type Encoder = Self;
    type Decoder = Self;

    fn encoder(&mut self) -> Self {
        Self
    }

    fn decoder(&mut self) -> Self {
        Self
    }
}

impl Encoder for Encoded {
    type Item = Bytes;
    type Error = Status;

    fn encode(&mut self, item: Bytes, to: &mut EncodeBuf<'_>) -> Result<(), Status> {
        to.put(item);
        Ok(())
    }
}

impl Decoder for Encoded {
    type Item = Vec<u8>;
    type Error = Status;

    fn decode(&mut self, from: &mut DecodeBuf<'_>) -> Result<Option<Vec<u8>>, Status> {
        Ok(Some(from.copy_to_bytes(from.remaining()).into()))
    }
}

/// OTLP's table of retryable codes: <https://opentelemetry.io/docs/specs/otlp/#failures>. `Unknown` is how a
/// connection that broke off shows.
const fn is_transient(code: Code) -> bool {
    matches!(
        code,
        Code::Cancelled
            | Code::DeadlineExceeded
            | Code::ResourceExhausted
            | Code::Aborted
            | Code::OutOfRange
            | Code::Unavailable
            | Code::DataLoss
            | Code::Unknown
    )
}

fn with_sources(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(error) = source {
        text = format!("{text}: {error}");
        source = error.source();
    }
    text
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::retry_after;
    use http::header::{HeaderMap, HeaderValue, RETRY_AFTER};
    use std::time::{Duration, SystemTime};

    #[test]
    fn retry_after_is_seconds_or_a_date() {
        let now = SystemTime::UNIX_EPOCH + Duration::from_secs(1_000_000_000);
        let after = |text: &str| {
            let mut headers = HeaderMap::new();
            headers.insert(RETRY_AFTER, HeaderValue::from_str(text).unwrap());
            retry_after(&headers, now)
        };
        assert_eq!(after("7"), Some(Duration::from_secs(7)));
        assert_eq!(after(&httpdate::fmt_http_date(now + Duration::from_secs(30))), Some(Duration::from_secs(30)));
        assert_eq!(after(&httpdate::fmt_http_date(now - Duration::from_secs(30))), Some(Duration::ZERO));
        assert_eq!(after("soon"), None);
        assert_eq!(retry_after(&HeaderMap::new(), now), None);
    }
}
