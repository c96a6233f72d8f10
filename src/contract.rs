//! What a call of a tool is, and what comes back: the words that the engine,
//! the registry and the tools share.
//!
//! Breaks the cycle between `engine` (steps call tools) and `registry` (tools
//! start runs): both know only [`CallTool`]. Must not know MCP's wire, the
//! store or any tool.

use std::sync::Arc;
use std::time::Duration;

use futures::future::BoxFuture;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use tokio_util::sync::CancellationToken;

use crate::base::ErrorKind;
use crate::base::json::Object;
use crate::base::slots::{Slot, Slots};

/// One call of one tool.
#[derive(Clone)]
pub struct ToolCall {
    /// The tool's listed name.
    pub name: String,
    /// The arguments, with secrets already filled in.
    pub arguments: Object,
    /// Who makes the call.
    pub origin: Origin,
    /// What the call is bound to: for a step its run's binding, for a client the session's.
    pub binding: Option<Binding>,
    /// Equal for every attempt of one step instance; sent on to servers.
    pub idempotency_key: Option<String>,
    /// Fires when the caller no longer wants the result.
    pub cancel: CancellationToken,
    /// Where progress goes, when the caller asked for it.
    pub progress: Option<ProgressSink>,
    /// How long the caller will wait.
    pub timeout: Option<Duration>,
    /// The place in its tool's pool ([`CallTool::pool`]) that the caller holds
    /// already. Without one the source of the tool takes one for the call.
    pub permit: Option<Arc<Slot>>,
    /// What the caller relies on: a call of a tool that is another by then is refused.
    pub expects: Option<Pinned>,
    /// A step with `record: none`: neither parameters nor result go into the learning log.
    pub unrecorded: bool,
}

impl ToolCall {
    /// A call with nothing but a name, arguments and an origin.
    #[must_use]
    pub fn new(name: impl Into<String>, arguments: Object, origin: Origin) -> Self {
        Self {
            name: name.into(),
            arguments,
            origin,
            binding: None,
            idempotency_key: None,
            cancel: CancellationToken::new(),
            progress: None,
            timeout: None,
            permit: None,
            expects: None,
            unrecorded: false,
        }
    }
}

impl std::fmt::Debug for ToolCall {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        // Arguments may hold secrets: they are never printed.
        f.debug_struct("ToolCall").field("name", &self.name).field("origin", &self.origin).finish_non_exhaustive()
    }
}

/// Who makes a call.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Origin {
    /// The MCP client. In the modern era `session` is one lifetime of our
    /// process together with the client's name.
    Client {
        /// The session's id.
        session: String,
    },
    /// A step of a run.
    Step {
        /// The session that started the run, if one did.
        session: Option<String>,
        /// The run's id.
        run: String,
        /// The step instance, as `publish[0].post`.
        step: String,
    },
    /// A person at the command line.
    Cli {
        /// The process's session id.
        session: String,
    },
}

impl Origin {
    /// The session the call belongs to.
    #[must_use]
    pub fn session(&self) -> Option<&str> {
        match self {
            Self::Client { session } | Self::Cli { session } => Some(session),
            Self::Step { session, .. } => session.as_deref(),
        }
    }
}

/// What a tool binds for a run or session: today the connected model.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Binding {
    /// The model's path, absolute.
    pub model_path: String,
    /// The model's name.
    pub model_name: String,
    /// A hash of its files when it was bound.
    pub fingerprint: String,
}

/// What a tool answered, in MCP's shapes.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct ToolOutput {
    /// `structuredContent`.
    pub structured: Option<Value>,
    /// `content` blocks, as the tool sent them. Empty for own tools: the text
    /// block is made from `structured` at the edge.
    pub content: Vec<Value>,
    /// `isError`.
    pub is_error: bool,
    /// `_meta`.
    pub meta: Object,
    /// Further fields of a server's result, passed on as they came.
    pub extra: Object,
    /// Somebody else's answer: it reaches the client as it came, and a text
    /// block is not made for it. The registry says so, not the tool.
    pub untouched: bool,
    /// What the caller's run or session is bound to from now on.
    pub binds: Option<Binding>,
}

impl ToolOutput {
    /// A success with structured content.
    #[must_use]
    pub fn structured(value: Value) -> Self {
        Self { structured: Some(value), ..Self::default() }
    }

    /// The error kind that a failed output names, `tool_error` when it names none.
    #[must_use]
    pub fn error_kind(&self) -> Option<ErrorKind> {
        if !self.is_error {
            return None;
        }
        let named = self.structured.as_ref().and_then(|value| value.get("error_type")).and_then(Value::as_str);
        Some(named.and_then(ErrorKind::parse).unwrap_or(ErrorKind::ToolError))
    }

