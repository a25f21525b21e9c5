//! What every request passes through, in one place: `pass`, the router's only layer.

mod api_event;
mod bounds;
mod context;
mod headers;
mod origin;
mod problems;
mod rules;
mod trace;

use crate::problem::Problem;
use crate::state::ServerState;
use api_event::ApiCall;
use app::context::RequestContext;
use axum::body::Body;
use axum::extract::{Request, State};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use context::Asking;
pub use context::accepts_html;
use futures::FutureExt;
pub use headers::page_policy;
use http::header::CACHE_CONTROL;
use http::request::Parts;
use http::{HeaderValue, Method};
use model::Code;
pub use rules::{Route, Rule, Rules};
use std::panic::{AssertUnwindSafe, resume_unwind};
use std::sync::Arc;
use std::time::Instant;
use trace::ServerSpan;
pub use trace::current_trace_id;
use tracing::Instrument;

/// The state of the layer.
pub struct Passage {
    pub state: ServerState,
    pub rules: Rules,
}

/// Traces a request, admits or refuses it, and finishes its response.
pub async fn pass(State(passage): State<Arc<Passage>>, request: Request, next: Next) -> Response {
    let (mut parts, body) = request.into_parts();
    let mut route = passage.rules.of(&parts.extensions);
    route.rule.page &= parts.method == Method::GET;
    let (started, method) = (Instant::now(), trace::known_method(&parts.method));
    let call = (route.rule.api_event && !route.rule.page).then(|| ApiCall::begin(method, &route, started));
    let asking = Asking::read(&passage.state, &parts);
    let mut response = if route.rule.quiet {
        let response = answered(&passage.state, route.rule, call, asking, (parts, body), next).await;
        route.metrics.answered(method, response.status().as_u16(), started.elapsed());
        response
    } else {
        let traced = ServerSpan::open(&mut parts, &asking.caller, route.name(), started);
        let span = traced.span.clone();
        async move {
            let response = answered(&passage.state, route.rule, call, asking, (parts, body), next).await;
            route.metrics.answered(method, response.status().as_u16(), started.elapsed());
            traced.close(response)
        }
        .instrument(span)
        .await
    };
    headers::add_security_headers(response.headers_mut());
    response
}

/// The response with its problem written out, recorded when it is an API call's. A panic is a problem too.
async fn answered(
    state: &ServerState,
    rule: Rule,
    mut call: Option<ApiCall>,
    asking: Asking,
    request: (Parts, Body),
    next: Next,
) -> Response {
    let wish = problems::Wish::of(&request.0.headers);
    let admitted = AssertUnwindSafe(admitted(state, rule, call.as_mut(), asking, request, next)).catch_unwind().await;
    let response = match admitted {
        Ok(Ok(response)) => response,
        Ok(Err(problem)) => problem.into_response(),
        // Its message and place are on standard error by now.
        Err(_) => Problem::from(Code::Internal).into_response(),
    };
    let response = problems::write(response, &wish).await;
    if let Some(call) = call {
        call.record(state, response.status());
    }
    response
}

/// Reads the body, finds out who asks, refuses what may not go on, and hands on the rest.
async fn admitted(
    state: &ServerState,
    rule: Rule,
    call: Option<&mut ApiCall>,
    asking: Asking,
    (mut parts, body): (Parts, Body),
    next: Next,
) -> Result<Response, Problem> {
    let body = match bounds::whole_body(&parts, body).await {
        Ok(body) => body,
        Err(code) => return Ok(bounds::closing(code)),
    };
    let (context, cookies) = context::of(state, asking, parts.extensions.get().cloned(), rule.open).await?;
    if let Some(call) = call {
        call.is_from(&context);
    }
    check(state, rule, &parts, &context)?;
    parts.extensions.insert(context);
    let answer = next.run(Request::from_parts(parts, body));
    let mut response = if rule.page {
        bounds::in_time(false, to_its_end(answer)).await?
    } else {
        bounds::in_time(rule.stream, answer).await?
    };
    // What everybody may keep is nobody's.
    let kept_by_all = |value: &HeaderValue| value.as_bytes().starts_with(b"public");
    if !response.headers().get(CACHE_CONTROL).is_some_and(kept_by_all) {
        cookies.set(state, &mut response);
    }
    Ok(response)
}

/// A page once begun is rendered to its end, even when its reader has gone: its parts are made by several tasks, which would
/// find what they share gone with the request. A panic stays one.
async fn to_its_end(page: impl Future<Output = Response> + Send + 'static) -> Response {
    match tokio::spawn(page.in_current_span()).await {
        Ok(response) => response,
        Err(error) => match error.try_into_panic() {
            Ok(panic) => resume_unwind(panic),
            // The server is ending.
            Err(_) => Problem::from(Code::Unavailable).into_response(),
        },
    }
}

/// Refuses what another site made a browser send, and requests without the session that their route needs.
fn check(state: &ServerState, rule: Rule, parts: &Parts, context: &RequestContext) -> Result<(), Problem> {
    if !origin::is_allowed(state, parts) {
        return Err(Code::CrossSite.into());
    }
    // A form's post without JavaScript goes on: it is answered by its page, which leads to the log-in.
    let form = rule.function && accepts_html(&parts.headers);
    if rule.session && context.signed_in.is_none() && !form {
        return Err(Code::Unauthenticated.into());
    }
    Ok(())
}
