//! A plan: a template validated and lowered to a graph. A run keeps the plan it
//! started with, so these types are stored and may only grow (every new field
//! has a default).

use std::collections::BTreeMap;

use indexmap::IndexMap;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;

pub use super::transforms::Transform;
use crate::base::ErrorKind;
use crate::base::json::Object;
pub use crate::config::OnUnknown;

/// A template validated and lowered.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Plan {
    /// The template's id.
    pub template_id: String,
    /// The template's name for people.
    pub name: String,
    /// What it is for.
    #[serde(default)]
    pub description: String,
    /// Its version, as written.
    pub version: String,
    /// Where the template came from.
    pub source: Source,
    /// How ready steps are chosen.
    #[serde(default)]
    pub mode: Mode,
    /// Among runs of one process.
    #[serde(default)]
    pub priority: Priority,
    /// Steps of this run in flight at once.
    #[serde(default)]
    pub max_parallel_steps: Option<u32>,
    /// The run's own timeout.
    #[serde(default)]
    pub timeout_seconds: Option<f64>,
    /// Compensate when the run times out.
    #[serde(default)]
    pub compensate_on_timeout: bool,
    /// What the author expects.
    #[serde(default)]
    pub estimated_duration_seconds: Option<f64>,
    /// Has the implicit `model` parameter.
    #[serde(default)]
    pub requires_connection: bool,
    /// Declared parameters, in order.
    #[serde(default)]
    pub parameters: Vec<Parameter>,
    /// Start values of the shared context; strings may hold expressions over `params`.
    #[serde(default)]
    pub context: Object,
    /// Every step, in file order; nested steps follow their parent.
    pub steps: Vec<PlanStep>,
    /// Outputs: values whose strings may hold expressions.
    #[serde(default)]
    pub outputs: IndexMap<String, Value>,
    /// Everything of the template that this version only keeps
    /// (`sla`, `rules`, `on_event`, `compatible_with`, `custom_metrics`, ...).
    #[serde(default)]
    pub extra: Object,
}

impl Plan {
    /// The index of a step by id.
    #[must_use]
    pub fn index_of(&self, id: &str) -> Option<usize> {
        self.steps.iter().position(|step| step.id == id)
    }
}

/// Where a template came from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Source {
    /// Embedded in the binary.
    Builtin,
    /// A file in one of the user's folders, or given to the command line.
    User,
    /// Written by an agent.
    Agent,
}

/// How ready steps are chosen.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Mode {
    /// One at a time, in file order.
    Sequential,
    /// All that is ready, up to the bounds.
    #[default]
    Parallel,
    /// By learned durations and load.
    Adaptive,
    /// Stages of a loop overlap.
    Pipeline,
}

/// Among runs of one process.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Priority {
    /// First.
    Critical,
    /// Before medium.
    High,
    /// The usual.
    #[default]
    Medium,
    /// After medium.
    Low,
    /// When nothing else runs.
    Background,
}

/// A declared parameter.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Parameter {
    /// Its name.
    pub name: String,
    /// What it is for.
    #[serde(default)]
    pub description: String,
    /// Must be given.
    #[serde(default)]
    pub required: bool,
    /// Used when it is not given.
    #[serde(default)]
    pub default: Option<Value>,
    /// JSON Schema of its value (`type` and every other keyword that was written).
    pub schema: Value,
}

/// One node.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct PlanStep {
    /// Unique in the plan.
    pub id: String,
    /// For people; the id when none was given.
    pub name: String,
    /// What it is for.
    #[serde(default)]
    pub description: String,
    /// The container this step is a child of.
    #[serde(default)]
    pub parent: Option<usize>,
    /// What the step does.
    pub kind: StepKind,
    /// Steps that must be durably finished before, by index. In a plan without
    /// containers these are siblings; else also steps of an enclosing list, and
    /// children of a `condition` or `parallel` (never of a loop from outside).
    #[serde(default)]
    pub depends_on: Vec<usize>,
    /// When to run once they are.
    #[serde(default)]
    pub condition: Condition,
    /// Per attempt, from sending: a number or an expression.
    #[serde(default)]
    pub timeout_seconds: Option<Value>,
    /// Retry, the template's default already filled in.
    #[serde(default)]
    pub retry: Option<Retry>,
    /// Other tools to try with the same arguments.
    #[serde(default)]
    pub alternatives: Vec<String>,
    /// Parameter changes by error pattern.
    #[serde(default)]
    pub adjust: Vec<Adjust>,
    /// When all else failed.
    #[serde(default)]
    pub on_error: OnError,
    /// What to do with an unknown outcome of an unsafe call.
    #[serde(default)]
    pub on_unknown: Option<OnUnknown>,
    /// The author's word that a repeat is safe (or is not).
    #[serde(default)]
    pub idempotent: Option<bool>,
    /// Context values to set from the result.
    #[serde(default)]
    pub exports: IndexMap<String, Value>,
    /// The calls that undo this step, in order.
    #[serde(default)]
    pub compensate: Vec<Call>,
    /// JSON Schema the resolved input must satisfy.
    #[serde(default)]
    pub input_schema: Option<Value>,
    /// Transforms applied to the result, in order.
    #[serde(default)]
    pub transforms: Vec<Transform>,
    /// Cache settings, as written.
    #[serde(default)]
    pub cache: Option<Value>,
    /// `record: none`: neither parameters nor result are kept in the learning log.
    #[serde(default)]
    pub record_none: bool,
    /// Runs only when another step's `on_error` names it. Steps of a branch are
    /// children of their `condition` instead.
    #[serde(default)]
    pub only_when_named: bool,
    /// What the step says beyond this version's semantics
    /// (`estimated_duration_seconds`, `custom_metrics`, ...).
    #[serde(default)]
    pub extra: Object,
}

