//! One proposal.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::base::json::Object;
use crate::intelligence::target::Target;

/// A tool or workflow to call next.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Recommendation {
    /// `tool`, or `workflow` for `execute_workflow`.
    #[serde(flatten)]
    pub target: Target,
    /// Why.
    pub reason: String,
    /// How pressing it is.
    pub priority: Priority,
    /// 0 to 1. Of a rule, its author's estimate; of what was learned, a frequency.
    pub confidence: f64,
    /// Arguments known already: the tool's, or the workflow's parameters.
    pub auto_params: Object,
    /// Where it comes from.
    pub source: RecommendationSource,
}

/// How pressing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Priority {
    /// Do it now.
    High,
    /// Worth doing.
    Medium,
    /// Could be of use.
    Low,
}

/// Where a recommendation comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum RecommendationSource {
    /// A rule on the last answer.
    Rule,
    /// What followed before.
    Learned,
    /// Likeness of meaning.
    Semantic,
}

impl RecommendationSource {
    /// The name on the wire.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Rule => "rule",
            Self::Learned => "learned",
            Self::Semantic => "semantic",
        }
    }
}

impl Recommendation {
    /// A rule's proposal to call `tool`, of medium priority.
    pub(crate) fn tool(tool: &str, reason: impl Into<String>, confidence: f64) -> Self {
        Self::of(Target::Tool(tool.to_owned()), reason.into(), confidence)
    }

    /// A rule's proposal to run `workflow`, of medium priority.
    pub(crate) fn workflow(id: &str, reason: impl Into<String>, confidence: f64) -> Self {
        Self::of(Target::Workflow(id.to_owned()), reason.into(), confidence)
    }

    fn of(target: Target, reason: String, confidence: f64) -> Self {
        Self {
            target,
            reason,
            priority: Priority::Medium,
            confidence,
            auto_params: Object::new(),
            source: RecommendationSource::Rule,
        }
    }

    /// The same, to be done now.
    pub(crate) fn high(self) -> Self {
        Self { priority: Priority::High, ..self }
    }

    /// The same, of little weight.
    pub(crate) fn low(self) -> Self {
        Self { priority: Priority::Low, ..self }
    }

    /// The same with one argument more.
    pub(crate) fn with(mut self, parameter: &str, value: impl Into<Value>) -> Self {
        self.auto_params.insert(parameter.to_owned(), value.into());
        self
    }

    /// The same with these arguments.
    pub(crate) fn with_all(mut self, arguments: Object) -> Self {
        self.auto_params.extend(arguments);
        self
    }

    /// The same with an argument if there is a value for it.
    pub(crate) fn with_some(self, parameter: &str, value: Option<impl Into<Value>>) -> Self {
        match value {
            Some(value) => self.with(parameter, value),
            None => self,
        }
    }
}
