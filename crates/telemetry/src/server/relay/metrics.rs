use super::bounds::{LATEST_UNIX_NANO, cut_attributes, cut_resource, cut_scope, cut_text, invalid, is_optional_id};
use super::{Limits, RelayError, Relayed, Said};
use crate::server::relay::shape::Type;
use opentelemetry_proto::tonic::collector::metrics::v1::ExportMetricsServiceRequest;
use opentelemetry_proto::tonic::common::v1::KeyValue;
use opentelemetry_proto::tonic::metrics::v1::metric::Data;
use opentelemetry_proto::tonic::metrics::v1::{Exemplar, Metric};

/// Buckets or quantiles of one data point.
const MAX_BUCKETS: usize = 1024;

impl Relayed for ExportMetricsServiceRequest {
    const SHAPE: Type = Type::Metrics;

    fn check_and_cut(&mut self, limits: &Limits) -> Result<(), RelayError> {
        for of_resource in &mut self.resource_metrics {
            cut_resource(&mut of_resource.resource, &mut of_resource.schema_url, limits);
            for of_scope in &mut of_resource.scope_metrics {
                cut_scope(&mut of_scope.scope, &mut of_scope.schema_url, limits);
                for metric in &mut of_scope.metrics {
                    for text in [&mut metric.name, &mut metric.description, &mut metric.unit] {
                        cut_text(text, limits);
                    }
                    cut_attributes(&mut metric.metadata, &mut 0, limits);
                    each_point(metric, &mut |point| point.check_and_cut(limits))?;
                }
            }
        }
        Ok(())
    }

    fn each_said(&mut self, visit: &mut dyn FnMut(Said<'_>)) {
        for of_resource in &mut self.resource_metrics {
            visit(Said::Resource(&mut of_resource.resource));
            for of_scope in &mut of_resource.scope_metrics {
                of_scope.scope.iter_mut().for_each(|scope| visit(Said::Attributes(&mut scope.attributes)));
                of_scope.metrics.iter_mut().for_each(|metric| each_said_in(metric, visit));
            }
        }
    }
}

fn each_said_in(metric: &mut Metric, visit: &mut dyn FnMut(Said<'_>)) {
    visit(Said::Text(&mut metric.description));
    visit(Said::Attributes(&mut metric.metadata));
    // Nothing is refused here.
    let _ = each_point(metric, &mut |point| {
        visit(Said::Attributes(point.attributes));
        for exemplar in point.exemplars {
            visit(Said::Attributes(&mut exemplar.filtered_attributes));
        }
        Ok(())
    });
}

/// What the five kinds of data points have in common.
struct Point<'a> {
    attributes: &'a mut Vec<KeyValue>,
    exemplars: &'a mut [Exemplar],
    started: u64,
    time: u64,
    /// The longest list of buckets, bounds or quantiles.
    buckets: usize,
}

impl Point<'_> {
    fn check_and_cut(self, limits: &Limits) -> Result<(), RelayError> {
        if self.time == 0 || self.time > LATEST_UNIX_NANO || self.started > self.time {
            return Err(invalid("A data point ends before it starts, or its times are not nanoseconds since 1970."));
        }
        if self.buckets > MAX_BUCKETS {
            return Err(invalid("A data point has more than 1024 buckets or quantiles."));
        }
        cut_attributes(self.attributes, &mut 0, limits);
        for exemplar in self.exemplars {
            if !is_optional_id::<16>(&exemplar.trace_id) || !is_optional_id::<8>(&exemplar.span_id) {
                return Err(invalid("An exemplar's ids are neither empty nor 16 and 8 bytes, or all zero."));
            }
            cut_attributes(&mut exemplar.filtered_attributes, &mut 0, limits);
        }
        Ok(())
    }
}

fn each_point(
    metric: &mut Metric,
    visit: &mut dyn FnMut(Point<'_>) -> Result<(), RelayError>,
) -> Result<(), RelayError> {
    let numbers = match &mut metric.data {
        Some(Data::Gauge(gauge)) => &mut gauge.data_points[..],
        Some(Data::Sum(sum)) => &mut sum.data_points[..],
        _ => &mut [],
    };
    for point in numbers {
        let (started, time) = (point.start_time_unix_nano, point.time_unix_nano);
        visit(Point { attributes: &mut point.attributes, exemplars: &mut point.exemplars, started, time, buckets: 0 })?;
    }
    match &mut metric.data {
        Some(Data::Histogram(histogram)) => histogram.data_points.iter_mut().try_for_each(|point| {
            visit(Point {
                buckets: point.bucket_counts.len().max(point.explicit_bounds.len()),
                attributes: &mut point.attributes,
                exemplars: &mut point.exemplars,
                started: point.start_time_unix_nano,
                time: point.time_unix_nano,
            })
        }),
        Some(Data::ExponentialHistogram(histogram)) => histogram.data_points.iter_mut().try_for_each(|point| {
            let sides = [&point.positive, &point.negative].into_iter().flatten();
            visit(Point {
                buckets: sides.map(|side| side.bucket_counts.len()).max().unwrap_or_default(),
                attributes: &mut point.attributes,
                exemplars: &mut point.exemplars,
                started: point.start_time_unix_nano,
                time: point.time_unix_nano,
            })
        }),
        Some(Data::Summary(summary)) => summary.data_points.iter_mut().try_for_each(|point| {
            visit(Point {
                buckets: point.quantile_values.len(),
                attributes: &mut point.attributes,
                exemplars: &mut [],
                started: point.start_time_unix_nano,
                time: point.time_unix_nano,
            })
        }),
        _ => Ok(()),
    }
}
