//! Protobuf's JSON in all its spellings (<https://protobuf.dev/programming-guides/json/>): opentelemetry-proto reads fewer.

use serde::de::value::{MapDeserializer, SeqDeserializer};
use serde::de::{DeserializeOwned, Deserializer, Error as _, IntoDeserializer, Visitor};
use serde_json::{Error, Value};

/// How deep `body` nests, and how much it holds, has been checked.
pub(super) fn read<R: DeserializeOwned>(body: &[u8]) -> Result<R, Error> {
    R::deserialize(Field { value: serde_json::from_slice(body)?, kind: Kind::Plain })
}

/// What a field's name says of how its value may be written.
#[derive(Clone, Copy, PartialEq)]
enum Kind {
    Plain,
    Attributes,
    Array,
    KeyValueList,
    /// May be a text, also one that says `NaN`, `Infinity` or `-Infinity`.
    Double,
    /// May be a text.
    Integer,
    /// Base64 of either alphabet, padded or not.
    Bytes,
}

impl Kind {
    fn of(name: &str, within: Self) -> Self {
        match name {
            "values" if within == Self::KeyValueList => Self::Attributes,
            "attributes" | "filteredAttributes" | "metadata" => Self::Attributes,
            "arrayValue" => Self::Array,
            "kvlistValue" => Self::KeyValueList,
            "asDouble" | "doubleValue" | "sum" | "min" | "max" | "zeroThreshold" | "explicitBounds" | "quantile"
            | "value" => Self::Double,
            "asInt" => Self::Integer,
            "bytesValue" => Self::Bytes,
            _ => Self::Plain,
        }
    }

    /// A field without which opentelemetry-proto reads no object of this kind.
    fn needs(self) -> Option<(&'static str, Value)> {
        match self {
            Self::Attributes => Some(("key", Value::String(String::new()))),
            Self::Array | Self::KeyValueList => Some(("values", Value::Array(Vec::new()))),
            _ => None,
        }
    }
}

/// The value of a field, or of an element of its list.
struct Field {
    value: Value,
    kind: Kind,
}

impl<'de> Deserializer<'de> for Field {
    type Error = Error;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        let kind = self.kind;
        match (self.value, kind) {
            (Value::Array(values), _) => {
                visitor.visit_seq(SeqDeserializer::new(values.into_iter().map(|value| Self { value, kind })))
            }
            (Value::Object(mut fields), _) => {
                fields.retain(|_, value| !value.is_null());
                if let Some((name, value)) = kind.needs() {
                    fields.entry(name).or_insert(value);
                }
                let fields = fields.into_iter().map(|(name, value)| {
                    let kind = Kind::of(&name, kind);
                    (name, Self { value, kind })
                });
                visitor.visit_map(MapDeserializer::new(fields))
            }
            (Value::String(text), Kind::Double) => visitor.visit_f64(double(&text)?),
            (Value::String(text), Kind::Integer) => visitor.visit_i64(text.parse().map_err(Error::custom)?),
            (Value::String(text), Kind::Bytes) => visitor.visit_string(padded(&text)),
            // Where one of several fields may be there, what has another type would be taken for none.
            (value, Kind::Double) if !value.is_number() => Err(Error::custom("expected a number")),
            (value, Kind::Integer) if !value.is_i64() => Err(Error::custom("expected an integer of 64 bits")),
            (value, _) => value.deserialize_any(visitor),
        }
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        if self.value.is_null() { visitor.visit_none() } else { visitor.visit_some(self) }
    }

    fn deserialize_ignored_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        visitor.visit_unit()
    }

    serde::forward_to_deserialize_any! {
        bool i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 f64 char str string bytes byte_buf unit unit_struct
        newtype_struct seq tuple tuple_struct map struct enum identifier
    }
}

impl IntoDeserializer<'_, Error> for Field {
    type Deserializer = Self;

    fn into_deserializer(self) -> Self {
        self
    }
}

fn double(text: &str) -> Result<f64, Error> {
    match text {
        "NaN" => Ok(f64::NAN),
        "Infinity" => Ok(f64::INFINITY),
        "-Infinity" => Ok(f64::NEG_INFINITY),
        // Rust has more spellings of what is not finite.
        _ => {
            text.parse().ok().filter(|value: &f64| value.is_finite()).ok_or_else(|| Error::custom("expected a number"))
        }
    }
}

