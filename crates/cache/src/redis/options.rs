use super::failure;
use board::ports::PortError;
use redis::{Client, ConnectionAddr, ConnectionInfo, IntoConnectionInfo, RedisConnectionInfo, TlsCertificates};
use std::path::PathBuf;

/// Where Redis is, and how to get in.
#[derive(Debug, Clone)]
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
    Ok(address.into_connection_info().map_err(failure)?.set_redis_settings(login))
}
