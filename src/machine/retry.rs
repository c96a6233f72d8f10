//! Whether a failed attempt is followed by another, and when.

use std::time::Duration;

use super::event::StepError;
use crate::base::ErrorKind;
use crate::workflow::plan::{PlanStep, Retry};

/// Whether `retry` covers this kind of error.
pub(super) fn covers(retry: &Retry, kind: ErrorKind) -> bool {
    let kind = kind.step_kind();
    if let Some(only) = &retry.retryable_errors {
        return only.contains(&kind);
    }
    // A result that is too large is one of a call that took effect.
    let never = matches!(
        kind,
        ErrorKind::InvalidInput
            | ErrorKind::Auth
            | ErrorKind::NotFound
            | ErrorKind::Conflict
            | ErrorKind::ResultTooLarge
    );
    !never && !retry.non_retryable_errors.contains(&kind)
}

/// The wait before the next attempt, or `None` when there is none.
///
/// Exponential backoff with full jitter (Brooker, "Exponential Backoff And
/// Jitter", AWS 2015): uniform in `[0, min(max, delay * multiplier^failures))`,
/// at least `retry_after` where the other side asked for it.
#[must_use]
pub fn delay(
    node: &PlanStep,
    error: &StepError,
    failures: u32,
    jitter: f64,
    retry_after: Option<Duration>,
) -> Option<Duration> {
    let retry = node.retry.as_ref()?;
    if failures >= retry.max_retries || !covers(retry, error.kind) {
        return None;
    }
    let exponent = i32::try_from(failures).unwrap_or(i32::MAX);
    let ceiling = (retry.delay_seconds * retry.backoff_multiplier.powi(exponent)).min(retry.max_delay_seconds);
    let seconds = (ceiling * jitter.clamp(0.0, 1.0)).clamp(0.0, 86_400.0);
    let wait = if seconds.is_finite() { Duration::from_secs_f64(seconds) } else { Duration::ZERO };
    Some(wait.max(retry_after.unwrap_or_default()))
}

#[cfg(test)]
mod tests {
    use super::{covers, delay};
    use crate::base::ErrorKind;
    use crate::machine::event::StepError;
    use crate::workflow::plan::{PlanStep, Retry};
    use std::time::Duration;

    fn retry() -> Retry {
        Retry {
            max_retries: 3,
            delay_seconds: 1.0,
            backoff_multiplier: 2.0,
            max_delay_seconds: 3.0,
            retryable_errors: None,
            non_retryable_errors: Vec::new(),
        }
    }

    fn node(retry: Option<Retry>) -> PlanStep {
        let bare = serde_json::json!({"id": "a", "name": "a", "kind": {"type": "action", "tool": "t"}});
        PlanStep { retry, ..serde_json::from_value(bare).unwrap() }
    }

    #[test]
    fn delays_double_up_to_the_maximum_and_end_after_max_retries() {
        let node = node(Some(retry()));
        let error = StepError::new(ErrorKind::Unavailable, "x");
        let waits: Vec<_> = (0..4).map(|failures| delay(&node, &error, failures, 1.0, None)).collect();
        let seconds = |s| Some(Duration::from_secs(s));
        assert_eq!(waits, [seconds(1), seconds(2), seconds(3), None]);
    }

    #[test]
    fn jitter_scales_the_whole_delay_and_retry_after_is_a_floor() {
        let node = node(Some(retry()));
        let error = StepError::new(ErrorKind::RateLimited, "x");
        assert_eq!(delay(&node, &error, 0, 0.25, None), Some(Duration::from_millis(250)));
        assert_eq!(delay(&node, &error, 0, 0.25, Some(Duration::from_secs(9))), Some(Duration::from_secs(9)));
    }

    #[test]
    fn without_retry_there_is_none() {
        assert_eq!(delay(&node(None), &StepError::new(ErrorKind::Timeout, "x"), 0, 0.5, None), None);
    }

    #[test]
    fn five_kinds_are_never_retried_unless_named() {
        for kind in [
            ErrorKind::InvalidInput,
            ErrorKind::Auth,
            ErrorKind::NotFound,
            ErrorKind::Conflict,
            ErrorKind::ResultTooLarge,
        ] {
            assert!(!covers(&retry(), kind), "{kind}");
            assert!(covers(&Retry { retryable_errors: Some(vec![kind]), ..retry() }, kind), "{kind}");
        }
        assert!(covers(&retry(), ErrorKind::ToolError));
        assert!(!covers(&Retry { non_retryable_errors: vec![ErrorKind::ToolError], ..retry() }, ErrorKind::ToolError));
    }
}
