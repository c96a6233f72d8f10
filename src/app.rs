//! Wiring: builds everything from the configuration, for one process. No
//! behaviour of its own; a part that another part needs is handed over here.

use std::collections::BTreeMap;
use std::io;
use std::path::{Path, PathBuf};
use std::pin::Pin;
use std::sync::{Arc, OnceLock};
use std::task::{Context, Poll, ready};
use std::time::Duration;

use futures::future::BoxFuture;
use tokio::io::{AsyncRead, ReadBuf};
use tokio::runtime::Handle;
use tokio_util::sync::CancellationToken;

use crate::base::{Clock, Entropy, ErrorKind, SystemClock, SystemEntropy};
use crate::cli::{Backend, Client, Exit, Failure, Purpose, Setup};
use crate::contract::CallTool;
use crate::downstream::{Guard, Servers, ServersParts};
use crate::engine::webhook::Webhooks;
use crate::engine::{self, Engine, EngineParts, Secrets};
use crate::mcp::{self, Activity, Front};
use crate::registry::{
    ListSettings, LogUnavailable, Provider, Recorder, RecorderParts, Registry, RegistryParts, ServerTools, ToolSet,
    workflows_of,
};
use crate::semantic_model::limits::Limits;
use crate::store::{NewProcess, Store, StoreOptions};
use crate::tools::{ALL, Advice, ConnectedNames, OwnTools, Services, Unavailable};
use crate::workflow::plan::Source;
use crate::workflow::{Folder, Library};

/// A process that only looks, and one that a client started only to look, must
/// not take runs over: so long after its first request a server does.
const ADOPT_AFTER: Duration = Duration::from_secs(5);

/// How long servers have to end by themselves, and how long we wait for all of it.
const SERVERS_GRACE: Duration = Duration::from_secs(1);
const SERVERS_END: Duration = Duration::from_millis(1_800);
/// How long runs have to be left as they are, and stores to be closed: another process may hold the
/// database. What was not written is repeated or asked about by the next process.
const RUNS_END: Duration = Duration::from_millis(400);
const STORES_END: Duration = Duration::from_millis(1_200);
/// Hosts kill what is there two seconds after they asked it to end.
const WHOLE_END: Duration = Duration::from_millis(1_900);
/// What is left for the end of the servers however long their calls took to end.
const LEAST_END: Duration = Duration::from_millis(300);

/// Builds what commands work with.
pub struct App {
    clock: Arc<dyn Clock>,
    entropy: Arc<dyn Entropy>,
    more: Vec<Arc<dyn Provider>>,
}

impl App {
    /// With tools beside our own.
    #[must_use]
    pub fn with_tools(mut self, provider: Arc<dyn Provider>) -> Self {
        self.more.push(provider);
        self
    }
}

impl Default for App {
    fn default() -> Self {
        Self { clock: Arc::new(SystemClock::new()), entropy: Arc::new(SystemEntropy), more: Vec::new() }
    }
}

/// One process's parts.
struct Parts {
    registry: Arc<Registry>,
    engine: Option<Engine>,
    recorder: Arc<Recorder>,
    servers: Arc<Servers>,
    session: String,
}

impl Parts {
    /// Stops driving runs, ends the servers and closes the stores. Runs go on in the next process. `spent` is
    /// how long ago it was asked for.
    async fn close(self, spent: Duration) {
        let left = WHOLE_END.saturating_sub(spent).max(LEAST_END);
        let all = async {
            if let Some(engine) = &self.engine
                // First: a call that is cut off by the end of its server is not this run's failure.
                && tokio::time::timeout(RUNS_END.min(left / 2), engine.stop()).await.is_err()
            {
                tracing::warn!("a run could not be left in order: the next process finds out how far it came");
            }
            let servers = tokio::time::timeout(SERVERS_END, self.servers.close(SERVERS_GRACE.min(left / 3)));
            let stores = tokio::time::timeout(STORES_END, self.close_stores());
            tokio::join!(servers, stores)
        };
        match tokio::time::timeout(left, all).await {
            Ok((Ok(()), Ok(()))) => {}
            Ok((Ok(()), Err(_))) => tracing::warn!("the stores did not close in time"),
            Ok((Err(_), _)) | Err(_) => tracing::warn!("servers that did not end in time are left to the guard"),
        }
    }

    async fn close_stores(&self) {
        if let Err(error) = self.recorder.close().await {
            tracing::error!(%error, "closing the learning log");
        }
        if let Some(engine) = &self.engine
            && let Err(error) = engine.store().close().await
        {
            tracing::error!(%error, "closing the store");
        }
    }
}