/// As the usual alphabet has it, with its padding.
fn padded(base64: &str) -> String {
    let bare = base64.trim_end_matches('=');
    let usual = bare.chars().map(|c| match c {
        '-' => '+',
        '_' => '/',
        c => c,
    });
    usual.chain(std::iter::repeat_n('=', bare.len().next_multiple_of(4) - bare.len())).collect()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::read;
    use opentelemetry_proto::tonic::common::v1::any_value::Value;
    use opentelemetry_proto::tonic::common::v1::{AnyValue, ArrayValue, KeyValue, KeyValueList};
    use opentelemetry_proto::tonic::logs::v1::LogRecord;
    use opentelemetry_proto::tonic::metrics::v1::number_data_point::Value::{AsDouble, AsInt};
    use opentelemetry_proto::tonic::metrics::v1::{Exemplar, Metric, exemplar, metric};
    use opentelemetry_proto::tonic::trace::v1::Span;
    use serde_json::json;

    fn value(json: &serde_json::Value) -> Option<Value> {
        read::<AnyValue>(json.to_string().as_bytes()).unwrap().value
    }

    fn metric(json: &serde_json::Value) -> Option<metric::Data> {
        read::<Metric>(json.to_string().as_bytes()).unwrap().data
    }

    #[test]
    fn numbers_may_be_written_as_text_and_be_none() {
        for (text, expected) in
            [("Infinity", f64::INFINITY), ("-Infinity", f64::NEG_INFINITY), ("1.5", 1.5), ("-2e3", -2000.0)]
        {
            assert_eq!(value(&json!({"doubleValue": text})), Some(Value::DoubleValue(expected)));
            let point = json!({"timeUnixNano": "1", "asDouble": text, "exemplars": [{"asDouble": text}]});
            let Some(metric::Data::Gauge(gauge)) = metric(&json!({"gauge": {"dataPoints": [point]}})) else { panic!() };
            let point = &gauge.data_points[0];
            assert_eq!(point.value, Some(AsDouble(expected)));
            assert_eq!(point.exemplars[0].value, Some(exemplar::Value::AsDouble(expected)));
            let point = json!({"sum": text, "min": text, "max": text, "explicitBounds": [1, text]});
            let read = metric(&json!({"histogram": {"dataPoints": [point]}}));
            let Some(metric::Data::Histogram(histogram)) = read else { panic!() };
            let point = &histogram.data_points[0];
            assert_eq!([point.sum, point.min, point.max], [Some(expected); 3]);
            assert_eq!(point.explicit_bounds, [1.0, expected]);
        }
        assert!(matches!(value(&json!({"doubleValue": "NaN"})), Some(Value::DoubleValue(value)) if value.is_nan()));
        let sum = metric(&json!({"sum": {"dataPoints": [{"asInt": "-7"}, {"asInt": 7}, {"asDouble": 7}]}}));
        let Some(metric::Data::Sum(sum)) = sum else { panic!() };
        let values: Vec<_> = sum.data_points.iter().map(|point| point.value.unwrap()).collect();
        assert_eq!(values, [AsInt(-7), AsInt(7), AsDouble(7.0)]);
        let quantile = json!({"quantileValues": [{"quantile": 1, "value": "NaN"}]});
        let Some(metric::Data::Summary(summary)) = metric(&json!({"summary": {"dataPoints": [quantile]}})) else {
            panic!()
        };
        assert!(summary.data_points[0].quantile_values[0].value.is_nan());
    }

    #[test]
    fn what_is_no_number_is_refused_not_forgotten() {
        for wrong in [json!("inf"), json!("nan"), json!(""), json!("1e999"), json!(true)] {
            for name in ["asDouble", "asInt"] {
                let exemplar = json!({ name: wrong }).to_string();
                assert!(read::<Exemplar>(exemplar.as_bytes()).is_err(), "{exemplar}");
            }
        }
        assert!(read::<Exemplar>(br#"{"asInt": 1.5}"#).is_err());
        assert!(read::<Exemplar>(br#"{"asInt": "9223372036854775808"}"#).is_err());
    }

    #[test]
    fn lists_without_values_are_empty() {
        for empty in [json!({}), json!({"values": null}), json!({"values": []})] {
            let array = value(&json!({"arrayValue": empty}));
            assert_eq!(array, Some(Value::ArrayValue(ArrayValue::default())));
            let list = value(&json!({"kvlistValue": empty}));
            assert_eq!(list, Some(Value::KvlistValue(KeyValueList::default())));
        }
    }

    #[test]
    fn null_is_as_if_the_field_were_not_there() {
        let nulls = json!({
            "traceId": null, "spanId": null, "parentSpanId": null, "name": null, "kind": null, "startTimeUnixNano": null,
            "attributes": [{"key": null, "value": null}, {"value": {"kvlistValue": {"values": [{"key": null}]}}}],
            "events": null, "links": [{"traceId": null}], "status": null, "droppedLinksCount": null, "unknown": null,
        });
        let span: Span = read(nulls.to_string().as_bytes()).unwrap();
        let inner = Value::KvlistValue(KeyValueList { values: vec![KeyValue::default()] });
        let of_list = KeyValue { value: Some(AnyValue { value: Some(inner) }), ..KeyValue::default() };
        let expected =
            Span { attributes: vec![KeyValue::default(), of_list], links: vec![Default::default()], ..Span::default() };
        assert_eq!(span, expected);
        let record: LogRecord = read(br#"{"body": null, "severityNumber": null, "timeUnixNano": null}"#).unwrap();
        assert_eq!(record, LogRecord::default());
        assert_eq!(value(&json!({"intValue": null, "stringValue": "a"})), Some(Value::StringValue("a".to_owned())));
        assert_eq!(metric(&json!({"gauge": null, "sum": null})), None);
    }

    #[test]
    fn bytes_come_in_any_base64() {
        for text in ["+/8=", "-_8=", "+/8", "-_8"] {
            assert_eq!(value(&json!({"bytesValue": text})), Some(Value::BytesValue(vec![0xfb, 0xff])), "{text}");
        }
        assert_eq!(value(&json!({"bytesValue": ""})), Some(Value::BytesValue(Vec::new())));
        assert!(read::<AnyValue>(br#"{"bytesValue": "a b"}"#).is_err());
    }
}
