//! Where API events go: the variables of Kafka and of Event Hubs.

use super::super::{ConfigError, Sources};
use super::{authorities, of_group};
use events::kafka::{EventHubsError, KafkaOptions, Sasl, event_hubs};

const KAFKA: [&str; 6] = [
    "KAFKA_SERVERS",
    "KAFKA_USERNAME",
    "KAFKA_PASSWORD",
    "KAFKA_SECURITY_PROTOCOL",
    "KAFKA_SASL_MECHANISM",
    "KAFKA_SSL_CA",
];
const EVENT_HUBS: [&str; 3] = ["EVENTHUB_CONNECTION_STRING", "EVENTHUB_NAME", "EVENTHUB_CONSUMER_GROUP"];

pub(super) fn read(sources: &Sources) -> Result<Option<KafkaOptions>, ConfigError> {
    match sources.text("MESSAGING_TYPE")?.map(|kind| kind.trim().to_ascii_lowercase()).as_deref() {
        Some("kafka") => {
            of_group(sources, "MESSAGING_TYPE=eventhub", EVENT_HUBS)?;
            kafka(sources).map(Some)
        }
        Some("eventhub") => {
            // The authorities serve both.
            of_group(sources, "MESSAGING_TYPE=kafka", [KAFKA[0], KAFKA[1], KAFKA[2], KAFKA[3], KAFKA[4]])?;
            hubs(sources).map(Some)
        }
        Some(_) => Err(ConfigError::new("MESSAGING_TYPE", "Set it to kafka or eventhub.")),
        None => {
            of_group(sources, "MESSAGING_TYPE=kafka", KAFKA)?;
            of_group(sources, "MESSAGING_TYPE=eventhub", EVENT_HUBS)?;
            Ok(None)
        }
    }
}

fn kafka(sources: &Sources) -> Result<KafkaOptions, ConfigError> {
    let needed = |name, why: &str| ConfigError::new(name, format!("{why} needs it; set it, or unset that."));
    let servers = sources.text("KAFKA_SERVERS")?.ok_or_else(|| needed("KAFKA_SERVERS", "MESSAGING_TYPE=kafka"))?;
    let (username, password) = (sources.text("KAFKA_USERNAME")?, sources.text("KAFKA_PASSWORD")?);
    let mechanism = sources.text("KAFKA_SASL_MECHANISM")?.map(|name| name.trim().to_ascii_uppercase());
    let sasl = match (username, password) {
        (Some(username), Some(password)) => {
            let mechanism = mechanism.unwrap_or_else(|| "PLAIN".to_owned());
            if !["PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512"].contains(&mechanism.as_str()) {
                let advice = "Set it to PLAIN, SCRAM-SHA-256 or SCRAM-SHA-512.";
                return Err(ConfigError::new("KAFKA_SASL_MECHANISM", advice));
            }
            Some(Sasl { mechanism, username, password })
        }
        (Some(_), None) => return Err(needed("KAFKA_PASSWORD", "KAFKA_USERNAME")),
        (None, Some(_)) => return Err(needed("KAFKA_USERNAME", "KAFKA_PASSWORD")),
        (None, None) if mechanism.is_some() => {
            let advice = "It says nothing without KAFKA_USERNAME and KAFKA_PASSWORD; set them too, or unset it.";
            return Err(ConfigError::new("KAFKA_SASL_MECHANISM", advice));
        }
        (None, None) => None,
    };
    let authorities = authorities(sources, "KAFKA_SSL_CA")?;
    let security_protocol = security_protocol(sources, sasl.is_some(), authorities.is_some())?;
    Ok(KafkaOptions {
        servers: servers.split(',').map(server).collect::<Result<Vec<_>, _>>()?.join(","),
        topic: "api-logs".to_owned(),
        group: "glassboard".to_owned(),
        security_protocol,
        authorities,
        sasl,
        event_hubs: false,
    })
}

/// The broker's address with its port.
fn server(text: &str) -> Result<String, ConfigError> {
    let text = text.trim();
    let wrong = || ConfigError::new("KAFKA_SERVERS", "Set it to HOST or HOST:PORT of each broker, with commas.");
    // The rest is a list with other signs between, or a URL.
    let is_of_address = |sign: char| sign.is_ascii_alphanumeric() || "-._:[]".contains(sign);
    if text.is_empty() || !text.chars().all(is_of_address) {
        return Err(wrong());
    }
    match text.rsplit_once(':') {
        // An IPv6 address stands in brackets.
        Some((host, port)) if !port.ends_with(']') => {
            let is_host = !host.is_empty() && (!host.contains(':') || host.starts_with('['));
            let port = port.parse().ok().filter(|port: &u16| *port != 0 && is_host).ok_or_else(wrong)?;
            Ok(format!("{host}:{port}"))
        }
        _ => Ok(format!("{text}:9092")),
    }
}

fn security_protocol(sources: &Sources, sasl: bool, authorities: bool) -> Result<&'static str, ConfigError> {
    const NAME: &str = "KAFKA_SECURITY_PROTOCOL";
    let told = sources.text(NAME)?.map(|name| name.trim().to_ascii_uppercase());
    let protocol = match (told.as_deref(), sasl) {
        (None, true) => "SASL_PLAINTEXT",
        (None, false) if authorities => "SSL",
        (None, false) => "PLAINTEXT",
        (Some("PLAINTEXT"), false) => "PLAINTEXT",
        (Some("SSL"), false) => "SSL",
        (Some("SASL_PLAINTEXT"), true) => "SASL_PLAINTEXT",
        (Some("SASL_SSL"), true) => "SASL_SSL",
        (Some("SASL_PLAINTEXT" | "SASL_SSL"), false) => {
            return Err(ConfigError::new(
                NAME,
                "With SASL, KAFKA_USERNAME and KAFKA_PASSWORD are needed; set them too.",
            ));
        }
        (Some("PLAINTEXT" | "SSL"), true) => {
            return Err(ConfigError::new(NAME, "With KAFKA_USERNAME, set it to SASL_PLAINTEXT or SASL_SSL."));
        }
        (Some(_), _) => {
            return Err(ConfigError::new(NAME, "Set it to PLAINTEXT, SSL, SASL_PLAINTEXT or SASL_SSL."));
        }
    };
    if authorities && !protocol.ends_with("SSL") {
        let advice = "It is for KAFKA_SECURITY_PROTOCOL=SSL or SASL_SSL; set that, or unset it.";
        return Err(ConfigError::new("KAFKA_SSL_CA", advice));
    }
    Ok(protocol)
}

fn hubs(sources: &Sources) -> Result<KafkaOptions, ConfigError> {
    const STRING: &str = "EVENTHUB_CONNECTION_STRING";
    let needed = || ConfigError::new(STRING, "MESSAGING_TYPE=eventhub needs it; set it, or unset that.");
    let string = sources.text(STRING)?.ok_or_else(needed)?;
    let name = sources.text("EVENTHUB_NAME")?.map(|name| name.trim().to_owned()).filter(|name| !name.is_empty());
    let group = sources.text("EVENTHUB_CONSUMER_GROUP")?.unwrap_or_else(|| "$Default".to_owned());
    event_hubs(&string, name.as_deref(), &group, authorities(sources, "KAFKA_SSL_CA")?).map_err(|error| {
        let variable = match error {
            EventHubsError::ConnectionString(_) => STRING,
            EventHubsError::Name(_) => "EVENTHUB_NAME",
        };
        ConfigError::new(variable, error.to_string())
    })
}
