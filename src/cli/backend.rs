//! What the command line needs of the rest: a way to serve, a way to call tools.

use std::sync::Arc;

use futures::future::BoxFuture;
use serde_json::Value;

use super::exit::Exit;
use super::failure::Failure;
use super::setup::Setup;
use crate::base::json::Object;
use crate::contract::{CallTool, Origin, ToolCall, ToolOutput};
use crate::downstream::Servers;

/// Builds what commands work with. `app` implements it.
pub trait Backend: Sync {
    /// Speaks MCP over standard input and output until the client leaves. Never fails for a
    /// configuration or data folder that cannot be used: `setup` holds the errors to answer with.
    fn serve(&self, setup: Setup) -> BoxFuture<'_, Result<Exit, Failure>>;

    /// Connects the tools for one command.
    fn client(&self, setup: Setup, purpose: Purpose) -> BoxFuture<'_, Result<Client, Failure>>;
}

/// What a command does with runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Purpose {
    /// Drives runs: `run`, `resume`, `respond`, `signal`. Runs of dead processes may be adopted.
    Drive,
    /// Reads, or leaves a word in the inbox. Adopts nothing.
    Look,
}

/// The tools, for one command.
pub struct Client {
    /// All tools.
    pub tools: Arc<dyn CallTool>,
    /// The user's servers, for what is not a call; none where nothing is connected.
    pub servers: Option<Arc<Servers>>,
    /// This process's session, for `Origin::Cli`.
    pub session: String,
    /// Ends in order what `tools` runs on; called once, before the process ends.
    pub close: Box<dyn FnOnce() -> BoxFuture<'static, ()> + Send>,
}

impl std::fmt::Debug for Client {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Client").field("session", &self.session).finish_non_exhaustive()
    }
}

impl Client {
    /// A call in this command's name.
    pub(super) fn request(&self, tool: &str, arguments: Object) -> ToolCall {
        ToolCall::new(tool, arguments, Origin::Cli { session: self.session.clone() })
    }

    /// Calls a tool; an answer that is a failure is one.
    pub(super) async fn call(&self, tool: &str, arguments: Object) -> Result<Value, Failure> {
        let output = self.tools.call(self.request(tool, arguments)).await?;
        structured(output)
    }
}

/// The structured answer of a call that worked.
pub(super) fn structured(output: ToolOutput) -> Result<Value, Failure> {
    if output.is_error { Err(Failure::Tool(Box::new(output))) } else { Ok(output.step_result()) }
}
