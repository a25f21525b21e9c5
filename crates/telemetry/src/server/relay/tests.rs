#![allow(clippy::unwrap_used)]
use super::{Encoding, ExportRequest, Limits, RelayError, RelayIdentity, Relayed, Taken, sanitize};
use flate2::Compression;
use flate2::write::GzEncoder;
use opentelemetry_proto::tonic::collector::logs::v1::ExportLogsServiceRequest;
use opentelemetry_proto::tonic::collector::metrics::v1::ExportMetricsServiceRequest;
use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest;
use opentelemetry_proto::tonic::common::v1::any_value::Value;
use opentelemetry_proto::tonic::common::v1::{AnyValue, ArrayValue, KeyValue};
use opentelemetry_proto::tonic::logs::v1::{LogRecord, ResourceLogs, ScopeLogs};
use opentelemetry_proto::tonic::metrics::v1::{
    Exemplar, Gauge, Histogram, HistogramDataPoint, Metric, NumberDataPoint, ResourceMetrics, ScopeMetrics, metric,
    number_data_point,
};
use opentelemetry_proto::tonic::resource::v1::Resource;
use opentelemetry_proto::tonic::trace::v1::{ResourceSpans, ScopeSpans, Span, span};
use proptest::prelude::*;
use prost::Message;
use std::io::Write;

const JSON: &str = "application/json";
const PROTOBUF: &str = "application/x-protobuf";

fn decode_traces(
    content_type: &str,
    encoding: Option<&str>,
    body: &[u8],
    limits: &Limits,
) -> Result<ExportTraceServiceRequest, RelayError> {
    super::decode(content_type, encoding, body, limits).map(|taken| taken.request)
}

fn decode(content_type: &str, body: &[u8]) -> Result<ExportTraceServiceRequest, RelayError> {
    decode_traces(content_type, None, body, &Limits::default())
}

fn span() -> Span {
    Span {
        trace_id: vec![1; 16],
        span_id: vec![2; 8],
        name: "click".to_owned(),
        start_time_unix_nano: 1_700_000_000_000_000_000,
        end_time_unix_nano: 1_700_000_000_100_000_000,
        ..Span::default()
    }
}

fn request(spans: Vec<Span>) -> ExportTraceServiceRequest {
    let scope_spans = vec![ScopeSpans { spans, ..ScopeSpans::default() }];
    ExportTraceServiceRequest { resource_spans: vec![ResourceSpans { scope_spans, ..ResourceSpans::default() }] }
}

fn attribute(key: &str, value: Value) -> KeyValue {
    KeyValue { key: key.to_owned(), value: Some(AnyValue { value: Some(value) }), ..KeyValue::default() }
}

fn spans(request: &ExportTraceServiceRequest) -> &[Span] {
    &request.resource_spans[0].scope_spans[0].spans
}

/// A span with a list in a list, `lists` deep.
fn nested(lists: usize) -> ExportTraceServiceRequest {
    let mut value = AnyValue { value: Some(Value::IntValue(1)) };
    for _ in 0..lists {
        value = AnyValue { value: Some(Value::ArrayValue(ArrayValue { values: vec![value] })) };
    }
    let attributes = vec![KeyValue { key: "k".to_owned(), value: Some(value), ..KeyValue::default() }];
    request(vec![Span { attributes, ..span() }])
}

fn gzipped(body: &[u8]) -> Vec<u8> {
    let mut gzip = GzEncoder::new(Vec::new(), Compression::best());
    gzip.write_all(body).unwrap();
    gzip.finish().unwrap()
}

