//! What tools work with.

use std::path::PathBuf;
use std::sync::{Arc, OnceLock};

use super::advice::Advice;
use super::failure::ToolFailure;
use crate::base::{Clock, Entropy, ErrorKind};
use crate::config::OnRequestCancelled;
use crate::contract::CallTool;
use crate::engine::Engine;
use crate::semantic_model::documents::Exports;
use crate::workflow::Library;

/// The parts that tools need, made once at the start. A tool takes what it
/// needs and nothing is global.
pub struct Services {
    /// Time.
    pub clock: Arc<dyn Clock>,
    /// Ids and random numbers.
    pub entropy: Arc<dyn Entropy>,
    /// The folders that are open to file tools.
    pub roots: Vec<PathBuf>,
    /// Where files go that tools write for people and that are given no place; none without a data folder.
    pub exports_folder: Option<PathBuf>,
    /// The engine, or why there is none.
    pub engine: Result<Engine, Unavailable>,
    /// The templates there are.
    pub library: Arc<Library>,
    /// All tools; set once the registry is there.
    pub tools: OnceLock<std::sync::Weak<dyn CallTool>>,
    /// What a person should know of the configuration, each a sentence.
    pub warnings: Vec<String>,
    /// Whether `execute_workflow` is switched on, and templates beside the built-in ones.
    pub workflows_enabled: bool,
    /// See `allow_custom_workflows`.
    pub custom_workflows: bool,
    /// Whether an agent may answer questions meant for a person.
    pub agent_may_relay: bool,
    /// What becomes of a run when the call that waits for it is cancelled.
    pub on_request_cancelled: OnRequestCancelled,
    /// Intent, recommendations, what was learned.
    pub advice: Advice,
}

/// Why a part that tools need is not there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unavailable {
    /// `store_unavailable` or `config_invalid`.
    pub kind: ErrorKind,
    /// A sentence.
    pub error: String,
    /// What to do.
    pub hint: Option<String>,
}

impl Services {
    /// What there is without a store: the built-in templates, and `unavailable`
    /// in place of the engine. Nothing is logged or recommended.
    #[must_use]
    pub fn offline(clock: Arc<dyn Clock>, entropy: Arc<dyn Entropy>, unavailable: Unavailable) -> Self {
        Self {
            advice: Advice::switched_off(clock.clone()),
            clock,
            entropy,
            engine: Err(unavailable),
            library: Arc::default(),
            tools: OnceLock::new(),
            roots: Vec::new(),
            exports_folder: None,
            warnings: Vec::new(),
            workflows_enabled: true,
            custom_workflows: true,
            agent_may_relay: false,
            on_request_cancelled: OnRequestCancelled::Detach,
        }
    }

    /// The engine, or the answer that says why there is none.
    pub fn engine(&self) -> Result<&Engine, ToolFailure> {
        self.engine.as_ref().map_err(|unavailable| {
            let failure = ToolFailure::new(unavailable.kind, unavailable.error.clone());
            match &unavailable.hint {
                Some(hint) => failure.with_hint(hint.clone()),
                None => failure,
            }
        })
    }

    /// Where a document goes that is written today.
    #[must_use]
    pub fn exports(&self) -> Exports {
        let today = self.clock.now().rfc3339();
        let day = today.split('T').next().unwrap_or_default();
        Exports { folder: self.exports_folder.as_ref().map(|folder| folder.join(day)) }
    }

    /// All tools, as steps would find them.
    pub fn all_tools(&self) -> Option<Arc<dyn CallTool>> {
        self.tools.get()?.upgrade()
    }
}
