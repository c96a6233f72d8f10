//! Changes of instances, with every index of the state kept true: what waits,
//! what is in flight, how far containers are, progress.

use super::event::{Opened, StepError, StepPath};
use super::kinds::{condition, looped, parallel};
use super::layout::is_loop;
use super::place::Place;
use super::state::State;
use super::status::StepStatus;
use super::step::{Inside, Outcome, StepState};
use crate::workflow::plan::OnError;

impl State {
    /// Changes one instance.
    pub(super) fn change(&mut self, path: &StepPath, how: impl FnOnce(&mut StepState)) {
        let Some(place) = self.steps.place(path).cloned() else { return };
        let Some(step) = self.steps.at_mut(&place) else { return };
        let (before, called) = (step.status, step.calls());
        how(step);
        let (status, calls, settled, unblocked) =
            (step.status, step.calls(), step.ready.is_some(), step.blocked_by == 0);
        let pending = status == StepStatus::Pending;
        self.counts[before.ordinal()] -= 1;
        self.counts[status.ordinal()] += 1;
        self.mark(|state| &mut state.unblocked, &place, pending && unblocked && !settled);
        self.mark(|state| &mut state.queued, &place, pending && settled);
        self.mark(|state| &mut state.in_flight, &place, calls);
        let waits =
            self.steps.at(&place).and_then(|step| step.waits.as_deref()).filter(|_| status == StepStatus::Waiting);
        let (waiting, listening) = (waits.is_some(), waits.is_some_and(|waits| waits.event().is_some()));
        let woken = waits.is_some_and(|waits| waits.woken.is_some());
        self.mark(|state| &mut state.waiting, &place, waiting);
        self.mark(|state| &mut state.listening, &place, listening);
        self.mark(|state| &mut state.woken, &place, woken);
        self.mark(|state| &mut state.retrying, &place, status == StepStatus::Retrying);
        if calls != called {
            self.count_call(&place, calls);
        }
        if status.is_finished() && !before.is_finished() {
            self.finished(&place);
        }
        self.refresh(&place);
    }

    fn mark(&mut self, which: fn(&mut Self) -> &mut std::collections::BTreeSet<Place>, place: &Place, member: bool) {
        if member {
            which(self).insert(place.clone());
        } else {
            which(self).remove(place);
        }
    }

    /// A call begins or ends: each container around it counts it.
    fn count_call(&mut self, place: &Place, begins: bool) {
        let mut at = self.container(place);
        while let Some(around) = at {
            if let Some(inside) = self.steps.at_mut(&around).and_then(|step| step.inside.as_mut()) {
                inside.in_flight = if begins { inside.in_flight + 1 } else { inside.in_flight.saturating_sub(1) };
            }
            at = self.container(&around);
        }
    }

    /// An instance has ended: who waits for it is told, and what is around it.
    fn finished(&mut self, place: &Place) {
        self.open -= 1;
        self.last_ended = Some(place.node());
        self.orphans.remove(place);
        self.failing.remove(place);
        let Some(step) = self.steps.at_mut(place) else { return };
        let waiters = std::mem::take(&mut step.waiters);
        let (status, opened) = (step.status, step.inside.is_some());
        let left = step.weight - step.inside.as_ref().map_or(0, |inside| inside.granted);
        // What a cancel cut off was not done.
        if status != StepStatus::Cancelled {
            self.grant(place, left);
        }
        for waiter in waiters {
            self.unblock(&waiter);
        }
        if !opened {
            self.orphan(place, |_| true);
        }
        if let Some((of, index)) = place.around()
            && let Some(around) = self.steps.find_mut(of)
            && let Some(inside) = around.inside.as_mut()
            && let Some(unfinished) = inside.open.get_mut(&index)
        {
            *unfinished -= 1;
            if *unfinished == 0 {
                self.over.insert((around.place.clone(), index));
            }
        }
        if let Some(around) = self.container(place).filter(|around| around.frame() == place.frame()) {
            if let Some(inside) = self.steps.at_mut(&around).and_then(|step| step.inside.as_mut()) {
                inside.unfinished = inside.unfinished.saturating_sub(1);
            }
            self.refresh(&around);
        }
    }

