//! All routes in one list, and what every request passes through.

use crate::layers::{Passage, Rule, Rules, page_policy};
use crate::problem::Problem;
use crate::state::ServerState;
use crate::{assets, live, openapi, programs, relay, rest, spawner};
use axum::Router;
use axum::extract::Request;
use axum::response::{IntoResponse, Response};
use axum::routing::{MethodFilter, get, on, post};
use futures::FutureExt;
use http::header::{CONTENT_SECURITY_POLICY, LOCATION};
use http::{HeaderValue, Method, StatusCode};
use leptos::prelude::{provide_context, use_context};
use leptos_axum::{
    ResponseOptions, generate_route_list, handle_server_fns_with_context, render_app_async_with_context,
};
use model::Code;
use std::sync::Arc;
use tower_http::CompressionLevel;
use tower_http::compression::CompressionLayer;
use utoipa::OpenApi;
use utoipa_axum::router::OpenApiRouter;

/// The whole site.
pub(crate) fn router(state: ServerState) -> Router {
    spawner::install();
    let mut rules = Rules::default();
    let (api, description) = rest(&state, &mut rules).split_for_parts();
    let mut router = Router::new()
        .merge(api.clone())
        .nest("/api", api.fallback(not_found))
        .merge(openapi::routes(description))
        .merge(server_functions(&state, &mut rules))
        .route("/live", get(live::live))
        .route("/v1/traces", post(relay::traces))
        .route("/v1/metrics", post(relay::metrics))
        .route("/v1/logs", post(relay::logs))
        .route("/metrics", get(programs::read_metrics))
        .route("/alerts/webhook", post(programs::receive_alerts))
        .route("/pkg/{*file}", get(assets::serve));
    for file in assets::ROOT_FILES {
        router = router.route(file, get(assets::serve));
        rules.add(file, QUIET);
    }
    let telemetry = ["/v1/traces", "/v1/metrics", "/v1/logs", "/metrics"];
    for route in telemetry.into_iter().chain(["/pkg/{*file}", "/docs", "/docs/", "/docs/{*rest}"]) {
        rules.add(route, QUIET);
    }
    for route in ["/openapi.json", "/api/openapi.json", "/alerts/webhook"] {
        rules.add(route, PLAIN);
    }
    rules.add("/live", Rule { stream: true, open: false, ..QUIET });
    if state.app.site.live_reload {
        router = router.route("/reload", get(live::never));
        rules.add("/reload", Rule { stream: true, ..QUIET });
    }
    for page in generate_route_list(app::App) {
        rules.add_page(page.path(), PUBLIC_PAGES.contains(&page.path()), page.path() == FAULTS_PAGE);
        let handler = get(page_handler(Arc::clone(&state)));
        router = router.route(page.path(), handler.layer(CompressionLayer::new().quality(CompressionLevel::Fastest)));
    }
    let fallback = page_handler(state.clone());
    let passage = Passage { state: Arc::clone(&state), rules };
    let router = router.fallback(move |request| unknown_path(request, fallback));
    passage.around(router).with_state(state)
}

/// What a worker serves: its health and its metrics.
pub(crate) fn worker_router(state: ServerState) -> Router {
    let mut rules = Rules::default();
    for path in ["/health", "/health/live", "/health/ready", "/metrics"] {
        rules.add(path, QUIET);
    }
    let (health, _) = rest::health_api().split_for_parts();
    let passage = Passage { state: Arc::clone(&state), rules };
    let router = health.route("/metrics", get(programs::read_metrics)).fallback(not_found);
    passage.around(router).with_state(state)
}

const PLAIN: Rule = Rule {
    session: false,
    api_event: false,
    function: false,
    quiet: false,
    page: false,
    stream: false,
    open: false,
    spared: false,
};
const QUIET: Rule = Rule { quiet: true, open: true, ..PLAIN };
const PUBLIC_CALL: Rule = Rule { api_event: true, ..PLAIN };
const MEMBER_CALL: Rule = Rule { session: true, ..PUBLIC_CALL };

