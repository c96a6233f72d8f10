//! Every rule by itself: occasions on which it fires, and on which it does not.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::*;
use crate::base::json::Object;
use crate::intelligence::catalogue::{Catalogue, Entry};
use crate::intelligence::recommend::occasion::{Past, Settings};
use crate::intelligence::target::Target;

fn catalogue() -> Catalogue {
    let safe = |name: &str| Entry { repeat_safe: true, ..Entry::new(name, &[]) };
    Catalogue::new(
        [safe("git__log"), Entry::new("chat__send", &[]), Entry::new("01_detect_pbi_instances", &[])],
        [Entry::new("model_inventory", &[]), Entry::new("data_pipeline", &[])],
    )
}

/// What a rule proposes, each as `name`, `workflow:id` or `name {arguments}`.
fn fires(rule: &str, case: &Value) -> Vec<String> {
    let object = |key: &str| case.get(key).and_then(Value::as_object).cloned().unwrap_or_default();
    let (arguments, context): (Object, Object) = (object("arguments"), object("context"));
    let result = case.get("result");
    let past = |name: &Value| Past { target: Target::from_key(name.as_str().unwrap()), success: true };
    let history: Vec<Past> = case.get("history").and_then(Value::as_array).into_iter().flatten().map(past).collect();
    let occasion = Occasion {
        tool: case.get("tool").and_then(Value::as_str),
        result,
        error: result.and_then(Occasion::error_of),
        arguments: &arguments,
        context: &context,
        history: &history,
        catalogue: &catalogue(),
        learned: &[],
        settings: Settings::default(),
    };
    let rule = ALL.iter().find(|one| one.name == rule).unwrap();
    let proposals = (rule.propose)(&occasion);
    for proposal in &proposals {
        assert!((0.6..1.0).contains(&proposal.confidence) || rule.name == "intent_read", "{proposal:?}");
        assert!(!proposal.reason.is_empty() && !proposal.reason.ends_with('.'), "{proposal:?}");
    }
    proposals
        .into_iter()
        .map(|one| {
            let arguments = Value::Object(one.auto_params);
            if arguments == json!({}) { one.target.key() } else { format!("{} {arguments}", one.target.key()) }
        })
        .collect()
}

