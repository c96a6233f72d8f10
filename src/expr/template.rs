//! A JSON value whose strings may hold expressions: parsed once, rendered
//! many times. What an expression yields is data and is never parsed again.

use std::sync::Arc;

use serde_json::Value as Json;

use super::budget::Budget;
use super::error::ExprError;
use super::eval::Evaluation;
use super::expression::Compiled;
use super::known::Known;
use super::lower::{self, Segment};
use super::reference::Reference;
use super::scope::Scope;
use super::secret;

/// A JSON value with expressions in its strings.
#[derive(Debug)]
pub struct Template {
    root: Part,
    references: Vec<Reference>,
}

#[derive(Debug)]
enum Part {
    /// Nothing to evaluate in it.
    Fixed(Json),
    /// Exactly one expression: its value keeps its type.
    Whole(Text, Compiled),
    Text(Text, Vec<Piece>),
    List(Vec<Part>),
    Map(Vec<(String, Part)>),
}

/// A string of the value and where it stands.
#[derive(Debug)]
struct Text {
    source: Arc<str>,
    pointer: String,
}

#[derive(Debug)]
enum Piece {
    Literal(String),
    Expression(Compiled),
}

impl Template {
    /// Reads every string; all that is wrong is told at once.
    pub fn parse(value: &Json, known: &Known) -> Result<Self, Vec<ExprError>> {
        let mut errors = Vec::new();
        let root = Part::parse(value, known, &mut String::new(), &mut errors);
        if !errors.is_empty() {
            return Err(errors);
        }
        let mut references = Vec::new();
        root.collect(&mut references);
        Ok(Self { root, references })
    }

    /// The value with every expression replaced by what it yields. Secrets
    /// become markers (see [`reveal`](super::reveal)).
    pub fn render(&self, scope: &Scope<'_>) -> Result<Json, ExprError> {
        self.root.render(&mut Evaluation::new(scope))
    }

    /// [`render`](Self::render) as one of many evaluations with one budget.
    pub fn render_within(&self, scope: &Scope<'_>, budget: &mut Budget) -> Result<Json, ExprError> {
        Evaluation::within(scope, budget, |evaluation| self.root.render(evaluation))
    }

    /// What it reads.
    pub fn references(&self) -> &[Reference] {
        &self.references
    }

    /// Whether there is nothing to evaluate.
    pub fn is_fixed(&self) -> bool {
        matches!(self.root, Part::Fixed(_))
    }
}

impl Part {
    fn parse(value: &Json, known: &Known, pointer: &mut String, errors: &mut Vec<ExprError>) -> Self {
        match value {
            Json::Null | Json::Bool(_) | Json::Number(_) => Self::Fixed(value.clone()),
            Json::String(source) => Self::parse_text(source, known, pointer, errors),
            Json::Array(items) => {
                let mut parts = Vec::with_capacity(items.len());
                for (place, item) in items.iter().enumerate() {
                    let length = pointer.len();
                    pointer.push('/');
                    pointer.push_str(&place.to_string());
                    parts.push(Self::parse(item, known, pointer, errors));
                    pointer.truncate(length);
                }
                if parts.iter().all(|part| matches!(part, Self::Fixed(_))) {
                    return Self::Fixed(value.clone());
                }
                Self::List(parts)
            }
            Json::Object(map) => {
                let mut parts = Vec::with_capacity(map.len());
                for (key, item) in map {
                    let length = pointer.len();
                    pointer.push('/');
                    pointer.push_str(&key.replace('~', "~0").replace('/', "~1"));
                    if let Err(problem) = secret::refuse_reserved(key) {
                        errors.push(ExprError::new(problem, &Arc::from(key.as_str()), 0).at_pointer(pointer));
                    }
                    parts.push((key.clone(), Self::parse(item, known, pointer, errors)));
                    pointer.truncate(length);
                }
                if parts.iter().all(|(_, part)| matches!(part, Self::Fixed(_))) {
                    return Self::Fixed(value.clone());
                }
                Self::Map(parts)
            }
        }
    }

