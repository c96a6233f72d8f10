//! Lines from a stream, none longer than the limit.

use rmcp::model::RequestId;
use tokio::io::{AsyncBufReadExt as _, AsyncRead, BufReader};
use tokio::sync::mpsc;

use super::id_scan::IdScan;

/// The longest line that is read: semantics, section 9.
pub(super) const MAX_LINE: usize = 16 * 1024 * 1024;

/// One line.
#[derive(Debug)]
pub(super) enum Line {
    /// Its bytes, without the line's end.
    Whole(Vec<u8>),
    /// It was longer than the limit; the id is there when the line had one.
    TooLong {
        /// The request's id.
        id: Option<RequestId>,
    },
}

/// Reads until the stream ends or nobody takes the lines any more. A last line
/// without an end is a line. At most `MAX_LINE` bytes are held.
pub(super) async fn read<R>(stream: R, lines: mpsc::Sender<Line>)
where
    R: AsyncRead + Unpin,
{
    let mut stream = BufReader::with_capacity(64 * 1024, stream);
    let mut held: Vec<u8> = Vec::new();
    let mut too_long: Option<IdScan> = None;
    loop {
        let bytes = match stream.fill_buf().await {
            Ok(bytes) => bytes,
            Err(error) => {
                tracing::warn!(%error, "the input cannot be read");
                break;
            }
        };
        if bytes.is_empty() {
            break;
        }
        let end = bytes.iter().position(|byte| *byte == b'\n');
        let piece = &bytes[..end.unwrap_or(bytes.len())];
        match &mut too_long {
            Some(scan) => scan.feed(piece),
            None if held.len() + piece.len() > MAX_LINE => {
                let mut scan = IdScan::default();
                scan.feed(&held);
                scan.feed(piece);
                held = Vec::new();
                too_long = Some(scan);
            }
            None => held.extend_from_slice(piece),
        }
        let used = piece.len() + usize::from(end.is_some());
        stream.consume(used);
        if end.is_some() && lines.send(take(&mut held, &mut too_long)).await.is_err() {
            return;
        }
    }
    if !held.is_empty() || too_long.is_some() {
        // The receiver being gone is the other way to end.
        lines.send(take(&mut held, &mut too_long)).await.ok();
    }
}

fn take(held: &mut Vec<u8>, too_long: &mut Option<IdScan>) -> Line {
    match too_long.take() {
        Some(scan) => Line::TooLong { id: scan.id() },
        None => Line::Whole(std::mem::take(held)),
    }
}

#[cfg(test)]
mod tests {
    use tokio::sync::mpsc;

    use super::{Line, MAX_LINE, read};

    async fn lines(input: Vec<u8>) -> Vec<String> {
        let (sender, mut receiver) = mpsc::channel(64);
        let reading = tokio::spawn(async move { read(input.as_slice(), sender).await });
        let mut seen = Vec::new();
        while let Some(line) = receiver.recv().await {
            seen.push(match line {
                Line::Whole(bytes) if bytes.len() < 100 => String::from_utf8_lossy(&bytes).into_owned(),
                Line::Whole(bytes) => format!("{} bytes", bytes.len()),
                Line::TooLong { id } => format!("too long: {id:?}"),
            });
        }
        reading.await.expect("reading ends");
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
        whole.push(b'\n');
        assert_eq!(lines(whole).await, ["16777216 bytes"]);
    }
}
