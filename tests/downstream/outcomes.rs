//! Steps whose call brought no answer: the key stays the same, what is safe is
//! repeated, what is not is asked about.

use serde_json::{Value, json};

use crate::client::Client;
use crate::gateway::{Gateway, others_are_well};
use crate::ledger::{Act, Answer, Line, Mark, Tool};
use crate::process::until;

fn well() -> [Act; 2] {
    [Act::Effect, Act::Answer(Answer::Echo)]
}

fn start(client: &mut Client, template: &str) -> String {
    let begun = client.done("execute_workflow", &json!({"template_id": template, "wait_seconds": 0}));
    begun["workflow_id"].as_str().unwrap().to_owned()
}

/// Waits for its end, or for a question.
fn rests(client: &mut Client, run: &str) -> Value {
    let wait = json!({"workflow_id": run, "wait_seconds": 30, "until": "done"});
    client.done("get_workflow_status", &wait)["status"].clone()
}

fn one_key(lines: &[Line]) -> String {
    let keys: std::collections::BTreeSet<_> = lines.iter().map(|line| line.key.clone()).collect();
    assert_eq!(keys.len(), 1, "{lines:?}");
    lines[0].key.clone().expect("a key")
}

pub(crate) fn every_attempt_has_the_same_key_and_every_step_its_own() {
    let mut gateway = Gateway::new();
    let error = |kind: &str| {
        [
            Act::Effect,
            Act::Answer(Answer::Result(
                json!({"content": [], "isError": true, "structuredContent": {"error_type": kind}}),
            )),
        ]
    };
    let spec = gateway.spec(
        "shop",
        [Tool::new("flaky").does(error("unavailable")).then(error("timeout")).then(well()), Tool::new("other")],
    );
    gateway.add("shop", spec.entry());
    gateway.template(
        "errand",
        &[
            json!({"step_id": "flaky", "tool": "shop__flaky", "retry": {"max_retries": 3, "delay_seconds": 0.01}}),
            json!({"step_id": "one", "tool": "shop__other"}),
            json!({"step_id": "two", "tool": "shop__other"}),
        ],
    );
    let mut client = gateway.serve();
    let ended = client.done("execute_workflow", &json!({"template_id": "errand"}));
    assert_eq!(
        (&ended["status"], &ended["step_results"]["flaky"]["attempts"]),
        (&json!("completed"), &json!(3)),
        "{ended:#}"
    );
    let book = gateway.book();
    let flaky = book.of("flaky", Mark::Begin);
    assert_eq!(flaky.len(), 3);
    let others: Vec<Option<String>> = book.of("other", Mark::Begin).into_iter().map(|line| line.key).collect();
    assert!(others.len() == 2 && others[0] != others[1] && others[0] != Some(one_key(&flaky)));
    client.leave();
}

pub(crate) fn a_safe_step_is_repeated_under_its_key_after_we_were_killed() {
    for tool in [Tool::new("work").idempotent(), Tool::new("work").reads()] {
        let mut gateway = Gateway::new();
        let waits = [Act::Effect, Act::Until(gateway.file("go")), Act::Answer(Answer::Echo)];
        let spec = gateway.spec("shop", [tool.does(waits)]);
        gateway.add("shop", spec.entry());
        gateway.template("errand", &[json!({"step_id": "work", "tool": "shop__work", "parameters": {"n": 7}})]);
        let mut client = gateway.serve();
        let run = start(&mut client, "errand");
        until("the effect", || gateway.book().of("work", Mark::Effect).len() == 1);
        client.killed();
        let mut client = gateway.serve();
        client.call("get_workflow_status", &json!({"workflow_id": run}));
        until("the repetition", || gateway.book().of("work", Mark::Effect).len() == 2);
        gateway.tell("go");
        assert_eq!(rests(&mut client, &run)["status"], "completed");
        let calls = gateway.book().of("work", Mark::Begin);
        one_key(&calls);
        assert_eq!((calls.len(), &calls[0].arguments), (2, &json!({"n": 7})));
        client.leave();
    }
}

pub(crate) fn a_server_that_honours_keys_does_it_once_for_all_that() {
    let mut gateway = Gateway::new();
    let acts = [Act::Effect, Act::Until(gateway.file("go")), Act::Answer(Answer::Echo)];
    let mut spec = gateway.spec("shop", [Tool::new("work").idempotent().does(acts)]);
    spec.dedupe = true;
    gateway.add("shop", spec.entry());
    gateway.template("errand", &[json!({"step_id": "work", "tool": "shop__work"})]);
    let mut client = gateway.serve();
    let run = start(&mut client, "errand");
    until("the effect", || gateway.book().of("work", Mark::Effect).len() == 1);
    client.killed();
    gateway.tell("go");
    let mut client = gateway.serve();
    assert_eq!(rests(&mut client, &run)["status"], "completed");
    let book = gateway.book();
    assert_eq!((book.of("work", Mark::Effect).len(), book.of("work", Mark::Deduped).len()), (1, 1));
    client.leave();
}

