//! Models developed over stdio: expressions checked, measures written and taken back, on copies of real models.

use std::path::{Path, PathBuf};

use serde_json::{Value, json};

use super::client::{Client, Era};
use super::place::{Place, sample};

fn copy(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).unwrap();
    for entry in std::fs::read_dir(from).unwrap() {
        let path = entry.unwrap().path();
        let target = to.join(path.file_name().unwrap());
        if path.is_dir() {
            copy(&path, &target);
        } else {
            std::fs::write(target, std::fs::read(&path).unwrap()).unwrap();
        }
    }
}

/// All files below a folder with their bytes.
fn files(folder: &Path) -> Vec<(PathBuf, Vec<u8>)> {
    let mut found = Vec::new();
    let mut open = vec![folder.to_path_buf()];
    while let Some(folder) = open.pop() {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                open.push(path);
            } else {
                found.push((path.clone(), std::fs::read(path).unwrap()));
            }
        }
    }
    found.sort();
    found
}

/// A server with a copy of the sample, and the copy's folder.
fn with_copy(place: &Place) -> (Client, PathBuf) {
    let folder = place.project().join("copy");
    copy(&sample().join("Bramble Retail/Bramble Retail.SemanticModel"), &folder);
    let root = place.project();
    let client = Client::greeted(&mut place.command(&["serve", "--root", root.to_str().unwrap()]), Era::Legacy);
    (client, folder)
}

fn develop(client: &mut Client, model: &Path, table: &str, expression: &str) -> Value {
    let parameters =
        json!({"model": model, "measure_name": "Twice as nice", "table_name": table, "expression": expression});
    client.done("execute_workflow", &json!({"template_id": "measure_development", "parameters": parameters}))
}

fn call_inverse(client: &mut Client, inverse: &Value) -> Value {
    client.done(inverse["tool"].as_str().unwrap(), &inverse["arguments"])
}

#[test]
fn a_measure_is_developed_and_its_inverse_takes_it_back() {
    let place = Place::new();
    let (mut client, folder) = with_copy(&place);
    let before = files(&folder);

    let run = develop(&mut client, &folder, "Figures", "2 * [Net Sales]");
    assert_eq!(run["status"], "completed", "{run:#}");
    let outputs = &run["outputs"];
    assert_eq!((&outputs["valid"], &outputs["action"]), (&json!(true), &json!("created")), "{run:#}");
    assert_eq!(outputs["file"], "tables/Figures.tmdl");
    assert_eq!(outputs["referenced_measures"], json!(["Net Sales"]));
    assert_eq!(run["step_results"]["step3_test_measure"]["status"], "skipped", "no engine is there");
    assert_ne!(files(&folder), before);
    let impact = client.done("06_get_measure_impact", &json!({"measure": "Net Sales", "model": folder}));
    let users = impact["downstream_usage"].as_array().unwrap();
    assert!(users.iter().any(|used| used["object"] == "[Twice as nice]" && used["distance"] == 1), "{impact:#}");

    call_inverse(&mut client, &outputs["inverse"]);
    assert_eq!(files(&folder), before);
    client.leave();
}

#[test]
fn a_measure_that_is_not_valid_is_never_written() {
    let place = Place::new();
    let (mut client, folder) = with_copy(&place);
    let before = files(&folder);
    for (expression, line, column) in [("2 * [Nett Sales]", 1, 5), ("SUM (\n  Sales[Quantity]", 1, 5), ("\"a", 1, 1)] {
        let run = develop(&mut client, &folder, "Figures", expression);
        assert_eq!(run["status"], "completed", "{run:#}");
        let outputs = &run["outputs"];
        assert_eq!((&outputs["valid"], &outputs["action"]), (&json!(false), &json!(null)), "{run:#}");
        let error = &outputs["errors"][0];
        assert_eq!((&error["line"], &error["column"]), (&json!(line), &json!(column)), "{expression}: {error}");
        let call = json!({"measure": "New", "table": "Figures", "expression": expression, "model": folder});
        let refused = client.refused("04_upsert_measure", &call);
        assert_eq!(refused["error_type"], "invalid_input");
        assert_eq!(refused["validation"]["errors"][0], *error);
    }
    assert_eq!(files(&folder), before);
    client.leave();
}

#[test]
fn a_dry_run_shows_the_diff_and_writes_nothing() {
    let place = Place::new();
    let (mut client, folder) = with_copy(&place);
    let before = files(&folder);
    let call = json!({"measure_name": "Orders", "format_string": "#,0.0", "dry_run": true, "model": folder});
    let shown = client.done("04_upsert_measure", &call);
    assert_eq!((&shown["action"], &shown["dry_run"]), (&json!("updated"), &json!(true)));
    let diff = shown["diff"].as_str().unwrap();
    assert!(diff.contains("-\t\tformatString: #,0\n+\t\tformatString: #,0.0\n"), "{diff}");
    assert!(shown["notice"].as_str().unwrap().starts_with("nothing was written"));
    let shown = client.done("04_delete_measure", &json!({"measure": "Net Sales", "dry_run": true, "model": folder}));
    assert_eq!(shown["action"], "deleted");
    assert!(shown["used_by"].as_array().unwrap().len() > 2, "{shown:#}");
    let group = json!({"name": "Halves", "items": [{"name": "Half", "expression": "SELECTEDMEASURE() / 2"}],
                       "dry_run": true, "model": folder});
    let shown = client.done("04_create_calculation_group", &group);
    assert_eq!(shown["files"], json!(["model.tmdl", "tables/Halves.tmdl"]), "{shown:#}");
    assert_eq!(shown["inverse"]["tool"], "04_delete_calculation_group");
    assert_eq!(files(&folder), before);
    client.leave();
}

