//! The observer that remembers: it logs every call, learns what follows what,
//! and proposes the next steps.
//!
//! Nothing here waits on a call's path. What is known is in memory (`memories`
//! per session, `follow_ups` for all, `callable` what can be proposed); what is
//! to be kept goes to `journal`, which hands it to the learning log. What to
//! propose is for `intelligence` to decide, how to store it for the store.
//! Another fact about a call is a field of its rows there, filled in here.

mod callable;
mod figures;
mod follow_ups;
mod journal;
mod memories;

use std::path::PathBuf;
use std::sync::Arc;

use serde_json::{Value, json};

use self::callable::Callable;
use self::follow_ups::FollowUps;
use self::journal::Journal;
use self::memories::{Memories, Memory};
use super::dispatch::Registry;
use super::observer::{Finished, Observer, Started};
use crate::base::json::{self, Object};
use crate::base::{Clock, Timestamp};
use crate::config::{Intelligence, LogParameters, Retention};
use crate::contract::{Origin, ToolOutput};
use crate::intelligence::learning::{Call, Figures, FollowUp, Lessons, kept_parameters};
use crate::intelligence::recommend::{Occasion, Recommendation, Settings, fit, recommend};
use crate::intelligence::{Catalogue, Target};
use crate::store::{CallEnded, CallStarted, ShownRow, Store, StoreError, Transition};

pub use self::callable::{Startable, Workflows, workflows_of};
pub use self::journal::LogUnavailable;

/// The most bytes that next steps add to a server's answer.
const FOREIGN_STEPS: usize = 600;
/// The tool whose answer is itself recommendations.
pub(crate) const GET_RECOMMENDATIONS: &str = "get_recommendations";

/// What a recorder is made of.
pub struct RecorderParts {
    /// What is switched on, how much is shown.
    pub intelligence: Intelligence,
    /// How long the log is kept, and how much of a call.
    pub retention: Retention,
    /// The learning log's file, or why there can be none.
    pub log: Result<PathBuf, LogUnavailable>,
    /// The database of runs, for the figures of workflows.
    pub runs: Option<Store>,
    /// The workflows there are.
    pub workflows: Workflows,
    /// Tools that the configuration switches off: listed, but not to be proposed.
    pub switched_off: Vec<String>,
    /// Time.
    pub clock: Arc<dyn Clock>,
}

/// Logs calls, learns from them, proposes what could come next.
pub struct Recorder {
    intelligence: Intelligence,
    retention: Retention,
    memories: Memories,
    follow_ups: FollowUps,
    callable: Callable,
    journal: Journal,
    runs: Option<Store>,
}

/// What `get_recommendations` is asked.
#[derive(Debug, Clone, Default)]
pub struct Question {
    /// The tool after which to recommend; the session's last call when none is given.
    pub tool: Option<String>,
    /// What it answered.
    pub result: Option<Value>,
    /// What the caller says about the session.
    pub context: Object,
}

/// Recommendations, and after what.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Recommended {
    /// The tool that was called last.
    pub after: Option<String>,
    /// The best first.
    pub recommendations: Vec<Recommendation>,
}

impl Recorder {
    /// A recorder that notes and proposes at once. [`Self::attach`] and
    /// [`Self::start`] give it the tools, the workflows and the log.
    #[must_use]
    pub fn new(parts: RecorderParts) -> Self {
        let RecorderParts { intelligence, retention, log, runs, workflows, mut switched_off, clock } = parts;
        let own = [
            (intelligence.intent_analysis_enabled, "analyze_intent"),
            (intelligence.recommendations_enabled, GET_RECOMMENDATIONS),
            (intelligence.learning_enabled, "get_learning_analytics"),
        ];
        let off = own.iter().filter(|(on, _)| !(intelligence.enabled && *on)).map(|(_, tool)| (*tool).to_owned());
        switched_off.extend(off);
        let log = (intelligence.enabled && intelligence.learning_enabled).then_some(log);
        Self {
            memories: Memories::default(),
            follow_ups: FollowUps::default(),
            callable: Callable::new(workflows, switched_off, Arc::clone(&clock)),
            journal: Journal::new(log, retention.interactions_days.duration(), clock),
            intelligence,
            retention,
            runs,
        }
    }

    /// Says whose tools are proposed.
    pub fn attach(&self, registry: &Arc<Registry>) {
        self.callable.attach(Arc::downgrade(registry));
    }

