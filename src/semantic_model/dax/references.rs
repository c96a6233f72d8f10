//! What an expression refers to: measures, columns, tables.
//!
//! Works on tokens and the names of a model. A bare `[X]` is a column of the
//! home table first, else the measure `X`; `T[X]` is a column of `T`, else a
//! measure. Must not follow references further; `complexity` does.

use std::collections::{BTreeSet, HashMap, HashSet};

use crate::semantic_model::dax::lexer::{Token, TokenKind, tokens};
use crate::semantic_model::model::{Measure, Model, Table};

/// The names of a model, for looking up.
#[derive(Debug)]
pub struct Names<'m> {
    tables: HashMap<String, &'m Table>,
    columns: HashMap<String, HashMap<String, &'m str>>,
    measures: HashMap<String, (&'m Table, &'m Measure)>,
}

impl<'m> Names<'m> {
    /// The names of `model`.
    #[must_use]
    pub fn of(model: &'m Model) -> Self {
        let tables = model.tables.iter().map(|table| (table.name.to_lowercase(), table)).collect();
        let columns = model
            .tables
            .iter()
            .map(|table| {
                let names = table.columns().map(|column| (column.name.to_lowercase(), column.name.as_str())).collect();
                (table.name.to_lowercase(), names)
            })
            .collect();
        let mut measures = HashMap::new();
        for (table, measure) in model.measures() {
            measures.entry(measure.name.to_lowercase()).or_insert((table, measure));
        }
        Self { tables, columns, measures }
    }

    /// The table of that name, in any case.
    #[must_use]
    pub fn table(&self, name: &str) -> Option<&'m Table> {
        self.tables.get(&name.to_lowercase()).copied()
    }

    /// The measure of that name, in any case, with its table.
    #[must_use]
    pub fn measure(&self, name: &str) -> Option<(&'m Table, &'m Measure)> {
        self.measures.get(&name.to_lowercase()).copied()
    }

    /// The table and column of those names as the model spells them.
    fn column(&self, table: &str, column: &str) -> Option<(&'m str, &'m str)> {
        let column = self.columns.get(&table.to_lowercase())?.get(&column.to_lowercase())?;
        Some((self.table(table)?.name.as_str(), column))
    }
}

/// What one expression refers to, in the model's spelling, in alphabetical order.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct References {
    /// Names of measures.
    pub measures: BTreeSet<String>,
    /// Tables and their columns.
    pub columns: BTreeSet<(String, String)>,
    /// Tables that are named without a column.
    pub tables: BTreeSet<String>,
    /// What the model does not have, as it is written.
    pub unresolved: BTreeSet<String>,
    /// What the model does not have but the expression itself gives a name to,
    /// as `ADDCOLUMNS` does with a string.
    pub local: BTreeSet<String>,
}

impl References {
    /// What `expression`, written in `home`, refers to.
    #[must_use]
    pub fn of(expression: &str, home: Option<&str>, names: &Names<'_>) -> Self {
        let all: Vec<Token<'_>> =
            tokens(expression).into_iter().filter(|token| token.kind != TokenKind::Comment).collect();
        let mut reader = Reader { names, home, variables: variables(&all), found: Self::default() };
        let given: HashSet<String> =
            all.iter().filter(|token| token.kind == TokenKind::Text).map(|token| token.name().to_lowercase()).collect();
        let mut at = 0;
        while let Some(token) = all.get(at) {
            at += reader.read(*token, all.get(at + 1).copied(), &given);
        }
        reader.found
    }
}

struct Reader<'r, 'm> {
    names: &'r Names<'m>,
    home: Option<&'r str>,
    variables: HashSet<String>,
    found: References,
}

impl Reader<'_, '_> {
    /// Takes one reference; gives the number of tokens it is made of.
    fn read(&mut self, token: Token<'_>, next: Option<Token<'_>>, given: &HashSet<String>) -> usize {
        let name = token.name();
        let bracket = next.filter(|next| next.kind == TokenKind::Bracket);
        match token.kind {
            TokenKind::Quoted => {
                if let Some(bracket) = bracket {
                    self.qualified(&name, &bracket.name(), token.text);
                    return 2;
                }
                match self.names.table(&name) {
                    Some(table) => self.found.tables.insert(table.name.clone()),
                    None => self.found.unresolved.insert(token.text.to_owned()),
                };
            }
            TokenKind::Word => {
                let is_variable = self.variables.contains(&name.to_lowercase());
                let table = if is_variable { None } else { self.names.table(&name) };
                if let Some(bracket) = bracket {
                    // `RETURN [X]` is no column of a table `RETURN`: only a table may stand apart from it.
                    if bracket.offset == token.end() || table.is_some() {
                        self.qualified(&name, &bracket.name(), token.text);
                        return 2;
                    }
                } else if let Some(table) = table
                    && !next.is_some_and(|next| next.is_symbol("("))
                {
                    self.found.tables.insert(table.name.clone());
                }
            }
            TokenKind::Bracket => self.bare(&name, given),
            TokenKind::Comment
            | TokenKind::Text
            | TokenKind::Date
            | TokenKind::Parameter
            | TokenKind::Number
            | TokenKind::Symbol => {}
        }
        1
    }

    fn qualified(&mut self, table: &str, name: &str, written: &str) {
        if let Some((table, column)) = self.names.column(table, name) {
            self.found.columns.insert((table.to_owned(), column.to_owned()));
        } else if let Some((_, measure)) = self.names.measure(name) {
            self.found.measures.insert(measure.name.clone());
        } else {
            self.found.unresolved.insert(format!("{written}[{name}]"));
        }
    }

    fn bare(&mut self, name: &str, given: &HashSet<String>) {
        if let Some((table, column)) = self.home.and_then(|home| self.names.column(home, name)) {
            self.found.columns.insert((table.to_owned(), column.to_owned()));
        } else if let Some((_, measure)) = self.names.measure(name) {
            self.found.measures.insert(measure.name.clone());
        } else if given.contains(&name.to_lowercase()) {
            self.found.local.insert(format!("[{name}]"));
        } else {
            self.found.unresolved.insert(format!("[{name}]"));
        }
    }
}

/// The names that `VAR` gives, in lower case.
fn variables(all: &[Token<'_>]) -> HashSet<String> {
    all.windows(2)
        .filter(|pair| {
            pair[0].kind == TokenKind::Word
                && pair[0].text.eq_ignore_ascii_case("VAR")
                && pair[1].kind == TokenKind::Word
        })
        .map(|pair| pair[1].text.to_lowercase())
        .collect()
}

#[cfg(test)]
mod tests;
