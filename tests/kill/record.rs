//! What the database of a killed process says, read from a copy of its files.

use std::collections::BTreeMap;

use sequitur::base::ErrorKind;
use sequitur::machine::{RunStatus, StepStatus};
use sequitur::store::{RunFilter, Store, StoreOptions};

use crate::workplace::Workplace;

/// One run as it was on the disk.
#[derive(Debug)]
pub(crate) struct Record {
    pub(crate) run: String,
    pub(crate) status: RunStatus,
    /// The key that it was asked for with.
    pub(crate) asked_as: Option<String>,
    pub(crate) steps: BTreeMap<String, Step>,
}

/// One step as it was on the disk.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Step {
    pub(crate) tool: String,
    pub(crate) status: StepStatus,
    pub(crate) attempts: u32,
    pub(crate) finished_at: Option<i64>,
    /// The key of its calls.
    pub(crate) key: Option<String>,
    /// The kind of its last error.
    pub(crate) error: Option<ErrorKind>,
    pub(crate) answered: bool,
}

/// Everything on the disk.
#[derive(Debug)]
pub(crate) struct Whole {
    pub(crate) runs: Vec<Record>,
    /// The processes that registered, with the system's numbers for them.
    pub(crate) processes: Vec<(String, u32)>,
}

impl Whole {
    /// As it is on the disk now, which nobody writes to.
    pub(crate) fn read(workplace: &Workplace) -> Self {
        let copy = workplace.copy_of_data();
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async {
            let store = Store::open(copy.path(), StoreOptions::default()).unwrap();
            let all = RunFilter { statuses: Vec::new(), open_limit: u32::MAX, finished_limit: u32::MAX };
            let mut runs = Vec::new();
            for run in store.runs(all).await.unwrap() {
                let steps = store.steps(&run.id).await.unwrap().into_iter().map(|step| {
                    let row = Step {
                        tool: step.tool.unwrap_or_default(),
                        status: step.status,
                        attempts: step.attempts,
                        finished_at: step.finished_at.map(|at| at.0),
                        key: step.key.map(|key| key.to_string()),
                        error: step.error.map(|error| error.kind),
                        answered: step.answered_via.is_some(),
                    };
                    (step.path.to_string(), row)
                });
                let (steps, status) = (steps.collect(), run.projection.status);
                runs.push(Record { run: run.id.to_string(), status, asked_as: run.idempotency_key, steps });
            }
            let processes = store.processes().await.unwrap().into_iter();
            let processes = processes.map(|process| (process.id.to_string(), process.pid)).collect();
            store.close().await.unwrap();
            Self { runs, processes }
        })
    }
}

impl Record {
    /// The only run there is, if its creation is on the disk.
    pub(crate) fn read(workplace: &Workplace) -> Option<Self> {
        let mut runs = Whole::read(workplace).runs;
        assert!(runs.len() <= 1, "one was started");
        runs.pop()
    }

    /// Steps with this status.
    pub(crate) fn with(&self, status: StepStatus) -> Vec<&str> {
        self.steps.iter().filter(|(_, step)| step.status == status).map(|(path, _)| path.as_str()).collect()
    }
}
