//! What a series of kills met.

use std::fmt;
use std::time::Duration;

#[derive(Debug, Default)]
pub(crate) struct Tally {
    pub(crate) kills: u32,
    /// Before the run was on the disk.
    pub(crate) before_the_run: u32,
    /// After its end.
    pub(crate) after_the_end: u32,
    /// With at least one step on record as started and not as ended.
    pub(crate) in_flight: u32,
    /// Steps in flight.
    pub(crate) steps_in_flight: u32,
    /// Unsafe ones of them, each of which asked.
    pub(crate) asked: u32,
    /// Safe ones of them, which were called again.
    pub(crate) repeated: u32,
    /// Completed on record, none of which was called again.
    pub(crate) completed: u32,
    /// Went on with no call at all, after the first request.
    pub(crate) went_on_uncalled: u32,
    /// Runs of several lives each.
    pub(crate) runs: u32,
    /// Questions answered with retry, done and fail.
    pub(crate) answers: [u32; 3],
    /// Kills that left processes behind, for the guard.
    pub(crate) with_processes: u32,
    /// From the kill until nothing was left.
    pub(crate) slowest_until_gone: Duration,
    /// From the start of a life to the first call of a server.
    pub(crate) slowest_until_on: Duration,
}

impl Tally {
    /// That of another series is added.
    pub(crate) fn add(&mut self, other: &Self) {
        self.kills += other.kills;
        self.before_the_run += other.before_the_run;
        self.after_the_end += other.after_the_end;
        self.in_flight += other.in_flight;
        self.steps_in_flight += other.steps_in_flight;
        self.asked += other.asked;
        self.repeated += other.repeated;
        self.completed += other.completed;
        self.went_on_uncalled += other.went_on_uncalled;
        self.runs += other.runs;
        for (sum, times) in self.answers.iter_mut().zip(other.answers) {
            *sum += times;
        }
        self.with_processes += other.with_processes;
        self.slowest_until_gone = self.slowest_until_gone.max(other.slowest_until_gone);
        self.slowest_until_on = self.slowest_until_on.max(other.slowest_until_on);
    }

    /// Fails when too few kills say anything: fewer than 30 in 100 met a step in flight, or none did.
    pub(crate) fn check(&self) {
        let enough = if self.kills < 20 { 1 } else { self.kills * 3 / 10 };
        assert!(self.in_flight >= enough, "too few kills met a step in flight: {self}");
        assert!(self.kills < 20 || (self.asked > 0 && self.repeated > 0), "{self}");
    }
}

impl fmt::Display for Tally {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} kills: ", self.kills)?;
        if self.runs == 0 {
            write!(f, "{} before the run was durable, {} after its end, ", self.before_the_run, self.after_the_end)?;
        }
        write!(
            f,
            "{} with steps in flight ({} steps: {} unsafe asked, {} safe repeated); {} completed steps, none called again",
            self.in_flight, self.steps_in_flight, self.asked, self.repeated, self.completed,
        )?;
        if self.runs == 0 {
            return write!(f, "; {} went on without a call", self.went_on_uncalled);
        }
        let [retry, done, fail] = self.answers;
        write!(
            f,
            " in {} runs; answered {retry} retry, {done} done, {fail} fail; {} left processes behind, gone after {} ms \
             at most; went on after {} ms at most",
            self.runs,
            self.with_processes,
            self.slowest_until_gone.as_millis(),
            self.slowest_until_on.as_millis(),
        )
    }
}
