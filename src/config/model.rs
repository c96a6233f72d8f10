//! The whole configuration as types. Every key is optional and has its default
//! here; a key that is not here is refused.
//!
//! Must not know files, the environment or trust: `load` fills it. A new key is
//! a field here, with its default, and the schema in `docs/schemas` follows.

use std::path::PathBuf;

use indexmap::IndexMap;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::number::{Count, Days, Factor, Seconds, Secret, Share};
use super::redaction::Redaction;
use super::server::{Capabilities, Server};

/// What a person can set.
#[derive(Debug, Clone, Default, PartialEq, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields, expecting = "an object")]
#[schemars(title = "Sequitur configuration", extend("allowComments" = true, "allowTrailingCommas" = true))]
pub struct Config {
    /// For editors: where the schema of this file is.
    #[serde(rename = "$schema")]
    pub schema: Option<String>,
    /// The MCP servers behind this one, by name. VS Code's `servers` is read as the same.
    #[serde(rename = "mcpServers")]
    pub mcp_servers: IndexMap<String, Server>,
    /// How workflows are run.
    pub workflows: Workflows,
    /// Intent, recommendations, learning.
    pub intelligence: Intelligence,
    /// Which tools are listed to the client.
    pub tools: Tools,
    /// Agents that steps can ask for by capability.
    pub agents: Vec<Agent>,
    /// Values that workflows may send but that are never recorded or shown.
    pub secrets: IndexMap<String, Secret>,
    /// What may be read, called and sent.
    pub security: Security,
    /// How long what is recorded is kept.
    pub retention: Retention,
}

/// How workflows are run.
#[derive(Debug, Clone, PartialEq, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields, expecting = "an object")]
pub struct Workflows {
    /// Whether workflows can be run at all.
    pub enabled: bool,
    /// Folders with your own template files, relative to this file.
    pub directories: Vec<PathBuf>,
    /// Runs that are going on at once in one process.
    pub max_concurrent_workflows: Count,
    /// Steps in flight at once in one process.
    pub max_parallel_steps: Count,
    /// The longest time between two reports of progress.
    pub progress_update_interval_seconds: Seconds,
    /// Whether templates beside the built-in ones are allowed.
    pub allow_custom_workflows: bool,
    /// A run without a timeout of its own has the larger of 3,600 s and its estimate times this.
    pub workflow_timeout_multiplier: Factor,
    /// What to do with an unsafe call whose outcome is not known.
    pub on_unknown: OnUnknown,
    /// Whether runs whose process died go on by themselves.
    pub auto_resume: AutoResume,
    /// A process that has not renewed its hold on a run for so long may lose it.
    pub lease_seconds: Seconds,
    /// What happens to a run when the client cancels the request that waits for it.
    pub on_request_cancelled: OnRequestCancelled,
}

impl Default for Workflows {
    fn default() -> Self {
        Self {
            enabled: true,
            directories: Vec::new(),
            max_concurrent_workflows: Count::new(10),
            max_parallel_steps: Count::new(10),
            progress_update_interval_seconds: Seconds::whole(2),
            allow_custom_workflows: true,
            workflow_timeout_multiplier: Factor::new(1.5),
            on_unknown: OnUnknown::Ask,
            auto_resume: AutoResume::Safe,
            lease_seconds: Seconds::whole(10),
            on_request_cancelled: OnRequestCancelled::Detach,
        }
    }
}

/// What to do with an unknown outcome of an unsafe call.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum OnUnknown {
    /// A person chooses.
    #[default]
    Ask,
    /// The step fails with kind `interrupted`.
    Fail,
    /// The call is made again.
    Retry,
}

/// Whether runs whose process died go on by themselves.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum AutoResume {
    /// Those silent for less than an hour go on; older ones are paused.
    #[default]
    Safe,
    /// All of them.
    All,
    /// None: a person resumes them.
    Never,
}

/// What happens to a run when the request that waits for it is cancelled.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum OnRequestCancelled {
    /// It goes on.
    #[default]
    Detach,
    /// It is paused.
    Pause,
    /// It is cancelled.
    Cancel,
}

/// Intent, recommendations, learning.
#[derive(Debug, Clone, PartialEq, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields, expecting = "an object")]
pub struct Intelligence {
    /// All of it.
    pub enabled: bool,
    /// `analyze_intent`.
    pub intent_analysis_enabled: bool,
    /// `get_recommendations` and `_next_steps`.
    pub recommendations_enabled: bool,
    /// The log of calls, and what is learned from it.
    pub learning_enabled: bool,
    /// The learning log's file, relative to this file; in the data folder when null.
    pub learning_database_path: Option<PathBuf>,
    /// Next steps shown at most.
    pub recommendation_count: Count,
    /// Suggestions below this confidence are not shown.
    pub min_confidence_threshold: Share,
}

impl Default for Intelligence {
    fn default() -> Self {
        Self {
            enabled: true,
            intent_analysis_enabled: true,
            recommendations_enabled: true,
            learning_enabled: true,
            learning_database_path: None,
            recommendation_count: Count::new(3),
            min_confidence_threshold: Share::new(0.6),
        }
    }
}

