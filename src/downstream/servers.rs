//! All configured servers by the names that callers use.
//!
//! Must not know how a server is reached or how its definitions are kept; it
//! finds the server that a name means, and answers what concerns several of
//! them. One that hangs or is dead delays nobody but those who call it.

use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, PoisonError, RwLock, Weak};
use std::time::Duration;

use futures::FutureExt as _;
use futures::future::{BoxFuture, join_all};
use indexmap::IndexMap;
use tokio::sync::watch;

use super::catalogue::{Holdings, RefusedTool, Rules, ServerTool, Shelf, ShelfError, may_be_of, normalise};
use super::connection::Failed;
use super::link::Connect;
use super::reach::launch_hash;
use super::server::{Now, Server, ServerParts, Session};
use super::status::{Quarantined, ServerState, ServerStatus, Unusable};
use crate::base::slots::{Slot, Slots};
use crate::base::{Clock, ErrorKind};
use crate::config::{self, Count, DataDir, Redaction, Seconds};
use crate::contract::{CallFailure, Origin, Pinned, ToolCall, ToolOutput};

/// How often it is looked whether another process accepted what is held back here.
const LOOK: Duration = Duration::from_secs(1);

/// The servers.
pub struct Servers {
    all: Vec<Arc<Server>>,
    /// How each that can be used is started, as a hash.
    launches: HashMap<String, String>,
    index: RwLock<Arc<Index>>,
    changed: watch::Sender<u64>,
    looking: AtomicBool,
    this: Weak<Servers>,
}

/// What names mean.
#[derive(Default)]
struct Index {
    tools: Vec<ServerTool>,
    routes: HashMap<String, Route>,
    /// Tools whose names an earlier server's have, by server.
    refused: Vec<(usize, RefusedTool)>,
}

#[derive(Clone)]
struct Route {
    server: Arc<Server>,
    own: String,
    /// What a call relies on.
    pinned: Arc<Pinned>,
    /// What changed, if it is held back.
    changed: Option<Vec<String>>,
}

/// What a call needs before it goes out.
struct Prepared {
    server: Arc<Server>,
    session: Arc<Session>,
    /// What the caller relies on.
    expected: Arc<Pinned>,
    _place: Option<Slot>,
}

/// The way to a server, or why there is none.
pub(super) type Way = Result<Arc<dyn Connect>, Unusable>;

/// Why a tool was not accepted.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum AcceptError {
    /// No server has it, or it did not change.
    #[error("`{name}` is not held back")]
    NotHeldBack {
        /// The name.
        name: String,
        /// Those that are.
        held_back: Vec<String>,
    },
    /// It is accepted for this process alone.
    #[error("that `{name}` is accepted cannot be kept: {cause}")]
    NotKept {
        /// The name.
        name: String,
        /// What the system says.
        cause: String,
    },
}

impl AcceptError {
    /// The kind.
    #[must_use]
    pub fn kind(&self) -> ErrorKind {
        match self {
            Self::NotHeldBack { .. } => ErrorKind::NotFound,
            Self::NotKept { .. } => ErrorKind::StoreUnavailable,
        }
    }

    /// What to do about it.
    #[must_use]
    pub fn hint(&self) -> String {
        match self {
            Self::NotHeldBack { held_back, .. } if held_back.is_empty() => "no tool is held back".to_owned(),
            Self::NotHeldBack { held_back, .. } => format!("held back are: {}", held_back.join(", ")),
            Self::NotKept { .. } => "make the data folder writable, and accept it again".to_owned(),
        }
    }
}

