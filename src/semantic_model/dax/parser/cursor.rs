//! The tokens with a place among them, and what was found wrong so far.

use std::collections::HashSet;

use crate::semantic_model::dax::lexer::{Token, TokenKind, tokens};
use crate::semantic_model::dax::problem::Problem;
use crate::semantic_model::dax::span::Span;

/// How deep brackets, calls and operators may be nested. The deepest public
/// measure known to us needs 30; what walks a tree of this depth stays well
/// within a thread's stack.
pub const MAX_DEPTH: usize = 256;

/// Problems that are told of one text: those after are mostly their consequences.
pub const MAX_PROBLEMS: usize = 20;

/// A place among the tokens of a text.
#[derive(Debug)]
pub(super) struct Cursor<'t> {
    tokens: Vec<Token<'t>>,
    at: usize,
    end: usize,
    depth: usize,
    too_deep: bool,
    /// The text ends inside a string, name or comment: that brackets are open too goes without saying.
    cut_off: bool,
    problems: Vec<Problem>,
    told: HashSet<usize>,
}

impl<'t> Cursor<'t> {
    pub(super) fn new(text: &'t str) -> Self {
        let mut cursor = Self {
            tokens: Vec::new(),
            at: 0,
            end: text.trim_end().len(),
            depth: 0,
            too_deep: false,
            cut_off: false,
            problems: Vec::new(),
            told: HashSet::new(),
        };
        for token in tokens(text) {
            if !token.closed {
                cursor.unclosed(token);
            }
            if token.kind != TokenKind::Comment {
                cursor.tokens.push(token);
            }
        }
        cursor
    }

    fn unclosed(&mut self, token: Token<'_>) {
        self.cut_off = true;
        let (what, end) = match token.kind {
            TokenKind::Comment => ("this comment", "*/"),
            TokenKind::Text => ("this string", "\""),
            TokenKind::Date => ("this date", "\""),
            TokenKind::Bracket => ("this name", "]"),
            TokenKind::Quoted | TokenKind::Word | TokenKind::Parameter | TokenKind::Number | TokenKind::Symbol => {
                ("this name", "'")
            }
        };
        let start = Span { start: token.offset, end: token.offset + 1 };
        self.tell(Problem::new(start, format!("{what} is not closed")).with_hint(format!("close it with `{end}`")));
    }

