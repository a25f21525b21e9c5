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
const MOST: i64 = 100_000;

/// What the page could not keep since its last request, as it says in its resource.
pub fn losses(request: &mut impl Relayed) -> Losses {
    let mut losses = Losses::default();
    request.each_said(&mut |said| {
        let Said::Resource(Some(resource)) = said else { return };
        for attribute in &resource.attributes {
            let lost = match attribute.key.as_str() {
                own::DROPPED_SPANS => &mut losses.spans,
                own::DROPPED_LOG_RECORDS => &mut losses.log_records,
                _ => continue,
            };
            if let Some(Value::IntValue(told)) = attribute.value.as_ref().and_then(|value| value.value.as_ref()) {
                *lost += told.clamp(&0, &MOST).unsigned_abs();
            }
        }
    });
    losses
}
