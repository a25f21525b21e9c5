//! The door for telemetry from browsers and other programs: OTLP/HTTP, read with suspicion.

mod bounds;
mod json;
mod logs;
mod losses;
mod metrics;
mod rejected;
mod sanitize;
mod shape;
mod spans;

pub use logs::web_vitals;
pub use losses::{Losses, losses};
pub use rejected::Rejected;
pub use sanitize::{RelayIdentity, mask, sanitize};

use super::signal::{ExportRequest, Signal};
use flate2::read::MultiGzDecoder;
use opentelemetry_proto::tonic::common::v1::{AnyValue, KeyValue};
use opentelemetry_proto::tonic::resource::v1::Resource;
use prost::Message;
use serde::de::DeserializeOwned;
use std::borrow::Cow;
use std::io::Read;

/// What a request may hold at most.
#[derive(Debug, Clone, Copy)]
pub struct Limits {
    /// As sent.
    pub body_bytes: usize,
    /// After gzip.
    pub decoded_bytes: usize,
    /// Messages of any type (a span, an attribute and its value are three), counted before they are built.
    pub messages: usize,
    /// Spans, data points or log records.
    pub items: usize,
    /// Of a span, event, link, data point or log record; what is more is left out and counted in OTLP's `dropped_attributes_count`.
    pub attributes: usize,
    /// Of a span; what is more is left out and counted.
    pub events: usize,
    /// Of a span; what is more is left out and counted.
    pub links: usize,
    /// How deep lists may nest in a value; in JSON, where this is judged by brackets, up to half as deep again.
    pub depth: usize,
    /// Of a text, name or key; what is longer is cut.
    pub text_bytes: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            body_bytes: 512 * 1024,
            decoded_bytes: 1024 * 1024,
            messages: 50_000,
            items: 512,
            attributes: 64,
            events: 64,
            links: 16,
            depth: 4,
            text_bytes: 4096,
        }
    }
}

/// The encoding that a request came in, and that its answer goes out in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Encoding {
    Json,
    Protobuf,
}

impl Encoding {
    /// Reads a `Content-Type`; parameters such as `charset` do not matter.
    #[must_use]
    pub fn from_content_type(content_type: &str) -> Option<Self> {
        let essence = content_type.split(';').next().unwrap_or_default().trim();
        if essence.eq_ignore_ascii_case("application/json") {
            Some(Self::Json)
        } else if essence.eq_ignore_ascii_case("application/x-protobuf") {
            Some(Self::Protobuf)
        } else {
            None
        }
    }

    #[must_use]
    pub const fn content_type(self) -> &'static str {
        match self {
            Self::Json => "application/json",
            Self::Protobuf => "application/x-protobuf",
        }
    }

    /// The body of the answer to a request that was not taken: google.rpc.Status, as OTLP/HTTP specifies.
    /// `code` is one of gRPC's, such as 8 for overload.
    #[must_use]
    pub fn status(self, code: i32, message: &str) -> Vec<u8> {
        let status = Status { code, message: message.to_owned() };
        match self {
            Self::Json => {
                serde_json::json!({ "code": status.code, "message": status.message }).to_string().into_bytes()
            }
            Self::Protobuf => status.encode_to_vec(),
        }
    }
}

/// google.rpc.Status, without its details.
#[derive(Clone, PartialEq, Message)]
struct Status {
    #[prost(int32, tag = "1")]
    code: i32,
    #[prost(string, tag = "2")]
    message: String,
}

