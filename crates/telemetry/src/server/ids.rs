use crate::propagation::TraceParent;
use opentelemetry::trace::{SpanContext, SpanId, TraceContextExt, TraceFlags, TraceId, TraceState};
use opentelemetry_sdk::trace::{IdGenerator, RandomIdGenerator};
use tracing_opentelemetry::OpenTelemetrySpanExt;

/// A fresh trace with a fresh span id in it, for a page whose browser has yet to make its spans.
#[must_use]
pub fn new_ids() -> TraceParent {
    let ids = RandomIdGenerator::default();
    TraceParent { trace_id: ids.new_trace_id().to_bytes(), span_id: ids.new_span_id().to_bytes(), sampled: true }
}

/// Another span id, for the same trace.
#[must_use]
pub fn new_span_id() -> [u8; 8] {
    RandomIdGenerator::default().new_span_id().to_bytes()
}

/// Where the span stands that is current on this thread; `None` outside of spans.
#[must_use]
pub fn current_trace_parent() -> Option<TraceParent> {
    opentelemetry::Context::map_current(|context| trace_parent(context.span().span_context()))
}

/// The current trace's id: 32 lower-case hexadecimal digits.
#[must_use]
pub fn current_trace_id() -> Option<String> {
    current_trace_parent().map(|parent| parent.trace_id_hex())
}

/// Where this span stands; `None` when it is not recorded.
#[must_use]
pub fn trace_parent_of(span: &tracing::Span) -> Option<TraceParent> {
    trace_parent(span.context().span().span_context())
}

/// Makes `span` a child of a span elsewhere. Only before `span` is first entered; afterwards it has no effect.
pub fn set_remote_parent(span: &tracing::Span, parent: TraceParent) {
    let context = opentelemetry::Context::new().with_remote_span_context(span_context(parent));
    // Fails for a span that is filtered out, which has no parent to set, and for one that has begun.
    let _ = span.set_parent(context);
}

/// Links `span` to a span elsewhere, as a consumer to the send.
pub fn add_link(span: &tracing::Span, to: TraceParent) {
    span.add_link(span_context(to));
}

/// Renames a span that has begun: `tracing`'s field `otel.name` only works before that.
pub fn rename(span: &tracing::Span, name: impl Into<std::borrow::Cow<'static, str>>) {
    span.context().span().update_name(name);
}

fn trace_parent(context: &SpanContext) -> Option<TraceParent> {
    context.is_valid().then(|| TraceParent {
        trace_id: context.trace_id().to_bytes(),
        span_id: context.span_id().to_bytes(),
        sampled: context.is_sampled(),
    })
}

fn span_context(parent: TraceParent) -> SpanContext {
    SpanContext::new(
        TraceId::from_bytes(parent.trace_id),
        SpanId::from_bytes(parent.span_id),
        if parent.sampled { TraceFlags::SAMPLED } else { TraceFlags::NOT_SAMPLED },
        true,
        TraceState::NONE,
    )
}
