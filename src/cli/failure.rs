//! Why a command ends without its answer, and how that is told.

use serde_json::Value;

use super::exit::Exit;
use crate::base::ErrorKind;
use crate::base::json::Object;
use crate::config::{ConfigError, DataDirError, TrustError};
use crate::contract::{CallFailure, ToolOutput};
use crate::registry::failure_output;
use crate::telemetry::TelemetryError;

/// Why a command ends without its answer.
#[derive(Debug, thiserror::Error)]
pub enum Failure {
    /// A tool answered with a failure.
    #[error("{}", sentence(.0))]
    Tool(Box<ToolOutput>),
    /// A tool could not be called.
    #[error("{0}")]
    Call(#[from] CallFailure),
    /// What was asked for makes no sense, or cannot be done.
    #[error("{message}")]
    Refused {
        /// The kind, for the exit code and for `error_type`.
        kind: ErrorKind,
        /// A sentence.
        message: String,
        /// What to do about it.
        hint: Option<String>,
    },
    /// The configuration cannot be used.
    #[error("{0}")]
    Config(#[from] ConfigError),
    /// The data folder cannot be used.
    #[error("{0}")]
    Data(#[from] DataDirError),
    /// The list of trusted files cannot be used.
    #[error("{0}")]
    Trust(#[from] TrustError),
    /// The log cannot be started.
    #[error("{0}")]
    Telemetry(#[from] TelemetryError),
    /// Standard output or input failed.
    #[error("{0}")]
    Io(#[from] std::io::Error),
    /// A second Ctrl-C: end now.
    #[error("stopped")]
    Killed,
}

impl Failure {
    /// Bad input of the command's own.
    #[must_use]
    pub fn input(message: impl Into<String>, hint: impl Into<String>) -> Self {
        Self::Refused { kind: ErrorKind::InvalidInput, message: message.into(), hint: Some(hint.into()) }
    }

    /// A failure of another kind.
    #[must_use]
    pub fn refused(kind: ErrorKind, message: impl Into<String>, hint: Option<String>) -> Self {
        Self::Refused { kind, message: message.into(), hint }
    }

    /// The kind.
    #[must_use]
    pub fn kind(&self) -> ErrorKind {
        match self {
            Self::Tool(output) => output.error_kind().unwrap_or(ErrorKind::ToolError),
            Self::Call(failure) => failure.kind,
            Self::Refused { kind, .. } => *kind,
            Self::Config(error) => error.kind(),
            Self::Data(error) => error.kind(),
            Self::Trust(error) => error.kind(),
            Self::Telemetry(_) => ErrorKind::InvalidInput,
            Self::Io(_) => ErrorKind::Internal,
            Self::Killed => ErrorKind::Interrupted,
        }
    }

    /// How the process ends.
    #[must_use]
    pub fn exit(&self) -> Exit {
        match self {
            Self::Killed => Exit::Cancelled,
            // Whoever read our output has had enough of it.
            Self::Io(error) if error.kind() == std::io::ErrorKind::BrokenPipe => Exit::Completed,
            Self::Tool(_)
            | Self::Call(_)
            | Self::Refused { .. }
            | Self::Config(_)
            | Self::Data(_)
            | Self::Trust(_)
            | Self::Telemetry(_)
            | Self::Io(_) => Exit::of_kind(self.kind()),
        }
    }

    /// What to do about it.
    #[must_use]
    pub fn hint(&self) -> Option<String> {
        match self {
            Self::Tool(output) => field(output, "hint").and_then(Value::as_str).map(str::to_owned),
            Self::Call(failure) => failure.hint.clone(),
            Self::Refused { hint, .. } => hint.clone(),
            Self::Config(error) => error.hint.clone(),
            Self::Data(error) => Some(error.hint().to_owned()),
            Self::Trust(error) => Some(error.hint()),
            Self::Telemetry(error) => Some(error.hint().to_owned()),
            Self::Io(_) | Self::Killed => None,
        }
    }

    /// Lines that a person needs beside the sentence: each wrong argument.
    #[must_use]
    pub fn details(&self) -> Vec<String> {
        let Self::Tool(output) = self else { return Vec::new() };
        let told = |key: &str| field(output, key).and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
        let mut lines: Vec<String> = told("errors").iter().chain(told("problems")).map(detail).collect();
        let templates: Vec<String> = told("available_templates").iter().map(super::answer::line).collect();
        if !templates.is_empty() {
            lines.push(format!("templates: {}", templates.join(", ")));
        }
        lines
    }

    /// As `--json` prints it: what the tool answered, or the same fields.
    #[must_use]
    pub fn to_json(&self) -> Value {
        if let Self::Tool(output) = self
            && let Some(structured) = &output.structured
        {
            return structured.clone();
        }
        let mut extra = Object::new();
        if let Self::Config(error) = self {
            extra.insert("file".to_owned(), Value::from(error.file.to_string_lossy().into_owned()));
            extra.insert("line".to_owned(), Value::from(error.line));
            extra.insert("column".to_owned(), Value::from(error.column));
        }
        failure_output(self.kind(), &self.to_string(), self.hint().as_deref(), extra).structured.unwrap_or_default()
    }
}

fn field<'a>(output: &'a ToolOutput, key: &str) -> Option<&'a Value> {
    output.structured.as_ref()?.get(key)
}

fn sentence(output: &ToolOutput) -> String {
    match field(output, "error") {
        Some(Value::String(text)) => text.clone(),
        Some(error) => error.get("message").and_then(Value::as_str).map_or_else(|| error.to_string(), str::to_owned),
        None => super::answer::line(&output.step_result()),
    }
}

fn detail(error: &Value) -> String {
    let text = |key: &str| error.get(key).and_then(Value::as_str).filter(|text| !text.is_empty());
    let number = |key: &str| error.get(key).and_then(Value::as_u64);
    let place = number("line").zip(number("column")).map(|(line, column)| format!("{line}:{column}"));
    let place = place.or_else(|| text("path").or_else(|| text("parameter")).map(str::to_owned));
    match (place, text("message").or_else(|| text("error"))) {
        (Some(path), Some(message)) => format!("{path}: {message}"),
        (None, Some(message)) => message.to_owned(),
        (_, None) => error.as_str().map_or_else(|| error.to_string(), str::to_owned),
    }
}