#[test]
fn json_may_have_times_and_integers_as_strings_or_numbers() {
    let body = |start: &str, int: &str| {
        format!(
            r#"{{"resourceSpans":[{{"resource":{{"attributes":[]}},"scopeSpans":[{{"spans":[{{
            "traceId":"4bf92f3577b34da6a3ce929d0e0e4736","spanId":"00f067aa0ba902b7","parentSpanId":"","name":"click","kind":1,
            "startTimeUnixNano":{start},"endTimeUnixNano":{start},"unknown":[1],
            "attributes":[{{"key":"n","value":{{"intValue":{int}}}}}],"status":{{}}}}]}}]}}]}}"#
        )
    };
    for (start, int) in [("\"1700000000000000000\"", "\"7\""), ("1700000000000000000", "7")] {
        let request = decode("application/json; charset=utf-8", body(start, int).as_bytes()).unwrap();
        let span = &spans(&request)[0];
        assert_eq!(span.trace_id[..2], [0x4b, 0xf9]);
        assert_eq!(span.start_time_unix_nano, 1_700_000_000_000_000_000);
        assert_eq!(span.attributes, [attribute("n", Value::IntValue(7))]);
    }
}

#[test]
fn both_encodings_say_the_same_zipped_or_not() {
    let request =
        request(vec![Span { attributes: vec![attribute("a", Value::StringValue("b".to_owned()))], ..span() }]);
    let (json, protobuf) = (serde_json::to_vec(&request).unwrap(), request.encode_to_vec());
    for (content_type, body) in [(JSON, json), (PROTOBUF, protobuf)] {
        assert_eq!(decode(content_type, &body).as_ref(), Ok(&request), "{content_type}");
        let zipped = decode_traces(content_type, Some("gzip"), &gzipped(&body), &Limits::default());
        assert_eq!(zipped.as_ref(), Ok(&request), "{content_type}");
    }
}

#[test]
fn a_zip_bomb_is_refused_without_being_unpacked() {
    let bomb = gzipped(&vec![b' '; 64 * 1024 * 1024]);
    let error = decode_traces(JSON, Some("gzip"), &bomb, &Limits::default()).unwrap_err();
    assert_eq!(error.http_status(), 413);
}

#[test]
fn types_and_encodings_that_are_not_spoken_get_415() {
    let status = |content_type, encoding| {
        decode_traces(content_type, encoding, b"{}", &Limits::default()).unwrap_err().http_status()
    };
    assert_eq!(status("text/plain", None), 415);
    assert_eq!(status("", None), 415);
    assert_eq!(status(JSON, Some("br")), 415);
    assert_eq!(status(JSON, Some("gzip")), 400);
}

#[test]
fn what_a_span_cannot_be_is_refused() {
    let bad = [
        Span { trace_id: vec![0; 16], ..span() },
        Span { trace_id: vec![1; 15], ..span() },
        Span { span_id: vec![0; 8], ..span() },
        Span { span_id: vec![1; 9], ..span() },
        Span { parent_span_id: vec![1; 7], ..span() },
        Span { start_time_unix_nano: 0, ..span() },
        Span { end_time_unix_nano: 1, ..span() },
        Span { end_time_unix_nano: u64::MAX, ..span() },
        Span { links: vec![span::Link::default()], ..span() },
        Span { events: vec![span::Event { time_unix_nano: u64::MAX, ..Default::default() }], ..span() },
    ];
    for span in bad {
        let error = decode(PROTOBUF, &request(vec![span.clone()]).encode_to_vec()).unwrap_err();
        assert_eq!(error.http_status(), 400, "{span:?}");
    }
}

