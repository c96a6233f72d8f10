//! `sequitur runs`: open runs, then the last finished.

use serde_json::Value;

use crate::base::json::Object;
use crate::cli::answer::{RunsAnswer, line, view, waiting_for};
use crate::cli::args::Runs;
use crate::cli::backend::Client;
use crate::cli::exit::Exit;
use crate::cli::failure::Failure;
use crate::cli::table::{Style, Table};
use crate::cli::terminal::Terminal;

pub(in crate::cli) async fn runs(client: &Client, terminal: &Terminal, arguments: Runs) -> Result<Exit, Failure> {
    let mut request = Object::new();
    if let Some(status) = arguments.status {
        request.insert("status".to_owned(), Value::from(status));
    }
    if let Some(limit) = arguments.limit {
        request.insert("limit".to_owned(), Value::from(limit));
    }
    let answer = client.call("get_workflow_status", request).await?;
    if arguments.output.json {
        terminal.json(&answer)?;
        return Ok(Exit::Completed);
    }
    let mut table = Table::new(&["run", "template", "status", "started", "waiting for"]);
    for run in view::<RunsAnswer>(&answer).runs {
        table.row([
            (&run.workflow_id, Style::Plain),
            (run.template_id.as_deref().unwrap_or_default(), Style::Strong),
            (&run.status, Style::of_state(&run.status)),
            (&line(&run.started_at), Style::Plain),
            (&waiting_for(&run.waiting_for), Style::Plain),
        ]);
    }
    if table.is_empty() {
        terminal.note("no runs")?;
    } else {
        terminal.say(&table.render(terminal.width, terminal.colour))?;
    }
    Ok(Exit::Completed)
}
