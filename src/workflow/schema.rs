//! The JSON Schema of template files, made of the loader's own tables.
//!
//! Checked in as `workflows/template.schema.json`; a test fails when the two
//! differ. Describes the shape of a file only: names, cycles and expressions
//! are the loader's to judge.

use serde_json::{Map, Value, json};

use super::keys::{STEP_TYPES, TEMPLATE};
use super::shape::{Key, Kinds, Shape, Table};

/// The schema, for editors and for `definition` arguments.
#[must_use]
pub fn template_schema() -> Value {
    let mut definitions = Map::new();
    let root = table(&TEMPLATE, &mut definitions);
    let mut schema = Map::new();
    schema.insert("$schema".to_owned(), json!("https://json-schema.org/draft/2020-12/schema"));
    schema.insert("title".to_owned(), json!("Sequitur workflow template"));
    schema.extend(root);
    schema.insert("$defs".to_owned(), Value::Object(definitions));
    Value::Object(schema)
}

/// [`template_schema`] as it is checked in.
#[must_use]
pub fn template_schema_text() -> String {
    format!("{:#}\n", template_schema())
}

/// The page of all keys, as it is checked in (`docs/workflow-keys.md`).
#[must_use]
pub fn template_keys_page() -> String {
    let mut page = String::from(
        "# Keys of a template file\n\nMade from the loader's tables by `cargo run --example schemas`; \
         [workflows.md](workflows.md) is the guide.\nA key in brackets is another name of the same key, \
         taken over from a document that this format unites.\n",
    );
    let mut open = vec![&TEMPLATE];
    let mut done: Vec<&str> = Vec::new();
    while !open.is_empty() {
        let table = open.remove(0);
        if done.contains(&table.name) {
            continue;
        }
        done.push(table.name);
        page.extend(std::iter::once(format!(
            "\n## {}\n\n| key | takes | meaning |\n| --- | --- | --- |\n",
            table.name
        )));
        for key in table.keys {
            inner_tables(&key.shape, &mut open);
            page.push_str(&key_line(key));
        }
        if !table.also.is_empty() {
            page.push_str("\nAny keyword of JSON Schema may stand beside these.\n");
        }
    }
    page
}

fn key_line(key: &Key) -> String {
    let aliases: Vec<String> = key.aliases.iter().map(|alias| format!("`{alias}`")).collect();
    let aliases = if aliases.is_empty() { String::new() } else { format!(" [{}]", aliases.join(", ")) };
    let kinds: Vec<&str> = STEP_TYPES.iter().filter(|(_, bit)| key.kinds.has(*bit)).map(|(name, _)| *name).collect();
    let only = if key.kinds == Kinds::ALL { String::new() } else { format!("({}) ", kinds.join(", ")) };
    let needed = if key.required { " **needed**" } else { "" };
    let takes = key.shape.noun().replace('|', "\\|");
    format!("| `{}`{aliases}{needed} | {takes} | {only}{} |\n", key.name, key.doc.replace('|', "\\|"))
}

fn inner_tables(shape: &'static Shape, found: &mut Vec<&'static Table>) {
    match shape {
        Shape::Table(table) => found.push(table),
        Shape::Tagged(tables) => found.extend(tables.iter().map(|(_, table)| *table)),
        Shape::List(inner) | Shape::Map(inner) => inner_tables(inner, found),
        Shape::Either(shapes) => shapes.iter().for_each(|inner| inner_tables(inner, found)),
        Shape::Any
        | Shape::Text
        | Shape::Id
        | Shape::Written
        | Shape::Expression
        | Shape::Boolean
        | Shape::Integer(_)
        | Shape::Number(_)
        | Shape::Figure
        | Shape::Choice(_)
        | Shape::Texts
        | Shape::Object
        | Shape::Schema => {}
    }
}

