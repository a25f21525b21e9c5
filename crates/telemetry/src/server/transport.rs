use super::config::{CERTIFICATE, Export};
use super::endpoint::Protocol;
use super::signal::Signal;
use super::tls::Authorities;
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
use tonic::codec::{Codec, CompressionEncoding, DecodeBuf, Decoder, EncodeBuf, Encoder};
use tonic::metadata::MetadataMap;
use tonic::transport::{Channel, ClientTlsConfig, Identity};
use tonic::{Code, Status};
use tonic_types::StatusExt;

/// What the collector made of a batch.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Outcome {
    Accepted(Answer),
    /// Not now; the collector may have said for how long.
    Retry {
        after: Option<Duration>,
        reason: String,
    },
    /// Never.
    Refused {
        reason: String,
    },
}

/// What the collector says of a batch that it took.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Answer {
    /// Taken, but for this many.
    pub(super) rejected: u64,
    /// Something that the operator should know.
    pub(super) remark: Option<String>,
}

/// A connection to the collector can't even be tried.
#[derive(Debug, thiserror::Error)]
pub enum TransportError {
    #[error("{CERTIFICATE}: Set it to a file with the authority of {url}: the system's can't be used ({reason}).")]
    Authorities { url: String, reason: String },
    #[error("nothing can be sent to {url}: {reason}")]
    Unusable { url: String, reason: String },
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
        transport.map_err(|error| {
            let (url, reason) = (export.endpoint.shown().to_owned(), with_sources(&*error));
            // All that was given is checked; the system's own authorities are what is left.
            if export.endpoint.is_secure() && export.authorities.is_none() {
                TransportError::Authorities { url, reason }
            } else {
                TransportError::Unusable { url, reason }
            }
        })
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
    let authorities = export.authorities.as_ref().map_or(&[][..], Authorities::certificates);
    // The system's may be missing, and without TLS nobody needs them.
    if !authorities.is_empty() || !export.endpoint.is_secure() {
        let authorities = authorities.iter().map(|certificate| reqwest::Certificate::from_der(certificate));
        client = client.tls_certs_only(authorities.collect::<Result<Vec<_>, _>>()?);
    }
    if let Some(identity) = &export.identity {
        // A file need not end with its line.
        let pem = [&identity.certificate[..], &identity.key].join(&b'\n');
        client = client.identity(reqwest::Identity::from_pem(&pem)?);
    }
    Ok(client.build()?)
}

fn grpc_client(export: &Export) -> Result<Grpc<Channel>, BoxError> {
    let (url, timeout) = (&export.endpoint.url, export.timeout);
    let mut endpoint = Channel::from_shared(url.clone())?.timeout(timeout).connect_timeout(timeout);
    if export.endpoint.is_secure() {
        let mut tls = ClientTlsConfig::new();
        if let Some(identity) = &export.identity {
            tls = tls.identity(Identity::from_pem(&identity.certificate, &identity.key));
        }
        endpoint = endpoint.tls_config(match &export.authorities {
            Some(authorities) => tls.trust_anchors(authorities.trust_anchors()),
            None => tls.with_native_roots(),
        })?;
    }
    let client = Grpc::new(endpoint.connect_lazy());
    Ok(if export.gzip { client.send_compressed(CompressionEncoding::Gzip) } else { client })
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
        Ok(response) if response.status().is_success() => Outcome::Accepted(answer_of(response).await),
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

/// The collector's answer, read up to a bound.
async fn answer_of(mut response: reqwest::Response) -> Answer {
    const MAX_ANSWER_BYTES: usize = 64 * 1024;
    let kind = response.headers().get(CONTENT_TYPE).and_then(|kind| kind.to_str().ok()).unwrap_or_default().to_owned();
    let mut body = Vec::new();
    while let Ok(Some(chunk)) = response.chunk().await {
        body.extend_from_slice(&chunk);
        if body.len() > MAX_ANSWER_BYTES {
            break;
        }
    }
    read_answer(&kind, &body).unwrap_or_else(|| {
        let kind = if kind.is_empty() { "of no type" } else { &kind };
        let remark = format!("the answer ({}) is not OTLP's: is it the collector that answers there?", bounded(kind));
        Answer { rejected: 0, remark: Some(remark) }
    })
}

/// `None` when it is no answer of OTLP, as from a wall of log-ins. Many collectors answer nothing at all.
fn read_answer(kind: &str, body: &[u8]) -> Option<Answer> {
    match body {
        [] => Some(Answer::default()),
        _ if kind.starts_with("text/html") => None,
        _ if kind.starts_with("application/json") || body[0] == b'{' => json_answer(body),
        _ => protobuf_answer(body),
    }
}

/// Each signal has its own name for what was rejected.
fn json_answer(answer: &[u8]) -> Option<Answer> {
    let answer: serde_json::Value = serde_json::from_slice(answer).ok()?;
    let partial = &answer["partialSuccess"];
    let told = ["rejectedSpans", "rejectedDataPoints", "rejectedLogRecords"];
    let told = told.iter().find_map(|name| partial.get(name));
    // 64-bit numbers are texts in OTLP's JSON.
    let rejected = told.and_then(|told| told.as_u64().or_else(|| told.as_str()?.parse().ok())).unwrap_or_default();
    Some(Answer::partial(rejected, partial["errorMessage"].as_str().unwrap_or_default()))
}

/// The three signals' responses look the same on the wire.
fn protobuf_answer(answer: &[u8]) -> Option<Answer> {
    let partial = ExportTraceServiceResponse::decode(answer).ok()?.partial_success.unwrap_or_default();
    Some(Answer::partial(partial.rejected_spans.max(0).unsigned_abs(), &partial.error_message))
}

impl Answer {
    /// A message without anything rejected is a warning.
    fn partial(rejected: u64, message: &str) -> Self {
        let remark = match (rejected, message) {
            (0, "") => None,
            (_, "") => Some("the collector rejected some, and does not say why".to_owned()),
            (_, message) => Some(format!("the collector says: {}", bounded(message))),
        };
        Self { rejected, remark }
    }
}

/// The beginning of what somebody else wrote, for the log.
fn bounded(text: &str) -> String {
    text.chars().take(256).collect()
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
        Ok(answer) => Outcome::Accepted(protobuf_answer(answer.get_ref()).unwrap_or_default()),
        Err(status) => refusal(&status),
    }
}

