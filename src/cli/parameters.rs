//! Parameters from text: `-p KEY=VALUE` by the declared type, `--params FILE`.

use serde_json::{Number, Value};

use super::answer::{TemplatesAnswer, view};
use super::backend::Client;
use super::failure::Failure;
use crate::base::json::Object;

/// A file of parameters may be this large.
pub(super) const MAX_BYTES: u64 = 16 * 1024 * 1024;

/// The declared parameters of a template, by name: their schemas. Empty when there is no such
/// template; `execute_workflow` tells that better.
pub(super) async fn declared(client: &Client, template_id: &str) -> Result<Object, Failure> {
    let mut arguments = Object::new();
    arguments.insert("query".to_owned(), Value::from(template_id));
    let answer: TemplatesAnswer = view(&client.call("list_workflow_templates", arguments).await?);
    let template = answer.templates.into_iter().find(|template| template.template_id == template_id);
    Ok(template.map(|template| schemas(&template.parameters)).unwrap_or_default())
}

/// Schemas by name, from a list of parameters or from an object's schema.
pub(super) fn schemas(parameters: &Value) -> Object {
    match parameters {
        Value::Array(items) => items
            .iter()
            .filter_map(|item| {
                let name = item.get("name")?.as_str()?.to_owned();
                Some((name, item.get("schema").unwrap_or(item).clone()))
            })
            .collect(),
        Value::Object(schema) => schema.get("properties").and_then(Value::as_object).unwrap_or(schema).clone(),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => Object::new(),
    }
}

/// An object written as JSON or YAML.
pub(super) fn object(text: &str, name: &str) -> Result<Object, Failure> {
    let wrong =
        |cause: String| Failure::input(format!("`{name}` cannot be read: {cause}"), "it holds one JSON or YAML object");
    let value: Value = match serde_json::from_str(text) {
        Ok(value) => value,
        Err(_) => serde_saphyr::from_str(text).map_err(|error| wrong(error.to_string()))?,
    };
    match value {
        Value::Object(map) => Ok(map),
        Value::Null => Ok(Object::new()),
        Value::Bool(_) | Value::Number(_) | Value::String(_) | Value::Array(_) => {
            Err(wrong("it is no object".to_owned()))
        }
    }
}

/// One value by its schema. What does not fit stays text: the tool's own check tells it best.
pub(super) fn typed(text: &str, schema: Option<&Value>) -> Value {
    let as_text = || Value::String(text.to_owned());
    let Some(schema) = schema else { return untyped(text) };
    let kinds: Vec<&str> = match schema.get("type") {
        Some(Value::String(kind)) => vec![kind],
        Some(Value::Array(kinds)) => kinds.iter().filter_map(Value::as_str).collect(),
        _ => {
            let choices = schema.get("enum").and_then(Value::as_array);
            return match choices.and_then(|choices| choices.iter().find(|choice| written(choice) == text)) {
                Some(choice) => choice.clone(),
                None => untyped(text),
            };
        }
    };
    // Text takes anything, so it comes last.
    let strict = kinds.iter().filter(|kind| **kind != "string").find_map(|kind| of_kind(text, kind, schema));
    strict.unwrap_or_else(as_text)
}

fn of_kind(text: &str, kind: &str, schema: &Value) -> Option<Value> {
    let trimmed = text.trim();
    let json = || serde_json::from_str::<Value>(trimmed).ok();
    match kind {
        "integer" => json().filter(|value| value.is_i64() || value.is_u64()).or_else(|| whole(trimmed)),
        "number" => json().filter(Value::is_number),
        "boolean" => match trimmed.to_ascii_lowercase().as_str() {
            "true" | "yes" | "on" | "1" => Some(Value::Bool(true)),
            "false" | "no" | "off" | "0" => Some(Value::Bool(false)),
            _ => None,
        },
        "null" => matches!(trimmed, "null" | "").then_some(Value::Null),
        "object" => json().filter(Value::is_object),
        "array" => json().filter(Value::is_array).or_else(|| {
            if trimmed.starts_with(['[', '{']) {
                return None;
            }
            let items = trimmed.split(',').map(str::trim).filter(|item| !item.is_empty());
            let item_schema = schema.get("items").cloned().unwrap_or_else(|| serde_json::json!({"type": "string"}));
            Some(items.map(|item| typed(item, Some(&item_schema))).collect())
        }),
        _ => None,
    }
}

/// `1e3` and `5.0` are whole numbers to JSON Schema.
fn whole(text: &str) -> Option<Value> {
    let number: f64 = text.parse().ok()?;
    #[expect(clippy::cast_possible_truncation, reason = "checked in the same line")]
    (number.fract() == 0.0 && number.abs() < 9e15).then(|| Value::Number(Number::from(number as i64)))
}

fn untyped(text: &str) -> Value {
    match serde_json::from_str(text) {
        Ok(value) => value,
        Err(_) => Value::String(text.to_owned()),
    }
}

fn written(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::Array(_) | Value::Object(_) => value.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::{object, schemas, typed};

    #[test]
    fn text_is_read_by_the_declared_type() {
        for (text, schema, value) in [
            ("007", json!({"type": "string"}), json!("007")),
            ("007", json!({"type": "integer"}), json!(7)),
            ("1e3", json!({"type": "integer"}), json!(1000)),
            ("1.5", json!({"type": "integer"}), json!("1.5")),
            ("1.5", json!({"type": "number"}), json!(1.5)),
            ("yes", json!({"type": "boolean"}), json!(true)),
            ("maybe", json!({"type": "boolean"}), json!("maybe")),
            ("a, b", json!({"type": "array"}), json!(["a", "b"])),
            ("1,2", json!({"type": "array", "items": {"type": "integer"}}), json!([1, 2])),
            (r#"["x,y"]"#, json!({"type": "array"}), json!(["x,y"])),
            ("[1", json!({"type": "array"}), json!("[1")),
            (r#"{"a":1}"#, json!({"type": "object"}), json!({"a": 1})),
            ("null", json!({"type": ["string", "null"]}), Value::Null),
            ("x", json!({"type": ["string", "null"]}), json!("x")),
            ("2", json!({"enum": [1, 2]}), json!(2)),
            ("true", json!({}), json!(true)),
            ("north", json!({}), json!("north")),
        ] {
            assert_eq!(typed(text, Some(&schema)), value, "{text} as {schema}");
        }
        assert_eq!(typed("5", None), json!(5));
    }

    #[test]
    fn parameters_are_known_in_either_form() {
        let list = json!([{"name": "a", "type": "integer"}, {"name": "b", "schema": {"type": "string"}}]);
        assert_eq!(schemas(&list)["a"]["type"], "integer");
        assert_eq!(schemas(&list)["b"]["type"], "string");
        assert_eq!(schemas(&json!({"type": "object", "properties": {"c": {"type": "null"}}}))["c"]["type"], "null");
    }

    #[test]
    fn a_file_of_parameters_is_json_or_yaml() {
        assert_eq!(object(r#"{"a": [1]}"#, "f").unwrap()["a"], json!([1]));
        assert_eq!(object("a:\n  - 1\n", "f").unwrap()["a"], json!([1]));
        assert!(object("", "f").unwrap().is_empty());
        assert_eq!(object("[1]", "f").unwrap_err().to_string(), "`f` cannot be read: it is no object");
    }
}
