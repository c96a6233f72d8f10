//! `sequitur signal`: tell runs of an event.

use serde_json::Value;

use crate::base::json::Object;
use crate::cli::answer::line;
use crate::cli::args::Signal;
use crate::cli::backend::Client;
use crate::cli::exit::Exit;
use crate::cli::failure::Failure;
use crate::cli::table::{Style, Table};
use crate::cli::terminal::Terminal;

pub(in crate::cli) async fn signal(client: &Client, terminal: &Terminal, arguments: Signal) -> Result<Exit, Failure> {
    let mut request = Object::new();
    request.insert("event".to_owned(), Value::from(arguments.event));
    if let Some(run) = arguments.run {
        request.insert("workflow_id".to_owned(), Value::from(run));
    }
    if let Some(payload) = arguments.payload {
        request.insert("payload".to_owned(), payload);
    }
    if let Some(id) = arguments.signal_id {
        request.insert("signal_id".to_owned(), Value::from(id));
    }
    if let Some(seconds) = arguments.wait {
        request.insert("wait_seconds".to_owned(), Value::from(seconds));
    }
    let answer = client.call("signal_workflow", request).await?;
    if arguments.output.json {
        terminal.json(&answer)?;
        return Ok(Exit::Completed);
    }
    let text = |value: &Value, key: &str| value.get(key).map(line).unwrap_or_default();
    let mut table = Table::new(&["run", "status", "started"]);
    for run in answer.get("runs").and_then(Value::as_array).into_iter().flatten() {
        let status = text(run, "status");
        table.row([
            (&text(run, "workflow_id"), Style::Strong),
            (&status, Style::of_state(&status)),
            (&text(run, "started"), Style::Plain),
        ]);
    }
    if !table.is_empty() {
        terminal.say(&format!("{}\n", table.render(terminal.width, terminal.colour)))?;
    }
    terminal.say(&format!("delivered: {}", text(&answer, "delivered")))?;
    for warning in answer.get("warnings").and_then(Value::as_array).into_iter().flatten() {
        terminal.note(&format!("warning: {}", line(warning)))?;
    }
    if let Some(hint) = answer.get("hint") {
        terminal.note(&format!("hint: {}", line(hint)))?;
    }
    Ok(Exit::Completed)
}
