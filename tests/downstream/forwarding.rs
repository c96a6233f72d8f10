//! Direct calls: what the server answers arrives as it is, in order, and what
//! the client wants arrives there.

use std::time::Duration;

use sequitur::base::{Clock as _, SystemClock};
use serde_json::{Value, json};

use crate::client::{Client, Era};
use crate::gateway::{Gateway, others_are_well};
use crate::ledger::{Act, Answer, Change, Mark, Spec, Start, Tool, most_at_once};
use crate::process::until;

/// Everything that a result may have, and more.
fn rich_result() -> Value {
    json!({
        "content": [
            {"type": "text", "text": "one", "annotations": {"audience": ["user"], "priority": 0.25}, "_meta": {"a/b": 1}},
            {"type": "image", "data": "aGk=", "mimeType": "image/png"},
            {"type": "audio", "data": "aGk=", "mimeType": "audio/wav", "later": {"field": [1, null]}},
            {"type": "resource_link", "uri": "file:///x", "name": "x", "size": 3},
            {"type": "resource", "resource": {"uri": "mem://y", "text": "y", "unknown": true}},
            {"type": "smell", "intensity": 12_345_678_901_234_567_890_u64, "ratio": 1e-7, "exact": 0.1},
        ],
        "structuredContent": {"zeta": 1, "alpha": [{"n": 1.0}, 9_007_199_254_740_993_i64], "empty": {}},
        "_meta": {"example.org/trace": {"id": "t"}},
        "surprise": {"of": ["another", "revision"]},
    })
}

/// Without what every answer of ours carries.
fn stripped(mut result: Value, era: Era) -> Value {
    let members = result.as_object_mut().unwrap();
    if era == Era::Modern {
        assert_eq!(members.remove("resultType"), Some(json!("complete")));
    }
    let meta = members["_meta"].as_object_mut().unwrap();
    meta.retain(|name, _| !name.starts_with("sequitur/"));
    result
}

pub(crate) fn a_result_passes_untouched() {
    for (era, failed) in [(Era::Legacy, false), (Era::Modern, false), (Era::Legacy, true)] {
        let mut gateway = Gateway::new();
        let mut result = rich_result();
        result["isError"] = json!(failed);
        let spec = gateway.spec("shop", [Tool::new("show").answers(result.clone())]);
        gateway.add_with("shop", &spec, json!({"next_steps": "off"}));
        gateway.add("talks", spec.entry());
        let mut client = gateway.serve_in(era);
        let answered = client.call("shop__show", &json!({}));
        let answered = stripped(answered, era);
        for (member, value) in result.as_object().unwrap() {
            assert_eq!(answered[member].to_string(), value.to_string(), "byte by byte");
        }
        assert_eq!(answered, result, "and nothing more");
        // Suggestions come as one more block of text and beside the result.
        let mut beside = client.call("talks__show", &json!({}));
        let content = beside["content"].as_array_mut().unwrap();
        assert!(content.len() <= 7, "{content:?}");
        for more in content.drain(6..) {
            assert_eq!(more["type"], "text");
            assert!(more["text"].as_str().unwrap().len() <= 600);
        }
        assert_eq!(stripped(beside, era), result);
        client.leave();
    }
}

pub(crate) fn arguments_arrive_untouched_and_without_a_key() {
    let mut gateway = Gateway::new();
    let spec = gateway.spec("shop", [Tool::new("buy")]);
    gateway.add("shop", spec.entry());
    let mut client = gateway.serve();
    let arguments = json!({"zeta": 1.0, "alpha": {"deep": [null, true, 1e300]}, "text": "${HOME} {{ x }}"});
    let result = client.call("shop__buy", &arguments);
    assert_eq!(result["structuredContent"]["echo"].to_string(), arguments.to_string());
    let effects = gateway.book().of("buy", Mark::Effect);
    assert_eq!(effects.len(), 1);
    assert_eq!((&effects[0].key, effects[0].arguments.to_string()), (&None, arguments.to_string()));
    client.leave();
}

