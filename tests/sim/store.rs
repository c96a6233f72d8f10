//! What outlives the process: the log in whole commits, the inbox, and what
//! really happened at the tools.

use std::collections::BTreeMap;
use std::sync::Arc;

use sequitur::base::Timestamp;
use sequitur::machine::{Event, InputKind, State, StepPath};
use sequitur::workflow::plan::Plan;

use crate::fault::Fault;

/// The log of one run, as text, and what waits in its inbox.
pub(crate) struct Store {
    plan: String,
    /// One entry a commit: its events, one JSON text a line.
    pub(crate) commits: Vec<Vec<String>>,
    /// What people asked and the run has not seen yet.
    pub(crate) inbox: BTreeMap<(Timestamp, u64), InputKind>,
    next: u64,
}

impl Store {
    pub(crate) fn new(plan: &Plan, created: &Event) -> Self {
        let mut store = Self {
            plan: serde_json::to_string(plan).expect("a plan is JSON"),
            commits: Vec::new(),
            inbox: BTreeMap::new(),
            next: 0,
        };
        store.commit(std::slice::from_ref(created));
        store
    }

    /// All of these or none: the in-memory stand-in for one transaction.
    pub(crate) fn commit(&mut self, events: &[Event]) -> Vec<Event> {
        let lines: Vec<String> =
            events.iter().map(|event| serde_json::to_string(event).expect("an event is JSON")).collect();
        let read = lines.iter().map(|line| serde_json::from_str(line).expect("and reads back")).collect();
        self.commits.push(lines);
        read
    }

    /// Puts something into the inbox.
    pub(crate) fn ask(&mut self, at: Timestamp, input: InputKind) {
        self.next += 1;
        self.inbox.insert((at, self.next), input);
    }

    /// The whole log.
    pub(crate) fn log(&self) -> Vec<Event> {
        let lines = self.commits.iter().flatten();
        lines.map(|line| serde_json::from_str(line).expect("it was written by `commit`")).collect()
    }

    /// The state of the whole log and the plan it was written with.
    pub(crate) fn replay(&self) -> Result<State, Fault> {
        let plan: Arc<Plan> = Arc::new(serde_json::from_str(&self.plan).expect("it was written by `new`"));
        let state = State::replay(plan, &self.log()).map_err(|illegal| Fault::new("replay", illegal))?;
        state.ok_or_else(|| Fault::new("replay", "the log is empty"))
    }
}

/// What went out to the tools and what came back for good.
#[derive(Debug, Default)]
pub(crate) struct Ledger {
    /// Every call: step, attempt, key.
    pub(crate) sent: Vec<(StepPath, u32, Arc<str>)>,
    /// Attempts whose reply said what happened, once that is in the log.
    pub(crate) settled: Vec<(StepPath, u32)>,
}
