//! What `get_learning_analytics` answers, made from the log's sums.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::follow_up::FollowUp;

/// Bytes of JSON that count as one token.
const BYTES_PER_TOKEN: u64 = 4;

/// The log's sums over the time asked for.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Figures {
    /// Per tool.
    pub tools: Vec<ToolFigures>,
    /// What followed what.
    pub sequences: Vec<FollowUp>,
    /// Patterns that were mined; empty while none were.
    pub patterns: Vec<Pattern>,
    /// Per template, runs that have ended.
    pub workflows: Vec<WorkflowFigures>,
    /// Recommendations in answers to clients.
    pub shown: u64,
    /// Of them, taken within the next three calls of the session.
    pub accepted: u64,
    /// JSON bytes of the results of all steps of runs that clients started.
    pub step_result_bytes: u64,
    /// JSON bytes that clients got of these runs, status answers included.
    pub returned_bytes: u64,
}

/// Sums of one tool.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct ToolFigures {
    /// The tool.
    pub tool: String,
    /// Calls by clients and people.
    pub calls: u64,
    /// Of them, successful.
    pub successes: u64,
    /// Their mean duration.
    pub mean_duration_ms: f64,
    /// Calls by steps of runs.
    pub step_calls: u64,
}

/// Sums of one template.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct WorkflowFigures {
    /// The template.
    pub template_id: String,
    /// Runs that have ended.
    pub runs: u64,
    /// Of them, completed.
    pub completed: u64,
    /// Their mean duration.
    pub mean_duration_seconds: f64,
}

/// The answer.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Analytics {
    /// Most called first.
    pub most_used_tools: Vec<ToolUse>,
    /// Tools that failed at least once, least successful first.
    pub lowest_success_tools: Vec<ToolSuccess>,
    /// Most frequent first.
    pub common_sequences: Vec<Sequence>,
    /// Longer sequences that keep coming back.
    pub patterns: Vec<Pattern>,
    /// Most run first.
    pub workflows: Vec<WorkflowUse>,
    /// How recommendations were taken.
    pub recommendations: RecommendationFigures,
    /// What stayed out of the client's context.
    pub token_savings: TokenSavings,
}

/// How much a tool is used.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct ToolUse {
    /// The tool.
    pub tool: String,
    /// Calls by clients and people.
    pub count: u64,
    /// 0 to 1, over these calls.
    pub success_rate: f64,
    /// Their mean duration.
    pub mean_duration_ms: f64,
    /// Calls by steps of runs.
    pub step_calls: u64,
}

/// How well a tool does.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct ToolSuccess {
    /// The tool.
    pub tool: String,
    /// 0 to 1.
    pub success_rate: f64,
    /// Calls by clients and people.
    pub total: u64,
}

/// What follows what.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Sequence {
    /// A tool, or `workflow:` and a template's id.
    pub from: String,
    /// The same.
    pub to: String,
    /// How often.
    pub frequency: u64,
    /// Mean time between them.
    pub mean_seconds_between: f64,
    /// Of the second call, 0 to 1.
    pub success_rate: f64,
    /// frequency / (calls after `from` + 2).
    pub confidence: f64,
}

/// A sequence of two or more calls that keeps coming back.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Pattern {
    /// For `create_workflow`.
    pub pattern_id: String,
    /// In order.
    pub tools: Vec<String>,
    /// How often.
    pub frequency: u64,
    /// 0 to 1.
    pub success_rate: f64,
    /// What it is ranked by.
    pub score: f64,
    /// In how many sessions.
    pub sessions: u64,
}

/// How much a workflow is used.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct WorkflowUse {
    /// The template.
    pub template_id: String,
    /// Runs that have ended.
    pub runs: u64,
    /// Completed over ended, 0 to 1.
    pub success_rate: f64,
    /// Of these runs.
    pub mean_duration_seconds: f64,
}

/// How recommendations were taken.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct RecommendationFigures {
    /// Shown in answers.
    pub shown: u64,
    /// Called within the next three calls of the session.
    pub accepted: u64,
    /// accepted / shown; null when none was shown.
    pub acceptance_rate: Option<f64>,
}