/// A run whose only unsafe call had its effect and no answer: its question.
fn asks(gateway: &Gateway, client: &mut Client) -> (String, String) {
    let run = start(client, "errand");
    let status = rests(client, &run);
    assert_eq!(status["status"], "paused", "{status:#}");
    others_are_well(client);
    let (_, inbox) = gateway.json(&["inbox"]);
    let task = &inbox["tasks"][0];
    assert_eq!((&task["kind"], &task["step_id"]), (&json!("interrupted"), &json!("buy")), "{inbox:#}");
    (run, task["task_id"].as_str().unwrap().to_owned())
}

fn shop() -> (Gateway, Client) {
    let mut gateway = Gateway::with_a_healthy_one();
    let spec = gateway.spec("shop", [Tool::new("buy").destructive().does([Act::Effect, Act::Exit(1)]).then(well())]);
    gateway.add("shop", spec.entry());
    gateway.template("errand", &[
        json!({"step_id": "buy", "tool": "shop__buy", "parameters": {"n": 1}, "retry": {"max_retries": 2, "delay_seconds": 0}}),
        json!({"step_id": "then", "tool": "healthy__echo", "parameters": {"got": "{{ buy }}"}}),
    ]);
    let client = gateway.serve();
    (gateway, client)
}

fn answered(gateway: &Gateway, client: &mut Client, answer: &Value) -> Value {
    let (run, task) = asks(gateway, client);
    assert_eq!(gateway.book().of("buy", Mark::Begin).len(), 1, "not repeated by its `retry`");
    let (code, _) = gateway.json(&["respond", &run, &task, "--answer", &answer.to_string()]);
    assert!(matches!(code, 0 | 1), "{code}");
    let status = rests(client, &run);
    let step = json!({"workflow_id": run, "step_id": "then", "select": "result"});
    json!({"status": status["status"], "then": client.call("get_workflow_status", &step)["structuredContent"]["value"]})
}

pub(crate) fn an_unsafe_call_without_an_answer_asks_and_is_repeated_under_its_key() {
    let (gateway, mut client) = shop();
    let end = answered(&gateway, &mut client, &json!({"action": "retry"}));
    assert_eq!(end["status"], "completed", "{end:#}");
    assert_eq!(end["then"]["echo"]["got"], json!({"echo": {"n": 1}}));
    let calls = gateway.book().of("buy", Mark::Begin);
    assert_eq!(calls.len(), 2);
    one_key(&calls);
    client.leave();
}

pub(crate) fn an_unsafe_call_without_an_answer_asks_and_is_told_that_it_is_done() {
    let (gateway, mut client) = shop();
    let end = answered(&gateway, &mut client, &json!({"action": "done", "result": {"receipt": 5}}));
    assert_eq!(end["status"], "completed", "{end:#}");
    assert_eq!(end["then"]["echo"]["got"], json!({"receipt": 5}));
    assert_eq!(gateway.book().of("buy", Mark::Begin).len(), 1);
    client.leave();
}

pub(crate) fn an_unsafe_call_without_an_answer_asks_and_fails_when_told_so() {
    let (gateway, mut client) = shop();
    let end = answered(&gateway, &mut client, &json!({"action": "fail"}));
    assert_eq!(end["status"], "failed", "{end:#}");
    assert_eq!(gateway.book().of("buy", Mark::Begin).len(), 1);
    client.leave();
}

pub(crate) fn an_unsafe_call_in_flight_when_we_were_killed_asks() {
    let mut gateway = Gateway::with_a_healthy_one();
    let acts = [Act::Effect, Act::Until(gateway.file("go")), Act::Answer(Answer::Echo)];
    let spec = gateway.spec("shop", [Tool::new("buy").does(acts)]);
    gateway.add("shop", spec.entry());
    gateway.template("errand", &[json!({"step_id": "buy", "tool": "shop__buy"})]);
    let mut client = gateway.serve();
    let run = start(&mut client, "errand");
    until("the effect", || gateway.book().of("buy", Mark::Effect).len() == 1);
    client.killed();
    let mut client = gateway.serve();
    assert_eq!(rests(&mut client, &run)["status"], "paused");
    assert_eq!(gateway.book().of("buy", Mark::Begin).len(), 1);
    others_are_well(&mut client);
    client.leave();
}

pub(crate) fn a_call_that_was_never_sent_is_a_plain_failure() {
    let mut gateway = Gateway::with_a_healthy_one();
    let mut spec = gateway.spec("shop", [Tool::new("buy").destructive()]);
    spec.start.exits_while = Some(gateway.file("broken"));
    gateway.add("shop", spec.entry());
    gateway.template("errand", &[json!({"step_id": "buy", "tool": "shop__buy"})]);
    let mut client = gateway.serve();
    client.tools();
    client.leave();
    gateway.tell("broken");
    let mut client = gateway.serve();
    let ended = client.call("execute_workflow", &json!({"template_id": "errand"}))["structuredContent"].clone();
    assert_eq!(ended["status"], "failed", "nobody is asked: {ended:#}");
    assert_eq!(ended["step_results"]["buy"]["error"]["kind"], "unavailable", "{ended:#}");
    client.leave();
}
