//! The words of an M expression.
//!
//! Comments are left out; `#"a b"` is the name `a b`. Must not judge.
//!
//! Source: "Power Query M formula language: lexical structure" on learn.microsoft.com.

use std::borrow::Cow;

/// What a word is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    /// A name or keyword; names hold dots, as `Table.Group`.
    Name,
    /// `"..."`.
    Text,
    /// A number.
    Number,
    /// Anything else, one character each.
    Symbol,
}

/// A word of an expression.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Token<'a> {
    pub(crate) kind: Kind,
    /// What it says, without quotes, `""` being one `"`.
    pub(crate) text: Cow<'a, str>,
    /// Its first byte.
    pub(crate) offset: usize,
}

/// A call of a function.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Call<'s> {
    /// The function, as it is written.
    pub(crate) function: &'s str,
    /// Its first byte.
    pub(crate) offset: usize,
    /// The number of the word after the bracket.
    pub(crate) arguments: usize,
}

/// An M expression as words.
#[derive(Debug)]
pub(crate) struct Script<'a> {
    tokens: Vec<Token<'a>>,
    unclosed: Option<(usize, &'static str)>,
}

impl<'a> Script<'a> {
    /// Reads the words of `text`.
    pub(crate) fn of(text: &'a str) -> Self {
        let mut script = Self { tokens: Vec::new(), unclosed: None };
        let mut at = 0;
        while let Some(c) = text.get(at..).and_then(|rest| rest.chars().next()) {
            at = script.word(text, at, c);
        }
        script
    }

    /// Reads one word, comment or space; the byte after it.
    fn word(&mut self, text: &'a str, at: usize, c: char) -> usize {
        let rest = text.get(at..).unwrap_or_default();
        if c.is_whitespace() {
            return at + c.len_utf8();
        }
        if rest.starts_with("//") {
            return at + rest.find('\n').unwrap_or(rest.len());
        }
        if rest.starts_with("/*") {
            return match rest.get(2..).and_then(|rest| rest.find("*/")) {
                Some(end) => at + end + 4,
                None => self.ends_open(text, at, "comment"),
            };
        }
        if c == '"' || rest.starts_with("#\"") {
            let quote = at + usize::from(c == '#');
            let Some(end) = closing(text, quote) else { return self.ends_open(text, at, "text") };
            let inner = text.get(quote + 1..end).unwrap_or_default();
            let inner = if inner.contains("\"\"") { Cow::Owned(inner.replace("\"\"", "\"")) } else { inner.into() };
            let kind = if c == '#' { Kind::Name } else { Kind::Text };
            self.tokens.push(Token { kind, text: inner, offset: at });
            return end + 1;
        }
        let is_name = |c: char| c.is_alphanumeric() || c == '_' || c == '.';
        let (kind, length) = if c.is_ascii_digit() {
            (Kind::Number, rest.find(|c: char| !is_name(c)).unwrap_or(rest.len()))
        } else if c.is_alphabetic() || c == '_' || c == '#' {
            let body = rest.get(1..).unwrap_or_default();
            let first = c.len_utf8();
            let body = if first == 1 { body } else { rest.get(first..).unwrap_or_default() };
            (Kind::Name, first + body.find(|c: char| !is_name(c)).unwrap_or(body.len()))
        } else {
            (Kind::Symbol, c.len_utf8())
        };
        self.tokens.push(Token { kind, text: rest.get(..length).unwrap_or_default().into(), offset: at });
        at + length
    }

    fn ends_open(&mut self, text: &str, at: usize, what: &'static str) -> usize {
        self.unclosed = Some((at, what));
        text.len()
    }

    /// A text or comment that is never closed, and where it begins.
    pub(crate) fn unclosed(&self) -> Option<(usize, &'static str)> {
        self.unclosed
    }

    /// All words.
    pub(crate) fn tokens(&self) -> &[Token<'a>] {
        &self.tokens
    }

