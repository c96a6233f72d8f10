//! The tools of the user's servers as a source of tools. Must not know more of
//! them than what `downstream` gives.

use std::sync::Arc;

use futures::future::BoxFuture;
use tokio::sync::watch;

use super::provider::{Listed, Provider, ToolSet};
use crate::base::slots::Slots;
use crate::contract::{CallFailure, ToolCall, ToolOutput};
use crate::downstream::Servers;

/// The tools of all servers.
pub struct ServerTools(pub Arc<Servers>);

impl Provider for ServerTools {
    fn tools(&self) -> Vec<Listed> {
        let listed = self.0.tools().into_iter().map(|tool| Listed {
            hidden: tool.hidden,
            next_steps: tool.next_steps,
            ..Listed::new(tool.definition, ToolSet::Server)
        });
        listed.collect()
    }

    fn call(&self, call: ToolCall) -> BoxFuture<'_, Result<ToolOutput, CallFailure>> {
        Box::pin(self.0.call(call))
    }

    fn pool(&self, name: &str) -> Option<Slots> {
        self.0.pool(name)
    }

    fn ready(&self, name: &str) -> Option<BoxFuture<'static, ()>> {
        self.0.ready(name)
    }

    fn server_of(&self, tool: &str) -> Option<String> {
        self.0.server_of(tool)
    }

    fn launch(&self, server: &str) -> Option<String> {
        self.0.launch(server)
    }

    fn refusal(&self, name: &str) -> Option<CallFailure> {
        self.0.refusal(name)
    }

    fn seek<'p>(&'p self, names: &'p [String]) -> BoxFuture<'p, ()> {
        Box::pin(self.0.seek(names))
    }

    fn settled(&self) -> BoxFuture<'_, ()> {
        Box::pin(self.0.settled())
    }

    fn keeps_time(&self) -> bool {
        true
    }

    fn changed(&self) -> Option<watch::Receiver<u64>> {
        Some(self.0.changed())
    }
}
