//! What is published of the tools: `tool_schemas/*.json` and `docs/api.md`.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use serde_json::Value;

use super::spec::Spec;
use crate::registry::listed_json;

/// The published files.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Published {
    /// `<tool>.json` and its text.
    pub schemas: BTreeMap<String, String>,
    /// `docs/api.md`.
    pub api: String,
}

/// The files of a table of tools.
#[must_use]
pub fn published(specs: &[Spec]) -> Published {
    let documents: Vec<(&str, Value)> =
        specs.iter().map(|spec| (spec.set().as_str(), listed_json(&spec.listed().definition))).collect();
    let schemas = specs.iter().zip(&documents).map(|(spec, (_, document))| {
        let name = format!("{}.json", spec.name());
        (name, format!("{document:#}\n"))
    });
    Published { schemas: schemas.collect(), api: api_markdown(&documents) }
}

fn api_markdown(tools: &[(&str, Value)]) -> String {
    let mut page = String::from(
        "# Tools\n\nGenerated from `tool_schemas/` by `cargo run --example schemas`: change the types, not this page.\n\n\
         Every answer is `structuredContent` with the same JSON as text. A success has `success: true` and the fields below; a \
         failure is `isError: true` with `success: false`, `error` (a sentence), `error_type`, `retryable` and `hint`. \
         `_next_steps` says what could come next. `_meta[\"sequitur/interaction_id\"]` is the call's id.\n",
    );
    for (set, tool) in tools {
        let text = |key: &str| tool.get(key).and_then(Value::as_str).unwrap_or_default();
        // Writing to a String cannot fail.
        write!(page, "\n## {}\n\n{} ({set}{}).\n\n{}\n", text("name"), text("title"), hints(tool), text("description"))
            .ok();
        table(&mut page, "argument", tool.get("inputSchema"), tool.pointer("/inputSchema/required"));
        table(&mut page, "result", tool.get("outputSchema"), tool.pointer("/outputSchema/then/required"));
    }
    page
}

fn hints(tool: &Value) -> String {
    let told = [
        ("readOnlyHint", true, "changes nothing"),
        ("destructiveHint", true, "may destroy"),
        ("idempotentHint", true, "may be repeated"),
        ("openWorldHint", true, "reaches outside"),
    ];
    told.iter()
        .filter(|(hint, said, _)| tool.pointer(&format!("/annotations/{hint}")).and_then(Value::as_bool) == Some(*said))
        .fold(String::new(), |all, (_, _, words)| all + ", " + words)
}

fn table(page: &mut String, head: &str, schema: Option<&Value>, required: Option<&Value>) {
    const COMMON: [&str; 5] = ["success", "error_type", "retryable", "hint", "_next_steps"];
    let Some(properties) = schema.and_then(|schema| schema.get("properties")).and_then(Value::as_object) else {
        return;
    };
    let rows: Vec<_> = properties
        .iter()
        .filter(|(name, property)| {
            head == "argument"
                || !(COMMON.contains(&name.as_str()) || (name.as_str() == "error" && property.get("type").is_none()))
        })
        .collect();
    if rows.is_empty() {
        return;
    }
    write!(page, "\n| {head} | type | |\n| --- | --- | --- |\n").ok();
    for (name, property) in rows {
        let must = required.and_then(Value::as_array).is_some_and(|all| all.iter().any(|one| one == name.as_str()));
        let must = if must && head == "argument" { " (required)" } else { "" };
        let told = property.get("description").and_then(Value::as_str).unwrap_or_default().replace('|', "\\|");
        let default = property.get("default").map_or_else(String::new, |value| format!(" Default: `{value}`."));
        writeln!(page, "| `{name}`{must} | {} | {told}{default} |", kind(property)).ok();
    }
}

fn kind(schema: &Value) -> String {
    if let Some(target) = schema.get("$ref").and_then(Value::as_str) {
        return target.rsplit('/').next().unwrap_or_default().to_owned();
    }
    if let Some(Value::Array(names)) = schema.get("enum") {
        return names
            .iter()
            .map(|name| format!("`{}`", name.as_str().unwrap_or("null")))
            .collect::<Vec<_>>()
            .join(", ");
    }
    for keyword in ["anyOf", "oneOf"] {
        if let Some(Value::Array(branches)) = schema.get(keyword) {
            return branches.iter().map(kind).collect::<Vec<_>>().join(" or ");
        }
    }
    match schema.get("type") {
        Some(Value::String(name)) if name == "array" => {
            schema.get("items").map_or_else(|| "array".to_owned(), |item| format!("array of {}", kind(item)))
        }
        Some(Value::String(name)) => name.clone(),
        Some(Value::Array(names)) => names.iter().filter_map(Value::as_str).collect::<Vec<_>>().join(" or "),
        _ => "any".to_owned(),
    }
}
