//! What the process answers in memory: expressions, permits, places.

use std::collections::BTreeSet;

use sequitur::base::{ErrorKind, Timestamp};
use sequitur::machine::{
    BodyRef, CallFacts, Concluded, Evaluated, Local, Opened, SkipReason, State, StepError, StepPath, StepStatus,
    webhook_facts,
};
use sequitur::workflow::plan::{Condition, LoopOver, StepKind};

use crate::case::{Case, Facts};

/// The process's side of a run.
pub(crate) struct Pool<'c> {
    case: &'c Case,
    pub(crate) now: Timestamp,
    start: Timestamp,
    /// Who holds a permit.
    pub(crate) held: BTreeSet<StepPath>,
    /// Who wants one, in order.
    pub(crate) wishes: Vec<StepPath>,
    /// The run wants a place.
    pub(crate) wants_place: bool,
}

impl<'c> Pool<'c> {
    pub(crate) fn new(case: &'c Case, start: Timestamp, now: Timestamp) -> Self {
        Self { case, now, start, held: BTreeSet::new(), wishes: Vec::new(), wants_place: false }
    }

    fn elapsed(&self) -> u64 {
        u64::try_from(self.now.since(self.start).as_millis()).unwrap_or(u64::MAX)
    }

    fn free(&self) -> bool {
        let elapsed = self.elapsed();
        let busy = |&&(from, to): &&(u64, u64)| from <= elapsed && elapsed < to;
        self.case.permits.len() > self.held.len() + self.case.permits.iter().filter(busy).count()
    }

    /// Gives permits that are free to those who want one.
    pub(crate) fn grant(&mut self) -> Vec<StepPath> {
        let mut granted = Vec::new();
        while self.free() && !self.wishes.is_empty() {
            let path = self.wishes.remove(0);
            self.held.insert(path.clone());
            granted.push(path);
        }
        granted
    }

    /// Whether a place is free now.
    pub(crate) fn place_free(&self) -> bool {
        self.case.place <= self.elapsed()
    }

    /// What is known of a step's tool just now.
    pub(crate) fn facts(&self, state: &State, path: &StepPath) -> Result<CallFacts, StepError> {
        if let Some(facts) = webhook_facts(self.case.node(path)) {
            return Ok(facts);
        }
        // A permit may come for a step that was given up meanwhile.
        let so_far = state.steps.get(path).map_or(0, |step| step.attempts + step.failures);
        match self.case.facts(path, so_far) {
            Facts::Safe => Ok(CallFacts { repeat_safe: true, pin: None }),
            Facts::Unsafe => Ok(CallFacts { repeat_safe: false, pin: Some("pin".into()) }),
            Facts::Missing(kind) => Err(StepError::new(kind, "the tool is not there")),
        }
    }
}

/// What an expression that the generator writes yields, from how the step's
/// dependencies ended.
pub(crate) fn holds(expression: &str, mut before: impl Iterator<Item = StepStatus>) -> Result<bool, StepError> {
    match expression {
        "yes" => Ok(true),
        "no" => Ok(false),
        "all_completed" => Ok(before.all(|status| status == StepStatus::Completed)),
        "any_failed" => Ok(before.any(|status| status == StepStatus::Failed)),
        _ => Err(boom("boom")),
    }
}

/// Whether a `while` that was written as this goes on after so many iterations.
pub(crate) fn goes_on(condition: &str, finished: u32) -> Result<bool, StepError> {
    let (boom_after, count) = condition.strip_prefix("boom ").map_or((false, condition), |count| (true, count));
    let more = finished < count.parse::<u32>().expect("the generator writes a number");
    if boom_after && !more { Err(boom("boom in while")) } else { Ok(more) }
}

pub(crate) fn boom(message: &str) -> StepError {
    StepError::new(ErrorKind::InvalidInput, message)
}

fn result_of(path: &StepPath) -> Concluded {
    let exports = [("last".to_owned(), BodyRef::of(path.as_str()))].into();
    Concluded { result: BodyRef::of(&format!("result of {path}")), exports }
}

