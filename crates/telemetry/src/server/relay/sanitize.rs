use super::super::otlp::text_attribute;
use super::super::secrets::{MASK, is_secret, mask_addresses};
use super::{Relayed, Said};
use crate::names::{development, own, stable};
use opentelemetry_proto::tonic::common::v1::any_value::Value;
use opentelemetry_proto::tonic::common::v1::{AnyValue, KeyValue};
use opentelemetry_proto::tonic::resource::v1::Resource;
use std::borrow::Cow;

/// Who sent the spans, as the server knows it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct RelayIdentity {
    /// FRONTEND_SERVICE_NAME.
    pub service_name: String,
    /// An IP address.
    pub client_address: String,
    /// The hash of the visitor cookie.
    pub visitor: Option<String>,
    /// The session's public id.
    pub session_id: Option<String>,
    /// The signed-in user's name.
    pub user: Option<String>,
}

/// What only the server may say: taken out of items and resources alike.
const SERVER_ONLY: [&str; 6] = [
    stable::SERVICE_NAME,
    stable::CLIENT_ADDRESS,
    own::VISITOR,
    own::PART,
    development::SESSION_ID,
    development::USER_NAME,
];

/// What a browser may say about itself, beside `browser.*`.
const KNOWN: [&str; 8] = [
    stable::SERVICE_VERSION,
    stable::TELEMETRY_SDK_LANGUAGE,
    stable::TELEMETRY_SDK_NAME,
    stable::TELEMETRY_SDK_VERSION,
    stable::USER_AGENT_ORIGINAL,
    own::CLOCK_OFFSET_MS,
    own::DROPPED_SPANS,
    own::DROPPED_LOG_RECORDS,
];

/// OpenTelemetry's name, which nothing of ours says.
const URL_FRAGMENT: &str = "url.fragment";

/// Rewrites who the telemetry is from: the resource keeps what is known to come from browsers and gets `identity`; the
/// rest loses what only the server may say. All is masked as by [`mask`].
pub fn sanitize(request: &mut impl Relayed, identity: &RelayIdentity) {
    request.each_said(&mut |said| match said {
        Said::Resource(resource) => {
            let mut attributes = resource.take().map_or_else(Vec::new, |resource| resource.attributes);
            attributes.retain(is_known);
            mask_all(&mut attributes);
            attributes.extend(identity.attributes());
            *resource = Some(Resource { attributes, ..Resource::default() });
        }
        Said::Attributes(attributes) => {
            attributes.retain(|attribute| !SERVER_ONLY.contains(&attribute.key.as_str()));
            mask_all(attributes);
        }
        said => mask_said(said),
    });
}

/// Masks secrets, and what addresses say beside their place. Who it is from stays as another program says it.
pub fn mask(request: &mut impl Relayed) {
    request.each_said(&mut mask_said);
}

fn mask_said(said: Said<'_>) {
    match said {
        Said::Resource(resource) => resource.iter_mut().for_each(|resource| mask_all(&mut resource.attributes)),
        Said::Attributes(attributes) => mask_all(attributes),
        Said::Value(value) => mask_value(value),
        Said::Text(text) => mask_text(text),
    }
}

fn mask_all(attributes: &mut [KeyValue]) {
    for attribute in attributes {
        if is_secret(&attribute.key) || [stable::URL_QUERY, URL_FRAGMENT].contains(&attribute.key.as_str()) {
            *attribute = text_attribute(&attribute.key, MASK);
        }
        mask_text(&mut attribute.key);
        attribute.value.iter_mut().for_each(mask_value);
    }
}

/// Values nest no deeper than [`super::Limits::depth`].
fn mask_value(value: &mut AnyValue) {
    match &mut value.value {
        Some(Value::StringValue(text)) => mask_text(text),
        Some(Value::BytesValue(bytes)) => {
            // Bytes that are a text are read as one elsewhere, too.
            if let Ok(Cow::Owned(masked)) = str::from_utf8(bytes).map(mask_addresses) {
                *bytes = masked.into_bytes();
            }
        }
        Some(Value::ArrayValue(list)) => list.values.iter_mut().for_each(mask_value),
        Some(Value::KvlistValue(list)) => mask_all(&mut list.values),
        _ => {}
    }
}

fn mask_text(text: &mut String) {
    if let Cow::Owned(masked) = mask_addresses(text) {
        *text = masked;
    }
}

fn is_known(attribute: &KeyValue) -> bool {
    let key = attribute.key.as_str();
    KNOWN.contains(&key) || key.starts_with(development::BROWSER_PREFIX)
}

impl RelayIdentity {
    fn attributes(&self) -> Vec<KeyValue> {
        [
            (stable::SERVICE_NAME, Some(self.service_name.as_str())),
            (own::PART, Some("browser")),
            (stable::CLIENT_ADDRESS, Some(self.client_address.as_str())),
            (own::VISITOR, self.visitor.as_deref()),
            (development::SESSION_ID, self.session_id.as_deref()),
            (development::USER_NAME, self.user.as_deref()),
        ]
        .into_iter()
        .filter_map(|(key, value)| Some(text_attribute(key, value?)))
        .collect()
    }
}

#[cfg(test)]
#[path = "sanitize_tests.rs"]
mod tests;