    /// Opens the log, reads what was learned before and which workflows there
    /// are. Calls may be made meanwhile. To be run once, beside everything else;
    /// never fails: without its file it tells the log once, and goes on.
    pub async fn start(self: Arc<Self>) {
        let (recorder, workflows) = (Arc::clone(&self), Arc::clone(&self));
        let listed = tokio::task::spawn_blocking(move || workflows.callable.refresh());
        recorder.journal.open(&recorder.follow_ups).await;
        if let Err(error) = listed.await {
            tracing::warn!(%error, "the workflows could not be listed");
        }
    }

    /// What the configuration says.
    #[must_use]
    pub fn configuration(&self) -> &Intelligence {
        &self.intelligence
    }

    /// All that can be called now.
    #[must_use]
    pub fn catalogue(&self) -> Catalogue {
        self.callable.catalogue()
    }

    /// What to do next in a session.
    #[must_use]
    pub fn recommend(&self, session: Option<&str>, question: Question) -> Recommended {
        let memory = session.and_then(|session| self.memories.find(session));
        let memory = memory.as_ref().map(|memory| memory.lock());
        let last = memory.as_ref().and_then(|memory| memory.last.clone());
        let history = memory.as_ref().map(|memory| memory.session.history().to_vec()).unwrap_or_default();
        drop(memory);
        // What the session remembers of the call counts only where that call is meant.
        let last = last.filter(|last| question.tool.as_ref().is_none_or(|tool| *tool == last.tool));
        let tool = question.tool.or_else(|| last.as_ref().map(|last| last.tool.clone()));
        let arguments = last.as_ref().map(|last| last.arguments.clone()).unwrap_or_default();
        let error = match (&question.result, &last) {
            (Some(result), _) => Occasion::error_of(result),
            (None, last) => last.as_ref().and_then(|last| last.error),
        };
        let result = question.result.or_else(|| last.and_then(|last| last.result));
        let target = tool.as_deref().map(|tool| Target::of(tool, &arguments));
        let recommendations = recommend(&Occasion {
            tool: tool.as_deref(),
            result: result.as_ref(),
            error,
            arguments: &arguments,
            context: &question.context,
            history: &history,
            catalogue: &self.catalogue(),
            learned: &self.learned(target.as_ref()),
            settings: self.settings(),
        });
        Recommended { after: tool, recommendations }
    }

    /// The sums of the log since a time; waits for what is being written.
    pub async fn figures(&self, since: Option<Timestamp>) -> Result<Figures, LogUnavailable> {
        let log = self.journal.log().await?;
        if let Err(error) = log.flush().await {
            tracing::debug!(%error, "figures without the last calls");
        }
        Ok(figures::read(&log, self.runs.as_ref(), since).await?)
    }

    /// Waits until all that was noted is in the log, or known to be lost.
    pub async fn flush(&self) -> Result<(), LogUnavailable> {
        Ok(self.journal.log().await?.flush().await?)
    }

    /// Ends the log after what was noted is written.
    pub async fn close(&self) -> Result<(), StoreError> {
        self.journal.close().await
    }

    fn recommends(&self) -> bool {
        self.intelligence.enabled && self.intelligence.recommendations_enabled
    }

    fn learns(&self) -> bool {
        self.intelligence.enabled && self.intelligence.learning_enabled
    }

    /// How much of this call's parameters may be kept.
    fn kept(&self, call: &Started) -> LogParameters {
        if call.unrecorded { LogParameters::None } else { self.retention.log_parameters }
    }

    fn settings(&self) -> Settings {
        Settings {
            count: self.intelligence.recommendation_count.as_usize(),
            min_confidence: self.intelligence.min_confidence_threshold.get(),
        }
    }

    fn learned(&self, after: Option<&Target>) -> Vec<FollowUp> {
        after.filter(|_| self.learns()).map(|after| self.follow_ups.of(after)).unwrap_or_default()
    }

