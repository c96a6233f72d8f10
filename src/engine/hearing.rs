//! Those who asked something of a run and wait to hear what became of it. Must
//! not know what is asked.

use std::collections::{BTreeMap, HashMap};

use tokio::sync::oneshot;

use crate::machine::Refused;

/// Refusals that are kept for askers who listen late.
const KEPT: usize = 64;

/// Who listens, and what was refused before anybody did.
#[derive(Default)]
pub(super) struct Hearing {
    listening: HashMap<i64, oneshot::Sender<Result<(), Refused>>>,
    refused: BTreeMap<i64, Refused>,
}

impl Hearing {
    /// Tells what became of a row: now when that is `decided`, else later.
    pub(super) fn listen(&mut self, row: i64, decided: bool, answer: oneshot::Sender<Result<(), Refused>>) {
        if decided {
            // The asker may have gone away.
            answer.send(self.refused.remove(&row).map_or(Ok(()), Err)).ok();
        } else {
            self.listening.insert(row, answer);
        }
    }

    /// A row was decided on, durably.
    pub(super) fn decided(&mut self, row: i64, refused: Option<Refused>) {
        if let Some(listener) = self.listening.remove(&row) {
            listener.send(refused.map_or(Ok(()), Err)).ok();
        } else if let Some(refused) = refused {
            self.refused.insert(row, refused);
            if self.refused.len() > KEPT {
                self.refused.pop_first();
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Hearing, KEPT};
    use crate::machine::Refused;
    use tokio::sync::oneshot;

    fn refused() -> Refused {
        Refused::NoTask { task: "a#1".to_owned() }
    }

    #[test]
    fn who_listens_after_a_refusal_hears_it_all_the_same() {
        let mut hearing = Hearing::default();
        hearing.decided(7, Some(refused()));
        hearing.decided(8, None);
        for (row, heard) in [(7, Err(refused())), (8, Ok(()))] {
            let (tell, mut told) = oneshot::channel();
            hearing.listen(row, true, tell);
            assert_eq!(told.try_recv().unwrap(), heard);
        }
    }

    #[test]
    fn who_listens_before_a_row_is_durably_decided_waits_for_it() {
        let mut hearing = Hearing::default();
        let (tell, mut told) = oneshot::channel();
        hearing.listen(7, false, tell);
        assert!(told.try_recv().is_err());
        hearing.decided(7, Some(refused()));
        assert_eq!(told.try_recv().unwrap(), Err(refused()));
    }

    #[test]
    fn refusals_that_nobody_asks_for_are_bounded() {
        let mut hearing = Hearing::default();
        for row in 0..200 {
            hearing.decided(row, Some(refused()));
        }
        assert_eq!(hearing.refused.len(), KEPT);
    }
}
