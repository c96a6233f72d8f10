//! Drives one run: takes what comes in, turns the pure machine, commits, and
//! only then carries out what follows. One task per run; the state is its own.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use serde_json::Value;
use tokio::sync::{mpsc, oneshot, watch};
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

use super::answers;
use super::bodies::Bodies;
use super::call::{self, Ended};
use super::compiled::Compiled;
use super::error::EngineError;
use super::evaluate::{CallResult, StepInput, View, keep_all};
use super::hearing::Hearing;
use super::inbox::{Request, Row};
use super::journal::{Commit, Journal};
use super::lease::{self, Ours};
use super::left::Left;
use super::permits::{Permits, Place};
use super::prospects::Prospects;
use super::shared::Shared;
use super::snapshot::Snapshot;
use crate::base::slots::Slot;
use crate::base::{ErrorKind, Timestamp};
use crate::contract::{Origin, ToolCall};
use crate::machine::{
    self, BodyRef, CallFacts, CallOutcome, Command, Concluded, Evaluated, InputKind, Refused, RunStatus, State,
    StepError, StepPath, StepStatus, Timer, Turn,
};
use crate::workflow::plan::StepKind;

/// What comes to a run's task.
pub(super) enum Message {
    /// A call ended.
    CallEnded {
        /// The instance.
        path: StepPath,
        /// Which attempt.
        attempt: u32,
        /// How.
        ended: Ended,
    },
    /// A timer fired.
    Timer(Timer),
    /// A place that a step waited for.
    Permit(StepPath, Place),
    /// A step's server has started, or failed to; false: the step waits no longer.
    Started(StepPath, bool),
    /// The place that the run waited for.
    Place(Slot),
    /// Rows of the inbox, for this run.
    Inbox(Vec<Row>),
    /// Tell me what becomes of this row.
    Listen(i64, oneshot::Sender<Result<(), Refused>>),
    /// Stop driving; nothing is decided any more.
    Stop,
    /// Another process owns the run by now.
    TakenOver,
}

/// A run that is driven here.
#[derive(Clone)]
pub(super) struct Handle {
    /// To its task.
    pub(super) messages: mpsc::UnboundedSender<Message>,
    /// What is shown of it.
    pub(super) snapshots: watch::Receiver<Snapshot>,
    /// Under which it is owned here.
    pub(super) epoch: u64,
}

struct InFlight {
    attempt: u32,
    cancel: CancellationToken,
    task: JoinHandle<()>,
}

/// The task of one run.
pub(super) struct Driver {
    shared: Arc<Shared>,
    state: State,
    compiled: Compiled,
    bodies: Bodies,
    journal: Journal,
    permits: Permits,
    prospects: Prospects,
    calls: HashMap<StepPath, InFlight>,
    timers: HashMap<Timer, (Timestamp, JoinHandle<()>)>,
    seen: i64,
    hearing: Hearing,
    stop: bool,
    taken_over: bool,
    /// On the monotonic clock, what is carried out was decided then.
    decided: Duration,
    messages: mpsc::UnboundedReceiver<Message>,
    sender: mpsc::UnboundedSender<Message>,
    snapshots: watch::Sender<Snapshot>,
}

impl Driver {
    /// Starts driving. `first` is taken before anything else.
    pub(super) fn spawn(
        shared: &Arc<Shared>,
        state: State,
        bodies: Bodies,
        journal: Journal,
        first: Vec<InputKind>,
        compiled: Compiled,
    ) {
        let (sender, messages) = mpsc::unbounded_channel();
        let (snapshots, shown) = watch::channel(Snapshot::of(&state, 0.0));
        let mut permits = Permits::new(shared.step_slots.clone(), shared.run_slots.clone(), state.plan.priority as u8);
        if state.started_at.is_some() {
            permits.keep_place(holds_a_place(&state));
        }
        let handle = Handle { messages: sender.clone(), snapshots: shown, epoch: journal.epoch() };
        let ending = sender.clone();
        let (seen, run) = (journal.inbox_seen(), state.run.clone());
        let driver = Self {
            shared: shared.clone(),
            state,
            compiled,
            bodies,
            journal,
            permits,
            prospects: Prospects::default(),
            calls: HashMap::new(),
            timers: HashMap::new(),
            seen,
            hearing: Hearing::default(),
            stop: false,
            taken_over: false,
            decided: Duration::ZERO,
            messages,
            sender,
            snapshots,
        };
        shared.remember(run, handle);
        lease::keep(shared);
        if shared.stopping.is_cancelled() {
            // Who stops all runs may have been through before this one came.
            ending.send(Message::Stop).ok();
        }
        shared.tasks.spawn(driver.run(first));
    }

