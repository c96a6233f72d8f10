//! The servers of these tests do what they are told to.

use serde_json::{Value, json};

use crate::client::{Client, Era};
use crate::ledger::{Act, Answer, Book, Change, Child, End, Eras, Mark, Spec, Start, Tool, most_at_once};

/// A folder with a ledger in it.
struct Desk(tempfile::TempDir);

impl Desk {
    fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    fn path(&self, name: &str) -> std::path::PathBuf {
        self.0.path().join(name)
    }

    fn spec(&self, tools: impl Into<Vec<Tool>>) -> Spec {
        Spec::new("shop", &self.path("ledger"), tools)
    }

    fn book(&self) -> Book {
        Book::at(&self.path("ledger"))
    }

    /// The processes of `count` children, as soon as they live.
    fn children(&self, count: usize) -> Vec<u32> {
        crate::process::until("the children", || self.book().marked(Mark::Child).len() == count);
        self.book().marked(Mark::Child).iter().map(|line| line.pid).collect()
    }

    fn marks(&self) -> Vec<Mark> {
        self.book().read().into_iter().map(|line| line.mark).collect()
    }
}

fn client(spec: &Spec, era: Era) -> Client {
    Client::greeted(&mut spec.command(), era)
}

fn sends(client: &mut Client, tool: &str) -> i64 {
    client
        .request("tools/call", json!({"name": tool, "arguments": {"n": 1}, "_meta": {"sequitur/idempotency_key": "k"}}))
}

pub(crate) fn speaks_both_eras_or_one() {
    let desk = Desk::new();
    let mut spec = desk.spec([Tool::new("echo"), Tool::new("other").reads()]);
    spec.page = 1;
    for era in [Era::Legacy, Era::Modern] {
        let mut client = client(&spec, era);
        let list = client.ask("tools/list", json!({}));
        assert_eq!(list["result"]["tools"][0]["name"], "echo");
        let rest = client.ask("tools/list", json!({"cursor": list["result"]["nextCursor"]}));
        assert_eq!(rest["result"]["tools"][0]["annotations"], json!({"readOnlyHint": true}));
        assert!(rest["result"]["nextCursor"].is_null());
        let result = client.call("echo", &json!({"a": [1, 2.5]}));
        assert_eq!(result["structuredContent"], json!({"echo": {"a": [1, 2.5]}}));
        let unknown = client.ask("tools/call", json!({"name": "no"}));
        assert_eq!(unknown["error"]["code"], -32602);
        client.leave();
    }
    let greeted = desk.book().marked(Mark::Greeted);
    assert_eq!((&greeted[0].arguments["era"], &greeted[1].arguments["era"]), (&json!("legacy"), &json!("modern")));
    spec.eras = Eras::Legacy;
    assert_eq!(Client::start(&mut spec.command()).greet(Era::Modern)["error"]["code"], -32601);
    spec.eras = Eras::Modern;
    let mut modern = Client::start(&mut spec.command());
    assert_eq!(modern.ask("initialize", json!({}))["error"]["code"], -32601);
}

pub(crate) fn keeps_its_ledger_with_several_processes() {
    let desk = Desk::new();
    let spec =
        desk.spec([Tool::new("pay").does([Act::Until(desk.path("go")), Act::Effect, Act::Answer(Answer::Echo)])]);
    let mut clients = [client(&spec, Era::Legacy), client(&spec, Era::Modern)];
    let ids: Vec<Vec<i64>> = clients.iter_mut().map(|client| (0..20).map(|_| sends(client, "pay")).collect()).collect();
    // A later request is answered when the earlier ones have begun.
    for client in &mut clients {
        client.tools();
    }
    std::fs::write(desk.path("go"), "").unwrap();
    for (client, ids) in clients.iter_mut().zip(ids) {
        client.strict = false;
        let answers = ids.iter().filter(|id| {
            client.notifications.iter().any(|answer| answer["id"] == **id) || !client.answer(**id).is_null()
        });
        assert_eq!(answers.count(), 20);
    }
    let lines = desk.book().read();
    assert_eq!(most_at_once(&lines), 40);
    let effects = desk.book().of("pay", Mark::Effect);
    assert_eq!(effects.len(), 40);
    let facts = (&effects[0].server, effects[0].key.as_deref(), &effects[0].arguments);
    assert_eq!(facts, (&"shop".to_owned(), Some("k"), &json!({"n": 1})));
    assert_ne!(effects.iter().map(|line| line.pid).min(), effects.iter().map(|line| line.pid).max());
}

