//! All servers over scripted sessions: no process is started here.

mod waiting;

use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use futures::future::BoxFuture;
use indexmap::IndexMap;
use serde_json::{Value, json};
use tokio_util::sync::CancellationToken;

use super::connection::{Failed, Request};
use super::link::{Connect, Link, Peer, Wish};
use super::status::Unusable;
use super::{AcceptError, ServerState, Servers};
use crate::base::json::Object;
use crate::base::{Clock, ErrorKind, ManualClock};
use crate::config::{DataDir, Redaction, Server};
use crate::contract::{CallFailure, Origin, ToolCall, ToolOutput};

/// What a server does, and what was done to it.
#[derive(Default)]
struct Script {
    tools: Mutex<Vec<Value>>,
    calls_itself: Mutex<String>,
    /// Starts fail with this.
    broken: Mutex<Option<String>>,
    /// Starts never end.
    hangs: AtomicBool,
    /// Lists are not answered.
    mute: AtomicBool,
    /// Calls never end.
    stuck: AtomicBool,
    /// Calls are answered with "not available", and are the session's last.
    refuses: AtomicBool,
    starts: AtomicUsize,
    lists: AtomicUsize,
    ended: AtomicUsize,
    sent: Mutex<Vec<Value>>,
    sessions: Mutex<Vec<Arc<Scripted>>>,
}

struct Scripted {
    script: Arc<Script>,
    over: CancellationToken,
    on_changed: Arc<dyn Fn() + Send + Sync>,
}

impl Script {
    fn with(tools: &Value) -> Arc<Self> {
        let script = Self::default();
        script.has(tools);
        Arc::new(script)
    }

    fn has(&self, tools: &Value) {
        *self.tools.lock().unwrap() = tools.as_array().cloned().unwrap();
    }

    fn starts(&self) -> usize {
        self.starts.load(Ordering::SeqCst)
    }

    fn last(&self) -> Arc<Scripted> {
        self.sessions.lock().unwrap().last().cloned().unwrap()
    }

    fn sent(&self) -> Vec<Value> {
        self.sent.lock().unwrap().clone()
    }
}

/// Starts what the script says.
struct Starter(Arc<Script>);

impl Connect for Starter {
    fn connect(&self, wish: Wish) -> BoxFuture<'_, Result<Arc<dyn Link>, CallFailure>> {
        Box::pin(async move {
            let script = &self.0;
            script.starts.fetch_add(1, Ordering::SeqCst);
            if script.hangs.load(Ordering::SeqCst) {
                tokio::time::sleep(wish.timeout).await;
                return Err(CallFailure::new(ErrorKind::Timeout, "it did not get ready"));
            }
            if let Some(why) = script.broken.lock().unwrap().clone() {
                return Err(CallFailure::new(ErrorKind::Unavailable, why));
            }
            let over = CancellationToken::new();
            let session = Arc::new(Scripted { script: Arc::clone(script), over, on_changed: wish.on_changed });
            script.sessions.lock().unwrap().push(Arc::clone(&session));
            Ok(session as Arc<dyn Link>)
        })
    }
}

impl Link for Scripted {
    fn peer(&self) -> Peer {
        let name = self.script.calls_itself.lock().unwrap().clone();
        Peer { era: "legacy".to_owned(), name, version: "1".to_owned(), instructions: None }
    }

