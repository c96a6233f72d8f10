//! The language as a user sees it. One world for all tests: a few parameters,
//! a context and some steps, with a count of how often results were read.

mod compare;
mod dialects;
mod limits;
mod page;
mod paths;
mod secrets;
mod table;

use std::cell::Cell;
use std::sync::Arc;

use proptest::prelude::*;
use serde_json::{Value, json};

use super::{ExprError, Expression, Fault, Known, ResultSource, RunView, Scope, StepView, Template};
use crate::base::json::Object;

/// Steps with their results, and how often a result was read.
struct Steps {
    results: Vec<(&'static str, &'static str, Value)>,
    reads: Cell<usize>,
}

impl ResultSource for Steps {
    fn step(&self, id: &str) -> Option<StepView> {
        let (_, status, _) = self.results.iter().find(|(own, ..)| *own == id)?;
        let error = (*status == "failed").then(|| json!({"kind": "timeout", "message": "no answer", "attempts": 2}));
        Some(StepView {
            status: (*status).to_owned(),
            success: *status == "completed",
            error,
            duration_seconds: Some(1.5),
        })
    }

    fn result(&self, id: &str) -> Result<Option<Arc<Value>>, String> {
        if id == "broken" {
            return Err("the body is gone".to_owned());
        }
        self.reads.set(self.reads.get() + 1);
        Ok(self.results.iter().find(|(own, ..)| *own == id).map(|(.., result)| Arc::new(result.clone())))
    }

    fn finished(&self) -> Vec<String> {
        self.results.iter().map(|(id, ..)| (*id).to_owned()).collect()
    }
}

struct World {
    params: Object,
    context: Object,
    steps: Steps,
    run: RunView,
    item: Value,
}

fn object(value: Value) -> Object {
    match value {
        Value::Object(map) => map,
        other => panic!("not an object: {other}"),
    }
}

impl World {
    fn new() -> Self {
        Self {
            params: object(json!({
                "region": "north", "limit": 50, "rate": 0.5, "on": true, "off": false, "nothing": null,
                "names": ["b", "a", "c"], "empty": [], "table": {"z": 1, "a": {"b": [10, 20]}}, "my-key": "k",
                "text": "hello", "big": 9_007_199_254_740_993_u64, "numeral": "42",
            })),
            context: object(json!({"slowest": "Sales", "count": 3, "flag": false})),
            steps: Steps {
                results: vec![
                    (
                        "fetch",
                        "completed",
                        json!({
                            "orders": [
                                {"customer": "A", "total": 2000, "id": 1},
                                {"customer": "B", "total": 500, "id": 2},
                                {"customer": "A", "total": 1500.5, "id": 3, "note": "late"},
                            ],
                            "validation": {"valid": true}, "number": 7, "html": "<b>&</b>", "braces": "{{ params.region }}",
                            "result": {"inner": 1}, "empty": [], "words": ["x", "y"],
                        }),
                    ),
                    ("skipped", "skipped", Value::Null),
                    ("bad", "failed", Value::Null),
                    ("yes", "completed", json!({"success": false, "list": [1, "a", null, true]})),
                ],
                reads: Cell::new(0),
            },
            run: RunView {
                id: "run-1".to_owned(),
                name: "Demo".to_owned(),
                started_at: "2025-01-01T00:00:00.000Z".to_owned(),
            },
            item: json!({"total": 1200, "name": "row"}),
        }
    }

    fn known() -> Known {
        Known::new()
            .with_steps(["fetch", "skipped", "bad", "yes", "later", "broken"])
            .with_params(World::new().params.keys().cloned())
            .with_context(World::new().context.keys().cloned())
            .with_item("row")
    }

    fn scope(&self) -> Scope<'_> {
        Scope::new(&self.params, &self.context, &self.steps).with_run(&self.run).with_item(Some("row"), &self.item, 4)
    }
}

fn eval(source: &str) -> Result<Value, ExprError> {
    let world = World::new();
    let scope = world.scope();
    Expression::parse(source, &World::known())?.eval(&scope)
}

fn holds(source: &str) -> Result<bool, ExprError> {
    let world = World::new();
    let scope = world.scope();
    Expression::parse(source, &World::known())?.is_true(&scope)
}

fn value(source: &str) -> Value {
    eval(source).unwrap_or_else(|error| panic!("{source}: {error}"))
}

fn fault(source: &str) -> Fault {
    match eval(source) {
        Ok(value) => panic!("{source} gave {value}"),
        Err(error) => error.fault,
    }
}

fn try_render(template: &Value) -> Result<Value, ExprError> {
    let world = World::new();
    let scope = world.scope();
    Template::parse(template, &World::known()).map_err(|mut errors| errors.remove(0))?.render(&scope)
}

fn render(template: &Value) -> Value {
    try_render(template).unwrap_or_else(|error| panic!("{template}: {error}"))
}

/// A few of every kind, close enough to be equal now and then.
pub(in crate::expr) fn any_json() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        (-2_i64..3).prop_map(Value::from),
        prop_oneof![
            Just(-1.0),
            Just(0.0),
            Just(-0.0),
            Just(0.5),
            Just(1.0),
            Just(1e300),
            Just(1.844_674_407_370_955_2e19)
        ]
        .prop_map(|float: f64| json!(float)),
        prop_oneof![Just(u64::MAX), Just(1 << 53), Just((1 << 53) + 1)].prop_map(Value::from),
        "[ab]{0,2}".prop_map(Value::from),
    ];
    leaf.prop_recursive(2, 8, 3, |inner| {
        prop_oneof![
            proptest::collection::vec(inner.clone(), 0..3).prop_map(Value::from),
            proptest::collection::btree_map("[ab]", inner, 0..3)
                .prop_map(|members| Value::Object(members.into_iter().collect())),
        ]
    })
}

/// What an expression over `a` and `b` says of two values.
pub(in crate::expr) fn compare_with_operator(source: &str, [a, b]: [&Value; 2]) -> Result<bool, String> {
    let params = object(json!({"a": a, "b": b}));
    let context = Object::new();
    let known = Known::new().with_params(["a", "b"]);
    let expression = Expression::parse(source, &known).map_err(|error| error.message)?;
    expression.is_true(&Scope::new(&params, &context, &super::NoResults)).map_err(|error| error.message)
}
