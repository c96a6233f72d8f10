//! A number of places that runs, steps or calls of this process share. Who
//! ranks higher comes first, but passes only so many who came before; among
//! equals first come first served. Must not know what a place is for.

use std::collections::{BTreeMap, HashMap, VecDeque};
use std::sync::{Arc, Mutex, PoisonError};

/// Told when a place it waited for is its own.
pub type Wake = Box<dyn FnOnce(Slot) + Send>;

/// Fewer later comers than this pass who waits, for each rank between them: a line
/// ages with those who join it, whatever a clock says.
const PASSED: u64 = 16;

/// The places.
#[derive(Clone)]
pub struct Slots {
    inner: Arc<Mutex<Inner>>,
}

struct Inner {
    /// Below zero when places were taken beyond the bound (adopted runs).
    free: i64,
    first: VecDeque<(u64, Wake)>,
    /// By turn: the ticket, later by the rank's worth of tickets.
    waiting: BTreeMap<(u64, u64), Wake>,
    turns: HashMap<u64, u64>,
    next: u64,
}

impl Inner {
    fn nobody_waits(&self) -> bool {
        self.first.is_empty() && self.waiting.is_empty()
    }

    fn next_in_line(&mut self) -> Option<Wake> {
        if let Some((_, wake)) = self.first.pop_front() {
            return Some(wake);
        }
        let ((_, ticket), wake) = self.waiting.pop_first()?;
        self.turns.remove(&ticket);
        Some(wake)
    }
}

/// A place that is held; dropping it gives it back.
pub struct Slot {
    slots: Slots,
}

impl Slots {
    /// So many places, all free.
    #[must_use]
    pub fn new(places: usize) -> Self {
        let free = i64::try_from(places).unwrap_or(i64::MAX);
        let (first, waiting, turns) = (VecDeque::new(), BTreeMap::new(), HashMap::new());
        Self { inner: Arc::new(Mutex::new(Inner { free, first, waiting, turns, next: 0 })) }
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Takes a place if one is free and nobody waits for it.
    pub fn take(&self) -> Option<Slot> {
        let mut inner = self.lock();
        if inner.free <= 0 || !inner.nobody_waits() {
            return None;
        }
        inner.free -= 1;
        Some(Slot { slots: self.clone() })
    }

    /// Takes a place even if none is free: for work that is already under way.
    pub fn take_anyway(&self) -> Slot {
        self.lock().free -= 1;
        Slot { slots: self.clone() }
    }

    /// Waits in line; the number leaves the line again. A place that was freed
    /// since [`Slots::take`] found none is given at once: its holder saw no line.
    /// A lower `rank` comes first.
    pub fn wait(&self, rank: u8, wake: Wake) -> u64 {
        self.join(wake, Some(rank))
    }

    /// Waits before those who wait with [`Slots::wait`], behind others who wait first.
    pub fn wait_first(&self, wake: Wake) -> u64 {
        self.join(wake, None)
    }

    fn join(&self, wake: Wake, rank: Option<u8>) -> u64 {
        let mut inner = self.lock();
        let ticket = inner.next;
        inner.next += 1;
        if inner.free > 0 && inner.nobody_waits() {
            inner.free -= 1;
            drop(inner);
            wake(Slot { slots: self.clone() });
        } else {
            match rank {
                None => inner.first.push_back((ticket, wake)),
                Some(rank) => {
                    let turn = ticket + u64::from(rank) * PASSED;
                    inner.waiting.insert((turn, ticket), wake);
                    inner.turns.insert(ticket, turn);
                }
            }
        }
        ticket
    }

    /// Leaves the line.
    pub fn leave(&self, ticket: u64) {
        let mut inner = self.lock();
        inner.first.retain(|(other, _)| *other != ticket);
        if let Some(turn) = inner.turns.remove(&ticket) {
            inner.waiting.remove(&(turn, ticket));
        }
    }

    /// How many wait.
    #[must_use]
    pub fn waiting(&self) -> usize {
        let inner = self.lock();
        inner.first.len() + inner.waiting.len()
    }

    /// Takes a place once one is free: before all who wait with [`Slots::wait`]
    /// if `first`. Dropping the future leaves the line.
    pub async fn hold(&self, first: bool) -> Slot {
        if let Some(slot) = self.take() {
            return slot;
        }
        let (tell, told) = tokio::sync::oneshot::channel();
        // A place that comes too late goes back with the closed channel.
        let wake: Wake = Box::new(move |slot| drop(tell.send(slot)));
        let ticket = if first { self.wait_first(wake) } else { self.wait(0, wake) };
        let leave = Leave { slots: self, ticket };
        match told.await {
            Ok(slot) => {
                drop(leave);
                slot
            }
            // The line never forgets who waits in it; if it did, one call too many is the lesser evil.
            Err(_) => self.take_anyway(),
        }
    }
}

struct Leave<'s> {
    slots: &'s Slots,
    ticket: u64,
}

