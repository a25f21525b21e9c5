//! What of a request is not taken, and how its sender is told.

use super::{Encoding, Signal};
use opentelemetry_proto::tonic::collector::trace::v1::{ExportTracePartialSuccess, ExportTraceServiceResponse};
use prost::Message;

/// Spans, data points or log records that are not taken, though their neighbours are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Rejected {
    pub count: usize,
    /// What is wrong with the first of them; empty without any.
    pub reason: &'static str,
}

impl Rejected {
    /// Whether it is taken; counts it otherwise.
    pub(super) fn takes(&mut self, checked: Result<(), &'static str>) -> bool {
        if let Err(reason) = checked {
            self.count += 1;
            if self.reason.is_empty() {
                self.reason = reason;
            }
        }
        checked.is_ok()
    }
}

impl Encoding {
    /// The body of the answer to a request that was taken: a response that names what was not, if anything.
    #[must_use]
    pub fn taken(self, signal: Signal, rejected: Rejected) -> Vec<u8> {
        let (count, message) = (rejected.count, rejected.reason);
        match self {
            Self::Json if count == 0 => b"{}".to_vec(),
            Self::Json => {
                let name = match signal {
                    Signal::Traces => "rejectedSpans",
                    Signal::Metrics => "rejectedDataPoints",
                    Signal::Logs => "rejectedLogRecords",
                };
                // 64-bit numbers are texts in OTLP's JSON.
                let partial = serde_json::json!({ name: count.to_string(), "errorMessage": message });
                serde_json::json!({ "partialSuccess": partial }).to_string().into_bytes()
            }
            // The three signals' responses look the same on the wire.
            Self::Protobuf => {
                let rejected_spans = i64::try_from(count).unwrap_or(i64::MAX);
                let partial = ExportTracePartialSuccess { rejected_spans, error_message: message.to_owned() };
                let partial_success = (count > 0).then_some(partial);
                ExportTraceServiceResponse { partial_success }.encode_to_vec()
            }
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::Rejected;
    use crate::server::relay::Encoding;
    use crate::server::signal::Signal;
    use opentelemetry_proto::tonic::collector::logs::v1::ExportLogsServiceResponse;
    use opentelemetry_proto::tonic::collector::metrics::v1::ExportMetricsServiceResponse;
    use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceResponse;
    use prost::Message;

    #[test]
    fn a_sender_is_told_what_was_not_taken() {
        let rejected = Rejected { count: 2, reason: "No." };
        for (signal, name) in [
            (Signal::Traces, "rejectedSpans"),
            (Signal::Metrics, "rejectedDataPoints"),
            (Signal::Logs, "rejectedLogRecords"),
        ] {
            let json: serde_json::Value = serde_json::from_slice(&Encoding::Json.taken(signal, rejected)).unwrap();
            assert_eq!(json, serde_json::json!({"partialSuccess": {name: "2", "errorMessage": "No."}}));
            assert_eq!(Encoding::Json.taken(signal, Rejected::default()), b"{}");
            assert_eq!(Encoding::Protobuf.taken(signal, Rejected::default()), b"");
        }
        let spans = Encoding::Protobuf.taken(Signal::Traces, rejected);
        let spans = ExportTraceServiceResponse::decode(&*spans).unwrap().partial_success.unwrap();
        assert_eq!((spans.rejected_spans, &*spans.error_message), (2, "No."));
        let points = Encoding::Protobuf.taken(Signal::Metrics, rejected);
        let points = ExportMetricsServiceResponse::decode(&*points).unwrap().partial_success.unwrap();
        assert_eq!((points.rejected_data_points, &*points.error_message), (2, "No."));
        let records = Encoding::Protobuf.taken(Signal::Logs, rejected);
        let records = ExportLogsServiceResponse::decode(&*records).unwrap().partial_success.unwrap();
        assert_eq!((records.rejected_log_records, &*records.error_message), (2, "No."));
    }
}
