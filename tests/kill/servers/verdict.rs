//! What has to hold at the end of all lives, when every run has ended.

use std::collections::BTreeSet;

use sequitur::base::ErrorKind;
use sequitur::base::json::canonical;
use sequitur::machine::{RunStatus, StepStatus};
use serde_json::json;

use super::errand::{arguments, is_optional, is_safe};
use super::story::{Calls, Story, is_finished};
use crate::client::Client;
use crate::ledger_server::Line;
use crate::record::{Record, Step, Whole};
use crate::tally::Tally;

/// Asks for the result of every completed step: it is what the tool answered, or
/// what was said in its place.
pub(super) fn results(client: &mut Client, story: &Story) {
    for (label, run) in &story.runs {
        let run = run.as_ref().unwrap();
        let status = client.done("get_workflow_status", &json!({"workflow_id": run}))["status"].take();
        for step in status["steps"].as_array().unwrap().iter().filter(|step| step["status"] == "completed") {
            let step = step["step_id"].as_str().unwrap();
            let asked = json!({"workflow_id": run, "step_id": step});
            let value = client.done("get_workflow_status", &asked)["value"].take();
            let expected = match story.given_to(run, step).last() {
                Some(given) if given.is("done") => given.answer["result"].clone(),
                Some(_) | None => json!({"echo": arguments(run, label, step)}),
            };
            assert_eq!(canonical(&value), canonical(&expected), "the result of `{step}` of {run}");
        }
    }
}

/// Compares ledger, database and what was answered.
pub(super) fn all(story: &Story, whole: &Whole, lines: &[Line], tally: &mut Tally) {
    let calls = Calls::of(lines);
    let mut keys = BTreeSet::new();
    let labels: BTreeSet<&str> = whole.runs.iter().filter_map(|run| run.asked_as.as_deref()).collect();
    assert_eq!(labels.len(), whole.runs.len(), "a run exists twice");
    assert_eq!(labels.len(), story.runs.len(), "a run is missing");
    for run in &whole.runs {
        tally.runs += 1;
        let failed = |(path, step): &(&String, &Step)| step.status == StepStatus::Failed && !is_optional(path);
        let aborted = run.steps.iter().any(|step| failed(&step));
        let expected = if aborted { RunStatus::Failed } else { RunStatus::Completed };
        assert_eq!(run.status, expected, "{run:#?}");
        for path in run.steps.keys() {
            let of = Case { story, run, path, step: &run.steps[path], aborted };
            of.check(&calls, &mut keys);
            of.count(tally);
        }
    }
}

/// One step.
struct Case<'c> {
    story: &'c Story,
    run: &'c Record,
    path: &'c str,
    step: &'c Step,
    /// Its run was, so that it may have been left as it was.
    aborted: bool,
}

impl Case<'_> {
    fn check(&self, calls: &Calls<'_>, keys: &mut BTreeSet<String>) {
        let Self { story, run, path, step, aborted } = self;
        let (place, name) = ((run.run.clone(), (*path).to_owned()), format!("`{path}` of {}", run.run));
        let begun = calls.begun.get(&place).map(Vec::as_slice).unwrap_or_default();
        let given = story.given_to(&run.run, path);

        // What it was given, and under which key.
        let expected = canonical(&arguments(&run.run, run.asked_as.as_deref().unwrap(), path));
        for (_, line) in begun {
            let first = &begun[0].1.arguments;
            assert_eq!(line.arguments.to_string(), first.to_string(), "{name} was given something else again");
            assert_eq!(canonical(&line.arguments), expected, "{name} was given something else");
            assert_eq!(line.key, step.key, "{name} was called under another key than that on record");
        }
        assert!(begun.is_empty() || step.key.is_some(), "{name} has no key");
        assert!(begun.is_empty() || keys.insert(step.key.clone().unwrap()), "{name} has the key of another");

        // How often it was called.
        let cut: BTreeSet<String> =
            story.cut.get(&place).into_iter().flatten().map(|attempt| format!("{path}#{attempt}")).collect();
        let asked: BTreeSet<String> = story
            .given
            .iter()
            .filter(|((of, _), given)| *of == run.run && given.step == *path)
            .map(|((_, task), _)| task.clone())
            .collect();
        let attempts = step.attempts as usize;
        assert!(begun.len() <= attempts, "{name} was called {} times in {attempts} attempts", begun.len());
        if is_safe(&step.tool) {
            assert!(asked.is_empty(), "{name} asked and is safe");
            assert!(attempts <= 1 + cut.len(), "{name} had {attempts} attempts and was cut off {} times", cut.len());
        } else {
            assert!(asked.is_subset(&cut), "{name} asked {asked:?} and was cut off at {cut:?}");
            assert!(*aborted || asked == cut, "{name} asked {asked:?} and was cut off at {cut:?}");
            let retries = given.iter().filter(|given| given.is("retry")).count();
            assert!(attempts <= 1 + retries, "{name} had {attempts} attempts and {retries} were allowed");
        }
        if let Some((was, lines)) = story.finished.get(&place) {
            assert_eq!(was, *step, "{name} was finished and was touched again");
            assert!(begun.iter().all(|(at, _)| at < lines), "{name} was finished and was called again");
        }

        // How it ended.
        let last = given.last();
        let after = last.map_or(0, |given| begun.iter().filter(|(at, _)| *at >= given.lines).count());
        match last {
            Some(last) if last.is("done") || last.is("fail") => {
                assert_eq!(after, 0, "{name} was called after it was answered {:?}", last.answer);
            }
            Some(_) if step.status == StepStatus::Completed => {
                assert_eq!(after, 1, "{name} was to be called again, once");
            }
            Some(_) | None => {}
        }
        let expected = match last {
            Some(last) if last.is("fail") => StepStatus::Failed,
            Some(_) | None => StepStatus::Completed,
        };
        if !aborted {
            assert_eq!(step.status, expected, "{name}: {step:?}");
        }
        assert!(is_finished(step.status), "{name}: {step:?}");
        if step.status == StepStatus::Completed {
            let by_hand = last.is_some_and(|last| last.is("done"));
            assert!(by_hand || calls.done.contains(&place), "{name} is completed and had no effect");
            assert!(step.answered == last.is_some(), "{name}: {step:?}");
        }
        if step.status == StepStatus::Failed {
            assert_eq!(step.error, Some(ErrorKind::Interrupted), "{name}: {step:?}");
        }
    }

    fn count(&self, tally: &mut Tally) {
        tally.completed += u32::from(self.step.status == StepStatus::Completed);
        for given in self.story.given_to(&self.run.run, self.path) {
            tally.asked += 1;
            let place = ["retry", "done", "fail"].iter().position(|action| given.is(action)).unwrap();
            tally.answers[place] += 1;
        }
    }
}
