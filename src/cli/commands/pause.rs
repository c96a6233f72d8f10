//! `sequitur pause`: calls in flight finish, nothing new starts.

use serde_json::Value;

use super::summary::said;
use crate::base::json::Object;
use crate::cli::args::OneRun;
use crate::cli::backend::Client;
use crate::cli::exit::Exit;
use crate::cli::failure::Failure;
use crate::cli::terminal::Terminal;

pub(in crate::cli) async fn pause(client: &Client, terminal: &Terminal, arguments: &OneRun) -> Result<Exit, Failure> {
    let mut request = Object::new();
    request.insert("workflow_id".to_owned(), Value::from(arguments.run.as_str()));
    let answer = client.call("pause_workflow", request).await?;
    if arguments.output.json {
        terminal.json(&answer)?;
    } else {
        said(terminal, &answer)?;
    }
    Ok(Exit::Completed)
}
