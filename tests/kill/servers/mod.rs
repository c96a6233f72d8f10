//! The binary itself, killed again and again while its runs call two servers
//! that keep a ledger. One data folder lives on through all lives of a series;
//! the last one is left alone until every run has ended.
//!
//! What the runs do is in `errand.rs`, one life in `life.rs`, what must be gone
//! after it in `left.rs`, what must be true of disk and ledger at each kill in
//! `story.rs` and at the end in `verdict.rs`.

mod errand;
mod left;
mod life;
mod story;
mod verdict;

use std::time::Duration;

use sequitur::base::{Entropy as _, ManualEntropy};

use crate::client::Era;
use crate::ledger_server::Book;
use crate::record::Whole;
use crate::rounds::seed;
use crate::tally::Tally;
use crate::workplace::Workplace;
use left::Leftovers;
use life::{Lived, Moment};
use story::Story;

/// Of so many lives one is killed only after it has made a call.
const PATIENT: u32 = 5;

/// Kills `kills` lives, in several series side by side.
pub(crate) fn kill_and_go_on(kills: u32, series: u32) {
    let seed = seed();
    println!("seed {seed} (SEQUITUR_KILL_SEED repeats it)");
    let mut tally = Tally::default();
    std::thread::scope(|scope| {
        let each = |one: u32| {
            let kills = kills / series + u32::from(one < kills % series);
            scope.spawn(move || Series::new(seed.wrapping_add(u64::from(one))).run(kills))
        };
        let running: Vec<_> = (0..series).map(each).collect();
        for one in running {
            tally.add(&one.join().unwrap());
        }
    });
    println!("{tally}");
    tally.check();
    assert!(tally.with_processes * 10 >= tally.kills * 3, "too few kills left a process behind: {tally}");
    assert!(kills < 20 || tally.answers.iter().all(|times| *times > 0), "{tally}");
}

struct Series {
    workplace: Workplace,
    entropy: ManualEntropy,
    story: Story,
    tally: Tally,
}

impl Series {
    fn new(seed: u64) -> Self {
        Self {
            workplace: errand::workplace(),
            entropy: ManualEntropy::new(seed),
            story: Story::default(),
            tally: Tally::default(),
        }
    }

    fn run(mut self, kills: u32) -> Tally {
        // One that nobody kills tells how long it takes to get going.
        self.story.new_run();
        let boot = self.last(|_, _| {});
        let window = (boot * 4).max(Duration::from_millis(600));
        println!("the first call is made after {} ms; kills within {} ms", boot.as_millis(), window.as_millis());
        for kill in 0..kills {
            let moment = match kill % PATIENT {
                0 => Moment::AfterCall(window.mul_f64(self.entropy.unit() / 2.0)),
                _ => Moment::AfterStart(window.mul_f64(self.entropy.unit())),
            };
            let era = if self.entropy.unit() < 0.5 { Era::Legacy } else { Era::Modern };
            self.kill(moment, era);
        }
        self.last(verdict::results);
        verdict::all(&self.story, &Whole::read(&self.workplace), &self.book().read(), &mut self.tally);
        self.tally
    }

    fn book(&self) -> Book {
        Book::at(&errand::book(self.workplace.folder()))
    }

    fn kill(&mut self, moment: Moment, era: Era) {
        let lived = life::until(moment, era, &self.workplace, &mut self.story);
        let left = Leftovers::of(self.workplace.folder());
        let whole = self.gone(&lived, left);
        self.story.killed(&whole, &self.book().read(), &mut self.tally);
    }

    /// A life that leaves by itself when every run has ended; how long its first call took.
    fn last(&mut self, more: impl FnOnce(&mut crate::client::Client, &Story)) -> Duration {
        let lived = life::to_the_end(&self.workplace, &mut self.story, more);
        let left = Leftovers::of(self.workplace.folder());
        self.gone(&lived, left);
        lived.went_on_after.unwrap_or_default()
    }

    fn gone(&mut self, lived: &Lived, left: Leftovers) -> Whole {
        let whole = Whole::read(&self.workplace);
        let sessions: Vec<String> =
            whole.processes.iter().filter(|(_, pid)| *pid == lived.pid).map(|(session, _)| session.clone()).collect();
        let (processes, took) = left.gone(&sessions);
        self.tally.with_processes += u32::from(processes > 0);
        self.tally.slowest_until_gone = self.tally.slowest_until_gone.max(took);
        let went_on = lived.went_on_after.unwrap_or_default();
        self.tally.slowest_until_on = self.tally.slowest_until_on.max(went_on);
        for fault in ["cannot be taken over", "ended by a fault", "panicked", "cannot be killed"] {
            assert!(!lived.log.contains(fault), "{}", lived.log);
        }
        whole
    }
}
