//! A run on a bench: a plan from a few lines, a [`Local`] that answers at once,
//! and one clock that moves by hand.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use indexmap::IndexMap;
use serde_json::{Value, json};

use crate::base::{ErrorKind, Timestamp};
use crate::machine::{
    Answered, BodyRef, CallFacts, CallOutcome, Command, Concluded, Evaluated, Event, EventKind, InputKind, Local,
    Opened, RunStatus, State, StepError, StepPath, StepStatus, Timer, Turn, Via, WaitInput, turn,
};
use crate::workflow::plan::{LoopOver, Plan, PlanStep, StepKind, WaitFor};

pub(super) const START: Timestamp = Timestamp(1_700_000_000_000);

/// A step that calls the tool `t`; `with` adds or replaces keys.
pub(super) fn step(id: &str, with: Value) -> PlanStep {
    let mut whole = json!({"id": id, "name": id, "kind": {"type": "action", "tool": "t"}});
    let Value::Object(with) = with else { panic!("`with` is an object") };
    whole.as_object_mut().unwrap().extend(with);
    serde_json::from_value(whole).unwrap()
}

/// A step with nothing said about it.
pub(super) fn bare(id: &str) -> PlanStep {
    step(id, json!({}))
}

/// A step after others, by index.
pub(super) fn after(id: &str, depends_on: &[usize]) -> PlanStep {
    step(id, json!({"depends_on": depends_on}))
}

pub(super) fn plan(steps: Vec<PlanStep>) -> Plan {
    let head = json!({"template_id": "bench", "name": "bench", "version": "1.0.0", "source": "user", "steps": []});
    Plan { steps, ..serde_json::from_value(head).unwrap() }
}

/// A container of these kinds of words; `kind` without its type.
pub(super) fn holds(id: &str, kind: &Value, with: Value) -> PlanStep {
    let mut with = with;
    with["kind"] = kind.clone();
    step(id, with)
}

/// A child of the container at an index.
pub(super) fn child(id: &str, parent: usize, with: Value) -> PlanStep {
    let mut with = with;
    with["parent"] = json!(parent);
    step(id, with)
}

pub(super) fn parallel(steps: &[usize], threshold: f64) -> Value {
    json!({"type": "parallel", "steps": steps, "max_concurrency": null, "failure_threshold": threshold})
}

pub(super) fn each(steps: &[usize]) -> Value {
    json!({"type": "loop", "steps": steps, "over": {"for_each": {"items": "x", "name": null}}, "max_concurrency": null})
}

pub(super) fn as_long_as(steps: &[usize]) -> Value {
    json!({"type": "loop", "steps": steps, "over": {"while": {"condition": "x", "max_iterations": 3}},
           "max_concurrency": null})
}

pub(super) fn condition(branches: &[&[usize]], otherwise: &[usize]) -> Value {
    let branches: Vec<Value> = branches.iter().map(|steps| json!({"if": "x", "steps": steps})).collect();
    json!({"type": "condition", "branches": branches, "otherwise": otherwise})
}

/// A wait of so many seconds, as its evaluation says.
pub(super) fn wait_seconds() -> Value {
    json!({"type": "wait", "seconds": 5})
}

pub(super) fn wait_event(name: &str) -> Value {
    json!({"type": "wait", "event": name})
}

pub(super) fn human_task(default: Value, extra: Value) -> Value {
    let (default, extra) = (default, extra);
    json!({"type": "human_task", "prompt": "ok?", "assignee": "human", "answer_schema": {}, "default": default,
           "extra": extra})
}

/// What a loop over so many items yields.
pub(super) fn items(count: u32, max_concurrency: Option<u32>) -> Evaluated {
    Evaluated::Open(Opened::ForEach { items: body("[]"), count, max_concurrency })
}

pub(super) fn sequential(steps: Vec<PlanStep>) -> Plan {
    Plan { mode: crate::workflow::plan::Mode::Sequential, ..plan(steps) }
}

