//! Characters that a reader does not see, or that a terminal acts on: one list
//! for all text from outside. Must not know where a text goes.

/// Whether a reader would not see the character, or a terminal act on it: control characters,
/// bidirectional and zero-width ones, fillers, and the tags that can carry text of their own.
#[must_use]
pub fn is_hidden(c: char) -> bool {
    c.is_control()
        || matches!(c,
            '\u{ad}'
            | '\u{34f}'
            | '\u{61c}'
            | '\u{115f}'..='\u{1160}'
            | '\u{17b4}'..='\u{17b5}'
            | '\u{180b}'..='\u{180f}'
            | '\u{3164}'
            | '\u{ffa0}'
            | '\u{200b}'..='\u{200f}'
            | '\u{2028}'..='\u{202e}'
            | '\u{2060}'..='\u{206f}'
            | '\u{feff}'
            | '\u{fff9}'..='\u{fffb}'
            | '\u{1d173}'..='\u{1d17a}'
            | '\u{e0000}'..='\u{e0fff}')
}

/// What is left of a character of a foreign text that a model reads: line breaks and tabs stay, and
/// two more kinds of line breaks, which hide in a line otherwise, become one. Selectors of variants go
/// too: they can carry text.
#[must_use]
pub fn seen(c: char) -> Option<char> {
    match c {
        '\n' | '\t' => Some(c),
        '\u{2028}' | '\u{2029}' => Some('\n'),
        '\u{fe00}'..='\u{fe0f}' => None,
        c => (!is_hidden(c)).then_some(c),
    }
}

#[cfg(test)]
mod tests {
    use super::seen;

    #[test]
    fn what_hides_goes_and_what_breaks_a_line_is_a_line_break() {
        let text = "a\u{115f}b\u{3164}\u{34f}c\u{2028}d\u{fe01}\u{e0100}\u{180e}\tä\u{1b}";
        assert_eq!(text.chars().filter_map(seen).collect::<String>(), "abc\nd\tä");
    }
}
