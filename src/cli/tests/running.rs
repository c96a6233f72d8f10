//! Runs from the terminal: their ends, Ctrl-C, questions.

use super::*;

#[tokio::test]
async fn a_run_starts_waits_and_ends_in_a_summary() {
    let script = Script::default()
        .answer("list_workflow_templates", &[json!({"templates": [
            {"template_id": "report", "parameters": [{"name": "limit", "type": "integer"}, {"name": "code", "type": "string"}]}]})])
        .answer("execute_workflow", &[running(), ended("completed")]);
    let shell = Shell::new().file("values.json", r#"{"limit": 1, "region": "north"}"#);
    let shown = shell
        .run(
            script,
            &["run", "report", "-p", "limit=5", "-p", "code=007", "--params", "values.json", "--mode", "parallel"],
        )
        .await;
    assert_eq!(shown.code, 0, "{}", shown.err);
    assert_eq!(shown.tools(), ["list_workflow_templates", "execute_workflow", "execute_workflow"]);
    let (first, second) = (&shown.calls[1].1, &shown.calls[2].1);
    assert_eq!(first["parameters"], json!({"limit": 5, "region": "north", "code": "007"}));
    assert_eq!((&first["mode"], &first["wait_seconds"]), (&json!("parallel"), &json!(86_400)));
    assert_eq!(first["idempotency_key"], second["idempotency_key"], "the second call waits for the same run");
    assert_eq!(
        shown.out,
        "STEP   STATUS     ATTEMPTS  TIME    NOTE\n\
         Fetch  completed  1         0.50 s\n\
         Send   failed     3         1.00 s  no answer\\u{1b}[2J\n\n\
         OUTPUT  VALUE\n\
         rows    12\n\n\
         Report completed in 1.50 s  w1\n"
    );
    assert_eq!(shown.purposes, [Purpose::Drive]);
}

#[tokio::test]
async fn json_is_exactly_what_the_tool_answers() {
    let script = Script::default().answer("execute_workflow", &[ended("completed")]);
    let shown = Shell::new().run(script, &["run", "report", "--json"]).await;
    assert_eq!((shown.code, shown.json()), (0, ended("completed")));
    assert_eq!(shown.err, "");
}

#[tokio::test]
async fn every_end_has_its_exit_code() {
    for (status, code) in
        [("completed", 0), ("failed", 1), ("timed_out", 1), ("waiting", 3), ("paused", 3), ("cancelled", 130)]
    {
        let script = Script::default().answer("execute_workflow", &[running(), ended(status)]);
        assert_eq!(Shell::new().run(script, &["run", "report"]).await.code, code, "{status}");
    }
}

#[tokio::test]
async fn a_refused_call_is_bad_input_with_its_details() {
    let refused = json!({"success": false, "error": "parameter `limt` is not known", "error_type": "invalid_input",
        "hint": "did you mean `limit`?", "errors": [{"path": "/parameters/limt", "message": "unknown"}],
        "problems": [{"line": 3, "column": 5, "path": "steps[0]", "message": "odd"}], "available_templates": ["a", "b"]});
    let script = || Script::default().answer("execute_workflow", std::slice::from_ref(&refused));
    let shown = Shell::new().run(script(), &["run", "report"]).await;
    assert_eq!(shown.code, 2);
    assert_eq!(
        shown.err,
        "error: parameter `limt` is not known\n  /parameters/limt: unknown\n  3:5: odd\n  templates: a, b\nhint: did you mean `limit`?\n"
    );
    let shown = Shell::new().run(script(), &["run", "report", "--json"]).await;
    assert_eq!((shown.code, shown.json()), (2, refused.clone()));
}

#[tokio::test]
async fn a_file_is_sent_as_a_definition_with_its_types() {
    let text =
        "template_id: t\ntemplate_name: T\nparameters: [{name: code, type: string}]\nsteps: [{step_id: a, tool: x}]\n";
    let script = Script::default().answer("execute_workflow", &[ended("completed")]);
    let shown = Shell::new().file("t.yaml", text).run(script, &["run", "t.yaml", "-p", "code=1"]).await;
    assert_eq!(shown.calls[0].1["definition"], json!(text));
    assert_eq!(shown.calls[0].1["parameters"], json!({"code": "1"}));
    let shown = Shell::new().run(Script::default(), &["run", "nope.yaml"]).await;
    assert_eq!(shown.code, 2);
    assert!(shown.err.contains("nope.yaml: E007 unreadable"), "{}", shown.err);
}

#[tokio::test]
async fn a_dry_run_shows_the_plan_and_keeps_nothing() {
    let plan = json!({"success": true, "status": "planned", "workflow_name": "Report",
        "plan": {"levels": [["a", "b"], ["c"]], "tools": ["t"], "missing_tools": ["u"], "warnings": []}});
    let script = Script::default().answer("execute_workflow", &[plan]);
    let shown = Shell::new().run(script, &["run", "report", "--dry-run"]).await;
    assert_eq!(shown.code, 0);
    assert!(!shown.calls[0].1.contains_key("idempotency_key"));
    assert_eq!(shown.out, "Report: nothing was done; this is what would be\n  1. a, b\n  2. c\ntools: t\n");
    assert_eq!(shown.err, "missing tools: u\n");
}

#[tokio::test]
async fn progress_goes_to_standard_error_as_lines() {
    let mut script = Script::default();
    let answer = |call: &ToolCall| -> BoxFuture<'static, Value> {
        let report = call.progress.clone().unwrap();
        report(Progress { progress: 50.0, total: Some(100.0), message: Some("Fetch 1/2".to_owned()) });
        async { ended("completed") }.boxed()
    };
    script.answers.insert("resume_workflow", Box::new(answer));
    let shown = Shell::new().run(script, &["resume", "w1"]).await;
    assert_eq!((shown.code, shown.err.as_str()), (0, " 50%  Fetch 1/2\n"));
    assert_eq!(shown.calls[0].1["workflow_id"], json!("w1"));
}

