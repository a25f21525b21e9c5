//! What every request passes through, in one place: `pass`, around the whole router.

mod api_event;
mod bounds;
mod context;
mod headers;
mod origin;
mod problems;
mod rules;
mod said;
mod trace;

use crate::problem::Problem;
use crate::state::ServerState;
use api_event::ApiCall;
use app::context::RequestContext;
use axum::Router;
use axum::extract::Request;
use axum::response::{IntoResponse, Response};
use axum::routing::Route as Next;
use board::Faults;
use context::Asking;
pub use context::accepts_html;
use futures::FutureExt;
pub use headers::{page_policy, roomy_headers};
use http::header::{CACHE_CONTROL, HeaderName};
use http::{HeaderValue, Method, StatusCode};
use model::{Code, FaultKind};
pub use rules::{Route, Rule, Rules};
pub use said::LastSaid;
use std::convert::Infallible;
use std::future::poll_fn;
use std::panic::{AssertUnwindSafe, resume_unwind};
use std::pin::pin;
use std::sync::Arc;
use std::time::{Duration, Instant};
use telemetry::server::metrics::RouteMetrics;
use telemetry::server::{decide_trace, keep_trace};
use tower::layer::layer_fn;
use tower::{Service, service_fn};
use trace::ServerSpan;
pub use trace::current_trace_id;
use tracing::{Instrument, Span};

/// Of a request whose trace an operator wants to be kept, whatever the sampling.
const KEEP_TRACE: HeaderName = HeaderName::from_static("x-keep-trace");

/// As nginx has it: the client has gone before there was an answer.
const CLIENT_GONE: u16 = 499;

/// What requests pass through.
pub struct Passage {
    pub state: ServerState,
    pub rules: Rules,
}

impl Passage {
    /// The routes behind `pass`. Without axum's `from_fn`, which boxes and copies each request twice more.
    pub fn around(self, routes: Router<ServerState>) -> Router<ServerState> {
        let passage = Arc::new(self);
        routes.layer(layer_fn(move |next: Next| {
            // Shared: axum clones what it finds for each request.
            let (passage, next) = (Arc::clone(&passage), Arc::new(next));
            service_fn(move |mut request| {
                let (passage, next) = (Arc::clone(&passage), Next::clone(&next));
                async move { Ok::<_, Infallible>(pass(&passage, &mut request, next).await) }.boxed()
            })
        }))
    }
}

/// Traces a request, admits or refuses it, and finishes its response. Not an `async fn`: that would keep what it begins with
/// twice, and a request's future is copied to the heap.
fn pass<'p>(passage: &'p Passage, request: &'p mut Request, next: Next) -> impl Future<Output = Response> + Send + 'p {
    let route = passage.rules.of(request.extensions());
    let rule = Rule { page: route.rule.page && *request.method() == Method::GET, ..route.rule };
    let (started, method) = (Instant::now(), trace::known_method(request.method()));
    let mut answering = Answering {
        call: (rule.api_event && !rule.page).then(|| ApiCall::begin(method, route)),
        state: &passage.state,
        metrics: &route.metrics,
        method,
        scheme: trace::scheme(&passage.state, request),
        started,
        status: CLIENT_GONE,
    };
    let asking = Asking::read(&passage.state, request);
    let traced = (!rule.quiet).then(|| ServerSpan::open(request, &asking.caller, route.name(), answering.scheme));
    let span = traced.as_ref().map_or_else(Span::none, |traced| traced.span.clone());
    async move {
        let mut response = answered(&passage.state, rule, answering.call.as_mut(), asking, request, next).await;
        if let Some(traced) = &traced {
            traced.answered(response.status());
        }
        let took = answering.done(response.status());
        headers::add_security_headers(response.headers_mut());
        match traced {
            Some(traced) => traced.close(response, took),
            None => response,
        }
    }
    .instrument(span)
}

