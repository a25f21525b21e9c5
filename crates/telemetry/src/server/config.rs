use super::endpoint::{Endpoint, Protocol, Reading};
use super::sampling::{Keep, Sampling};
use super::signal::Signal;
use super::tls::{Authorities, Identity, IdentityError};
use crate::names::stable;
use http::header::{HeaderMap, HeaderName, HeaderValue};
use std::collections::BTreeMap;
use std::str::FromStr;
use std::time::Duration;
use tracing::level_filters::LevelFilter;
use tracing_subscriber::filter::Targets;

/// How a line of the log is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LogFormat {
    Json,
    Text,
}

/// What the server records and where it goes.
#[derive(Debug, Clone)]
pub struct Config {
    pub service_name: String,
    pub service_version: String,
    /// What the browser's spans are recorded under.
    pub frontend_service_name: String,
    pub environment: Option<String>,
    /// Of this process among those of its name; without, one is made up.
    pub service_instance_id: Option<String>,
    /// Further attributes of the resource, each key once.
    pub resource_attributes: Vec<(String, String)>,
    /// Nothing is recorded but the log on standard output, and nothing exported.
    pub disabled: bool,
    pub sampling: Sampling,
    pub log_format: LogFormat,
    /// Which events are logged, by target and level. Spans are recorded from `info` up, whatever is logged.
    pub log_filter: Targets,
    /// `None`: traces stay in this process.
    pub traces: Option<Export>,
    /// `None`: only `/metrics` tells; what the relay takes goes nowhere.
    pub metrics: Option<Export>,
    /// How often metrics are read for the collector.
    pub metric_interval: Duration,
    /// `None`: the log is on standard output only; what the relay takes goes nowhere.
    pub logs: Option<Export>,
}

/// How one signal leaves this process.
#[derive(Debug, Clone, PartialEq)]
pub struct Export {
    pub signal: Signal,
    pub endpoint: Endpoint,
    /// Sent with each request.
    pub headers: HeaderMap,
    /// How long one request may take.
    pub timeout: Duration,
    pub gzip: bool,
    /// Instead of the system's.
    pub authorities: Option<Authorities>,
    /// By which the collector knows this process.
    pub identity: Option<Identity>,
}

/// A variable that can't be used.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
#[error("{variable}: {advice}")]
pub struct ConfigError {
    pub variable: &'static str,
    /// What to do, as a sentence.
    pub advice: String,
}

fn error(variable: &'static str, advice: impl Into<String>) -> ConfigError {
    ConfigError { variable, advice: advice.into() }
}

const DISABLED: &str = "OTEL_SDK_DISABLED";
const LOG: &str = "GLASSBOARD_LOG";
const LOG_FORMAT: &str = "GLASSBOARD_LOG_FORMAT";
const PROTOCOL: &str = "OTEL_EXPORTER_OTLP_PROTOCOL";
const HEADERS: &str = "OTEL_EXPORTER_OTLP_HEADERS";
const COMPRESSION: &str = "OTEL_EXPORTER_OTLP_COMPRESSION";
pub(super) const CERTIFICATE: &str = "OTEL_EXPORTER_OTLP_CERTIFICATE";
const CLIENT_CERTIFICATE: &str = "OTEL_EXPORTER_OTLP_CLIENT_CERTIFICATE";
const CLIENT_KEY: &str = "OTEL_EXPORTER_OTLP_CLIENT_KEY";
const TIMEOUT: &str = "OTEL_EXPORTER_OTLP_TIMEOUT";
const METRIC_INTERVAL: &str = "OTEL_METRIC_EXPORT_INTERVAL";
const RESOURCE_ATTRIBUTES: &str = "OTEL_RESOURCE_ATTRIBUTES";

/// The variables of one signal.
struct Names {
    exporter: &'static str,
    protocol: &'static str,
    headers: &'static str,
    timeout: &'static str,
    compression: &'static str,
    certificate: &'static str,
    client_certificate: &'static str,
    client_key: &'static str,
    /// Where it goes: the first that is set wins.
    endpoints: &'static [(&'static str, Reading)],
}

