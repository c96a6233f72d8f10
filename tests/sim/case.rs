//! One case: a plan, how the world treats it, and where the process dies. It is
//! made from a seed (`generate.rs`) and made smaller when it fails (`shrink.rs`).

use sequitur::base::ErrorKind;
use sequitur::machine::StepPath;
use sequitur::workflow::plan::{Condition, LoopOver, Mode, OnUnknown, Plan, PlanStep, StepKind};

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
    /// Signals that come, in order.
    pub(crate) signals: Vec<crate::waits::Sent>,
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

    /// The node of an instance: `publish[0].post` is one of `post`.
    pub(crate) fn index(&self, path: &StepPath) -> usize {
        let id = path.as_str().rsplit('.').next().unwrap_or_default();
        self.plan.index_of(id).unwrap_or_else(|| panic!("no step `{path}`"))
    }

    /// The instance of a node that a step sees: its own iteration's, or one of a
    /// list around. Each loop around a node is one part of its path.
    pub(crate) fn seen_from(&self, path: &StepPath, node: usize) -> StepPath {
        let around = self.plan.loops_around(node).len();
        let mut parts: Vec<&str> = path.as_str().split('.').take(around).collect();
        parts.push(&self.plan.steps[node].id);
        StepPath::from(parts.join(".").as_str())
    }

    /// The container around an instance.
    pub(crate) fn container(&self, path: &StepPath) -> Option<StepPath> {
        let parent = self.node(path).parent?;
        Some(self.seen_from(path, parent))
    }

    /// The iteration an instance is in, as its loop's path and its number.
    pub(crate) fn iteration(path: &StepPath) -> Option<(StepPath, u32)> {
        let (frame, _) = path.as_str().rsplit_once('.')?;
        let (of, index) = frame.strip_suffix(']')?.rsplit_once('[')?;
        Some((StepPath::from(of), index.parse().ok()?))
    }

    /// The nodes that one list has instances of: the outermost, or a loop's.
    pub(crate) fn list(&self, of: Option<usize>) -> Vec<usize> {
        let inside = |&node: &usize| self.plan.loops_around(node).first().copied() == of;
        (0..self.plan.steps.len()).filter(inside).collect()
    }

    /// The paths of one iteration, or of the outermost list.
    pub(crate) fn frame(&self, of: Option<(&StepPath, u32)>) -> Vec<StepPath> {
        let prefix = of.map_or_else(String::new, |(path, index)| format!("{path}[{index}]."));
        let nodes = self.list(of.map(|(path, _)| self.index(path)));
        nodes.iter().map(|&node| StepPath::from(format!("{prefix}{}", self.plan.steps[node].id).as_str())).collect()
    }

    /// Where an instance stands in the file, iterations in the place of their loop.
    pub(crate) fn order(&self, path: &StepPath) -> Vec<usize> {
        let mut order = Vec::new();
        for part in path.as_str().split('.') {
            let (id, index) = part.split_once('[').map_or((part, None), |(id, rest)| (id, Some(rest)));
            order.push(self.plan.index_of(id).expect("a step of the plan"));
            order.extend(index.and_then(|rest| rest.trim_end_matches(']').parse::<usize>().ok()));
        }
        order
    }

    /// What the tool of an instance does at an attempt: later iterations begin
    /// with what comes later in its list.
    pub(crate) fn attempt(&self, path: &StepPath, attempt: u32) -> Attempt {
        let all = &self.tool(path).attempts;
        all[(attempt as usize - 1 + Self::shift(path)).min(all.len() - 1)]
    }

    /// What is known of the tool of an instance, by attempts and failures so far.
    pub(crate) fn facts(&self, path: &StepPath, so_far: u32) -> Facts {
        let node = self.node(path);
        if let StepKind::Webhook(request) = &node.kind {
            let by_method = request["method"] == "GET" || request["method"] == "PUT";
            return if node.idempotent.unwrap_or(by_method) { Facts::Safe } else { Facts::Unsafe };
        }
        let all = &self.tool(path).facts;
        all[(so_far as usize + Self::shift(path)).min(all.len() - 1)]
    }

    fn shift(path: &StepPath) -> usize {
        Self::iteration(path).map_or(0, |(_, index)| index as usize)
    }

    /// Iterations of a loop at once.
    pub(crate) fn window(&self, path: &StepPath) -> usize {
        match &self.node(path).kind {
            _ if self.sequential() => 1,
            StepKind::Loop { over: LoopOver::ForEach { .. }, max_concurrency: Some(bound), .. } => {
                bound.as_u64().and_then(|bound| usize::try_from(bound).ok()).unwrap_or(1)
            }
            StepKind::Loop { over: LoopOver::ForEach { .. }, .. } => 64,
            _ => 1,
        }
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
            let kind = match &step.kind {
                StepKind::Action(_) => "action".to_owned(),
                other => format!("{other:?}"),
            };
            write!(
                out,
                "  {} in {:?}: {kind} after {after:?} {:?} {:?}",
                step.id, step.parent, step.condition, step.on_error
            )
            .unwrap();
            if let Some(retry) = &step.retry {
                write!(out, " {retry:?}").unwrap();
            }
            writeln!(out, " on_unknown {:?} idempotent {:?}\n    {tool:?}", step.on_unknown, step.idempotent).unwrap();
        }
        writeln!(out, "  person {:?}\n  signals {:?}\n  crashes {:?}", self.person, self.signals, self.crashes)
            .unwrap();
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
