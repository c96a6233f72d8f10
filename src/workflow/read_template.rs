//! From a template's tree to its draft: everything but the steps. Types of
//! values were checked by `shape.rs` before.

use serde_json::{Value, json};

use crate::base::json::Object;

use super::draft::{Draft, Named, Site, SiteScope};
use super::keys::{CATEGORIES, TEMPLATE};
use super::node::{Node, Spot, object};
use super::plan::{Mode, OnUnknown, Parameter, Plan, Priority, Source};
use super::problem::{Code, nearest, shorten};
use super::problems::Problems;
use super::read_step::{Defaults, StepReader, metrics_sites};
use super::shape::{Fields, is_word};
use super::sources::{id_of_name, retry_block};

/// Longest template id.
const MAX_ID: usize = 64;

/// Keys that this version keeps in [`Plan::extra`] as they were written.
const KEPT: [&str; 14] = [
    "category",
    "tags",
    "metadata",
    "author",
    "created_at",
    "compatible_with",
    "sla",
    "rules",
    "on_event",
    "custom_metrics",
    "on_unknown",
    "optimization_enabled",
    "adaptive_routing",
    "parallel_groups",
];

/// Reads a whole template.
pub(crate) fn read<'n>(root: &'n Node, source: Source, problems: &mut Problems) -> Draft<'n> {
    let fields = Fields::new(root, &TEMPLATE);
    let mut sites = Vec::new();
    let retry = fields.get("retry").map(|node| retry_block(node, problems)).unwrap_or_default().retry;
    let on_unknown = fields.text("on_unknown").and_then(|word| match word {
        "ask" => Some(OnUnknown::Ask),
        "fail" => Some(OnUnknown::Fail),
        "retry" => Some(OnUnknown::Retry),
        _ => None,
    });
    let defaults = Defaults { retry, on_unknown };
    let steps = match fields.get("steps").and_then(Node::items) {
        Some(items) => StepReader::new(&defaults).list(items, problems),
        None => Vec::new(),
    };
    if fields.get("steps").is_none_or(|node| node.items().is_some_and(<[Node]>::is_empty)) {
        problems.add(Code::MissingKey, &root.spot, "a template needs `steps`".to_owned(), None);
    }

    let template_id = template_id(&fields, problems);
    let name = fields.text("template_name").map_or_else(|| template_id.clone(), str::to_owned);
    let requires_connection = fields.boolean("requires_connection").unwrap_or(false);
    let mut parameters = parameters(&fields, problems);
    if requires_connection && !parameters.iter().any(|parameter| parameter.name == "model") {
        parameters.push(model_parameter());
    }
    if fields.get("on_event").is_some() && !parameters.iter().any(|parameter| parameter.name == "event") {
        parameters.push(event_parameter());
    }

    if let Some(context) = fields.get("context") {
        sites.push(Site::value(context, SiteScope::START));
    }
    let mut outputs = indexmap::IndexMap::new();
    for entry in fields.get("outputs").and_then(Node::entries).unwrap_or_default() {
        sites.push(Site::value(&entry.value, SiteScope::PLAIN));
        outputs.insert(entry.key.clone(), entry.value.to_value());
    }
    if let Some(metrics) = fields.get("custom_metrics") {
        metrics_sites(metrics, SiteScope::PLAIN, &mut sites);
    }
    for rule in fields.get("rules").and_then(Node::items).unwrap_or_default() {
        if let Some(when) = rule.get("when")
            && let Some(text) = when.written()
        {
            sites.push(Site::bare(text, &when.spot, SiteScope::SYNTAX));
        }
    }

    let plan = Plan {
        template_id,
        name,
        description: fields.text("description").unwrap_or_default().to_owned(),
        version: fields.written("version").unwrap_or_else(|| "1.0".to_owned()),
        source,
        mode: mode(&fields),
        priority: priority(&fields),
        max_parallel_steps: fields.count("max_parallel_steps"),
        timeout_seconds: fields.number("timeout_seconds"),
        compensate_on_timeout: fields.text("on_timeout") == Some("compensate"),
        estimated_duration_seconds: fields.number("estimated_duration_seconds"),
        requires_connection,
        parameters,
        context: fields.get("context").and_then(Node::entries).map(object).unwrap_or_default(),
        steps: Vec::new(),
        outputs,
        extra: extra(&fields, problems),
    };
    let (tests, test_steps) = tests(&fields);
    Draft {
        plan,
        steps,
        sites,
        parallel_groups: fields
            .get("parallel_groups")
            .and_then(Node::items)
            .unwrap_or_default()
            .iter()
            .map(|group| Named::of(&group.items().unwrap_or_default().iter().collect::<Vec<_>>()))
            .collect(),
        tests,
        test_steps,
    }
}

