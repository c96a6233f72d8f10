//! Text in XML and HTML.

/// Text with the characters replaced that mean something to XML, and those left out that XML 1.0
/// cannot hold.
pub(super) fn escape(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for char in text.chars() {
        match char {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#39;"),
            '\t' | '\n' | '\r' => out.push(char),
            '\u{0}'..='\u{1F}' | '\u{FFFE}' | '\u{FFFF}' => {}
            other => out.push(other),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::escape;

    #[test]
    fn markup_in_a_name_is_text() {
        assert_eq!(escape("<b>\"A\" & 'B'\u{1}</b>\n"), "&lt;b&gt;&quot;A&quot; &amp; &#39;B&#39;&lt;/b&gt;\n");
    }
}
