//! Answers about a model of long names and many measures stay small.

use sequitur::semantic_model::facts::page::ANSWER_BYTES;
use sequitur::semantic_model::facts::{dax_intelligence, measure_dependencies, measure_impact};
use sequitur::semantic_model::models::Models;
use serde::Serialize;
use serde_json::{Value, json};

fn size(answer: impl Serialize) -> usize {
    serde_json::to_string(&answer).unwrap().len()
}

#[test]
fn answers_about_a_wide_model_fit_however_long_its_names_are() {
    let folder = tempfile::tempdir().unwrap();
    let name = |n: usize| format!("{n:03} {}", "\"long\" ".repeat(12).trim_end());
    let users: Vec<Value> = (1..100)
        .map(|n| json!({"name": name(n), "expression": format!("[{}] / [{}]", name(0), name(n - 1))}))
        .collect();
    let sum: Vec<String> = (1..100).map(|n| format!("SUMX(T, [{}] / 2)", name(n))).collect();
    let mut measures = vec![json!({"name": name(0), "expression": "1"})];
    measures.extend(users);
    measures.push(json!({"name": "All", "expression": sum.join(" + ")}));
    let model = json!({"model": {"tables": [{"name": "T", "columns": [{"name": "c", "dataType": "int64"}], "measures": measures}]}});
    std::fs::write(folder.path().join("wide.bim"), model.to_string()).unwrap();
    let models = Models { roots: vec![folder.path().canonicalize().unwrap()], ..Models::default() };
    for measure in [name(0), name(50), "All".to_owned()] {
        let args = serde_json::from_value(json!({"measure": measure})).unwrap();
        assert!(size(measure_impact::run(&models, &args).unwrap()) < ANSWER_BYTES, "{measure}");
        let args = serde_json::from_value(json!({"measure": measure, "max_depth": 50})).unwrap();
        assert!(size(measure_dependencies::run(&models, &args).unwrap()) < ANSWER_BYTES, "{measure}");
    }
    let unknown: Vec<String> = (0..100).map(|n| format!("[no {}]", name(n))).collect();
    for expression in ["[All]".to_owned(), unknown.join(" / ")] {
        for mode in ["analyze", "validate", "debug", "dependencies"] {
            let args = serde_json::from_value(json!({"expression": expression, "analysis_mode": mode})).unwrap();
            assert!(size(dax_intelligence::run(&models, &args).unwrap()) < ANSWER_BYTES, "{mode}");
        }
    }
}