/// Which tools are listed to the client.
#[derive(Debug, Clone, PartialEq, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields, expecting = "an object")]
pub struct Tools {
    /// Our own sets; `core` is listed even when it is left out.
    pub sets: Vec<ToolSet>,
    /// The semantic-model tools.
    pub packs: Packs,
    /// The tools of your servers.
    pub expose: Expose,
    /// The size of the list, 4 bytes a token; the rest is reached through `find_tools`.
    pub list_budget_tokens: Count,
    /// Globs of tools that are listed before others.
    pub pin: Vec<String>,
}

impl Default for Tools {
    fn default() -> Self {
        Self {
            sets: vec![ToolSet::Core, ToolSet::Control, ToolSet::Authoring],
            packs: Packs::Auto,
            expose: Expose::Auto,
            list_budget_tokens: Count::new(10_000),
            pin: Vec::new(),
        }
    }
}

/// A set of our own tools.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum ToolSet {
    /// Run, list, watch and cancel workflows; intent, recommendations, analytics.
    Core,
    /// Pause, resume, answer, signal.
    Control,
    /// Create, generate, optimize workflows; find patterns.
    Authoring,
    /// Metrics, agents, ratings.
    Operations,
    /// Find and call tools that are not listed.
    Gateway,
}

impl ToolSet {
    /// The name it is written by.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Core => "core",
            Self::Control => "control",
            Self::Authoring => "authoring",
            Self::Operations => "operations",
            Self::Gateway => "gateway",
        }
    }
}

/// When the semantic-model tools are listed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Packs {
    /// When a model lies in the roots at start.
    #[default]
    Auto,
    /// Always.
    All,
    /// Never; they stay callable in workflows.
    None,
}

/// How your servers' tools are listed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Expose {
    /// As many as the budget allows.
    #[default]
    Auto,
    /// All, whatever the budget says.
    All,
    /// None but the pinned ones; the rest through the gateway set.
    None,
}

/// An agent that steps can ask for by capability.
#[derive(Debug, Clone, PartialEq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, expecting = "an object")]
pub struct Agent {
    /// Its name.
    pub id: String,
    /// What kind of agent it is.
    #[serde(default, rename = "type")]
    pub kind: Option<String>,
    /// What it can do.
    #[serde(default)]
    pub capabilities: Capabilities,
    /// The server whose tools it has.
    #[serde(default)]
    pub server: Option<String>,
    /// Or the tools themselves.
    #[serde(default)]
    pub tools: Vec<String>,
    /// Tasks at once.
    #[serde(default)]
    pub max_concurrent_tasks: Option<Count>,
    /// Default arguments, and `timeout_seconds`.
    #[serde(default)]
    pub config: Map<String, Value>,
}

/// What may be read, called and sent.
#[derive(Debug, Clone, PartialEq, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields, expecting = "an object")]
pub struct Security {
    /// Folders that file tools may use, relative to this file. Without this key: the folder the
    /// process was started in.
    pub roots: Option<Vec<PathBuf>>,
    /// `host`, `host:port` or `*.domain` that webhooks may reach; none when empty.
    pub webhook_hosts: Vec<String>,
    /// Globs of tools that a person approves before they are called; `agent:*` are the calls of
    /// workflows that an agent wrote.
    pub approve: Vec<String>,
    /// Whether the calling model may pass on a person's answer.
    pub agent_may_relay: bool,
}

impl Default for Security {
    fn default() -> Self {
        Self { roots: None, webhook_hosts: Vec::new(), approve: vec!["agent:*".to_owned()], agent_may_relay: false }
    }
}

/// How long what is recorded is kept.
#[derive(Debug, Clone, PartialEq, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields, expecting = "an object")]
pub struct Retention {
    /// Finished runs.
    pub finished_days: Days,
    /// The run database; the oldest finished runs go first.
    pub max_database_mb: Count,
    /// The log of calls.
    pub interactions_days: Days,
    /// What is kept of the parameters of a call.
    pub log_parameters: LogParameters,
}

impl Default for Retention {
    fn default() -> Self {
        Self {
            finished_days: Days::new(30),
            max_database_mb: Count::new(2048),
            interactions_days: Days::new(90),
            log_parameters: LogParameters::Full,
        }
    }
}

/// What is kept of the parameters of a call.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum LogParameters {
    /// Names and values, secrets redacted.
    #[default]
    Full,
    /// Names only.
    Names,
    /// Nothing.
    None,
}

impl Config {
    /// Every text that must not go out: the `secrets` block, and values in `env` and `headers`
    /// under names that speak of a secret. Shorter ones than [`Secret::MIN_BYTES`] are left out.
    #[must_use]
    pub fn secret_values(&self) -> Vec<String> {
        let mut values: Vec<&str> = self.secrets.values().map(Secret::expose).collect();
        values.extend(self.mcp_servers.values().flat_map(Server::secret_values));
        values.retain(|value| value.len() >= Secret::MIN_BYTES);
        // Longest first, so that a secret inside another does not leave a rest behind.
        values.sort_unstable_by_key(|value| (std::cmp::Reverse(value.len()), *value));
        values.dedup();
        values.into_iter().map(str::to_owned).collect()
    }

    /// Takes [`Self::secret_values`] out of texts.
    #[must_use]
    pub fn redaction(&self) -> Redaction {
        Redaction::new(&self.secret_values())
    }

    /// The names under which secrets are known here.
    pub fn secret_names(&self) -> impl Iterator<Item = &str> {
        self.secrets.keys().map(String::as_str)
    }
}
