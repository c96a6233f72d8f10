//! Progress notifications of one call (semantics, P9).

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use rmcp::model::ProgressToken;
use serde::Serialize;
use tokio::sync::{Notify, oneshot};
use tokio_util::sync::CancellationToken;

use super::outbox::{self, Outbox};
use crate::base::Clock;
use crate::contract::{Progress, ProgressSink};
use crate::registry::Registry;

/// When this many reports are unsent, the next one replaces the last.
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

/// What was reported and is not sent yet.
#[derive(Default)]
struct Reports {
    unsent: Mutex<VecDeque<Progress>>,
    more: Notify,
}

impl Reports {
    fn add(&self, report: Progress) {
        let mut unsent = self.unsent.lock().unwrap_or_else(PoisonError::into_inner);
        if unsent.len() >= MAX_BEHIND {
            unsent.pop_back();
        }
        unsent.push_back(report);
        drop(unsent);
        self.more.notify_one();
    }

    async fn next(&self) -> Progress {
        loop {
            let next = self.unsent.lock().unwrap_or_else(PoisonError::into_inner).pop_front();
            match next {
                Some(report) => return report,
                None => self.more.notified().await,
            }
        }
    }
}

/// Sends one call's progress, in order, until it is told to stop.
pub(super) struct Reporter {
    reports: Arc<Reports>,
    stop: oneshot::Sender<bool>,
    sending: tokio::task::JoinHandle<()>,
}

/// What a reporter is made of.
pub(super) struct ReporterParts {
    pub(super) outbox: Outbox,
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
        let reports = Arc::new(Reports::default());
        let (stop, stopped) = oneshot::channel();
        let sending = tokio::spawn(send(parts, Arc::clone(&reports), stopped));
        Self { reports, stop, sending }
    }

    /// Where the call's tool reports to.
    pub(super) fn sink(&self) -> ProgressSink {
        let reports = Arc::clone(&self.reports);
        // A report after the end goes nowhere.
        Arc::new(move |progress| reports.add(progress))
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

/// A notification, as it is written.
#[derive(Serialize)]
struct Notification<'a> {
    jsonrpc: &'static str,
    method: &'static str,
    params: Params<'a>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Params<'a> {
    progress_token: &'a ProgressToken,
    progress: f64,
    total: f64,
    message: String,
}

async fn send(parts: ReporterParts, reports: Arc<Reports>, mut stopped: oneshot::Receiver<bool>) {
    let begun = parts.clock.monotonic();
    let mut rising = Rising::default();
    let mut said: Option<String> = None;
    let mut sent = 0_u64;
    let notify = async |progress: f64, said: Option<&str>| {
        let elapsed = parts.clock.monotonic().saturating_sub(begun).as_secs();
        let said = said.map_or_else(|| format!("`{}` is running", parts.tool), ToOwned::to_owned);
        let params =
            Params { progress_token: &parts.token, progress, total: 100.0, message: format!("{said}, {elapsed} s") };
        let line = outbox::line(&Notification { jsonrpc: "2.0", method: "notifications/progress", params });
        let Ok(line) = line.inspect_err(|error| tracing::error!(%error, "progress cannot be written")) else {
            return false;
        };
        // One at a time: a client that does not read is told of the latest when it reads again.
        let written = parts.outbox.told(line);
        tokio::select! {
            done = written => done.is_ok(),
            () = parts.gone.cancelled() => false,
        }
    };
    loop {
        let report = tokio::select! {
            biased;
            () = parts.gone.cancelled() => return,
            // What was reported before the end is sent before the end.
            report = reports.next() => Some(report),
            success = &mut stopped => {
                if success.unwrap_or(false) && sent > 0 {
                    notify(100.0, said.as_deref()).await;
                }
                return;
            }
            () = tokio::time::sleep(parts.interval) => None,
        };
        let mut percentage = None;
        if let Some(report) = report {
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
    use super::{MAX_BEHIND, Reports, Rising};
    use crate::contract::Progress;

    #[tokio::test]
    async fn reports_that_nobody_reads_fill_no_memory_and_the_latest_is_kept() {
        let reports = Reports::default();
        for n in 0..10_000 {
            reports.add(Progress { progress: f64::from(n), total: None, message: None });
        }
        let mut read = Vec::new();
        while !reports.unsent.lock().unwrap().is_empty() {
            read.push(reports.next().await.progress);
        }
        assert_eq!(read.len(), MAX_BEHIND);
        assert!((read[0] - 0.0).abs() < 1e-9 && (read[MAX_BEHIND - 1] - 9_999.0).abs() < 1e-9, "{read:?}");
    }

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