#[tokio::test(start_paused = true)]
async fn a_wait_keeps_to_the_tools_limit_and_is_repeated() {
    let script = Script { longest_wait: Some(50), ..Script::default() }
        .answer("resume_workflow", &[running(), running(), ended("completed")]);
    let shown = Shell::new().run(script, &["resume", "w1"]).await;
    assert_eq!((shown.code, shown.calls.len()), (0, 3));
    assert!(shown.calls.iter().all(|(_, arguments)| arguments["wait_seconds"] == json!(50)));
}

/// `execute_workflow` goes on until it is given up, then until the run is cancelled.
fn cancellable(shell: &Shell, presses: usize, given_up_answer: Value) -> Script {
    let (cancelled, waiting) = tokio::sync::watch::channel(false);
    let interrupts = shell.interrupts.clone();
    let calls = Mutex::new(0);
    let execute = move |call: &ToolCall| -> BoxFuture<'static, Value> {
        let mut calls = calls.lock().unwrap();
        *calls += 1;
        if *calls == 1 {
            for _ in 0..presses {
                interrupts.send(()).unwrap();
            }
            let (given_up, killed, answer) = (call.cancel.clone(), presses > 1, given_up_answer.clone());
            return async move {
                given_up.cancelled().await;
                if killed { std::future::pending().await } else { answer }
            }
            .boxed();
        }
        if call.arguments["wait_seconds"] == json!(0) {
            return async { running() }.boxed();
        }
        let mut waiting = waiting.clone();
        async move {
            waiting.wait_for(|cancelled| *cancelled).await.unwrap();
            ended("cancelled")
        }
        .boxed()
    };
    let cancel = move |_: &ToolCall| -> BoxFuture<'static, Value> {
        cancelled.send(true).unwrap();
        async { json!({"success": true, "status": "cancelling", "message": "cancelling"}) }.boxed()
    };
    let mut script = Script::default();
    script.answers.insert("execute_workflow", Box::new(execute));
    script.answers.insert("cancel_workflow", Box::new(cancel));
    script
}

