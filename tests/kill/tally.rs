//! What a series of kills met.

use std::fmt;

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
}

impl fmt::Display for Tally {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{} kills: {} before the run was durable, {} after its end, {} with steps in flight ({} steps: {} unsafe asked, \
             {} safe repeated); {} completed steps, none called again; {} went on without a call",
            self.kills,
            self.before_the_run,
            self.after_the_end,
            self.in_flight,
            self.steps_in_flight,
            self.asked,
            self.repeated,
            self.completed,
            self.went_on_uncalled,
        )
    }
}
