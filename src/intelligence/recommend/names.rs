//! Names out of answers: exact for arguments, clipped and clean for sentences.

/// Longest name in a sentence, in characters.
const SHOWN: usize = 60;
/// Longest name that is passed on as an argument, in bytes.
const EXACT: usize = 300;

/// The name as an argument; none when it is empty, overlong, or holds what
/// nobody can see.
pub(super) fn exact(name: &str) -> Option<&str> {
    (!name.is_empty() && name.len() <= EXACT && !name.chars().any(unseen)).then_some(name)
}

/// The name for a sentence.
pub(super) fn shown(name: &str) -> String {
    let clean: String = name.chars().filter(|char| !unseen(*char) && *char != '`').collect();
    let clean = clean.split_whitespace().collect::<Vec<_>>().join(" ");
    if clean.chars().count() <= SHOWN {
        return clean;
    }
    let start: String = clean.chars().take(SHOWN - 3).collect();
    format!("{}...", start.trim_end())
}

/// Control characters, and those that show nothing or turn the text around.
fn unseen(char: char) -> bool {
    char.is_control()
        || matches!(
            char,
            '\u{ad}' | '\u{61c}' | '\u{180e}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}'
                | '\u{fe00}'..='\u{fe0f}' | '\u{feff}' | '\u{fff9}'..='\u{fffb}' | '\u{e0000}'..='\u{e0fff}'
        )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_in_a_sentence_is_clean_and_short() {
        assert_eq!(shown("Sa\u{202e}les\n\tDaily"), "SalesDaily");
        assert_eq!(shown("Total   Sales"), "Total Sales");
        assert_eq!(shown(&"x".repeat(100)).chars().count(), 60);
        assert_eq!(shown("a`b"), "ab");
    }

    #[test]
    fn a_name_that_cannot_be_seen_whole_is_no_argument() {
        assert_eq!(exact("Umsatz %"), Some("Umsatz %"));
        assert_eq!(exact("Sales\u{200b}"), None);
        assert_eq!(exact(""), None);
        assert_eq!(exact(&"x".repeat(301)), None);
    }
}