#[test]
fn without_a_data_engine_a_query_is_checked_and_not_run() {
    let place = Place::new();
    let (mut client, folder) = with_copy(&place);
    let right = client.refused("03_run_dax", &json!({"query": "EVALUATE ROW(\"r\", [Net Sales])", "model": folder}));
    assert_eq!(
        (&right["error_type"], &right["syntax_checked"], &right["validation"]["valid"]),
        (&json!("no_data_engine"), &json!(true), &json!(true))
    );
    let wrong = client.refused("03_run_dax", &json!({"query": "EVALUATE Salse", "model": folder}));
    let error = &wrong["validation"]["errors"][0];
    assert_eq!((&wrong["error_type"], &error["column"]), (&json!("no_data_engine"), &json!(10)), "{wrong:#}");
    let preview = client.refused("03_preview_table_data", &json!({"table_name": "Sales", "top": 3, "model": folder}));
    assert_eq!(
        (&preview["error_type"], &preview["query"]),
        (&json!("no_data_engine"), &json!("EVALUATE TOPN ( 3, 'Sales' )"))
    );
    client.leave();
}

#[test]
fn an_expression_is_analysed_debugged_and_followed() {
    let place = Place::new();
    let mut client = place.serve();
    let dax =
        "VAR unused = 1\nVAR rows = FILTER ( Sales, [Net Sales] > 0 )\nRETURN SUMX ( rows, [Orders] / [Units Sold] )";
    let found = client.done("03_dax_intelligence", &json!({"expression": dax}));
    let validation = &found["validation"];
    assert_eq!(
        (&validation["valid"], &validation["level"], &validation["engine_checked"]),
        (&json!(true), &json!("syntax+references"), &json!(false))
    );
    let analysis = &found["analysis"];
    assert_eq!(analysis["context_transition_count"], 3, "{found:#}");
    assert_eq!(analysis["references"]["measures"], json!(["Net Sales", "Orders", "Units Sold"]));
    let ids: Vec<&str> =
        analysis["anti_patterns"].as_array().unwrap().iter().map(|one| one["id"].as_str().unwrap()).collect();
    assert!(ids.contains(&"unused_variable") && ids.contains(&"division_operator"), "{ids:?}");
    assert!(analysis["complexity_score"].as_u64().unwrap() > 10);

    let debug =
        client.done("03_dax_intelligence", &json!({"expression": dax, "analysis_mode": "debug"}))["debug"].clone();
    assert_eq!(
        debug["variables"][0],
        json!({"name": "unused", "expression": "1", "used": false, "line": 1, "column": 5})
    );
    let followed = json!({"expression": "[Gross Margin %]", "analysis_mode": "dependencies"});
    let followed = client.done("03_dax_intelligence", &followed);
    assert_eq!(followed["of_measure"], "Gross Margin %");
    let last = followed["dependencies"].as_array().unwrap().last().unwrap().clone();
    assert!(last["distance"].as_u64().unwrap() > 2 && last["kind"] == "column", "{last}");

    let tree =
        client.done("06_analyze_measure_dependencies", &json!({"measure_name": "Gross Margin %", "max_depth": 2}));
    assert_eq!(tree["referenced_measures"], json!(["Gross Margin", "Net Sales"]));
    let depths: Vec<u64> =
        tree["dependency_tree"].as_array().unwrap().iter().map(|line| line["depth"].as_u64().unwrap()).collect();
    assert_eq!((depths[0], depths.iter().max()), (0, Some(&2)), "{tree:#}");
    client.leave();
}

#[test]
fn with_three_models_the_one_that_is_meant_must_be_named() {
    let place = Place::new();
    let (mut client, folder) = with_copy(&place);
    copy(&folder, &place.project().join("third"));
    let parameters = json!({"measure_name": "New", "table_name": "Figures", "expression": "1"});
    let call = json!({"template_id": "measure_development", "parameters": parameters});
    let refused = client.refused("execute_workflow", &call);
    assert_eq!(
        (&refused["error_type"], &refused["model_count"]),
        (&json!("ambiguous_model"), &json!(3)),
        "{refused:#}"
    );
    let run = develop(&mut client, &place.project().join("third"), "Figures", "1");
    assert_eq!(run["status"], "completed");
    let third = place.project().join("third");
    assert_eq!(run["outputs"]["inverse"]["arguments"]["model"], third.canonicalize().unwrap().to_str().unwrap());
    assert_eq!(files(&folder).len(), files(&third).len());
    client.leave();
}

#[test]
fn a_measure_is_developed_on_every_public_model() {
    let shared = Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/models");
    if !shared.is_dir() {
        eprintln!("skipped: {} is not there", shared.display());
        return;
    }
    let place = Place::new();
    let (mut client, _) = with_copy(&place);
    for (name, table) in [
        ("as-sales-pbip", "Sales"),
        ("aw2020-tmdl", "Sales"),
        ("finops-storage-pbip", "Costs"),
        ("fuam-core-pbip", "Metrics"),
        ("te-adventureworks-bim", "Currency"),
        ("te-allproperties-bim", "Table"),
    ] {
        let folder = place.project().join(name);
        copy(&shared.join(name), &folder);
        let before = files(&folder);
        let run = develop(&mut client, &folder, table, "VAR a = 1\nRETURN\n    a");
        assert_eq!(
            (&run["status"], &run["outputs"]["action"]),
            (&json!("completed"), &json!("created")),
            "{name}: {run:#}"
        );
        assert_ne!(files(&folder), before, "{name}");
        call_inverse(&mut client, &run["outputs"]["inverse"]);
        assert_eq!(files(&folder), before, "{name}");
    }
    client.leave();
}
