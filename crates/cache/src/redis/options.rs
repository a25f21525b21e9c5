use super::failure;
use board::ports::PortError;
use redis::io::tcp::TcpSettings;
use redis::{Client, ConnectionAddr, ConnectionInfo, IntoConnectionInfo, RedisConnectionInfo, TlsCertificates};
use socket2::TcpKeepalive;
use std::path::PathBuf;
use std::time::Duration;

/// Where Redis is, and how to get in.
/// How long a connection may be silent before it is asked whether it lives.
const SILENCE: Duration = Duration::from_secs(1);

#[derive(Clone)]
pub struct RedisOptions {
    pub host: String,
    pub port: u16,
    pub username: Option<String>,
    pub password: Option<String>,
    pub tls: RedisTls,
}

/// How the connection is encrypted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RedisTls {
    Disabled,
    /// The server's certificate must be of this host, and signed by these authorities (a file in PEM) or, without a file,
    /// by those that browsers trust.
    VerifyIdentity {
        authorities: Option<PathBuf>,
    },
}

impl RedisOptions {
    pub(super) fn client(&self) -> Result<Client, PortError> {
        let mut login = RedisConnectionInfo::default().set_lib_name("glassboard", env!("CARGO_PKG_VERSION"));
        if let Some(username) = &self.username {
            login = login.set_username(username);
        }
        if let Some(password) = &self.password {
            login = login.set_password(password);
        }
        let address = ConnectionAddr::Tcp(self.host.clone(), self.port);
        let RedisTls::VerifyIdentity { authorities } = &self.tls else {
            return Client::open(info(address, login)?).map_err(failure);
        };
        let (host, port) = (self.host.clone(), self.port);
        let address = ConnectionAddr::TcpTls { host, port, insecure: false, tls_params: None };
        let root_cert = authorities.as_ref().map(std::fs::read).transpose().map_err(failure)?;
        let certificates = TlsCertificates { client_tls: None, root_cert };
        Client::build_with_tls(info(address, login)?, certificates).map_err(failure)
    }
}

fn info(address: ConnectionAddr, login: RedisConnectionInfo) -> Result<ConnectionInfo, PortError> {
    // A server whose host is gone says no good-bye.
    let keepalive = TcpKeepalive::new().with_time(SILENCE).with_interval(SILENCE).with_retries(3);
    let settings = TcpSettings::default().set_nodelay(true).set_keepalive(keepalive).set_user_timeout(3 * SILENCE);
    let info = address.into_connection_info().map_err(failure)?;
    Ok(info.set_tcp_settings(settings).set_redis_settings(login))
}
