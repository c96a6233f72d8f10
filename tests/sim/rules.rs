//! What must be true of every log, read line by line without the machine's own
//! state: this file keeps its own small picture of the run, `nesting` what is of
//! containers.

mod nesting;
mod waits;

use std::collections::{BTreeMap, BTreeSet};

use sequitur::base::{ErrorKind, Timestamp};
use sequitur::machine::{Answered, Event, EventKind, Handling, SkipReason, State, StepPath, StepStatus};
use sequitur::workflow::plan::OnUnknown;

use crate::case::{Case, names_interrupted, outlives};
use crate::fault::{Fault, hold};
use crate::store::Ledger;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Phase {
    Pending,
    Ready,
    InFlight,
    Between,
    Asked,
    /// Waits for something outside.
    Waiting,
    /// A container that has begun.
    Open,
    Done,
}

#[derive(Debug)]
struct Seen {
    phase: Phase,
    attempts: u32,
    failures: u32,
    safe: bool,
    key: Option<String>,
    not_before: Timestamp,
    /// A person has said `retry` since the last attempt.
    told_to_retry: bool,
    failed: bool,
    inside: nesting::Inside,
    wait: Option<waits::Wait>,
}

struct Reader<'c> {
    case: &'c Case,
    ledger: &'c Ledger,
    steps: BTreeMap<StepPath, Seen>,
    started: bool,
    paused: bool,
    questions: BTreeSet<String>,
    cancelled: bool,
    timed_out: bool,
    failed_by: Option<StepPath>,
    mailbox: waits::Mailbox,
    ended: bool,
    /// Time that counts against the run's timeout, and since when it runs.
    active_ms: i64,
    last: Timestamp,
}

/// What the state keeps of steps that it has forgotten is what the log says:
/// how many ended in which way, and what each iteration of a loop left.
pub(crate) fn check_kept(case: &Case, log: &[Event], state: &State) -> Result<(), Fault> {
    let mut results = BTreeMap::new();
    for event in log {
        if let EventKind::StepCompleted { path, result, .. }
        | EventKind::StepComputed { path, result, .. }
        | EventKind::InterruptionAnswered { path, answer: Answered::Done { result, .. }, .. } = &event.kind
        {
            results.insert(path.clone(), result.clone());
        }
    }
    let completed = state.count(StepStatus::Completed);
    hold(completed == results.len(), "kept", || format!("{completed} completed, {} in the log", results.len()))?;
    let all: usize = StepStatus::ALL.into_iter().map(|status| state.count(status)).sum();
    hold(all == state.total_steps(), "kept", || format!("{all} of {} instances", state.total_steps()))?;
    for (path, step) in state.steps.iter() {
        let Some(iterations) = step.inside.as_ref().and_then(|inside| inside.loops()) else { continue };
        for (index, outcomes) in (0..).zip(iterations.iter()) {
            let steps = case.frame(Some((path, index)));
            // An iteration that was open when the run ended has left nothing.
            for (own, outcome) in steps.iter().zip(outcomes.iter()) {
                let kept = outcome.result.as_ref() == results.get(own);
                hold(kept, "kept", || format!("{own} left something else"))?;
            }
            let whole = outcomes.len() == steps.len() || outcomes.is_empty();
            hold(whole, "kept", || format!("{path}[{index}] left {} results", outcomes.len()))?;
        }
        let finished = iterations.iter().filter(|outcomes| !outcomes.is_empty()).count();
        let said = step.inside.as_ref().map_or(0, |inside| inside.finished as usize);
        let bodies = case.frame(Some((path, 0))).len();
        hold(finished == said || bodies == 0, "kept", || format!("{path}: {finished} of {said} iterations"))?;
    }
    Ok(())
}

