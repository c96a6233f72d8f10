//! `sequitur tools`: every tool that can be called.

use serde_json::json;

use crate::cli::backend::Client;
use crate::cli::exit::Exit;
use crate::cli::failure::Failure;
use crate::cli::table::{Style, Table};
use crate::cli::terminal::Terminal;
use crate::contract::Annotations;
use crate::registry::listed_json;

pub(in crate::cli) fn tools(client: &Client, terminal: &Terminal, json: bool) -> Result<Exit, Failure> {
    let definitions: Vec<_> = client.tools.names().iter().filter_map(|name| client.tools.definition(name)).collect();
    if json {
        let tools: Vec<_> = definitions.iter().map(listed_json).collect();
        terminal.json(&json!({"success": true, "count": tools.len(), "tools": tools}))?;
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
    Ok(Exit::Completed)
}

/// What is not said counts as the worst, as the protocol has it.
fn effect(annotations: Annotations) -> &'static str {
    match (annotations.read_only_hint, annotations.destructive_hint) {
        (Some(true), _) => "reads",
        (_, Some(false)) => "adds",
        (_, Some(true) | None) => "changes",
    }
}
