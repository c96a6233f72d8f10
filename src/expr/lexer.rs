//! Words, signs and literals of an expression, in any of the dialects, with
//! their places. Knows no grammar: `dialect` rewrites what it finds here.

use std::borrow::Cow;

use super::error::{Fault, Problem};
use super::known::Known;
use super::meter;

/// A problem and its byte offset.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Failure {
    pub(super) problem: Problem,
    pub(super) at: usize,
}

impl Problem {
    pub(super) fn at(self, at: usize) -> Failure {
        Failure { problem: self, at }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Blank,
    Word,
    Number,
    Text,
    /// `${a.b}` and `$.a.b`, already written as the language writes it.
    Path,
    Sign,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Token<'s> {
    pub(super) kind: Kind,
    pub(super) text: Cow<'s, str>,
    /// Where it is, or what it was made from, in the source.
    pub(super) at: usize,
}

impl<'s> Token<'s> {
    pub(super) fn made(kind: Kind, text: impl Into<Cow<'s, str>>, at: usize) -> Self {
        Self { kind, text: text.into(), at }
    }

    pub(super) fn is_sign(&self, sign: &str) -> bool {
        self.kind == Kind::Sign && self.text == sign
    }

    pub(super) fn is_word(&self, word: &str) -> bool {
        self.kind == Kind::Word && self.text == word
    }
}

/// Where lexing ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum End {
    /// With the source; `{{ }}` inside is an operand.
    Source,
    /// With the `}}` that is no part of an object.
    Braces,
}

const SIGNS: [&str; 8] = ["&&", "||", "==", "!=", "<=", ">=", "**", "//"];

/// The tokens from `start`, and the offset of what ended them.
pub(super) fn lex<'s>(
    source: &'s str,
    start: usize,
    end: End,
    known: &Known,
) -> Result<(Vec<Token<'s>>, usize), Failure> {
    let mut tokens: Vec<Token<'s>> = Vec::new();
    let mut braces = 0_usize;
    let mut at = start;
    while let Some(letter) = source[at..].chars().next() {
        if tokens.len() > meter::TOKENS || at - start > meter::SOURCE {
            return Err(too_long().at(start));
        }
        let rest = &source[at..];
        if end == End::Braces && braces == 0 && rest.starts_with("}}") {
            return Ok((tokens, at));
        }
        if end == End::Source && rest.starts_with("{{") {
            let (inner, closed) = lex(source, at + 2, End::Braces, known)?;
            tokens.push(Token::made(Kind::Sign, "(", at));
            tokens.extend(inner);
            tokens.push(Token::made(Kind::Sign, ")", closed));
            at = closed + 2;
            continue;
        }
        let (kind, length) = match letter {
            _ if letter.is_whitespace() => (Kind::Blank, run(rest, char::is_whitespace)),
            'a'..='z' | 'A'..='Z' | '_' => (Kind::Word, run(rest, is_name)),
            '0'..='9' => (Kind::Number, number(rest, tokens.last().is_some_and(|token| token.is_sign(".")))),
            '\'' | '"' => (Kind::Text, text(rest, letter).map_err(|problem| problem.at(at))?),
            '$' => {
                let (path, length) = dollar(rest, known).map_err(|problem| problem.at(at))?;
                tokens.push(Token::made(Kind::Path, path, at));
                at += length;
                continue;
            }
            _ => {
                (Kind::Sign, SIGNS.iter().find(|sign| rest.starts_with(**sign)).map_or(letter.len_utf8(), |s| s.len()))
            }
        };
        match letter {
            '{' => braces += 1,
            '}' => braces = braces.saturating_sub(1),
            _ => {}
        }
        tokens.push(Token { kind, text: Cow::Borrowed(&rest[..length]), at });
        at += length;
    }
    if end == End::Braces {
        return Err(Problem::syntax("`{{` is never closed")
            .hint("close it with `}}`; literal braces are written `{{ '{{' }}`")
            .at(start.saturating_sub(2)));
    }
    Ok((tokens, at))
}

pub(super) fn too_long() -> Problem {
    Problem::limit("the expression is too long").hint("split it over several steps, or use a transform step")
}

fn run(rest: &str, holds: impl Fn(char) -> bool) -> usize {
    rest.find(|letter| !holds(letter)).unwrap_or(rest.len())
}

