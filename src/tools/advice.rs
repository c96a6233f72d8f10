//! What the tools of advice work with: intent, recommendations, analytics.

use std::sync::Arc;

use super::failure::ToolFailure;
use crate::base::{Clock, ErrorKind};
use crate::config::{Intelligence, Retention};
use crate::contract::Binding;
use crate::intelligence::ModelNames;
use crate::registry::{LogUnavailable, Recorder, RecorderParts};

/// Gives the names in the model that a session is bound to, none when it cannot
/// be read. Called off the path of other calls; may block.
pub type ModelNamesOf = Arc<dyn Fn(&Binding) -> Option<Arc<ModelNames>> + Send + Sync>;

/// The recorder, and the names in the connected model.
#[derive(Clone)]
pub struct Advice {
    /// Knows the sessions, what was learned, and what can be called.
    pub recorder: Arc<Recorder>,
    /// See [`super::ConnectedNames`].
    pub model_names: ModelNamesOf,
}

impl Advice {
    /// Nothing is logged, learned or recommended.
    #[must_use]
    pub fn switched_off(clock: Arc<dyn Clock>) -> Self {
        let recorder = Recorder::new(RecorderParts {
            intelligence: Intelligence { enabled: false, ..Intelligence::default() },
            retention: Retention::default(),
            log: Err(LogUnavailable::switched_off()),
            runs: None,
            workflows: Arc::new(Vec::new),
            switched_off: Vec::new(),
            clock,
        });
        Self { recorder: Arc::new(recorder), model_names: Arc::new(|_| None) }
    }

    /// Fails when the configuration switches all of it off, or `key`, whose
    /// value is `on`.
    pub(super) fn expect(&self, what: &str, key: &str, on: bool) -> Result<(), ToolFailure> {
        let all = self.recorder.configuration().enabled;
        if all && on {
            return Ok(());
        }
        let key = if all { key } else { "enabled" };
        Err(ToolFailure::new(ErrorKind::Disabled, format!("{what} switched off by the configuration"))
            .with_hint(format!("set `intelligence.{key}` to true in `sequitur.json` and start the server again")))
    }
}

impl From<LogUnavailable> for ToolFailure {
    fn from(why: LogUnavailable) -> Self {
        let failure = Self::new(why.kind, format!("the learning log cannot be read: {}", why.error));
        match why.hint {
            Some(hint) => failure.with_hint(hint),
            None => failure,
        }
    }
}
