//! One call carried out: the tool's panics are caught, its deadline and
//! cancellation kept. Must not know what is recorded or answered around it.

use std::panic::AssertUnwindSafe;
use std::time::Duration;

use futures::FutureExt as _;

use super::provider::Provider;
use crate::base::ErrorKind;
use crate::contract::{CallFailure, ToolCall, ToolOutput};

/// How long a call may take to end in order after it was cancelled.
const CANCEL_GRACE: Duration = Duration::from_secs(5);
/// The same after its deadline passed: the caller waits.
const DEADLINE_GRACE: Duration = Duration::from_millis(250);

/// Calls a tool that relays to another: the other's deadline and cancellation
/// are kept where that one is called.
pub(super) async fn relay(provider: &dyn Provider, call: ToolCall) -> Result<ToolOutput, CallFailure> {
    let name = call.name.clone();
    settled(&name, AssertUnwindSafe(async { provider.call(call).await }).catch_unwind().await)
}

/// Calls the tool.
pub(super) async fn run(provider: &dyn Provider, mut call: ToolCall) -> Result<ToolOutput, CallFailure> {
    let name = call.name.clone();
    let deadline = call.timeout.filter(|_| !provider.keeps_time());
    let inner = call.cancel.child_token();
    let outer = std::mem::replace(&mut call.cancel, inner.clone());
    // Inside an async block, so that a panic before the first await is caught too.
    let work = AssertUnwindSafe(async { provider.call(call).await }).catch_unwind();
    tokio::pin!(work);
    let past_deadline = async {
        match deadline {
            Some(deadline) => tokio::time::sleep(deadline).await,
            None => std::future::pending().await,
        }
    };
    let timed_out = tokio::select! {
        biased;
        done = &mut work => return settled(&name, done),
        () = outer.cancelled() => false,
        () = past_deadline => true,
    };
    inner.cancel();
    let grace = if timed_out { DEADLINE_GRACE } else { CANCEL_GRACE };
    let late = tokio::time::timeout(grace, &mut work).await;
    if let Ok(done) = late {
        let done = settled(&name, done);
        // What it managed to finish is the truth; how it failed when told to stop is not.
        if done.is_ok() || !timed_out {
            return done;
        }
    }
    let mut failure = if timed_out {
        let seconds = deadline.unwrap_or_default().as_secs_f64();
        CallFailure::new(ErrorKind::Timeout, format!("`{name}` did not answer within {seconds} s"))
            .with_hint("its effect may have happened: look before calling it again")
    } else {
        CallFailure::new(ErrorKind::Interrupted, format!("the call of `{name}` was cancelled and did not end in time"))
    };
    failure.outcome_unknown = true;
    Err(failure)
}

type Caught = Result<Result<ToolOutput, CallFailure>, Box<dyn std::any::Any + Send>>;

fn settled(name: &str, done: Caught) -> Result<ToolOutput, CallFailure> {
    done.unwrap_or_else(|panic| {
        let told = panic
            .downcast_ref::<&str>()
            .map(|text| (*text).to_owned())
            .or_else(|| panic.downcast_ref::<String>().cloned())
            .unwrap_or_default();
        tracing::error!(tool = name, panic = told, "a tool panicked");
        let mut failure = CallFailure::new(ErrorKind::Internal, format!("`{name}` failed from a fault of its own"))
            .with_hint("this is a bug: the log has the place; other calls are not affected");
        failure.outcome_unknown = true;
        Err(failure)
    })
}