impl Servers {
    /// The servers of the configuration. Starts nothing. Where one thing could
    /// be called by two names, the earlier in the configuration has it.
    #[must_use]
    pub(super) fn build(
        servers: &IndexMap<String, config::Server>,
        data: Option<DataDir>,
        redaction: &Redaction,
        clock: &Arc<dyn Clock>,
        connect: &dyn Fn(&str, &config::Server) -> Way,
    ) -> Arc<Self> {
        let shelf = Shelf::new(data, redaction.clone());
        Arc::new_cyclic(|this: &Weak<Self>| {
            let mut names: HashMap<String, &str> = HashMap::new();
            let mut all = Vec::new();
            let mut launches = HashMap::new();
            for (name, server) in servers {
                let reached = match names.entry(normalise(name)) {
                    std::collections::hash_map::Entry::Occupied(first) => Err(Unusable::refused(
                        format!("its tools would be named as those of server `{}`", first.get()),
                        "give one of the two another name",
                    )),
                    std::collections::hash_map::Entry::Vacant(free) => {
                        free.insert(name);
                        connect(name, server)
                    }
                };
                if let Err(unusable) = &reached
                    && unusable.state == ServerState::Refused
                {
                    tracing::warn!(server = name, hint = unusable.hint.as_deref(), "not used: {}", unusable.reason);
                }
                let rules = Rules::of(name, server).beside(servers.keys());
                let launch = launch_hash(&server.transport);
                if reached.is_ok() {
                    launches.insert(name.clone(), launch.clone());
                }
                // What is not used has no tools, whatever is remembered of it.
                let own_shelf = if reached.is_ok() { shelf.clone() } else { Shelf::new(None, redaction.clone()) };
                let holdings = Arc::new(Holdings::load(name, launch, rules, own_shelf));
                let weak = this.clone();
                all.push(Server::new(ServerParts {
                    name: name.clone(),
                    holdings,
                    connect: reached,
                    timeout: server.timeout.map(Seconds::duration),
                    pool: server.max_concurrent_tasks.map(|count: Count| Slots::new(count.as_usize())),
                    clock: Arc::clone(clock),
                    on_changed: Arc::new(move || {
                        if let Some(servers) = weak.upgrade() {
                            servers.renew();
                        }
                    }),
                }));
            }
            let index = Index::of(&all);
            index.tell(&all, &[]);
            let index = RwLock::new(Arc::new(index));
            let changed = watch::Sender::new(0);
            Self { all, launches, index, changed, looking: AtomicBool::new(false), this: this.clone() }
        })
    }

    fn index(&self) -> Arc<Index> {
        Arc::clone(&self.index.read().unwrap_or_else(PoisonError::into_inner))
    }

    fn renew(&self) {
        {
            let mut index = self.index.write().unwrap_or_else(PoisonError::into_inner);
            let now = Index::of(&self.all);
            now.tell(&self.all, &index.refused);
            *index = Arc::new(now);
        }
        self.changed.send_modify(|times| *times += 1);
        self.look_out();
    }

    /// The tools that can be called now, from the cache or live, in the order
    /// of the configuration.
    #[must_use]
    pub fn tools(&self) -> Vec<ServerTool> {
        self.look_out();
        self.index().tools.clone()
    }

    /// Fires when [`Servers::tools`] has something else to say.
    #[must_use]
    pub fn changed(&self) -> watch::Receiver<u64> {
        self.changed.subscribe()
    }

    /// The places that calls to the tool's server share.
    #[must_use]
    pub fn pool(&self, tool: &str) -> Option<Slots> {
        self.index().routes.get(tool)?.server.pool().cloned()
    }