const fn names(signal: Signal) -> Names {
    match signal {
        Signal::Traces => Names {
            exporter: "OTEL_TRACES_EXPORTER",
            protocol: "OTEL_EXPORTER_OTLP_TRACES_PROTOCOL",
            headers: "OTEL_EXPORTER_OTLP_TRACES_HEADERS",
            timeout: "OTEL_EXPORTER_OTLP_TRACES_TIMEOUT",
            compression: "OTEL_EXPORTER_OTLP_TRACES_COMPRESSION",
            certificate: "OTEL_EXPORTER_OTLP_TRACES_CERTIFICATE",
            client_certificate: "OTEL_EXPORTER_OTLP_TRACES_CLIENT_CERTIFICATE",
            client_key: "OTEL_EXPORTER_OTLP_TRACES_CLIENT_KEY",
            endpoints: &[
                ("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", Reading::Exact),
                ("OTEL_EXPORTER_OTLP_ENDPOINT", Reading::Base),
                ("TEMPO_ENDPOINT", Reading::Own),
                ("OTLP_ENDPOINT", Reading::Base),
            ],
        },
        Signal::Metrics => Names {
            exporter: "OTEL_METRICS_EXPORTER",
            protocol: "OTEL_EXPORTER_OTLP_METRICS_PROTOCOL",
            headers: "OTEL_EXPORTER_OTLP_METRICS_HEADERS",
            timeout: "OTEL_EXPORTER_OTLP_METRICS_TIMEOUT",
            compression: "OTEL_EXPORTER_OTLP_METRICS_COMPRESSION",
            certificate: "OTEL_EXPORTER_OTLP_METRICS_CERTIFICATE",
            client_certificate: "OTEL_EXPORTER_OTLP_METRICS_CLIENT_CERTIFICATE",
            client_key: "OTEL_EXPORTER_OTLP_METRICS_CLIENT_KEY",
            endpoints: &[
                ("OTEL_EXPORTER_OTLP_METRICS_ENDPOINT", Reading::Exact),
                ("OTEL_EXPORTER_OTLP_ENDPOINT", Reading::Base),
                ("OTLP_ENDPOINT", Reading::Base),
            ],
        },
        Signal::Logs => Names {
            exporter: "OTEL_LOGS_EXPORTER",
            protocol: "OTEL_EXPORTER_OTLP_LOGS_PROTOCOL",
            headers: "OTEL_EXPORTER_OTLP_LOGS_HEADERS",
            timeout: "OTEL_EXPORTER_OTLP_LOGS_TIMEOUT",
            compression: "OTEL_EXPORTER_OTLP_LOGS_COMPRESSION",
            certificate: "OTEL_EXPORTER_OTLP_LOGS_CERTIFICATE",
            client_certificate: "OTEL_EXPORTER_OTLP_LOGS_CLIENT_CERTIFICATE",
            client_key: "OTEL_EXPORTER_OTLP_LOGS_CLIENT_KEY",
            endpoints: &[
                ("OTEL_EXPORTER_OTLP_LOGS_ENDPOINT", Reading::Exact),
                ("OTEL_EXPORTER_OTLP_ENDPOINT", Reading::Base),
                ("OTLP_ENDPOINT", Reading::Base),
            ],
        },
    }
}

impl Config {
    /// What pages are told about recording: below which number traces are kept from their beginning, in hexadecimal digits, or
    /// `off`. Nothing when all are kept.
    #[must_use]
    pub fn told_to_pages(&self) -> Option<String> {
        match self.sampling {
            _ if self.disabled => Some("off".to_owned()),
            Sampling { keep: Keep::None, .. } => Some("off".to_owned()),
            Sampling { keep: Keep::All, .. } => None,
            sampling => Some(format!("{:x}", sampling.threshold())),
        }
    }

