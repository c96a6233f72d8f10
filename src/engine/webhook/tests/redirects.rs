//! Redirects: within the service that was asked for, and not beyond.

use std::sync::Arc;

use serde_json::json;

use super::{KEY, Names, Server, answer, object, send, webhooks};
use crate::base::ErrorKind;

fn redirect(status: &str, location: &str) -> String {
    answer(status, &format!("Location: {location}\r\n"), "")
}

fn first_lines(asked: &[String]) -> Vec<&str> {
    asked.iter().map(|request| request.lines().next().unwrap_or_default()).collect()
}

#[tokio::test]
async fn the_same_service_is_followed() {
    let server = Server::answering([
        redirect("307 Temporary Redirect", "/second"),
        redirect("303 See Other", "third"),
        answer("200 OK", "", "here"),
    ])
    .await;
    let request = json!({"url": server.url("/first"), "body": {"a": 1}, "headers": {"x": "y"}});
    assert_eq!(send(request).await.expect("followed")["body"], json!("here"));
    let asked = server.asked().await;
    assert_eq!(first_lines(&asked), ["POST /first HTTP/1.1", "POST /second HTTP/1.1", "GET /third HTTP/1.1"]);
    assert!(asked[1].ends_with("{\"a\":1}") && asked[1].contains("idempotency-key: key-1\r\n"));
    assert!(asked[2].contains("x: y\r\n") && !asked[2].contains("content-type"));
}

#[tokio::test]
async fn a_post_that_was_moved_is_asked_for_as_every_client_does() {
    for (status, method, line) in [
        ("301 Moved Permanently", "POST", "GET /b HTTP/1.1"),
        ("302 Found", "POST", "GET /b HTTP/1.1"),
        ("302 Found", "PUT", "PUT /b HTTP/1.1"),
        ("308 Permanent Redirect", "POST", "POST /b HTTP/1.1"),
    ] {
        let server = Server::answering([redirect(status, "/b"), answer("200 OK", "", "")]).await;
        send(json!({"url": server.url("/a"), "method": method, "body": "x"})).await.expect("followed");
        assert_eq!(first_lines(&server.asked().await)[1], line, "{status} {method}");
    }
}

#[tokio::test]
async fn another_host_port_or_scheme_is_not_followed() {
    for (location, told) in [
        ("http://other.example.com/", "to another host, `other.example.com`"),
        ("//169.254.169.254/latest", "to another host, `169.254.169.254`"),
        ("http://2130706433/", "to another host, `127.0.0.1`"),
        ("http://hooks.example.com:8081/", "to another service of its host, port 8081"),
        ("https://hooks.example.com/", "to another service of its host, port 443"),
        ("ftp://hooks.example.com/", "to what is no URL"),
    ] {
        let server = Server::answering([redirect("302 Found", location)]).await;
        let names = Arc::new(Names::default().with("hooks.example.com", &[&["1.1.1.1"]]).leading_to(server.address));
        let webhooks = webhooks(&["hooks.example.com", "other.example.com"]).with_network(Arc::clone(&names) as _);
        let request = object(json!({"url": "http://hooks.example.com:8080/"}));
        let failure = webhooks.send(&request, KEY, None).await.expect_err(location);
        assert_eq!(failure.message, format!("`hooks.example.com:8080` redirects {told}, which is not followed"));
        assert_eq!((failure.kind, failure.outcome_unknown), (ErrorKind::ToolError, false));
        assert_eq!(names.dialled(), ["1.1.1.1:8080"]);
    }
}

#[tokio::test]
async fn every_hop_goes_to_the_address_that_was_checked() {
    let server = Server::answering([redirect("307 Temporary Redirect", "/b"), answer("200 OK", "", "")]).await;
    let names = Names::default().with("hooks.example.com", &[&["1.1.1.1"], &["127.0.0.1"]]).leading_to(server.address);
    let names = Arc::new(names);
    let webhooks = webhooks(&["hooks.example.com"]).with_network(Arc::clone(&names) as _);
    webhooks.send(&object(json!({"url": "http://hooks.example.com/"})), KEY, None).await.expect("followed");
    assert_eq!(names.dialled(), ["1.1.1.1:80", "1.1.1.1:80"]);
}

#[tokio::test]
async fn an_expected_redirect_is_the_answer() {
    let server = Server::answering([redirect("302 Found", "/b")]).await;
    let result = send(json!({"url": server.url("/a"), "expect_status": 302})).await.expect("taken");
    assert_eq!(result["headers"]["location"], json!("/b"));
}

#[tokio::test]
async fn a_circle_ends() {
    let server = Server::answering((0..6).map(|_| redirect("307 Temporary Redirect", "/"))).await;
    let failure = send(json!({"url": server.url("/")})).await.expect_err("a circle");
    assert_eq!(failure.message, format!("`{}` redirects more than 5 times", server.address));
}
