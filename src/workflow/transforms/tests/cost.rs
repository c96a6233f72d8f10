//! A list of 10,000 items costs ten times as much as one of 1,000, and what
//! would cost more than the budget is stopped.

use serde_json::{Value, json};

use super::super::work::Work;
use super::super::{compiled::apply_one, transform::Transform};
use super::{compiled, run};
use crate::base::ErrorKind;
use crate::base::json::Object;
use crate::expr::{Expression, NoResults, Scope, Template};

fn rows(count: u64) -> Value {
    (0..count)
        .map(|at| json!({"id": at * 7919 % count, "text": format!("t{at}"), "list": [{"n": at}, {"n": 1}]}))
        .collect()
}

/// What a transform spends on so many items, in the budget's units.
fn spent(transform: &Transform<Expression, Template>, count: u64) -> u64 {
    let (params, context) = (Object::new(), Object::new());
    let mut work = Work::new(Scope::new(&params, &context, &NoResults));
    apply_one(transform, rows(count), &mut work).unwrap_or_else(|stop| panic!("{stop:?}"));
    work.budget.spent()
}

#[test]
fn cost_grows_with_the_list_and_no_faster() {
    let right: Vec<Value> = (0..500).map(|at| json!({"id": at, "name": "n"})).collect();
    let criteria: Vec<u64> = (0..500).collect();
    let all = json!([
        {"type": "filter", "where": "item.id > 5"},
        {"type": "filter", "criteria": {"id": {"in": criteria}}},
        {"type": "map", "to": {"a": "item.id * 2", "b": "item.text"}},
        {"type": "map", "mapping": {"id": "key"}},
        {"type": "select", "fields": ["text", "id"]},
        {"type": "sort", "by": "id"},
        {"type": "sort", "by": "item.text", "descending": true},
        {"type": "limit", "count": 10, "offset": 10},
        {"type": "flatten", "field": "list"},
        {"type": "merge", "with": right, "on": "id"},
        {"type": "aggregate", "group_by": "id", "fields": {"text": "max"}},
        {"type": "aggregate", "aggregate_type": "sum"},
    ]);
    for transform in all.as_array().expect("a list") {
        let compiled = compiled(&json!([transform])).unwrap_or_else(|rejected| panic!("{rejected}"));
        let (few, many) = (spent(&compiled.list[0], 1_000), spent(&compiled.list[0], 10_000));
        // A sort's rounds grow from 10 to 14.
        assert!(many <= few * 13, "{transform}: {few} for 1,000 items, {many} for 10,000");
        assert!(many < 500_000, "{transform}: {many}");
    }
}

#[test]
fn a_chain_over_100_000_items_is_within_the_budget() {
    let transforms = "
        - {type: filter, where: item.id >= 0 and item.text}
        - {type: flatten, field: list}
        - {type: map, to: {id: item.id, text: item.text, n: item.n + 1}}
        - {type: sort, by: id}
        - {type: aggregate, group_by: [id, text], fields: {n: sum}}
        - {type: sort, by: item.n, descending: true}
        - {type: limit, count: 1}";
    let out = run(transforms, rows(100_000)).unwrap_or_else(|error| panic!("{error}"));
    assert_eq!(out, json!([{"id": 99_999 * 7919 % 100_000, "text": "t99999", "n": 100_002}]));
}

#[test]
fn what_goes_beyond_the_budget_is_stopped() {
    let many = |text: &str| -> Value { (0..10_000).map(|_| json!({"id": 1, "text": text})).collect() };
    // Every item joined with every other.
    let join = format!("{{type: merge, on: id, with: {}}}", (0..1_000).map(|_| json!({"id": 1})).collect::<Value>());
    // The whole list for every item.
    let each = "{type: filter, where: result|sum >= 0}";
    let numbers: Value = (0..100_000).collect();
    // A large text beside every element.
    let copies = json!([{"text": "x".repeat(1_000_000), "list": (0..1_000).collect::<Value>()}]);
    for (transform, input) in
        [(join.as_str(), many(&"x".repeat(1_000))), (each, numbers), ("{type: flatten, field: list}", copies)]
    {
        let error = run(transform, input).expect_err("stopped");
        assert_eq!(error.kind(), ErrorKind::LimitExceeded, "{error}");
    }
}
