//! Whether an expression is right, as answers tell it.
//!
//! Must not know tools.

use schemars::JsonSchema;
use serde::Serialize;

use crate::semantic_model::dax::problem::Problem;
use crate::semantic_model::dax::span::Position;

/// Problems that are told one by one.
const TOLD: usize = 20;

/// Whether an expression is right.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Validation {
    /// Nothing wrong was found.
    pub valid: bool,
    /// What was looked at.
    pub level: Level,
    /// Whether a data engine looked at it: never, a file has none.
    pub engine_checked: bool,
    /// What is wrong, in the order of the text.
    pub errors: Vec<DaxError>,
    /// How much is wrong in all.
    pub error_count: usize,
}

/// What was looked at.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, JsonSchema)]
pub enum Level {
    /// Grammar only: no model was there.
    #[serde(rename = "syntax")]
    Syntax,
    /// Grammar, names and counts of arguments.
    #[serde(rename = "syntax+references")]
    References,
}

/// One thing that is wrong.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct DaxError {
    /// What.
    pub message: String,
    /// The line, from 1.
    pub line: u32,
    /// The column, from 1.
    pub column: u32,
    /// What to do about it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub hint: Option<String>,
}

impl DaxError {
    /// A problem of `text`.
    #[must_use]
    pub fn of(text: &str, problem: &Problem) -> Self {
        let Position { line, column } = Position::of(text, problem.span.start);
        let short = |text: &str| text.chars().take(300).collect();
        Self { message: short(&problem.message), line, column, hint: problem.hint.as_deref().map(short) }
    }
}

impl Validation {
    /// From the problems of `text`.
    #[must_use]
    pub fn of(text: &str, problems: &[Problem], level: Level) -> Self {
        Self {
            valid: problems.is_empty(),
            level,
            engine_checked: false,
            errors: problems.iter().take(TOLD).map(|problem| DaxError::of(text, problem)).collect(),
            error_count: problems.len(),
        }
    }
}
