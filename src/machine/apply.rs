//! Folds one event into the state. Live runs and recovery go through here, so
//! they cannot disagree.

use std::sync::Arc;

use super::event::{Answered, Event, EventKind, Handling, SkipReason, StepPath};
use super::fault::IllegalTransition;
use super::state::{State, Task};
use super::status::{RunStatus, StepStatus};
use super::step::Ready;
use super::transitions::{run_allows, step_allows};
use super::waits::{Waiting, Waits, Woken};
use crate::base::Timestamp;
use crate::workflow::plan::Plan;

impl State {
    /// The state after the first event of a log.
    pub fn created(plan: Arc<Plan>, event: &Event) -> Result<Self, IllegalTransition> {
        let EventKind::RunCreated {
            run,
            parameters,
            context,
            session,
            binding,
            forked_from,
            timeout_ms,
            on_unknown,
            ..
        } = &event.kind
        else {
            return Err(IllegalTransition::Run { status: RunStatus::Pending, event: event.kind.name() });
        };
        let mut state = Self::new(run.clone(), plan, parameters.clone(), event.at);
        state.context.clone_from(context);
        state.session.clone_from(session);
        state.binding.clone_from(binding);
        state.forked_from.clone_from(forked_from);
        state.timeout_ms = *timeout_ms;
        state.on_unknown = *on_unknown;
        state.events = 1;
        Ok(state)
    }

    /// The state of a whole log.
    pub fn replay<'e>(
        plan: Arc<Plan>,
        log: impl IntoIterator<Item = &'e Event>,
    ) -> Result<Option<Self>, IllegalTransition> {
        let mut log = log.into_iter();
        let Some(first) = log.next() else { return Ok(None) };
        let mut state = Self::created(plan, first)?;
        for event in log {
            apply(&mut state, event)?;
        }
        Ok(Some(state))
    }
}

/// Folds one event into the state. An event that cannot happen leaves the state
/// as it was.
pub fn apply(state: &mut State, event: &Event) -> Result<(), IllegalTransition> {
    let status = state.status();
    if !run_allows(&event.kind, status) {
        return Err(IllegalTransition::Run { status, event: event.kind.name() });
    }
    if let Some(path) = event.kind.path() {
        let Some(step) = state.steps.get(path) else {
            return Err(IllegalTransition::NoStep { path: path.to_string(), event: event.kind.name() });
        };
        if !step_allows(&event.kind, step.status) {
            return Err(IllegalTransition::Step {
                path: path.to_string(),
                status: step.status,
                event: event.kind.name(),
            });
        }
    }
    fold(state, event);
    state.events += 1;
    state.clock(event.at);
    state.last_at = event.at;
    Ok(())
}

