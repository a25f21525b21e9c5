//! What the program was told: flags, environment variables, mounted secrets, defaults.

mod engines;
mod sources;
pub mod values;
mod variables;

pub use engines::EngineSettings;
pub use sources::Sources;
pub use values::{Proxies, PublicUrl, Role};

use model::Username;
use std::cell::RefCell;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

/// A start-up mistake: which variable, and what to do.
#[derive(Debug, thiserror::Error)]
#[error("{variable}: {advice}")]
pub struct ConfigError {
    pub variable: String,
    pub advice: String,
}

impl ConfigError {
    pub fn new(variable: impl Into<String>, advice: impl Into<String>) -> Self {
        Self { variable: variable.into(), advice: advice.into() }
    }
}

/// The program's settings, checked.
pub struct Settings {
    pub listen: SocketAddr,
    pub data: PathBuf,
    /// How long a process that is told to end goes on taking requests.
    pub notice: Duration,
    pub role: Role,
    pub engines: EngineSettings,
    /// Bytes that API events may take on disk until they are counted.
    pub spool: u64,
    pub operators: Vec<Username>,
    pub public_url: Option<PublicUrl>,
    pub proxies: Proxies,
    /// What other programs show to `/v1/*` and `/metrics`.
    pub token: Option<String>,
    pub production: bool,
    pub secret_key: Option<String>,
    pub previous_secret_key: Option<String>,
    pub telemetry: telemetry::server::Config,
    /// Standard variables that are set for nothing.
    pub unread: Vec<String>,
}

impl Settings {
    /// # Errors
    /// The first variable that can't be used, with what to do.
    pub fn read(sources: &Sources) -> Result<Self, ConfigError> {
        let production =
            sources.text("ENVIRONMENT")?.is_some_and(|name| name.trim().eq_ignore_ascii_case("production"));
        let secret_key = match sources.text("SECRET_KEY")? {
            Some(key) => Some(key),
            None => sources.text("FLASK_SECRET_KEY")?,
        };
        if production && secret_key.is_none() {
            let advice = "ENVIRONMENT=production needs a secret key; set it to 32 or more random characters.";
            return Err(ConfigError::new("SECRET_KEY", advice));
        }
        let engines = EngineSettings::read(sources)?;
        Ok(Self {
            listen: values::listen(&sources.required("GLASSBOARD_LISTEN")?)?,
            data: PathBuf::from(sources.required("GLASSBOARD_DATA")?),
            notice: values::notice(&sources.required("GLASSBOARD_DRAIN_SECONDS")?)?,
            role: Role::parse(&sources.required("GLASSBOARD_ROLE")?, &engines)?,
            engines,
            spool: values::spool(&sources.required("GLASSBOARD_SPOOL_MIB")?)?,
            operators: values::operators(sources.text("GLASSBOARD_OPERATORS")?.as_deref())?,
            public_url: sources.text("GLASSBOARD_PUBLIC_URL")?.as_deref().map(PublicUrl::parse).transpose()?,
            proxies: Proxies::parse(sources.text("GLASSBOARD_TRUSTED_PROXIES")?.as_deref())?,
            token: sources.text("GLASSBOARD_TOKEN")?,
            production,
            secret_key,
            previous_secret_key: sources.text("SECRET_KEY_PREVIOUS")?,
            telemetry: telemetry(sources)?,
            unread: sources.unread(),
        })
    }
}

fn telemetry(sources: &Sources) -> Result<telemetry::server::Config, ConfigError> {
    let unread = RefCell::new(None);
    let get = |name: &str| {
        sources.text(name).unwrap_or_else(|error| {
            unread.borrow_mut().get_or_insert(error);
            None
        })
    };
    let config = telemetry::server::Config::from_env(get);
    if let Some(error) = unread.into_inner() {
        return Err(error);
    }
    config.map_err(|error| ConfigError::new(error.variable, error.advice))
}

#[cfg(test)]
mod tests {
    use super::{Settings, Sources};

    fn read(variables: &[(&str, &str)]) -> Result<Settings, String> {
        let variables: Vec<(String, String)> =
            variables.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
        Settings::read(&Sources::new(
            Vec::new(),
            variables.into_iter().map(|(name, value)| (name.into(), value.into())),
        ))
        .map_err(|error| error.to_string())
    }

    #[test]
    fn nothing_set_means_the_embedded_board_on_loopback() {
        let settings = read(&[]).unwrap_or_else(|error| panic!("{error}"));
        assert_eq!(settings.listen.to_string(), "127.0.0.1:3000");
        assert!(settings.operators.is_empty() && settings.secret_key.is_none());
    }

