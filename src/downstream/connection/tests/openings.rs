//! How sessions begin, and how they fail to.

use super::*;
use crate::base::ErrorKind;

#[tokio::test(start_paused = true)]
async fn a_server_of_the_legacy_era_is_found_out_and_greeted() {
    let (opening, mut server, _) = meet();
    let play = async {
        let probe = server.next().await;
        assert_eq!(probe["method"], "server/discover");
        assert_eq!(probe["params"]["_meta"]["io.modelcontextprotocol/protocolVersion"], "2026-07-28");
        server.refuse(&probe["id"], -32_601, "Method not found").await;
        let hello = server.next().await;
        assert_eq!(
            hello["params"],
            json!({
                "protocolVersion": "2025-11-25",
                "capabilities": {},
                "clientInfo": {"name": "sequitur", "title": "Sequitur", "version": "9.9"},
            })
        );
        server.answer(&hello["id"], legacy_hello()).await;
        server.asked("notifications/initialized").await;
    };
    let (connection, ()) = tokio::join!(Connection::open(opening), play);
    let connection = connection.unwrap();
    assert_eq!(connection.era(), Era::Legacy);
    assert_eq!(connection.server_info(), ("played", "1.2"));
    assert_eq!(connection.instructions(), Some("Use it."));
    assert!(!connection.is_closed());
}

#[tokio::test(start_paused = true)]
async fn a_server_of_the_modern_era_is_not_greeted_and_gets_the_context_with_every_request() {
    let (connection, mut server) = modern().await;
    assert_eq!(connection.era(), Era::Modern);
    assert_eq!(connection.server_info(), ("played", "2.0"));
    let context = json!({
        "io.modelcontextprotocol/protocolVersion": "2026-07-28",
        "io.modelcontextprotocol/clientInfo": {"name": "sequitur", "title": "Sequitur", "version": "9.9"},
        "io.modelcontextprotocol/clientCapabilities": {},
    });
    let play = async {
        let asked = server.next().await;
        assert_eq!(asked["params"], json!({"name": "t", "arguments": {}, "_meta": context}));
        server.answer(&asked["id"], json!({"resultType": "complete", "content": []})).await;
        let asked = server.next().await;
        assert_eq!(asked["params"], json!({"_meta": context}));
        server.answer(&asked["id"], json!({"resultType": "complete", "tools": []})).await;
    };
    let ask = async {
        assert_eq!(call(&connection, "t").await.unwrap().extra, Object::new());
        assert_eq!(connection.tools(Duration::from_secs(1)).await, Ok(vec![]));
    };
    tokio::join!(ask, play);
}

#[tokio::test(start_paused = true)]
async fn a_server_known_to_be_legacy_is_greeted_at_once() {
    let (opening, mut server, _) = meet();
    let opening = Opening { era: Some(Era::Legacy), ..opening };
    let (connection, ()) = tokio::join!(Connection::open(opening), server.initialize());
    assert_eq!(connection.unwrap().era(), Era::Legacy);
}

#[tokio::test(start_paused = true)]
async fn a_server_that_became_modern_is_found_out_when_it_refuses_the_greeting() {
    let (opening, mut server, _) = meet();
    let opening = Opening { era: Some(Era::Legacy), ..opening };
    let play = async {
        let id = server.asked("initialize").await;
        server.refuse(&id, -32_601, "Method not found").await;
        server.start_modern(&json!({})).await;
    };
    let (connection, ()) = tokio::join!(Connection::open(opening), play);
    assert_eq!(connection.unwrap().era(), Era::Modern);
}

#[tokio::test(start_paused = true)]
async fn a_server_that_became_legacy_is_greeted_after_it_refuses_the_probe() {
    let (opening, mut server, _) = meet();
    let opening = Opening { era: Some(Era::Modern), ..opening };
    let (connection, ()) = tokio::join!(Connection::open(opening), server.start_legacy());
    assert_eq!(connection.unwrap().era(), Era::Legacy);
}

