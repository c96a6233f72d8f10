//! Parameters of a run: bound to their declarations, shown as a schema, read
//! from a command line.
//!
//! Knows JSON Schema and nothing of steps. Everything wrong is told at once.

use serde_json::{Map, Value, json};

use crate::base::ErrorKind;
use crate::base::json::Object;

use super::plan::Parameter;
use super::problem::{did_you_mean, shorten};

/// What is wrong with one parameter.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct ParameterError {
    /// The parameter's name, as given or as declared.
    pub name: String,
    /// A sentence.
    pub message: String,
    /// What to do about it.
    pub hint: Option<String>,
}

impl ParameterError {
    fn new(name: &str, message: String, hint: Option<String>) -> Self {
        Self { name: name.to_owned(), message, hint }
    }

    /// The kind to answer with.
    #[must_use]
    #[expect(clippy::unused_self, reason = "every error of a module tells its kind this way")]
    pub fn kind(&self) -> ErrorKind {
        ErrorKind::InvalidInput
    }
}

/// The parameters of a run: what was given, and defaults for the rest. A
/// parameter that is neither given nor has a default stays away, so that
/// expressions can ask `is defined` and `|default`.
pub fn bind(declared: &[Parameter], given: &Object) -> Result<Object, Vec<ParameterError>> {
    let mut errors = Vec::new();
    let mut bound = Object::default();
    for (name, value) in given {
        if declared.iter().any(|parameter| parameter.name == *name) {
            bound.insert(name.clone(), value.clone());
        } else {
            errors.push(unknown(name, declared));
        }
    }
    for parameter in declared {
        // A null is the same as nothing, unless the schema has a place for it.
        let null_is_nothing = given.get(&parameter.name).is_some_and(Value::is_null) && !allows_null(&parameter.schema);
        match given.get(&parameter.name) {
            Some(value) if !null_is_nothing => check(parameter, value, &mut errors),
            _ if parameter.required => {
                let mut hint = describe(parameter);
                if !parameter.description.is_empty() {
                    hint = format!("{hint}: {}", parameter.description);
                }
                let message = format!("the parameter `{}` is required", parameter.name);
                errors.push(ParameterError::new(&parameter.name, message, Some(hint)));
            }
            _ => {
                bound.remove(&parameter.name);
                bound.extend(parameter.default.clone().map(|value| (parameter.name.clone(), value)));
            }
        }
    }
    if !errors.is_empty() {
        return Err(errors);
    }
    // In declared order, so that equal parameters are equal text however they were given.
    Ok(declared.iter().filter_map(|parameter| Some((parameter.name.clone(), bound.remove(&parameter.name)?))).collect())
}

fn unknown(name: &str, declared: &[Parameter]) -> ParameterError {
    let names: Vec<&str> = declared.iter().map(|parameter| parameter.name.as_str()).collect();
    let hint = did_you_mean(name, names.iter().copied()).unwrap_or_else(|| {
        if names.is_empty() {
            "the template takes no parameters".to_owned()
        } else {
            format!("parameters are `{}`", names.join("`, `"))
        }
    });
    ParameterError::new(name, format!("there is no parameter `{}`", shorten(name)), Some(hint))
}

fn check(parameter: &Parameter, value: &Value, errors: &mut Vec<ParameterError>) {
    // A schema that does not compile was refused when the template was loaded.
    let Ok(validator) = super::json_schema::compile(&parameter.schema) else { return };
    for error in validator.iter_errors(value) {
        let at = error.instance_path().to_string();
        let name = &parameter.name;
        let place = if at.is_empty() { format!("`{name}`") } else { format!("`{name}` at `{at}`") };
        let message = format!("{place}: {}", shorten_to(&error.to_string(), 300));
        errors.push(ParameterError::new(name, message, Some(format!("expected {}", describe(parameter)))));
    }
}

fn shorten_to(text: &str, most: usize) -> String {
    if text.chars().count() <= most { text.to_owned() } else { text.chars().take(most).chain(['…']).collect() }
}

fn allows_null(schema: &Value) -> bool {
    super::json_schema::compile(schema).is_ok_and(|validator| validator.is_valid(&Value::Null))
        && schema.get("type").is_some()
}

