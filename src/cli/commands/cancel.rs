//! `sequitur cancel`: end a run, and undo what declares how.

use serde_json::Value;

use super::summary::said;
use crate::base::json::Object;
use crate::cli::answer::line;
use crate::cli::args::Cancel;
use crate::cli::backend::Client;
use crate::cli::exit::Exit;
use crate::cli::failure::Failure;
use crate::cli::terminal::Terminal;

pub(in crate::cli) async fn cancel(client: &Client, terminal: &Terminal, arguments: Cancel) -> Result<Exit, Failure> {
    let mut request = Object::new();
    request.insert("workflow_id".to_owned(), Value::from(arguments.run));
    if let Some(reason) = arguments.reason {
        request.insert("reason".to_owned(), Value::from(reason));
    }
    if arguments.no_compensate {
        request.insert("compensate".to_owned(), Value::from(false));
    }
    let answer = client.call("cancel_workflow", request).await?;
    if arguments.output.json {
        terminal.json(&answer)?;
        return Ok(Exit::Completed);
    }
    said(terminal, &answer)?;
    if let Some(Value::Array(steps)) = answer.get("will_be_undone")
        && !steps.is_empty()
    {
        let steps: Vec<String> =
            steps.iter().map(|step| step.get("step_id").map_or_else(|| line(step), line)).collect();
        terminal.note(&format!("will be undone: {}", steps.join(", ")))?;
    }
    Ok(Exit::Completed)
}
