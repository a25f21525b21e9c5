use super::buffer::Buffer;
use super::config::{Config, Export};
use super::forwarder::{Forwarder, ForwarderError, ForwarderStats};
use super::handover::{self, SpanSink};
use super::log::Log;
use super::log_export::{self, LoggedEvents};
use super::metrics::{self, Reader};
use super::otlp::text_attribute;
use super::record::EndedSpans;
use super::recorder::Recorder;
use super::signal::{ExportRequest, Signal};
use crate::names::stable;
use opentelemetry_proto::tonic::collector::logs::v1::ExportLogsServiceRequest;
use opentelemetry_proto::tonic::collector::metrics::v1::ExportMetricsServiceRequest;
use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest;
use opentelemetry_proto::tonic::resource::v1::Resource;
use std::io::Write;
use std::sync::Arc;
use std::time::{Duration, Instant};

/// Why recording can't start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    #[error(transparent)]
    Forwarder(#[from] ForwarderError),
    #[error("a thread can't start: {0}")]
    Thread(#[from] std::io::Error),
    #[error("something else records already: {0}")]
    Subscriber(#[from] tracing::subscriber::SetGlobalDefaultError),
}

/// What was lost and what was sent since the start.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Stats {
    /// Spans that ended faster than they could be handed on.
    pub dropped_spans: u64,
    pub dropped_log_lines: u64,
    /// For the collector.
    pub dropped_log_records: u64,
    /// By signal; `None` without a collector for it.
    pub forwarders: [(Signal, Option<ForwarderStats>); 3],
}

/// The running pipeline.
pub struct Telemetry {
    ended: Arc<Buffer<EndedSpans>>,
    log: Log,
    traces: Option<Forwarder>,
    metrics: Option<Forwarder>,
    logs: Option<Forwarder>,
    /// Logged events for the collector.
    logged: Option<Arc<Buffer<LoggedEvents>>>,
    reader: Option<Reader>,
    sink: Arc<dyn SpanSink>,
}

/// Starts to record this process's spans and events, for all of its threads: spans go to `sink` and to the configured
/// collector, events to standard output. To be called once.
///
/// # Errors
/// When a thread can't start, when the collector's URL can't be used, or when something else records already.
pub fn start(config: &Config, sink: Arc<dyn SpanSink>) -> Result<Telemetry, StartError> {
    let (telemetry, recorder) = assemble(config, sink, std::io::stdout())?;
    tracing::subscriber::set_global_default(recorder)?;
    super::panics::log();
    Ok(telemetry)
}

fn assemble<W: Write + Send + 'static>(
    config: &Config,
    sink: Arc<dyn SpanSink>,
    output: W,
) -> Result<(Telemetry, Recorder), StartError> {
    let forwarder = |export: &Option<Export>| export.as_ref().map(Forwarder::start).transpose();
    let (traces, metrics, logs) = (forwarder(&config.traces)?, forwarder(&config.metrics)?, forwarder(&config.logs)?);
    let resource = resource(config);
    let ended = Arc::new(Buffer::new(handover::CAPACITY, handover::MAX_BATCH));
    handover::start(Arc::clone(&ended), resource.clone(), Arc::clone(&sink), traces.clone())?;
    let log = Log::start(output, config.log_format, config.log_filter.clone())?;
    let logged = match &logs {
        Some(forwarder) => {
            let logged = Arc::new(Buffer::new(log_export::CAPACITY, log_export::MAX_BATCH));
            log_export::start(Arc::clone(&logged), resource.clone(), forwarder.clone())?;
            Some(logged)
        }
        None => None,
    };
    metrics::begin();
    let reader = |forwarder: &Forwarder| Reader::start(config.metric_interval, resource, forwarder.clone());
    let reader = metrics.as_ref().map(reader).transpose()?;
    let sampling = (!config.disabled).then_some(config.sampling);
    let recorder = Recorder::new(Arc::clone(&ended), log.clone(), logged.clone(), sampling);
    Ok((Telemetry { ended, log, traces, metrics, logs, logged, reader, sink }, recorder))
}

impl Telemetry {
    /// Hands spans from elsewhere, checked and sanitized by [`super::relay`], to the sink and the collector.
    /// Never waits for the collector.
    pub fn accept_traces(&self, request: &ExportTraceServiceRequest) {
        if let Some(forwarder) = &self.traces {
            forwarder.forward(request);
        }
        self.sink.ingest(request);
    }

