//! The permits that one run holds or waits for: a place among the running runs
//! and one in the process's pool for each step in flight.

use std::collections::BTreeMap;

use crate::base::slots::{Slot, Slots};
use crate::machine::StepPath;

/// What a run holds.
pub(super) struct Permits {
    steps: Slots,
    runs: Slots,
    held: BTreeMap<StepPath, Slot>,
    waiting: BTreeMap<StepPath, u64>,
    place: Option<Slot>,
    place_ticket: Option<u64>,
}

impl Permits {
    pub(super) fn new(steps: Slots, runs: Slots) -> Self {
        Self { steps, runs, held: BTreeMap::new(), waiting: BTreeMap::new(), place: None, place_ticket: None }
    }

    /// Takes a permit for the step, or waits in line: `wake` is told.
    pub(super) fn acquire(&mut self, path: &StepPath, wake: impl FnOnce(StepPath, Slot) + Send + 'static) -> bool {
        if self.held.contains_key(path) {
            return true;
        }
        if self.waiting.contains_key(path) {
            return false;
        }
        if let Some(slot) = self.steps.take() {
            self.held.insert(path.clone(), slot);
            return true;
        }
        let named = path.clone();
        let ticket = self.steps.wait(Box::new(move |slot| wake(named, slot)));
        self.waiting.insert(path.clone(), ticket);
        false
    }

    /// The permit that the step waited for.
    pub(super) fn granted(&mut self, path: StepPath, slot: Slot) {
        self.waiting.remove(&path);
        self.held.insert(path, slot);
    }

    /// Takes a place among the running runs, or waits in line.
    pub(super) fn place(&mut self, wake: impl FnOnce(Slot) + Send + 'static) -> bool {
        if self.place.is_some() {
            return true;
        }
        if self.place_ticket.is_some() {
            return false;
        }
        self.place = self.runs.take();
        if self.place.is_none() {
            self.place_ticket = Some(self.runs.wait(Box::new(wake)));
        }
        self.place.is_some()
    }

    /// The place that the run waited for.
    pub(super) fn placed(&mut self, slot: Slot) {
        self.place_ticket = None;
        self.place = Some(slot);
    }

    /// Only runs that go on by themselves hold a place. One that goes on again
    /// takes it at once: it was started before those that wait.
    pub(super) fn keep_place(&mut self, going_on: bool) {
        if going_on {
            if self.place.is_none() && self.place_ticket.is_none() {
                self.place = Some(self.runs.take_anyway());
            }
        } else {
            self.place = None;
            if let Some(ticket) = self.place_ticket.take() {
                self.runs.leave(ticket);
            }
        }
    }

    /// Gives back a step's permit, held or waited for.
    pub(super) fn give_back(&mut self, path: &StepPath) {
        self.held.remove(path);
        if let Some(ticket) = self.waiting.remove(path) {
            self.steps.leave(ticket);
        }
    }

    /// Gives back every permit that is not for one of these, and leaves every
    /// line but for those.
    pub(super) fn keep(&mut self, held: impl Fn(&StepPath) -> bool, waiting: impl Fn(&StepPath) -> bool) {
        self.held.retain(|path, _| held(path));
        let steps = &self.steps;
        self.waiting.retain(|path, ticket| {
            let keep = waiting(path);
            if !keep {
                steps.leave(*ticket);
            }
            keep
        });
    }
}

impl Drop for Permits {
    fn drop(&mut self) {
        self.keep(|_| false, |_| false);
        self.keep_place(false);
    }
}
