//! The naive interpreter: what must come of a plan when nobody interferes,
//! written from the semantics and not from the machine. One step after the
//! other in file order; where steps run side by side, no step aborts, so the
//! order does not matter.

use std::collections::BTreeMap;

use sequitur::base::ErrorKind;
use sequitur::machine::{BodyRef, Handling, RunStatus, State, StepPath, StepStatus};
use sequitur::workflow::plan::{Condition, OnError, OnUnknown, StepKind};

use crate::case::{Case, Choice, Facts, Reply, outlives};
use crate::fault::{Fault, hold};
use crate::rules::{covered, lost};

struct Reference<'c> {
    case: &'c Case,
    ends: BTreeMap<usize, (StepStatus, u32)>,
    failing: bool,
    last: Option<String>,
    parameters: BTreeMap<usize, BodyRef>,
}

/// Compares what came of a run with what the interpreter says.
pub(crate) fn check(case: &Case, state: &State) -> Result<(), Fault> {
    let mut reference =
        Reference { case, ends: BTreeMap::new(), failing: false, last: None, parameters: BTreeMap::new() };
    reference.run();
    let status = if reference.failing { RunStatus::Failed } else { RunStatus::Completed };
    hold(state.status() == status, "reference", || format!("`{}`, expected `{status}`", state.status()))?;
    for (index, (path, step)) in state.steps.iter().enumerate() {
        let (status, attempts) = reference.ends[&index];
        hold(step.status == status, "reference", || format!("{path} is `{}`, expected `{status}`", step.status))?;
        hold(step.attempts == attempts || !case.crashes.is_empty(), "reference", || {
            format!("{path} took {} attempts, expected {attempts}", step.attempts)
        })?;
        if case.sequential() {
            let settled = step.ready.as_ref().map(|ready| &ready.parameters);
            hold(settled == reference.parameters.get(&index), "reference", || format!("{path} got other parameters"))?;
        }
    }
    let last = state.context.get("last").map(|body| &body.hash);
    let expected = reference.last.map(|last| BodyRef::of(&last).hash);
    hold(last == expected.as_ref() || !case.sequential(), "reference", || "another export came last".to_owned())
}

