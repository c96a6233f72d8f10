//! A call that would have been right: shown when arguments are wrong.

use serde_json::{Value, json};

use crate::base::json::Object;

/// Arguments that fit `schema`: what was given and is right stays, what is
/// required and missing is filled in.
pub(super) fn arguments(schema: &Value, given: &Object, wrong: &[String]) -> Object {
    let Some(properties) = schema.get("properties").and_then(Value::as_object) else {
        return Object::new();
    };
    let required: Vec<&str> =
        schema.get("required").and_then(Value::as_array).into_iter().flatten().filter_map(Value::as_str).collect();
    let mut example = Object::new();
    for (name, property) in properties {
        let keep = given.get(name).filter(|value| !wrong.contains(name) && is_short(value));
        if let Some(value) = keep {
            example.insert(name.clone(), value.clone());
        } else if required.contains(&name.as_str()) || given.contains_key(name) {
            example.insert(name.clone(), value(property, schema, 0));
        }
    }
    if example.is_empty()
        && required.is_empty()
        && let Some((name, property)) = properties.iter().next()
    {
        example.insert(name.clone(), value(property, schema, 0));
    }
    example
}

/// Examples are for reading: a long value that was right is not repeated.
fn is_short(value: &Value) -> bool {
    match value {
        Value::Null | Value::Bool(_) | Value::Number(_) => true,
        Value::String(text) => text.len() <= 200,
        Value::Array(items) => items.len() <= 5 && items.iter().all(is_short),
        Value::Object(map) => map.len() <= 10 && map.values().all(is_short),
    }
}

/// One value that fits a schema, as far as a glance tells.
fn value(schema: &Value, root: &Value, depth: usize) -> Value {
    if depth > 6 {
        return Value::Null;
    }
    if let Some(target) = schema.get("$ref").and_then(Value::as_str) {
        return target
            .strip_prefix('#')
            .and_then(|pointer| root.pointer(pointer))
            .map_or(Value::Null, |target| value(target, root, depth + 1));
    }
    if let Some(shown) = schema.get("examples").and_then(|all| all.get(0)) {
        return shown.clone();
    }
    for keyword in ["default", "const"] {
        if let Some(shown) = schema.get(keyword).filter(|value| !value.is_null()) {
            return shown.clone();
        }
    }
    if let Some(first) = schema.get("enum").and_then(|options| options.get(0)) {
        return first.clone();
    }
    for keyword in ["anyOf", "oneOf"] {
        let branches = schema.get(keyword).and_then(Value::as_array);
        let branch = branches.and_then(|all| all.iter().find(|one| one.get("type") != Some(&json!("null"))));
        if let Some(branch) = branch {
            return value(branch, root, depth + 1);
        }
    }
    let kind = match schema.get("type") {
        Some(Value::Array(kinds)) => kinds.iter().find_map(Value::as_str),
        Some(kind) => kind.as_str(),
        None => None,
    };
    match kind {
        Some("boolean") => json!(true),
        Some("integer" | "number") => schema.get("minimum").cloned().unwrap_or_else(|| json!(1)),
        Some("array") => schema.get("items").map_or_else(|| json!([]), |item| json!([value(item, root, depth + 1)])),
        Some("object") => {
            let required = schema.get("required").and_then(Value::as_array);
            let fields = required.into_iter().flatten().filter_map(Value::as_str);
            let fields = fields.map(|name| {
                let property = schema.pointer(&format!("/properties/{name}")).unwrap_or(&Value::Null);
                (name.to_owned(), value(property, root, depth + 1))
            });
            Value::Object(fields.collect())
        }
        Some("null") => Value::Null,
        Some(_) | None => json!("..."),
    }
}
