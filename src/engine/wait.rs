//! Waits for a run, wherever it is driven, and reads what the store holds of it.

use std::sync::Arc;
use std::time::Duration;

use serde_json::{Value, json};

use super::error::EngineError;
use super::handle::Engine;
use super::journal;
use super::needs;
use super::snapshot::Snapshot;
use crate::base::Timestamp;
use crate::machine::{BodyRef, RunStatus, State};
use crate::store::RunRow;
use crate::workflow::plan::Plan;

/// How often a run of another process is looked at.
const POLL: Duration = Duration::from_millis(200);

/// How long to wait.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Until {
    /// Until the run no longer goes on by itself; one that only waits for the
    /// clock goes on if its instant comes within the limit.
    Done,
    /// Until anything about it changes.
    Change,
}

/// Whether there is nothing more to wait for.
fn ended(until: Until, status: RunStatus, goes_on: bool, changed: bool) -> bool {
    match until {
        Until::Done => !goes_on,
        Until::Change => changed || status.is_terminal(),
    }
}

/// Whether a run goes on by itself before `end`, by what the store shows of it.
fn wakes_before(waiting_for: Option<&Value>, end: Timestamp) -> bool {
    let Some(waits) = waiting_for else { return true };
    let timers = waits.as_array().map(Vec::as_slice).unwrap_or_default();
    let until = timers.iter().map(|one| {
        let until = one.get("until").and_then(Value::as_str).and_then(Timestamp::parse);
        until.filter(|_| one.get("kind").and_then(Value::as_str) == Some("timer"))
    });
    let first = until.collect::<Option<Vec<_>>>().and_then(|all| all.into_iter().min());
    first.is_some_and(|at| at <= end)
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
        let end = self.shared.clock.now().plus(limit);
        match tokio::time::timeout(limit, self.wait_on(run, until, end, shown)).await {
            Ok(done) => done,
            Err(_) => Ok(()),
        }
    }

    async fn wait_on(
        &self,
        run: &str,
        until: Until,
        end: Timestamp,
        shown: &mut (dyn FnMut(&Snapshot) + Send),
    ) -> Result<(), EngineError> {
        let mut before = None;
        while let Some(mut snapshots) = self.watch(run) {
            loop {
                let now = snapshots.borrow_and_update().clone();
                shown(&now);
                let changed = before.is_some_and(|events| events != now.events);
                if ended(until, now.status, now.goes_on_before(end), changed) {
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
            let goes_on = !status.is_terminal() && wakes_before(row.projection.waiting_for.as_ref(), end);
            if ended(until, status, goes_on, changed) {
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
            // What holds a run is one object in the store, and one of a list in answers.
            return row.projection.waiting_for.clone().map(|one| if one.is_array() { one } else { json!([one]) });
        }
        let owner = row.owner.as_deref();
        // An owner whose lock cannot be looked at is taken to live.
        let alive = owner.is_some_and(|owner| self.shared.store.is_alive(owner).unwrap_or(true));
        if alive {
            return None;
        }
        let missing = row.needs.as_ref().map(|needs| needs::lack(needs, &self.shared).told()).unwrap_or_default();
        Some(if missing.is_empty() {
            json!([{"kind": "process", "name": "a process that goes on with it"}])
        } else {
            json!([{"kind": "process", "name": "a process that has what is missing here", "missing": missing}])
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