/// "an integer, 1 or more"
fn describe(parameter: &Parameter) -> String {
    let types = types(&parameter.schema);
    let mut text = if types.is_empty() {
        "a value".to_owned()
    } else {
        types.iter().map(|word| noun(word)).collect::<Vec<_>>().join(" or ")
    };
    if let Some(choices) = parameter.schema.get("enum").and_then(Value::as_array) {
        let choices: Vec<String> = choices.iter().map(Value::to_string).collect();
        text = format!("one of {}", choices.join(", "));
    }
    if let Some(least) = parameter.schema.get("minimum") {
        text = format!("{text}, {least} or more");
    }
    if let Some(most) = parameter.schema.get("maximum") {
        text = format!("{text}, {most} or less");
    }
    text
}

fn noun(word: &str) -> &'static str {
    match word {
        "string" => "text",
        "integer" => "a whole number",
        "number" => "a number",
        "boolean" => "true or false",
        "array" => "a list",
        "object" => "an object",
        _ => "null",
    }
}

/// The declared types, in order.
fn types(schema: &Value) -> Vec<&str> {
    match schema.get("type") {
        Some(Value::String(word)) => vec![word],
        Some(Value::Array(words)) => words.iter().filter_map(Value::as_str).collect(),
        _ => Vec::new(),
    }
}

/// JSON Schema of a template's parameters as one object.
#[must_use]
pub fn parameters_schema(declared: &[Parameter]) -> Value {
    let mut properties = Map::new();
    for parameter in declared {
        let mut schema = parameter.schema.as_object().cloned().unwrap_or_default();
        if !parameter.description.is_empty() {
            schema.entry("description").or_insert_with(|| json!(parameter.description));
        }
        if let Some(default) = &parameter.default {
            schema.entry("default").or_insert_with(|| default.clone());
        }
        properties.insert(parameter.name.clone(), Value::Object(schema));
    }
    let required: Vec<&str> =
        declared.iter().filter(|parameter| parameter.required).map(|parameter| parameter.name.as_str()).collect();
    let mut schema = Map::new();
    schema.insert("type".to_owned(), json!("object"));
    schema.insert("properties".to_owned(), Value::Object(properties));
    if !required.is_empty() {
        schema.insert("required".to_owned(), json!(required));
    }
    schema.insert("additionalProperties".to_owned(), json!(false));
    Value::Object(schema)
}

/// The required parameters with made-up values that fit: what an example of a call gives.
#[must_use]
pub fn example_parameters(declared: &[Parameter]) -> Object {
    declared
        .iter()
        .filter(|parameter| parameter.required)
        .map(|parameter| (parameter.name.clone(), example(parameter)))
        .collect()
}

fn example(parameter: &Parameter) -> Value {
    let schema = &parameter.schema;
    let first = |key: &str| schema.get(key).and_then(Value::as_array).and_then(|values| values.first()).cloned();
    if let Some(value) = first("examples").or_else(|| first("enum")).or_else(|| schema.get("const").cloned()) {
        return value;
    }
    match types(schema).first().copied() {
        Some("integer" | "number") => {
            schema.get("minimum").or_else(|| schema.get("maximum")).cloned().unwrap_or_else(|| json!(1))
        }
        Some("boolean") => json!(true),
        Some("array") => json!([]),
        Some("object") => json!({}),
        Some("null") => Value::Null,
        _ => json!(format!("<{}>", parameter.name)),
    }
}

