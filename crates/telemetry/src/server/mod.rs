//! The server's traces, logs and metrics: recorded through `tracing`; written, kept and sent on by threads that no request
//! ever waits for.

mod background;
mod buffer;
mod config;
mod endpoint;
mod fields;
mod forwarder;
mod handover;
mod ids;
mod log;
mod log_export;
mod meaning;
pub mod metrics;
mod otlp;
mod packed;
mod panics;
mod protobuf;
mod record;
mod recorder;
pub mod relay;
mod sampling;
mod secrets;
mod signal;
mod spare;
mod start;
mod tls;
mod transport;
mod while_open;

pub use config::{Config, ConfigError, Export, LogFormat};
pub use endpoint::{Endpoint, Protocol, Reading};
pub use fields::{Kind, Value};
pub use forwarder::{ForwarderError, ForwarderStats};
pub use handover::SpanSink;
pub use ids::{current_trace_parent, new_ids, new_span_id};
pub use opentelemetry_proto::tonic::collector::logs::v1::ExportLogsServiceRequest;
pub use opentelemetry_proto::tonic::collector::metrics::v1::ExportMetricsServiceRequest;
pub use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest;
pub use record::{EndedSpan, EndedSpans, SpanEvent};
pub use recorder::{
    add_link, decide_trace, forget_parent, keep_trace, reserve_parent, set_remote_parent, trace_parent_of,
};
pub use sampling::{Keep, Sampling};
pub use secrets::mask_addresses;
pub use signal::{ExportRequest, Signal};
pub use start::{StartError, Stats, Telemetry, start};
pub use transport::TransportError;
pub use while_open::WhileOpen;
