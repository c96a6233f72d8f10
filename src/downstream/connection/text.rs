//! Text from a server, as it may stand beside our own.

/// On one line, without what is not seen, and at most so many characters.
pub(super) fn shown(text: &str, limit: usize) -> String {
    cut(text.trim().chars().map(|c| if c.is_whitespace() { ' ' } else { c }), limit)
}

/// The same with its line breaks.
pub(super) fn readable(text: &str, limit: usize) -> String {
    cut(text.trim().chars(), limit)
}

fn cut(text: impl Iterator<Item = char>, limit: usize) -> String {
    let mut seen = text.filter(|c| is_seen(*c));
    let mut out: String = seen.by_ref().take(limit).collect();
    if seen.next().is_some() {
        out.push_str("...");
    }
    out
}

/// Not a control character, and none that hides or reverses what stands around it.
fn is_seen(c: char) -> bool {
    let hides = matches!(c,
        '\u{ad}' | '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}'
        | '\u{e0000}'..='\u{e007f}');
    !hides && (!c.is_control() || c == '\n' || c == '\t')
}

#[cfg(test)]
mod tests {
    use super::{readable, shown};

    #[test]
    fn what_a_server_says_is_bounded_and_hides_nothing() {
        assert_eq!(shown(" a\n\tb\u{1b}[31m\u{202e}c ", 100), "a  b[31mc");
        assert_eq!(shown("abcdef", 3), "abc...");
        assert_eq!(shown("abc\u{200b}\u{200b}", 3), "abc");
        assert_eq!(readable("\na\r\n\tb\u{feff}\u{e0041}\u{7}", 100), "a\n\tb");
    }
}
