//! From ended spans to those who want them, on a thread of its own.

use super::background;
use super::buffer::Buffer;
use super::forwarder::Forwarder;
use super::otlp;
use super::record::EndedSpans;
use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest;
use opentelemetry_proto::tonic::resource::v1::Resource;
use std::sync::Arc;
use std::time::Duration;

/// Takes the spans that were recorded or relayed: the observatory.
pub trait SpanSink: Send + Sync {
    /// Spans of this process. Called from one thread; must not wait long.
    fn record(&self, spans: &EndedSpans);

    /// Spans from elsewhere; must not wait long.
    fn ingest(&self, request: &ExportTraceServiceRequest);
}

/// How many ended spans wait at most.
pub(super) const CAPACITY: usize = 8192;
/// How long a span waits for company: seen by nobody, and many share one batch.
const GATHER: Duration = Duration::from_millis(100);
/// Spans per request to the collector, as OpenTelemetry's default. So many are worked off without further waiting: their
/// memory is still in the processor's cache then, and is used again.
pub(super) const MAX_BATCH: usize = 512;

/// Starts the thread, which ends once `ended` is closed and empty.
pub(super) fn start(
    ended: Arc<Buffer<EndedSpans>>,
    resource: Resource,
    sink: Arc<dyn SpanSink>,
    forwarder: Option<Forwarder>,
) -> std::io::Result<()> {
    let work = move || {
        let mut spans = EndedSpans::default();
        while ended.take(GATHER, &mut spans) {
            if let Some(forwarder) = &forwarder {
                for batch in spans.batches(MAX_BATCH) {
                    forwarder.forward_made(batch.len(), || otlp::traces(&resource, batch));
                }
            }
            sink.record(&spans);
        }
    };
    background::spawn("spans", work)
}