/// The contract's REST routes. Each answers here and under `/api`.
fn rest(state: &ServerState, rules: &mut Rules) -> OpenApiRouter<ServerState> {
    let mut ruled = |api: OpenApiRouter<ServerState>, rule: Rule| {
        for path in api.get_openapi().paths.paths.keys() {
            rules.add(path, rule);
            rules.add(format!("/api{path}"), rule);
        }
        api
    };
    let calls = OpenApiRouter::with_openapi(rest::ApiDoc::openapi())
        .merge(ruled(rest::public_api(), PUBLIC_CALL))
        .merge(ruled(rest::member_api(), MEMBER_CALL))
        .merge(ruled(rest::health_api(), QUIET));
    if state.production { calls } else { calls.merge(ruled(rest::trouble_api(), PLAIN)) }
}

/// Pages that are the same for all but for the name in a corner.
const PUBLIC_PAGES: [&str; 3] = ["/", "/login", "/register"];

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

/// Faults are started and ended here, so none meets what comes here.
const FAULTS_PAGE: &str = "/faults";
const FAULTS: &str = "/fn/faults/";

/// What the instruments' pages ask for again and again: reading a trace makes no trace.
const INSTRUMENTS: [&str; 6] =
    ["/fn/traces/", "/fn/statistics/", "/fn/messaging/", "/fn/status/", "/fn/cache/list", "/fn/faults/list"];

/// Paths and methods of the pages' server functions.
pub fn server_function_paths() -> Vec<(&'static str, Method)> {
    server_fn::axum::server_fn_paths().collect()
}

/// The pages' server functions, under `/fn`.
fn server_functions(state: &ServerState, rules: &mut Rules) -> Router<ServerState> {
    let mut router = Router::new();
    for (path, method) in server_function_paths() {
        let Ok(method) = MethodFilter::try_from(method) else { continue };
        let app = Arc::clone(&state.app);
        let handler = move |request: Request| {
            let app = Arc::clone(&app);
            handle_server_fns_with_context(move || provide_context(Arc::clone(&app)), request)
        };
        router = router.route(path, on(method, handler));
        let session = !PUBLIC_FUNCTIONS.contains(&path);
        let quiet = INSTRUMENTS.iter().any(|instrument| path.starts_with(instrument));
        rules.add(path, Rule { session, function: true, quiet, spared: path.starts_with(FAULTS), ..PUBLIC_CALL });
    }
    router
}

type PageFuture = std::pin::Pin<Box<dyn Future<Output = Response> + Send>>;

/// Renders the page of a request, with its own Content-Security-Policy.
fn page_handler(state: ServerState) -> impl Fn(Request) -> PageFuture + Clone + Send + Sync + 'static {
    let provide = move || {
        provide_context(Arc::clone(&state.app));
        if let (Some(nonce), Some(options)) = (leptos::nonce::use_nonce(), use_context::<ResponseOptions>())
            && let Ok(policy) = HeaderValue::from_str(&page_policy(&nonce))
        {
            options.insert_header(CONTENT_SECURITY_POLICY, policy);
        }
    };
    let render = render_app_async_with_context(provide, app::shell);
    move |request| Box::pin(render(request).map(redirected))
}

/// A page that leads elsewhere does so for all: those who do not say that they take HTML, Leptos takes for callers of server
/// functions, who are told in a header of its own. One that leads nowhere names no place: Leptos names where the reader was.
fn redirected(mut page: Response) -> Response {
    let leads_on = page.headers_mut().remove("serverfnredirect").is_some();
    if leads_on && page.status() == StatusCode::OK {
        *page.status_mut() = StatusCode::FOUND;
    } else if !page.status().is_redirection() {
        page.headers_mut().remove(LOCATION);
    }
    page
}

async fn unknown_path(request: Request, page: impl Fn(Request) -> PageFuture) -> Response {
    let of_the_api = request.uri().path().starts_with("/api/");
    if crate::layers::accepts_html(request.headers()) && request.method() == Method::GET && !of_the_api {
        page(request).await
    } else {
        not_found().await
    }
}

async fn not_found() -> Response {
    Problem::from(Code::NotFound).into_response()
}
