//! A plan's expressions, parsed once for a run. Must not evaluate them.

use std::collections::HashMap;

use indexmap::IndexMap;
use serde_json::Value;

use super::waits::CompiledWait;
use crate::base::json::Object;
use crate::expr::{ExprError, Expression, Known, Template};
use crate::workflow::Transforms;
use crate::workflow::plan::{Condition, LoopOver, Plan, PlanStep, StepKind};

/// A plan's expressions.
pub(super) struct Compiled {
    steps: Vec<CompiledStep>,
    ids: HashMap<String, usize>,
    pub(super) outputs: Vec<(String, Template)>,
}

/// A step's expressions.
pub(super) struct CompiledStep {
    pub(super) condition: Option<Expression>,
    pub(super) kind: CompiledKind,
    pub(super) timeout: Option<Template>,
    /// Applied to its result.
    pub(super) transforms: Transforms,
    pub(super) exports: Vec<(String, Template)>,
}

/// What is evaluated when a step becomes ready.
pub(super) enum CompiledKind {
    /// The arguments of a call.
    Call(Template),
    /// The branches' conditions, in order.
    Condition(Vec<Expression>),
    /// The bound.
    Parallel(Option<Template>),
    /// The items and the bound.
    ForEach(Items, Option<Template>),
    /// The condition and the bound.
    While(Expression, Template),
    /// What a transform starts from.
    Transform(Template),
    /// What it waits for.
    Wait(CompiledWait),
    /// Refused before a run begins.
    Unsupported,
}

/// What a loop goes over.
pub(super) enum Items {
    /// What an expression yields.
    Bare(Expression),
    /// A list as written.
    Written(Template),
}

impl Compiled {
    /// Parses every expression of a plan. They were checked when the template
    /// was loaded, so an error here is a plan of another version.
    pub(super) fn of(plan: &Plan) -> Result<Self, String> {
        let outer = plan.known_at(None);
        let mut inner: HashMap<usize, Known> = HashMap::new();
        let mut steps = Vec::with_capacity(plan.steps.len());
        for (index, step) in plan.steps.iter().enumerate() {
            let known = match plan.loops_around(index).first() {
                Some(&innermost) => inner.entry(innermost).or_insert_with(|| plan.known_at(Some(index))),
                None => &outer,
            };
            steps.push(CompiledStep::of(step, known)?);
        }
        let ids = plan.steps.iter().enumerate().map(|(index, step)| (step.id.clone(), index)).collect();
        Ok(Self { steps, ids, outputs: named(&plan.outputs, &outer)? })
    }

    pub(super) fn step(&self, index: usize) -> Option<&CompiledStep> {
        self.steps.get(index)
    }

    /// The node of a step's id.
    pub(super) fn node(&self, id: &str) -> Option<usize> {
        self.ids.get(id).copied()
    }
}

impl CompiledStep {
    fn of(step: &PlanStep, known: &Known) -> Result<Self, String> {
        let bare = |source: &String| Expression::parse(source, known).map_err(|error| error.to_string());
        let value = |value: &Value| template(value, known);
        let kind = match &step.kind {
            StepKind::Action(call) => CompiledKind::Call(arguments(&call.parameters, known)?),
            StepKind::Webhook(request) => CompiledKind::Call(arguments(request, known)?),
            StepKind::Transform { input } => CompiledKind::Transform(value(input)?),
            StepKind::Condition { branches, .. } => {
                CompiledKind::Condition(branches.iter().map(|branch| bare(&branch.when)).collect::<Result<_, _>>()?)
            }
            StepKind::Parallel { max_concurrency, .. } => {
                CompiledKind::Parallel(max_concurrency.as_ref().map(value).transpose()?)
            }
            StepKind::Loop { over, max_concurrency, .. } => match over {
                LoopOver::ForEach { items, .. } => {
                    let items = if let Value::String(source) = items {
                        Items::Bare(bare(source)?)
                    } else {
                        Items::Written(value(items)?)
                    };
                    CompiledKind::ForEach(items, max_concurrency.as_ref().map(value).transpose()?)
                }
                LoopOver::While { condition, max_iterations } => {
                    CompiledKind::While(bare(condition)?, value(max_iterations)?)
                }
            },
            StepKind::AgentTask { .. } | StepKind::Wait(_) | StepKind::HumanTask { .. } => {
                CompiledWait::of(&step.kind, known)?.map_or(CompiledKind::Unsupported, CompiledKind::Wait)
            }
            StepKind::Capability { .. } | StepKind::Workflow { .. } => CompiledKind::Unsupported,
        };
        Ok(Self {
            condition: match &step.condition {
                Condition::When(source) => Some(bare(source)?),
                Condition::OnSuccess | Condition::OnFailure | Condition::Always => None,
            },
            kind,
            timeout: step.timeout_seconds.as_ref().map(value).transpose()?,
            transforms: Transforms::compile(&step.transforms, known).map_err(|error| error.to_string())?,
            exports: named(&step.exports, known)?,
        })
    }
}

fn arguments(parameters: &Object, known: &Known) -> Result<Template, String> {
    template(&Value::Object(parameters.clone()), known)
}

fn template(value: &Value, known: &Known) -> Result<Template, String> {
    Template::parse(value, known).map_err(|errors| told(&errors))
}

fn named(map: &IndexMap<String, Value>, known: &Known) -> Result<Vec<(String, Template)>, String> {
    map.iter().map(|(name, value)| Ok((name.clone(), template(value, known)?))).collect()
}

fn told(errors: &[ExprError]) -> String {
    errors.iter().map(ToString::to_string).collect::<Vec<_>>().join("; ")
}
