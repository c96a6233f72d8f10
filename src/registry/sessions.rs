//! What is kept for a session between its calls.

use std::sync::{Mutex, PoisonError};

use indexmap::IndexMap;

use crate::contract::Binding;

/// Clients name themselves in the modern era, so their number is theirs to
/// choose: the oldest goes when there are more.
const MAX_SESSIONS: usize = 256;

#[derive(Debug, Default, Clone)]
struct Session {
    binding: Option<Binding>,
    last_steps: Option<String>,
}

/// All sessions of this process.
#[derive(Debug, Default)]
pub(super) struct Sessions {
    by_id: Mutex<IndexMap<String, Session>>,
}

impl Sessions {
    pub(super) fn binding(&self, id: &str) -> Option<Binding> {
        self.read(id).and_then(|session| session.binding)
    }

    pub(super) fn bind(&self, id: &str, binding: Binding) {
        self.change(id, |session| session.binding = Some(binding));
    }

    /// The next steps last shown beside a server's answer.
    pub(super) fn last_steps(&self, id: &str) -> Option<String> {
        self.read(id).and_then(|session| session.last_steps)
    }

    pub(super) fn showed(&self, id: &str, steps: String) {
        self.change(id, |session| session.last_steps = Some(steps));
    }

    fn read(&self, id: &str) -> Option<Session> {
        self.by_id.lock().unwrap_or_else(PoisonError::into_inner).get(id).cloned()
    }

    fn change(&self, id: &str, change: impl FnOnce(&mut Session)) {
        let mut by_id = self.by_id.lock().unwrap_or_else(PoisonError::into_inner);
        change(by_id.entry(id.to_owned()).or_default());
        if by_id.len() > MAX_SESSIONS {
            by_id.shift_remove_index(0);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Sessions;
    use crate::contract::Binding;

    #[test]
    fn the_oldest_session_goes_when_there_are_too_many() {
        let sessions = Sessions::default();
        let binding = Binding { model_path: "/m".to_owned(), model_name: "m".to_owned(), fingerprint: String::new() };
        for n in 0..300 {
            sessions.bind(&n.to_string(), binding.clone());
        }
        assert_eq!(sessions.binding("0"), None);
        assert_eq!(sessions.binding("299"), Some(binding));
    }
}
