//! What must be true of waits: no instant comes early, a signal is taken once
//! and the oldest first, an answer is one to an open question, and time spent
//! waiting for others is not the run's own.

use sequitur::base::{ErrorKind, Timestamp};
use sequitur::machine::{BodyRef, StepError, StepPath, Waits, Woken};
use sequitur::workflow::plan::StepKind;

use super::{Phase, Reader};
use crate::case::outlives;
use crate::fault::{Fault, hold};

/// What is known of a step that waits.
#[derive(Debug, Clone)]
pub(super) struct Wait {
    on: Waits,
    woken: bool,
    reminded: bool,
    escalated: bool,
}

/// Signals that a run keeps, in the order in which they came.
#[derive(Debug, Default)]
pub(super) struct Mailbox {
    kept: Vec<(u64, String, BodyRef)>,
    received: u64,
}

impl Mailbox {
    pub(super) fn receive(&mut self, name: &str, payload: &BodyRef) {
        self.kept.push((self.received, name.to_owned(), payload.clone()));
        self.received += 1;
    }

    fn oldest(&self, name: &str) -> Option<usize> {
        self.kept.iter().position(|(_, own, _)| own == name)
    }
}

impl Reader<'_> {
    fn waits(&mut self, path: &StepPath) -> Result<&mut Wait, Fault> {
        let seen = self.steps.get_mut(path).expect("a step of the plan");
        let phase = seen.phase;
        seen.wait
            .as_mut()
            .filter(|wait| phase == Phase::Waiting && !wait.woken)
            .ok_or_else(|| Fault::new("phases", format!("{path} does not wait: {phase:?}")))
    }

    pub(super) fn begins_to_wait(&mut self, path: &StepPath, waits: &Waits) -> Result<(), Fault> {
        self.may_begin(path)?;
        self.in_order(path, 0)?;
        self.leave(path, Phase::Pending, Phase::Waiting)?;
        let wait = Wait { on: waits.clone(), woken: false, reminded: false, escalated: false };
        self.steps.get_mut(path).expect("a step of the plan").wait = Some(wait);
        Ok(())
    }

    pub(super) fn woken(&mut self, path: &StepPath, by: &Woken, at: Timestamp) -> Result<(), Fault> {
        hold(!self.ending(), "P6 after a cancel nothing starts", || format!("{path} is woken"))?;
        let held_up = self.held_up();
        let has_default = matches!(&self.case.node(path).kind, StepKind::HumanTask { default: Some(_), .. });
        let wait = self.waits(path)?;
        wait.woken = true;
        match (wait.on.clone(), by) {
            (Waits::Timer { until }, Woken::Time) => {
                hold(until <= at, "a timer never fires early", || format!("{path}: {} before {}", at.0, until.0))?;
                hold(!held_up, "nothing starts while paused", || path.to_string())
            }
            (Waits::Task { deadline: Some(deadline), .. }, Woken::Time) => {
                let legal = deadline <= at && has_default && !held_up;
                hold(legal, "a default at the deadline only", || path.to_string())
            }
            (Waits::Task { .. }, Woken::Answer { .. }) | (Waits::Event { .. }, Woken::Signal { number: None, .. }) => {
                Ok(())
            }
            (Waits::Event { name, .. }, Woken::Signal { number: Some(number), payload }) => {
                hold(!held_up, "nothing starts while paused", || path.to_string())?;
                let oldest = self.mailbox.oldest(&name).map(|at| self.mailbox.kept.remove(at));
                let same = oldest.as_ref().is_some_and(|(own, _, body)| own == number && body == payload);
                hold(same, "a signal is taken once, the oldest first", || format!("{path}: {number} of {name}"))
            }
            (on, by) => Err(Fault::new("woken by what it waits for", format!("{path}: {on:?} by {by:?}"))),
        }
    }

    /// A wait that nothing came to ends with `timeout` and at its instant only.
    pub(super) fn wait_failed(&mut self, path: &StepPath, error: &StepError, at: Timestamp) -> Result<(), Fault> {
        let seen = self.steps.get(path).expect("a step of the plan");
        let Some(wait) = seen.wait.clone().filter(|wait| seen.phase == Phase::Waiting && !wait.woken) else {
            return Ok(());
        };
        let (until, last) = match wait.on {
            Waits::Timer { .. } => (None, true),
            Waits::Event { until, .. } => (until, true),
            Waits::Task { deadline, .. } => {
                let StepKind::HumanTask { default, extra, .. } = &self.case.node(path).kind else { return Ok(()) };
                (deadline, default.is_none() && (wait.escalated || !extra.contains_key("escalate_to")))
            }
        };
        let over = until.is_some_and(|until| until <= at);
        hold(over && last && error.kind == ErrorKind::Timeout, "a timer never fires early", || path.to_string())
    }

    pub(super) fn reminded(&mut self, path: &StepPath, at: Timestamp) -> Result<(), Fault> {
        let wait = self.waits(path)?;
        let due = matches!(wait.on, Waits::Task { remind_at: Some(remind_at), .. } if remind_at <= at);
        let once = !std::mem::replace(&mut wait.reminded, true);
        hold(due && once, "a reminder once and not early", || path.to_string())
    }

    pub(super) fn escalated(&mut self, path: &StepPath, until: Timestamp, at: Timestamp) -> Result<(), Fault> {
        let wait = self.waits(path)?;
        let once = !std::mem::replace(&mut wait.escalated, true);
        let Waits::Task { deadline, .. } = &mut wait.on else {
            return Err(Fault::new("a question", format!("{path} asks none")));
        };
        let due = deadline.replace(until).is_some_and(|deadline| deadline <= at);
        hold(due && once && until >= at, "another is asked once, at the deadline", || path.to_string())
    }

    /// A wait gives way to a failure around it; false when it is a container.
    pub(super) fn gives_way(&mut self, path: &StepPath) -> Result<bool, Fault> {
        if self.seen(path.as_str()).phase != Phase::Waiting {
            return Ok(false);
        }
        let legal = self.aborting(path) && !outlives(self.case.node(path));
        hold(legal, "cut short without a failure around", || path.to_string())?;
        self.waits(path)?;
        self.cut(path);
        self.leave(path, Phase::Waiting, Phase::Done)?;
        Ok(true)
    }

    /// Whether the time since the last event was spent waiting for others.
    pub(super) fn stood_still(&self) -> bool {
        let waiting = || self.steps.values().filter(|seen| seen.phase == Phase::Waiting);
        let mut busy = self.steps.values();
        let busy =
            busy.any(|seen| matches!(seen.phase, Phase::Ready | Phase::InFlight | Phase::Between | Phase::Asked));
        let by_clock = |wait: &Wait| matches!(wait.on, Waits::Timer { .. });
        let own_time =
            self.case.plan.timeout_seconds.is_some() && waiting().any(|seen| seen.wait.as_ref().is_some_and(by_clock));
        !busy && waiting().next().is_some() && !own_time && !self.ending()
    }

    /// Between two turns no signal lies where a wait for it is open.
    pub(super) fn signals_are_taken(&self) -> Result<(), Fault> {
        if self.held_up() || self.ending() || !self.started {
            return Ok(());
        }
        for (path, seen) in &self.steps {
            if let Some(Wait { on: Waits::Event { name, .. }, woken: false, .. }) = &seen.wait {
                let left = seen.phase == Phase::Waiting && self.mailbox.oldest(name).is_some();
                hold(!left, "a wait takes what is there", || format!("{path} waits for {name}"))?;
            }
        }
        Ok(())
    }
}
