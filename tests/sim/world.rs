//! The world around one run: virtual time, a process that turns it and may die,
//! tools that answer, people who ask. One thread, nothing from outside.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use indexmap::IndexMap;
use sequitur::base::{ErrorKind, Timestamp};
use sequitur::machine::{
    Answered, BodyRef, CallOutcome, Command, Event, EventKind, InputKind, Local, RunStatus, State, StepError, StepPath,
    StepStatus, Timer, Turn, Via, Waits, apply, outstanding, turn,
};

use crate::case::{Act, Case, Choice, Reply, When};
use crate::dice::Dice;
use crate::fault::{Fault, hold};
use crate::pool::Pool;
use crate::store::{Ledger, Store};

const START: Timestamp = Timestamp(1_700_000_000_000);

/// How a case went.
pub(crate) struct Outcome {
    pub(crate) state: State,
    pub(crate) store: Store,
    pub(crate) ledger: Ledger,
}

/// Something that reaches the process.
#[derive(Debug, Clone)]
enum Happening {
    Reply {
        path: StepPath,
        attempt: u32,
        reply: Reply,
    },
    Granted(StepPath),
    /// A permit or the place may be free now.
    Look,
}

/// What dies with the process.
struct Life<'c> {
    state: State,
    pool: Pool<'c>,
    queue: BTreeMap<(Timestamp, u64), Happening>,
    timers: BTreeMap<Timer, Timestamp>,
    /// Calls whose reply it waits for.
    calls: BTreeMap<StepPath, u32>,
}

struct World<'c> {
    case: &'c Case,
    now: Timestamp,
    store: Store,
    ledger: Ledger,
    /// The state by the committed events alone, each read back from its text.
    shadow: State,
    life: Life<'c>,
    crashes: Vec<crate::case::Crash>,
    next: u64,
    trace: Option<&'c mut Vec<String>>,
}

/// Takes a case to its end. `trace` gets a line for everything that happens.
pub(crate) fn run(case: &Case, trace: Option<&mut Vec<String>>) -> Result<Outcome, Fault> {
    let created = Event { at: START, kind: created(case) };
    let store = Store::new(&case.plan, &created);
    let shadow = store.replay()?;
    let life = Life::new(case, shadow.clone(), START);
    let crashes = case.crashes.clone();
    let ledger = Ledger::default();
    let mut world = World { case, now: START, store, ledger, shadow, life, crashes, next: 0, trace };
    for &(at, act) in &case.person {
        world.store.ask(START.plus(Duration::from_millis(at)), asked(act));
    }
    for (number, &sent) in case.signals.iter().enumerate() {
        world.store.ask(START.plus(Duration::from_millis(sent.0)), crate::waits::input(number, sent));
    }
    world.live()?;
    Ok(Outcome { state: world.shadow, store: world.store, ledger: world.ledger })
}

fn created(case: &Case) -> EventKind {
    EventKind::RunCreated {
        run: format!("run-{}", case.seed).into(),
        plan: BodyRef::of("plan"),
        parameters: BodyRef::of("{}"),
        context: IndexMap::new(),
        session: None,
        binding: None,
        forked_from: None,
        timeout_ms: case.timeout_ms,
        on_unknown: case.on_unknown,
    }
}

fn asked(act: Act) -> InputKind {
    match act {
        Act::Pause => InputKind::Pause { reason: "asked for".into() },
        Act::Resume => InputKind::Resume,
        Act::Cancel => InputKind::Cancel { reason: None, compensate: true },
        Act::Babble => InputKind::Answer { task: "nobody#1".into(), answer: Answered::Retry, via: Via::Agent },
    }
}

impl<'c> Life<'c> {
    fn new(case: &'c Case, state: State, now: Timestamp) -> Self {
        let mut queue = BTreeMap::new();
        let free_again = case.permits.iter().map(|&(_, to)| to).chain([case.place]);
        for (n, from) in free_again.enumerate() {
            let at = START.plus(Duration::from_millis(from));
            // Below every number that `World::push` gives.
            queue.insert((at.max(now), n as u64), Happening::Look);
        }
        let pool = Pool::new(case, START, now);
        Self { state, pool, queue, timers: BTreeMap::new(), calls: BTreeMap::new() }
    }
}

