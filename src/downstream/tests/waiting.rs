//! What callers wait for, and what becomes of their calls meanwhile.

use std::sync::atomic::Ordering;
use std::time::Duration;

use futures::future::join_all;
use serde_json::json;

use super::{Begun, Script, World, call, state, tool, until};
use crate::base::ErrorKind;
use crate::contract::{Annotations, Origin, Pinned, ToolCall};
use crate::downstream::ServerState;

#[tokio::test(start_paused = true)]
async fn all_who_wait_for_a_list_that_does_not_come_wait_once() {
    let git = Script::with(&json!([tool("log", "1")]));
    let world = World::new(&[("git", json!({}), &git)]);
    let servers = world.process();
    servers.settled().await;
    git.mute.store(true, Ordering::SeqCst);
    (git.last().on_changed)();
    let begun = Begun::now();
    let done = join_all((0..8).map(|_| servers.call(call("git__log")))).await;
    assert!(done.iter().all(|done| done.as_ref().is_err_and(|failure| failure.kind == ErrorKind::Timeout)));
    assert_eq!((begun.seconds(), git.lists.load(Ordering::SeqCst)), (30, 2));
    git.mute.store(false, Ordering::SeqCst);
    servers.call(call("git__log")).await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn who_need_not_wait_for_a_server_is_told_so_and_the_others_when_it_has_started_or_failed() {
    let git = Script::with(&json!([tool("log", "1")]));
    let world = World::new(&[("git", json!({}), &git)]);
    let first = world.process();
    first.settled().await;
    assert!(first.ready("git__log").is_none() && first.ready("git__lag").is_none());
    (git.last().on_changed)();
    assert!(first.ready("git__log").is_some(), "its list is asked for first");
    let next = world.process();
    next.ready("git__log").unwrap().await;
    assert_eq!(state(&next, "git"), ServerState::Ready);
    assert!(next.ready("git__log").is_none());
    let broken = world.process();
    *git.broken.lock().unwrap() = Some("it ended".to_owned());
    broken.ready("git__log").unwrap().await;
    assert!(broken.ready("git__log").is_none(), "the call tells why");
    world.clock.advance(Duration::from_secs(1));
    assert!(broken.ready("git__log").is_some(), "it is tried again");
}

fn of_step(expects: Option<Pinned>) -> ToolCall {
    let origin = Origin::Step { session: None, run: "r".to_owned(), step: "s".to_owned() };
    ToolCall { origin, expects, ..call("git__log") }
}

#[tokio::test(start_paused = true)]
async fn a_call_that_relies_on_another_definition_is_not_sent_though_both_are_accepted() {
    let git = Script::with(&json!([tool("log", "1")]));
    let world = World::new(&[("git", json!({}), &git)]);
    let servers = world.process();
    servers.settled().await;
    let first = Pinned::of(&servers.tools()[0].definition);
    git.has(&json!([tool("log", "2")]));
    (git.last().on_changed)();
    servers.call(call("git__log")).await.unwrap_err();
    servers.accept("git__log").unwrap();
    servers.call(of_step(None)).await.unwrap();
    let failure = servers.call(of_step(Some(first))).await.unwrap_err();
    assert_eq!((failure.kind, failure.outcome_unknown), (ErrorKind::Quarantined, false));
    assert_eq!(failure.message, "server `git` changed `git__log` before the call was sent, so it was not sent");
    // The server is started for the call, and is the one that it was before.
    git.last().over.cancel();
    until(|| state(&servers, "git") == ServerState::Idle).await;
    git.has(&json!([tool("log", "1")]));
    assert_eq!(servers.call(call("git__log")).await.unwrap_err().kind, ErrorKind::Quarantined);
    assert_eq!(git.sent().len(), 1);
    servers.call(call("git__log")).await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn a_trusted_servers_changes_are_followed_where_the_call_is_as_safe_to_repeat() {
    let git = Script::with(&json!([tool("log", "1")]));
    let world = World::new(&[("git", json!({"trust": true}), &git)]);
    let servers = world.process();
    servers.settled().await;
    let unsafe_one = Pinned::of(&servers.tools()[0].definition);
    let mut reads = servers.tools()[0].definition.clone();
    reads.annotations = Annotations { read_only_hint: Some(true), ..Annotations::default() };
    git.has(&json!([tool("log", "2")]));
    (git.last().on_changed)();
    servers.call(of_step(Some(unsafe_one))).await.unwrap();
    let failure = servers.call(of_step(Some(Pinned::of(&reads)))).await.unwrap_err();
    assert_eq!(failure.kind, ErrorKind::Quarantined, "its record says that it may be repeated");
}