pub(crate) fn progress_comes_in_order_and_before_the_answer() {
    let mut gateway = Gateway::new();
    let spec =
        gateway.spec("shop", [Tool::new("work").does([Act::Progress { reports: 50 }, Act::Answer(Answer::Echo)])]);
    gateway.add("shop", spec.entry());
    for era in [Era::Legacy, Era::Modern] {
        let mut client = gateway.serve_in(era);
        for round in 0..5 {
            let token = format!("round {round}");
            let call = json!({"name": "shop__work", "arguments": {}, "_meta": {"progressToken": token}});
            let id = client.request("tools/call", call);
            let answer = client.answer(id);
            assert_eq!(answer["result"]["isError"], false, "{answer}");
            let reports = std::mem::take(&mut client.notifications);
            let reports: Vec<&Value> = reports
                .iter()
                .filter(|one| one["method"] == "notifications/progress")
                .map(|one| &one["params"])
                .collect();
            // As percentages, with a last one at the end.
            let counted: Vec<f64> = reports.iter().map(|report| report["progress"].as_f64().unwrap()).collect();
            assert!(counted.is_sorted_by(|one, next| one < next), "{counted:?}");
            assert!(reports.iter().all(|report| report["progressToken"] == token && report["total"] == 100.0));
            let told: Vec<&str> = reports.iter().filter_map(|report| report["message"].as_str()).collect();
            let told: Vec<String> = (1..=50)
                .map(|n| format!("{n} of 50"))
                .filter(|message| told.iter().any(|told| told.contains(message.as_str())))
                .collect();
            assert_eq!(told.len(), 50, "{reports:?}");
        }
        client.leave();
        assert!(!gateway.book().read().is_empty());
    }
}

pub(crate) fn a_cancelled_call_is_cancelled_at_the_server() {
    let mut gateway = Gateway::with_a_healthy_one();
    let waits = |gateway: &Gateway| [Act::Until(gateway.file("go")), Act::Effect, Act::Answer(Answer::Echo)];
    let spec = gateway.spec(
        "shop",
        [
            Tool::new("buy").does(waits(&gateway)),
            Tool::new("deaf").does(waits(&gateway)).deaf_to_cancel(),
            Tool::new("look").reads(),
        ],
    );
    gateway.add("shop", spec.entry());
    for era in [Era::Legacy, Era::Modern] {
        let mut client = gateway.serve_in(era);
        client.tools();
        let before = gateway.book().marked(Mark::Cancel).len();
        for tool in ["shop__buy", "shop__deaf"] {
            let begun = gateway.book().marked(Mark::Begin).len();
            let id = client.request("tools/call", json!({"name": tool, "arguments": {}}));
            until("the call", || gateway.book().marked(Mark::Begin).len() > begun);
            let cancel = json!({"jsonrpc": "2.0", "method": "notifications/cancelled",
                                "params": {"requestId": id, "reason": "enough"}});
            client.send(&cancel);
        }
        until("the cancellations", || gateway.book().marked(Mark::Cancel).len() == before + 2);
        others_are_well(&mut client);
        // The late answer finds nobody, and harms nobody.
        let answered = gateway.book().of("deaf", Mark::Answer).len();
        gateway.tell("go");
        until("the late answer", || gateway.book().of("deaf", Mark::Answer).len() > answered);
        assert_eq!(client.call("shop__look", &json!({"n": 1}))["structuredContent"]["echo"]["n"], 1);
        std::fs::remove_file(gateway.file("go")).unwrap();
        client.leave();
    }
    assert!(gateway.book().of("buy", Mark::Effect).is_empty());
}

pub(crate) fn a_server_gets_no_more_calls_at_once_than_it_may() {
    let mut gateway = Gateway::with_a_healthy_one();
    let spec = gateway
        .spec("shop", [Tool::new("work").reads().does([Act::Wait { ms: 15 }, Act::Effect, Act::Answer(Answer::Echo)])]);
    gateway.add_with("shop", &spec, json!({"max_concurrent_tasks": 3}));
    let step = |n: usize| json!({"step_id": format!("s{n}"), "tool": "shop__work", "depends_on": []});
    gateway.template("wide", &(0..20).map(step).collect::<Vec<_>>());
    let mut client = gateway.serve();
    client.strict = false;
    client.tools();
    let run = json!({"name": "execute_workflow", "arguments": {"template_id": "wide"}});
    let mut ids = vec![client.request("tools/call", run)];
    let call = json!({"name": "shop__work", "arguments": {}});
    ids.extend((0..20).map(|_| client.request("tools/call", call.clone())));
    while !ids.is_empty() {
        let message = client.next().unwrap();
        if let Some(at) = ids.iter().position(|id| message["id"] == *id) {
            assert_eq!(message["result"]["isError"], false, "{message}");
            ids.swap_remove(at);
        }
    }
    let lines = gateway.book().read();
    assert_eq!(gateway.book().of("work", Mark::Effect).len(), 40);
    assert_eq!(most_at_once(&lines), 3);
    client.leave();
}

