use mysql::{Opts, OptsBuilder, SslOpts};
use std::path::PathBuf;
use std::time::Duration;

/// Where the database is, and how to get in.
#[derive(Clone)]
pub struct MariaOptions {
    pub host: String,
    pub port: u16,
    pub user: String,
    pub password: String,
    pub database: String,
    pub tls: MariaTls,
}

/// How a connection is encrypted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum MariaTls {
    Disabled,
    /// Whoever answers is believed to be the server.
    Required,
    /// The server's certificate must be of this host, and signed by an authority that browsers trust or by one of these (a
    /// file in PEM).
    VerifyIdentity {
        authorities: Option<PathBuf>,
    },
}

/// Requests have two seconds in all: a server that is gone is told within them.
const CONNECT: Duration = Duration::from_secs(1);
/// A session that died with its network is not held to be alive for hours.
const KEEPALIVE_MS: u32 = 15_000;
/// All that a connection may come to need: those over many rows are there in twenty sizes, groups of posts in about a hundred.
const STATEMENTS_CACHED: usize = 256;

impl MariaOptions {
    pub(super) fn place(&self) -> String {
        format!("{}:{}", self.host, self.port)
    }

    /// Options of a connection on which a packet may take as long as `patience`, on either way. `database`: whether it is
    /// there already.
    pub(super) fn connection(&self, patience: Duration, database: bool) -> Opts {
        let session = [
            "SET time_zone = '+00:00', sql_mode = 'STRICT_TRANS_TABLES,NO_ENGINE_SUBSTITUTION', autocommit = 1",
            // Snapshots are of one moment on this level only.
            "SET SESSION TRANSACTION ISOLATION LEVEL REPEATABLE READ",
            // A server notices late that a client is gone which held a lock that all writers want.
            "SET idle_write_transaction_timeout = 5, innodb_lock_wait_timeout = 2",
        ];
        let tls = match &self.tls {
            MariaTls::Disabled => None,
            MariaTls::Required => {
                Some(SslOpts::default().with_danger_accept_invalid_certs(true).with_danger_skip_domain_validation(true))
            }
            MariaTls::VerifyIdentity { authorities } => {
                Some(SslOpts::default().with_root_cert_path(authorities.clone()))
            }
        };
        OptsBuilder::new()
            .ip_or_hostname(Some(&self.host))
            .tcp_port(self.port)
            .user(Some(&self.user))
            .pass(Some(&self.password))
            .db_name(database.then_some(&self.database))
            .prefer_socket(false)
            .tcp_connect_timeout(Some(CONNECT.min(patience)))
            .read_timeout(Some(patience))
            .write_timeout(Some(patience))
            .tcp_keepalive_time_ms(Some(KEEPALIVE_MS))
            .stmt_cache_size(STATEMENTS_CACHED)
            .init(session.to_vec())
            .ssl_opts(tls)
            .into()
    }
}
