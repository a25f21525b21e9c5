//! All routes in one list, and what every request passes through.

use crate::layers::{
    add_context, add_security_headers, bound_request, page_policy, record_api_event, refuse_cross_site,
    require_session, trace_request, write_problems,
};
use crate::problem::Problem;
use crate::state::ServerState;
use crate::{assets, live, openapi, relay, rest};

use axum::Router;
use axum::extract::Request;
use axum::middleware::{from_fn, from_fn_with_state};
use axum::response::{IntoResponse, Response};
use axum::routing::{MethodFilter, get, on, post};
use http::header::CONTENT_SECURITY_POLICY;
use http::{HeaderValue, Method};
use leptos::prelude::{provide_context, use_context};
use leptos_axum::{
    ResponseOptions, generate_route_list, handle_server_fns_with_context, render_app_async_with_context,
};
use model::Code;
use utoipa::OpenApi;
use utoipa_axum::router::OpenApiRouter;

/// The whole site.
pub(crate) fn router(state: ServerState) -> Router {
    let rest = rest(&state);
    let (api, description) = rest.split_for_parts();
    let mut router = Router::new()
        .merge(api.clone())
        .nest("/api", api.fallback(not_found))
        .merge(openapi::routes(description))
        .merge(server_functions(&state))
        .route("/live", get(live::live))
        .route("/v1/traces", post(relay::traces))
        .route("/pkg/{*file}", get(assets::serve));
    for file in assets::ROOT_FILES {
        router = router.route(file, get(assets::serve));
    }
    for page in generate_route_list(app::App) {
        router = router.route(page.path(), get(page_handler(state.clone())));
    }
    let fallback = page_handler(state.clone());
    layered(router.fallback(move |request| unknown_path(request, fallback)), state)
}

/// The contract's REST routes. Each answers here and under `/api`.
fn rest(state: &ServerState) -> OpenApiRouter<ServerState> {
    let api_event = from_fn_with_state(state.clone(), record_api_event);
    let calls = OpenApiRouter::with_openapi(rest::ApiDoc::openapi())
        .merge(rest::public_api())
        .merge(rest::member_api().route_layer(from_fn(require_session)))
        .route_layer(api_event);
    let calls = calls.merge(rest::health_api());
    if state.production { calls } else { calls.merge(rest::trouble_api()) }
}

/// Server functions that need no session; the board itself refuses what they may not do.
const PUBLIC_FUNCTIONS: [&str; 8] = [
    "/fn/accounts/current",
    "/fn/accounts/log_in",
    "/fn/accounts/log_out",
    "/fn/accounts/register",
    "/fn/preferences/set",
    "/fn/traces/get",
    "/fn/traces/list",
    "/fn/traces/ribbon",
];

/// Paths and methods of the pages' server functions.
pub fn server_function_paths() -> Vec<(&'static str, Method)> {
    server_fn::axum::server_fn_paths().collect()
}

/// The pages' server functions, under `/fn`.
fn server_functions(state: &ServerState) -> Router<ServerState> {
    let mut router = Router::new();
    for (path, method) in server_function_paths() {
        let Ok(method) = MethodFilter::try_from(method) else { continue };
        let app = state.app.clone();
        let handler = move |request: Request| {
            let app = app.clone();
            handle_server_fns_with_context(move || provide_context(app.clone()), request)
        };
        let mut function = on(method, handler);
        if !PUBLIC_FUNCTIONS.contains(&path) {
            function = function.layer(from_fn(require_session));
        }
        router = router.route(path, function.layer(from_fn_with_state(state.clone(), record_api_event)));
    }
    router
}

type PageFuture = std::pin::Pin<Box<dyn Future<Output = Response> + Send>>;

/// Renders the page of a request, with its own Content-Security-Policy.
fn page_handler(state: ServerState) -> impl Fn(Request) -> PageFuture + Clone + Send + Sync + 'static {
    let provide = move || {
        provide_context(state.app.clone());
        if let (Some(nonce), Some(options)) = (leptos::nonce::use_nonce(), use_context::<ResponseOptions>())
            && let Ok(policy) = HeaderValue::from_str(&page_policy(&nonce))
        {
            options.insert_header(CONTENT_SECURITY_POLICY, policy);
        }
    };
    render_app_async_with_context(provide, app::shell)
}

async fn unknown_path(request: Request, page: impl Fn(Request) -> PageFuture) -> Response {
    if crate::layers::accepts_html(request.headers()) && request.method() == Method::GET {
        page(request).await
    } else {
        not_found().await
    }
}

async fn not_found() -> Response {
    Problem::from(Code::NotFound).into_response()
}

/// What every request passes through; the last one added is the first one passed.
fn layered(router: Router<ServerState>, state: ServerState) -> Router {
    router
        .layer(from_fn_with_state(state.clone(), refuse_cross_site))
        .layer(from_fn_with_state(state.clone(), add_context))
        .layer(from_fn(bound_request))
        .layer(from_fn(write_problems))
        .layer(from_fn(trace_request))
        .layer(from_fn(add_security_headers))
        .layer(tower_http::catch_panic::CatchPanicLayer::custom(after_panic))
        .with_state(state)
}

fn after_panic(_: Box<dyn std::any::Any + Send>) -> Response {
    crate::problem::written(Problem::from(Code::Internal).into_response(), model::Lang::Ko)
}
