//! From a step's tree to what it does, for the types that hold no steps: one
//! function each. Types of values were checked by `shape.rs` before.

use serde_json::{Value, json};

use crate::base::json::Object;

use super::draft::{Site, SiteScope, StepDraft};
use super::json_schema;
use super::node::{Node, Spot};
use super::plan::{Call, StepKind, WaitFor};
use super::problem::Code;
use super::problems::Problems;
use super::read_step::{conflict, figure, figure_site};
use super::shape::Fields;
use super::sources::mapped_input;

/// `parameters`, with the mappings of the source documents over it.
fn arguments<'n>(fields: &Fields<'n>, draft: &mut StepDraft<'n>) -> Object {
    let mut arguments = Object::default();
    draft.calls.parameters =
        fields.entry("parameters").map_or_else(|| fields.node.spot.clone(), |entry| entry.key_spot.clone());
    for entry in fields.get("parameters").and_then(Node::entries).unwrap_or_default() {
        draft.sites.push(Site::value(&entry.value, SiteScope::SECRET));
        draft.calls.arguments.push((entry.key.clone(), entry.key_spot.clone()));
        arguments.insert(entry.key.clone(), entry.value.to_value());
    }
    for key in ["parameter_mapping", "input_mapping"] {
        for entry in fields.get(key).and_then(Node::entries).unwrap_or_default() {
            let Some(text) = entry.value.text() else { continue };
            let text = mapped_input(text);
            draft.sites.push(Site::text(text.clone(), &entry.value.spot, SiteScope::SECRET));
            draft.calls.arguments.push((entry.key.clone(), entry.key_spot.clone()));
            arguments.insert(entry.key.clone(), Value::String(text));
        }
    }
    arguments
}

pub(crate) fn action<'n>(fields: &Fields<'n>, draft: &mut StepDraft<'n>, problems: &mut Problems) -> StepKind {
    let parameters = arguments(fields, draft);
    let tool = fields.text("tool");
    let capability = fields.text("agent_capability");
    if let (Some(tool), prompt) = (tool, fields.entry("prompt")) {
        draft.calls.tool = fields.get("tool").map_or_else(Spot::default, |node| node.spot.clone());
        if prompt.is_some() {
            conflict(fields, "prompt", "an action calls a `tool` or asks with `prompt`, not both", problems);
        }
        if let Some(capability) = capability {
            draft.step.extra.insert("agent_capability".to_owned(), json!(capability));
            if let Some(entry) = fields.entry("agent_capability") {
                let message = "`agent_capability` does nothing where the step names its tool".to_owned();
                problems.add(Code::NoEffect, &entry.key_spot, message, None);
            }
        }
        return StepKind::Action(Call { tool: tool.to_owned(), parameters });
    }
    if let Some(prompt) = fields.get("prompt") {
        if capability.is_some() {
            conflict(fields, "prompt", "an action has `agent_capability` or `prompt`, not both", problems);
        }
        draft.sites.push(Site::value(prompt, SiteScope::PLAIN));
        return StepKind::AgentTask {
            prompt: prompt.text().unwrap_or_default().to_owned(),
            answer_schema: fields.get("answer_schema").map(|node| json_schema::checked(node, problems)),
        };
    }
    if let Some(capability) = capability {
        return StepKind::Capability {
            capability: capability.to_owned(),
            agent_type: fields.text("agent_type").map(str::to_owned),
            parameters: Value::Object(parameters),
        };
    }
    if ["tool", "prompt", "agent_capability"].iter().all(|key| fields.get(key).is_none()) {
        let hint = Some("name its `tool`, or say what it is with `type`".to_owned());
        problems.add(Code::MissingKey, &fields.node.spot, "the step calls nothing".to_owned(), hint);
    }
    StepKind::Action(Call { tool: String::new(), parameters })
}

pub(crate) fn wait<'n>(fields: &Fields<'n>, draft: &mut StepDraft<'n>, problems: &mut Problems) -> StepKind {
    let given: Vec<&str> = ["seconds", "until", "event"].into_iter().filter(|key| fields.get(key).is_some()).collect();
    if given.len() != 1 {
        let message = "a wait has one of `seconds`, `until` and `event`".to_owned();
        let code = if given.is_empty() { Code::MissingKey } else { Code::ConflictingKeys };
        problems.add(code, &fields.node.spot, message, None);
    }
    StepKind::Wait(if let Some(seconds) = figure(fields, "seconds", SiteScope::PLAIN, &mut draft.sites) {
        WaitFor::Seconds(seconds)
    } else if let Some(node) = fields.get("until") {
        draft.sites.push(Site::value(node, SiteScope::PLAIN));
        WaitFor::Until(Value::String(node.written().unwrap_or_default()))
    } else {
        if let Some(node) = fields.get("event") {
            draft.sites.push(Site::value(node, SiteScope::PLAIN));
        }
        WaitFor::Event(fields.text("event").unwrap_or_default().to_owned())
    })
}

