//! The log: to stderr, never to stdout, which belongs to the protocol or to a
//! command's answer.
//!
//! One event is one line: text of others cannot forge a line, move a terminal's
//! cursor or hide in it, and known secrets are taken out. Must not know what is
//! logged.

use std::borrow::Cow;
use std::io::Write;
use std::sync::{Arc, OnceLock};

use tracing_subscriber::EnvFilter;
use tracing_subscriber::fmt::MakeWriter;

use crate::base::text::is_hidden;
use crate::config::Redaction;

/// The log of this process.
#[derive(Debug, Clone, Default)]
pub struct Log {
    redaction: Arc<OnceLock<Redaction>>,
}

/// Why there is no log.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum TelemetryError {
    /// The level is not one.
    #[error("`{level}` is not a log level")]
    Level {
        /// What was given.
        level: String,
    },
    /// A log was started before.
    #[error("the log was started before")]
    Started,
}

impl TelemetryError {
    /// What to do about it.
    #[must_use]
    pub fn hint(&self) -> &'static str {
        match self {
            Self::Level { .. } => {
                "one of `off`, `error`, `warn`, `info`, `debug`, `trace`, or `sequitur=debug,rmcp=info` by part"
            }
            Self::Started => "start it once, in `main`",
        }
    }
}

impl Log {
    /// Starts the log of this process at `level`.
    pub fn start(level: &str) -> Result<Self, TelemetryError> {
        let filter = filter(level)?;
        let log = Self::default();
        let writer = Writer { redaction: Arc::clone(&log.redaction), inner: std::io::stderr };
        tracing_subscriber::fmt()
            .with_env_filter(filter)
            .with_writer(writer)
            .with_ansi(false)
            .try_init()
            .map_err(|_| TelemetryError::Started)?;
        Ok(log)
    }

    /// From now on these secrets are taken out. Counts once.
    pub fn redact(&self, redaction: Redaction) {
        self.redaction.get_or_init(|| redaction);
    }
}

fn filter(level: &str) -> Result<EnvFilter, TelemetryError> {
    let wrong = || TelemetryError::Level { level: level.to_owned() };
    // A lone word that is no level would be taken for a target and switch everything else off.
    let levels = ["off", "error", "warn", "info", "debug", "trace"];
    let plain = level.trim().to_ascii_lowercase();
    if !plain.contains(['=', ',']) && !levels.contains(&plain.as_str()) {
        return Err(wrong());
    }
    EnvFilter::builder().parse(&plain).map_err(|_| wrong())
}

/// The text with what a terminal would act on, or a reader would not see, made visible: control
/// characters, bidirectional and zero-width ones. Line breaks and tabs stay when `lines` is set.
#[must_use]
pub fn visible(text: &str, lines: bool) -> Cow<'_, str> {
    let harmless = |c: char| (lines && matches!(c, '\n' | '\t')) || !is_hidden(c);
    if text.chars().all(harmless) {
        return Cow::Borrowed(text);
    }
    let mut out = String::with_capacity(text.len() + 8);
    for c in text.chars() {
        if harmless(c) {
            out.push(c);
        } else {
            out.extend(c.escape_default());
        }
    }
    Cow::Owned(out)
}

/// Writes whole events, cleaned.
#[derive(Clone)]
struct Writer<W> {
    redaction: Arc<OnceLock<Redaction>>,
    inner: W,
}

impl<'a, W: MakeWriter<'a>> MakeWriter<'a> for Writer<W> {
    type Writer = Event<W::Writer>;

    fn make_writer(&'a self) -> Self::Writer {
        Event { redaction: Arc::clone(&self.redaction), inner: self.inner.make_writer() }
    }
}

struct Event<W> {
    redaction: Arc<OnceLock<Redaction>>,
    inner: W,
}

impl<W: Write> Write for Event<W> {
    /// The formatter hands over one event in one call.
    fn write(&mut self, event: &[u8]) -> std::io::Result<usize> {
        let text = String::from_utf8_lossy(event);
        let line = text.strip_suffix('\n').unwrap_or(&text);
        let redacted = self.redaction.get().and_then(|redaction| redaction.redact(line));
        let line = visible(redacted.as_deref().unwrap_or(line), false);
        self.inner.write_all(format!("{line}\n").as_bytes())?;
        Ok(event.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        self.inner.flush()
    }
}

#[cfg(test)]
mod tests {
    use std::sync::{Arc, Mutex, OnceLock};

    use super::{Redaction, TelemetryError, Writer, filter, visible};

    #[derive(Clone, Default)]
    struct Kept(Arc<Mutex<Vec<u8>>>);

    impl std::io::Write for Kept {
        fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
            self.0.lock().unwrap().extend_from_slice(bytes);
            Ok(bytes.len())
        }

        fn flush(&mut self) -> std::io::Result<()> {
            Ok(())
        }
    }

    #[test]
    fn an_event_is_one_line_without_control_characters_and_secrets() {
        let kept = Kept::default();
        let inner = kept.clone();
        let redaction = Arc::new(OnceLock::from(Redaction::new(&["hunter22".to_owned()])));
        let writer = Writer { redaction, inner: move || inner.clone() };
        let subscriber = tracing_subscriber::fmt().with_writer(writer).with_ansi(false).without_time().finish();
        tracing::subscriber::with_default(subscriber, || {
            tracing::warn!(server = "a\u{1b}[2Jb", "said \"x\"\nERROR forged hunter22 \u{202e}");
        });
        let text = String::from_utf8(kept.0.lock().unwrap().clone()).unwrap();
        assert_eq!(text.lines().count(), 1, "{text}");
        assert!(text.ends_with('\n') && text.contains("forged <redacted>"), "{text}");
        assert!(text.trim_end().chars().all(|c| !c.is_control() && c != '\u{202e}'), "{text:?}");
    }

    #[test]
    fn a_level_or_levels_by_part_and_nothing_else() {
        for good in ["off", "WARN", "debug", "sequitur=trace,rmcp=info"] {
            assert!(filter(good).is_ok(), "{good}");
        }
        for wrong in ["loud", "", "sequitur=loud"] {
            assert_eq!(filter(wrong).unwrap_err(), TelemetryError::Level { level: wrong.to_owned() });
        }
    }

    #[test]
    fn hidden_characters_are_made_visible() {
        assert_eq!(visible("a\tb\n", true), "a\tb\n");
        assert_eq!(visible("a\u{1b}[31m\u{200b}é\r\n", true), "a\\u{1b}[31m\\u{200b}é\\r\n");
        assert_eq!(visible("a\nb", false), "a\\nb");
    }
}