pub(crate) fn calls_are_answered_as_they_are_done_not_as_they_came() {
    let mut gateway = Gateway::new();
    let spec = Spec { reversed: 8, ..gateway.spec("shop", [Tool::new("work")]) };
    gateway.add("shop", spec.entry());
    let mut client = gateway.serve();
    client.strict = false;
    client.tools();
    let call = |n: usize| json!({"name": "shop__work", "arguments": {"n": n}});
    let ids: Vec<i64> = (0..8).map(|n| client.request("tools/call", call(n))).collect();
    for _ in 0..8 {
        let answer = client.next().unwrap();
        let n = answer["result"]["structuredContent"]["echo"]["n"].as_u64().unwrap();
        assert_eq!(answer["id"], ids[usize::try_from(n).unwrap()], "each answer belongs to its call");
    }
    client.leave();
}

pub(crate) fn the_list_is_there_at_once_from_the_second_start_on() {
    let mut gateway = Gateway::with_a_healthy_one();
    let mut spec = gateway.spec("shop", [Tool::new("buy")]);
    spec.start = Start { until: Some(gateway.file("awake")), ..Start::default() };
    gateway.add("shop", spec.entry());
    gateway.tell("awake");
    let mut first = gateway.serve();
    let tools = first.tools();
    assert!(tools.contains(&"shop__buy".to_owned()), "{tools:?}");
    first.leave();

    std::fs::remove_file(gateway.file("awake")).unwrap();
    let mut second = gateway.serve();
    let clock = SystemClock::new();
    assert_eq!(second.tools(), tools, "the same, in the same order");
    assert!(clock.monotonic() < Duration::from_secs(1), "{:?}", clock.monotonic());
    let id = second.request("tools/call", json!({"name": "shop__buy", "arguments": {"n": 1}}));
    second.strict = false;
    others_are_well(&mut second);
    gateway.tell("awake");
    assert_eq!(second.answer(id)["result"]["structuredContent"]["echo"]["n"], 1);
    second.leave();
}

pub(crate) fn a_server_that_says_its_tools_changed_is_listed_anew() {
    let mut gateway = Gateway::with_a_healthy_one();
    let mut spec = gateway.spec("shop", [Tool::new("buy")]);
    spec.change = Some(Change {
        when: Some(gateway.file("change")),
        tools: vec![Tool::new("buy"), Tool::new("sell")],
        told: true,
        ..Change::default()
    });
    gateway.add("shop", spec.entry());
    for era in [Era::Legacy, Era::Modern] {
        let mut client = gateway.serve_in(era);
        if era == Era::Modern {
            client.request("subscriptions/listen", json!({"notifications": {"toolsListChanged": true}}));
        }
        let before = client.tools();
        assert!(before.contains(&"shop__buy".to_owned()) && !before.contains(&"shop__sell".to_owned()), "{before:?}");
        // It is not started for a list that is known already.
        client.call("shop__buy", &json!({}));
        gateway.tell("change");
        until("the new tool", || client.tools().contains(&"shop__sell".to_owned()));
        let told = |client: &Client| {
            client.notifications.iter().any(|one| one["method"] == "notifications/tools/list_changed")
        };
        until("that the list changed", || {
            client.tools();
            told(&client)
        });
        assert_eq!(client.call("shop__sell", &json!({"n": 2}))["structuredContent"]["echo"]["n"], 2);
        client.leave();
        std::fs::remove_file(gateway.file("change")).unwrap();
        std::fs::remove_dir_all(gateway.place.data()).unwrap();
    }
}

pub(crate) fn a_list_of_many_pages_is_read_to_its_end() {
    let mut gateway = Gateway::new();
    let tools: Vec<Tool> = (0..45).map(|n| Tool::new(&format!("tool_{n:02}"))).collect();
    let spec = Spec { page: 10, ..gateway.spec("shop", tools) };
    gateway.add("shop", spec.entry());
    let mut client = gateway.serve();
    let listed = client.tools();
    let ours: Vec<&String> = listed.iter().filter(|name| name.starts_with("shop__")).collect();
    assert_eq!((ours.len(), ours[0].as_str(), ours[44].as_str()), (45, "shop__tool_00", "shop__tool_44"));
    client.leave();
}
