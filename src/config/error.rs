//! What is wrong with a configuration, and what is merely odd.

use std::path::PathBuf;

use super::deserialize::Refusal;
use super::jsonc::{Position, SyntaxError};
use crate::base::ErrorKind;

/// A configuration that cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub struct ConfigError {
    /// The file.
    pub file: PathBuf,
    /// The line, from 1, when the fault lies inside the file.
    pub line: Option<u32>,
    /// The column in characters, from 1.
    pub column: Option<u32>,
    /// What is wrong, with the key's whole path.
    pub cause: String,
    /// What to do about it.
    pub hint: Option<String>,
}

impl std::fmt::Display for ConfigError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write_place(f, &self.file, self.line, self.column)?;
        f.write_str(&self.cause)
    }
}

impl ConfigError {
    /// The kind that tools answer while this stands.
    #[must_use]
    #[expect(clippy::unused_self, reason = "every error answers `kind()`")]
    pub fn kind(&self) -> ErrorKind {
        ErrorKind::ConfigInvalid
    }

    pub(super) fn of_file(file: impl Into<PathBuf>, cause: impl Into<String>, hint: impl Into<String>) -> Self {
        Self { file: file.into(), line: None, column: None, cause: cause.into(), hint: Some(hint.into()) }
    }

    pub(super) fn at(position: &Position, cause: impl Into<String>, hint: Option<String>) -> Self {
        Self {
            file: position.file.to_path_buf(),
            line: Some(position.line),
            column: Some(position.column),
            cause: cause.into(),
            hint,
        }
    }

    pub(super) fn of_refusal(refusal: Refusal, top: &Position) -> Self {
        let cause = match refusal.path.as_slice() {
            [] => refusal.cause,
            path => format!("`{}`: {}", path.join("."), refusal.cause),
        };
        Self::at(refusal.at.as_ref().unwrap_or(top), cause, refusal.hint)
    }
}

impl From<SyntaxError> for ConfigError {
    fn from(error: SyntaxError) -> Self {
        Self::at(&error.at, error.cause, error.hint.map(str::to_owned))
    }
}

/// Something in the configuration that was left out of account.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ConfigWarning {
    /// The file, when it is about one.
    pub file: Option<PathBuf>,
    /// The line, from 1.
    pub line: Option<u32>,
    /// The column in characters, from 1.
    pub column: Option<u32>,
    /// What was left out, and why.
    pub message: String,
    /// What to do about it.
    pub hint: Option<String>,
}

impl ConfigWarning {
    pub(super) fn at(position: &Position, message: impl Into<String>, hint: impl Into<String>) -> Self {
        Self {
            file: Some(position.file.to_path_buf()),
            line: Some(position.line),
            column: Some(position.column),
            message: message.into(),
            hint: Some(hint.into()),
        }
    }

    /// About no file in particular.
    #[must_use]
    pub fn general(message: impl Into<String>, hint: impl Into<String>) -> Self {
        Self { file: None, line: None, column: None, message: message.into(), hint: Some(hint.into()) }
    }
}

impl std::fmt::Display for ConfigWarning {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        if let Some(file) = &self.file {
            write_place(f, file, self.line, self.column)?;
        }
        f.write_str(&self.message)
    }
}

fn write_place(
    f: &mut std::fmt::Formatter<'_>,
    file: &std::path::Path,
    line: Option<u32>,
    column: Option<u32>,
) -> std::fmt::Result {
    write!(f, "{}", file.display())?;
    if let (Some(line), Some(column)) = (line, column) {
        write!(f, ":{line}:{column}")?;
    }
    f.write_str(": ")
}
