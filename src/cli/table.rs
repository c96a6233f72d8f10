//! Tables and highlights of a terminal.
//!
//! Everything that others wrote passes through [`visible`] here. Must not know
//! what the cells mean but for a state's colour.

use std::fmt::Write as _;

use unicode_width::{UnicodeWidthChar as _, UnicodeWidthStr as _};

use crate::telemetry::visible;

/// How text stands out, where colours are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Style {
    Plain,
    Strong,
    Dim,
    Good,
    Bad,
    Wait,
}

impl Style {
    /// The colour of a run's or step's state.
    pub(super) fn of_state(state: &str) -> Self {
        match state {
            "completed" | "ok" | "ready" => Self::Good,
            "failed" | "timed_out" | "cancelled" | "error" | "broken" => Self::Bad,
            "waiting" | "paused" | "interrupted" | "warning" | "retrying" | "compensating" | "cancelling" => Self::Wait,
            "skipped" | "pending" | "compensated" => Self::Dim,
            _ => Self::Plain,
        }
    }

    /// The text in this style (ECMA-48, 8.3.117).
    pub(super) fn paint(self, text: &str, colour: bool) -> String {
        let code = match self {
            Self::Plain => return text.to_owned(),
            Self::Strong => "1",
            Self::Dim => "2",
            Self::Good => "32",
            Self::Bad => "31",
            Self::Wait => "33",
        };
        if colour { format!("\u{1b}[{code}m{text}\u{1b}[0m") } else { text.to_owned() }
    }
}

/// Rows under a head.
#[derive(Debug, Clone)]
pub(super) struct Table {
    head: Vec<&'static str>,
    rows: Vec<Vec<(String, Style)>>,
}

/// Between columns.
const GAP: usize = 2;
/// No column is cut below this.
const NARROWEST: usize = 8;

impl Table {
    pub(super) fn new(head: &[&'static str]) -> Self {
        Self { head: head.to_vec(), rows: Vec::new() }
    }

    /// Adds a row; line breaks become spaces.
    pub(super) fn row<const N: usize>(&mut self, cells: [(&str, Style); N]) {
        let clean = |(text, style): (&str, Style)| {
            let line = text.split_whitespace().collect::<Vec<_>>().join(" ");
            (visible(&line, false).into_owned(), style)
        };
        self.rows.push(cells.into_iter().map(clean).collect());
    }

    pub(super) fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }

    /// The table's lines. Cut to `width` where one is given: a script gets everything.
    pub(super) fn render(&self, width: Option<usize>, colour: bool) -> String {
        let mut widths: Vec<usize> = self.head.iter().map(|title| title.width()).collect();
        for row in &self.rows {
            for (column, (text, _)) in widths.iter_mut().zip(row) {
                *column = (*column).max(text.width());
            }
        }
        if let Some(width) = width {
            fit(&mut widths, width);
        }
        let mut out = String::new();
        let head: Vec<(String, Style)> = self.head.iter().map(|title| (title.to_uppercase(), Style::Dim)).collect();
        for row in std::iter::once(&head).chain(&self.rows) {
            let mut line = String::new();
            for (index, ((text, style), column)) in row.iter().zip(&widths).enumerate() {
                let shown = cut(text, *column);
                let last = index + 1 == widths.len();
                let padding = if last { 0 } else { column - shown.width() + GAP };
                // Writing to a String cannot fail.
                write!(line, "{}{:padding$}", style.paint(&shown, colour), "").ok();
            }
            out.push_str(line.trim_end());
            out.push('\n');
        }
        out.truncate(out.trim_end_matches('\n').len());
        out
    }
}

/// Takes from the widest column until all fit.
fn fit(widths: &mut [usize], width: usize) {
    let room = width.saturating_sub(GAP * widths.len().saturating_sub(1));
    while widths.iter().sum::<usize>() > room {
        let Some(widest) = widths.iter_mut().max_by_key(|column| **column) else { return };
        if *widest <= NARROWEST {
            return;
        }
        *widest -= 1;
    }
}

/// The beginning of a text that is too wide, and an ellipsis.
pub(super) fn cut(text: &str, width: usize) -> String {
    if text.width() <= width {
        return text.to_owned();
    }
    let mut out = String::new();
    let mut used = 1;
    for c in text.chars() {
        used += c.width().unwrap_or(0);
        if used > width {
            break;
        }
        out.push(c);
    }
    out.push('…');
    out
}

#[cfg(test)]
mod tests {
    use super::{Style, Table, cut};

    fn table() -> Table {
        let mut table = Table::new(&["step", "status", "note"]);
        table.row([("fetch", Style::Plain), ("completed", Style::Good), ("", Style::Plain)]);
        table.row([("写入", Style::Plain), ("failed", Style::Bad), ("a\u{1b}[2J\nb", Style::Plain)]);
        table
    }

    #[test]
    fn columns_line_up_and_hidden_characters_are_shown() {
        assert_eq!(
            table().render(None, false),
            "STEP   STATUS     NOTE\nfetch  completed\n写入   failed     a\\u{1b}[2J b"
        );
    }

    #[test]
    fn only_a_terminal_cuts_and_colours() {
        let shown = table().render(Some(24), true);
        assert!(shown.contains("\u{1b}[32mcomplet…\u{1b}[0m"), "{shown}");
        assert_eq!(table().render(Some(80), false), table().render(None, false));
        assert_eq!(cut("写入写入", 5), "写入…");
        assert_eq!(cut("abc", 3), "abc");
    }
}