fn cases() -> Vec<(&'static str, Value, Vec<&'static str>)> {
    let failed = |kind: &str| json!({"success": false, "error": "x", "error_type": kind});
    let run = |tool: &str, status: &str| json!({"tool": tool, "result": {"workflow_id": "r1", "status": status}});
    vec![
        (
            "not_connected",
            json!({"tool": "02_list_tables", "result": failed("not_connected")}),
            vec!["01_connect_to_instance", "01_detect_pbi_instances"],
        ),
        ("not_connected", json!({"tool": "02_list_tables", "result": failed("not_found")}), vec![]),
        (
            "ambiguous_model",
            json!({"tool": "02_list_tables", "arguments": {"page_size": 5}, "result": {"success": false, "error_type": "ambiguous_model", "models": [
                {"index": 0, "name": "Retail", "path": "/m/a"}, {"index": 1, "name": "Copy", "path": "/m/b"}, {"index": 2, "name": "Copy", "path": "/m/c"}, {"index": 3, "name": "Last", "path": "/m/d"}]}}),
            vec![
                r#"02_list_tables {"page_size":5,"model":"Retail"}"#,
                r#"02_list_tables {"page_size":5,"model":"/m/b"}"#,
                r#"02_list_tables {"page_size":5,"model":"/m/c"}"#,
            ],
        ),
        (
            "ambiguous_model",
            json!({"tool": "execute_workflow", "arguments": {"template_id": "model_inventory", "parameters": {"deep": true}},
                "result": {"success": false, "error_type": "ambiguous_model", "models": [{"name": "Retail", "path": "/m/a"}]}}),
            vec![r#"workflow:model_inventory {"deep":true,"model":"Retail"}"#],
        ),
        (
            "ambiguous_model",
            json!({"tool": "01_connect_to_instance", "result": {"success": false, "error_type": "ambiguous_model", "models": [{"name": "Retail", "path": "/m/a"}]}}),
            vec![r#"01_connect_to_instance {"path":"/m/a"}"#],
        ),
        ("ambiguous_model", json!({"tool": "02_list_tables", "result": failed("ambiguous_model")}), vec![]),
        (
            "ambiguous_model",
            json!({"tool": "02_list_tables", "result": {"success": true, "models": [{"name": "Retail"}]}}),
            vec![],
        ),
        (
            "unknown_template",
            json!({"tool": "execute_workflow", "arguments": {"template_id": "model_inventry", "parameters": {"a": 1}},
                "result": {"success": false, "error_type": "not_found", "available_templates": ["model_inventory"]}}),
            vec![r#"workflow:model_inventory {"a":1}"#, "list_workflow_templates"],
        ),
        (
            "unknown_template",
            json!({"tool": "execute_workflow", "arguments": {"template_id": "bake_bread"}, "result": {"success": false, "error_type": "not_found", "available_templates": []}}),
            vec!["list_workflow_templates"],
        ),
        (
            "unknown_template",
            json!({"tool": "execute_workflow", "arguments": {"template_id": "x"}, "result": failed("not_found")}),
            vec![],
        ),
        (
            "unknown_name",
            json!({"tool": "02_get_measure_details", "arguments": {"measure": "Sale", "table": "Sales"}, "result": failed("not_found")}),
            vec!["02_list_measures", "02_list_tables"],
        ),
        (
            "unknown_name",
            json!({"tool": "02_get_measure_details", "arguments": {"measure": "Sale"}, "result": failed("timeout")}),
            vec![],
        ),
        (
            "unknown_name",
            json!({"tool": "02_list_tables", "arguments": {"model": "x"}, "result": failed("not_found")}),
            vec!["01_detect_pbi_instances"],
        ),
        (
            "unknown_run",
            json!({"tool": "pause_workflow", "arguments": {"workflow_id": "x"}, "result": failed("not_found")}),
            vec!["get_workflow_status"],
        ),
        (
            "unknown_run",
            json!({"tool": "cancel_workflow", "arguments": {"workflow_id": "x"}, "result": failed("conflict")}),
            vec![r#"get_workflow_status {"workflow_id":"x"}"#],
        ),
        (
            "unknown_run",
            json!({"tool": "execute_workflow", "arguments": {"template_id": "x"}, "result": failed("not_found")}),
            vec![],
        ),
        (
            "unknown_name",
            json!({"tool": "git__log", "arguments": {"table": "Sales"}, "result": failed("not_found")}),
            vec![],
        ),
        (
            "bad_arguments",
            json!({"tool": "chat__send", "arguments": {"txt": "x"}, "result": {"success": false, "error_type": "invalid_input", "example_call": {"name": "chat__send", "arguments": {"text": "..."}}}}),
            vec![r#"chat__send {"text":"..."}"#],
        ),
        (
            "bad_arguments",
            json!({"tool": "execute_workflow", "arguments": {"template_id": "model_inventory"}, "result": failed("invalid_input")}),
            vec![r#"list_workflow_templates {"query":"model_inventory"}"#],
        ),
        ("bad_arguments", json!({"tool": "chat__send", "result": failed("invalid_input")}), vec![]),
        (
            "bad_arguments",
            json!({"tool": "chat__send", "result": {"success": false, "error_type": "invalid_input", "example_call": {"arguments": {"text": "x".repeat(400)}}}}),
            vec![],
        ),
        (
            "configuration",
            json!({"tool": "execute_workflow", "result": failed("config_invalid")}),
            vec!["list_workflow_templates"],
        ),
        (
            "configuration",
            json!({"tool": "01_detect_pbi_instances", "result": failed("no_roots")}),
            vec!["list_workflow_templates"],
        ),
        ("configuration", json!({"tool": "list_workflow_templates", "result": failed("config_invalid")}), vec![]),
        ("configuration", json!({"tool": "git__log", "result": failed("timeout")}), vec![]),
        (
            "try_again",
            json!({"tool": "git__log", "arguments": {"n": 3}, "result": failed("timeout")}),
            vec![r#"git__log {"n":3}"#],
        ),
        (
            "try_again",
            json!({"tool": "git__log", "arguments": {"key": "<redacted>"}, "result": failed("timeout")}),
            vec![],
        ),
        ("try_again", json!({"tool": "chat__send", "arguments": {"text": "hi"}, "result": failed("timeout")}), vec![]),
        ("try_again", json!({"tool": "git__log", "result": failed("invalid_input")}), vec![]),
        (
            "run_waiting",
            json!({"tool": "execute_workflow", "result": {"workflow_id": "r1", "status": "waiting", "pending_tasks": [{"task_id": "t1", "kind": "human_task"}]}}),
            vec![r#"respond_to_task {"workflow_id":"r1","task_id":"t1"}"#],
        ),
        (
            "run_waiting",
            json!({"tool": "get_workflow_status", "result": {"status": {"workflow_id": "r1", "status": "waiting", "waiting_for": [{"kind": "event", "name": "paid"}, {"kind": "timer"}]}}}),
            vec![
                r#"signal_workflow {"event":"paid","workflow_id":"r1"}"#,
                r#"get_workflow_status {"workflow_id":"r1","wait_seconds":45}"#,
            ],
        ),
        ("run_waiting", run("execute_workflow", "waiting"), vec![r#"get_workflow_status {"workflow_id":"r1"}"#]),
        ("run_waiting", run("execute_workflow", "running"), vec![]),
        ("run_waiting", run("git__log", "waiting"), vec![]),
        (
            "run_going",
            run("execute_workflow", "running"),
            vec![r#"get_workflow_status {"workflow_id":"r1","wait_seconds":45}"#],
        ),
        (
            "run_going",
            run("cancel_workflow", "cancelling"),
            vec![r#"get_workflow_status {"workflow_id":"r1","wait_seconds":45}"#],
        ),
        (
            "run_going",
            json!({"tool": "pause_workflow", "arguments": {"workflow_id": "r2"}, "result": {"status": "running"}}),
            vec![r#"get_workflow_status {"workflow_id":"r2","wait_seconds":45}"#],
        ),
        ("run_going", run("execute_workflow", "completed"), vec![]),
        ("run_paused", run("get_workflow_status", "paused"), vec![r#"resume_workflow {"workflow_id":"r1"}"#]),
        (
            "run_paused",
            json!({"tool": "get_workflow_status", "result": {"workflow_id": "r1", "status": "paused", "pending_tasks": [{"task_id": "t1"}]}}),
            vec![],
        ),
        (
            "run_failed",
            json!({"tool": "execute_workflow", "result": {"success": false, "error_type": "tool_error", "workflow_id": "r1", "status": "failed", "step_results": {"one": {"status": "completed"}, "two": {"status": "failed"}}}}),
            vec![
                r#"get_workflow_status {"workflow_id":"r1","detail":"full"}"#,
                r#"resume_workflow {"workflow_id":"r1","from_step":"two"}"#,
            ],
        ),
        (
            "run_failed",
            json!({"tool": "get_workflow_status", "arguments": {"detail": "full"}, "result": {"status": {"workflow_id": "r1", "status": "failed", "steps": [{"step_id": "two", "status": "failed"}]}}}),
            vec![r#"resume_workflow {"workflow_id":"r1","from_step":"two"}"#],
        ),
        (
            "run_failed",
            run("execute_workflow", "cancelled"),
            vec![r#"get_workflow_status {"workflow_id":"r1","detail":"full"}"#],
        ),
        ("run_failed", run("execute_workflow", "completed"), vec![]),
        (
            "run_completed",
            json!({"tool": "execute_workflow", "result": {"workflow_id": "r1", "status": "completed", "step_results": {
                "one": {"status": "completed", "result": {"preview": "x", "read_with": {"tool": "get_workflow_status"}}}, "two": {"status": "failed"}}}}),
            vec![
                r#"get_workflow_status {"workflow_id":"r1","detail":"full"}"#,
                r#"get_workflow_status {"workflow_id":"r1","step_id":"one"}"#,
            ],
        ),
        (
            "run_completed",
            json!({"tool": "execute_workflow", "result": {"workflow_id": "r1", "status": "completed", "step_results": {"one": {"status": "completed", "result": 1}}}}),
            vec![],
        ),
        (
            "run_planned",
            json!({"tool": "execute_workflow", "arguments": {"template_id": "data_pipeline", "dry_run": true, "parameters": {"a": 1}}, "result": {"status": "planned", "plan": {"missing_tools": []}}}),
            vec![r#"workflow:data_pipeline {"a":1}"#],
        ),
        (
            "run_planned",
            json!({"tool": "execute_workflow", "arguments": {"template_id": "data_pipeline", "dry_run": true}, "result": {"status": "planned", "plan": {}}}),
            vec!["workflow:data_pipeline"],
        ),
        (
            "run_planned",
            json!({"tool": "execute_workflow", "arguments": {"template_id": "data_pipeline", "dry_run": true}, "result": {"status": "planned", "plan": {"missing_tools": ["crm__list"]}}}),
            vec![],
        ),
        (
            "runs_listed",
            json!({"tool": "get_workflow_status", "result": {"runs": [{"workflow_id": "a", "status": "waiting"}, {"workflow_id": "b", "status": "completed"}, {"workflow_id": "c", "status": "running"}, {"workflow_id": "d", "status": "paused"}]}}),
            vec![
                r#"get_workflow_status {"workflow_id":"a"}"#,
                r#"get_workflow_status {"workflow_id":"c","wait_seconds":45}"#,
                r#"resume_workflow {"workflow_id":"d"}"#,
            ],
        ),
        (
            "runs_listed",
            json!({"tool": "get_workflow_status", "result": {"runs": [{"workflow_id": "b", "status": "failed"}]}}),
            vec![],
        ),
        (
            "templates_listed",
            json!({"tool": "list_workflow_templates", "result": {"templates": [{"template_id": "data_pipeline", "ready": true, "parameters": [{"name": "x", "required": true}]}]}}),
            vec!["workflow:data_pipeline"],
        ),
        (
            "templates_listed",
            json!({"tool": "list_workflow_templates", "result": {"templates": [
                {"template_id": "a", "ready": true, "usage_count": 9, "parameters": [{"name": "x", "required": true}]}, {"template_id": "b", "ready": true, "usage_count": 2, "parameters": []},
                {"template_id": "c", "ready": false, "usage_count": 5, "parameters": []}]}}),
            vec!["workflow:b"],
        ),
        (
            "templates_listed",
            json!({"tool": "list_workflow_templates", "result": {"templates": [{"template_id": "data_pipeline", "ready": false}]}}),
            vec![],
        ),
        (
            "template_made",
            json!({"tool": "create_workflow", "result": {"template_id": "mine"}}),
            vec![r#"execute_workflow {"template_id":"mine","dry_run":true}"#],
        ),
        ("template_made", json!({"tool": "generate_workflow", "result": {"definition": {}}}), vec!["create_workflow"]),
        ("template_made", json!({"tool": "create_workflow", "result": failed("invalid_input")}), vec![]),
        (
            "patterns_found",
            json!({"tool": "find_patterns", "result": {"patterns": [{"pattern_id": "p1"}]}}),
            vec![r#"create_workflow {"pattern_id":"p1"}"#],
        ),
        (
            "patterns_found",
            json!({"tool": "get_learning_analytics", "result": {"analytics": {"common_sequences": [{"from": "a", "to": "b"}]}}}),
            vec!["find_patterns"],
        ),
        ("patterns_found", json!({"tool": "find_patterns", "result": {"patterns": []}}), vec![]),
        (
            "intent_read",
            json!({"tool": "analyze_intent", "result": {"confidence": 0.9, "suggested_workflow": "model_inventory", "suggested_tools": ["git__log"], "suggested_parameters": {"model": "R"}}}),
            vec![r#"workflow:model_inventory {"model":"R"}"#, "git__log"],
        ),
        (
            "intent_read",
            json!({"tool": "analyze_intent", "result": {"confidence": 0.9, "suggested_workflow": null, "suggested_tools": ["git__log", "chat__send"], "suggested_parameters": {"n": 1}}}),
            vec![r#"git__log {"n":1}"#, "chat__send"],
        ),
        (
            "intent_read",
            json!({"tool": "analyze_intent", "result": {"confidence": 0.3, "suggested_workflow": null, "suggested_tools": []}}),
            vec![],
        ),
        (
            "tools_found",
            json!({"tool": "find_tools", "result": {"tools": [
                {"name": "git__log", "score": 0.8, "call_with": "call_tool"}, {"name": "b", "score": 0.7, "call_with": "call_tool"}]}}),
            vec!["git__log"],
        ),
        (
            "tools_found",
            json!({"tool": "find_tools", "result": {"tools": [{"name": "a", "score": 0.2, "call_with": "call_tool"}]}}),
            vec![],
        ),
        ("tools_found", json!({"tool": "find_tools", "result": {"tools": []}}), vec![]),
        (
            "detected",
            json!({"tool": "01_detect_pbi_instances", "result": {"instances": [{"index": 0, "name": "Retail"}]}}),
            vec![r#"01_connect_to_instance {"model_index":0}"#],
        ),
        ("detected", json!({"tool": "01_detect_pbi_instances", "result": {"instances": []}}), vec![]),
        (
            "connected",
            json!({"tool": "01_connect_to_instance", "result": {"model_name": "Retail"}}),
            vec!["02_list_tables", r#"05_comprehensive_analysis {"scope":"all","depth":"balanced"}"#],
        ),
        ("connected", json!({"tool": "01_connect_to_instance", "result": failed("not_found")}), vec![]),
        (
            "tables",
            json!({"tool": "02_list_tables", "result": {"rows": [{"name": "Key", "hidden": true}, {"name": "Sales"}]}}),
            vec![r#"02_describe_table {"table":"Sales"}"#, "03_list_relationships"],
        ),
        (
            "tables",
            json!({"tool": "02_list_tables", "result": {"count": 1, "tables": [{"name": "Sales"}]}}),
            vec![r#"02_describe_table {"table":"Sales"}"#],
        ),
        ("tables", json!({"tool": "02_list_measures", "result": {"rows": [{"name": "Sales"}]}}), vec![]),
        (
            "described_table",
            json!({"tool": "02_describe_table", "arguments": {"table": "sales"}, "result": {"table": "Sales", "measures": ["Total"], "relationships": [1]}}),
            vec![r#"02_list_measures {"table":"Sales"}"#, "03_list_relationships"],
        ),
        (
            "described_table",
            json!({"tool": "02_describe_table", "history": ["03_list_relationships"], "result": {"table": {"name": "Sales"}, "measures": [], "relationships": [1]}}),
            vec![],
        ),
        (
            "measures",
            json!({"tool": "02_list_measures", "result": {"rows": [{"name": "A", "table": "T", "complexity": 2}, {"name": "B", "table": "T", "complexity": 7}]}}),
            vec![
                r#"02_get_measure_details {"measure":"B","table":"T"}"#,
                r#"06_analyze_measure_dependencies {"measure":"B","table":"T"}"#,
            ],
        ),
        ("measures", json!({"tool": "02_list_measures", "result": {"rows": []}}), vec![]),
        (
            "measure_details",
            json!({"tool": "02_get_measure_details", "result": {"measure": {"name": "A", "table": "T", "expression": "SUM(T[x])"}}}),
            vec![
                r#"06_analyze_measure_dependencies {"measure":"A","table":"T"}"#,
                r#"06_get_measure_impact {"measure":"A","table":"T"}"#,
                r#"03_dax_intelligence {"expression":"SUM(T[x])","analysis_mode":"analyze","table":"T"}"#,
            ],
        ),
        (
            "measure_details",
            json!({"tool": "02_get_measure_details", "arguments": {"measure": "A"}, "result": failed("not_found")}),
            vec![],
        ),
        (
            "relationships",
            json!({"tool": "03_list_relationships", "history": ["02_list_measures"], "result": {"rows": [{"cross_filter": "bothDirections"}, {"cardinality": "many_to_many"}]}}),
            vec![r#"05_comprehensive_analysis {"scope":"relationships"}"#],
        ),
        (
            "relationships",
            json!({"tool": "03_list_relationships", "history": ["02_list_measures"], "result": {"rows": [{"cross_filter": "single", "cardinality": "many_to_one"}]}}),
            vec![],
        ),
        (
            "calculation_groups",
            json!({"tool": "04_list_calculation_groups", "result": {"rows": []}}),
            vec!["02_list_measures"],
        ),
        (
            "calculation_groups",
            json!({"tool": "04_list_calculation_groups", "history": ["02_list_measures"], "result": {"rows": []}}),
            vec![],
        ),
        (
            "analyzed",
            json!({"tool": "05_comprehensive_analysis", "result": {"issues": [{"severity": "error", "category": "Performance"}]}}),
            vec!["workflow:performance_optimization", "08_generate_model_documentation_word"],
        ),
        (
            "analyzed",
            json!({"tool": "05_comprehensive_analysis", "result": {"issues": [], "summary": {"by_category": {"performance": 2}, "by_severity": {"error": 0}}}}),
            vec!["workflow:performance_optimization"],
        ),
        (
            "analyzed",
            json!({"tool": "05_comprehensive_analysis", "result": {"issues": [{"severity": "info", "category": "naming"}]}}),
            vec![],
        ),
        (
            "dax_checked",
            json!({"tool": "03_dax_intelligence", "arguments": {"expression": "[A]"}, "result": {"validation": {"valid": true}, "analysis": {"context_transitions": 6}}}),
            vec![r#"03_run_dax {"mode":"analyze"}"#],
        ),
        (
            "dax_checked",
            json!({"tool": "03_dax_intelligence", "arguments": {"expression": "[A]"}, "result": {"validation": {"valid": true, "engine_checked": false}, "analysis": {"context_transitions": 6}}}),
            vec![],
        ),
        (
            "dax_checked",
            json!({"tool": "03_dax_intelligence", "arguments": {"expression": "SUM(T[x])", "table": "T"}, "result": {"validation": {"valid": true}, "analysis": {"context_transitions": 5}}}),
            vec![r#"04_upsert_measure {"expression":"SUM(T[x])","table":"T"}"#],
        ),
        (
            "dax_checked",
            json!({"tool": "03_dax_intelligence", "arguments": {"expression": "SUM("}, "result": {"validation": {"valid": false}}}),
            vec![],
        ),
        (
            "measure_written",
            json!({"tool": "04_upsert_measure", "result": {"measure": "Total", "table": "Sales"}}),
            vec![
                r#"03_dax_intelligence {"expression":"[Total]","analysis_mode":"analyze"}"#,
                r#"06_analyze_measure_dependencies {"table":"Sales","measure":"Total"}"#,
            ],
        ),
        (
            "measure_written",
            json!({"tool": "04_upsert_measure", "arguments": {"measure": "Total", "expression": "1", "dry_run": true}, "result": {"measure": "Total"}}),
            vec![r#"04_upsert_measure {"measure":"Total","expression":"1"}"#],
        ),
        (
            "measure_written",
            json!({"tool": "04_upsert_measure", "arguments": {"measure": "Total"}, "result": failed("invalid_input")}),
            vec![],
        ),
        (
            "schema_exported",
            json!({"tool": "07_export_model_schema", "result": {"schema": {}}}),
            vec!["08_generate_model_documentation_word"],
        ),
        ("schema_exported", json!({"tool": "07_export_model_schema", "result": failed("conflict")}), vec![]),
        ("model_workflows", json!({"tool": "01_connect_to_instance", "result": {}}), vec!["workflow:model_inventory"]),
        (
            "model_workflows",
            json!({"context": {"performance_issues": true, "bpa_run": true}}),
            vec!["workflow:performance_optimization"],
        ),
        ("model_workflows", json!({}), vec!["workflow:model_inventory", "01_detect_pbi_instances"]),
        ("model_workflows", json!({"context": {"bpa_run": true}}), vec![]),
        (
            "model_workflows",
            json!({"tool": "01_connect_to_instance", "result": {}, "history": ["workflow:model_inventory"]}),
            vec![],
        ),
        ("model_workflows", json!({"tool": "git__log", "result": {}}), vec![]),
    ]
}

#[test]
fn every_rule_fires_on_its_occasions_and_on_no_other() {
    for (rule, case, expected) in cases() {
        assert_eq!(fires(rule, &case), expected, "{rule}: {case}");
    }
}

#[test]
fn every_rule_has_a_case_that_fires_and_one_that_does_not() {
    let mut seen: BTreeMap<&str, (usize, usize)> = ALL.iter().map(|rule| (rule.name, (0, 0))).collect();
    for (rule, _, expected) in cases() {
        let counts = seen.get_mut(rule).unwrap();
        if expected.is_empty() { counts.1 += 1 } else { counts.0 += 1 }
    }
    let without: Vec<_> = seen.iter().filter(|(_, (fire, rest))| *fire == 0 || *rest == 0).collect();
    assert!(without.is_empty(), "{without:?}");
}

#[test]
fn any_answer_is_looked_at_without_a_fault() {
    let odd = [
        json!(null),
        json!([]),
        json!("x"),
        json!(7),
        json!({"status": 7, "rows": "x", "issues": {}, "models": [1, {}], "templates": [null],
        "runs": [[]], "instances": [1], "measure": [], "table": 3, "workflow_id": {}, "pending_tasks": [7], "step_results": {"a": 7}, "error_type": "ambiguous_model"}),
    ];
    let tools = [
        "execute_workflow",
        "get_workflow_status",
        "list_workflow_templates",
        "analyze_intent",
        "find_patterns",
        "01_detect_pbi_instances",
        "02_list_tables",
        "02_describe_table",
        "02_list_measures",
        "02_get_measure_details",
        "03_list_relationships",
        "05_comprehensive_analysis",
        "03_dax_intelligence",
        "04_upsert_measure",
        "create_workflow",
    ];
    for tool in tools {
        for result in &odd {
            for rule in ALL {
                fires(rule.name, &json!({"tool": tool, "result": result}));
            }
        }
    }
}
