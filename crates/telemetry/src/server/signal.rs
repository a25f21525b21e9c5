use opentelemetry_proto::tonic::collector::logs::v1::ExportLogsServiceRequest;
use opentelemetry_proto::tonic::collector::metrics::v1::ExportMetricsServiceRequest;
use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest;
use opentelemetry_proto::tonic::metrics::v1::metric::Data;
use prost::Message;

/// What OpenTelemetry tells apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Signal {
    Traces,
    Metrics,
    Logs,
}

impl Signal {
    pub const ALL: [Self; 3] = [Self::Traces, Self::Metrics, Self::Logs];

    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Traces => "traces",
            Self::Metrics => "metrics",
            Self::Logs => "logs",
        }
    }

    /// Where OTLP/HTTP takes it.
    pub(super) const fn http_path(self) -> &'static str {
        match self {
            Self::Traces => "/v1/traces",
            Self::Metrics => "/v1/metrics",
            Self::Logs => "/v1/logs",
        }
    }

    /// An encoded request as OTLP has it in JSON.
    pub(super) fn json(self, request: &[u8]) -> Result<Vec<u8>, Box<dyn std::error::Error + Send + Sync>> {
        Ok(match self {
            Self::Traces => serde_json::to_vec(&ExportTraceServiceRequest::decode(request)?)?,
            Self::Metrics => serde_json::to_vec(&ExportMetricsServiceRequest::decode(request)?)?,
            Self::Logs => serde_json::to_vec(&ExportLogsServiceRequest::decode(request)?)?,
        })
    }

    /// Where OTLP/gRPC takes it.
    pub(super) const fn grpc_path(self) -> &'static str {
        match self {
            Self::Traces => "/opentelemetry.proto.collector.trace.v1.TraceService/Export",
            Self::Metrics => "/opentelemetry.proto.collector.metrics.v1.MetricsService/Export",
            Self::Logs => "/opentelemetry.proto.collector.logs.v1.LogsService/Export",
        }
    }
}

/// A request of OTLP that brings one signal.
pub trait ExportRequest: Message + Default {
    const SIGNAL: Signal;

    /// How many spans, data points or log records it brings.
    fn count(&self) -> usize;
}

impl ExportRequest for ExportTraceServiceRequest {
    const SIGNAL: Signal = Signal::Traces;

    fn count(&self) -> usize {
        self.resource_spans.iter().flat_map(|of| &of.scope_spans).map(|scope| scope.spans.len()).sum()
    }
}

impl ExportRequest for ExportMetricsServiceRequest {
    const SIGNAL: Signal = Signal::Metrics;

    fn count(&self) -> usize {
        let metrics = self.resource_metrics.iter().flat_map(|of| &of.scope_metrics).flat_map(|scope| &scope.metrics);
        metrics
            .map(|metric| match &metric.data {
                None => 0,
                Some(Data::Gauge(gauge)) => gauge.data_points.len(),
                Some(Data::Sum(sum)) => sum.data_points.len(),
                Some(Data::Histogram(histogram)) => histogram.data_points.len(),
                Some(Data::ExponentialHistogram(histogram)) => histogram.data_points.len(),
                Some(Data::Summary(summary)) => summary.data_points.len(),
            })
            .sum()
    }
}

impl ExportRequest for ExportLogsServiceRequest {
    const SIGNAL: Signal = Signal::Logs;

    fn count(&self) -> usize {
        self.resource_logs.iter().flat_map(|of| &of.scope_logs).map(|scope| scope.log_records.len()).sum()
    }
}