    fn tools(&self, timeout: Duration) -> BoxFuture<'_, Result<Vec<Object>, CallFailure>> {
        self.script.lists.fetch_add(1, Ordering::SeqCst);
        let tools = self.script.tools.lock().unwrap().iter().map(|tool| tool.as_object().cloned().unwrap()).collect();
        Box::pin(async move {
            if self.script.mute.load(Ordering::SeqCst) {
                tokio::time::sleep(timeout).await;
                return Err(CallFailure::new(ErrorKind::Timeout, "it did not list its tools"));
            }
            Ok(tools)
        })
    }

    fn call<'c>(&'c self, request: Request<'c>) -> BoxFuture<'c, Result<ToolOutput, Failed>> {
        Box::pin(async move {
            if self.over.is_cancelled() {
                let failure = CallFailure::new(ErrorKind::Unavailable, "the session is over");
                return Err(Failed { failure, unsent: true });
            }
            let seconds = request.timeout.map(|timeout| timeout.as_secs());
            let line = json!({
                "tool": request.tool, "arguments": request.arguments, "key": request.idempotency_key, "timeout": seconds,
            });
            self.script.sent.lock().unwrap().push(line);
            if self.script.stuck.load(Ordering::SeqCst) {
                self.over.cancelled().await;
                let gone = CallFailure::new(ErrorKind::Unavailable, "it went away");
                return Err(CallFailure { outcome_unknown: true, ..gone }.into());
            }
            if self.script.refuses.load(Ordering::SeqCst) {
                self.over.cancel();
                return Err(CallFailure::new(ErrorKind::Unavailable, "503: shutting down").into());
            }
            Ok(ToolOutput::structured(json!({"called": request.tool})))
        })
    }

    fn is_over(&self) -> bool {
        self.over.is_cancelled()
    }

    fn over(&self) -> BoxFuture<'_, String> {
        Box::pin(async {
            self.over.cancelled().await;
            "ended with exit code 3".to_owned()
        })
    }

    fn end(&self, grace: Duration) -> BoxFuture<'_, ()> {
        Box::pin(async move {
            if self.over.is_cancelled() {
                return;
            }
            tokio::time::sleep(grace).await;
            self.over.cancel();
            self.script.ended.fetch_add(1, Ordering::SeqCst);
        })
    }
}

/// A data folder and scripted servers, over any number of processes.
struct World {
    folder: tempfile::TempDir,
    clock: Arc<ManualClock>,
    servers: IndexMap<String, (Server, Arc<Script>)>,
}

impl World {
    fn new(servers: &[(&str, Value, &Arc<Script>)]) -> Self {
        let block = |written: &Value| {
            let mut whole = json!({"command": "x"});
            whole.as_object_mut().unwrap().extend(written.as_object().cloned().unwrap());
            serde_json::from_value(whole).unwrap()
        };
        let servers =
            servers.iter().map(|(name, written, script)| ((*name).to_owned(), (block(written), Arc::clone(script))));
        Self { folder: tempfile::tempdir().unwrap(), clock: Arc::default(), servers: servers.collect() }
    }

    fn process(&self) -> Arc<Servers> {
        self.process_in(DataDir::open(self.folder.path()).unwrap())
    }

    fn process_in(&self, data: DataDir) -> Arc<Servers> {
        let blocks: IndexMap<String, Server> =
            self.servers.iter().map(|(name, (block, _))| (name.clone(), block.clone())).collect();
        let clock: Arc<dyn Clock> = self.clock.clone();
        Servers::build(&blocks, Some(data), &Redaction::default(), &clock, &|name, block| match &block.problem {
            Some(problem) => Err(Unusable::refused(problem.clone(), "correct it")),
            None => Ok(Arc::new(Starter(Arc::clone(&self.servers[name].1)))),
        })
    }
}

/// Servers of a data folder, for tests elsewhere: `git` has `log`, which changed, and `diff`; `bad`
/// is refused.
pub(crate) async fn with_a_change(folder: &std::path::Path) -> Arc<Servers> {
    let git = Script::with(&json!([tool("log", "Shows."), tool("diff", "Compares. Well.")]));
    let mut world = World::new(&[("git", json!({}), &git), ("bad", json!({}), &git)]);
    world.servers["bad"].0.problem = Some("environment variable `X` is not set".to_owned());
    let data = DataDir::open(folder).unwrap();
    world.process_in(data.clone()).settled().await;
    git.has(&json!([tool("log", "Shows\u{202e} all."), tool("diff", "Compares. Well.")]));
    let servers = world.process_in(data);
    servers.probe().await;
    servers
}

