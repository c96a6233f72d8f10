//! Parameters from text: `-p KEY=VALUE` by the declared type, `--params FILE`.

use serde_json::Value;

use super::answer::{TemplatesAnswer, view};
use super::backend::Client;
use super::failure::Failure;
use crate::base::json::Object;
use crate::workflow::parse_text;
use crate::workflow::plan::Parameter;

/// A file of parameters may be this large.
pub(super) const MAX_BYTES: u64 = 16 * 1024 * 1024;

/// The declared parameters of a template. Empty when it cannot be looked up: `execute_workflow`
/// tells why.
pub(super) async fn declared(client: &Client, template_id: &str) -> Result<Vec<Parameter>, Failure> {
    let mut arguments = Object::new();
    arguments.insert("template_id".to_owned(), Value::from(template_id));
    let answer: TemplatesAnswer = match client.call("list_workflow_templates", arguments).await {
        Ok(answer) => view(&answer),
        Err(Failure::Tool(_)) => return Ok(Vec::new()),
        Err(failure) => return Err(failure),
    };
    let template = answer.templates.into_iter().find(|template| template.template_id == template_id);
    Ok(template.map(|template| of_json(template.schema())).unwrap_or_default())
}

/// Parameters as answers show them: a list with a name and a type or schema each, or the schema
/// of one object.
fn of_json(parameters: &Value) -> Vec<Parameter> {
    match parameters {
        Value::Array(items) => items
            .iter()
            .filter_map(|item| Some(parameter(item.get("name")?.as_str()?, item.get("schema").unwrap_or(item))))
            .collect(),
        Value::Object(schema) => of_schema(schema.get("properties").unwrap_or(parameters)),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => Vec::new(),
    }
}

/// The fields of an object's schema, as parameters.
pub(super) fn of_schema(properties: &Value) -> Vec<Parameter> {
    properties.as_object().into_iter().flatten().map(|(name, schema)| parameter(name, schema)).collect()
}

/// A field that is known by its schema alone.
pub(super) fn parameter(name: &str, schema: &Value) -> Parameter {
    Parameter {
        name: name.to_owned(),
        description: String::new(),
        required: false,
        default: None,
        schema: schema.clone(),
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

/// One value by its declaration; one that is not declared is JSON when it is some, else text, and
/// the tool refuses it with the names it knows.
pub(super) fn typed(declared: &[Parameter], name: &str, text: &str) -> Result<Value, Failure> {
    let found = declared.iter().find(|parameter| parameter.name == name);
    let unknown = parameter(name, &Value::Bool(true));
    parse_text(found.unwrap_or(&unknown), text)
        .map_err(|error| Failure::refused(crate::base::ErrorKind::InvalidInput, error.to_string(), error.hint))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::{object, of_json, typed};

    #[test]
    fn parameters_are_known_in_either_form() {
        for shown in [
            json!([{"name": "a", "type": "integer"}, {"name": "b", "schema": {"type": "string"}}]),
            json!({"type": "object", "properties": {"a": {"type": "integer"}, "b": {"type": "string"}}}),
        ] {
            let declared = of_json(&shown);
            assert_eq!(typed(&declared, "a", "007").unwrap(), json!(7));
            assert_eq!(typed(&declared, "b", "007").unwrap(), json!("007"));
            assert_eq!(typed(&declared, "c", "[1]").unwrap(), json!([1]));
            assert!(typed(&declared, "a", "seven").unwrap_err().to_string().contains("`seven` is not"));
        }
    }

    #[test]
    fn a_file_of_parameters_is_json_or_yaml() {
        assert_eq!(object(r#"{"a": [1]}"#, "f").unwrap()["a"], json!([1]));
        assert_eq!(object("a:\n  - 1\n", "f").unwrap()["a"], json!([1]));
        assert!(object("", "f").unwrap().is_empty());
        assert_eq!(object("[1]", "f").unwrap_err().to_string(), "`f` cannot be read: it is no object");
    }
}
