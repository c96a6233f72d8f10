//! One process after another is killed while it drives a run of the ledger's
//! tools; the next one has to bring the run to its end.

use std::collections::BTreeSet;
use std::time::Duration;

use sequitur::base::{Clock as _, Entropy as _, ManualEntropy, SystemClock, SystemEntropy};
use sequitur::machine::StepStatus;
use serde_json::{Value, json};

use crate::client::Client;
use crate::ledger::{Line, What, of};
use crate::record::Record;
use crate::tally::Tally;
use crate::workplace::{Program, STEPS, Workplace, ledger_template, wave_of, waves};

/// A process that was asked something, and nothing to do, takes runs over after 5 s.
const UNCALLED: Duration = Duration::from_secs(15);

pub(crate) fn kill_and_go_on(kills: u32) {
    let seed = seed();
    println!("seed {seed} (SEQUITUR_KILL_SEED repeats it)");
    let entropy = ManualEntropy::new(seed);
    let whole = rehearse();
    println!("an undisturbed run of {STEPS} steps takes {} ms", whole.as_millis());
    let mut tally = Tally::default();
    for round in 0..kills {
        let moment = whole.mul_f64(entropy.unit());
        let answer_retry = entropy.unit() < 0.5;
        let round = Round { moment, answer_retry, uncalled: round % 10 == 3 };
        round.run(&mut tally);
    }
    println!("{tally}");
    tally.check();
    assert!(kills < 20 || tally.went_on_uncalled > 0, "{tally}");
}

/// The seed of the moments: that of an earlier run, or a new one.
pub(crate) fn seed() -> u64 {
    #[expect(clippy::disallowed_methods, reason = "a test's own switch")]
    let given = std::env::var("SEQUITUR_KILL_SEED").ok().and_then(|seed| seed.parse().ok());
    given.unwrap_or_else(|| u64::try_from(SystemEntropy.bits() >> 96).unwrap())
}

/// How many rounds a long series has: `usual`, or what was asked for.
pub(crate) fn times(usual: u32) -> u32 {
    #[expect(clippy::disallowed_methods, reason = "a test's own switch")]
    let given = std::env::var("SEQUITUR_KILL_ROUNDS").ok().and_then(|times| times.parse().ok());
    given.unwrap_or(usual)
}

/// How long a run takes that nobody kills.
fn rehearse() -> Duration {
    let workplace = Workplace::new(Program::Ledger, &ledger_template());
    let mut client = workplace.serve();
    let clock = SystemClock::new();
    let answer = client.done("execute_workflow", &json!({"template_id": "long_run"}));
    let took = clock.monotonic();
    assert_eq!(answer["status"], "completed", "{answer:#}");
    client.leave();
    took
}

/// The end of the process comes when it comes: that is what is tested.
#[expect(clippy::disallowed_methods, reason = "the moment of the kill")]
pub(crate) fn wait(time: Duration) {
    std::thread::sleep(time);
}

struct Round {
    moment: Duration,
    answer_retry: bool,
    uncalled: bool,
}

impl Round {
    fn run(&self, tally: &mut Tally) {
        let workplace = Workplace::new(Program::Ledger, &ledger_template());
        let mut client = workplace.serve();
        client.request(
            "tools/call",
            json!({"name": "execute_workflow", "arguments": {"template_id": "long_run", "wait_seconds": 0}}),
        );
        wait(self.moment);
        let log = client.killed();
        tally.kills += 1;

        let before = workplace.ledger().read();
        let Some(record) = Record::read(&workplace) else {
            assert!(client.next().is_none(), "a run that was acknowledged is not there:\n{log}");
            assert!(before.is_empty());
            tally.before_the_run += 1;
            return;
        };
        probe(&workplace, &before);

        let mut client = workplace.serve();
        if record.status.is_terminal() {
            tally.after_the_end += 1;
        } else if self.uncalled {
            tally.went_on_uncalled += u32::from(goes_on_by_itself(&mut client, &workplace, &before, &record));
        }
        let asked = self.bring_to_its_end(&mut client, &workplace, &record);
        check_results(&mut client, &record.run);
        client.leave();
        self.check(&workplace, &record, &asked, tally);
    }