    #[test]
    fn each_mistake_names_its_variable_and_says_what_to_do() {
        for (name, value) in [
            ("GLASSBOARD_LISTEN", "localhost:99999"),
            ("GLASSBOARD_ROLE", "web"),
            ("GLASSBOARD_ROLE", "boss"),
            ("GLASSBOARD_DRAIN_SECONDS", "soon"),
            ("GLASSBOARD_OPERATORS", "mina,\u{200b}"),
            ("GLASSBOARD_PUBLIC_URL", "board.example"),
            ("GLASSBOARD_TRUSTED_PROXIES", "10.0.0.0/99"),
            ("OTLP_ENDPOINT", "ftp://collector"),
            ("MYSQL_USER", "board"),
            ("MYSQL_HOST", "mysql://db/board"),
            ("MYSQL_HOST", "db:port"),
            ("MYSQL_SSL_CA", "/ca.pem"),
            ("REDIS_PASSWORD", "x"),
            ("REDIS_HOST", "redis-sentinel://a,b"),
            ("REDIS_HOST", "cache:port"),
            ("MESSAGING_TYPE", "rabbit"),
            ("KAFKA_SERVERS", "broker"),
            ("KAFKA_PASSWORD", "x"),
            ("EVENTHUB_CONNECTION_STRING", "Endpoint=x"),
            ("EVENTHUB_CONSUMER_GROUP", "x"),
            ("GLASSBOARD_SPOOL_MIB", "7"),
            ("GLASSBOARD_TOKEN_FILE", "/no/such/file"),
            ("OTEL_EXPORTER_OTLP_HEADERS_FILE", "/no/such/file"),
            ("GLASSBOARD_OPERATORS", " , "),
            ("GLASSBOARD_LOG", "inof"),
        ] {
            let error = read(&[(name, value)]).err().unwrap_or_default();
            assert!(error.starts_with(name), "{name}={value}: {error}");
            assert!(error.ends_with('.'), "{error}");
        }
        let mariadb = [("MYSQL_HOST", "db"), ("MYSQL_USER", "board"), ("MYSQL_PASSWORD", "")];
        let engines = |variables: &[(&str, &str)]| read(variables).map(|settings| settings.engines);
        let options = engines(&mariadb).ok().and_then(|engines| engines.mariadb);
        assert_eq!(options.map(|options| (options.port, options.database)), Some((3306, "glassboard".to_owned())));
        let options =
            engines(&[&[("MYSQL_HOST", "db:3307")], &mariadb[1..]].concat()).ok().and_then(|engines| engines.mariadb);
        assert_eq!(options.map(|options| (options.host, options.port)), Some(("db".to_owned(), 3307)));
        for (left_out, expected) in [(1, "MYSQL_USER"), (2, "MYSQL_PASSWORD")] {
            let some: Vec<_> =
                mariadb.into_iter().enumerate().filter(|(at, _)| *at != left_out).map(|(_, v)| v).collect();
            let error = engines(&some).err().unwrap_or_default();
            assert!(error.starts_with(expected), "{error}");
        }
        for wrong in [("MYSQL_PORT", "0"), ("MYSQL_SSL_MODE", "PREFERRED"), ("MYSQL_SSL_CA", "/no/such/file")] {
            let error = engines(&[&mariadb[..], &[wrong]].concat()).err().unwrap_or_default();
            assert!(error.starts_with(wrong.0) && error.ends_with('.'), "{error}");
        }
        let kafka = [("MESSAGING_TYPE", "kafka"), ("KAFKA_SERVERS", "one, two:9093")];
        let options = engines(&kafka).ok().and_then(|engines| engines.kafka);
        assert_eq!(options.map(|options| options.servers), Some("one:9092,two:9093".to_owned()));
        for (set, expected) in [
            (&[("MESSAGING_TYPE", "kafka")][..], "KAFKA_SERVERS"),
            (&[("MESSAGING_TYPE", "eventhub")], "EVENTHUB_CONNECTION_STRING"),
            (&[kafka[0], kafka[1], ("KAFKA_USERNAME", "me")], "KAFKA_PASSWORD"),
            (&[kafka[0], kafka[1], ("KAFKA_PASSWORD", "x")], "KAFKA_USERNAME"),
            (&[kafka[0], kafka[1], ("EVENTHUB_NAME", "x")], "EVENTHUB_NAME"),
            (&[kafka[0], kafka[1], ("KAFKA_SECURITY_PROTOCOL", "TLS")], "KAFKA_SECURITY_PROTOCOL"),
            (&[kafka[0], kafka[1], ("KAFKA_SASL_MECHANISM", "PLAIN")], "KAFKA_SASL_MECHANISM"),
            (&[kafka[0], kafka[1], ("KAFKA_SSL_CA", "/no/such/file")], "KAFKA_SSL_CA"),
            // One that is there, without a certificate in it.
            (&[kafka[0], kafka[1], ("KAFKA_SSL_CA", "Cargo.toml")], "KAFKA_SSL_CA"),
            (&[kafka[0], ("KAFKA_SERVERS", "one:port")], "KAFKA_SERVERS"),
            (&[kafka[0], ("KAFKA_SERVERS", "one;two")], "KAFKA_SERVERS"),
            (&[kafka[0], ("KAFKA_SERVERS", "name:word@one")], "KAFKA_SERVERS"),
            (&[kafka[0], kafka[1], ("GLASSBOARD_ROLE", "worker")], "GLASSBOARD_ROLE"),
        ] {
            let error = read(set).err().unwrap_or_default();
            assert!(error.starts_with(expected) && error.ends_with('.'), "{set:?}: {error}");
        }
        let production = read(&[("ENVIRONMENT", " Production")]).err().unwrap_or_default();
        assert!(production.starts_with("SECRET_KEY"), "{production}");
        assert!(read(&[("ENVIRONMENT", "production"), ("FLASK_SECRET_KEY", "k")]).is_ok());
    }
}