impl Reference<'_> {
    fn run(&mut self) {
        let steps = &self.case.plan.steps;
        while self.ends.len() < steps.len() {
            let open = |index: &usize| !self.ends.contains_key(index);
            if self.failing {
                let given_up: Vec<usize> = (0..steps.len()).filter(open).filter(|&at| !outlives(&steps[at])).collect();
                if !given_up.is_empty() {
                    self.ends.extend(given_up.into_iter().map(|index| (index, (StepStatus::Skipped, 0))));
                    continue;
                }
            }
            let ready = |&index: &usize| steps[index].depends_on.iter().all(|before| self.ends.contains_key(before));
            // What its dependencies rule out takes no turn of its own.
            let free: Vec<usize> = (0..steps.len()).filter(open).filter(ready).collect();
            let ruled_out = free.iter().find(|&&index| self.ruled_out(index));
            let &next = ruled_out.or(free.first()).expect("the plan has no cycle");
            let end = self.step(next);
            self.ends.insert(next, end);
        }
    }

    fn before(&self, index: usize) -> Vec<StepStatus> {
        self.case.plan.steps[index].depends_on.iter().map(|before| self.ends[before].0).collect()
    }

    fn ruled_out(&self, index: usize) -> bool {
        let before = self.before(index);
        match &self.case.plan.steps[index].condition {
            Condition::OnFailure => !before.contains(&StepStatus::Failed),
            Condition::OnSuccess => !before.is_empty() && before.iter().all(|&status| status == StepStatus::Skipped),
            Condition::Always | Condition::When(_) => false,
        }
    }

    fn step(&mut self, index: usize) -> (StepStatus, u32) {
        let node = &self.case.plan.steps[index];
        let before = self.before(index);
        let runs = match &node.condition {
            Condition::Always | Condition::OnFailure | Condition::OnSuccess => !self.ruled_out(index),
            Condition::When(expression) => match expression.as_str() {
                "yes" => true,
                "no" => false,
                "all_completed" => before.iter().all(|&status| status == StepStatus::Completed),
                "any_failed" => before.contains(&StepStatus::Failed),
                _ => return (self.fails(index), 0),
            },
        };
        if !runs {
            return (StepStatus::Skipped, 0);
        }
        if let StepKind::Action(call) = &node.kind
            && call.parameters.contains_key("boom")
        {
            return (self.fails(index), 0);
        }
        let last = self.last.as_ref().map_or("nothing".into(), |last| BodyRef::of(last).hash);
        self.parameters.insert(index, BodyRef::of(&format!("{} after {last}", node.id)));
        self.calls(index)
    }

    fn calls(&mut self, index: usize) -> (StepStatus, u32) {
        let (node, tool) = (&self.case.plan.steps[index], &self.case.tools[index]);
        let path = StepPath::from(node.id.as_str());
        let (mut attempts, mut failures) = (0_u32, 0_u32);
        loop {
            let facts = tool.facts[((attempts + failures) as usize).min(tool.facts.len() - 1)];
            let kind = if let Facts::Missing(kind) = facts {
                kind
            } else {
                attempts += 1;
                let safe = facts == Facts::Safe || node.idempotent == Some(true);
                match self.reply(index, attempts) {
                    Ok(()) => {
                        self.last = Some(node.id.clone());
                        return (StepStatus::Completed, attempts);
                    }
                    Err((kind, false)) => kind,
                    Err((kind, true)) if safe || self.case.policy(node) == OnUnknown::Retry => {
                        lost(self.case, &path, kind)
                    }
                    Err((_, true)) if self.case.policy(node) == OnUnknown::Fail => {
                        return (self.fails(index), attempts);
                    }
                    Err((_, true)) => match tool.answer.map(|(_, choice)| choice) {
                        Some(Choice::Retry) if attempts < 4 => continue,
                        Some(Choice::Retry | Choice::Done) => return (StepStatus::Completed, attempts),
                        Some(Choice::Fail) | None => return (self.fails(index), attempts),
                    },
                }
            };
            let budget = node.retry.as_ref().map_or(0, |retry| retry.max_retries);
            let goes_on = !self.failing || outlives(node);
            if failures >= budget || !covered(self.case, &path, kind) || !goes_on {
                return (self.fails(index), attempts);
            }
            failures += 1;
        }
    }

    /// What an attempt brings: a result, or a kind and whether the outcome is unknown.
    fn reply(&self, index: usize, attempt: u32) -> Result<(), (ErrorKind, bool)> {
        let tool = &self.case.tools[index];
        let this = tool.attempts[(attempt as usize - 1).min(tool.attempts.len() - 1)];
        if tool.timeout_ms.is_some_and(|timeout| this.reply == Reply::Silent || this.after > timeout) {
            let second = this.again.map(|(later, reply)| (this.after + later, reply));
            let in_time = |at: u64| tool.timeout_ms.is_some_and(|timeout| at < timeout);
            return match second {
                Some((at, reply)) if this.reply == Reply::Silent && in_time(at) => said(reply),
                _ => Err((ErrorKind::Timeout, true)),
            };
        }
        said(this.reply)
    }

    fn fails(&mut self, index: usize) -> StepStatus {
        let handling = match self.case.plan.steps[index].on_error {
            OnError::Continue => Handling::Continue,
            OnError::Skip => Handling::Skip,
            OnError::Abort | OnError::Compensate | OnError::Fallback(_) | OnError::Handlers(_) => Handling::Abort,
        };
        self.failing |= handling == Handling::Abort;
        if handling == Handling::Skip { StepStatus::Skipped } else { StepStatus::Failed }
    }
}

fn said(reply: Reply) -> Result<(), (ErrorKind, bool)> {
    match reply {
        Reply::Completed => Ok(()),
        Reply::Failed(kind, _) => Err((kind, false)),
        Reply::Unknown(kind) => Err((kind, true)),
        Reply::Silent => Err((ErrorKind::Timeout, true)),
    }
}