#[test]
fn too_many_spans_are_refused_before_they_are_built() {
    let limits = Limits::default();
    let more = request(vec![span(); limits.items + 1]).encode_to_vec();
    assert_eq!(decode(PROTOBUF, &more).unwrap_err().http_status(), 413);
    let empty = request(vec![Span::default(); limits.messages]).encode_to_vec();
    assert!(empty.len() < limits.body_bytes);
    assert_eq!(decode(PROTOBUF, &empty).unwrap_err().http_status(), 413);
    let empty = format!(r#"{{"resourceSpans":[{}{{}}]}}"#, "{},".repeat(limits.messages));
    assert_eq!(decode(JSON, empty.as_bytes()).unwrap_err().http_status(), 413);
}

#[test]
fn lists_nest_up_to_a_bound_in_both_encodings() {
    let depth = Limits::default().depth;
    let both = |lists| {
        let request = nested(lists);
        [decode(PROTOBUF, &request.encode_to_vec()), decode(JSON, &serde_json::to_vec(&request).unwrap())]
    };
    for taken in both(depth) {
        assert_eq!(taken, Ok(nested(depth)));
    }
    assert_eq!(both(depth + 1)[0].as_ref().unwrap_err().http_status(), 400);
    for refused in both(depth * 2) {
        assert_eq!(refused.unwrap_err().http_status(), 400);
    }
    for open in ["[", r#"{"a":"#, r#"{"arrayValue":{"values":["#] {
        assert_eq!(decode(JSON, open.repeat(20_000).as_bytes()).unwrap_err().http_status(), 400);
    }
}

#[test]
fn what_is_too_long_or_too_many_is_cut_and_counted() {
    let limits = Limits::default();
    let long = "가".repeat(limits.text_bytes);
    let attributes = vec![attribute("k", Value::StringValue(long.clone())); limits.attributes + 3];
    let events = vec![span::Event { name: long.clone(), ..Default::default() }; limits.events + 2];
    let body = request(vec![Span { name: long, attributes, events, ..span() }]).encode_to_vec();
    let request = decode_traces(PROTOBUF, None, &body, &Limits { body_bytes: usize::MAX, ..limits }).unwrap();
    let span = &spans(&request)[0];
    assert!(span.name.len() <= limits.text_bytes && span.name.ends_with('가'));
    assert_eq!((span.attributes.len(), span.dropped_attributes_count), (limits.attributes, 3));
    assert_eq!((span.events.len(), span.dropped_events_count), (limits.events, 2));
    assert!(span.encoded_len() < (limits.attributes + limits.events + 2) * (limits.text_bytes + 64));
}

#[test]
fn an_error_is_otlps_status_in_the_requests_encoding() {
    assert_eq!(decode(JSON, b" []").unwrap_err().http_status(), 400);
    let error = decode(JSON, b"{").unwrap_err();
    let json: serde_json::Value = serde_json::from_slice(&error.body(Encoding::Json)).unwrap();
    assert_eq!(json["code"], 3);
    let message = json["message"].as_str().unwrap();
    assert!(message.starts_with("The JSON is no export request for traces"), "{message}");
    let status = super::Status::decode(error.body(Encoding::Protobuf).as_slice()).unwrap();
    assert_eq!(status, super::Status { code: 3, message: message.to_owned() });
}

#[test]
fn only_the_server_says_who_the_spans_are_from() {
    let text = |key, value: &str| attribute(key, Value::StringValue(value.to_owned()));
    let spoofed =
        ["service.name", "client.address", "glassboard.visitor", "glassboard.part", "session.id", "user.name"];
    let mut request = request(vec![Span {
        attributes: spoofed.iter().map(|key| text(key, "spoofed")).chain([text("target.name", "Post")]).collect(),
        ..span()
    }]);
    let of_resource = spoofed.iter().map(|key| text(key, "spoofed"));
    let attributes = of_resource.chain([text("browser.language", "ko"), text("k8s.pod.name", "x")]).collect();
    request.resource_spans[0].resource = Some(Resource { attributes, ..Resource::default() });
    sanitize(
        &mut request,
        &RelayIdentity {
            service_name: "front".to_owned(),
            client_address: "127.0.0.1".to_owned(),
            visitor: Some("v".to_owned()),
            session_id: None,
            user: None,
        },
    );
    let expected = [
        text("browser.language", "ko"),
        text("service.name", "front"),
        text("glassboard.part", "browser"),
        text("client.address", "127.0.0.1"),
        text("glassboard.visitor", "v"),
    ];
    assert_eq!(request.resource_spans[0].resource.as_ref().unwrap().attributes, expected);
    assert_eq!(spans(&request)[0].attributes, [text("target.name", "Post")]);
}

fn any_value() -> impl Strategy<Value = AnyValue> {
    let leaf = prop_oneof![
        ".{0,12}".prop_map(Value::StringValue),
        any::<i64>().prop_map(Value::IntValue),
        any::<bool>().prop_map(Value::BoolValue),
        proptest::collection::vec(any::<u8>(), 0..8).prop_map(Value::BytesValue),
    ]
    .prop_map(|value| AnyValue { value: Some(value) });
    leaf.prop_recursive(3, 12, 3, |inner| {
        let values = proptest::collection::vec(inner, 0..3);
        values.prop_map(|values| AnyValue { value: Some(Value::ArrayValue(ArrayValue { values })) })
    })
}

fn text(key: &str, value: &str) -> KeyValue {
    attribute(key, Value::StringValue(value.to_owned()))
}

fn number(point: NumberDataPoint) -> ExportMetricsServiceRequest {
    let gauge = Gauge { data_points: vec![point] };
    let metric = Metric { name: "lcp".to_owned(), data: Some(metric::Data::Gauge(gauge)), ..Metric::default() };
    let scope_metrics = vec![ScopeMetrics { metrics: vec![metric], ..ScopeMetrics::default() }];
    ExportMetricsServiceRequest {
        resource_metrics: vec![ResourceMetrics { scope_metrics, ..ResourceMetrics::default() }],
    }
}

fn point() -> NumberDataPoint {
    let exemplar = Exemplar {
        filtered_attributes: vec![text("user.name", "forged"), text("page", "/")],
        time_unix_nano: 2,
        trace_id: vec![1; 16],
        span_id: vec![2; 8],
        ..Exemplar::default()
    };
    NumberDataPoint {
        attributes: vec![text("page", "/"), text("session.id", "forged"), text("password", "hunter2")],
        start_time_unix_nano: 1,
        time_unix_nano: 2,
        exemplars: vec![exemplar],
        value: Some(number_data_point::Value::AsDouble(1.5)),
        ..NumberDataPoint::default()
    }
}

fn log(record: LogRecord) -> ExportLogsServiceRequest {
    let scope_logs = vec![ScopeLogs { log_records: vec![record], ..ScopeLogs::default() }];
    ExportLogsServiceRequest { resource_logs: vec![ResourceLogs { scope_logs, ..ResourceLogs::default() }] }
}

fn record() -> LogRecord {
    LogRecord {
        time_unix_nano: 1,
        body: text("", "boom").value,
        attributes: vec![text("user.name", "forged"), text("exception.message", "boom")],
        trace_id: vec![1; 16],
        span_id: vec![2; 8],
        ..LogRecord::default()
    }
}

/// What becomes of a request in both encodings.
fn taken<R: Relayed + serde::Serialize + PartialEq + std::fmt::Debug>(request: &R) -> Result<R, RelayError> {
    let of_json = super::decode(JSON, None, &serde_json::to_vec(request).unwrap(), &Limits::default());
    let of_protobuf = super::decode(PROTOBUF, None, &request.encode_to_vec(), &Limits::default());
    assert_eq!(of_json, of_protobuf);
    of_json.map(|taken: Taken<R>| taken.request)
}

#[test]
fn metrics_and_logs_are_taken_too_and_only_the_server_says_who_they_are_from() {
    let identity = RelayIdentity { service_name: "front".to_owned(), ..RelayIdentity::default() };
    let mut metrics = taken(&number(point())).unwrap();
    assert_eq!((metrics.count(), &metrics), (1, &number(point())));
    sanitize(&mut metrics, &identity);
    let of_resource = &metrics.resource_metrics[0];
    assert_eq!(of_resource.resource.as_ref().unwrap().attributes[0], text("service.name", "front"));
    let Some(metric::Data::Gauge(gauge)) = &of_resource.scope_metrics[0].metrics[0].data else { panic!() };
    assert_eq!(gauge.data_points[0].attributes, [text("page", "/"), text("password", "***")]);
    assert_eq!(gauge.data_points[0].exemplars[0].filtered_attributes, [text("page", "/")]);

    let mut logs = taken(&log(record())).unwrap();
    assert_eq!((logs.count(), &logs), (1, &log(record())));
    sanitize(&mut logs, &identity);
    assert_eq!(logs.resource_logs[0].scope_logs[0].log_records[0].attributes, [text("exception.message", "boom")]);
}

#[test]
fn what_a_data_point_or_log_record_cannot_be_is_refused() {
    let exemplar = Exemplar { trace_id: vec![1; 3], ..point().exemplars.remove(0) };
    for bad in [
        NumberDataPoint { time_unix_nano: 0, ..point() },
        NumberDataPoint { start_time_unix_nano: 3, ..point() },
        NumberDataPoint { time_unix_nano: u64::MAX, ..point() },
        NumberDataPoint { exemplars: vec![exemplar], ..point() },
    ] {
        assert!(matches!(taken(&number(bad)), Err(RelayError::Invalid(_))));
    }
    for bad in [LogRecord { trace_id: vec![1; 15], ..record() }, LogRecord { time_unix_nano: u64::MAX, ..record() }] {
        assert!(matches!(taken(&log(bad)), Err(RelayError::Invalid(_))));
    }
    let buckets =
        HistogramDataPoint { time_unix_nano: 1, bucket_counts: vec![1; 2000], ..HistogramDataPoint::default() };
    let histogram = Histogram { data_points: vec![buckets], ..Histogram::default() };
    let mut request = number(point());
    request.resource_metrics[0].scope_metrics[0].metrics[0].data = Some(metric::Data::Histogram(histogram));
    assert!(matches!(taken(&request), Err(RelayError::Invalid(_))));
    let mut many = log(record());
    many.resource_logs[0].scope_logs[0].log_records = vec![record(); Limits::default().items + 1];
    assert!(matches!(taken(&many), Err(RelayError::TooLarge(_))));
    let long = LogRecord { body: text("", &"각".repeat(5000)).value, ..record() };
    let cut = taken(&log(long)).unwrap();
    let body = cut.resource_logs[0].scope_logs[0].log_records[0].body.clone().unwrap();
    assert!(matches!(body.value, Some(Value::StringValue(text)) if text.len() == 4095));
}

#[test]
fn gzip_may_come_in_pieces_and_nothing_else_after_it() {
    let whole = request(vec![span()]);
    let json = serde_json::to_vec(&whole).unwrap();
    let (first, second) = json.split_at(json.len() / 2);
    let pieces = [gzipped(first), gzipped(b""), gzipped(second)].concat();
    let taken = |body: &[u8]| decode_traces(JSON, Some("gzip"), body, &Limits::default());
    assert_eq!(taken(&pieces), Ok(whole));
    for wrong in [[&pieces, &b"and more"[..]].concat(), pieces[..pieces.len() - 1].to_vec(), Vec::new()] {
        assert_eq!(taken(&wrong).unwrap_err().http_status(), 400);
    }
    let bombs = gzipped(&vec![b' '; 1024 * 1024 - 1]).repeat(40);
    assert_eq!(taken(&bombs).unwrap_err().http_status(), 413);
}

#[test]
fn what_is_wrong_costs_its_neighbours_nothing() {
    fn rejected<R: Relayed + serde::Serialize + PartialEq + std::fmt::Debug>(
        request: &R,
        left: &R,
    ) -> (usize, &'static str) {
        let of_json = super::decode::<R>(JSON, None, &serde_json::to_vec(request).unwrap(), &Limits::default());
        let of_protobuf = super::decode(PROTOBUF, None, &request.encode_to_vec(), &Limits::default());
        assert_eq!(of_json, of_protobuf);
        let Taken { request, rejected } = of_json.unwrap();
        assert_eq!(&request, left);
        (rejected.count, rejected.reason)
    }
    let bad = Span { end_time_unix_nano: 1, ..span() };
    let (first, third) = (Span { name: "first".to_owned(), ..span() }, Span { name: "third".to_owned(), ..span() });
    let mixed = request(vec![first.clone(), bad.clone(), third.clone(), Span { span_id: vec![], ..span() }]);
    let told = rejected(&mixed, &request(vec![first, third]));
    assert_eq!(told, (2, "A span ends before it starts, or its times are not nanoseconds since 1970."));
    assert_eq!(rejected(&request(vec![span()]), &request(vec![span()])), (0, ""));
    assert_eq!(rejected(&request(vec![]), &request(vec![])), (0, ""));

    let mut mixed = number(point());
    let Some(metric::Data::Gauge(gauge)) = &mut mixed.resource_metrics[0].scope_metrics[0].metrics[0].data else {
        panic!()
    };
    gauge.data_points.insert(0, NumberDataPoint { time_unix_nano: 0, ..point() });
    assert_eq!(rejected(&mixed, &number(point())).0, 1);

    let mut mixed = log(record());
    let records = &mut mixed.resource_logs[0].scope_logs[0].log_records;
    records.push(LogRecord { span_id: vec![1; 7], ..record() });
    assert_eq!(rejected(&mixed, &log(record())), (1, "A log record's ids are neither empty nor 16 and 8 bytes."));
}

#[test]
fn ids_that_are_all_zero_are_none() {
    let root = taken(&request(vec![Span { parent_span_id: vec![0; 8], ..span() }])).unwrap();
    assert_eq!(root, request(vec![span()]));
    let outside = LogRecord { trace_id: vec![0; 16], span_id: vec![0; 8], ..record() };
    let expected = LogRecord { trace_id: vec![], span_id: vec![], ..record() };
    assert_eq!(taken(&log(outside)).unwrap(), log(expected));
    let zero = Exemplar { trace_id: vec![0; 16], span_id: vec![0; 8], ..point().exemplars.remove(0) };
    let none = Exemplar { trace_id: vec![], span_id: vec![], ..zero.clone() };
    let with = |exemplar| number(NumberDataPoint { exemplars: vec![exemplar], ..point() });
    assert_eq!(taken(&with(zero)).unwrap(), with(none));
}

#[test]
fn json_that_takes_much_memory_is_refused_before_it_is_read() {
    let body = format!(r#"{{"unknown":[{}1]}}"#, "1,".repeat(250_000));
    assert!(body.len() < Limits::default().body_bytes);
    assert_eq!(decode(JSON, body.as_bytes()).unwrap_err().http_status(), 413);
}

proptest! {
    #[test]
    fn noise_never_panics(noise in proptest::collection::vec(any::<u8>(), 0..300), zipped: bool) {
        for content_type in [JSON, PROTOBUF] {
            let encoding = zipped.then_some("gzip");
            let _ = super::decode::<ExportTraceServiceRequest>(content_type, encoding, &noise, &Limits::default());
            let _ = super::decode::<ExportMetricsServiceRequest>(content_type, encoding, &noise, &Limits::default());
            let _ = super::decode::<ExportLogsServiceRequest>(content_type, encoding, &noise, &Limits::default());
        }
    }

    #[test]
    fn a_damaged_request_never_panics(at in any::<prop::sample::Index>(), byte: u8, cut in any::<prop::sample::Index>()) {
        let good = nested(3);
        for (content_type, mut body) in [(JSON, serde_json::to_vec(&good).unwrap()), (PROTOBUF, good.encode_to_vec())] {
            let position = at.index(body.len());
            body[position] = byte;
            let _ = decode(content_type, &body);
            let _ = decode(content_type, &body[..cut.index(body.len())]);
        }
        let good = number(point());
        for (content_type, mut body) in [(JSON, serde_json::to_vec(&good).unwrap()), (PROTOBUF, good.encode_to_vec())] {
            let position = at.index(body.len());
            body[position] = byte;
            let _ = super::decode::<ExportMetricsServiceRequest>(content_type, None, &body, &Limits::default());
        }
    }

    #[test]
    fn any_request_within_the_limits_is_taken_unchanged(values in proptest::collection::vec(any_value(), 0..8)) {
        let attributes = values.into_iter().map(|value| KeyValue { key: "k".to_owned(), value: Some(value), ..KeyValue::default() });
        let good = request(vec![Span { attributes: attributes.collect(), ..span() }]);
        for (content_type, body) in [(JSON, serde_json::to_vec(&good).unwrap()), (PROTOBUF, good.encode_to_vec())] {
            let taken = decode(content_type, &body);
            prop_assert_eq!(taken.as_ref(), Ok(&good));
        }
    }
}
