//! What the relay must hold whatever somebody sends: it answers, what it takes keeps to its bounds and says only what the server
//! lets it say, and is read again as it was written.

use flate2::Compression;
use flate2::write::GzEncoder;
use opentelemetry_proto::tonic::common::v1::KeyValue;
use opentelemetry_proto::tonic::common::v1::any_value::Value;
use std::io::Write;
use std::path::Path;
use std::{env, fs};
use telemetry::server::relay::{Limits, RelayIdentity, Relayed, Taken, decode, losses, sanitize, web_vitals};
use telemetry::server::{ExportLogsServiceRequest, ExportMetricsServiceRequest, ExportTraceServiceRequest};

const PROTOBUF: &str = "application/x-protobuf";
const SERVICE: &str = "the-service-of-the-pages";

#[derive(Clone, Copy)]
pub enum Format {
    Json,
    Protobuf,
}

impl Format {
    const fn content_type(self) -> &'static str {
        match self {
            Self::Json => "application/json",
            Self::Protobuf => PROTOBUF,
        }
    }
}

// How the rest of an input is sent: as it is, packed, or as if it were packed.
const PLAIN: u8 = 0;
const PACKED: u8 = 1;
const AS_PACKED: u8 = 2;

/// The first byte of an input, a printable one.
const fn how(signal: u8, packing: u8) -> u8 {
    b'0' + signal + 3 * packing
}

/// Writes each `{traces,metrics,logs}.json` of the folder FUZZ_SEEDS as inputs into FUZZ_CORPUS, with a bomb of gzip beside them.
pub fn sow(format: Format) {
    let (Ok(from), Ok(to)) = (env::var("FUZZ_SEEDS"), env::var("FUZZ_CORPUS")) else { return };
    let (from, to) = (Path::new(&from), Path::new(&to));
    let signals: [(&str, fn(&[u8]) -> Vec<u8>); 3] = [
        ("traces", protobuf::<ExportTraceServiceRequest>),
        ("metrics", protobuf::<ExportMetricsServiceRequest>),
        ("logs", protobuf::<ExportLogsServiceRequest>),
    ];
    let write = |name: &str, how: u8, body: &[u8]| {
        fs::write(to.join(name), [&[how], body].concat()).expect("the corpus is written")
    };
    for (signal, (name, protobuf)) in (0..).zip(signals) {
        let json = fs::read(from.join(name).with_extension("json")).expect("a seed for each signal");
        let body = match format {
            Format::Json => json,
            Format::Protobuf => protobuf(&json),
        };
        write(name, how(signal, PLAIN), &body);
        write(&format!("{name}-packed"), how(signal, PACKED), &body);
    }
    write("bomb", how(0, AS_PACKED), &gzip(&vec![b' '; 8 << 20]));
}

fn protobuf<R: Relayed>(json: &[u8]) -> Vec<u8> {
    serde_json::from_slice::<R>(json).expect("a seed is a request").encode_to_vec()
}

pub fn relay(format: Format, input: &[u8]) {
    let content_type = format.content_type();
    let Some((how, body)) = input.split_first() else { return };
    let how = how.wrapping_sub(b'0');
    let packed;
    let (encoding, body) = match how / 3 % 3 {
        PACKED => {
            packed = gzip(body);
            (Some("gzip"), packed.as_slice())
        }
        AS_PACKED => (Some("gzip"), body),
        _ => (None, body),
    };
    match how % 3 {
        0 => take::<ExportTraceServiceRequest>(content_type, encoding, body),
        1 => take::<ExportMetricsServiceRequest>(content_type, encoding, body),
        _ => {
            if let Some(logs) = take_request::<ExportLogsServiceRequest>(content_type, encoding, body) {
                assert!(web_vitals(&logs).all(|(_, _, value)| value.is_finite()));
            }
        }
    }
}

fn take<R: Relayed + Sent>(content_type: &str, encoding: Option<&str>, body: &[u8]) {
    take_request::<R>(content_type, encoding, body);
}

fn take_request<R: Relayed + Sent>(content_type: &str, encoding: Option<&str>, body: &[u8]) -> Option<R> {
    let limits = Limits::default();
    let mut request: R = match decode(content_type, encoding, body, &limits) {
        Ok(taken) => taken.request,
        Err(error) => {
            assert!([400, 413, 415].contains(&error.http_status()));
            return None;
        }
    };
    assert!(request.count() <= limits.items);
    let written = request.encode_to_vec();
    // JSON says many things shorter than protobuf does.
    if written.len() <= limits.body_bytes {
        let again: Taken<R> = decode(PROTOBUF, None, &written, &limits).expect("what was taken is taken again");
        assert!(again.rejected.count == 0 && again.request.encode_to_vec() == written, "and is the same");
    }
    let identity = RelayIdentity {
        service_name: SERVICE.to_owned(),
        client_address: "192.0.2.1".to_owned(),
        ..RelayIdentity::default()
    };
    sanitize(&mut request, &identity);
    let lost = losses(&mut request);
    assert!(lost.spans <= 100_000 && lost.log_records <= 100_000, "nobody loses so much");
    for attributes in request.resources() {
        let said: Vec<_> = attributes.iter().filter(|attribute| attribute.key == "service.name").collect();
        let is_ours = |value: &Value| *value == Value::StringValue(SERVICE.to_owned());
        assert!(
            said.len() == 1
                && said.iter().all(|s| s.value.as_ref().and_then(|v| v.value.as_ref()).is_some_and(is_ours))
        );
    }
    Some(request)
}

/// The attributes of who sent it.
trait Sent {
    fn resources(&self) -> impl Iterator<Item = &[KeyValue]>;
}

macro_rules! sent {
    ($($request:ty: $list:ident)*) => {
        $(impl Sent for $request {
            fn resources(&self) -> impl Iterator<Item = &[KeyValue]> {
                self.$list.iter().map(|part| part.resource.as_ref().map_or(&[][..], |resource| &resource.attributes))
            }
        })*
    };
}

sent! {
    ExportTraceServiceRequest: resource_spans
    ExportMetricsServiceRequest: resource_metrics
    ExportLogsServiceRequest: resource_logs
}

fn gzip(body: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
    let _ = encoder.write_all(body);
    encoder.finish().unwrap_or_default()
}
