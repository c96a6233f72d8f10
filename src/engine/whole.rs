//! The results of containers. Stored once, a container's result holds its own
//! figures; the results of its steps are put in where somebody looks at it.

use std::collections::HashMap;
use std::sync::Arc;

use serde_json::{Map, Value, json};

use super::bodies::Bodies;
use super::error::EngineError;
use super::handle::Engine;
use crate::machine::{Inside, Opened, Outcome, Place, State, StepState, StepStatus};
use crate::store::{RunRow, StepRow};
use crate::workflow::plan::{Plan, PlanStep, StepKind};

/// What a container's own part of its result is.
pub(super) fn own_part(state: &State, step: &StepState, inside: &Inside) -> Value {
    match &inside.opened {
        Opened::Condition { branch } => {
            let has_else = matches!(state.plan.steps.get(step.index).map(|node| &node.kind),
                Some(StepKind::Condition { otherwise, .. }) if !otherwise.is_empty());
            let taken = branch.map_or(if has_else { json!("else") } else { Value::Null }, |branch| json!(branch));
            json!({"matched": branch.is_some(), "branch": taken})
        }
        Opened::Parallel { .. } => {
            let children = state.plan.steps.get(step.index).map(|node| node.kind.children()).unwrap_or_default();
            let count = |wanted: StepStatus| {
                let child = |&&child: &&usize| state.seen_from(Some(&step.place), child);
                children.iter().filter(|node| child(node).is_some_and(|step| step.status == wanted)).count()
            };
            let (all, good) = (children.len(), count(StepStatus::Completed));
            #[expect(clippy::cast_precision_loss, reason = "at most 2,000 children")]
            let rate = if all == 0 { 1.0 } else { good as f64 / all as f64 };
            json!({
                "total_steps": all,
                "successful_steps": good,
                "failed_steps": count(StepStatus::Failed),
                "success_rate": rate,
            })
        }
        Opened::ForEach { .. } | Opened::While { .. } => json!({
            "iterations": inside.finished,
            "max_iterations_reached": inside.ended.unwrap_or(false),
        }),
    }
}

/// Whether results of other steps belong into this one's.
pub(super) fn is_composed(node: &PlanStep) -> bool {
    matches!(node.kind, StepKind::Parallel { .. } | StepKind::Loop { .. }) && node.transforms.is_empty()
}

/// The whole result of a step that the state keeps.
pub(super) fn of_step(state: &State, bodies: &Bodies, step: &StepState) -> Result<Arc<Value>, String> {
    let Some(result) = &step.result else { return Ok(Arc::new(Value::Null)) };
    if !state.plan.steps.get(step.index).is_some_and(is_composed) {
        return bodies.value(result);
    }
    let composer = Composer { state, bodies };
    let outcome = Outcome { result: Some(result.clone()), iterations: iterations(step) };
    let beside = |node: usize| kept(state, &step.place, node);
    composer.whole(step.index, &outcome, &beside).map(Arc::new)
}

/// The whole result of a container whose steps are over, its own part at hand.
pub(super) fn of_ending(state: &State, bodies: &Bodies, step: &StepState, own: Value) -> Result<Value, String> {
    let composer = Composer { state, bodies };
    composer.filled(step.index, own, iterations(step).as_ref(), &|node| kept(state, &step.place, node))
}

fn kept(state: &State, place: &Place, node: usize) -> Option<Outcome> {
    let step = state.seen_from(Some(place), node)?;
    Some(Outcome { result: step.result.clone(), iterations: iterations(step) })
}

fn iterations(step: &StepState) -> Option<crate::machine::Iterations> {
    step.inside.as_ref().and_then(|inside| inside.loops().cloned())
}

struct Composer<'a> {
    state: &'a State,
    bodies: &'a Bodies,
}

