/// An environment variable that the program reads.
pub struct Variable {
    pub name: &'static str,
    pub default: Option<&'static str>,
    /// Never shown.
    pub secret: bool,
}

const fn plain(name: &'static str) -> Variable {
    Variable { name, default: None, secret: false }
}

const fn with_default(name: &'static str, default: &'static str) -> Variable {
    Variable { default: Some(default), ..plain(name) }
}

const fn secret(name: &'static str) -> Variable {
    Variable { secret: true, ..plain(name) }
}

/// All of them; each also as `NAME_FILE`, which names a file that holds the value.
pub const VARIABLES: &[Variable] = &[
    with_default("GLASSBOARD_LISTEN", "127.0.0.1:3000"),
    with_default("GLASSBOARD_DATA", "./data"),
    with_default("GLASSBOARD_ROLE", "all"),
    with_default("GLASSBOARD_DRAIN_SECONDS", "0"),
    with_default("GLASSBOARD_SPOOL_MIB", "256"),
    plain("GLASSBOARD_OPERATORS"),
    plain("GLASSBOARD_PUBLIC_URL"),
    plain("GLASSBOARD_TRUSTED_PROXIES"),
    secret("GLASSBOARD_TOKEN"),
    with_default("GLASSBOARD_LOG", "info"),
    with_default("GLASSBOARD_LOG_FORMAT", "json"),
    plain("ENVIRONMENT"),
    secret("SECRET_KEY"),
    secret("FLASK_SECRET_KEY"),
    secret("SECRET_KEY_PREVIOUS"),
    with_default("BACKEND_SERVICE_NAME", "aks-demo-backend"),
    with_default("FRONTEND_SERVICE_NAME", "aks-demo-frontend"),
    plain("OTLP_ENDPOINT"),
    plain("TEMPO_ENDPOINT"),
    plain("OTEL_SERVICE_NAME"),
    plain("OTEL_RESOURCE_ATTRIBUTES"),
    with_default("OTEL_SDK_DISABLED", "false"),
    with_default("OTEL_TRACES_SAMPLER", "always_on"),
    plain("OTEL_TRACES_SAMPLER_ARG"),
    with_default("GLASSBOARD_KEEP_SLOW_MS", "1000"),
    with_default("OTEL_METRIC_EXPORT_INTERVAL", "60000"),
    plain("OTEL_TRACES_EXPORTER"),
    plain("OTEL_METRICS_EXPORTER"),
    plain("OTEL_LOGS_EXPORTER"),
    plain("OTEL_EXPORTER_OTLP_ENDPOINT"),
    plain("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT"),
    plain("OTEL_EXPORTER_OTLP_METRICS_ENDPOINT"),
    plain("OTEL_EXPORTER_OTLP_LOGS_ENDPOINT"),
    plain("OTEL_EXPORTER_OTLP_PROTOCOL"),
    plain("OTEL_EXPORTER_OTLP_TRACES_PROTOCOL"),
    plain("OTEL_EXPORTER_OTLP_METRICS_PROTOCOL"),
    plain("OTEL_EXPORTER_OTLP_LOGS_PROTOCOL"),
    plain("OTEL_EXPORTER_OTLP_COMPRESSION"),
    plain("OTEL_EXPORTER_OTLP_CERTIFICATE"),
    plain("OTEL_EXPORTER_OTLP_TRACES_COMPRESSION"),
    plain("OTEL_EXPORTER_OTLP_TRACES_CERTIFICATE"),
    plain("OTEL_EXPORTER_OTLP_METRICS_COMPRESSION"),
    plain("OTEL_EXPORTER_OTLP_METRICS_CERTIFICATE"),
    plain("OTEL_EXPORTER_OTLP_LOGS_COMPRESSION"),
    plain("OTEL_EXPORTER_OTLP_LOGS_CERTIFICATE"),
    plain("OTEL_EXPORTER_OTLP_TIMEOUT"),
    plain("OTEL_EXPORTER_OTLP_TRACES_TIMEOUT"),
    plain("OTEL_EXPORTER_OTLP_METRICS_TIMEOUT"),
    plain("OTEL_EXPORTER_OTLP_LOGS_TIMEOUT"),
    secret("OTEL_EXPORTER_OTLP_HEADERS"),
    secret("OTEL_EXPORTER_OTLP_TRACES_HEADERS"),
    secret("OTEL_EXPORTER_OTLP_METRICS_HEADERS"),
    secret("OTEL_EXPORTER_OTLP_LOGS_HEADERS"),
    plain("MYSQL_HOST"),
    plain("MYSQL_PORT"),
    plain("MYSQL_USER"),
    secret("MYSQL_PASSWORD"),
    plain("MYSQL_DATABASE"),
    plain("MYSQL_SSL_MODE"),
    plain("MYSQL_SSL_CA"),
    plain("REDIS_HOST"),
    plain("REDIS_PORT"),
    plain("REDIS_USERNAME"),
    secret("REDIS_PASSWORD"),
    plain("REDIS_TLS"),
    plain("REDIS_SSL_CA"),
    plain("MESSAGING_TYPE"),
    plain("KAFKA_SERVERS"),
    plain("KAFKA_USERNAME"),
    secret("KAFKA_PASSWORD"),
    plain("KAFKA_SECURITY_PROTOCOL"),
    plain("KAFKA_SASL_MECHANISM"),
    plain("KAFKA_SSL_CA"),
    secret("EVENTHUB_CONNECTION_STRING"),
    plain("EVENTHUB_NAME"),
    plain("EVENTHUB_CONSUMER_GROUP"),
];
