//! A number of places that runs or steps of this process share, first come
//! first served. Must not know what a place is for.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, PoisonError};

/// Told when a place it waited for is its own.
pub(super) type Wake = Box<dyn FnOnce(Slot) + Send>;

/// The places.
#[derive(Clone)]
pub(super) struct Slots {
    inner: Arc<Mutex<Inner>>,
}

struct Inner {
    /// Below zero when places were taken beyond the bound (adopted runs).
    free: i64,
    waiting: VecDeque<(u64, Wake)>,
    next: u64,
}

/// A place that is held; dropping it gives it back.
pub(super) struct Slot {
    slots: Slots,
}

impl Slots {
    pub(super) fn new(places: usize) -> Self {
        let free = i64::try_from(places).unwrap_or(i64::MAX);
        Self { inner: Arc::new(Mutex::new(Inner { free, waiting: VecDeque::new(), next: 0 })) }
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Takes a place if one is free and nobody waits for it.
    pub(super) fn take(&self) -> Option<Slot> {
        let mut inner = self.lock();
        if inner.free <= 0 || !inner.waiting.is_empty() {
            return None;
        }
        inner.free -= 1;
        Some(Slot { slots: self.clone() })
    }

    /// Takes a place even if none is free: for work that is already under way.
    pub(super) fn take_anyway(&self) -> Slot {
        self.lock().free -= 1;
        Slot { slots: self.clone() }
    }

    /// Waits in line; the number leaves the line again. A place that was freed
    /// since [`Slots::take`] found none is given at once: its holder saw no line.
    pub(super) fn wait(&self, wake: Wake) -> u64 {
        let mut inner = self.lock();
        let ticket = inner.next;
        inner.next += 1;
        if inner.free > 0 && inner.waiting.is_empty() {
            inner.free -= 1;
            drop(inner);
            wake(Slot { slots: self.clone() });
        } else {
            inner.waiting.push_back((ticket, wake));
        }
        ticket
    }

    /// Leaves the line.
    pub(super) fn leave(&self, ticket: u64) {
        self.lock().waiting.retain(|(other, _)| *other != ticket);
    }

    /// Places that are held, and how many wait.
    pub(super) fn waiting(&self) -> usize {
        self.lock().waiting.len()
    }
}

impl Drop for Slot {
    fn drop(&mut self) {
        let woken = {
            let mut inner = self.slots.lock();
            inner.free += 1;
            if inner.free > 0 {
                let next = inner.waiting.pop_front();
                if next.is_some() {
                    inner.free -= 1;
                }
                next
            } else {
                None
            }
        };
        // Outside the lock: the woken side may drop the place at once.
        if let Some((_, wake)) = woken {
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
            slots.wait(Box::new(move |slot| tell.send((name, slot)).unwrap()));
        }
        drop(held);
        let (name, slot) = told.try_recv().unwrap();
        assert_eq!(name, "first");
        assert!(told.try_recv().is_err());
        drop(slot);
        assert_eq!(told.try_recv().unwrap().0, "second");
        assert!(slots.take().is_some());
    }

    #[test]
    fn who_waits_while_a_place_is_free_gets_it() {
        // It was freed after `take` had found none.
        let slots = Slots::new(1);
        let (tell, told) = channel();
        slots.wait(Box::new(move |slot| tell.send(slot).unwrap()));
        assert!(told.try_recv().is_ok());
        assert!(slots.take().is_some());
    }

    #[test]
    fn a_place_nobody_takes_up_is_free_again() {
        let slots = Slots::new(1);
        let held = slots.take().unwrap();
        slots.wait(Box::new(drop));
        drop(held);
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
        let ticket = slots.wait(Box::new(|_| panic!("left the line")));
        slots.leave(ticket);
        drop(held);
        assert_eq!(slots.waiting(), 0);
    }
}
