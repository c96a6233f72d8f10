//! One `tools/call` from its parts to the line that answers it.
//!
//! Must not know how the request came: past rmcp (`intake.rs`) or through it
//! (`handler.rs`). What a call needs beside the registry is here: its place,
//! its progress, its cancelling, the secrets taken out of its answer.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use futures::future::Either;
use rmcp::model::{ErrorData, ProgressToken, RequestId, RequestMetaObject};
use tokio_util::sync::CancellationToken;
use tokio_util::task::AbortOnDropHandle;

use super::answer;
use super::outbox::Outbox;
use super::places::Places;
use super::progress::{Reporter, ReporterParts};
use super::serve::{Activity, Settings};
use super::transport::EndSignals;
use crate::base::json::Object;
use crate::contract::{CallFailure, Origin, ToolCall, ToolOutput};
use crate::registry::Registry;

/// What a call is made of.
pub(super) struct Asked {
    pub(super) tool: String,
    pub(super) arguments: Object,
    /// Where the client wants its progress told.
    pub(super) progress: Option<ProgressToken>,
    pub(super) session: String,
    /// The answer says what kind of result it is.
    pub(super) modern: bool,
    /// Its arguments are many bytes: they are looked through elsewhere than
    /// where everybody's lines are read.
    pub(super) large: bool,
    /// A child of [`EndSignals::cancel`]; the client's cancelling fires it too.
    pub(super) cancel: CancellationToken,
}

/// The way of all calls of one client.
pub(super) struct Calls {
    pub(super) registry: Arc<Registry>,
    pub(super) settings: Settings,
    pub(super) signals: EndSignals,
    pub(super) outbox: Outbox,
    places: Places,
    seen_request: AtomicBool,
    seen_call: AtomicBool,
}

impl Calls {
    pub(super) fn new(registry: Arc<Registry>, settings: Settings, signals: EndSignals, outbox: Outbox) -> Self {
        Self {
            registry,
            settings,
            signals,
            outbox,
            places: Places::new(),
            seen_request: AtomicBool::new(false),
            seen_call: AtomicBool::new(false),
        }
    }

    pub(super) fn tell(&self, activity: Activity) {
        let seen = match activity {
            Activity::FirstRequest => &self.seen_request,
            Activity::FirstCall => &self.seen_call,
        };
        if !seen.load(Ordering::Relaxed)
            && !seen.swap(true, Ordering::Relaxed)
            && let Some(listener) = &self.settings.activity
        {
            listener(activity);
        }
    }

    /// The session a request belongs to: our process, and in the modern era,
    /// where one process may serve several clients, the client's name.
    pub(super) fn session(&self, meta: &RequestMetaObject) -> String {
        let modern = meta.protocol_version().is_some_and(|version| !version.has_initialize());
        match meta.client_info().filter(|_| modern) {
            Some(client) => {
                let name: String = client.name.chars().filter(|c| !c.is_control()).take(64).collect();
                format!("{}/{name}", self.settings.session)
            }
            None => self.settings.session.clone(),
        }
    }

    /// Makes the call; the line that answers the request `id`, with its end. All
    /// of its progress is queued before this returns.
    pub(super) async fn answer(&self, id: &RequestId, asked: Asked) -> Result<String, ErrorData> {
        self.tell(Activity::FirstRequest);
        self.tell(Activity::FirstCall);
        let Asked { tool, arguments, progress, session, modern, large, cancel } = asked;
        let reporter = progress.map(|token| {
            Reporter::start(ReporterParts {
                outbox: self.outbox.clone(),
                token,
                tool: tool.clone(),
                registry: Arc::clone(&self.registry),
                clock: Arc::clone(&self.settings.clock),
                interval: self.settings.progress_interval,
                gone: cancel.clone(),
            })
        });
        let mut call = ToolCall::new(tool, arguments, Origin::Client { session });
        call.cancel = cancel;
        call.progress = reporter.as_ref().map(Reporter::sink);
        let done = tokio::select! {
            biased;
            done = self.call(call, large) => done,
            () = self.signals.drop.cancelled() => Err(ErrorData::internal_error("the server is ending", None)),
        };
        if let Some(reporter) = reporter {
            reporter.finish(done.as_ref().is_ok_and(|output| !output.is_error)).await;
        }
        self.written(id, &done?, modern)
    }

    async fn call(&self, call: ToolCall, large: bool) -> Result<ToolOutput, ErrorData> {
        let place = self.places.take().await;
        self.outbox.room().await;
        let done = self.dispatched(call, large).await;
        drop(place);
        // For a client the only failure is a name that is not in the catalogue.
        done.map_err(|unknown| {
            let hint = unknown.hint.map(|hint| format!(": {hint}")).unwrap_or_default();
            ErrorData::invalid_params(format!("{}{hint}", unknown.message), None)
        })
    }

    /// What is only forwarded stays on the thread that has it; what may take
    /// the processor for long does not hold that one up.
    fn dispatched(
        &self,
        call: ToolCall,
        large: bool,
    ) -> impl Future<Output = Result<ToolOutput, CallFailure>> + Send + '_ {
        match &self.settings.workers {
            Some(workers) if large || !self.registry.forwards(&call.name) => {
                let registry = Arc::clone(&self.registry);
                let name = call.name.clone();
                let task = AbortOnDropHandle::new(workers.spawn(async move { registry.dispatch(call).await }));
                Either::Left(async move {
                    task.await.unwrap_or_else(|fault| {
                        let message = format!("the call of `{name}` ended by a fault of ours: {fault}");
                        Err(CallFailure::new(crate::base::ErrorKind::Internal, message))
                    })
                })
            }
            Some(_) | None => Either::Right(self.registry.dispatch(call)),
        }
    }

    fn written(&self, id: &RequestId, output: &ToolOutput, modern: bool) -> Result<String, ErrorData> {
        let line = answer::line(id, output, modern);
        let line =
            line.map_err(|error| ErrorData::internal_error(format!("the answer cannot be written: {error}"), None))?;
        match self.registry.redact(&line) {
            None => Ok(line),
            // What was cut out may reach beyond a text: nothing of such an answer goes out.
            Some(clean) if serde_json::from_str::<serde::de::IgnoredAny>(&clean).is_ok() => Ok(clean),
            Some(_) => Err(ErrorData::internal_error("the answer holds a secret that cannot be taken out", None)),
        }
    }
}
