//! Waiting for a run that this command drives: progress, Ctrl-C, questions.
//!
//! The first Ctrl-C cancels the run through `cancel_workflow` and waits for its
//! end; the second ends the command at once. Whatever ends early, the same call
//! made again (by its idempotency key) goes on waiting for the same run.

use std::time::Duration;

use futures::FutureExt as _;
use futures::future::{LocalBoxFuture, OptionFuture};
use serde_json::Value;
use tokio::sync::mpsc;

use super::answer::{RunAnswer, Task, view};
use super::ask;
use super::backend::Client;
use super::exit::Exit;
use super::failure::Failure;
use super::progress::Meter;
use super::terminal::Terminal;
use crate::base::json::Object;
use crate::contract::ToolOutput;

/// Presses of Ctrl-C.
pub(super) type Interrupts = mpsc::UnboundedReceiver<()>;

/// The process's own Ctrl-C, from now on.
pub(super) fn system_interrupts() -> Interrupts {
    let (send, receive) = mpsc::unbounded_channel();
    tokio::spawn(async move { while tokio::signal::ctrl_c().await.is_ok() && send.send(()).is_ok() {} });
    receive
}

/// The longest one call is asked to wait where its schema sets no limit.
const LONGEST_WAIT: u64 = 86_400;

/// Between two calls that wait for the same run.
const PAUSE: Duration = Duration::from_millis(200);

/// A tool that answers with a run, and how to ask for it.
pub(super) struct Driven<'a> {
    /// The tool.
    pub(super) tool: &'a str,
    /// Its arguments without `wait_seconds`.
    pub(super) arguments: Object,
    /// The run, when it is known before the first answer.
    pub(super) run: Option<String>,
    /// The same call made again goes on waiting for the same run.
    pub(super) repeatable: bool,
}

/// What a command that drives a run works with.
pub(super) struct Driver<'a> {
    pub(super) client: &'a Client,
    pub(super) terminal: &'a Terminal,
    pub(super) interrupts: Interrupts,
    pub(super) json: bool,
}

/// How it ended.
pub(super) struct Ended {
    /// The last answer, as the tool gave it.
    pub(super) answer: Value,
    /// The same, read.
    pub(super) run: RunAnswer,
    /// The exit code.
    pub(super) exit: Exit,
}