    async fn run(mut self, first: Vec<InputKind>) {
        let run = self.state.run.clone();
        // A panic drops it as it is.
        let mut left = Left { shared: self.shared.clone(), run: run.clone(), hold: Some(self.journal.epoch()) };
        match self.drive(first).await {
            Ok(()) | Err(Stopped::Asked) => left.hold = None,
            Err(Stopped::Fenced) => {
                left.hold = None;
                tracing::warn!(%run, "another process took this run over; it is not driven here");
            }
            Err(Stopped::Fault(error)) => {
                tracing::error!(%run, %error, "the run cannot be driven on; its log is intact");
            }
        }
        for (_, (_, timer)) in self.timers.drain() {
            timer.abort();
        }
        for (_, call) in self.calls.drain() {
            call.cancel.cancel();
            call.task.abort();
        }
    }

    /// Until the run ends or is no longer ours.
    async fn drive(&mut self, first: Vec<InputKind>) -> Result<(), Stopped> {
        let mut inputs: Vec<(InputKind, Option<i64>)> = first.into_iter().map(|input| (input, None)).collect();
        loop {
            self.take_turn(inputs).await?;
            if self.state.end.is_some() {
                return Ok(());
            }
            if self.stop {
                return Err(Stopped::Asked);
            }
            inputs = Vec::new();
            let Some(message) = self.messages.recv().await else { return Err(Stopped::Asked) };
            self.receive(message, &mut inputs);
            while let Ok(message) = self.messages.try_recv() {
                self.receive(message, &mut inputs);
            }
            if self.taken_over {
                return Err(Stopped::Fenced);
            }
        }
    }

    fn receive(&mut self, message: Message, inputs: &mut Vec<(InputKind, Option<i64>)>) {
        match message {
            Message::CallEnded { path, attempt, ended } => {
                self.calls.remove(&path);
                self.prospects.forget(&path);
                let outcome = self.outcome(&path, ended);
                let jitter = self.shared.entropy.unit();
                inputs.push((InputKind::CallFinished { path, attempt, outcome, jitter }, None));
            }
            Message::Timer(timer) => {
                self.timers.remove(&timer);
                inputs.push((InputKind::TimerFired(timer), None));
            }
            Message::Permit(path, place) => self.permits.granted(path, place),
            Message::Started(path, in_time) => self.prospects.started(&path, in_time),
            Message::Place(slot) => self.permits.placed(slot),
            Message::Inbox(rows) => {
                for row in rows {
                    self.take_in(row, inputs);
                }
            }
            Message::Listen(row, answer) => {
                self.hearing.listen(row, row <= self.journal.inbox_seen(), answer);
            }
            // What came with it is still recorded: a reply must not be lost.
            Message::Stop => self.stop = true,
            Message::TakenOver => self.taken_over = true,
        }
    }

    fn take_in(&mut self, row: Row, inputs: &mut Vec<(InputKind, Option<i64>)>) {
        if row.id <= self.seen {
            return;
        }
        self.seen = row.id;
        let Some(request) = row.request else { return };
        let input = match request {
            Request::Pause { reason } => InputKind::Pause { reason },
            Request::Resume => InputKind::Resume,
            Request::Cancel { reason, compensate } => InputKind::Cancel { reason, compensate },
            Request::Answer { task, answer, via } => {
                let read = answers::read(&self.state, &mut self.bodies, &self.compiled, &task, answer);
                let Some(answer) = read else { return };
                InputKind::Answer { task, answer, via }
            }
            Request::Signal { event, payload, kept } => {
                InputKind::Signal { name: event, payload: self.bodies.put(&Arc::new(payload)), kept }
            }
        };
        inputs.push((input, Some(row.id)));
    }

    fn outcome(&mut self, path: &StepPath, ended: Ended) -> CallOutcome {
        match ended {
            Ended::Completed { result, text, binds } => {
                let (result, text) = self.shared.without_secrets(result, text);
                let left = View::new(&self.state, &self.bodies, &self.compiled, Some(path))
                    .map_err(|error| StepError::new(ErrorKind::Internal, error))
                    .and_then(|view| view.call_result(result, text));
                match left {
                    Ok(CallResult { result, text, exports }) => {
                        let exports = keep_all(exports, &mut self.bodies);
                        let result = self.bodies.put_text(text, Some(&result));
                        CallOutcome::Completed { result, exports, binds }
                    }
                    // The call took effect: a retry would repeat it for an error in the template.
                    Err(error) => CallOutcome::Failed {
                        error: StepError { kind: ErrorKind::InvalidInput, ..error },
                        retry_after: None,
                    },
                }
            }
            Ended::Failed { error, retry_after } => {
                CallOutcome::Failed { error: self.shared.redact(error), retry_after }
            }
            Ended::Unknown { error } => CallOutcome::Unknown { error: self.shared.redact(error) },
        }
    }

