//! What must be true of containers: their steps begin after them and end before
//! them, iterations keep their bounds, a failure goes up as far as it must.

use sequitur::machine::{Opened, StepPath};
use sequitur::workflow::plan::{OnError, StepKind};

use super::{Phase, Reader, Seen};
use crate::case::outlives;
use crate::fault::{Fault, hold};

/// What is known of a container that has begun.
#[derive(Debug, Default)]
pub(super) struct Inside {
    opened: Option<Opened>,
    /// Failures in it that nothing handled.
    unhandled: usize,
    failing: bool,
    /// Its own failure is counted around it already.
    counted: bool,
    cut: bool,
    started: u32,
    open: Vec<u32>,
    ended: bool,
}

impl Reader<'_> {
    fn inside(&mut self, path: &StepPath) -> &mut Inside {
        &mut self.steps.get_mut(path).expect("a step of the plan").inside
    }

    /// The container it is in lets it run.
    pub(super) fn let_go(&self, path: &StepPath) -> bool {
        let Some(around) = self.case.container(path) else { return true };
        let around_seen = self.seen(around.as_str());
        around_seen.phase == Phase::Open && self.takes(&around, path)
    }

    fn takes(&self, around: &StepPath, child: &StepPath) -> bool {
        let (StepKind::Condition { branches, otherwise }, Some(Opened::Condition { branch })) =
            (&self.case.node(around).kind, &self.seen(around.as_str()).inside.opened)
        else {
            return true;
        };
        let taken = branch.map_or(otherwise, |branch| &branches[branch as usize].steps);
        taken.contains(&self.case.index(child))
    }

    pub(super) fn not_taken(&self, path: &StepPath) -> bool {
        let Some(around) = self.case.container(path) else { return false };
        let seen = self.seen(around.as_str());
        let never_began = seen.phase == Phase::Done && seen.inside.opened.is_none();
        never_began || seen.phase == Phase::Open && !self.takes(&around, path)
    }

    /// Nothing new begins in the list it is in.
    pub(super) fn aborting(&self, path: &StepPath) -> bool {
        match self.case.container(path) {
            None => self.failed_by.is_some(),
            Some(around) => self.aborting_in(&around),
        }
    }

    fn aborting_in(&self, around: &StepPath) -> bool {
        let failing = self.seen(around.as_str()).inside.failing;
        failing || !outlives(self.case.node(around)) && self.aborting(around)
    }

    /// A failure goes up to where something bears it.
    pub(super) fn bears(&mut self, path: &StepPath) {
        if self.seen(path.as_str()).inside.counted {
            return;
        }
        let mut at = path.clone();
        while let Some(around) = self.case.container(&at) {
            let node = self.case.node(&around);
            let (children, threshold) = match &node.kind {
                StepKind::Parallel { steps, failure_threshold, .. } => (steps.len(), *failure_threshold),
                _ => (1, 1.0),
            };
            let inside = self.inside(&around);
            inside.unhandled += 1;
            let good = children as f64 - inside.unhandled as f64;
            if inside.failing || good >= threshold * children as f64 {
                return;
            }
            inside.failing = true;
            if node.on_error != OnError::Abort {
                return;
            }
            inside.counted = true;
            at = around;
        }
        self.failed_by.get_or_insert_with(|| path.clone());
    }

    /// A dependency failed and its own `on_error` did not handle it.
    pub(super) fn unhandled_before(&self, path: &StepPath) -> bool {
        let before = self.case.node(path).depends_on.iter();
        let mut before = before.map(|&node| (node, self.seen(self.case.seen_from(path, node).as_str())));
        before.any(|(node, seen)| seen.failed && self.case.plan.steps[node].on_error == OnError::Abort)
    }

    pub(super) fn cut(&mut self, path: &StepPath) {
        if !self.aborting(path) {
            return;
        }
        if let Some(around) = self.case.container(path) {
            self.inside(&around).cut = true;
        }
    }

    /// The steps of a container, in every iteration that is open.
    fn children(&self, path: &StepPath) -> Vec<StepPath> {
        let Some(opened) = &self.seen(path.as_str()).inside.opened else { return Vec::new() };
        match opened {
            Opened::Condition { .. } | Opened::Parallel { .. } => {
                let children = self.case.node(path).kind.children();
                children.into_iter().map(|child| self.case.seen_from(path, child)).collect()
            }
            Opened::ForEach { .. } | Opened::While { .. } => {
                let open = &self.seen(path.as_str()).inside.open;
                open.iter().flat_map(|&index| self.case.frame(Some((path, index)))).collect()
            }
        }
    }

    pub(super) fn nothing_open_in(&self, path: &StepPath) -> bool {
        self.children(path).iter().all(|child| self.seen(child.as_str()).phase == Phase::Done)
    }

    pub(super) fn opened(&mut self, path: &StepPath, opened: &Opened) -> Result<(), Fault> {
        self.may_begin(path)?;
        self.leave(path, Phase::Pending, Phase::Open)?;
        self.in_order(path, 0)?;
        self.inside(path).opened = Some(opened.clone());
        Ok(())
    }

    fn is_open(&self, path: &StepPath) -> Result<(), Fault> {
        let phase = self.seen(path.as_str()).phase;
        hold(phase == Phase::Open, "phases", || format!("something goes on in {path} while {phase:?}"))
    }

    pub(super) fn iteration_started(&mut self, path: &StepPath, index: u32) -> Result<(), Fault> {
        self.is_open(path)?;
        hold(!self.held_up() && !self.ending(), "nothing starts while paused", || path.to_string())?;
        hold(!self.aborting_in(path), "nothing starts after an abort", || path.to_string())?;
        let window = self.case.window(path);
        let inside = self.inside(path);
        hold(index == inside.started, "iterations count up", || format!("{path}: {index}"))?;
        hold(inside.open.len() < window, "iterations at once", || format!("{path}: more than {window}"))?;
        let planned = match inside.opened {
            Some(Opened::ForEach { count, .. }) => count,
            Some(Opened::While { max_iterations }) => max_iterations,
            _ => 0,
        };
        hold(index < planned && !inside.ended, "iterations", || format!("{path}: {index} of {planned}"))?;
        inside.started += 1;
        inside.open.push(index);
        for child in self.case.frame(Some((path, index))) {
            self.steps.insert(child, Seen::fresh());
        }
        Ok(())
    }

    pub(super) fn iteration_finished(&mut self, path: &StepPath, index: u32) -> Result<(), Fault> {
        self.is_open(path)?;
        let steps = self.case.frame(Some((path, index)));
        let done = steps.iter().all(|child| self.seen(child.as_str()).phase == Phase::Done);
        hold(done, "a container ends after its steps", || format!("{path}[{index}]"))?;
        let inside = self.inside(path);
        let open = inside.open.iter().position(|own| *own == index);
        hold(open.is_some(), "iterations", || format!("{path}: {index} is not open"))?;
        inside.open.retain(|own| *own != index);
        Ok(())
    }

    pub(super) fn iterations_ended(&mut self, path: &StepPath) -> Result<(), Fault> {
        self.is_open(path)?;
        let inside = self.inside(path);
        let asked = matches!(inside.opened, Some(Opened::While { .. })) && inside.open.is_empty();
        hold(asked && !inside.ended, "iterations", || path.to_string())?;
        inside.ended = true;
        Ok(())
    }

    pub(super) fn concluded(&mut self, path: &StepPath) -> Result<(), Fault> {
        hold(self.nothing_open_in(path), "a container ends after its steps", || path.to_string())?;
        hold(!self.held_up() && !self.ending(), "nothing starts while paused", || path.to_string())?;
        let inside = self.inside(path);
        let whole = match inside.opened {
            Some(Opened::ForEach { count, .. }) => inside.started == count && inside.open.is_empty(),
            Some(Opened::While { .. }) => inside.ended && inside.open.is_empty(),
            Some(Opened::Condition { .. } | Opened::Parallel { .. }) | None => true,
        };
        hold(whole && !inside.failing && !inside.cut, "a container completes when all is done", || path.to_string())?;
        self.leave(path, Phase::Open, Phase::Done)
    }

    pub(super) fn cut_short(&mut self, path: &StepPath) -> Result<(), Fault> {
        hold(self.nothing_open_in(path), "a container ends after its steps", || path.to_string())?;
        let legal = self.aborting_in(path) && !self.seen(path.as_str()).inside.failing;
        hold(legal, "cut short without a failure around", || path.to_string())?;
        self.cut(path);
        self.leave(path, Phase::Open, Phase::Done)
    }

    /// A call begins: each `parallel` around it keeps its bound.
    pub(super) fn within_bounds(&self, path: &StepPath) -> Result<(), Fault> {
        let mut at = self.case.container(path);
        while let Some(around) = at {
            if let Some(Opened::Parallel { max_concurrency: Some(bound) }) = self.seen(around.as_str()).inside.opened {
                let inside = |other: &StepPath| {
                    std::iter::successors(self.case.container(other), |one| self.case.container(one))
                        .any(|one| one == around)
                };
                let calls = self.steps.iter().filter(|(other, seen)| seen.phase == Phase::InFlight && inside(other));
                hold(calls.count() < bound as usize, "max_concurrency", || {
                    format!("{path} beyond {bound} in {around}")
                })?;
            }
            at = self.case.container(&around);
        }
        Ok(())
    }
}
