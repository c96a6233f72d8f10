//! The words of a text, each with the comments that stand beside it.

use super::page::Page;
use crate::semantic_model::dax::lexer::{Token, TokenKind, tokens};

/// The words of a text in their order.
#[derive(Debug)]
pub(super) struct Words<'t> {
    words: Vec<Word<'t>>,
    /// Comments after the last word, on lines of their own.
    last: Vec<&'t str>,
}

/// A word with its comments.
#[derive(Debug)]
struct Word<'t> {
    token: Token<'t>,
    /// On lines of their own above it.
    above: Vec<&'t str>,
    /// Behind it on its line.
    behind: Vec<&'t str>,
}

impl<'t> Words<'t> {
    pub(super) fn of(text: &'t str) -> Self {
        let mut words: Vec<Word<'t>> = Vec::new();
        let mut waiting = Vec::new();
        let mut end = 0;
        for token in tokens(text) {
            let new_line = text.get(end..token.offset).is_some_and(|between| between.contains(['\n', '\r']));
            end = token.end();
            if token.kind != TokenKind::Comment {
                words.push(Word { token, above: std::mem::take(&mut waiting), behind: Vec::new() });
                continue;
            }
            match words.last_mut() {
                Some(word) if !new_line && waiting.is_empty() => word.behind.push(token.text.trim_end()),
                Some(_) | None => waiting.push(token.text.trim_end()),
            }
        }
        Self { words, last: waiting }
    }

    /// The first word at or after a byte.
    pub(super) fn at(&self, offset: usize) -> usize {
        self.words.partition_point(|word| word.token.offset < offset)
    }

    /// The text of a word.
    pub(super) fn text(&self, at: usize) -> &'t str {
        self.words.get(at).map_or("", |word| word.token.text)
    }

    /// A word as `text`, with its comments.
    pub(super) fn page(&self, at: usize, text: &str) -> Page {
        let (word, behind) = self.parts(at, text);
        Page::all(vec![word, behind])
    }

    /// A word with the comments above it, and those behind it.
    pub(super) fn parts(&self, at: usize, text: &str) -> (Page, Page) {
        let Some(word) = self.words.get(at) else { return (Page::text(text), Page::all(Vec::new())) };
        let mut pages: Vec<Page> =
            word.above.iter().flat_map(|comment| [Page::fresh(), remark(comment), Page::line()]).collect();
        pages.push(Page::text(text));
        let behind = word.behind.iter().flat_map(|comment| [Page::text(" "), remark(comment)]);
        (Page::all(pages), Page::all(behind.collect()))
    }

    /// The comments after the last word.
    pub(super) fn rest(&self) -> Page {
        Page::all(self.last.iter().flat_map(|comment| [Page::fresh(), remark(comment)]).collect())
    }
}

fn remark(comment: &str) -> Page {
    if comment.starts_with("/*") { Page::text(comment) } else { Page::remark(comment) }
}