    /// A call of a client or a person has ended: what it teaches, and what to propose.
    fn ended(&self, call: &Started, session: &str, end: &Finished<'_>, bytes: u64) -> (Lessons, Option<Vec<Value>>) {
        let at = call.at.plus(end.duration);
        let memory = self.memories.of(session);
        let mut memory = memory.lock();
        let lessons = memory.session.observe(&Call {
            id: &call.id.0,
            tool: &call.tool,
            arguments: &call.parameters,
            started: call.at,
            ended: at,
            success: end.success(),
        });
        if let Some(followed) = &lessons.followed
            && self.learns()
        {
            self.follow_ups.saw(followed);
        }
        memory.note(call, end, bytes);
        if !self.recommends() {
            return (lessons, None);
        }
        let proposals = self.proposals(call, end, &memory);
        let reaches_client = end.delivered && matches!(call.origin, Origin::Client { .. });
        if reaches_client {
            memory.session.shown(&call.id.0, at, &proposals);
            if self.learns() {
                self.journal.shown(rows(&call.id.0, at, &proposals));
            }
        }
        (lessons, Some(proposals.iter().map(|proposal| json!(proposal)).collect()))
    }

    fn proposals(&self, call: &Started, end: &Finished<'_>, memory: &Memory) -> Vec<Recommendation> {
        // What was asked for is what comes next; nothing is made up beside it.
        if call.tool == GET_RECOMMENDATIONS && end.success() {
            let told = end.output.structured.as_ref().and_then(|answer| answer.get("recommendations"));
            return told.and_then(|told| serde_json::from_value(told.clone()).ok()).unwrap_or_default();
        }
        let target = Target::of(&call.tool, &call.parameters);
        let proposals = recommend(&Occasion {
            tool: Some(&call.tool),
            result: end.output.structured.as_ref(),
            error: end.error_kind,
            arguments: &call.parameters,
            context: &Object::new(),
            history: memory.session.history(),
            catalogue: &self.catalogue(),
            learned: &self.learned(Some(&target)),
            settings: self.settings(),
        });
        if call.set.is_ours() { proposals } else { fit(proposals, FOREIGN_STEPS) }
    }

    fn keep(&self, call: &Started, end: &Finished<'_>, bytes: u64, lessons: Lessons) {
        let whole = self.kept(call) == LogParameters::Full;
        self.journal.ended(CallEnded {
            id: call.id.0.clone(),
            error_type: end.error_kind,
            duration_ms: u64::try_from(end.duration.as_millis()).unwrap_or(u64::MAX),
            result_bytes: bytes,
            model: end.model.map(ToOwned::to_owned),
            // Both come from arguments, which may not be kept.
            table: end.table.filter(|_| whole).map(ToOwned::to_owned),
            user_intent: lessons.user_intent.filter(|_| whole),
        });
        let at = call.at.plus(end.duration);
        if let Some(followed) = lessons.followed {
            self.journal.followed(Transition {
                after: followed.id,
                from: followed.from.key(),
                to: followed.to.key(),
                seconds: followed.seconds,
                success: followed.success,
                at,
            });
        }
        for accepted in lessons.accepted {
            self.journal.accepted(accepted.shown_in, rank(accepted.rank), at);
        }
    }
}

impl Observer for Recorder {
    fn started(&self, call: &Started) {
        if !self.learns() {
            return;
        }
        self.journal.started(CallStarted {
            id: call.id.0.clone(),
            at: call.at,
            origin: call.origin.clone(),
            tool: call.tool.clone(),
            parameters: kept_parameters(Value::Object(call.parameters.clone()), self.kept(call)),
        });
    }

    fn finished(&self, call: &Started, end: &Finished<'_>) -> Option<Vec<Value>> {
        let bytes = size(end.output);
        let (lessons, steps) = match &call.origin {
            Origin::Client { session } | Origin::Cli { session } => self.ended(call, session, end, bytes),
            Origin::Step { .. } => (Lessons::default(), None),
        };
        if self.learns() {
            self.keep(call, end, bytes, lessons);
        }
        steps
    }
}

fn rows(interaction: &str, at: Timestamp, proposals: &[Recommendation]) -> Vec<ShownRow> {
    let row = |(place, proposal): (usize, &Recommendation)| ShownRow {
        interaction: interaction.to_owned(),
        rank: rank(place),
        target: proposal.target.key(),
        source: proposal.source.as_str().to_owned(),
        confidence: proposal.confidence,
        at,
    };
    proposals.iter().enumerate().map(row).collect()
}

fn rank(place: usize) -> u32 {
    u32::try_from(place).unwrap_or(u32::MAX)
}

/// Bytes of an answer as JSON: of the structured content, else of the blocks.
fn size(output: &ToolOutput) -> u64 {
    let bytes = match &output.structured {
        Some(value) => json::size(value),
        None => json::list_size(&output.content),
    };
    u64::try_from(bytes).unwrap_or(u64::MAX)
}
