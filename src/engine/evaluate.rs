//! Evaluates a plan's expressions over a run: conditions, arguments, numbers,
//! exports, outputs. What comes out is recorded in events; recovery evaluates
//! nothing. Must not decide what follows from a value.

use std::sync::Arc;

use indexmap::IndexMap;
use serde_json::Value;

use super::bodies::Bodies;
use super::call::own_exports;
use crate::base::ErrorKind;
use crate::base::json::Object;
use crate::expr::{ExprError, Expression, Known, ResultSource, RunView, Scope, StepView, Template};
use crate::machine::{BodyRef, Evaluated, SkipReason, State, StepError, StepPath, StepStatus};
use crate::workflow::plan::{Condition, Plan, StepKind};

/// A plan's expressions, parsed once for a run.
pub(super) struct Compiled {
    steps: Vec<CompiledStep>,
    outputs: Vec<(String, Template)>,
}

struct CompiledStep {
    condition: Option<Expression>,
    parameters: Template,
    timeout: Option<Template>,
    exports: Vec<(String, Template)>,
}

impl Compiled {
    /// Parses every expression of a plan. They were checked when the template
    /// was loaded, so an error here is a plan of another version.
    pub(super) fn of(plan: &Plan) -> Result<Self, String> {
        let exported = plan.steps.iter().flat_map(|step| step.exports.keys());
        let known = Known::new()
            .with_steps(plan.steps.iter().map(|step| step.id.clone()))
            .with_params(plan.parameters.iter().map(|parameter| parameter.name.clone()))
            .with_context(plan.context.keys().chain(exported).cloned());
        let template = |value: &Value| Template::parse(value, &known).map_err(|errors| told(&errors));
        let named = |map: &IndexMap<String, Value>| {
            map.iter().map(|(name, value)| Ok((name.clone(), template(value)?))).collect::<Result<Vec<_>, String>>()
        };
        let steps = plan.steps.iter().map(|step| {
            // Other kinds are refused before a run begins.
            let parameters =
                if let StepKind::Action(call) = &step.kind { call.parameters.clone() } else { Object::new() };
            let parameters = Value::Object(parameters);
            Ok(CompiledStep {
                condition: match &step.condition {
                    Condition::When(source) => {
                        Some(Expression::parse(source, &known).map_err(|error| error.to_string())?)
                    }
                    Condition::OnSuccess | Condition::OnFailure | Condition::Always => None,
                },
                parameters: template(&parameters)?,
                timeout: step.timeout_seconds.as_ref().map(template).transpose()?,
                exports: named(&step.exports)?,
            })
        });
        Ok(Self { steps: steps.collect::<Result<_, String>>()?, outputs: named(&plan.outputs)? })
    }
}

fn told(errors: &[ExprError]) -> String {
    errors.iter().map(ToString::to_string).collect::<Vec<_>>().join("; ")
}

/// A run's values as expressions see them.
pub(super) struct View<'a> {
    state: &'a State,
    bodies: &'a Bodies,
    params: Object,
    context: Object,
    run: RunView,
}

impl<'a> View<'a> {
    /// Reads the parameters and the context.
    pub(super) fn new(state: &'a State, bodies: &'a Bodies) -> Result<Self, String> {
        let context = state.context.iter().map(|(name, body)| Ok((name.clone(), (*bodies.value(body)?).clone())));
        Ok(Self {
            params: bodies.object(&state.parameters)?,
            context: context.collect::<Result<Object, String>>()?,
            run: RunView {
                id: state.run.to_string(),
                name: state.plan.name.clone(),
                started_at: state.started_at.unwrap_or(state.created_at).rfc3339(),
            },
            state,
            bodies,
        })
    }

    fn scope(&self) -> Scope<'_> {
        Scope::new(&self.params, &self.context, self).with_run(&self.run)
    }

    /// A step's condition, arguments and numbers.
    pub(super) fn step(&self, compiled: &Compiled, path: &StepPath) -> Result<StepInput, StepError> {
        let index = self.state.steps.get(path).map_or(usize::MAX, |step| step.index);
        let (Some(step), Some(node)) = (compiled.steps.get(index), self.state.plan.steps.get(index)) else {
            return Err(StepError::new(ErrorKind::Internal, format!("the plan has no step `{path}`")));
        };
        let scope = self.scope();
        if let Some(condition) = &step.condition
            && !condition.is_true(&scope).map_err(|error| failed(&error, "its condition"))?
        {
            return Ok(StepInput::Skip);
        }
        let parameters = step.parameters.render(&scope).map_err(|error| failed(&error, "its parameters"))?;
        if let Some(schema) = &node.input_schema {
            check_input(schema, &parameters)?;
        }
        let timeout_ms = step.timeout.as_ref().map(|timeout| milliseconds(timeout, &scope)).transpose()?;
        Ok(StepInput::Run { parameters: Arc::new(parameters), timeout_ms })
    }

    /// The context values that a result sets.
    pub(super) fn exports(
        &self,
        compiled: &Compiled,
        path: &StepPath,
        result: &Value,
    ) -> Result<IndexMap<String, Arc<Value>>, StepError> {
        let index = self.state.steps.get(path).map_or(usize::MAX, |step| step.index);
        let mut values: IndexMap<String, Arc<Value>> = own_exports(result)
            .into_iter()
            .flatten()
            .map(|(name, value)| (name.clone(), Arc::new(value.clone())))
            .collect();
        let scope = self.scope().with_result(result);
        for (name, template) in compiled.steps.get(index).map_or(&[][..], |step| &step.exports) {
            let what = format!("its export `{name}`");
            let value = template.render(&scope).map_err(|error| failed(&error, &what))?;
            values.insert(name.clone(), Arc::new(value));
        }
        Ok(values)
    }

    /// The outputs, and why some are null.
    pub(super) fn outputs(&self, compiled: &Compiled) -> (Value, Vec<String>) {
        let scope = self.scope();
        let mut warnings = Vec::new();
        let outputs = compiled.outputs.iter().map(|(name, template)| {
            let value = template.render(&scope).unwrap_or_else(|error| {
                warnings.push(format!("output `{name}` could not be evaluated: {error}"));
                Value::Null
            });
            (name.clone(), value)
        });
        let outputs = Value::Object(outputs.collect());
        (outputs, warnings)
    }
}

