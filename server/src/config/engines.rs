mod messaging;

use super::{ConfigError, Sources};
use cache::redis::{RedisOptions, RedisTls};
use events::kafka::KafkaOptions;
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;
use std::path::{Path, PathBuf};
use store::{MariaOptions, MariaTls};

/// Which engines are used; `None`: the embedded one.
#[derive(Clone, Default)]
pub struct EngineSettings {
    pub mariadb: Option<MariaOptions>,
    pub redis: Option<RedisOptions>,
    pub kafka: Option<KafkaOptions>,
}

impl EngineSettings {
    /// # Errors
    /// The first variable that can't be used or misses another, with what to do.
    pub fn read(sources: &Sources) -> Result<Self, ConfigError> {
        Ok(Self { mariadb: mariadb(sources)?, redis: redis(sources)?, kafka: messaging::read(sources)? })
    }

    #[must_use]
    pub const fn are_embedded(&self) -> bool {
        self.mariadb.is_none() && self.redis.is_none() && self.kafka.is_none()
    }
}

fn mariadb(sources: &Sources) -> Result<Option<MariaOptions>, ConfigError> {
    let Some(host) = sources.text("MYSQL_HOST")? else {
        of_group(
            sources,
            "MYSQL_HOST",
            ["MYSQL_PORT", "MYSQL_USER", "MYSQL_PASSWORD", "MYSQL_DATABASE", "MYSQL_SSL_MODE", "MYSQL_SSL_CA"],
        )?;
        return Ok(None);
    };
    if is_no_place(&host) {
        return Err(ConfigError::new("MYSQL_HOST", "Set it to the name or address of one MariaDB server."));
    }
    let (host, port) = place(sources, "MYSQL_HOST", &host, "MYSQL_PORT", 3306)?;
    let needed = |name| ConfigError::new(name, "MYSQL_HOST needs it; set it, or unset MYSQL_HOST to use SQLite.");
    Ok(Some(MariaOptions {
        host,
        port,
        user: sources.text("MYSQL_USER")?.ok_or_else(|| needed("MYSQL_USER"))?,
        password: sources.text_or_empty("MYSQL_PASSWORD")?.ok_or_else(|| needed("MYSQL_PASSWORD"))?,
        database: sources.text("MYSQL_DATABASE")?.unwrap_or_else(|| "glassboard".to_owned()),
        tls: mariadb_tls(sources)?,
    }))
}

fn mariadb_tls(sources: &Sources) -> Result<MariaTls, ConfigError> {
    let authorities = authorities(sources, "MYSQL_SSL_CA")?;
    let mode = sources.text("MYSQL_SSL_MODE")?.map(|mode| mode.trim().to_ascii_uppercase());
    match (mode.as_deref(), authorities) {
        (None | Some("DISABLED"), None) => Ok(MariaTls::Disabled),
        (Some("REQUIRED"), None) => Ok(MariaTls::Required),
        (None | Some("VERIFY_IDENTITY"), authorities) => Ok(MariaTls::VerifyIdentity { authorities }),
        (Some("DISABLED" | "REQUIRED"), Some(_)) => {
            Err(ConfigError::new("MYSQL_SSL_CA", "It is for MYSQL_SSL_MODE=VERIFY_IDENTITY; set that, or unset it."))
        }
        (Some(_), _) => Err(ConfigError::new("MYSQL_SSL_MODE", "Set it to DISABLED, REQUIRED or VERIFY_IDENTITY.")),
    }
}

