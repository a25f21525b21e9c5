#![allow(clippy::unwrap_used)]
use super::{RelayIdentity, mask, sanitize};
use crate::server::relay::{Limits, Relayed, decode};
use opentelemetry_proto::tonic::collector::logs::v1::ExportLogsServiceRequest;
use opentelemetry_proto::tonic::collector::metrics::v1::ExportMetricsServiceRequest;
use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest;
use serde_json::{Value, json};

/// Ends each text of a request; never more than once in one.
const PLANTED: &str = "of //u:HIDDEN@h/?q=HIDDEN and hidden-HIDDEN@example.org";

fn attributes() -> Value {
    json!([
        {"key": PLANTED, "value": {"stringValue": PLANTED}},
        {"key": "list", "value": {"arrayValue": {"values": [{"stringValue": PLANTED}]}}},
        {"key": "map", "value": {"kvlistValue": {"values": [
            {"key": PLANTED, "value": {"stringValue": PLANTED}}, {"key": "access_token", "value": {"stringValue": "HIDDEN"}},
        ]}}},
        {"key": "bytes", "value": {"bytesValue": "L2E/cT1ISURERU4="}},
        {"key": "form[password]", "value": {"stringValue": "HIDDEN"}},
        {"key": "http.request.header.x-api-key", "value": {"arrayValue": {"values": [{"stringValue": "HIDDEN"}]}}},
        {"key": "url.query", "value": {"stringValue": "HIDDEN"}},
        {"key": "url.fragment", "value": {"stringValue": "HIDDEN"}},
    ])
}

fn of_resource(list: &str, of_scope: Value) -> Value {
    let mut of_scope = of_scope;
    of_scope["scope"] = json!({"name": PLANTED, "version": PLANTED, "attributes": attributes()});
    of_scope["schemaUrl"] = json!(PLANTED);
    let mut attributes = attributes();
    let service = json!({"key": "service.name", "value": {"stringValue": "their-name"}});
    attributes.as_array_mut().unwrap().push(service);
    json!([{"resource": {"attributes": attributes}, "schemaUrl": PLANTED, list: [of_scope]}])
}

fn traces() -> Value {
    let span = json!({
        "traceId": "4bf92f3577b34da6a3ce929d0e0e4736", "spanId": "00f067aa0ba902b7", "name": PLANTED, "traceState": PLANTED,
        "startTimeUnixNano": "1", "endTimeUnixNano": "2", "attributes": attributes(), "status": {"message": PLANTED},
        "events": [{"name": PLANTED, "attributes": attributes()}],
        "links": [{
            "traceId": "4bf92f3577b34da6a3ce929d0e0e4736", "spanId": "00f067aa0ba902b7", "traceState": PLANTED,
            "attributes": attributes(),
        }],
    });
    json!({"resourceSpans": of_resource("scopeSpans", json!({"spans": [span]}))})
}

fn logs() -> Value {
    let record = json!({
        "body": {"stringValue": PLANTED}, "severityText": PLANTED, "eventName": PLANTED, "attributes": attributes(),
    });
    json!({"resourceLogs": of_resource("scopeLogs", json!({"logRecords": [record]}))})
}

fn metrics() -> Value {
    let exemplar = json!({"filteredAttributes": attributes(), "asInt": "1"});
    let point = json!({"timeUnixNano": "1", "attributes": attributes(), "exemplars": [exemplar]});
    let metric = |kind: &str| {
        json!({
            "name": PLANTED, "description": PLANTED, "unit": PLANTED, "metadata": attributes(), kind: {"dataPoints": [point]},
        })
    };
    let kinds = ["gauge", "sum", "histogram", "exponentialHistogram", "summary"].map(metric);
    json!({"resourceMetrics": of_resource("scopeMetrics", json!({"metrics": kinds}))})
}

fn nothing_is_left<R: Relayed + serde::Serialize>(request: &Value) {
    let body = request.to_string();
    let taken = || decode::<R>("application/json", None, body.as_bytes(), &Limits::default()).unwrap().request;
    let (mut of_program, mut of_page) = (taken(), taken());
    mask(&mut of_program);
    sanitize(&mut of_page, &RelayIdentity { service_name: "our-name".to_owned(), ..RelayIdentity::default() });
    for (request, name, other) in [(of_program, "their-name", "our-name"), (of_page, "our-name", "their-name")] {
        let left = serde_json::to_string(&request).unwrap();
        assert!(!left.contains("HIDDEN"), "{left}");
        assert!(left.contains(name) && !left.contains(other), "{left}");
        assert!(left.contains("of //h/?*** and ***@example.org"), "{left}");
        // Of bytes, `/a?***`.
        assert!(left.contains("L2E/Kioq"), "{left}");
    }
}

#[test]
fn secrets_are_masked_wherever_they_stand_whoever_sends_them() {
    nothing_is_left::<ExportTraceServiceRequest>(&traces());
    nothing_is_left::<ExportLogsServiceRequest>(&logs());
    nothing_is_left::<ExportMetricsServiceRequest>(&metrics());
}