/// A value from a command line, by the parameter's type: numbers and booleans
/// by their words, lists and objects as JSON, text as it stands. With several
/// types the first that fits.
pub fn parse_text(parameter: &Parameter, text: &str) -> Result<Value, ParameterError> {
    let types = types(&parameter.schema);
    if types.is_empty() {
        // Undeclared: JSON when it is some, else text.
        return Ok(serde_json::from_str(text).unwrap_or_else(|_| json!(text)));
    }
    // Text fits everything, so it is tried last.
    let (plain, others): (Vec<&str>, Vec<&str>) = types.iter().partition(|word| **word == "string");
    for word in others {
        if let Some(value) = read_as(word, text) {
            return Ok(value);
        }
    }
    if !plain.is_empty() {
        return Ok(json!(text));
    }
    let name = &parameter.name;
    let message = format!(
        "`{name}`: `{}` is not {}",
        shorten(text),
        types.iter().map(|word| noun(word)).collect::<Vec<_>>().join(" or ")
    );
    let hint = types.iter().any(|word| matches!(*word, "array" | "object")).then(|| {
        let example = if types.contains(&"array") { r#"["a", "b"]"# } else { r#"{"a": 1}"# };
        format!("write it as JSON: {name}='{example}'")
    });
    Err(ParameterError::new(name, message, hint))
}

fn read_as(word: &str, text: &str) -> Option<Value> {
    let trimmed = text.trim();
    match word {
        "integer" => trimmed.parse::<i64>().map(Value::from).or_else(|_| trimmed.parse::<u64>().map(Value::from)).ok(),
        "number" => read_as("integer", text).or_else(|| {
            let number: f64 = trimmed.parse().ok()?;
            serde_json::Number::from_f64(number).map(Value::Number)
        }),
        "boolean" => match trimmed.to_ascii_lowercase().as_str() {
            "true" | "yes" | "on" | "1" => Some(json!(true)),
            "false" | "no" | "off" | "0" => Some(json!(false)),
            _ => None,
        },
        "array" => serde_json::from_str(trimmed).ok().filter(Value::is_array),
        "object" => serde_json::from_str(trimmed).ok().filter(Value::is_object),
        "null" => (trimmed.is_empty() || trimmed == "null").then_some(Value::Null),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parameter(name: &str, required: bool, default: Option<Value>, schema: Value) -> Parameter {
        Parameter { name: name.to_owned(), description: String::new(), required, default, schema }
    }

    fn object(value: Value) -> Object {
        let Value::Object(object) = value else { panic!("not an object") };
        object
    }

    #[test]
    fn everything_wrong_with_parameters_is_told_at_once() {
        let declared = [
            parameter("region", true, None, json!({"type": "string"})),
            parameter("limit", false, Some(json!(50)), json!({"type": "integer", "minimum": 1})),
        ];
        let errors = bind(&declared, &object(json!({"limit": 0, "regin": "north"}))).expect_err("refused");
        let told: Vec<String> =
            errors.iter().map(|error| format!("{} | {}", error, error.hint.as_deref().unwrap_or("-"))).collect();
        assert_eq!(
            told,
            [
                "there is no parameter `regin` | did you mean `region`?",
                "the parameter `region` is required | text",
                "`limit`: 0 is less than the minimum of 1 | expected a whole number, 1 or more",
            ]
        );
    }

    #[test]
    fn defaults_are_filled_in_and_what_is_missing_stays_away() {
        let declared = [
            parameter("limit", false, Some(json!(50)), json!({"type": "integer"})),
            parameter("region", false, None, json!({"type": "string"})),
        ];
        assert_eq!(bind(&declared, &Object::default()).expect("bound"), object(json!({"limit": 50})));
        let nulls = object(json!({"limit": null, "region": null}));
        assert_eq!(bind(&declared, &nulls).expect("bound"), object(json!({"limit": 50})));
    }

    #[test]
    fn text_is_read_by_the_declared_type() {
        let read = |schema: Value, text: &str| {
            parse_text(&parameter("p", false, None, schema), text).map_err(|e| e.to_string())
        };
        assert_eq!(read(json!({"type": "integer"}), "7"), Ok(json!(7)));
        assert_eq!(read(json!({"type": "number"}), "7.5"), Ok(json!(7.5)));
        assert_eq!(read(json!({"type": "boolean"}), "no"), Ok(json!(false)));
        assert_eq!(read(json!({"type": "string"}), "7"), Ok(json!("7")));
        assert_eq!(read(json!({"type": ["string", "integer"]}), "7"), Ok(json!(7)));
        assert_eq!(read(json!({"type": ["string", "integer"]}), "seven"), Ok(json!("seven")));
        assert_eq!(read(json!({"type": "array"}), "[1]"), Ok(json!([1])));
        assert_eq!(read(json!({"type": "array"}), "1"), Err("`p`: `1` is not a list".to_owned()));
        assert_eq!(read(json!({"type": "integer"}), "1.5"), Err("`p`: `1.5` is not a whole number".to_owned()));
        assert_eq!(read(json!({}), "{\"a\":1}"), Ok(json!({"a": 1})));
    }

    #[test]
    fn the_parameters_of_an_example_are_ones_that_bind() {
        let declared = [
            parameter("region", true, None, json!({"type": "string"})),
            parameter("size", true, None, json!({"enum": ["small", "large"]})),
            parameter("limit", false, Some(json!(50)), json!({"type": "integer"})),
        ];
        let parameters = example_parameters(&declared);
        assert_eq!(Value::Object(parameters.clone()), json!({"region": "<region>", "size": "small"}));
        bind(&declared, &parameters).expect("binds");
    }
}
