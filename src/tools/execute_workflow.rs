//! `execute_workflow`.

use std::sync::Arc;

use indexmap::IndexMap;
use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::{Value, json};

use super::failure::ToolFailure;
use super::model;
use super::run_answer::{self, Detail, RunAnswer};
use super::run_wait;
use super::services::Services;
use super::spec::{Answered, Tool};
use crate::base::ErrorKind;
use crate::base::json::Object;
use crate::contract::{Annotations, Origin, ToolCall, sought};
use crate::engine::{RunRequest, Started};
use crate::machine;
use crate::registry::ToolSet;
use crate::workflow::plan::{Mode, Plan, Priority, Source};
use crate::workflow::{self, LibraryError, Loaded, Rejected, Severity};

/// A definition up to this many bytes stands in an example of a call.
const ECHOED_BYTES: usize = 2_000;

/// `execute_workflow`.
pub(super) struct ExecuteWorkflow;

/// Its arguments.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Arguments {
    /// From list_workflow_templates.
    template_id: Option<String>,
    /// A whole template in place of template_id: an object or YAML text.
    definition: Option<Value>,
    /// The template's parameters.
    parameters: Option<Object>,
    mode: Option<Mode>,
    priority: Option<Priority>,
    /// Wait so long for the end (default 45, at most 50; 0 answers at once).
    wait_seconds: Option<u64>,
    detail: Option<Detail>,
    /// The same key and request is the same run.
    idempotency_key: Option<String>,
    /// Check and plan only.
    dry_run: Option<bool>,
    /// Start values of the shared context.
    context: Option<Object>,
}

impl Tool for ExecuteWorkflow {
    type Arguments = Arguments;
    type Answer = RunAnswer;

    const NAME: &'static str = "execute_workflow";
    const TITLE: &'static str = "Run a workflow";
    const DESCRIPTION: &'static str = "Run a whole multi-step job with one call: prefer this over calling its tools one \
        by one. Durable: the run goes on if this call ends; read on with get_workflow_status. Templates: \
        list_workflow_templates.";
    const SET: ToolSet = ToolSet::Core;
    const ANNOTATIONS: Annotations = Annotations {
        read_only_hint: Some(false),
        destructive_hint: Some(true),
        idempotent_hint: Some(false),
        open_world_hint: Some(true),
    };

    async fn run(
        services: Arc<Services>,
        arguments: Self::Arguments,
        call: ToolCall,
    ) -> Result<Answered<Self::Answer>, ToolFailure> {
        if !services.workflows_enabled {
            return Err(ToolFailure::new(ErrorKind::Disabled, "workflows are switched off by the configuration")
                .with_hint("set `workflows.enabled` to true"));
        }
        let loaded = find(&services, &arguments, source(&call.origin))?;
        let mut plan = (*loaded.plan).clone();
        plan.mode = arguments.mode.unwrap_or(plan.mode);
        plan.priority = arguments.priority.unwrap_or(plan.priority);
        let parameters = workflow::bind(&plan.parameters, arguments.parameters.as_ref().unwrap_or(&Object::new()))
            .map_err(|errors| bad_parameters(&plan, arguments.definition.as_ref(), &errors))?;
        let plan = Arc::new(plan);
        seek_tools(&services, &loaded, &call).await;
        let (missing, warnings) = check_tools(&services, &loaded)?;
        if arguments.dry_run == Some(true) {
            return Ok(planned(&plan, &missing, warnings).into());
        }
        if let Some(tool) = missing.first() {
            return Err(lacks(&services, &plan, tool, &missing));
        }
        let context = arguments.context.unwrap_or_default();
        let started = launch(&services, plan, parameters, context, arguments.idempotency_key, &call).await?;
        let engine = services.engine()?;
        run_wait::attend(&services, engine, &started.run, arguments.wait_seconds, &call).await?;
        let detail = arguments.detail.unwrap_or_default();
        let mut answered = run_answer::answer(engine, &services.clock, &started.run, detail).await?;
        answered.answer.existing = started.existing.then_some(true);
        answered.answer.warnings.splice(0..0, warnings);
        Ok(answered)
    }
}

/// Makes the run of a template whose tools are there.
async fn launch(
    services: &Services,
    plan: Arc<Plan>,
    mut parameters: Object,
    context: Object,
    idempotency_key: Option<String>,
    call: &ToolCall,
) -> Result<Started, ToolFailure> {
    let engine = services.engine()?;
    engine.begin_adoption();
    let mut binding = call.binding.clone();
    if plan.requires_connection {
        let fixed = model::fix(services, call, parameters.get("model")).await?;
        parameters.insert("model".to_owned(), json!(fixed.model_path));
        binding = Some(fixed);
    }
    let template = plan.template_id.clone();
    let session = call.origin.session().map(ToOwned::to_owned);
    let started = engine.start(RunRequest { plan, parameters, context, session, binding, idempotency_key }).await?;
    tracing::info!(run = %started.run, template, "run started");
    Ok(started)
}