    /// Reads the contract's variables and OpenTelemetry's standard ones, which win. An empty variable counts as unset.
    ///
    /// # Errors
    /// The first variable that can't be used.
    pub fn from_env(get: impl Fn(&str) -> Option<String>) -> Result<Self, ConfigError> {
        let get = |name: &str| get(name).map(|text| text.trim().to_owned()).filter(|text| !text.is_empty());
        // Only "true" does, as OpenTelemetry has it for its variables that are true or false.
        let disabled = get(DISABLED).is_some_and(|text| text.eq_ignore_ascii_case("true"));
        // Keys are unique in a resource: the last one counts.
        let mut attributes: BTreeMap<_, _> =
            pairs(RESOURCE_ATTRIBUTES, get(RESOURCE_ATTRIBUTES).as_deref())?.into_iter().collect();
        // What recorded it is not the operator's to say.
        attributes.retain(|key, _| !key.starts_with("telemetry.sdk."));
        let mut take = |key: &str| attributes.remove(key).filter(|value| !value.is_empty());
        let named = take(stable::SERVICE_NAME);
        let environment = take(stable::DEPLOYMENT_ENVIRONMENT_NAME).or_else(|| get("ENVIRONMENT"));
        let service_instance_id = take(stable::SERVICE_INSTANCE_ID);
        let service_version = take(stable::SERVICE_VERSION).unwrap_or_else(|| env!("CARGO_PKG_VERSION").to_owned());
        let service_name = get("OTEL_SERVICE_NAME")
            .or(named)
            .or_else(|| get("BACKEND_SERVICE_NAME"))
            .unwrap_or_else(|| "aks-demo-backend".to_owned());
        Ok(Self {
            service_name,
            service_version,
            frontend_service_name: get("FRONTEND_SERVICE_NAME").unwrap_or_else(|| "aks-demo-frontend".to_owned()),
            environment,
            service_instance_id,
            resource_attributes: attributes.into_iter().collect(),
            disabled,
            sampling: Sampling::from_env(&get)?,
            log_format: log_format(get(LOG_FORMAT).as_deref())?,
            log_filter: log_filter(get(LOG).as_deref())?,
            traces: export(Signal::Traces, &get)?.filter(|_| !disabled),
            metrics: export(Signal::Metrics, &get)?.filter(|_| !disabled),
            metric_interval: milliseconds(METRIC_INTERVAL, get(METRIC_INTERVAL).as_deref(), 60_000)?,
            logs: export(Signal::Logs, &get)?.filter(|_| !disabled),
        })
    }
}

fn log_format(text: Option<&str>) -> Result<LogFormat, ConfigError> {
    match text {
        None | Some("json") => Ok(LogFormat::Json),
        Some("text") => Ok(LogFormat::Text),
        Some(_) => Err(error(LOG_FORMAT, "Set it to json or text.")),
    }
}

fn log_filter(text: Option<&str>) -> Result<Targets, ConfigError> {
    let text = text.unwrap_or("info");
    let refused = || {
        error(LOG, "Set it to a level (error, warn, info, debug, trace, off), or to target=level pairs with commas.")
    };
    // A level that is misspelt would be taken for a target, and silence all others; so would what names nothing.
    let is_target = |text: &str| {
        !text.is_empty() && text.chars().all(|char| char.is_ascii_alphanumeric() || matches!(char, '_' | ':' | '-'))
    };
    let is_level = |text: &str| !text.is_empty() && LevelFilter::from_str(text).is_ok();
    let is_meant = |part: &str| match part.split_once('=') {
        Some((target, level)) => is_target(target) && is_level(level),
        None => is_level(part),
    };
    let parts: Vec<&str> = text.split(',').map(str::trim).collect();
    if !parts.iter().all(|part| is_meant(part)) {
        return Err(refused());
    }
    Targets::from_str(&parts.join(",")).map_err(|_| refused())
}

