//! Transforms as an author sees them: written in a template, applied to a value.

mod cost;
mod naive;
mod page;
mod reading;
mod rules;

use serde_json::{Value, json};

use super::{TransformError, Transforms};
use crate::base::json::Object;
use crate::expr::{NoResults, Scope};
use crate::workflow::plan::Source;
use crate::workflow::{Rejected, load_value};

/// Compiles transforms the way they go through a template and its plan.
fn compiled(transforms: &Value) -> Result<Transforms, Rejected> {
    let template = json!({
        "template_id": "t",
        "parameters": [{"name": "least", "default": 10}, {"name": "ids", "default": [1, 2]}],
        "steps": [{"step_id": "s", "type": "transform", "input": "{{ params.ids }}", "transforms": transforms}],
    });
    let plan = load_value(&template, Source::User, "t")?.plan;
    // A plan is stored before it runs.
    let stored: crate::workflow::plan::Plan =
        serde_json::from_value(serde_json::to_value(&*plan).expect("serialises")).expect("reads");
    assert_eq!(stored, *plan);
    Ok(Transforms::compile(&stored.steps[0].transforms, &stored.known_at(Some(0))).expect("compiles"))
}

fn written(text: &str) -> Value {
    serde_saphyr::from_str(text).unwrap_or_else(|error| panic!("{text}: {error}"))
}

fn apply(transforms: &Transforms, input: Value) -> Result<Value, TransformError> {
    let params = json!({"least": 10, "ids": [1, 2]}).as_object().cloned().expect("an object");
    let context = Object::new();
    transforms.apply(input, &Scope::new(&params, &context, &NoResults))
}

/// Applies one transform, or a list of them, to an input.
fn run(text: &str, input: Value) -> Result<Value, TransformError> {
    let transforms = written(text);
    let transforms = if transforms.is_array() { transforms } else { json!([transforms]) };
    apply(&compiled(&transforms).unwrap_or_else(|rejected| panic!("{text}: {rejected}")), input)
}