    /// One turn: decide, apply, commit, then the commands.
    async fn take_turn(&mut self, inputs: Vec<(InputKind, Option<i64>)>) -> Result<(), Stopped> {
        let mut inputs = inputs;
        loop {
            let kinds = inputs.iter().map(|(kind, _)| kind.clone()).collect();
            let now = self.shared.clock.now();
            let turn = self.turn(kinds, now)?;
            let starts_work = turn.commands.iter().any(|command| matches!(command, Command::Call { .. }));
            if turn.events.is_empty() && self.journal.inbox_seen() == self.seen {
                // A permit or place may have come for which there is no use any more.
                self.permits_kept();
                self.tell(&inputs, &turn);
                self.carry_out(turn.commands);
                return Ok(());
            }
            self.decided = self.shared.clock.monotonic();
            match self.commit(&turn, starts_work).await? {
                Commit::Done(rows) => {
                    if !rows.is_empty() {
                        // Our own channel: it is open as long as we are.
                        self.sender.send(Message::Inbox(rows)).ok();
                    }
                    self.bodies.committed();
                    self.permits_kept();
                    let before = self.snapshots.borrow().progress_percentage;
                    self.snapshots.send_replace(Snapshot::of(&self.state, before));
                    // After the snapshot: who asked looks at once what became of the run.
                    self.tell(&inputs, &turn);
                    self.carry_out(turn.commands);
                    return Ok(());
                }
                Commit::InboxFirst(rows) => {
                    // What was decided is not durable: from the log again, a
                    // cancel before anything new starts.
                    self.state = self.journal.reload(&self.state.plan).await.map_err(Stopped::Fault)?;
                    let mut first = Vec::new();
                    for row in rows {
                        self.take_in(row, &mut first);
                    }
                    first.append(&mut inputs);
                    inputs = first;
                }
                Commit::Fenced => return Err(Stopped::Fenced),
            }
        }
    }

    fn turn(&mut self, kinds: Vec<InputKind>, now: Timestamp) -> Result<Turn, Stopped> {
        let mut at_hand = AtHand {
            shared: &self.shared,
            compiled: &self.compiled,
            bodies: &mut self.bodies,
            permits: &mut self.permits,
            prospects: &mut self.prospects,
            sender: &self.sender,
        };
        machine::turn(&mut self.state, kinds, now, &mut at_hand)
            .map_err(|error| Stopped::Fault(EngineError::log(&error)))
    }

    /// Commits, however long the store is away: an outcome that is not saved
    /// stays in memory and nothing new starts.
    async fn commit(&mut self, turn: &Turn, starts_work: bool) -> Result<Commit, Stopped> {
        let mut wait = Duration::from_millis(50);
        loop {
            match self.journal.commit(&self.state, turn, &self.bodies, self.seen, starts_work).await {
                Ok(commit) => return Ok(commit),
                Err(error) if error.may_pass() => {
                    tracing::error!(run = %self.state.run, %error, "the store cannot be written; waiting for it");
                    tokio::select! {
                        () = tokio::time::sleep(wait) => {}
                        () = self.shared.stopping.cancelled() => return Err(Stopped::Asked),
                    }
                    wait = (wait * 2).min(Duration::from_secs(1));
                }
                Err(error) => return Err(Stopped::Fault(error)),
            }
        }
    }

    /// Permits only for calls in flight, lines only for steps that wait to begin,
    /// a place only while the run goes on.
    fn permits_kept(&mut self) {
        let state = &self.state;
        let going_on = state.end.is_none() && state.may_start();
        let status = |path: &StepPath| state.steps.get(path).map(|step| step.status);
        self.permits.keep(
            |path| status(path) == Some(StepStatus::Running),
            |path| going_on && matches!(status(path), Some(StepStatus::Pending | StepStatus::Retrying)),
        );
        if state.started_at.is_some() {
            self.permits.keep_place(holds_a_place(state));
        } else if state.status() != RunStatus::Pending {
            // Paused in line: it takes its turn again when it is resumed.
            self.permits.keep_place(false);
        }
    }