/// OTLP's table of retryable codes: <https://opentelemetry.io/docs/specs/otlp/#failures>. `Unknown` is how a connection that
/// broke off shows. Whose quota is used up tells when it comes back, or means that it does not.
fn refusal(status: &Status) -> Outcome {
    let after = status.get_details_retry_info().map(|info| info.retry_delay.unwrap_or_default());
    let reason = format!("the collector answered {:?}: {}", status.code(), bounded(status.message()));
    let is_transient = match status.code() {
        Code::ResourceExhausted => after.is_some(),
        Code::Cancelled
        | Code::DeadlineExceeded
        | Code::Aborted
        | Code::OutOfRange
        | Code::Unavailable
        | Code::DataLoss
        | Code::Unknown => true,
        _ => false,
    };
    if is_transient { Outcome::Retry { after, reason } } else { Outcome::Refused { reason } }
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
    use super::{Answer, read_answer, retry_after};
    use http::header::{HeaderMap, HeaderValue, RETRY_AFTER};
    use opentelemetry_proto::tonic::collector::trace::v1::{ExportTracePartialSuccess, ExportTraceServiceResponse};
    use prost::Message;
    use std::time::{Duration, SystemTime};

    #[test]
    fn what_is_no_answer_of_otlp_is_told_from_one() {
        let partial = |rejected_spans, message: &str| {
            let partial = ExportTracePartialSuccess { rejected_spans, error_message: message.to_owned() };
            ExportTraceServiceResponse { partial_success: Some(partial) }.encode_to_vec()
        };
        let read = |kind: &str, body: &[u8]| read_answer(kind, body);
        assert_eq!(read("", b""), Some(Answer::default()));
        assert_eq!(read("text/plain", b"{}"), Some(Answer::default()));
        assert_eq!(read("application/x-protobuf", &partial(0, "")), Some(Answer::default()));
        let remark = |rejected, remark: &str| Some(Answer { rejected, remark: Some(remark.to_owned()) });
        assert_eq!(read("application/x-protobuf", &partial(2, "too long")), remark(2, "the collector says: too long"));
        let json = br#"{"partialSuccess":{"rejectedLogRecords":"3","errorMessage":"no"}}"#;
        assert_eq!(read("application/json", json), remark(3, "the collector says: no"));
        assert!(read("", &partial(1, "")).is_some_and(|answer| answer.rejected == 1 && answer.remark.is_some()));
        let long = read("", &partial(0, &"x".repeat(100_000))).and_then(|answer| answer.remark);
        assert!(long.is_some_and(|remark| remark.len() < 300));
        for (kind, body) in [
            ("text/html; charset=utf-8", "<!DOCTYPE html><title>Log in</title>"),
            ("", "<html>"),
            ("text/html", "{}"),
            ("text/plain", "OK"),
            ("application/json", "{\"partialSuccess\":"),
        ] {
            assert_eq!(read(kind, body.as_bytes()), None, "{body}");
        }
    }

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