/// Why a request is not taken.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum RelayError {
    #[error("{0}")]
    Invalid(Cow<'static, str>),
    #[error("{0}")]
    TooLarge(&'static str),
    #[error("{0}")]
    Unsupported(&'static str),
}

impl RelayError {
    /// The HTTP status: 400, 413 or 415.
    #[must_use]
    pub const fn http_status(&self) -> u16 {
        match self {
            Self::Invalid(_) => 400,
            Self::TooLarge(_) => 413,
            Self::Unsupported(_) => 415,
        }
    }

    /// The answer's body, in the request's encoding.
    #[must_use]
    pub fn body(&self, encoding: Encoding) -> Vec<u8> {
        const INVALID_ARGUMENT: i32 = 3;
        encoding.status(INVALID_ARGUMENT, &self.to_string())
    }
}

/// A request that the relay can read and look through.
pub trait Relayed: ExportRequest + DeserializeOwned {
    #[doc(hidden)]
    const SHAPE: shape::Type;

    /// Takes out what has an id or a time that is none, and cuts what is too long or too many.
    #[doc(hidden)]
    fn check_and_cut(&mut self, limits: &Limits) -> Rejected;

    /// All that somebody may have said.
    #[doc(hidden)]
    fn each_said(&mut self, visit: &mut dyn FnMut(Said<'_>));
}

#[doc(hidden)]
#[derive(Debug)]
pub enum Said<'a> {
    Resource(&'a mut Option<Resource>),
    Attributes(&'a mut Vec<KeyValue>),
    Value(&'a mut AnyValue),
    Text(&'a mut String),
}

/// A request that was read, without what was wrong in it.
#[derive(Debug, Clone, PartialEq)]
pub struct Taken<R> {
    pub request: R,
    pub rejected: Rejected,
}

/// Reads an export request: JSON (ids in hexadecimal, 64-bit integers as strings or numbers) or protobuf, with gzip or
/// without. What comes back keeps to all `limits`, and has only valid ids and times in order.
///
/// # Errors
/// `Invalid` for what is no such request, or has nothing in it that is right, `TooLarge` beyond the limits, `Unsupported` for
/// other types and encodings.
pub fn decode<R: Relayed>(
    content_type: &str,
    content_encoding: Option<&str>,
    body: &[u8],
    limits: &Limits,
) -> Result<Taken<R>, RelayError> {
    let encoding = Encoding::from_content_type(content_type)
        .ok_or(RelayError::Unsupported("Send application/json or application/x-protobuf."))?;
    if body.len() > limits.body_bytes {
        return Err(RelayError::TooLarge("The body is too large; send less at once."));
    }
    let body = match content_encoding.map(str::trim).unwrap_or_default() {
        "" | "identity" => Cow::Borrowed(body),
        gzip if gzip.eq_ignore_ascii_case("gzip") => Cow::Owned(gunzipped(body, limits.decoded_bytes)?),
        _ => return Err(RelayError::Unsupported("Send gzip or no Content-Encoding.")),
    };
    let no_request = |encoding: &str, error: &dyn std::error::Error| {
        invalid(format!("The {encoding} is no export request for {}: {error}.", R::SIGNAL.name()))
    };
    let mut request: R = match encoding {
        Encoding::Json => {
            shape::check_json(&body, R::SHAPE, limits)?;
            json::read(&body).map_err(|error| no_request("JSON", &error))?
        }
        Encoding::Protobuf => {
            shape::check_protobuf(&body, R::SHAPE, limits)?;
            R::decode(&*body).map_err(|error| no_request("protobuf", &error))?
        }
    };
    if request.count() > limits.items {
        return Err(RelayError::TooLarge("There are too many at once; send fewer."));
    }
    let rejected = request.check_and_cut(limits);
    if rejected.count > 0 && request.count() == 0 {
        return Err(RelayError::Invalid(Cow::Borrowed(rejected.reason)));
    }
    Ok(Taken { request, rejected })
}

fn invalid(message: String) -> RelayError {
    RelayError::Invalid(Cow::Owned(message))
}

fn gunzipped(body: &[u8], limit: usize) -> Result<Vec<u8>, RelayError> {
    let mut decoded = Vec::new();
    // Gzip may come in several pieces: RFC 1952, section 2.2.
    MultiGzDecoder::new(body)
        .take(limit as u64 + 1)
        .read_to_end(&mut decoded)
        .map_err(|_| RelayError::Invalid(Cow::Borrowed("The body is not gzip.")))?;
    if decoded.len() > limit {
        return Err(RelayError::TooLarge("The body is too large once unpacked; send less at once."));
    }
    Ok(decoded)
}

#[cfg(test)]
mod tests;
