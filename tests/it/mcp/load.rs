//! What one call must not do to the others: hold up the thread, fill the memory.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, mpsc};

use futures::future::BoxFuture;
use sequitur::contract::{Annotations, CallFailure, ToolCall, ToolDefinition, ToolOutput};
use sequitur::registry::{Listed, Provider, ToolSet};
use serde_json::{Value, json};

use super::support::{Client, modern, parts};

/// `big`, a server's tool, answers a megabyte; `busy`, one of ours, keeps its
/// thread until it is let go.
struct Heavy {
    begun: Arc<AtomicUsize>,
    go: Mutex<mpsc::Receiver<()>>,
}

impl Heavy {
    fn new() -> (Self, Arc<AtomicUsize>, mpsc::Sender<()>) {
        let (let_go, go) = mpsc::channel();
        let begun = Arc::new(AtomicUsize::new(0));
        (Self { begun: Arc::clone(&begun), go: Mutex::new(go) }, begun, let_go)
    }
}

impl Provider for Heavy {
    fn tools(&self) -> Vec<Listed> {
        let tool = |name: &str, set| {
            let definition = ToolDefinition {
                name: name.to_owned(),
                title: None,
                description: String::new(),
                input_schema: json!({"type": "object"}),
                output_schema: None,
                annotations: Annotations::default(),
            };
            Listed::new(definition, set)
        };
        vec![tool("big", ToolSet::Server), tool("busy", ToolSet::Core)]
    }

    fn call(&self, call: ToolCall) -> BoxFuture<'_, Result<ToolOutput, CallFailure>> {
        self.begun.fetch_add(1, Ordering::SeqCst);
        Box::pin(async move {
            if call.name == "busy" {
                let go = self.go.lock().expect("not poisoned");
                go.recv().expect("it is let go");
                return Ok(ToolOutput::structured(json!({"success": true})));
            }
            let text = json!({"type": "text", "text": "x".repeat(1 << 20)});
            Ok(ToolOutput { content: vec![text], ..ToolOutput::default() })
        })
    }
}

#[tokio::test]
async fn a_client_that_does_not_read_holds_up_its_own_calls_and_fills_no_memory() {
    for is_modern in [false, true] {
        let (heavy, begun, _let_go) = Heavy::new();
        let mut client = Client::connect_with(Some(Arc::new(heavy)), parts());
        let params = json!({"name": "big", "arguments": {}});
        let params = if is_modern { modern(params, "one") } else { params };
        if is_modern {
            client.ask("tools/call", params.clone()).await;
        } else {
            client.initialize("2025-11-25").await;
        }
        for _ in 0..200 {
            client.request("tools/call", params.clone()).await;
        }
        for _ in 0..10_000 {
            tokio::task::yield_now().await;
        }
        let unread = begun.load(Ordering::SeqCst);
        assert!((20..60).contains(&unread), "of 200 calls {unread} have begun");
        for _ in 0..200 {
            let answer = client.next().await.expect("every call is answered in the end");
            assert_eq!(answer["result"]["content"][0]["text"].as_str().map(str::len), Some(1 << 20));
        }
    }
}

#[tokio::test]
async fn a_tool_of_ours_that_keeps_its_thread_does_not_hold_up_the_session() {
    let workers = tokio::runtime::Builder::new_multi_thread().worker_threads(1).build().expect("threads");
    let (heavy, begun, let_go) = Heavy::new();
    let mut client = Client::connect_beside(Some(workers.handle().clone()), Some(Arc::new(heavy)), parts());
    client.initialize("2025-11-25").await;
    let busy = client.request("tools/call", json!({"name": "busy", "arguments": {}})).await;
    while begun.load(Ordering::SeqCst) == 0 {
        tokio::task::yield_now().await;
    }
    client.ask("ping", json!({})).await;
    let big = client.ask("tools/call", json!({"name": "big", "arguments": {}})).await;
    assert_eq!(big["result"]["isError"], false, "what is only forwarded goes on too");
    let_go.send(()).expect("it waits");
    let answer: Value = client.next().await.expect("an answer");
    assert_eq!((&answer["id"], &answer["result"]["isError"]), (&json!(busy), &json!(false)));
    workers.shutdown_background();
}

#[tokio::test]
async fn a_cancelled_call_frees_its_id_and_its_late_end_answers_nobody() {
    for is_modern in [false, true] {
        let mut client = if is_modern { Client::connect() } else { Client::legacy().await };
        let params = |name: &str| {
            let params = json!({"name": name, "arguments": {}});
            if is_modern { modern(params, "one") } else { params }
        };
        client.ask("tools/call", params("whoami")).await;
        let call = |name: &str| json!({"jsonrpc": "2.0", "id": "same", "method": "tools/call", "params": params(name)});
        client.send(&call("hang")).await;
        client
            .send(&json!({
                "jsonrpc": "2.0", "method": "notifications/cancelled", "params": {"requestId": "same", "reason": "r"},
            }))
            .await;
        client.send(&call("whoami")).await;
        let answer = client.next().await.expect("an answer");
        assert_eq!(answer["id"], "same");
        assert_eq!(answer["result"]["structuredContent"]["model"], json!(null), "of the second call: {answer}");
        client.seen.cancelled.cancelled().await;
        client.ask("tools/list", if is_modern { modern(json!({}), "one") } else { json!({}) }).await;
    }
}
