//! One configured server's life: idle, starting, ready, ended or failed, and
//! started again on the next use.
//!
//! Nothing is started before it is needed. A start is one task that all who
//! need the server wait for, each for as long as it likes; a failed one is told
//! to all of them and is not repeated at once. After each start, and when the
//! server says so, its tools are listed again before the next call goes out.
//! Must not know other servers or the names that callers use.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use futures::FutureExt as _;
use futures::future::{BoxFuture, Shared, join_all};
use tokio::runtime::Handle;
use tokio::sync::Notify;
use tokio::task::AbortHandle;

use super::catalogue::Holdings;
use super::connection::{Failed, OURSELVES, Request};
use super::link::{Connect, Link, Peer, Wish};
use super::status::{ServerState, Unusable};
use crate::base::slots::Slots;
use crate::base::{Clock, ErrorKind};
use crate::contract::{CallFailure, ToolCall, ToolOutput};

/// For the opening of a session: some servers are fetched over the network first.
const START: Duration = Duration::from_mins(1);
/// For the list of tools.
const LIST: Duration = Duration::from_secs(30);
/// Between two listings that nobody waits for.
const COALESCE: Duration = Duration::from_secs(1);
/// After a failed start, doubling with each further one.
const FIRST_REST: Duration = Duration::from_secs(1);
const LONGEST_REST: Duration = Duration::from_secs(30);
/// For a server whose session ended by itself or that is not wanted after all.
const GRACE: Duration = Duration::from_secs(1);
/// How long a failed call waits to hear how the server ended.
const LAST_WORD: Duration = Duration::from_millis(300);

/// What a server is made of.
pub(super) struct ServerParts {
    /// As the configuration names it.
    pub(super) name: String,
    pub(super) holdings: Arc<Holdings>,
    /// The way to it, or why there is none.
    pub(super) connect: Result<Arc<dyn Connect>, Unusable>,
    /// For one call.
    pub(super) timeout: Option<Duration>,
    pub(super) pool: Option<Slots>,
    pub(super) clock: Arc<dyn Clock>,
    /// Called when callers see something else of its tools. Must not block.
    pub(super) on_changed: Arc<dyn Fn() + Send + Sync>,
}

/// One server.
pub(super) struct Server {
    parts: ServerParts,
    life: Mutex<Life>,
    /// Where its pipes are read and written, whoever starts it.
    home: Option<Handle>,
}

/// What a server does now.
pub(super) struct Now {
    pub(super) state: ServerState,
    /// Why it fails or cannot be used, or how it ended.
    pub(super) reason: Option<String>,
    pub(super) hint: Option<String>,
    /// Who answered last.
    pub(super) peer: Option<Peer>,
}

struct Life {
    phase: Phase,
    /// Failed starts in a row.
    failures: u32,
    peer: Option<Peer>,
    /// How the last session ended.
    ended: Option<String>,
    /// It turned out that it must not be used.
    barred: Option<Unusable>,
    closing: bool,
    /// Sessions that take no more calls and may still answer some.
    leaving: Vec<Arc<Session>>,
}

enum Phase {
    Idle,
    Starting { done: Started, task: AbortHandle },
    Ready(Arc<Session>),
    Resting { failure: CallFailure, until: Duration },
}

type Started = Shared<BoxFuture<'static, Result<Arc<Session>, CallFailure>>>;

/// One session, and how far its list of tools is up to date.
pub(super) struct Session {
    link: Arc<dyn Link>,
    changes: Arc<Changes>,
    /// How many changes the last list has seen.
    listed: AtomicU64,
    /// The question for the list that is under way: all who need the answer wait for one.
    listing: Mutex<Option<Listing>>,
}

type Listing = Shared<BoxFuture<'static, Result<(), CallFailure>>>;

#[derive(Default)]
struct Changes {
    told: AtomicU64,
    notify: Notify,
}

impl Session {
    fn is_stale(&self) -> bool {
        self.changes.told.load(Ordering::SeqCst) != self.listed.load(Ordering::SeqCst)
    }
}