    /// Waits until the tool's server has started and told its tools, or has failed to; none when a call
    /// need not wait for that. What was begun goes on when the future is dropped.
    #[must_use]
    pub fn ready(&self, tool: &str) -> Option<BoxFuture<'static, ()>> {
        let route = self.index().routes.get(tool).filter(|route| route.changed.is_none()).cloned()?;
        if route.server.is_settled() {
            return None;
        }
        Some(async move { drop(route.server.session().await) }.boxed())
    }

    /// The server that has the tool, or that by its name would have it.
    #[must_use]
    pub fn server_of(&self, tool: &str) -> Option<String> {
        let listed = self.index().routes.get(tool).map(|route| route.server.name().to_owned());
        listed.or_else(|| Some(self.all.iter().find(|server| may_be_of(server.name(), tool))?.name().to_owned()))
    }

    /// How a server is started, as a hash; none for one that cannot be used.
    #[must_use]
    pub fn launch(&self, server: &str) -> Option<String> {
        self.launches.get(server).cloned()
    }

    /// Calls a tool by its qualified name. The wait for the server to start and
    /// for a place counts against `call.timeout` by itself; from when the call
    /// went out, it has `call.timeout` or the server's own, whichever is shorter.
    pub async fn call(&self, mut call: ToolCall) -> Result<ToolOutput, CallFailure> {
        let name = call.name.clone();
        let Prepared { server, mut session, expected, _place } = self.prepared(&call, &name).await?;
        for again in [true, false] {
            // Looked up after the start: what the server lists now is what counts.
            let route = self.route(&name)?;
            if !Arc::ptr_eq(&route.server, &server) {
                let message =
                    format!("`{name}` is now a tool of server `{}`, so it was not called", route.server.name());
                return Err(CallFailure::new(ErrorKind::Unavailable, message)
                    .with_hint("look at what it does now; with the next call it is that server's"));
            }
            route.is_still(&name, &expected, matches!(call.origin, Origin::Step { .. }))?;
            let done = server.send(&session, &route.own, &mut call).await;
            match done {
                Err(Failed { unsent: true, .. }) if again => {
                    session = bounded(&call, &name, server.session()).await?;
                }
                done => return done.map_err(|failed| failed.failure),
            }
        }
        Err(CallFailure::new(ErrorKind::Unavailable, format!("the server of `{name}` ended before the call was sent")))
    }

    /// The server that has the tool, a place of its pool, and its session.
    async fn prepared(&self, call: &ToolCall, name: &str) -> Result<Prepared, CallFailure> {
        let Route { server, pinned, .. } = self.route(name)?;
        let expected = call.expects.clone().map_or(pinned, Arc::new);
        bounded(call, name, async {
            let place = match server.pool() {
                // Who calls by hand goes before the steps of workflows.
                Some(pool) if call.permit.is_none() => Some(pool.hold(true).await),
                Some(_) | None => None,
            };
            let session = server.session().await?;
            Ok(Prepared { server: Arc::clone(&server), session, expected, _place: place })
        })
        .await
    }

    fn route(&self, name: &str) -> Result<Route, CallFailure> {
        let route = self.index().routes.get(name).cloned();
        match route {
            Some(route) => match &route.changed {
                None => Ok(route),
                Some(changed) => Err(held_back(name, route.server.name(), changed)),
            },
            None => Err(self
                .refusal(name)
                .unwrap_or_else(|| CallFailure::new(ErrorKind::NotFound, format!("there is no tool `{name}`")))),
        }
    }

    /// Why a tool that one of the servers should have cannot be called.
    #[must_use]
    pub fn refusal(&self, name: &str) -> Option<CallFailure> {
        if let Some(route) = self.index().routes.get(name) {
            return route.changed.as_ref().map(|changed| held_back(name, route.server.name(), changed));
        }
        self.all.iter().filter(|server| may_be_of(server.name(), name)).find_map(|server| server.failing())
    }

    /// Waits until every server never seen before has told its tools or failed
    /// to. The caller bounds it; what was begun goes on when the future is dropped.
    pub async fn settled(&self) {
        self.begin(self.all.iter().filter(|server| !server.holdings().known())).await;
    }

    /// Waits until it is known whether there are tools of these names: the
    /// servers that may have those not known are asked, unless this process did so before.
    pub async fn seek(&self, names: &[String]) {
        let index = self.index();
        let unknown: Vec<&String> = names.iter().filter(|name| !index.routes.contains_key(*name)).collect();
        let may_have = |server: &&Arc<Server>| unknown.iter().any(|name| may_be_of(server.name(), name));
        self.begin(self.all.iter().filter(|server| !server.holdings().asked()).filter(may_have)).await;
    }

    /// Starts all servers at once and lists their tools, known or not.
    pub async fn probe(&self) {
        self.begin(self.all.iter()).await;
    }

    /// Waits for the sessions of these servers. Why one has none stands in its status.
    async fn begin(&self, servers: impl Iterator<Item = &Arc<Server>>) {
        let usable = servers.filter(|server| server.unusable().is_none());
        join_all(usable.map(|server| async { drop(server.session().await) })).await;
    }

    /// How all servers are doing, in the order of the configuration.
    #[must_use]
    pub fn status(&self) -> Vec<ServerStatus> {
        let index = self.index();
        self.all
            .iter()
            .enumerate()
            .map(|(at, server)| {
                let Now { state, reason, hint, peer } = server.now();
                let of_it = || index.routes.iter().filter(|(_, route)| Arc::ptr_eq(&route.server, server));
                let mut quarantined: Vec<String> =
                    of_it().filter(|(_, route)| route.changed.is_some()).map(|(name, _)| name.clone()).collect();
                quarantined.sort_unstable();
                let mut refused = server.holdings().refused();
                refused.extend(index.refused.iter().filter(|(of, _)| *of == at).map(|(_, tool)| tool.clone()));
                ServerStatus {
                    name: server.name().to_owned(),
                    state,
                    reason,
                    hint,
                    era: server.holdings().era(),
                    instructions: peer.as_ref().and_then(|peer| peer.instructions.clone()),
                    calls_itself: peer.map(|peer| (peer.name, peer.version)),
                    doubt: server.holdings().doubt(),
                    tools: of_it().filter(|(_, route)| route.changed.is_none()).count(),
                    quarantined,
                    refused,
                }
            })
            .collect()
    }

    /// The tools that changed and are held back.
    #[must_use]
    pub fn quarantined(&self) -> Vec<Quarantined> {
        let mut all: Vec<Quarantined> = self
            .index()
            .routes
            .iter()
            .filter_map(|(name, route)| {
                let diff = route.changed.clone()?;
                Some(Quarantined { name: name.clone(), server: route.server.name().to_owned(), diff })
            })
            .collect();
        all.sort_unstable_by(|one, other| one.name.cmp(&other.name));
        all
    }

    /// Accepts a tool as it is now, here and in other processes, which notice
    /// within 2 s. Writes to the disk.
    pub fn accept(&self, name: &str) -> Result<Quarantined, AcceptError> {
        let held_back = self.quarantined();
        let Some(tool) = held_back.iter().find(|tool| tool.name == name) else {
            let held_back = held_back.into_iter().map(|tool| tool.name).collect();
            return Err(AcceptError::NotHeldBack { name: name.to_owned(), held_back });
        };
        let index = self.index();
        let accepted = index.routes.get(name).map_or(Ok(false), |route| route.server.holdings().accept(&route.own));
        self.renew();
        match accepted {
            Ok(_) => Ok(tool.clone()),
            Err(error @ ShelfError { .. }) => {
                Err(AcceptError::NotKept { name: name.to_owned(), cause: error.to_string() })
            }
        }
    }

    /// Looks each second whether another process accepted what is held back,
    /// for as long as something is.
    fn look_out(&self) {
        let holds_back = self.index().routes.values().any(|route| route.changed.is_some());
        if !holds_back || tokio::runtime::Handle::try_current().is_err() || self.looking.swap(true, Ordering::SeqCst) {
            return;
        }
        let this = self.this.clone();
        tokio::spawn(async move {
            loop {
                tokio::time::sleep(LOOK).await;
                let Some(servers) = this.upgrade() else { return };
                let all: Vec<_> = servers.all.iter().map(|server| server.holdings().clone()).collect();
                let looks = tokio::task::spawn_blocking(move || all.iter().filter(|holdings| holdings.look()).count());
                if looks.await.is_ok_and(|changed| changed > 0) {
                    servers.renew();
                }
                if !servers.all.iter().any(|server| server.holdings().holds_back()) {
                    servers.looking.store(false, Ordering::SeqCst);
                    // Something may have been held back between the look and the line above.
                    servers.look_out();
                    return;
                }
            }
        });
    }

    /// Ends all servers at once, each after `grace` by force. Nothing is started any more.
    pub async fn close(&self, grace: Duration) {
        join_all(self.all.iter().map(|server| server.close(grace))).await;
    }
}

