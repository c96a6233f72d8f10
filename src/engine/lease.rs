//! The lease on runs (P4): renewing our own, and noticing that another
//! process's stands still.
//!
//! A lease is a counter that its owner counts on, no time of anybody's clock.
//! Who has seen it stand still for long enough on its own monotonic clock may
//! take the run over. Must not take anything itself: `adopt.rs` does.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use super::shared::Shared;
use crate::store::OpenRun;

/// How often a process counts its lease on while one passes.
const RENEWALS: u32 = 4;

/// The longest time between two looks that counts in full. A process that was
/// itself stopped meanwhile must not take its own sleep for the owner's.
const LONGEST_GAP: Duration = Duration::from_secs(1);

/// Counts the lease of this process on for as long as it drives runs, and lets
/// go of those that it has lost. A second call does nothing.
pub(super) fn keep(shared: &Arc<Shared>) {
    if shared.leased.swap(true, Ordering::SeqCst) {
        return;
    }
    let shared_here = shared.clone();
    shared.tasks.spawn(async move {
        let shared = shared_here;
        let mut told = false;
        loop {
            tokio::select! {
                () = tokio::time::sleep(shared.lease / RENEWALS) => {}
                () = shared.stopping.cancelled() => return,
            }
            // Before the question: a run that is made meanwhile is not in the answer.
            let driven = shared.epochs();
            if driven.is_empty() {
                continue;
            }
            match shared.store.renew(&shared.process).await {
                Ok(owned) => {
                    told = false;
                    let owned: HashMap<Arc<str>, u64> = owned.into_iter().collect();
                    for (run, _) in driven.iter().filter(|(run, epoch)| owned.get(run) != Some(epoch)) {
                        shared.taken_over(run);
                    }
                }
                Err(error) if !told => {
                    told = true;
                    tracing::warn!(%error, "the lease on the runs cannot be renewed; told once");
                }
                Err(_) => {}
            }
        }
    });
}

/// Whether what was decided may still be sent. A process that was stopped
/// between its commit and the call may have lost the run meanwhile.
pub(super) struct Ours {
    shared: Arc<Shared>,
    run: Arc<str>,
    epoch: u64,
    since: Duration,
}

impl Ours {
    /// Of a run that was owned at `since` of the monotonic clock.
    pub(super) fn since(shared: &Arc<Shared>, run: &Arc<str>, epoch: u64, since: Duration) -> Self {
        Self { shared: shared.clone(), run: run.clone(), epoch, since }
    }

    /// Asks the store only when so much time has passed that somebody may have taken the run.
    pub(super) async fn hold(&self) -> bool {
        let Shared { clock, lease, store, process, .. } = &*self.shared;
        if clock.monotonic().saturating_sub(self.since) <= *lease / 2 {
            return true;
        }
        // What cannot be asked now was committed, and is sent.
        store.run(&self.run).await.map_or(true, |row| {
            row.is_some_and(|row| row.epoch == self.epoch && row.owner.as_deref() == Some(&**process))
        })
    }
}

/// What was seen of the leases of other processes.
pub(super) struct Watch {
    lease: Duration,
    last: Option<Duration>,
    seen: HashMap<Arc<str>, Seen>,
}

struct Seen {
    epoch: u64,
    renewals: u64,
    /// So long it has stood there.
    still: Duration,
}

impl Watch {
    pub(super) fn new(lease: Duration) -> Self {
        Self { lease, last: None, seen: HashMap::new() }
    }

    /// Takes note of runs of living processes, at `now` of the monotonic clock.
    /// Those that are not named any more are forgotten.
    pub(super) fn look<'r>(&mut self, now: Duration, runs: impl Iterator<Item = &'r OpenRun>) {
        let gap = self.last.map_or(Duration::ZERO, |last| now.saturating_sub(last).min(LONGEST_GAP));
        self.last = Some(now);
        let mut before = std::mem::take(&mut self.seen);
        for run in runs {
            let still = match before.remove(&run.run) {
                Some(seen) if (seen.epoch, seen.renewals) == (run.epoch, run.renewals) => seen.still + gap,
                Some(_) | None => Duration::ZERO,
            };
            self.seen.insert(run.run.clone(), Seen { epoch: run.epoch, renewals: run.renewals, still });
        }
    }

    /// Whether a run's lease has stood still for long enough.
    pub(super) fn stalled(&self, run: &OpenRun) -> bool {
        self.seen
            .get(&run.run)
            .is_some_and(|seen| (seen.epoch, seen.renewals) == (run.epoch, run.renewals) && seen.still >= self.lease)
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::Watch;
    use crate::store::OpenRun;

    fn run(epoch: u64, renewals: u64) -> OpenRun {
        OpenRun { run: "r".into(), owner: Some("one".into()), epoch, renewals }
    }

    /// Looks at half-seconds, as long as `runs` lasts; whether the last is stalled.
    fn seen(watch: &mut Watch, from: u64, runs: &[OpenRun]) -> bool {
        for (at, run) in (from..).zip(runs) {
            watch.look(Duration::from_millis(at * 500), [run].into_iter());
        }
        watch.stalled(runs.last().unwrap())
    }

    #[test]
    fn a_lease_that_stands_still_for_its_length_is_lost() {
        let mut watch = Watch::new(Duration::from_secs(2));
        assert!(!seen(&mut watch, 0, &[run(1, 7), run(1, 7), run(1, 7), run(1, 7)]));
        assert!(seen(&mut watch, 4, &[run(1, 7)]));
    }

    #[test]
    fn a_renewal_or_another_owner_begins_anew() {
        for other in [run(1, 8), run(2, 7)] {
            let mut watch = Watch::new(Duration::from_secs(2));
            let looks = [run(1, 7), run(1, 7), run(1, 7), run(1, 7), other.clone(), other];
            assert!(!seen(&mut watch, 0, &looks));
        }
    }

    #[test]
    fn the_sleep_of_the_process_that_watches_is_not_held_against_the_owner() {
        let mut watch = Watch::new(Duration::from_secs(10));
        watch.look(Duration::ZERO, [run(1, 7)].iter());
        watch.look(Duration::from_hours(1), [run(1, 7)].iter());
        assert!(!watch.stalled(&run(1, 7)));
    }

    #[test]
    fn a_lease_that_moved_since_it_was_seen_is_not_lost() {
        let mut watch = Watch::new(Duration::from_secs(1));
        assert!(seen(&mut watch, 0, &[run(1, 7), run(1, 7), run(1, 7)]));
        assert!(!watch.stalled(&run(1, 8)));
    }
}