pub(crate) fn number(value: &serde_json::Value) -> Option<u32> {
    value.as_u64().and_then(|number| u32::try_from(number).ok())
}

impl Local for Pool<'_> {
    fn evaluate(&mut self, state: &State, path: &StepPath) -> Evaluated {
        let node = self.case.node(path);
        let before = || node.depends_on.iter().map(|&index| state.steps[&self.case.seen_from(path, index)].status);
        if let Condition::When(expression) = &node.condition {
            match holds(expression, before()) {
                Ok(true) => {}
                Ok(false) => return Evaluated::Skip(SkipReason::ConditionFalse),
                Err(error) => return Evaluated::Fail(error),
            }
        }
        if let Some(waits) = crate::waits::evaluate(self.case, path, self.start) {
            return waits;
        }
        match &node.kind {
            StepKind::Action(call) if call.parameters.contains_key("boom") => {
                Evaluated::Fail(boom("boom in parameters"))
            }
            StepKind::Transform { input } if input == "boom" => Evaluated::Fail(boom("boom in input")),
            StepKind::Transform { .. } => Evaluated::Done(result_of(path)),
            StepKind::Condition { branches, .. } => {
                for (number, branch) in (0..).zip(branches) {
                    match holds(&branch.when, before()) {
                        Ok(true) => return Evaluated::Open(Opened::Condition { branch: Some(number) }),
                        Ok(false) => {}
                        Err(error) => return Evaluated::Fail(error),
                    }
                }
                Evaluated::Open(Opened::Condition { branch: None })
            }
            StepKind::Parallel { max_concurrency, .. } => {
                Evaluated::Open(Opened::Parallel { max_concurrency: max_concurrency.as_ref().and_then(number) })
            }
            StepKind::Loop { over: LoopOver::ForEach { items, .. }, max_concurrency, .. } => match number(items) {
                Some(count) => Evaluated::Open(Opened::ForEach {
                    items: BodyRef::of(&count.to_string()),
                    count,
                    max_concurrency: max_concurrency.as_ref().and_then(number),
                }),
                None => Evaluated::Fail(boom("boom in for_each")),
            },
            StepKind::Loop { over: LoopOver::While { max_iterations, .. }, .. } => {
                Evaluated::Open(Opened::While { max_iterations: number(max_iterations).expect("a number") })
            }
            _ => {
                let last = state.context.get("last").map_or("nothing", |body| &body.hash);
                Evaluated::Run {
                    parameters: BodyRef::of(&format!("{path} after {last}")),
                    timeout_ms: self.case.tool(path).timeout_ms,
                }
            }
        }
    }

    fn iterate(&mut self, state: &State, path: &StepPath) -> Result<bool, StepError> {
        let StepKind::Loop { over: LoopOver::While { condition, .. }, .. } = &self.case.node(path).kind else {
            panic!("{path} is no `while`")
        };
        goes_on(condition, state.steps[path].inside.as_ref().expect("it has begun").finished)
    }

    fn conclude(&mut self, _: &State, path: &StepPath) -> Result<Concluded, StepError> {
        if self.case.node(path).exports.contains_key("boom") {
            return Err(boom("boom in exports"));
        }
        Ok(result_of(path))
    }

    fn outputs(&mut self, state: &State) -> (BodyRef, Vec<String>) {
        (BodyRef::of(&format!("{:?}", state.context)), Vec::new())
    }

    fn acquire(&mut self, state: &State, path: &StepPath) -> Option<Result<CallFacts, StepError>> {
        if !self.held.contains(path) {
            if !self.free() || !self.wishes.is_empty() && self.wishes[0] != *path {
                if !self.wishes.contains(path) {
                    self.wishes.push(path.clone());
                }
                return None;
            }
            self.wishes.retain(|wish| wish != path);
            self.held.insert(path.clone());
        }
        Some(self.facts(state, path))
    }

    fn give_back(&mut self, path: &StepPath) {
        self.held.remove(path);
    }

    fn place(&mut self, _: &State) -> bool {
        self.wants_place = !self.place_free();
        !self.wants_place
    }
}
