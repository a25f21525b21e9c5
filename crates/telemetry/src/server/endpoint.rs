use super::signal::Signal;

/// How telemetry travels to the collector.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Protocol {
    Grpc,
    HttpProtobuf,
    HttpJson,
}

/// Where one signal is sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Endpoint {
    pub protocol: Protocol,
    /// gRPC: scheme, host and port. HTTP: the full URL that is posted to.
    pub url: String,
}

/// What a URL given by an operator stands for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reading {
    /// All signals go below it: `/v1/traces` and so on is appended.
    Base,
    /// One signal goes to it; without a path, to OTLP's.
    Own,
    /// One signal goes to it as it is, as OpenTelemetry specifies for its own variable.
    Exact,
}

impl Endpoint {
    /// The URL without its query, which may hold a key.
    pub(super) fn shown(&self) -> &str {
        self.url.split('?').next().unwrap_or_default()
    }

    /// Whether there is TLS.
    pub(super) fn is_secure(&self) -> bool {
        self.url.get(..6).is_some_and(|scheme| scheme.eq_ignore_ascii_case("https:"))
    }

    /// Reads a URL with its meaning. Port 4317 means OTLP/gRPC and anything else OTLP/HTTP, unless the protocol is given.
    /// No scheme means http. `None` when it is no URL.
    #[must_use]
    pub fn parse(url: &str, reading: Reading, protocol: Option<Protocol>, signal: Signal) -> Option<Self> {
        let url = url.trim();
        let url = if url.contains("://") { url.to_owned() } else { format!("http://{url}") };
        let uri: http::Uri = url.parse().ok()?;
        let scheme = uri.scheme_str().filter(|scheme| matches!(*scheme, "http" | "https"))?;
        let authority = uri.authority().filter(|authority| !authority.host().is_empty())?;
        // No credentials, which would get into logs (there is a variable for headers), and no port that is no number.
        if uri.port_u16().is_none() && authority.as_str() != authority.host() || authority.as_str().contains('@') {
            return None;
        }
        let protocol =
            protocol.unwrap_or(if uri.port_u16() == Some(4317) { Protocol::Grpc } else { Protocol::HttpProtobuf });
        let url = match (protocol, reading) {
            (Protocol::Grpc, _) => format!("{scheme}://{authority}"),
            (Protocol::HttpProtobuf | Protocol::HttpJson, Reading::Base) => {
                format!("{scheme}://{authority}{}{}", uri.path().trim_end_matches('/'), signal.http_path())
            }
            (Protocol::HttpProtobuf | Protocol::HttpJson, Reading::Own)
                if uri.path() == "/" && uri.query().is_none() =>
            {
                format!("{scheme}://{authority}{}", signal.http_path())
            }
            (Protocol::HttpProtobuf | Protocol::HttpJson, Reading::Own | Reading::Exact) => url,
        };
        Some(Self { protocol, url })
    }
}

#[cfg(test)]
mod tests {
    use super::{Endpoint, Protocol, Reading};
    use crate::server::signal::Signal;

    fn read(url: &str, reading: Reading, protocol: Option<Protocol>) -> Option<(Protocol, String)> {
        Endpoint::parse(url, reading, protocol, Signal::Traces).map(|endpoint| (endpoint.protocol, endpoint.url))
    }

    #[test]
    fn port_4317_means_grpc_and_anything_else_http() {
        use Protocol::{Grpc, HttpProtobuf};
        for (url, protocol, expected) in [
            ("http://tempo:4317", Grpc, "http://tempo:4317"),
            ("tempo:4317", Grpc, "http://tempo:4317"),
            ("https://tempo:4317/ignored", Grpc, "https://tempo:4317"),
            ("http://tempo:4318", HttpProtobuf, "http://tempo:4318/v1/traces"),
            ("http://collector.lab", HttpProtobuf, "http://collector.lab/v1/traces"),
            ("https://collector.lab/otlp/", HttpProtobuf, "https://collector.lab/otlp/v1/traces"),
            ("http://[::1]:4317", Grpc, "http://[::1]:4317"),
        ] {
            assert_eq!(read(url, Reading::Base, None), Some((protocol, expected.to_owned())), "{url}");
        }
    }

    #[test]
    fn a_traces_url_is_taken_as_it_is() {
        let taken = |url| read(url, Reading::Own, None).map(|(_, url)| url);
        assert_eq!(taken("http://tempo:4318/custom?x=1").as_deref(), Some("http://tempo:4318/custom?x=1"));
        assert_eq!(taken("http://tempo:4318").as_deref(), Some("http://tempo:4318/v1/traces"));
        let exact = read("http://tempo:4318", Reading::Exact, None).map(|(_, url)| url);
        assert_eq!(exact.as_deref(), Some("http://tempo:4318"));
    }

    #[test]
    fn a_given_protocol_wins_over_the_port() {
        let http = read("http://tempo:4317", Reading::Base, Some(Protocol::HttpProtobuf));
        assert_eq!(http, Some((Protocol::HttpProtobuf, "http://tempo:4317/v1/traces".to_owned())));
    }

    #[test]
    fn what_is_no_url_is_refused() {
        for bad in [
            "",
            "   ",
            "http://",
            "ftp://host",
            "http://a b",
            "http://host:port",
            "http://host:99999",
            "http://me:secret@host:4318",
        ] {
            assert_eq!(Endpoint::parse(bad, Reading::Base, None, Signal::Traces), None, "{bad:?}");
        }
    }
}
