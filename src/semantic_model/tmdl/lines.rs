//! Lines with their indentation, which is TMDL's only bracket.
//!
//! Must not know what a line says.

use crate::semantic_model::text::number;

/// One line of a file.
#[derive(Debug, Clone, Copy)]
pub(in crate::semantic_model) struct Line<'a> {
    /// From 1.
    pub(in crate::semantic_model) number: u32,
    /// The whole line without its ending.
    pub(in crate::semantic_model) raw: &'a str,
    /// Without indentation and trailing white space.
    pub(in crate::semantic_model) text: &'a str,
    /// Full steps of indentation.
    pub(in crate::semantic_model) level: usize,
    /// The indentation is whole steps of the file's own unit.
    pub(in crate::semantic_model) even: bool,
}

impl Line<'_> {
    /// White space only.
    pub(in crate::semantic_model) fn is_blank(&self) -> bool {
        self.text.is_empty()
    }

    /// The column, from 1, of `part`, which must be a part of this line's text.
    pub(in crate::semantic_model) fn column_of(&self, part: &str) -> u32 {
        // Both point into one file, so the difference of their addresses is an offset into the line.
        let offset = (part.as_ptr() as usize).saturating_sub(self.raw.as_ptr() as usize);
        let before = self.raw.get(..offset).unwrap_or(self.raw);
        number(before.chars().count() + 1)
    }

    /// The column of the first character that is not white space.
    pub(in crate::semantic_model) fn first_column(&self) -> u32 {
        self.column_of(self.text)
    }
}

/// What one step of indentation is made of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Unit {
    Tab,
    Spaces(usize),
}

/// Steps that a run of spaces counts for in a file indented with tabs.
const SPACES_PER_TAB: usize = 4;

impl Unit {
    /// Reads the unit off the file: tabs where a tab comes first, else the
    /// narrowest indentation, which is that of the properties.
    fn of(text: &str) -> Self {
        let mut narrowest: Option<usize> = None;
        for line in text.lines() {
            let body = line.trim_start();
            if body.is_empty() || body.len() == line.len() {
                continue;
            }
            if line.starts_with('\t') {
                return Self::Tab;
            }
            let width = line.len() - line.trim_start_matches(' ').len();
            if width > 0 {
                narrowest = Some(narrowest.map_or(width, |least| least.min(width)));
            }
        }
        match narrowest {
            None => Self::Tab,
            // Nobody indents by eight: such a file has expressions but no properties.
            Some(8) => Self::Spaces(4),
            Some(width) => Self::Spaces(width),
        }
    }

    fn measure(self, indentation: &str) -> (usize, bool) {
        let tabs = indentation.chars().filter(|c| *c == '\t').count();
        let others = indentation.chars().count() - tabs;
        match self {
            Self::Tab => (tabs + others / SPACES_PER_TAB, others == 0),
            Self::Spaces(width) => (tabs + others / width, others.is_multiple_of(width)),
        }
    }
}

/// A name for the unit, for messages.
pub(in crate::semantic_model) fn unit_name(text: &str) -> &'static str {
    if Unit::of(text) == Unit::Tab { "tabs" } else { "spaces" }
}

/// One step of indentation as the file writes it.
pub(in crate::semantic_model) fn indent(text: &str) -> String {
    match Unit::of(text) {
        Unit::Tab => "\t".to_owned(),
        Unit::Spaces(width) => " ".repeat(width),
    }
}

/// The lines of a file. Endings may be LF or CRLF.
pub(in crate::semantic_model) fn lines(text: &str) -> Vec<Line<'_>> {
    let unit = Unit::of(text);
    text.split('\n')
        .enumerate()
        .map(|(index, raw)| {
            let raw = raw.strip_suffix('\r').unwrap_or(raw);
            let body = raw.trim_start();
            let (level, even) = unit.measure(raw.get(..raw.len() - body.len()).unwrap_or_default());
            Line { number: number(index + 1), raw, text: body.trim_end(), level, even }
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::lines;

    fn levels(text: &str) -> Vec<(usize, &str)> {
        lines(text).iter().map(|line| (line.level, line.text)).collect()
    }

    #[test]
    fn tabs_two_and_four_spaces_give_the_same_levels() {
        let tabs = "table A\n\tcolumn B\n\t\tdataType: string\n";
        let expected = vec![(0, "table A"), (1, "column B"), (2, "dataType: string"), (0, "")];
        assert_eq!(levels(tabs), expected);
        assert_eq!(levels(&tabs.replace('\t', "  ")), expected);
        assert_eq!(levels(&tabs.replace('\t', "    ").replace('\n', "\r\n")), expected);
    }

    #[test]
    fn a_space_among_tabs_is_uneven() {
        assert!(!lines("table A\n\tcolumn B\n\t isHidden")[2].even);
    }

    #[test]
    fn columns_count_characters() {
        let all = lines("\tmeasure 'Größe' = 1");
        let at = all[0].text.find('=').unwrap();
        assert_eq!(all[0].column_of(&all[0].text[at..]), 18);
    }
}