    /// Answers what is asked until the run is completed; the steps that asked.
    fn bring_to_its_end(&self, client: &mut Client, workplace: &Workplace, record: &Record) -> BTreeSet<String> {
        let mut asked = BTreeSet::new();
        loop {
            let arguments = json!({"workflow_id": record.run, "wait_seconds": 50, "until": "done"});
            let status = client.done("get_workflow_status", &arguments)["status"].clone();
            if status["status"] == "completed" {
                return asked;
            }
            assert_eq!(status["status"], "paused", "{status:#}");
            if asked.is_empty() {
                let resumed = workplace.output(&["resume", &record.run, "--json"]);
                assert_eq!(resumed.status.code(), Some(3), "a bare resume repeats nothing: {resumed:?}");
            }
            let inbox = workplace.output(&["inbox", "--json"]);
            let inbox: Value = serde_json::from_slice(&inbox.stdout).unwrap();
            let tasks = inbox["tasks"].as_array().unwrap_or_else(|| panic!("{inbox:#}")).clone();
            assert!(!tasks.is_empty(), "paused, and nothing is asked: {inbox:#} {status:#}");
            for task in tasks {
                let step = task["step_id"].as_str().unwrap().to_owned();
                assert_eq!(task["kind"], "interrupted");
                assert!(asked.insert(step.clone()), "`{step}` asked twice");
                let answer = if self.answer_retry {
                    json!({"action": "retry"})
                } else {
                    json!({"action": "done", "result": {"after": wave_of(&step) + 1}})
                };
                let task = task["task_id"].as_str().unwrap();
                let answered =
                    workplace.output(&["respond", &record.run, task, "--answer", &answer.to_string(), "--json"]);
                // 3: the next question waits.
                assert!(matches!(answered.status.code(), Some(0 | 3)), "{answered:?}");
            }
        }
    }

    fn check(&self, workplace: &Workplace, then: &Record, asked: &BTreeSet<String>, tally: &mut Tally) {
        let lines = workplace.ledger().read();
        let end = Record::read(workplace).unwrap();
        let mut keys = BTreeSet::new();
        let in_flight = then.with(StepStatus::Running);
        tally.in_flight += u32::from(!in_flight.is_empty());
        tally.steps_in_flight += u32::try_from(in_flight.len()).unwrap();
        for (path, step) in &end.steps {
            let was = &then.steps[path];
            assert_eq!(step.status, StepStatus::Completed, "{path}");
            if was.status == StepStatus::Completed {
                tally.completed += 1;
                assert_eq!(was, step, "`{path}` was completed and was touched again");
            }
            assert!(
                asked.contains(path) == (was.status == StepStatus::Running && step.tool == "ledger_unsafe"),
                "{path}"
            );
            if !step.tool.starts_with("ledger") {
                continue;
            }
            let begun = of(&lines, path, What::Begin);
            assert!(
                begun.iter().all(|line| line.before == wave_of(path)),
                "`{path}` was given other values: {begun:?}"
            );
            let attempts: BTreeSet<&str> = begun.iter().map(|line| line.key.as_str()).collect();
            assert!(attempts.len() <= 1 && !attempts.contains(""), "`{path}` has one key: {begun:?}");
            assert!(attempts.iter().all(|key| keys.insert((*key).to_owned())), "`{path}` shares a key: {begun:?}");
            let calls = begun.len();
            match (was.status, step.tool.as_str()) {
                // Its start was on record, the call may have been cut off before its first line.
                (StepStatus::Running, "ledger_unsafe") => {
                    tally.asked += 1;
                    let most = if self.answer_retry { 2 } else { 1 };
                    let least = usize::from(self.answer_retry);
                    assert!((least..=most).contains(&calls), "`{path}` was called {calls} times");
                }
                (StepStatus::Running, _) => {
                    tally.repeated += 1;
                    assert!((1..=2).contains(&calls), "`{path}` was called {calls} times");
                }
                _ => assert_eq!(calls, 1, "`{path}` was not in flight and was called {calls} times"),
            }
        }
    }
}

/// The run adds up, whoever drove its parts, and the model is the one that the
/// first process had connected.
fn check_results(client: &mut Client, run: &str) {
    let last_wave = format!("s{}", STEPS - 2);
    for (step, select, expected) in
        [("tables", "result.model.name", json!("Bramble Retail")), (last_wave.as_str(), "result.after", json!(waves()))]
    {
        let value = client.done("get_workflow_status", &json!({"workflow_id": run, "step_id": step, "select": select}));
        assert_eq!(value["value"], expected, "{step}");
    }
}

/// A client that only looks: nothing goes on, and its process ends at once.
fn probe(workplace: &Workplace, before: &[Line]) {
    let mut client = workplace.serve();
    assert!(client.tools().iter().any(|tool| tool == "execute_workflow"));
    client.leave();
    assert_eq!(workplace.ledger().read(), before, "a probe set something going");
}

/// With no call at all the run goes on some seconds after the first request,
/// unless there is something to ask or nothing left that the ledger would show.
/// Whether it did.
fn goes_on_by_itself(client: &mut Client, workplace: &Workplace, before: &[Line], record: &Record) -> bool {
    let unsafe_in_flight =
        record.steps.values().any(|step| step.status == StepStatus::Running && step.tool == "ledger_unsafe");
    // The last step lists tables, and leaves no line.
    let for_the_ledger =
        record.steps.values().any(|step| step.status != StepStatus::Completed && step.tool.starts_with("ledger"));
    if unsafe_in_flight || !for_the_ledger {
        return false;
    }
    client.tools();
    let clock = SystemClock::new();
    while workplace.ledger().read() == before {
        assert!(clock.monotonic() < UNCALLED, "it did not go on by itself:\n{}", client.killed());
        wait(Duration::from_millis(50));
    }
    true
}
