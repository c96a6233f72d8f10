//! The naive interpreter: what must come of a plan when nobody interferes,
//! written from the semantics and not from the machine. One step after the
//! other in file order; where steps run side by side, no step aborts, so the
//! order does not matter. It keeps every instance and looks at all of them for
//! each thing it wants to know.

use std::collections::BTreeMap;

use sequitur::base::ErrorKind;
use sequitur::machine::{Answered, BodyRef, Event, EventKind, Handling, RunStatus, State, StepPath, StepStatus};
use sequitur::workflow::plan::{Condition, LoopOver, OnError, OnUnknown, StepKind};

use crate::case::{Case, Choice, Facts, Reply, outlives};
use crate::fault::{Fault, hold};
use crate::pool::{goes_on, holds, number};
use crate::rules::{covered, lost};
use crate::waits::is_wait;

/// An instance and how it ended.
struct One {
    path: StepPath,
    end: Option<(StepStatus, u32)>,
    /// A container has begun: of a condition the children it lets run.
    open: Option<Vec<usize>>,
    iterations: u32,
    /// No further iteration, by its condition.
    enough: bool,
    /// Failures in it that nothing handled, and whether they are too many.
    unhandled: usize,
    failing: bool,
    counted: bool,
    /// Something in it did not run for a failure around.
    cut: bool,
}

struct Reference<'c> {
    case: &'c Case,
    /// In the order of the file.
    all: BTreeMap<Vec<usize>, One>,
    failing: bool,
    last: Option<String>,
    parameters: BTreeMap<StepPath, BodyRef>,
}

/// Compares what came of a run with what the interpreter says.
pub(crate) fn check(case: &Case, state: &State, log: &[Event]) -> Result<(), Fault> {
    let mut reference =
        Reference { case, all: BTreeMap::new(), failing: false, last: None, parameters: BTreeMap::new() };
    reference.add(case.frame(None));
    while reference.advance() {}
    let status = if reference.failing { RunStatus::Failed } else { RunStatus::Completed };
    hold(state.status() == status, "reference", || format!("`{}`, expected `{status}`", state.status()))?;
    let (ends, parameters) = ends(log);
    hold(ends.len() == reference.all.len(), "reference", || {
        format!("{} instances, expected {}", ends.len(), reference.all.len())
    })?;
    for one in reference.all.values() {
        let path = &one.path;
        let (status, attempts) = one.end.expect("the interpreter ended all");
        let Some(&(ended, took)) = ends.get(path) else {
            return Err(Fault::new("reference", format!("{path} never ended, expected `{status}`")));
        };
        hold(ended == status, "reference", || format!("{path} is `{ended}`, expected `{status}`"))?;
        hold(took == attempts || !case.crashes.is_empty(), "reference", || {
            format!("{path} took {took} attempts, expected {attempts}")
        })?;
        if case.sequential() {
            let same = parameters.get(path) == reference.parameters.get(path);
            hold(same, "reference", || format!("{path} got other parameters"))?;
        }
    }
    let last = state.context.get("last").map(|body| &body.hash);
    let expected = reference.last.map(|last| BodyRef::of(&last).hash);
    hold(last == expected.as_ref() || !case.sequential(), "reference", || "another export came last".to_owned())
}

/// How every instance of a log ended, with its attempts, and its parameters.
type Ends = (BTreeMap<StepPath, (StepStatus, u32)>, BTreeMap<StepPath, BodyRef>);

