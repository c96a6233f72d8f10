//! Where tools come from.

use futures::future::BoxFuture;
use tokio::sync::watch;

use crate::base::slots::Slots;
use crate::config::NextSteps;
use crate::contract::{CallFailure, ToolCall, ToolDefinition, ToolOutput};

/// A source of tools: ours, a pack, or a server of the user.
pub trait Provider: Send + Sync {
    /// The tools it has now, in the order in which they should be listed.
    fn tools(&self) -> Vec<Listed>;

    /// Makes a call of one of its tools. The arguments fit the tool's schema.
    ///
    /// `call.cancel` asks for an orderly end; the future is dropped when none
    /// comes.
    fn call(&self, call: ToolCall) -> BoxFuture<'_, Result<ToolOutput, CallFailure>>;

    /// The places that calls to one of its tools share.
    fn pool(&self, name: &str) -> Option<Slots> {
        _ = name;
        None
    }

    /// Waits until the tool's server has started or failed to; none when a call need not wait.
    fn ready(&self, name: &str) -> Option<BoxFuture<'static, ()>> {
        _ = name;
        None
    }

    /// See [`crate::contract::CallTool::server_of`].
    fn server_of(&self, tool: &str) -> Option<String> {
        _ = tool;
        None
    }

    /// See [`crate::contract::CallTool::launch`].
    fn launch(&self, server: &str) -> Option<String> {
        _ = server;
        None
    }

    /// Why a tool that it knows is not among [`Provider::tools`].
    fn refusal(&self, name: &str) -> Option<CallFailure> {
        _ = name;
        None
    }

    /// Waits until it knows whether it has tools of these names.
    fn seek<'p>(&'p self, names: &'p [String]) -> BoxFuture<'p, ()> {
        _ = names;
        Box::pin(std::future::ready(()))
    }

    /// Waits until it knows all of its tools. The caller bounds the wait; what
    /// was begun for it goes on when the future is dropped.
    fn settled(&self) -> BoxFuture<'_, ()> {
        Box::pin(std::future::ready(()))
    }

    /// Whether it keeps `call.timeout` itself, from the moment the call goes out.
    fn keeps_time(&self) -> bool {
        false
    }

    /// A number that changes with [`Provider::tools`]; none where they stay.
    fn changed(&self) -> Option<watch::Receiver<u64>> {
        None
    }
}

/// A tool and its place in the list.
#[derive(Debug, Clone, PartialEq)]
pub struct Listed {
    /// What it is.
    pub definition: ToolDefinition,
    /// Which group of tools it belongs to.
    pub set: ToolSet,
    /// Listed whatever the budget and the chosen sets are.
    pub always: bool,
    /// Never listed, but can be called.
    pub hidden: bool,
    /// Where suggestions go in its results, if they are not ours.
    pub next_steps: NextSteps,
    /// A call of it is the call of another tool, which is what is recorded and
    /// answered; only its own refusals are its own.
    pub relays: bool,
    /// Other names of arguments, as (alias, name): renamed before the check.
    pub aliases: Vec<(String, String)>,
}

impl Listed {
    /// A tool of `set`, with no aliases. Core tools are always listed.
    #[must_use]
    pub fn new(definition: ToolDefinition, set: ToolSet) -> Self {
        Self {
            definition,
            set,
            always: set == ToolSet::Core,
            hidden: false,
            next_steps: NextSteps::default(),
            relays: false,
            aliases: Vec::new(),
        }
    }
}

/// A group of tools. The order is the order of the list.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum ToolSet {
    /// Running workflows, asking for advice: always listed.
    Core,
    /// Pause, resume, answer, signal.
    Control,
    /// Making workflows.
    Authoring,
    /// Looking after the engine.
    Operations,
    /// The way to tools that are not listed.
    Gateway,
    /// A pack that comes with us.
    Pack,
    /// A server of the user.
    Server,
}

impl ToolSet {
    /// The groups a configuration can name in `tools.sets`.
    pub const OWN: [Self; 5] = [Self::Core, Self::Control, Self::Authoring, Self::Operations, Self::Gateway];

    /// The name used in the configuration and in `docs/api.md`.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Core => "core",
            Self::Control => "control",
            Self::Authoring => "authoring",
            Self::Operations => "operations",
            Self::Gateway => "gateway",
            Self::Pack => "pack",
            Self::Server => "server",
        }
    }

    /// Reads a group's name.
    #[must_use]
    pub fn parse(name: &str) -> Option<Self> {
        Self::OWN.into_iter().chain([Self::Pack, Self::Server]).find(|set| set.as_str() == name)
    }

    /// Whether the answers are ours: we shape them, limit them and may add to
    /// them. A server's answers pass untouched.
    #[must_use]
    pub fn is_ours(self) -> bool {
        self != Self::Server
    }
}