/// Starts a template that an event starts: what comes with it is the parameter `event`.
pub(super) async fn start_for_event(
    services: &Services,
    loaded: &Loaded,
    payload: &Value,
    idempotency_key: Option<String>,
    call: &ToolCall,
) -> Result<Started, ToolFailure> {
    let given = Object::from_iter([("event".to_owned(), payload.clone())]);
    let parameters = workflow::bind(&loaded.plan.parameters, &given)
        .map_err(|errors| bad_parameters(&loaded.plan, None, &errors))?;
    seek_tools(services, loaded, call).await;
    let (missing, _) = check_tools(services, loaded)?;
    if let Some(tool) = missing.first() {
        return Err(lacks(services, &loaded.plan, tool, &missing));
    }
    launch(services, loaded.plan.clone(), parameters, Object::new(), idempotency_key, call).await
}

/// Who wrote a `definition` of this call: a person gives their own file at the command line, all
/// else comes from a model.
fn source(origin: &Origin) -> Source {
    match origin {
        Origin::Cli { .. } => Source::User,
        Origin::Client { .. } | Origin::Step { .. } => Source::Agent,
    }
}

/// The template that was asked for.
fn find(services: &Services, arguments: &Arguments, source: Source) -> Result<Arc<Loaded>, ToolFailure> {
    match (&arguments.template_id, &arguments.definition) {
        (Some(id), None) => services.library.find(id).map_err(|error| not_found(&error)),
        (None, Some(definition)) if !services.custom_workflows => Err(ToolFailure::new(
            ErrorKind::Disabled,
            format!("`definition` ({} bytes) is not allowed by the configuration", definition.to_string().len()),
        )
        .with_hint("set `workflows.allow_custom_workflows` to true, or run one of the built-in templates")),
        (None, Some(definition)) => workflow::load_value(definition, source, "definition")
            .map(Arc::new)
            .map_err(|rejected| broken("the definition", &rejected)),
        (Some(_), Some(_)) => {
            Err(ToolFailure::new(ErrorKind::InvalidInput, "give `template_id` or `definition`, not both")
                .with_hint("`definition` is for a template that is not saved: leave one of the two out"))
        }
        (None, None) => Err(available(
            services,
            ToolFailure::new(ErrorKind::InvalidInput, "give the `template_id` of what is to be run, or a `definition`")
                .with_hint("list_workflow_templates tells what there is"),
        )),
    }
}

fn available(services: &Services, failure: ToolFailure) -> ToolFailure {
    let ids: Vec<String> = services
        .library
        .list()
        .entries
        .into_iter()
        .filter(|entry| entry.template.is_ok())
        .filter_map(|entry| entry.template_id)
        .collect();
    failure.with("available_templates", json!(ids))
}

pub(super) fn not_found(error: &LibraryError) -> ToolFailure {
    match error {
        LibraryError::NotFound { hint, available, .. } => {
            let failure = ToolFailure::new(error.kind(), error.to_string());
            failure
                .with_hint(hint.clone().unwrap_or_else(|| "list_workflow_templates tells what there is".to_owned()))
                .with("available_templates", json!(available))
        }
        LibraryError::Broken { template_id, rejected } => broken(&format!("the template `{template_id}`"), rejected),
    }
}

/// Waits for the servers that the template's tools name, if they were never asked for theirs.
async fn seek_tools(services: &Services, loaded: &Loaded, call: &ToolCall) {
    let Some(tools) = services.all_tools() else { return };
    let names: Vec<String> = loaded.plan.tools().into_iter().map(ToOwned::to_owned).collect();
    sought(&*tools, &names, None, &call.cancel).await;
}

/// A run without its tools would only fail later.
fn lacks(services: &Services, plan: &Plan, first: &str, missing: &[String]) -> ToolFailure {
    let absence = services.all_tools().map(|tools| tools.absence(first));
    let message = format!("`{}` needs tools that are not there: {}", plan.template_id, missing.join(", "));
    let failure = match absence.filter(|absence| absence.kind != ErrorKind::NotFound) {
        // Its server says why: it is held back, or the server cannot be used.
        Some(absence) => {
            let hint = absence.hint.unwrap_or_else(|| missing_hint(services, first));
            ToolFailure::new(absence.kind, format!("{message}: {}", absence.message)).with_hint(hint)
        }
        None => ToolFailure::new(ErrorKind::NotFound, message).with_hint(missing_hint(services, first)),
    };
    failure.with("missing_tools", json!(missing))
}

/// What to do about the first tool that is not there.
fn missing_hint(services: &Services, tool: &str) -> String {
    let names = services.all_tools().map(|tools| tools.names()).unwrap_or_default();
    workflow::did_you_mean(tool, names.iter().map(String::as_str)).unwrap_or_else(|| {
        format!("connect the server that has `{tool}`, or use a template whose `missing_tools` is empty")
    })
}

