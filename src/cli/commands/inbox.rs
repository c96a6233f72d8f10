//! `sequitur inbox`: what waits for a person, over all runs.

use serde_json::{Value, json};

use crate::base::json::Object;
use crate::cli::answer::{RunLine, RunsAnswer, Task, line, view};
use crate::cli::ask::is_for_a_person;
use crate::cli::backend::Client;
use crate::cli::exit::Exit;
use crate::cli::failure::Failure;
use crate::cli::table::{Style, Table};
use crate::cli::terminal::Terminal;

pub(in crate::cli) async fn inbox(client: &Client, terminal: &Terminal, json: bool) -> Result<Exit, Failure> {
    let mut tasks = Vec::new();
    for run in open_runs(client).await? {
        let answer = status(client, &run.workflow_id).await?;
        for task in pending(&answer).into_iter().flatten() {
            if is_for_a_person(&view(task)) {
                tasks.push((run.workflow_id.clone(), run.template_id.clone(), task.clone()));
            }
        }
    }
    if json {
        let tasks: Vec<Value> = tasks
            .into_iter()
            .map(|(run, template, mut task)| {
                if let Some(fields) = task.as_object_mut() {
                    fields.insert("workflow_id".to_owned(), json!(run));
                    fields.insert("template_id".to_owned(), json!(template));
                }
                task
            })
            .collect();
        terminal.json(&json!({"success": true, "count": tasks.len(), "tasks": tasks}))?;
        return Ok(Exit::Completed);
    }
    let mut table = Table::new(&["run", "task", "template", "kind", "until", "question"]);
    for (run, template, task) in &tasks {
        let task: Task = view(task);
        table.row([
            (run, Style::Plain),
            (&task.task_id, Style::Strong),
            (template.as_deref().unwrap_or_default(), Style::Plain),
            (task.kind.as_deref().unwrap_or_default(), Style::Plain),
            (&line(&task.deadline), Style::Plain),
            (task.prompt.as_deref().unwrap_or_default(), Style::Plain),
        ]);
    }
    if table.is_empty() {
        terminal.note("nothing waits for you")?;
    } else {
        terminal.say(&table.render(terminal.width, terminal.colour))?;
        terminal.note("answer with `sequitur respond RUN TASK KEY=VALUE..`")?;
    }
    Ok(Exit::Completed)
}

/// Open runs: also one that goes on may have a question open beside.
async fn open_runs(client: &Client) -> Result<Vec<RunLine>, Failure> {
    let mut request = Object::new();
    // Of those that have ended none.
    request.insert("limit".to_owned(), Value::from(0));
    let answer: RunsAnswer = view(&client.call("get_workflow_status", request).await?);
    let ended = ["completed", "failed", "cancelled", "timed_out"];
    Ok(answer.runs.into_iter().filter(|run| !ended.contains(&run.status.as_str())).collect())
}

/// The tasks of one run.
pub(super) async fn tasks_of(client: &Client, run: &str) -> Result<Vec<Task>, Failure> {
    let answer = status(client, run).await?;
    Ok(pending(&answer).into_iter().flatten().map(view).collect())
}

async fn status(client: &Client, run: &str) -> Result<Value, Failure> {
    let mut request = Object::new();
    request.insert("workflow_id".to_owned(), Value::from(run));
    client.call("get_workflow_status", request).await
}

fn pending(answer: &Value) -> Option<&Vec<Value>> {
    let holder = answer.get("status").filter(|status| status.is_object()).unwrap_or(answer);
    holder.get("pending_tasks").or_else(|| answer.get("pending_tasks"))?.as_array()
}
