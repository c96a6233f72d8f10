//! One case: a plan, how the world treats it, and where the process dies. It is
//! made from a seed (`generate.rs`) and made smaller when it fails (`shrink.rs`).

use sequitur::base::ErrorKind;
use sequitur::machine::StepPath;
use sequitur::workflow::plan::{Condition, Mode, OnUnknown, Plan, PlanStep};

/// Everything that happens to a run besides the machine itself.
#[derive(Debug, Clone)]
pub(crate) struct Case {
    pub(crate) seed: u64,
    pub(crate) plan: Plan,
    pub(crate) on_unknown: OnUnknown,
    pub(crate) timeout_ms: u64,
    /// By step, in file order.
    pub(crate) tools: Vec<Tool>,
    pub(crate) person: Vec<(u64, Act)>,
    /// For each permit of the process, when other runs hold it: from, to.
    pub(crate) permits: Vec<(u64, u64)>,
    /// A place among the running runs is free from this moment on.
    pub(crate) place: u64,
    /// The naive interpreter knows what must come of it without a crash.
    pub(crate) plain: bool,
    /// And with one: no attempt differs from another, all are safe to repeat.
    pub(crate) steady: bool,
    pub(crate) crashes: Vec<Crash>,
}

/// How the tool of one step behaves.
#[derive(Debug, Clone)]
pub(crate) struct Tool {
    /// By attempt; the last one counts for all further ones.
    pub(crate) attempts: Vec<Attempt>,
    /// What is known of it, by attempts and failures so far.
    pub(crate) facts: Vec<Facts>,
    /// Per attempt, as the step's expressions yield it.
    pub(crate) timeout_ms: Option<u64>,
    /// After a cancel, a call ends without an outcome after this time, or takes no notice.
    pub(crate) heeds_cancel: Option<u64>,
    /// How a person answers when its outcome is unknown, and after what time.
    pub(crate) answer: Option<(u64, Choice)>,
}

#[derive(Debug, Clone, Copy)]
pub(crate) struct Attempt {
    pub(crate) after: u64,
    pub(crate) reply: Reply,
    /// The same call answers once more, so much later.
    pub(crate) again: Option<(u64, Reply)>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Reply {
    Completed,
    Failed(ErrorKind, Option<u64>),
    Unknown(ErrorKind),
    /// Never: the step's timeout, a cancel or the run's timeout ends it.
    Silent,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Facts {
    Safe,
    Unsafe,
    /// It cannot be called just now.
    Missing(ErrorKind),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Choice {
    Retry,
    Done,
    Fail,
}

/// What a person does unasked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Act {
    Pause,
    Resume,
    Cancel,
    /// Answers a question that nobody asked.
    Babble,
}

/// The process dies at a commit, counted from 1.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Crash {
    pub(crate) commit: usize,
    pub(crate) when: When,
    pub(crate) downtime: u64,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum When {
    /// What the turn decided is lost.
    BeforeCommit,
    /// It is in the log, and none of its calls went out.
    AfterCommit,
    /// They went out, and their replies are lost.
    DuringCalls,
}

impl When {
    pub(crate) const ALL: [Self; 3] = [Self::BeforeCommit, Self::AfterCommit, Self::DuringCalls];
}

impl Case {
    pub(crate) fn node(&self, path: &StepPath) -> &PlanStep {
        &self.plan.steps[self.index(path)]
    }

    pub(crate) fn tool(&self, path: &StepPath) -> &Tool {
        &self.tools[self.index(path)]
    }

    pub(crate) fn index(&self, path: &StepPath) -> usize {
        self.plan.index_of(path.as_str()).unwrap_or_else(|| panic!("no step `{path}`"))
    }

    pub(crate) fn sequential(&self) -> bool {
        self.plan.mode == Mode::Sequential
    }

    /// Steps of the run in flight at once, at most.
    pub(crate) fn bound(&self) -> usize {
        if self.sequential() { 1 } else { self.plan.max_parallel_steps.map_or(usize::MAX, |bound| bound as usize) }
    }

    /// What the step does when the outcome of an unsafe call is unknown.
    pub(crate) fn policy(&self, node: &PlanStep) -> OnUnknown {
        if names_interrupted(node) { OnUnknown::Retry } else { node.on_unknown.unwrap_or(self.on_unknown) }
    }

    /// What the naked eye needs to see of it.
    pub(crate) fn told(&self) -> String {
        use std::fmt::Write as _;
        let mut out = String::new();
        let plan = &self.plan;
        writeln!(
            out,
            "mode {:?}, at most {:?} steps, permits busy {:?} ms, place from {} ms, timeout {} ms, on_unknown {:?}",
            plan.mode, plan.max_parallel_steps, self.permits, self.place, self.timeout_ms, self.on_unknown
        )
        .unwrap();
        for (step, tool) in plan.steps.iter().zip(&self.tools) {
            let after: Vec<&str> = step.depends_on.iter().map(|&index| plan.steps[index].id.as_str()).collect();
            write!(out, "  {} after {after:?} {:?} {:?}", step.id, step.condition, step.on_error).unwrap();
            if let Some(retry) = &step.retry {
                write!(out, " {retry:?}").unwrap();
            }
            writeln!(out, " on_unknown {:?} idempotent {:?}\n    {tool:?}", step.on_unknown, step.idempotent).unwrap();
        }
        writeln!(out, "  person {:?}\n  crashes {:?}", self.person, self.crashes).unwrap();
        out
    }
}

pub(crate) fn names_interrupted(node: &PlanStep) -> bool {
    let only = node.retry.as_ref().and_then(|retry| retry.retryable_errors.as_ref());
    only.is_some_and(|kinds| kinds.contains(&ErrorKind::Interrupted))
}

/// Only these start in a failing run.
pub(crate) fn outlives(node: &PlanStep) -> bool {
    matches!(node.condition, Condition::Always | Condition::OnFailure)
}
