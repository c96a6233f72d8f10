//! Waits for a run, wherever it is driven, and reads what the store holds of it.

use std::sync::Arc;
use std::time::Duration;

use serde_json::{Value, json};

use super::error::EngineError;
use super::handle::Engine;
use super::journal;
use super::needs;
use super::snapshot::Snapshot;
use crate::machine::{BodyRef, State};
use crate::store::RunRow;
use crate::workflow::plan::Plan;

/// How often a run of another process is looked at.
const POLL: Duration = Duration::from_millis(200);

/// How long to wait.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Until {
    /// Until the run no longer goes on by itself.
    Done,
    /// Until anything about it changes.
    Change,
}

impl Engine {
    /// Waits at most `limit`; `shown` sees every change. Dropping the future
    /// ends the waiting and nothing else.
    pub async fn wait(
        &self,
        run: &str,
        until: Until,
        limit: Duration,
        shown: &mut (dyn FnMut(&Snapshot) + Send),
    ) -> Result<(), EngineError> {
        match tokio::time::timeout(limit, self.wait_on(run, until, shown)).await {
            Ok(done) => done,
            Err(_) => Ok(()),
        }
    }

    async fn wait_on(
        &self,
        run: &str,
        until: Until,
        shown: &mut (dyn FnMut(&Snapshot) + Send),
    ) -> Result<(), EngineError> {
        let mut before = None;
        while let Some(mut snapshots) = self.watch(run) {
            loop {
                let now = snapshots.borrow_and_update().clone();
                shown(&now);
                let changed = before.is_some_and(|events| events != now.events);
                if !now.goes_on() || (until == Until::Change && changed) {
                    return Ok(());
                }
                before = before.or(Some(now.events));
                if snapshots.changed().await.is_err() {
                    // No longer driven here: the store has what became of it.
                    break;
                }
            }
        }
        let mut seq = None;
        loop {
            let row = self.row(run).await?;
            let changed = seq.is_some_and(|seq| seq != row.seq) || before.is_some_and(|events| events != row.seq);
            let status = row.projection.status;
            let open = !status.is_terminal() && row.projection.waiting_for.is_none();
            if !open || (until == Until::Change && changed) {
                return Ok(());
            }
            seq = seq.or(Some(row.seq));
            tokio::time::sleep(POLL).await;
        }
    }

    /// A run as it is stored.
    pub async fn row(&self, run: &str) -> Result<RunRow, EngineError> {
        self.shared.store.run(run).await?.ok_or_else(|| EngineError::no_run(run))
    }

    /// What an open run waits for: what its log says, or a process that can go on
    /// with it when its own is gone.
    pub fn waits_for(&self, row: &RunRow) -> Option<Value> {
        if row.projection.status.is_terminal() || row.projection.waiting_for.is_some() {
            return row.projection.waiting_for.clone();
        }
        let owner = row.owner.as_deref();
        // An owner whose lock cannot be looked at is taken to live.
        let alive = owner.is_some_and(|owner| self.shared.store.is_alive(owner).unwrap_or(true));
        if alive {
            return None;
        }
        let missing = row.needs.as_ref().map(|needs| needs::lack(needs, &self.shared).told()).unwrap_or_default();
        Some(if missing.is_empty() {
            json!({"kind": "process", "name": "a process that goes on with it"})
        } else {
            json!({"kind": "process", "name": "a process that has what is missing here", "missing": missing})
        })
    }

    /// The state that a run's log adds up to.
    pub async fn state(&self, run: &str) -> Result<State, EngineError> {
        let row = self.row(run).await?;
        let plan = self.plan(&row).await?;
        journal::load(&self.shared.store, &row.id, plan).await
    }

    /// The plan that a run keeps.
    pub async fn plan(&self, row: &RunRow) -> Result<Arc<Plan>, EngineError> {
        if let Some(plan) = self.shared.plan(&row.plan) {
            return Ok(plan);
        }
        let text = self.shared.store.plan(&row.plan).await?;
        let text =
            text.ok_or_else(|| EngineError::internal(format!("the plan of run `{}` is not in the store", row.id)))?;
        let plan = serde_json::from_str(&text).map_err(|error| {
            EngineError::internal(format!("the plan of run `{}` cannot be read by this version: {error}", row.id))
        })?;
        let plan = Arc::new(plan);
        self.shared.share_plan(row.plan.clone(), &plan);
        Ok(plan)
    }

    /// A value of a run.
    pub async fn value(&self, run: &Arc<str>, body: &BodyRef) -> Result<Value, EngineError> {
        let text = self.shared.store.body(run, &body.hash).await?;
        let text =
            text.ok_or_else(|| EngineError::internal(format!("the body `{}` is not in the store", body.hash)))?;
        serde_json::from_str(&text).map_err(|error| EngineError::internal(format!("the body `{}`: {error}", body.hash)))
    }
}
