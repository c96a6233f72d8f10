//! A tool as a server describes it, taken in: cleaned, bounded, with nothing
//! that we would have to fetch. Also the same written for the cache.
//!
//! Everything here comes from outside and may be hostile or broken: a bad tool
//! is refused with a reason and its neighbours stay. Must not know what the
//! configuration makes of a tool.

use serde_json::{Value, json};

use crate::base::json::Object;
use crate::base::text::seen;
use crate::config::Redaction;
use crate::contract::{Annotations, ToolDefinition};

/// The longest name of a tool; ours are shorter anyway.
const MAX_NAME: usize = 256;
const MAX_TITLE: usize = 200;
const MAX_DESCRIPTION: usize = 8_000;
/// Bytes of one schema's JSON, and how deep it may go.
const MAX_SCHEMA_BYTES: usize = 256 * 1024;
const MAX_SCHEMA_DEPTH: usize = 48;
/// What a keyword of a schema holds.
enum Holds {
    /// Values to compare with or to show, and no schemas.
    Data,
    /// Schemas under names that are nobody's keywords.
    Named,
    /// The place of another schema.
    Reference,
    /// A schema, schemas, or something else.
    Schemas,
}

fn holds(keyword: &str) -> Holds {
    match keyword {
        "default" | "const" | "enum" | "examples" | "example" => Holds::Data,
        "properties" | "patternProperties" | "$defs" | "definitions" | "dependentSchemas" | "dependencies" => {
            Holds::Named
        }
        "$ref" | "$dynamicRef" | "$recursiveRef" => Holds::Reference,
        _ => Holds::Schemas,
    }
}