fn table(table: &'static Table, definitions: &mut Map<String, Value>) -> Map<String, Value> {
    let mut properties = Map::new();
    let mut required: Vec<Value> = Vec::new();
    let mut all_of: Vec<Value> = Vec::new();
    for key in table.keys {
        properties.insert(key.name.to_owned(), described(key, key.doc, definitions));
        for alias in key.aliases {
            properties
                .insert((*alias).to_owned(), described(key, &format!("Another name of `{}`.", key.name), definitions));
        }
        if key.required && key.aliases.is_empty() {
            required.push(json!(key.name));
        } else if key.required {
            let names: Vec<Value> =
                std::iter::once(&key.name).chain(key.aliases).map(|name| json!({"required": [name]})).collect();
            all_of.push(json!({"anyOf": names}));
        }
    }
    for word in table.also {
        properties.insert((*word).to_owned(), json!({"description": "A word of JSON Schema."}));
    }
    let mut schema = Map::new();
    schema.insert("type".to_owned(), json!("object"));
    schema.insert("properties".to_owned(), Value::Object(properties));
    if !required.is_empty() {
        schema.insert("required".to_owned(), Value::Array(required));
    }
    if !all_of.is_empty() {
        schema.insert("allOf".to_owned(), Value::Array(all_of));
    }
    schema.insert("additionalProperties".to_owned(), json!(false));
    schema
}

fn described(key: &'static Key, doc: &str, definitions: &mut Map<String, Value>) -> Value {
    let mut schema = Map::new();
    schema.insert("description".to_owned(), json!(doc));
    if let Value::Object(shape) = shape(&key.shape, definitions) {
        schema.extend(shape);
    }
    Value::Object(schema)
}

fn reference(named: &'static Table, definitions: &mut Map<String, Value>) -> Value {
    if !definitions.contains_key(named.name) {
        // The place is taken first: a step holds steps.
        definitions.insert(named.name.to_owned(), Value::Null);
        let schema = Value::Object(table(named, definitions));
        definitions.insert(named.name.to_owned(), schema);
    }
    json!({"$ref": format!("#/$defs/{}", named.name)})
}

fn shape(of: &'static Shape, definitions: &mut Map<String, Value>) -> Value {
    match of {
        Shape::Any => json!({}),
        Shape::Text => json!({"type": "string"}),
        Shape::Id => json!({"type": "string", "pattern": "^[A-Za-z_][A-Za-z0-9_]*$"}),
        Shape::Written | Shape::Expression => json!({"type": ["string", "number", "boolean"]}),
        Shape::Boolean => json!({"type": "boolean"}),
        Shape::Integer(least) => json!({"type": "integer", "minimum": least}),
        // As a whole number where it is one, so that the file reads well.
        Shape::Number(least) if least.fract() == 0.0 => {
            #[expect(clippy::cast_possible_truncation, reason = "bounds in the tables are small")]
            let least = *least as i64;
            json!({"type": "number", "minimum": least})
        }
        Shape::Number(least) => json!({"type": "number", "minimum": least}),
        Shape::Figure => json!({"anyOf": [{"type": "number", "minimum": 0}, {"type": "string"}]}),
        Shape::Choice(words) => json!({"enum": words}),
        Shape::Texts => {
            json!({"anyOf": [{"type": "string"}, {"type": "array", "items": {"type": "string"}}]})
        }
        Shape::List(item) => json!({"type": "array", "items": shape(item, definitions)}),
        Shape::Map(value) => json!({"type": "object", "additionalProperties": shape(value, definitions)}),
        Shape::Object => json!({"type": "object"}),
        Shape::Schema => json!({"type": ["object", "boolean"]}),
        Shape::Table(named) => reference(named, definitions),
        Shape::Tagged(tables) => {
            let each: Vec<Value> = tables
                .iter()
                .map(|(word, named)| {
                    let reference = reference(named, definitions);
                    json!({"allOf": [{"properties": {"type": {"const": word}}}, reference]})
                })
                .collect();
            json!({"oneOf": each})
        }
        Shape::Either(shapes) => {
            let each: Vec<Value> = shapes.iter().map(|one| shape(one, definitions)).collect();
            json!({"anyOf": each})
        }
    }
}
