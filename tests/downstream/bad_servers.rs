//! Servers that are not there, do not start, die, hang or talk too much: what
//! is asked of them fails in words, and everything else works on meanwhile.

use std::time::Duration;

use sequitur::base::{Clock as _, SystemClock};
use serde_json::{Value, json};

use crate::client::Client;
use crate::gateway::{Gateway, others_are_well};
use crate::ledger::{Act, Answer, End, Mark, Spec, Start, Tool};
use crate::process::until;

/// `tools/list` waits two seconds for servers never seen before, then does without.
const LIST_AT_MOST: Duration = Duration::from_secs(5);

/// The tools of a gateway with one server that does not start.
fn lists_without(gateway: &Gateway, name: &str) -> Client {
    let mut client = gateway.serve();
    let clock = SystemClock::new();
    let tools = client.tools();
    assert!(clock.monotonic() < LIST_AT_MOST, "{:?}", clock.monotonic());
    assert!(tools.contains(&"healthy__echo".to_owned()) && tools.contains(&"execute_workflow".to_owned()));
    assert!(!tools.iter().any(|tool| tool.starts_with(name)), "{tools:?}");
    others_are_well(&mut client);
    client
}

/// What `doctor` says of one server.
fn diagnosis(gateway: &Gateway, name: &str) -> String {
    let (_, report) = gateway.json(&["doctor"]);
    let checks = report["checks"].as_array().unwrap();
    let about: Vec<String> = checks.iter().map(Value::to_string).filter(|check| check.contains(name)).collect();
    assert!(!about.is_empty(), "nothing about `{name}`: {report:#}");
    about.join("\n")
}

/// A call that failed without an answer from its server.
fn failed(client: &mut Client, tool: &str) -> Value {
    client.refused(tool, &json!({}))
}

pub(crate) fn one_that_is_missing() {
    let mut gateway = Gateway::with_a_healthy_one();
    gateway.add("broken", json!({"command": "/no/such/program"}));
    lists_without(&gateway, "broken").leave();
    assert!(diagnosis(&gateway, "broken").contains("/no/such/program"));
}

pub(crate) fn one_that_exits_at_its_start() {
    let mut gateway = Gateway::with_a_healthy_one();
    let mut spec = gateway.spec("broken", [Tool::new("a")]);
    spec.start = Start { exits: Some(3), ..Start::default() };
    gateway.add("broken", spec.entry());
    let mut client = lists_without(&gateway, "broken");
    let refused = failed(&mut client, "broken__a");
    assert_eq!(refused["error_type"], "unavailable");
    assert!(
        refused["error"].as_str().unwrap().contains("cannot start: the test says so"),
        "its last words: {refused:#}"
    );
    client.leave();

    let told = diagnosis(&gateway, "broken");
    assert!(told.contains("ended with exit code 3") && told.contains("cannot start: the test says so"), "{told}");
    let shown = gateway.command(&["doctor"]).output().unwrap();
    let shown = String::from_utf8(shown.stdout).unwrap();
    assert!(shown.contains("cannot start: the test says so"), "{shown}");
    assert!(shown.lines().last().unwrap().contains("to look at"), "it ends with what it comes to: {shown}");

    // It was known once: what is asked of it is refused, and tried anew.
    spec.start = Start { exits_while: Some(gateway.file("broken")), ..Start::default() };
    gateway.add("broken", spec.entry());
    let mut client = gateway.serve();
    assert!(client.tools().contains(&"broken__a".to_owned()));
    client.leave();
    gateway.tell("broken");
    let mut client = gateway.serve();
    let refused = failed(&mut client, "broken__a");
    assert_eq!((&refused["error_type"], &refused["retryable"]), (&json!("unavailable"), &json!(true)));
    assert!(refused["outcome"].is_null(), "it was never sent: {refused:#}");
    others_are_well(&mut client);
    std::fs::remove_file(gateway.file("broken")).unwrap();
    until("that it is tried anew", || client.call("broken__a", &json!({}))["isError"] == false);
    client.leave();
}

