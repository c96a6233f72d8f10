//! What goes out, and what comes back as a result or a failure.

use std::time::Duration;

use serde_json::{Value, json};

use super::{Server, answer, send};
use crate::base::ErrorKind;
use crate::contract::CallFailure;

/// A request as the server saw it.
async fn seen(mut request: Value) -> String {
    let server = Server::answering([answer("200 OK", "", "")]).await;
    request["url"] = json!(server.url("/hook?a=b"));
    let host = server.address.to_string();
    send(request).await.expect("answered");
    server.asked().await.remove(0).replace(&host, "HOST").replace(env!("CARGO_PKG_VERSION"), "VERSION")
}

async fn answered(answer: impl AsRef<[u8]>) -> Result<Value, CallFailure> {
    answered_to(json!({}), answer).await
}

async fn answered_to(mut request: Value, answer: impl AsRef<[u8]>) -> Result<Value, CallFailure> {
    let server = Server::answering([answer]).await;
    request["url"] = json!(server.url("/"));
    send(request).await.map_err(|failure| CallFailure {
        message: failure.message.replace(&server.address.to_string(), "HOST"),
        ..failure
    })
}

#[tokio::test]
async fn a_post_of_json_carries_the_key() {
    assert_eq!(
        seen(json!({"body": {"text": "ü", "n": 1}, "headers": {"X-Count": 2, "authorization": "Bearer x"}})).await,
        "POST /hook?a=b HTTP/1.1\r\nuser-agent: sequitur/VERSION\r\ncontent-type: application/json\r\nidempotency-key: key-1\r\n\
         x-count: 2\r\nauthorization: Bearer x\r\nhost: HOST\r\ncontent-length: 19\r\n\r\n{\"text\":\"ü\",\"n\":1}"
    );
}

#[tokio::test]
async fn a_body_of_text_goes_as_it_is_and_headers_of_the_author_win() {
    let request = seen(json!({
        "method": "PUT", "body": "<a/>", "headers": {"Content-Type": "text/xml", "Idempotency-Key": "mine", "User-Agent": "me"},
    }))
    .await;
    assert_eq!(
        request,
        "PUT /hook?a=b HTTP/1.1\r\nuser-agent: me\r\ncontent-type: text/xml\r\nidempotency-key: mine\r\nhost: HOST\r\n\
         content-length: 4\r\n\r\n<a/>"
    );
    assert!(seen(json!({"body": "x"})).await.contains("content-type: text/plain; charset=utf-8\r\n"));
    assert!(seen(json!({"body": null})).await.ends_with("content-length: 4\r\n\r\nnull"));
    assert!(seen(json!({"method": "POST"})).await.contains("content-length: 0\r\n"));
    assert!(!seen(json!({"method": "GET"})).await.contains("content-"));
}

#[tokio::test]
async fn a_result_has_status_headers_and_body() {
    let told =
        answer("201 Created", "Content-Type: application/json; charset=utf-8\r\nX-A: 1\r\nx-a: 2\r\n", "{\"id\": 7}");
    assert_eq!(
        answered(told).await.expect("taken"),
        json!({"status": 201, "headers": {"content-type": "application/json; charset=utf-8", "x-a": "1, 2", "content-length": "9"}, "body": {"id": 7}})
    );
}

