//! `/openapi.json`, and `/docs`, the page to browse it.

use crate::state::ServerState;
use axum::extract::Request;
use axum::middleware::{Next, from_fn};
use axum::response::Response;
use axum::routing::get;
use axum::{Json, Router};
use http::HeaderValue;
use http::header::CONTENT_SECURITY_POLICY;
use std::sync::Arc;
use utoipa::openapi::OpenApi;
use utoipa_swagger_ui::SwaggerUi;

/// Swagger UI sets styles from its script; its scripts come from files.
const DOCS_POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; \
    connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

/// The description and its page.
pub fn routes(description: OpenApi) -> Router<ServerState> {
    let description = Arc::new(description);
    let json = move || {
        let description = Arc::clone(&description);
        async move { Json(description.as_ref().clone()) }
    };
    let page = Router::from(SwaggerUi::new("/docs").config(utoipa_swagger_ui::Config::from("/openapi.json")));
    Router::new()
        .route("/openapi.json", get(json.clone()))
        .route("/api/openapi.json", get(json))
        .merge(page.layer(from_fn(with_policy)))
}

async fn with_policy(request: Request, next: Next) -> Response {
    let mut response = next.run(request).await;
    response.headers_mut().insert(CONTENT_SECURITY_POLICY, HeaderValue::from_static(DOCS_POLICY));
    response
}
