//! Protobuf as it is on the wire, written at once. Messages that are made of structures cost an allocation for each text;
//! those that are made once per request are written here instead.

use prost::encoding::{WireType, encode_key, encode_varint};

/// A message inside of another; `write` writes its fields.
pub(super) fn message(out: &mut Vec<u8>, field: u32, write: impl FnOnce(&mut Vec<u8>)) {
    encode_key(field, WireType::LengthDelimited, out);
    let at = out.len();
    // Most messages are short, and their length is one byte; a longer one moves, once.
    out.push(0);
    write(out);
    let length = out.len() - at - 1;
    if let Ok(byte @ 0..0x80) = u8::try_from(length) {
        out[at] = byte;
        return;
    }
    let end = out.len();
    encode_varint(length as u64, out);
    let bytes = out.len() - end;
    let mut encoded = [0; 10];
    encoded[..bytes].copy_from_slice(&out[end..]);
    // The length's first byte has its place already.
    out.copy_within(at + 1..end, at + bytes);
    out[at..at + bytes].copy_from_slice(&encoded[..bytes]);
    out.truncate(end + bytes - 1);
}

/// Bytes, or a text; nothing stands for none.
pub(super) fn bytes(out: &mut Vec<u8>, field: u32, value: &[u8]) {
    if !value.is_empty() {
        one_of_bytes(out, field, value);
    }
}

pub(super) fn number(out: &mut Vec<u8>, field: u32, value: u64) {
    if value != 0 {
        one_of_number(out, field, value);
    }
}

pub(super) fn fixed64(out: &mut Vec<u8>, field: u32, value: u64) {
    if value != 0 {
        encode_key(field, WireType::SixtyFourBit, out);
        out.extend_from_slice(&value.to_le_bytes());
    }
}

pub(super) fn fixed32(out: &mut Vec<u8>, field: u32, value: u32) {
    if value != 0 {
        encode_key(field, WireType::ThirtyTwoBit, out);
        out.extend_from_slice(&value.to_le_bytes());
    }
}

/// The one of several fields that is there, even if it says nothing.
pub(super) fn one_of_bytes(out: &mut Vec<u8>, field: u32, value: &[u8]) {
    encode_key(field, WireType::LengthDelimited, out);
    encode_varint(value.len() as u64, out);
    out.extend_from_slice(value);
}

pub(super) fn one_of_number(out: &mut Vec<u8>, field: u32, value: u64) {
    encode_key(field, WireType::Varint, out);
    encode_varint(value, out);
}

pub(super) fn one_of_double(out: &mut Vec<u8>, field: u32, value: f64) {
    encode_key(field, WireType::SixtyFourBit, out);
    out.extend_from_slice(&value.to_le_bytes());
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::{bytes, message};
    use opentelemetry_proto::tonic::common::v1::{AnyValue, KeyValue, any_value::Value};
    use prost::Message;

    #[test]
    fn messages_of_any_length_are_as_prost_writes_them() {
        for length in
            [0, 1, 120, 121, 122, 123, 124, 125, 126, 127, 128, 300, 16_370, 16_383, 16_384, 70_000, 2_100_000]
        {
            let text = "가".repeat(length / 3) + &"a".repeat(length % 3);
            let value = Some(AnyValue { value: Some(Value::StringValue(text.clone())) });
            let expected = KeyValue { key: "key".to_owned(), value, ..KeyValue::default() }.encode_to_vec();
            let mut written = Vec::new();
            bytes(&mut written, 1, b"key");
            message(&mut written, 2, |out| super::one_of_bytes(out, 1, text.as_bytes()));
            assert_eq!(written, expected, "{length}");
        }
    }
}
