//! `sequitur resume`: go on with a paused or interrupted run.

use serde_json::Value;

use super::summary;
use crate::base::json::Object;
use crate::cli::args::OneRun;
use crate::cli::drive::{Driven, Driver};
use crate::cli::exit::Exit;
use crate::cli::failure::Failure;

pub(in crate::cli) async fn resume(mut driver: Driver<'_>, arguments: OneRun) -> Result<Exit, Failure> {
    let mut request = Object::new();
    request.insert("workflow_id".to_owned(), Value::from(arguments.run.as_str()));
    let resumed = Driven { tool: "resume_workflow", arguments: request, run: Some(arguments.run), repeatable: true };
    let ended = driver.drive(resumed).await?;
    summary::finish(&driver, &ended)
}
