use super::bounds::{LATEST_UNIX_NANO, cut_attributes, cut_resource, cut_scope, cut_text, is_optional_id, visit_scope};
use super::{Limits, Rejected, Relayed, Said};
use crate::server::relay::shape::Type;
use opentelemetry_proto::tonic::collector::metrics::v1::ExportMetricsServiceRequest;
use opentelemetry_proto::tonic::common::v1::KeyValue;
use opentelemetry_proto::tonic::metrics::v1::metric::Data;
use opentelemetry_proto::tonic::metrics::v1::{Exemplar, Metric, NumberDataPoint};

/// Buckets or quantiles of one data point.
const MAX_BUCKETS: usize = 1024;

impl Relayed for ExportMetricsServiceRequest {
    const SHAPE: Type = Type::Metrics;

    fn check_and_cut(&mut self, limits: &Limits) -> Rejected {
        let mut rejected = Rejected::default();
        for of_resource in &mut self.resource_metrics {
            cut_resource(&mut of_resource.resource, &mut of_resource.schema_url, limits);
            for of_scope in &mut of_resource.scope_metrics {
                cut_scope(&mut of_scope.scope, &mut of_scope.schema_url, limits);
                for metric in &mut of_scope.metrics {
                    for text in [&mut metric.name, &mut metric.description, &mut metric.unit] {
                        cut_text(text, limits);
                    }
                    cut_attributes(&mut metric.metadata, &mut 0, limits);
                    each_point(metric, &mut |point| rejected.takes(point.check_and_cut(limits)));
                }
            }
        }
        rejected
    }

    fn each_said(&mut self, visit: &mut dyn FnMut(Said<'_>)) {
        for of_resource in &mut self.resource_metrics {
            visit(Said::Resource(&mut of_resource.resource));
            visit(Said::Text(&mut of_resource.schema_url));
            for of_scope in &mut of_resource.scope_metrics {
                visit_scope(&mut of_scope.scope, &mut of_scope.schema_url, visit);
                of_scope.metrics.iter_mut().for_each(|metric| each_said_in(metric, visit));
            }
        }
    }
}

fn each_said_in(metric: &mut Metric, visit: &mut dyn FnMut(Said<'_>)) {
    for text in [&mut metric.name, &mut metric.description, &mut metric.unit] {
        visit(Said::Text(text));
    }
    visit(Said::Attributes(&mut metric.metadata));
    each_point(metric, &mut |point| {
        visit(Said::Attributes(point.attributes));
        for exemplar in point.exemplars {
            visit(Said::Attributes(&mut exemplar.filtered_attributes));
        }
        true
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
    fn check_and_cut(self, limits: &Limits) -> Result<(), &'static str> {
        if self.time == 0 || self.time > LATEST_UNIX_NANO || self.started > self.time {
            return Err("A data point ends before it starts, or its times are not nanoseconds since 1970.");
        }
        if self.buckets > MAX_BUCKETS {
            return Err("A data point has more than 1024 buckets or quantiles.");
        }
        cut_attributes(self.attributes, &mut 0, limits);
        for exemplar in self.exemplars {
            if !is_optional_id::<16>(&mut exemplar.trace_id) || !is_optional_id::<8>(&mut exemplar.span_id) {
                return Err("An exemplar's ids are neither empty nor 16 and 8 bytes.");
            }
            cut_attributes(&mut exemplar.filtered_attributes, &mut 0, limits);
        }
        Ok(())
    }
}

/// Keeps the points that `visit` says are right.
fn each_point(metric: &mut Metric, visit: &mut dyn FnMut(Point<'_>) -> bool) {
    let number = |point: &mut NumberDataPoint| {
        visit(Point {
            buckets: 0,
            attributes: &mut point.attributes,
            exemplars: &mut point.exemplars,
            started: point.start_time_unix_nano,
            time: point.time_unix_nano,
        })
    };
    match &mut metric.data {
        Some(Data::Gauge(gauge)) => gauge.data_points.retain_mut(number),
        Some(Data::Sum(sum)) => sum.data_points.retain_mut(number),
        Some(Data::Histogram(histogram)) => histogram.data_points.retain_mut(|point| {
            visit(Point {
                buckets: point.bucket_counts.len().max(point.explicit_bounds.len()),
                attributes: &mut point.attributes,
                exemplars: &mut point.exemplars,
                started: point.start_time_unix_nano,
                time: point.time_unix_nano,
            })
        }),
        Some(Data::ExponentialHistogram(histogram)) => histogram.data_points.retain_mut(|point| {
            let sides = [&point.positive, &point.negative].into_iter().flatten();
            visit(Point {
                buckets: sides.map(|side| side.bucket_counts.len()).max().unwrap_or_default(),
                attributes: &mut point.attributes,
                exemplars: &mut point.exemplars,
                started: point.start_time_unix_nano,
                time: point.time_unix_nano,
            })
        }),
        Some(Data::Summary(summary)) => summary.data_points.retain_mut(|point| {
            visit(Point {
                buckets: point.quantile_values.len(),
                attributes: &mut point.attributes,
                exemplars: &mut [],
                started: point.start_time_unix_nano,
                time: point.time_unix_nano,
            })
        }),
        None => {}
    }
}
