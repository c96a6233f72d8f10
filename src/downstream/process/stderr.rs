//! What a server writes to its stderr: line by line into our log, and its last
//! lines kept for the message that tells of its end.
//!
//! A server may write anything, and as much as it likes: lines are cut, cleaned
//! and counted. Must not know what the lines mean.

use std::collections::VecDeque;
use std::pin::pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::io::{AsyncBufReadExt as _, AsyncRead, BufReader};

use crate::config::Redaction;
use crate::telemetry::visible;

/// So much of a line is read; the rest is passed over. More than what is shown, so that a secret
/// across the cut is still found.
const READ_BYTES: usize = 8 << 10;
/// So much of a line is logged.
const LOGGED_BYTES: usize = 2 << 10;
/// So much of a line goes into a message.
const TOLD_BYTES: usize = 300;
/// So many lines go into a message.
const TOLD_LINES: usize = 5;
/// So many lines are logged of one server in [`SPAN`].
const LOGGED_LINES: u64 = 200;
const SPAN: Duration = Duration::from_mins(1);

/// The last lines, as they came.
#[derive(Clone, Default)]
pub(super) struct LastLines {
    raw: Arc<Mutex<VecDeque<Vec<u8>>>>,
}

impl LastLines {
    fn push(&self, line: &[u8]) {
        let mut raw = self.raw.lock().unwrap_or_else(PoisonError::into_inner);
        if raw.len() == TOLD_LINES {
            raw.pop_front();
        }
        raw.push_back(line.to_vec());
    }

    /// Fit for a message.
    pub(super) fn told(&self, redaction: &Redaction) -> Vec<String> {
        let raw = self.raw.lock().unwrap_or_else(PoisonError::into_inner);
        raw.iter().map(|line| clean(line, redaction, TOLD_BYTES)).collect()
    }
}

/// What is logged.
#[derive(Debug, PartialEq, Eq)]
enum Said {
    Line(String),
    /// So many lines more were written.
    LeftOut(u64),
}

/// Logs what comes until it ends.
pub(super) async fn relay(source: impl AsyncRead + Unpin, server: String, redaction: Redaction, last: LastLines) {
    let log = |said| match said {
        Said::Line(line) => tracing::info!(target: "sequitur::server", server, "{line}"),
        Said::LeftOut(lines) => {
            tracing::warn!(target: "sequitur::server", server, "{lines} further lines within a minute are left out");
        }
    };
    read(source, &redaction, &last, log).await;
}

async fn read(source: impl AsyncRead + Unpin, redaction: &Redaction, last: &LastLines, log: impl FnMut(Said)) {
    let mut source = BufReader::new(source);
    let mut lines = Lines { redaction, last, log, line: Vec::new(), logged: 0, left_out: 0 };
    let mut span = pin!(tokio::time::sleep(Duration::ZERO));
    loop {
        let open = lines.logged > 0;
        tokio::select! {
            read = source.fill_buf() => {
                // A pipe that fails has nothing more to say.
                let bytes = read.unwrap_or_default();
                if bytes.is_empty() {
                    break;
                }
                let length = bytes.len();
                lines.take(bytes);
                source.consume(length);
                if !open && lines.logged > 0 {
                    span.set(tokio::time::sleep(SPAN));
                }
            }
            () = &mut span, if open => lines.next_span(),
        }
    }
    lines.end_line();
    lines.next_span();
}

/// What was read, as lines, and how many were logged in this span.
struct Lines<'a, Log> {
    redaction: &'a Redaction,
    last: &'a LastLines,
    log: Log,
    line: Vec<u8>,
    logged: u64,
    left_out: u64,
}

impl<Log: FnMut(Said)> Lines<'_, Log> {
    fn take(&mut self, bytes: &[u8]) {
        for part in bytes.split_inclusive(|byte| *byte == b'\n') {
            let whole = part.strip_suffix(b"\n");
            let room = READ_BYTES.saturating_sub(self.line.len());
            self.line.extend(whole.unwrap_or(part).iter().take(room));
            if whole.is_some() {
                self.end_line();
            }
        }
    }

    fn end_line(&mut self) {
        if !self.line.trim_ascii().is_empty() {
            self.last.push(&self.line);
            if self.logged < LOGGED_LINES {
                self.logged += 1;
                (self.log)(Said::Line(clean(&self.line, self.redaction, LOGGED_BYTES)));
            } else {
                self.left_out += 1;
            }
        }
        self.line.clear();
    }

    fn next_span(&mut self) {
        if self.left_out > 0 {
            (self.log)(Said::LeftOut(self.left_out));
        }
        (self.logged, self.left_out) = (0, 0);
    }
}