    /// Tells those who asked what became of their rows.
    fn tell(&mut self, inputs: &[(InputKind, Option<i64>)], turn: &Turn) {
        for (position, (_, row)) in inputs.iter().enumerate() {
            let Some(row) = *row else { continue };
            let refused = turn.refused.iter().find(|(at, _)| *at == position).map(|(_, refused)| refused.clone());
            self.hearing.decided(row, refused);
        }
    }

    fn carry_out(&mut self, commands: Vec<Command>) {
        let mut alarms = Vec::new();
        for command in commands {
            match command {
                // Not sent now, it is to the next owner a call without a reply.
                Command::Call { .. } if self.shared.stopping.is_cancelled() => {}
                Command::Call { path, attempt } => self.send(path, attempt),
                Command::CancelCall(path) => {
                    if let Some(call) = self.calls.get(&path) {
                        call.cancel.cancel();
                    }
                }
                Command::StartTimer { timer: timer @ Timer::Wait(_), at } => alarms.push((at, timer)),
                Command::StartTimer { timer, at } => self.start_timer(timer, at),
                // Answered inside the turn.
                Command::Evaluate(_)
                | Command::Iterate(_)
                | Command::Conclude(_)
                | Command::EvaluateOutputs
                | Command::AcquirePlace
                | Command::Acquire(_)
                | Command::Return(_) => {}
            }
        }
        self.shared.alarms.set(&self.shared, &self.state.run, alarms, &self.sender);
        // Calls whose step is over (dropped after the grace) are not waited for.
        let state = &self.state;
        self.calls.retain(|path, call| {
            let wanted = state
                .steps
                .get(path)
                .is_some_and(|step| step.status == StepStatus::Running && step.attempts == call.attempt);
            if !wanted {
                call.task.abort();
            }
            wanted
        });
    }

    fn start_timer(&mut self, timer: Timer, at: Timestamp) {
        if let Some((set, running)) = self.timers.get(&timer) {
            if *set == at {
                return;
            }
            running.abort();
        }
        let wait = at.since(self.shared.clock.now());
        let (sender, fired) = (self.sender.clone(), timer.clone());
        let task = tokio::spawn(async move {
            tokio::time::sleep(wait).await;
            // The run may have ended.
            sender.send(Message::Timer(fired)).ok();
        });
        self.timers.insert(timer, (at, task));
    }

    fn send(&mut self, path: StepPath, attempt: u32) {
        let cancel = CancellationToken::new();
        let prepared = self.prepare(&path, cancel.clone());
        let (sender, shared) = (self.sender.clone(), self.shared.clone());
        let (ended_path, parent) = (path.clone(), self.state.run.clone());
        let webhook = self.state.node(&path).is_some_and(|node| matches!(node.kind, StepKind::Webhook(_)));
        let safe = self.state.steps.get(&path).is_some_and(|step| step.repeat_safe);
        let ours = Ours::since(&self.shared, &self.state.run, self.journal.epoch(), self.decided);
        let task = tokio::spawn(async move {
            let ended = match prepared {
                Ok(call) if webhook => match shared.webhooks() {
                    Ok(webhooks) => call::carry_out_webhook(&webhooks, call, safe).await,
                    Err(error) => Ended::Failed { error, retry_after: None },
                },
                Ok(_) if !ours.hold().await => return,
                Ok(call) => call::carry_out(shared.tools(), call).await,
                // It was never sent: a plain failure.
                Err(error) => Ended::Failed { error, retry_after: None },
            };
            if sender.send(Message::CallEnded { path: ended_path, attempt, ended }).is_err() {
                tracing::debug!(run = %parent, "a call ended after its run");
            }
        });
        self.calls.insert(path, InFlight { attempt, cancel, task });
    }

    fn prepare(&self, path: &StepPath, cancel: CancellationToken) -> Result<ToolCall, StepError> {
        let internal = |message: String| StepError::new(ErrorKind::Internal, message);
        let step = self.state.steps.get(path).ok_or_else(|| internal(format!("no step `{path}`")))?;
        let ready = step.ready.as_ref().ok_or_else(|| internal(format!("step `{path}` has no input")))?;
        let parameters = self.bodies.value(&ready.parameters).map_err(internal)?;
        let Value::Object(arguments) = self.shared.reveal(&parameters)? else {
            return Err(internal(format!("the input of step `{path}` is not an object")));
        };
        let origin = Origin::Step {
            session: self.state.session.clone(),
            run: self.state.run.to_string(),
            step: path.to_string(),
        };
        let mut call = ToolCall::new(ready.tool.clone(), arguments, origin);
        call.binding.clone_from(&self.state.binding);
        call.idempotency_key = step.key.as_deref().map(ToOwned::to_owned);
        call.cancel = cancel;
        call.timeout = ready.timeout_ms.map(Duration::from_millis);
        call.permit = self.permits.of_tool(path);
        call.expects = self.prospects.expected(path);
        call.unrecorded = self.state.node(path).is_some_and(|node| node.record_none);
        Ok(call)
    }
}

