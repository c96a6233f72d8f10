//! Arguments against a tool's input schema: everything that is wrong, told at
//! once, with what to write instead.

use jsonschema::error::ValidationErrorKind;
use jsonschema::{ValidationError, Validator};
use serde_json::{Value, json};

use super::example;
use super::nearest::nearest;
use crate::base::json::Object;
use crate::workflow::json_schema;

/// Deeper arguments are refused before anything walks them.
const MAX_DEPTH: usize = 64;
/// The most that one call's arguments may hold, in bytes of text.
const MAX_BYTES: usize = 16 * 1024 * 1024;
/// Schemas beyond this are not compiled: they come from outside.
const MAX_SCHEMA_BYTES: usize = 512 * 1024;
/// More mistakes than this are counted, not told.
const MAX_TOLD: usize = 20;

/// A compiled input schema.
#[derive(Debug)]
pub(super) struct Check {
    validator: Validator,
    /// Deeper arguments are left to the tool: to look at them could take for ever.
    levels: usize,
}

/// What is wrong with a call's arguments.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Rejected {
    /// A sentence.
    pub(super) error: String,
    /// What to do.
    pub(super) hint: String,
    /// `[{path, message}]`.
    pub(super) errors: Value,
    /// `{name, arguments}`.
    pub(super) example_call: Value,
}

struct Problem {
    path: String,
    message: String,
    hint: Option<String>,
}

impl Check {
    /// Compiles a schema; no reference is fetched. `Err` says why it cannot be used.
    pub(super) fn compile(schema: &Value) -> Result<Self, String> {
        let built = json_schema::compile_foreign(schema, MAX_SCHEMA_BYTES);
        built.map(|(validator, levels)| Self { validator, levels }).map_err(|error| error.chars().take(300).collect())
    }

    /// Everything that is wrong with `arguments`.
    pub(super) fn run(&self, tool: &str, schema: &Value, arguments: &Object) -> Result<(), Box<Rejected>> {
        let instance = Value::Object(arguments.clone());
        if self.levels < MAX_DEPTH && json_schema::depth(&instance) > self.levels {
            tracing::debug!(
                tool,
                "its schema refers back to itself too often for arguments this deep: they are not checked"
            );
            return Ok(());
        }
        if self.validator.is_valid(&instance) {
            return Ok(());
        }
        let mut problems = Vec::new();
        let mut count = 0;
        for error in self.validator.iter_errors(&instance) {
            count += 1;
            if problems.len() < MAX_TOLD {
                explain(&error, schema, &mut problems);
            }
        }
        Err(Box::new(rejected(tool, schema, arguments, &problems, count)))
    }
}

/// Refuses arguments that are too deep or too large to look at.
pub(super) fn bounded(tool: &str, arguments: &Object) -> Result<(), Box<Rejected>> {
    let fits = arguments.iter().try_fold(0_usize, |sum, (key, value)| {
        let left = MAX_BYTES.checked_sub(sum + key.len() + 4)?;
        Some(sum + key.len() + 4 + measure(value, MAX_DEPTH - 1, left)?)
    });
    if fits.is_some() {
        return Ok(());
    }
    Err(Box::new(Rejected {
        error: format!(
            "the arguments of `{tool}` are nested deeper than {MAX_DEPTH} levels or larger than {} MiB",
            MAX_BYTES >> 20
        ),
        hint: "pass a path or an id instead of the content, or split the call".to_owned(),
        errors: json!([]),
        example_call: Value::Null,
    }))
}

/// The size of a value as text, about; `None` when it is over a limit.
fn measure(value: &Value, depth: usize, left: usize) -> Option<usize> {
    let size = match value {
        Value::Null | Value::Bool(_) | Value::Number(_) => 4,
        Value::String(text) => text.len() + 2,
        Value::Array(items) => {
            let depth = depth.checked_sub(1)?;
            items.iter().try_fold(2_usize, |sum, item| Some(sum + 1 + measure(item, depth, left.checked_sub(sum)?)?))?
        }
        Value::Object(map) => {
            let depth = depth.checked_sub(1)?;
            map.iter().try_fold(2_usize, |sum, (key, item)| {
                let sum = sum + key.len() + 4;
                Some(sum + measure(item, depth, left.checked_sub(sum)?)?)
            })?
        }
    };
    (size <= left).then_some(size)
}

