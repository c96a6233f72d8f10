//! What is answered: rmcp's requests in terms of the registry.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use rmcp::model::{
    CallToolRequestParams, CallToolResponse, DiscoverResult, ErrorData, Implementation, InitializeRequestParams,
    InitializeResult, ListToolsResult, PaginatedRequestParams, ProtocolVersion, ServerCapabilities, ServerConfig,
    SubscriptionFilter, Tool,
};
use rmcp::service::{RequestContext, SubscriptionContext};
use rmcp::{RoleServer, ServerHandler};
use tokio::sync::{OnceCell, Semaphore};

use super::progress::{Reporter, ReporterParts};
use super::serve::{Activity, Settings};
use super::transport::EndSignals;
use super::{answer, changes};
use crate::contract::{Origin, ToolCall, ToolOutput};
use crate::registry::{ListPlan, Registry, SETTLE_WAIT, listed_json};

/// What a client tells its model about us.
const INSTRUCTIONS: &str = "Sequitur runs whole multi-step jobs as durable workflows, one call each. \
    `list_workflow_templates` shows what it can run, `execute_workflow` runs one; when that returns before the end, the run goes on \
    and `get_workflow_status` with `wait_seconds` follows it. `analyze_intent` finds the tool or template for a request in words. \
    Every answer says in `_next_steps` what could come next; a failed one says in `hint` what to do.";

/// Calls that begin at once. A call gives its place up after
/// [`PLACE_HELD`], so that calls that wait for long hold up nobody.
const MAX_BEGINNING: usize = 128;
const PLACE_HELD: Duration = Duration::from_millis(500);

/// Our side of a session.
pub(super) struct Handler {
    registry: Arc<Registry>,
    settings: Settings,
    signals: EndSignals,
    settled: OnceCell<()>,
    tools: Mutex<Option<Tools>>,
    places: Semaphore,
    seen_request: AtomicBool,
    seen_call: AtomicBool,
    seen_session: AtomicBool,
}

/// The list in rmcp's types, and what it was made of.
struct Tools {
    of: Arc<ListPlan>,
    all: Vec<Tool>,
}

impl Handler {
    pub(super) fn new(registry: Arc<Registry>, settings: Settings, signals: EndSignals) -> Self {
        Self {
            registry,
            settings,
            signals,
            settled: OnceCell::new(),
            tools: Mutex::default(),
            places: Semaphore::new(MAX_BEGINNING),
            seen_request: AtomicBool::new(false),
            seen_call: AtomicBool::new(false),
            seen_session: AtomicBool::new(false),
        }
    }

    fn tell(&self, activity: Activity) {
        let seen = match activity {
            Activity::FirstRequest => &self.seen_request,
            Activity::FirstCall => &self.seen_call,
        };
        if !seen.swap(true, Ordering::Relaxed)
            && let Some(listener) = &self.settings.activity
        {
            listener(activity);
        }
    }

    /// The list as it is now. The first one waits a moment for servers that
    /// were never seen before; who comes later is told of.
    async fn tools(&self) -> Vec<Tool> {
        let settled = async {
            if tokio::time::timeout(SETTLE_WAIT, self.registry.settled()).await.is_err() {
                tracing::info!("the list is told without servers that take long to start");
            }
        };
        self.settled.get_or_init(|| settled).await;
        let plan = self.registry.list();
        let mut tools = self.tools.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(tools) = tools.as_ref().filter(|tools| Arc::ptr_eq(&tools.of, &plan)) {
            return tools.all.clone();
        }
        let read = plan.listed.iter().filter_map(|definition| {
            // A definition from outside may be one that the protocol has no room for.
            serde_json::from_value(listed_json(definition))
                .inspect_err(|error| tracing::warn!(tool = definition.name, %error, "cannot be listed"))
                .ok()
        });
        let all: Vec<Tool> = read.collect();
        *tools = Some(Tools { of: plan, all: all.clone() });
        all
    }

    /// The session a request belongs to: our process, and in the modern era,
    /// where one process may serve several clients, the client's name.
    fn session(&self, context: &RequestContext<RoleServer>) -> String {
        let modern = context.meta.protocol_version().is_some_and(|version| !version.has_initialize());
        match context.meta.client_info().filter(|_| modern) {
            Some(client) => {
                let name: String = client.name.chars().filter(|c| !c.is_control()).take(64).collect();
                format!("{}/{name}", self.settings.session)
            }
            None => self.settings.session.clone(),
        }
    }

    /// The answer of a call, written to the end: rmcp only carries it.
    fn answer(&self, context: &RequestContext<RoleServer>, output: &ToolOutput) -> Result<CallToolResponse, ErrorData> {
        let modern = context.protocol_version().is_some_and(|version| !version.has_initialize());
        let line = answer::line(&context.id, output, modern);
        let line =
            line.map_err(|error| ErrorData::internal_error(format!("the answer cannot be written: {error}"), None))?;
        let line = match self.registry.redact(&line) {
            None => line,
            // What was cut out may reach beyond a text: nothing of such an answer goes out.
            Some(clean) if serde_json::from_str::<serde::de::IgnoredAny>(&clean).is_ok() => clean,
            Some(_) => {
                return Err(ErrorData::internal_error("the answer holds a secret that cannot be taken out", None));
            }
        };
        Ok(CallToolResponse::Complete(answer::carrying(line)))
    }