/// Whether a step without `on_error` goes on (`continue_on_error`).
pub(crate) fn continues_on_error(root: &Node) -> bool {
    Fields::new(root, &TEMPLATE).boolean("continue_on_error") == Some(true)
}

fn template_id(fields: &Fields<'_>, problems: &mut Problems) -> String {
    let Some(node) = fields.get("template_id") else {
        if let Some(name) = fields.text("template_name") {
            return id_of_name(name);
        }
        let hint = Some("the name that runs are started with".to_owned());
        problems.add(Code::MissingKey, &fields.node.spot, "a template needs `template_id`".to_owned(), hint);
        return String::new();
    };
    let id = node.text().unwrap_or_default();
    let fits = id.starts_with(|first: char| first.is_ascii_alphabetic() || first == '_')
        && id.chars().all(|character| character.is_ascii_alphanumeric() || matches!(character, '_' | '-'))
        && id.len() <= MAX_ID;
    if !fits && node.text().is_some() {
        problems.add(
            Code::BadId,
            &node.spot,
            format!("`{}` cannot be a template's id", shorten(id)),
            Some(format!("begin with a letter or `_`, go on with letters, digits, `_` and `-`, {MAX_ID} at most")),
        );
    }
    id.to_owned()
}

fn mode(fields: &Fields<'_>) -> Mode {
    match fields.text("mode") {
        Some("sequential") => Mode::Sequential,
        Some("adaptive") => Mode::Adaptive,
        Some("pipeline") => Mode::Pipeline,
        None if fields.boolean("adaptive_routing") == Some(true) => Mode::Adaptive,
        None if fields.boolean("parallel_execution") == Some(false) => Mode::Sequential,
        Some(_) | None => Mode::Parallel,
    }
}

fn priority(fields: &Fields<'_>) -> Priority {
    match fields.text("priority") {
        Some("critical") => Priority::Critical,
        Some("high") => Priority::High,
        Some("low") => Priority::Low,
        Some("background") => Priority::Background,
        _ => Priority::Medium,
    }
}

fn extra(fields: &Fields<'_>, problems: &mut Problems) -> Object {
    let mut extra = Object::default();
    for key in KEPT {
        if let Some(node) = fields.get(key) {
            let value = match key {
                "tags" | "compatible_with" | "on_event" => {
                    json!(fields.texts(key).iter().filter_map(|node| node.text()).collect::<Vec<_>>())
                }
                _ => node.to_value(),
            };
            extra.insert(key.to_owned(), value);
        }
    }
    let category = fields.get("category").or_else(|| fields.get("metadata")?.get("category"));
    if let Some(node) = category
        && let Some(text) = node.text()
    {
        extra.insert("category".to_owned(), json!(text));
        if !CATEGORIES.contains(&text) {
            let hint = nearest(text, CATEGORIES).map_or_else(
                || format!("categories are {}", CATEGORIES.join(", ")),
                |near| format!("did you mean `{near}`?"),
            );
            problems.add(
                Code::UnknownCategory,
                &node.spot,
                format!("`{}` is none of the known categories", shorten(text)),
                Some(hint),
            );
        }
    }
    extra
}

