//! The values of one run: results, parameters, context. Values that are not
//! committed yet are here and nowhere else; others are read from the store when
//! an expression touches them.

use std::collections::{HashMap, VecDeque};
use std::sync::{Arc, Mutex, PoisonError};

use serde_json::Value;

use crate::base::json::Object;
use crate::machine::BodyRef;
use crate::store::Store;

/// Values up to this size stay parsed.
const KEPT_BYTES: u64 = 64 * 1024;
/// And this many of them.
const KEPT: usize = 256;
/// Lists of items that stay parsed, whatever their size: a loop within a loop
/// within a loop, and one beside.
const LISTS: usize = 4;

/// The values of one run.
pub(super) struct Bodies {
    store: Store,
    run: Arc<str>,
    fresh: HashMap<Arc<str>, Arc<str>>,
    parsed: Mutex<HashMap<Arc<str>, Arc<Value>>>,
    lists: Mutex<VecDeque<(Arc<str>, Arc<Value>)>>,
}

impl Bodies {
    pub(super) fn new(store: Store, run: Arc<str>) -> Self {
        Self { store, run, fresh: HashMap::new(), parsed: Mutex::default(), lists: Mutex::default() }
    }

    /// Keeps a value for the next commit.
    pub(super) fn put(&mut self, value: &Arc<Value>) -> BodyRef {
        self.put_text(value.to_string().into(), Some(value))
    }

    /// The same, its text at hand. Keys stand in it in the order in which they
    /// came: a call that is repeated from what is stored is equal to the byte.
    pub(super) fn put_text(&mut self, text: Arc<str>, value: Option<&Arc<Value>>) -> BodyRef {
        let body = BodyRef::of(&text);
        if let Some(value) = value {
            self.remember(&body, value);
        }
        self.fresh.insert(body.hash.clone(), text);
        body
    }

    /// The text of a value that is not committed yet.
    pub(super) fn fresh(&self, hash: &str) -> Option<&Arc<str>> {
        self.fresh.get(hash)
    }

    /// The last batch is committed.
    pub(super) fn committed(&mut self) {
        self.fresh.clear();
    }

    /// A value; the message says what is wrong with the store.
    pub(super) fn value(&self, body: &BodyRef) -> Result<Arc<Value>, String> {
        if let Some(value) = self.parsed().get(&body.hash) {
            return Ok(Arc::clone(value));
        }
        let text = match self.fresh.get(&body.hash) {
            Some(text) => Arc::clone(text),
            None => match self.store.body_now(&self.run, &body.hash) {
                Ok(Some(text)) => text,
                Ok(None) => return Err(format!("the body `{}` is not in the store", body.hash)),
                Err(error) => return Err(error.to_string()),
            },
        };
        let value = serde_json::from_str(&text).map_err(|error| format!("the body `{}`: {error}", body.hash))?;
        let value = Arc::new(value);
        self.remember(body, &value);
        Ok(value)
    }

    /// The items of a loop. They are asked for again and again, and may be too
    /// many to stay among the other values: the last few lists do.
    pub(super) fn list(&self, body: &BodyRef) -> Result<Arc<Value>, String> {
        let kept = |lists: &VecDeque<(Arc<str>, Arc<Value>)>| {
            lists.iter().find(|(hash, _)| *hash == body.hash).map(|(_, list)| Arc::clone(list))
        };
        if let Some(list) = kept(&self.lists.lock().unwrap_or_else(PoisonError::into_inner)) {
            return Ok(list);
        }
        let list = self.value(body)?;
        let mut lists = self.lists.lock().unwrap_or_else(PoisonError::into_inner);
        if lists.len() >= LISTS {
            lists.pop_front();
        }
        lists.push_back((body.hash.clone(), Arc::clone(&list)));
        Ok(list)
    }

    /// A value that is an object.
    pub(super) fn object(&self, body: &BodyRef) -> Result<Object, String> {
        match &*self.value(body)? {
            Value::Object(map) => Ok(map.clone()),
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) | Value::Array(_) => {
                Err(format!("the body `{}` is not an object", body.hash))
            }
        }
    }

    fn parsed(&self) -> std::sync::MutexGuard<'_, HashMap<Arc<str>, Arc<Value>>> {
        self.parsed.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn remember(&self, body: &BodyRef, value: &Arc<Value>) {
        if body.bytes > KEPT_BYTES {
            return;
        }
        let mut parsed = self.parsed();
        if parsed.len() >= KEPT {
            // Which one goes does not matter for what is computed, only for speed.
            parsed.clear();
        }
        parsed.insert(body.hash.clone(), Arc::clone(value));
    }
}