fn rejected(tool: &str, schema: &Value, arguments: &Object, problems: &[Problem], count: usize) -> Rejected {
    let first = problems.first();
    let told = first.map_or_else(
        || "they do not fit the schema".to_owned(),
        |problem| {
            if problem.path.is_empty() {
                problem.message.clone()
            } else {
                format!("`{}`: {}", problem.path, problem.message)
            }
        },
    );
    let more = if count > 1 { format!(" (and {} more)", count - 1) } else { String::new() };
    let wrong: Vec<String> =
        problems.iter().map(|problem| problem.path.split(['.', '[']).next().unwrap_or_default().to_owned()).collect();
    let hint = problems.iter().find_map(|problem| problem.hint.clone()).unwrap_or_else(|| {
        "call it again with arguments like those of `example_call`; `errors` lists everything that is wrong".to_owned()
    });
    Rejected {
        error: format!("the arguments of `{tool}` are not valid: {told}{more}"),
        hint,
        errors: problems.iter().map(|problem| json!({"path": problem.path, "message": problem.message})).collect(),
        example_call: json!({"name": tool, "arguments": example::arguments(schema, arguments, &wrong)}),
    }
}

/// One error of the validator as one or more problems in words a caller can
/// act on. Values are never repeated: they may be long, or secret.
#[expect(clippy::wildcard_enum_match_arm, reason = "the validator's own words do for the many kinds not named here")]
fn explain(error: &ValidationError<'_>, schema: &Value, out: &mut Vec<Problem>) {
    let at = readable(error.instance_path().as_str());
    match error.kind() {
        ValidationErrorKind::AdditionalProperties { unexpected }
        | ValidationErrorKind::UnevaluatedProperties { unexpected } => {
            let known = siblings(error, schema);
            for name in unexpected.iter().take(MAX_TOLD) {
                let name: String = name.chars().take(100).collect();
                let close = nearest(&name, known.iter().copied());
                let hint = match close.first() {
                    Some(close) => format!("did you mean `{close}` instead of `{name}`?"),
                    None if known.is_empty() => format!("leave `{name}` out"),
                    None => format!("leave `{name}` out; known: {}", quoted(&known)),
                };
                out.push(Problem {
                    path: joined(&at, &name),
                    message: "is not a known argument".to_owned(),
                    hint: Some(hint),
                });
            }
        }
        ValidationErrorKind::Required { property } => {
            let name = property.as_str().unwrap_or_default();
            out.push(Problem { path: joined(&at, name), message: "is required and missing".to_owned(), hint: None });
        }
        ValidationErrorKind::Enum { options } => {
            let told: Vec<String> = options.as_array().into_iter().flatten().take(30).map(Value::to_string).collect();
            let asked = error.instance().as_str().unwrap_or_default();
            let names: Vec<&str> = options.as_array().into_iter().flatten().filter_map(Value::as_str).collect();
            let hint = nearest(asked, names).first().map(|close| format!("did you mean `{close}`?"));
            out.push(Problem { path: at, message: format!("must be one of {}", told.join(", ")), hint });
        }
        ValidationErrorKind::AnyOf { context } | ValidationErrorKind::OneOfNotValid { context } => {
            // A branch that only says "or null" explains nothing.
            let branch = context.iter().find(|branch| !branch.is_empty() && !branch.iter().all(is_null_branch));
            match branch {
                Some(branch) => branch.iter().take(3).for_each(|inner| explain(inner, schema, out)),
                None => out.push(plain(error, at)),
            }
        }
        _ => out.push(plain(error, at)),
    }
}

fn plain(error: &ValidationError<'_>, path: String) -> Problem {
    let message: String = error.masked_with("the value").to_string().chars().take(300).collect();
    Problem { path, message, hint: None }
}

fn is_null_branch(error: &ValidationError<'_>) -> bool {
    matches!(error.kind(), ValidationErrorKind::Type { .. }) && error.masked().to_string().contains("\"null\"")
}

/// The properties known where an unknown one was found.
fn siblings<'s>(error: &ValidationError<'_>, schema: &'s Value) -> Vec<&'s str> {
    let keyword = error.schema_path().as_str();
    let parent = keyword.rsplit_once('/').map_or("", |(parent, _)| parent);
    let properties = schema.pointer(parent).and_then(|node| node.get("properties")).and_then(Value::as_object);
    properties.map(|map| map.keys().map(String::as_str).collect()).unwrap_or_default()
}

fn quoted(names: &[&str]) -> String {
    names.iter().take(20).map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ")
}

/// A JSON pointer as people write paths: `steps[0].tool`.
fn readable(pointer: &str) -> String {
    pointer.split('/').skip(1).fold(String::new(), |path, part| {
        let part = part.replace("~1", "/").replace("~0", "~");
        if !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit()) {
            format!("{path}[{part}]")
        } else {
            joined(&path, &part)
        }
    })
}