/// What a step's expressions yield.
pub(super) enum StepInput {
    /// It runs with these arguments.
    Run {
        /// Secrets as markers.
        parameters: Arc<Value>,
        /// Per attempt.
        timeout_ms: Option<u64>,
    },
    /// Its condition is false.
    Skip,
}

impl StepInput {
    /// The same as the core's input.
    pub(super) fn into_evaluated(input: Result<Self, StepError>, bodies: &mut Bodies) -> Evaluated {
        match input {
            Ok(Self::Run { parameters, timeout_ms }) => {
                Evaluated::Run { parameters: bodies.put(&parameters), timeout_ms }
            }
            Ok(Self::Skip) => Evaluated::Skip(SkipReason::ConditionFalse),
            Err(error) => Evaluated::Fail(error),
        }
    }
}

fn failed(error: &ExprError, what: &str) -> StepError {
    StepError::new(error.kind(), format!("{what} could not be evaluated: {error}"))
}

fn check_input(schema: &Value, input: &Value) -> Result<(), StepError> {
    let validator = jsonschema::validator_for(schema)
        .map_err(|error| StepError::new(ErrorKind::InvalidInput, format!("its input_schema is not one: {error}")))?;
    let wrong: Vec<String> =
        validator.iter_errors(input).take(5).map(|error| format!("`{}`: {error}", error.instance_path())).collect();
    if wrong.is_empty() {
        return Ok(());
    }
    Err(StepError::new(ErrorKind::InvalidInput, format!("its input does not fit input_schema: {}", wrong.join("; "))))
}

fn milliseconds(timeout: &Template, scope: &Scope<'_>) -> Result<u64, StepError> {
    let value = timeout.render(scope).map_err(|error| failed(&error, "its timeout_seconds"))?;
    let seconds = value.as_f64().filter(|seconds| *seconds > 0.0 && seconds.is_finite());
    let duration = seconds.and_then(|seconds| std::time::Duration::try_from_secs_f64(seconds).ok());
    let millis = duration.and_then(|duration| u64::try_from(duration.as_millis()).ok());
    millis.ok_or_else(|| {
        StepError::new(ErrorKind::InvalidInput, format!("its timeout_seconds is `{value}`, not a number above 0"))
    })
}

impl ResultSource for View<'_> {
    fn step(&self, id: &str) -> Option<StepView> {
        let step = self.state.steps.get(&StepPath::from(id))?;
        if step.status == StepStatus::Pending && step.ready.is_none() {
            return None;
        }
        Some(StepView {
            status: step.status.as_str().to_owned(),
            success: step.status == StepStatus::Completed,
            error: step.error.as_ref().map(|error| {
                serde_json::json!({
                    "kind": error.kind, "message": error.message, "step_id": id, "attempts": step.attempts,
                })
            }),
            duration_seconds: step.duration().map(|duration| duration.as_secs_f64()),
        })
    }

    fn result(&self, id: &str) -> Result<Option<Arc<Value>>, String> {
        let Some(step) = self.state.steps.get(&StepPath::from(id)) else { return Ok(None) };
        match &step.result {
            Some(body) => self.bodies.value(body).map(Some),
            None if step.status.is_finished() => Ok(Some(Arc::new(Value::Null))),
            None => Ok(None),
        }
    }

    fn finished(&self) -> Vec<String> {
        let finished = self.state.steps.iter().filter(|(_, step)| step.status.is_finished());
        finished.map(|(path, _)| path.to_string()).collect()
    }
}

/// The reference of a value that is kept for the next commit.
pub(super) fn keep_all(values: IndexMap<String, Arc<Value>>, bodies: &mut Bodies) -> IndexMap<String, BodyRef> {
    values.into_iter().map(|(name, value)| (name, bodies.put(&value))).collect()
}
