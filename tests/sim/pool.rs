//! What the process answers in memory: expressions, permits, places.

use std::collections::BTreeSet;

use sequitur::base::{ErrorKind, Timestamp};
use sequitur::machine::{BodyRef, CallFacts, Evaluated, Local, SkipReason, State, StepError, StepPath, StepStatus};
use sequitur::workflow::plan::{Condition, StepKind};

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
        let step = &state.steps[path];
        let facts = &self.case.tool(path).facts;
        let known = facts[((step.attempts + step.failures) as usize).min(facts.len() - 1)];
        match known {
            Facts::Safe => Ok(CallFacts { repeat_safe: true, pin: None }),
            Facts::Unsafe => Ok(CallFacts { repeat_safe: false, pin: Some("pin".into()) }),
            Facts::Missing(kind) => Err(StepError::new(kind, "the tool is not there")),
        }
    }
}

impl Local for Pool<'_> {
    fn evaluate(&mut self, state: &State, path: &StepPath) -> Evaluated {
        let node = self.case.node(path);
        let status = |&index: &usize| state.steps[&StepPath::from(self.case.plan.steps[index].id.as_str())].status;
        if let Condition::When(expression) = &node.condition {
            let mut all = node.depends_on.iter();
            let holds = match expression.as_str() {
                "yes" => true,
                "no" => false,
                "all_completed" => all.all(|index| status(index) == StepStatus::Completed),
                "any_failed" => all.any(|index| status(index) == StepStatus::Failed),
                _ => return Evaluated::Fail(StepError::new(ErrorKind::InvalidInput, "boom")),
            };
            if !holds {
                return Evaluated::Skip(SkipReason::ConditionFalse);
            }
        }
        if let StepKind::Action(call) = &node.kind
            && call.parameters.contains_key("boom")
        {
            return Evaluated::Fail(StepError::new(ErrorKind::InvalidInput, "boom in parameters"));
        }
        let last = state.context.get("last").map_or("nothing", |body| &body.hash);
        Evaluated::Run {
            parameters: BodyRef::of(&format!("{path} after {last}")),
            timeout_ms: self.case.tool(path).timeout_ms,
        }
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
