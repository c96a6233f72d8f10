//! Places in an expression: in bytes for us, in lines and columns for people.
//!
//! Must not know what stands there.

use schemars::JsonSchema;
use serde::Serialize;

use crate::semantic_model::text::number;

/// A part of an expression, in bytes.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Span {
    /// The first byte.
    pub start: usize,
    /// The byte after the last.
    pub end: usize,
}

impl Span {
    /// From the first byte of this to the last of `other`.
    #[must_use]
    pub fn to(self, other: Self) -> Self {
        Self { start: self.start, end: other.end.max(self.start) }
    }

    /// What stands there.
    #[must_use]
    pub fn of(self, text: &str) -> &str {
        text.get(self.start..self.end).unwrap_or_default()
    }
}

/// A line and a column. Both begin with 1; columns count characters.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, JsonSchema)]
pub struct Position {
    /// The line.
    pub line: u32,
    /// The column.
    pub column: u32,
}

impl Position {
    /// Of a byte of `text`. Lines end with LF, CR or both.
    #[must_use]
    pub fn of(text: &str, offset: usize) -> Self {
        let before = text.get(..offset).unwrap_or(text);
        let line = number(before.matches('\n').count() + lone_returns(before, text) + 1);
        let start = before.rfind(['\n', '\r']).map_or(0, |at| at + 1);
        let column = number(before.get(start..).unwrap_or_default().chars().count() + 1);
        Self { line, column }
    }
}

/// Carriage returns that no line feed follows.
fn lone_returns(before: &str, text: &str) -> usize {
    let followed = |at: usize| text.as_bytes().get(at + 1) == Some(&b'\n');
    before.match_indices('\r').filter(|(at, _)| !followed(*at)).count()
}

#[cfg(test)]
mod tests {
    use super::Position;

    #[test]
    fn lines_end_with_lf_cr_or_both_and_columns_count_characters() {
        let text = "aü\nb\r\ncd\re";
        let at = |needle: char| {
            let found = Position::of(text, text.find(needle).unwrap());
            (found.line, found.column)
        };
        assert_eq!((at('a'), at('ü'), at('b'), at('d'), at('e')), ((1, 1), (1, 2), (2, 1), (3, 2), (4, 1)));
        let end = Position::of(text, text.len());
        assert_eq!((end.line, end.column), (4, 2));
    }
}
