//! Azure Event Hubs: Kafka with other settings, all of them in a connection string.

use super::options::{KafkaOptions, Sasl};
use std::path::PathBuf;

/// What is wrong with a connection string or what goes with it, as a sentence. Never tells the key.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum EventHubsError {
    #[error("{0}")]
    ConnectionString(String),
    #[error("{0}")]
    Name(String),
}

const FORM: &str = "copy it from the portal: Endpoint=sb://NAMESPACE.servicebus.windows.net/;SharedAccessKeyName=...;SharedAccessKey=...";

/// Reads a connection string. `name`: of the event hub; needed unless the string has it as EntityPath.
///
/// # Errors
/// The part that is missing or wrong.
pub fn event_hubs(
    connection_string: &str,
    name: Option<&str>,
    group: &str,
    authorities: Option<PathBuf>,
) -> Result<KafkaOptions, EventHubsError> {
    let wrong = |what: &str| EventHubsError::ConnectionString(format!("{what}; {FORM}."));
    let connection_string = connection_string.trim();
    let mut parts = Vec::new();
    for part in connection_string.split(';').map(str::trim).filter(|part| !part.is_empty()) {
        // What is no pair may be a piece of the key: it is not told.
        parts.push(part.split_once('=').ok_or_else(|| wrong("A part of it is no KEY=VALUE"))?);
    }
    let value = |key: &str| {
        let found = parts.iter().find(|(name, _)| name.trim().eq_ignore_ascii_case(key));
        found.map(|(_, value)| value.trim()).filter(|value| !value.is_empty())
    };
    let endpoint = value("Endpoint").ok_or_else(|| wrong("It has no Endpoint"))?;
    for needed in ["SharedAccessKeyName", "SharedAccessKey"] {
        value(needed).ok_or_else(|| wrong(&format!("It has no {needed}")))?;
    }
    let host = endpoint.strip_prefix("sb://").ok_or_else(|| wrong("Its Endpoint does not begin with sb://"))?;
    let host = host.trim_end_matches('/');
    let is_emulator = value("UseDevelopmentEmulator").is_some_and(|value| value.eq_ignore_ascii_case("true"));
    let (host, port) = match host.rsplit_once(':') {
        Some((host, port)) => (host, port.parse().ok().filter(|port: &u16| *port != 0)),
        None => (host, Some(if is_emulator { 9092 } else { 9093 })),
    };
    let port = port.ok_or_else(|| wrong("The port in its Endpoint is none"))?;
    if host.is_empty() || host.contains(['/', ' ', ',', '@']) {
        return Err(wrong("The host in its Endpoint is none"));
    }
    let path = value("EntityPath");
    let topic = match (path, name) {
        (Some(path), Some(name)) if path != name => {
            let told =
                format!("The connection string is for the event hub {path}; set EVENTHUB_NAME to that, or unset it.");
            return Err(EventHubsError::Name(told));
        }
        (Some(topic), _) | (None, Some(topic)) => topic.to_owned(),
        (None, None) => {
            let told = "Set it to the event hub's name: the connection string has no EntityPath.".to_owned();
            return Err(EventHubsError::Name(told));
        }
    };
    Ok(KafkaOptions {
        servers: format!("{host}:{port}"),
        topic,
        group: group.to_owned(),
        security_protocol: if is_emulator { "SASL_PLAINTEXT" } else { "SASL_SSL" },
        authorities,
        sasl: Some(Sasl {
            mechanism: "PLAIN".to_owned(),
            username: "$ConnectionString".to_owned(),
            password: connection_string.to_owned(),
        }),
        event_hubs: true,
    })
}

#[cfg(test)]
mod tests {
    use super::{EventHubsError, event_hubs};

    const STRING: &str =
        "Endpoint=sb://board.servicebus.windows.net/;SharedAccessKeyName=send;SharedAccessKey=c2VjcmV0==";

    #[test]
    fn a_connection_string_says_where_and_who() {
        let options = event_hubs(STRING, Some("api-logs"), "$Default", None).unwrap();
        assert_eq!(
            (options.servers.as_str(), options.topic.as_str()),
            ("board.servicebus.windows.net:9093", "api-logs")
        );
        let sasl = options.sasl.unwrap();
        assert_eq!((sasl.username.as_str(), sasl.password.as_str()), ("$ConnectionString", STRING));
        let with_path = format!(" {STRING};EntityPath=calls; ");
        assert_eq!(event_hubs(&with_path, None, "g", None).unwrap().topic, "calls");
        assert_eq!(event_hubs(&with_path, Some("calls"), "g", None).unwrap().topic, "calls");
        let emulator = "Endpoint=sb://localhost;SharedAccessKeyName=a;SharedAccessKey=b;UseDevelopmentEmulator=true;";
        let options = event_hubs(emulator, Some("x"), "g", None).unwrap();
        assert_eq!((options.servers.as_str(), options.security_protocol), ("localhost:9092", "SASL_PLAINTEXT"));
    }

    #[test]
    fn a_mistake_is_named_and_the_key_never_told() {
        for (string, named) in [
            ("", "Endpoint"),
            ("c2VjcmV0", "KEY=VALUE"),
            ("Endpoint=https://x/;SharedAccessKeyName=a;SharedAccessKey=c2VjcmV0", "sb://"),
            ("Endpoint=sb:///;SharedAccessKeyName=a;SharedAccessKey=c2VjcmV0", "host"),
            ("Endpoint=sb://x:99999/;SharedAccessKeyName=a;SharedAccessKey=c2VjcmV0", "port"),
            ("Endpoint=sb://x/;SharedAccessKey=c2VjcmV0", "SharedAccessKeyName"),
            ("Endpoint=sb://x/;SharedAccessKeyName=a;SharedAccessKey=", "SharedAccessKey"),
        ] {
            let error = event_hubs(string, Some("n"), "g", None).err().unwrap();
            let told = error.to_string();
            assert!(matches!(error, EventHubsError::ConnectionString(_)) && told.contains(named), "{string}: {told}");
            assert!(!told.contains("c2VjcmV0") && told.ends_with('.'), "{told}");
        }
        assert!(matches!(event_hubs(STRING, None, "g", None).err(), Some(EventHubsError::Name(_))));
        let other = format!("{STRING};EntityPath=calls");
        assert!(matches!(event_hubs(&other, Some("logs"), "g", None).err(), Some(EventHubsError::Name(_))));
    }
}
