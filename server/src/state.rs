use crate::config::{Proxies, PublicUrl};
use crate::cookies::Cookies;
use crate::relay::RelayLimit;
use app::context::AppState;
use std::sync::Arc;
use telemetry::server::Telemetry;
use tokio_util::sync::CancellationToken;

/// What the routes share.
#[derive(Clone)]
pub struct ServerState {
    pub app: AppState,
    pub cookies: Arc<Cookies>,
    pub proxies: Arc<Proxies>,
    pub public_url: Option<Arc<PublicUrl>>,
    pub token: Option<Arc<str>>,
    /// The listener is loopback, and all engines are embedded.
    pub local: bool,
    pub production: bool,
    pub telemetry: Arc<Telemetry>,
    pub frontend_service: Arc<str>,
    pub relay_limit: Arc<RelayLimit>,
    /// Cancelled when the server drains: streams end.
    pub draining: CancellationToken,
}
