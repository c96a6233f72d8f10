//! `sequitur show`: one run, step by step.

use serde_json::Value;

use super::summary;
use crate::base::json::Object;
use crate::cli::answer::{StatusAnswer, line, seconds, view, waiting_for};
use crate::cli::args::OneRun;
use crate::cli::backend::Client;
use crate::cli::exit::Exit;
use crate::cli::failure::Failure;
use crate::cli::table::{Style, Table};
use crate::cli::terminal::Terminal;
use crate::telemetry::visible;

pub(in crate::cli) async fn show(client: &Client, terminal: &Terminal, arguments: &OneRun) -> Result<Exit, Failure> {
    let mut request = Object::new();
    request.insert("workflow_id".to_owned(), Value::from(arguments.run.as_str()));
    let answer = client.call("get_workflow_status", request).await?;
    if arguments.output.json {
        terminal.json(&answer)?;
        return Ok(Exit::Completed);
    }
    let status: StatusAnswer = view(answer.get("status").filter(|status| status.is_object()).unwrap_or(&answer));
    let state = status.status.as_deref().unwrap_or("unknown");
    let name = status.workflow_name.as_deref().unwrap_or_default();
    let id = status.workflow_id.as_deref().unwrap_or(&arguments.run);
    terminal.say(&format!(
        "{}  {}  {}",
        Style::Strong.paint(&visible(name, false), terminal.colour),
        Style::of_state(state).paint(state, terminal.colour),
        visible(id, false)
    ))?;
    let mut facts = Vec::new();
    facts.extend(status.progress_percentage.map(|percentage| format!("{percentage:.0}% done")));
    facts.extend(status.estimated_seconds_left.map(|left| format!("about {} left", seconds(left))));
    facts.extend(
        Some(waiting_for(&status.waiting_for)).filter(|text| !text.is_empty()).map(|text| format!("waits for {text}")),
    );
    facts.extend(Some(line(&status.error)).filter(|text| !text.is_empty()).map(|text| format!("error: {text}")));
    if !facts.is_empty() {
        terminal.say(&visible(&facts.join(", "), false))?;
    }
    let mut table = Table::new(&["step", "status", "attempts", "time", "note"]);
    for step in &status.steps {
        table.row([
            (&step.step_id, Style::Plain),
            (&step.status, Style::of_state(&step.status)),
            (&step.attempts.map(|attempts| attempts.to_string()).unwrap_or_default(), Style::Plain),
            (&step.execution_time.map(seconds).unwrap_or_default(), Style::Plain),
            (&line(&step.error), Style::Plain),
        ]);
    }
    if !table.is_empty() {
        terminal.say(&format!("\n{}", table.render(terminal.width, terminal.colour)))?;
    }
    for task in &status.pending_tasks {
        summary::open(terminal, id, task)?;
    }
    Ok(Exit::Completed)
}
