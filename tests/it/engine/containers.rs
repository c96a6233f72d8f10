//! Containers over a real store: names in each scope, results by reference,
//! recovery in the middle of a loop.

use sequitur::machine::{RunStatus, StepStatus};
use sequitur::workflow::load_text;
use sequitur::workflow::plan::{Plan, Source};
use serde_json::json;

use super::world::{Process, Tools, soon};

fn load(text: &str) -> Plan {
    let loaded = load_text(text, Source::User, "test.yaml").unwrap_or_else(|rejected| panic!("{rejected:?}"));
    (*loaded.plan).clone()
}

const NESTED: &str = r#"
template_id: nested
template_name: Nested
parameters:
  - {name: rows, type: array, default: []}
steps:
  - {step_id: head, tool: echo, parameters: {unit: kg}}
  - step_id: rows
    type: loop
    depends_on: [head]
    for_each: "{{ params.rows }}"
    as: row
    steps:
      - {step_id: name, tool: echo, parameters: {name: "{{ row.name }}"}}
      - step_id: cells
        type: loop
        depends_on: [name]
        for_each: row.cells
        as: cell
        steps:
          - step_id: big
            type: condition
            branches:
              - if: cell > 10
                steps:
                  - step_id: weigh
                    tool: echo
                    parameters:
                      text: "{{ name.name }}/{{ cell }}{{ head.unit }} at {{ index }} of {{ item }}"
outputs:
  all: "{{ rows.results }}"
  second: "{{ rows.results[1].cells.results[0].weigh.text }}"
"#;

#[tokio::test]
async fn names_are_those_of_the_own_iteration_and_of_the_lists_around() {
    let folder = tempfile::tempdir().unwrap();
    let process = Process::start(folder.path(), "one", Tools::new()).await;
    let rows =
        json!({"rows": [{"name": "a", "cells": [5, 20]}, {"name": "b", "cells": [30]}, {"name": "c", "cells": []}]});
    let run = process.run_with(load(NESTED), rows.as_object().unwrap().clone()).await;
    let state = process.settled(&run).await;
    assert_eq!(state.status(), RunStatus::Completed, "{:?}", state.error);
    let outputs = process.engine.value(&run, state.outputs.as_ref().unwrap()).await.unwrap();
    assert_eq!(outputs["second"], "b/30kg at 0 of 30");
    let cell = |text: Option<&str>| {
        let weigh = text.map_or(json!(null), |text| json!({"text": text}));
        json!({"weigh": weigh, "big": {"matched": text.is_some(), "branch": text.map(|_| 0)}})
    };
    assert_eq!(
        outputs["all"][0],
        json!({"name": {"name": "a"}, "cells": {
            "iterations": 2, "max_iterations_reached": false,
            "results": [cell(None), cell(Some("a/20kg at 1 of 20"))],
        }})
    );
    assert_eq!(outputs["all"][2]["cells"]["results"], json!([]));
    // What the state has forgotten, the store still shows, and the same of a whole loop.
    let rows = process.store.steps(&run).await.unwrap();
    let find = |path: &str| rows.iter().find(|row| row.path.as_str() == path).unwrap();
    let row = process.engine.row(&run).await.unwrap();
    let result = |path: &'static str| process.engine.result(&row, &rows, find(path));
    assert_eq!(result("rows[1].cells[0].weigh").await.unwrap(), json!({"text": "b/30kg at 0 of 30"}));
    assert_eq!(result("rows[0].cells").await.unwrap(), outputs["all"][0]["cells"]);
    assert_eq!(result("rows").await.unwrap()["results"], outputs["all"]);
    assert_eq!(row.projection.steps_total, 2 + 3 * 2 + 3 * 2);
    process.dies().await;
}

