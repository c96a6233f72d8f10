//! `signal_workflow`.

use std::sync::Arc;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::execute_workflow;
use super::failure::ToolFailure;
use super::run_wait;
use super::services::Services;
use super::spec::{Answered, Tool};
use crate::contract::{Annotations, Origin, ToolCall};
use crate::engine::{Delivered, Signal};
use crate::machine::RunStatus;
use crate::registry::ToolSet;
use crate::workflow::Loaded;

/// Runs that an answer names, and that are waited for.
const SHOWN: usize = 20;

/// `signal_workflow`.
pub(super) struct SignalWorkflow;

/// Its arguments.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Arguments {
    event: String,
    /// Only this run, which keeps it.
    workflow_id: Option<String>,
    #[serde(default)]
    payload: Value,
    /// Delivers once.
    signal_id: Option<String>,
    /// Default 0, at most 50.
    wait_seconds: Option<u64>,
}

/// Its answer.
#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct Answer {
    /// Waits that it reached and runs that it started.
    delivered: usize,
    /// The runs, the first of many.
    runs: Vec<Reached>,
    /// One with this signal_id was delivered before.
    #[serde(skip_serializing_if = "Option::is_none")]
    repeated: Option<bool>,
    /// Why nobody got it.
    #[serde(skip_serializing_if = "Option::is_none")]
    hint: Option<String>,
    /// Templates that could not be started.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    warnings: Vec<String>,
}

/// A run that a signal reached.
#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct Reached {
    workflow_id: String,
    status: RunStatus,
    /// It was started by the signal: its template.
    #[serde(skip_serializing_if = "Option::is_none")]
    started: Option<String>,
}

impl Tool for SignalWorkflow {
    type Arguments = Arguments;
    type Answer = Answer;

    const NAME: &'static str = "signal_workflow";
    const TITLE: &'static str = "Signal runs";
    const DESCRIPTION: &'static str = "Tell waiting runs of an event; start on_event templates.";
    const SET: ToolSet = ToolSet::Control;
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
        let engine = services.engine()?;
        let (event, named) = (arguments.event, arguments.workflow_id);
        // Before the waits: a caller who must repeat the signal finds these runs by their key.
        let (mut started, mut warnings) = (Vec::new(), Vec::new());
        if named.is_none() && services.workflows_enabled {
            for loaded in listeners(&services, &event) {
                let key = arguments.signal_id.as_ref().map(|id| {
                    format!("signal:{}:{id}:{}", event.len(), [event.as_str(), &loaded.plan.template_id].join(":"))
                });
                match execute_workflow::start_for_event(&services, &loaded, &arguments.payload, key, &call).await {
                    Ok(run) if run.existing => {}
                    Ok(run) => started.push((run.run, loaded.plan.template_id.clone())),
                    Err(failure) => {
                        warnings.push(format!("`{}` was not started: {}", loaded.plan.template_id, failure.error));
                    }
                }
            }
        }
        let Delivered { waits, runs, repeated, ended } = engine
            .signal(Signal {
                event: event.clone(),
                run: named.clone(),
                payload: arguments.payload,
                signal_id: arguments.signal_id,
            })
            .await?;
        let reached: Vec<(Arc<str>, Option<String>)> = started
            .into_iter()
            .map(|(run, template)| (run, Some(template)))
            .chain(runs.into_iter().map(|run| (run, None)))
            .collect();
        let delivered = waits + reached.iter().filter(|(_, template)| template.is_some()).count();
        let shown = &reached[..reached.len().min(SHOWN)];
        // Runs that this command drives would stop with it.
        let here = matches!(call.origin, Origin::Cli { .. });
        let seconds = arguments.wait_seconds.or((!here).then_some(0));
        let waits = shown.iter().map(|(run, _)| run_wait::attend(&services, engine, run, seconds, &call));
        futures::future::try_join_all(waits).await?;
        let mut runs = Vec::with_capacity(shown.len());
        for (run, template) in shown {
            let status = engine.row(run).await?.projection.status;
            runs.push(Reached { workflow_id: run.to_string(), status, started: template.clone() });
        }
        let hint = (delivered == 0).then(|| nobody(&event, named.as_deref(), repeated, ended));
        Ok(Answer { delivered, runs, repeated: repeated.then_some(true), hint, warnings }.into())
    }
}

/// Templates that an event starts.
fn listeners(services: &Services, event: &str) -> Vec<Arc<Loaded>> {
    let entries = services.library.list().entries.into_iter();
    let names = |loaded: &Arc<Loaded>| {
        let events = loaded.plan.extra.get("on_event").and_then(Value::as_array);
        events.is_some_and(|events| events.iter().any(|one| one == event))
    };
    entries.filter_map(|entry| entry.template.ok()).filter(names).collect()
}

fn nobody(event: &str, run: Option<&str>, repeated: bool, ended: Option<RunStatus>) -> String {
    if repeated {
        return "a signal with this signal_id was delivered before".to_owned();
    }
    match (run, ended) {
        (Some(run), Some(status)) => format!("run `{run}` is `{status}`: nothing in it waits any more"),
        _ => format!(
            "no run waits for `{event}` and no template has it in `on_event`; it is not kept. With workflow_id it \
             would be kept for that run"
        ),
    }
}
