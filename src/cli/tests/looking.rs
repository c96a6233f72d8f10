//! What is shown, and what stops a command.

use super::*;

#[tokio::test]
async fn runs_and_show_are_tables() {
    let runs = json!({"success": true, "runs": [{"workflow_id": "w1", "template_id": "report", "status": "waiting",
        "started_at": "2026-01-01T00:00:00.000Z", "waiting_for": {"kind": "task", "step_id": "approval"}}]});
    let script = Script::default().answer("get_workflow_status", &[runs]);
    let shown = Shell::new().run(script, &["runs", "--status", "waiting", "--limit", "5"]).await;
    assert_eq!(shown.calls[0].1, *json!({"status": "waiting", "limit": 5}).as_object().unwrap());
    assert_eq!(
        shown.out,
        "RUN  TEMPLATE  STATUS   STARTED                   WAITING FOR\n\
         w1   report    waiting  2026-01-01T00:00:00.000Z  task approval\n"
    );
    assert_eq!(shown.purposes, [Purpose::Look]);

    let status = json!({"success": true, "status": {"workflow_id": "w1", "workflow_name": "Report", "status": "running",
        "progress_percentage": 40.0, "estimated_seconds_left": 12.0,
        "steps": [{"step_id": "fetch", "status": "completed", "attempts": 1, "execution_time": 0.25}]}});
    let script = Script::default().answer("get_workflow_status", &[status]);
    let shown = Shell::new().run(script, &["show", "w1"]).await;
    assert_eq!(
        shown.out,
        "Report  running  w1\n40% done, about 12.0 s left\n\nSTEP   STATUS     ATTEMPTS  TIME    NOTE\nfetch  completed  1         0.25 s\n"
    );
}

#[tokio::test]
async fn cancel_and_pause_say_what_happens() {
    let script = Script::default().answer(
        "cancel_workflow",
        &[json!({"success": true, "message": "the run is being cancelled", "will_be_undone": ["post", {"step_id": "send"}]})],
    );
    let shown = Shell::new().run(script, &["cancel", "w1", "--reason", "wrong", "--no-compensate"]).await;
    assert_eq!(
        shown.calls[0].1,
        *json!({"workflow_id": "w1", "reason": "wrong", "compensate": false}).as_object().unwrap()
    );
    assert_eq!(
        (shown.out.as_str(), shown.err.as_str()),
        ("the run is being cancelled\n", "will be undone: post, send\n")
    );
    let script = Script::default().answer("pause_workflow", &[json!({"success": true, "status": "paused"})]);
    assert_eq!(Shell::new().run(script, &["pause", "w1"]).await.out, "paused\n");
}

#[tokio::test]
async fn the_inbox_gathers_the_tasks_of_all_runs() {
    let runs = |runs: Value| json!({"success": true, "runs": runs});
    let waiting = runs(json!([{"workflow_id": "w1", "template_id": "report", "status": "waiting"},
                              {"workflow_id": "w0", "template_id": "report", "status": "completed"}]));
    let script = || {
        let waiting = waiting.clone();
        let mut script = Script::default();
        let answer = move |call: &ToolCall| -> BoxFuture<'static, Value> {
            let value = match (call.arguments.get("workflow_id"), call.arguments.get("status")) {
                (Some(_), _) => json!({"success": true, "status": {"pending_tasks": asking()["pending_tasks"]}}),
                (None, None) => waiting.clone(),
                (None, Some(status)) => panic!("asked for {status}"),
            };
            async move { value }.boxed()
        };
        script.answers.insert("get_workflow_status", Box::new(answer));
        script
    };
    let shown = Shell::new().run(script(), &["inbox"]).await;
    assert!(shown.out.contains("w1   approval  report    human_task         Publish?"), "{}", shown.out);
    let shown = Shell::new().run(script(), &["inbox", "--json"]).await;
    assert_eq!(shown.json()["count"], json!(1));
    assert_eq!(shown.json()["tasks"][0]["workflow_id"], json!("w1"));
}