fn ends(log: &[Event]) -> Ends {
    let (mut ends, mut attempts, mut parameters) = (BTreeMap::new(), BTreeMap::new(), BTreeMap::new());
    for event in log {
        let Some(path) = event.kind.path().cloned() else { continue };
        let took = attempts.get(&path).copied().unwrap_or(0);
        let end = match &event.kind {
            EventKind::StepStarted { attempt, .. } => {
                attempts.insert(path, *attempt);
                continue;
            }
            EventKind::StepReady { parameters: own, .. } => {
                parameters.insert(path, own.clone());
                continue;
            }
            EventKind::StepCompleted { .. }
            | EventKind::StepComputed { .. }
            | EventKind::InterruptionAnswered { answer: Answered::Done { .. }, .. } => StepStatus::Completed,
            EventKind::StepFailed { handling: Handling::Skip, .. }
            | EventKind::StepSkipped { .. }
            | EventKind::StepCutShort { .. } => StepStatus::Skipped,
            EventKind::StepFailed { .. } => StepStatus::Failed,
            EventKind::StepCancelled { .. } => StepStatus::Cancelled,
            _ => continue,
        };
        ends.insert(path, (end, took));
    }
    (ends, parameters)
}

impl Reference<'_> {
    fn add(&mut self, paths: Vec<StepPath>) {
        for path in paths {
            let one = One {
                path: path.clone(),
                end: None,
                open: None,
                iterations: 0,
                enough: false,
                unhandled: 0,
                failing: false,
                counted: false,
                cut: false,
            };
            self.all.insert(self.case.order(&path), one);
        }
    }

    fn one(&self, path: &StepPath) -> &One {
        &self.all[&self.case.order(path)]
    }

    fn one_mut(&mut self, path: &StepPath) -> &mut One {
        let order = self.case.order(path);
        self.all.get_mut(&order).expect("an instance")
    }

    fn around(&self, path: &StepPath) -> Option<StepPath> {
        self.case.container(path)
    }

    /// In an aborting list nothing new begins but `always` and `on_failure`.
    fn aborting(&self, path: &StepPath) -> bool {
        match self.around(path) {
            None => self.failing,
            Some(around) => self.one(&around).failing || !outlives(self.case.node(&around)) && self.aborting(&around),
        }
    }

    fn given_up(&self, path: &StepPath) -> bool {
        self.aborting(path) && !outlives(self.case.node(path))
    }

    /// Does one thing; false when nothing is left to do.
    fn advance(&mut self) -> bool {
        let open: Vec<StepPath> =
            self.all.values().filter(|one| one.end.is_none()).map(|one| one.path.clone()).collect();
        if open.is_empty() {
            return false;
        }
        let waiting: Vec<StepPath> = open.iter().filter(|path| self.one(path).open.is_none()).cloned().collect();
        // Children of what did not run, and of branches that are not taken.
        if let Some(path) = waiting.iter().find(|path| self.not_taken(path)) {
            self.end(path, StepStatus::Skipped, 0);
            return true;
        }
        let given_up: Vec<&StepPath> = waiting.iter().filter(|path| self.given_up(path)).collect();
        if !given_up.is_empty() {
            for path in given_up {
                if let Some(around) = self.around(path) {
                    self.one_mut(&around).cut = true;
                }
                self.end(path, StepStatus::Skipped, 0);
            }
            return true;
        }
        let free: Vec<StepPath> = waiting.iter().filter(|path| self.free(path)).cloned().collect();
        // What its dependencies rule out takes no turn of its own.
        if let Some(path) = free.iter().find(|path| self.ruled_out(path)) {
            self.end(path, StepStatus::Skipped, 0);
            return true;
        }
        // A container goes on before anything new is begun.
        let begun = open.iter().find(|path| self.one(path).open.is_some() && self.idle(path));
        if let Some(path) = begun {
            self.proceed(&path.clone());
            return true;
        }
        let next = free.first().expect("the plan has no cycle");
        self.begin(next);
        true
    }

    fn not_taken(&self, path: &StepPath) -> bool {
        let Some(around) = self.around(path) else { return false };
        let around = self.one(&around);
        match &around.open {
            None => around.end.is_some(),
            Some(children) => !children.contains(&self.case.index(path)),
        }
    }

    fn free(&self, path: &StepPath) -> bool {
        let begun = self.around(path).is_none_or(|around| self.one(&around).open.is_some());
        begun && self.before(path).len() == self.case.node(path).depends_on.len()
    }

    /// How the dependencies that have ended did.
    fn before(&self, path: &StepPath) -> Vec<StepStatus> {
        let depends_on = &self.case.node(path).depends_on;
        let end = |&index: &usize| self.one(&self.case.seen_from(path, index)).end.map(|(status, _)| status);
        depends_on.iter().filter_map(end).collect()
    }

    fn ruled_out(&self, path: &StepPath) -> bool {
        let before = self.before(path);
        match &self.case.node(path).condition {
            Condition::OnFailure => !before.contains(&StepStatus::Failed),
            Condition::OnSuccess => {
                let all_skipped = !before.is_empty() && before.iter().all(|&status| status == StepStatus::Skipped);
                all_skipped || self.unhandled(path)
            }
            Condition::Always | Condition::When(_) => false,
        }
    }

    /// A dependency failed and its own `on_error` did not handle it.
    fn unhandled(&self, path: &StepPath) -> bool {
        self.case.node(path).depends_on.iter().any(|&before| {
            let failed = matches!(self.one(&self.case.seen_from(path, before)).end, Some((StepStatus::Failed, _)));
            failed && self.case.plan.steps[before].on_error == OnError::Abort
        })
    }

    /// Every step in it has ended.
    fn idle(&self, path: &StepPath) -> bool {
        let inside = |one: &&One| self.around(&one.path).as_ref() == Some(path);
        self.all.values().filter(inside).all(|one| one.end.is_some())
    }

    /// A container in which nothing is open: its next iteration or its end.
    fn proceed(&mut self, path: &StepPath) {
        let (node, one) = (self.case.node(path), self.one(path));
        let (iterations, enough) = (one.iterations, one.enough);
        if one.failing {
            return self.fails(path, 0);
        }
        if one.cut {
            return self.cut_short(path);
        }
        let more = match &node.kind {
            StepKind::Loop { over: LoopOver::ForEach { items, .. }, .. } => {
                iterations < number(items).expect("it has begun")
            }
            StepKind::Loop { .. } => !enough,
            _ => false,
        };
        if more && (self.one(path).failing || self.given_up_in(path)) {
            return self.cut_short(path);
        }
        if more && let StepKind::Loop { over: LoopOver::While { condition, max_iterations }, .. } = &node.kind {
            let max = number(max_iterations).expect("a number");
            match if iterations >= max { Ok(false) } else { goes_on(condition, iterations) } {
                Ok(true) => {}
                Ok(false) => {
                    self.one_mut(path).enough = true;
                    return;
                }
                Err(_) => return self.fails(path, 0),
            }
        }
        if more {
            self.one_mut(path).iterations += 1;
            let frame = self.case.frame(Some((path, iterations)));
            return self.add(frame);
        }
        if node.exports.contains_key("boom") {
            return self.fails(path, 0);
        }
        self.last = Some(path.to_string());
        self.end(path, StepStatus::Completed, 0);
    }

    fn given_up_in(&self, path: &StepPath) -> bool {
        !outlives(self.case.node(path)) && self.aborting(path)
    }

    fn cut_short(&mut self, path: &StepPath) {
        if let Some(around) = self.around(path) {
            self.one_mut(&around).cut = true;
        }
        self.end(path, StepStatus::Skipped, 0);
    }

    fn end(&mut self, path: &StepPath, status: StepStatus, attempts: u32) {
        self.one_mut(path).end = Some((status, attempts));
    }

    fn begin(&mut self, path: &StepPath) {
        let node = self.case.node(path);
        if let Condition::When(expression) = &node.condition {
            match holds(expression, self.before(path).into_iter()) {
                Ok(true) => {}
                Ok(false) => return self.end(path, StepStatus::Skipped, 0),
                Err(_) => return self.fails(path, 0),
            }
        }
        match &node.kind {
            StepKind::Action(call) if call.parameters.contains_key("boom") => self.fails(path, 0),
            kind if is_wait(kind) && node.exports.contains_key("boom") => self.fails(path, 0),
            kind if is_wait(kind) => {
                self.last = Some(path.to_string());
                self.end(path, StepStatus::Completed, 0);
            }
            StepKind::Transform { input } if input == "boom" => self.fails(path, 0),
            StepKind::Transform { .. } => {
                self.last = Some(path.to_string());
                self.end(path, StepStatus::Completed, 0);
            }
            StepKind::Condition { branches, otherwise } => {
                let mut taken = otherwise.clone();
                for branch in branches {
                    match holds(&branch.when, self.before(path).into_iter()) {
                        Ok(true) => {
                            taken.clone_from(&branch.steps);
                            break;
                        }
                        Ok(false) => {}
                        Err(_) => return self.fails(path, 0),
                    }
                }
                self.one_mut(path).open = Some(taken);
            }
            StepKind::Loop { over: LoopOver::ForEach { items, .. }, .. } if number(items).is_none() => {
                self.fails(path, 0);
            }
            StepKind::Parallel { .. } | StepKind::Loop { .. } => {
                self.one_mut(path).open = Some(node.kind.children());
            }
            _ => {
                let last = self.last.as_ref().map_or("nothing".into(), |last| BodyRef::of(last).hash);
                self.parameters.insert(path.clone(), BodyRef::of(&format!("{path} after {last}")));
                self.calls(path);
            }
        }
    }

    fn calls(&mut self, path: &StepPath) {
        let (node, tool) = (self.case.node(path), self.case.tool(path));
        let (mut attempts, mut failures) = (0_u32, 0_u32);
        loop {
            let facts = self.case.facts(path, attempts + failures);
            let kind = if let Facts::Missing(kind) = facts {
                kind
            } else {
                attempts += 1;
                let safe = facts == Facts::Safe || node.idempotent == Some(true);
                match self.reply(path, attempts) {
                    Ok(()) => {
                        self.last = Some(path.to_string());
                        return self.end(path, StepStatus::Completed, attempts);
                    }
                    Err((kind, false)) => kind,
                    Err((kind, true)) if safe || self.case.policy(node) == OnUnknown::Retry => {
                        lost(self.case, path, kind)
                    }
                    Err((_, true)) if self.case.policy(node) == OnUnknown::Fail => {
                        return self.fails(path, attempts);
                    }
                    Err((_, true)) => match tool.answer.map(|(_, choice)| choice) {
                        Some(Choice::Retry) if attempts < 4 => continue,
                        Some(Choice::Retry | Choice::Done) => {
                            return self.end(path, StepStatus::Completed, attempts);
                        }
                        Some(Choice::Fail) | None => return self.fails(path, attempts),
                    },
                }
            };
            let budget = node.retry.as_ref().map_or(0, |retry| retry.max_retries);
            if failures >= budget || !covered(self.case, path, kind) || self.given_up(path) {
                return self.fails(path, attempts);
            }
            failures += 1;
        }
    }

    /// What an attempt brings: a result, or a kind and whether the outcome is unknown.
    fn reply(&self, path: &StepPath, attempt: u32) -> Result<(), (ErrorKind, bool)> {
        let (tool, this) = (self.case.tool(path), self.case.attempt(path, attempt));
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

    /// A failure, and what becomes of what is around it.
    fn fails(&mut self, path: &StepPath, attempts: u32) {
        let on_error = &self.case.node(path).on_error;
        let status = if *on_error == OnError::Skip { StepStatus::Skipped } else { StepStatus::Failed };
        self.end(path, status, attempts);
        let mut at = path.clone();
        // A container that fails counts around it once.
        while self.case.node(&at).on_error == OnError::Abort && !self.one(&at).counted {
            let Some(around) = self.around(&at) else {
                self.failing = true;
                return;
            };
            if at != *path {
                self.one_mut(&at).counted = true;
            }
            let (children, threshold) = match &self.case.node(&around).kind {
                StepKind::Parallel { steps, failure_threshold, .. } => (steps.len(), *failure_threshold),
                _ => (1, 1.0),
            };
            let one = self.one_mut(&around);
            one.unhandled += 1;
            let good = children as f64 - one.unhandled as f64;
            if one.failing || good >= threshold * children as f64 {
                return;
            }
            one.failing = true;
            at = around;
        }
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
