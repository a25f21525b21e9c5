"""An OTLP/HTTP receiver that shares no code with the product: it decodes with opentelemetry-proto.

python receiver.py PORT, with opentelemetry-proto and opentelemetry-semantic-conventions installed.

POST /v1/traces, /v1/metrics, /v1/logs  protobuf, gzip allowed
GET  /spans                             all spans as JSON, a list
GET  /spans?from=N                      those after the first N
GET  /logs                              all log records as JSON
GET  /names                             names of attributes and metrics seen, and whether the conventions know them
GET  /bytes?find=TEXT                   how often the text was in what was received, undecoded
"""

import gzip
import importlib
import json
import pkgutil
import sys
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, urlparse

import opentelemetry.semconv._incubating.attributes as development
import opentelemetry.semconv._incubating.metrics as development_metrics
import opentelemetry.semconv.attributes as stable
import opentelemetry.semconv.metrics as stable_metrics
from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceRequest
from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import ExportMetricsServiceRequest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

lock = threading.Lock()
spans, logs, metrics, attribute_names, raw = [], [], {}, set(), []


def published(package):
    """The names that a package of the conventions declares."""
    names = set()
    for module in pkgutil.iter_modules(package.__path__):
        constants = vars(importlib.import_module(f"{package.__name__}.{module.name}")).items()
        names |= {value for name, value in constants if name.isupper() and isinstance(value, str)}
    return names | {value for name, value in vars(package).items() if name.isupper() and isinstance(value, str)}


def value_of(value):
    kind = value.WhichOneof("value")
    return None if kind is None else str(getattr(value, kind)) if kind in ("array_value", "kvlist_value") else getattr(value, kind)


def attributes_of(item):
    read = {pair.key: value_of(pair.value) for pair in item.attributes}
    attribute_names.update(read)
    return read


def take_traces(body):
    request = ExportTraceServiceRequest.FromString(body)
    for of_resource in request.resource_spans:
        resource = attributes_of(of_resource.resource)
        for scope in of_resource.scope_spans:
            for span in scope.spans:
                spans.append(
                    {
                        "trace": span.trace_id.hex(),
                        "id": span.span_id.hex(),
                        "parent": span.parent_span_id.hex() or None,
                        "name": span.name,
                        "kind": span.kind,
                        "start": span.start_time_unix_nano,
                        "end": span.end_time_unix_nano,
                        "links": [link.span_id.hex() for link in span.links],
                        "events": [{"name": event.name, "attributes": attributes_of(event)} for event in span.events],
                        "error": span.status.code == 2,
                        "service": resource.get("service.name"),
                        "browser": resource.get("telemetry.sdk.language") == "webjs" or any(k.startswith("browser.") for k in resource),
                        "resource": resource,
                        "attributes": attributes_of(span),
                    }
                )


def take_logs(body):
    request = ExportLogsServiceRequest.FromString(body)
    for of_resource in request.resource_logs:
        resource = attributes_of(of_resource.resource)
        for scope in of_resource.scope_logs:
            for record in scope.log_records:
                logs.append(
                    {
                        "trace": record.trace_id.hex() or None,
                        "severity": record.severity_number,
                        "event": record.event_name,
                        "body": value_of(record.body),
                        "service": resource.get("service.name"),
                        "attributes": attributes_of(record),
                    }
                )


def take_metrics(body):
    request = ExportMetricsServiceRequest.FromString(body)
    for of_resource in request.resource_metrics:
        attributes_of(of_resource.resource)
        for scope in of_resource.scope_metrics:
            for metric in scope.metrics:
                data = getattr(metric, metric.WhichOneof("data"))
                for point in data.data_points:
                    attributes_of(point)
                metrics[metric.name] = metric.unit


TAKE = {"/v1/traces": take_traces, "/v1/logs": take_logs, "/v1/metrics": take_metrics}


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_POST(self):
        body = self.rfile.read(int(self.headers.get("content-length", 0)))
        if self.headers.get("content-encoding") == "gzip":
            body = gzip.decompress(body)
        with lock:
            raw.append(body)
            TAKE[self.path](body)
        self.answer(b"", "application/x-protobuf")

    def do_GET(self):
        url = urlparse(self.path)
        asked = {name: values[0] for name, values in parse_qs(url.query).items()}
        with lock:
            told = {
                "/spans": lambda: spans[int(asked.get("from", 0)) :],
                "/logs": lambda: logs,
                "/names": names,
                "/bytes": lambda: sum(body.count(asked["find"].encode()) for body in raw),
            }[url.path]()
            body = json.dumps(told).encode()
        self.answer(body, "application/json")

    def answer(self, body, kind):
        self.send_response(200)
        self.send_header("content-type", kind)
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass


def names():
    known = {"attributes": (published(stable), published(development)), "metrics": (published(stable_metrics), published(development_metrics))}

    def standing(name, kind):
        in_stable, in_development = (name in names for names in known[kind])
        return "stable" if in_stable else "development" if in_development else "unknown"

    return {
        "attributes": {name: standing(name, "attributes") for name in sorted(attribute_names)},
        "metrics": {name: {"unit": unit, "standing": standing(name, "metrics")} for name, unit in sorted(metrics.items())},
    }


server = ThreadingHTTPServer(("127.0.0.1", int(sys.argv[1])), Handler)
print(f"receiving on {server.server_port}", flush=True)
server.serve_forever()
