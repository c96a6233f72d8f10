//! What is wrong with an expression, and where.
//!
//! Must not know who shows it.

use crate::semantic_model::dax::parser::MAX_DEPTH;
use crate::semantic_model::dax::span::Span;

/// One thing that is wrong.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    /// What, lower-case, without the place.
    pub message: String,
    /// Where.
    pub span: Span,
    /// What to do about it.
    pub hint: Option<String>,
}

impl Problem {
    /// Without a hint.
    #[must_use]
    pub fn new(span: Span, message: impl Into<String>) -> Self {
        Self { message: message.into(), span, hint: None }
    }

    /// Nested deeper than is read.
    pub(super) fn too_deep(span: Span) -> Self {
        Self::new(span, format!("this is nested more than {MAX_DEPTH} levels deep"))
            .with_hint("split the expression with variables or measures")
    }

    /// The same with a hint.
    #[must_use]
    pub fn with_hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }
}