/// The text of a tool on its way in: what is not seen is counted and taken out, and so are secrets.
struct Cleaner<'r> {
    redaction: &'r Redaction,
    removed: usize,
}

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
pub(in crate::downstream) fn read(tool: &Object, redaction: &Redaction) -> Result<Reading, String> {
    let text = |key: &str| tool.get(key).and_then(Value::as_str);
    let name = text("name").ok_or("it has no name")?;
    if name.is_empty() || name.len() > MAX_NAME {
        return Err(format!("its name has {} bytes; 1 to {MAX_NAME} are allowed", name.len()));
    }
    if redaction.redact(name).is_some() {
        return Err("its name holds a secret of the configuration".to_owned());
    }
    let mut cleaner = Cleaner { redaction, removed: 0 };
    let annotations = tool.get("annotations");
    let hint = |key: &str| annotations.and_then(|all| all.get(key)).and_then(Value::as_bool);
    let title = text("title").or_else(|| annotations.and_then(|all| all.get("title")).and_then(Value::as_str));
    let title = title.map(|title| cleaner.clean(title, MAX_TITLE).replace(['\n', '\t'], " "));
    let description = cleaner.clean(text("description").unwrap_or_default(), MAX_DESCRIPTION);
    let input_schema = match tool.get("inputSchema") {
        None | Some(Value::Null) => return Err("it has no input schema".to_owned()),
        Some(schema) => object_schema(schema, &mut cleaner).map_err(|why| format!("its input schema {why}"))?,
    };
    let (output_schema, without_output_schema) = match tool.get("outputSchema") {
        None | Some(Value::Null) => (None, None),
        Some(schema) if fetches(schema) => return Err("its output schema refers to another document".to_owned()),
        // Its results pass as they are; the schema would only take the list down with strict clients.
        Some(schema) => match object_schema(schema, &mut cleaner) {
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
    Ok(Reading { definition, removed: cleaner.removed, without_output_schema })
}

impl Cleaner<'_> {
    /// The text without what a reader does not see, at most `limit` bytes.
    fn clean(&mut self, text: &str, limit: usize) -> String {
        let text: String = text
            .chars()
            .filter_map(|c| {
                let seen = seen(c);
                self.removed += usize::from(seen.is_none() && c != '\r');
                seen
            })
            .collect();
        // Before the cut: half a secret is not found any more.
        let mut text = self.redaction.redact(&text).unwrap_or(text);
        let end = text.floor_char_boundary(limit);
        self.removed += text[end..].chars().count();
        text.truncate(end);
        text
    }

    /// Cleans the descriptions of a schema's parts. Other texts are what the server
    /// compares with, names, choices, patterns: they lose nothing but secrets.
    fn schema(&mut self, schema: &mut Value) {
        match schema {
            Value::Object(map) => {
                for (key, value) in map.iter_mut() {
                    match (holds(key), value) {
                        (Holds::Schemas, Value::String(text))
                            if matches!(key.as_str(), "description" | "title" | "$comment") =>
                        {
                            *text = self.clean(text, MAX_DESCRIPTION);
                        }
                        (Holds::Named, Value::Object(named)) => {
                            self.keys(named);
                            named.values_mut().for_each(|schema| self.schema(schema));
                        }
                        (Holds::Schemas, value) => self.schema(value),
                        (Holds::Data | Holds::Named | Holds::Reference, value) => self.data(value),
                    }
                }
            }
            Value::Array(items) => items.iter_mut().for_each(|item| self.schema(item)),
            Value::String(_) => self.data(schema),
            Value::Null | Value::Bool(_) | Value::Number(_) => {}
        }
    }

    fn data(&self, value: &mut Value) {
        match value {
            Value::String(text) => {
                if let Some(clean) = self.redaction.redact(text) {
                    *text = clean;
                }
            }
            Value::Array(items) => items.iter_mut().for_each(|item| self.data(item)),
            Value::Object(map) => {
                self.keys(map);
                map.values_mut().for_each(|value| self.data(value));
            }
            Value::Null | Value::Bool(_) | Value::Number(_) => {}
        }
    }

    fn keys(&self, map: &mut Object) {
        if map.keys().any(|key| self.redaction.redact(key).is_some()) {
            let before = std::mem::take(map);
            map.extend(before.into_iter().map(|(key, value)| (self.redaction.redact(&key).unwrap_or(key), value)));
        }
    }
}

/// The schema of an object, cleaned; the error is what is wrong with it.
fn object_schema(schema: &Value, cleaner: &mut Cleaner<'_>) -> Result<Value, String> {
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
    cleaner.schema(&mut schema);
    Ok(schema)
}

/// Whether a reference in the schema leads out of it.
fn fetches(schema: &Value) -> bool {
    match schema {
        Value::Object(map) => map.iter().any(|(key, value)| match (holds(key), value) {
            (Holds::Data, _) => false,
            (Holds::Named, Value::Object(named)) => named.values().any(fetches),
            (Holds::Reference, Value::String(target)) => !target.starts_with('#'),
            (Holds::Named | Holds::Reference | Holds::Schemas, value) => fetches(value),
        }),
        Value::Array(items) => items.iter().any(fetches),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => false,
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

    use super::MAX_SCHEMA_DEPTH;
    use crate::base::json::Object;
    use crate::config::Redaction;

    fn read(tool: &Object) -> Result<super::Reading, String> {
        super::read(tool, &Redaction::default())
    }

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
    fn a_propertys_name_is_no_keyword() {
        let refers = json!({"$ref": "https://evil.example/s.json"});
        for name in ["default", "const", "enum", "example", "examples"] {
            for keyword in ["properties", "$defs", "patternProperties", "dependentSchemas"] {
                let schema = json!({keyword: {name: refers}});
                let told = read(&with_schema(&schema)).unwrap_err();
                assert_eq!(told, "its input schema refers to another document", "{schema}");
            }
            let hidden = json!({"properties": {name: {"description": "x\u{200d}y"}}});
            let schema = read(&with_schema(&hidden)).unwrap().definition.input_schema;
            assert_eq!(schema["properties"][name]["description"], "xy");
        }
        let plain = json!({"properties": {"$ref": {"type": "string"}, "title": {"type": "string"}}, "$comment": "c"});
        assert_eq!(read(&with_schema(&plain)).unwrap().definition.input_schema["properties"], plain["properties"]);
    }

    #[test]
    fn secrets_are_taken_out_everywhere_before_anything_is_cut() {
        let redaction = Redaction::new(&["hunter22".to_owned()]);
        let read = |tool: &Value| super::read(&object(tool), &redaction);
        let tool = json!({
            "name": "t", "title": format!("{}hunter22", "x".repeat(195)), "description": "key hun\u{200b}ter22",
            "inputSchema": {"properties": {"hunter22": {"enum": ["hunter22"], "default": "hunter22", "pattern": "hunter22",
                "description": "a hunter22", "examples": [{"hunter22": ["hunter22"]}]}}},
            "outputSchema": {"type": "object", "title": "hunter22"}
        });
        let definition = read(&tool).unwrap().definition;
        assert!(definition.title.clone().unwrap().ends_with("x<reda"));
        assert_eq!(definition.description, "key <redacted>");
        let whole = serde_json::Value::Object(definition.to_mcp()).to_string();
        assert!(!whole.contains("hunter") && whole.matches("<redacted>").count() == 9, "{whole}");
        let named = json!({"name": "get_hunter22", "inputSchema": {}});
        assert_eq!(read(&named).unwrap_err(), "its name holds a secret of the configuration");
    }

    #[test]
    fn an_output_schema_that_clients_would_refuse_is_left_out() {
        let tool = object(&json!({"name": "t", "inputSchema": {}, "outputSchema": {"type": "array"}}));
        let reading = read(&tool).unwrap();
        assert_eq!(reading.definition.output_schema, None);
        assert_eq!(reading.without_output_schema.as_deref(), Some("describes something else than an object"));
    }
}
