use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::*;
use crate::semantic_model::model::Model;
use crate::semantic_model::place::Format;
use crate::semantic_model::source::Source;

/// For each rule a model that it fires on and one that it does not: `== RULE`, TMDL, `-- silent`, TMDL.
const FIXTURES: &str = include_str!("../../../tests/fixtures/rules.txt");

fn fixtures() -> BTreeMap<&'static str, (&'static str, &'static str)> {
    FIXTURES
        .split("== ")
        .filter(|part| !part.is_empty())
        .map(|part| {
            let (id, models) = part.split_once('\n').unwrap();
            (id, models.split_once("-- silent\n").unwrap())
        })
        .collect()
}

fn model(text: &str) -> Model {
    let files = vec![("model.tmdl".to_owned(), text.trim_start_matches('\n').as_bytes().to_vec())];
    Source::of(Format::Tmdl, files).model().unwrap_or_else(|error| panic!("{error}:\n{text}"))
}

fn reviewed(text: &str, scope: Option<Analysis>, own: &UserRules) -> Review {
    review(&model(text), &Request { scope, depth: Depth::Deep, own, annotations: true }).unwrap()
}

fn found(text: &str, rule: &Rule) -> Vec<String> {
    let issues = reviewed(text, Some(rule.analysis), &UserRules::default()).issues;
    issues.into_iter().filter(|issue| issue.rule_id == rule.id).map(|issue| issue.full_name).collect()
}

