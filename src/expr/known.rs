//! The names that a load-time reader of expressions must know: step ids,
//! parameters, context keys and loop names. Must not know what they hold.

use std::collections::BTreeSet;

/// Names that stand for the run's own values.
pub(super) const ROOTS: [&str; 10] =
    ["params", "context", "steps", "results", "result", "item", "index", "run", "error", "secrets"];

/// Words of the language; no id can be one.
pub(super) const WORDS: [&str; 13] =
    ["true", "True", "false", "False", "none", "None", "null", "and", "or", "not", "if", "else", "in"];

/// What names may be used in a template's expressions.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Known {
    pub(super) steps: BTreeSet<String>,
    pub(super) params: BTreeSet<String>,
    pub(super) context: BTreeSet<String>,
    pub(super) items: Vec<String>,
}

impl Known {
    /// Nothing but the fixed names.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds step ids: `<id>` is `steps.<id>.result`, and `${id.x}`, `$.id.x` are read.
    #[must_use]
    pub fn with_steps<S: Into<String>>(mut self, ids: impl IntoIterator<Item = S>) -> Self {
        self.steps.extend(ids.into_iter().map(Into::into));
        self
    }

    /// Adds declared parameters: a bare name that is nothing else becomes `params.<name>`.
    #[must_use]
    pub fn with_params<S: Into<String>>(mut self, names: impl IntoIterator<Item = S>) -> Self {
        self.params.extend(names.into_iter().map(Into::into));
        self
    }

    /// Adds context keys (start values and exports): a bare name that is
    /// nothing else, nor a parameter, becomes `context.<name>`.
    #[must_use]
    pub fn with_context<S: Into<String>>(mut self, names: impl IntoIterator<Item = S>) -> Self {
        self.context.extend(names.into_iter().map(Into::into));
        self
    }

    /// Adds a loop's `as` name.
    #[must_use]
    pub fn with_item(mut self, name: impl Into<String>) -> Self {
        self.items.push(name.into());
        self
    }

    /// Whether `name` is a name that a step, loop item or parameter must not take.
    #[must_use]
    pub fn is_reserved(name: &str) -> bool {
        ROOTS.contains(&name) || WORDS.contains(&name) || name == "is" || super::functions::find(name).is_some()
    }

    pub(super) fn is_item(&self, name: &str) -> bool {
        self.items.iter().any(|item| item == name)
    }

    /// The names a bare word may be, for "did you mean".
    pub(super) fn names(&self) -> Vec<&str> {
        let mut names = Vec::new();
        for name in ROOTS.into_iter().chain(super::functions::names()) {
            names.push(name);
        }
        for set in [&self.steps, &self.params, &self.context] {
            names.extend(set.iter().map(String::as_str));
        }
        names.extend(self.items.iter().map(String::as_str));
        names
    }
}
