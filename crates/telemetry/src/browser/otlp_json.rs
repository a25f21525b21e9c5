//! Writes OTLP/HTTP JSON: ids in hex, 64-bit integers as strings.
//! <https://opentelemetry.io/docs/specs/otlp/#json-protobuf-encoding>

use super::record::{Event, LogRecord, SpanRecord, Status, Value};
use crate::propagation::hex;

/// What a request brings.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Signal {
    Traces,
    Logs,
}

/// What stands before the spans or records of a request, up to and including the opening bracket.
pub(crate) fn head(signal: Signal, resource: &[(&'static str, Value)]) -> String {
    let (of_resource, of_scope, items) = match signal {
        Signal::Traces => ("resourceSpans", "scopeSpans", "spans"),
        Signal::Logs => ("resourceLogs", "scopeLogs", "logRecords"),
    };
    let mut out = ["{\"", of_resource, "\":[{\"resource\":{"].concat();
    attributes(&mut out, resource);
    out.push_str("},\"");
    out.push_str(of_scope);
    out.push_str("\":[{\"scope\":{\"name\":\"glassboard\"},\"");
    out.push_str(items);
    out.push_str("\":[");
    out
}

/// What stands after the spans or records of a request.
pub(crate) const TAIL: &str = "]}]}]}";

/// One log record as a JSON object.
pub(crate) fn log(record: &LogRecord) -> String {
    let mut out = String::from("{\"timeUnixNano\":");
    nanoseconds(&mut out, record.at_us);
    out.push_str(",\"observedTimeUnixNano\":");
    nanoseconds(&mut out, record.at_us);
    out.push_str(",\"severityNumber\":");
    number(&mut out, record.severity as i64);
    out.push_str(",\"eventName\":");
    string(&mut out, record.event);
    out.push_str(",\"body\":{\"stringValue\":");
    string(&mut out, &record.message);
    out.push_str("},");
    attributes(&mut out, &record.attributes);
    if let Some(place) = &record.place {
        out.push_str(",\"traceId\":\"");
        hex::push(&mut out, &place.trace_id);
        out.push_str("\",\"spanId\":\"");
        hex::push(&mut out, &place.span_id);
        out.push_str("\",\"flags\":");
        number(&mut out, i64::from(place.sampled));
    }
    out.push('}');
    out
}

/// One span as a JSON object.
pub(crate) fn span(span: &SpanRecord) -> String {
    let mut out = String::with_capacity(512);
    out.push_str("{\"traceId\":\"");
    hex::push(&mut out, &span.place.trace_id);
    out.push_str("\",\"spanId\":\"");
    hex::push(&mut out, &span.place.span_id);
    if let Some(parent) = &span.parent_id {
        out.push_str("\",\"parentSpanId\":\"");
        hex::push(&mut out, parent);
    }
    out.push_str("\",\"name\":");
    string(&mut out, &span.name);
    out.push_str(",\"kind\":");
    number(&mut out, span.kind as i64);
    out.push_str(",\"startTimeUnixNano\":");
    nanoseconds(&mut out, span.start_us);
    out.push_str(",\"endTimeUnixNano\":");
    nanoseconds(&mut out, span.end_us);
    out.push(',');
    attributes(&mut out, &span.attributes);
    if !span.events.is_empty() {
        out.push_str(",\"events\":[");
        separated(&mut out, &span.events, event);
        out.push(']');
    }
    match &span.status {
        Status::Unset => {}
        Status::Ok => out.push_str(",\"status\":{\"code\":1}"),
        Status::Error(message) => {
            out.push_str(",\"status\":{\"code\":2,\"message\":");
            string(&mut out, message);
            out.push('}');
        }
    }
    out.push('}');
    out
}

fn event(out: &mut String, event: &Event) {
    out.push_str("{\"timeUnixNano\":");
    nanoseconds(out, event.at_us);
    out.push_str(",\"name\":");
    string(out, &event.name);
    out.push(',');
    attributes(out, &event.attributes);
    out.push('}');
}

fn attributes(out: &mut String, list: &[(&'static str, Value)]) {
    out.push_str("\"attributes\":[");
    separated(out, list, |out, (key, value)| {
        out.push_str("{\"key\":");
        string(out, key);
        out.push_str(",\"value\":{");
        match value {
            Value::Text(text) => {
                out.push_str("\"stringValue\":");
                string(out, text);
            }
            Value::Int(int) => {
                out.push_str("\"intValue\":\"");
                number(out, *int);
                out.push('"');
            }
            Value::Float(float) => {
                out.push_str("\"doubleValue\":");
                decimal(out, *float);
            }
            Value::Bool(truth) => out.push_str(if *truth { "\"boolValue\":true" } else { "\"boolValue\":false" }),
        }
        out.push_str("}}");
    });
    out.push(']');
}

fn separated<T>(out: &mut String, items: &[T], write: impl Fn(&mut String, &T)) {
    for (i, item) in items.iter().enumerate() {
        if i > 0 {
            out.push(',');
        }
        write(out, item);
    }
}

fn string(out: &mut String, text: &str) {
    out.push('"');
    for c in text.chars() {
        match c {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            '\0'..='\x1f' => {
                out.push_str("\\u00");
                hex::push(out, &[c as u8]);
            }
            c => out.push(c),
        }
    }
    out.push('"');
}

fn nanoseconds(out: &mut String, us: u64) {
    out.push('"');
    out.push_str(&us.to_string());
    out.push_str("000\"");
}

fn number(out: &mut String, number: i64) {
    out.push_str(&number.to_string());
}

/// Six decimals, by integer arithmetic: the standard library's way is large.
/// What JSON cannot say (infinite, not a number) or i64 cannot hold goes as the string OTLP allows.
fn decimal(out: &mut String, float: f64) {
    if float.is_nan() {
        out.push_str("\"NaN\"");
    } else if float.abs() >= 9e12 {
        out.push_str(if float > 0.0 { "\"Infinity\"" } else { "\"-Infinity\"" });
    } else {
        let millionths = (float.abs() * 1e6 + 0.5) as u64;
        if float < 0.0 && millionths > 0 {
            out.push('-');
        }
        let fraction = (1_000_000 + millionths % 1_000_000).to_string();
        out.push_str(&(millionths / 1_000_000).to_string());
        out.push('.');
        out.push_str(&fraction[1..]);
    }
}

#[cfg(all(test, not(target_arch = "wasm32")))]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::{Signal, decimal, head, log, span, string};
    use crate::browser::record::{Event, Kind, LogRecord, Severity, Status, Value};
    use crate::browser::samples;
    use proptest::prelude::*;
    use serde_json::{Value as Json, json};

    fn written(float: f64) -> String {
        let mut out = String::new();
        decimal(&mut out, float);
        out
    }

    #[test]
    fn a_span_reads_as_otlp_json() {
        let mut record = samples::span("POST");
        record.parent_id = Some([1; 8]);
        record.kind = Kind::Client;
        record.status = Status::Error("down\n\"now\"".into());
        record.set("text", "가");
        record.set("int", 503_i64);
        record.set("float", Value::Float(1.5));
        record.set("bool", true);
        record.happened(Event {
            name: "exception".into(),
            at_us: 1_795_000_000_000_500,
            attributes: vec![("exception.message", "down".into())],
        });
        assert_eq!(
            serde_json::from_str::<Json>(&span(&record)).unwrap(),
            json!({
                "traceId": "ab".repeat(16), "spanId": "cd".repeat(8), "parentSpanId": "01".repeat(8),
                "name": "POST", "kind": 3,
                "startTimeUnixNano": "1795000000000000000", "endTimeUnixNano": "1795000000001000000",
                "attributes": [
                    {"key": "text", "value": {"stringValue": "가"}},
                    {"key": "int", "value": {"intValue": "503"}},
                    {"key": "float", "value": {"doubleValue": 1.5}},
                    {"key": "bool", "value": {"boolValue": true}},
                ],
                "events": [{
                    "timeUnixNano": "1795000000000500000", "name": "exception",
                    "attributes": [{"key": "exception.message", "value": {"stringValue": "down"}}],
                }],
                "status": {"code": 2, "message": "down\n\"now\""},
            })
        );
    }

    #[test]
    fn opentelemetrys_own_types_read_a_request() {
        use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest;
        let mut record = samples::span("click");
        record.set("float", Value::Float(-0.25));
        record.status = Status::Ok;
        let body =
            format!("{}{}{}", head(Signal::Traces, &[("service.name", "page".into())]), span(&record), super::TAIL);
        let request: ExportTraceServiceRequest = serde_json::from_str(&body).unwrap();
        let read = &request.resource_spans[0].scope_spans[0].spans[0];
        assert_eq!(read.trace_id, [0xab; 16]);
        assert_eq!(read.start_time_unix_nano, 1_795_000_000_000_000_000);
        assert_eq!(read.status.as_ref().unwrap().code, 1);
        assert_eq!(request.resource_spans[0].resource.as_ref().unwrap().attributes[0].key, "service.name");
    }

    #[test]
    fn a_log_record_is_read_by_opentelemetrys_own_types() {
        use opentelemetry_proto::tonic::collector::logs::v1::ExportLogsServiceRequest;
        let record = LogRecord {
            at_us: 1_795_000_000_000_000,
            severity: Severity::Error,
            event: "exception",
            message: "broken \"promise\"".into(),
            attributes: vec![("exception.type", "panic".into())],
            place: Some(samples::span("a").place),
        };
        let body = format!("{}{}{}", head(Signal::Logs, &[]), log(&record), super::TAIL);
        let request: ExportLogsServiceRequest = serde_json::from_str(&body).unwrap();
        let read = &request.resource_logs[0].scope_logs[0].log_records[0];
        assert_eq!((read.severity_number, read.event_name.as_str()), (17, "exception"));
        assert_eq!((read.time_unix_nano, read.flags), (1_795_000_000_000_000_000, 1));
        assert_eq!((&read.trace_id[..], &read.span_id[..]), (&[0xab; 16][..], &[0xcd; 8][..]));
        assert_eq!(read.attributes[0].key, "exception.type");
        assert!(log(&LogRecord { severity: Severity::Info, place: None, ..record }).contains("\"severityNumber\":9,"));
    }

    #[test]
    fn decimals_are_written_without_an_exponent() {
        assert_eq!(written(0.0), "0.000000");
        assert_eq!(written(-0.000_000_1), "0.000000");
        assert_eq!(written(-12.5), "-12.500000");
        assert_eq!(written(f64::NAN), "\"NaN\"");
        assert_eq!(written(f64::NEG_INFINITY), "\"-Infinity\"");
    }

    proptest! {
        #[test]
        fn every_string_is_read_back(text in any::<String>()) {
            let mut out = String::new();
            string(&mut out, &text);
            prop_assert_eq!(serde_json::from_str::<String>(&out).unwrap(), text);
        }

        #[test]
        fn every_decimal_is_read_back_to_six_places(float in -1e9..1e9_f64) {
            let read: f64 = written(float).parse().unwrap();
            prop_assert!((read - float).abs() <= 1e-6);
        }
    }
}
