//! The log's sums as the figures that `intelligence` makes its answer of.

use crate::base::Timestamp;
use crate::intelligence::Target;
use crate::intelligence::learning::{Figures, FollowUp, ToolFigures, WorkflowFigures};
use crate::store::{LearningStore, SequenceRow, Store, StoreError, ToolSums, Usage};

/// Sequences read for the figures: the answer shows a few of them.
const SEQUENCES: u32 = 500;
/// Tools whose answers tell of runs: what clients got in place of the results of all steps.
const ABOUT_RUNS: [&str; 7] = [
    "execute_workflow",
    "get_workflow_status",
    "resume_workflow",
    "pause_workflow",
    "cancel_workflow",
    "respond_to_task",
    "signal_workflow",
];

/// Reads everything. Without the database of runs nothing is told of workflows.
pub(super) async fn read(
    log: &LearningStore,
    runs: Option<&Store>,
    since: Option<Timestamp>,
) -> Result<Figures, StoreError> {
    let tools = log.tools(since).await?;
    let sequences = log.sequences(since, SEQUENCES).await?;
    let recommendations = log.recommendations(since).await?;
    let usage = match runs {
        Some(runs) => runs.usage(since).await.unwrap_or_else(|error| {
            tracing::warn!(%error, "figures without those of workflows");
            Vec::new()
        }),
        None => Vec::new(),
    };
    let about_runs = |tool: &&ToolSums| ABOUT_RUNS.contains(&tool.tool.as_str());
    Ok(Figures {
        step_result_bytes: tools.iter().map(|tool| tool.step_result_bytes).sum(),
        returned_bytes: tools.iter().filter(about_runs).map(|tool| tool.result_bytes).sum(),
        tools: tools.into_iter().map(of_tool).collect(),
        sequences: sequences.iter().map(of_sequence).collect(),
        patterns: Vec::new(),
        workflows: usage.into_iter().filter(|usage| usage.finished > 0).map(of_workflow).collect(),
        shown: recommendations.iter().map(|source| source.shown).sum(),
        accepted: recommendations.iter().map(|source| source.accepted).sum(),
    })
}

fn of_tool(sums: ToolSums) -> ToolFigures {
    ToolFigures {
        tool: sums.tool,
        calls: sums.calls,
        successes: sums.successes,
        mean_duration_ms: sums.mean_duration_ms,
        step_calls: sums.step_calls,
    }
}

#[expect(clippy::cast_precision_loss, reason = "counts of calls are far below 2^53")]
fn of_sequence(row: &SequenceRow) -> FollowUp {
    FollowUp {
        from: Target::from_key(&row.from),
        to: Target::from_key(&row.to),
        frequency: row.frequency,
        from_total: row.from_total,
        mean_seconds: row.mean_seconds,
        success_rate: row.successes as f64 / row.frequency.max(1) as f64,
    }
}

fn of_workflow(usage: Usage) -> WorkflowFigures {
    WorkflowFigures {
        template_id: usage.template_id,
        runs: usage.finished,
        completed: usage.completed,
        mean_duration_seconds: usage.mean_seconds.unwrap_or(0.0),
    }
}
