//! The instants that runs of this process wait for: one list and one task for
//! all of them, whatever their number.
//!
//! They are instants of the wall clock, which may be set and goes on while the
//! machine sleeps: so it is looked at again and again, and not slept for as long
//! as it seems to take. Must not know what an instant is for.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::sync::{Notify, mpsc};

use super::driver::Message;
use super::shared::Shared;
use crate::base::Timestamp;
use crate::machine::Timer;

/// The clock is looked at at least this often while something is waited for.
const LOOK: Duration = Duration::from_secs(1);

/// The instants of all runs.
#[derive(Default)]
pub(super) struct Alarms {
    inner: Mutex<Inner>,
    changed: Notify,
}

#[derive(Default)]
struct Inner {
    by_run: BTreeMap<Arc<str>, Entry>,
    /// The first instant of each run.
    first: BTreeSet<(Timestamp, Arc<str>)>,
    /// Somebody looks at the clock.
    watched: bool,
}

struct Entry {
    /// In order.
    timers: Vec<(Timestamp, Timer)>,
    to: mpsc::UnboundedSender<Message>,
}

impl Inner {
    fn put(&mut self, run: &Arc<str>, entry: Option<Entry>) {
        if let Some(before) = self.by_run.remove(run)
            && let Some((at, _)) = before.timers.first()
        {
            self.first.remove(&(*at, run.clone()));
        }
        if let Some(entry) = entry
            && let Some((at, _)) = entry.timers.first()
        {
            self.first.insert((*at, run.clone()));
            self.by_run.insert(run.clone(), entry);
        }
    }

    /// Tells every run whose instant has come; the next instant there is.
    fn fire(&mut self, now: Timestamp) -> Option<Timestamp> {
        while let Some((at, run)) = self.first.first().cloned() {
            if at > now {
                return Some(at);
            }
            self.first.remove(&(at, run.clone()));
            let entry = self.by_run.remove(&run);
            let Some(Entry { mut timers, to }) = entry else { continue };
            let later = timers.split_off(timers.partition_point(|(at, _)| *at <= now));
            for (_, timer) in timers {
                // A run that has ended takes no messages.
                to.send(Message::Timer(timer)).ok();
            }
            self.put(&run, Some(Entry { timers: later, to }));
        }
        None
    }
}

impl Alarms {
    fn lock(&self) -> std::sync::MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What a run waits for by the clock, in place of what it did before.
    pub(super) fn set(
        &self,
        shared: &Arc<Shared>,
        run: &Arc<str>,
        mut timers: Vec<(Timestamp, Timer)>,
        to: &mpsc::UnboundedSender<Message>,
    ) {
        timers.sort();
        let mut inner = self.lock();
        let before = inner.by_run.get(run).map(|entry| entry.timers.as_slice()).unwrap_or_default();
        if before == timers {
            return;
        }
        let some = !timers.is_empty();
        inner.put(run, Some(Entry { timers, to: to.clone() }));
        if some && !std::mem::replace(&mut inner.watched, true) {
            shared.tasks.spawn(watch(shared.clone()));
        }
        drop(inner);
        self.changed.notify_one();
    }

    /// A run is no longer driven here.
    pub(super) fn forget(&self, run: &Arc<str>) {
        self.lock().put(run, None);
    }
}

/// Looks at the clock as long as something is waited for.
async fn watch(shared: Arc<Shared>) {
    loop {
        let next = {
            let mut inner = shared.alarms.lock();
            let next = inner.fire(shared.clock.now());
            inner.watched = next.is_some();
            next
        };
        let Some(next) = next else { return };
        let wait = next.since(shared.clock.now()).min(LOOK);
        tokio::select! {
            () = tokio::time::sleep(wait) => {}
            () = shared.alarms.changed.notified() => {}
            () = shared.stopping.cancelled() => return,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Entry, Inner};
    use crate::base::Timestamp;
    use crate::engine::driver::Message;
    use crate::machine::Timer;
    use std::sync::Arc;
    use tokio::sync::mpsc;

    fn fired(receiver: &mut mpsc::UnboundedReceiver<Message>) -> Vec<Timer> {
        let mut timers = Vec::new();
        while let Ok(Message::Timer(timer)) = receiver.try_recv() {
            timers.push(timer);
        }
        timers
    }

    #[test]
    fn an_instant_fires_once_and_never_before_it_has_come() {
        let (to, mut messages) = mpsc::unbounded_channel();
        let mut inner = Inner::default();
        let wait = |step: &str| Timer::Wait(step.into());
        let run: Arc<str> = "r".into();
        let timers = vec![(Timestamp(10), wait("a")), (Timestamp(10), wait("b")), (Timestamp(20), wait("c"))];
        inner.put(&run, Some(Entry { timers, to: to.clone() }));
        let other: Arc<str> = "s".into();
        inner.put(&other, Some(Entry { timers: vec![(Timestamp(15), wait("d"))], to }));
        assert_eq!((inner.fire(Timestamp(9)), fired(&mut messages)), (Some(Timestamp(10)), vec![]));
        assert_eq!(inner.fire(Timestamp(12)), Some(Timestamp(15)));
        assert_eq!(fired(&mut messages), [wait("a"), wait("b")]);
        // The clock is set back, then jumps.
        assert_eq!((inner.fire(Timestamp(1)), fired(&mut messages)), (Some(Timestamp(15)), vec![]));
        assert_eq!(inner.fire(Timestamp(99)), None);
        assert_eq!(fired(&mut messages), [wait("d"), wait("c")]);
        assert_eq!((inner.fire(Timestamp(200)), fired(&mut messages)), (None, vec![]));
        assert!(inner.by_run.is_empty() && inner.first.is_empty());
    }

    #[test]
    fn a_run_that_is_forgotten_is_told_nothing() {
        let (to, mut messages) = mpsc::unbounded_channel();
        let mut inner = Inner::default();
        let run: Arc<str> = "r".into();
        inner.put(&run, Some(Entry { timers: vec![(Timestamp(10), Timer::Wait("a".into()))], to }));
        inner.put(&run, None);
        assert_eq!((inner.fire(Timestamp(99)), fired(&mut messages)), (None, vec![]));
    }
}