#[tokio::test]
async fn a_loop_goes_on_in_the_next_process_where_it_was() {
    let folder = tempfile::tempdir().unwrap();
    let tools = Tools::new();
    let first = Process::start(folder.path(), "one", tools.clone()).await;
    let plan = load(
        "template_id: t\ntemplate_name: T\nsteps:\n  - step_id: each\n    type: loop\n    for_each: [1, 2, 3]\n    \
         max_concurrency: 1\n    steps:\n      - {step_id: a, tool: gate}\n      \
         - {step_id: b, tool: echo, depends_on: [a], parameters: {n: \"{{ item }}\"}}\noutputs: {all: \"{{ each.results }}\"}\n",
    );
    let run = first.run(plan).await;
    tools.gate.add_permits(1);
    soon(tools.called("gate", 2)).await;
    first.dies().await;
    let second = Process::start(folder.path(), "two", tools.clone()).await;
    tools.gate.add_permits(5);
    second.engine.adopt_all().await.unwrap();
    let state = second.settled(&run).await;
    assert_eq!(state.status(), RunStatus::Completed, "{:?}", state.error);
    let numbers: Vec<_> = tools.calls("echo").iter().map(|call| call.arguments["n"].clone()).collect();
    assert_eq!(numbers, [1, 2, 3], "no iteration twice");
    assert_eq!(state.count(StepStatus::Completed), 7);
    second.dies().await;
}

#[tokio::test]
async fn transforms_on_a_loop_make_its_result_of_all_iterations() {
    let folder = tempfile::tempdir().unwrap();
    let process = Process::start(folder.path(), "one", Tools::new()).await;
    let plan = load(
        "template_id: t\ntemplate_name: T\nsteps:\n  - step_id: each\n    type: loop\n    for_each: [1, 2]\n    transforms: \
         [{type: map, to: item.results}, {type: map, to: item.a.n}]\n    exports: {first: \"{{ result[0] }}\"}\n    steps:\n      \
         - {step_id: a, tool: echo, parameters: {n: \"{{ item * 10 }}\"}}\noutputs: {all: \"{{ each }}\", first: \"{{ context.first }}\"}\n",
    );
    let run = process.run(plan).await;
    let state = process.settled(&run).await;
    assert_eq!(state.status(), RunStatus::Completed, "{:?}", state.error);
    let outputs = process.engine.value(&run, state.outputs.as_ref().unwrap()).await.unwrap();
    assert_eq!(outputs, json!({"all": [10, 20], "first": 10}));
    process.dies().await;
}

#[tokio::test]
async fn a_transform_that_fails_is_the_step_s_failure_and_no_call_is_repeated() {
    let folder = tempfile::tempdir().unwrap();
    let tools = Tools::new();
    let process = Process::start(folder.path(), "one", tools.clone()).await;
    let retry = "retry: {max_retries: 3, delay_seconds: 0.01, backoff_multiplier: 1, max_delay_seconds: 0.01}";
    let plan = load(&format!(
        "template_id: t\ntemplate_name: T\nsteps:\n  - step_id: a\n    tool: echo\n    {retry}\n    parameters: {{n: 1}}\n    \
         transforms: [{{type: select, fields: [gone]}}]\n",
    ));
    let run = process.run(plan).await;
    let state = process.settled(&run).await;
    assert_eq!(state.status(), RunStatus::Failed);
    assert!(state.error.clone().unwrap().message.starts_with("its transform 1 (select)"), "{:?}", state.error);
    assert_eq!(tools.calls("echo").len(), 1);
    process.dies().await;
}

#[tokio::test]
async fn bad_figures_and_items_fail_the_container_with_what_is_wrong() {
    let folder = tempfile::tempdir().unwrap();
    let process = Process::start(folder.path(), "one", Tools::new()).await;
    let head =
        "template_id: t\ntemplate_name: T\nparameters: [{name: x, default: null}]\nsteps:\n  - step_id: c\n    type: ";
    let body = "\n    steps: [{step_id: a, tool: echo}]\n";
    for (kind, message) in [
        ("loop\n    for_each: \"{{ params.x }}\"", "its for_each is null, not a list"),
        ("loop\n    while: \"params.x > 1\"", "its while could not be evaluated"),
        (
            "parallel\n    max_concurrency: \"{{ params.x }}\"",
            "its max_concurrency is `null`, not a whole number above 0",
        ),
        (
            "loop\n    while: \"true\"\n    max_iterations: \"{{ params.x }}\"",
            "its max_iterations is `null`, not a whole number above 0",
        ),
    ] {
        let run = process
            .run_with(load(&format!("{head}{kind}{body}")), json!({"x": null}).as_object().unwrap().clone())
            .await;
        let state = process.settled(&run).await;
        let error = state.error.clone().unwrap();
        assert_eq!(state.status(), RunStatus::Failed);
        assert!(error.message.starts_with(message), "{}", error.message);
    }
    process.dies().await;
}
