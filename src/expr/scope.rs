//! What an expression sees while it is evaluated. Everything is borrowed;
//! results of steps are read when they are touched and not before.

use std::sync::Arc;

use serde_json::Value as Json;

use crate::base::json::Object;

/// Where results of steps come from.
pub trait ResultSource {
    /// A step that has begun, without its result; `None` for others.
    fn step(&self, id: &str) -> Option<StepView>;

    /// The result of a finished step (null when it was skipped), `None` when
    /// there is none yet. May read the store; an error fails the expression.
    fn result(&self, id: &str) -> Result<Option<Arc<Json>>, String>;

    /// The ids whose result is there, in file order: what `results` holds as a whole.
    fn finished(&self) -> Vec<String>;
}

/// A step as `steps.<id>` shows it, beside its result.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct StepView {
    /// As in answers: `completed`, `failed`, `skipped`, ...
    pub status: String,
    /// Whether it completed (a failure handled by a fallback included).
    pub success: bool,
    /// `{kind, message, step_id, attempts}`, null without one.
    pub error: Option<Json>,
    /// From start to end.
    pub duration_seconds: Option<f64>,
}

/// No step has begun.
#[derive(Debug, Clone, Copy, Default)]
pub struct NoResults;

impl ResultSource for NoResults {
    fn step(&self, _: &str) -> Option<StepView> {
        None
    }

    fn result(&self, _: &str) -> Result<Option<Arc<Json>>, String> {
        Ok(None)
    }

    fn finished(&self) -> Vec<String> {
        Vec::new()
    }
}

/// `run.{id, name, started_at}`.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct RunView {
    /// The run's id.
    pub id: String,
    /// The template's name.
    pub name: String,
    /// RFC 3339.
    pub started_at: String,
}

/// What an expression sees.
#[derive(Clone)]
pub struct Scope<'a> {
    pub(super) params: &'a Object,
    pub(super) context: &'a Object,
    pub(super) steps: &'a dyn ResultSource,
    pub(super) result: Option<&'a Json>,
    pub(super) items: Vec<(Option<&'a str>, &'a Json)>,
    pub(super) index: Option<u64>,
    pub(super) run: Option<&'a RunView>,
    pub(super) error: Option<&'a Json>,
}

impl<'a> Scope<'a> {
    /// Parameters, context and steps; the rest is added where it exists.
    #[must_use]
    pub fn new(params: &'a Object, context: &'a Object, steps: &'a dyn ResultSource) -> Self {
        Self { params, context, steps, result: None, items: Vec::new(), index: None, run: None, error: None }
    }

    /// `result`: a step's own, in exports, transforms and `compensate`.
    #[must_use]
    pub fn with_result(mut self, result: &'a Json) -> Self {
        self.result = Some(result);
        self
    }

    /// `item`, `index` and the `as` name of one more loop. Enclosing loops
    /// come first; `item` and `index` are the innermost one's.
    #[must_use]
    pub fn with_item(mut self, name: Option<&'a str>, item: &'a Json, index: u64) -> Self {
        self.items.push((name, item));
        self.index = Some(index);
        self
    }

    /// `index` of one more loop that has no items.
    #[must_use]
    pub fn with_index(mut self, index: u64) -> Self {
        self.index = Some(index);
        self
    }

    /// `run`.
    #[must_use]
    pub fn with_run(mut self, run: &'a RunView) -> Self {
        self.run = Some(run);
        self
    }

    /// `error`, in handlers.
    #[must_use]
    pub fn with_error(mut self, error: &'a Json) -> Self {
        self.error = Some(error);
        self
    }

    pub(super) fn named_item(&self, name: &str) -> Option<&'a Json> {
        self.items.iter().rev().find(|(own, _)| *own == Some(name)).map(|(_, item)| *item)
    }
}

impl std::fmt::Debug for Scope<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        // Values are a person's data: they are never printed.
        f.debug_struct("Scope").finish_non_exhaustive()
    }
}