/// An estimate of what runs kept out of the client's context.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct TokenSavings {
    /// Bytes of the results of all steps: what would have passed through the
    /// client, had it called the tools itself.
    pub step_result_bytes: u64,
    /// Bytes that the client got instead.
    pub returned_bytes: u64,
    /// (`step_result_bytes` - `returned_bytes`) / 4, at least 0. An estimate: a
    /// token is taken for 4 bytes, and the requests for these calls are not counted.
    pub estimated_tokens_saved: u64,
    /// 1 - returned / step results, at least 0; null without step results.
    pub reduction: Option<f64>,
}

/// The figures as an answer: at most `limit` entries in each list.
#[must_use]
pub fn analytics(figures: Figures, limit: usize) -> Analytics {
    let Figures { mut tools, mut sequences, mut patterns, mut workflows, .. } = figures;
    tools.retain(|tool| tool.calls + tool.step_calls > 0);
    tools.sort_by(|one, other| {
        let by_calls = (other.calls, other.step_calls).cmp(&(one.calls, one.step_calls));
        by_calls.then_with(|| one.tool.cmp(&other.tool))
    });
    let mut failing: Vec<ToolSuccess> = tools
        .iter()
        .filter(|tool| tool.successes < tool.calls)
        .map(|tool| ToolSuccess {
            tool: tool.tool.clone(),
            success_rate: rounded(share(tool.successes, tool.calls).unwrap_or(0.0)),
            total: tool.calls,
        })
        .collect();
    failing.sort_by(|one, other| {
        let by_rate = one.success_rate.total_cmp(&other.success_rate);
        by_rate.then(other.total.cmp(&one.total)).then_with(|| one.tool.cmp(&other.tool))
    });
    failing.truncate(limit);
    sequences.sort_by(|one, other| {
        let by_frequency = other.frequency.cmp(&one.frequency);
        by_frequency.then_with(|| (one.from.key(), one.to.key()).cmp(&(other.from.key(), other.to.key())))
    });
    patterns.sort_by(|one, other| other.score.total_cmp(&one.score));
    patterns.truncate(limit);
    workflows.sort_by(|one, other| other.runs.cmp(&one.runs).then_with(|| one.template_id.cmp(&other.template_id)));
    Analytics {
        most_used_tools: tools.into_iter().take(limit).map(tool_use).collect(),
        lowest_success_tools: failing,
        common_sequences: sequences.iter().take(limit).map(sequence).collect(),
        patterns,
        workflows: workflows.into_iter().take(limit).map(workflow_use).collect(),
        recommendations: RecommendationFigures {
            shown: figures.shown,
            accepted: figures.accepted,
            acceptance_rate: share(figures.accepted, figures.shown).map(rounded),
        },
        token_savings: token_savings(figures.step_result_bytes, figures.returned_bytes),
    }
}

fn tool_use(tool: ToolFigures) -> ToolUse {
    ToolUse {
        success_rate: rounded(share(tool.successes, tool.calls).unwrap_or(1.0)),
        tool: tool.tool,
        count: tool.calls,
        mean_duration_ms: rounded(tool.mean_duration_ms),
        step_calls: tool.step_calls,
    }
}

fn sequence(seen: &FollowUp) -> Sequence {
    Sequence {
        from: seen.from.key(),
        to: seen.to.key(),
        frequency: seen.frequency,
        mean_seconds_between: rounded(seen.mean_seconds),
        success_rate: rounded(seen.success_rate),
        confidence: rounded(seen.confidence()),
    }
}

fn workflow_use(workflow: WorkflowFigures) -> WorkflowUse {
    WorkflowUse {
        success_rate: rounded(share(workflow.completed, workflow.runs).unwrap_or(0.0)),
        template_id: workflow.template_id,
        runs: workflow.runs,
        mean_duration_seconds: rounded(workflow.mean_duration_seconds),
    }
}

fn token_savings(step_result_bytes: u64, returned_bytes: u64) -> TokenSavings {
    let kept_out = step_result_bytes.saturating_sub(returned_bytes);
    TokenSavings {
        step_result_bytes,
        returned_bytes,
        estimated_tokens_saved: kept_out / BYTES_PER_TOKEN,
        reduction: share(kept_out, step_result_bytes).map(rounded),
    }
}

#[expect(clippy::cast_precision_loss, reason = "counts and bytes are far below 2^53")]
fn share(part: u64, whole: u64) -> Option<f64> {
    (whole > 0).then(|| part as f64 / whole as f64)
}

/// Three digits: more would claim what counts of this size cannot tell.
fn rounded(number: f64) -> f64 {
    (number * 1_000.0).round() / 1_000.0
}
