//! Progress of one call: a bar for a person, lines for a log, nothing beside
//! JSON.

use std::sync::{Arc, Mutex, PoisonError};

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use super::terminal::{Shared, Terminal};
use crate::contract::{Progress, ProgressSink};
use crate::telemetry::visible;

/// Shows the progress of one call.
#[derive(Clone)]
pub(super) enum Meter {
    Bar(ProgressBar),
    Lines { stream: Shared, last: Arc<Mutex<String>> },
    Silent,
}

/// The bar counts in hundredths of a per cent.
const FULL: u64 = 10_000;

impl Meter {
    /// What fits the terminal: with `json` only a person sees progress.
    pub(super) fn new(terminal: &Terminal, json: bool) -> Self {
        if terminal.err_is_terminal {
            let bar = ProgressBar::with_draw_target(Some(FULL), ProgressDrawTarget::stderr());
            let style = ProgressStyle::with_template("{spinner} [{elapsed}] {bar:24} {percent:>3}%  {wide_msg}");
            bar.set_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()).progress_chars("=> "));
            bar.enable_steady_tick(std::time::Duration::from_millis(120));
            return Self::Bar(bar);
        }
        if json {
            return Self::Silent;
        }
        Self::Lines { stream: terminal.error_stream(), last: Arc::default() }
    }

    /// Where a call reports to.
    pub(super) fn sink(&self) -> ProgressSink {
        let meter = self.clone();
        Arc::new(move |progress| meter.show(&progress))
    }

    fn show(&self, progress: &Progress) {
        let message = visible(progress.message.as_deref().unwrap_or_default(), false).into_owned();
        let share = progress.progress / progress.total.filter(|total| *total > 0.0).unwrap_or(100.0);
        match self {
            Self::Bar(bar) => {
                #[expect(
                    clippy::cast_possible_truncation,
                    clippy::cast_sign_loss,
                    clippy::cast_precision_loss,
                    reason = "within 0..=10000"
                )]
                bar.set_position((share.clamp(0.0, 1.0) * FULL as f64) as u64);
                bar.set_message(message);
            }
            Self::Lines { stream, last } => {
                let line = format!("{:>3.0}%  {message}", (share * 100.0).clamp(0.0, 100.0));
                let mut last = last.lock().unwrap_or_else(PoisonError::into_inner);
                if *last != line {
                    // Progress that nobody can read must not stop the run.
                    stream.line(&line).ok();
                    *last = line;
                }
            }
            Self::Silent => {}
        }
    }

    /// Writes a line without breaking the bar.
    pub(super) fn note(&self, text: &str) {
        match self {
            Self::Bar(bar) => bar.suspend(|| Self::on_error_stream(text)),
            Self::Lines { stream, .. } => {
                stream.line(text).ok();
            }
            Self::Silent => Self::on_error_stream(text),
        }
    }

    fn on_error_stream(text: &str) {
        use std::io::Write as _;
        // As with progress: a closed stream must not stop the run.
        writeln!(std::io::stderr(), "{text}").ok();
    }

    /// Takes the bar away.
    pub(super) fn finish(&self) {
        if let Self::Bar(bar) = self {
            bar.finish_and_clear();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Meter;
    use crate::cli::terminal::Terminal;
    use crate::cli::tests::Kept;
    use crate::contract::Progress;

    #[test]
    fn a_log_gets_each_line_once_and_clean() {
        let kept = Kept::default();
        let meter = Meter::new(&Terminal::fake(Kept::default(), kept.clone(), ""), false);
        let sink = meter.sink();
        for (progress, message) in [(10.0, "fetch 1/3"), (10.0, "fetch 1/3"), (100.0, "done\u{1b}[2J")] {
            sink(Progress { progress, total: Some(100.0), message: Some(message.to_owned()) });
        }
        assert_eq!(kept.text(), " 10%  fetch 1/3\n100%  done\\u{1b}[2J\n");
    }

    #[test]
    fn beside_json_there_is_no_progress() {
        assert!(matches!(Meter::new(&Terminal::fake(Kept::default(), Kept::default(), ""), true), Meter::Silent));
    }
}
