//! Expressions: what stands between operators, and operators by their rank.

use crate::semantic_model::dax::lexer::{Token, TokenKind};
use crate::semantic_model::dax::parser::cursor::{Cursor, is_boundary, shown};
use crate::semantic_model::dax::problem::Problem;
use crate::semantic_model::dax::span::Span;
use crate::semantic_model::dax::syntax::{
    Block, Call, Field, Kind, Link, Node, Operator, Prefix, Qualifier, Variable, rank,
};

/// Words that cannot be the name of anything.
const RESERVED: [&str; 8] = ["VAR", "RETURN", "IN", "NOT", "DEFINE", "EVALUATE", "TRUE", "FALSE"];

/// Whether no variable can have this name.
pub(super) fn is_reserved(token: Token<'_>) -> bool {
    RESERVED.iter().any(|word| token.is_word(word))
}

impl Cursor<'_> {
    /// One expression, whatever follows it.
    pub(super) fn expression(&mut self) -> Node {
        self.operators(0)
    }

    /// An expression of operators that bind at least as tightly as `least`.
    fn operators(&mut self, least: u8) -> Node {
        if !self.enter() {
            self.leave();
            return missing(self.here());
        }
        let mut left = self.operand();
        while let Some((operator, span)) = self.operator().filter(|(operator, _)| operator.rank() >= least) {
            self.step();
            let operand = self.operators(operator.rank() + 1);
            left = chain(left, Link { operator, span, operand });
        }
        self.leave();
        left
    }

    /// The operator at the cursor.
    pub(super) fn operator(&self) -> Option<(Operator, Span)> {
        let token = self.token()?;
        let operator = match (token.kind, token.text) {
            (TokenKind::Symbol, "||") => Operator::Or,
            (TokenKind::Symbol, "&&") => Operator::And,
            (TokenKind::Symbol, "=") => Operator::Equal,
            (TokenKind::Symbol, "==") => Operator::StrictlyEqual,
            (TokenKind::Symbol, "<>") => Operator::NotEqual,
            (TokenKind::Symbol, "<") => Operator::Less,
            (TokenKind::Symbol, "<=") => Operator::AtMost,
            (TokenKind::Symbol, ">") => Operator::Greater,
            (TokenKind::Symbol, ">=") => Operator::AtLeast,
            (TokenKind::Symbol, "&") => Operator::Concatenate,
            (TokenKind::Symbol, "+") => Operator::Add,
            (TokenKind::Symbol, "-") => Operator::Subtract,
            (TokenKind::Symbol, "*") => Operator::Multiply,
            (TokenKind::Symbol, "/") => Operator::Divide,
            (TokenKind::Symbol, "^") => Operator::Power,
            _ if token.is_word("IN") => Operator::In,
            _ => return None,
        };
        Some((operator, token.span()))
    }

    /// What stands before, between or after operators.
    pub(super) fn operand(&mut self) -> Node {
        let Some(token) = self.token() else {
            self.expected("an expression");
            return missing(self.here());
        };
        match token.kind {
            TokenKind::Number => self.leaf(token, Kind::Number(token.text.to_owned())),
            TokenKind::Text => self.leaf(token, Kind::Text(token.name().into_owned())),
            TokenKind::Date => self.leaf(token, Kind::Date(token.name().into_owned())),
            TokenKind::Parameter => self.leaf(token, Kind::Parameter(token.text.trim_start_matches('@').to_owned())),
            TokenKind::Bracket => self.field(None, token),
            TokenKind::Quoted => {
                if token.closed && token.name().is_empty() {
                    self.tell(Problem::new(token.span(), "this name is empty"));
                }
                self.table_or_field(token, Kind::Table(token.name().into_owned()))
            }
            TokenKind::Word => self.word(token),
            TokenKind::Symbol => self.symbol(token),
            // The cursor leaves comments out.
            TokenKind::Comment => missing(token.span()),
        }
    }

    fn leaf(&mut self, token: Token<'_>, kind: Kind) -> Node {
        self.step();
        Node { span: token.span(), kind }
    }

    /// `T` or `T[x]`.
    fn table_or_field(&mut self, token: Token<'_>, alone: Kind) -> Node {
        if let Some(bracket) = self.ahead(1).filter(|next| next.kind == TokenKind::Bracket) {
            self.step();
            return self.field(Some(Qualifier { name: token.name().into_owned(), span: token.span() }), bracket);
        }
        self.leaf(token, alone)
    }

    /// The brackets at the cursor, and those after a dot.
    fn field(&mut self, table: Option<Qualifier>, bracket: Token<'_>) -> Node {
        self.step();
        if bracket.closed && bracket.name().trim().is_empty() {
            self.tell(Problem::new(bracket.span(), "this name is empty"));
        }
        let start = table.as_ref().map_or(bracket.span(), |table| table.span);
        let mut span = start.to(bracket.span());
        let mut level = None;
        if let (Some(dot), Some(next)) = (self.token(), self.ahead(1))
            && dot.is_symbol(".")
            && next.kind == TokenKind::Bracket
        {
            level = Some(next.name().into_owned());
            span = start.to(next.span());
            self.step();
            self.step();
        }
        let field = Field { table, name: bracket.name().into_owned(), level, brackets: bracket.span() };
        Node { span, kind: Kind::Field(field) }
    }

    fn word(&mut self, token: Token<'_>) -> Node {
        let called = self.ahead(1).is_some_and(|next| next.is_symbol("("));
        if token.is_word("VAR") {
            return self.block();
        }
        if token.is_word("NOT") {
            return self.unary(token, Prefix::Not, rank::COMPARISON);
        }
        if called && !["RETURN", "IN", "DEFINE", "EVALUATE"].iter().any(|word| token.is_word(word)) {
            return self.call(token);
        }
        if token.is_word("TRUE") || token.is_word("FALSE") {
            return self.leaf(token, Kind::Boolean(token.is_word("TRUE")));
        }
        if token.is_word("RETURN") {
            self.tell(Problem::new(token.span(), "`RETURN` stands without an expression before it or without `VAR`"));
            return missing(self.here());
        }
        if is_reserved(token) {
            self.expected("an expression");
            if !is_boundary(token) {
                self.step();
            }
            return missing(self.here());
        }
        let node = self.table_or_field(token, Kind::Name(token.text.to_owned()));
        self.with_blanks(node)
    }

    /// `DESC BLANKS LAST` is one word of `ORDERBY`.
    fn with_blanks(&mut self, node: Node) -> Node {
        let Kind::Name(direction) = &node.kind else { return node };
        let is_direction = direction.eq_ignore_ascii_case("ASC") || direction.eq_ignore_ascii_case("DESC");
        let place = self.ahead(1).filter(|next| ["FIRST", "LAST", "DEFAULT"].iter().any(|place| next.is_word(place)));
        let (true, Some(blanks), Some(place)) = (is_direction, self.token(), place) else { return node };
        if !blanks.is_word("BLANKS") {
            return node;
        }
        self.step();
        self.step();
        let words = format!("{direction} {} {}", blanks.text, place.text);
        Node { span: node.span.to(place.span()), kind: Kind::Name(words) }
    }

    fn unary(&mut self, token: Token<'_>, operator: Prefix, least: u8) -> Node {
        self.step();
        let operand = self.operators(least);
        Node { span: token.span().to(operand.span), kind: Kind::Unary { operator, operand: Box::new(operand) } }
    }

    fn symbol(&mut self, token: Token<'_>) -> Node {
        match token.text {
            "-" => self.unary(token, Prefix::Minus, rank::SIGN),
            "+" => self.unary(token, Prefix::Plus, rank::SIGN),
            "(" => self.brackets(token),
            "{" => self.set(token),
            _ => {
                self.expected("an expression");
                // What ends the part around this one is left to it; so is an operator, whose other side may be there.
                if !matches!(token.text, ")" | "}" | ",") && self.operator().is_none() {
                    self.step();
                }
                missing(self.here())
            }
        }
    }

    fn call(&mut self, function: Token<'_>) -> Node {
        self.step();
        let (arguments, end) = self.list('(', true);
        let call = Call { function: function.text.to_owned(), name: function.span(), arguments };
        Node { span: function.span().to(end), kind: Kind::Call(call) }
    }

    fn brackets(&mut self, open: Token<'_>) -> Node {
        let (mut parts, end) = self.list('(', false);
        let span = open.span().to(end);
        let kind = match (parts.pop(), parts.is_empty()) {
            (Some(only), true) => Kind::Brackets(Box::new(only)),
            (Some(last), false) => {
                parts.push(last);
                Kind::Tuple(parts)
            }
            (None, _) => {
                self.tell(Problem::new(end, "expected an expression between the brackets"));
                Kind::Missing
            }
        };
        Node { span, kind }
    }

    fn set(&mut self, open: Token<'_>) -> Node {
        let (rows, end) = self.list('{', false);
        if rows.is_empty() {
            self.tell(Problem::new(end, "expected a row between the braces"));
        }
        Node { span: open.span().to(end), kind: Kind::Set(rows) }
    }

    /// What stands between brackets, and the closing one. The cursor is at the opening one.
    fn list(&mut self, open: char, may_omit: bool) -> (Vec<Node>, Span) {
        let close = if open == '(' { ")" } else { "}" };
        let opening = self.place();
        self.step();
        let mut parts = Vec::new();
        if let Some(end) = self.take_symbol(close) {
            return (parts, end);
        }
        loop {
            let left_out = self.token().is_some_and(|token| token.is_symbol(",") || token.is_symbol(close));
            parts.push(if may_omit && left_out {
                Node { span: self.here(), kind: Kind::Omitted }
            } else {
                self.expression()
            });
            if let Some(end) = self.end_of_part(close, opening, open) {
                return (parts, end);
            }
        }
    }

    /// Takes the `,` after a part (none) or what ends the list (its place).
    fn end_of_part(&mut self, close: &str, opening: Span, open: char) -> Option<Span> {
        loop {
            if self.take_symbol(",").is_some() {
                return None;
            }
            if let Some(end) = self.take_symbol(close) {
                return Some(end);
            }
            let Some(token) = self.token() else {
                self.not_closed(opening, open);
                return Some(self.here());
            };
            if is_boundary(token) {
                self.not_closed(opening, open);
                return Some(self.here());
            }
            self.expected(&format!("an operator, `,` or `{close}`"));
            let other = if close == ")" { "}" } else { ")" };
            if token.is_symbol(other) {
                // It may close the brackets around these.
                return Some(self.here());
            }
            self.skip_to_separator();
        }
    }

    fn block(&mut self) -> Node {
        let start = self.place();
        let mut variables = Vec::new();
        while self.take_word("VAR").is_some() {
            variables.push(self.variable());
        }
        let result = if self.take_word("RETURN").is_some() {
            self.expression()
        } else {
            self.expected("`RETURN` or another `VAR`");
            missing(self.here())
        };
        let span = start.to(result.span);
        Node { span, kind: Kind::Block(Block { variables, result: Box::new(result) }) }
    }

    /// `name = value`; a name that is missing is an empty one.
    fn variable(&mut self) -> Variable {
        let (name, span) = self.new_name("a name for the variable");
        if name.contains('.') {
            self.tell(Problem::new(span, "the name of a variable cannot hold `.`"));
        }
        if self.take_symbol("=").is_none() {
            self.expected("`=`");
        }
        let value = self.expression();
        if let Some(token) = self.token()
            && !is_boundary(token)
            && !ends_part(token)
        {
            self.expected("an operator, `VAR` or `RETURN`");
            self.skip_to_separator();
        }
        Variable { name, span, value }
    }

    /// A word that gives a name to something.
    pub(super) fn new_name(&mut self, what: &str) -> (String, Span) {
        match self.token() {
            Some(token) if token.kind == TokenKind::Word && !is_reserved(token) => {
                self.step();
                (token.text.to_owned(), token.span())
            }
            Some(token) if token.kind == TokenKind::Word => {
                let message = format!("`{}` is a word of the language and cannot be a name", shown(token.text));
                self.tell(Problem::new(token.span(), message));
                if !is_boundary(token) {
                    self.step();
                }
                (String::new(), token.span())
            }
            _ => {
                self.expected(what);
                if self.token().is_some_and(|token| !ends_part(token) && !token.is_symbol("=")) {
                    self.step();
                }
                (String::new(), self.here())
            }
        }
    }
}

fn ends_part(token: Token<'_>) -> bool {
    [",", ")", "}"].iter().any(|end| token.is_symbol(end))
}

pub(super) fn missing(span: Span) -> Node {
    Node { span, kind: Kind::Missing }
}

/// `left` with one more operator: a longer chain where its own are of the same rank.
fn chain(mut left: Node, link: Link) -> Node {
    let span = left.span.to(link.operand.span);
    if let Kind::Chain { rest, .. } = &mut left.kind
        && rest.last().is_some_and(|last| last.operator.rank() == link.operator.rank())
    {
        rest.push(link);
        left.span = span;
        return left;
    }
    Node { span, kind: Kind::Chain { first: Box::new(left), rest: vec![link] } }
}
