//! The end of a run, for a person: steps, outputs, what went wrong, what is
//! asked.

use serde_json::Value;

use crate::cli::answer::{PlanAnswer, RunAnswer, Task, line, seconds, waiting_for};
use crate::cli::drive::{Driver, Ended};
use crate::cli::exit::Exit;
use crate::cli::failure::Failure;
use crate::cli::table::{Style, Table};
use crate::cli::terminal::Terminal;
use crate::telemetry::visible;

/// Prints the answer, as JSON or for a person; the exit code.
pub(super) fn finish(driver: &Driver<'_>, ended: &Ended) -> Result<Exit, Failure> {
    if driver.json {
        driver.terminal.json(&ended.answer)?;
    } else if let Some(plan) = &ended.run.plan {
        planned(driver.terminal, &ended.run, plan)?;
    } else {
        summary(driver.terminal, &ended.run)?;
    }
    Ok(ended.exit)
}

/// A short answer: its message, else its state.
pub(super) fn said(terminal: &Terminal, answer: &Value) -> Result<(), Failure> {
    let text = answer.get("message").or_else(|| answer.get("status")).map(line).unwrap_or_default();
    terminal.say(&visible(&text, false))
}

fn summary(terminal: &Terminal, run: &RunAnswer) -> Result<(), Failure> {
    let state = run.status.as_deref().unwrap_or("unknown");
    let mut table = Table::new(&["step", "status", "attempts", "time", "note"]);
    for (id, step) in &run.step_results {
        let name = step.step_name.as_deref().filter(|name| !name.is_empty()).unwrap_or(id);
        table.row([
            (name, Style::Plain),
            (&step.status, Style::of_state(&step.status)),
            (&step.attempts.map(|attempts| attempts.to_string()).unwrap_or_default(), Style::Plain),
            (&step.duration_seconds.map(seconds).unwrap_or_default(), Style::Plain),
            (&line(&step.error), Style::Plain),
        ]);
    }
    if !table.is_empty() {
        terminal.say(&format!("{}\n", table.render(terminal.width, terminal.colour)))?;
    }
    if run.steps_omitted > 0 {
        let id = run.workflow_id.as_deref().unwrap_or("RUN");
        terminal.say(&visible(&format!("{} more steps: sequitur show {id}\n", run.steps_omitted), false))?;
    }
    outputs(terminal, run)?;
    let took = run.duration_seconds.map(|taken| format!(" in {}", seconds(taken))).unwrap_or_default();
    terminal.say(&format!(
        "{} {}{took}  {}",
        visible(run.workflow_name.as_deref().unwrap_or("the run"), false),
        Style::of_state(state).paint(state, terminal.colour),
        Style::Dim.paint(&visible(run.workflow_id.as_deref().unwrap_or_default(), false), terminal.colour),
    ))?;
    let error = line(&run.error);
    if !error.is_empty() {
        terminal.note(&format!("error: {error}"))?;
    }
    if let Some(hint) = &run.hint {
        terminal.note(&format!("hint: {hint}"))?;
    }
    for warning in &run.warnings {
        terminal.note(&format!("warning: {}", line(warning)))?;
    }
    for step in &run.unresolved {
        let id = step.get("step_id").map_or_else(|| line(step), line);
        terminal.note(&format!("the outcome of `{id}` is not known: look before you repeat it"))?;
    }
    for task in &run.pending_tasks {
        open(terminal, run.workflow_id.as_deref().unwrap_or("RUN"), task)?;
    }
    let waits = waiting_for(&run.waiting_for);
    if run.pending_tasks.is_empty() && !waits.is_empty() {
        terminal.note(&format!("waits for {waits}"))?;
    }
    Ok(())
}

fn outputs(terminal: &Terminal, run: &RunAnswer) -> Result<(), Failure> {
    let mut table = Table::new(&["output", "value"]);
    for (name, value) in run.outputs.as_object().into_iter().flatten() {
        table.row([(name, Style::Strong), (&line(value), Style::Plain)]);
    }
    if table.is_empty() {
        return Ok(());
    }
    terminal.say(&format!("{}\n", table.render(terminal.width, terminal.colour)))
}

/// An open question, and the command that answers it.
pub(super) fn open(terminal: &Terminal, run: &str, task: &Task) -> Result<(), Failure> {
    let prompt = task.prompt.as_deref().or(task.step_id.as_deref()).unwrap_or_default();
    terminal.note(&format!("asked: {prompt}"))?;
    let fields =
        match task.answer_schema.as_ref().and_then(|schema| schema.get("properties")).and_then(Value::as_object) {
            Some(fields) if !fields.is_empty() => {
                fields.keys().fold(String::new(), |all, name| all + " " + name + "=..")
            }
            _ if task.kind.as_deref() == Some("interrupted") => " action=retry|done|fail".to_owned(),
            _ => " --answer JSON".to_owned(),
        };
    terminal.note(&format!("  sequitur respond {run} '{}'{fields}", task.task_id))
}

fn planned(terminal: &Terminal, run: &RunAnswer, plan: &PlanAnswer) -> Result<(), Failure> {
    terminal.say(&format!(
        "{}: nothing was done; this is what would be",
        visible(run.workflow_name.as_deref().unwrap_or("plan"), false)
    ))?;
    for (index, level) in plan.levels.iter().enumerate() {
        let id = |step: &Value| step.get("step_id").map_or_else(|| line(step), line);
        let steps: Vec<String> = match level.as_array() {
            Some(steps) => steps.iter().map(id).collect(),
            None => vec![id(level)],
        };
        terminal.say(&visible(&format!("  {}. {}", index + 1, steps.join(", ")), false))?;
    }
    let names = |values: &[Value]| values.iter().map(line).collect::<Vec<_>>().join(", ");
    if !plan.tools.is_empty() {
        terminal.say(&visible(&format!("tools: {}", names(&plan.tools)), false))?;
    }
    if !plan.missing_tools.is_empty() {
        terminal.note(&format!("missing tools: {}", names(&plan.missing_tools)))?;
    }
    for warning in &plan.warnings {
        terminal.note(&format!("warning: {}", line(warning)))?;
    }
    Ok(())
}
