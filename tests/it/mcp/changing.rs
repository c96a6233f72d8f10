//! A list that changes: what it waits for, and who is told.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use futures::future::BoxFuture;
use sequitur::base::{ManualEntropy, SystemClock};
use sequitur::config::Redaction;
use sequitur::contract::{Annotations, CallFailure, ToolCall, ToolDefinition, ToolOutput};
use sequitur::mcp::Ended;
use sequitur::registry::{ListSettings, Listed, NoObserver, Provider, RegistryParts, ToolSet};
use serde_json::{Value, json};
use tokio::sync::watch;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use super::support::{Client, modern};

/// A server that tells its tools when it is told to.
struct Server {
    names: Mutex<Vec<String>>,
    changes: watch::Sender<u64>,
    settled: CancellationToken,
}

impl Server {
    fn new() -> Arc<Self> {
        Arc::new(Self { names: Mutex::default(), changes: watch::Sender::new(0), settled: CancellationToken::new() })
    }

    fn has(&self, names: &[&str]) {
        *self.names.lock().expect("not poisoned") = names.iter().map(|name| format!("s__{name}")).collect();
        self.changes.send_modify(|n| *n += 1);
    }
}

struct Of(Arc<Server>);

impl Provider for Of {
    fn tools(&self) -> Vec<Listed> {
        let definition = |name: &String| ToolDefinition {
            name: name.clone(),
            title: None,
            description: String::new(),
            input_schema: json!({"type": "object"}),
            output_schema: None,
            annotations: Annotations::default(),
        };
        let names = self.0.names.lock().expect("not poisoned").clone();
        names.iter().map(|name| Listed::new(definition(name), ToolSet::Server)).collect()
    }

    fn call(&self, call: ToolCall) -> BoxFuture<'_, Result<ToolOutput, CallFailure>> {
        Box::pin(async move { Ok(ToolOutput::structured(json!({"called": call.name}))) })
    }

    fn settled(&self) -> BoxFuture<'_, ()> {
        Box::pin(self.0.settled.cancelled())
    }

    fn changed(&self) -> Option<watch::Receiver<u64>> {
        Some(self.0.changes.subscribe())
    }
}

async fn client(server: &Arc<Server>, modern: bool) -> Client {
    let parts = RegistryParts {
        observer: Arc::new(NoObserver),
        redaction: Redaction::default(),
        list: ListSettings::default(),
        clock: Arc::new(SystemClock::new()),
        entropy: Arc::new(ManualEntropy::new(1)),
    };
    let mut client = Client::connect_with(Some(Arc::new(Of(Arc::clone(server)))), parts);
    if !modern {
        client.initialize("2025-11-25").await;
    }
    client
}

#[expect(clippy::disallowed_methods, reason = "the runtime's own clock, which stands still")]
fn now() -> Instant {
    Instant::now()
}

/// The names of the server's tools in a list.
fn names(list: &Value) -> Vec<&str> {
    let tools = list["result"]["tools"].as_array().expect("a list");
    tools.iter().filter_map(|tool| tool["name"].as_str()).filter(|name| name.starts_with("s__")).collect()
}

#[tokio::test(start_paused = true)]
async fn the_first_list_waits_two_seconds_at_most_and_later_ones_do_not() {
    let server = Server::new();
    server.has(&["cached"]);
    let mut client = client(&server, false).await;
    let begun = now();
    let list = client.ask("tools/list", json!({})).await;
    assert_eq!((names(&list), begun.elapsed().as_secs()), (vec!["s__cached"], 2));
    let begun = now();
    client.ask("tools/list", json!({})).await;
    assert!(begun.elapsed() < Duration::from_millis(100));
}

#[tokio::test(start_paused = true)]
async fn a_list_waits_no_longer_than_until_all_servers_have_told_theirs() {
    let server = Server::new();
    let mut client = client(&server, true).await;
    let (late, begun) = (Arc::clone(&server), now());
    tokio::spawn(async move {
        tokio::time::sleep(Duration::from_millis(700)).await;
        late.has(&["new"]);
        late.settled.cancel();
    });
    let list = client.ask_modern("tools/list", json!({}), "one").await;
    assert_eq!((names(&list), begun.elapsed().as_millis() / 100), (vec!["s__new"], 7));
}