impl World<'_> {
    fn push(&mut self, after: Duration, what: Happening) {
        self.next += 1;
        self.life.queue.insert((self.now.plus(after), 1_000 + self.next), what);
    }

    /// Turns until nothing is left that could happen.
    fn live(&mut self) -> Result<(), Fault> {
        let mut inputs = Vec::new();
        for _ in 0..20_000 {
            let crashed = self.turn(inputs)?;
            inputs = if crashed { vec![InputKind::Adopted] } else { Vec::new() };
            while inputs.is_empty() {
                let Some(next) = self.next_moment()? else { return self.at_rest() };
                self.now = self.now.max(next);
                self.life.pool.now = self.now;
                inputs = self.due();
                if inputs.is_empty() && self.store.inbox.keys().next().is_some_and(|&(at, _)| at <= self.now) {
                    break;
                }
            }
        }
        Err(Fault::new("ends", "20,000 turns and no end"))
    }

    /// When something happens next. A run whose own timeout is all that is left is stuck.
    fn next_moment(&self) -> Result<Option<Timestamp>, Fault> {
        let queued = self.life.queue.keys().next().map(|&(at, _)| at);
        let asked = self.store.inbox.keys().next().map(|&(at, _)| at);
        let timed = self.life.timers.iter().min_by_key(|&(_, at)| *at);
        let only_timer = queued.is_none() && asked.is_none() && self.life.timers.len() == 1;
        let stuck = only_timer && self.life.calls.is_empty() && self.life.timers.contains_key(&Timer::Run);
        hold(!stuck, "ends", || format!("only its timeout is left: {}", statuses(&self.shadow)))?;
        Ok([queued, asked, timed.map(|(_, &at)| at)].into_iter().flatten().min())
    }

    fn at_rest(&self) -> Result<(), Fault> {
        let state = &self.shadow;
        // What it waits for has a name, and is nothing that comes by itself.
        let named = state.waiting().all(|(_, waiting)| waiting.next_instant().is_none());
        let stands = state.status() == RunStatus::Waiting && named && state.waiting().next().is_some();
        let waits = state.pause.is_some() || state.count(StepStatus::Interrupted) > 0 || stands;
        hold(state.end.is_some() || waits, "ends", || {
            format!("it is `{}` and waits for nothing: {}", state.status(), statuses(state))
        })?;
        hold(state.end.is_none() || self.life.pool.held.is_empty(), "permits", || {
            format!("{:?} held after the end", self.life.pool.held)
        })
    }

    /// Takes what is due from the queue and the timers.
    fn due(&mut self) -> Vec<InputKind> {
        let mut inputs = Vec::new();
        while let Some((&(at, n), _)) = self.life.queue.iter().next()
            && at <= self.now
        {
            let Some(what) = self.life.queue.remove(&(at, n)) else { break };
            match what {
                Happening::Reply { path, attempt, reply } => inputs.extend(self.replied(path, attempt, reply)),
                Happening::Granted(path) => {
                    let facts = self.life.pool.facts(&self.life.state, &path);
                    inputs.push(InputKind::Granted { path, facts });
                }
                Happening::Look => {
                    for path in self.life.pool.grant() {
                        self.push(Duration::ZERO, Happening::Granted(path));
                    }
                    if self.life.pool.wants_place && self.life.pool.place_free() {
                        self.life.pool.wants_place = false;
                        inputs.push(InputKind::Placed);
                    }
                }
            }
        }
        let fired: Vec<Timer> =
            self.life.timers.iter().filter(|&(_, &at)| at <= self.now).map(|(timer, _)| timer.clone()).collect();
        for timer in fired {
            self.life.timers.remove(&timer);
            inputs.push(InputKind::TimerFired(timer));
        }
        // In which order a driver finds what came at the same time is nobody's promise.
        let dice = Dice::new(self.case.seed, &format!("order {}", self.now.0));
        for index in (1..inputs.len()).rev() {
            inputs.swap(index, dice.index(index + 1));
        }
        inputs
    }

    fn replied(&mut self, path: StepPath, attempt: u32, reply: Reply) -> Option<InputKind> {
        let outcome = match reply {
            Reply::Completed => CallOutcome::Completed {
                result: BodyRef::of(&format!("result of {path}")),
                exports: [("last".to_owned(), BodyRef::of(path.as_str()))].into(),
                binds: None,
            },
            Reply::Failed(kind, after) => CallOutcome::Failed {
                error: StepError::new(kind, "it failed"),
                retry_after: after.map(Duration::from_millis),
            },
            Reply::Unknown(kind) => CallOutcome::Unknown { error: StepError::new(kind, "no reply") },
            Reply::Silent => return None,
        };
        if self.life.calls.get(&path) == Some(&attempt) {
            self.life.calls.remove(&path);
            self.life.pool.give_back(&path);
        }
        let jitter = Dice::new(self.case.seed, &format!("jitter {path} {attempt}")).pick(&[0.0, 0.25, 0.5, 0.999]);
        Some(InputKind::CallFinished { path, attempt, outcome, jitter })
    }

    /// One turn, its commit and its commands. Says whether the process died.
    fn turn(&mut self, inputs: Vec<InputKind>) -> Result<bool, Fault> {
        let seen: Vec<(Timestamp, u64)> =
            self.store.inbox.range(..=(self.now, u64::MAX)).map(|(key, _)| *key).collect();
        let all: Vec<InputKind> =
            seen.iter().filter_map(|key| self.store.inbox.get(key).cloned()).chain(inputs).collect();
        let settled = self.settles(&all);
        self.note(|| format!("inputs {all:?}"));
        let done = turn(&mut self.life.state, all, self.now, &mut self.life.pool)
            .map_err(|illegal| Fault::new("legal", illegal))?;
        for event in &done.events {
            self.note(|| format!("  {:?}", event.kind));
        }

        let commits = !done.events.is_empty();
        let number = self.store.commits.len();
        if commits && self.dies(number, When::BeforeCommit)? {
            return Ok(true);
        }
        let mut cancel = false;
        for key in &seen {
            let input = self.store.inbox.remove(key);
            cancel |= matches!(input, Some(InputKind::Cancel { .. }));
        }
        if commits {
            let read = self.store.commit(&done.events);
            self.committed(&read)?;
            self.ledger.settled.extend(settled);
        }
        hold(self.shadow == self.life.state, "replay", || {
            format!("live {:?}\nreplayed {:?}", self.life.state, self.shadow)
        })?;
        let heard = !cancel || self.shadow.ending() || self.shadow.end.is_some();
        hold(heard, "P6 a cancel takes effect", || format!("the run is `{}`", self.shadow.status()))?;
        self.holds_what_is_outstanding(&done.commands)?;
        self.cancels_calls(&done)?;
        if commits && self.dies(number, When::AfterCommit)? {
            return Ok(true);
        }
        self.carry_out(done.commands)?;
        if commits && self.dies(number, When::DuringCalls)? {
            return Ok(true);
        }
        Ok(false)
    }

    /// Attempts in flight whose reply among these says what happened.
    fn settles(&self, inputs: &[InputKind]) -> Vec<(StepPath, u32)> {
        let mut settled = Vec::new();
        for input in inputs {
            if let InputKind::CallFinished { path, attempt, outcome, .. } = input
                && !matches!(outcome, CallOutcome::Unknown { .. })
                && self.life.state.calls_in_flight().any(|one| one == path)
                && self.life.state.steps.get(path).is_some_and(|step| step.attempts == *attempt)
            {
                settled.push((path.clone(), *attempt));
            }
        }
        settled
    }

    /// Folds what was committed, and lets people see it.
    fn committed(&mut self, events: &[Event]) -> Result<(), Fault> {
        for event in events {
            let percent = self.shadow.progress_percentage();
            hold(self.shadow.end.is_none(), "terminal", || format!("{:?} after the end", event.kind))?;
            apply(&mut self.shadow, event).map_err(|illegal| Fault::new("legal", illegal))?;
            let now = self.shadow.progress_percentage();
            hold(now >= percent, "progress", || format!("from {percent} to {now}"))?;
            let most = most_progress(&self.shadow);
            hold(now <= most + 1e-6 || now >= 100.0, "progress", || format!("{now}, but no more than {most} is done"))?;
            let whole = self.shadow.status() == RunStatus::Completed;
            hold(whole == (now >= 100.0), "progress", || format!("{now} while `{}`", self.shadow.status()))?;
            match &event.kind {
                EventKind::StepInterrupted { path, task, .. } => self.asks(path, task),
                EventKind::StepWaiting { path, waits: Waits::Task { task, .. } } => self.asks_for_an_answer(path, task),
                _ => {}
            }
        }
        Ok(())
    }

    /// A question is open: a person answers it, once and once more.
    fn asks(&mut self, path: &StepPath, task: &str) {
        let Some((after, choice)) = self.case.tool(path).answer else { return };
        let tired = self.shadow.steps[path].attempts >= 4;
        let answer = match choice {
            Choice::Retry if !tired => Answered::Retry,
            Choice::Retry | Choice::Done => Answered::Done { result: BodyRef::of("null"), exports: IndexMap::new() },
            Choice::Fail => Answered::Fail,
        };
        let at = self.now.plus(Duration::from_millis(after));
        for (at, answer) in [(at, answer), (at.plus(Duration::from_millis(300)), Answered::Fail)] {
            self.store.ask(at, InputKind::Answer { task: task.to_owned(), answer, via: Via::Cli });
        }
    }

    /// The same of a step that asks.
    fn asks_for_an_answer(&mut self, path: &StepPath, task: &str) {
        let Some(after) = crate::waits::answered_after(self.case, path) else { return };
        let at = self.now.plus(after);
        for (at, answer) in [(at, "given"), (at.plus(Duration::from_millis(300)), "too late")] {
            let answer = Answered::Given { answer: BodyRef::of(answer) };
            self.store.ask(at, InputKind::Answer { task: task.to_owned(), answer, via: Via::Cli });
        }
    }

    /// The turn in which a run begins to end asks for an end of every call in flight.
    fn cancels_calls(&self, done: &Turn) -> Result<(), Fault> {
        let begins =
            |event: &Event| matches!(event.kind, EventKind::CancelRequested { .. } | EventKind::TimeoutReached);
        if !done.events.iter().any(begins) {
            return Ok(());
        }
        for path in self.shadow.calls_in_flight() {
            let told = done.commands.contains(&Command::CancelCall(path.clone()));
            hold(told, "P6 calls in flight are cancelled", || path.to_string())?;
        }
        Ok(())
    }

    /// What the state still asks for is exactly what somebody sees to.
    fn holds_what_is_outstanding(&self, commands: &[Command]) -> Result<(), Fault> {
        let mut timers = BTreeSet::new();
        for command in outstanding(&self.shadow, self.now) {
            let seen_to = match &command {
                Command::StartTimer { .. } => {
                    timers.insert(command.clone());
                    true
                }
                Command::Acquire(path) => self.life.pool.wishes.contains(path),
                Command::AcquirePlace => self.life.pool.wants_place,
                Command::Evaluate(_)
                | Command::Iterate(_)
                | Command::Conclude(_)
                | Command::EvaluateOutputs
                | Command::Return(_)
                | Command::Call { .. }
                | Command::CancelCall(_) => false,
            };
            hold(seen_to, "outstanding", || format!("nobody sees to {command:?}"))?;
        }
        let handed: BTreeSet<Command> =
            commands.iter().filter(|one| matches!(one, Command::StartTimer { .. })).cloned().collect();
        hold(handed == timers, "outstanding", || format!("handed out {handed:?}, outstanding {timers:?}"))
    }

    fn carry_out(&mut self, commands: Vec<Command>) -> Result<(), Fault> {
        self.life.timers.clear();
        for command in commands {
            match command {
                Command::Call { path, attempt } => self.send(&path, attempt)?,
                Command::CancelCall(path) => {
                    if let (Some(&attempt), Some(after)) =
                        (self.life.calls.get(&path), self.case.tool(&path).heeds_cancel)
                    {
                        let reply = Reply::Unknown(ErrorKind::Timeout);
                        self.push(Duration::from_millis(after), Happening::Reply { path, attempt, reply });
                    }
                }
                Command::StartTimer { timer, at } => drop(self.life.timers.insert(timer, at)),
                Command::Evaluate(_)
                | Command::Iterate(_)
                | Command::Conclude(_)
                | Command::EvaluateOutputs
                | Command::AcquirePlace
                | Command::Acquire(_)
                | Command::Return(_) => return Err(Fault::new("commands", format!("{command:?} reached the driver"))),
            }
        }
        // Calls that the run no longer waits for are dropped.
        let wanted: BTreeMap<StepPath, u32> =
            self.shadow.calls_in_flight().map(|path| (path.clone(), self.shadow.steps[path].attempts)).collect();
        let dropped: Vec<StepPath> =
            self.life.calls.keys().filter(|path| !wanted.contains_key(*path)).cloned().collect();
        for path in dropped {
            self.life.calls.remove(&path);
            self.life.pool.give_back(&path);
        }
        hold(self.life.calls == wanted, "commands", || {
            format!("waits for {:?}, in flight {wanted:?}", self.life.calls)
        })?;
        for path in self.life.pool.grant() {
            self.push(Duration::ZERO, Happening::Granted(path));
        }
        let coming: BTreeSet<&StepPath> = self
            .life
            .queue
            .values()
            .filter_map(|what| if let Happening::Granted(path) = what { Some(path) } else { None })
            .collect();
        let idle: Vec<&StepPath> = self
            .life
            .pool
            .held
            .iter()
            .filter(|path| !self.life.calls.contains_key(*path) && !coming.contains(path))
            .collect();
        hold(idle.is_empty(), "permits", || format!("{idle:?} hold a permit and do nothing"))
    }

    fn send(&mut self, path: &StepPath, attempt: u32) -> Result<(), Fault> {
        let step = &self.shadow.steps[path];
        let started = step.attempts == attempt && self.shadow.calls_in_flight().any(|one| one == path);
        hold(started, "started before sent", || format!("call {attempt} of {path} is not in the log"))?;
        let key = step.key.clone().unwrap_or_else(|| Arc::from(""));
        self.ledger.sent.push((path.clone(), attempt, key));
        let this = self.case.attempt(path, attempt);
        let after = Duration::from_millis(this.after);
        self.push(after, Happening::Reply { path: path.clone(), attempt, reply: this.reply });
        if let Some((later, reply)) = this.again {
            let after = after + Duration::from_millis(later);
            self.push(after, Happening::Reply { path: path.clone(), attempt, reply });
        }
        if let Some(timeout) = self.shadow.steps[path].ready.as_ref().and_then(|ready| ready.timeout_ms) {
            let reply = Reply::Unknown(ErrorKind::Timeout);
            self.push(Duration::from_millis(timeout), Happening::Reply { path: path.clone(), attempt, reply });
        }
        self.life.calls.insert(path.clone(), attempt);
        Ok(())
    }

    /// Whether the process dies here; if so, another has taken the run over.
    fn dies(&mut self, commit: usize, when: When) -> Result<bool, Fault> {
        let Some(position) = self.crashes.iter().position(|crash| crash.commit == commit && crash.when == when) else {
            return Ok(false);
        };
        let crash = self.crashes.remove(position);
        self.note(|| format!("CRASH {when:?} {commit}"));
        self.now = self.now.plus(Duration::from_millis(crash.downtime));
        let state = self.store.replay()?;
        hold(state == self.shadow, "replay", || "the whole log replayed is not its events one by one".to_owned())?;
        self.life = Life::new(self.case, state, self.now);
        Ok(true)
    }

    fn note(&mut self, line: impl FnOnce() -> String) {
        if let Some(trace) = &mut self.trace {
            trace.push(format!("{:>7} {}", self.now.0 - START.0, brief(&line())));
        }
    }
}

/// The steps outside loops that ended, over all steps, with loops that have begun
/// as if all in them were done.
fn most_progress(state: &State) -> f64 {
    let nodes = 0..state.plan.steps.len();
    let mut done = 0;
    for step in state.steps.values().filter(|step| state.loops_around(step.index) == 0) {
        let ended = step.status.is_finished() && step.status != StepStatus::Cancelled;
        done += usize::from(ended);
        if ended || step.inside.is_some() {
            done += nodes.clone().filter(|&node| state.plan.loops_around(node).contains(&step.index)).count();
        }
    }
    100.0 * done as f64 / state.plan.steps.len().max(1) as f64
}

/// Without what only fills the page: hashes, names of wrappers.
fn brief(line: &str) -> String {
    let mut out = String::new();
    let mut rest = line;
    while let Some((before, after)) = rest.split_once("BodyRef {") {
        out.push_str(before);
        out.push_str("..");
        rest = after.split_once('}').map_or("", |(_, rest)| rest);
    }
    out.push_str(rest);
    out.replace("StepPath(\"", "").replace("\")", "")
}

pub(crate) fn statuses(state: &State) -> String {
    state.steps.iter().map(|(path, step)| format!("{path} {}", step.status)).collect::<Vec<_>>().join(", ")
}
