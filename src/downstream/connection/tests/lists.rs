//! Lists of tools, and being told of their changes.

use super::*;
use crate::base::ErrorKind;

const MINUTE: Duration = Duration::from_mins(1);

#[tokio::test(start_paused = true)]
async fn all_pages_are_asked_for_and_every_field_of_a_tool_is_kept() {
    let (connection, mut server) = legacy().await;
    let one = json!({
        "name": "one", "later": {"x": [1.0]}, "inputSchema": {"type": "object", "x-kind": 1},
        "annotations": {"readOnlyHint": true, "laterHint": "y"}, "icons": [{"src": "data:,"}], "execution": {},
    });
    let two = json!({"name": "two", "inputSchema": {"type": "object"}});
    let play = async {
        let asked = server.next().await;
        assert_eq!((&asked["method"], &asked["params"]), (&json!("tools/list"), &json!({})));
        server.answer(&asked["id"], json!({"tools": [one], "nextCursor": "p2"})).await;
        let asked = server.next().await;
        assert_eq!(asked["params"], json!({"cursor": "p2"}));
        server.answer(&asked["id"], json!({"tools": [], "nextCursor": "p3"})).await;
        let asked = server.next().await;
        assert_eq!(asked["params"], json!({"cursor": "p3"}));
        server.answer(&asked["id"], json!({"tools": [two], "nextCursor": ""})).await;
    };
    let (tools, ()) = tokio::join!(connection.tools(MINUTE), play);
    let tools: Vec<String> = tools.unwrap().into_iter().map(|tool| Value::Object(tool).to_string()).collect();
    assert_eq!(tools, [one.to_string(), two.to_string()]);
}

/// The failure of a list whose pages `page` makes, from 0.
async fn failure_of(page: impl Fn(usize) -> Value) -> CallFailure {
    let (connection, mut server) = legacy().await;
    let play = async {
        for n in 0.. {
            let id = server.asked("tools/list").await;
            server.answer(&id, page(n)).await;
        }
    };
    tokio::select! {
        tools = connection.tools(MINUTE) => tools.unwrap_err(),
        () = play => unreachable!(),
    }
}

#[tokio::test(start_paused = true)]
async fn a_list_that_does_not_end_is_a_failure() {
    let again = failure_of(|_| json!({"tools": [], "nextCursor": "again"})).await;
    assert_eq!(again.kind, ErrorKind::ToolError);
    assert_eq!(again.message, "server `box` lists the same page of tools again and again");
    let pages = failure_of(|n| json!({"tools": [], "nextCursor": n.to_string()})).await;
    assert_eq!(pages.kind, ErrorKind::ResultTooLarge);
    assert_eq!(pages.message, "server `box` lists more tools than are taken: 10000 tools, 100 pages, 16 MiB");
    let tools = failure_of(|n| json!({"tools": vec![json!({"name": "x"}); 4_000], "nextCursor": n.to_string()})).await;
    assert_eq!(tools.kind, ErrorKind::ResultTooLarge);
    let bytes = "x".repeat(6 << 20);
    let bytes = failure_of(|n| json!({"tools": [{"name": bytes}], "nextCursor": n.to_string()})).await;
    assert_eq!(bytes.kind, ErrorKind::ResultTooLarge);
}

