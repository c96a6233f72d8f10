//! The user's page: every example of its section on transforms holds.

use serde_json::{Value, json};

use super::{apply, compiled, written};
use crate::workflow::keys::TRANSFORM_TABLES;

const PAGE: &str = include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/docs/workflows.md"));

/// Input, transforms and output of every example.
fn examples() -> Vec<[Value; 3]> {
    let section = PAGE.split("\n## ").find(|section| section.starts_with("Transforms")).expect("a section");
    let blocks = section.split("```yaml\n").skip(1).filter_map(|rest| rest.split("```").next());
    blocks
        .map(|block| {
            let example = written(block);
            ["input", "transforms", "gives"].map(|part| example[part].clone())
        })
        .collect()
}

#[test]
fn every_example_of_the_page_holds() {
    for [input, transforms, gives] in examples() {
        let compiled = compiled(&transforms).unwrap_or_else(|rejected| panic!("{transforms}: {rejected}"));
        let value = apply(&compiled, input).unwrap_or_else(|error| panic!("{transforms}: {error}"));
        assert_eq!(value.to_string(), gives.to_string(), "{transforms}");
    }
}

#[test]
fn every_transform_has_an_example() {
    let shown: Vec<Value> = examples()
        .into_iter()
        .flat_map(|[_, transforms, _]| transforms.as_array().cloned().unwrap_or_default())
        .collect();
    for (word, _) in TRANSFORM_TABLES {
        assert!(shown.iter().any(|transform| transform["type"] == json!(word)), "`{word}` has no example");
    }
}