pub(crate) fn human_task<'n>(fields: &Fields<'n>, draft: &mut StepDraft<'n>, problems: &mut Problems) -> StepKind {
    // The document this type comes from has no prompt: there the description is the question.
    let prompt = match fields.get("prompt").or_else(|| fields.get("description")) {
        Some(node) => {
            draft.sites.push(Site::value(node, SiteScope::PLAIN));
            node.text().unwrap_or_default().to_owned()
        }
        None => draft.step.name.clone(),
    };
    let answer_schema = match fields.get("answer_schema") {
        Some(node) => json_schema::checked(node, problems),
        None => json!({
            "type": "object",
            "properties": {"approved": {"type": "boolean"}, "comment": {"type": "string"}},
            "required": ["approved"],
        }),
    };
    let assignee = fields.text("assignee").unwrap_or("human").to_owned();
    if let Some(node) = fields.get("answer_schema")
        && assignee == "human"
        && !fits_a_form(&answer_schema)
    {
        problems.add(
            Code::NoForm,
            &node.spot,
            "no form can show this schema; it is answered at the command line or by the agent".to_owned(),
            Some("use an object whose properties are text, numbers, booleans or an `enum`".to_owned()),
        );
    }
    let default = fields.get("default").map(Node::to_value);
    if let (Some(value), Some(node)) = (&default, fields.get("default")) {
        json_schema::check_default(value, &answer_schema, &node.spot, problems);
    }
    let mut extra = Object::default();
    for key in ["answer_via", "reminder_seconds", "escalate_to", "relay"] {
        if let Some(node) = fields.get(key) {
            figure_site(Some(node).filter(|_| key == "reminder_seconds"), SiteScope::PLAIN, &mut draft.sites);
            extra.insert(key.to_owned(), node.to_value());
        }
    }
    StepKind::HumanTask { prompt, assignee, answer_schema: Some(answer_schema), default, extra }
}

/// Forms take one object of flat fields (MCP, elicitation).
fn fits_a_form(schema: &Value) -> bool {
    let flat = |field: &Value| {
        let primitive =
            matches!(field.get("type").and_then(Value::as_str), Some("string" | "number" | "integer" | "boolean"));
        let choices = field.get("type").and_then(Value::as_str) == Some("array")
            && field.get("items").is_some_and(|items| items.get("enum").is_some() || items.get("anyOf").is_some());
        primitive || choices || field.get("enum").is_some()
    };
    schema.get("type").and_then(Value::as_str) == Some("object")
        && schema.get("properties").and_then(Value::as_object).is_some_and(|fields| fields.values().all(flat))
}

pub(crate) fn webhook<'n>(fields: &Fields<'n>, draft: &mut StepDraft<'n>, problems: &mut Problems) -> StepKind {
    if fields.get("url").is_none() {
        problems.add(Code::MissingKey, &fields.node.spot, "a webhook needs `url`".to_owned(), None);
    }
    let mut request = Object::default();
    request.insert("method".to_owned(), json!(fields.text("method").unwrap_or("POST")));
    for key in ["url", "headers", "body"] {
        if let Some(node) = fields.get(key) {
            draft.sites.push(Site::value(node, SiteScope::SECRET));
            request.insert(key.to_owned(), node.to_value());
        }
    }
    if let Some(node) = fields.get("expect_status") {
        if let Some(text) = node.text()
            && !is_status_range(text)
        {
            let hint = Some("as \"200-299\"".to_owned());
            problems.add(Code::WrongValue, &node.spot, format!("`{text}` is no range of statuses"), hint);
        }
        request.insert("expect_status".to_owned(), node.to_value());
    }
    StepKind::Webhook(request)
}

fn is_status_range(text: &str) -> bool {
    let status = |text: &str| text.trim().parse::<u16>().is_ok_and(|status| (100..1000).contains(&status));
    text.split_once('-').map_or_else(|| status(text), |(from, to)| status(from) && status(to))
}

pub(crate) fn workflow<'n>(fields: &Fields<'n>, draft: &mut StepDraft<'n>, problems: &mut Problems) -> StepKind {
    if fields.get("template_id").is_none() {
        problems.add(Code::MissingKey, &fields.node.spot, "a child run needs `template_id`".to_owned(), None);
    }
    let parameters = arguments(fields, draft);
    StepKind::Workflow {
        template_id: fields.text("template_id").unwrap_or_default().to_owned(),
        parameters: Value::Object(parameters),
    }
}

pub(crate) fn transform<'n>(fields: &Fields<'n>, draft: &mut StepDraft<'n>, problems: &mut Problems) -> StepKind {
    let Some(node) = fields.get("input") else {
        problems.add(Code::MissingKey, &fields.node.spot, "a transform needs `input`".to_owned(), None);
        return StepKind::Transform { input: Value::Null };
    };
    draft.sites.push(Site::value(node, SiteScope::PLAIN));
    StepKind::Transform { input: node.to_value() }
}
