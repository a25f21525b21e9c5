use observatory::Observatory;
use std::sync::Arc;
use telemetry::server::{ExportTraceServiceRequest, SpanSink};

/// The observatory as a place for recorded spans.
pub struct Recorded(pub Arc<Observatory>);

impl SpanSink for Recorded {
    fn ingest(&self, request: ExportTraceServiceRequest) {
        self.0.ingest(request);
    }
}
