//! JSON helpers: canonical text, hashes, object building.

use serde_json::{Map, Value};
use sha2::{Digest, Sha256};

/// A JSON object.
pub type Object = Map<String, Value>;

/// Compact JSON text with object keys in byte order at every depth, so that
/// equal values have equal text.
#[must_use]
pub fn canonical(value: &Value) -> String {
    let mut out = String::new();
    write_canonical(value, &mut out);
    out
}

fn write_canonical(value: &Value, out: &mut String) {
    match value {
        Value::Object(map) => {
            let mut keys: Vec<&String> = map.keys().collect();
            keys.sort_unstable();
            out.push('{');
            for (i, key) in keys.into_iter().enumerate() {
                if i > 0 {
                    out.push(',');
                }
                out.push_str(&Value::String(key.clone()).to_string());
                out.push(':');
                write_canonical(&map[key], out);
            }
            out.push('}');
        }
        Value::Array(items) => {
            out.push('[');
            for (i, item) in items.iter().enumerate() {
                if i > 0 {
                    out.push(',');
                }
                write_canonical(item, out);
            }
            out.push(']');
        }
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => out.push_str(&value.to_string()),
    }
}

/// The bytes of a value as compact JSON, escapes in texts not counted: a walk
/// that does not look into them, for the sizes of large results.
#[must_use]
pub fn size(value: &Value) -> usize {
    match value {
        Value::Null => 4,
        Value::Bool(value) => {
            if *value {
                4
            } else {
                5
            }
        }
        Value::Number(number) => number.to_string().len(),
        Value::String(text) => text.len() + 2,
        Value::Array(items) => list_size(items),
        Value::Object(map) => {
            let entries: usize = map.iter().map(|(key, value)| key.len() + 3 + size(value)).sum();
            entries + map.len().saturating_sub(1) + 2
        }
    }
}

/// The same of a list.
#[must_use]
pub fn list_size(items: &[Value]) -> usize {
    items.iter().map(size).sum::<usize>() + items.len().saturating_sub(1) + 2
}

/// SHA-256 of `bytes` as 64 lower-case hexadecimal digits.
#[must_use]
pub fn sha256_hex(bytes: &[u8]) -> String {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    let digit = |nibble: u8| char::from(DIGITS[usize::from(nibble)]);
    Sha256::digest(bytes).iter().flat_map(|byte| [digit(byte >> 4), digit(byte & 15)]).collect()
}

#[cfg(test)]
mod tests {
    use super::{canonical, sha256_hex, size};
    use serde_json::json;

    #[test]
    fn canonical_text_does_not_depend_on_key_order() {
        assert_eq!(
            canonical(&json!({"b": [1, {"d": null, "c": "x"}], "a": true})),
            r#"{"a":true,"b":[1,{"c":"x","d":null}]}"#
        );
    }

    #[test]
    fn sizes_are_those_of_the_text_but_for_escapes() {
        for value in [json!({}), json!([]), json!([1, -2.5, null, true, false, "é", {"a": [], "b": {"c": 1e30}}])] {
            assert_eq!(size(&value), value.to_string().len(), "{value}");
        }
        assert_eq!(size(&json!("a\"b")), 5);
    }

    #[test]
    fn sha256_of_the_empty_string() {
        assert_eq!(sha256_hex(b""), "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
    }
}
