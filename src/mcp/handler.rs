//! What is answered: rmcp's requests in terms of the registry.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use rmcp::model::{
    CallToolRequestParams, CallToolResponse, DiscoverResult, ErrorData, Implementation, InitializeRequestParams,
    InitializeResult, ListToolsResult, PaginatedRequestParams, ProtocolVersion, ServerCapabilities, ServerConfig,
    SubscriptionFilter, Tool,
};
use rmcp::service::{RequestContext, SubscriptionContext};
use rmcp::{RoleServer, ServerHandler};
use tokio::sync::OnceCell;

use super::calls::{Asked, Calls};
use super::serve::Activity;
use super::{answer, changes};
use crate::registry::{ListPlan, SETTLE_WAIT, listed_json};

/// What a client tells its model about us.
const INSTRUCTIONS: &str = "Sequitur runs whole multi-step jobs as durable workflows, one call each. \
    `list_workflow_templates` shows what it can run, `execute_workflow` runs one; when that returns before the end, the run goes on \
    and `get_workflow_status` with `wait_seconds` follows it. `analyze_intent` finds the tool or template for a request in words. \
    Every answer says in `_next_steps` what could come next; a failed one says in `hint` what to do.";

/// Our side of a session.
pub(super) struct Handler {
    calls: Arc<Calls>,
    settled: OnceCell<()>,
    tools: Mutex<Option<Tools>>,
    seen_session: AtomicBool,
}

/// The list in rmcp's types, and what it was made of.
struct Tools {
    of: Arc<ListPlan>,
    all: Vec<Tool>,
}

impl Handler {
    pub(super) fn new(calls: Arc<Calls>) -> Self {
        Self { calls, settled: OnceCell::new(), tools: Mutex::default(), seen_session: AtomicBool::new(false) }
    }

    /// The list as it is now. The first one waits a moment for servers that
    /// were never seen before; who comes later is told of.
    async fn tools(&self) -> Vec<Tool> {
        let settled = async {
            if tokio::time::timeout(SETTLE_WAIT, self.calls.registry.settled()).await.is_err() {
                tracing::info!("the list is told without servers that take long to start");
            }
        };
        self.settled.get_or_init(|| settled).await;
        let plan = self.calls.registry.list();
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
        self.calls.tell(Activity::FirstRequest);
        context.peer.set_peer_info(request.clone());
        if !self.seen_session.swap(true, Ordering::Relaxed) {
            let ending = self.calls.signals.begun.clone();
            tokio::spawn(changes::tell_session(self.calls.registry.changed(), context.peer.clone(), ending));
        }
        self.negotiate_initialize(&request)
    }

    async fn discover(&self, _context: RequestContext<RoleServer>) -> Result<DiscoverResult, ErrorData> {
        self.calls.tell(Activity::FirstRequest);
        let versions = self.supported_protocol_versions().into_owned();
        Ok(DiscoverResult::from_server_info(versions, self.get_info()))
    }

    async fn list_tools(
        &self,
        request: Option<PaginatedRequestParams>,
        _context: RequestContext<RoleServer>,
    ) -> Result<ListToolsResult, ErrorData> {
        self.calls.tell(Activity::FirstRequest);
        if request.is_some_and(|request| request.cursor.is_some()) {
            return Err(ErrorData::invalid_params("`cursor` is not one of ours: the list has one page", None));
        }
        Ok(ListToolsResult::with_all_items(self.tools().await))
    }

    fn accepted_subscription_filter(&self, _requested: &SubscriptionFilter) -> Option<SubscriptionFilter> {
        Some(SubscriptionFilter::builder().tools_list_changed().build())
    }

    async fn listen(&self, context: SubscriptionContext) -> Result<(), ErrorData> {
        changes::tell_subscriber(self.calls.registry.changed(), context, &self.calls.signals.begun).await;
        Ok(())
    }

    async fn call_tool(
        &self,
        request: CallToolRequestParams,
        context: RequestContext<RoleServer>,
    ) -> Result<CallToolResponse, ErrorData> {
        // Cancelled by the client, or by the end of the process.
        let cancel = self.calls.signals.cancel.child_token();
        let asked = Asked {
            tool: request.name.into_owned(),
            arguments: request.arguments.unwrap_or_default(),
            progress: context.meta.get_progress_token(),
            session: self.calls.session(&context.meta),
            modern: context.protocol_version().is_some_and(|version| !version.has_initialize()),
            large: true,
            cancel: cancel.clone(),
        };
        let cancelled_by_client = async {
            context.ct.cancelled().await;
            cancel.cancel();
            std::future::pending().await
        };
        // rmcp moves what this returns a dozen times: a pointer, not the whole state of a call.
        let answered = Box::pin(self.calls.answer(&context.id, asked));
        let line = tokio::select! {
            biased;
            line = answered => line?,
            never = cancelled_by_client => never,
        };
        Ok(CallToolResponse::Complete(answer::carrying(line)))
    }
}
