//! Takes secrets out of what is recorded of a call.

use serde_json::Value;

use crate::base::json::Object;
use crate::config::{REDACTED, Redaction};

/// Longer texts are recorded by their beginning.
const LONG: usize = 4_000;

/// The arguments without secrets: known values everywhere, and whole values
/// under names that say what they are.
pub(super) fn parameters(arguments: &Object, redaction: &Redaction) -> Object {
    let kept = arguments.iter().map(|(key, value)| {
        let kept = if names_secret(key) && !value.is_null() {
            Value::String(REDACTED.to_owned())
        } else {
            self::value(value, redaction)
        };
        (redaction.redact(key).unwrap_or_else(|| key.clone()), kept)
    });
    kept.collect()
}

fn value(value: &Value, redaction: &Redaction) -> Value {
    match value {
        Value::Object(map) => Value::Object(parameters(map, redaction)),
        Value::Array(items) => Value::Array(items.iter().map(|item| self::value(item, redaction)).collect()),
        Value::String(text) => {
            let text = redaction.redact(text).unwrap_or_else(|| text.clone());
            Value::String(if text.len() > LONG { shortened(&text) } else { text })
        }
        Value::Null | Value::Bool(_) | Value::Number(_) => value.clone(),
    }
}

fn shortened(text: &str) -> String {
    let start: String = text.chars().take(200).collect();
    format!("{start}... ({} bytes)", text.len())
}

/// Names that end in a word for a credential. `next_token` and its like are
/// places in a list, not credentials.
fn names_secret(key: &str) -> bool {
    let mut words: Vec<String> = Vec::new();
    let mut after_lower = false;
    for c in key.chars() {
        if !c.is_alphanumeric() {
            words.push(String::new());
            after_lower = false;
            continue;
        }
        if words.is_empty() || (c.is_uppercase() && after_lower) {
            words.push(String::new());
        }
        after_lower = c.is_lowercase();
        if let Some(word) = words.last_mut() {
            word.extend(c.to_lowercase());
        }
    }
    let words: Vec<&str> = words.iter().map(String::as_str).filter(|word| !word.is_empty()).collect();
    match words.as_slice() {
        [.., "next" | "page" | "continuation" | "cursor" | "sync", "token"] | [] => false,
        [.., "api" | "access" | "private" | "secret" | "auth" | "signing" | "encryption", "key"] => true,
        [.., last] => matches!(
            *last,
            "password"
                | "passwd"
                | "passphrase"
                | "secret"
                | "token"
                | "authorization"
                | "credential"
                | "credentials"
                | "apikey"
        ),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::parameters;
    use crate::config::Redaction;

    #[test]
    fn known_values_and_named_credentials_are_taken_out_and_page_tokens_stay() {
        let redaction = Redaction::new(&["hunter22".to_owned()]);
        let arguments = json!({
            "url": "https://x/?k=hunter22", "next_token": "50", "accessToken": "abc",
            "headers": {"Authorization": "Bearer abc", "X-API-Key": "k"}, "list": ["hunter22", 1], "key": "row",
        });
        let recorded = arguments.as_object().map(|map| serde_json::Value::Object(parameters(map, &redaction)));
        let expected = json!({
            "url": "https://x/?k=<redacted>", "next_token": "50", "accessToken": "<redacted>",
            "headers": {"Authorization": "<redacted>", "X-API-Key": "<redacted>"}, "list": ["<redacted>", 1], "key": "row",
        });
        assert_eq!(recorded, Some(expected));
    }
}