/// Two retries, a second apart at most.
pub(super) fn retry() -> Value {
    json!({"max_retries": 2, "delay_seconds": 1.0, "backoff_multiplier": 1.0, "max_delay_seconds": 1.0})
}

pub(super) fn body(text: &str) -> BodyRef {
    BodyRef::of(text)
}

pub(super) fn error(kind: ErrorKind) -> StepError {
    StepError::new(kind, "as the test says")
}

/// Answers what the machine asks in memory, and notes what it was asked.
pub(super) struct Bench {
    /// Permits that are left.
    pub(super) permits: usize,
    /// Places that are left.
    pub(super) places: usize,
    /// By step; `Run` when nothing is said.
    pub(super) evaluations: BTreeMap<String, Evaluated>,
    /// By loop: how many further iterations its condition allows.
    pub(super) iterations: BTreeMap<String, Result<u32, StepError>>,
    /// By container; a result when nothing is said.
    pub(super) conclusions: BTreeMap<String, Result<Concluded, StepError>>,
    /// By step; unsafe when nothing is said.
    pub(super) facts: BTreeMap<String, Result<CallFacts, StepError>>,
    /// Whose permit is held.
    pub(super) held: Vec<String>,
    /// Whose permit was given back, in order.
    pub(super) given_back: Vec<String>,
    /// The keys of the context when each step was evaluated, in order.
    pub(super) evaluated: Vec<(String, Vec<String>)>,
}

impl Local for Bench {
    fn evaluate(&mut self, state: &State, path: &StepPath) -> Evaluated {
        self.evaluated.push((path.to_string(), state.context.keys().cloned().collect()));
        let said = self.evaluations.get(path.as_str()).cloned();
        said.unwrap_or_else(|| match state.node(path).map(|node| &node.kind) {
            Some(StepKind::Condition { .. }) => Evaluated::Open(Opened::Condition { branch: Some(0) }),
            Some(StepKind::Parallel { .. }) => Evaluated::Open(Opened::Parallel { max_concurrency: None }),
            Some(StepKind::Loop { over: LoopOver::ForEach { .. }, .. }) => items(2, None),
            Some(StepKind::Loop { .. }) => Evaluated::Open(Opened::While { max_iterations: 3 }),
            Some(StepKind::Transform { .. }) => {
                Evaluated::Done(Concluded { result: body("1"), exports: IndexMap::new() })
            }
            Some(StepKind::Wait(WaitFor::Event(name))) => {
                Evaluated::Wait(WaitInput::Event { name: name.clone(), timeout_ms: None })
            }
            Some(StepKind::Wait(_)) => Evaluated::Wait(WaitInput::After { ms: 5_000 }),
            Some(StepKind::HumanTask { .. } | StepKind::AgentTask { .. }) => Evaluated::Wait(WaitInput::Task {
                prompt: body("\"ok?\""),
                timeout_ms: Some(60_000),
                reminder_ms: Some(30_000),
            }),
            Some(_) | None => Evaluated::Run { parameters: body("{}"), timeout_ms: None },
        })
    }

    fn iterate(&mut self, state: &State, path: &StepPath) -> Result<bool, StepError> {
        self.evaluated.push((path.to_string(), state.context.keys().cloned().collect()));
        let left = self.iterations.entry(path.to_string()).or_insert(Ok(0));
        match left {
            Ok(0) => Ok(false),
            Ok(left) => {
                *left -= 1;
                Ok(true)
            }
            Err(error) => Err(error.clone()),
        }
    }

    fn conclude(&mut self, _: &State, path: &StepPath) -> Result<Concluded, StepError> {
        let said = self.conclusions.get(path.as_str()).cloned();
        said.unwrap_or_else(|| Ok(Concluded { result: body(&format!("of {path}")), exports: IndexMap::new() }))
    }

    fn outputs(&mut self, _: &State) -> (BodyRef, Vec<String>) {
        (body("{\"out\":1}"), vec!["`x` has no value".to_owned()])
    }