    /// What a step keeps as its `result`: the structured content; else the JSON
    /// of a sole text block; else that text; else `{content: [...]}`.
    #[must_use]
    pub fn step_result(&self) -> Value {
        if let Some(value) = &self.structured {
            return value.clone();
        }
        if let [block] = self.content.as_slice()
            && block.get("type").and_then(Value::as_str) == Some("text")
            && let Some(text) = block.get("text").and_then(Value::as_str)
        {
            return serde_json::from_str(text).unwrap_or_else(|_| Value::String(text.to_owned()));
        }
        json!({ "content": self.content })
    }
}

/// A call that brought no output at all.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct CallFailure {
    /// The kind, for retry and for `error_type`.
    pub kind: ErrorKind,
    /// A sentence.
    pub message: String,
    /// What to do about it.
    pub hint: Option<String>,
    /// The request went out and no reply came: the effect may have happened.
    pub outcome_unknown: bool,
    /// The other side's Retry-After.
    pub retry_after: Option<Duration>,
}

impl CallFailure {
    /// A failure whose effect certainly did not happen.
    #[must_use]
    pub fn new(kind: ErrorKind, message: impl Into<String>) -> Self {
        Self { kind, message: message.into(), hint: None, outcome_unknown: false, retry_after: None }
    }

    /// The same with a hint.
    #[must_use]
    pub fn with_hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }
}

/// MCP's tool annotations. `None` is "not said"; the protocol's defaults are
/// the cautious ones.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Annotations {
    /// Changes nothing.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub read_only_hint: Option<bool>,
    /// May destroy.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub destructive_hint: Option<bool>,
    /// The same call twice changes nothing more.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub idempotent_hint: Option<bool>,
    /// Reaches into the world.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub open_world_hint: Option<bool>,
}

impl Annotations {
    /// Whether a call may be repeated when its outcome is unknown.
    #[must_use]
    pub fn repeat_safe(self) -> bool {
        self.read_only_hint == Some(true) || self.idempotent_hint == Some(true)
    }
}

/// A tool as it is listed.
#[derive(Debug, Clone, PartialEq)]
pub struct ToolDefinition {
    /// The name clients and templates use.
    pub name: String,
    /// A title for people.
    pub title: Option<String>,
    /// What it is for, written for a model that chooses a tool.
    pub description: String,
    /// JSON Schema of the arguments.
    pub input_schema: Value,
    /// JSON Schema of the structured result.
    pub output_schema: Option<Value>,
    /// Hints.
    pub annotations: Annotations,
}

impl ToolDefinition {
    /// In MCP's JSON, with nothing that says nothing.
    #[must_use]
    pub fn to_mcp(&self) -> Object {
        let mut tool = Object::new();
        tool.insert("name".to_owned(), json!(self.name));
        if let Some(title) = &self.title {
            tool.insert("title".to_owned(), json!(title));
        }
        tool.insert("description".to_owned(), json!(self.description));
        tool.insert("inputSchema".to_owned(), self.input_schema.clone());
        if let Some(schema) = &self.output_schema {
            tool.insert("outputSchema".to_owned(), schema.clone());
        }
        let hints = self.annotations;
        let mut annotations = Object::new();
        for (name, hint) in [
            ("readOnlyHint", hints.read_only_hint),
            ("destructiveHint", hints.destructive_hint),
            ("idempotentHint", hints.idempotent_hint),
            ("openWorldHint", hints.open_world_hint),
        ] {
            if let Some(hint) = hint {
                annotations.insert(name.to_owned(), json!(hint));
            }
        }
        if !annotations.is_empty() {
            tool.insert("annotations".to_owned(), Value::Object(annotations));
        }
        tool
    }

    /// A hash of everything a caller relies on.
    #[must_use]
    pub fn pin(&self) -> String {
        let facts = json!({
            "name": self.name,
            "description": self.description,
            "input_schema": self.input_schema,
            "output_schema": self.output_schema,
            "annotations": self.annotations,
        });
        crate::base::json::sha256_hex(crate::base::json::canonical(&facts).as_bytes())
    }
}

/// What is recorded of a tool when a step calls it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pinned {
    /// Whether its annotations allow a call to be repeated.
    pub repeat_safe: bool,
    /// [`ToolDefinition::pin`].
    pub pin: String,
}

impl Pinned {
    /// Of a definition.
    #[must_use]
    pub fn of(definition: &ToolDefinition) -> Self {
        Self { repeat_safe: definition.annotations.repeat_safe(), pin: definition.pin() }
    }
}

/// One report of progress.
#[derive(Debug, Clone, PartialEq)]
pub struct Progress {
    /// Grows with every report.
    pub progress: f64,
    /// What `progress` grows to.
    pub total: Option<f64>,
    /// A line for a person.
    pub message: Option<String>,
}

/// Takes reports of progress; never blocks.
pub type ProgressSink = Arc<dyn Fn(Progress) + Send + Sync>;

/// A tool as its calls are checked before they are made.
#[derive(Debug, Clone)]
pub struct Known {
    /// What it is.
    pub definition: ToolDefinition,
    /// Other names of arguments, as (alias, name).
    pub aliases: Vec<(String, String)>,
}

