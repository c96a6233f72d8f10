//! What changed between two definitions, a line for each place, for a person
//! who decides on it. Must not know what became of the change.

use serde_json::{Value, json};

use crate::base::json::Object;
use crate::contract::ToolDefinition;

/// More lines than this are counted, not told.
const MAX_LINES: usize = 40;
/// The most characters of a text that are shown.
const MAX_TEXT: usize = 300;
/// Characters around the change in a longer text.
const AROUND: usize = 30;

/// The changes from one definition to the other, as `field: before -> after`.
pub(in crate::downstream) fn diff(before: &ToolDefinition, after: &ToolDefinition) -> Vec<String> {
    let mut lines = Vec::new();
    compare("", &facts(before), &facts(after), &mut lines);
    if lines.len() > MAX_LINES {
        let more = lines.len() - MAX_LINES;
        lines.truncate(MAX_LINES);
        lines.push(format!("and {more} more"));
    }
    lines
}

fn facts(definition: &ToolDefinition) -> Value {
    let mut facts = Object::new();
    facts.insert("title".to_owned(), json!(definition.title.as_deref().unwrap_or_default()));
    facts.insert("description".to_owned(), json!(definition.description));
    facts.insert("annotations".to_owned(), json!(definition.annotations));
    facts.insert("input_schema".to_owned(), definition.input_schema.clone());
    if let Some(schema) = &definition.output_schema {
        facts.insert("output_schema".to_owned(), schema.clone());
    }
    Value::Object(facts)
}

fn compare(path: &str, before: &Value, after: &Value, lines: &mut Vec<String>) {
    match (before, after) {
        (one, other) if one == other => {}
        (Value::Object(one), Value::Object(other)) => {
            let below = |key: &str| if path.is_empty() { key.to_owned() } else { format!("{path}.{key}") };
            for (key, value) in one {
                match other.get(key) {
                    Some(now) => compare(&below(key), value, now, lines),
                    None => lines.push(format!("{}: {} is gone", below(key), shown(value))),
                }
            }
            for (key, value) in other.iter().filter(|(key, _)| !one.contains_key(*key)) {
                lines.push(format!("{}: {} is new", below(key), shown(value)));
            }
        }
        (Value::String(one), Value::String(other)) => {
            let (one, other) = apart(one, other);
            lines.push(format!("{path}: {one:?} -> {other:?}"));
        }
        (one, other) => lines.push(format!("{path}: {} -> {}", shown(one), shown(other))),
    }
}

fn shown(value: &Value) -> String {
    cut(&value.to_string())
}

fn cut(text: &str) -> String {
    match text.char_indices().nth(MAX_TEXT) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text.to_owned(),
    }
}

/// The parts of two texts that differ, with a little of what is around them.
fn apart(one: &str, other: &str) -> (String, String) {
    if one.chars().count().max(other.chars().count()) <= MAX_TEXT {
        return (one.to_owned(), other.to_owned());
    }
    let (one, other): (Vec<char>, Vec<char>) = (one.chars().collect(), other.chars().collect());
    let start = one.iter().zip(&other).take_while(|(a, b)| a == b).count();
    let end = one[start..].iter().rev().zip(other[start..].iter().rev()).take_while(|(a, b)| a == b).count();
    let part = |text: &[char]| {
        let (from, to) = (start.saturating_sub(AROUND), (text.len() - end + AROUND).min(text.len()));
        let inner: String = text[from..to].iter().collect();
        let (before, after) = (if from > 0 { "…" } else { "" }, if to < text.len() { "…" } else { "" });
        format!("{before}{}{after}", cut(&inner))
    };
    (part(&one), part(&other))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::diff;
    use crate::contract::{Annotations, ToolDefinition};

    fn definition() -> ToolDefinition {
        ToolDefinition {
            name: "send".to_owned(),
            title: None,
            description: "Sends a message.".to_owned(),
            input_schema: json!({"type": "object", "properties": {"to": {"type": "string"}, "cc": {"type": "string"}}}),
            output_schema: None,
            annotations: Annotations { read_only_hint: Some(true), ..Annotations::default() },
        }
    }

    #[test]
    fn every_changed_place_is_a_line() {
        let after = ToolDefinition {
            description: "Sends a message and a copy.".to_owned(),
            input_schema: json!({"type": "object", "properties": {"to": {"type": "array"}, "bcc": {"type": "string"}}}),
            annotations: Annotations::default(),
            ..definition()
        };
        assert_eq!(
            diff(&definition(), &after),
            [
                r#"description: "Sends a message." -> "Sends a message and a copy.""#,
                "annotations.readOnlyHint: true is gone",
                r#"input_schema.properties.to.type: "string" -> "array""#,
                r#"input_schema.properties.cc: {"type":"string"} is gone"#,
                r#"input_schema.properties.bcc: {"type":"string"} is new"#,
            ]
        );
        assert!(diff(&definition(), &definition()).is_empty());
    }

    #[test]
    fn of_a_long_text_only_what_differs_is_shown() {
        let long = |word: &str| ToolDefinition {
            description: format!("{}{word}{}", "a ".repeat(400), " b".repeat(400)),
            ..definition()
        };
        let line = &diff(&long("one"), &long("two"))[0];
        assert!(line.contains("one") && line.contains("two") && line.len() < 200, "{line}");
    }
}