pub(crate) fn ends_before_and_after_the_effect() {
    let desk = Desk::new();
    // The calls are counted over all processes.
    let tool = Tool::new("pay")
        .does([Act::Exit(3)])
        .then([Act::Effect, Act::Exit(4)])
        .then([Act::Effect, Act::Answer(Answer::Echo)]);
    let spec = desk.spec([tool]);
    for code in [3, 4] {
        let mut client = client(&spec, Era::Legacy);
        sends(&mut client, "pay");
        assert!(client.next().is_none());
        assert_eq!(client.ended().0.code(), Some(code));
    }
    client(&spec, Era::Legacy).call("pay", &json!({}));
    let start = [Mark::Started, Mark::Greeted, Mark::Begin];
    let marks = [&start[..], &start, &[Mark::Effect], &start, &[Mark::Effect, Mark::Answer]].concat();
    assert_eq!(desk.marks()[..marks.len()], marks);
}

pub(crate) fn answers_late_twice_and_in_another_order() {
    let desk = Desk::new();
    let twice = [Act::Answer(Answer::Echo), Act::Answer(Answer::Echo)];
    let mut spec = desk.spec([
        Tool::new("slow").does([Act::Wait { ms: 50 }, Act::Answer(Answer::Echo)]),
        Tool::new("twice").does(twice),
        Tool::new("quick"),
    ]);
    let mut one = client(&spec, Era::Legacy);
    one.strict = false;
    let slow = sends(&mut one, "slow");
    let quick = sends(&mut one, "quick");
    assert_eq!(one.next().unwrap()["id"], quick);
    assert_eq!(one.next().unwrap()["id"], slow);
    let id = sends(&mut one, "twice");
    assert_eq!((one.next().unwrap()["id"].clone(), one.next().unwrap()["id"].clone()), (json!(id), json!(id)));
    spec.reversed = 3;
    let mut other = client(&spec, Era::Legacy);
    let ids = [(); 3].map(|()| sends(&mut other, "quick"));
    for id in ids.iter().rev() {
        assert_eq!(other.next().unwrap()["id"], *id);
    }
}

pub(crate) fn is_cancelled_or_deaf_to_it() {
    let desk = Desk::new();
    let acts = || vec![Act::Until(desk.path("go")), Act::Effect, Act::Answer(Answer::Echo)];
    let spec = desk.spec([Tool::new("stops").does(acts()), Tool::new("deaf").does(acts()).deaf_to_cancel()]);
    let mut client = client(&spec, Era::Modern);
    let ids = [sends(&mut client, "stops"), sends(&mut client, "deaf")];
    for id in ids {
        client.send(&json!({"jsonrpc": "2.0", "method": "notifications/cancelled", "params": {"requestId": id}}));
    }
    client.tools();
    std::fs::write(desk.path("go"), "").unwrap();
    assert_eq!(client.next().unwrap()["id"], ids[1]);
    let book = desk.book();
    assert_eq!((book.marked(Mark::Cancel).len(), book.of("deaf", Mark::Effect).len()), (2, 1));
    client.leave();
    assert_eq!(book.of("stops", Mark::Effect).len(), 0);
}

pub(crate) fn reports_progress_and_talks_between() {
    let desk = Desk::new();
    let odd = json!({"content": [{"type": "smell", "intensity": 3}], "surprise": {"a": null}});
    let mut spec = desk.spec([
        Tool::new("works").does([Act::Progress { reports: 3 }, Act::Answer(Answer::Result(odd.clone()))]),
        Tool::new("big").does([Act::Answer(Answer::Text { kib: 2048 })]),
        Tool::new("noisy")
            .does([Act::Stderr { kib: 256 }, Act::Answer(Answer::Error(json!({"code": -32000, "message": "no"})))]),
    ]);
    let mut one = client(&spec, Era::Modern);
    let id = one.request("tools/call", json!({"name": "works", "_meta": {"progressToken": "t"}}));
    let mut result = one.answer(id)["result"].clone();
    let progress: Vec<&Value> = one.notifications.iter().map(|report| &report["params"]["progress"]).collect();
    assert_eq!(progress, [1, 2, 3]);
    assert_eq!(result.as_object_mut().unwrap().remove("resultType"), Some(json!("complete")));
    assert_eq!(result, odd);
    let big = one.call("big", &json!({}));
    assert_eq!(big["content"][0]["text"].as_str().unwrap().len(), 2 << 20);
    assert_eq!(one.ask("tools/call", json!({"name": "noisy"}))["error"]["code"], -32000);
    assert_eq!(one.leave().len(), 256 << 10);

    spec.chatters = true;
    spec.start.banner = vec!["Welcome!".to_owned()];
    let mut raw = spec.command();
    let output = raw.stdin(std::process::Stdio::null()).output().unwrap();
    assert_eq!(output.stdout, b"Welcome!\n");
}