fn parameters(fields: &Fields<'_>, problems: &mut Problems) -> Vec<Parameter> {
    let mut parameters: Vec<Parameter> = Vec::new();
    for node in fields.get("parameters").and_then(Node::items).unwrap_or_default() {
        let Some(name) = node.get("name") else { continue };
        let Some(text) = name.text() else { continue };
        if !is_word(text) {
            let hint = Some("begin with a letter or `_`, go on with letters, digits and `_`".to_owned());
            let message = format!("`{}` cannot be a parameter's name", shorten(text));
            problems.add(Code::BadId, &name.spot, message, hint);
        }
        if parameters.iter().any(|parameter| parameter.name == text) {
            let message = format!("the parameter `{}` is declared twice", shorten(text));
            problems.add(Code::DuplicateId, &name.spot, message, None);
            continue;
        }
        parameters.push(parameter(text, node, problems));
    }
    parameters
}

fn parameter(name: &str, node: &Node, problems: &mut Problems) -> Parameter {
    let mut schema = Object::default();
    for entry in node.entries().unwrap_or_default() {
        let ours = matches!(entry.key.as_str(), "name" | "default")
            || (entry.key == "required" && entry.value.boolean().is_some());
        if !ours {
            schema.insert(entry.key.clone(), entry.value.to_value());
        }
    }
    let schema = Value::Object(schema);
    if let Err(message) = super::json_schema::compile(&schema) {
        problems.add(Code::BadSchema, &node.spot, format!("`{name}` has no JSON Schema: {message}"), None);
    }
    let required = node.get("required").and_then(Node::boolean).unwrap_or(false);
    let default = node.get("default").map(Node::to_value);
    if let (Some(value), Some(at)) = (&default, node.get("default")) {
        // `default: null` says that there may be none.
        if !value.is_null() {
            super::json_schema::check_default(value, &schema, &at.spot, problems);
        }
        if required {
            let message = format!("`{name}` is required, its default is never used");
            problems.add(Code::NoEffect, &at.spot, message, Some("remove `required` or `default`".to_owned()));
        }
    }
    Parameter {
        name: name.to_owned(),
        description: node.get("description").and_then(Node::text).unwrap_or_default().to_owned(),
        required,
        default,
        schema,
    }
}

/// The implicit parameter of templates with `requires_connection`.
fn model_parameter() -> Parameter {
    let description = "The semantic model: path, name or index. Empty: the only one found, or the connected one.";
    Parameter {
        name: "model".to_owned(),
        description: description.to_owned(),
        required: false,
        default: Some(json!("")),
        schema: json!({"type": ["string", "integer"], "description": description}),
    }
}

/// The implicit parameter of templates that an event starts.
fn event_parameter() -> Parameter {
    let description = "The payload of the event that started the run.";
    Parameter {
        name: "event".to_owned(),
        description: description.to_owned(),
        required: false,
        default: Some(Value::Null),
        schema: json!({"description": description}),
    }
}

fn tests(fields: &Fields<'_>) -> (Vec<Value>, Vec<Named>) {
    let nodes = fields.get("tests").and_then(Node::items).unwrap_or_default();
    let mut named = Vec::new();
    for node in nodes {
        let answers = node.get("answers").and_then(Node::entries).unwrap_or_default();
        let outcomes = node.get("expect").and_then(|expect| expect.get("steps")).and_then(Node::entries);
        for entry in answers.iter().chain(outcomes.unwrap_or_default()) {
            // `publish[0].post` names a step instance: the last word is the step.
            let id = entry.key.rsplit('.').next().unwrap_or_default();
            let id = id.split('[').next().unwrap_or_default().to_owned();
            named.push(Named { id, spot: Spot::clone(&entry.key_spot) });
        }
    }
    (nodes.iter().map(Node::to_value).collect(), named)
}
