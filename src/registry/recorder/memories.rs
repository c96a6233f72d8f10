//! What is remembered of each session, for the sessions seen last.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use indexmap::IndexMap;
use serde_json::Value;

use super::GET_RECOMMENDATIONS;
use crate::base::ErrorKind;
use crate::base::json::Object;
use crate::intelligence::learning::SessionMemory;
use crate::registry::observer::{Finished, Started};

/// Sessions remembered: clients name themselves, so their number is theirs to
/// choose. The one not seen for longest goes.
const MAX_SESSIONS: usize = 256;
/// Larger answers are not kept for `get_recommendations`.
const LARGEST_ANSWER: u64 = 64 * 1024;

/// The last call of a session.
#[derive(Debug, Clone)]
pub(super) struct Last {
    pub(super) tool: String,
    pub(super) arguments: Object,
    /// None when it was large, or a server's.
    pub(super) result: Option<Value>,
    pub(super) error: Option<ErrorKind>,
}

/// What is remembered of one session.
#[derive(Debug, Default)]
pub(super) struct Memory {
    pub(super) session: SessionMemory,
    pub(super) last: Option<Last>,
}

impl Memory {
    /// Keeps the call as the last one. Asking for advice is not a step of the work.
    pub(super) fn note(&mut self, call: &Started, end: &Finished<'_>, bytes: u64) {
        if matches!(call.tool.as_str(), GET_RECOMMENDATIONS | "get_learning_analytics") {
            return;
        }
        // The rules look into answers of our own tools, and into failures.
        let of_use = (call.set.is_ours() || !end.success()) && bytes <= LARGEST_ANSWER;
        self.last = Some(Last {
            tool: call.tool.clone(),
            arguments: call.parameters.clone(),
            result: end.output.structured.as_ref().filter(|_| of_use).cloned(),
            error: end.error_kind,
        });
    }
}

/// The memory of one session, shared by its calls.
#[derive(Debug, Clone, Default)]
pub(super) struct Shared(Arc<Mutex<Memory>>);

impl Shared {
    pub(super) fn lock(&self) -> MutexGuard<'_, Memory> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// All sessions remembered, the one seen last at the end.
#[derive(Debug, Default)]
pub(super) struct Memories {
    by_id: Mutex<IndexMap<String, Shared>>,
}

impl Memories {
    /// The memory of a session, new where it is not known.
    pub(super) fn of(&self, session: &str) -> Shared {
        let mut by_id = self.by_id.lock().unwrap_or_else(PoisonError::into_inner);
        let memory = match by_id.get_index_of(session) {
            Some(at) => {
                let end = by_id.len() - 1;
                by_id.move_index(at, end);
                by_id.get_index(end).map(|(_, memory)| memory.clone()).unwrap_or_default()
            }
            None => by_id.entry(session.to_owned()).or_default().clone(),
        };
        if by_id.len() > MAX_SESSIONS {
            by_id.shift_remove_index(0);
        }
        memory
    }

    /// The memory of a session that has made a call.
    pub(super) fn find(&self, session: &str) -> Option<Shared> {
        self.by_id.lock().unwrap_or_else(PoisonError::into_inner).get(session).cloned()
    }
}

#[cfg(test)]
mod tests {
    use super::{Last, MAX_SESSIONS, Memories};
    use crate::base::json::Object;

    #[test]
    fn the_session_not_seen_for_longest_is_forgotten() {
        let memories = Memories::default();
        let last = Last { tool: "t".to_owned(), arguments: Object::new(), result: None, error: None };
        for session in ["kept", "forgotten"] {
            memories.of(session).lock().last = Some(last.clone());
        }
        for n in 0..MAX_SESSIONS - 1 {
            memories.of("kept");
            memories.of(&n.to_string());
        }
        assert!(memories.find("kept").is_some_and(|memory| memory.lock().last.is_some()));
        assert!(memories.find("forgotten").is_none());
    }
}
