use super::buffer::Buffer;
use super::forwarder::Forwarder;
use super::secrets;
use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest;
use opentelemetry_proto::tonic::common::v1::InstrumentationScope;
use opentelemetry_proto::tonic::resource::v1::Resource;
use opentelemetry_proto::tonic::trace::v1::{ResourceSpans, ScopeSpans};
use opentelemetry_sdk::error::{OTelSdkError, OTelSdkResult};
use opentelemetry_sdk::trace::{Span, SpanData, SpanProcessor};
use std::sync::Arc;
use std::time::Duration;

/// Takes the spans that were recorded or relayed: the observatory.
pub trait SpanSink: Send + Sync {
    /// Called from one thread for the server's own spans; must not wait long.
    fn ingest(&self, request: ExportTraceServiceRequest);
}

/// How many ended spans wait at most. They are worked off every [`GATHER`], so this is 80,000 spans a second.
const CAPACITY: usize = 8192;
/// How long a span waits for company: seen by nobody, and hundreds share one batch.
const GATHER: Duration = Duration::from_millis(100);
/// Spans per request to the sink, as OpenTelemetry's default.
const MAX_BATCH: usize = 512;

/// Collects ended spans and hands them on as OTLP from a thread of its own.
///
/// The SDK's batch processor would do but for two things: its count of dropped spans can't be read, and it wakes up
/// periodically in a program that has nothing to do.
#[derive(Debug, Clone)]
pub(super) struct Recorder {
    ended: Arc<Buffer<SpanData>>,
}

impl Recorder {
    /// Starts the thread.
    pub(super) fn start(
        resource: Resource,
        sink: Arc<dyn SpanSink>,
        forwarder: Option<Forwarder>,
    ) -> std::io::Result<Self> {
        let ended = Arc::new(Buffer::new(CAPACITY));
        let recorder = Self { ended: Arc::clone(&ended) };
        std::thread::Builder::new().name("spans".to_owned()).spawn(move || {
            let mut spans = Vec::new();
            while ended.take(GATHER, &mut spans) {
                for request in requests(&resource, &mut spans) {
                    if let Some(forwarder) = &forwarder {
                        forwarder.forward(&request);
                    }
                    sink.ingest(request);
                }
            }
        })?;
        Ok(recorder)
    }

    pub(super) fn dropped(&self) -> u64 {
        self.ended.dropped()
    }

    /// `false` when not all spans were handed on within `limit`.
    pub(super) fn flush(&self, limit: Duration) -> bool {
        self.ended.flush(limit)
    }

    /// Ends the thread; spans that end later are dropped and counted.
    pub(super) fn close(&self) {
        self.ended.close();
    }
}

fn requests(resource: &Resource, spans: &mut Vec<SpanData>) -> Vec<ExportTraceServiceRequest> {
    let mut requests = Vec::with_capacity(spans.len().div_ceil(MAX_BATCH));
    let mut spans = spans.drain(..).peekable();
    while spans.peek().is_some() {
        let scope = InstrumentationScope {
            name: env!("CARGO_PKG_NAME").to_owned(),
            version: env!("CARGO_PKG_VERSION").to_owned(),
            ..InstrumentationScope::default()
        };
        let mut batch: Vec<_> = spans.by_ref().take(MAX_BATCH).map(Into::into).collect();
        batch.iter_mut().for_each(secrets::mask);
        requests.push(ExportTraceServiceRequest {
            resource_spans: vec![ResourceSpans {
                resource: Some(resource.clone()),
                scope_spans: vec![ScopeSpans { scope: Some(scope), spans: batch, schema_url: String::new() }],
                schema_url: String::new(),
            }],
        });
    }
    requests
}

impl SpanProcessor for Recorder {
    fn on_start(&self, _: &mut Span, _: &opentelemetry::Context) {}

    fn on_end(&self, span: SpanData) {
        self.ended.push(span);
    }

    fn force_flush(&self) -> OTelSdkResult {
        self.shutdown_with_timeout(Duration::from_secs(5))
    }

    fn shutdown_with_timeout(&self, timeout: Duration) -> OTelSdkResult {
        if self.flush(timeout) { Ok(()) } else { Err(OTelSdkError::Timeout(timeout)) }
    }
}
