//! The REST API: thin doors on the board's services. Shapes are the contract's.

mod accounts;
mod cache;
mod health;
mod logs;
mod messages;
mod shapes;
mod statistics;
mod trouble;

use crate::state::ServerState;
use utoipa::openapi::security::{ApiKey, ApiKeyValue, SecurityScheme};
use utoipa::{Modify, OpenApi};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

#[derive(OpenApi)]
#[openapi(
    info(
        title = "Glassboard",
        description = "A message board with glass walls. Sign in with POST /login; the `session` cookie does the rest. Every route also answers under /api."
    ),
    components(schemas(crate::problem::ErrorBody)),
    modifiers(&SessionCookie)
)]
pub struct ApiDoc;

/// How a caller shows its session.
struct SessionCookie;

impl Modify for SessionCookie {
    fn modify(&self, description: &mut utoipa::openapi::OpenApi) {
        let cookie = ApiKeyValue::with_description("session", "Set by POST /login");
        let components = description.components.get_or_insert_default();
        components.add_security_scheme("session", SecurityScheme::ApiKey(ApiKey::Cookie(cookie)));
    }
}

/// Routes that anybody may call.
pub fn public_api() -> OpenApiRouter<ServerState> {
    OpenApiRouter::new()
        .routes(routes!(accounts::register))
        .routes(routes!(accounts::login))
        .routes(routes!(accounts::logout))
        .routes(routes!(accounts::session_status))
}

/// Routes that need a session.
pub fn member_api() -> OpenApiRouter<ServerState> {
    OpenApiRouter::new()
        .routes(routes!(messages::post_message, messages::own_messages))
        .routes(routes!(messages::all_messages))
        .routes(routes!(messages::search_messages))
        .routes(routes!(logs::api_log))
        .routes(routes!(logs::messaging_log))
        .routes(routes!(statistics::statistics))
        .routes(routes!(cache::search_cache_stats))
        .routes(routes!(cache::clear_search_cache))
}

/// Routes that make trouble on request.
pub fn trouble_api() -> OpenApiRouter<ServerState> {
    OpenApiRouter::new().routes(routes!(trouble::slow)).routes(routes!(trouble::error))
}

/// Routes of probes: never logged as API calls.
pub fn health_api() -> OpenApiRouter<ServerState> {
    OpenApiRouter::new().routes(routes!(health::live)).routes(routes!(health::ready)).routes(routes!(health::health))
}