/// Runs that wait or are paused hold no place among the running ones.
fn holds_a_place(state: &State) -> bool {
    matches!(state.status(), RunStatus::Running | RunStatus::Compensating) || state.ending()
}

/// Why a run is no longer driven here.
enum Stopped {
    /// The process ends.
    Asked,
    /// Another process has it.
    Fenced,
    /// It cannot go on.
    Fault(EngineError),
}

/// What a turn can be answered at once.
struct AtHand<'d> {
    shared: &'d Arc<Shared>,
    compiled: &'d Compiled,
    bodies: &'d mut Bodies,
    permits: &'d mut Permits,
    prospects: &'d mut Prospects,
    sender: &'d mpsc::UnboundedSender<Message>,
}

impl AtHand<'_> {
    fn view<'v>(&'v self, state: &'v State, path: &StepPath) -> Result<View<'v>, StepError> {
        View::new(state, self.bodies, self.compiled, Some(path))
            .map_err(|error| StepError::new(ErrorKind::Internal, error))
    }
}

impl machine::Local for AtHand<'_> {
    fn evaluate(&mut self, state: &State, path: &StepPath) -> Evaluated {
        let input = self.view(state, path).and_then(|view| view.step());
        StepInput::into_evaluated(input.map_err(|error| self.shared.redact(error)), self.bodies)
    }

    fn iterate(&mut self, state: &State, path: &StepPath) -> Result<bool, StepError> {
        let goes_on = self.view(state, path).and_then(|view| view.goes_on());
        goes_on.map_err(|error| self.shared.redact(error))
    }

    fn conclude(&mut self, state: &State, path: &StepPath) -> Result<Concluded, StepError> {
        let concluded = self.view(state, path).and_then(|view| view.conclusion());
        let (result, exports) = concluded.map_err(|error| self.shared.redact(error))?;
        let exports = keep_all(exports, self.bodies);
        Ok(Concluded { result: self.bodies.put(&Arc::new(result)), exports })
    }

    fn outputs(&mut self, state: &State) -> (BodyRef, Vec<String>) {
        let (outputs, warnings) = match View::new(state, self.bodies, self.compiled, None) {
            Ok(view) => view.outputs(),
            Err(error) => (Value::Object(serde_json::Map::new()), vec![error]),
        };
        (self.bodies.put(&Arc::new(outputs)), warnings)
    }

    fn acquire(&mut self, state: &State, path: &StepPath) -> Option<Result<CallFacts, StepError>> {
        if self.shared.stopping.is_cancelled() {
            return None;
        }
        let sender = self.sender.clone();
        let ready = state.steps.get(path).and_then(|step| step.ready.as_ref());
        let tool = ready.map(|ready| ready.tool.as_str());
        let node = state.node(path);
        let of_tool = tool.filter(|_| node.is_some_and(|node| matches!(node.kind, StepKind::Action(_))));
        let bound = ready.and_then(|ready| ready.timeout_ms);
        if let Err(wait) = self.prospects.ready(self.shared, path, of_tool, bound, self.sender) {
            self.permits.give_back(path);
            return wait.map(Err);
        }
        let pool = of_tool.and_then(|tool| self.shared.tools().pool(tool));
        let held = self.permits.acquire(path, pool, move |path, place| {
            // A run that has ended drops the place, which gives it back.
            sender.send(Message::Permit(path, place)).ok();
        });
        if !held {
            return None;
        }
        // As they are now: a permit may have been waited for long.
        let facts = self.shared.facts_of(node, tool.unwrap_or_default());
        Some(facts.inspect(|facts| self.prospects.rely(path, facts)))
    }

    fn give_back(&mut self, path: &StepPath) {
        self.prospects.forget(path);
        self.permits.give_back(path);
    }

    fn place(&mut self, _state: &State) -> bool {
        if self.shared.stopping.is_cancelled() {
            return false;
        }
        let sender = self.sender.clone();
        self.permits.place(move |slot| {
            sender.send(Message::Place(slot)).ok();
        })
    }
}
