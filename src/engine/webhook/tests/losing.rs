//! Requests without an answer: what is known of them, and when nothing is.

use std::io;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use futures::FutureExt as _;
use futures::future::BoxFuture;
use serde_json::json;
use tokio::io::DuplexStream;
use tokio::net::TcpListener;
use tokio::sync::Mutex;

use super::{KEY, Server, answer, object, send, webhooks};
use crate::base::ErrorKind;
use crate::contract::CallFailure;
use crate::engine::webhook::exchange::BODY_LIMIT;
use crate::engine::webhook::{Network, Stream};

/// What an answer, sent as it is before the connection closes, comes to.
async fn ended(answer: &str) -> CallFailure {
    let server = Server::answering([answer]).await;
    let failure = send(json!({"url": server.url("/")})).await.expect_err("no whole answer");
    CallFailure { message: failure.message.replace(&server.address.to_string(), "HOST"), ..failure }
}

#[tokio::test]
async fn nobody_listening_is_unavailable_and_nothing_was_sent() {
    let free = TcpListener::bind("127.0.0.1:0").await.expect("binds").local_addr().expect("bound");
    let failure = send(json!({"url": format!("http://{free}/")})).await.expect_err("refused");
    assert_eq!((failure.kind, failure.outcome_unknown), (ErrorKind::Unavailable, false));
    assert!(failure.message.starts_with(&format!("`{free}` cannot be reached: ")), "{}", failure.message);
}

#[tokio::test]
async fn a_connection_closed_without_a_whole_answer_leaves_the_outcome_unknown() {
    for answer in [
        "",
        "HTTP/1.1 200",
        "HTTP/1.1 200 OK\r\ncontent-length: 10\r\n\r\nhalf",
        "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n5\r\nhal",
        "not HTTP at all\r\n\r\n",
    ] {
        let failure = ended(answer).await;
        assert_eq!((failure.kind, failure.outcome_unknown), (ErrorKind::Unavailable, true), "{answer}");
        assert!(failure.message.starts_with("`HOST` did not answer: "), "{}", failure.message);
    }
}

#[tokio::test]
async fn an_answer_has_a_limit() {
    let whole = answer("200 OK", "", &"x".repeat(BODY_LIMIT));
    let server = Server::answering([whole]).await;
    let result = send(json!({"url": server.url("/")})).await.expect("at the limit");
    assert_eq!(result["body"].as_str().map(str::len), Some(BODY_LIMIT));

    let failure = ended(&answer("200 OK", "", &"x".repeat(BODY_LIMIT + 1))).await;
    assert_eq!((failure.kind, failure.outcome_unknown), (ErrorKind::ResultTooLarge, false));
    // Without a length it is counted while it comes.
    let failure = ended(&format!("HTTP/1.1 200 OK\r\n\r\n{}", "x".repeat(BODY_LIMIT + 1))).await;
    assert_eq!(failure.message, format!("`HOST` answered more than {BODY_LIMIT} bytes"));
    // Headers have one too.
    let failure = ended(&format!("HTTP/1.1 200 OK\r\nx: {}\r\n\r\n", "x".repeat(400_000))).await;
    assert_eq!((failure.kind, failure.outcome_unknown), (ErrorKind::Unavailable, true));
}

/// What happens to connections.
#[derive(Default)]
struct Silent {
    /// The addresses of `silent.example.com`.
    addresses: Vec<IpAddr>,
    /// None of these ever connects.
    dead: Vec<IpAddr>,
    /// The other ends, kept open.
    open: Mutex<Vec<DuplexStream>>,
}

impl Network for Silent {
    fn resolve<'a>(&'a self, _: &'a str) -> BoxFuture<'a, io::Result<Vec<IpAddr>>> {
        async { Ok(self.addresses.clone()) }.boxed()
    }

    fn connect(&self, address: SocketAddr) -> BoxFuture<'_, io::Result<Box<dyn Stream>>> {
        async move {
            if self.dead.contains(&address.ip()) {
                std::future::pending::<()>().await;
            }
            let (near, far) = tokio::io::duplex(1_024);
            self.open.lock().await.push(far);
            Ok(Box::new(near) as Box<dyn Stream>)
        }
        .boxed()
    }
}

async fn timed_out(network: Silent) -> (CallFailure, usize) {
    let network = Arc::new(network);
    let webhooks = webhooks(&["silent.example.com"]).with_network(Arc::clone(&network) as _);
    let request = object(json!({"url": "http://silent.example.com/"}));
    let failure = webhooks.send(&request, KEY, Some(Duration::from_secs(20))).await.expect_err("silence");
    let opened = network.open.lock().await.len();
    (failure, opened)
}

#[tokio::test(start_paused = true)]
async fn a_timeout_after_sending_leaves_the_outcome_unknown() {
    let (failure, opened) = timed_out(Silent { addresses: vec![[1, 1, 1, 1].into()], ..Silent::default() }).await;
    assert_eq!((failure.kind, failure.outcome_unknown, opened), (ErrorKind::Timeout, true, 1));
    assert_eq!(failure.message, "`silent.example.com` did not answer within 20 s");
}

#[tokio::test(start_paused = true)]
async fn a_timeout_before_the_connection_is_a_plain_failure() {
    let dead = vec![[1, 1, 1, 1].into()];
    let (failure, opened) = timed_out(Silent { addresses: dead.clone(), dead, ..Silent::default() }).await;
    assert_eq!((failure.kind, failure.outcome_unknown, opened), (ErrorKind::Timeout, false, 0));
}

#[tokio::test(start_paused = true)]
async fn a_dead_address_does_not_keep_from_the_next() {
    let addresses = vec![[1, 1, 1, 1].into(), [1, 0, 0, 1].into()];
    let (failure, opened) = timed_out(Silent { addresses, dead: vec![[1, 1, 1, 1].into()], ..Silent::default() }).await;
    // The second was reached, and stayed silent.
    assert_eq!((failure.outcome_unknown, opened), (true, 1));
}

#[tokio::test]
async fn one_dropped_in_the_middle_closes_its_connection() {
    let network = Arc::new(Silent { addresses: vec![[1, 1, 1, 1].into()], ..Silent::default() });
    let webhooks = webhooks(&["silent.example.com"]).with_network(Arc::clone(&network) as _);
    let request = object(json!({"url": "http://silent.example.com/"}));
    let mut sending = Box::pin(webhooks.send(&request, KEY, None));
    assert!(futures::poll!(sending.as_mut()).is_pending());
    drop(sending);
    let mut far = network.open.lock().await.pop().expect("a connection");
    let mut sent = String::new();
    tokio::io::AsyncReadExt::read_to_string(&mut far, &mut sent).await.expect("it ends");
    assert!(sent.starts_with("POST / HTTP/1.1\r\n"), "{sent}");
}