#[tokio::test]
async fn templates_and_tools_are_listed() {
    let listed = json!({"success": true, "count": 2, "warnings": ["`broken.yaml` is broken"], "templates": [
        {"template_id": "a", "category": "analysis", "step_count": 3, "source": "builtin", "ready": true, "description": "Does a."},
        {"template_id": "b", "step_count": 1, "source": "user", "ready": false, "missing_tools": ["git__log", "git__diff", "crm__list"],
         "description": "Does b."}]});
    let script = Script::default().answer("list_workflow_templates", &[listed]);
    let shown = Shell::new().run(script, &["templates", "x", "--category", "analysis"]).await;
    assert_eq!(shown.calls[0].1, *json!({"query": "x", "category": "analysis"}).as_object().unwrap());
    assert_eq!(
        shown.out,
        "TEMPLATE  CATEGORY  STEPS  SOURCE   READY                        WHAT IT DOES\n\
         a         analysis  3      builtin  yes                          Does a.\n\
         b                   1      user     needs git__* (2), crm__list  Does b.\n"
    );
    assert_eq!(shown.err, "warning: `broken.yaml` is broken\n");

    let script = Script::default().answer("get_workflow_status", &[Value::Null]);
    let shown = Shell::new().run(script, &["tools"]).await;
    assert_eq!(shown.out, "TOOL                 EFFECT  WHAT IT DOES\nget_workflow_status  reads   Does it.\n");
    let script = Script::default().answer("get_workflow_status", &[Value::Null]);
    assert_eq!(Shell::new().run(script, &["tools", "--json"]).await.json()["tools"][0]["name"], "get_workflow_status");
}

#[tokio::test(start_paused = true)]
async fn a_changed_tool_is_shown_with_what_changed_and_can_be_accepted() {
    let data = tempfile::tempdir().unwrap();
    let servers = crate::downstream::tests::with_a_change(data.path()).await;
    let shell = Shell { servers: Some(servers), ..Shell::new() };
    let script = || Script::default().answer("get_workflow_status", &[Value::Null]);
    let shown = shell.run(script(), &["tools"]).await;
    let told = "\n`git__log` is held back: server `git` changed it\n  description: \"Shows.\" -> \"Shows all.\"\n  \
                take it with `sequitur tools accept git__log`\n";
    assert!(shown.out.ends_with(told), "{}", shown.out);
    assert_eq!(shown.err, "warning: server `bad`: environment variable `X` is not set\n");
    let shown = shell.run(script(), &["tools", "--json"]).await.json();
    assert_eq!(
        (&shown["quarantined"][0]["name"], &shown["servers"][0]["state"]),
        (&json!("git__log"), &json!("ready"))
    );
    let doctor = || {
        Script::default()
            .answer("list_workflow_templates", &[json!({"success": true, "templates": [], "warnings": []})])
            .answer("get_workflow_status", &[json!({"success": true, "runs": []})])
    };
    let shown = shell.run(doctor(), &["doctor"]).await;
    assert!(shown.out.contains("`git__log` is held back: it changed"), "{}", shown.out);
    let shown = shell.run(Script::default(), &["tools", "accept", "git__lag", "--json"]).await;
    assert_eq!((shown.code, &shown.json()["hint"]), (2, &json!("held back are: git__log")));
    let shown = shell.run(Script::default(), &["tools", "accept", "git__log"]).await;
    assert!(shown.out.ends_with("accepted `git__log` as it is now\n") && shown.code == 0, "{}{}", shown.out, shown.err);
    let shown = shell.run(script(), &["tools", "--json"]).await.json();
    assert_eq!((&shown["quarantined"], &shown["servers"][0]["tools"]), (&json!([]), &json!(2)));
}

#[tokio::test]
async fn a_broken_configuration_stops_commands_but_not_serve_and_doctor() {
    let shell = Shell::new().file("sequitur.json", "{\"workflow\": 1}");
    let shown = shell.run(Script::default(), &["runs", "--json"]).await;
    assert_eq!(shown.code, 2);
    let told = shown.json();
    assert_eq!((&told["error_type"], &told["line"], &told["column"]), (&json!("config_invalid"), &json!(1), &json!(2)));
    assert_eq!(told["hint"], json!("did you mean `workflows`?"));
    assert_eq!(shell.run(Script::default(), &["serve"]).await.code, 3, "serve gets the error and goes on");
    let shown = shell.run(Script::default(), &["doctor", "--json"]).await;
    assert_eq!(shown.code, 1);
    let checks = shown.json()["checks"].clone();
    let broken = checks.as_array().unwrap().iter().find(|check| check["status"] == "error").unwrap();
    assert!(broken["detail"].as_str().unwrap().contains("unknown key `workflow`"), "{broken}");
}