pub(super) fn is_name(letter: char) -> bool {
    letter.is_ascii_alphanumeric() || letter == '_'
}

fn number(rest: &str, after_dot: bool) -> usize {
    let whole = run(rest, is_name);
    let fraction = rest[whole..].strip_prefix('.').map_or(0, |fraction| run(fraction, is_name));
    let is_fraction = rest[whole..].get(1..2).is_some_and(|next| next.as_bytes()[0].is_ascii_digit());
    if after_dot || !is_fraction { whole } else { whole + 1 + fraction }
}

fn text(rest: &str, quote: char) -> Result<usize, Problem> {
    let mut escaped = false;
    for (at, letter) in rest.char_indices().skip(1) {
        match letter {
            _ if escaped => escaped = false,
            '\\' => escaped = true,
            _ if letter == quote => {
                let body = &rest[..at];
                if body.find("{{").is_some_and(|open| body[open..].contains("}}")) {
                    return Err(Problem::syntax("`{{ }}` inside quotes is not evaluated")
                        .hint("leave the quotes out, or join with `~`: `'id-' ~ params.id`"));
                }
                return Ok(at + 1);
            }
            _ => {}
        }
    }
    Err(Problem::syntax("the text is never closed").hint(format!("close it with {quote}")))
}

/// `${a.b}` or `$.a.b` at the start of `rest`, lowered, and its length.
fn dollar(rest: &str, known: &Known) -> Result<(String, usize), Problem> {
    let found = if let Some(inner) = rest.strip_prefix("${") {
        inner.find('}').and_then(|close| {
            let (path, length) = Path::read(inner[..close].trim(), true)?;
            (length == inner[..close].trim().len()).then_some((path, close + 3))
        })
    } else if let Some(inner) = rest.strip_prefix("$.") {
        Path::read(inner, false).map(|(path, length)| (path, length + 2))
    } else {
        None
    };
    let Some((path, length)) = found else {
        return Err(Problem::syntax("unexpected `$`")
            .hint("a reference is written `params.x`, `${params.x}` or `$.step.result.x`"));
    };
    let lowered = path.lower(known).ok_or_else(|| {
        Problem::new(Fault::Unknown, format!("`{}` is neither a step nor `params`, `context` or `steps`", path.first))
            .hint_if(super::error::nearest(path.first, known.steps.iter().map(String::as_str)))
    })?;
    Ok((lowered, length))
}

/// A fixed path as the dialects write it.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Path<'s> {
    pub(super) first: &'s str,
    keys: Vec<&'s str>,
}

impl<'s> Path<'s> {
    /// Reads as far as the path goes.
    pub(super) fn read(text: &'s str, hyphens: bool) -> Option<(Self, usize)> {
        let is_key = |letter: char| is_name(letter) || (hyphens && letter == '-');
        let first = run(text, is_name);
        if first == 0 || text.starts_with(|letter: char| letter.is_ascii_digit()) {
            return None;
        }
        let mut path = Self { first: &text[..first], keys: Vec::new() };
        let mut at = first;
        loop {
            let rest = &text[at..];
            let (key, length) = if let Some(rest) = rest.strip_prefix('.') {
                let length = run(rest, is_key);
                (&rest[..length], length + 1)
            } else if let Some(rest) = rest.strip_prefix('[') {
                let length = run(rest, |letter| letter.is_ascii_digit());
                if !rest[length..].starts_with(']') {
                    break;
                }
                (&rest[..length], length + 2)
            } else {
                break;
            };
            if key.is_empty() {
                break;
            }
            path.keys.push(key);
            at += length;
        }
        Some((path, at))
    }

    /// The path in the one language; `None` when it names nothing known.
    pub(super) fn lower(&self, known: &Known) -> Option<String> {
        let is_step = known.steps.contains(self.first);
        if !is_step && !["params", "context", "steps"].contains(&self.first) {
            return None;
        }
        let mut out = if is_step && self.keys.first() == Some(&"result") {
            format!("steps.{}", self.first)
        } else {
            self.first.to_owned()
        };
        for key in &self.keys {
            if key.bytes().all(|byte| byte.is_ascii_digit()) {
                out.extend(["[", key, "]"]);
            } else if key.contains('-') || key.starts_with(|letter: char| letter.is_ascii_digit()) {
                out.extend(["['", key, "']"]);
            } else {
                out.extend([".", key]);
            }
        }
        Some(out)
    }
}
