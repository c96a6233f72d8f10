//! Progress notifications of one call (semantics, P9).

use std::sync::Arc;
use std::time::Duration;

use rmcp::RoleServer;
use rmcp::model::{ProgressNotificationParam, ProgressToken};
use rmcp::service::Peer;
use tokio::sync::{mpsc, oneshot};
use tokio_util::sync::CancellationToken;

use crate::base::Clock;
use crate::contract::{Progress, ProgressSink};
use crate::registry::Registry;

/// A report that comes when this many are still unsent replaces them.
const MAX_BEHIND: usize = 64;
/// What a call may report at most before its end, in percent.
const NEARLY: f64 = 99.9;

/// The numbers of one call's notifications: they rise with each, follow the
/// true percentage, and stay below 100 until the end.
#[derive(Debug, Default)]
struct Rising {
    last: f64,
}

impl Rising {
    fn next(&mut self, percentage: Option<f64>) -> f64 {
        // Near the end the steps shrink, so that a call that talks for a day still rises.
        let least = self.last + 0.001_f64.min((100.0 - self.last) / 1024.0);
        let wanted = percentage.filter(|value| value.is_finite()).map_or(least, |value| value.min(NEARLY));
        self.last = wanted.max(least);
        self.last
    }
}

/// Sends one call's progress, in order, until it is told to stop.
pub(super) struct Reporter {
    reports: mpsc::UnboundedSender<Progress>,
    stop: oneshot::Sender<bool>,
    sending: tokio::task::JoinHandle<()>,
}

/// What a reporter is made of.
pub(super) struct ReporterParts {
    pub(super) peer: Peer<RoleServer>,
    pub(super) token: ProgressToken,
    pub(super) tool: String,
    /// Takes secrets out of what is told.
    pub(super) registry: Arc<Registry>,
    pub(super) clock: Arc<dyn Clock>,
    /// The longest silence.
    pub(super) interval: Duration,
    /// Ends it at once: nobody listens any more.
    pub(super) gone: CancellationToken,
}

impl Reporter {
    pub(super) fn start(parts: ReporterParts) -> Self {
        let (reports, queue) = mpsc::unbounded_channel();
        let (stop, stopped) = oneshot::channel();
        Self { reports, stop, sending: tokio::spawn(send(parts, queue, stopped)) }
    }

    /// Where the call's tool reports to.
    pub(super) fn sink(&self) -> ProgressSink {
        let reports = self.reports.clone();
        // A report after the end goes nowhere.
        Arc::new(move |progress| {
            reports.send(progress).ok();
        })
    }

    /// Ends it; when it returns, nothing more is sent. After a success that
    /// reported progress, 100 is the last word.
    pub(super) async fn finish(self, success: bool) {
        self.stop.send(success).ok();
        if let Err(error) = self.sending.await {
            tracing::error!(%error, "progress was not sent to its end");
        }
    }
}

async fn send(
    parts: ReporterParts,
    mut queue: mpsc::UnboundedReceiver<Progress>,
    mut stopped: oneshot::Receiver<bool>,
) {
    let begun = parts.clock.monotonic();
    let mut rising = Rising::default();
    let mut said: Option<String> = None;
    let mut sent = 0_u64;
    let notify = async |progress: f64, said: Option<&str>| {
        let elapsed = parts.clock.monotonic().saturating_sub(begun).as_secs();
        let said = said.map_or_else(|| format!("`{}` is running", parts.tool), ToOwned::to_owned);
        let param = ProgressNotificationParam::new(parts.token.clone(), progress)
            .with_total(100.0)
            .with_message(format!("{said}, {elapsed} s"));
        tokio::select! {
            done = parts.peer.notify_progress(param) => done.is_ok(),
            () = parts.gone.cancelled() => false,
        }
    };
    loop {
        let report = tokio::select! {
            biased;
            // What was reported before the end is sent before the end.
            report = queue.recv() => report,
            success = &mut stopped => {
                if success.unwrap_or(false) && sent > 0 {
                    notify(100.0, said.as_deref()).await;
                }
                return;
            }
            () = parts.gone.cancelled() => return,
            () = tokio::time::sleep(parts.interval) => None,
        };
        let mut percentage = None;
        if let Some(mut report) = report {
            while queue.len() > MAX_BEHIND
                && let Ok(later) = queue.try_recv()
            {
                report = later;
            }
            percentage = report.total.filter(|total| *total > 0.0).map(|total| report.progress / total * 100.0);
            let clean = |message: String| parts.registry.redact(&message).unwrap_or(message);
            said = report.message.map(clean).or(said);
        }
        if !notify(rising.next(percentage), said.as_deref()).await {
            return;
        }
        sent += 1;
    }
}

#[cfg(test)]
mod tests {
    use super::Rising;

    #[test]
    fn numbers_rise_follow_the_truth_and_stay_below_the_end() {
        let mut rising = Rising::default();
        let mut last = 0.0;
        let reports = [Some(10.0), None, Some(5.0), Some(60.0), Some(100.0), Some(f64::NAN), None, Some(1e9)];
        let seen: Vec<f64> = reports.into_iter().map(|report| rising.next(report)).collect();
        for number in &seen {
            assert!(*number > last && *number < 100.0, "{seen:?}");
            last = *number;
        }
        assert!((seen[0] - 10.0).abs() < 1e-9 && (seen[1] - 10.001).abs() < 1e-9 && (seen[3] - 60.0).abs() < 1e-9);
        for _ in 0..20_000 {
            let next = rising.next(None);
            assert!(next > last && next < 100.0, "{next}");
            last = next;
        }
    }
}