#[tokio::test(start_paused = true)]
async fn a_legacy_client_that_has_a_list_is_told_of_changes_at_most_once_a_second() {
    let server = Server::new();
    server.settled.cancel();
    server.has(&["a", "b"]);
    let mut client = client(&server, false).await;
    // Nobody has a list yet: `ask` fails if a notification comes first.
    server.has(&["a", "c"]);
    client.ask("ping", json!({})).await;
    assert_eq!(names(&client.ask("tools/list", json!({})).await), ["s__a", "s__c"]);
    let begun = now();
    server.has(&["a", "b", "c"]);
    assert_eq!(client.next().await.expect("a notification")["method"], "notifications/tools/list_changed");
    assert!(begun.elapsed() < Duration::from_millis(100));
    for n in 0..5 {
        server.has(if n % 2 == 0 { &["c"] } else { &["c", "d"] });
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    let told = client.next().await.expect("a notification");
    assert_eq!(told, json!({"jsonrpc": "2.0", "method": "notifications/tools/list_changed"}));
    assert_eq!(begun.elapsed().as_secs(), 1, "five changes are told together");
    tokio::time::sleep(Duration::from_secs(5)).await;
    // What stays keeps its place; what came later stands behind it.
    server.has(&["d", "e", "c"]);
    client.next().await.expect("a notification");
    assert_eq!(names(&client.ask("tools/list", json!({})).await), ["s__c", "s__d", "s__e"]);
}

#[tokio::test(start_paused = true)]
async fn a_modern_client_is_told_only_where_it_asked_for_it() {
    let server = Server::new();
    server.settled.cancel();
    let mut client = client(&server, true).await;
    let list = async |client: &mut Client| client.ask_modern("tools/list", json!({}), "one").await;
    list(&mut client).await;
    server.has(&["a"]);
    tokio::time::sleep(Duration::from_secs(3)).await;
    assert_eq!(names(&list(&mut client).await), ["s__a"], "and nothing else was said");

    let wanted = json!({"notifications": {"toolsListChanged": true, "promptsListChanged": true}});
    let id = client.request("subscriptions/listen", modern(wanted, "one")).await;
    let acknowledged = client.next().await.expect("an acknowledgement");
    assert_eq!(acknowledged["method"], "notifications/subscriptions/acknowledged");
    assert_eq!(acknowledged["params"]["notifications"], json!({"toolsListChanged": true}), "only what is there");
    server.has(&["a", "b"]);
    let told = client.next().await.expect("a notification");
    assert_eq!(told["method"], "notifications/tools/list_changed");
    assert_eq!(told["params"]["_meta"]["io.modelcontextprotocol/subscriptionId"], id);
    assert_eq!(names(&list(&mut client).await), ["s__a", "s__b"]);

    let params = json!({"requestId": id});
    client.send(&json!({"jsonrpc": "2.0", "method": "notifications/cancelled", "params": params})).await;
    list(&mut client).await;
    server.has(&["b"]);
    tokio::time::sleep(Duration::from_secs(3)).await;
    assert_eq!(names(&list(&mut client).await), ["s__b"], "it was cancelled");
}

#[tokio::test(start_paused = true)]
async fn an_open_subscription_does_not_hold_up_the_end() {
    let server = Server::new();
    server.settled.cancel();
    let mut client = client(&server, true).await;
    let wanted = json!({"notifications": {"toolsListChanged": true}});
    let id = client.request("subscriptions/listen", modern(wanted, "one")).await;
    client.next().await.expect("an acknowledgement");
    let begun = now();
    client.close_input().await;
    let last = client.next().await.expect("its end is told");
    assert_eq!((&last["id"], &last["result"]["resultType"]), (&json!(id), &json!("complete")));
    assert_eq!(client.ended().await, Ended::InputClosed);
    assert!(begun.elapsed() < Duration::from_millis(500), "{:?}", begun.elapsed());
}
