//! Two processes on one database, each with runs of its own. One after another
//! is killed or stopped; the other goes on with what it had. What came of it is
//! read from the logs of the runs and from the ledger, when all has ended.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process};
use sequitur::base::{Clock as _, Entropy as _, ManualEntropy, SystemClock};
use sequitur::engine::Request;
use sequitur::machine::{Event, EventKind, RunStatus, StepPath, Via};
use sequitur::store::{Fault, Post, RunFilter, Store, StoreOptions};
use serde_json::json;
use tokio::runtime::Runtime;

use crate::client::Client;
use crate::ledger::What;
use crate::rounds::{seed, wait};
use crate::workplace::{LEASE_SECONDS, Program, Workplace, ledger_template, mixed_template};

/// Runs that are kept going.
const RUNS: usize = 4;

/// A dead process's runs go on within a second, a stopped one's within lease and
/// 5 s. The machine that tests run on has other things to do: thrice that.
const DEAD: Duration = Duration::from_secs(3);
const STOPPED: Duration = Duration::from_secs(3 * (LEASE_SECONDS + 5));

struct Pair {
    workplace: Workplace,
    store: Store,
    runtime: Runtime,
    clients: [Client; 2],
    clock: SystemClock,
    /// Calls of processes that woke and had lost their runs.
    late: usize,
}

/// What a series met.
#[derive(Default)]
struct Met {
    kills: u32,
    stops: u32,
    /// Stops amid a commit.
    held: u32,
    /// Times a process was taken from while a step was in flight.
    in_flight: u32,
    steps: u32,
    asked: u32,
    repeated: u32,
    runs: usize,
    completed: usize,
    /// From the kill or stop until the last of its runs was another's.
    slowest_dead: Duration,
    slowest_stopped: Duration,
}

pub(crate) fn kill_and_go_on(rounds: u32) {
    let seed = seed();
    println!("seed {seed} (SEQUITUR_KILL_SEED repeats it)");
    let dice = ManualEntropy::new(seed);
    let mut pair = Pair::new();
    let mut met = Met::default();
    for round in 0..rounds {
        pair.keep_going(round);
        wait(Duration::from_millis(300).mul_f64(dice.unit()));
        let victim = usize::from(dice.unit() < 0.5);
        let stop = round % 4 == 3;
        let Some(took) = pair.lose(victim, stop) else {
            met.held += 1;
            continue;
        };
        if stop {
            met.stops += 1;
            met.slowest_stopped = met.slowest_stopped.max(took);
            assert!(took < STOPPED, "a stopped process's runs were left for {took:?}");
        } else {
            met.kills += 1;
            met.slowest_dead = met.slowest_dead.max(took);
            assert!(took < DEAD, "a dead process's runs were left for {took:?}");
        }
    }
    pair.bring_all_to_their_end();
    pair.read(&mut met);
    let late = pair.late;
    for client in pair.clients {
        client.leave();
    }
    println!(
        "{} kills, {} stops, {} stops amid a commit: {} with steps in flight ({} steps: {} unsafe asked, {} safe repeated); {} runs, {} completed \
         steps, none called again; taken over after {} ms (dead), {} ms (stopped) at most",
        met.kills,
        met.stops,
        met.held,
        met.in_flight,
        met.steps,
        met.asked,
        met.repeated,
        met.runs,
        met.completed,
        met.slowest_dead.as_millis(),
        met.slowest_stopped.as_millis(),
    );
    println!("calls on their way when their process was stopped, sent when it woke: {late}");
    let enough = if rounds < 20 { 1 } else { rounds * 3 / 10 };
    assert!(met.in_flight >= enough, "too few kills met a step in flight");
}

impl Pair {
    fn new() -> Self {
        let workplace = Workplace::new(Program::Ledger, &ledger_template());
        workplace.add_template(&mixed_template());
        let clients = [joined(&workplace), joined(&workplace)];
        let store = Store::open(&workplace.data(), StoreOptions::default()).unwrap();
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        Self { workplace, store, runtime, clients, clock: SystemClock::new(), late: 0 }
    }

    fn since(&self, begun: Duration) -> Duration {
        self.clock.monotonic().saturating_sub(begun)
    }