#[tokio::test]
async fn one_ctrl_c_cancels_the_run_and_waits_for_its_end() {
    let shell = Shell::new();
    let shown = shell.run(cancellable(&shell, 1, running()), &["run", "report"]).await;
    assert_eq!(shown.code, 130);
    assert_eq!(shown.tools(), ["execute_workflow", "cancel_workflow", "execute_workflow"]);
    assert_eq!(shown.calls[1].1["workflow_id"], json!("w1"));
    assert_eq!(shown.calls[0].1["idempotency_key"], shown.calls[2].1["idempotency_key"]);
    assert!(shown.out.contains("Report cancelled"), "{}", shown.out);
    assert!(shown.err.contains("Ctrl-C again"), "{}", shown.err);
}

#[tokio::test]
async fn a_run_whose_call_was_lost_to_ctrl_c_is_found_by_its_key_and_cancelled() {
    let shell = Shell::new();
    let shown = shell.run(cancellable(&shell, 1, json!("lost")), &["run", "report"]).await;
    assert_eq!(shown.code, 130);
    assert_eq!(shown.tools(), ["execute_workflow", "execute_workflow", "cancel_workflow", "execute_workflow"]);
}

#[tokio::test]
async fn ctrl_c_cancels_a_run_that_is_known_while_the_call_goes_on() {
    let shell = Shell::new();
    let (cancelled, waiting) = tokio::sync::watch::channel(false);
    let interrupts = shell.interrupts.clone();
    let resume = move |_: &ToolCall| -> BoxFuture<'static, Value> {
        interrupts.send(()).unwrap();
        let mut waiting = waiting.clone();
        async move {
            waiting.wait_for(|cancelled| *cancelled).await.unwrap();
            ended("cancelled")
        }
        .boxed()
    };
    let cancel = move |_: &ToolCall| -> BoxFuture<'static, Value> {
        cancelled.send(true).unwrap();
        async { json!({"success": true}) }.boxed()
    };
    let mut script = Script::default();
    script.answers.insert("resume_workflow", Box::new(resume));
    script.answers.insert("cancel_workflow", Box::new(cancel));
    let shown = shell.run(script, &["resume", "w1"]).await;
    assert_eq!((shown.code, shown.tools()), (130, vec!["resume_workflow", "cancel_workflow"]));
}

#[tokio::test]
async fn a_second_ctrl_c_ends_at_once() {
    let shell = Shell::new();
    let shown = shell.run(cancellable(&shell, 2, running()), &["run", "report"]).await;
    assert_eq!((shown.code, shown.out.as_str()), (130, ""));
}

#[tokio::test]
async fn without_a_person_the_question_is_shown_with_the_command_that_answers() {
    let script = Script::default().answer("execute_workflow", &[asking()]);
    let shown = Shell::new().run(script, &["run", "report"]).await;
    assert_eq!(shown.code, 3);
    assert!(shown.err.contains("asked: Publish?\n  sequitur respond w1 'approval' approved=..\n"), "{}", shown.err);
}

#[tokio::test]
async fn a_person_is_asked_on_the_spot() {
    let script =
        Script::default().answer("execute_workflow", &[asking()]).answer("respond_to_task", &[ended("completed")]);
    let shell = Shell { input: "yes\n", asks: true, ..Shell::new() };
    let shown = shell.run(script, &["run", "report"]).await;
    assert_eq!(shown.code, 0);
    let (tool, arguments) = &shown.calls[1];
    assert_eq!(tool, "respond_to_task");
    assert_eq!((&arguments["task_id"], &arguments["answer"]), (&json!("approval"), &json!({"approved": true})));
}

#[tokio::test]
async fn an_answer_is_read_by_the_tasks_schema() {
    let status = json!({"success": true, "status": {"workflow_id": "w1", "pending_tasks": asking()["pending_tasks"]}});
    let script =
        Script::default().answer("get_workflow_status", &[status]).answer("respond_to_task", &[ended("completed")]);
    let shown = Shell::new().run(script, &["respond", "w1", "approval", "approved=no", "--json"]).await;
    assert_eq!((shown.code, shown.json()), (0, ended("completed")));
    assert_eq!(shown.calls[1].1["answer"], json!({"approved": false}));
}
