//! Texts in memory, by hash, the least recently used dropped first.
//!
//! A text is under its own hash, so what is here is right for every run, and a
//! text that is still on its way to the disk can be read already.

use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, Mutex, PoisonError};

/// A bounded cache.
#[derive(Debug)]
pub(crate) struct BodyCache {
    limit: usize,
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    texts: HashMap<Arc<str>, (Arc<str>, u64)>,
    /// Hashes by when they were last used.
    used: BTreeMap<u64, Arc<str>>,
    bytes: usize,
    clock: u64,
}

impl BodyCache {
    /// A cache of at most `limit` bytes of text.
    pub(crate) fn new(limit: usize) -> Self {
        Self { limit, state: Mutex::default() }
    }

    pub(crate) fn get(&self, hash: &str) -> Option<Arc<str>> {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        let state = &mut *state;
        let (key, (text, used)) = state.texts.get_key_value(hash)?;
        let (key, text, used) = (Arc::clone(key), Arc::clone(text), *used);
        state.touch(key, &text, used);
        Some(text)
    }

    pub(crate) fn put(&self, hash: &Arc<str>, text: &Arc<str>) {
        // One text must not drive out all the others.
        if text.len() > self.limit / 4 {
            return;
        }
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        let used = state.texts.get(hash).map(|(_, used)| *used);
        if used.is_none() {
            state.bytes += text.len();
        }
        // The clock starts at 1, so 0 was never used.
        state.touch(Arc::clone(hash), text, used.unwrap_or(0));
        while state.bytes > self.limit {
            let Some((_, oldest)) = state.used.pop_first() else { break };
            if let Some((text, _)) = state.texts.remove(&oldest) {
                state.bytes -= text.len();
            }
        }
    }
}

impl State {
    fn touch(&mut self, hash: Arc<str>, text: &Arc<str>, used: u64) {
        self.used.remove(&used);
        self.clock += 1;
        self.used.insert(self.clock, Arc::clone(&hash));
        self.texts.insert(hash, (Arc::clone(text), self.clock));
    }
}

#[cfg(test)]
mod tests {
    use super::BodyCache;
    use std::sync::Arc;

    #[test]
    fn the_least_recently_used_text_goes_first_and_the_bound_holds() {
        let cache = BodyCache::new(400);
        let put = |name: &str, bytes: usize| cache.put(&Arc::from(name), &Arc::from("x".repeat(bytes)));
        for name in ["a", "b", "c", "d"] {
            put(name, 100);
        }
        assert!(cache.get("a").is_some());
        put("e", 100);
        assert!(cache.get("b").is_none(), "b was used longest ago");
        assert!(["a", "c", "d", "e"].iter().all(|name| cache.get(name).is_some()));
        put("large", 101);
        assert!(cache.get("large").is_none(), "over a quarter of the cache");
        put("a", 100);
        assert_eq!(cache.state.lock().unwrap().bytes, 400);
    }
}