#[tokio::test(start_paused = true)]
async fn a_list_that_is_none_is_a_failure() {
    for page in
        [json!([]), json!({}), json!({"tools": {}}), json!({"tools": [7]}), json!({"tools": [], "nextCursor": 7})]
    {
        let failure = failure_of(|_| page.clone()).await;
        assert_eq!(failure.message, "server `box` answered `tools/list` with something that is no list", "{page}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_server_that_hangs_over_its_list_is_told_to_stop() {
    let (connection, mut server) = legacy().await;
    let play = async {
        let id = server.asked("tools/list").await;
        let told = server.next().await;
        assert_eq!((&told["method"], &told["params"]["requestId"]), (&json!("notifications/cancelled"), &id));
    };
    let (failure, ()) = tokio::join!(connection.tools(MINUTE), play);
    let failure = failure.unwrap_err();
    assert_eq!((failure.kind, failure.outcome_unknown), (ErrorKind::Timeout, false));
    assert_eq!(failure.message, "server `box` did not list its tools within 60 s");
}

#[tokio::test(start_paused = true)]
async fn a_server_without_tools_has_an_empty_list() {
    let (opening, mut server, _) = meet();
    let play = async {
        server.start_modern(&json!({"prompts": {}})).await;
        let id = server.asked("tools/list").await;
        server.refuse(&id, -32_601, "Method not found").await;
    };
    let ask = async { Connection::open(opening).await.unwrap().tools(MINUTE).await };
    let (tools, ()) = tokio::join!(ask, play);
    assert_eq!(tools, Ok(vec![]));
    // One that says it has tools has to have a list.
    let (connection, mut server) = legacy().await;
    let play = async {
        let id = server.asked("tools/list").await;
        server.refuse(&id, -32_601, "Method not found").await;
    };
    let (tools, ()) = tokio::join!(connection.tools(MINUTE), play);
    assert_eq!(tools.unwrap_err().kind, ErrorKind::NotFound);
}

#[tokio::test(start_paused = true)]
async fn a_legacy_server_tells_of_changes_by_itself() {
    let (opening, mut server, changes) = meet();
    let (connection, ()) = tokio::join!(Connection::open(opening), server.start_legacy());
    let _connection = connection.unwrap();
    server.notify("notifications/tools/list_changed", json!({})).await;
    server.line(r#"{"jsonrpc":"2.0","method":"notifications/tools/list_changed"}"#).await;
    server.notify("notifications/prompts/list_changed", json!({})).await;
    server.notify("notifications/message", json!({"level": "info", "data": {"x": 1}})).await;
    tokio::time::sleep(Duration::from_secs(1)).await;
    assert_eq!(changes.load(Ordering::SeqCst), 2);
}

#[tokio::test(start_paused = true)]
async fn a_modern_server_is_subscribed_to_and_again_when_the_subscription_ends() {
    let (opening, mut server, changes) = meet();
    let offer = json!({"tools": {"listChanged": true}});
    let (connection, ()) = tokio::join!(Connection::open(opening), server.start_modern(&offer));
    let connection = connection.unwrap();
    for round in 1..=3 {
        let asked = server.next().await;
        assert_eq!(asked["method"], "subscriptions/listen");
        assert_eq!(asked["params"]["notifications"], json!({"toolsListChanged": true}));
        let meta = json!({"io.modelcontextprotocol/subscriptionId": asked["id"]});
        let accepted = json!({"notifications": {"toolsListChanged": true}, "_meta": meta});
        server.notify("notifications/subscriptions/acknowledged", accepted).await;
        server.notify("notifications/tools/list_changed", json!({"_meta": meta})).await;
        tokio::time::sleep(Duration::from_millis(1)).await;
        // One for the change, one for what may have changed between two subscriptions.
        assert_eq!(changes.load(Ordering::SeqCst), 2 * round - 1);
        server.answer(&asked["id"], json!({"resultType": "complete", "_meta": meta})).await;
    }
    server.asked("subscriptions/listen").await;
    connection.close().await;
    assert_eq!(changes.load(Ordering::SeqCst), 6);
}

#[tokio::test(start_paused = true)]
async fn a_modern_server_without_subscriptions_is_not_asked_twice() {
    let (opening, mut server, changes) = meet();
    let offer = json!({"tools": {"listChanged": true}});
    let (connection, ()) = tokio::join!(Connection::open(opening), server.start_modern(&offer));
    let connection = connection.unwrap();
    let id = server.asked("subscriptions/listen").await;
    server.refuse(&id, -32_601, "Method not found").await;
    let play = async {
        let id = server.asked("tools/call").await;
        server.answer(&id, json!({"content": []})).await;
    };
    tokio::time::sleep(MINUTE).await;
    let (output, ()) = tokio::join!(call(&connection, "t"), play);
    assert!(output.is_ok());
    assert_eq!(changes.load(Ordering::SeqCst), 0);
}
