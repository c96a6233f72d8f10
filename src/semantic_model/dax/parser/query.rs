//! Queries: `DEFINE ... EVALUATE ... ORDER BY ... START AT ...`, and functions
//! that a person defines.

use crate::semantic_model::dax::lexer::{Token, TokenKind};
use crate::semantic_model::dax::parser::cursor::Cursor;
use crate::semantic_model::dax::parser::expression::missing;
use crate::semantic_model::dax::span::Span;
use crate::semantic_model::dax::syntax::{
    Definition, DefinitionKind, Evaluation, Field, Function, FunctionParameter, Kind, Node, Query,
};

/// What can stand after `DEFINE`.
const DEFINITIONS: [&str; 6] = ["MEASURE", "COLUMN", "TABLE", "VAR", "MPARAMETER", "FUNCTION"];

impl Cursor<'_> {
    pub(super) fn query(&mut self) -> Query {
        let mut query = Query { definitions: Vec::new(), evaluations: Vec::new() };
        if self.take_word("DEFINE").is_some() {
            while let Some(word) = self.definition_word() {
                self.step();
                query.definitions.push(self.definition(word));
            }
            if query.definitions.is_empty() {
                self.expected("`MEASURE`, `COLUMN`, `TABLE`, `VAR` or `FUNCTION`");
            }
        }
        while self.token().is_some() {
            if self.take_word("EVALUATE").is_some() {
                query.evaluations.push(self.evaluation());
            } else {
                self.expected("`EVALUATE`");
                self.skip_to_evaluate();
            }
        }
        if query.evaluations.is_empty() {
            self.expected("`EVALUATE`");
        }
        query
    }

    fn skip_to_evaluate(&mut self) {
        while self.token().is_some_and(|token| !token.is_word("EVALUATE")) {
            self.step();
        }
    }

    fn definition_word(&self) -> Option<&'static str> {
        let token = self.token()?;
        DEFINITIONS.into_iter().find(|word| token.is_word(word))
    }

    fn definition(&mut self, word: &str) -> Definition {
        let (kind, span) = match word {
            "MEASURE" | "COLUMN" => {
                let (field, span) = self.new_field();
                (if word == "MEASURE" { DefinitionKind::Measure(field) } else { DefinitionKind::Column(field) }, span)
            }
            "TABLE" => {
                let (name, span) = self.table_name();
                (DefinitionKind::Table(name), span)
            }
            "FUNCTION" => return self.function_definition(),
            _ => {
                let (name, span) = self.new_name("a name");
                let kind = if word == "VAR" { DefinitionKind::Variable } else { DefinitionKind::Parameter };
                (kind(name), span)
            }
        };
        if self.take_symbol("=").is_none() {
            self.expected("`=`");
        }
        let value = self.expression();
        self.end_of_definition();
        Definition { kind, span, value }
    }

    fn function_definition(&mut self) -> Definition {
        let (name, span) = self.new_name("a name for the function");
        if self.take_symbol("=").is_none() {
            self.expected("`=`");
        }
        let function = self.function();
        self.end_of_definition();
        Definition { kind: DefinitionKind::Function(name, function.parameters), span, value: function.body }
    }

    fn end_of_definition(&mut self) {
        if self.token().is_some_and(|token| !token.is_word("EVALUATE")) && self.definition_word().is_none() {
            self.expected("an operator, another definition or `EVALUATE`");
            while self.token().is_some_and(|token| !token.is_word("EVALUATE")) && self.definition_word().is_none() {
                self.step();
            }
        }
    }

    /// `T[x]` after `MEASURE` or `COLUMN`.
    fn new_field(&mut self) -> (Field, Span) {
        let place = self.place();
        let table = self.token().filter(|token| matches!(token.kind, TokenKind::Word | TokenKind::Quoted));
        let bracket = self.ahead(1).filter(|token| token.kind == TokenKind::Bracket);
        if let (Some(_), Some(_)) = (table, bracket)
            && let Node { kind: Kind::Field(field), span } = self.operand()
        {
            return (field, span);
        }
        self.expected("a table and a name in brackets, as `Sales[Total]`");
        (Field { table: None, name: String::new(), level: None, brackets: place }, place)
    }

    /// `'T'` or `T` after `TABLE`.
    fn table_name(&mut self) -> (String, Span) {
        if let Some(token) = self.token().filter(|token| token.kind == TokenKind::Quoted) {
            self.step();
            return (token.name().into_owned(), token.span());
        }
        self.new_name("a name for the table")
    }

    fn evaluation(&mut self) -> Evaluation {
        let table = self.expression();
        let mut found = Evaluation { table, order: Vec::new(), start: Vec::new() };
        if self.take_pair("ORDER", "BY") {
            loop {
                let by = self.expression();
                let down = self.take_word("DESC").is_some();
                if !down {
                    self.take_word("ASC");
                }
                found.order.push((by, down));
                if self.take_symbol(",").is_none() {
                    break;
                }
            }
        }
        if self.take_pair("START", "AT") {
            loop {
                found.start.push(self.expression());
                if self.take_symbol(",").is_none() {
                    break;
                }
            }
        }
        if self.token().is_some_and(|token| !token.is_word("EVALUATE")) {
            self.expected("an operator, `ORDER BY`, `START AT` or another `EVALUATE`");
            self.skip_to_evaluate();
        }
        found
    }

    fn take_pair(&mut self, first: &str, second: &str) -> bool {
        let is_word = |token: Option<Token<'_>>, word: &str| token.is_some_and(|token| token.is_word(word));
        if !is_word(self.token(), first) || !is_word(self.ahead(1), second) {
            return false;
        }
        self.step();
        self.step();
        true
    }

    /// `(a : SCALAR, b) => body`
    pub(super) fn function(&mut self) -> Function {
        let mut parameters = Vec::new();
        let open = self.place();
        if self.take_symbol("(").is_none() {
            self.expected("`(` and the parameters");
        } else if self.take_symbol(")").is_none() {
            loop {
                parameters.push(self.parameter());
                if self.take_symbol(",").is_some() {
                    continue;
                }
                if self.take_symbol(")").is_some() {
                    break;
                }
                if self.token().is_none() {
                    self.not_closed(open, '(');
                    break;
                }
                self.expected("`,` or `)`");
                self.skip_to_separator();
                if self.token().is_none_or(|token| !token.is_symbol(",") && !token.is_symbol(")")) {
                    break;
                }
            }
        }
        if self.take_symbol("=>").is_none() {
            self.expected("`=>` and what the function gives");
            return Function { parameters, body: missing(self.here()) };
        }
        Function { parameters, body: self.expression() }
    }

    fn parameter(&mut self) -> FunctionParameter {
        let (name, span) = self.new_name("a name for the parameter");
        let mut words = Vec::new();
        if self.take_symbol(":").is_some() {
            while let Some(token) = self.token().filter(|token| token.kind == TokenKind::Word && words.len() < 3) {
                words.push(token.text.to_owned());
                self.step();
            }
            if words.is_empty() {
                self.expected("a type");
            }
        }
        let default = self.take_symbol("=").is_some().then(|| self.expression());
        FunctionParameter { name, span, words, default }
    }
}