fn fold(state: &mut State, event: &Event) {
    let at = event.at;
    match &event.kind {
        // Only the first event of a log, which `State::created` takes.
        EventKind::RunCreated { .. } => {}
        EventKind::RunStarted => state.started_at = Some(at),
        EventKind::StepReady { path, parameters, tool, timeout_ms } => {
            state.change(path, |step| {
                step.ready =
                    Some(Ready { parameters: parameters.clone(), tool: tool.clone(), timeout_ms: *timeout_ms });
            });
        }
        EventKind::StepStarted { path, attempt, key, repeat_safe, pin: _ } => {
            state.change(path, |step| {
                step.status = StepStatus::Running;
                step.attempts = *attempt;
                step.key = Some(key.clone());
                step.repeat_safe = *repeat_safe;
                step.started_at = step.started_at.or(Some(at));
                step.not_before = None;
            });
        }
        EventKind::StepCompleted { path, result, exports, binds } => {
            state.result_bytes = state.result_bytes.saturating_add(result.bytes);
            state.change(path, |step| {
                step.status = StepStatus::Completed;
                step.result = Some(result.clone());
                step.error = None;
                step.finished_at = Some(at);
            });
            state.context.extend(exports.iter().map(|(name, body)| (name.clone(), body.clone())));
            if binds.is_some() {
                state.binding.clone_from(binds);
            }
        }
        EventKind::StepRetrying { path, error, not_before, after_unknown } => {
            state.change(path, |step| {
                step.status = StepStatus::Retrying;
                step.error = Some(error.clone());
                step.not_before = Some(*not_before);
                step.failures += u32::from(!after_unknown);
            });
        }
        EventKind::StepFailed { path, error, handling } => {
            state.change(path, |step| {
                step.status = if *handling == Handling::Skip { StepStatus::Skipped } else { StepStatus::Failed };
                step.error = Some(error.clone());
                step.handling = Some(*handling);
                step.finished_at = Some(at);
            });
            state.tasks.retain(|_, task| task.path != *path);
            if *handling == Handling::Abort {
                state.fail(path, error);
            }
        }
        EventKind::StepSkipped { path, reason } => {
            if matches!(reason, SkipReason::RunAborted | SkipReason::DependencyFailed) {
                state.cut(path);
            }
            state.change(path, |step| {
                step.status = StepStatus::Skipped;
                step.finished_at = Some(at);
            });
        }
        EventKind::StepInterrupted { path, error, task } => {
            state.change(path, |step| {
                step.status = StepStatus::Interrupted;
                step.error = Some(error.clone());
            });
            state.tasks.insert(task.clone(), Task { path: path.clone(), opened_at: at });
        }
        EventKind::InterruptionAnswered { task, path, answer, via } => {
            state.tasks.shift_remove(task);
            state.answer(path, answer, *via, at);
        }
        EventKind::StepCancelled { path, outcome_unknown } => {
            state.change(path, |step| {
                step.status = StepStatus::Cancelled;
                step.outcome_unknown = *outcome_unknown;
                step.finished_at = Some(at);
            });
            state.tasks.retain(|_, task| task.path != *path);
        }
        EventKind::StepComputed { path, result, exports } => {
            state.result_bytes = state.result_bytes.saturating_add(result.bytes);
            state.change(path, |step| {
                step.status = StepStatus::Completed;
                step.result = Some(result.clone());
                step.started_at = Some(at);
                step.finished_at = Some(at);
            });
            state.context.extend(exports.iter().map(|(name, body)| (name.clone(), body.clone())));
        }
        EventKind::StepOpened { path, opened } => {
            state.opened(path, opened);
            state.change(path, |step| step.started_at = Some(at));
        }
        EventKind::IterationStarted { path, index } => state.iteration_started(path, *index),
        EventKind::IterationFinished { path, index } => state.iteration_finished(path, *index),
        EventKind::IterationsEnded { path, max_iterations_reached } => {
            state.change(path, |step| {
                if let Some(inside) = step.inside.as_mut() {
                    inside.ended = Some(*max_iterations_reached);
                }
            });
        }
        EventKind::StepCutShort { path } => {
            state.cut(path);
            state.tasks.retain(|_, task| task.path != *path);
            state.change(path, |step| {
                step.status = StepStatus::Skipped;
                step.finished_at = Some(at);
            });
        }
        EventKind::StepWaiting { path, waits } => {
            if let Waits::Task { task, .. } = waits {
                state.tasks.insert(task.clone(), Task { path: path.clone(), opened_at: at });
            }
            state.change(path, |step| {
                step.status = StepStatus::Waiting;
                step.waits = Some(Box::new(Waiting::new(waits.clone(), at)));
                step.started_at = Some(at);
            });
        }
        EventKind::StepWoken { path, by } => state.woken(path, by, at),
        EventKind::TaskReminded { path } => {
            state.change(path, |step| {
                if let Some(waiting) = step.waits.as_mut() {
                    waiting.reminded = true;
                }
            });
        }
        EventKind::TaskEscalated { path, assignee, deadline } => {
            state.change(path, |step| {
                if let Some(waiting) = step.waits.as_mut() {
                    waiting.escalated = true;
                    if let Waits::Task { assignee: asked, deadline: until, .. } = &mut waiting.on {
                        asked.clone_from(assignee);
                        *until = Some(*deadline);
                    }
                }
            });
        }
        EventKind::SignalReceived { name, payload } => {
            let number = state.signals_received;
            state.signals_received += 1;
            state.signals.entry(name.clone()).or_default().insert(number, payload.clone());
        }
        EventKind::RunAdopted => {
            // It was driven up to its last event, and is again from here on.
            if let Some(since) = state.active_since {
                state.active += state.last_at.since(since);
                state.active_since = Some(at);
            }
        }
        EventKind::RunPaused { reason } => state.pause = Some(reason.clone()),
        EventKind::RunResumed => state.pause = None,
        EventKind::CancelRequested { reason, compensate } => {
            state.cancel = Some((reason.clone(), *compensate));
            state.ending_since = state.ending_since.or(Some(at));
        }
        EventKind::TimeoutReached => {
            state.timed_out = true;
            state.ending_since = state.ending_since.or(Some(at));
        }
        EventKind::RunCompleted { outputs, warnings } => {
            state.outputs = Some(outputs.clone());
            state.warnings.clone_from(warnings);
            state.finish(RunStatus::Completed, at);
        }
        EventKind::RunFailed { step: _, error } => {
            state.error = Some(error.clone());
            state.finish(RunStatus::Failed, at);
        }
        EventKind::RunCancelled => state.finish(RunStatus::Cancelled, at),
        EventKind::RunTimedOut => state.finish(RunStatus::TimedOut, at),
    }
}

