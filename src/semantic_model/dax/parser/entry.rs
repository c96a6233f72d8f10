//! Where others come in: a text, and what it is read as.

use crate::semantic_model::dax::lexer::{TokenKind, tokens};
use crate::semantic_model::dax::parser::cursor::Cursor;
use crate::semantic_model::dax::problem::Problem;
use crate::semantic_model::dax::syntax::{Function, Node, Query};

/// What was read, and what is wrong with it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Parsed<T> {
    /// The tree, with gaps where there are problems.
    pub tree: T,
    /// What is wrong, in the order of the text; empty when the text is right.
    pub problems: Vec<Problem>,
}

/// What a text can be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Script {
    /// One expression.
    Expression(Node),
    /// A query.
    Query(Query),
}

/// Reads one expression: of a measure, column, table, calculation item or filter.
#[must_use]
pub fn parse_expression(text: &str) -> Parsed<Node> {
    read(text, Cursor::expression)
}

/// Reads a query.
#[must_use]
pub fn parse_query(text: &str) -> Parsed<Query> {
    read(text, Cursor::query)
}

/// Reads a function that a person defines.
#[must_use]
pub fn parse_function(text: &str) -> Parsed<Function> {
    read(text, Cursor::function)
}

/// Whether a text is a query rather than an expression.
#[must_use]
pub fn is_query(text: &str) -> bool {
    let first = tokens(text).into_iter().find(|token| token.kind != TokenKind::Comment);
    first.is_some_and(|token| token.is_word("DEFINE") || token.is_word("EVALUATE"))
}

impl Script {
    /// Reads a query where the text begins as one, else an expression.
    #[must_use]
    pub fn parse(text: &str) -> Parsed<Self> {
        if is_query(text) {
            let Parsed { tree, problems } = parse_query(text);
            return Parsed { tree: Self::Query(tree), problems };
        }
        let Parsed { tree, problems } = parse_expression(text);
        Parsed { tree: Self::Expression(tree), problems }
    }
}

/// Reads all of a text. What is left over is told, and read for more problems.
fn read<'t, T>(text: &'t str, first: impl FnOnce(&mut Cursor<'t>) -> T) -> Parsed<T> {
    let mut cursor = Cursor::new(text);
    let tree = first(&mut cursor);
    while let Some(token) = cursor.token() {
        match token.text {
            ")" | "}" => cursor.tell(Problem::new(token.span(), format!("this `{}` closes nothing", token.text))),
            "," => cursor.tell(Problem::new(token.span(), "this `,` stands outside of brackets")),
            _ if token.is_word("RETURN") => {
                cursor.tell(Problem::new(token.span(), "this `RETURN` has no `VAR`"));
            }
            _ => cursor.expected("an operator or the end"),
        }
        cursor.step();
        cursor.skip_leftover();
    }
    Parsed { tree, problems: cursor.finish() }
}

impl Cursor<'_> {
    /// Reads what follows a leftover token, in so far as it goes on as an expression does.
    fn skip_leftover(&mut self) {
        if self.token().is_some_and(|token| token.kind != TokenKind::Symbol || matches!(token.text, "(" | "{")) {
            self.expression();
        }
        while self.operator().is_some() {
            self.step();
            self.expression();
        }
    }
}
