//! A tool as a server describes it, taken in: cleaned, bounded, with nothing
//! that we would have to fetch. Also the same written for the cache.
//!
//! Everything here comes from outside and may be hostile or broken: a bad tool
//! is refused with a reason and its neighbours stay. Must not know what the
//! configuration makes of a tool.

use serde_json::{Value, json};

use crate::base::json::Object;
use crate::contract::{Annotations, ToolDefinition};
use crate::telemetry::is_hidden;

/// The longest name of a tool; ours are shorter anyway.
const MAX_NAME: usize = 256;
const MAX_TITLE: usize = 200;
const MAX_DESCRIPTION: usize = 8_000;
/// Bytes of one schema's JSON, and how deep it may go.
const MAX_SCHEMA_BYTES: usize = 256 * 1024;
const MAX_SCHEMA_DEPTH: usize = 48;
/// Keywords whose values are data and not schemas.
const DATA: [&str; 5] = ["default", "const", "enum", "examples", "example"];
/// Keywords that point at other schemas.
const REFERENCES: [&str; 3] = ["$ref", "$dynamicRef", "$recursiveRef"];

/// A tool that was taken in, under the server's own name for it.
#[derive(Debug, Clone, PartialEq)]
pub(in crate::downstream) struct Reading {
    pub(in crate::downstream) definition: ToolDefinition,
    /// Characters that were taken out: invisible ones, or past a limit.
    pub(in crate::downstream) removed: usize,
    /// Why its output schema was left out.
    pub(in crate::downstream) without_output_schema: Option<String>,
}

/// Takes a tool in; the error is a reason that fits behind "refused:".
pub(in crate::downstream) fn read(tool: &Object) -> Result<Reading, String> {
    let text = |key: &str| tool.get(key).and_then(Value::as_str);
    let name = text("name").ok_or("it has no name")?;
    if name.is_empty() || name.len() > MAX_NAME {
        return Err(format!("its name has {} bytes; 1 to {MAX_NAME} are allowed", name.len()));
    }
    let annotations = tool.get("annotations");
    let hint = |key: &str| annotations.and_then(|all| all.get(key)).and_then(Value::as_bool);
    let mut removed = 0;
    let title = text("title").or_else(|| annotations.and_then(|all| all.get("title")).and_then(Value::as_str));
    let title = title.map(|title| clean(title, MAX_TITLE, &mut removed).replace(['\n', '\t'], " "));
    let description = clean(text("description").unwrap_or_default(), MAX_DESCRIPTION, &mut removed);
    let input_schema = match tool.get("inputSchema") {
        None | Some(Value::Null) => return Err("it has no input schema".to_owned()),
        Some(schema) => object_schema(schema, &mut removed).map_err(|why| format!("its input schema {why}"))?,
    };
    let (output_schema, without_output_schema) = match tool.get("outputSchema") {
        None | Some(Value::Null) => (None, None),
        Some(schema) if fetches(schema) => return Err("its output schema refers to another document".to_owned()),
        // Its results pass as they are; the schema would only take the list down with strict clients.
        Some(schema) => match object_schema(schema, &mut removed) {
            Ok(schema) => (Some(schema), None),
            Err(why) => (None, Some(why)),
        },
    };
    let annotations = Annotations {
        read_only_hint: hint("readOnlyHint"),
        destructive_hint: hint("destructiveHint"),
        idempotent_hint: hint("idempotentHint"),
        open_world_hint: hint("openWorldHint"),
    };
    let title = title.filter(|title| !title.trim().is_empty());
    let definition =
        ToolDefinition { name: name.to_owned(), title, description, input_schema, output_schema, annotations };
    Ok(Reading { definition, removed, without_output_schema })
}

/// The text without what a reader does not see, at most `limit` bytes.
fn clean(text: &str, limit: usize, removed: &mut usize) -> String {
    let mut out = String::with_capacity(text.len().min(limit));
    for c in text.chars() {
        // Two more kinds of line breaks, which hide in a line otherwise.
        let c = if matches!(c, '\u{2028}' | '\u{2029}') { '\n' } else { c };
        let seen = matches!(c, '\n' | '\t') || !(is_hidden(c) || matches!(c, '\u{fe00}'..='\u{fe0f}'));
        if seen && out.len() + c.len_utf8() <= limit {
            out.push(c);
        } else if c != '\r' {
            *removed += 1;
        }
    }
    out
}

/// The schema of an object, cleaned; the error is what is wrong with it.
fn object_schema(schema: &Value, removed: &mut usize) -> Result<Value, String> {
    let Value::Object(map) = schema else { return Err("is no object".to_owned()) };
    if !map.get("type").is_none_or(|kind| kind == "object") {
        return Err("describes something else than an object".to_owned());
    }
    if deeper(schema, MAX_SCHEMA_DEPTH) {
        return Err(format!("is nested deeper than {MAX_SCHEMA_DEPTH} levels"));
    }
    let bytes = schema.to_string().len();
    if bytes > MAX_SCHEMA_BYTES {
        return Err(format!("has {bytes} bytes; {MAX_SCHEMA_BYTES} are allowed"));
    }
    if fetches(schema) {
        return Err("refers to another document".to_owned());
    }
    let mut map = map.clone();
    // Clients insist on it.
    map.entry("type").or_insert_with(|| json!("object"));
    let mut schema = Value::Object(map);
    clean_texts(&mut schema, removed);
    Ok(schema)
}

/// Whether a reference in the schema leads out of it.
fn fetches(schema: &Value) -> bool {
    match schema {
        Value::Object(map) => map.iter().any(|(key, value)| match value.as_str() {
            Some(target) => REFERENCES.contains(&key.as_str()) && !target.starts_with('#'),
            None => !DATA.contains(&key.as_str()) && fetches(value),
        }),
        Value::Array(items) => items.iter().any(fetches),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => false,
    }
}

