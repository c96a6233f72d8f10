//! Places for calls that begin: so many begin at once, and one that takes long
//! loses its place to those that wait, so that it holds up nobody.
//!
//! A timer for each call would wake the thread that serves once more with each:
//! it is those who wait that look whose time is over.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::time::Duration;

use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::Instant;

/// Calls that begin at once.
const PLACES: usize = 128;
/// How long a place is held at most when others wait for one.
const HELD: Duration = Duration::from_millis(500);

/// All places.
pub(super) struct Places {
    free: Arc<Semaphore>,
    /// In the order in which they were taken.
    held: Mutex<VecDeque<Held>>,
}

struct Held {
    until: Instant,
    place: Weak<Permit>,
}

type Permit = Mutex<Option<OwnedSemaphorePermit>>;

/// A place that was taken; dropping it gives it back.
pub(super) struct Place {
    _permit: Arc<Permit>,
}

impl Places {
    pub(super) fn new() -> Self {
        Self { free: Arc::new(Semaphore::new(PLACES)), held: Mutex::default() }
    }

    /// Takes a place; those who wait are served in their order.
    pub(super) async fn take(&self) -> Place {
        let permit = match Arc::clone(&self.free).try_acquire_owned() {
            Ok(permit) => Some(permit),
            Err(_) => self.wait().await,
        };
        let permit = Arc::new(Mutex::new(permit));
        let now = now();
        let mut held = self.held();
        give_up(&mut held, now);
        held.push_back(Held { until: now + HELD, place: Arc::downgrade(&permit) });
        drop(held);
        Place { _permit: permit }
    }

    /// `None` cannot come: the semaphore is never closed.
    async fn wait(&self) -> Option<OwnedSemaphorePermit> {
        let free = Arc::clone(&self.free).acquire_owned();
        tokio::pin!(free);
        loop {
            let next = self.held().front().map_or_else(|| now() + HELD, |held| held.until);
            tokio::select! {
                biased;
                permit = &mut free => return permit.ok(),
                () = tokio::time::sleep_until(next) => give_up(&mut self.held(), now()),
            }
        }
    }

    fn held(&self) -> MutexGuard<'_, VecDeque<Held>> {
        self.held.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Gives back the places whose time is over, and forgets those that were given back.
fn give_up(held: &mut VecDeque<Held>, now: Instant) {
    while let Some(first) = held.front()
        && (first.until <= now || first.place.strong_count() == 0)
    {
        if let Some(place) = held.pop_front().and_then(|first| first.place.upgrade()) {
            drop(place.lock().unwrap_or_else(PoisonError::into_inner).take());
        }
    }
}

/// The runtime's own clock, which is what its timers go by.
#[expect(clippy::disallowed_methods, reason = "compared with tokio's timers only, and stands still with them in tests")]
fn now() -> Instant {
    Instant::now()
}

#[cfg(test)]
mod tests {
    use futures::FutureExt as _;

    use super::{HELD, PLACES, Places, now};

    #[tokio::test(start_paused = true)]
    async fn a_place_that_is_held_for_long_goes_to_who_waits() {
        let places = Places::new();
        let mut all = Vec::new();
        for _ in 0..PLACES {
            all.push(places.take().await);
        }
        assert!(places.take().now_or_never().is_none(), "all are taken");
        all.pop();
        all.push(places.take().now_or_never().expect("one was given back"));
        let begun = now();
        for _ in 0..PLACES {
            all.push(places.take().await);
        }
        assert!(now() - begun >= HELD && now() - begun < HELD * 2, "all at one time");
        drop(all);
        for _ in 0..PLACES {
            drop(places.take().now_or_never().expect("free again"));
        }
        assert!(places.held().len() <= 1, "what was given back is forgotten");
    }
}