impl App {
    /// With servers whose lines are read where those of the client are, if it has one.
    async fn build(&self, setup: &Setup, kind: &str, front: Option<&Front>) -> Parts {
        let config = &setup.loaded.config;
        let now = self.clock.now();
        let session = self.entropy.uuid(now);
        let engine = self.engine(setup, kind, &session).await;
        if let Err(unavailable) = &engine {
            tracing::error!(hint = unavailable.hint.as_deref(), "{}", unavailable.error);
        }
        let library = Arc::new(Library::new(folders(setup)));
        let recorder = self.recorder(setup, engine.as_ref().ok(), &library);
        let model_names = ConnectedNames::new(setup.loaded.roots.clone(), Limits::default()).into_source();
        let services = Arc::new(Services {
            clock: self.clock.clone(),
            entropy: self.entropy.clone(),
            engine: engine.clone(),
            library,
            tools: OnceLock::new(),
            roots: setup.loaded.roots.clone(),
            exports_folder: setup.data_dir.as_ref().ok().map(|data| data.path().join("exports")),
            warnings: warnings(setup),
            workflows_enabled: config.workflows.enabled,
            custom_workflows: config.workflows.allow_custom_workflows,
            agent_may_relay: config.security.agent_may_relay,
            on_request_cancelled: config.workflows.on_request_cancelled,
            advice: Advice { recorder: recorder.clone(), model_names },
        });
        let registry = Arc::new(Registry::new(RegistryParts {
            observer: recorder.clone(),
            redaction: config.redaction(),
            list: list_settings(setup),
            clock: self.clock.clone(),
            entropy: self.entropy.clone(),
        }));
        registry.add(Arc::new(OwnTools::new(ALL, services.clone())));
        for provider in &self.more {
            registry.add(provider.clone());
        }
        let servers = self.servers(setup, &session, front);
        registry.add(Arc::new(ServerTools(servers.clone())));
        let tools: Arc<dyn CallTool> = registry.clone();
        if services.tools.set(Arc::downgrade(&tools)).is_err() {
            tracing::error!("the tools were set twice; the first stay");
        }
        let engine = engine.ok();
        if let Some(engine) = &engine {
            engine.set_tools(tools);
        }
        recorder.attach(&registry);
        tokio::spawn(recorder.clone().start());
        Parts { registry, engine, recorder, servers, session }
    }

    fn servers(&self, setup: &Setup, session: &str, front: Option<&Front>) -> Arc<Servers> {
        let _there = front.map(|front| front.handle().enter());
        let config = &setup.loaded.config;
        Servers::new(ServersParts {
            servers: config.mcp_servers.clone(),
            data: setup.data_dir.as_ref().ok().cloned(),
            environment: Arc::new(setup.environment.clone()),
            redaction: config.redaction(),
            guard: Guard::new(session),
            own_program: std::env::current_exe().and_then(|program| program.canonicalize()).ok(),
            clock: self.clock.clone(),
        })
    }

    fn recorder(&self, setup: &Setup, engine: Option<&Engine>, library: &Arc<Library>) -> Arc<Recorder> {
        let config = &setup.loaded.config;
        let switched_off = if config.workflows.enabled { Vec::new() } else { vec!["execute_workflow".to_owned()] };
        Arc::new(Recorder::new(RecorderParts {
            intelligence: config.intelligence.clone(),
            retention: config.retention.clone(),
            log: learning_log(setup),
            runs: engine.map(|engine| engine.store().clone()),
            workflows: workflows_of(library.clone()),
            switched_off,
            clock: self.clock.clone(),
        }))
    }

