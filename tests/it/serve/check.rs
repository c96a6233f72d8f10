//! `sequitur check`: a gate for changes of models.

use std::path::Path;
use std::process::Command;

use serde_json::Value;

use super::place::Place;

const BROKEN: &str = "table Sales\n\tmeasure Total = [Nothing] + 1\n\t\tformatString: #,0\n";
const CLEAN: &str = "/// Sold.\ntable Sales\n\t/// All of it.\n\tmeasure Total = 1 + 1\n\t\tformatString: #,0\n";

fn model(place: &Place, text: &str) {
    place.write("Shop/Shop.SemanticModel/definition/model.tmdl", "model Model\n");
    place.write("Shop/Shop.SemanticModel/definition/tables/Sales.tmdl", text);
}

fn code(place: &Place, arguments: &[&str]) -> (Option<i32>, String) {
    let output = place.run(&[&["check"], arguments].concat());
    let text = String::from_utf8(output.stdout).unwrap() + &String::from_utf8(output.stderr).unwrap();
    (output.status.code(), text)
}

#[test]
fn it_ends_with_1_for_findings_0_without_and_2_for_what_cannot_be_checked() {
    let place = Place::new();
    model(&place, BROKEN);
    let (found, text) = code(&place, &["Shop"]);
    assert_eq!(found, Some(1), "{text}");
    assert!(text.contains("BROKEN_REFERENCE") && text.contains("tables/Sales.tmdl:2: [Total]"), "{text}");
    assert_eq!(code(&place, &["Shop", "--fail-on", "never"]).0, Some(0));
    for bad in [&["Nowhere"][..], &["Shop", "--baseline", "none.json"], &["Shop", "--since=-x"]] {
        let (found, text) = code(&place, bad);
        assert_eq!(found, Some(2), "{bad:?}: {text}");
        assert!(text.contains("error: ") && text.contains("hint: "), "{text}");
    }
    model(&place, "table Sales\n\tmeasure = 1\n");
    let (found, text) = code(&place, &["Shop"]);
    assert_eq!(found, Some(2), "{text}");
    assert!(text.contains("Sales.tmdl:2:"), "{text}");
    model(&place, CLEAN);
    let (found, text) = code(&place, &["Shop", "--fail-on", "error"]);
    assert_eq!(found, Some(0), "{text}");
}

#[test]
fn what_a_baseline_knows_is_not_new_and_what_came_since_is() {
    let place = Place::new();
    model(&place, BROKEN);
    assert_eq!(code(&place, &["Shop", "--write-baseline", "known.json"]).0, Some(0));
    assert_eq!(code(&place, &["Shop", "--baseline", "known.json", "--fail-on", "info"]).0, Some(0));
    model(&place, &format!("{BROKEN}\tmeasure Second = [Nowhere]\n\t\tformatString: #,0\n"));
    let (found, text) = code(&place, &["Shop", "--baseline", "known.json"]);
    assert_eq!(found, Some(1), "{text}");
    assert!(text.contains("[Second]") && !text.contains("[Total]"), "{text}");
}

#[test]
fn rules_beside_the_model_are_read_and_their_mistakes_told() {
    let place = Place::new();
    model(&place, BROKEN);
    place.write(
        "Shop/sequitur-rules.yaml",
        "ignore: [BROKEN_REFERENCE]\nseverity:\n  MODEL_SHOULD_HAVE_A_DATE_TABLE: info\n",
    );
    let (found, text) = code(&place, &["Shop"]);
    assert!(found == Some(0) && !text.contains("BROKEN_REFERENCE"), "{text}");
    place.write("Shop/sequitur-rules.yaml", "ignore: [BROKEN_REFERENC]\n");
    let (found, text) = code(&place, &["Shop"]);
    assert_eq!(found, Some(2), "{text}");
    assert!(text.contains("sequitur-rules.yaml:1:10") && text.contains("`BROKEN_REFERENCE`"), "{text}");
}

#[test]
fn json_and_sarif_are_one_document_with_places_in_the_checkout() {
    let place = Place::new();
    model(&place, BROKEN);
    let (found, text) = code(&place, &["Shop", "--format", "json"]);
    let answer: Value = serde_json::from_str(&text).unwrap();
    assert_eq!(
        (found, &answer["success"], &answer["failing"].as_u64().map(|n| n > 0)),
        (Some(1), &Value::from(false), &Some(true))
    );
    let issues = answer["models"][0]["issues"].as_array().unwrap();
    let broken = issues.iter().find(|issue| issue["rule_id"] == "BROKEN_REFERENCE").unwrap();
    assert_eq!(broken["file"], "Shop/Shop.SemanticModel/definition/tables/Sales.tmdl");
    assert_eq!((&broken["line"], &broken["new"]), (&Value::from(2), &Value::from(true)));
    let (_, text) = code(&place, &["Shop", "--format", "sarif"]);
    let sarif: Value = serde_json::from_str(&text).unwrap();
    assert_eq!(sarif["version"], "2.1.0");
    assert_eq!(sarif["runs"][0]["results"].as_array().unwrap().len(), issues.len());
}

fn git(folder: &Path, arguments: &[&str]) -> bool {
    let mut command = Command::new("git");
    command.arg("-C").arg(folder).args(["-c", "user.name=a", "-c", "user.email=a@b.c", "-c", "commit.gpgsign=false"]);
    command.args(arguments).output().is_ok_and(|output| output.status.success())
}

#[test]
fn since_a_revision_only_what_the_change_brings_is_new() {
    let place = Place::new();
    let folder = place.project();
    if !git(&folder, &["init", "-q"]) {
        eprintln!("skipped: there is no git");
        return;
    }
    let (found, text) = code(&place, &[".", "--since", "HEAD"]);
    assert_eq!(found, Some(2), "{text}");
    model(&place, BROKEN);
    assert!(git(&folder, &["add", "."]) && git(&folder, &["commit", "-qm", "one"]));
    let (found, text) = code(&place, &["Shop", "--since", "HEAD", "--fail-on", "info"]);
    assert_eq!(found, Some(0), "{text}");
    // Lines move, and a finding comes.
    model(
        &place,
        &format!(
            "{}\n\tmeasure Second = [Nowhere]\n\t\tformatString: #,0\n",
            BROKEN.replace("table", "/// Sold.\ntable")
        ),
    );
    let (found, text) = code(&place, &["Shop", "--since", "HEAD"]);
    assert_eq!(found, Some(1), "{text}");
    assert!(text.contains("[Second]") && !text.contains("[Total]"), "{text}");
    let (found, text) = code(&place, &["Shop", "--since", "no-such-revision"]);
    assert_eq!(found, Some(2), "{text}");
    assert!(text.contains("no-such-revision") && text.contains("hint: "), "{text}");
}
