//! Pages: as many rows as were asked for and fit into one answer.
//!
//! A `next_token` is the number of rows read so far and the first digits of the
//! model's hash, so that a model that changed in between is told. Must not know
//! what the rows say.

use serde::Serialize;

use crate::semantic_model::error::Error;

/// Bytes of one answer's JSON at most, as people and models are told.
pub const ANSWER_BYTES: usize = 16 * 1024;

/// Bytes of the rows of one answer: the rest is for what stands around them and for next steps.
pub(crate) const ROW_BYTES: usize = 13 * 1024;

/// Rows of one page when nothing else is asked for.
pub const PAGE_SIZE: u32 = 50;

/// Rows of one page at most.
pub const MAX_PAGE_SIZE: u32 = 500;

/// Which page is wanted.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Page<'a> {
    start: usize,
    size: usize,
    mark: &'a str,
}

/// The rows of one page.
#[derive(Debug)]
pub(crate) struct Taken<T> {
    pub(crate) rows: Vec<T>,
    pub(crate) next_token: Option<String>,
}

/// A row that can be made to fit an answer by leaving out the most of its longest text.
pub(crate) trait Shorten {
    /// Cuts texts so that about `bytes` remain, and says so in the row.
    fn shorten(&mut self, bytes: usize);
}

impl<'a> Page<'a> {
    /// The page that the arguments ask for; `fingerprint` is the hash of what is listed.
    pub(crate) fn new(size: Option<u32>, token: Option<&str>, fingerprint: &'a str) -> Result<Self, Error> {
        let size = size.unwrap_or(PAGE_SIZE);
        if size == 0 || size > MAX_PAGE_SIZE {
            return Err(Error::InvalidArgument {
                message: format!("`page_size` is {size}"),
                hint: format!("give a number from 1 to {MAX_PAGE_SIZE}"),
            });
        }
        let mark = fingerprint.get(..8).unwrap_or(fingerprint);
        let start = match token {
            None => 0,
            Some(token) => {
                let parts = token.split_once('-');
                let Some((start, marked)) = parts.and_then(|(start, mark)| Some((start.parse().ok()?, mark))) else {
                    return Err(Error::InvalidArgument {
                        message: format!("`{token}` is no `next_token`"),
                        hint: "give the `next_token` of the answer before, or none for the first page".into(),
                    });
                };
                if marked != mark {
                    return Err(Error::Changed);
                }
                start
            }
        };
        Ok(Self { start, size: size as usize, mark })
    }

    /// The same page with room for more rows, for lists whose rows are parts of one thing.
    pub(crate) fn at_least(mut self, size: u32) -> Self {
        self.size = self.size.max(size as usize);
        self
    }

    /// Where the page begins.
    pub(crate) fn start(&self) -> usize {
        self.start
    }

    /// The token of the page that begins after `read` rows.
    pub(crate) fn token(&self, read: usize) -> String {
        format!("{read}-{}", self.mark)
    }

    /// Takes the rows of this page from all rows, `head` bytes being spent already.
    pub(crate) fn take<T>(&self, all: impl Iterator<Item = T>, head: usize) -> Result<Taken<T>, Error>
    where
        T: Serialize + Shorten,
    {
        let mut rows = Vec::new();
        let mut left = ROW_BYTES.saturating_sub(head);
        let mut next_token = None;
        for mut row in all.skip(self.start) {
            if rows.len() == self.size {
                next_token = Some(self.token(self.start + rows.len()));
                break;
            }
            let mut bytes = size_of(&row)?;
            if bytes > left {
                if !rows.is_empty() {
                    next_token = Some(self.token(self.start + rows.len()));
                    break;
                }
                row.shorten(left);
                bytes = size_of(&row)?;
            }
            left = left.saturating_sub(bytes);
            rows.push(row);
        }
        Ok(Taken { rows, next_token })
    }
}

/// Bytes of a row's JSON with the comma after it.
pub(crate) fn size_of(row: &impl Serialize) -> Result<usize, Error> {
    let json = serde_json::to_string(row).map_err(|error| Error::Internal { cause: error.to_string() })?;
    Ok(json.len() + 1)
}

/// Leaves off the end of a list that does not fit into so many bytes of JSON. Tells whether anything was left off.
pub(crate) fn fit<T: Serialize>(list: &mut Vec<T>, bytes: usize) -> Result<bool, Error> {
    let mut room = bytes;
    let mut kept = 0;
    for row in list.iter() {
        let Some(left) = room.checked_sub(size_of(row)?) else { break };
        room = left;
        kept += 1;
    }
    let all = kept == list.len();
    list.truncate(kept);
    Ok(!all)
}

/// Cuts `text` to so many bytes of JSON at most, at a character. Tells whether anything was cut.
pub(crate) fn cut(text: &mut String, bytes: usize) -> bool {
    let mut room = bytes;
    for (at, c) in text.char_indices() {
        // JSON escapes quotes, backslashes and line ends in two bytes, other control characters in six.
        let width = match c {
            '"' | '\\' | '\n' | '\r' | '\t' => 2,
            c if c.is_control() => 6,
            c => c.len_utf8(),
        };
        if width > room {
            text.truncate(at);
            return true;
        }
        room -= width;
    }
    false
}

#[cfg(test)]
mod tests;