impl From<ToolDefinition> for Known {
    fn from(definition: ToolDefinition) -> Self {
        Self { definition, aliases: Vec::new() }
    }
}

impl Known {
    /// Gives arguments the names that the definition has for them.
    pub fn rename(&self, arguments: &mut Object) {
        for (alias, name) in &self.aliases {
            if !arguments.contains_key(name)
                && let Some(value) = arguments.shift_remove(alias)
            {
                arguments.insert(name.clone(), value);
            }
        }
    }
}

/// Calls tools. The engine's only way to them.
pub trait CallTool: Send + Sync {
    /// Makes the call. Dropping the future abandons it; `call.cancel` asks for
    /// an orderly end.
    fn call(&self, call: ToolCall) -> BoxFuture<'_, Result<ToolOutput, CallFailure>>;

    /// The tool's definition now, if there is such a tool.
    fn definition(&self, name: &str) -> Option<ToolDefinition>;

    /// The same with the other names that its arguments may be given by.
    fn known(&self, name: &str) -> Option<Known> {
        self.definition(name).map(Known::from)
    }

    /// What is recorded of a call to it. Asked with every step, so a catalogue
    /// keeps it rather than hash the definition again.
    fn pinned(&self, name: &str) -> Option<Pinned> {
        self.definition(name).map(|definition| Pinned::of(&definition))
    }

    /// The places that calls to the tool share with others: those of its server.
    /// The engine takes one before it records that a step started; a client's
    /// direct call goes before those that wait.
    fn pool(&self, name: &str) -> Option<Slots> {
        _ = name;
        None
    }

    /// Waits until the tool's server has started, or has failed to; none when a
    /// call would not have to wait for that.
    fn ready(&self, name: &str) -> Option<BoxFuture<'static, ()>> {
        _ = name;
        None
    }

    /// The server that has the tool, or that by its name would have it.
    fn server_of(&self, tool: &str) -> Option<String> {
        _ = tool;
        None
    }

    /// How a server is started here, as a hash; none when it cannot be used here.
    fn launch(&self, server: &str) -> Option<String> {
        _ = server;
        None
    }

    /// Why there is no tool of this name: nobody has heard of it, or it is held back.
    fn absence(&self, name: &str) -> CallFailure {
        CallFailure::new(ErrorKind::NotFound, format!("there is no tool `{name}`"))
    }

    /// Waits until it is known whether there are tools of these names: the
    /// servers they name are asked if that never happened before. Nothing is
    /// waited for when all of them are there. The caller bounds the wait.
    fn seek<'s>(&'s self, names: &'s [String]) -> BoxFuture<'s, ()> {
        _ = names;
        Box::pin(std::future::ready(()))
    }

    /// The names of all tools that can be called, for "did you mean".
    fn names(&self) -> Vec<String>;

    /// Whether [`ToolCall::timeout`] is kept, from when the call was sent.
    fn keeps_time(&self) -> bool {
        false
    }

    /// Until every source has told its tools for the first time, or has failed
    /// to. Who asks bounds the wait: a server may take long to start.
    fn settled(&self) -> BoxFuture<'_, ()> {
        Box::pin(std::future::ready(()))
    }
}

/// How long a call waits for the sources that may have its tools.
pub const SOUGHT: Duration = Duration::from_secs(30);

/// [`CallTool::seek`] for one who waits at most so long, and not once the call is cancelled. What
/// is not there then is not there.
pub async fn sought(tools: &dyn CallTool, names: &[String], bound: Option<Duration>, cancel: &CancellationToken) {
    let bound = bound.map_or(SOUGHT, |bound| bound.min(SOUGHT));
    tokio::select! {
        _ = tokio::time::timeout(bound, tools.seek(names)) => {}
        () = cancel.cancelled() => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_step_keeps_structured_content_then_json_text_then_text_then_blocks() {
        let text =
            |text: &str| ToolOutput { content: vec![json!({"type": "text", "text": text})], ..ToolOutput::default() };
        assert_eq!(ToolOutput::structured(json!({"a": 1})).step_result(), json!({"a": 1}));
        assert_eq!(text(r#"{"a":1}"#).step_result(), json!({"a": 1}));
        assert_eq!(text("plain").step_result(), json!("plain"));
        let image = json!({"type": "image", "data": "", "mimeType": "image/png"});
        let blocks = ToolOutput { content: vec![image.clone(), image.clone()], ..ToolOutput::default() };
        assert_eq!(blocks.step_result(), json!({"content": [image, image]}));
    }

    #[test]
    fn an_error_without_a_type_is_a_tool_error() {
        let failed = ToolOutput { is_error: true, ..ToolOutput::structured(json!({"error": "x"})) };
        assert_eq!(failed.error_kind(), Some(ErrorKind::ToolError));
        let named = ToolOutput { is_error: true, ..ToolOutput::structured(json!({"error_type": "rate_limited"})) };
        assert_eq!(named.error_kind(), Some(ErrorKind::RateLimited));
    }
}
