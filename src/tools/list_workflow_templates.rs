//! `list_workflow_templates`.

use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::execute_workflow;
use super::failure::ToolFailure;
use super::services::Services;
use super::spec::{Answered, Tool};
use crate::contract::{Annotations, ToolCall};
use crate::registry::ToolSet;
use crate::store::Usage;
use crate::workflow::plan::{Parameter, Source};
use crate::workflow::{Entry, Loaded, parameters_schema};

/// Parameters' schemas are shown when at most so many templates match.
const SCHEMAS_FOR: usize = 3;

/// `list_workflow_templates`.
pub(super) struct ListWorkflowTemplates;

/// Its arguments.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Arguments {
    /// One template, with its parameters' schema.
    template_id: Option<String>,
    /// analysis, optimization, documentation, development, exploration or automation.
    category: Option<String>,
    /// Words of its id, name, description or tags.
    query: Option<String>,
    /// Only templates that call one of these tools.
    tools: Option<Vec<String>>,
}

/// Its answer.
#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct Answer {
    templates: Vec<View>,
    count: usize,
    /// Broken files, doubtful templates, parts of the configuration that do not count.
    warnings: Vec<String>,
}

/// A template.
#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct View {
    template_id: String,
    template_name: String,
    description: String,
    category: Option<String>,
    /// Name, type, required and default of each.
    parameters: Vec<Value>,
    /// JSON Schema of them, when one template is named or few match.
    #[serde(skip_serializing_if = "Option::is_none")]
    parameters_schema: Option<Value>,
    step_count: usize,
    estimated_duration_seconds: Option<f64>,
    requires_connection: bool,
    version: String,
    tags: Vec<String>,
    source: Source,
    /// Every tool that it calls is there, and this version can run it.
    ready: bool,
    missing_tools: Vec<String>,
    /// Runs that have ended.
    usage_count: u64,
    /// Share of them that completed.
    success_rate: Option<f64>,
}

impl Tool for ListWorkflowTemplates {
    type Arguments = Arguments;
    type Answer = Answer;

    const NAME: &'static str = "list_workflow_templates";
    const TITLE: &'static str = "List workflow templates";
    const DESCRIPTION: &'static str = "The jobs that execute_workflow can run: id, what it is for, parameters, whether \
        its tools are there. Name one with template_id for its parameters' schema.";
    const SET: ToolSet = ToolSet::Core;
    const ANNOTATIONS: Annotations = Annotations {
        read_only_hint: Some(true),
        destructive_hint: Some(false),
        idempotent_hint: Some(true),
        open_world_hint: Some(false),
    };

    async fn run(
        services: Arc<Services>,
        arguments: Self::Arguments,
        _call: ToolCall,
    ) -> Result<Answered<Self::Answer>, ToolFailure> {
        if let Some(id) = &arguments.template_id {
            services.library.find(id).map_err(|error| execute_workflow::not_found(&error))?;
        }
        let listing = services.library.list();
        let mut warnings = services.warnings.clone();
        warnings.extend(listing.warnings);
        let mut usage: HashMap<String, Usage> = HashMap::new();
        match services.engine() {
            Ok(engine) => match engine.store().usage(None).await {
                Ok(rows) => usage.extend(rows.into_iter().map(|row| (row.template_id.clone(), row))),
                Err(error) => warnings.push(format!("how often templates were used cannot be read: {error}")),
            },
            Err(failure) => warnings.push(format!("no workflow can be run: {failure}")),
        }
        let mut views = Vec::new();
        for entry in &listing.entries {
            warnings.extend(doubts(entry));
            if let Ok(loaded) = &entry.template
                && wanted(&arguments, loaded)
                && (services.custom_workflows || entry.source == Source::Builtin)
            {
                views.push(view(&services, entry.source, loaded, usage.get(&loaded.plan.template_id)));
            }
        }
        if views.len() <= SCHEMAS_FOR {
            for (view, parameters) in &mut views {
                view.parameters_schema = Some(parameters_schema(parameters));
            }
        }
        let templates: Vec<View> = views.into_iter().map(|(view, _)| view).collect();
        if templates.is_empty() {
            warnings.push(none_match(
                &arguments,
                listing.entries.iter().filter_map(|entry| entry.template.as_deref().ok()),
            ));
        }
        Ok(Answer { count: templates.len(), templates, warnings }.into())
    }
}

