//! What a property is set to.
//!
//! Must not know objects.

/// The value of a property.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Value {
    /// A word of the format, as `none` or `oneDirection`.
    Word(String),
    /// Free text of one line, or a description.
    Text(String),
    /// DAX or M, of any number of lines.
    Expression(String),
    /// `isHidden` and the like.
    Flag(bool),
    /// A whole number.
    Number(i64),
}

impl Value {
    /// Its text, with LF between lines, without blank lines around it.
    pub(super) fn text(&self) -> String {
        match self {
            Self::Word(text) | Self::Text(text) | Self::Expression(text) => normal(text),
            Self::Flag(flag) => flag.to_string(),
            Self::Number(number) => number.to_string(),
        }
    }
}

/// A text with LF between its lines and no blank lines or white space around it.
pub(crate) fn normal(text: &str) -> String {
    let text = text.replace("\r\n", "\n").replace('\r', "\n");
    let end = text.trim_end();
    let first = end.split('\n').position(|line| !line.trim().is_empty()).unwrap_or_default();
    let lines: Vec<&str> = end.split('\n').skip(first).collect();
    // The indentation that all lines share belongs to the file, not to the text.
    let margin = lines
        .iter()
        .filter(|line| !line.trim().is_empty())
        .map(|line| line.len() - line.trim_start_matches([' ', '\t']).len())
        .min()
        .unwrap_or_default();
    let same = lines.iter().filter(|line| !line.trim().is_empty()).map(|line| line.get(..margin)).collect::<Vec<_>>();
    let shared = same.windows(2).all(|pair| pair.first() == pair.last());
    let cut = if shared { margin } else { 0 };
    lines.iter().map(|line| line.get(cut..).unwrap_or_default()).collect::<Vec<_>>().join("\n")
}

#[cfg(test)]
mod tests {
    use super::normal;

    #[test]
    fn line_ends_become_lf_and_what_surrounds_a_text_is_left_out() {
        assert_eq!(normal("\r\n  \r\n\tVAR a = 1\r\n\tRETURN\r\t\ta  \r\n"), "VAR a = 1\nRETURN\n\ta");
        assert_eq!(normal("  1"), "1");
        assert_eq!(normal("\t1\n  + 2"), "\t1\n  + 2");
        assert_eq!(normal(""), "");
    }
}