fn broken(what: &str, rejected: &Rejected) -> ToolFailure {
    let errors = rejected.problems.iter().filter(|problem| problem.severity() == Severity::Error).count();
    let first = rejected.problems.iter().find(|problem| problem.severity() == Severity::Error);
    let first = first.map_or_else(String::new, |problem| format!(": {}", problem.message));
    let more = if errors > 1 { format!(" (and {} more)", errors - 1) } else { String::new() };
    let problems: Vec<Value> = rejected.problems.iter().map(crate::workflow::Problem::to_json).collect();
    ToolFailure::new(rejected.kind(), format!("{what} cannot be used{first}{more}"))
        .with_hint("`problems` has everything that is wrong, each with its place and what to do")
        .with("problems", json!(problems))
}

fn bad_parameters(plan: &Plan, definition: Option<&Value>, errors: &[crate::workflow::ParameterError]) -> ToolFailure {
    let told: Vec<String> = errors.iter().map(ToString::to_string).collect();
    let hints: Vec<String> = errors.iter().filter_map(|error| error.hint.clone()).collect();
    let failure = ToolFailure::new(
        ErrorKind::InvalidInput,
        format!("the parameters of `{}` do not fit: {}", plan.template_id, told.join("; ")),
    )
    .with("parameters_schema", workflow::parameters_schema(&plan.parameters))
    .with("example_call", example_call(plan, definition));
    if hints.is_empty() {
        failure.with_hint("`parameters_schema` has what they must be")
    } else {
        failure.with_hint(hints.join("; "))
    }
}

/// A call that would do, in the form of those that the arguments' check gives.
fn example_call(plan: &Plan, definition: Option<&Value>) -> Value {
    let mut arguments = Object::new();
    match definition {
        Some(definition) if definition.to_string().len() <= ECHOED_BYTES => {
            arguments.insert("definition".to_owned(), definition.clone());
        }
        Some(_) => {
            arguments.insert("definition".to_owned(), json!("the same definition"));
        }
        None => {
            arguments.insert("template_id".to_owned(), json!(plan.template_id));
        }
    }
    let parameters = workflow::example_parameters(&plan.parameters);
    if !parameters.is_empty() {
        arguments.insert("parameters".to_owned(), Value::Object(parameters));
    }
    json!({"name": ExecuteWorkflow::NAME, "arguments": arguments})
}

/// Tools that are not there, and what is doubtful about calls of the others.
fn check_tools(services: &Services, loaded: &Loaded) -> Result<(Vec<String>, Vec<String>), ToolFailure> {
    let Some(tools) = services.all_tools() else { return Ok((Vec::new(), Vec::new())) };
    let lookup = |name: &str| tools.known(name);
    let missing: Vec<String> =
        loaded.plan.tools().into_iter().filter(|tool| lookup(tool).is_none()).map(ToOwned::to_owned).collect();
    let problems = loaded.validate_tools(&lookup, &tools.names());
    let wrong: Vec<crate::workflow::Problem> =
        problems.iter().filter(|problem| problem.severity() == Severity::Error).cloned().collect();
    if !wrong.is_empty() {
        let rejected = Rejected { template_id: Some(loaded.plan.template_id.clone()), problems: wrong };
        return Err(broken(&format!("the template `{}`", loaded.plan.template_id), &rejected));
    }
    let warnings = problems
        .iter()
        .chain(&loaded.warnings)
        .filter(|problem| problem.severity() == Severity::Warning)
        .map(|problem| problem.message.clone())
        .collect();
    Ok((missing, warnings))
}

/// The answer of a dry run.
fn planned(plan: &Plan, missing: &[String], mut warnings: Vec<String>) -> RunAnswer {
    let name = |index: &usize| plan.steps.get(*index).map(|step| step.id.clone());
    let levels: Vec<Vec<String>> = plan.levels().iter().map(|level| level.iter().filter_map(name).collect()).collect();
    warnings.extend(machine::unsupported(plan).into_iter().map(|reason| format!("cannot be run yet: {reason}")));
    RunAnswer {
        workflow_id: String::new(),
        workflow_name: plan.name.clone(),
        status: "planned".to_owned(),
        progress_percentage: 0.0,
        duration_seconds: 0.0,
        steps_completed: 0,
        steps_failed: 0,
        steps_skipped: 0,
        step_results: IndexMap::new(),
        steps_omitted: None,
        outputs: None,
        final_context: IndexMap::new(),
        error: None,
        failed_step: None,
        pending_tasks: Vec::new(),
        waiting_for: None,
        unresolved: Vec::new(),
        warnings: Vec::new(),
        existing: None,
        plan: Some(json!({
            "levels": levels,
            "tools": plan.tools(),
            "missing_tools": missing,
            "warnings": warnings,
        })),
    }
}
