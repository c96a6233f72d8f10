//! A plan against the tools that are there now: names, and arguments against
//! input schemas. Values that expressions make are unknown and fit everything.
//!
//! Knows tools only as definitions; calls none.

use jsonschema::ValidationError;
use jsonschema::error::ValidationErrorKind;
use serde_json::Value;

use crate::base::json::Object;
use crate::contract::{Known, ToolDefinition};

use super::load::Loaded;
use super::node::Spot;
use super::plan::{Plan, PlanStep, StepKind};
use super::problem::{Code, Problem, did_you_mean, shorten};

/// Told for one call at most.
const MOST_ERRORS: usize = 10;

/// Looks tools up by name.
pub type Lookup<'a> = &'a dyn Fn(&str) -> Option<Known>;

/// Tools that are not there (warnings) and arguments that do not fit (errors).
/// `names` are the tools there are, for "did you mean". Problems are placed by
/// path; [`Loaded::validate_tools`] also knows lines.
#[must_use]
pub fn validate_tools(plan: &Plan, lookup: Lookup<'_>, names: &[String]) -> Vec<Problem> {
    findings(plan, lookup, names)
        .into_iter()
        .map(|finding| {
            let id = &plan.steps[finding.step].id;
            let path = match &finding.place {
                Place::Tool => format!("{id}.tool"),
                Place::Parameters => format!("{id}.parameters"),
                Place::Argument(name) => format!("{id}.parameters.{name}"),
                Place::Alternative(i) => format!("{id}.alternatives[{i}]"),
                Place::Compensate(i) => format!("{id}.compensate[{i}]"),
                Place::Cache => format!("{id}.cache"),
            };
            finding.problem(&plan.template_id, &Spot::default(), path)
        })
        .collect()
}

impl Loaded {
    /// [`validate_tools`] with the lines of the file.
    #[must_use]
    pub fn validate_tools(&self, lookup: Lookup<'_>, names: &[String]) -> Vec<Problem> {
        let mut problems: Vec<Problem> = findings(&self.plan, lookup, names)
            .into_iter()
            .map(|finding| {
                let calls = &self.calls[finding.step];
                let spot = match &finding.place {
                    Place::Tool => Some(&calls.tool),
                    Place::Parameters => Some(&calls.parameters),
                    Place::Argument(name) => {
                        let found = calls.arguments.iter().find(|(argument, _)| argument == name);
                        Some(found.map_or(&calls.parameters, |(_, spot)| spot))
                    }
                    Place::Alternative(i) => calls.alternatives.get(*i),
                    Place::Compensate(i) => calls.compensate.get(*i),
                    Place::Cache => Some(&calls.cache),
                };
                let spot = spot.cloned().unwrap_or_default();
                let path = spot.path.to_string();
                finding.problem(&self.file, &spot, path)
            })
            .collect();
        problems.sort_by_key(|problem| (problem.line, problem.column));
        problems
    }
}

impl Plan {
    /// Every tool that steps name: of calls, alternatives and compensations, each once, in file order.
    #[must_use]
    pub fn tools(&self) -> Vec<&str> {
        let mut tools: Vec<&str> = Vec::new();
        for step in &self.steps {
            let own = if let StepKind::Action(call) = &step.kind { Some(call.tool.as_str()) } else { None };
            let others = step.alternatives.iter().map(String::as_str);
            for tool in own.into_iter().chain(others).chain(step.compensate.iter().map(|call| call.tool.as_str())) {
                if !tools.contains(&tool) {
                    tools.push(tool);
                }
            }
        }
        tools
    }
}

enum Place {
    Tool,
    Parameters,
    Argument(String),
    Alternative(usize),
    Compensate(usize),
    Cache,
}

struct Finding {
    step: usize,
    place: Place,
    code: Code,
    message: String,
    hint: Option<String>,
}

impl Finding {
    fn problem(self, file: &str, spot: &Spot, path: String) -> Problem {
        Problem {
            code: self.code,
            file: file.to_owned(),
            line: spot.position.map(|(line, _)| line),
            column: spot.position.map(|(_, column)| column),
            path,
            message: self.message,
            hint: self.hint,
        }
    }
}

fn findings(plan: &Plan, lookup: Lookup<'_>, names: &[String]) -> Vec<Finding> {
    let mut found = Vec::new();
    for (i, step) in plan.steps.iter().enumerate() {
        if let StepKind::Action(call) = &step.kind {
            let mut check = Check { step: i, lookup, names, found: &mut found };
            if let Some(tool) = check.tool(&call.tool, || Place::Tool) {
                check.cache(step, &tool.definition);
                check.arguments(&tool, &call.parameters, |argument| {
                    argument.map_or(Place::Parameters, |name| Place::Argument(name.to_owned()))
                });
            }
            for (a, alternative) in step.alternatives.iter().enumerate() {
                if let Some(tool) = check.tool(alternative, || Place::Alternative(a)) {
                    check.arguments(&tool, &call.parameters, |_| Place::Alternative(a));
                }
            }
        }
        let mut check = Check { step: i, lookup, names, found: &mut found };
        for (c, call) in step.compensate.iter().enumerate() {
            if let Some(tool) = check.tool(&call.tool, || Place::Compensate(c)) {
                check.arguments(&tool, &call.parameters, |_| Place::Compensate(c));
            }
        }
    }
    found
}