/// What is wrong or doubtful about a file: a line each.
fn doubts(entry: &Entry) -> Vec<String> {
    let mut lines: Vec<String> = match &entry.template {
        Ok(_) => Vec::new(),
        Err(rejected) => vec![format!("{} is broken: {rejected}", entry.file)],
    };
    lines.extend(entry.warnings.iter().map(ToString::to_string));
    lines
}

/// An empty list says what there would have been to ask for.
fn none_match<'a>(arguments: &Arguments, loaded: impl Iterator<Item = &'a Loaded>) -> String {
    let categories: BTreeSet<&str> = loaded.filter_map(|loaded| loaded.plan.category()).collect();
    match &arguments.category {
        Some(category) if !categories.contains(category.as_str()) => {
            let there = categories.into_iter().collect::<Vec<_>>().join(", ");
            format!("no template is of category `{category}`; there are: {there}")
        }
        Some(_) | None => "no template matches: leave arguments out to see all".to_owned(),
    }
}

fn wanted(arguments: &Arguments, loaded: &Loaded) -> bool {
    let plan = &loaded.plan;
    let is = |wanted: &Option<String>, value: Option<&str>| wanted.as_deref().is_none_or(|one| value == Some(one));
    let words = arguments.query.as_deref().unwrap_or_default().to_lowercase();
    let text = format!("{} {} {} {}", plan.template_id, plan.name, plan.description, plan.tags().join(" "));
    let text = text.to_lowercase();
    is(&arguments.template_id, Some(&plan.template_id))
        && is(&arguments.category, plan.category())
        && words.split_whitespace().all(|word| text.contains(word))
        && arguments
            .tools
            .as_ref()
            .is_none_or(|tools| plan.tools().iter().any(|tool| tools.iter().any(|one| one == tool)))
}

fn view(services: &Services, source: Source, loaded: &Loaded, usage: Option<&Usage>) -> (View, Vec<Parameter>) {
    let plan = &loaded.plan;
    let tools = services.all_tools();
    let there = |tool: &str| tools.as_ref().is_none_or(|tools| tools.definition(tool).is_some());
    let missing: Vec<String> = plan.tools().into_iter().filter(|tool| !there(tool)).map(ToOwned::to_owned).collect();
    let view = View {
        template_id: plan.template_id.clone(),
        template_name: plan.name.clone(),
        description: plan.description.clone(),
        category: plan.category().map(ToOwned::to_owned),
        parameters: plan.parameters.iter().map(parameter).collect(),
        parameters_schema: None,
        step_count: plan.steps.len(),
        estimated_duration_seconds: plan.estimated_duration_seconds,
        requires_connection: plan.requires_connection,
        version: plan.version.clone(),
        tags: plan.tags().into_iter().map(ToOwned::to_owned).collect(),
        source,
        ready: missing.is_empty() && crate::machine::unsupported(plan).is_empty(),
        missing_tools: missing,
        usage_count: usage.map_or(0, |usage| usage.finished),
        success_rate: usage.and_then(Usage::success_rate),
    };
    (view, plan.parameters.clone())
}

fn parameter(parameter: &Parameter) -> Value {
    let mut shown = json!({
        "name": parameter.name,
        "type": parameter.schema.get("type"),
        "required": parameter.required,
        "description": parameter.description,
    });
    if let (Some(default), Some(map)) = (&parameter.default, shown.as_object_mut()) {
        map.insert("default".to_owned(), default.clone());
    }
    shown
}
