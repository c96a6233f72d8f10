//! All that a rule may look at.

use serde_json::Value;

use super::names;
use crate::base::ErrorKind;
use crate::base::json::Object;
use crate::intelligence::catalogue::Catalogue;
use crate::intelligence::learning::FollowUp;
use crate::intelligence::target::Target;

/// How many are shown, and from which confidence on.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Settings {
    /// At most so many.
    pub count: usize,
    /// None below this.
    pub min_confidence: f64,
}

impl Default for Settings {
    fn default() -> Self {
        Self { count: 3, min_confidence: 0.6 }
    }
}

/// An earlier call of the session.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Past {
    /// What was called.
    pub target: Target,
    /// Whether it succeeded.
    pub success: bool,
}

/// A call that has just ended, or, without a tool, the state of a session.
#[derive(Debug, Clone, Copy)]
pub struct Occasion<'a> {
    /// The tool that was called.
    pub tool: Option<&'a str>,
    /// What it answered, structured.
    pub result: Option<&'a Value>,
    /// Why it failed, if it did.
    pub error: Option<ErrorKind>,
    /// With what it was called, secrets taken out.
    pub arguments: &'a Object,
    /// What the caller says about the session: `bpa_run`, `performance_issues`.
    pub context: &'a Object,
    /// Calls of the session, oldest first; whether this one is among them makes no difference.
    pub history: &'a [Past],
    /// What can be called.
    pub catalogue: &'a Catalogue,
    /// What was seen to follow `tool`, from the log.
    pub learned: &'a [FollowUp],
    /// How many to show.
    pub settings: Settings,
}

/// Longest arguments that are passed on to another call, in bytes of JSON.
const SMALL: usize = 300;

impl<'a> Occasion<'a> {
    /// The kind of failure that an answer tells of, for callers who have only the answer.
    #[must_use]
    pub fn error_of(result: &Value) -> Option<ErrorKind> {
        let named = result.get("error_type").and_then(Value::as_str);
        let failed = result.get("success").and_then(Value::as_bool) == Some(false) || named.is_some();
        failed.then(|| named.and_then(ErrorKind::parse).unwrap_or(ErrorKind::ToolError))
    }

    /// Whether `tool` has just succeeded.
    pub(super) fn succeeded(&self, tool: &str) -> bool {
        self.tool == Some(tool) && self.error.is_none()
    }

    /// Whether one of `tools` was called, and how it ended does not matter.
    pub(super) fn called(&self, tools: &[&str]) -> bool {
        self.tool.is_some_and(|tool| tools.contains(&tool))
    }

    /// A value of the answer by JSON pointer.
    pub(super) fn at(&self, pointer: &str) -> Option<&'a Value> {
        self.result?.pointer(pointer)
    }

    /// A text of the answer.
    pub(super) fn text(&self, pointer: &str) -> Option<&'a str> {
        self.at(pointer)?.as_str()
    }

    /// A name in the answer that can be an argument.
    pub(super) fn name(&self, pointer: &str) -> Option<&'a str> {
        names::exact(self.text(pointer)?)
    }

    /// The first of these names that is there.
    pub(super) fn first_name(&self, pointers: &[&str]) -> Option<&'a str> {
        pointers.iter().find_map(|pointer| self.name(pointer))
    }

    /// A list of the answer; empty when it is not there.
    pub(super) fn list(&self, pointer: &str) -> &'a [Value] {
        self.at(pointer).and_then(Value::as_array).map_or(&[], Vec::as_slice)
    }

    /// A name among the arguments.
    pub(super) fn given(&self, argument: &str) -> Option<&'a str> {
        names::exact(self.arguments.get(argument)?.as_str()?)
    }

    /// The arguments, when they are few and hold no secret: for the same call again.
    pub(super) fn arguments_again(&self) -> Option<Object> {
        let text = Value::Object(self.arguments.clone()).to_string();
        (text.len() <= SMALL && !text.contains("<redacted>")).then(|| self.arguments.clone())
    }

    /// Whether the session has called it with success, this call included.
    pub(super) fn done(&self, name: &str) -> bool {
        let now = self.tool.map(|tool| Target::of(tool, self.arguments));
        now.is_some_and(|target| target.name() == name && self.error.is_none())
            || self.history.iter().any(|past| past.success && past.target.name() == name)
    }

    /// Whether the caller says so in the context.
    pub(super) fn says(&self, key: &str) -> bool {
        match self.context.get(key) {
            Some(Value::Bool(said)) => *said,
            Some(Value::Number(number)) => number.as_f64().is_some_and(|number| number > 0.0),
            Some(Value::Array(items)) => !items.is_empty(),
            Some(Value::String(text)) => !text.is_empty(),
            Some(Value::Object(map)) => !map.is_empty(),
            Some(Value::Null) | None => false,
        }
    }

    /// Whether `tool` can be called.
    pub(super) fn can(&self, tool: &str) -> bool {
        self.catalogue.tool(tool).is_some()
    }

    /// The first of two spellings that the tool takes.
    pub(super) fn spelling(&self, tool: &str, usual: &'static str, other: &'static str) -> &'static str {
        let takes_other = self.catalogue.tool(tool).is_some_and(|entry| entry.takes(other) && !entry.takes(usual));
        if takes_other { other } else { usual }
    }
}