fn tool(name: &str, description: &str) -> Value {
    json!({"name": name, "description": description, "inputSchema": {"type": "object"}})
}

fn call(name: &str) -> ToolCall {
    ToolCall::new(name, Object::new(), Origin::Client { session: "s".to_owned() })
}

fn within(name: &str, seconds: u64) -> ToolCall {
    ToolCall { timeout: Some(Duration::from_secs(seconds)), ..call(name) }
}

fn names(servers: &Servers) -> Vec<String> {
    servers.tools().into_iter().map(|tool| tool.definition.name).collect()
}

fn state(servers: &Servers, name: &str) -> ServerState {
    servers.status().into_iter().find(|status| status.name == name).unwrap().state
}

/// A moment of the paused clock.
struct Begun(tokio::time::Instant);

impl Begun {
    fn now() -> Self {
        Self(tokio::time::sleep(Duration::ZERO).deadline())
    }

    /// Whole seconds since.
    fn seconds(&self) -> u64 {
        Self::now().0.duration_since(self.0).as_secs()
    }
}

async fn until(mut done: impl FnMut() -> bool) {
    while !done() {
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}

#[tokio::test(start_paused = true)]
async fn nothing_is_started_before_it_is_needed_and_the_next_process_knows_the_tools() {
    let git = Script::with(&json!([tool("log", "1"), tool("diff", "1")]));
    let world = World::new(&[("git", json!({}), &git)]);
    let first = world.process();
    assert!(names(&first).is_empty());
    assert_eq!((git.starts(), state(&first, "git")), (0, ServerState::Idle));
    let changed = first.changed();
    first.settled().await;
    assert_eq!(names(&first), ["git__log", "git__diff"]);
    assert!(changed.has_changed().unwrap());
    assert_eq!((git.starts(), state(&first, "git")), (1, ServerState::Ready));
    let next = world.process();
    next.settled().await;
    assert_eq!((names(&next).len(), git.starts()), (2, 1));
    next.call(call("git__log")).await.unwrap();
    assert_eq!(git.starts(), 2);
}

#[tokio::test(start_paused = true)]
async fn all_who_need_a_server_wait_for_one_start() {
    let git = Script::with(&json!([tool("log", "1")]));
    let world = World::new(&[("git", json!({}), &git)]);
    let servers = world.process();
    servers.settled().await;
    git.last().over.cancel();
    let calls = (0..8).map(|_| servers.call(call("git__log")));
    assert!(futures::future::join_all(calls).await.iter().all(Result::is_ok));
    assert_eq!(git.starts(), 2);
}

#[tokio::test(start_paused = true)]
async fn a_failed_start_is_told_to_all_and_tried_again_later_and_later() {
    let git = Script::with(&json!([tool("log", "1")]));
    let world = World::new(&[("git", json!({}), &git)]);
    world.process().settled().await;
    let servers = world.process();
    *git.broken.lock().unwrap() = Some("server `git` ended with exit code 3".to_owned());
    let failures = futures::future::join_all((0..3).map(|_| servers.call(call("git__log")))).await;
    for failure in failures {
        let failure = failure.unwrap_err();
        assert_eq!((failure.kind, failure.outcome_unknown), (ErrorKind::Unavailable, false));
        assert_eq!(failure.message, "server `git` ended with exit code 3");
    }
    assert_eq!((git.starts(), state(&servers, "git")), (2, ServerState::Failed));
    let mut starts = 2;
    for rest in [1, 2, 4, 8, 16, 30, 30] {
        world.clock.advance(Duration::from_millis(rest * 1_000 - 1));
        assert_eq!(servers.call(call("git__log")).await.unwrap_err().retry_after, Some(Duration::from_millis(1)));
        assert_eq!(git.starts(), starts);
        world.clock.advance(Duration::from_millis(1));
        servers.call(call("git__log")).await.unwrap_err();
        starts += 1;
        assert_eq!(git.starts(), starts, "after {rest} s");
    }
    *git.broken.lock().unwrap() = None;
    world.clock.advance(Duration::from_secs(30));
    servers.call(call("git__log")).await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn a_server_that_ended_is_started_again_and_a_tool_that_changed_meanwhile_is_held_back() {
    let git = Script::with(&json!([tool("log", "1"), tool("diff", "1"), tool("gone", "1")]));
    let world = World::new(&[("git", json!({}), &git)]);
    let servers = world.process();
    servers.settled().await;
    servers.call(call("git__log")).await.unwrap();
    git.last().over.cancel();
    until(|| state(&servers, "git") == ServerState::Idle).await;
    assert_eq!(servers.status()[0].reason.as_deref(), Some("server `git` ended with exit code 3"));
    git.has(&json!([tool("log", "2"), tool("diff", "1"), tool("new", "1")]));
    let failure = servers.call(call("git__log")).await.unwrap_err();
    assert_eq!((failure.kind, failure.outcome_unknown), (ErrorKind::Quarantined, false));
    assert_eq!(failure.message, "`git__log` is held back: server `git` changed it (description) since it was accepted");
    assert!(failure.hint.clone().unwrap().contains("`sequitur tools accept git__log`"), "{failure:?}");
    assert_eq!(servers.refusal("git__log"), Some(failure));
    assert_eq!(names(&servers), ["git__diff", "git__new"]);
    servers.call(call("git__diff")).await.unwrap();
    assert_eq!(servers.call(call("git__gone")).await.unwrap_err().kind, ErrorKind::NotFound);
    assert_eq!(git.sent().len(), 2, "what was refused was not sent");
    assert_eq!(servers.quarantined()[0].diff, [r#"description: "1" -> "2""#]);
}

#[tokio::test(start_paused = true)]
async fn what_a_server_says_to_have_changed_is_listed_before_the_next_call_and_not_all_the_time() {
    let git = Script::with(&json!([tool("log", "1"), tool("diff", "1")]));
    let world = World::new(&[("git", json!({}), &git)]);
    let servers = world.process();
    servers.settled().await;
    git.has(&json!([tool("log", "2"), tool("diff", "1")]));
    (git.last().on_changed)();
    assert_eq!(servers.call(call("git__log")).await.unwrap_err().kind, ErrorKind::Quarantined);
    servers.call(call("git__diff")).await.unwrap();
    assert_eq!(git.lists.load(Ordering::SeqCst), 2);
    for _ in 0..50 {
        (git.last().on_changed)();
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    let lists = git.lists.load(Ordering::SeqCst) - 2;
    assert!((2..=4).contains(&lists), "{lists} in 2.5 s");
    git.has(&json!([tool("log", "1"), tool("diff", "1")]));
    (git.last().on_changed)();
    tokio::time::sleep(Duration::from_secs(2)).await;
    assert_eq!(names(&servers), ["git__log", "git__diff"], "without a call too");
}

#[tokio::test(start_paused = true)]
async fn what_another_process_accepts_is_callable_here_within_two_seconds() {
    let git = Script::with(&json!([tool("log", "1")]));
    let world = World::new(&[("git", json!({}), &git)]);
    let servers = world.process();
    servers.settled().await;
    git.has(&json!([tool("log", "2")]));
    (git.last().on_changed)();
    servers.call(call("git__log")).await.unwrap_err();
    let other = world.process();
    let wrong = other.accept("git__lag").unwrap_err();
    assert_eq!(wrong, AcceptError::NotHeldBack { name: "git__lag".to_owned(), held_back: vec!["git__log".to_owned()] });
    let accepted = other.accept("git__log").unwrap();
    assert_eq!((accepted.server.as_str(), accepted.diff.len()), ("git", 1));
    tokio::time::sleep(Duration::from_secs(2)).await;
    servers.call(call("git__log")).await.unwrap();
    assert_eq!(servers.tools()[0].definition.description, "2");
    // The next change is looked out for again.
    git.has(&json!([tool("log", "3")]));
    (git.last().on_changed)();
    servers.call(call("git__log")).await.unwrap_err();
    servers.accept("git__log").unwrap();
    servers.call(call("git__log")).await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn a_trusted_server_may_change_its_tools() {
    let git = Script::with(&json!([tool("log", "1")]));
    let world = World::new(&[("git", json!({"trust": true}), &git)]);
    let servers = world.process();
    servers.settled().await;
    git.has(&json!([tool("log", "2")]));
    (git.last().on_changed)();
    servers.call(call("git__log")).await.unwrap();
    assert_eq!(servers.tools()[0].definition.description, "2");
}

#[tokio::test(start_paused = true)]
async fn a_server_that_hangs_delays_nobody_else_and_its_callers_only_as_long_as_they_like() {
    let slow = Script::with(&json!([tool("t", "1")]));
    let fast = Script::with(&json!([tool("t", "1")]));
    let world = World::new(&[("slow", json!({}), &slow), ("fast", json!({}), &fast)]);
    world.process().settled().await;
    slow.hangs.store(true, Ordering::SeqCst);
    let servers = world.process();
    let begun = Begun::now();
    let waiting = servers.call(within("slow__t", 7));
    let (failure, fine) = tokio::join!(waiting, async {
        let fine = servers.call(call("fast__t")).await;
        assert_eq!(begun.seconds(), 0);
        fine
    });
    let failure = failure.unwrap_err();
    assert_eq!((failure.kind, failure.outcome_unknown, begun.seconds()), (ErrorKind::Timeout, false, 7));
    assert_eq!(failure.message, "the call of `slow__t` was not sent within 7 s");
    fine.unwrap();
    let cancelled = call("slow__t");
    cancelled.cancel.cancel();
    let failure = servers.call(cancelled).await.unwrap_err();
    assert_eq!((failure.kind, failure.outcome_unknown), (ErrorKind::Interrupted, false));
    assert_eq!(slow.starts(), 2, "they wait for one start");
    tokio::time::sleep(Duration::from_mins(1)).await;
    assert_eq!(state(&servers, "slow"), ServerState::Failed);
}

#[tokio::test(start_paused = true)]
async fn settling_goes_on_when_nobody_waits_any_more() {
    let slow = Script::with(&json!([tool("t", "1")]));
    let fast = Script::with(&json!([tool("t", "1")]));
    slow.hangs.store(true, Ordering::SeqCst);
    let world = World::new(&[("slow", json!({}), &slow), ("fast", json!({}), &fast)]);
    let servers = world.process();
    tokio::time::timeout(Duration::from_secs(2), servers.settled()).await.unwrap_err();
    assert_eq!(names(&servers), ["fast__t"]);
    assert_eq!(state(&servers, "slow"), ServerState::Starting);
}

#[tokio::test(start_paused = true)]
async fn calls_take_a_place_of_the_server_unless_they_bring_one() {
    let git = Script::with(&json!([tool("log", "1")]));
    let world = World::new(&[("git", json!({"max_concurrent_tasks": 1}), &git), ("free", json!({}), &git)]);
    let servers = world.process();
    servers.settled().await;
    assert!(servers.pool("free__log").is_none());
    let place = servers.pool("git__log").unwrap().take().unwrap();
    let failure = servers.call(within("git__log", 1)).await.unwrap_err();
    assert_eq!((failure.kind, failure.outcome_unknown), (ErrorKind::Timeout, false));
    servers.call(ToolCall { permit: Some(Arc::new(place)), ..call("git__log") }).await.unwrap();
    servers.call(within("git__log", 1)).await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn a_call_has_the_shorter_of_its_own_time_and_the_servers_and_its_arguments_are_filled() {
    let git = Script::with(&json!([tool("log", "1")]));
    let block = json!({"timeout_seconds": 20, "defaults": {"log": {"repo": "/r"}}, "rename": {"log": "history"}});
    let world = World::new(&[("git", block, &git)]);
    let servers = world.process();
    servers.settled().await;
    servers.call(within("git__history", 50)).await.unwrap();
    servers.call(within("git__history", 5)).await.unwrap();
    let keyed = ToolCall { idempotency_key: Some("k".to_owned()), ..call("git__history") };
    servers.call(keyed).await.unwrap();
    let line =
        |key: Value, timeout: u64| json!({"tool": "log", "arguments": {"repo": "/r"}, "key": key, "timeout": timeout});
    assert_eq!(git.sent(), [line(Value::Null, 20), line(Value::Null, 5), line(json!("k"), 20)]);
}

#[tokio::test(start_paused = true)]
async fn of_two_servers_with_one_name_the_later_is_refused_and_both_are_told() {
    let one = Script::with(&json!([tool("t", "1")]));
    let two = Script::with(&json!([tool("u", "1")]));
    let world = World::new(&[("my git", json!({}), &one), ("my.git", json!({}), &two), ("last", json!({}), &two)]);
    let servers = world.process();
    servers.settled().await;
    assert_eq!(names(&servers), ["my_git__t", "last__u"]);
    let told = &servers.status()[1];
    assert_eq!((told.name.as_str(), told.state), ("my.git", ServerState::Refused));
    assert_eq!(told.reason.as_deref(), Some("its tools would be named as those of server `my git`"));
    assert_eq!(two.starts(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_name_that_begins_as_another_servers_is_that_servers_whoever_comes_first() {
    let one = Script::with(&json!([tool("b__c", "1")]));
    let two = Script::with(&json!([tool("c", "2"), tool("d", "2")]));
    let world = World::new(&[("a", json!({}), &one), ("a__b", json!({}), &two)]);
    let servers = world.process();
    servers.settled().await;
    assert_eq!(names(&servers), ["a__b__c", "a__b__d"]);
    let refused = &servers.status()[0].refused[0];
    let reason = "names that begin as this one are those of server `a__b`";
    assert_eq!((refused.name.as_str(), refused.reason.as_str()), ("b__c", reason));
    servers.call(call("a__b__c")).await.unwrap();
    assert_eq!((one.sent().len(), two.sent().len()), (0, 1));
    two.has(&json!([tool("d", "2")]));
    (two.last().on_changed)();
    assert_eq!(servers.call(call("a__b__c")).await.unwrap_err().kind, ErrorKind::NotFound, "nobody else gets it");
    assert_eq!(one.sent().len(), 0);
}

#[tokio::test(start_paused = true)]
async fn a_server_that_turns_out_to_be_ourselves_is_ended_and_never_asked_for_its_tools() {
    let itself = Script::with(&json!([tool("t", "1")]));
    *itself.calls_itself.lock().unwrap() = "sequitur".to_owned();
    let world = World::new(&[("loop", json!({}), &itself)]);
    let servers = world.process();
    servers.settled().await;
    servers.settled().await;
    assert_eq!((itself.starts(), itself.lists.load(Ordering::SeqCst), itself.ended.load(Ordering::SeqCst)), (1, 0, 1));
    assert_eq!(state(&servers, "loop"), ServerState::Refused);
    let failure = servers.refusal("loop__t").unwrap();
    assert_eq!(
        failure.message,
        "server `loop` cannot be used: it is Sequitur itself, which would start itself without end"
    );
}

#[tokio::test(start_paused = true)]
async fn a_call_that_was_not_sent_for_the_server_had_just_ended_goes_to_the_next_session() {
    let git = Script::with(&json!([tool("log", "1")]));
    let world = World::new(&[("git", json!({}), &git)]);
    let servers = world.process();
    servers.settled().await;
    git.stuck.store(true, Ordering::SeqCst);
    let (failure, ()) = tokio::join!(servers.call(call("git__log")), async {
        until(|| !git.sent().is_empty()).await;
        git.last().over.cancel();
    });
    let failure = failure.unwrap_err();
    assert!(failure.outcome_unknown, "it was sent: it is not repeated");
    assert_eq!(failure.message, "it went away: the server ended with exit code 3");
    git.stuck.store(false, Ordering::SeqCst);
    servers.call(call("git__log")).await.unwrap();
    assert_eq!((git.starts(), git.sent().len()), (2, 2));
}

#[tokio::test(start_paused = true)]
async fn a_call_that_a_server_on_its_way_out_has_answered_is_not_sent_again() {
    let git = Script::with(&json!([tool("log", "1")]));
    git.refuses.store(true, Ordering::SeqCst);
    let world = World::new(&[("git", json!({}), &git)]);
    let servers = world.process();
    servers.settled().await;
    let failure = servers.call(call("git__log")).await.unwrap_err();
    assert_eq!((failure.kind, failure.outcome_unknown), (ErrorKind::Unavailable, false));
    assert_eq!((git.starts(), git.sent().len()), (1, 1));
}

#[tokio::test(start_paused = true)]
async fn only_servers_that_may_have_a_name_are_asked_for_it_and_each_once() {
    let (git, crm) = (Script::with(&json!([tool("log", "1")])), Script::with(&json!([tool("list", "1")])));
    let world = World::new(&[("git", json!({}), &git), ("crm", json!({}), &crm)]);
    let servers = world.process();
    for name in ["git__log", "git__log", "git__lug", "none__x", "git"] {
        servers.seek(&[name.to_owned()]).await;
    }
    assert_eq!((git.starts(), crm.starts()), (1, 0));
    // What the cache does not know may be new.
    let next = world.process();
    git.has(&json!([tool("log", "1"), tool("new", "1")]));
    next.seek(&["git__log".to_owned()]).await;
    assert_eq!(git.starts(), 1);
    next.seek(&["git__new".to_owned()]).await;
    assert_eq!((git.starts(), names(&next).len()), (2, 2));
}

#[tokio::test(start_paused = true)]
async fn a_server_with_a_problem_is_told_and_the_others_work() {
    let git = Script::with(&json!([tool("log", "1")]));
    let mut world = World::new(&[("bad", json!({}), &git), ("git", json!({}), &git)]);
    world.servers["bad"].0.problem = Some("environment variable `X` is not set".to_owned());
    let servers = world.process();
    servers.probe().await;
    assert_eq!(names(&servers), ["git__log"]);
    let told: HashMap<String, (ServerState, Option<String>)> =
        servers.status().into_iter().map(|status| (status.name, (status.state, status.reason))).collect();
    let reason = "environment variable `X` is not set".to_owned();
    assert_eq!(told["bad"], (ServerState::Refused, Some(reason.clone())));
    assert_eq!(servers.refusal("bad__any").unwrap().message, format!("server `bad` cannot be used: {reason}"));
    assert_eq!(servers.refusal("git__any"), None);
}

#[tokio::test(start_paused = true)]
async fn all_end_at_once_and_nothing_is_started_afterwards() {
    let (git, crm, slow) = (Script::with(&json!([tool("t", "1")])), Script::with(&json!([])), Script::with(&json!([])));
    slow.hangs.store(true, Ordering::SeqCst);
    let world = World::new(&[("git", json!({}), &git), ("crm", json!({}), &crm), ("slow", json!({}), &slow)]);
    let servers = world.process();
    tokio::time::timeout(Duration::from_secs(1), servers.probe()).await.unwrap_err();
    let begun = Begun::now();
    servers.close(Duration::from_secs(1)).await;
    assert_eq!(begun.seconds(), 1);
    assert_eq!((git.ended.load(Ordering::SeqCst), crm.ended.load(Ordering::SeqCst)), (1, 1));
    let failure = servers.call(call("git__t")).await.unwrap_err();
    assert_eq!(failure.message, "server `git` is not started: this process is ending");
    assert_eq!(git.starts(), 1);
}
