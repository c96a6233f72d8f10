//! Waits for a run on behalf of a call, reporting its progress.

use std::time::Duration;

use super::failure::ToolFailure;
use super::services::Services;
use crate::config::OnRequestCancelled;
use crate::contract::{Progress, ProgressSink, ToolCall};
use crate::engine::{Engine, Request, Snapshot, Until};
use crate::tools::run_answer::rounded;

/// The most seconds a call waits; clients give up after 60.
pub(super) const MAX_WAIT_SECONDS: u64 = 50;
/// What a call waits when it does not say.
pub(super) const DEFAULT_WAIT_SECONDS: u64 = 45;

/// Waits for a run that this call is about: when the caller goes away, the
/// configuration says what becomes of the run.
pub(super) async fn attend(
    services: &Services,
    engine: &Engine,
    run: &str,
    seconds: Option<u64>,
    call: &ToolCall,
) -> Result<(), ToolFailure> {
    wait(engine, run, Until::Done, seconds, call).await?;
    if !call.cancel.is_cancelled() {
        return Ok(());
    }
    let reason = "the request that waited for it was cancelled".to_owned();
    let request = match services.on_request_cancelled {
        OnRequestCancelled::Detach => return Ok(()),
        OnRequestCancelled::Pause => Request::Pause { reason },
        OnRequestCancelled::Cancel => Request::Cancel { reason: Some(reason), compensate: true },
    };
    // A run that has just ended refuses, and that is as good.
    if let Err(error) = engine.ask(run, request).await {
        tracing::debug!(run, %error, "after a cancelled request");
    }
    Ok(())
}

/// Waits until the run no longer goes on by itself, the time is over, or the
/// caller went away.
pub(super) async fn wait(
    engine: &Engine,
    run: &str,
    until: Until,
    seconds: Option<u64>,
    call: &ToolCall,
) -> Result<(), ToolFailure> {
    // A person at a terminal waits for the end; a client gives up after a minute.
    let limit = match (seconds, &call.origin) {
        (None, crate::contract::Origin::Cli { .. }) => Duration::MAX,
        (None, _) => Duration::from_secs(DEFAULT_WAIT_SECONDS),
        (Some(seconds), crate::contract::Origin::Cli { .. }) => Duration::from_secs(seconds),
        (Some(seconds), _) => Duration::from_secs(seconds.min(MAX_WAIT_SECONDS)),
    };
    if limit.is_zero() {
        return Ok(());
    }
    let mut told = false;
    let mut shown = |snapshot: &Snapshot| {
        if let Some(sink) = &call.progress {
            report(sink, snapshot, !std::mem::replace(&mut told, true));
        }
    };
    tokio::select! {
        done = engine.wait(run, until, limit, &mut shown) => Ok(done?),
        () = call.cancel.cancelled() => Ok(()),
    }
}

/// The first report names the run, for a caller that is cut off before the answer.
fn report(sink: &ProgressSink, snapshot: &Snapshot, first: bool) {
    let step = snapshot.current_step_name.as_deref().unwrap_or("Waiting for a place");
    let mut message = format!("{step} ({}/{})", snapshot.finished_steps, snapshot.total_steps);
    if first {
        message = format!("{message}, run {}", snapshot.run);
    }
    sink(Progress { progress: rounded(snapshot.progress_percentage), total: Some(100.0), message: Some(message) });
}