impl Server {
    pub(super) fn new(parts: ServerParts) -> Arc<Self> {
        let life = Life {
            phase: Phase::Idle,
            failures: 0,
            peer: None,
            ended: None,
            barred: None,
            closing: false,
            leaving: Vec::new(),
        };
        Arc::new(Self { parts, life: Mutex::new(life), home: Handle::try_current().ok() })
    }

    pub(super) fn name(&self) -> &str {
        &self.parts.name
    }

    pub(super) fn holdings(&self) -> &Arc<Holdings> {
        &self.parts.holdings
    }

    pub(super) fn pool(&self) -> Option<&Slots> {
        self.parts.pool.as_ref()
    }

    fn life(&self) -> MutexGuard<'_, Life> {
        self.life.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Why it cannot be used at all.
    pub(super) fn unusable(&self) -> Option<Unusable> {
        self.parts.connect.as_ref().err().cloned().or_else(|| self.life().barred.clone())
    }

    /// What it does now, and who answered last.
    pub(super) fn now(&self) -> Now {
        if let Some(Unusable { state, reason, hint }) = self.unusable() {
            return Now { state, reason: Some(reason), hint, peer: None };
        }
        let life = self.life();
        let now = Now { state: ServerState::Idle, reason: None, hint: None, peer: life.peer.clone() };
        match &life.phase {
            Phase::Idle => Now { reason: life.ended.clone(), ..now },
            Phase::Starting { .. } => Now { state: ServerState::Starting, ..now },
            Phase::Ready(_) => Now { state: ServerState::Ready, ..now },
            Phase::Resting { failure, .. } => Now {
                state: ServerState::Failed,
                reason: Some(failure.message.clone()),
                hint: failure.hint.clone(),
                ..now
            },
        }
    }

    /// Why calls of it fail just now, if that is known without trying.
    pub(super) fn failing(&self) -> Option<CallFailure> {
        if let Some(unusable) = self.unusable() {
            return Some(unusable.failure(self.name()));
        }
        match &self.life().phase {
            Phase::Resting { failure, .. } => Some(failure.clone()),
            Phase::Idle | Phase::Starting { .. } | Phase::Ready(_) => None,
        }
    }

    /// Whether a call of it need not wait for it: it is up, its tools known, or it is known that it cannot be called.
    pub(super) fn is_settled(&self) -> bool {
        if self.unusable().is_some() {
            return true;
        }
        let life = self.life();
        match &life.phase {
            _ if life.closing => true,
            Phase::Ready(session) => !session.link.is_over() && !session.is_stale(),
            Phase::Resting { until, .. } => *until > self.parts.clock.monotonic(),
            Phase::Idle | Phase::Starting { .. } => false,
        }
    }

    /// Its session, started if need be, its tools up to date. Dropping the
    /// future stops the waiting, not the start.
    pub(super) async fn session(self: &Arc<Self>) -> Result<Arc<Session>, CallFailure> {
        let session = match self.ready_or_begin()? {
            Ok(session) => session,
            Err(started) => started.await?,
        };
        if session.is_stale() {
            self.list(&session).await?;
        }
        Ok(session)
    }

    /// The session, or the start to wait for.
    fn ready_or_begin(self: &Arc<Self>) -> Result<Result<Arc<Session>, Started>, CallFailure> {
        let connect = match &self.parts.connect {
            Ok(connect) => Arc::clone(connect),
            Err(unusable) => return Err(unusable.failure(self.name())),
        };
        let mut life = self.life();
        if let Some(barred) = &life.barred {
            return Err(barred.failure(self.name()));
        }
        if life.closing {
            return Err(closing(self.name()));
        }
        match &life.phase {
            Phase::Ready(session) if !session.link.is_over() => return Ok(Ok(Arc::clone(session))),
            // A start that ended without leaving the phase broke off by a fault.
            Phase::Starting { done, .. } if done.peek().is_none() => return Ok(Err(done.clone())),
            Phase::Resting { failure, until } => {
                let left = until.saturating_sub(self.parts.clock.monotonic());
                if !left.is_zero() {
                    let mut failure = failure.clone();
                    failure.retry_after = Some(left);
                    return Err(failure);
                }
            }
            Phase::Idle | Phase::Ready(_) | Phase::Starting { .. } => {}
        }
        if let Phase::Ready(session) = std::mem::replace(&mut life.phase, Phase::Idle) {
            life.leaving.push(session);
        }
        let (server, name) = (Arc::clone(self), self.name().to_owned());
        let home = self.home.clone().unwrap_or_else(Handle::current);
        let task = home.spawn(async move { server.start(&*connect).await });
        let abort = task.abort_handle();
        let done = async move {
            task.await.unwrap_or_else(|fault| {
                let why =
                    if fault.is_cancelled() { "this process is ending" } else { "starting it hit a fault of ours" };
                Err(CallFailure::new(ErrorKind::Unavailable, format!("server `{name}` was not started: {why}")))
            })
        };
        let done = done.boxed().shared();
        life.phase = Phase::Starting { done: done.clone(), task: abort };
        Ok(Err(done))
    }

