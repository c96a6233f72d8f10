//! JSON Schemas from types, as small as a list that goes to every client wants.

use schemars::JsonSchema;
use schemars::generate::SchemaSettings;
use serde_json::{Value, json};

use crate::base::ErrorKind;
use crate::base::json::Object;

/// The schema of a tool's arguments: a plain object, references resolved in
/// place, no `null` for what may be left out.
pub(super) fn input<T: JsonSchema>() -> Value {
    let settings = SchemaSettings::draft2020_12().for_deserialize().with(|settings| {
        settings.meta_schema = None;
        settings.inline_subschemas = true;
    });
    let mut schema = settings.into_generator().into_root_schema_for::<T>().to_value();
    tidy(&mut schema);
    without_nulls(&mut schema);
    if let Some(root) = schema.as_object_mut() {
        root.shift_remove("description");
        root.entry("type").or_insert_with(|| json!("object"));
        root.entry("properties").or_insert_with(|| json!({}));
    }
    schema
}

/// The schema of a tool's answers, failures too: they have `success: false`
/// and need none of the answer's own fields.
pub(super) fn output<T: JsonSchema>() -> Value {
    let settings = SchemaSettings::draft2020_12().for_serialize().with(|settings| settings.meta_schema = None);
    let mut schema = settings.into_generator().into_root_schema_for::<T>().to_value();
    tidy(&mut schema);
    let Value::Object(mut root) = schema else {
        return json!({"type": "object"});
    };
    let required = root.shift_remove("required");
    let own =
        root.shift_remove("properties").and_then(|own| if let Value::Object(own) = own { Some(own) } else { None });
    root.shift_remove("description");
    root.shift_remove("additionalProperties");
    let mut properties = Object::new();
    properties.insert("success".to_owned(), json!({"type": "boolean"}));
    properties.extend(own.unwrap_or_default());
    let kinds: Vec<&str> = ErrorKind::ALL.iter().map(|kind| kind.as_str()).collect();
    let common = [
        // A finished run tells its step's error as an object under the same name.
        ("error", json!({"description": "why it failed, a sentence"})),
        ("error_type", json!({"enum": kinds})),
        ("retryable", json!({"type": "boolean", "description": "the same call may succeed later"})),
        ("hint", json!({"type": "string", "description": "what to do about a failure"})),
        ("_next_steps", json!({"type": "array", "items": {"type": "object"}})),
    ];
    for (name, schema) in common {
        properties.entry(name).or_insert(schema);
    }
    let definitions = root.shift_remove("$defs");
    let mut made = Object::new();
    made.insert("type".to_owned(), json!("object"));
    made.insert("properties".to_owned(), Value::Object(properties));
    made.insert("required".to_owned(), json!(["success"]));
    if let Some(required) = required {
        made.insert("if".to_owned(), json!({"properties": {"success": {"const": true}}}));
        made.insert("then".to_owned(), json!({ "required": required }));
    }
    root.shift_remove("type");
    made.extend(root);
    made.extend(definitions.map(|definitions| ("$defs".to_owned(), definitions)));
    Value::Object(made)
}

/// Removes what says nothing to a reader: titles, number formats, and the long
/// form of a plain choice of names.
fn tidy(schema: &mut Value) {
    match schema {
        Value::Object(map) => {
            // A property may be called `title` or `format`: only keywords are removed.
            for keyword in ["title", "format"] {
                if map.get(keyword).is_some_and(Value::is_string) {
                    map.shift_remove(keyword);
                }
            }
            if map.get("default").is_some_and(Value::is_null) {
                map.shift_remove("default");
            }
            if let Some(Value::String(text)) = map.get_mut("description") {
                *text = text.split_whitespace().collect::<Vec<_>>().join(" ");
            }
            choice_of_names(map);
            for (key, value) in map.iter_mut() {
                if matches!(key.as_str(), "default" | "const" | "enum" | "examples") {
                    continue;
                }
                tidy(value);
            }
        }
        Value::Array(items) => items.iter_mut().for_each(tidy),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

fn choice_of_names(map: &mut Object) {
    let Some(Value::Array(branches)) = map.get("oneOf") else {
        return;
    };
    let mut names = Vec::new();
    for branch in branches {
        match (branch.get("const"), branch.get("enum")) {
            (Some(name @ Value::String(_)), None) => names.push(name.clone()),
            (None, Some(Value::Array(several))) => names.extend(several.iter().cloned()),
            _ => return,
        }
    }
    map.shift_remove("oneOf");
    map.insert("type".to_owned(), json!("string"));
    map.insert("enum".to_owned(), Value::Array(names));
}

/// An optional argument is left out; dispatch treats `null` the same, so the
/// schema need not say it.
fn without_nulls(schema: &mut Value) {
    if let Some(Value::Object(properties)) = schema.get_mut("properties") {
        for property in properties.values_mut() {
            not_null(property);
        }
    }
}

fn not_null(schema: &mut Value) {
    let Some(map) = schema.as_object_mut() else {
        return;
    };
    if let Some(Value::Array(kinds)) = map.get_mut("type") {
        kinds.retain(|kind| kind != "null");
        if let [kind] = kinds.as_slice() {
            let kind = kind.clone();
            map.insert("type".to_owned(), kind);
        }
    }
    if let Some(Value::Array(names)) = map.get_mut("enum") {
        names.retain(|name| !name.is_null());
    }
    if let Some(Value::Array(branches)) = map.get_mut("anyOf") {
        branches.retain(|branch| branch != &json!({"type": "null"}));
        if branches.len() == 1
            && let Some(Value::Object(only)) = branches.pop()
        {
            map.shift_remove("anyOf");
            for (key, value) in only {
                map.entry(key).or_insert(value);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use schemars::JsonSchema;
    use serde::{Deserialize, Serialize};
    use serde_json::json;

    /// Which way.
    #[derive(Serialize, Deserialize, JsonSchema)]
    #[serde(rename_all = "snake_case")]
    enum Way {
        /// Up.
        Up,
        /// Down.
        Down,
    }

    #[derive(Serialize, Deserialize, JsonSchema)]
    #[serde(deny_unknown_fields)]
    struct Sample {
        /// The
        /// name.
        name: String,
        title: Option<u32>,
        way: Option<Way>,
    }

    #[test]
    fn arguments_are_a_plain_object_without_nulls_titles_and_references() {
        assert_eq!(
            super::input::<Sample>(),
            json!({
                "type": "object",
                "properties": {
                    "name": {"description": "The name.", "type": "string"},
                    "title": {"type": "integer", "minimum": 0},
                    "way": {"description": "Which way.", "type": "string", "enum": ["up", "down"]}
                },
                "required": ["name"],
                "additionalProperties": false
            })
        );
    }

    #[test]
    fn an_answers_schema_accepts_answers_and_failures_and_refuses_half_answers() {
        let schema = super::output::<Sample>();
        let check = jsonschema::validator_for(&schema).expect("the schema compiles");
        let good = json!({"success": true, "name": "x", "title": null, "way": "up", "_next_steps": []});
        assert!(check.is_valid(&good));
        assert!(check.is_valid(&json!({"success": false, "error": "no", "error_type": "not_found", "extra": 1})));
        assert!(!check.is_valid(&json!({"success": true})));
        assert!(!check.is_valid(&json!({"success": false, "error_type": "nonsense"})));
    }
}