/// The line without escape sequences, control characters and secrets, cut.
fn clean(line: &[u8], redaction: &Redaction, bytes: usize) -> String {
    let text = without_controls(&String::from_utf8_lossy(line));
    // Last of all, since what stood between its characters is gone now.
    let text = redaction.redact(&text).unwrap_or(text);
    let text = visible(text.trim(), false);
    if text.len() <= bytes {
        return text.into_owned();
    }
    format!("{}...", &text[..text.floor_char_boundary(bytes)])
}

/// Without control characters and the sequences that an escape begins (ECMA-48, 5.4 and 5.6).
fn without_controls(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text.chars().peekable();
    while let Some(c) = rest.next() {
        match c {
            '\u{1b}' => match rest.next() {
                Some('[') => {
                    let end = |c: &char| matches!(c, '@'..='~');
                    while rest.next_if(|c| !end(c)).is_some() {}
                    rest.next_if(end);
                }
                // A title or a link: until the bell, or until the escape of `ESC \`.
                Some(']') => while rest.next_if(|c| !matches!(c, '\u{7}' | '\u{1b}')).is_some() {},
                Some(_) | None => {}
            },
            '\t' | '\r' => out.push(' '),
            c if c.is_control() => {}
            c => out.push(c),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use tokio::io::AsyncWriteExt as _;

    use super::{LOGGED_LINES, LastLines, READ_BYTES, Said, clean, read};
    use crate::config::Redaction;

    async fn said(bytes: &[u8]) -> (Vec<Said>, Vec<String>) {
        let (last, mut said) = (LastLines::default(), Vec::new());
        read(bytes, &Redaction::default(), &last, |line| said.push(line)).await;
        (said, last.told(&Redaction::default()))
    }

    #[test]
    fn a_line_is_cleaned_redacted_and_cut() {
        let redaction = Redaction::new(&["hunter22".to_owned()]);
        let clean = |line: &str| clean(line.as_bytes(), &redaction, 40);
        assert_eq!(clean("\u{1b}[1;31merror\u{1b}[0m:\tno\u{7} \r"), "error: no");
        assert_eq!(clean("\u{1b}]0;title\u{7}text \u{1b}(Bmore"), "text Bmore");
        assert_eq!(clean("key hunt\u{1b}[0mer22 \u{202e}"), "key <redacted> \\u{202e}");
        assert_eq!(clean(&"é".repeat(30)), format!("{}...", "é".repeat(20)));
        assert_eq!(super::clean(&[b'a', 0xff], &redaction, 9), "a\u{fffd}");
    }

    #[tokio::test]
    async fn lines_are_logged_as_they_come_and_the_last_five_are_kept() {
        let long = "x".repeat(READ_BYTES * 3);
        let (lines, last) = said(format!("one\n\n  \ntwo\r\n{long}\n3\n4\n5\nand no break").as_bytes()).await;
        let texts: Vec<&str> = lines
            .iter()
            .map(|said| match said {
                Said::Line(line) => line.as_str(),
                Said::LeftOut(_) => panic!("nothing was left out"),
            })
            .collect();
        assert_eq!((&texts[..2], &texts[3..]), (&["one", "two"][..], &["3", "4", "5", "and no break"][..]));
        assert!(texts[2].len() < 2100 && texts[2].ends_with("x..."), "{}", texts[2].len());
        assert_eq!((last.len(), last[0].len(), last[4].as_str()), (5, 303, "and no break"));
    }

    #[tokio::test(start_paused = true)]
    async fn a_flood_is_cut_off_told_and_forgiven_after_a_minute() {
        let (mut server, ours) = tokio::io::duplex(64 << 10);
        let (sender, mut heard) = tokio::sync::mpsc::unbounded_channel();
        let reading = tokio::spawn(async move {
            read(ours, &Redaction::default(), &LastLines::default(), |said| sender.send(said).unwrap()).await;
        });
        server.write_all("flood\n".repeat(1_000).as_bytes()).await.unwrap();
        for _ in 0..LOGGED_LINES {
            assert_eq!(heard.recv().await, Some(Said::Line("flood".to_owned())));
        }
        let before = tokio::time::sleep(Duration::from_secs(59));
        tokio::select! {
            () = before => {}
            more = heard.recv() => panic!("{more:?}"),
        }
        assert_eq!(heard.recv().await, Some(Said::LeftOut(1_000 - LOGGED_LINES)));
        server.write_all(b"again\n").await.unwrap();
        assert_eq!(heard.recv().await, Some(Said::Line("again".to_owned())));
        drop(server);
        reading.await.unwrap();
        assert_eq!(heard.recv().await, None);
    }
}
