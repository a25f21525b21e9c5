use super::{ConfigError, EngineSettings};
use http::Uri;
use ipnet::IpNet;
use model::Username;
use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

/// Which part of the work this process does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Role {
    All,
    /// Serves the board; others count its API events.
    Web,
    /// Counts API events; serves only its health and metrics.
    Worker,
}

impl Role {
    /// Parts of the work can be done apart on engines that processes share.
    ///
    /// # Errors
    /// When there is no such role, or an engine is missing.
    pub fn parse(text: &str, engines: &EngineSettings) -> Result<Self, ConfigError> {
        let role = match text.trim() {
            "all" => return Ok(Self::All),
            "web" => Self::Web,
            "worker" => Self::Worker,
            _ => return Err(ConfigError::new("GLASSBOARD_ROLE", "Set it to all, web or worker.")),
        };
        if engines.mariadb.is_none() || engines.kafka.is_none() {
            let advice = format!(
                "--role {} needs engines that processes share: set MYSQL_HOST and MESSAGING_TYPE with what belongs to them, or use --role all.",
                text.trim()
            );
            return Err(ConfigError::new("GLASSBOARD_ROLE", advice));
        }
        Ok(role)
    }
}

/// How much the event spool may hold, in bytes.
pub fn spool(mebibytes: &str) -> Result<u64, ConfigError> {
    let mebibytes = mebibytes.trim().parse().ok().filter(|size| (8..=1 << 20).contains(size));
    let size: u64 = mebibytes.ok_or_else(|| {
        ConfigError::new(
            "GLASSBOARD_SPOOL_MIB",
            "Set it to 8 or more: MiB on disk for API events that are not counted yet.",
        )
    })?;
    Ok(size << 20)
}

pub fn notice(seconds: &str) -> Result<Duration, ConfigError> {
    let seconds = seconds.trim().parse().ok().filter(|seconds| *seconds <= 60);
    seconds.map(Duration::from_secs).ok_or_else(|| {
        ConfigError::new(
            "GLASSBOARD_DRAIN_SECONDS",
            "Set it to 0 to 60: seconds in which a proxy notices that the process is about to end.",
        )
    })
}

pub fn listen(text: &str) -> Result<SocketAddr, ConfigError> {
    text.replacen("localhost", "127.0.0.1", 1).parse().map_err(|_| {
        ConfigError::new("GLASSBOARD_LISTEN", "Set it to ADDRESS:PORT, such as 127.0.0.1:3000 or [::]:80.")
    })
}

pub fn operators(text: Option<&str>) -> Result<Vec<Username>, ConfigError> {
    let refused = || {
        ConfigError::new(
            "GLASSBOARD_OPERATORS",
            "Set it to user names with commas, each of 1 to 64 visible characters.",
        )
    };
    let names = text.unwrap_or_default().split(',').map(str::trim).filter(|name| !name.is_empty());
    let names: Vec<Username> = names.map(Username::parse).collect::<Result<_, _>>().map_err(|_| refused())?;
    // Set, but to nobody: with none, a local server would take everybody for one.
    if text.is_some() && names.is_empty() { Err(refused()) } else { Ok(names) }
}

/// The board's address as people type it, such as `https://board.example`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PublicUrl {
    pub origin: String,
    pub secure: bool,
}

impl PublicUrl {
    /// # Errors
    /// When it is not an http or https URL without path.
    pub fn parse(text: &str) -> Result<Self, ConfigError> {
        let advice = "Set it to the board's address without a path, such as https://board.example.";
        let refused = || ConfigError::new("GLASSBOARD_PUBLIC_URL", advice);
        let uri: Uri = text.trim_end_matches('/').parse().map_err(|_| refused())?;
        let (Some(scheme @ ("http" | "https")), Some(authority)) = (uri.scheme_str(), uri.authority()) else {
            return Err(refused());
        };
        if !matches!(uri.path(), "" | "/") || uri.query().is_some() || authority.as_str().contains('@') {
            return Err(refused());
        }
        // Browsers leave a scheme's own port out of an Origin.
        let own_port = if scheme == "https" { ":443" } else { ":80" };
        let host = authority.as_str().strip_suffix(own_port).unwrap_or(authority.as_str());
        Ok(Self { origin: format!("{scheme}://{host}").to_ascii_lowercase(), secure: scheme == "https" })
    }
}

/// Whose forwarding headers are believed.
#[derive(Debug, Clone, Default)]
pub struct Proxies(Vec<IpNet>);

impl Proxies {
    /// # Errors
    /// When one is neither an address nor a network.
    pub fn parse(text: Option<&str>) -> Result<Self, ConfigError> {
        let items = text.unwrap_or_default().split(',').map(str::trim).filter(|item| !item.is_empty());
        items
            .map(|item| item.parse::<IpNet>().ok().or_else(|| item.parse::<IpAddr>().ok().map(IpNet::from)))
            .collect::<Option<_>>()
            .map(Self)
            .ok_or_else(|| {
                ConfigError::new(
                    "GLASSBOARD_TRUSTED_PROXIES",
                    "Set it to addresses or networks with commas, such as 10.0.0.0/8.",
                )
            })
    }

    pub fn trusts(&self, address: IpAddr) -> bool {
        self.0.iter().any(|network| network.contains(&address.to_canonical()))
    }
}

#[cfg(test)]
mod tests {
    use super::{Proxies, PublicUrl};

    #[test]
    fn a_public_url_is_an_origin() {
        assert_eq!(
            PublicUrl::parse("https://Board.example/").map(|u| u.origin).ok().as_deref(),
            Some("https://board.example")
        );
        let origin = |text| PublicUrl::parse(text).map(|url| url.origin).unwrap_or_default();
        assert_eq!(origin("https://b.example:443"), "https://b.example");
        assert_eq!(origin("http://[::1]:80/"), "http://[::1]");
        assert_eq!(origin("https://b.example:8443"), "https://b.example:8443");
        for bad in ["board.example", "ftp://x", "https://x/path", "https://u:p@x"] {
            assert!(PublicUrl::parse(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn only_named_proxies_are_trusted() {
        let proxies = Proxies::parse(Some("10.0.0.0/8, 192.168.1.7")).unwrap_or_default();
        let trusts = |text: &str| text.parse().is_ok_and(|address| proxies.trusts(address));
        assert!(trusts("10.9.9.9") && trusts("192.168.1.7") && trusts("::ffff:10.1.1.1"));
        assert!(!trusts("192.168.1.8") && !trusts("127.0.0.1"));
    }
}