impl Drop for Leave<'_> {
    fn drop(&mut self) {
        self.slots.leave(self.ticket);
    }
}

impl Drop for Slot {
    fn drop(&mut self) {
        let woken = {
            let mut inner = self.slots.lock();
            inner.free += 1;
            if inner.free > 0 {
                let next = inner.next_in_line();
                if next.is_some() {
                    inner.free -= 1;
                }
                next
            } else {
                None
            }
        };
        // Outside the lock: the woken side may drop the place at once.
        if let Some(wake) = woken {
            wake(Slot { slots: self.slots.clone() });
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Slots;
    use std::sync::mpsc::channel;

    #[test]
    fn a_freed_place_goes_to_the_first_in_line() {
        let slots = Slots::new(1);
        let held = slots.take().unwrap();
        assert!(slots.take().is_none());
        let (tell, told) = channel();
        for name in ["first", "second"] {
            let tell = tell.clone();
            slots.wait(2, Box::new(move |slot| tell.send((name, slot)).unwrap()));
        }
        drop(held);
        let (name, slot) = told.try_recv().unwrap();
        assert_eq!(name, "first");
        assert!(told.try_recv().is_err());
        drop(slot);
        assert_eq!(told.try_recv().unwrap().0, "second");
        assert!(slots.take().is_some());
    }

    /// The order in which those who wait with these ranks are served.
    fn served(ranks: &[u8]) -> Vec<usize> {
        let slots = Slots::new(1);
        let held = slots.take().unwrap();
        let (tell, told) = channel();
        for (at, rank) in ranks.iter().enumerate() {
            let tell = tell.clone();
            // The place goes back at once, to the next in line.
            slots.wait(*rank, Box::new(move |_| tell.send(at).unwrap()));
        }
        drop((held, tell));
        told.iter().collect()
    }

    #[test]
    fn who_ranks_higher_comes_first_and_equals_in_the_order_in_which_they_came() {
        assert_eq!(served(&[2, 4, 0, 2, 0]), [2, 4, 0, 3, 1]);
    }

    #[test]
    fn who_ranks_lowest_is_passed_by_so_many_and_no_more() {
        let mut ranks = vec![1];
        ranks.extend(std::iter::repeat_n(0, 100));
        let place = served(&ranks).iter().position(|at| *at == 0);
        assert_eq!(place, Some(15));
    }

    #[test]
    fn who_waits_while_a_place_is_free_gets_it() {
        // It was freed after `take` had found none.
        let slots = Slots::new(1);
        let (tell, told) = channel();
        slots.wait(2, Box::new(move |slot| tell.send(slot).unwrap()));
        assert!(told.try_recv().is_ok());
        assert!(slots.take().is_some());
    }

    #[test]
    fn a_place_nobody_takes_up_is_free_again() {
        let slots = Slots::new(1);
        let held = slots.take().unwrap();
        slots.wait(2, Box::new(drop));
        drop(held);
        assert!(slots.take().is_some());
    }

    #[test]
    fn who_waits_first_goes_before_those_already_in_line() {
        let slots = Slots::new(1);
        let held = slots.take().unwrap();
        let (tell, told) = channel();
        let second = tell.clone();
        slots.wait(2, Box::new(move |slot| tell.send(("step", slot)).unwrap()));
        slots.wait_first(Box::new(move |slot| second.send(("person", slot)).unwrap()));
        drop(held);
        let (name, slot) = told.try_recv().unwrap();
        assert_eq!(name, "person");
        drop(slot);
        assert_eq!(told.try_recv().unwrap().0, "step");
    }

    #[tokio::test]
    async fn who_no_longer_waits_leaves_the_line() {
        let slots = Slots::new(1);
        let held = slots.take().unwrap();
        let mut waiting = Box::pin(slots.hold(true));
        assert!(futures::poll!(&mut waiting).is_pending());
        assert_eq!(slots.waiting(), 1);
        drop(waiting);
        assert_eq!(slots.waiting(), 0);
        drop(held);
        drop(slots.hold(false).await);
        assert!(slots.take().is_some());
    }

    #[test]
    fn places_taken_beyond_the_bound_are_paid_back_first() {
        let slots = Slots::new(1);
        let (one, two) = (slots.take_anyway(), slots.take_anyway());
        drop(one);
        assert!(slots.take().is_none());
        drop(two);
        assert!(slots.take().is_some());
    }

    #[test]
    fn who_leaves_the_line_is_not_called() {
        let slots = Slots::new(1);
        let held = slots.take().unwrap();
        let ticket = slots.wait(2, Box::new(|_| panic!("left the line")));
        slots.leave(ticket);
        drop(held);
        assert_eq!(slots.waiting(), 0);
    }
}