/// What a step does.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum StepKind {
    /// Calls a tool.
    Action(Call),
    /// Asks the calling agent.
    AgentTask {
        /// The question, with expressions.
        prompt: String,
        /// JSON Schema of the answer.
        answer_schema: Option<Value>,
    },
    /// Lets the agent pool choose a tool.
    Capability {
        /// What is needed.
        capability: String,
        /// Narrows the agents.
        agent_type: Option<String>,
        /// Arguments, with expressions.
        parameters: Value,
    },
    /// Ordered branches.
    Condition {
        /// In order; the first whose condition holds.
        branches: Vec<Branch>,
        /// Steps when none holds.
        otherwise: Vec<usize>,
    },
    /// Children side by side.
    Parallel {
        /// The children.
        steps: Vec<usize>,
        /// A number or an expression.
        max_concurrency: Option<Value>,
        /// Share that must succeed.
        failure_threshold: f64,
    },
    /// Children again and again.
    Loop {
        /// The body.
        steps: Vec<usize>,
        /// Over what.
        over: LoopOver,
        /// A number or an expression.
        max_concurrency: Option<Value>,
    },
    /// Waits for time or an event.
    Wait(WaitFor),
    /// Asks a person or the agent.
    HumanTask {
        /// The question, with expressions.
        prompt: String,
        /// `human` or `agent`.
        assignee: String,
        /// JSON Schema of the answer.
        answer_schema: Option<Value>,
        /// The answer taken at the deadline.
        default: Option<Value>,
        /// Keys kept for later (`reminder_seconds`, `escalate_to`, `relay`, `answer_via`).
        extra: Object,
    },
    /// An HTTP request out: `method, url, headers, body, expect_status`.
    Webhook(Object),
    /// A child run.
    Workflow {
        /// Its template.
        template_id: String,
        /// Its parameters, with expressions.
        parameters: Value,
    },
    /// A value from values.
    Transform {
        /// What it starts from: a value whose strings may hold expressions.
        input: Value,
    },
}

impl StepKind {
    /// The name that templates use for this kind.
    #[must_use]
    pub fn name(&self) -> &'static str {
        match self {
            Self::Action(_) | Self::AgentTask { .. } | Self::Capability { .. } => "action",
            Self::Condition { .. } => "condition",
            Self::Parallel { .. } => "parallel",
            Self::Loop { .. } => "loop",
            Self::Wait(_) => "wait",
            Self::HumanTask { .. } => "human_task",
            Self::Webhook(_) => "webhook",
            Self::Workflow { .. } => "workflow",
            Self::Transform { .. } => "transform",
        }
    }
}

/// A tool and its arguments.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Call {
    /// The tool's name.
    pub tool: String,
    /// Arguments; strings may hold expressions.
    #[serde(default)]
    pub parameters: Object,
}

/// One branch of a condition.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Branch {
    /// A bare expression.
    #[serde(rename = "if")]
    pub when: String,
    /// The children it selects.
    pub steps: Vec<usize>,
}

/// What a loop goes over.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LoopOver {
    /// Items of a list.
    ForEach {
        /// A list, or a bare expression that yields one.
        items: Value,
        /// The name of an item besides `item`.
        name: Option<String>,
    },
    /// As long as an expression holds.
    While {
        /// A bare expression.
        condition: String,
        /// Iterations at most.
        max_iterations: Value,
    },
}

/// What a wait waits for.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum WaitFor {
    /// A number or an expression.
    Seconds(Value),
    /// An instant (RFC 3339 with offset), or an expression that yields one.
    Until(Value),
    /// A named event.
    Event(String),
}

/// When a step runs once its dependencies are finished.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Condition {
    /// None failed unhandled, and not all were skipped.
    #[default]
    OnSuccess,
    /// At least one failed.
    OnFailure,
    /// Regardless.
    Always,
    /// This bare expression is true (in the one dialect, lowered).
    When(String),
}

/// Retry settings.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Retry {
    /// Tries after the first.
    pub max_retries: u32,
    /// Before the first retry.
    pub delay_seconds: f64,
    /// Factor from one delay to the next.
    pub backoff_multiplier: f64,
    /// Delays are cut here.
    pub max_delay_seconds: f64,
    /// When given, only these kinds are retried.
    #[serde(default)]
    pub retryable_errors: Option<Vec<ErrorKind>>,
    /// These kinds are never retried.
    #[serde(default)]
    pub non_retryable_errors: Vec<ErrorKind>,
}

/// A rule that changes parameters after an error.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Adjust {
    /// A pattern over the error's message or kind.
    pub on: String,
    /// New values by parameter name.
    pub set: BTreeMap<String, Value>,
}

/// When all else failed.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum OnError {
    /// Nothing new starts; the run fails.
    #[default]
    Abort,
    /// The step stays failed with a null result; the run goes on.
    Continue,
    /// The step counts as skipped; the run goes on.
    Skip,
    /// The run is undone.
    Compensate,
    /// This step runs instead and gives the result.
    Fallback(usize),
    /// These steps run in order.
    Handlers(Vec<usize>),
}
