//! `docs/states.md` and the code's tables of transitions say the same.

#![expect(clippy::expect_used, clippy::panic, reason = "a test's helpers fail as the test does")]

use std::fmt::Write as _;

use sequitur::machine::{RUN_EVENTS, RunStatus, STEP_TRANSITIONS, StepStatus};

fn page() -> String {
    let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/states.md");
    std::fs::read_to_string(path).expect("the page is part of the tree")
}

/// What stands between `<!-- name -->` and the next `<!-- end -->`.
fn block<'p>(page: &'p str, name: &str) -> &'p str {
    let start = page.split_once(&format!("<!-- {name} -->\n")).map(|(_, rest)| rest);
    let block = start.and_then(|rest| rest.split_once("<!-- end -->")).map(|(block, _)| block);
    block.unwrap_or_else(|| panic!("docs/states.md has no block `{name}`"))
}

fn names<'s>(names: impl IntoIterator<Item = &'s str>) -> String {
    names.into_iter().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ")
}

#[track_caller]
fn holds(name: &str, expected: &str) {
    let page = page();
    assert!(
        block(&page, name) == expected,
        "docs/states.md does not say what the code says; put this between `<!-- {name} -->` and `<!-- end -->`:\n\n{expected}"
    );
}

#[test]
fn the_table_of_run_events_is_the_code_s() {
    let mut table = String::from("| event | can happen while the run is |\n| --- | --- |\n");
    for (event, from) in RUN_EVENTS {
        let from = names(from.iter().map(|status| status.as_str()));
        writeln!(table, "| `{event}` | {from} |").unwrap();
    }
    holds("run events", &table);
}

#[test]
fn the_table_of_step_events_is_the_code_s() {
    let mut table = String::from("| event | from | to |\n| --- | --- | --- |\n");
    for row in STEP_TRANSITIONS {
        let from = names(row.from.iter().map(|status| status.as_str()));
        let to = names(row.to.iter().map(|status| status.as_str()));
        writeln!(table, "| `{}` | {from} | {to} |", row.event).unwrap();
    }
    holds("step events", &table);
}

#[test]
fn every_status_is_explained() {
    let page = page();
    let (runs, steps) = page.split_once("## A step").expect("the page has both parts");
    let rows = |part: &str| part.lines().filter(|line| line.starts_with("| `")).map(str::to_owned).collect::<Vec<_>>();
    let explained = |rows: &[String], name: &str| {
        rows.iter().any(|row| row.split('|').nth(1).is_some_and(|cell| cell.contains(&format!("`{name}`"))))
    };
    let (runs, steps) = (rows(runs), rows(steps));
    for status in RunStatus::ALL {
        assert!(explained(&runs, status.as_str()), "docs/states.md does not explain the run status `{status}`");
    }
    for status in StepStatus::ALL {
        assert!(explained(&steps, status.as_str()), "docs/states.md does not explain the step status `{status}`");
    }
}