fn redis(sources: &Sources) -> Result<Option<RedisOptions>, ConfigError> {
    let Some(host) = sources.text("REDIS_HOST")? else {
        let members = ["REDIS_PORT", "REDIS_USERNAME", "REDIS_PASSWORD", "REDIS_TLS", "REDIS_SSL_CA"];
        of_group(sources, "REDIS_HOST", members)?;
        return Ok(None);
    };
    if is_no_place(&host) {
        let advice = "Set it to the name or address of one Redis server; clusters and sentinels are not supported.";
        return Err(ConfigError::new("REDIS_HOST", advice));
    }
    let (host, port) = place(sources, "REDIS_HOST", &host, "REDIS_PORT", 6379)?;
    Ok(Some(RedisOptions {
        host,
        port,
        username: sources.text("REDIS_USERNAME")?,
        password: sources.text("REDIS_PASSWORD")?,
        tls: redis_tls(sources, port)?,
    }))
}

/// A URL or a list.
fn is_no_place(host: &str) -> bool {
    host.contains(['/', ',', '@', ' '])
}

/// `HOST` or `HOST:PORT`; without a port there, the other variable has it.
fn place(
    sources: &Sources,
    host_variable: &'static str,
    host: &str,
    port_variable: &'static str,
    default: u16,
) -> Result<(String, u16), ConfigError> {
    match host.rsplit_once(':') {
        Some((name, digits)) if !name.contains(':') => {
            let port = digits.parse().ok().filter(|port| *port != 0);
            let port =
                port.ok_or_else(|| ConfigError::new(host_variable, "What follows the colon is no port, 1 to 65535."))?;
            Ok((name.to_owned(), port))
        }
        _ => Ok((host.to_owned(), port(sources, port_variable, default)?)),
    }
}

fn redis_tls(sources: &Sources, port: u16) -> Result<RedisTls, ConfigError> {
    /// Azure's ports for TLS.
    const TLS_PORTS: [u16; 2] = [6380, 10_000];
    let authorities = authorities(sources, "REDIS_SSL_CA")?;
    let wanted = sources.text("REDIS_TLS")?.map(|text| text.trim().to_ascii_lowercase());
    match wanted.as_deref() {
        Some("true" | "1" | "yes" | "on") => Ok(RedisTls::VerifyIdentity { authorities }),
        Some("false" | "0" | "no" | "off") if authorities.is_some() => {
            Err(ConfigError::new("REDIS_SSL_CA", "It is for REDIS_TLS=true; set that, or unset it."))
        }
        Some("false" | "0" | "no" | "off") => Ok(RedisTls::Disabled),
        None if TLS_PORTS.contains(&port) || authorities.is_some() => Ok(RedisTls::VerifyIdentity { authorities }),
        None => Ok(RedisTls::Disabled),
        Some(_) => Err(ConfigError::new("REDIS_TLS", "Set it to true or false.")),
    }
}

/// A file with authorities' certificates.
fn authorities(sources: &Sources, name: &'static str) -> Result<Option<PathBuf>, ConfigError> {
    let authorities = sources.text(name)?.map(PathBuf::from);
    let has_one =
        |path: &Path| CertificateDer::pem_file_iter(path).is_ok_and(|mut all| matches!(all.next(), Some(Ok(_))));
    if let Some(path) = authorities.as_deref().filter(|path| !path.is_file() || !has_one(path)) {
        let advice = format!("{} is no file of certificates; name the authorities' in PEM.", path.display());
        return Err(ConfigError::new(name, advice));
    }
    Ok(authorities)
}

/// Refuses the members of a group whose first variable is not set.
fn of_group<const N: usize>(sources: &Sources, first: &str, members: [&'static str; N]) -> Result<(), ConfigError> {
    for member in members {
        if sources.text(member)?.is_some() {
            return Err(ConfigError::new(
                member,
                format!("It says nothing without {first}; set {first} too, or unset it."),
            ));
        }
    }
    Ok(())
}

fn port(sources: &Sources, name: &'static str, default: u16) -> Result<u16, ConfigError> {
    let Some(text) = sources.text(name)? else { return Ok(default) };
    let port = text.trim().parse().ok().filter(|port| *port != 0);
    port.ok_or_else(|| ConfigError::new(name, "Set it to a port, 1 to 65535."))
}
