//! Standard output, error and input as a command sees them, and whether a
//! person is there. The only place that writes to them.

use std::io::{BufRead, IsTerminal as _, Write};
use std::sync::{Arc, Mutex, PoisonError};

use serde_json::Value;

use super::failure::Failure;
use crate::config::Environment;
use crate::telemetry::visible;

/// A stream that several hold.
#[derive(Clone)]
pub(super) struct Shared(Arc<Mutex<Box<dyn Write + Send>>>);

impl Shared {
    pub(super) fn new(stream: impl Write + Send + 'static) -> Self {
        Self(Arc::new(Mutex::new(Box::new(stream))))
    }

    pub(super) fn line(&self, text: &str) -> std::io::Result<()> {
        let mut stream = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        writeln!(stream, "{text}")?;
        stream.flush()
    }

    fn part(&self, text: &str) -> std::io::Result<()> {
        let mut stream = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        write!(stream, "{text}")?;
        stream.flush()
    }
}

/// What a command talks to.
pub(super) struct Terminal {
    out: Shared,
    err: Shared,
    input: Arc<Mutex<Box<dyn BufRead + Send>>>,
    /// A person reads standard error.
    pub(super) err_is_terminal: bool,
    /// A person can type.
    pub(super) in_is_terminal: bool,
    /// Colours may be used on standard output.
    pub(super) colour: bool,
    /// Columns of standard output, when they are known.
    pub(super) width: Option<usize>,
}

impl Terminal {
    /// The process's own.
    pub(super) fn system(environment: &Environment) -> Self {
        let out_is_terminal = std::io::stdout().is_terminal();
        let plain = environment.filled("NO_COLOR").is_some() || environment.var("TERM") == Some("dumb");
        let columns = environment.filled("COLUMNS").and_then(|columns| columns.parse().ok());
        let size = || terminal_size::terminal_size().map(|(width, _)| usize::from(width.0));
        Self {
            out: Shared::new(std::io::stdout()),
            err: Shared::new(std::io::stderr()),
            input: Arc::new(Mutex::new(Box::new(std::io::BufReader::new(std::io::stdin())))),
            err_is_terminal: std::io::stderr().is_terminal(),
            in_is_terminal: std::io::stdin().is_terminal(),
            colour: out_is_terminal && !plain,
            width: if out_is_terminal { columns.or_else(size) } else { None },
        }
    }

    #[cfg(test)]
    pub(super) fn fake(out: impl Write + Send + 'static, err: impl Write + Send + 'static, input: &str) -> Self {
        Self {
            out: Shared::new(out),
            err: Shared::new(err),
            input: Arc::new(Mutex::new(Box::new(std::io::Cursor::new(input.as_bytes().to_vec())))),
            err_is_terminal: false,
            in_is_terminal: false,
            colour: false,
            width: None,
        }
    }

    /// Standard error, for what reports while a command goes on.
    pub(super) fn error_stream(&self) -> Shared {
        self.err.clone()
    }

    /// A person can be asked.
    pub(super) fn can_ask(&self) -> bool {
        self.in_is_terminal && self.err_is_terminal
    }

    /// Text for a person or a script, line breaks kept.
    pub(super) fn say(&self, text: &str) -> Result<(), Failure> {
        Ok(self.out.line(text)?)
    }

    /// One JSON document.
    pub(super) fn json(&self, value: &Value) -> Result<(), Failure> {
        Ok(self.out.line(&format!("{value:#}"))?)
    }

    /// A line beside the answer. What others wrote in it cannot act on the terminal.
    pub(super) fn note(&self, text: &str) -> Result<(), Failure> {
        Ok(self.err.line(&visible(text, true))?)
    }

    /// Asks for a line; `None` at the end of the input. Dropping the future leaves the reading
    /// thread behind: the process is about to end then.
    pub(super) async fn ask(&self, question: &str) -> Result<Option<String>, Failure> {
        self.err.part(&visible(question, true))?;
        let input = Arc::clone(&self.input);
        let read = tokio::task::spawn_blocking(move || {
            let mut line = String::new();
            let bytes = input.lock().unwrap_or_else(PoisonError::into_inner).read_line(&mut line)?;
            Ok::<_, std::io::Error>((bytes > 0).then(|| line.trim_end_matches(['\n', '\r']).to_owned()))
        });
        Ok(read.await.map_err(std::io::Error::other)??)
    }

    /// All of standard input, up to `limit` bytes.
    pub(super) fn read_all(&self, limit: u64) -> Result<String, Failure> {
        let mut text = String::new();
        let mut input = self.input.lock().unwrap_or_else(PoisonError::into_inner);
        std::io::Read::read_to_string(&mut std::io::Read::take(&mut *input, limit), &mut text)?;
        Ok(text)
    }
}