#[tokio::test(start_paused = true)]
async fn a_probe_that_is_not_answered_is_given_up_and_its_late_answer_disturbs_nothing() {
    let (opening, mut server, _) = meet();
    let play = async {
        let probe = server.asked("server/discover").await;
        let hello = server.asked("initialize").await;
        // A server that was slow to start reads both now.
        server.refuse(&probe, -32_601, "Method not found").await;
        server.answer(&hello, legacy_hello()).await;
        server.asked("notifications/initialized").await;
    };
    let (connection, ()) = tokio::join!(Connection::open(opening), play);
    assert_eq!(connection.unwrap().era(), Era::Legacy);
}

#[tokio::test(start_paused = true)]
async fn a_modern_server_that_was_slow_to_start_is_asked_again() {
    let (opening, mut server, _) = meet();
    let play = async {
        let probe = server.asked("server/discover").await;
        let hello = server.asked("initialize").await;
        server.answer(&probe, modern_hello(&json!({}))).await;
        server.refuse(&hello, -32_601, "Method not found").await;
        server.start_modern(&json!({})).await;
    };
    let (connection, ()) = tokio::join!(Connection::open(opening), play);
    assert_eq!(connection.unwrap().era(), Era::Modern);
}

#[tokio::test(start_paused = true)]
async fn an_odd_answer_to_the_probe_means_the_legacy_era() {
    for odd in [
        json!({"result": {}}),
        json!({"result": modern_hello(&json!({})).as_object().map(|hello| {
            let mut hello = hello.clone();
            hello["supportedVersions"] = json!(["2025-06-18", "2025-03-26"]);
            hello
        })}),
        json!({"error": {"code": -32_022, "message": "no", "data": {"supported": ["2025-11-25"], "requested": "x"}}}),
        json!({"error": {"code": 0, "message": "Invalid request parameters"}}),
    ] {
        let (opening, mut server, _) = meet();
        let play = async {
            let id = server.asked("server/discover").await;
            let mut answer = object(json!({"jsonrpc": "2.0", "id": id}));
            answer.extend(object(odd.clone()));
            server.send(Value::Object(answer)).await;
            server.initialize().await;
        };
        let (connection, ()) = tokio::join!(Connection::open(opening), play);
        assert_eq!(connection.unwrap().era(), Era::Legacy, "{odd}");
    }
}

#[tokio::test(start_paused = true)]
async fn what_is_printed_before_and_between_messages_is_skipped() {
    let (opening, mut server, _) = meet();
    let play = async {
        server.line("Server v1 running on stdio").await;
        server.line("{\"level\":\"info\",\"message\":\"ready\",\"id\":0}").await;
        server.line("").await;
        let id = server.asked("server/discover").await;
        server.line("[warn] unknown method").await;
        server.refuse(&id, -32_601, "x").await;
        server.initialize().await;
    };
    let (connection, ()) = tokio::join!(Connection::open(opening), play);
    let connection = connection.unwrap();
    let play = async {
        let id = server.asked("tools/call").await;
        server.line("debug: called").await;
        server.line(&"deep".repeat(100)).await;
        server
            .line(&format!(
                "{{\"jsonrpc\":\"2.0\",\"method\":\"x\",\"params\":{}{}}}",
                "[".repeat(300),
                "]".repeat(300)
            ))
            .await;
        server.answer(&id, text("done")).await;
    };
    let (output, ()) = tokio::join!(call(&connection, "t"), play);
    assert_eq!(text_of(&output.unwrap()), "done");
}

#[tokio::test(start_paused = true)]
async fn what_a_server_asks_is_answered_from_the_first_moment_and_never_with_silence() {
    let (opening, mut server, _) = meet();
    let play = async {
        server.send(json!({"jsonrpc": "2.0", "id": "p", "method": "ping"})).await;
        let probe = server.asked("server/discover").await;
        assert_eq!(server.next().await, json!({"jsonrpc": "2.0", "id": "p", "result": {}}));
        server.refuse(&probe, -32_601, "x").await;
        server.initialize().await;
    };
    let (connection, ()) = tokio::join!(Connection::open(opening), play);
    let _connection = connection.unwrap();
    for method in ["elicitation/create", "sampling/createMessage", "roots/list", "later/invented"] {
        server.send(json!({"jsonrpc": "2.0", "id": 3, "method": method, "params": {"message": "?"}})).await;
        let told = format!("`{method}` is not supported by this client");
        let expected = json!({"jsonrpc": "2.0", "id": 3, "error": {"code": -32_601, "message": told}});
        assert_eq!(server.next().await, expected);
    }
}

