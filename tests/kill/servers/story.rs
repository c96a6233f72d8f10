//! What the test knows over all lives, and what has to hold at each kill.

use std::collections::{BTreeMap, BTreeSet};

use sequitur::machine::StepStatus;
use serde_json::{Value, json};

use super::errand::is_safe;
use crate::ledger_server::{Line, Mark};
use crate::record::{Step, Whole};
use crate::tally::Tally;

/// A run and one of its steps.
pub(super) type Place = (String, String);

/// What was answered to a question.
#[derive(Debug, Clone)]
pub(super) struct Given {
    pub(super) step: String,
    pub(super) answer: Value,
    /// How many lines the ledger had before: nothing of the step is called between.
    pub(super) lines: usize,
    life: u32,
    /// It was acknowledged.
    taken: bool,
}

impl Given {
    pub(super) fn is(&self, action: &str) -> bool {
        self.answer["action"] == action
    }
}

#[derive(Default)]
pub(super) struct Story {
    life: u32,
    /// The runs' ids by the keys that they were asked for with, if they were acknowledged.
    pub(super) runs: BTreeMap<String, Option<String>>,
    ended: BTreeSet<String>,
    /// By run and question.
    pub(super) given: BTreeMap<Place, Given>,
    /// Attempts in flight at a kill, by step.
    pub(super) cut: BTreeMap<Place, BTreeSet<u32>>,
    /// How steps were finished, and how many lines the ledger had then.
    pub(super) finished: BTreeMap<Place, (Step, usize)>,
    lines: usize,
}

impl Story {
    /// What a run is to be asked for with.
    pub(super) fn new_run(&mut self) -> String {
        let label = format!("errand-{}", self.runs.len());
        self.runs.insert(label.clone(), None);
        label
    }

    pub(super) fn started(&mut self, label: &str, run: &str) {
        let known = self.runs.get_mut(label).unwrap();
        assert!(known.as_deref().is_none_or(|known| known == run), "`{label}` is two runs");
        *known = Some(run.to_owned());
    }

    pub(super) fn ended(&mut self, run: &str) {
        self.ended.insert(run.to_owned());
    }

    /// Runs that are not known to have ended.
    pub(super) fn unended(&self) -> Vec<(String, Option<String>)> {
        let unended = |run: &Option<String>| run.as_ref().is_none_or(|run| !self.ended.contains(run));
        self.runs.iter().filter(|(_, run)| unended(run)).map(|(label, run)| (label.clone(), run.clone())).collect()
    }

    /// What to answer to a question, unless this process was told already.
    pub(super) fn answer(&mut self, run: &str, task: &Value) -> Option<Value> {
        assert_eq!(task["kind"], "interrupted", "{task:#}");
        let step = task["step_id"].as_str().unwrap();
        let place = (run.to_owned(), task["task_id"].as_str().unwrap().to_owned());
        let turn = self.given.len() % 3;
        let given = self.given.entry(place).or_insert_with(|| Given {
            step: step.to_owned(),
            answer: match turn {
                0 => json!({"action": "retry"}),
                1 => json!({"action": "done", "result": {"by_hand": step}}),
                _ => json!({"action": "fail"}),
            },
            lines: self.lines,
            life: u32::MAX,
            taken: false,
        });
        if given.taken || given.life == self.life {
            return None;
        }
        given.life = self.life;
        Some(given.answer.clone())
    }

    /// What came of an answer.
    pub(super) fn taken(&mut self, run: &str, task: &str, content: &Value) {
        // One that a killed process had taken, and had not said so, is refused the second time.
        let refused = content["workflow_id"].is_null().then(|| content["error_type"].as_str().unwrap_or("none"));
        assert!(matches!(refused, None | Some("conflict" | "not_found")), "{content:#}");
        self.given.get_mut(&(run.to_owned(), task.to_owned())).unwrap().taken = true;
    }

    /// The answers to what a step asked, in their order.
    pub(super) fn given_to(&self, run: &str, step: &str) -> Vec<&Given> {
        let mut given: Vec<&Given> = self
            .given
            .iter()
            .filter(|((of, _), given)| of == run && given.step == step)
            .map(|(_, given)| given)
            .collect();
        given.sort_by_key(|given| given.lines);
        given
    }

    /// A life was killed: checks what is on the disk, and remembers it.
    pub(super) fn killed(&mut self, whole: &Whole, lines: &[Line], tally: &mut Tally) {
        self.life += 1;
        self.lines = lines.len();
        let calls = Calls::of(lines);
        let mut fresh = 0;
        for run in &whole.runs {
            let label = run.asked_as.as_deref().unwrap();
            let acknowledged = self.runs[label].as_ref();
            assert!(acknowledged.is_none_or(|id| *id == run.run), "`{label}` is two runs");
            for (path, step) in &run.steps {
                let place = (run.run.clone(), path.clone());
                let begun = calls.begun.get(&place).map_or(0, Vec::len);
                assert!(
                    begun <= step.attempts as usize,
                    "{place:?} was called {begun} times, which is not on record: {step:?}"
                );
                if step.status == StepStatus::Running {
                    let new = self.cut.entry(place.clone()).or_default().insert(step.attempts);
                    fresh += u32::from(new);
                    tally.repeated += u32::from(new && is_safe(&step.tool));
                }
                if !is_finished(step.status) {
                    assert!(!self.finished.contains_key(&place), "{place:?} was finished: {step:?}");
                    continue;
                }
                let by_hand = || self.given_to(&run.run, path).iter().any(|given| given.is("done"));
                if step.status == StepStatus::Completed && !by_hand() {
                    assert!(calls.done.contains(&place), "{place:?} is completed and had no effect");
                }
                let (was, _) = self.finished.entry(place.clone()).or_insert_with(|| (step.clone(), lines.len()));
                assert_eq!(was, step, "{place:?} was finished and was touched again");
            }
        }
        for (run, _) in calls.begun.keys() {
            assert!(whole.runs.iter().any(|there| there.run == *run), "a step of a run that is not there was called");
        }
        for run in self.runs.values().flatten() {
            assert!(whole.runs.iter().any(|there| there.run == *run), "a run that was acknowledged is not there");
        }
        tally.kills += 1;
        tally.in_flight += u32::from(fresh > 0);
        tally.steps_in_flight += fresh;
    }
}

pub(super) fn is_finished(status: StepStatus) -> bool {
    matches!(status, StepStatus::Completed | StepStatus::Failed | StepStatus::Skipped | StepStatus::Cancelled)
}

/// The ledger by step.
pub(super) struct Calls<'l> {
    /// Calls that have come, each with its place in the ledger.
    pub(super) begun: BTreeMap<Place, Vec<(usize, &'l Line)>>,
    /// Steps with at least one effect.
    pub(super) done: BTreeSet<Place>,
}

impl<'l> Calls<'l> {
    pub(super) fn of(lines: &'l [Line]) -> Self {
        let mut calls = Self { begun: BTreeMap::new(), done: BTreeSet::new() };
        for (at, line) in lines.iter().enumerate().filter(|(_, line)| line.call > 0) {
            let told = |name: &str| line.arguments[name].as_str().unwrap().to_owned();
            let place = (told("run"), told("step"));
            match line.mark {
                Mark::Begin => calls.begun.entry(place).or_default().push((at, line)),
                Mark::Effect => drop(calls.done.insert(place)),
                Mark::Started
                | Mark::Greeted
                | Mark::Listed
                | Mark::Child
                | Mark::Deduped
                | Mark::Answer
                | Mark::Cancel
                | Mark::Eof => {}
            }
        }
        calls
    }
}