    async fn engine(&self, setup: &Setup, kind: &str, session: &str) -> Result<Engine, Unavailable> {
        if let Some(error) = &setup.config_error {
            return Err(Unavailable {
                kind: ErrorKind::ConfigInvalid,
                error: error.to_string(),
                hint: error.hint.clone(),
            });
        }
        let config = &setup.loaded.config;
        let webhooks =
            Webhooks::new(&config.security.webhook_hosts, self.clock.clone()).map_err(|error| Unavailable {
                kind: ErrorKind::ConfigInvalid,
                error: error.to_string(),
                hint: Some("a person can put it right in the configuration".to_owned()),
            })?;
        let folder = setup.data_dir.as_ref().map_err(|error| Unavailable {
            kind: ErrorKind::StoreUnavailable,
            error: error.to_string(),
            hint: Some(error.hint().to_owned()),
        })?;
        let store = open(folder.path()).await?;
        let process: Arc<str> = session.into();
        let new = NewProcess {
            id: process.clone(),
            kind: kind.to_owned(),
            pid: std::process::id(),
            build: env!("CARGO_PKG_VERSION").to_owned(),
            started_at: self.clock.now(),
        };
        store.register_process(new).await.map_err(|error| Unavailable {
            kind: error.kind(),
            error: error.message.clone(),
            hint: error.hint.clone(),
        })?;
        let workflows = &config.workflows;
        let secrets: BTreeMap<String, String> =
            config.secrets.iter().map(|(name, secret)| (name.clone(), secret.expose().to_owned())).collect();
        let engine = Engine::new(EngineParts {
            store,
            process,
            clock: self.clock.clone(),
            entropy: self.entropy.clone(),
            secrets: Secrets::new(secrets, config.redaction()),
            settings: engine::Settings {
                max_concurrent_workflows: workflows.max_concurrent_workflows.as_usize(),
                max_parallel_steps: workflows.max_parallel_steps.as_usize(),
                workflow_timeout_multiplier: workflows.workflow_timeout_multiplier.get(),
                on_unknown: workflows.on_unknown,
                auto_resume: workflows.auto_resume,
                lease: workflows.lease_seconds.duration(),
                roots: setup.loaded.roots.clone(),
            },
        });
        engine.set_webhooks(webhooks);
        Ok(engine)
    }
}

/// Opens the store on a thread of its own: it may wait for another process.
async fn open(folder: &Path) -> Result<Store, Unavailable> {
    let folder: PathBuf = folder.to_owned();
    let opened = tokio::task::spawn_blocking(move || Store::open(&folder, StoreOptions::default())).await;
    match opened {
        Ok(Ok(store)) => Ok(store),
        Ok(Err(error)) => {
            Err(Unavailable { kind: ErrorKind::StoreUnavailable, error: error.to_string(), hint: Some(error.hint()) })
        }
        Err(error) => Err(Unavailable {
            kind: ErrorKind::Internal,
            error: format!("opening the database ended by a fault: {error}"),
            hint: None,
        }),
    }
}

/// Where calls are logged. Nowhere while the configuration cannot be read: it may say that they are not to be.
fn learning_log(setup: &Setup) -> Result<PathBuf, LogUnavailable> {
    if let Some(error) = &setup.config_error {
        return Err(LogUnavailable {
            kind: ErrorKind::ConfigInvalid,
            error: error.to_string(),
            hint: error.hint.clone(),
        });
    }
    if let Some(file) = &setup.loaded.config.intelligence.learning_database_path {
        return Ok(file.clone());
    }
    let data = setup.data_dir.as_ref().map_err(|error| LogUnavailable {
        kind: ErrorKind::StoreUnavailable,
        error: error.to_string(),
        hint: Some(error.hint().to_owned()),
    })?;
    Ok(data.file("learning.db"))
}

fn folders(setup: &Setup) -> Vec<Folder> {
    let config = &setup.loaded.config;
    if !config.workflows.allow_custom_workflows {
        return Vec::new();
    }
    let user = config.workflows.directories.iter().map(|path| Folder { path: path.clone(), source: Source::User });
    let own = setup.data_dir.iter().map(|data| Folder { path: data.path().join("workflows"), source: Source::User });
    user.chain(own).collect()
}

fn warnings(setup: &Setup) -> Vec<String> {
    setup
        .loaded
        .warnings
        .iter()
        .map(|warning| match &warning.hint {
            Some(hint) => format!("{warning}: {hint}"),
            None => warning.to_string(),
        })
        .collect()
}

fn list_settings(setup: &Setup) -> ListSettings {
    let tools = &setup.loaded.config.tools;
    let packs = match tools.packs {
        crate::config::Packs::Auto => has_model(&setup.loaded.roots),
        crate::config::Packs::All => true,
        crate::config::Packs::None => false,
    };
    ListSettings {
        sets: tools.sets.iter().map(|set| own_set(*set)).collect(),
        budget_tokens: tools.list_budget_tokens.as_usize(),
        pin: tools.pin.clone(),
        packs,
    }
}

fn own_set(set: crate::config::ToolSet) -> ToolSet {
    match set {
        crate::config::ToolSet::Core => ToolSet::Core,
        crate::config::ToolSet::Control => ToolSet::Control,
        crate::config::ToolSet::Authoring => ToolSet::Authoring,
        crate::config::ToolSet::Operations => ToolSet::Operations,
        crate::config::ToolSet::Gateway => ToolSet::Gateway,
    }
}