#[tokio::test(start_paused = true)]
async fn a_version_that_nobody_knows_is_named() {
    let (opening, mut server, _) = meet();
    let play = async {
        let id = server.asked("server/discover").await;
        server.refuse(&id, -32_601, "x").await;
        let id = server.asked("initialize").await;
        let mut hello = legacy_hello();
        hello["protocolVersion"] = json!("2099-01-01");
        server.answer(&id, hello).await;
    };
    let (failure, ()) = tokio::join!(refused(opening), play);
    assert_eq!(failure.kind, ErrorKind::Conflict);
    assert_eq!(failure.message, "server `box` offers version `2099-01-01` of MCP, which is not known");
    let hint = "known are 2024-11-05, 2025-03-26, 2025-06-18, 2025-11-25, 2026-07-28: update the server, or Sequitur";
    assert_eq!(failure.hint.as_deref(), Some(hint));

    let (opening, mut server, _) = meet();
    let play = async {
        let id = server.asked("server/discover").await;
        let mut hello = modern_hello(&json!({}));
        hello["supportedVersions"] = json!(["2099-01-01"]);
        server.answer(&id, hello).await;
    };
    let (failure, ()) = tokio::join!(refused(opening), play);
    assert_eq!(failure.kind, ErrorKind::Conflict);
    assert_eq!(failure.message, "server `box` speaks no version of MCP that is known, but 2099-01-01");
}

#[tokio::test(start_paused = true)]
async fn a_server_that_ends_at_the_start_is_unavailable_and_one_that_hangs_is_a_timeout() {
    let (opening, server, _) = meet();
    drop(server);
    let failure = refused(opening).await;
    assert_eq!((failure.kind, failure.outcome_unknown), (ErrorKind::Unavailable, false));
    assert_eq!(failure.message, "server `box` ended before it was ready");

    let (opening, mut server, _) = meet();
    let play = async {
        let id = server.asked("server/discover").await;
        server.refuse(&id, -32_601, "x").await;
        server.asked("initialize").await;
        drop(server);
    };
    let (failure, ()) = tokio::join!(refused(opening), play);
    assert_eq!(failure.kind, ErrorKind::Unavailable);

    let (opening, _server, _) = meet();
    let failure = refused(opening).await;
    assert_eq!((failure.kind, failure.outcome_unknown), (ErrorKind::Timeout, false));
    assert_eq!(failure.message, "server `box` did not get ready within 30 s");
}

#[tokio::test(start_paused = true)]
async fn a_server_that_refuses_the_greeting_is_quoted() {
    let (opening, mut server, _) = meet();
    let play = async {
        let id = server.asked("server/discover").await;
        server.refuse(&id, -32_601, "x").await;
        let id = server.asked("initialize").await;
        server.refuse(&id, 401, "set API_KEY\nfirst").await;
    };
    let (failure, ()) = tokio::join!(refused(opening), play);
    assert_eq!(failure.kind, ErrorKind::Auth);
    assert_eq!(failure.message, "server `box` refused the start of a session: set API_KEY first");
}

#[tokio::test(start_paused = true)]
async fn something_that_is_no_greeting_is_told() {
    let (opening, mut server, _) = meet();
    let play = async {
        let id = server.asked("server/discover").await;
        server.refuse(&id, -32_601, "x").await;
        let id = server.asked("initialize").await;
        server.answer(&id, json!({"hello": true})).await;
    };
    let (failure, ()) = tokio::join!(refused(opening), play);
    assert_eq!(failure.kind, ErrorKind::ToolError);
    assert_eq!(failure.message, "server `box` answered the start of a session with something that cannot be read");
}

#[tokio::test(start_paused = true)]
async fn an_opening_that_fails_closes_both_pipes() {
    let (opening, mut server, _) = meet();
    assert_eq!(refused(opening).await.kind, ErrorKind::Timeout);
    while server.maybe_next().await.is_some() {}
    assert!(server.output.write_all(b"x").await.is_err());
}