    fn open(&self) -> Vec<sequitur::store::OpenRun> {
        self.runtime.block_on(self.store.open_runs()).unwrap()
    }

    /// Answers what is asked, and starts runs until there are enough.
    fn keep_going(&mut self, round: u32) {
        self.answer_all();
        let open = self.open().len();
        for number in open..RUNS {
            let template = if (number + round as usize).is_multiple_of(2) { "long_run" } else { "mixed_run" };
            let client = &mut self.clients[number % 2];
            client.done("execute_workflow", &json!({"template_id": template, "wait_seconds": 0}));
        }
    }

    /// Every open question is answered, from a process that drives nothing.
    fn answer_all(&self) {
        let tasks = self.runtime.block_on(self.store.open_tasks(None)).unwrap();
        for (number, (run, task)) in tasks.into_iter().enumerate() {
            let answer = if number.is_multiple_of(2) {
                json!({"action": "retry"})
            } else {
                json!({"action": "done", "result": {"after": 0}})
            };
            let request = Request::Answer { task: task.id.clone(), answer, via: Via::Cli };
            let post = Post {
                run: run.to_string(),
                kind: request.name().to_owned(),
                task: Some(task.id),
                payload: serde_json::to_value(&request).unwrap(),
                at: self.clock.now(),
                from_process: None,
            };
            // Another answer, or the end of the run, may have come first.
            drop(self.runtime.block_on(self.store.post(post)).unwrap());
        }
    }

    /// Takes a process away; how long its runs were without one, unless it was stopped
    /// with the database in its hands. Another takes its place.
    fn lose(&mut self, victim: usize, stop: bool) -> Option<Duration> {
        let id = Pid::from_raw(self.clients[victim].id().cast_signed()).unwrap();
        let mine = self.owner(victim);
        let begun = self.clock.monotonic();
        if stop {
            kill_process(id, Signal::STOP).unwrap();
        } else {
            self.clients[victim].killed();
        }
        let most = if stop { STOPPED } else { DEAD };
        while self.open().iter().any(|run| run.owner.as_deref() == Some(&mine)) {
            if self.since(begun) > most {
                if stop && self.held() {
                    // Stopped amid a commit it holds the file: nobody can write before it ends.
                    self.clients[victim].killed();
                    self.clients[victim] = joined(&self.workplace);
                    return None;
                }
                let open = self.open();
                let log = self.clients[1 - victim].killed();
                panic!("nobody took over the runs of `{mine}` ({id:?}): {open:#?}\n{log}");
            }
            wait(Duration::from_millis(10));
        }
        let took = self.since(begun);
        if stop {
            // It wakes with replies of calls that are the other's by now.
            let begins = |pair: &Self| {
                let lines = pair.workplace.ledger().read();
                let pid = id.as_raw_nonzero().get().cast_unsigned();
                lines.iter().filter(|line| line.pid == pid && line.what == What::Begin).count()
            };
            let before = begins(self);
            kill_process(id, Signal::CONT).unwrap();
            wait(Duration::from_millis(300));
            // One that was committed and on its way when the process was stopped may still go out: the
            // other has it on record as in flight. What goes beyond the record is found at the end.
            self.late += begins(self) - before;
            self.clients[victim].killed();
        }
        self.clients[victim] = joined(&self.workplace);
        Some(took)
    }

    /// Whether a process holds the database so that nobody else can write.
    fn held(&self) -> bool {
        let error = self.runtime.block_on(self.store.renew("nobody")).unwrap_err();
        error.fault == Fault::Locked
    }

    /// The store's name for a process.
    fn owner(&self, of: usize) -> String {
        let processes = self.runtime.block_on(self.store.processes()).unwrap();
        let pid = self.clients[of].id();
        processes.into_iter().find(|process| process.pid == pid && process.alive).unwrap().id.to_string()
    }

    fn bring_all_to_their_end(&self) {
        let begun = self.clock.monotonic();
        while !self.open().is_empty() {
            self.answer_all();
            assert!(self.since(begun) < Duration::from_mins(2), "{:?}", self.open());
            wait(Duration::from_millis(20));
        }
    }