/// Whether a model lies in the roots.
fn has_model(roots: &[PathBuf]) -> bool {
    let models = crate::semantic_model::models::Models {
        roots: roots.to_vec(),
        connected: None,
        limits: crate::semantic_model::limits::Limits::default(),
    };
    models.detect().is_ok_and(|found| !found.instances.is_empty())
}

impl Backend for App {
    fn serve(&self, setup: Setup) -> BoxFuture<'_, Result<Exit, Failure>> {
        Box::pin(async move {
            let front = Front::start().map_err(Failure::Io)?;
            let parts = self.build(&setup, "serve", Some(&front)).await;
            let shutdown = CancellationToken::new();
            let asked = shutdown.clone();
            tokio::spawn(async move {
                end_signal().await;
                asked.cancel();
            });
            let settings = mcp::Settings {
                session: parts.session.clone(),
                clock: self.clock.clone(),
                progress_interval: setup.loaded.config.workflows.progress_update_interval_seconds.duration(),
                activity: parts.engine.clone().map(adopting),
                workers: Some(Handle::current()),
            };
            let begun = Arc::new(OnceLock::new());
            let (noting, clock, asked) = (begun.clone(), self.clock.clone(), shutdown.clone());
            tokio::spawn(async move {
                asked.cancelled().await;
                noting.get_or_init(|| clock.monotonic());
            });
            let (registry, clock, ended) = (parts.registry.clone(), self.clock.clone(), begun.clone());
            let serving = front.handle().spawn(async move {
                let (reader, writer) = mcp::stdio();
                let reader = Noted { inner: reader, clock, ended };
                mcp::serve(registry, reader, writer, settings, shutdown).await
            });
            let ended = serving.await.unwrap_or_else(|fault| Err(fault.into()));
            let now = self.clock.monotonic();
            parts.close(now.saturating_sub(*begun.get_or_init(|| now))).await;
            match ended {
                Ok(reason) => {
                    tracing::info!(?reason, "served");
                    Ok(Exit::Completed)
                }
                Err(error) => Err(Failure::refused(error.kind(), error.to_string(), None)),
            }
        })
    }

    fn client(&self, setup: Setup, purpose: Purpose) -> BoxFuture<'_, Result<Client, Failure>> {
        Box::pin(async move {
            let kind = match purpose {
                Purpose::Drive => "run",
                Purpose::Look => "look",
            };
            let parts = self.build(&setup, kind, None).await;
            if let (Some(engine), Purpose::Drive) = (&parts.engine, purpose) {
                engine.begin_adoption();
            }
            Ok(Client {
                tools: parts.registry.clone(),
                servers: Some(parts.servers.clone()),
                session: parts.session.clone(),
                close: Box::new(move || Box::pin(parts.close(Duration::ZERO))),
            })
        })
    }
}

/// Input whose end is noted.
struct Noted<R> {
    inner: R,
    clock: Arc<dyn Clock>,
    ended: Arc<OnceLock<Duration>>,
}

impl<R: AsyncRead + Unpin> AsyncRead for Noted<R> {
    fn poll_read(mut self: Pin<&mut Self>, context: &mut Context<'_>, into: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let before = into.remaining();
        let read = ready!(Pin::new(&mut self.inner).poll_read(context, into));
        if into.remaining() == before {
            self.ended.get_or_init(|| self.clock.monotonic());
        }
        Poll::Ready(read)
    }
}

/// Takes runs over from the first call on, or some time after the first request.
fn adopting(engine: Engine) -> Arc<dyn Fn(Activity) + Send + Sync> {
    // It is told elsewhere than where runs are driven.
    let here = Handle::current();
    Arc::new(move |activity| match activity {
        Activity::FirstCall => {
            let _here = here.enter();
            engine.begin_adoption();
        }
        Activity::FirstRequest => {
            let engine = engine.clone();
            here.spawn(async move {
                tokio::time::sleep(ADOPT_AFTER).await;
                engine.begin_adoption();
            });
        }
    })
}

/// Until the system asks this process to end.
#[cfg(unix)]
async fn end_signal() {
    use tokio::signal::unix::{SignalKind, signal};
    let (Ok(mut term), Ok(mut interrupt)) = (signal(SignalKind::terminate()), signal(SignalKind::interrupt())) else {
        tracing::error!("signals cannot be heard; the end of the input ends this process");
        return std::future::pending().await;
    };
    tokio::select! {
        _ = term.recv() => {}
        _ = interrupt.recv() => {}
    }
}

/// Until the system asks this process to end.
#[cfg(not(unix))]
async fn end_signal() {
    if tokio::signal::ctrl_c().await.is_err() {
        tracing::error!("Ctrl-C cannot be heard; the end of the input ends this process");
        std::future::pending::<()>().await;
    }
}
