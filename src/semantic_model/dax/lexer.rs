//! The tokens of DAX.
//!
//! Every byte of the text but white space is in exactly one token, and nothing
//! is an error: a string, name or comment without its end runs to the end of
//! the text and says so. Must not know functions or models.
//!
//! Source: "DAX syntax" and "DAX operators" on learn.microsoft.com.

use std::borrow::Cow;

use crate::semantic_model::dax::span::Span;

/// What a token is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TokenKind {
    /// `// ...`, `-- ...` or `/* ... */`.
    Comment,
    /// `"..."`, `""` inside being one `"`.
    Text,
    /// `dt"..."`: a date, a time or both.
    Date,
    /// `[...]`, `]]` inside being one `]`: a column or a measure.
    Bracket,
    /// `'...'`, `''` inside being one `'`: a table.
    Quoted,
    /// A function, keyword, variable or plain table name.
    Word,
    /// `@name`: a parameter of a query.
    Parameter,
    /// A number.
    Number,
    /// An operator or separator.
    Symbol,
}

/// A token of an expression.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Token<'a> {
    /// What it is.
    pub kind: TokenKind,
    /// As it is written, with quotes and brackets.
    pub text: &'a str,
    /// Its first byte in the expression.
    pub offset: usize,
    /// It has its end.
    pub closed: bool,
}

impl<'a> Token<'a> {
    /// What stands between the quotes or brackets, doubled ones made single.
    #[must_use]
    pub fn name(&self) -> Cow<'a, str> {
        let (open, end) = match self.kind {
            TokenKind::Text => (1, '"'),
            TokenKind::Date => (3, '"'),
            TokenKind::Bracket => (1, ']'),
            TokenKind::Quoted => (1, '\''),
            TokenKind::Comment | TokenKind::Word | TokenKind::Parameter | TokenKind::Number | TokenKind::Symbol => {
                return Cow::Borrowed(self.text);
            }
        };
        let mut inner = self.text.get(open..).unwrap_or_default();
        if self.closed {
            inner = inner.strip_suffix(end).unwrap_or(inner);
        }
        let doubled: String = [end, end].iter().collect();
        if inner.contains(&doubled) {
            Cow::Owned(inner.replace(&doubled, end.encode_utf8(&mut [0; 4])))
        } else {
            Cow::Borrowed(inner)
        }
    }

    /// The first byte after it.
    #[must_use]
    pub fn end(&self) -> usize {
        self.offset + self.text.len()
    }

    /// Where it stands.
    #[must_use]
    pub fn span(&self) -> Span {
        Span { start: self.offset, end: self.end() }
    }

    /// Whether it is this symbol.
    #[must_use]
    pub fn is_symbol(&self, symbol: &str) -> bool {
        self.kind == TokenKind::Symbol && self.text == symbol
    }

    /// Whether it is this word, in any case.
    #[must_use]
    pub fn is_word(&self, word: &str) -> bool {
        self.kind == TokenKind::Word && self.text.eq_ignore_ascii_case(word)
    }
}

/// The tokens of an expression, in order.
#[must_use]
pub fn tokens(text: &str) -> Vec<Token<'_>> {
    let mut found = Vec::new();
    let mut offset = 0;
    while let Some(rest) = text.get(offset..) {
        let Some(first) = rest.chars().next() else { break };
        if first.is_whitespace() {
            offset += first.len_utf8();
            continue;
        }
        let (kind, length, closed) = token(rest, first);
        found.push(Token { kind, text: rest.get(..length).unwrap_or(rest), offset, closed });
        offset += length;
    }
    found
}

/// Kind, length in bytes and whether it is closed, of the token that `rest` begins with.
fn token(rest: &str, first: char) -> (TokenKind, usize, bool) {
    match first {
        '"' => enclosed(TokenKind::Text, rest, 1, '"'),
        '\'' => enclosed(TokenKind::Quoted, rest, 1, '\''),
        '[' => enclosed(TokenKind::Bracket, rest, 1, ']'),
        'd' | 'D' if rest.get(..3).is_some_and(|start| start.eq_ignore_ascii_case("dt\"")) => {
            enclosed(TokenKind::Date, rest, 3, '"')
        }
        '@' if rest.get(1..).is_some_and(|next| next.starts_with(|c: char| c.is_alphabetic() || c == '_')) => {
            (TokenKind::Parameter, 1 + word(rest.get(1..).unwrap_or_default()), true)
        }
        '/' if rest.starts_with("/*") => match rest.get(2..).and_then(|inner| inner.find("*/")) {
            Some(at) => (TokenKind::Comment, at + 4, true),
            None => (TokenKind::Comment, rest.len(), false),
        },
        '/' | '-' if rest.starts_with("//") || rest.starts_with("--") => {
            (TokenKind::Comment, rest.find(['\n', '\r']).unwrap_or(rest.len()), true)
        }
        _ if first.is_ascii_digit() => (TokenKind::Number, number(rest), true),
        '.' if rest.get(1..).is_some_and(|next| next.starts_with(|c: char| c.is_ascii_digit())) => {
            (TokenKind::Number, number(rest), true)
        }
        _ if first.is_alphabetic() || first == '_' => (TokenKind::Word, word(rest), true),
        _ => {
            let pair = ["&&", "||", "<=", ">=", "<>", "==", "=>"].into_iter().any(|pair| rest.starts_with(pair));
            (TokenKind::Symbol, if pair { 2 } else { first.len_utf8() }, true)
        }
    }
}

