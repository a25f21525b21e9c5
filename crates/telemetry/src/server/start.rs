use super::config::Config;
use super::forwarder::{Forwarder, ForwarderError, ForwarderStats};
use super::log::{LogLayer, LogWriter};
use super::recorder::{Recorder, SpanSink};
use super::secrets::text_attribute;
use crate::names::{development, own, stable};
use opentelemetry::trace::TracerProvider;
use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest;
use opentelemetry_proto::tonic::resource::v1::Resource;
use opentelemetry_sdk::trace::{Sampler, SdkTracerProvider};
use std::io::Write;
use std::sync::Arc;
use std::time::{Duration, Instant};
use tracing::Subscriber;
use tracing::level_filters::LevelFilter;
use tracing_subscriber::filter::Targets;
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::{Layer, Registry};

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
    /// `None` without a collector.
    pub forwarder: Option<ForwarderStats>,
}

/// The running pipeline.
pub struct Telemetry {
    recorder: Recorder,
    log: LogWriter,
    forwarder: Option<Forwarder>,
    sink: Arc<dyn SpanSink>,
}

/// Starts to record this process's spans and events, for all of its threads: spans go to `sink` and to the configured
/// collector, events to standard output. To be called once.
///
/// # Errors
/// When a thread can't start, when the collector's URL can't be used, or when something else records already.
pub fn start(config: &Config, sink: Arc<dyn SpanSink>) -> Result<Telemetry, StartError> {
    let (telemetry, subscriber) = assemble(config, sink, std::io::stdout())?;
    tracing::subscriber::set_global_default(subscriber)?;
    Ok(telemetry)
}

fn assemble<W: Write + Send + 'static>(
    config: &Config,
    sink: Arc<dyn SpanSink>,
    output: W,
) -> Result<(Telemetry, impl Subscriber + Send + Sync + use<W>), StartError> {
    let forwarder = config.traces_endpoint.as_ref().map(|endpoint| Forwarder::start(endpoint, config)).transpose()?;
    let recorder = Recorder::start(resource(config), Arc::clone(&sink), forwarder.clone())?;
    let log = LogWriter::start(output)?;
    let tracer = SdkTracerProvider::builder()
        .with_sampler(Sampler::AlwaysOn)
        .with_span_processor(recorder.clone())
        .build()
        .tracer(env!("CARGO_PKG_NAME"));
    let spans = tracing_opentelemetry::layer()
        .with_tracer(tracer)
        .with_location(false)
        .with_threads(false)
        .with_tracked_inactivity(false)
        .with_level(false)
        .with_target(false)
        .with_filter(span_filter());
    let events = LogLayer::new(log.clone(), config.log_format).with_filter(config.log_filter.clone());
    let subscriber = Registry::default().with(spans).with(events);
    Ok((Telemetry { recorder, log, forwarder, sink }, subscriber))
}

fn span_filter() -> Targets {
    Targets::new().with_default(LevelFilter::INFO).with_target(own::ACCESS_LOG_TARGET, LevelFilter::OFF)
}

impl Telemetry {
    /// Hands spans from elsewhere, checked and sanitized by [`super::relay`], to the sink and the collector.
    /// Never waits for the collector.
    pub fn accept(&self, request: ExportTraceServiceRequest) {
        if let Some(forwarder) = &self.forwarder {
            forwarder.forward(&request);
        }
        self.sink.ingest(request);
    }

    #[must_use]
    pub fn stats(&self) -> Stats {
        Stats {
            dropped_spans: self.recorder.dropped(),
            dropped_log_lines: self.log.dropped(),
            forwarder: self.forwarder.as_ref().map(Forwarder::stats),
        }
    }

    /// Waits until the spans that ended so far have reached the sink, and the events standard output; `false` when that
    /// takes longer than `limit`. Blocks its thread.
    #[must_use]
    pub fn flush(&self, limit: Duration) -> bool {
        let deadline = Instant::now() + limit;
        let spans = self.recorder.flush(limit);
        self.log.flush(deadline.saturating_duration_since(Instant::now())) && spans
    }

    /// Hands on, sends and writes what waits, for `limit` at most; the rest is lost and counted. The last thing that a
    /// program does: spans that end later are lost. Blocks its thread.
    pub fn shutdown(&self, limit: Duration) {
        let deadline = Instant::now() + limit;
        let left = || deadline.saturating_duration_since(Instant::now());
        self.recorder.flush(left());
        self.recorder.close();
        if let Some(forwarder) = &self.forwarder {
            forwarder.shutdown(left());
        }
        // What was just logged about the above is a few lines: worth a moment even when the time is over.
        self.log.flush(left().max(Duration::from_millis(100)));
    }
}

fn resource(config: &Config) -> Resource {
    let mut attributes = vec![
        text_attribute(stable::SERVICE_NAME, &config.service_name),
        text_attribute(stable::SERVICE_VERSION, &config.service_version),
        text_attribute(stable::SERVICE_INSTANCE_ID, &super::ids::new_ids().trace_id_hex()),
        text_attribute(stable::TELEMETRY_SDK_NAME, "opentelemetry"),
        text_attribute(stable::TELEMETRY_SDK_LANGUAGE, "rust"),
    ];
    if let Some(environment) = &config.environment {
        attributes.push(text_attribute(development::DEPLOYMENT_ENVIRONMENT_NAME, environment));
    }
    attributes.extend(config.resource_attributes.iter().map(|(key, value)| text_attribute(key, value)));
    Resource { attributes, ..Resource::default() }
}

#[cfg(test)]
#[path = "start_tests.rs"]
mod tests;
