#![allow(clippy::unwrap_used)]
use super::{Config, ConfigError, LogFormat, Protocol};

fn config(variables: &[(&str, &str)]) -> Result<Config, ConfigError> {
    Config::from_env(|name| {
        variables.iter().find(|(variable, _)| *variable == name).map(|(_, value)| (*value).to_owned())
    })
}

fn url(variables: &[(&str, &str)]) -> Option<String> {
    config(variables).unwrap().traces.map(|export| export.endpoint.url)
}

#[test]
fn with_nothing_set_the_contracts_names_hold_and_nothing_is_exported() {
    let config = config(&[("OTLP_ENDPOINT", "  ")]).unwrap();
    assert_eq!(config.service_name, "aks-demo-backend");
    assert_eq!(config.frontend_service_name, "aks-demo-frontend");
    assert_eq!((config.traces, config.metrics, config.logs), (None, None, None));
    assert_eq!(config.log_format, LogFormat::Json);
}

/// A file with a certificate, or with its key; what is made first belongs together.
fn pem_files() -> [tempfile::NamedTempFile; 2] {
    let made = rcgen::generate_simple_self_signed(vec!["board".to_owned()]).unwrap();
    [made.cert.pem(), made.signing_key.serialize_pem()].map(|text| {
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(file.path(), text).unwrap();
        file
    })
}

#[test]
fn half_an_identity_is_told_by_its_other_half() {
    let [certificate, key] = pem_files();
    let (certificate, key) = (certificate.path().to_str().unwrap(), key.path().to_str().unwrap());
    for (set, file, missing, other_file) in [
        ("OTEL_EXPORTER_OTLP_CLIENT_CERTIFICATE", certificate, "OTEL_EXPORTER_OTLP_CLIENT_KEY", key),
        ("OTEL_EXPORTER_OTLP_LOGS_CLIENT_KEY", key, "OTEL_EXPORTER_OTLP_LOGS_CLIENT_CERTIFICATE", certificate),
    ] {
        assert_eq!(config(&[(set, file)]).unwrap_err().variable, missing);
        assert!(config(&[(set, file), (missing, other_file)]).is_ok());
    }
}

#[test]
fn a_file_that_does_not_hold_what_it_should_is_told_at_the_start() {
    const AUTHORITY: &str = "OTEL_EXPORTER_OTLP_CERTIFICATE";
    const CERTIFICATE: &str = "OTEL_EXPORTER_OTLP_CLIENT_CERTIFICATE";
    const KEY: &str = "OTEL_EXPORTER_OTLP_CLIENT_KEY";
    let ([certificate, key], [_, other_key]) = (pem_files(), pem_files());
    let empty = tempfile::NamedTempFile::new().unwrap();
    let [certificate, key, other_key, empty] =
        [&certificate, &key, &other_key, &empty].map(|file| file.path().to_str().unwrap());
    assert!(config(&[(AUTHORITY, certificate)]).is_ok());
    for bad in [empty, key, "/no/such/file.pem", "/proc/"] {
        let error = config(&[(AUTHORITY, bad)]).unwrap_err();
        assert!(error.variable == AUTHORITY && error.advice.starts_with("Set it to a file in PEM"), "{error}");
        assert!(!error.advice.contains(bad), "it may be the secret itself: {error}");
    }
    for (chain, private, variable) in [
        (certificate, empty, KEY),
        (certificate, certificate, KEY),
        (certificate, other_key, KEY),
        (key, key, CERTIFICATE),
    ] {
        let error = config(&[(CERTIFICATE, chain), (KEY, private)]).unwrap_err();
        assert!(error.variable == variable && error.advice.ends_with('.'), "{error}");
    }
}

#[test]
fn compression_is_gzip_over_http_and_none_over_grpc_unless_told() {
    let gzip = |endpoint: &str, compression: &str| {
        let variables = [("OTLP_ENDPOINT", endpoint), ("OTEL_EXPORTER_OTLP_COMPRESSION", compression)];
        config(&variables).unwrap().traces.unwrap().gzip
    };
    assert_eq!(["", "gzip", "none"].map(|told| gzip("http://x:4318", told)), [true, true, false]);
    assert_eq!(["", "gzip", "none"].map(|told| gzip("http://x:4317", told)), [false, true, false]);
}

#[test]
fn metrics_for_a_prometheus_are_not_pushed() {
    let set = |exporter| [("OTLP_ENDPOINT", "http://x:4318"), (exporter, "prometheus")];
    let all = config(&set("OTEL_METRICS_EXPORTER")).unwrap();
    assert!(all.metrics.is_none() && all.traces.is_some());
    assert_eq!(config(&set("OTEL_LOGS_EXPORTER")).unwrap_err().variable, "OTEL_LOGS_EXPORTER");
}

#[test]
fn opentelemetrys_variables_win() {
    let all = [
        ("OTLP_ENDPOINT", "http://base:4318"),
        ("TEMPO_ENDPOINT", "http://tempo:4317"),
        ("OTEL_EXPORTER_OTLP_ENDPOINT", "http://otel:4318"),
        ("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", "http://otel:4318/traces"),
    ];
    assert_eq!(url(&all).as_deref(), Some("http://otel:4318/traces"));
    assert_eq!(url(&all[..3]).as_deref(), Some("http://otel:4318/v1/traces"));
    assert_eq!(url(&all[..2]).as_deref(), Some("http://tempo:4317"));
    assert_eq!(url(&all[..1]).as_deref(), Some("http://base:4318/v1/traces"));
    let config = config(&[("BACKEND_SERVICE_NAME", "a"), ("OTEL_SERVICE_NAME", "b")]).unwrap();
    assert_eq!(config.service_name, "b");
}