impl Driver<'_> {
    /// Calls until the run ends or waits for somebody who is not here.
    pub(super) async fn drive(&mut self, first: Driven<'_>) -> Result<Ended, Failure> {
        let mut next = first;
        let mut known = next.run.clone();
        let mut cancelled = false;
        let mut lost = false;
        loop {
            let wait = if lost { 0 } else { self.longest_wait(next.tool) };
            next.arguments.insert("wait_seconds".to_owned(), Value::from(wait));
            let output = match self.attend(&next, known.as_deref(), &mut cancelled).await {
                // The call was given up before it told its run: the same call tells it.
                Err(Failure::Call(_)) if cancelled && known.is_none() && next.repeatable && !lost => {
                    lost = true;
                    continue;
                }
                done => done?,
            };
            let answer = output.structured.clone().unwrap_or_default();
            let run: RunAnswer = view(&answer);
            if run.status.is_none() {
                return Err(Failure::Tool(Box::new(output)));
            }
            let id = run.workflow_id.clone().or_else(|| known.clone());
            let Some(id) = id.filter(|_| !planned(&run)) else {
                let exit = exit_of(&run, &output);
                return Ok(Ended { answer, run, exit });
            };
            if !run.is_settled() {
                if cancelled && known.is_none() {
                    self.cancel(&id).await;
                }
                if !next.repeatable {
                    next = going_on(&id);
                }
                if known.is_some() {
                    // A tool that does not wait must not be asked in a spin.
                    tokio::time::sleep(PAUSE).await;
                }
                known = Some(id);
                lost = false;
                continue;
            }
            let askable = !self.json && !cancelled && self.terminal.can_ask();
            let question = run.pending_tasks.iter().find(|task| ask::is_for_a_person(task)).filter(|_| askable);
            if let Some(task) = question
                && let Some(reply) = self.ask(&id, task).await?
            {
                next = answering(&id, task, reply);
                known = Some(id);
                continue;
            }
            let exit = exit_of(&run, &output);
            return Ok(Ended { answer, run, exit });
        }
    }

    /// One call, with its progress. Ctrl-C meanwhile cancels the run; where the run is not known
    /// yet it ends the waiting, and the answer tells which run to cancel.
    async fn attend(
        &mut self,
        call: &Driven<'_>,
        run: Option<&str>,
        cancelled: &mut bool,
    ) -> Result<ToolOutput, Failure> {
        let meter = Meter::new(self.terminal, self.json);
        let mut request = self.client.request(call.tool, call.arguments.clone());
        request.progress = Some(meter.sink());
        let give_up = request.cancel.clone();
        let answer = self.client.tools.call(request);
        tokio::pin!(answer);
        let mut cancelling: OptionFuture<LocalBoxFuture<'_, ()>> = None.into();
        let done = loop {
            tokio::select! {
                done = &mut answer => break done.map_err(Failure::from),
                Some(()) = self.interrupts.recv() => {
                    if *cancelled {
                        break Err(Failure::Killed);
                    }
                    *cancelled = true;
                    meter.note("cancelling the run; Ctrl-C again to stop at once");
                    match run {
                        Some(run) => cancelling = Some(cancel(self.client, run.to_owned()).boxed_local()).into(),
                        None => give_up.cancel(),
                    }
                }
                Some(()) = &mut cancelling => cancelling = None.into(),
            }
        };
        meter.finish();
        done
    }

    /// Asks the person; Ctrl-C at the question cancels the run.
    async fn ask(&mut self, run: &str, task: &Task) -> Result<Option<Value>, Failure> {
        tokio::select! {
            reply = ask::ask(self.terminal, task) => reply,
            Some(()) = self.interrupts.recv() => {
                self.cancel(run).await;
                Err(Failure::Killed)
            }
        }
    }

    async fn cancel(&self, run: &str) {
        cancel(self.client, run.to_owned()).await;
    }

    fn longest_wait(&self, tool: &str) -> u64 {
        let schema = self.client.tools.definition(tool).map(|definition| definition.input_schema);
        let limit = schema.as_ref().and_then(|schema| schema.pointer("/properties/wait_seconds/maximum"));
        limit.and_then(Value::as_f64).map_or(LONGEST_WAIT, |limit| {
            #[expect(
                clippy::cast_possible_truncation,
                clippy::cast_sign_loss,
                reason = "a limit in seconds, saturating"
            )]
            let limit = limit as u64;
            limit.min(LONGEST_WAIT)
        })
    }
}

async fn cancel(client: &Client, run: String) {
    let mut arguments = Object::new();
    arguments.insert("workflow_id".to_owned(), Value::from(run.as_str()));
    arguments.insert("reason".to_owned(), Value::from("Ctrl-C at the command line"));
    if let Err(failure) = client.call("cancel_workflow", arguments).await {
        // A run that has just ended cannot be cancelled; its answer tells.
        tracing::info!(run, %failure, "the run was not cancelled");
    }
}

fn going_on(run: &str) -> Driven<'static> {
    let mut arguments = Object::new();
    arguments.insert("workflow_id".to_owned(), Value::from(run));
    Driven { tool: "resume_workflow", arguments, run: Some(run.to_owned()), repeatable: true }
}

fn answering(run: &str, task: &Task, answer: Value) -> Driven<'static> {
    let mut arguments = Object::new();
    arguments.insert("workflow_id".to_owned(), Value::from(run));
    arguments.insert("task_id".to_owned(), Value::from(task.task_id.as_str()));
    arguments.insert("answer".to_owned(), answer);
    Driven { tool: "respond_to_task", arguments, run: Some(run.to_owned()), repeatable: false }
}

fn planned(run: &RunAnswer) -> bool {
    run.status.as_deref() == Some("planned")
}

fn exit_of(run: &RunAnswer, output: &ToolOutput) -> Exit {
    match run.status.as_deref() {
        Some("completed" | "planned") => Exit::Completed,
        Some("waiting" | "paused") => Exit::Waiting,
        Some("cancelled") => Exit::Cancelled,
        Some("failed" | "timed_out") => Exit::Failed,
        Some(_) | None => match output.error_kind() {
            Some(kind) => Exit::of_kind(kind),
            None => Exit::Completed,
        },
    }
}
