use super::bounds::{
    LATEST_UNIX_NANO, cut_attributes, cut_resource, cut_scope, cut_text, cut_value, is_optional_id, visit_scope,
};
use super::{Limits, Rejected, Relayed, Said};
use crate::names::{development, stable};
use crate::server::relay::shape::Type;
use opentelemetry_proto::tonic::collector::logs::v1::ExportLogsServiceRequest;
use opentelemetry_proto::tonic::common::v1::any_value::Value;
use opentelemetry_proto::tonic::logs::v1::LogRecord;

impl Relayed for ExportLogsServiceRequest {
    const SHAPE: Type = Type::Logs;

    fn check_and_cut(&mut self, limits: &Limits) -> Rejected {
        let mut rejected = Rejected::default();
        for of_resource in &mut self.resource_logs {
            cut_resource(&mut of_resource.resource, &mut of_resource.schema_url, limits);
            for of_scope in &mut of_resource.scope_logs {
                cut_scope(&mut of_scope.scope, &mut of_scope.schema_url, limits);
                of_scope.log_records.retain_mut(|record| rejected.takes(check(record)));
                of_scope.log_records.iter_mut().for_each(|record| cut(record, limits));
            }
        }
        rejected
    }

    fn each_said(&mut self, visit: &mut dyn FnMut(Said<'_>)) {
        for of_resource in &mut self.resource_logs {
            visit(Said::Resource(&mut of_resource.resource));
            visit(Said::Text(&mut of_resource.schema_url));
            for of_scope in &mut of_resource.scope_logs {
                visit_scope(&mut of_scope.scope, &mut of_scope.schema_url, visit);
                for record in &mut of_scope.log_records {
                    visit(Said::Text(&mut record.severity_text));
                    visit(Said::Text(&mut record.event_name));
                    visit(Said::Attributes(&mut record.attributes));
                    record.body.iter_mut().for_each(|body| visit(Said::Value(body)));
                }
            }
        }
    }
}

/// What pages tell of how they felt: a vital's name, the page's route, and the value in milliseconds or, for `cls`, as a score.
pub fn web_vitals(request: &ExportLogsServiceRequest) -> impl Iterator<Item = (&'static str, &str, f64)> {
    const VITALS: [&str; 5] = ["cls", "fcp", "inp", "lcp", "ttfb"];
    /// An hour: nobody waited longer.
    const MOST: f64 = 3_600_000.0;
    let scopes = request.resource_logs.iter().flat_map(|of| &of.scope_logs);
    let vitals = scopes.flat_map(|scope| &scope.log_records).filter(|record| record.event_name == "browser.web_vital");
    vitals.filter_map(|record| {
        let attribute =
            |name: &str| record.attributes.iter().find(|one| one.key == name)?.value.as_ref()?.value.as_ref();
        let text = |name: &str| match attribute(name) {
            Some(Value::StringValue(text)) => Some(text.as_str()),
            _ => None,
        };
        let told = text(development::BROWSER_WEB_VITAL_NAME)?;
        let name = VITALS.iter().find(|known| **known == told)?;
        let value = match attribute(development::BROWSER_WEB_VITAL_VALUE)? {
            Value::DoubleValue(value) => *value,
            Value::IntValue(value) => *value as f64,
            _ => return None,
        };
        (0.0..=MOST).contains(&value).then_some((*name, text(stable::HTTP_ROUTE)?, value))
    })
}

fn check(record: &mut LogRecord) -> Result<(), &'static str> {
    if !is_optional_id::<16>(&mut record.trace_id) || !is_optional_id::<8>(&mut record.span_id) {
        return Err("A log record's ids are neither empty nor 16 and 8 bytes.");
    }
    if record.time_unix_nano.max(record.observed_time_unix_nano) > LATEST_UNIX_NANO {
        return Err("A log record's times are not nanoseconds since 1970.");
    }
    Ok(())
}

fn cut(record: &mut LogRecord, limits: &Limits) {
    cut_text(&mut record.severity_text, limits);
    cut_text(&mut record.event_name, limits);
    if let Some(body) = &mut record.body {
        cut_value(body, limits);
    }
    cut_attributes(&mut record.attributes, &mut record.dropped_attributes_count, limits);
}
