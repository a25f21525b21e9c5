//! What a page says it has lost.

use super::{Relayed, Said};
use crate::names::own;
use opentelemetry_proto::tonic::common::v1::any_value::Value;

/// Of each signal, by the name that the metric gives it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Losses {
    pub spans: u64,
    pub log_records: u64,
}

/// A page that lost more than that is not believed further.
const MOST: u64 = 100_000;

/// What the page could not keep since its last request, as it says in its resource.
pub fn losses(request: &mut impl Relayed) -> Losses {
    let mut losses = Losses::default();
    request.each_said(&mut |said| {
        let Said::Resource(Some(resource)) = said else { return };
        // An attribute that is there again says nothing: names are unique.
        let told = |name: &str| match resource.attributes.iter().find(|one| one.key == name)?.value.as_ref()?.value {
            Some(Value::IntValue(told)) => u64::try_from(told).ok(),
            _ => None,
        };
        let add = |sum: u64, name| sum.saturating_add(told(name).unwrap_or_default()).min(MOST);
        losses.spans = add(losses.spans, own::DROPPED_SPANS);
        losses.log_records = add(losses.log_records, own::DROPPED_LOG_RECORDS);
    });
    losses
}

#[cfg(test)]
mod tests {
    use super::{Losses, losses};
    use crate::names::own;
    use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest;
    use opentelemetry_proto::tonic::common::v1::any_value::Value;
    use opentelemetry_proto::tonic::common::v1::{AnyValue, KeyValue};
    use opentelemetry_proto::tonic::resource::v1::Resource;
    use opentelemetry_proto::tonic::trace::v1::ResourceSpans;

    fn told(resources: usize, attributes: &[(&str, i64)]) -> Losses {
        let attribute = |(key, lost): &(&str, i64)| KeyValue {
            key: (*key).to_owned(),
            value: Some(AnyValue { value: Some(Value::IntValue(*lost)) }),
            ..KeyValue::default()
        };
        let resource = Resource { attributes: attributes.iter().map(attribute).collect(), ..Resource::default() };
        let one = ResourceSpans { resource: Some(resource), ..ResourceSpans::default() };
        losses(&mut ExportTraceServiceRequest { resource_spans: vec![one; resources] })
    }

    #[test]
    fn each_resource_is_heard_once_and_all_together_no_further_than_the_most() {
        let both = [(own::DROPPED_SPANS, 7), (own::DROPPED_LOG_RECORDS, 2), (own::DROPPED_SPANS, 9)];
        assert_eq!(told(1, &both), Losses { spans: 7, log_records: 2 });
        assert_eq!(told(3, &both), Losses { spans: 21, log_records: 6 });
        let lies = [(own::DROPPED_SPANS, 100_000); 60];
        assert_eq!(told(60, &lies), Losses { spans: 100_000, log_records: 0 });
        assert_eq!(told(60, &[(own::DROPPED_SPANS, i64::MAX)]), Losses { spans: 100_000, log_records: 0 });
        assert_eq!(told(1, &[(own::DROPPED_SPANS, i64::MIN)]), Losses::default());
    }
}