    async fn start(self: Arc<Self>, connect: &dyn Connect) -> Result<Arc<Session>, CallFailure> {
        let opened = self.open(connect).await;
        if let Ok(session) = &opened
            && self.life().closing
        {
            session.link.end(GRACE).await;
            return Err(closing(self.name()));
        }
        let session = self.enter(opened)?;
        tokio::spawn(Arc::clone(&self).attend(Arc::clone(&session)));
        Ok(session)
    }

    /// The phase after a start.
    fn enter(&self, opened: Result<Arc<Session>, CallFailure>) -> Result<Arc<Session>, CallFailure> {
        let mut life = self.life();
        match opened {
            Ok(session) => {
                life.failures = 0;
                life.ended = None;
                life.peer = Some(session.link.peer());
                life.phase = Phase::Ready(Arc::clone(&session));
                Ok(session)
            }
            Err(mut failure) => {
                let rest = FIRST_REST.saturating_mul(1 << life.failures.min(5)).min(LONGEST_REST);
                life.failures += 1;
                // No call was sent yet.
                failure.outcome_unknown = false;
                tracing::warn!(server = self.name(), hint = failure.hint.as_deref(), "{}", failure.message);
                let until = self.parts.clock.monotonic() + rest;
                life.phase = Phase::Resting { failure: failure.clone(), until };
                Err(failure)
            }
        }
    }

    async fn open(self: &Arc<Self>, connect: &dyn Connect) -> Result<Arc<Session>, CallFailure> {
        let changes = Arc::new(Changes::default());
        let told = Arc::clone(&changes);
        let on_changed = Arc::new(move || {
            told.told.fetch_add(1, Ordering::SeqCst);
            told.notify.notify_one();
        });
        let link = connect.connect(Wish { era: self.parts.holdings.era(), timeout: START, on_changed }).await?;
        let peer = link.peer();
        tracing::info!(server = self.name(), era = peer.era, is = peer.name, version = peer.version, "connected");
        if peer.name == OURSELVES {
            let barred = Unusable::itself();
            self.life().barred = Some(barred.clone());
            link.end(GRACE).await;
            return Err(barred.failure(self.name()));
        }
        let session = Arc::new(Session { link, changes, listed: AtomicU64::new(u64::MAX), listing: Mutex::default() });
        if let Err(failure) = self.list(&session).await {
            session.link.end(GRACE).await;
            return Err(failure);
        }
        Ok(session)
    }

    /// Has the tools listed again, if that was not done since they changed: one question for all who ask.
    async fn list(self: &Arc<Self>, session: &Arc<Session>) -> Result<(), CallFailure> {
        while session.is_stale() {
            let listing = {
                let mut under_way = session.listing.lock().unwrap_or_else(PoisonError::into_inner);
                match &*under_way {
                    Some(listing) if listing.peek().is_none() => listing.clone(),
                    Some(_) | None => {
                        let asked = Arc::clone(self).ask(Arc::clone(session));
                        let name = self.name().to_owned();
                        // A task: it goes on when who asked first has left.
                        let task = tokio::spawn(asked);
                        let listing = async move {
                            task.await.unwrap_or_else(|fault| {
                                let message = format!("the tools of server `{name}` cannot be listed: {fault}");
                                Err(CallFailure::new(ErrorKind::Internal, message))
                            })
                        };
                        under_way.insert(listing.boxed().shared()).clone()
                    }
                }
            };
            listing.await?;
        }
        Ok(())
    }