    /// The same for metrics, which only a collector keeps.
    pub fn accept_metrics(&self, request: &ExportMetricsServiceRequest) {
        if let Some(forwarder) = &self.metrics {
            forwarder.forward(request);
        }
    }

    /// The same for log records, which only a collector keeps.
    pub fn accept_logs(&self, request: &ExportLogsServiceRequest) {
        if let Some(forwarder) = &self.logs {
            forwarder.forward(request);
        }
    }

    /// Whether what the request brings would wait for the collector rather than be dropped; without a collector, it would.
    #[must_use]
    pub fn has_room<R: ExportRequest>(&self, request: &R) -> bool {
        let forwarder = self.forwarders().into_iter().find_map(|(signal, of)| of.filter(|_| signal == R::SIGNAL));
        forwarder.is_none_or(|forwarder| forwarder.has_room(request.encoded_len()))
    }

    fn forwarders(&self) -> [(Signal, Option<&Forwarder>); 3] {
        [
            (Signal::Traces, self.traces.as_ref()),
            (Signal::Metrics, self.metrics.as_ref()),
            (Signal::Logs, self.logs.as_ref()),
        ]
    }

    #[must_use]
    pub fn stats(&self) -> Stats {
        Stats {
            dropped_spans: self.ended.dropped(),
            dropped_log_lines: self.log.dropped(),
            dropped_log_records: self.logged.as_ref().map_or(0, |logged| logged.dropped()),
            forwarders: self.forwarders().map(|(signal, forwarder)| (signal, forwarder.map(Forwarder::stats))),
        }
    }

    /// Sets the metrics of telemetry itself. To be called before metrics are read.
    pub fn observe(&self) {
        let stats = self.stats();
        for (signal, forwarder) in stats.forwarders {
            let forwarder = forwarder.unwrap_or_default();
            let dropped = match signal {
                Signal::Traces => stats.dropped_spans,
                Signal::Metrics => 0,
                Signal::Logs => stats.dropped_log_records,
            };
            metrics::telemetry(signal.name(), forwarder.sent, forwarder.dropped + dropped, forwarder.queued);
        }
        metrics::telemetry("stdout", 0, stats.dropped_log_lines, 0);
    }

    /// Waits until the spans that ended so far have reached the sink, and the events standard output; `false` when that
    /// takes longer than `limit`. Blocks its thread.
    #[must_use]
    pub fn flush(&self, limit: Duration) -> bool {
        let deadline = Instant::now() + limit;
        let spans = self.ended.flush(limit);
        self.log.flush(deadline.saturating_duration_since(Instant::now())) && spans
    }

    /// Hands on, sends and writes what waits, for `limit` at most; the rest is lost and counted. The last thing that a
    /// program does: spans that end later are lost. Blocks its thread.
    pub fn shutdown(&self, limit: Duration) {
        let deadline = Instant::now() + limit;
        let left = || deadline.saturating_duration_since(Instant::now());
        self.ended.flush(left());
        self.ended.close();
        if let Some(logged) = &self.logged {
            logged.flush(left());
            logged.close();
        }
        if let Some(reader) = &self.reader {
            reader.finish(left());
        }
        for (_, forwarder) in self.forwarders() {
            if let Some(forwarder) = forwarder {
                forwarder.shutdown(left());
            }
        }
        // What was just logged about the above is a few lines: worth a moment even when the time is over.
        self.log.flush(left().max(Duration::from_millis(100)));
    }
}

fn resource(config: &Config) -> Resource {
    let made_up = || super::ids::new_ids().trace_id_hex();
    let mut attributes = vec![
        text_attribute(stable::SERVICE_NAME, &config.service_name),
        text_attribute(stable::SERVICE_VERSION, &config.service_version),
        text_attribute(stable::SERVICE_INSTANCE_ID, &config.service_instance_id.clone().unwrap_or_else(made_up)),
        text_attribute(stable::TELEMETRY_SDK_NAME, "glassboard"),
        text_attribute(stable::TELEMETRY_SDK_LANGUAGE, "rust"),
        text_attribute(stable::TELEMETRY_SDK_VERSION, env!("CARGO_PKG_VERSION")),
    ];
    if let Some(environment) = &config.environment {
        attributes.push(text_attribute(stable::DEPLOYMENT_ENVIRONMENT_NAME, environment));
    }
    attributes.extend(config.resource_attributes.iter().map(|(key, value)| text_attribute(key, value)));
    Resource { attributes, ..Resource::default() }
}

#[cfg(test)]
#[path = "start_tests.rs"]
mod tests;
