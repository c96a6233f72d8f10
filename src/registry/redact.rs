//! Takes secrets out of what is recorded of a call.

use std::sync::Arc;

use serde_json::Value;

use crate::base::json::Object;

/// What stands where a secret stood.
pub const REDACTED: &str = "<redacted>";

/// Longer texts are recorded by their beginning.
const LONG: usize = 4_000;

/// Takes the values of known secrets out of a text, in every form they could
/// have; `None` when the text holds none. The configuration makes it.
pub type Redactor = Arc<dyn Fn(&str) -> Option<String> + Send + Sync>;

/// The arguments without secrets: known values everywhere, and whole values
/// under names that say what they are.
pub(super) fn parameters(arguments: &Object, redactor: &Redactor) -> Value {
    object(arguments, redactor)
}

fn object(map: &Object, redactor: &Redactor) -> Value {
    Value::Object(
        map.iter()
            .map(|(key, value)| {
                let kept = if names_secret(key) && !value.is_null() {
                    Value::String(REDACTED.to_owned())
                } else {
                    self::value(value, redactor)
                };
                (redactor(key).unwrap_or_else(|| key.clone()), kept)
            })
            .collect(),
    )
}

fn value(value: &Value, redactor: &Redactor) -> Value {
    match value {
        Value::Object(map) => object(map, redactor),
        Value::Array(items) => Value::Array(items.iter().map(|item| self::value(item, redactor)).collect()),
        Value::String(text) => {
            let text = redactor(text).unwrap_or_else(|| text.clone());
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
    use std::sync::Arc;

    use serde_json::json;

    use super::{Redactor, parameters};

    #[test]
    fn known_values_and_named_credentials_are_taken_out_and_page_tokens_stay() {
        let redactor: Redactor = Arc::new(|text| text.contains("hunter22").then(|| text.replace("hunter22", "***")));
        let arguments = json!({
            "url": "https://x/?k=hunter22", "next_token": "50", "accessToken": "abc",
            "headers": {"Authorization": "Bearer abc", "X-API-Key": "k"}, "list": ["hunter22", 1], "key": "row",
        });
        let recorded = arguments.as_object().map(|map| parameters(map, &redactor));
        let expected = json!({
            "url": "https://x/?k=***", "next_token": "50", "accessToken": "<redacted>",
            "headers": {"Authorization": "<redacted>", "X-API-Key": "<redacted>"}, "list": ["***", 1], "key": "row",
        });
        assert_eq!(recorded, Some(expected));
    }
}