/// Reads a whole log.
pub(crate) fn check(case: &Case, log: &[Event], ledger: &Ledger) -> Result<(), Fault> {
    let mut reader = Reader {
        case,
        ledger,
        steps: case.frame(None).into_iter().map(|path| (path, Seen::fresh())).collect(),
        started: false,
        paused: false,
        questions: BTreeSet::new(),
        cancelled: false,
        timed_out: false,
        failed_by: None,
        mailbox: waits::Mailbox::default(),
        ended: false,
        active_ms: 0,
        last: Timestamp(0),
    };
    for event in log {
        reader.read(event)?;
    }
    reader.check_calls()
}

impl Seen {
    fn fresh() -> Self {
        Self {
            phase: Phase::Pending,
            attempts: 0,
            failures: 0,
            safe: false,
            key: None,
            not_before: Timestamp(0),
            told_to_retry: false,
            failed: false,
            inside: nesting::Inside::default(),
            wait: None,
        }
    }
}

impl Reader<'_> {
    fn ending(&self) -> bool {
        self.cancelled || self.timed_out
    }

    fn held_up(&self) -> bool {
        self.paused || !self.questions.is_empty()
    }

    fn in_phase(&self, phase: Phase) -> usize {
        self.steps.values().filter(|seen| seen.phase == phase).count()
    }

    fn free(&self, path: &StepPath) -> bool {
        let before = &self.case.node(path).depends_on;
        let done = |&index: &usize| self.seen(self.case.seen_from(path, index).as_str()).phase == Phase::Done;
        self.let_go(path) && before.iter().all(done)
    }

    fn seen(&self, path: &str) -> &Seen {
        &self.steps[&StepPath::from(path)]
    }

    fn read(&mut self, event: &Event) -> Result<(), Fault> {
        let kind = &event.kind;
        hold(!self.ended, "P6 terminal states never change", || format!("{kind:?} after the end"))?;
        // The time in which nobody drove it counts for nothing.
        let own = (!self.held_up() && !self.stood_still()) || self.ending();
        if self.started && own && *kind != EventKind::RunAdopted {
            self.active_ms += event.at.0 - self.last.0;
        }
        if event.at > self.last {
            self.signals_are_taken()?;
        }
        self.last = event.at;
        match kind {
            EventKind::RunCreated { .. } | EventKind::RunAdopted => {}
            EventKind::RunStarted => {
                hold(!self.held_up() && !self.ending(), "started while paused", || "the run".into())?;
                self.started = true;
            }
            EventKind::StepReady { path, .. } => self.ready(path)?,
            EventKind::StepStarted { path, attempt, key, repeat_safe, .. } => {
                self.start(path, *attempt, key, *repeat_safe, event.at)?;
            }
            EventKind::StepCompleted { path, .. } if self.seen(path.as_str()).phase == Phase::Open => {
                self.concluded(path)?;
            }
            EventKind::StepCompleted { path, .. } if self.seen(path.as_str()).phase == Phase::Waiting => {
                hold(!self.held_up() && !self.ending(), "nothing starts while paused", || path.to_string())?;
                self.leave(path, Phase::Waiting, Phase::Done)?;
            }
            EventKind::StepCompleted { path, .. } => self.leave(path, Phase::InFlight, Phase::Done)?,
            EventKind::StepWaiting { path, waits } => self.begins_to_wait(path, waits)?,
            EventKind::StepWoken { path, by } => self.woken(path, by, event.at)?,
            EventKind::TaskReminded { path } => self.reminded(path, event.at)?,
            EventKind::TaskEscalated { path, deadline, .. } => self.escalated(path, *deadline, event.at)?,
            EventKind::SignalReceived { name, payload } => {
                hold(!self.ending(), "a run that ends takes no signals", || name.clone())?;
                self.mailbox.receive(name, payload);
            }
            EventKind::StepComputed { path, .. } => {
                self.may_begin(path)?;
                self.in_order(path, 0)?;
                self.leave(path, Phase::Pending, Phase::Done)?;
            }
            EventKind::StepOpened { path, opened } => self.opened(path, opened)?,
            EventKind::IterationStarted { path, index } => self.iteration_started(path, *index)?,
            EventKind::IterationFinished { path, index } => self.iteration_finished(path, *index)?,
            EventKind::IterationsEnded { path, .. } => self.iterations_ended(path)?,
            EventKind::StepCutShort { path } => {
                if !self.gives_way(path)? {
                    self.cut_short(path)?;
                }
            }
            EventKind::StepRetrying { path, error, not_before, after_unknown } => {
                self.retry(path, error.kind, *not_before, *after_unknown, event.at)?;
            }
            EventKind::StepFailed { path, handling, error } => {
                self.wait_failed(path, error, event.at)?;
                let over = self.seen(path.as_str()).phase != Phase::Open || self.nothing_open_in(path);
                hold(over, "a container ends after its steps", || path.to_string())?;
                let seen = self.steps.get_mut(path).expect("a step of the plan");
                seen.phase = Phase::Done;
                seen.failed = true;
                if *handling == Handling::Abort {
                    self.bears(path);
                }
            }
            EventKind::StepSkipped { path, reason } => {
                let legal = match reason {
                    SkipReason::NotTaken => self.not_taken(path),
                    SkipReason::RunAborted => self.aborting(path),
                    SkipReason::DependencyFailed => self.unhandled_before(path),
                    SkipReason::ConditionFalse | SkipReason::DependenciesSkipped | SkipReason::NothingFailed => {
                        self.free(path) || self.aborting(path)
                    }
                };
                if matches!(reason, SkipReason::RunAborted | SkipReason::DependencyFailed) {
                    self.cut(path);
                }
                hold(legal, "P8 order", || format!("{path} is skipped before its dependencies are finished"))?;
                let seen = self.steps.get_mut(path).expect("a step of the plan");
                let never = matches!(seen.phase, Phase::Pending | Phase::Ready) && seen.attempts == 0;
                hold(never, "skipped after it was called", || path.to_string())?;
                seen.phase = Phase::Done;
            }
            EventKind::StepInterrupted { path, task, .. } => {
                self.leave(path, Phase::InFlight, Phase::Asked)?;
                let ask = self.case.policy(self.case.node(path)) == OnUnknown::Ask && !self.seen(path.as_str()).safe;
                hold(ask && !self.ending(), "P3 asks only when it must", || path.to_string())?;
                self.questions.insert(task.clone());
            }
            EventKind::InterruptionAnswered { path, task, answer, .. } => {
                let open = self.questions.remove(task);
                hold(open && !self.ending(), "an answer to an open question", || task.clone())?;
                let next = match answer {
                    Answered::Retry => Phase::Ready,
                    Answered::Done { .. } => Phase::Done,
                    Answered::Fail | Answered::Given { .. } => Phase::Asked,
                };
                self.leave(path, Phase::Asked, next)?;
                self.steps.get_mut(path).expect("a step of the plan").told_to_retry = *answer == Answered::Retry;
            }
            EventKind::StepCancelled { path, outcome_unknown } => {
                let seen = self.steps.get_mut(path).expect("a step of the plan");
                let open = matches!(seen.phase, Phase::InFlight | Phase::Asked) && !seen.safe;
                hold(open == *outcome_unknown, "P6 unresolved", || format!("{path}: {seen:?}"))?;
                seen.phase = Phase::Done;
                hold(self.ending(), "cancelled without a cancel", || path.to_string())?;
            }
            EventKind::RunPaused { .. } => self.paused = true,
            EventKind::RunResumed => self.paused = false,
            EventKind::CancelRequested { .. } => {
                hold(!self.ending(), "cancelled twice", || "the run".into())?;
                self.cancelled = true;
            }
            EventKind::TimeoutReached => {
                let used = u64::try_from(self.active_ms).unwrap_or(0);
                hold(used == self.case.timeout_ms && !self.ending(), "the run's timeout", || {
                    format!("after {used} ms of {}", self.case.timeout_ms)
                })?;
                self.timed_out = true;
            }
            EventKind::RunCompleted { .. } => self.end(!self.ending() && self.failed_by.is_none())?,
            EventKind::RunFailed { step, .. } => self.end(!self.ending() && *step == self.failed_by)?,
            EventKind::RunCancelled => self.end(self.cancelled)?,
            EventKind::RunTimedOut => self.end(self.timed_out && !self.cancelled)?,
        }
        Ok(())
    }

    fn end(&mut self, legal: bool) -> Result<(), Fault> {
        let all = self.in_phase(Phase::Done) == self.steps.len();
        hold(legal && all, "the end", || format!("legal {legal}, every step finished {all}"))?;
        self.ended = true;
        Ok(())
    }

    fn leave(&mut self, path: &StepPath, from: Phase, to: Phase) -> Result<(), Fault> {
        let seen = self.steps.get_mut(path).expect("a step of the plan");
        hold(seen.phase == from, "phases", || format!("{path} goes to {to:?} from {:?}", seen.phase))?;
        seen.phase = to;
        Ok(())
    }

    /// Nothing begins in a run that is held up, ending, or failing.
    fn may_begin(&self, path: &StepPath) -> Result<(), Fault> {
        hold(self.started && !self.held_up(), "nothing starts while paused", || path.to_string())?;
        hold(!self.ending(), "P6 after a cancel nothing starts", || path.to_string())?;
        hold(self.free(path), "P8 order", || format!("{path} before its dependencies are finished"))?;
        let allowed = !self.aborting(path) || outlives(self.case.node(path)) || self.seen(path.as_str()).told_to_retry;
        hold(allowed, "nothing starts after an abort", || path.to_string())
    }

    fn ready(&mut self, path: &StepPath) -> Result<(), Fault> {
        self.may_begin(path)?;
        self.leave(path, Phase::Pending, Phase::Ready)?;
        self.in_order(path, 1)
    }

    /// In a sequential run one step after the other, in the order of the file.
    fn in_order(&self, path: &StepPath, own: usize) -> Result<(), Fault> {
        if !self.case.sequential() {
            return Ok(());
        }
        let busy = self.in_phase(Phase::Ready) - own
            + self.in_phase(Phase::InFlight)
            + self.in_phase(Phase::Between)
            + self.in_phase(Phase::Waiting);
        hold(busy == 0, "sequential: one at a time", || format!("{path} is evaluated while another is not finished"))?;
        let own = self.case.order(path);
        let passed = self
            .steps
            .iter()
            .find(|(other, seen)| seen.phase == Phase::Pending && self.case.order(other) < own && self.free(other));
        hold(passed.is_none(), "sequential: file order", || format!("{path} overtakes {:?}", passed.map(|one| one.0)))
    }

    fn start(&mut self, path: &StepPath, attempt: u32, key: &str, safe: bool, at: Timestamp) -> Result<(), Fault> {
        self.may_begin(path)?;
        let bound = self.case.bound();
        hold(self.in_phase(Phase::InFlight) < bound, "max_parallel_steps", || format!("{path} beyond {bound}"))?;
        self.within_bounds(path)?;
        let others = self.steps.iter().filter(|(other, _)| *other != path);
        let alone =
            others.clone().all(|(_, seen)| !matches!(seen.phase, Phase::InFlight | Phase::Between | Phase::Waiting));
        hold(alone || !self.case.sequential(), "sequential: one at a time", || path.to_string())?;
        let unique = others.clone().all(|(_, seen)| seen.key.as_deref() != Some(key));
        hold(unique, "P2 keys differ between steps", || path.to_string())?;

        let node = self.case.node(path);
        hold(safe || node.idempotent != Some(true), "P3 the author's word counts", || path.to_string())?;
        let answered = self.ledger.settled.contains(&(path.clone(), attempt - 1));
        let policy = self.case.policy(node);
        let seen = self.steps.get_mut(path).expect("a step of the plan");
        hold(matches!(seen.phase, Phase::Ready | Phase::Between), "P2 recorded once", || {
            format!("{path} is called again while {:?}", seen.phase)
        })?;
        hold(attempt == seen.attempts + 1, "attempts count up", || {
            format!("{path}: {attempt} after {}", seen.attempts)
        })?;
        let same = seen.key.as_deref().is_none_or(|before| before == key);
        hold(same, "P2 keys are equal across attempts", || path.to_string())?;
        let repeat = attempt == 1 || answered || seen.safe || seen.told_to_retry || policy == OnUnknown::Retry;
        hold(repeat, "P3 an unsafe call is not repeated unasked", || format!("{path}, attempt {attempt}"))?;
        hold(at >= seen.not_before, "not before its delay", || {
            format!("{path} at {} before {}", at.0, seen.not_before.0)
        })?;
        seen.phase = Phase::InFlight;
        seen.attempts = attempt;
        seen.key = Some(key.to_owned());
        seen.safe = safe;
        seen.told_to_retry = false;
        Ok(())
    }

    fn retry(
        &mut self,
        path: &StepPath,
        kind: ErrorKind,
        not_before: Timestamp,
        after_unknown: bool,
        at: Timestamp,
    ) -> Result<(), Fault> {
        let node = self.case.node(path);
        let (policy, aborting) = (self.case.policy(node), self.aborting(path));
        hold(!self.ending(), "P6 after a cancel nothing starts", || format!("{path} is to be retried"))?;
        hold(not_before >= at, "not before its delay", || path.to_string())?;
        let seen = self.steps.get_mut(path).expect("a step of the plan");
        let sent = seen.phase == Phase::InFlight;
        if after_unknown {
            let repeat = sent && (seen.safe || policy == OnUnknown::Retry);
            hold(repeat, "P3 an unsafe call is not repeated unasked", || path.to_string())?;
        } else {
            seen.failures += 1;
            let budget = node.retry.as_ref().map_or(0, |retry| retry.max_retries);
            hold(seen.failures <= budget, "max_retries", || format!("{path}: {} of {budget}", seen.failures))?;
            hold(covered(self.case, path, kind), "kinds that are retried", || format!("{path}: {kind}"))?;
            let goes_on = !aborting || outlives(node);
            hold(goes_on, "nothing starts after an abort", || format!("{path} is to be retried"))?;
            let known = !sent || self.ledger.settled.contains(&(path.clone(), seen.attempts));
            let repeat = known || seen.safe || policy == OnUnknown::Retry;
            hold(repeat, "P3 an unsafe call is not repeated unasked", || path.to_string())?;
        }
        seen.phase = Phase::Between;
        seen.not_before = not_before;
        Ok(())
    }

    /// Every call that went out is in the log, under its key, once.
    fn check_calls(&self) -> Result<(), Fault> {
        let mut sent = BTreeSet::new();
        for (path, attempt, key) in &self.ledger.sent {
            hold(sent.insert((path, attempt)), "P2 an attempt is sent once", || format!("{path}, attempt {attempt}"))?;
            let seen = self.seen(path.as_str());
            let known = *attempt <= seen.attempts && seen.key.as_deref() == Some(key);
            hold(known, "started before sent", || format!("{path}, attempt {attempt}"))?;
        }
        Ok(())
    }
}

/// Whether a failure of this kind may be followed by another attempt.
pub(crate) fn covered(case: &Case, path: &StepPath, kind: ErrorKind) -> bool {
    let Some(retry) = &case.node(path).retry else { return false };
    let never =
        [ErrorKind::InvalidInput, ErrorKind::Auth, ErrorKind::NotFound, ErrorKind::Conflict, ErrorKind::ResultTooLarge];
    match &retry.retryable_errors {
        Some(only) => only.contains(&kind),
        None => !never.contains(&kind) && !retry.non_retryable_errors.contains(&kind),
    }
}

/// The kind that a lost reply fails with where that is a plain failure.
pub(crate) fn lost(case: &Case, path: &StepPath, kind: ErrorKind) -> ErrorKind {
    if names_interrupted(case.node(path)) { ErrorKind::Interrupted } else { kind }
}
