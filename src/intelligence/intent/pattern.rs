//! Phrases with gaps, matched on whole words.
//!
//! A pattern is words with spaces between: `a|b` is either, `word*` any word
//! that begins so, `..` up to four words of the same sentence, `^` the first
//! word that says something, `$` the end of a sentence; `<table>`, `<measure>`,
//! `<column>`, `<name>`, `<path>` and `<expression>` are names found before,
//! `<any>` is any of the first three.

use super::types::MentionKind;
use super::words::{Word, Words};

/// Words that `..` may stand for, at most.
const GAP: usize = 4;

/// A parsed phrase.
#[derive(Debug)]
pub(super) struct Pattern {
    atoms: Vec<Atom>,
}

#[derive(Debug)]
enum Atom {
    Either(Vec<Form>),
    Gap,
    Start,
    End,
}

#[derive(Debug)]
enum Form {
    Word(&'static str),
    Prefix(&'static str),
    Mask(Option<MentionKind>),
}

/// Where a pattern matched: indexes of words.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Place {
    /// The first word.
    pub(super) first: usize,
    /// One past the last word.
    pub(super) end: usize,
}

impl Pattern {
    pub(super) fn parse(text: &'static str) -> Self {
        let atoms = text
            .split(' ')
            .map(|atom| match atom {
                ".." => Atom::Gap,
                "^" => Atom::Start,
                "$" => Atom::End,
                either => Atom::Either(either.split('|').map(form).collect()),
            })
            .collect();
        Self { atoms }
    }

    /// Words that occur in full, for the correction of typing errors.
    pub(super) fn literals(&self) -> impl Iterator<Item = &'static str> {
        self.atoms
            .iter()
            .flat_map(|atom| match atom {
                Atom::Either(forms) => forms.as_slice(),
                Atom::Gap | Atom::Start | Atom::End => &[],
            })
            .filter_map(|form| match form {
                Form::Word(word) => Some(*word),
                Form::Prefix(_) | Form::Mask(_) => None,
            })
    }

    /// The first place where the pattern matches words that are not negated.
    pub(super) fn find(&self, words: &Words) -> Option<Place> {
        (0..words.list.len()).find_map(|first| {
            let end = step(&self.atoms, words, first)?;
            Some(Place { first, end })
        })
    }
}

fn form(text: &'static str) -> Form {
    match text {
        "<any>" => Form::Mask(None),
        "<table>" => Form::Mask(Some(MentionKind::Table)),
        "<measure>" => Form::Mask(Some(MentionKind::Measure)),
        "<column>" => Form::Mask(Some(MentionKind::Column)),
        "<name>" => Form::Mask(Some(MentionKind::Name)),
        "<path>" => Form::Mask(Some(MentionKind::Path)),
        "<expression>" => Form::Mask(Some(MentionKind::Expression)),
        word => word.strip_suffix('*').map_or(Form::Word(word), Form::Prefix),
    }
}

/// The end of a match of `atoms` that begins at word `at`.
fn step(atoms: &[Atom], words: &Words, at: usize) -> Option<usize> {
    let Some((atom, rest)) = atoms.split_first() else { return Some(at) };
    match atom {
        Atom::Start => (at == words.lead).then(|| step(rest, words, at))?,
        Atom::End => (at > 0 && words.list.get(at - 1)?.ends_sentence).then(|| step(rest, words, at))?,
        Atom::Gap => (at..=at + GAP)
            .take_while(|&next| next == at || words.list.get(next - 1).is_some_and(|word| !word.ends_sentence))
            .find_map(|next| step(rest, words, next)),
        Atom::Either(forms) => {
            let word = words.list.get(at)?;
            // A phrase does not run over the end of a sentence, unless the pattern ends there.
            let crosses = word.ends_sentence && matches!(rest.first(), Some(Atom::Either(_) | Atom::Gap));
            if crosses || word.negated || !forms.iter().any(|form| form.fits(word)) {
                return None;
            }
            step(rest, words, at + 1)
        }
    }
}

impl Form {
    fn fits(&self, word: &Word) -> bool {
        match self {
            Self::Word(own) => word.mask.is_none() && word.text == *own,
            Self::Prefix(own) => word.mask.is_none() && word.text.starts_with(own),
            Self::Mask(Some(kind)) => word.mask == Some(*kind),
            Self::Mask(None) => {
                matches!(word.mask, Some(MentionKind::Table | MentionKind::Measure | MentionKind::Column))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::intelligence::intent::words;

    fn matches(pattern: &'static str, request: &str) -> bool {
        Pattern::parse(pattern).find(&words::mask(request, &[])).is_some()
    }

    #[test]
    fn words_match_whole_and_stars_match_beginnings() {
        assert!(matches("list", "List tables"));
        assert!(!matches("list", "listen to me"));
        assert!(matches("list*", "listing tables"));
        assert!(matches("show|list tables", "please show tables"));
    }

    #[test]
    fn gaps_are_short_and_stay_in_the_sentence() {
        assert!(matches("check .. issues", "check the whole model for issues"));
        assert!(!matches("check .. issues", "check this and that and these and those for issues"));
        assert!(!matches("check .. issues", "check it. issues are elsewhere"));
    }

    #[test]
    fn anchors_hold_the_first_word_that_says_something_and_the_end() {
        assert!(matches("^ create", "could you please create one"));
        assert!(!matches("^ create", "tables to create"));
        assert!(matches("tables $", "which tables?"));
        assert!(!matches("tables $", "tables of stone"));
    }
}
