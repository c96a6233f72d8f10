//! The permits that one run holds or waits for: a place among the running runs,
//! and for each step in flight one in its tool's pool and one in the process's.
//!
//! The tool's comes first. A step that waits for a full server holds nothing of
//! the process's, and who holds a place of the process's waits for nothing more:
//! so no two wait for each other.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::base::slots::{Slot, Slots};
use crate::machine::StepPath;

/// A place that a step waited for.
pub(super) enum Place {
    /// In its tool's pool.
    OfTool(Slot),
    /// In the process's pool.
    OfProcess(Slot),
}

/// What a step holds.
#[derive(Default)]
struct Held {
    /// None also for a tool without a pool.
    of_tool: Option<Arc<Slot>>,
    of_process: Option<Slot>,
}

/// The line in which a step stands.
struct Waiting {
    line: Slots,
    ticket: u64,
}

/// What a run holds.
pub(super) struct Permits {
    steps: Slots,
    runs: Slots,
    /// Of the run, in every line: the lower the sooner.
    rank: u8,
    held: BTreeMap<StepPath, Held>,
    waiting: BTreeMap<StepPath, Waiting>,
    place: Option<Slot>,
    place_ticket: Option<u64>,
}

impl Permits {
    pub(super) fn new(steps: Slots, runs: Slots, rank: u8) -> Self {
        Self { steps, runs, rank, held: BTreeMap::new(), waiting: BTreeMap::new(), place: None, place_ticket: None }
    }

    /// Takes all that a step needs, or waits in line for the next of it: `wake`
    /// is told, and the step asks again.
    pub(super) fn acquire(
        &mut self,
        path: &StepPath,
        pool: Option<Slots>,
        wake: impl FnOnce(StepPath, Place) + Send + 'static,
    ) -> bool {
        if self.waiting.contains_key(path) {
            return false;
        }
        if !self.held.contains_key(path) {
            let mut held = Held::default();
            if let Some(pool) = pool {
                let Some(slot) = pool.take() else {
                    self.join(path, pool, move |path, slot| wake(path, Place::OfTool(slot)));
                    return false;
                };
                held.of_tool = Some(Arc::new(slot));
            }
            self.held.insert(path.clone(), held);
        }
        let held = self.held.entry(path.clone()).or_default();
        if held.of_process.is_none() {
            held.of_process = self.steps.take();
        }
        let all = held.of_process.is_some();
        if !all {
            self.join(path, self.steps.clone(), move |path, slot| wake(path, Place::OfProcess(slot)));
        }
        all
    }

    fn join(&mut self, path: &StepPath, line: Slots, wake: impl FnOnce(StepPath, Slot) + Send + 'static) {
        let named = path.clone();
        let ticket = line.wait(self.rank, Box::new(move |slot| wake(named, slot)));
        self.waiting.insert(path.clone(), Waiting { line, ticket });
    }

    /// The place that the step waited for.
    pub(super) fn granted(&mut self, path: StepPath, place: Place) {
        if let Some(Waiting { line, ticket }) = self.waiting.remove(&path) {
            // It may stand in line again since this place was on its way.
            line.leave(ticket);
        }
        match (place, self.held.get_mut(&path)) {
            (Place::OfTool(slot), None) => {
                self.held.insert(path, Held { of_tool: Some(Arc::new(slot)), of_process: None });
            }
            (Place::OfProcess(slot), Some(held)) => held.of_process = Some(slot),
            // Of a wait that was given up: the place goes back.
            (Place::OfTool(_), Some(_)) | (Place::OfProcess(_), None) => {}
        }
    }