pub(crate) fn changes_its_tools() {
    let desk = Desk::new();
    let mut spec = desk.spec([Tool::new("a")]);
    spec.change =
        Some(Change { when: Some(desk.path("change")), tools: vec![Tool::new("b")], told: true, after_calls: 2 });
    let mut by_calls = client(&spec, Era::Legacy);
    by_calls.call("a", &json!({}));
    assert_eq!(by_calls.tools(), ["a"]);
    by_calls.call("a", &json!({}));
    assert_eq!(by_calls.tools(), ["b"]);
    assert_eq!(by_calls.notifications[0]["method"], "notifications/tools/list_changed");

    let mut by_file = client(&spec, Era::Modern);
    let id = by_file.request("subscriptions/listen", json!({"notifications": {"toolsListChanged": true}}));
    assert_eq!(by_file.next().unwrap()["method"], "notifications/subscriptions/acknowledged");
    std::fs::write(desk.path("change"), "").unwrap();
    let told = by_file.next().unwrap();
    assert_eq!(told["method"], "notifications/tools/list_changed");
    assert_eq!(told["params"]["_meta"]["io.modelcontextprotocol/subscriptionId"], id);
    assert_eq!(by_file.tools(), ["b"]);
}

pub(crate) fn starts_slowly_hangs_or_ends() {
    let desk = Desk::new();
    let mut spec = desk.spec([Tool::new("a")]);
    spec.start = Start { exits: Some(7), ..Start::default() };
    let (status, log) = Client::start(&mut spec.command()).ended();
    assert_eq!((status.code(), log.as_str()), (Some(7), "cannot start: the test says so\n"));

    spec.start = Start { until: Some(desk.path("go")), ..Start::default() };
    let mut slow = Client::start(&mut spec.command());
    std::fs::write(desk.path("go"), "").unwrap();
    slow.greet(Era::Legacy);
    assert_eq!(slow.tools(), ["a"]);

    spec.start = Start { hangs: true, ..Start::default() };
    let mut hanging = Client::start(&mut spec.command());
    hanging.request("initialize", json!({}));
    let ping = hanging.request("ping", json!({}));
    assert_eq!(hanging.next().unwrap()["id"], ping);
}

pub(crate) fn knows_keys() {
    let desk = Desk::new();
    let mut spec = desk.spec([Tool::new("pay")]);
    spec.dedupe = true;
    for _ in 0..2 {
        let mut client = client(&spec, Era::Legacy);
        let id = sends(&mut client, "pay");
        assert_eq!(client.answer(id)["result"]["structuredContent"]["echo"]["n"], 1);
        client.leave();
    }
    let book = desk.book();
    assert_eq!((book.marked(Mark::Effect).len(), book.marked(Mark::Deduped).len()), (1, 1));
}

#[cfg(unix)]
pub(crate) fn clings_to_life_with_its_children() {
    let desk = Desk::new();
    let mut spec = desk.spec([Tool::new("a")]);
    spec.end = End { ignores_eof: true, ignores_signals: true };
    spec.children = vec![Child { own_session: true, ignores_signals: true, ..Child::default() }, Child::default()];
    let mut client = client(&spec, Era::Legacy);
    let pid = client.id();
    assert_eq!(desk.book().marked(Mark::Started)[0].pid, pid, "a deaf server keeps its process id");
    let children = desk.children(2);
    client.hang_up();
    crate::process::until("the end of its input", || !desk.book().marked(Mark::Eof).is_empty());
    crate::client::signal(pid, "TERM");
    assert!(crate::process::lives(pid));
    client.killed();
    for child in children {
        assert!(crate::process::lives(child));
        crate::client::signal(child, "KILL");
    }
}
