//! Text from a server, as it may stand beside our own.

use crate::base::text::seen;
use crate::config::Redaction;

/// On one line, without what is not seen and without secrets, and at most so many characters.
pub(super) fn shown(text: &str, limit: usize, redaction: &Redaction) -> String {
    cut(text.trim().chars().map(|c| if c.is_whitespace() { ' ' } else { c }), limit, redaction)
}

/// The same with its line breaks.
pub(super) fn readable(text: &str, limit: usize, redaction: &Redaction) -> String {
    cut(text.trim().chars(), limit, redaction)
}

fn cut(text: impl Iterator<Item = char>, limit: usize, redaction: &Redaction) -> String {
    let text: String = text.filter_map(seen).collect();
    // Before the cut: half a secret is not found any more.
    let mut text = redaction.redact(&text).unwrap_or(text);
    if let Some((end, _)) = text.char_indices().nth(limit) {
        text.truncate(end);
        text.push_str("...");
    }
    text
}

#[cfg(test)]
mod tests {
    use super::{readable, shown};
    use crate::config::Redaction;

    #[test]
    fn what_a_server_says_is_bounded_and_hides_nothing() {
        let none = Redaction::default();
        assert_eq!(shown(" a\n\tb\u{1b}[31m\u{202e}c ", 100, &none), "a  b[31mc");
        assert_eq!(shown("abcdef", 3, &none), "abc...");
        assert_eq!(shown("abc\u{200b}\u{3164}", 3, &none), "abc");
        assert_eq!(readable("\na\r\n\tb\u{feff}\u{e0041}\u{7}", 100, &none), "a\n\tb");
    }

    #[test]
    fn a_secret_at_the_cut_or_with_something_hidden_in_it_leaves_nothing_behind() {
        let redaction = Redaction::new(&["hunter22".to_owned()]);
        assert_eq!(shown("key hun\u{200b}ter22 is", 8, &redaction), "key <red...");
        assert_eq!(readable("a\nhunter22", 100, &redaction), "a\n<redacted>");
    }
}