/// A request that is counted once, also when its client goes before the answer: what it asked for may be done.
struct Answering<'p> {
    call: Option<ApiCall>,
    state: &'p ServerState,
    metrics: &'p RouteMetrics,
    method: &'static str,
    scheme: &'static str,
    started: Instant,
    status: u16,
}

impl Answering<'_> {
    /// How long it took.
    fn done(mut self, status: StatusCode) -> Duration {
        self.status = status.as_u16();
        self.started.elapsed()
    }
}

impl Drop for Answering<'_> {
    fn drop(&mut self) {
        let took = self.started.elapsed();
        if self.status == CLIENT_GONE {
            let span = Span::current();
            span.record("http.response.status_code", i64::from(CLIENT_GONE));
            decide_trace(&span);
        }
        if let Some(call) = self.call.take() {
            call.record(self.state, self.status, took);
        }
        self.metrics.answered(self.method, self.scheme, self.status, took);
    }
}

/// The response with its problem written out. A panic is a problem too.
async fn answered(
    state: &ServerState,
    rule: Rule,
    call: Option<&mut ApiCall>,
    asking: Asking,
    request: &mut Request,
    next: Next,
) -> Response {
    let wish = problems::Wish::of(request.method(), request.headers(), rule.page.then(|| asking.said()));
    let mut admitted = pin!(admitted(state, rule, call, asking, request, next));
    let admitted = poll_fn(|context| {
        let mut poll = || admitted.as_mut().poll(context);
        if rule.spared { Faults::spare(poll) } else { poll() }
    });
    let response = match AssertUnwindSafe(admitted).catch_unwind().await {
        Ok(Ok(response)) => response,
        Ok(Err(problem)) => problem.into_response(),
        // It is in the log by now.
        Err(_) => Problem::from(Code::Internal).into_response(),
    };
    problems::write(&state.app.site, response, &wish).await
}

/// Reads the body, finds out who asks, refuses what may not go on, and hands on the rest.
async fn admitted(
    state: &ServerState,
    rule: Rule,
    call: Option<&mut ApiCall>,
    asking: Asking,
    request: &mut Request,
    mut next: Next,
) -> Result<Response, Problem> {
    if let Err(code) = bounds::read_body(request).await {
        return Ok(bounds::closing(code));
    }
    let (context, cookies) = context::of(state, asking, request.extensions().get().cloned(), rule.open).await?;
    if let Some(call) = call {
        call.is_from(&context);
    }
    if request.headers().contains_key(KEEP_TRACE) && is_operators(state, &context) {
        keep_trace(&Span::current());
    }
    check(state, rule, request, &context)?;
    if !rule.quiet && !rule.spared {
        suffer(state.app.board.faults()).await?;
    }
    request.extensions_mut().insert(context);
    let answer = next.call(std::mem::take(request)).map(|Ok(response)| response);
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

/// What operators asked that pages and calls shall suffer.
async fn suffer(faults: &Faults) -> Result<(), Problem> {
    faults.delay().await;
    if faults.meets(FaultKind::Errors) {
        tracing::error!(fault = FaultKind::Errors.as_str(), "failed, because an operator asked for this fault");
        return Err(Code::Internal.into());
    }
    Ok(())
}

fn is_operators(state: &ServerState, context: &RequestContext) -> bool {
    context.signed_in.as_ref().is_some_and(|who| state.app.board.accounts().is_operator(who, &context.caller))
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
fn check(state: &ServerState, rule: Rule, request: &Request, context: &RequestContext) -> Result<(), Problem> {
    if !origin::has_one_host(request) {
        return Err(Code::InvalidRequest.into());
    }
    if !origin::is_allowed(state, request) {
        return Err(Code::CrossSite.into());
    }
    // A form's post without JavaScript goes on: it is answered by its page, which leads to the log-in.
    let form = rule.function && accepts_html(request.headers());
    if rule.session && context.signed_in.is_none() && !form {
        return Err(Code::Unauthenticated.into());
    }
    Ok(())
}
