//! What was seen to follow what, and how much it is to be believed.

use serde::{Deserialize, Serialize};

use crate::intelligence::target::Target;

/// Occurrences from which a follow-up is learned.
pub const LEARNED_FROM: u64 = 3;
/// Calls that did not follow, assumed before the first is seen: so much doubt
/// that three of three just reach the default minimum confidence of 0.6.
const PRIOR: u64 = 2;

/// One tool or workflow seen after another in the same session.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct FollowUp {
    /// What was called.
    pub from: Target,
    /// What was called next.
    pub to: Target,
    /// How often.
    pub frequency: u64,
    /// How often anything was called after `from`.
    pub from_total: u64,
    /// Mean time between the end of the one and the start of the other.
    pub mean_seconds: f64,
    /// Share of the calls of `to` here that succeeded, 0 to 1.
    pub success_rate: f64,
}

impl FollowUp {
    /// Whether it occurred often enough to be believed at all.
    #[must_use]
    pub fn learned(&self) -> bool {
        self.frequency >= LEARNED_FROM
    }

    /// The chance that `to` comes after `from`: `frequency / (from_total + 2)`,
    /// the share of what followed, shrunk by two calls that did not.
    #[must_use]
    #[expect(clippy::cast_precision_loss, reason = "counts of calls are far below 2^53")]
    pub fn confidence(&self) -> f64 {
        // Counts that another process is writing may be apart for a moment.
        let total = self.from_total.max(self.frequency);
        self.frequency as f64 / (total + PRIOR) as f64
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn seen(frequency: u64, from_total: u64) -> FollowUp {
        FollowUp {
            from: Target::Tool("a".to_owned()),
            to: Target::Tool("b".to_owned()),
            frequency,
            from_total,
            mean_seconds: 1.0,
            success_rate: 1.0,
        }
    }

    #[test]
    fn a_follow_up_is_learned_from_the_third_occurrence_on() {
        assert!(!seen(2, 2).learned());
        assert!(seen(3, 3).learned());
    }

    #[test]
    #[expect(clippy::float_cmp, reason = "quotients of small integers are exact to the last bit")]
    fn confidence_is_the_share_of_what_followed_shrunk_by_two() {
        assert_eq!(seen(3, 3).confidence(), 0.6);
        assert_eq!(seen(8, 18).confidence(), 0.4);
        assert_eq!(seen(98, 98).confidence(), 0.98);
        assert_eq!(seen(5, 0).confidence(), 5.0 / 7.0);
    }
}