impl Index {
    /// Of two tools with one name the first.
    fn of(servers: &[Arc<Server>]) -> Self {
        let mut index = Self::default();
        for (at, server) in servers.iter().enumerate() {
            for line in &server.holdings().listing().lines {
                let name = &line.tool.definition.name;
                if let Some(taken) = index.routes.get(name) {
                    let reason = format!("server `{}` has a tool of the name `{name}`", taken.server.name());
                    index.refused.push((at, RefusedTool { name: line.own.clone(), reason }));
                    continue;
                }
                if line.changed.is_none() {
                    index.tools.push(line.tool.clone());
                }
                let route = Route {
                    server: Arc::clone(server),
                    own: line.own.clone(),
                    pinned: Arc::clone(&line.pinned),
                    changed: line.changed.clone(),
                };
                index.routes.insert(name.clone(), route);
            }
        }
        index
    }

    /// Logs what is refused now and was not `before`.
    fn tell(&self, servers: &[Arc<Server>], before: &[(usize, RefusedTool)]) {
        for (at, tool) in self.refused.iter().filter(|refused| !before.contains(refused)) {
            let server = servers.get(*at).map_or("", |server| server.name());
            tracing::warn!(server, tool = tool.name, "refused: {}", tool.reason);
        }
    }
}

impl Route {
    /// Refuses a call that relies on another definition. A step's record says whether it may be
    /// repeated, so for a step that must hold whoever is trusted.
    fn is_still(&self, name: &str, expected: &Pinned, of_step: bool) -> Result<(), CallFailure> {
        let as_safe = self.pinned.repeat_safe || !expected.repeat_safe;
        if self.pinned.pin == expected.pin || (self.server.holdings().trusts() && (as_safe || !of_step)) {
            return Ok(());
        }
        let server = self.server.name();
        let message = format!("server `{server}` changed `{name}` before the call was sent, so it was not sent");
        Err(CallFailure::new(ErrorKind::Quarantined, message).with_hint("look at what it does now, then call it again"))
    }
}