pub(crate) fn one_that_hangs_at_initialise() {
    let mut gateway = Gateway::with_a_healthy_one();
    let mut spec = gateway.spec("broken", [Tool::new("a")]);
    spec.start = Start { hangs: true, ..Start::default() };
    gateway.add("broken", spec.entry());
    let client = lists_without(&gateway, "broken");
    let clock = SystemClock::new();
    client.leave();
    assert!(clock.monotonic() < Duration::from_secs(3), "it does not hold the end up: {:?}", clock.monotonic());
}

pub(crate) fn one_that_hangs_in_a_call_and_clings_to_life_does_not_hold_our_end_up() {
    let mut gateway = Gateway::with_a_healthy_one();
    let mut spec = gateway.spec("shop", [Tool::new("hang").does([Act::Effect, Act::Hang]).deaf_to_cancel()]);
    spec.end = End { ignores_eof: true, ignores_signals: true };
    gateway.add("shop", spec.entry());
    let mut client = gateway.serve();
    client.tools();
    client.request("tools/call", json!({"name": "shop__hang", "arguments": {}}));
    until("the call", || !gateway.book().of("hang", Mark::Effect).is_empty());
    let clock = SystemClock::new();
    client.hang_up();
    let (_, log) = client.ended();
    assert!(clock.monotonic() < Duration::from_millis(2_200), "it took {:?}: {log}", clock.monotonic());
}

pub(crate) fn one_that_exits_in_a_call() {
    let mut gateway = Gateway::with_a_healthy_one();
    let well = || [Act::Effect, Act::Answer(Answer::Echo)];
    let spec = gateway.spec(
        "shop",
        [
            Tool::new("before").does([Act::Exit(1)]).then(well()),
            Tool::new("after").does([Act::Effect, Act::Exit(1)]).then(well()),
            Tool::new("half").does([Act::Effect, Act::HalfAnAnswer, Act::Exit(1)]).then(well()),
        ],
    );
    gateway.add("shop", spec.entry());
    let mut client = gateway.serve();
    client.tools();
    for (tool, effects, kind) in [("before", 0, "unavailable"), ("after", 1, "unavailable"), ("half", 1, "tool_error")]
    {
        let name = format!("shop__{tool}");
        let refused = failed(&mut client, &name);
        assert_eq!(refused["error_type"], kind, "{refused:#}");
        // Whether it happened is not known to us, and that is said.
        assert_eq!(refused["outcome"], "unknown", "{refused:#}");
        assert!(refused["hint"].as_str().unwrap().contains("may have happened"), "{refused:#}");
        assert_eq!(gateway.book().of(tool, Mark::Effect).len(), effects);
        others_are_well(&mut client);
        let again = client.call(&name, &json!({"n": 1}));
        assert_eq!(again["structuredContent"]["echo"]["n"], 1, "it is started again: {again:#}");
        assert_eq!(gateway.book().of(tool, Mark::Effect).len(), effects + 1, "nothing was repeated unasked");
    }
    client.leave();
}

pub(crate) fn one_that_never_answers() {
    let mut gateway = Gateway::with_a_healthy_one();
    let spec = gateway.spec("shop", [Tool::new("hang").does([Act::Effect, Act::Hang]), Tool::new("look").reads()]);
    gateway.add_with("shop", &spec, json!({"timeout_seconds": 1}));
    let mut client = gateway.serve();
    client.strict = false;
    client.tools();
    let id = client.request("tools/call", json!({"name": "shop__hang", "arguments": {}}));
    until("the call", || !gateway.book().of("hang", Mark::Effect).is_empty());
    others_are_well(&mut client);
    assert_eq!(client.call("shop__look", &json!({}))["isError"], false, "beside it");
    let refused = client.answer(id)["result"]["structuredContent"].clone();
    assert_eq!(refused["error_type"], "timeout", "{refused:#}");
    until("the cancellation", || !gateway.book().marked(Mark::Cancel).is_empty());
    assert_eq!(client.call("shop__look", &json!({}))["isError"], false, "after it");
    assert_eq!(gateway.book().marked(Mark::Started).len(), 1, "it was not started again");
    client.leave();
}

