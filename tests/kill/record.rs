//! What the database of a killed process says, read from a copy of its files.

use std::collections::BTreeMap;

use sequitur::machine::{RunStatus, StepStatus};
use sequitur::store::{RunFilter, Store, StoreOptions};

use crate::workplace::Workplace;

/// One run as it was on the disk.
pub(crate) struct Record {
    pub(crate) run: String,
    pub(crate) status: RunStatus,
    pub(crate) steps: BTreeMap<String, Step>,
}

/// One step as it was on the disk.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Step {
    pub(crate) tool: String,
    pub(crate) status: StepStatus,
    pub(crate) attempts: u32,
    pub(crate) finished_at: Option<i64>,
}

impl Record {
    /// The only run there is, if its creation is on the disk.
    pub(crate) fn read(workplace: &Workplace) -> Option<Self> {
        let copy = workplace.copy_of_data();
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async {
            let store = Store::open(copy.path(), StoreOptions::default()).unwrap();
            let runs =
                store.runs(RunFilter { statuses: Vec::new(), open_limit: 10, finished_limit: 10 }).await.unwrap();
            assert!(runs.len() <= 1, "one was started");
            let record = match runs.into_iter().next() {
                None => None,
                Some(run) => {
                    let steps = store.steps(&run.id).await.unwrap().into_iter().map(|step| {
                        let row = Step {
                            tool: step.tool.unwrap_or_default(),
                            status: step.status,
                            attempts: step.attempts,
                            finished_at: step.finished_at.map(|at| at.0),
                        };
                        (step.path.to_string(), row)
                    });
                    let steps = steps.collect();
                    Some(Self { run: run.id.to_string(), status: run.projection.status, steps })
                }
            };
            store.close().await.unwrap();
            record
        })
    }

    /// Steps with this status.
    pub(crate) fn with(&self, status: StepStatus) -> Vec<&str> {
        self.steps.iter().filter(|(_, step)| step.status == status).map(|(path, _)| path.as_str()).collect()
    }
}