/// What has to be done before a call goes out, for as long as its caller waits.
async fn bounded<T>(
    call: &ToolCall,
    name: &str,
    work: impl Future<Output = Result<T, CallFailure>>,
) -> Result<T, CallFailure> {
    let past = async {
        match call.timeout {
            Some(timeout) => tokio::time::sleep(timeout).await,
            None => std::future::pending().await,
        }
    };
    tokio::select! {
        biased;
        done = work => done,
        () = call.cancel.cancelled() => {
            Err(CallFailure::new(ErrorKind::Interrupted, format!("the call of `{name}` was cancelled before it was sent")))
        }
        () = past => {
            let seconds = call.timeout.unwrap_or_default().as_secs_f64();
            let message = format!("the call of `{name}` was not sent within {seconds} s");
            Err(CallFailure::new(ErrorKind::Timeout, message)
                .with_hint("its server is still starting or all its places are taken: nothing has happened, call it again"))
        }
    }
}

fn held_back(name: &str, server: &str, changed: &[String]) -> CallFailure {
    // Which fields, and not how: what a server writes is no advice.
    let fields = ["name", "title", "description", "annotations", "input_schema", "output_schema"];
    let fields: Vec<&str> =
        fields.into_iter().filter(|field| changed.iter().any(|line| line.starts_with(field))).collect();
    let message = if fields.is_empty() {
        format!("`{name}` is held back: what was accepted of server `{server}` cannot be read")
    } else {
        format!("`{name}` is held back: server `{server}` changed it ({}) since it was accepted", fields.join(", "))
    };
    CallFailure::new(ErrorKind::Quarantined, message).with_hint(format!(
        "a person can look at the change with `sequitur tools`, and take it with `sequitur tools accept {name}`"
    ))
}
