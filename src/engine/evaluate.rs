//! Evaluates a plan's expressions over a run: conditions, arguments, numbers,
//! exports, outputs. What comes out is recorded in events; recovery evaluates
//! nothing. Must not decide what follows from a value.

use std::sync::Arc;

use indexmap::IndexMap;
use serde_json::Value;

use super::bodies::Bodies;
use super::call::{RESULT_LIMIT, own_exports};
use super::compiled::{Compiled, CompiledKind, CompiledStep, Items};
use super::waits::{self, Wanted};
use super::whole;
use crate::base::ErrorKind;
use crate::base::json::{Object, canonical};
use crate::expr::{ExprError, ResultSource, RunView, Scope, StepView, Template};
use crate::machine::{
    BodyRef, Concluded, Evaluated, Opened, Place, SkipReason, State, StepError, StepPath, StepState, StepStatus,
    WaitInput,
};
use crate::workflow::TransformError;
use crate::workflow::plan::{LoopOver, PlanStep, StepKind};

/// A run's values as the expressions of one step see them, or those of outputs.
pub(super) struct View<'a> {
    state: &'a State,
    bodies: &'a Bodies,
    compiled: &'a Compiled,
    params: Object,
    context: Object,
    run: RunView,
    /// Where the step stands.
    place: Option<&'a Place>,
    /// The iterations it is in, the outermost loop's first.
    around: Vec<Iteration<'a>>,
}

/// An iteration that a step is in.
struct Iteration<'a> {
    name: Option<&'a str>,
    /// The loop's items; none for a `while`.
    list: Option<Arc<Value>>,
    index: u32,
}

