//! Where others come in: a text, and what it is read as.

use crate::semantic_model::dax::lexer::{TokenKind, tokens};
use crate::semantic_model::dax::parser::cursor::{Cursor, MAX_DEPTH, MAX_PROBLEMS};
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
    let mut parsed = read(text, Cursor::expression);
    tell_height(&parsed.tree, &mut parsed.problems);
    parsed
}

/// Reads a query.
#[must_use]
pub fn parse_query(text: &str) -> Parsed<Query> {
    let mut parsed = read(text, Cursor::query);
    for definition in &parsed.tree.definitions {
        tell_height(&definition.value, &mut parsed.problems);
    }
    for evaluation in &parsed.tree.evaluations {
        let order = evaluation.order.iter().map(|(by, _)| by);
        for node in std::iter::once(&evaluation.table).chain(order).chain(&evaluation.start) {
            tell_height(node, &mut parsed.problems);
        }
    }
    parsed
}

/// Reads a function that a person defines.
#[must_use]
pub fn parse_function(text: &str) -> Parsed<Function> {
    let mut parsed = read(text, Cursor::function);
    tell_height(&parsed.tree.body, &mut parsed.problems);
    parsed
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

/// Nodes above each other at most: operators of falling rank can make a tree
/// some ten times as high as its brackets are deep.
const MAX_HEIGHT: usize = 3 * MAX_DEPTH;

/// Tells that a tree is too high to be walked safely.
fn tell_height(root: &Node, problems: &mut Vec<Problem>) {
    let mut open = vec![(root, 1)];
    while let Some((node, height)) = open.pop() {
        if height > MAX_HEIGHT {
            problems.truncate(MAX_PROBLEMS - 1);
            problems.push(Problem::too_deep(node.span));
            return;
        }
        node.each_child(&mut |child| open.push((child, height + 1)));
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
