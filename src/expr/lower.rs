//! From what a person wrote to the one language, with the way back for
//! positions. Two forms: a bare expression (`condition`, `if`, `where`, ...)
//! and a text that may hold `{{ }}` and `${ }`.

use super::error::Problem;
use super::known::Known;
use super::lexer::{End, Failure, Kind, Path, Token, lex};
use super::{compile, dialect, secret};

/// An expression in the one language.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Lowered {
    pub(super) text: String,
    /// (offset here, offset in the source, copied as it was), ascending.
    places: Vec<(usize, usize, bool)>,
}

impl Lowered {
    fn from_tokens(tokens: &[Token<'_>], source: &str) -> Self {
        let blank = |token: &&Token<'_>| token.kind == Kind::Blank;
        let end = tokens.len() - tokens.iter().rev().take_while(blank).count();
        let start = tokens.iter().take_while(blank).count().min(end);
        let mut lowered = Self { text: String::new(), places: Vec::new() };
        for token in &tokens[start..end] {
            let copied = source[token.at..].starts_with(&*token.text);
            lowered.places.push((lowered.text.len(), token.at, copied));
            lowered.text.push_str(&token.text);
        }
        lowered
    }

    /// Whether it is an expression of the language at all.
    pub(super) fn parses(&self) -> bool {
        compile::parse(&self.text).is_ok()
    }

    /// The offset in the source of what stands here at `at`.
    pub(super) fn original(&self, at: usize) -> usize {
        let after = self.places.partition_point(|(here, ..)| *here <= at);
        match after.checked_sub(1).and_then(|place| self.places.get(place)) {
            Some((here, there, true)) => there + (at - here),
            Some((_, there, false)) => *there,
            None => 0,
        }
    }
}

/// A part of a text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Segment {
    Literal(String),
    Expression(Lowered),
}

impl Segment {
    pub(super) fn parses(&self) -> bool {
        match self {
            Self::Literal(_) => true,
            Self::Expression(lowered) => lowered.parses(),
        }
    }
}

/// A bare expression; one `{{ }}` around the whole is taken off.
pub(super) fn bare(source: &str, known: &Known) -> Result<Lowered, Failure> {
    let start = source.len() - source.trim_start().len();
    if source[start..].starts_with("{{")
        && let Ok((tokens, end)) = lex(source, start + 2, End::Braces, known)
        && source[end + 2..].trim().is_empty()
    {
        return expression(&dialect::rewrite(tokens, known)?, source, start);
    }
    let (tokens, _) = lex(source, 0, End::Source, known)?;
    expression(&dialect::rewrite(tokens, known)?, source, start)
}

fn expression(tokens: &[Token<'_>], source: &str, at: usize) -> Result<Lowered, Failure> {
    if tokens.iter().all(|token| token.kind == Kind::Blank) {
        return Err(Problem::syntax("the expression is empty").at(at));
    }
    Ok(Lowered::from_tokens(tokens, source))
}

/// A text and its expressions.
pub(super) fn text(source: &str, known: &Known) -> Result<Vec<Segment>, Failure> {
    if let Some(path) = whole_path(source, known) {
        let places = vec![(0, 0, false)];
        return Ok(vec![Segment::Expression(Lowered { text: path, places })]);
    }
    let mut segments = Vec::new();
    let mut literal = 0;
    let mut at = 0;
    while let Some(next) = source[at..].find(['{', '$']) {
        at += next;
        let rest = &source[at..];
        if rest.starts_with("{%") {
            return Err(Problem::syntax("`{% %}` statements are not part of the language")
                .hint("use a step for it, or `a if b else c` inside `{{ }}`; as plain text write `{{ '{%' }}`")
                .at(at));
        }
        let (segment, end) = if rest.starts_with("{{") {
            if rest.starts_with("{{-") {
                return Err(Problem::syntax("`{{-` is not part of the language").hint("write `{{ -x }}`").at(at));
            }
            let (tokens, end) = lex(source, at + 2, End::Braces, known)?;
            (Segment::Expression(expression(&dialect::rewrite(tokens, known)?, source, at)?), end + 2)
        } else if let Some((path, length)) = dollar_braces(rest, known) {
            let places = vec![(0, at, false)];
            (Segment::Expression(Lowered { text: path, places }), at + length)
        } else {
            at += 1;
            continue;
        };
        push_literal(&source[literal..at], literal, &mut segments)?;
        segments.push(segment);
        literal = end;
        at = end;
    }
    push_literal(&source[literal..], literal, &mut segments)?;
    Ok(segments)
}

fn push_literal(text: &str, at: usize, segments: &mut Vec<Segment>) -> Result<(), Failure> {
    secret::refuse_reserved(text).map_err(|problem| problem.at(at))?;
    if !text.is_empty() {
        segments.push(Segment::Literal(text.to_owned()));
    }
    Ok(())
}

/// `$.step.result.x` as a whole string; anything else that begins so is literal.
fn whole_path(source: &str, known: &Known) -> Option<String> {
    let inner = source.strip_prefix("$.")?;
    let (path, length) = Path::read(inner, true)?;
    if length == inner.len() { path.lower(known) } else { None }
}

/// `${params.x}`; anything else that begins so is literal.
fn dollar_braces(rest: &str, known: &Known) -> Option<(String, usize)> {
    let inner = rest.strip_prefix("${")?;
    let close = inner.find('}')?;
    let own = inner[..close].trim();
    let (path, length) = Path::read(own, true)?;
    if length == own.len() { Some((path.lower(known)?, close + 3)) } else { None }
}