    /// Asks for the tools once.
    async fn ask(self: Arc<Self>, session: Arc<Session>) -> Result<(), CallFailure> {
        // Before the question: what changes while it is answered is asked again.
        let told = session.changes.told.load(Ordering::SeqCst);
        let tools = session.link.tools(LIST).await?;
        let era = session.link.peer().era;
        let (holdings, name) = (Arc::clone(&self.parts.holdings), self.name().to_owned());
        let taken = tokio::task::spawn_blocking(move || holdings.take(&name, &era, &tools)).await;
        match taken {
            Ok(true) => (self.parts.on_changed)(),
            Ok(false) => {}
            Err(fault) => {
                let message = format!("the tools of server `{}` cannot be taken in: {fault}", self.name());
                return Err(CallFailure::new(ErrorKind::Internal, message));
            }
        }
        session.listed.store(told, Ordering::SeqCst);
        Ok(())
    }

    /// Looks after a session until its end.
    async fn attend(self: Arc<Self>, session: Arc<Session>) {
        let relisting = async {
            loop {
                session.changes.notify.notified().await;
                if let Err(failure) = self.list(&session).await {
                    tracing::warn!(server = self.name(), "its changed tools cannot be listed: {failure}");
                }
                tokio::time::sleep(COALESCE).await;
            }
        };
        let ended: String = tokio::select! {
            ended = session.link.over() => ended,
            never = relisting => never,
        };
        let asked = {
            let mut life = self.life();
            if matches!(&life.phase, Phase::Ready(current) if Arc::ptr_eq(current, &session)) {
                life.phase = Phase::Idle;
            }
            life.leaving.retain(|leaving| !Arc::ptr_eq(leaving, &session));
            life.ended = Some(format!("server `{}` {ended}", self.name()));
            life.closing
        };
        if !asked {
            tracing::warn!(server = self.name(), "{ended}; it is started again when it is needed");
        }
        session.link.end(GRACE).await;
    }

    /// Calls a tool by the server's own name for it.
    pub(super) async fn send(&self, session: &Session, own: &str, call: &mut ToolCall) -> Result<ToolOutput, Failed> {
        self.parts.holdings.fill(own, &mut call.arguments);
        let timeout = match (call.timeout, self.parts.timeout) {
            (Some(one), Some(other)) => Some(one.min(other)),
            (one, other) => one.or(other),
        };
        let request = Request {
            tool: own,
            arguments: &call.arguments,
            idempotency_key: call.idempotency_key.as_deref(),
            progress: call.progress.clone(),
            cancel: &call.cancel,
            timeout,
        };
        let mut done = session.link.call(request).await;
        if let Err(Failed { failure, .. }) = &mut done
            && failure.kind == ErrorKind::Unavailable
            && session.link.is_over()
            && let Ok(ended) = tokio::time::timeout(LAST_WORD, session.link.over()).await
        {
            failure.message = format!("{}: the server {ended}", failure.message);
        }
        done
    }

    /// Ends the session; nothing is started any more.
    pub(super) async fn close(&self, grace: Duration) {
        let sessions = {
            let mut life = self.life();
            life.closing = true;
            let mut sessions = std::mem::take(&mut life.leaving);
            match std::mem::replace(&mut life.phase, Phase::Idle) {
                Phase::Ready(session) => sessions.push(session),
                // Dropping the start ends what it has started.
                Phase::Starting { task, .. } => task.abort(),
                Phase::Idle | Phase::Resting { .. } => {}
            }
            sessions
        };
        join_all(sessions.iter().map(|session| session.link.end(grace))).await;
    }
}

fn closing(name: &str) -> CallFailure {
    CallFailure::new(ErrorKind::Unavailable, format!("server `{name}` is not started: this process is ending"))
}
