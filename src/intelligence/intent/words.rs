//! Cuts a request into words: lower case, names masked, typing errors of known
//! words mended, negated words marked.

use super::entities::Span;
use super::rules;
use super::types::MentionKind;

/// Longest part of a request that is read, in characters.
const LIMIT: usize = 4_000;

/// A request as words.
#[derive(Debug, Default)]
pub(super) struct Words {
    /// In order.
    pub(super) list: Vec<Word>,
    /// The first word that is neither courtesy nor "I want to".
    pub(super) lead: usize,
}

/// A word.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Word {
    /// Lower case, mended.
    pub(super) text: String,
    /// What is named, where the word stands for a name.
    pub(super) mask: Option<MentionKind>,
    /// The sentence ends after it.
    pub(super) ends_sentence: bool,
    /// What it says is not wanted.
    pub(super) negated: bool,
}

const COURTESY: [&str; 40] = [
    "a", "ahead", "also", "and", "can", "could", "first", "go", "going", "gonna", "hello", "help", "hey", "hi", "i",
    "i'd", "i'm", "just", "kindly", "let", "let's", "lets", "like", "me", "need", "now", "ok", "okay", "please", "pls",
    "should", "the", "then", "to", "us", "want", "we", "would", "you", "your",
];

/// Words that are right as they stand although they resemble a known word.
const LEAVE: [&str; 16] = [
    "stable", "cable", "role", "rule", "mode", "there", "where", "were", "form", "from", "sales", "store", "stock",
    "state", "model", "models",
];

/// The part of a request that is read.
pub(super) fn clip(request: &str) -> &str {
    match request.char_indices().nth(LIMIT) {
        Some((end, _)) => &request[..end],
        None => request,
    }
}

/// The words of `request`, each span of `names` (in order, none overlapping) as one.
pub(super) fn mask(request: &str, names: &[Span]) -> Words {
    let mut list: Vec<Word> = Vec::new();
    let mut names = names.iter().peekable();
    let mut cut = String::new();
    let mut clause_starts = vec![0];
    let mut chars = request.char_indices().peekable();
    while let Some((at, char)) = chars.next() {
        if let Some(name) = names.next_if(|name| name.outer.start <= at) {
            finish(&mut cut, &mut list);
            list.push(Word { text: String::new(), mask: Some(name.kind), ends_sentence: false, negated: false });
            while chars.next_if(|&(next, _)| next < name.outer.end).is_some() {}
            continue;
        }
        let next = chars.peek().map(|&(_, next)| next);
        if char.is_alphanumeric() || char == '_' {
            cut.extend(char.to_lowercase());
        } else if matches!(char, '\'' | '’') && !cut.is_empty() && next.is_some_and(char::is_alphanumeric) {
            cut.push('\'');
        } else {
            finish(&mut cut, &mut list);
            let inside = next.is_some_and(|next| !next.is_whitespace());
            if matches!(char, '.' | '?' | '!' | ';' | '\n') && !(char == '.' && inside) {
                if let Some(last) = list.last_mut() {
                    last.ends_sentence = true;
                }
                clause_starts.push(list.len());
            } else if matches!(char, ',' | ':') {
                clause_starts.push(list.len());
            }
        }
    }
    finish(&mut cut, &mut list);
    if let Some(last) = list.last_mut() {
        last.ends_sentence = true;
    }
    negate(&mut list, &clause_starts);
    let lead = list.iter().position(|word| word.mask.is_some() || !COURTESY.contains(&word.text.as_str())).unwrap_or(0);
    Words { list, lead }
}

fn finish(cut: &mut String, list: &mut Vec<Word>) {
    if !cut.is_empty() {
        let text = mend(std::mem::take(cut));
        list.push(Word { text, mask: None, ends_sentence: false, negated: false });
    }
}

/// The known word that differs by one typing error and begins alike, if there is one.
fn mend(word: String) -> String {
    let length = word.chars().count();
    if length < 4 || !word.is_ascii() || LEAVE.contains(&word.as_str()) || rules::knows(&word) {
        return word;
    }
    // Of short words only two letters in the wrong order: `form` is not `forms`.
    let near = rules::vocabulary().filter(|known| {
        known.len() >= 4
            && known.as_bytes().first() == word.as_bytes().first()
            && known.len().abs_diff(length) <= usize::from(length > 4 || known.len() > 4)
            && strsim::osa_distance(known, &word) <= if length >= 10 { 2 } else { 1 }
    });
    near.min_by_key(|known| (strsim::osa_distance(known, &word), *known)).map_or(word.clone(), str::to_owned)
}

/// Marks what follows "don't", "without" and the like up to the end of the clause.
fn negate(list: &mut [Word], clause_starts: &[usize]) {
    let mut negated = false;
    for at in 0..list.len() {
        let after_sentence = at > 0 && list[at - 1].ends_sentence;
        if after_sentence || clause_starts.contains(&at) {
            negated = false;
        }
        let text = list[at].text.as_str();
        let before = at.checked_sub(1).map_or("", |before| list[before].text.as_str());
        match text {
            "but" | "just" | "only" | "and" => negated = false,
            "don't" | "dont" | "without" => negated = true,
            "not" if matches!(before, "do" | "to" | "or" | "should" | "please") => negated = true,
            "of" if before == "instead" => negated = true,
            _ => {}
        }
        list[at].negated = negated;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn texts(request: &str) -> Vec<String> {
        mask(request, &[]).list.into_iter().map(|word| word.text).collect()
    }

    #[test]
    fn words_are_lower_case_and_free_of_punctuation() {
        assert_eq!(texts("What's in the .docx, (please)?"), ["what's", "in", "the", "docx", "please"]);
    }

    #[test]
    fn typing_errors_of_known_words_are_mended_and_other_words_left() {
        assert_eq!(texts("shwo teh mesures relationshps"), ["show", "teh", "measures", "relationships"]);
        assert_eq!(texts("from a stable store"), ["from", "a", "stable", "store"]);
    }

    #[test]
    fn what_is_not_wanted_is_marked_up_to_the_end_of_its_clause() {
        let words = mask("don't create anything, list tables", &[]);
        let negated: Vec<&str> = words.list.iter().filter(|word| word.negated).map(|word| word.text.as_str()).collect();
        assert_eq!(negated, ["don't", "create", "anything"]);
    }

    #[test]
    fn the_lead_is_the_first_word_that_says_something() {
        let words = mask("Could you please list tables", &[]);
        assert_eq!(words.list[words.lead].text, "list");
    }
}