    /// The word of that number.
    pub(crate) fn token(&self, at: usize) -> Option<&Token<'a>> {
        self.tokens.get(at)
    }

    /// Whether the word of that number is this symbol.
    pub(crate) fn is_symbol(&self, at: usize, symbol: &str) -> bool {
        self.token(at).is_some_and(|token| token.kind == Kind::Symbol && token.text == symbol)
    }

    /// Every name that a bracket follows.
    pub(crate) fn calls(&self) -> impl Iterator<Item = Call<'_>> {
        self.tokens.iter().enumerate().filter_map(|(at, token)| {
            let calls = token.kind == Kind::Name && self.is_symbol(at + 1, "(");
            calls.then(|| Call { function: &token.text, offset: token.offset, arguments: at + 2 })
        })
    }

    /// Fields of records whose value is a text alone: `[Name = "text"]`, with the number of the name's word.
    pub(crate) fn text_fields(&self) -> impl Iterator<Item = (usize, &str, &str)> {
        (0..self.tokens.len()).filter_map(|at| {
            let name = self.token(at).filter(|token| token.kind == Kind::Name)?;
            let before = at.checked_sub(1)?;
            let begins = self.is_symbol(before, "[") || self.is_symbol(before, ",");
            let value = self.token(at + 2).filter(|token| token.kind == Kind::Text)?;
            let ends = self.is_symbol(at + 3, "]") || self.is_symbol(at + 3, ",");
            (begins && self.is_symbol(at + 1, "=") && ends).then_some((at, &*name.text, &*value.text))
        })
    }

    /// Where a connector is given a query of its own: `[Query = "..."]`.
    pub(crate) fn native_query_option(&self) -> Option<usize> {
        let mut fields = self.text_fields();
        let (at, ..) = fields.find(|(_, name, text)| *name == "Query" && text.trim().contains(char::is_whitespace))?;
        self.token(at).map(|token| token.offset)
    }

    /// Whether some name or text is, or holds, this name.
    pub(crate) fn mentions(&self, name: &str) -> bool {
        self.tokens.iter().any(|token| match token.kind {
            Kind::Name => token.text == name,
            Kind::Text => token.text.contains(name),
            Kind::Number | Kind::Symbol => false,
        })
    }

    /// Whether it is a parameter: a value with `meta [IsParameterQuery = true]`.
    pub(crate) fn is_parameter(&self) -> bool {
        let meta = |token: &Token<'_>| token.kind == Kind::Name && token.text == "IsParameterQuery";
        self.tokens.iter().any(meta)
    }
}

/// The quote that closes the one at `quote`.
fn closing(text: &str, quote: usize) -> Option<usize> {
    let bytes = text.as_bytes();
    let mut at = quote + 1;
    while let Some(byte) = bytes.get(at) {
        if *byte == b'"' {
            if bytes.get(at + 1) != Some(&b'"') {
                return Some(at);
            }
            at += 1;
        }
        at += 1;
    }
    None
}

#[cfg(test)]
mod tests {
    use super::{Kind, Script};

    fn words(text: &str) -> Vec<(Kind, String)> {
        Script::of(text).tokens().iter().map(|token| (token.kind, token.text.clone().into_owned())).collect()
    }

    #[test]
    fn names_texts_and_comments_are_told_apart() {
        let found = words("let #\"a \"\"b\" = Table.Group(x, \"Table.Sort( // \"\"\") /* Table.Join( */ in 1.5 // \"");
        let names: Vec<&str> =
            found.iter().filter(|(kind, _)| *kind == Kind::Name).map(|(_, text)| text.as_str()).collect();
        assert_eq!(names, ["let", "a \"b", "Table.Group", "x", "in"]);
        assert!(found.contains(&(Kind::Text, "Table.Sort( // \"".into())));
        assert!(found.contains(&(Kind::Number, "1.5".into())));
    }

    #[test]
    fn calls_and_fields_are_found_outside_texts_only() {
        let script =
            Script::of("Sql.Database(\"a\", \"b\", [Query = \"select * from t\", Timeout = #duration(0,0,1,0)])");
        assert_eq!(
            script.calls().map(|call| call.function.to_owned()).collect::<Vec<_>>(),
            ["Sql.Database", "#duration"]
        );
        assert_eq!(script.native_query_option(), Some(24));
        let web = Script::of("Web.Contents(\"u\", [Query = [a = \"b c\"]])");
        assert_eq!(web.native_query_option(), None);
        assert_eq!(Script::of("\"Sql.Database(\"").calls().count(), 0);
    }

    #[test]
    fn what_is_never_closed_is_told_and_does_not_hang() {
        assert_eq!(Script::of("x = \"abc").unclosed(), Some((4, "text")));
        assert_eq!(Script::of("/* abc").unclosed(), Some((0, "comment")));
        assert_eq!(Script::of("#\"abc").unclosed(), Some((0, "text")));
        for text in ["#", "\"", "é\"ü", "#é", "/", "§ ü.x(", ""] {
            Script::of(text);
        }
    }
}