    fn acquire(&mut self, _: &State, path: &StepPath) -> Option<Result<CallFacts, StepError>> {
        if !self.held.iter().any(|held| held == path.as_str()) {
            self.permits = self.permits.checked_sub(1)?;
            self.held.push(path.to_string());
        }
        let said = self.facts.get(path.as_str()).cloned();
        Some(said.unwrap_or(Ok(CallFacts { repeat_safe: false, pin: None })))
    }

    fn give_back(&mut self, path: &StepPath) {
        self.given_back.push(path.to_string());
        self.held.retain(|held| held != path.as_str());
        self.permits += 1;
    }

    fn place(&mut self, _: &State) -> bool {
        let free = self.places > 0;
        self.places -= usize::from(free);
        free
    }
}

/// A run, its log and its bench.
pub(super) struct Rig {
    pub(super) state: State,
    pub(super) plan: Arc<Plan>,
    pub(super) log: Vec<Event>,
    pub(super) bench: Bench,
    pub(super) now: Timestamp,
}

impl Rig {
    /// A run that exists and has not been turned yet.
    pub(super) fn created(plan: Plan) -> Self {
        let plan = Arc::new(plan);
        let event = Event { at: START, kind: created_event() };
        let state = State::created(plan.clone(), &event).unwrap();
        let bench = Bench {
            permits: usize::MAX / 2,
            places: 1,
            evaluations: BTreeMap::new(),
            iterations: BTreeMap::new(),
            conclusions: BTreeMap::new(),
            facts: BTreeMap::new(),
            held: Vec::new(),
            given_back: Vec::new(),
            evaluated: Vec::new(),
        };
        Self { state, plan, log: vec![event], bench, now: START }
    }

    /// The same with what some steps yield.
    pub(super) fn yielding(plan: Plan, evaluations: &[(&str, Evaluated)]) -> Self {
        let mut rig = Self::created(plan);
        rig.bench.evaluations = evaluations.iter().map(|(step, yields)| ((*step).to_owned(), yields.clone())).collect();
        rig.turn(Vec::new());
        rig
    }

    /// A run that got its place and has started what it could.
    pub(super) fn started(plan: Plan) -> Self {
        let mut rig = Self::created(plan);
        rig.turn(Vec::new());
        rig
    }

    /// The same where the tools of these steps are safe to repeat.
    pub(super) fn started_safe(plan: Plan, safe: &[&str]) -> Self {
        let mut rig = Self::created(plan);
        let facts = Ok(CallFacts { repeat_safe: true, pin: None });
        rig.bench.facts = safe.iter().map(|step| ((*step).to_owned(), facts.clone())).collect();
        rig.turn(Vec::new());
        rig
    }

    pub(super) fn turn(&mut self, inputs: Vec<InputKind>) -> Turn {
        let before = self.state.clone();
        let turn = turn(&mut self.state, inputs, self.now, &mut self.bench).unwrap();
        self.log.extend(turn.events.iter().cloned());
        assert_eq!(self.replayed(), self.state, "the log replayed is not the live state");
        assert!(self.state.progress_percentage() >= before.progress_percentage(), "progress fell");
        if before.status().is_terminal() {
            assert_eq!(before, self.state, "a run that had ended changed");
        }
        turn
    }

    pub(super) fn send(&mut self, input: InputKind) -> Turn {
        self.turn(vec![input])
    }

    /// What the log alone says.
    pub(super) fn replayed(&self) -> State {
        State::replay(self.plan.clone(), &self.log).unwrap().unwrap()
    }

    /// Another process takes the run over: the log is all it has.
    pub(super) fn adopt(&mut self) -> Turn {
        self.state = self.replayed();
        self.bench.permits += self.bench.held.len();
        self.bench.held.clear();
        self.send(InputKind::Adopted)
    }

    pub(super) fn wait(&mut self, seconds: u64) {
        self.now = self.now.plus(Duration::from_secs(seconds));
    }