    /// Counts for progress, in each loop around too.
    fn grant(&mut self, place: &Place, weight: u64) {
        self.granted += weight;
        let mut frame = place.frame();
        while let Some((_, of)) = frame.split_last() {
            if let Some(inside) = self.steps.find_mut(of).and_then(|step| step.inside.as_mut()) {
                inside.granted += weight;
            }
            frame = &of[..of.len().saturating_sub(1)];
        }
    }

    fn unblock(&mut self, place: &Place) {
        let Some(step) = self.steps.at_mut(place) else { return };
        step.blocked_by = step.blocked_by.saturating_sub(1);
        if step.blocked_by == 0 && step.status == StepStatus::Pending && step.ready.is_none() {
            self.unblocked.insert(place.clone());
        }
    }

    /// Children in the same list that will not run.
    fn orphan(&mut self, place: &Place, which: impl Fn(usize) -> bool) {
        let layout = self.layout.clone();
        if self.plan.steps.get(place.node()).is_none_or(|node| is_loop(&node.kind)) {
            return;
        }
        for &child in layout.children(place.node()).iter().filter(|child| which(**child)) {
            let child = Place::within(place.frame(), child);
            if self.steps.at(&child).is_some_and(|step| !step.status.is_finished()) {
                self.orphans.insert(child);
            }
        }
    }

    /// Whether a container is among those that something follows from.
    fn refresh(&mut self, place: &Place) {
        let Some(step) = self.steps.at(place) else { return };
        let inside = step.inside.as_ref().filter(|_| step.is_open());
        let idle = inside.is_some_and(|inside| inside.unfinished == 0);
        let spawning =
            inside.is_some_and(|inside| matches!(inside.opened, Opened::ForEach { count, .. } if inside.next < count));
        self.mark(|state| &mut state.idle, place, idle);
        self.mark(|state| &mut state.spawning, place, spawning);
    }

    /// A container begins: the children that are to run wait for it no more.
    pub(super) fn opened(&mut self, path: &StepPath, opened: &Opened) {
        let Some(place) = self.steps.place(path).cloned() else { return };
        let layout = self.layout.clone();
        let children = layout.children(place.node());
        let looped = self.plan.steps.get(place.node()).is_some_and(|node| is_loop(&node.kind));
        let open = |child: &&usize| {
            let child = self.steps.at(&Place::within(place.frame(), **child));
            child.is_some_and(|step| !step.status.is_finished())
        };
        let unfinished = if looped { 0 } else { children.iter().filter(open).count() };
        let inside = Inside::new(opened.clone(), unfinished);
        self.change(path, |step| {
            step.status = StepStatus::Running;
            step.inside = Some(Box::new(inside));
        });
        if looped {
            return;
        }
        let plan = self.plan.clone();
        let taken =
            |child: usize| plan.steps.get(place.node()).is_none_or(|node| condition::takes(node, opened, child));
        self.orphan(&place, |child| !taken(child));
        for &child in children.iter().filter(|child| taken(**child)) {
            self.unblock(&Place::within(place.frame(), child));
        }
    }

    /// A loop's next iteration begins.
    pub(super) fn iteration_started(&mut self, path: &StepPath, index: u32) {
        let Some(place) = self.steps.place(path).cloned() else { return };
        let (size, unfinished) = (self.layout.size(place.node()), self.layout.body(place.node()).len());
        let Some(step) = self.steps.at_mut(&place) else { return };
        let weight = step.weight;
        let Some(inside) = step.inside.as_mut() else { return };
        inside.next = index + 1;
        inside.unfinished += 1;
        inside.open.insert(index, unfinished);
        // The loop's own share stays for its end.
        let count = u64::from(looped::planned(&inside.opened).max(1));
        let each = (weight - weight / size) / count / (size - 1).max(1);
        if unfinished == 0 {
            self.over.insert((place.clone(), index));
        }
        self.open_frame(&place.iteration(index), &format!("{path}[{index}]."), each);
        self.refresh(&place);
    }