#[test]
fn a_given_protocol_and_headers_are_used() {
    let config = config(&[
        ("OTEL_EXPORTER_OTLP_ENDPOINT", "https://otel.example"),
        ("OTEL_EXPORTER_OTLP_PROTOCOL", "grpc"),
        ("OTEL_EXPORTER_OTLP_HEADERS", "authorization=Bearer%20abc, x-tenant=one"),
    ])
    .unwrap();
    let export = config.traces.unwrap();
    assert_eq!(export.endpoint.protocol, Protocol::Grpc);
    assert_eq!(export.headers["authorization"], "Bearer abc");
    assert!(export.headers["authorization"].is_sensitive());
    assert_eq!(export.headers["x-tenant"], "one");
}

#[test]
fn each_signal_has_its_own_way_below_a_common_base() {
    let all = config(&[
        ("OTLP_ENDPOINT", "http://base:4318/otlp"),
        ("TEMPO_ENDPOINT", "http://tempo:4317"),
        ("OTEL_EXPORTER_OTLP_LOGS_HEADERS", "x-tenant=logs"),
        ("OTEL_METRICS_EXPORTER", "none"),
    ])
    .unwrap();
    let (traces, logs) = (all.traces.unwrap(), all.logs.unwrap());
    assert_eq!((traces.endpoint.url.as_str(), traces.headers.len()), ("http://tempo:4317", 0));
    assert_eq!(logs.endpoint.url, "http://base:4318/otlp/v1/logs");
    assert_eq!(logs.headers["x-tenant"], "logs");
    assert_eq!(all.metrics, None);
    let tempo = config(&[("TEMPO_ENDPOINT", "http://tempo:4317")]).unwrap();
    assert_eq!((tempo.metrics, tempo.logs), (None, None));
}

#[test]
fn resource_attributes_are_read_and_the_well_known_ones_taken_out() {
    let config = config(&[(
        "OTEL_RESOURCE_ATTRIBUTES",
        "service.name=board,team=a%2Cb,deployment.environment.name=staging,service.version=9",
    )])
    .unwrap();
    assert_eq!(config.service_name, "board");
    assert_eq!(config.service_version, "9");
    assert_eq!(config.environment.as_deref(), Some("staging"));
    assert_eq!(config.resource_attributes, [("team".to_owned(), "a,b".to_owned())]);
}

#[test]
fn each_key_of_the_resource_attributes_counts_once_and_the_recorder_speaks_for_itself() {
    let all =
        "team=a,service.instance.id=pod-1,telemetry.sdk.name=other,telemetry.sdk.language=go,team=b,service.name=";
    let config = config(&[("OTEL_RESOURCE_ATTRIBUTES", all)]).unwrap();
    assert_eq!(config.service_instance_id.as_deref(), Some("pod-1"));
    assert_eq!(config.service_name, "aks-demo-backend");
    assert_eq!(config.resource_attributes, [("team".to_owned(), "b".to_owned())]);
}

#[test]
fn blanks_between_the_parts_of_the_log_filter_mean_nothing() {
    let filter = config(&[("GLASSBOARD_LOG", "hyper=debug, info")]).unwrap().log_filter;
    assert!(filter.would_enable("hyper", &tracing::Level::DEBUG));
    assert!(
        filter.would_enable("board", &tracing::Level::INFO) && !filter.would_enable("board", &tracing::Level::DEBUG)
    );
}

#[test]
fn a_variable_that_cannot_be_used_is_named() {
    for (variable, bad) in [
        ("OTLP_ENDPOINT", "ftp://x"),
        ("OTEL_EXPORTER_OTLP_HEADERS", "nonsense"),
        ("OTEL_EXPORTER_OTLP_HEADERS", "a b=c"),
        ("OTEL_EXPORTER_OTLP_TIMEOUT", "soon"),
        ("OTEL_EXPORTER_OTLP_COMPRESSION", "brotli"),
        ("OTEL_EXPORTER_OTLP_CERTIFICATE", "/no/such/file.pem"),
        ("OTEL_METRIC_EXPORT_INTERVAL", "0"),
        ("OTEL_RESOURCE_ATTRIBUTES", "a=%zz"),
        ("OTEL_TRACES_EXPORTER", "zipkin"),
        ("OTEL_METRICS_EXPORTER", "console"),
        ("GLASSBOARD_LOG", "info=loud"),
        ("GLASSBOARD_LOG", "inof"),
        ("GLASSBOARD_LOG", "!!!="),
        ("GLASSBOARD_LOG", "info,"),
        ("GLASSBOARD_LOG_FORMAT", "xml"),
    ] {
        let error = config(&[(variable, bad)]).unwrap_err();
        assert_eq!(error.variable, variable);
        assert!(error.to_string().ends_with('.'), "{error}");
    }
    let protocol = [("OTLP_ENDPOINT", "http://x"), ("OTEL_EXPORTER_OTLP_PROTOCOL", "thrift")];
    assert_eq!(config(&protocol).unwrap_err().variable, "OTEL_EXPORTER_OTLP_PROTOCOL");
}