    /// What the logs and the ledger say of all runs.
    fn read(&self, met: &mut Met) {
        let all = RunFilter { statuses: Vec::new(), open_limit: 0, finished_limit: u32::MAX };
        let runs = self.runtime.block_on(self.store.runs(all)).unwrap();
        let mut begun: BTreeMap<String, usize> = BTreeMap::new();
        for line in self.workplace.ledger().read().into_iter().filter(|line| line.what == What::Begin) {
            *begun.entry(line.key).or_default() += 1;
        }
        let mut keys = BTreeSet::new();
        for run in runs {
            assert_eq!(run.projection.status, RunStatus::Completed, "{}", run.id);
            let rows = self.runtime.block_on(self.store.load_events(&run.id)).unwrap();
            let events: Vec<Event> = rows.iter().map(|row| row.event().unwrap()).collect();
            for (path, told) in story(&events, met) {
                assert!(told.completed == 1, "{} `{path}` completed {} times", run.id, told.completed);
                assert!(keys.insert(told.key.clone()), "`{path}` shares its key");
                met.completed += 1;
                if !told.in_ledger {
                    continue;
                }
                let calls = begun.remove(&told.key).unwrap_or_default();
                // A call that was on record and cut off may not have reached the tool.
                assert!(
                    (told.started - told.lost..=told.started).contains(&calls),
                    "{} `{path}`: {calls} calls, {} starts, {} lost",
                    run.id,
                    told.started,
                    told.lost
                );
            }
            met.runs += 1;
        }
        begun.remove("");
        assert!(begun.is_empty(), "calls that no run has on record: {begun:?}");
    }
}

/// A process that has been called, and so takes runs over.
fn joined(workplace: &Workplace) -> Client {
    let mut client = workplace.serve();
    client.done("get_workflow_status", &json!({}));
    client
}

/// One step that called the ledger.
#[derive(Default)]
struct Told {
    key: String,
    started: usize,
    /// Starts after which the process was taken from.
    lost: usize,
    completed: usize,
    safe: bool,
    /// Its tool keeps the ledger.
    in_ledger: bool,
    in_flight: bool,
    /// An unsafe call was lost and nobody has been asked yet.
    to_ask: bool,
}

#[expect(clippy::wildcard_enum_match_arm, reason = "what is not named changes nothing that is compared")]
/// Reads a log from its beginning: what is lost at each takeover, and that
/// nothing is repeated that must not be.
fn story(events: &[Event], met: &mut Met) -> BTreeMap<StepPath, Told> {
    let mut steps: BTreeMap<StepPath, Told> = BTreeMap::new();
    for event in events {
        match &event.kind {
            EventKind::StepReady { path, tool, .. } => {
                steps.entry(path.clone()).or_default().in_ledger = tool.starts_with("ledger");
            }
            EventKind::StepStarted { path, key, repeat_safe, .. } => {
                let told = steps.entry(path.clone()).or_default();
                assert!(!told.in_flight && told.completed == 0, "`{path}` is called again");
                assert!(!told.to_ask, "`{path}` is repeated unasked");
                assert!(told.key.is_empty() || *told.key == **key, "`{path}` has two keys");
                told.key = key.to_string();
                (told.safe, told.in_flight) = (*repeat_safe, true);
                told.started += 1;
            }
            EventKind::StepCompleted { path, .. } => {
                // Containers complete too, and call nothing.
                if let Some(told) = steps.get_mut(path) {
                    assert!(told.in_flight);
                    told.in_flight = false;
                    told.completed += 1;
                }
            }
            EventKind::InterruptionAnswered { path, answer, .. } => {
                let told = steps.get_mut(path).unwrap();
                told.to_ask = false;
                told.completed += usize::from(matches!(answer, sequitur::machine::Answered::Done { .. }));
            }
            EventKind::StepInterrupted { .. } => met.asked += 1,
            EventKind::RunAdopted => {
                let mut any = false;
                for told in steps.values_mut().filter(|told| told.in_flight) {
                    any = true;
                    told.in_flight = false;
                    told.lost += 1;
                    told.to_ask = !told.safe;
                    met.steps += 1;
                    met.repeated += u32::from(told.safe);
                }
                met.in_flight += u32::from(any);
            }
            _ => {}
        }
    }
    steps.retain(|_, told| told.started > 0);
    steps
}
