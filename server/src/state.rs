use crate::active_sessions::ActiveSessions;
use crate::config::{Proxies, PublicUrl};
use crate::cookies::Cookies;
use crate::relay::RelayLimit;
use app::context::AppState;
use std::sync::Arc;
use telemetry::server::Telemetry;
use tokio_util::sync::CancellationToken;

/// What the routes of an event loop share. Routers clone it many times for each request: that has to be one counter, not one
/// per part, and one that no other thread changes.
pub type ServerState = Arc<Shared>;

#[derive(Clone)]
pub struct Shared {
    pub app: AppState,
    pub cookies: Arc<Cookies>,
    pub proxies: Proxies,
    pub public_url: Option<PublicUrl>,
    pub token: Option<String>,
    /// The listener is loopback.
    pub local: bool,
    pub production: bool,
    pub telemetry: Arc<Telemetry>,
    pub frontend_service: String,
    pub active: Arc<ActiveSessions>,
    pub relay_limit: Arc<RelayLimit>,
    /// Cancelled when the server drains: streams end.
    pub draining: CancellationToken,
}