struct Check<'a> {
    step: usize,
    lookup: Lookup<'a>,
    names: &'a [String],
    found: &'a mut Vec<Finding>,
}

impl Check<'_> {
    fn tell(&mut self, place: Place, code: Code, message: String, hint: Option<String>) {
        self.found.push(Finding { step: self.step, place, code, message, hint });
    }

    fn tool(&mut self, name: &str, place: impl Fn() -> Place) -> Option<Known> {
        let tool = (self.lookup)(name);
        if tool.is_none() {
            let hint = did_you_mean(name, self.names.iter().map(String::as_str));
            self.tell(place(), Code::UnknownTool, format!("there is no tool `{}`", shorten(name)), hint);
        }
        tool
    }

    fn cache(&mut self, step: &PlanStep, tool: &ToolDefinition) {
        if step.cache.is_some() && step.idempotent != Some(true) && !tool.annotations.repeat_safe() {
            let message =
                format!("`{}` does not say that a repeat is harmless, so its results are not cached", tool.name);
            let hint = "say `idempotent: true` on the step when it is".to_owned();
            self.tell(Place::Cache, Code::UnsafeCache, message, Some(hint));
        }
    }

    fn arguments(&mut self, known: &Known, parameters: &Object, place: impl Fn(Option<&str>) -> Place) {
        let tool = &known.definition;
        // A server's schema that does not compile is the server's fault, told elsewhere.
        let Ok(validator) = super::json_schema::compile(&tool.input_schema) else { return };
        let mut parameters = parameters.clone();
        known.rename(&mut parameters);
        let instance = Value::Object(parameters);
        let mut unknown = Vec::new();
        unknown_values(&instance, &mut String::new(), &mut unknown);
        let errors: Vec<ValidationError<'_>> =
            validator.iter_errors(&instance).filter(|error| stands(error, &unknown)).take(MOST_ERRORS).collect();
        for error in errors {
            let pointer = error.instance_path().to_string();
            let argument = pointer.split('/').nth(1).map(|name| name.replace("~1", "/").replace("~0", "~"));
            if let (ValidationErrorKind::AdditionalProperties { unexpected }, None) = (error.kind(), &argument) {
                let known = tool.input_schema.get("properties").and_then(Value::as_object);
                for name in unexpected {
                    let hint = did_you_mean(name, known.into_iter().flatten().map(|(name, _)| name.as_str()));
                    let message = format!("`{}` takes no argument `{}`", tool.name, shorten(name));
                    self.tell(place(Some(name)), Code::BadArguments, message, hint);
                }
                continue;
            }
            let told: String = error.to_string().chars().take(300).collect();
            let message = match (error.kind(), &argument) {
                (ValidationErrorKind::Required { property }, None) => {
                    format!("`{}` needs the argument `{}`", tool.name, property.as_str().unwrap_or_default())
                }
                (_, Some(name)) => format!("`{}`, argument `{}`: {told}", tool.name, shorten(name)),
                (_, None) => format!("`{}`: {told}", tool.name),
            };
            self.tell(place(argument.as_deref()), Code::BadArguments, message, None);
        }
    }
}

/// A value that an expression makes.
struct Unknown {
    /// JSON pointer.
    pointer: String,
    /// Text around the expression: it is some text, whatever the value.
    is_text: bool,
}

