//! `sequitur respond`: answer a task, and wait for the run's end.

use serde_json::Value;

use super::inbox::tasks_of;
use super::summary;
use crate::base::json::Object;
use crate::cli::args::Respond;
use crate::cli::drive::{Driven, Driver};
use crate::cli::exit::Exit;
use crate::cli::failure::Failure;
use crate::cli::parameters::{of_schema, typed};

pub(in crate::cli) async fn respond(mut driver: Driver<'_>, arguments: Respond) -> Result<Exit, Failure> {
    let answer = match arguments.answer {
        Some(answer) => answer,
        None => by_field(&driver, &arguments.run, &arguments.task, &arguments.fields).await?,
    };
    let mut request = Object::new();
    request.insert("workflow_id".to_owned(), Value::from(arguments.run.as_str()));
    request.insert("task_id".to_owned(), Value::from(arguments.task.as_str()));
    request.insert("answer".to_owned(), answer);
    let answered = Driven { tool: "respond_to_task", arguments: request, run: Some(arguments.run), repeatable: false };
    let ended = driver.drive(answered).await?;
    summary::finish(&driver, &ended)
}

/// Fields by the types that the task's schema declares.
async fn by_field(driver: &Driver<'_>, run: &str, task: &str, fields: &[(String, String)]) -> Result<Value, Failure> {
    let tasks = tasks_of(driver.client, run).await?;
    let schema = tasks.into_iter().find(|found| found.task_id == task).and_then(|found| found.answer_schema);
    let declared = schema.as_ref().and_then(|schema| schema.get("properties")).map(of_schema).unwrap_or_default();
    let mut answer = Object::new();
    for (key, text) in fields {
        answer.insert(key.clone(), typed(&declared, key, text)?);
    }
    Ok(Value::Object(answer))
}