/// The length of the word that `rest` begins with.
fn word(rest: &str) -> usize {
    rest.find(|c: char| !(c.is_alphanumeric() || c == '_' || c == '.')).unwrap_or(rest.len())
}

/// A token between quotes or brackets whose end, doubled, stands for itself.
fn enclosed(kind: TokenKind, rest: &str, open: usize, end: char) -> (TokenKind, usize, bool) {
    let mut from = open;
    while let Some(at) = rest.get(from..).and_then(|inner| inner.find(end)) {
        let after = from + at + 1;
        if !rest.get(after..).is_some_and(|next| next.starts_with(end)) {
            return (kind, after, true);
        }
        from = after + 1;
    }
    (kind, rest.len(), false)
}

/// The length of a number such as `1`, `.5`, `1.5E-3`.
fn number(rest: &str) -> usize {
    let digits = |from: usize| {
        rest.get(from..)
            .map_or(from, |tail| from + tail.len() - tail.trim_start_matches(|c: char| c.is_ascii_digit()).len())
    };
    let mut end = digits(0);
    if rest.get(end..).is_some_and(|tail| tail.starts_with('.')) {
        end = digits(end + 1);
    }
    if rest.get(end..).is_some_and(|tail| tail.starts_with(['e', 'E'])) {
        let sign = usize::from(rest.get(end + 1..).is_some_and(|tail| tail.starts_with(['+', '-'])));
        let exponent = digits(end + 1 + sign);
        if exponent > end + 1 + sign {
            end = exponent;
        }
    }
    end
}

#[cfg(test)]
mod tests {
    use super::{TokenKind, tokens};

    fn show(text: &str) -> Vec<String> {
        tokens(text).iter().map(|token| format!("{:?} {}", token.kind, token.name())).collect()
    }

    #[test]
    fn quotes_brackets_and_comments_hide_what_is_in_them() {
        assert_eq!(
            show("\"a \"\"[b]\"\" // c\" & [x]]y] -- [z]\n+ 'It''s'[q] /* [w] */ // end"),
            [
                "Text a \"[b]\" // c",
                "Symbol &",
                "Bracket x]y",
                "Comment -- [z]",
                "Symbol +",
                "Quoted It's",
                "Bracket q",
                "Comment /* [w] */",
                "Comment // end",
            ]
        );
    }

    #[test]
    fn words_numbers_and_operators() {
        assert_eq!(
            show("STDEVX.P(Größe, 1.5E-3) <> .5 && x==2"),
            [
                "Word STDEVX.P",
                "Symbol (",
                "Word Größe",
                "Symbol ,",
                "Number 1.5E-3",
                "Symbol )",
                "Symbol <>",
                "Number .5",
                "Symbol &&",
                "Word x",
                "Symbol ==",
                "Number 2",
            ]
        );
    }

    #[test]
    fn what_has_no_end_runs_to_the_end_of_the_text() {
        for (text, kind, name) in [
            ("[abc", TokenKind::Bracket, "abc"),
            ("[abc]]", TokenKind::Bracket, "abc]"),
            ("'a''", TokenKind::Quoted, "a'"),
            ("\"", TokenKind::Text, ""),
            ("/* x", TokenKind::Comment, "/* x"),
        ] {
            let found = tokens(text);
            assert_eq!((found.len(), found[0].kind, found[0].closed), (1, kind, false), "{text}");
            assert_eq!(found[0].name(), name);
        }
    }

    proptest::proptest! {
        #[test]
        fn every_byte_but_white_space_is_in_one_token(text in "[a-z'\"\\[\\]/*\\-\n .(0-9Eü]{0,40}") {
            let mut end = 0;
            for token in tokens(&text) {
                assert!(text[end..token.offset].trim().is_empty());
                assert_eq!(&text[token.offset..token.end()], token.text);
                end = token.end();
            }
            assert!(text[end..].trim().is_empty());
        }
    }
}
