//! All tools by name.

use std::collections::HashMap;
use std::sync::{Arc, OnceLock};

use super::arguments::Check;
use super::provider::{Listed, Provider};
use crate::contract::{Pinned, ToolDefinition};
use crate::intelligence::Entry as Suggestible;

/// One callable tool.
pub(super) struct Entry {
    pub(super) listed: Listed,
    pub(super) provider: Arc<dyn Provider>,
    check: OnceLock<Option<Check>>,
    pinned: OnceLock<Pinned>,
}

impl Entry {
    /// What is recorded of a call, computed once.
    pub(super) fn pinned(&self) -> &Pinned {
        self.pinned.get_or_init(|| Pinned::of(&self.listed.definition))
    }

    /// The compiled schema, compiled at the first call: starting must be
    /// quick. `None` when it cannot be compiled, which only a schema from
    /// outside can do; such a call goes on unchecked.
    pub(super) fn check(&self) -> Option<&Check> {
        self.check
            .get_or_init(|| match Check::compile(&self.listed.definition.input_schema) {
                Ok(check) => Some(check),
                Err(reason) => {
                    tracing::warn!(tool = self.listed.definition.name, reason, "arguments cannot be checked");
                    None
                }
            })
            .as_ref()
    }
}

/// A tool that is not in the catalogue because its name is taken.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refused {
    /// The name.
    pub name: String,
    /// Why, in a sentence.
    pub reason: String,
}

/// All tools, in the order of their providers.
#[derive(Default)]
pub(super) struct Catalogue {
    entries: Vec<Arc<Entry>>,
    by_name: HashMap<String, Arc<Entry>>,
    suggestible: OnceLock<Arc<[Suggestible]>>,
    pub(super) refused: Vec<Refused>,
}

impl Catalogue {
    /// Asks every provider. Of two tools with one name the later is refused.
    /// What `before` compiled is kept where the tool is the same.
    pub(super) fn build(providers: &[Arc<dyn Provider>], before: &Self) -> Self {
        let mut made = Self::default();
        for provider in providers {
            for listed in provider.tools() {
                let name = listed.definition.name.clone();
                if made.by_name.contains_key(&name) {
                    let reason = format!("another tool is already called `{name}`");
                    tracing::warn!(tool = name, "refused: the name is taken");
                    made.refused.push(Refused { name, reason });
                    continue;
                }
                let same = before
                    .by_name
                    .get(&name)
                    .filter(|entry| entry.listed == listed && Arc::ptr_eq(&entry.provider, provider));
                let entry = same.cloned().unwrap_or_else(|| {
                    Arc::new(Entry {
                        listed,
                        provider: Arc::clone(provider),
                        check: OnceLock::new(),
                        pinned: OnceLock::new(),
                    })
                });
                made.entries.push(Arc::clone(&entry));
                made.by_name.insert(name, entry);
            }
        }
        made
    }

    pub(super) fn get(&self, name: &str) -> Option<&Arc<Entry>> {
        self.by_name.get(name)
    }

    pub(super) fn names(&self) -> impl Iterator<Item = &str> {
        self.entries.iter().map(|entry| entry.listed.definition.name.as_str())
    }

    /// The tools as what can be proposed, made when first asked for.
    pub(super) fn entries(&self) -> Arc<[Suggestible]> {
        Arc::clone(self.suggestible.get_or_init(|| {
            // A tool that relays is a way, not a step.
            let steps = self.listed().filter(|listed| !listed.relays);
            steps.map(|listed| suggestible(&listed.definition)).collect()
        }))
    }

    pub(super) fn listed(&self) -> impl Iterator<Item = &Listed> {
        self.entries.iter().map(|entry| &entry.listed)
    }
}

fn suggestible(definition: &ToolDefinition) -> Suggestible {
    let properties = definition.input_schema.get("properties").and_then(serde_json::Value::as_object);
    Suggestible {
        name: definition.name.clone(),
        description: definition.description.clone(),
        parameters: properties.into_iter().flat_map(|map| map.keys().cloned()).collect(),
        repeat_safe: definition.annotations.repeat_safe(),
    }
}