    /// The place in its tool's pool that a step holds, for the call.
    pub(super) fn of_tool(&self, path: &StepPath) -> Option<Arc<Slot>> {
        self.held.get(path).and_then(|held| held.of_tool.clone())
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
            self.place_ticket = Some(self.runs.wait(self.rank, Box::new(wake)));
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

    /// Gives back a step's permits, held or waited for.
    pub(super) fn give_back(&mut self, path: &StepPath) {
        self.held.remove(path);
        if let Some(Waiting { line, ticket }) = self.waiting.remove(path) {
            line.leave(ticket);
        }
    }

    /// Leaves every line but those of `waiting`, and gives back every permit
    /// that is neither for one of `held` nor a part of what is still waited for.
    pub(super) fn keep(&mut self, held: impl Fn(&StepPath) -> bool, waiting: impl Fn(&StepPath) -> bool) {
        self.waiting.retain(|path, Waiting { line, ticket }| {
            let keep = waiting(path);
            if !keep {
                line.leave(*ticket);
            }
            keep
        });
        let waiting = &self.waiting;
        self.held.retain(|path, _| held(path) || waiting.contains_key(path));
    }
}

impl Drop for Permits {
    fn drop(&mut self) {
        self.keep(|_| false, |_| false);
        self.keep_place(false);
    }
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc::{Receiver, channel};

    use super::{Permits, Place};
    use crate::base::slots::Slots;
    use crate::machine::StepPath;

    fn permits(steps: &Slots) -> Permits {
        Permits::new(steps.clone(), Slots::new(1), 2)
    }

    /// Whether all is held at once, and what comes later.
    fn acquire(permits: &mut Permits, step: &str, pool: Option<&Slots>) -> (bool, Receiver<(StepPath, Place)>) {
        let (tell, told) = channel();
        // Who was told may not be there any more.
        let wake = move |path, place| drop(tell.send((path, place)));
        (permits.acquire(&StepPath::from(step), pool.cloned(), wake), told)
    }

    #[test]
    fn a_step_that_waits_for_a_full_server_holds_no_place_of_the_process() {
        let (steps, server) = (Slots::new(1), Slots::new(1));
        let busy = server.take().unwrap();
        let mut permits = permits(&steps);
        let (held, told) = acquire(&mut permits, "a", Some(&server));
        assert!(!held && server.waiting() == 1);
        let (other, _) = acquire(&mut permits, "b", None);
        assert!(other, "a step of another server goes on");
        drop(busy);
        let (path, place) = told.try_recv().unwrap();
        permits.granted(path.clone(), place);
        // It asks again, and waits for the process's.
        let (held, told) = acquire(&mut permits, "a", Some(&server));
        assert!(!held && steps.waiting() == 1);
        permits.give_back(&StepPath::from("b"));
        let (path, place) = told.try_recv().unwrap();
        permits.granted(path.clone(), place);
        assert!(acquire(&mut permits, "a", Some(&server)).0 && permits.of_tool(&path).is_some());
        assert!(steps.take().is_none() && server.take().is_none());
    }

    #[test]
    fn what_is_held_while_the_rest_is_waited_for_stays_and_goes_with_the_wait() {
        let (steps, server) = (Slots::new(1), Slots::new(1));
        let busy = steps.take().unwrap();
        let mut permits = permits(&steps);
        assert!(!acquire(&mut permits, "a", Some(&server)).0);
        permits.keep(|_| false, |_| true);
        assert!(server.take().is_none());
        permits.keep(|_| false, |_| false);
        assert!(server.take().is_some() && steps.waiting() == 0);
        drop(busy);
        assert!(steps.take().is_some());
    }

    #[test]
    fn a_place_that_comes_when_it_is_of_no_use_is_given_back() {
        let (steps, server) = (Slots::new(1), Slots::new(1));
        let busy = server.take().unwrap();
        let mut permits = permits(&steps);
        let (_, told) = acquire(&mut permits, "a", Some(&server));
        drop(busy);
        let (path, place) = told.try_recv().unwrap();
        permits.granted(path, place);
        // The run was paused meanwhile: the step does not ask again.
        permits.keep(|_| false, |_| true);
        assert!(server.take().is_some());
    }

    #[test]
    fn the_call_keeps_its_place_after_the_step_has_given_it_up() {
        let (steps, server) = (Slots::new(1), Slots::new(1));
        let mut permits = permits(&steps);
        assert!(acquire(&mut permits, "a", Some(&server)).0);
        let with_call = permits.of_tool(&StepPath::from("a"));
        permits.give_back(&StepPath::from("a"));
        assert!(server.take().is_none() && steps.take().is_some());
        drop(with_call);
        assert!(server.take().is_some());
    }
}
