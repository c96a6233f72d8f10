//! What a server is told to be and to do.

use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

/// One server.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Spec {
    /// What it calls itself, also in the ledger.
    pub(crate) name: String,
    /// The ledger's file; without it nothing is written down.
    pub(crate) ledger: Option<PathBuf>,
    pub(crate) eras: Eras,
    pub(crate) tools: Vec<Tool>,
    /// Tools to a page of the list; all on one when 0.
    pub(crate) page: usize,
    pub(crate) instructions: Option<String>,
    pub(crate) start: Start,
    pub(crate) end: End,
    /// Processes that it starts.
    pub(crate) children: Vec<Child>,
    pub(crate) change: Option<Change>,
    /// A call whose key has had its effect has it not again.
    pub(crate) dedupe: bool,
    /// A line that is no message goes out before every message.
    pub(crate) chatters: bool,
    /// So many answers of calls are kept back, then sent last first.
    pub(crate) reversed: usize,
}

/// Which clients it understands.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Eras {
    /// Both, by how the client begins.
    #[default]
    Both,
    /// `server/discover` is an unknown method.
    Legacy,
    /// `server/discover` is not answered at all, as old servers do that know no errors.
    LegacySilent,
    /// `initialize` is an unknown method.
    Modern,
}

/// How it starts.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Start {
    /// Says why on standard error and ends with this code, before anything is read.
    pub(crate) exits: Option<u8>,
    /// The same, but only while this file exists.
    pub(crate) exits_while: Option<PathBuf>,
    /// Reads nothing before this file exists.
    pub(crate) until: Option<PathBuf>,
    /// Reads nothing for so long.
    pub(crate) slow_ms: u64,
    /// Answers neither `initialize` nor `server/discover`.
    pub(crate) hangs: bool,
    /// Lines on standard output that are no messages.
    pub(crate) banner: Vec<String>,
    /// So much goes to standard error.
    pub(crate) stderr_kib: usize,
}

/// How it ends.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct End {
    /// Lives on (for a minute) when its input has ended.
    pub(crate) ignores_eof: bool,
    /// Lives on when it is told to terminate.
    pub(crate) ignores_signals: bool,
}

/// A process that a server starts.
#[derive(Debug, Clone, Copy, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Child {
    /// In a session and process group of its own.
    pub(crate) own_session: bool,
    /// Has the server's standard streams, so that they stay open with it.
    pub(crate) holds_streams: bool,
    pub(crate) ignores_signals: bool,
}

/// Other tools from some time on.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Change {
    /// After so many calls of this process have been answered; never when 0.
    pub(crate) after_calls: usize,
    /// When this file exists (looked at from the start on).
    pub(crate) when: Option<PathBuf>,
    /// What it has then.
    pub(crate) tools: Vec<Tool>,
    /// Sends `notifications/tools/list_changed`.
    pub(crate) told: bool,
}

/// One tool.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Tool {
    pub(crate) name: String,
    pub(crate) description: String,
    pub(crate) input_schema: Value,
    pub(crate) output_schema: Option<Value>,
    /// As they are sent.
    pub(crate) annotations: Value,
    /// Further members of its definition.
    pub(crate) more: Map<String, Value>,
    /// What the first call does, the second, ...; the last stands for all that
    /// follow. Calls are counted in the ledger, over all processes.
    pub(crate) does: Vec<Vec<Act>>,
    pub(crate) on_cancel: OnCancel,
}

/// What a cancelled call does while it waits.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum OnCancel {
    /// Ends, without effect and answer.
    #[default]
    Stop,
    /// Goes on, and answers late.
    Ignore,
}

/// One thing that a call does, after its first line in the ledger.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Act {
    Wait {
        ms: u64,
    },
    /// Waits until this file exists.
    Until(PathBuf),
    /// Waits for ever.
    Hang,
    /// What cannot be undone: a line in the ledger.
    Effect,
    /// So many reports of progress, as fast as they can be written.
    Progress {
        reports: u32,
    },
    /// A line on standard output that is no message.
    Chatter(String),
    /// So much on standard error.
    Stderr {
        kib: usize,
    },
    /// A line in the ledger and the answer.
    Answer(Answer),
    /// Half of an answer's line.
    HalfAnAnswer,
    /// The process ends.
    Exit(u8),
}

/// What is answered.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Answer {
    /// The arguments, as text and under `echo` of the structured content.
    Echo,
    /// This result.
    Result(Value),
    /// This JSON-RPC error.
    Error(Value),
    /// A text of this size.
    Text { kib: usize },
}

impl Spec {
    /// A server with these tools that writes into this ledger.
    pub(crate) fn new(name: &str, ledger: &Path, tools: impl Into<Vec<Tool>>) -> Self {
        Self { name: name.to_owned(), ledger: Some(ledger.to_owned()), tools: tools.into(), ..Self::default() }
    }
}

impl Tool {
    /// A tool that has its effect and answers with what it was given; nothing
    /// is known of whether it may be repeated.
    pub(crate) fn new(name: &str) -> Self {
        Self {
            name: name.to_owned(),
            description: format!("The tool {name} of a test."),
            input_schema: json!({"type": "object"}),
            output_schema: None,
            annotations: Value::Null,
            more: Map::new(),
            does: vec![vec![Act::Effect, Act::Answer(Answer::Echo)]],
            on_cancel: OnCancel::Stop,
        }
    }

    /// It says that it only reads.
    pub(crate) fn reads(mut self) -> Self {
        self.annotations = json!({"readOnlyHint": true});
        self
    }

    /// It says that it may be repeated.
    pub(crate) fn idempotent(mut self) -> Self {
        self.annotations = json!({"readOnlyHint": false, "idempotentHint": true});
        self
    }

    /// It says that it may destroy and may not be repeated.
    pub(crate) fn destructive(mut self) -> Self {
        self.annotations = json!({"readOnlyHint": false, "destructiveHint": true, "idempotentHint": false});
        self
    }

    /// What every call does.
    pub(crate) fn does(mut self, acts: impl Into<Vec<Act>>) -> Self {
        self.does = vec![acts.into()];
        self
    }

    /// What the calls that follow do.
    pub(crate) fn then(mut self, acts: impl Into<Vec<Act>>) -> Self {
        self.does.push(acts.into());
        self
    }

    /// Has its effect and answers with this result.
    pub(crate) fn answers(self, result: Value) -> Self {
        self.does([Act::Effect, Act::Answer(Answer::Result(result))])
    }

    /// Answers a cancelled call too, late.
    pub(crate) fn deaf_to_cancel(mut self) -> Self {
        self.on_cancel = OnCancel::Ignore;
        self
    }

    /// Its entry in `tools/list`.
    pub(crate) fn listed(&self) -> Value {
        let mut entry = json!({"name": self.name, "description": self.description, "inputSchema": self.input_schema});
        if let Some(schema) = &self.output_schema {
            entry["outputSchema"] = schema.clone();
        }
        if !self.annotations.is_null() {
            entry["annotations"] = self.annotations.clone();
        }
        for (name, value) in &self.more {
            entry[name.as_str()] = value.clone();
        }
        entry
    }
}
