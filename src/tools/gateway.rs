//! `call_tool` and `call_tool_write`: tools that are not listed, called by name.
//!
//! Two of them, so that a client's permission to read is not one to write: each
//! calls only its own kind.

use std::sync::Arc;

use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::{Value, json};

use super::failure::ToolFailure;
use super::find_tools::FindTools;
use super::services::Services;
use super::spec::{Relay, Relayed, Tool as _};
use crate::base::ErrorKind;
use crate::base::json::{self, Object};
use crate::contract::{Annotations, ToolCall, ToolDefinition, sought};
use crate::registry::ToolSet;

/// Arguments up to this many bytes stand in an example of a call.
const ECHOED_BYTES: usize = 2_000;

/// `call_tool`.
pub(super) struct CallTool;

/// `call_tool_write`.
pub(super) struct CallToolWrite;

/// The tools of the gateway: they are not called through themselves.
pub(super) const OWN: [&str; 3] = [FindTools::NAME, CallTool::NAME, CallToolWrite::NAME];

/// The arguments of both.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Arguments {
    /// From find_tools.
    name: String,
    /// By its input_schema.
    arguments: Option<Object>,
}

impl Relay for CallTool {
    type Arguments = Arguments;

    const NAME: &'static str = "call_tool";
    const TITLE: &'static str = "Call a tool that reads";
    const DESCRIPTION: &'static str = "Call a tool that is not listed and only reads (find_tools says so in call_with). The answer is that tool's own.";
    const SET: ToolSet = ToolSet::Gateway;
    const ANNOTATIONS: Annotations = Annotations {
        read_only_hint: Some(true),
        destructive_hint: None,
        idempotent_hint: None,
        open_world_hint: None,
    };

    async fn run(services: Arc<Services>, asked: Arguments, call: ToolCall) -> Result<Relayed, ToolFailure> {
        relay(&services, asked, call, Self::NAME).await
    }
}

impl Relay for CallToolWrite {
    type Arguments = Arguments;

    const NAME: &'static str = "call_tool_write";
    const TITLE: &'static str = "Call a tool that may change things";
    const DESCRIPTION: &'static str = "Call a tool that is not listed and may change things (find_tools says so in call_with). The answer is that \
         tool's own.";
    const SET: ToolSet = ToolSet::Gateway;
    const ANNOTATIONS: Annotations = Annotations {
        read_only_hint: Some(false),
        destructive_hint: Some(true),
        idempotent_hint: None,
        open_world_hint: None,
    };

    async fn run(services: Arc<Services>, asked: Arguments, call: ToolCall) -> Result<Relayed, ToolFailure> {
        relay(&services, asked, call, Self::NAME).await
    }
}

/// The one of the two that calls this tool. What is not said to read may write.
pub(super) fn way(definition: &ToolDefinition) -> &'static str {
    if definition.annotations.read_only_hint == Some(true) { CallTool::NAME } else { CallToolWrite::NAME }
}

async fn relay(services: &Services, asked: Arguments, call: ToolCall, own: &str) -> Result<Relayed, ToolFailure> {
    let Arguments { name, arguments } = asked;
    let arguments = arguments.unwrap_or_default();
    if OWN.contains(&name.as_str()) {
        return Err(ToolFailure::new(ErrorKind::InvalidInput, format!("`{own}` calls other tools, not `{name}`"))
            .with_hint(format!("call `{name}` itself")));
    }
    let tools = services
        .all_tools()
        .ok_or_else(|| ToolFailure::new(ErrorKind::Internal, "the tools are not there: the process is ending"))?;
    let names = [name];
    if tools.definition(&names[0]).is_none() {
        sought(&*tools, &names, None, &call.cancel).await;
    }
    let [name] = names;
    let Some(definition) = tools.definition(&name) else {
        return Err(tools.absence(&name).into());
    };
    let way = way(&definition);
    if way != own {
        return Err(other_way(&name, arguments, own, way));
    }
    Ok(tools.call(ToolCall { name, arguments, ..call }).await)
}

fn other_way(name: &str, arguments: Object, own: &str, way: &str) -> ToolFailure {
    let told = if way == CallTool::NAME { "only reads" } else { "may change things" };
    let arguments = Value::Object(arguments);
    let arguments = if json::size(&arguments) <= ECHOED_BYTES { arguments } else { json!("the same arguments") };
    ToolFailure::new(ErrorKind::InvalidInput, format!("`{name}` {told}: it is not called with `{own}`"))
        .with_hint(format!("call it with `{way}`"))
        .with("example_call", json!({"name": way, "arguments": {"name": name, "arguments": arguments}}))
}
