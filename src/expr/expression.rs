//! A bare expression: parsed and checked once, evaluated many times.

use std::sync::Arc;

use serde_json::Value as Json;

use super::budget::Budget;
use super::compile::{self, Read};
use super::error::ExprError;
use super::eval::Evaluation;
use super::known::Known;
use super::lexer::Failure;
use super::lower::{self, Lowered};
use super::node::Node;
use super::reference::Reference;
use super::scope::Scope;

/// One expression with its way back to what the author wrote.
#[derive(Debug)]
pub(super) struct Compiled {
    lowered: Lowered,
    pub(super) node: Node,
    reads: Vec<Read>,
}

impl Compiled {
    pub(super) fn new(lowered: Lowered, known: &Known) -> Result<Self, Failure> {
        match compile::compile(&lowered.text, known) {
            Ok((node, reads)) => Ok(Self { lowered, node, reads }),
            Err(Failure { problem, at }) => Err(problem.at(lowered.original(at))),
        }
    }

    pub(super) fn error(&self, failure: Failure, source: &Arc<str>) -> ExprError {
        ExprError::new(failure.problem, source, self.lowered.original(failure.at))
    }

    pub(super) fn references<'a>(&'a self, source: &'a Arc<str>, pointer: &'a str) -> impl Iterator<Item = Reference> {
        self.reads.iter().map(move |read| {
            let (line, column, offset) = super::error::position(source, self.lowered.original(read.at));
            Reference {
                target: read.target.clone(),
                path: read.path.clone(),
                optional: read.optional,
                transformed: read.transformed,
                offset,
                line,
                column,
                pointer: pointer.to_owned(),
            }
        })
    }
}

/// A bare expression, as in `condition`, `if`, `while`, `for_each`, `where`.
#[derive(Debug)]
pub struct Expression {
    source: Arc<str>,
    compiled: Compiled,
    references: Vec<Reference>,
}

impl Expression {
    /// Reads an expression in any of the dialects; `{{ }}` around it is allowed.
    pub fn parse(source: &str, known: &Known) -> Result<Self, ExprError> {
        let source: Arc<str> = Arc::from(source);
        let compiled = lower::bare(&source, known)
            .and_then(|lowered| Compiled::new(lowered, known))
            .map_err(|failure| ExprError::new(failure.problem, &source, failure.at))?;
        let references = compiled.references(&source, "").collect();
        Ok(Self { source, compiled, references })
    }

    /// The value, its JSON type kept. An undefined value is an error.
    pub fn eval(&self, scope: &Scope<'_>) -> Result<Json, ExprError> {
        let mut evaluation = Evaluation::new(scope);
        evaluation.json(&self.compiled.node).map_err(|failure| self.compiled.error(failure, &self.source))
    }

    /// Whether the value is true: null, false, 0 and what is empty are not.
    pub fn is_true(&self, scope: &Scope<'_>) -> Result<bool, ExprError> {
        let mut evaluation = Evaluation::new(scope);
        evaluation.is_true(&self.compiled.node).map_err(|failure| self.compiled.error(failure, &self.source))
    }

    /// [`eval`](Self::eval) as one of many evaluations with one budget.
    pub fn eval_within(&self, scope: &Scope<'_>, budget: &mut Budget) -> Result<Json, ExprError> {
        Evaluation::within(scope, budget, |evaluation| evaluation.json(&self.compiled.node))
            .map_err(|failure| self.compiled.error(failure, &self.source))
    }

    /// [`is_true`](Self::is_true) as one of many evaluations with one budget.
    pub fn is_true_within(&self, scope: &Scope<'_>, budget: &mut Budget) -> Result<bool, ExprError> {
        Evaluation::within(scope, budget, |evaluation| evaluation.is_true(&self.compiled.node))
            .map_err(|failure| self.compiled.error(failure, &self.source))
    }

    /// What it reads.
    pub fn references(&self) -> &[Reference] {
        &self.references
    }

    /// What the author wrote.
    pub fn source(&self) -> &str {
        &self.source
    }

    /// The same in the one language.
    pub fn lowered(&self) -> &str {
        &self.compiled.lowered.text
    }
}

/// A bare expression in the one language; what does not parse stays as it is.
#[must_use]
pub fn lower(source: &str, known: &Known) -> String {
    match lower::bare(source, known) {
        Ok(lowered) if lowered.parses() => lowered.text,
        _ => source.to_owned(),
    }
}