impl Composer<'_> {
    fn whole(
        &self,
        node: usize,
        outcome: &Outcome,
        beside: &dyn Fn(usize) -> Option<Outcome>,
    ) -> Result<Value, String> {
        let Some(result) = &outcome.result else { return Ok(Value::Null) };
        let own = self.bodies.value(result)?;
        if !self.state.plan.steps.get(node).is_some_and(is_composed) {
            return Ok((*own).clone());
        }
        self.filled(node, (*own).clone(), outcome.iterations.as_ref(), beside)
    }

    fn filled(
        &self,
        node: usize,
        own: Value,
        iterations: Option<&crate::machine::Iterations>,
        beside: &dyn Fn(usize) -> Option<Outcome>,
    ) -> Result<Value, String> {
        let Value::Object(mut own) = own else { return Ok(own) };
        let plan = &self.state.plan;
        match plan.steps.get(node).map(|step| &step.kind) {
            Some(StepKind::Parallel { steps, .. }) => {
                let mut results = Map::new();
                for &child in steps {
                    let value = beside(child).map_or(Ok(Value::Null), |outcome| self.whole(child, &outcome, beside))?;
                    results.insert(id(plan, child), value);
                }
                own.insert("results".to_owned(), Value::Object(results));
            }
            Some(StepKind::Loop { .. }) => {
                let body = self.state.body(node);
                let mut results = Vec::new();
                for outcomes in iterations.into_iter().flat_map(|all| all.iter()) {
                    let beside =
                        |node: usize| body.iter().position(|own| *own == node).and_then(|at| outcomes.get(at).cloned());
                    let mut iteration = Map::new();
                    for (&child, outcome) in body.iter().zip(outcomes.iter()) {
                        iteration.insert(id(plan, child), self.whole(child, outcome, &beside)?);
                    }
                    results.push(Value::Object(iteration));
                }
                own.insert("results".to_owned(), Value::Array(results));
            }
            Some(_) | None => {}
        }
        Ok(Value::Object(own))
    }
}

fn id(plan: &Plan, node: usize) -> String {
    plan.steps.get(node).map(|step| step.id.clone()).unwrap_or_default()
}

impl Engine {
    /// The whole result of a step as the store has it: of a container with the
    /// results of its steps.
    pub async fn result(&self, run: &RunRow, rows: &[StepRow], step: &StepRow) -> Result<Value, EngineError> {
        let Some(result) = &step.result else { return Ok(Value::Null) };
        let plan = self.plan(run).await?;
        let node = plan.index_of(&step.step_id);
        if !node.is_some_and(|node| plan.steps.get(node).is_some_and(is_composed)) {
            return self.value(&run.id, result).await;
        }
        let by_path: HashMap<&str, &StepRow> = rows.iter().map(|row| (row.path.as_str(), row)).collect();
        let mut values: HashMap<Arc<str>, Value> = HashMap::new();
        // Every body that may be part of it, read one by one; a run has 1 GiB at most.
        let prefix = step.path.as_str().rsplit_once('.').map_or("", |(before, _)| before);
        for row in rows.iter().filter(|row| row.path.as_str().starts_with(prefix)) {
            if let Some(body) = row.result.as_ref().filter(|body| !values.contains_key(&body.hash)) {
                values.insert(body.hash.clone(), self.value(&run.id, body).await?);
            }
        }
        Ok(of_rows(&plan, &by_path, &values, step.path.as_str(), node.unwrap_or_default()))
    }
}

fn of_rows(
    plan: &Plan,
    rows: &HashMap<&str, &StepRow>,
    values: &HashMap<Arc<str>, Value>,
    path: &str,
    node: usize,
) -> Value {
    let result = rows.get(path).and_then(|row| row.result.as_ref());
    let Some(own) = result.and_then(|body| values.get(&body.hash)) else { return Value::Null };
    let Some(step) = plan.steps.get(node).filter(|step| is_composed(step)) else { return own.clone() };
    let Value::Object(mut own) = own.clone() else { return own.clone() };
    let prefix = &path[..path.len() - step.id.len()];
    let each = |prefix: &str, nodes: &[usize]| {
        let entries = nodes.iter().map(|&child| {
            let child_id = id(plan, child);
            let value = of_rows(plan, rows, values, &format!("{prefix}{child_id}"), child);
            (child_id, value)
        });
        Value::Object(entries.collect())
    };
    match &step.kind {
        StepKind::Parallel { steps, .. } => {
            own.insert("results".to_owned(), each(prefix, steps));
        }
        StepKind::Loop { .. } => {
            let body: Vec<usize> =
                (0..plan.steps.len()).filter(|&child| plan.loops_around(child).first() == Some(&node)).collect();
            let count = own.get("iterations").and_then(Value::as_u64).unwrap_or(0);
            let results = (0..count).map(|index| each(&format!("{path}[{index}]."), &body)).collect();
            own.insert("results".to_owned(), Value::Array(results));
        }
        StepKind::Action(_)
        | StepKind::AgentTask { .. }
        | StepKind::Capability { .. }
        | StepKind::Condition { .. }
        | StepKind::Wait(_)
        | StepKind::HumanTask { .. }
        | StepKind::Webhook(_)
        | StepKind::Workflow { .. }
        | StepKind::Transform { .. } => {}
    }
    Value::Object(own)
}