fn joined(path: &str, name: &str) -> String {
    if path.is_empty() { name.to_owned() } else { format!("{path}.{name}") }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::{Check, bounded};
    use crate::base::json::Object;

    fn object(value: &Value) -> Object {
        value.as_object().cloned().unwrap_or_default()
    }

    fn schema() -> Value {
        json!({
            "type": "object", "additionalProperties": false, "required": ["template_id"],
            "properties": {
                "template_id": {"type": "string", "examples": ["model_inventory"]},
                "mode": {"anyOf": [{"$ref": "#/$defs/Mode"}, {"type": "null"}]},
                "wait_seconds": {"type": "integer", "minimum": 0},
                "steps": {"type": "array", "items": {"type": "object", "properties": {"tool": {"type": "string"}}}}
            },
            "$defs": {"Mode": {"enum": ["parallel", "sequential"]}}
        })
    }

    #[test]
    fn everything_wrong_is_told_at_once_with_paths_a_hint_and_a_call_that_is_right() {
        let check = Check::compile(&schema()).expect("the schema compiles");
        let given = json!({"templateid": "x", "mode": "paralel", "wait_seconds": "4", "steps": [{"tool": 1}]});
        let rejected = check.run("execute_workflow", &schema(), &object(&given)).expect_err("wrong");
        let mut paths: Vec<&str> =
            rejected.errors.as_array().into_iter().flatten().filter_map(|e| e["path"].as_str()).collect();
        paths.sort_unstable();
        assert_eq!(paths, ["mode", "steps[0].tool", "template_id", "templateid", "wait_seconds"]);
        assert!(
            rejected.error.starts_with("the arguments of `execute_workflow` are not valid: "),
            "{}",
            rejected.error
        );
        assert!(rejected.error.ends_with("(and 4 more)"), "{}", rejected.error);
        let hints = ["did you mean `template_id` instead of `templateid`?", "did you mean `parallel`?"];
        assert!(hints.contains(&rejected.hint.as_str()), "{}", rejected.hint);
        let example = rejected.example_call["arguments"].as_object().cloned().unwrap_or_default();
        assert_eq!(check.run("execute_workflow", &schema(), &example), Ok(()));
        assert_eq!(example["template_id"], json!("model_inventory"));
    }

    #[test]
    fn values_are_not_repeated_in_errors() {
        let check = Check::compile(&schema()).expect("the schema compiles");
        let rejected = check
            .run(
                "t",
                &schema(),
                &object(&json!({"template_id": {"key": "s3cr3t-value"}, "wait_seconds": "s3cr3t-value"})),
            )
            .expect_err("wrong");
        assert!(!format!("{}{}{}", rejected.error, rejected.hint, rejected.errors).contains("s3cr3t"));
    }

    #[test]
    fn deep_and_large_arguments_are_refused_and_ten_megabytes_are_not() {
        let deep = (0..100).fold(json!(1), |inner, _| json!([inner]));
        assert!(bounded("t", &object(&json!({"a": deep}))).is_err());
        let large = "x".repeat(10 * 1024 * 1024);
        assert!(bounded("t", &object(&json!({ "a": large }))).is_ok());
        assert!(bounded("t", &object(&json!({ "a": large, "b": large }))).is_err());
    }

    #[test]
    fn a_schema_whose_definitions_double_forty_times_is_not_used() {
        let mut all = Object::new();
        for i in 0..40 {
            let next = json!({"$ref": format!("#/$defs/a{}", i + 1)});
            all.insert(format!("a{i}"), json!({"allOf": [next, next]}));
        }
        all.insert("a40".to_owned(), json!({}));
        let schema = json!({"type": "object", "$ref": "#/$defs/a0", "$defs": all});
        let told = Check::compile(&schema).expect_err("it would be validated for years");
        assert_eq!(told, "with its references followed it holds more than 100000 schemas");
    }

    #[test]
    fn a_schema_that_points_outside_is_not_fetched() {
        assert!(Check::compile(&json!({"$ref": "https://example.com/schema.json"})).is_err());
        assert!(Check::compile(&json!({"$ref": "file:///etc/passwd"})).is_err());
    }

    #[test]
    fn a_schema_that_branches_into_itself_is_not_followed_for_ever() {
        let again = json!({"properties": {"a": {"$ref": "#"}}});
        let schema = json!({"anyOf": [again, again, {"required": ["never"]}], "required": ["a"]});
        let check = Check::compile(&schema).unwrap();
        let deep = |levels: usize| (0..levels).fold(json!({}), |inner, _| json!({"a": inner}));
        assert!(check.run("t", &schema, &object(&deep(5))).is_err(), "what can be checked soon is");
        assert_eq!(check.run("t", &schema, &object(&deep(60))), Ok(()));
    }
}