    /// An iteration is over: its results stay, its instances go.
    pub(super) fn iteration_finished(&mut self, path: &StepPath, index: u32) {
        let Some(place) = self.steps.place(path).cloned() else { return };
        let frame = place.iteration(index);
        let layout = self.layout.clone();
        let outcomes = layout.body(place.node()).iter().map(|&node| {
            let step = self.steps.at(&Place::within(&frame, node));
            step.map_or(Outcome { result: None, iterations: None }, StepState::outcome)
        });
        let outcomes = outcomes.collect();
        self.steps.remove_frame(&frame);
        self.over.remove(&(place.clone(), index));
        if let Some(inside) = self.steps.at_mut(&place).and_then(|step| step.inside.as_mut()) {
            inside.open.remove(&index);
            inside.unfinished = inside.unfinished.saturating_sub(1);
            inside.keep(index, outcomes);
        }
        self.refresh(&place);
    }

    /// A failure that nothing handled goes up: nothing new begins in the list it
    /// happened in, and in each list around that is certain to fail with it.
    pub(super) fn fail(&mut self, path: &StepPath, error: &StepError) {
        let Some(place) = self.steps.place(path).cloned() else { return };
        // A container's failure went up when it was certain.
        if self.steps.at(&place).and_then(|step| step.inside.as_ref()).is_some_and(|inside| inside.passed_on) {
            return;
        }
        let cause = (path.clone(), error.clone());
        let plan = self.plan.clone();
        let mut at = place;
        while let Some(around) = self.container(&at) {
            let Some(node) = plan.steps.get(around.node()) else { return };
            let Some(inside) = self.steps.at_mut(&around).and_then(|step| step.inside.as_mut()) else { return };
            inside.unhandled += 1;
            if inside.failure.is_some() || parallel::tolerates(node, inside.unhandled) {
                return;
            }
            inside.failure = Some(cause.clone());
            self.failing.insert(around.clone());
            if node.on_error != OnError::Abort {
                return;
            }
            inside.passed_on = true;
            at = around;
        }
        if self.failure.is_none() {
            self.failure = Some(cause);
        }
    }

    /// The step will not run; when that is because what is around it fails, its
    /// container was not done.
    pub(super) fn cut(&mut self, path: &StepPath) {
        let place = self.steps.place(path).filter(|place| self.aborting(place));
        let around = place.and_then(|place| self.container(place));
        let around = around.and_then(|around| self.steps.at_mut(&around));
        if let Some(inside) = around.and_then(|step| step.inside.as_mut()) {
            inside.cut = true;
        }
    }

    /// Whether nothing new begins in the list that an instance is in, because
    /// that list fails, or one around it that it does not outlive.
    pub(super) fn aborting(&self, place: &Place) -> bool {
        let Some(around) = self.container(place) else { return self.failure.is_some() };
        self.aborting_inside(&around)
    }

    /// The same of the list in a container.
    pub(super) fn aborting_inside(&self, container: &Place) -> bool {
        let failed = self.steps.at(container).and_then(|step| step.inside.as_ref());
        failed.is_some_and(|inside| inside.failure.is_some()) || !self.outlives(container) && self.aborting(container)
    }

    /// Whether it may begin and be called in a list that fails.
    pub(super) fn outlives(&self, place: &Place) -> bool {
        self.plan.steps.get(place.node()).is_some_and(super::readiness::outlives)
    }

    /// Whether failures leave this instance its calls: an `abort` stops all but
    /// `always` and `on_failure`, which keep their retries too.
    pub(super) fn goes_on(&self, place: &Place) -> bool {
        self.outlives(place) || !self.aborting(place)
    }
}