fn export(signal: Signal, get: &impl Fn(&str) -> Option<String>) -> Result<Option<Export>, ConfigError> {
    let names = names(signal);
    // Read even when nothing is sent: a mistake in them is one all the same.
    let (protocol, headers, timeout) = (protocol(&names, get)?, headers(&names, get)?, timeout(&names, get)?);
    let (gzip, authorities, identity) = (gzip(&names, get)?, authorities(&names, get)?, identity(&names, get)?);
    match (get(names.exporter).as_deref(), signal) {
        (None | Some("otlp"), _) => {}
        // What a Prometheus asks for is on `/metrics` anyway.
        (Some("none"), _) | (Some("prometheus"), Signal::Metrics) => return Ok(None),
        (Some(_), Signal::Metrics) => return Err(error(names.exporter, "Set it to otlp, prometheus or none.")),
        (Some(_), _) => return Err(error(names.exporter, "Set it to otlp or none.")),
    }
    let Some((variable, reading, url)) =
        names.endpoints.iter().find_map(|(variable, reading)| Some((*variable, *reading, get(variable)?)))
    else {
        return Ok(None);
    };
    let endpoint = Endpoint::parse(&url, reading, protocol, signal)
        .ok_or_else(|| error(variable, "Set it to an http or https URL, such as http://collector:4317."))?;
    // OpenTelemetry's default is not to compress; ours is to, but over gRPC: not every server there takes it.
    let gzip = gzip.unwrap_or(endpoint.protocol != Protocol::Grpc);
    Ok(Some(Export { signal, endpoint, headers, timeout, gzip, authorities, identity }))
}

fn protocol(names: &Names, get: &impl Fn(&str) -> Option<String>) -> Result<Option<Protocol>, ConfigError> {
    let Some((variable, protocol)) = first(get, [names.protocol, PROTOCOL]) else { return Ok(None) };
    match protocol.as_str() {
        "grpc" => Ok(Some(Protocol::Grpc)),
        "http/protobuf" => Ok(Some(Protocol::HttpProtobuf)),
        "http/json" => Ok(Some(Protocol::HttpJson)),
        _ => Err(error(variable, "Set it to grpc, http/protobuf or http/json.")),
    }
}

fn gzip(names: &Names, get: &impl Fn(&str) -> Option<String>) -> Result<Option<bool>, ConfigError> {
    let Some((variable, compression)) = first(get, [names.compression, COMPRESSION]) else { return Ok(None) };
    match compression.as_str() {
        "gzip" => Ok(Some(true)),
        "none" => Ok(Some(false)),
        _ => Err(error(variable, "Set it to gzip or none.")),
    }
}

fn authorities(names: &Names, get: &impl Fn(&str) -> Option<String>) -> Result<Option<Authorities>, ConfigError> {
    let Some((variable, pem)) = file(get, [names.certificate, CERTIFICATE])? else { return Ok(None) };
    let authorities = Authorities::parse(&pem);
    authorities.map(Some).ok_or_else(|| error(variable, "Set it to a file in PEM with an authority's certificate."))
}

fn identity(names: &Names, get: &impl Fn(&str) -> Option<String>) -> Result<Option<Identity>, ConfigError> {
    let certificates = [names.client_certificate, CLIENT_CERTIFICATE];
    let keys = [names.client_key, CLIENT_KEY];
    // Of one signal or of all, as what it belongs to.
    let beside = |found, of: [&'static str; 2], missing: [&'static str; 2]| missing[usize::from(found != of[0])];
    match (file(get, certificates)?, file(get, keys)?) {
        (None, None) => Ok(None),
        (Some((found, _)), None) => {
            Err(error(beside(found, certificates, keys), "Set it, too: a certificate needs its key."))
        }
        (None, Some((found, _))) => {
            Err(error(beside(found, keys, certificates), "Set it, too: a key needs its certificate."))
        }
        (Some((certificate, chain)), Some((key, private))) => {
            Identity::parse(chain, private).map(Some).map_err(|mistake| match mistake {
                IdentityError::Certificate => error(certificate, "Set it to a file in PEM with a certificate."),
                IdentityError::Key => {
                    error(key, "Set it to a file in PEM with a private key that no password protects.")
                }
                IdentityError::Mismatch => {
                    error(key, format!("Set it to the key of the certificate in {certificate}."))
                }
            })
        }
    }
}

