//! JSON Schemas that other people wrote: compiled within bounds.
//!
//! No network, no files, no regular expression that can run for ever, formats
//! checked. Knows nothing of templates.

use jsonschema::{PatternOptions, Validator};
use serde_json::Value;

use super::node::{Node, Spot};
use super::problem::Code;
use super::problems::Problems;
use super::schema_size::{self, Size};

/// Bytes of a schema's compact text.
const MAX_BYTES: usize = 256 * 1024;
/// Values inside values.
const MAX_DEPTH: usize = 64;

/// Compiles a schema; the error says what is wrong with it.
pub(crate) fn compile(schema: &Value) -> Result<Validator, String> {
    within(schema, MAX_BYTES, true).map(|(validator, _)| validator)
}

/// [`compile`] for a schema of a server's, which may be as long as `max_bytes` and whose formats are left to it;
/// and how deep a value may be to be validated soon.
pub(crate) fn compile_foreign(schema: &Value, max_bytes: usize) -> Result<(Validator, usize), String> {
    within(schema, max_bytes, false).map(|(validator, size)| (validator, size.levels()))
}

fn within(schema: &Value, max_bytes: usize, formats: bool) -> Result<(Validator, Size), String> {
    if depth(schema) > MAX_DEPTH {
        return Err(format!("it is nested deeper than {MAX_DEPTH} levels"));
    }
    let bytes = schema.to_string().len();
    if bytes > max_bytes {
        return Err(format!("it has {bytes} bytes, {max_bytes} are allowed"));
    }
    let size = schema_size::bounded(schema)?;
    let options = || {
        let options = jsonschema::options().offline();
        if formats { options.should_validate_formats(true) } else { options }
    };
    let linear = options().with_pattern_options(PatternOptions::regex().size_limit(1 << 20));
    // Look-around needs the backtracking engine, which then runs on a leash.
    let leashed = || {
        let patterns = PatternOptions::fancy_regex().backtrack_limit(100_000).size_limit(1 << 20);
        options().with_pattern_options(patterns).build(schema)
    };
    let built = linear.build(schema).or_else(|_| leashed());
    built.map(|validator| (validator, size)).map_err(|error| {
        let at = error.instance_path().to_string();
        if at.is_empty() { error.to_string() } else { format!("{error} (at `{at}`)") }
    })
}

/// Values inside values.
pub(crate) fn depth(value: &Value) -> usize {
    match value {
        Value::Array(items) => 1 + items.iter().map(depth).max().unwrap_or(0),
        Value::Object(map) => 1 + map.values().map(depth).max().unwrap_or(0),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => 0,
    }
}

/// A schema of the author's, compiled once to tell what is wrong with it.
pub(crate) fn checked(node: &Node, problems: &mut Problems) -> Value {
    let schema = node.to_value();
    if let Err(message) = compile(&schema) {
        problems.add(Code::BadSchema, &node.spot, format!("no JSON Schema: {message}"), None);
    }
    schema
}

/// A value against its schema; a schema that is none was told.
pub(crate) fn check_default(value: &Value, schema: &Value, spot: &Spot, problems: &mut Problems) {
    if let Ok(validator) = compile(schema)
        && let Some(error) = validator.iter_errors(value).next()
    {
        problems.add(Code::BadDefault, spot, format!("the default does not fit: {error}"), None);
    }
}

#[cfg(test)]
mod tests {
    use super::compile;
    use serde_json::json;

    #[test]
    fn nothing_is_fetched() {
        assert!(compile(&json!({"$ref": "https://example.com/schema.json"})).is_err());
        assert!(compile(&json!({"$ref": "file:///etc/passwd"})).is_err());
        assert!(compile(&json!({"$ref": "#/$defs/a", "$defs": {"a": {"type": "string"}}})).is_ok());
    }

    #[test]
    fn a_pattern_that_would_backtrack_for_ever_answers_at_once() {
        let validator = compile(&json!({"type": "string", "pattern": "^(a+)+$"})).expect("compiles");
        assert!(!validator.is_valid(&json!("a".repeat(5_000) + "b")));
    }

    #[test]
    fn a_schema_that_is_none_is_told() {
        assert_eq!(
            compile(&json!({"type": "strin"})).expect_err("refused"),
            "\"strin\" is not valid under any of the schemas listed in the 'anyOf' keyword (at `/type`)"
        );
    }
}