#[tokio::test]
async fn a_body_is_json_text_bytes_or_nothing() {
    for (headers, body, expected) in [
        ("content-type: application/problem+json\r\n", "[1]", json!([1])),
        ("content-type: application/json\r\n", "{broken", json!("{broken")),
        ("content-type: text/html\r\n", "[1]", json!("[1]")),
        ("", "[1]", json!("[1]")),
        ("", "", Value::Null),
        ("content-encoding: gzip\r\n", "zip", json!({"base64": "emlw"})),
    ] {
        let result = answered(answer("200 OK", headers, body)).await.expect("taken");
        assert_eq!(result["body"], expected, "{headers}{body}");
    }
    let result = answered(b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\n\xff\x00".as_slice()).await.expect("taken");
    assert_eq!(result["body"], json!({"base64": "/wA="}));
    let chunked = "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n";
    assert_eq!(answered(chunked).await.expect("taken")["body"], json!("abc"));
    let until_the_end = "HTTP/1.1 200 OK\r\n\r\nto the end";
    assert_eq!(answered(until_the_end).await.expect("taken")["body"], json!("to the end"));
}

#[tokio::test]
async fn each_status_has_its_kind() {
    for (status, kind) in [
        ("400 Bad Request", ErrorKind::InvalidInput),
        ("401 Unauthorized", ErrorKind::Auth),
        ("403 Forbidden", ErrorKind::Auth),
        ("404 Not Found", ErrorKind::NotFound),
        ("408 Request Timeout", ErrorKind::Timeout),
        ("409 Conflict", ErrorKind::Conflict),
        ("410 Gone", ErrorKind::NotFound),
        ("422 Unprocessable Entity", ErrorKind::InvalidInput),
        ("429 Too Many Requests", ErrorKind::RateLimited),
        ("500 Internal Server Error", ErrorKind::ToolError),
        ("502 Bad Gateway", ErrorKind::Unavailable),
        ("503 Service Unavailable", ErrorKind::Unavailable),
        ("504 Gateway Timeout", ErrorKind::Timeout),
        ("304 Not Modified", ErrorKind::ToolError),
    ] {
        let failure = answered(answer(status, "", "")).await.expect_err(status);
        assert_eq!((failure.kind, failure.outcome_unknown), (kind, false), "{status}");
        assert_eq!(failure.message, format!("`HOST` answered {status}"));
    }
    let failure = answered(answer("400 Bad Request", "", "no\u{7} such field\r\n")).await.expect_err("400");
    assert_eq!(failure.message, "`HOST` answered 400 Bad Request: no such field");
}

#[tokio::test]
async fn a_wish_to_wait_is_passed_on() {
    // The test's clock stands at 2023-11-14T22:13:20Z.
    for (wish, expected) in [
        ("120", Some(120)),
        ("Tue, 14 Nov 2023 22:14:20 GMT", Some(60)),
        ("Tue, 14 Nov 2023 22:00:00 GMT", Some(0)),
        ("soon", None),
        ("-1", None),
        ("Tue, 14 Nov 2023 22:14:20 CET", None),
    ] {
        let failure =
            answered(answer("429 Too Many Requests", &format!("Retry-After: {wish}\r\n"), "")).await.expect_err("429");
        assert_eq!(failure.retry_after, expected.map(Duration::from_secs), "{wish}");
        assert_eq!(failure.kind, ErrorKind::RateLimited);
    }
}

#[tokio::test]
async fn what_counts_as_success_can_be_said() {
    for (expect, status, taken) in [
        (json!(204), "204 No Content", true),
        (json!(204), "200 OK", false),
        (json!([200, 404]), "404 Not Found", true),
        (json!("200-404"), "302 Found", true),
        (json!("500"), "500 Internal Server Error", true),
        (Value::Null, "299 Whatever", true),
        (Value::Null, "300 Whatever", false),
    ] {
        let ended = answered_to(json!({"expect_status": expect}), answer(status, "", "")).await;
        assert_eq!(ended.is_ok(), taken, "{expect} {status}");
    }
}

#[tokio::test]
async fn a_request_that_is_wrong_is_told_without_what_it_holds() {
    for (request, told) in [
        (json!({"method": "TRACE"}), "`method` is none of GET, POST, PUT, PATCH and DELETE"),
        (json!({"url": null}), "`url` is no text"),
        (json!({"headers": {"Host": "x"}}), "the header `Host` belongs to the connection and cannot be set"),
        (
            json!({"headers": {"transfer-encoding": "chunked"}}),
            "the header `transfer-encoding` belongs to the connection and cannot be set",
        ),
        (json!({"headers": {"a b": "x"}}), "`a b` is no header's name"),
        (
            json!({"headers": {"x": "secret\r\ny: z"}}),
            "the header `x` holds a line break or another character that no header has",
        ),
        (json!({"headers": {"x": ["secret"]}}), "the header `x` is neither text nor a number"),
        (json!({"headers": "x: secret"}), "`headers` is no mapping"),
        (json!({"expect_status": 20}), "`expect_status` is no status, list of statuses or range as \"200-299\""),
        (json!({"expect_status": []}), "`expect_status` is no status, list of statuses or range as \"200-299\""),
    ] {
        let mut request = request;
        if request.get("url").is_none() {
            request["url"] = json!("http://127.0.0.1:9/");
        }
        let failure = send(request.clone()).await.expect_err(told);
        assert_eq!(failure.message, format!("the webhook's request is wrong: {told}"));
        assert_eq!(failure.kind, ErrorKind::InvalidInput);
        assert!(!failure.to_string().contains("secret"));
    }
}