fn unknown_values(value: &Value, pointer: &mut String, unknown: &mut Vec<Unknown>) {
    let mut inside = |key: &str, value: &Value, pointer: &mut String| {
        let length = pointer.len();
        pointer.push('/');
        pointer.push_str(&key.replace('~', "~0").replace('/', "~1"));
        unknown_values(value, pointer, unknown);
        pointer.truncate(length);
    };
    match value {
        Value::String(text) if text.contains("{{") => {
            let trimmed = text.trim();
            let whole = trimmed.starts_with("{{") && trimmed.ends_with("}}") && trimmed.matches("{{").count() == 1;
            unknown.push(Unknown { pointer: pointer.clone(), is_text: !whole });
        }
        Value::Array(items) => items.iter().enumerate().for_each(|(i, item)| inside(&i.to_string(), item, pointer)),
        Value::Object(map) => map.iter().for_each(|(key, item)| inside(key, item, pointer)),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

/// Whether an error holds whatever the unknown values turn out to be.
fn stands(error: &ValidationError<'_>, unknown: &[Unknown]) -> bool {
    // Words that look only at the keys and size of a container, or at its kind.
    const OUTER: [&str; 9] = [
        "type",
        "required",
        "additionalProperties",
        "minProperties",
        "maxProperties",
        "minItems",
        "maxItems",
        "dependentRequired",
        "propertyNames",
    ];
    let at = error.instance_path().to_string();
    unknown.iter().all(|unknown| {
        if unknown.pointer == at {
            unknown.is_text && error.kind().keyword() == "type"
        } else if unknown.pointer.starts_with(&format!("{at}/")) {
            OUTER.contains(&error.kind().keyword())
        } else {
            true
        }
    })
}

#[cfg(test)]
mod tests {
    use super::super::load::load_text;
    use super::super::plan::Source;
    use super::*;
    use crate::contract::Annotations;
    use serde_json::json;

    fn tool(name: &str) -> Option<Known> {
        let definition = (name == "crm__list").then(|| ToolDefinition {
            name: name.to_owned(),
            title: None,
            description: String::new(),
            input_schema: json!({
                "type": "object",
                "properties": {
                    "region": {"type": "string", "minLength": 40},
                    "limit": {"type": "integer", "maximum": 100},
                    "where": {"type": "object", "properties": {"state": {"enum": ["open", "closed"]}}},
                },
                "required": ["region"],
                "additionalProperties": false,
            }),
            output_schema: None,
            annotations: Annotations::default(),
        });
        let aliases = vec![("area".to_owned(), "region".to_owned())];
        definition.map(|definition| Known { definition, aliases })
    }

    fn told(parameters: &str) -> Vec<String> {
        let text = format!(
            "template_id: t\nparameters: [{{name: p, default: 1}}]\nsteps:\n  - step_id: a\n    tool: crm__list\n    parameters: {parameters}\n"
        );
        let loaded = load_text(&text, Source::User, "t.yaml").expect("loads");
        loaded.validate_tools(&tool, &["crm__list".to_owned()]).iter().map(ToString::to_string).collect()
    }

    #[test]
    fn literal_arguments_are_checked_and_expressions_fit_everything() {
        assert_eq!(told("{region: \"{{ params.p }}\", limit: \"{{ params.p }}\"}"), Vec::<String>::new());
        assert_eq!(told("{area: \"{{ params.p }}\"}"), Vec::<String>::new(), "another name of the argument");
        assert_eq!(told("{region: \"r {{ params.p }}\", where: {state: \"{{ params.p }}\"}}"), Vec::<String>::new());
        assert_eq!(
            told("{region: \"{{ params.p }}\", limit: 500, where: {state: ajar}, regoin: x}"),
            [
                "t.yaml:6:44: E051 bad_arguments: `crm__list`, argument `limit`: 500 is greater than the maximum of 100",
                "t.yaml:6:56: E051 bad_arguments: `crm__list`, argument `where`: \"ajar\" is not one of \"open\" or \"closed\"",
                "t.yaml:6:78: E051 bad_arguments: `crm__list` takes no argument `regoin` (did you mean `region`?)",
            ]
        );
        assert_eq!(
            told("{limit: \"{{ params.p }} rows\"}"),
            [
                "t.yaml:6:5: E051 bad_arguments: `crm__list` needs the argument `region`",
                "t.yaml:6:18: E051 bad_arguments: `crm__list`, argument `limit`: \"{{ params.p }} rows\" is not of type \"integer\"",
            ]
        );
    }

    #[test]
    fn tools_that_are_not_there_are_warnings_with_the_nearest_name() {
        let text = "template_id: t\nsteps:\n  - step_id: a\n    tool: crm__lst\n    alternatives: [other__x]\n    compensate: {tool: gone__y}\n";
        let loaded = load_text(text, Source::User, "t.yaml").expect("loads");
        let names = ["crm__list".to_owned()];
        let lines: Vec<String> = loaded.validate_tools(&tool, &names).iter().map(ToString::to_string).collect();
        assert_eq!(
            lines,
            [
                "t.yaml:4:11: W101 unknown_tool: there is no tool `crm__lst` (did you mean `crm__list`?)",
                "t.yaml:5:20: W101 unknown_tool: there is no tool `other__x`",
                "t.yaml:6:24: W101 unknown_tool: there is no tool `gone__y`",
            ]
        );
        let by_path: Vec<String> = validate_tools(&loaded.plan, &tool, &names).iter().map(|p| p.path.clone()).collect();
        assert_eq!(by_path, ["a.tool", "a.alternatives[0]", "a.compensate[0]"]);
        assert_eq!(loaded.plan.tools(), ["crm__lst", "other__x", "gone__y"]);
    }

    #[test]
    fn a_cache_on_a_call_that_may_not_be_repeated_is_a_warning() {
        let text = "template_id: t\nsteps:\n  - step_id: a\n    tool: crm__list\n    cache: {ttl_seconds: 5}\n    parameters: {region: \"{{ run.id }}\"}\n";
        let loaded = load_text(text, Source::User, "t.yaml").expect("loads");
        let lines: Vec<String> = loaded.validate_tools(&tool, &[]).iter().map(ToString::to_string).collect();
        assert_eq!(
            lines,
            [
                "t.yaml:5:5: W106 unsafe_cache: `crm__list` does not say that a repeat is harmless, so its results are not cached (say `idempotent: true` on the step when it is)",
            ]
        );
    }
}
