//! Instruments as OTLP: cumulative since the process began.

use super::instrument::{Distribution, Exemplar, Instrument, Kind, Label, Values};
use crate::server::otlp::scope;
use opentelemetry_proto::tonic::collector::metrics::v1::ExportMetricsServiceRequest;
use opentelemetry_proto::tonic::common::v1::{AnyValue, KeyValue, any_value};
use opentelemetry_proto::tonic::metrics::v1 as proto;
use opentelemetry_proto::tonic::metrics::v1::metric::Data;
use opentelemetry_proto::tonic::resource::v1::Resource;
use std::time::{SystemTime, UNIX_EPOCH};

/// Of the series that are beyond an instrument's bound.
const OVERFLOW: (&str, Label) = ("otel.metric.overflow", Label::Word("true"));
const CUMULATIVE: i32 = proto::AggregationTemporality::Cumulative as i32;

/// The values of all instruments now, as a request to a collector; each also under its other names.
pub(super) fn request(
    instruments: &[&Instrument],
    resource: &Resource,
    began: SystemTime,
) -> ExportMetricsServiceRequest {
    let times = Times { began: nanoseconds(began), now: nanoseconds(SystemTime::now()) };
    let mut metrics = Vec::new();
    for instrument in instruments {
        let series = instrument.read();
        if series.is_empty() {
            continue;
        }
        let own = series.iter().map(|(labels, values)| (own_attributes(instrument, labels), values.clone()));
        metrics.push(proto::Metric {
            name: instrument.name.to_owned(),
            description: instrument.description.to_owned(),
            unit: instrument.unit.to_owned(),
            data: Some(data(instrument.kind, own, &times)),
            ..proto::Metric::default()
        });
        for also in instrument.also {
            let kind = also.kind(instrument);
            let unit = if also.count { "1" } else { instrument.unit };
            let points = also.read(instrument, &series).into_iter().map(|(labels, values)| {
                let beyond = labels.is_empty() && !also.attributes.is_empty();
                let labels = if beyond { vec![OVERFLOW] } else { labels };
                (labels.iter().filter_map(|(name, value)| attribute(name, value)).collect(), values)
            });
            metrics.push(proto::Metric {
                name: also.name.to_owned(),
                description: also.description.to_owned(),
                unit: unit.to_owned(),
                data: Some(data(kind, points, &times)),
                ..proto::Metric::default()
            });
        }
    }
    ExportMetricsServiceRequest {
        resource_metrics: vec![proto::ResourceMetrics {
            resource: Some(resource.clone()),
            scope_metrics: vec![proto::ScopeMetrics { scope: Some(scope()), metrics, schema_url: String::new() }],
            schema_url: String::new(),
        }],
    }
}

struct Times {
    began: u64,
    now: u64,
}

fn nanoseconds(time: SystemTime) -> u64 {
    time.duration_since(UNIX_EPOCH).map_or(0, |since| u64::try_from(since.as_nanos()).unwrap_or(u64::MAX))
}

fn own_attributes(instrument: &Instrument, labels: &[Label]) -> Vec<KeyValue> {
    if labels.len() < instrument.attributes.len() {
        return attribute(OVERFLOW.0, &OVERFLOW.1).into_iter().collect();
    }
    instrument.attributes.iter().zip(labels).filter_map(|(name, value)| attribute(name, value)).collect()
}

fn attribute(name: &str, value: &Label) -> Option<KeyValue> {
    let value = match value {
        Label::Absent => return None,
        Label::Word(word) => any_value::Value::StringValue((*word).to_owned()),
        Label::Text(text) => any_value::Value::StringValue(text.to_string()),
        Label::Number(number) => any_value::Value::IntValue(*number),
    };
    Some(KeyValue { key: name.to_owned(), value: Some(AnyValue { value: Some(value) }), ..KeyValue::default() })
}

fn data(kind: Kind, series: impl Iterator<Item = (Vec<KeyValue>, Values)>, times: &Times) -> Data {
    let number = |(attributes, values)| match values {
        Values::Number(value) => Some(proto::NumberDataPoint {
            attributes,
            start_time_unix_nano: times.began,
            time_unix_nano: times.now,
            value: Some(proto::number_data_point::Value::AsDouble(value)),
            ..proto::NumberDataPoint::default()
        }),
        Values::Distribution(_) => None,
    };
    match kind {
        Kind::Gauge => Data::Gauge(proto::Gauge { data_points: series.filter_map(number).collect() }),
        Kind::Counter | Kind::UpDownCounter => Data::Sum(proto::Sum {
            data_points: series.filter_map(number).collect(),
            aggregation_temporality: CUMULATIVE,
            is_monotonic: kind == Kind::Counter,
        }),
        Kind::Histogram(bounds) => Data::Histogram(proto::Histogram {
            data_points: series
                .filter_map(|(attributes, values)| match values {
                    Values::Distribution(all) => Some(distribution(attributes, &all, bounds, times)),
                    Values::Number(_) => None,
                })
                .collect(),
            aggregation_temporality: CUMULATIVE,
        }),
    }
}

fn distribution(
    attributes: Vec<KeyValue>,
    all: &Distribution,
    bounds: &[f64],
    times: &Times,
) -> proto::HistogramDataPoint {
    proto::HistogramDataPoint {
        attributes,
        start_time_unix_nano: times.began,
        time_unix_nano: times.now,
        count: all.count(),
        sum: Some(all.sum),
        bucket_counts: all.counts.to_vec(),
        explicit_bounds: bounds.to_vec(),
        exemplars: all.exemplars.iter().flatten().map(exemplar).collect(),
        ..proto::HistogramDataPoint::default()
    }
}

fn exemplar(exemplar: &Exemplar) -> proto::Exemplar {
    proto::Exemplar {
        time_unix_nano: nanoseconds(exemplar.at),
        trace_id: exemplar.seen.trace_id.to_vec(),
        span_id: exemplar.seen.span_id.to_vec(),
        value: Some(proto::exemplar::Value::AsDouble(exemplar.value)),
        ..proto::Exemplar::default()
    }
}
