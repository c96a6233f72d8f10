//! Lines from a stream, none longer than a limit. Must not know what a line is,
//! but that of one that is too long somebody needs the id.

use serde_json::Value;
use tokio::io::{AsyncBufReadExt as _, AsyncRead, BufReader};

use super::id_scan::IdScan;

/// The longest line that is read from another program: semantics, section 9.
pub const MAX_LINE: usize = 16 * 1024 * 1024;
/// A larger buffer is given back when its line has been used.
const KEPT: usize = 256 * 1024;

/// One line.
#[derive(Debug)]
pub enum Line<'l> {
    /// Its bytes, without the line's end.
    Whole(&'l [u8]),
    /// It was longer than the limit.
    TooLong {
        /// The `id` of the message that it was, when it had one.
        id: Option<Value>,
    },
}

/// The lines of a stream.
#[derive(Debug)]
pub struct Lines<R> {
    stream: BufReader<R>,
    held: Vec<u8>,
    too_long: Option<IdScan>,
    /// Whether `held` was handed out and is to be forgotten.
    used: bool,
    ended: bool,
}

impl<R> Lines<R>
where
    R: AsyncRead + Unpin,
{
    /// Of a stream from where it stands.
    pub fn new(stream: R) -> Self {
        let stream = BufReader::with_capacity(64 * 1024, stream);
        Self { stream, held: Vec::new(), too_long: None, used: false, ended: false }
    }

    /// The next line; `None` at the end of the stream. A last line without an
    /// end is a line. At most [`MAX_LINE`] bytes are held. Safe to be dropped
    /// at any point: what was read of a line is kept.
    pub async fn next(&mut self) -> std::io::Result<Option<Line<'_>>> {
        if std::mem::take(&mut self.used) {
            if self.held.capacity() > KEPT {
                self.held = Vec::new();
            }
            self.held.clear();
        }
        while !self.ended {
            let bytes = self.stream.fill_buf().await?;
            if bytes.is_empty() {
                self.ended = true;
                break;
            }
            let end = bytes.iter().position(|byte| *byte == b'\n');
            let piece = &bytes[..end.unwrap_or(bytes.len())];
            match &mut self.too_long {
                Some(scan) => scan.feed(piece),
                None if self.held.len() + piece.len() > MAX_LINE => {
                    let mut scan = IdScan::default();
                    scan.feed(&self.held);
                    scan.feed(piece);
                    self.held = Vec::new();
                    self.too_long = Some(scan);
                }
                None => self.held.extend_from_slice(piece),
            }
            let taken = piece.len() + usize::from(end.is_some());
            self.stream.consume(taken);
            if end.is_some() {
                return Ok(Some(self.take()));
            }
        }
        Ok((!self.held.is_empty() || self.too_long.is_some()).then(|| self.take()))
    }

    fn take(&mut self) -> Line<'_> {
        self.used = true;
        match self.too_long.take() {
            Some(scan) => Line::TooLong { id: scan.id() },
            None => Line::Whole(&self.held),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Line, Lines, MAX_LINE};

    async fn lines(input: Vec<u8>) -> Vec<String> {
        let mut lines = Lines::new(input.as_slice());
        let mut seen = Vec::new();
        while let Some(line) = lines.next().await.unwrap() {
            seen.push(match line {
                Line::Whole(bytes) if bytes.len() < 100 => String::from_utf8_lossy(bytes).into_owned(),
                Line::Whole(bytes) => format!("{} bytes", bytes.len()),
                Line::TooLong { id } => format!("too long: {id:?}"),
            });
        }
        assert!(lines.next().await.unwrap().is_none(), "the end stays the end");
        seen
    }

    #[tokio::test]
    async fn lines_come_whole_and_the_last_needs_no_end() {
        assert_eq!(lines(b"a\n\nb\r\nc".to_vec()).await, ["a", "", "b\r", "c"]);
    }

    #[tokio::test]
    async fn a_line_over_the_limit_is_dropped_with_its_id_kept_and_the_next_is_read() {
        let mut input = br#"{"method":"x","params":{"a":""#.to_vec();
        input.resize(MAX_LINE + 1_000, b'x');
        input.extend_from_slice(b"\"},\"id\":7}\nnext\n");
        assert_eq!(lines(input).await, ["too long: Some(Number(7))", "next"]);
        let mut whole = vec![b'x'; MAX_LINE];
        whole.extend_from_slice(b"\nnext");
        assert_eq!(lines(whole).await, ["16777216 bytes", "next"]);
    }
}