#[test]
fn every_rule_has_a_model_that_it_fires_on_and_one_that_it_does_not() {
    let fixtures = fixtures();
    let mut wrong = Vec::new();
    // Patterns have their own table of cases in `dax::patterns`.
    for rule in all().iter().filter(|rule| !rule.id.starts_with("DAX_") || rule.analysis == Analysis::Bpa) {
        let Some((fires, silent)) = fixtures.get(rule.id.as_ref()) else {
            wrong.push(format!("{} has no fixture", rule.id));
            continue;
        };
        if found(fires, rule).is_empty() {
            wrong.push(format!("{} does not fire", rule.id));
        }
        let silent = found(silent, rule);
        if !silent.is_empty() {
            wrong.push(format!("{} fires on {silent:?}", rule.id));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert!(fixtures.keys().all(|id| all().iter().any(|rule| rule.id == *id)));
}

#[test]
fn ids_are_there_once_and_every_rule_says_what_is_wrong_and_what_to_do() {
    let ids: BTreeSet<&str> = all().iter().map(|rule| rule.id.as_ref()).collect();
    assert_eq!(ids.len(), all().len());
    assert_eq!(all().iter().filter(|rule| rule.analysis == Analysis::Bpa).count(), 71);
    for rule in all() {
        assert!(!rule.name.is_empty() && !rule.message.is_empty() && !rule.fix.is_empty(), "{}", rule.id);
        assert!(
            rule.message.starts_with(|c: char| !c.is_uppercase() || rule.message.starts_with("Power")),
            "{}",
            rule.id
        );
        assert!(!rule.scope.is_empty() && rule.twin.is_none_or(|twin| ids.contains(twin)), "{}", rule.id);
    }
}

#[test]
fn a_rule_left_out_by_annotation_is_silent_on_the_model_or_on_the_object() {
    let ignore = r#"annotation BestPracticeAnalyzer_IgnoreRules = {"RuleIDs":["AVOID_FLOATING_POINT_DATA_TYPES"]}"#;
    let rule = all().iter().find(|rule| rule.id == "AVOID_FLOATING_POINT_DATA_TYPES").unwrap();
    let table = "table T\n    column A\n        dataType: double\n";
    let both = format!("{table}    column B\n        dataType: double\n");
    assert_eq!(found(&both, rule), ["'T'[A]", "'T'[B]"]);
    let on_column = format!("{table}        {ignore}\n    column B\n        dataType: double\n");
    assert_eq!(found(&on_column, rule), ["'T'[B]"]);
    let on_model = format!("{ignore}\n{both}");
    assert_eq!(found(&on_model, rule), [] as [&str; 0]);
    let broken = format!("annotation BestPracticeAnalyzer_IgnoreRules = nonsense\n{both}");
    assert_eq!(found(&broken, rule).len(), 2);
}

#[test]
fn rules_without_their_numbers_are_unavailable_and_found_with_them() {
    let none = reviewed("table T\n    column A\n        dataType: string\n", None, &UserRules::default());
    let ids: Vec<&str> = none.unavailable.iter().map(|one| one.rule_id.as_str()).collect();
    assert_eq!(
        ids,
        [
            "AVOID_BI-DIRECTIONAL_RELATIONSHIPS_AGAINST_HIGH-CARDINALITY_COLUMNS",
            "REDUCE_USAGE_OF_LONG-LENGTH_COLUMNS_WITH_HIGH_CARDINALITY",
            "SPLIT_DATE_AND_TIME",
            "LARGE_TABLES_SHOULD_BE_PARTITIONED",
            "FIX_REFERENTIAL_INTEGRITY_VIOLATIONS",
        ]
    );
    let power_bi = "model M\n    defaultPowerBIDataSourceVersion: powerBI_V3\nrole R\n    modelPermission: read\n";
    let roles = reviewed(power_bi, None, &UserRules::default());
    assert!(roles.unavailable.iter().any(|one| one.rule_id == "REMOVE_ROLES_WITH_NO_MEMBERS"));
}

#[test]
fn what_the_public_set_tells_is_not_told_twice() {
    let text = "table T\n    measure M = 1\n    measure N = 1 / [M]\n";
    let ids = |scope| -> Vec<String> {
        let issues = reviewed(text, scope, &UserRules::default()).issues;
        issues.into_iter().map(|issue| issue.rule_id.into_owned()).filter(|id| id.contains("DIVI")).collect()
    };
    assert_eq!(ids(None), ["USE_THE_DIVIDE_FUNCTION_FOR_DIVISION"]);
    assert_eq!(ids(Some(Analysis::Performance)), ["DAX_DIVISION_OPERATOR"]);
}

#[test]
fn a_finding_in_an_expression_tells_its_line_there_and_in_the_file() {
    let text = "table T\n    measure M = 2\n    measure N =\n            VAR x = 1\n            RETURN\n                x / [M]\n        formatString: 0\n";
    let issues = reviewed(text, Some(Analysis::Bpa), &UserRules::default()).issues;
    let found = issues.iter().find(|issue| issue.rule_id == "USE_THE_DIVIDE_FUNCTION_FOR_DIVISION").unwrap();
    let position = found.position.unwrap();
    assert_eq!((position.line, position.column), (3, 5));
    assert_eq!(found.location.as_ref().unwrap().line, 6);
    assert_eq!(found.fix, "DIVIDE ( x, [M] )");
}

#[test]
fn the_score_is_100_without_findings_and_falls_with_each_more_severe_one() {
    let score = |text: &str| reviewed(text, Some(Analysis::Integrity), &UserRules::default()).score;
    let clean = score("table T\n    measure M = 1\n        isHidden\n");
    let unused = score("table T\n    measure M = 1\n");
    let broken = score("table T\n    measure M = [x]\n");
    assert_eq!(clean, 100);
    assert!(clean > unused && unused > broken, "{clean} {unused} {broken}");
}

#[test]
fn a_password_in_a_query_is_told_and_not_shown() {
    let text = "table T\n    partition p = m\n        source = Odbc.DataSource(\"dsn=x;Pwd=hunter22;\")\n";
    let issues = reviewed(text, Some(Analysis::MPractices), &UserRules::default()).issues;
    assert!(issues.iter().any(|issue| issue.rule_id == "M_CREDENTIALS_IN_TEXT"));
    assert!(!format!("{issues:?}").contains("hunter22"));
}

#[test]
fn an_indicator_that_looks_back_is_no_circle_and_a_choice_of_a_parameter_no_qualified_measure() {
    let kpi = "table T\n    measure M = 1\n        kpi\n            statusExpression = [N]\n    measure N = [M] + 1\n";
    let choice = "table P\n    partition p = calculated\n        source = { (\"a\", NAMEOF('T'[M]), 0) }\ntable T\n    measure M = 1\n";
    let rule = |id: &str| all().iter().find(|rule| rule.id == id).unwrap();
    assert_eq!(found(kpi, rule("CIRCULAR_DEPENDENCY")), [] as [&str; 0]);
    assert_eq!(found(choice, rule("DAX_MEASURES_UNQUALIFIED")), [] as [&str; 0]);
    let column = "table T\n    measure M = SUM(Gone[A])\n";
    assert_eq!(found(column, rule("BROKEN_REFERENCE")), ["[M]"]);
}

fn own(text: &str) -> Result<UserRules, String> {
    let file: Arc<str> = "sequitur-rules.yaml".into();
    UserRules::parse(text, &file).map_err(|error| format!("{error} [{}]", error.hint()))
}

#[test]
fn rules_of_ones_own_look_at_objects_leave_rules_out_and_change_severities() {
    let rules = own("rules:\n  - id: IN_A_FOLDER\n    name: Measures stand in a folder\n    category: dax\n    severity: error\n    \
         scope: [measure]\n    when: not object.display_folder and object.table == 'T'\n    fix: set displayFolder\n\
         ignore: [OBJECTS_WITH_NO_DESCRIPTION]\nseverity:\n  PROVIDE_FORMAT_STRING_FOR_MEASURES: info\n")
    .unwrap();
    let text = "table T\n    measure M = 1\n    measure N = 2\n        displayFolder: x\n        formatString: #,0\n";
    let issues = reviewed(text, Some(Analysis::Bpa), &rules).issues;
    let seen: Vec<(&str, &str, Severity)> =
        issues.iter().map(|issue| (issue.rule_id.as_ref(), issue.object.as_str(), issue.severity)).collect();
    assert!(seen.contains(&("IN_A_FOLDER", "M", Severity::Error)));
    assert!(!seen.iter().any(|(id, object, _)| *id == "IN_A_FOLDER" && *object == "N"));
    assert!(seen.contains(&("PROVIDE_FORMAT_STRING_FOR_MEASURES", "M", Severity::Info)));
    assert!(!seen.iter().any(|(id, ..)| *id == "OBJECTS_WITH_NO_DESCRIPTION"));
}

#[test]
fn what_is_wrong_with_a_file_of_rules_is_told_with_line_column_and_a_hint() {
    let cases = [
        ("rules:\n  - id: X\n    scope: [measure]\n    when: object.name ==\n", "sequitur-rules.yaml:4:"),
        (
            "rules:\n  - id: X\n    scope: [measures, sheet]\n    when: 'true'\n",
            "sequitur-rules.yaml:3:23: `sheet` is no kind",
        ),
        ("rules:\n  - id: X\n    scope: [measure]\n    wenn: 'true'\n", "unknown field `wenn`"),
        (
            "ignore: [HIDE_FOREIGN_KEY]\n",
            "sequitur-rules.yaml:1:10: no rule has the id `HIDE_FOREIGN_KEY`; did you mean `HIDE_FOREIGN_KEYS`?",
        ),
        ("severity:\n  HIDE_FOREIGN_KEYS: bad\n", "sequitur-rules.yaml:2:22: `bad` is no severity"),
        ("rules:\n  - id: HIDE_FOREIGN_KEYS\n    scope: [column]\n    when: 'true'\n", "taken already"),
        ("rules:\n  - id: X\n    scope: [column]\n    when: obj.name\n", "sequitur-rules.yaml:4:11: rule `X`"),
        ("rules: [\n", "sequitur-rules.yaml:"),
    ];
    for (text, told) in cases {
        let error = own(text).unwrap_err();
        assert!(error.contains(told), "{text}: {error}");
    }
    // What only an object tells: a name that no object has.
    let rules = own("rules:\n  - id: X\n    scope: [measure]\n    when: object.nam == 1\n").unwrap();
    let model = model("table T\n    measure M = 1\n");
    let request = Request { scope: None, depth: Depth::Balanced, own: &rules, annotations: true };
    let error = review(&model, &request).unwrap_err();
    assert!(error.to_string().starts_with("sequitur-rules.yaml:4:"), "{error}");
    assert!(error.to_string().contains("rule `X` on [M]"), "{error}");
}

#[test]
fn findings_are_known_by_rule_and_object_and_as_often_as_they_were_there() {
    let issues = |text: &str| reviewed(text, Some(Analysis::Integrity), &UserRules::default()).issues;
    let before = issues("table T\n    measure M = [x]\n        isHidden\n");
    let mut known = Baseline::new();
    known.add("a", &before);
    let text = serde_json::to_string(&known).unwrap();
    let known: Baseline = serde_json::from_str(&text).unwrap();
    let moved =
        issues("table U\n    measure K = 1\n        isHidden\ntable T\n    measure M = [x]\n        isHidden\n");
    assert_eq!(known.new_ones("a", &moved), [false]);
    let more = issues("table T\n    measure M = [x] + [y]\n        isHidden\n    measure N = [x]\n        isHidden\n");
    assert_eq!(known.new_ones("a", &more), [false, true, true]);
    assert_eq!(known.new_ones("b", &before), [true]);
}

#[test]
fn sarif_has_what_code_hosts_ask_for() {
    let issues = reviewed("table T\n    measure M = [x]\n", None, &UserRules::default()).issues;
    let place = |_: &Issue| SarifPlace { file: "A b/T.tmdl".into(), line: Some(2) };
    let found: Vec<_> = issues.iter().map(|issue| (issue, place(issue), true)).collect();
    let document = sarif(&found, &[]);
    assert_eq!(document["version"], "2.1.0");
    let run = &document["runs"][0];
    let rules = run["tool"]["driver"]["rules"].as_array().unwrap();
    let results = run["results"].as_array().unwrap();
    assert_eq!(results.len(), issues.len());
    for result in results {
        let index = usize::try_from(result["ruleIndex"].as_u64().unwrap()).unwrap();
        assert_eq!(rules[index]["id"], result["ruleId"]);
        assert!(["note", "warning", "error"].contains(&result["level"].as_str().unwrap()));
        let physical = &result["locations"][0]["physicalLocation"];
        assert_eq!(physical["artifactLocation"]["uri"], "A%20b/T.tmdl");
        assert!(physical["region"]["startLine"].as_u64() == Some(2));
    }
}