impl State {
    fn woken(&mut self, path: &StepPath, by: &Woken, at: Timestamp) {
        let mut event = None;
        self.change(path, |step| {
            if let Woken::Answer { via, .. } = by {
                step.answered_via = Some(*via);
            }
            if let Some(waiting) = step.waits.as_mut() {
                event = waiting.event().map(ToOwned::to_owned);
                waiting.woken = Some((by.clone(), at));
            }
        });
        self.tasks.retain(|_, task| task.path != *path);
        if let (Some(name), Woken::Signal { number: Some(number), .. }) = (event, by)
            && let Some(kept) = self.signals.get_mut(&name)
        {
            kept.remove(number);
            if kept.is_empty() {
                self.signals.remove(&name);
            }
        }
    }

    fn answer(&mut self, path: &StepPath, answer: &Answered, via: super::event::Via, at: Timestamp) {
        self.change(path, |step| {
            step.answered_via = Some(via);
            match answer {
                Answered::Retry => step.status = StepStatus::Pending,
                Answered::Done { result, .. } => {
                    step.status = StepStatus::Completed;
                    step.result = Some(result.clone());
                    step.error = None;
                    step.finished_at = Some(at);
                }
                // The `step_failed` that follows says what `on_error` makes of it.
                Answered::Fail | Answered::Given { .. } => {}
            }
        });
        if let Answered::Done { exports, .. } = answer {
            self.context.extend(exports.iter().map(|(name, body)| (name.clone(), body.clone())));
        }
    }

    fn finish(&mut self, end: RunStatus, at: Timestamp) {
        self.end = Some(end);
        self.finished_at = Some(at);
        self.tasks.clear();
    }

    /// Counts the time in which the run could go on by itself: waiting for a
    /// person does not use up its timeout.
    fn clock(&mut self, at: Timestamp) {
        let active = self.started_at.is_some()
            && match self.status() {
                RunStatus::Running | RunStatus::Cancelling | RunStatus::Compensating => true,
                RunStatus::Waiting => self.waits_on_its_own_time(),
                RunStatus::Pending
                | RunStatus::Paused
                | RunStatus::Completed
                | RunStatus::Failed
                | RunStatus::Cancelled
                | RunStatus::TimedOut => false,
            };
        match (self.active_since, active) {
            (None, true) => self.active_since = Some(at),
            (Some(since), false) => {
                self.active += at.since(since);
                self.active_since = None;
            }
            (None, false) | (Some(_), true) => {}
        }
    }
}