    fn parse_text(source: &str, known: &Known, pointer: &str, errors: &mut Vec<ExprError>) -> Self {
        let text = Text { source: Arc::from(source), pointer: pointer.to_owned() };
        let fixed = || Self::Fixed(Json::String(source.to_owned()));
        let segments = match lower::text(source, known) {
            Ok(segments) => segments,
            Err(failure) => {
                errors.push(ExprError::new(failure.problem, &text.source, failure.at).at_pointer(pointer));
                return fixed();
            }
        };
        let mut pieces = Vec::with_capacity(segments.len());
        for segment in segments {
            match segment {
                Segment::Literal(literal) => pieces.push(Piece::Literal(literal)),
                Segment::Expression(lowered) => match Compiled::new(lowered, known) {
                    Ok(compiled) => pieces.push(Piece::Expression(compiled)),
                    Err(failure) => {
                        errors.push(ExprError::new(failure.problem, &text.source, failure.at).at_pointer(pointer));
                    }
                },
            }
        }
        if pieces.iter().all(|piece| matches!(piece, Piece::Literal(_))) {
            return fixed();
        }
        if pieces.len() == 1
            && let Some(Piece::Expression(compiled)) = pieces.pop()
        {
            return Self::Whole(text, compiled);
        }
        Self::Text(text, pieces)
    }

    fn collect(&self, references: &mut Vec<Reference>) {
        match self {
            Self::Fixed(_) => {}
            Self::Whole(text, compiled) => references.extend(compiled.references(&text.source, &text.pointer)),
            Self::Text(text, pieces) => {
                for piece in pieces {
                    if let Piece::Expression(compiled) = piece {
                        references.extend(compiled.references(&text.source, &text.pointer));
                    }
                }
            }
            Self::List(parts) => parts.iter().for_each(|part| part.collect(references)),
            Self::Map(parts) => parts.iter().for_each(|(_, part)| part.collect(references)),
        }
    }

    fn render(&self, evaluation: &mut Evaluation<'_>) -> Result<Json, ExprError> {
        Ok(match self {
            Self::Fixed(value) => value.clone(),
            Self::Whole(text, compiled) => {
                evaluation.json(&compiled.node).map_err(|failure| text.error(compiled, failure))?
            }
            Self::Text(text, pieces) => {
                let mut out = String::new();
                for piece in pieces {
                    match piece {
                        Piece::Literal(literal) => out.push_str(literal),
                        Piece::Expression(compiled) => evaluation
                            .write(&compiled.node, &mut out)
                            .map_err(|failure| text.error(compiled, failure))?,
                    }
                }
                Json::String(out)
            }
            Self::List(parts) => {
                Json::Array(parts.iter().map(|part| part.render(evaluation)).collect::<Result<_, _>>()?)
            }
            Self::Map(parts) => Json::Object(
                parts
                    .iter()
                    .map(|(key, part)| Ok((key.clone(), part.render(evaluation)?)))
                    .collect::<Result<_, ExprError>>()?,
            ),
        })
    }
}

impl Text {
    fn error(&self, compiled: &Compiled, failure: super::lexer::Failure) -> ExprError {
        compiled.error(failure, &self.source).at_pointer(&self.pointer)
    }
}

/// A text in the one language: every dialect as `{{ }}`. What does not parse stays as it is.
#[must_use]
pub fn lower_text(source: &str, known: &Known) -> String {
    let segments = match lower::text(source, known) {
        Ok(segments) if segments.iter().all(Segment::parses) => segments,
        _ => return source.to_owned(),
    };
    let mut out = String::with_capacity(source.len());
    let mut segments = segments.into_iter().peekable();
    while let Some(segment) = segments.next() {
        match segment {
            Segment::Expression(lowered) => out.extend(["{{ ", &lowered.text, " }}"]),
            // A brace before `{{` would be read as part of it.
            Segment::Literal(literal) if literal.ends_with('{') && segments.peek().is_some() => {
                out.extend([&literal[..literal.len() - 1], "{{ '{' }}"]);
            }
            Segment::Literal(literal) => out.push_str(&literal),
        }
    }
    out
}

/// [`lower_text`] of every string of a value; keys stay as they are.
#[must_use]
pub fn lower_value(value: &Json, known: &Known) -> Json {
    match value {
        Json::Null | Json::Bool(_) | Json::Number(_) => value.clone(),
        Json::String(source) => Json::String(lower_text(source, known)),
        Json::Array(items) => Json::Array(items.iter().map(|item| lower_value(item, known)).collect()),
        Json::Object(map) => {
            Json::Object(map.iter().map(|(key, item)| (key.clone(), lower_value(item, known))).collect())
        }
    }
}
