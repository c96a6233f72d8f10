//! What was seen to follow what: the log's counts, read once at the start and
//! counted on in memory, so that no call waits for a query.

use std::collections::HashMap;
use std::sync::{PoisonError, RwLock};

use crate::intelligence::Target;
use crate::intelligence::learning::{FollowUp, Followed};
use crate::store::SequenceRow;

/// Things called that are counted for. Ids of templates come from arguments, so
/// their number is the caller's to choose.
const MAX_FROM: usize = 5_000;
/// Things counted that followed one of them.
const MAX_TO: usize = 200;

#[derive(Debug, Clone, Copy, Default)]
struct Sum {
    frequency: u64,
    seconds: f64,
    successes: u64,
}

/// Counts of what followed what.
#[derive(Debug, Default)]
pub(super) struct FollowUps {
    by_from: RwLock<HashMap<Target, HashMap<Target, Sum>>>,
}

impl FollowUps {
    /// Adds what the log has.
    pub(super) fn read(&self, rows: &[SequenceRow]) {
        for row in rows {
            #[expect(clippy::cast_precision_loss, reason = "counts of calls are far below 2^53")]
            let seconds = row.mean_seconds * row.frequency as f64;
            let sum = Sum { frequency: row.frequency, seconds, successes: row.successes };
            self.add(Target::from_key(&row.from), Target::from_key(&row.to), sum);
        }
    }

    /// Counts one occurrence.
    pub(super) fn saw(&self, followed: &Followed) {
        let sum = Sum { frequency: 1, seconds: followed.seconds, successes: u64::from(followed.success) };
        self.add(followed.from.clone(), followed.to.clone(), sum);
    }

    fn add(&self, from: Target, to: Target, sum: Sum) {
        let mut by_from = self.by_from.write().unwrap_or_else(PoisonError::into_inner);
        if by_from.len() >= MAX_FROM && !by_from.contains_key(&from) {
            return;
        }
        let by_to = by_from.entry(from).or_default();
        if by_to.len() >= MAX_TO && !by_to.contains_key(&to) {
            return;
        }
        let known = by_to.entry(to).or_default();
        known.frequency += sum.frequency;
        known.seconds += sum.seconds;
        known.successes += sum.successes;
    }

    /// What followed `from`, most frequent first.
    #[expect(clippy::cast_precision_loss, reason = "counts of calls are far below 2^53")]
    pub(super) fn of(&self, from: &Target) -> Vec<FollowUp> {
        let by_from = self.by_from.read().unwrap_or_else(PoisonError::into_inner);
        let Some(by_to) = by_from.get(from) else { return Vec::new() };
        let from_total = by_to.values().map(|sum| sum.frequency).sum();
        let follow_up = |(to, sum): (&Target, &Sum)| FollowUp {
            from: from.clone(),
            to: to.clone(),
            frequency: sum.frequency,
            from_total,
            mean_seconds: sum.seconds / sum.frequency.max(1) as f64,
            success_rate: sum.successes as f64 / sum.frequency.max(1) as f64,
        };
        let mut found: Vec<FollowUp> = by_to.iter().map(follow_up).collect();
        // The map has no order of its own: equals are put in that of their keys.
        found.sort_by(|one, other| other.frequency.cmp(&one.frequency).then_with(|| one.to.cmp(&other.to)));
        found
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::Timestamp;

    fn tool(name: &str) -> Target {
        Target::Tool(name.to_owned())
    }

    fn saw(follow_ups: &FollowUps, from: &str, to: &str, success: bool) {
        let (from, to) = (Target::from_key(from), Target::from_key(to));
        follow_ups.saw(&Followed { id: "i".to_owned(), from, to, seconds: 4.0, success });
    }

    #[test]
    fn what_the_log_has_is_counted_on() {
        let follow_ups = FollowUps::default();
        follow_ups.read(&[SequenceRow {
            from: "a".to_owned(),
            to: "workflow:w".to_owned(),
            frequency: 2,
            from_total: 2,
            mean_seconds: 1.0,
            successes: 2,
            last_seen: Timestamp(0),
        }]);
        saw(&follow_ups, "a", "workflow:w", false);
        saw(&follow_ups, "a", "b", true);
        let found = follow_ups.of(&tool("a"));
        assert_eq!(found.len(), 2);
        let first = &found[0];
        assert_eq!(first.to, Target::Workflow("w".to_owned()));
        assert_eq!((first.frequency, first.from_total), (3, 4));
        assert!((first.mean_seconds - 2.0).abs() < 1e-9 && (first.success_rate - 2.0 / 3.0).abs() < 1e-9);
        assert_eq!(follow_ups.of(&tool("b")), []);
    }

    #[test]
    fn memory_is_bounded_whatever_callers_call() {
        let follow_ups = FollowUps::default();
        for n in 0..MAX_TO + 50 {
            saw(&follow_ups, "a", &format!("workflow:{n}"), true);
        }
        assert_eq!(follow_ups.of(&tool("a")).len(), MAX_TO);
        saw(&follow_ups, "a", "workflow:7", true);
        assert_eq!(follow_ups.of(&tool("a"))[0].frequency, 2, "what is known is still counted");
    }
}