    async fn call(&self, call: ToolCall) -> Result<ToolOutput, ErrorData> {
        let place = self.places.acquire().await;
        let dispatched = self.registry.dispatch(call);
        tokio::pin!(dispatched);
        let early = tokio::time::timeout(PLACE_HELD, &mut dispatched).await;
        drop(place);
        let done = match early {
            Ok(done) => done,
            Err(_) => dispatched.await,
        };
        // For a client the only failure is a name that is not in the catalogue.
        done.map_err(|unknown| {
            let hint = unknown.hint.map(|hint| format!(": {hint}")).unwrap_or_default();
            ErrorData::invalid_params(format!("{}{hint}", unknown.message), None)
        })
    }
}

impl ServerHandler for Handler {
    fn get_info(&self) -> ServerConfig {
        let capabilities = ServerCapabilities::builder().enable_tools().enable_tool_list_changed().build();
        ServerConfig::new(capabilities)
            .with_server_info(Implementation::new("sequitur", env!("CARGO_PKG_VERSION")).with_title("Sequitur"))
            .with_protocol_version(ProtocolVersion::LATEST_WITH_INITIALIZE)
            .with_instructions(INSTRUCTIONS)
    }

    async fn initialize(
        &self,
        request: InitializeRequestParams,
        context: RequestContext<RoleServer>,
    ) -> Result<InitializeResult, ErrorData> {
        self.tell(Activity::FirstRequest);
        context.peer.set_peer_info(request.clone());
        if !self.seen_session.swap(true, Ordering::Relaxed) {
            let ending = self.signals.begun.clone();
            tokio::spawn(changes::tell_session(self.registry.changed(), context.peer.clone(), ending));
        }
        self.negotiate_initialize(&request)
    }

    async fn discover(&self, _context: RequestContext<RoleServer>) -> Result<DiscoverResult, ErrorData> {
        self.tell(Activity::FirstRequest);
        let versions = self.supported_protocol_versions().into_owned();
        Ok(DiscoverResult::from_server_info(versions, self.get_info()))
    }

    async fn list_tools(
        &self,
        request: Option<PaginatedRequestParams>,
        _context: RequestContext<RoleServer>,
    ) -> Result<ListToolsResult, ErrorData> {
        self.tell(Activity::FirstRequest);
        if request.is_some_and(|request| request.cursor.is_some()) {
            return Err(ErrorData::invalid_params("`cursor` is not one of ours: the list has one page", None));
        }
        Ok(ListToolsResult::with_all_items(self.tools().await))
    }

    fn accepted_subscription_filter(&self, _requested: &SubscriptionFilter) -> Option<SubscriptionFilter> {
        Some(SubscriptionFilter::builder().tools_list_changed().build())
    }

    async fn listen(&self, context: SubscriptionContext) -> Result<(), ErrorData> {
        changes::tell_subscriber(self.registry.changed(), context, &self.signals.begun).await;
        Ok(())
    }

    async fn call_tool(
        &self,
        request: CallToolRequestParams,
        context: RequestContext<RoleServer>,
    ) -> Result<CallToolResponse, ErrorData> {
        self.tell(Activity::FirstRequest);
        self.tell(Activity::FirstCall);
        let origin = Origin::Client { session: self.session(&context) };
        let name = request.name.into_owned();
        let mut call = ToolCall::new(name.clone(), request.arguments.unwrap_or_default(), origin);
        // Cancelled by the client, or by the end of the process.
        let cancel = self.signals.cancel.child_token();
        call.cancel = cancel.clone();
        let reporter = context.meta.get_progress_token().map(|token| {
            Reporter::start(ReporterParts {
                peer: context.peer.clone(),
                token,
                tool: name,
                registry: Arc::clone(&self.registry),
                clock: Arc::clone(&self.settings.clock),
                interval: self.settings.progress_interval,
                gone: cancel.clone(),
            })
        });
        call.progress = reporter.as_ref().map(Reporter::sink);
        let cancelled_by_client = async {
            context.ct.cancelled().await;
            cancel.cancel();
            std::future::pending().await
        };
        let done = tokio::select! {
            biased;
            done = self.call(call) => done,
            () = self.signals.drop.cancelled() => Err(ErrorData::internal_error("the server is ending", None)),
            done = cancelled_by_client => done,
        };
        if let Some(reporter) = reporter {
            reporter.finish(done.as_ref().is_ok_and(|output| !output.is_error)).await;
        }
        self.answer(&context, &done?)
    }
}