/// Cleans the descriptions of a schema's parts. Other texts are what the server
/// compares with: names, choices, patterns.
fn clean_texts(schema: &mut Value, removed: &mut usize) {
    match schema {
        Value::Object(map) => {
            for (key, value) in map.iter_mut() {
                if let Value::String(text) = value {
                    if matches!(key.as_str(), "description" | "title" | "$comment") {
                        *text = clean(text, MAX_DESCRIPTION, removed);
                    }
                } else if !DATA.contains(&key.as_str()) {
                    clean_texts(value, removed);
                }
            }
        }
        Value::Array(items) => items.iter_mut().for_each(|item| clean_texts(item, removed)),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

/// Whether the value has more than `allowed` levels.
fn deeper(value: &Value, allowed: usize) -> bool {
    let below = |item: &Value| deeper(item, allowed - 1);
    match value {
        Value::Object(map) => allowed == 0 || map.values().any(below),
        Value::Array(items) => allowed == 0 || items.iter().any(below),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => false,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::{MAX_SCHEMA_DEPTH, read};
    use crate::base::json::Object;

    fn object(value: &Value) -> Object {
        value.as_object().cloned().unwrap()
    }

    fn with_schema(schema: &Value) -> Object {
        object(&json!({"name": "t", "inputSchema": schema}))
    }

    #[test]
    fn a_tool_is_read_and_what_is_written_of_it_reads_the_same() {
        let tool = object(&json!({
            "name": "list", "title": "List", "description": "Lists.\nAll.", "icons": [], "_meta": {"x": 1},
            "inputSchema": {"properties": {"path": {"type": "string", "description": "Where"}}},
            "outputSchema": {"type": "object"},
            "annotations": {"readOnlyHint": true, "destructiveHint": "no", "title": "Unused"}
        }));
        let reading = read(&tool).unwrap();
        assert_eq!(reading.removed, 0);
        let definition = reading.definition;
        assert_eq!(definition.input_schema["type"], "object");
        assert_eq!(
            (definition.annotations.read_only_hint, definition.annotations.destructive_hint),
            (Some(true), None)
        );
        assert_eq!(read(&definition.to_mcp()).unwrap().definition, definition);
    }

    #[test]
    fn what_a_reader_does_not_see_is_taken_out_and_counted() {
        let hidden = "Reads\u{200b} a file.\u{202e}\u{1b}[2J\r\nDone.\u{e0041}\u{fe0f}";
        let tool = object(&json!({
            "name": "t", "title": "a\nb", "description": hidden,
            "inputSchema": {"type": "object", "properties": {
                "description": {"type": "string", "description": "x\u{200d}y", "enum": ["a\u{200d}b"]}
            }}
        }));
        let reading = read(&tool).unwrap();
        assert_eq!(reading.definition.description, "Reads a file.[2J\nDone.");
        assert_eq!(reading.definition.title.as_deref(), Some("a b"));
        let property = &reading.definition.input_schema["properties"]["description"];
        assert_eq!(property, &json!({"type": "string", "description": "xy", "enum": ["a\u{200d}b"]}));
        assert_eq!(reading.removed, 6);
        let long = object(&json!({"name": "t", "description": "é".repeat(9_000), "inputSchema": {}}));
        assert_eq!((read(&long).unwrap().definition.description.len(), read(&long).unwrap().removed), (8_000, 5_000));
    }

    #[test]
    fn a_broken_tool_is_refused_with_its_reason() {
        let mut deep = json!({});
        for _ in 0..=MAX_SCHEMA_DEPTH {
            deep = json!({"items": deep});
        }
        for (tool, reason) in [
            (object(&json!({})), "it has no name"),
            (object(&json!({"name": 7})), "it has no name"),
            (object(&json!({"name": ""})), "its name has 0 bytes; 1 to 256 are allowed"),
            (object(&json!({"name": "t"})), "it has no input schema"),
            (with_schema(&json!([])), "its input schema is no object"),
            (with_schema(&json!({"type": "string"})), "its input schema describes something else than an object"),
            (with_schema(&deep), "its input schema is nested deeper than 48 levels"),
            (
                with_schema(&json!({"properties": {"a": {"$ref": "https://evil.example/s.json"}}})),
                "its input schema refers to another document",
            ),
            (
                object(&json!({"name": "t", "inputSchema": {}, "outputSchema": {"$ref": "other.json"}})),
                "its output schema refers to another document",
            ),
        ] {
            assert_eq!(read(&tool).unwrap_err(), reason);
        }
        let large = with_schema(&json!({"description": "x".repeat(300_000)}));
        assert!(read(&large).unwrap_err().ends_with("262144 are allowed"));
    }

    #[test]
    fn references_inside_a_schema_and_data_that_looks_like_one_are_fine() {
        for schema in [
            json!({"$schema": "https://json-schema.org/draft/2020-12/schema", "properties": {"a": {"$ref": "#/$defs/a"}}}),
            json!({"properties": {"$ref": {"type": "string", "default": {"$ref": "https://x"}}}}),
        ] {
            assert!(read(&with_schema(&schema)).is_ok(), "{schema}");
        }
    }

    #[test]
    fn an_output_schema_that_clients_would_refuse_is_left_out() {
        let tool = object(&json!({"name": "t", "inputSchema": {}, "outputSchema": {"type": "array"}}));
        let reading = read(&tool).unwrap();
        assert_eq!(reading.definition.output_schema, None);
        assert_eq!(reading.without_output_schema.as_deref(), Some("describes something else than an object"));
    }
}
