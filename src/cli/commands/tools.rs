//! `sequitur tools`: every tool that can be called, and what is held back of
//! those that are not; `accept` takes one as it is now.

use std::time::Duration;

use serde_json::json;

use crate::cli::args::{Accept, Tools, ToolsAction};
use crate::cli::backend::Client;
use crate::cli::exit::Exit;
use crate::cli::failure::Failure;
use crate::cli::table::{Style, Table};
use crate::cli::terminal::Terminal;
use crate::contract::Annotations;
use crate::downstream::{AcceptError, Quarantined, ServerState, ServerStatus, Servers};
use crate::registry::listed_json;
use crate::telemetry::visible;

/// For servers to start and tell their tools.
pub(super) const PROBE: Duration = Duration::from_secs(30);

pub(in crate::cli) async fn tools(client: &Client, terminal: &Terminal, arguments: &Tools) -> Result<Exit, Failure> {
    if let Some(ToolsAction::Accept(accept)) = &arguments.action {
        return self::accept(client, terminal, accept).await;
    }
    if let Some(servers) = &client.servers {
        // One that takes longer is told as starting.
        tokio::time::timeout(PROBE, servers.probe()).await.ok();
    }
    let status = client.servers.as_deref().map(Servers::status).unwrap_or_default();
    let held_back = client.servers.as_deref().map(Servers::quarantined).unwrap_or_default();
    let definitions: Vec<_> = client.tools.names().iter().filter_map(|name| client.tools.definition(name)).collect();
    if arguments.output.json {
        let tools: Vec<_> = definitions.iter().map(listed_json).collect();
        terminal.json(&json!({
            "success": true, "count": tools.len(), "tools": tools, "quarantined": held_back, "servers": status,
        }))?;
        return Ok(Exit::Completed);
    }
    let mut table = Table::new(&["tool", "effect", "what it does"]);
    for tool in &definitions {
        let first = tool.description.split_inclusive(['.', '\n']).next().unwrap_or_default();
        table.row([(&tool.name, Style::Strong), (effect(tool.annotations), Style::Plain), (first, Style::Plain)]);
    }
    if table.is_empty() {
        terminal.note("no tools")?;
    } else {
        terminal.say(&table.render(terminal.width, terminal.colour))?;
    }
    for tool in &held_back {
        show(terminal, tool)?;
        terminal.say(&format!("  take it with `sequitur tools accept {}`", visible(&tool.name, false)))?;
    }
    for server in &status {
        doubts(terminal, server)?;
    }
    Ok(Exit::Completed)
}

async fn accept(client: &Client, terminal: &Terminal, accept: &Accept) -> Result<Exit, Failure> {
    let Some(servers) = &client.servers else {
        return Err(Failure::input("no server is connected", "name servers under `mcpServers` in the configuration"));
    };
    let mut taken = servers.accept(&accept.name);
    if matches!(&taken, Err(AcceptError::NotHeldBack { .. })) {
        // What is held back may be known to the server alone, where pins could not be read or written.
        tokio::time::timeout(PROBE, servers.seek(std::slice::from_ref(&accept.name))).await.ok();
        taken = servers.accept(&accept.name);
    }
    let taken = taken.map_err(|error| Failure::refused(error.kind(), error.to_string(), Some(error.hint())))?;
    if accept.output.json {
        terminal.json(&json!({"success": true, "accepted": taken}))?;
    } else {
        show(terminal, &taken)?;
        terminal.say(&format!("accepted `{}` as it is now", visible(&taken.name, false)))?;
    }
    Ok(Exit::Completed)
}

/// How a tool changed: the server's words, with nothing in them that a terminal acts on.
fn show(terminal: &Terminal, tool: &Quarantined) -> Result<(), Failure> {
    let (name, server) = (visible(&tool.name, false), visible(&tool.server, false));
    terminal.say(&format!("\n`{name}` is held back: server `{server}` changed it"))?;
    for line in &tool.diff {
        terminal.say(&format!("  {}", visible(line, false)))?;
    }
    Ok(())
}

/// What keeps a server's tools out of the table.
fn doubts(terminal: &Terminal, server: &ServerStatus) -> Result<(), Failure> {
    let name = visible(&server.name, false);
    match server.state {
        ServerState::Refused | ServerState::Failed => {
            let reason = server.reason.as_deref().unwrap_or_default();
            terminal.note(&format!("warning: server `{name}`: {}", visible(reason, false)))?;
        }
        ServerState::Starting => {
            terminal.note(&format!("warning: server `{name}` is not ready after {} s", PROBE.as_secs()))?;
        }
        ServerState::Disabled | ServerState::Idle | ServerState::Ready => {}
    }
    if let Some(doubt) = &server.doubt {
        terminal.note(&format!(
            "warning: the tools of server `{name}` are held back until they are accepted: {}",
            visible(doubt, false)
        ))?;
    }
    for tool in &server.refused {
        let (tool, reason) = (visible(&tool.name, false), visible(&tool.reason, false));
        terminal.note(&format!("warning: tool `{tool}` of server `{name}` is refused: {reason}"))?;
    }
    Ok(())
}

/// What is not said counts as the worst, as the protocol has it.
fn effect(annotations: Annotations) -> &'static str {
    match (annotations.read_only_hint, annotations.destructive_hint) {
        (Some(true), _) => "reads",
        (_, Some(false)) => "adds",
        (_, Some(true) | None) => "changes",
    }
}