    /// The reply to the attempt in flight.
    pub(super) fn reply(&mut self, step: &str, outcome: CallOutcome) -> Turn {
        let attempt = self.at(step).attempts;
        self.late_reply(step, attempt, outcome)
    }

    /// A reply to any attempt.
    pub(super) fn late_reply(&mut self, step: &str, attempt: u32, outcome: CallOutcome) -> Turn {
        self.bench.held.retain(|held| held != step);
        self.bench.permits += 1;
        self.send(InputKind::CallFinished { path: step.into(), attempt, outcome, jitter: 0.5 })
    }

    pub(super) fn complete(&mut self, step: &str) -> Turn {
        self.reply(step, completed())
    }

    pub(super) fn fail(&mut self, step: &str, kind: ErrorKind) -> Turn {
        self.reply(step, failed(kind))
    }

    pub(super) fn lose(&mut self, step: &str) -> Turn {
        self.reply(step, unknown())
    }

    pub(super) fn answer(&mut self, task: &str, answer: Answered) -> Turn {
        self.send(InputKind::Answer { task: task.to_owned(), answer, via: Via::Cli })
    }

    pub(super) fn wait_timer(&mut self, step: &str) -> Turn {
        self.send(InputKind::TimerFired(Timer::Wait(step.into())))
    }

    pub(super) fn signal(&mut self, name: &str, payload: &str) -> Turn {
        self.send(InputKind::Signal { name: name.to_owned(), payload: body(payload), kept: true })
    }

    pub(super) fn retry_timer(&mut self, step: &str) -> Turn {
        self.send(InputKind::TimerFired(Timer::Retry(step.into())))
    }

    pub(super) fn at(&self, step: &str) -> &crate::machine::StepState {
        &self.state.steps[&StepPath::from(step)]
    }

    pub(super) fn status(&self, step: &str) -> StepStatus {
        self.at(step).status
    }

    pub(super) fn run_status(&self) -> RunStatus {
        self.state.status()
    }

    /// Steps in flight.
    pub(super) fn in_flight(&self) -> Vec<&str> {
        self.state.calls_in_flight().map(StepPath::as_str).collect()
    }

    /// `name` or `name step` of every event, in order.
    pub(super) fn told(&self) -> Vec<String> {
        told(&self.log)
    }
}

pub(super) fn told(events: &[Event]) -> Vec<String> {
    let one = |event: &Event| match event.kind.path() {
        Some(path) => format!("{} {path}", event.kind.name()),
        None => event.kind.name().to_owned(),
    };
    events.iter().map(one).collect()
}

/// Which calls a turn asks for.
pub(super) fn calls(turn: &Turn) -> Vec<(&str, u32)> {
    let mut calls = Vec::new();
    for command in &turn.commands {
        if let Command::Call { path, attempt } = command {
            calls.push((path.as_str(), *attempt));
        }
    }
    calls
}

pub(super) fn completed() -> CallOutcome {
    CallOutcome::Completed { result: body("1"), exports: IndexMap::new(), binds: None }
}

pub(super) fn exporting(name: &str) -> CallOutcome {
    let exports = IndexMap::from([(name.to_owned(), body("1"))]);
    CallOutcome::Completed { result: body("1"), exports, binds: None }
}

pub(super) fn failed(kind: ErrorKind) -> CallOutcome {
    CallOutcome::Failed { error: error(kind), retry_after: None }
}

pub(super) fn unknown() -> CallOutcome {
    CallOutcome::Unknown { error: error(ErrorKind::Timeout) }
}

pub(super) fn created_event() -> EventKind {
    EventKind::RunCreated {
        run: "run-1".into(),
        plan: body("plan"),
        parameters: body("{}"),
        context: IndexMap::new(),
        session: None,
        binding: None,
        forked_from: None,
        timeout_ms: 3_600_000,
        on_unknown: crate::workflow::plan::OnUnknown::Ask,
    }
}