pub(crate) fn one_that_answers_twice() {
    let mut gateway = Gateway::with_a_healthy_one();
    let other = json!({"content": [], "structuredContent": {"second": true}});
    let spec = gateway.spec(
        "shop",
        [
            Tool::new("twice").does([Act::Effect, Act::Answer(Answer::Echo), Act::Answer(Answer::Result(other))]),
            Tool::new("look").reads(),
        ],
    );
    gateway.add("shop", spec.entry());
    let mut client = gateway.serve();
    client.tools();
    for n in 0..10 {
        let first = client.call("shop__twice", &json!({"n": n}));
        assert_eq!(first["structuredContent"], json!({"echo": {"n": n}}), "the first answer counts");
        let next = client.call("shop__look", &json!({"m": n}));
        assert_eq!(next["structuredContent"], json!({"echo": {"m": n}}), "the second is nobody's");
    }
    others_are_well(&mut client);
    client.leave();
}

pub(crate) fn one_that_talks_beside_the_protocol() {
    let mut gateway = Gateway::with_a_healthy_one();
    let mut spec = gateway.spec(
        "shop",
        [
            Tool::new("look").reads().does([Act::Stderr { kib: 1024 }, Act::Answer(Answer::Echo)]),
            Tool::new("odd").does([
                Act::Chatter(r#"{"jsonrpc":"2.0","id":"no such","result":{}}"#.to_owned()),
                Act::Answer(Answer::Echo),
            ]),
        ],
    );
    spec.chatters = true;
    spec.start = Start {
        banner: vec!["Welcome!".to_owned(), String::new(), "{\"half\":".to_owned()],
        stderr_kib: 4096,
        ..Start::default()
    };
    gateway.add("shop", spec.entry());
    let mut client = gateway.serve();
    assert!(client.tools().contains(&"shop__look".to_owned()));
    for tool in ["shop__look", "shop__odd"] {
        assert_eq!(client.call(tool, &json!({"n": 1}))["structuredContent"]["echo"]["n"], 1);
    }
    others_are_well(&mut client);
    let log = client.leave();
    assert!(log.len() < 1 << 20, "5 MiB of noise make {} bytes of our log", log.len());
}

pub(crate) fn one_whose_result_is_too_large() {
    let mut gateway = Gateway::with_a_healthy_one();
    let text = |kib| [Act::Answer(Answer::Text { kib })];
    let spec = gateway.spec(
        "shop",
        [
            Tool::new("large").reads().does(text(10 * 1024)),
            Tool::new("too_large").reads().does(text(17 * 1024)),
            Tool::new("look").reads(),
        ],
    );
    gateway.add("shop", spec.entry());
    let mut client = gateway.serve();
    client.tools();
    let refused = failed(&mut client, "shop__too_large");
    assert_eq!(refused["error_type"], "result_too_large", "{refused:#}");
    others_are_well(&mut client);
    assert_eq!(client.call("shop__look", &json!({}))["isError"], false);
    let large = client.call("shop__large", &json!({}));
    assert_eq!(large["content"][0]["text"].as_str().unwrap().len(), 10 << 20);
    assert_eq!(gateway.book().marked(Mark::Started).len(), 1, "the session lived on");
    client.leave();
}

pub(crate) fn two_with_one_name() {
    let mut gateway = Gateway::with_a_healthy_one();
    let one = gateway.spec("first", [Tool::new("who").answers(json!({"content": [], "structuredContent": {"i": 1}}))]);
    let two = gateway.spec("second", [Tool::new("who").answers(json!({"content": [], "structuredContent": {"i": 2}}))]);
    gateway.add("my shop", one.entry());
    gateway.add("my_shop", two.entry());
    let mut client = gateway.serve();
    let tools = client.tools();
    assert_eq!(tools.iter().filter(|tool| *tool == "my_shop__who").count(), 1, "{tools:?}");
    assert_eq!(client.call("my_shop__who", &json!({}))["structuredContent"]["i"], 1, "the earlier one has the name");
    others_are_well(&mut client);
    let log = client.leave();
    assert!(log.contains("my shop") && log.contains("my_shop"), "both are told: {log}");
}

pub(crate) fn two_tools_with_one_name() {
    let mut gateway = Gateway::with_a_healthy_one();
    let answer = |n: i32| json!({"content": [], "structuredContent": {"i": n}});
    let spec = gateway.spec(
        "shop",
        [Tool::new("get.item").answers(answer(1)), Tool::new("get_item").answers(answer(2)), Tool::new("look")],
    );
    gateway.add("shop", spec.entry());
    let mut client = gateway.serve();
    let tools = client.tools();
    assert!(tools.contains(&"shop__look".to_owned()));
    let same: Vec<&String> = tools.iter().filter(|tool| tool.starts_with("shop__get")).collect();
    let names: std::collections::BTreeSet<&&String> = same.iter().collect();
    assert_eq!(names.len(), same.len(), "no name twice: {same:?}");
    assert_eq!(client.call(same[0], &json!({}))["structuredContent"]["i"], 1);
    others_are_well(&mut client);
    client.leave();
}

pub(crate) fn one_with_a_variable_that_is_not_set() {
    let mut gateway = Gateway::with_a_healthy_one();
    let spec = gateway.spec("shop", [Tool::new("look")]);
    gateway.add_with("shop", &spec, json!({"env": {"TOKEN": "${NOT_SET_ANYWHERE_AT_ALL}"}}));
    lists_without(&gateway, "shop").leave();
    assert!(diagnosis(&gateway, "shop").contains("NOT_SET_ANYWHERE_AT_ALL"));
    assert!(gateway.book().read().is_empty(), "it was not started");
}

pub(crate) fn one_that_tells_the_secrets_it_was_given() {
    const CANARY: &str = "canary-4f9a27";
    let mut gateway = Gateway::with_a_healthy_one();
    let mut tool = Tool::new("look").reads();
    tool.description = format!("Looks with the key {CANARY}.");
    tool.input_schema = json!({"type": "object", "properties": {"key": {"type": "string", "default": CANARY}}});
    let refuses = Tool::new("refuse").does([Act::Answer(Answer::Error(json!({"code": -32603, "message": CANARY})))]);
    let mut spec = gateway.spec("shop", [tool, refuses]);
    spec.instructions = Some(format!("The key is {CANARY}."));
    gateway.add_with("shop", &spec, json!({"env": {"API_KEY": CANARY}}));
    let mut client = gateway.serve();
    let list = client.ask("tools/list", json!({})).to_string();
    assert!(list.contains("Looks with the key <redacted>.") && !list.contains(CANARY), "{list}");
    assert!(client.refused("shop__refuse", &json!({}))["error"].as_str().unwrap().contains("<redacted>"));
    let log = client.leave();
    assert!(!log.contains(CANARY), "{log}");
    for command in ["tools", "doctor"] {
        let told = gateway.json(&[command]).1.to_string();
        assert!(told.contains("shop") && !told.contains(CANARY), "{told}");
    }
    let kept = std::fs::read_to_string(gateway.place.data().join("servers/shop.json")).unwrap();
    assert!(kept.contains("<redacted>") && !kept.contains(CANARY), "{kept}");
}

pub(crate) fn one_that_is_sequitur_itself() {
    let mut gateway = Gateway::with_a_healthy_one();
    let spec = gateway.spec("shop", [Tool::new("look").reads()]);
    gateway.add("shop", spec.entry());
    // On the same configuration and data folder: it would start itself, and that itself, ...
    let config = gateway.file("config.json");
    let arguments = json!(["serve", "--config", config, "--data-dir", gateway.place.data()]);
    gateway.add("myself", json!({"command": env!("CARGO_BIN_EXE_sequitur"), "args": arguments}));
    let mut client = gateway.serve();
    client.tools();
    others_are_well(&mut client);
    assert_eq!(client.call("shop__look", &json!({}))["isError"], false);
    client.leave();
    let started = gateway.book().marked(Mark::Started).len();
    assert_eq!(started, 1, "no second gateway started the servers again");
    assert!(diagnosis(&gateway, "myself").to_lowercase().contains("sequitur"));
}

pub(crate) fn many_bad_ones_at_once() {
    let mut gateway = Gateway::new();
    for n in 0..4 {
        let spec = Spec { start: Start { hangs: true, ..Start::default() }, ..gateway.spec("hangs", []) };
        gateway.add(&format!("hangs_{n}"), spec.entry());
        gateway.add(&format!("missing_{n}"), json!({"command": "/no/such/program"}));
    }
    let spec = Spec { name: "healthy".to_owned(), tools: vec![Tool::new("echo").reads()], ..Spec::default() };
    gateway.add("healthy", spec.entry());
    lists_without(&gateway, "hangs").leave();
}
