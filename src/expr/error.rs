//! What can be wrong with an expression, and where.

use std::sync::Arc;

use crate::base::ErrorKind;

/// Why an expression was refused or failed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Fault {
    /// It does not parse.
    Syntax,
    /// It names something that is not in scope, or no known filter, test or function.
    Unknown,
    /// What it touches is not there.
    Undefined,
    /// The operands are of kinds that the operation does not take.
    Type,
    /// The kinds are right and the value is not (division by zero, `int('x')`).
    Value,
    /// A secret where none may stand.
    Secret,
    /// A limit of size, depth or work.
    Limit,
    /// A recorded result could not be read.
    Source,
}

impl Fault {
    /// The kind a step fails with.
    #[must_use]
    pub fn kind(self) -> ErrorKind {
        match self {
            Self::Limit => ErrorKind::LimitExceeded,
            Self::Source => ErrorKind::Unavailable,
            Self::Syntax | Self::Unknown | Self::Undefined | Self::Type | Self::Value | Self::Secret => {
                ErrorKind::InvalidInput
            }
        }
    }
}

/// A refused or failed expression. Positions are in what the author wrote.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{message} (line {line}, column {column} of `{}`)", excerpt(.source_text))]
pub struct ExprError {
    /// Why.
    pub fault: Fault,
    /// One sentence without the position.
    pub message: String,
    /// What to do about it.
    pub hint: Option<String>,
    /// The whole string that the author wrote.
    pub source_text: Arc<str>,
    /// Byte offset in `source_text`.
    pub offset: usize,
    /// Line in `source_text`, from 1.
    pub line: usize,
    /// Column in characters, from 1.
    pub column: usize,
    /// JSON pointer of the string inside a [`Template`](super::Template)'s value; empty for the value itself.
    pub pointer: String,
}

impl ExprError {
    pub(super) fn new(problem: Problem, source: &Arc<str>, offset: usize) -> Self {
        let (line, column, offset) = position(source, offset);
        Self {
            fault: problem.fault,
            message: problem.message,
            hint: problem.hint,
            source_text: Arc::clone(source),
            offset,
            line,
            column,
            pointer: String::new(),
        }
    }

    pub(super) fn at_pointer(mut self, pointer: &str) -> Self {
        pointer.clone_into(&mut self.pointer);
        self
    }

    /// The kind a step fails with.
    #[must_use]
    pub fn kind(&self) -> ErrorKind {
        self.fault.kind()
    }
}

/// Line and column, from 1, of a byte offset, and the offset brought onto a character.
pub(super) fn position(source: &str, offset: usize) -> (usize, usize, usize) {
    let mut offset = offset.min(source.len());
    while !source.is_char_boundary(offset) {
        offset -= 1;
    }
    let before = &source[..offset];
    let line_start = before.rfind('\n').map_or(0, |at| at + 1);
    (before.matches('\n').count() + 1, before[line_start..].chars().count() + 1, offset)
}

/// The source, cut so that a message stays readable.
fn excerpt(source: &str) -> String {
    const LONGEST: usize = 120;
    let mut text: String = source.chars().take(LONGEST).collect();
    if text.len() < source.len() {
        text.push('…');
    }
    text
}

/// A fault before its position is known.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Problem {
    pub(super) fault: Fault,
    pub(super) message: String,
    pub(super) hint: Option<String>,
}

impl Problem {
    pub(super) fn new(fault: Fault, message: impl Into<String>) -> Self {
        Self { fault, message: message.into(), hint: None }
    }

    pub(super) fn syntax(message: impl Into<String>) -> Self {
        Self::new(Fault::Syntax, message)
    }

    pub(super) fn kind(message: impl Into<String>) -> Self {
        Self::new(Fault::Type, message)
    }

    pub(super) fn value(message: impl Into<String>) -> Self {
        Self::new(Fault::Value, message)
    }

    pub(super) fn limit(message: impl Into<String>) -> Self {
        Self::new(Fault::Limit, message)
    }

    pub(super) fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }

    pub(super) fn hint_if(mut self, hint: Option<String>) -> Self {
        self.hint = hint.or(self.hint);
        self
    }
}

/// "did you mean", when a candidate is near enough to be meant.
pub(super) fn nearest<'a>(name: &str, candidates: impl IntoIterator<Item = &'a str>) -> Option<String> {
    candidates
        .into_iter()
        .map(|candidate| (strsim::damerau_levenshtein(name, candidate), candidate))
        .filter(|(distance, candidate)| *distance <= (name.len().max(candidate.len()) / 3).max(1))
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, candidate)| format!("did you mean `{candidate}`?"))
}