impl<'a> View<'a> {
    /// Reads the parameters, the context, and the items of loops around.
    pub(super) fn new(
        state: &'a State,
        bodies: &'a Bodies,
        compiled: &'a Compiled,
        path: Option<&StepPath>,
    ) -> Result<Self, String> {
        let context = state.context.iter().map(|(name, body)| Ok((name.clone(), (*bodies.value(body)?).clone())));
        let place = path.and_then(|path| state.steps.get(path)).map(|step| &step.place);
        let mut around = Vec::new();
        for (node, index) in place.into_iter().flat_map(Place::iterations) {
            let inside = state.seen_from(place, node).and_then(|step| step.inside.as_ref());
            let list = match inside.map(|inside| &inside.opened) {
                Some(Opened::ForEach { items, .. }) => Some(bodies.list(items)?),
                Some(Opened::While { .. } | Opened::Condition { .. } | Opened::Parallel { .. }) | None => None,
            };
            let name = match state.plan.steps.get(node).map(|step| &step.kind) {
                Some(StepKind::Loop { over: LoopOver::ForEach { name, .. }, .. }) => name.as_deref(),
                Some(_) | None => None,
            };
            around.push(Iteration { name, list, index });
        }
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
            compiled,
            place,
            around,
        })
    }

    fn scope(&self) -> Scope<'_> {
        let scope = Scope::new(&self.params, &self.context, self).with_run(&self.run);
        self.around.iter().fold(scope, |scope, iteration| {
            let item = iteration.list.as_ref().and_then(|list| list.get(iteration.index as usize));
            match item {
                Some(item) => scope.with_item(iteration.name, item, u64::from(iteration.index)),
                None => scope.with_index(u64::from(iteration.index)),
            }
        })
    }

    fn compiled(&self) -> Result<(&CompiledStep, &PlanStep), StepError> {
        let index = self.place.map_or(usize::MAX, Place::node);
        let found = self.compiled.step(index).zip(self.state.plan.steps.get(index));
        found.ok_or_else(|| StepError::new(ErrorKind::Internal, "the plan has no such step"))
    }

    /// A step's condition, arguments and numbers.
    pub(super) fn step(&self) -> Result<StepInput, StepError> {
        let (step, node) = self.compiled()?;
        let scope = self.scope();
        if let Some(condition) = &step.condition
            && !condition.is_true(&scope).map_err(|error| failed(&error, "its condition"))?
        {
            return Ok(StepInput::Skip);
        }
        match &step.kind {
            CompiledKind::Call(parameters) => {
                let parameters = parameters.render(&scope).map_err(|error| failed(&error, "its parameters"))?;
                if let Some(schema) = &node.input_schema {
                    check_input(schema, &parameters)?;
                }
                let timeout_ms = step.timeout.as_ref().map(|timeout| milliseconds(timeout, &scope)).transpose()?;
                Ok(StepInput::Run { parameters: Arc::new(parameters), timeout_ms })
            }
            CompiledKind::Condition(branches) => {
                for (number, branch) in branches.iter().enumerate() {
                    let what = format!("the `if` of its branch {number}");
                    if branch.is_true(&scope).map_err(|error| failed(&error, &what))? {
                        return Ok(StepInput::Branch(u32::try_from(number).ok()));
                    }
                }
                Ok(StepInput::Branch(None))
            }
            CompiledKind::Parallel(bound) => Ok(StepInput::Parallel(concurrency(bound.as_ref(), &scope)?)),
            CompiledKind::ForEach(items, bound) => {
                let items = match items {
                    Items::Bare(expression) => expression.eval(&scope),
                    Items::Written(template) => template.render(&scope),
                };
                let items = items.map_err(|error| failed(&error, "its for_each"))?;
                let Value::Array(list) = &items else {
                    let message = format!("its for_each is {}, not a list", kind_of(&items));
                    return Err(StepError::new(ErrorKind::InvalidInput, message));
                };
                let count = u32::try_from(list.len()).unwrap_or(u32::MAX);
                let bound = concurrency(bound.as_ref(), &scope)?;
                Ok(StepInput::ForEach { items: Arc::new(items), count, bound })
            }
            CompiledKind::While(_, bound) => {
                Ok(StepInput::While { max_iterations: whole_number(bound, "max_iterations", &scope)? })
            }
            CompiledKind::Transform(input) => {
                let input = input.render(&scope).map_err(|error| failed(&error, "its input"))?;
                if let Some(schema) = &node.input_schema {
                    check_input(schema, &input)?;
                }
                let value = Arc::new(self.transformed(input)?);
                let exports = self.exports(&value)?;
                Ok(StepInput::Value { value, exports })
            }
            CompiledKind::Wait(wait) => {
                let timeout_ms = step.timeout.as_ref().map(|timeout| milliseconds(timeout, &scope)).transpose()?;
                wait.evaluate(timeout_ms, &scope).map(StepInput::Wait)
            }
            CompiledKind::Unsupported => Err(StepError::new(ErrorKind::Internal, "this version cannot run it")),
        }
    }

    /// Whether a `while` goes into another iteration.
    pub(super) fn goes_on(&self) -> Result<bool, StepError> {
        let (step, _) = self.compiled()?;
        let CompiledKind::While(condition, _) = &step.kind else {
            return Err(StepError::new(ErrorKind::Internal, "it is no `while`"));
        };
        condition.is_true(&self.scope()).map_err(|error| failed(&error, "its while"))
    }

    /// The own part of a container's result, and what it exports.
    pub(super) fn conclusion(&self) -> Result<(Value, IndexMap<String, Arc<Value>>), StepError> {
        let internal = |message: String| StepError::new(ErrorKind::Internal, message);
        let step = self.place.and_then(|place| self.state.steps.at(place));
        let step = step.ok_or_else(|| internal("there is no such step".to_owned()))?;
        if let Some(waiting) = &step.waits {
            let left = waits::left(self.compiled()?.1, waiting, self.bodies).map_err(internal)?;
            let left = if self.compiled()?.0.transforms.is_empty() { left } else { self.transformed(left)? };
            let exports = self.exports(&left)?;
            return Ok((left, exports));
        }
        let inside = step.inside.as_ref().ok_or_else(|| internal("it is no container".to_owned()))?;
        let own = whole::own_part(self.state, step, inside);
        let compiled = self.compiled()?.0;
        if compiled.exports.is_empty() && compiled.transforms.is_empty() {
            return Ok((own, IndexMap::new()));
        }
        let result = whole::of_ending(self.state, self.bodies, step, own.clone()).map_err(internal)?;
        if compiled.transforms.is_empty() {
            let exports = self.exports(&result)?;
            return Ok((own, exports));
        }
        // What transforms make of the whole is what it leaves.
        let result = self.transformed(result)?;
        let exports = self.exports(&result)?;
        Ok((result, exports))
    }

    /// What a call leaves: its result as the step's transforms make it, and what
    /// is exported. What the tool itself exports is in the result as it came.
    pub(super) fn call_result(&self, result: Arc<Value>, text: Arc<str>) -> Result<CallResult, StepError> {
        let mut exports = self.tool_exports(&result)?;
        let (result, text) = if self.compiled()?.0.transforms.is_empty() {
            (result, text)
        } else {
            let value = self.transformed((*result).clone())?;
            let text = canonical(&value);
            (Arc::new(value), text.into())
        };
        exports.extend(self.exports(&result)?);
        Ok(CallResult { result, text, exports })
    }

    /// A value as the step's transforms make it.
    fn transformed(&self, value: Value) -> Result<Value, StepError> {
        let (step, _) = self.compiled()?;
        let failed = |error: TransformError| StepError::new(error.kind(), format!("its {error}"));
        let value = step.transforms.apply(value, &self.scope()).map_err(failed)?;
        let bytes = canonical(&value).len();
        if bytes > RESULT_LIMIT {
            let message = format!("its value has {bytes} bytes; the limit is {RESULT_LIMIT}");
            return Err(StepError::new(ErrorKind::ResultTooLarge, message));
        }
        Ok(value)
    }

    /// What a tool asks to be set, beside what the step exports.
    pub(super) fn tool_exports(&self, result: &Value) -> Result<IndexMap<String, Arc<Value>>, StepError> {
        let calls = matches!(self.compiled()?.1.kind, StepKind::Action(_));
        let own = own_exports(result).filter(|_| calls);
        Ok(own.into_iter().flatten().map(|(name, value)| (name.clone(), Arc::new(value.clone()))).collect())
    }

    /// The context values that the step exports from its result.
    pub(super) fn exports(&self, result: &Value) -> Result<IndexMap<String, Arc<Value>>, StepError> {
        let (step, _) = self.compiled()?;
        let mut values = IndexMap::new();
        let scope = self.scope().with_result(result);
        for (name, template) in &step.exports {
            let what = format!("its export `{name}`");
            let value = template.render(&scope).map_err(|error| failed(&error, &what))?;
            values.insert(name.clone(), Arc::new(value));
        }
        Ok(values)
    }

    /// The outputs, and why some are null.
    pub(super) fn outputs(&self) -> (Value, Vec<String>) {
        let scope = self.scope();
        let mut warnings = Vec::new();
        let outputs = self.compiled.outputs.iter().map(|(name, template)| {
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

/// What a call leaves.
pub(super) struct CallResult {
    /// The step's result.
    pub(super) result: Arc<Value>,
    /// Its canonical text.
    pub(super) text: Arc<str>,
    /// Context values.
    pub(super) exports: IndexMap<String, Arc<Value>>,
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
    /// It calls nothing.
    Value {
        /// Its value.
        value: Arc<Value>,
        /// What it exports.
        exports: IndexMap<String, Arc<Value>>,
    },
    /// A `condition` with the branch that is taken, or none.
    Branch(Option<u32>),
    /// A `parallel` with its bound.
    Parallel(Option<u32>),
    /// A loop over items.
    ForEach {
        /// A list.
        items: Arc<Value>,
        /// Its length.
        count: u32,
        /// Iterations at once.
        bound: Option<u32>,
    },
    /// A `while`.
    While {
        /// Iterations at most.
        max_iterations: u32,
    },
    /// It waits.
    Wait(Wanted),
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
            Ok(Self::Value { value, exports }) => {
                let exports = keep_all(exports, bodies);
                Evaluated::Done(Concluded { result: bodies.put(&value), exports })
            }
            Ok(Self::Branch(branch)) => Evaluated::Open(Opened::Condition { branch }),
            Ok(Self::Parallel(max_concurrency)) => Evaluated::Open(Opened::Parallel { max_concurrency }),
            Ok(Self::ForEach { items, count, bound }) => {
                Evaluated::Open(Opened::ForEach { items: bodies.put(&items), count, max_concurrency: bound })
            }
            Ok(Self::While { max_iterations }) => Evaluated::Open(Opened::While { max_iterations }),
            Ok(Self::Wait(Wanted::Wait(input))) => Evaluated::Wait(input),
            Ok(Self::Wait(Wanted::Task { prompt, timeout_ms, reminder_ms })) => {
                Evaluated::Wait(WaitInput::Task { prompt: bodies.put(&Arc::new(prompt)), timeout_ms, reminder_ms })
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

fn concurrency(bound: Option<&Template>, scope: &Scope<'_>) -> Result<Option<u32>, StepError> {
    bound.map(|bound| whole_number(bound, "max_concurrency", scope)).transpose()
}

fn whole_number(template: &Template, key: &str, scope: &Scope<'_>) -> Result<u32, StepError> {
    let value = template.render(scope).map_err(|error| failed(&error, &format!("its {key}")))?;
    // A figure that was computed may be written as `3.0`.
    let number = value.as_u64().or_else(|| {
        let number = value.as_f64().filter(|number| number.fract() == 0.0 && (1.0..4e9).contains(number))?;
        format!("{number}").parse().ok()
    });
    number.and_then(|number| u32::try_from(number).ok()).filter(|number| *number > 0).ok_or_else(|| {
        StepError::new(ErrorKind::InvalidInput, format!("its {key} is `{value}`, not a whole number above 0"))
    })
}

fn kind_of(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "true or false",
        Value::Number(_) => "a number",
        Value::String(_) => "text",
        Value::Array(_) => "a list",
        Value::Object(_) => "an object",
    }
}

impl View<'_> {
    fn seen(&self, id: &str) -> Option<&StepState> {
        self.state.seen_from(self.place, self.compiled.node(id)?)
    }
}

impl ResultSource for View<'_> {
    fn step(&self, id: &str) -> Option<StepView> {
        let step = self.seen(id)?;
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
        match self.seen(id) {
            Some(step) if step.status.is_finished() => whole::of_step(self.state, self.bodies, step).map(Some),
            Some(_) | None => Ok(None),
        }
    }

    fn finished(&self) -> Vec<String> {
        let finished = |step: &&PlanStep| self.seen(&step.id).is_some_and(|step| step.status.is_finished());
        self.state.plan.steps.iter().filter(finished).map(|step| step.id.clone()).collect()
    }
}

/// The reference of a value that is kept for the next commit.
pub(super) fn keep_all(values: IndexMap<String, Arc<Value>>, bodies: &mut Bodies) -> IndexMap<String, BodyRef> {
    values.into_iter().map(|(name, value)| (name, bodies.put(&value))).collect()
}