/// The variable that names a file, and what is in it.
fn file(
    get: &impl Fn(&str) -> Option<String>,
    names: [&'static str; 2],
) -> Result<Option<(&'static str, Vec<u8>)>, ConfigError> {
    let Some((variable, path)) = first(get, names) else { return Ok(None) };
    // Who sets it to a key instead of its file does not want to see it in a log.
    match std::fs::read(path) {
        Ok(bytes) => Ok(Some((variable, bytes))),
        Err(mistake) => Err(error(variable, format!("Set it to a file in PEM that can be read ({mistake})."))),
    }
}

fn headers(names: &Names, get: &impl Fn(&str) -> Option<String>) -> Result<HeaderMap, ConfigError> {
    let mut headers = HeaderMap::new();
    for variable in [HEADERS, names.headers] {
        for (name, value) in pairs(variable, get(variable).as_deref())? {
            let (Ok(name), Ok(mut value)) = (HeaderName::from_str(&name), HeaderValue::from_str(&value)) else {
                return Err(error(variable, "Set it to name=value pairs with commas, percent-encoded."));
            };
            value.set_sensitive(true);
            headers.insert(name, value);
        }
    }
    Ok(headers)
}

fn timeout(names: &Names, get: &impl Fn(&str) -> Option<String>) -> Result<Duration, ConfigError> {
    let given = first(get, [names.timeout, TIMEOUT]);
    let (variable, text) = given.as_ref().map_or((TIMEOUT, None), |(variable, text)| (*variable, Some(text.as_str())));
    milliseconds(variable, text, 10_000)
}

fn milliseconds(variable: &'static str, text: Option<&str>, default: u64) -> Result<Duration, ConfigError> {
    match text.map_or(Ok(default), str::parse) {
        Ok(millis @ 1..=600_000) => Ok(Duration::from_millis(millis)),
        _ => Err(error(variable, "Set it to milliseconds, from 1 to 600000.")),
    }
}

fn first<const N: usize>(
    get: &impl Fn(&str) -> Option<String>,
    names: [&'static str; N],
) -> Option<(&'static str, String)> {
    names.into_iter().find_map(|name| Some((name, get(name)?)))
}

/// `key=value` pairs with commas, values percent-encoded, as OpenTelemetry's variables have them.
fn pairs(variable: &'static str, text: Option<&str>) -> Result<Vec<(String, String)>, ConfigError> {
    let Some(text) = text else { return Ok(Vec::new()) };
    text.split(',')
        .filter(|pair| !pair.trim().is_empty())
        .map(|pair| {
            let (key, value) = pair.split_once('=').filter(|(key, _)| !key.trim().is_empty())?;
            Some((key.trim().to_owned(), percent_decoded(value.trim())?))
        })
        .collect::<Option<_>>()
        .ok_or_else(|| error(variable, "Set it to key=value pairs with commas, percent-encoded."))
}

fn percent_decoded(text: &str) -> Option<String> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((&byte, after)) = rest.split_first() {
        rest = after;
        if byte == b'%' {
            let digits = std::str::from_utf8(rest.get(..2)?).ok()?.to_ascii_lowercase();
            let [decoded] = crate::propagation::hex::decode::<1>(&digits)?;
            bytes.push(decoded);
            rest = &rest[2..];
        } else {
            bytes.push(byte);
        }
    }
    String::from_utf8(bytes).ok()
}

#[cfg(test)]
#[path = "config_tests.rs"]
mod tests;