    /// The token at the cursor.
    pub(super) fn token(&self) -> Option<Token<'t>> {
        self.ahead(0)
    }

    /// The token so many after the one at the cursor.
    pub(super) fn ahead(&self, count: usize) -> Option<Token<'t>> {
        if self.too_deep { None } else { self.tokens.get(self.at + count).copied() }
    }

    /// Goes one token on.
    pub(super) fn step(&mut self) {
        self.at += 1;
    }

    /// Takes the symbol when it is the next token.
    pub(super) fn take_symbol(&mut self, symbol: &str) -> Option<Span> {
        self.take_if(|token| token.is_symbol(symbol))
    }

    /// Takes the word when it is the next token.
    pub(super) fn take_word(&mut self, word: &str) -> Option<Span> {
        self.take_if(|token| token.is_word(word))
    }

    fn take_if(&mut self, is: impl FnOnce(&Token<'t>) -> bool) -> Option<Span> {
        let token = self.token().filter(is)?;
        self.step();
        Some(token.span())
    }

    /// An empty span right after the last token that was read.
    pub(super) fn here(&self) -> Span {
        let end = self.at.checked_sub(1).and_then(|before| self.tokens.get(before)).map_or(0, Token::end);
        Span { start: end, end }
    }

    /// Where something is missing: the token that stands there instead, or the end.
    pub(super) fn place(&self) -> Span {
        self.token().map_or(Span { start: self.end, end: self.end }, |token| token.span())
    }

    /// Says what should stand here.
    pub(super) fn expected(&mut self, what: &str) {
        let Some(token) = self.token() else {
            if !self.cut_off && !self.too_deep {
                let place = self.place();
                self.tell(Problem::new(place, format!("expected {what}, but the text ends here")));
            }
            return;
        };
        let problem = Problem::new(token.span(), format!("expected {what}, found `{}`", shown(token.text)));
        self.tell(match advice(token, self.ahead(1)) {
            Some(hint) => problem.with_hint(hint),
            None => problem,
        });
    }

    /// Notes a problem: the first at each place, and not more than are told.
    pub(super) fn tell(&mut self, problem: Problem) {
        if self.problems.len() < MAX_PROBLEMS && self.told.insert(problem.span.start) {
            self.problems.push(problem);
        }
    }

    /// Says that a bracket has no end, unless that follows from something told already.
    pub(super) fn not_closed(&mut self, open: Span, bracket: char) {
        if !self.cut_off && !self.too_deep {
            let end = if bracket == '(' { ')' } else { '}' };
            let problem = Problem::new(open, format!("this `{bracket}` is not closed"));
            self.tell(problem.with_hint(format!("close it with `{end}`")));
        }
    }

    /// Goes one level deeper; false where that is too deep, and then the text is read no further.
    pub(super) fn enter(&mut self) -> bool {
        if self.depth == MAX_DEPTH {
            if !self.too_deep {
                let place = self.place();
                // It must be told whatever was told before, since reading ends here.
                self.problems.truncate(MAX_PROBLEMS - 1);
                self.problems.push(Problem::too_deep(place));
            }
            self.too_deep = true;
        }
        self.depth += 1;
        !self.too_deep
    }

    /// Comes back from a level.
    pub(super) fn leave(&mut self) {
        self.depth -= 1;
    }

    /// Goes on to the next `,`, closing bracket or keyword that ends an argument, brackets in between taken whole.
    pub(super) fn skip_to_separator(&mut self) {
        let mut open = 0_usize;
        while let Some(token) = self.token() {
            match token.text {
                "(" | "{" if token.kind == TokenKind::Symbol => open += 1,
                ")" | "}" if token.kind == TokenKind::Symbol => {
                    if open == 0 {
                        return;
                    }
                    open -= 1;
                }
                "," if open == 0 => return,
                _ if open == 0 && is_boundary(token) => return,
                _ => {}
            }
            self.step();
        }
    }

    /// The problems in the order of the text.
    pub(super) fn finish(mut self) -> Vec<Problem> {
        self.problems.sort_by_key(|problem| problem.span);
        self.problems
    }
}

/// Words that begin something new wherever they stand.
pub(super) fn is_boundary(token: Token<'_>) -> bool {
    ["VAR", "RETURN", "EVALUATE", "DEFINE"].iter().any(|word| token.is_word(word))
}

/// A token short enough for a sentence.
pub(super) fn shown(text: &str) -> String {
    const LONGEST: usize = 40;
    match text.char_indices().nth(LONGEST) {
        Some((at, _)) => format!("{}...", text.get(..at).unwrap_or_default()),
        None => text.to_owned(),
    }
}

/// What writers of other languages mean.
fn advice(token: Token<'_>, next: Option<Token<'_>>) -> Option<&'static str> {
    if token.kind != TokenKind::Symbol {
        return None;
    }
    match token.text {
        ";" => Some("files separate arguments with `,`, whatever the language of the computer"),
        "!" if next.is_some_and(|next| next.is_symbol("=")) => Some("not equal is `<>`"),
        "!" => Some("negation is `NOT`"),
        "|" => Some("or is `||`"),
        "=" => Some("give the expression alone, without a name and `=` before it"),
        ":" => Some("give the expression alone, without a name and `:=` before it"),
        "%" => Some("write a percentage as a decimal number, and a remainder with `MOD`"),
        "\u{201c}" | "\u{201d}" | "\u{201e}" | "\u{ab}" | "\u{bb}" => Some("strings stand in straight quotes: `\"`"),
        "\u{2018}" | "\u{2019}" | "`" => Some("names of tables stand in straight quotes: `'`"),
        _ => None,
    }
}