#[tokio::test]
async fn trust_makes_a_projects_file_count() {
    let shell = Shell::new()
        .file("sequitur.json", r#"{"mcpServers": {"git": {"command": "uvx", "args": ["mcp-server-git"]}}}"#);
    let templates = || {
        Script::default()
            .answer("list_workflow_templates", &[json!({"success": true, "templates": [], "warnings": []})])
            .answer("get_workflow_status", &[json!({"success": true, "runs": []})])
    };
    let servers = |shown: &Shown| shown.out.contains("`git` starts `uvx`");
    let shown = shell.run(templates(), &["doctor"]).await;
    assert!(!servers(&shown) && shown.out.contains("the file is not trusted"), "{}", shown.out);
    let shown = shell.run(templates(), &["trust"]).await;
    assert_eq!(shown.code, 0);
    assert!(shown.err.contains("counts: mcpServers.git (starts `uvx mcp-server-git`)"), "{}", shown.err);
    let shown = shell.run(templates(), &["doctor"]).await;
    assert!(servers(&shown) && shown.code == 0, "{}", shown.out);
    let shown = Shell::new().run(templates(), &["trust", "--json"]).await;
    assert_eq!((shown.code, &shown.json()["error_type"]), (2, &json!("not_found")));
}

#[tokio::test]
async fn a_data_folder_that_cannot_be_used_is_told() {
    let shell = Shell::new().file("data", "a file");
    let shown = shell.run(Script::default(), &["runs"]).await;
    assert_eq!(shown.code, 1);
    assert!(shown.err.contains("is not a folder\nhint: make the folder writable"), "{}", shown.err);
}

#[tokio::test]
async fn without_a_command_and_a_terminal_it_serves_and_with_one_it_helps() {
    let shown = Shell::new().run(Script::default(), &[]).await;
    assert_eq!((shown.code, shown.out.as_str()), (0, ""));
    let shown = Shell { asks: true, ..Shell::new() }.run(Script::default(), &[]).await;
    assert!(shown.out.contains("Usage: sequitur") && shown.code == 0, "{}", shown.out);
}

#[tokio::test]
async fn validate_tells_everything_with_its_place() {
    let good = "template_id: good\ntemplate_name: Good\nsteps:\n  - {step_id: a, tool: known}\n";
    let bad =
        "template_id: bad\ntemplate_name: Bad\nsteps:\n  - {step_id: a, tol: known}\n  - {step_id: a, tool: known}\n";
    let shell = Shell::new().file("good.yaml", good).file("bad.yaml", bad);
    let script = || Script::default().answer("known", &[Value::Null]);
    let shown = shell.run(script(), &["validate", "good.yaml"]).await;
    assert_eq!((shown.code, shown.out.as_str(), shown.err.as_str()), (0, "good.yaml: valid\n", ""));

    let shown = shell.run(script(), &["validate", "good.yaml", "bad.yaml", "nope.yaml"]).await;
    assert_eq!(shown.code, 2);
    assert!(shown.out.contains("bad.yaml:4:") && shown.out.contains("did you mean `tool`?"), "{}", shown.out);
    assert!(shown.out.contains("bad.yaml:5:") && shown.out.contains("bad.yaml: invalid ("), "{}", shown.out);
    assert!(shown.out.contains("nope.yaml: E007 unreadable"), "{}", shown.out);

    let shown = shell.run(Script::default(), &["validate", "good.yaml", "--json"]).await;
    let file = &shown.json()["files"][0];
    assert_eq!((shown.code, &file["valid"], &file["template_id"]), (0, &json!(true), &json!("good")));
    assert_eq!(file["problems"][0]["name"], json!("unknown_tool"));
    assert_eq!(file["problems"][0]["file"], json!("good.yaml"));
}

#[tokio::test]
async fn validate_works_where_nothing_can_be_run() {
    let shell = Shell::new()
        .file("t.yaml", "template_id: t\ntemplate_name: T\nsteps: [{step_id: a, tool: x}]\n")
        .file("data", "");
    let shown = shell.run(Script::default(), &["validate", "t.yaml"]).await;
    assert_eq!((shown.code, shown.out.as_str()), (0, "t.yaml: valid\n"));
    assert!(shown.err.contains("tools were not checked: the data folder"), "{}", shown.err);
}
