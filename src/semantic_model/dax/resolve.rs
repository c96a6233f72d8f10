//! What the names of an expression mean, and what is wrong with them.
//!
//! A bare `[X]` is a column of the home table first, else the measure `X`, else
//! a column that the expression adds, else a column of the table whose rows are
//! gone over. `T[X]` is a column of `T`, else a measure. A word is a variable,
//! else a table. Arguments are counted here too, since that needs to know what
//! is called. Must not follow references further: `dependencies` does.

use crate::semantic_model::dax::functions::{self, Gives};
use crate::semantic_model::dax::locals::Locals;
use crate::semantic_model::dax::names::Names;
use crate::semantic_model::dax::outline::{Outline, Row};
use crate::semantic_model::dax::problem::Problem;
use crate::semantic_model::dax::span::Span;
use crate::semantic_model::dax::syntax::{Block, Call, Field, Kind, Link, Node, Operator};
use crate::semantic_model::model::same;

/// What a name means.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Target<'m> {
    /// A column, as the model spells it.
    Column {
        /// Its table.
        table: &'m str,
        /// Its name.
        column: &'m str,
    },
    /// A measure.
    Measure(&'m str),
    /// A table.
    Table(&'m str),
    /// A function of the model's own.
    Function(&'m str),
    /// A variable: the site of its block, and its number there.
    Variable(usize, usize),
    /// What the expression or query defines itself.
    Local,
    /// A word of a function, as `DESC`.
    Word,
    /// Nothing.
    Unknown,
}

/// Functions that take words as arguments.
const TAKES_WORDS: &[&str] = &[
    "CONCATENATEX",
    "CONVERT",
    "CROSSFILTER",
    "DATATABLE",
    "DATEADD",
    "DATEDIFF",
    "DATESINPERIOD",
    "INDEX",
    "ISAFTER",
    "ISONORAFTER",
    "OFFSET",
    "ORDERBY",
    "PARALLELPERIOD",
    "RANK",
    "RANK.EQ",
    "RANKX",
    "ROWNUMBER",
    "SAMPLE",
    "SUBSTITUTEWITHINDEX",
    "TOPN",
    "TOPNPERLEVEL",
    "TOPNSKIP",
    "WINDOW",
];

/// What every site of `outline` means, and the problems.
pub(super) fn resolve<'m>(
    outline: &Outline<'_>,
    locals: &Locals,
    names: &Names<'m>,
) -> (Vec<Option<Target<'m>>>, Vec<Problem>) {
    let mut resolver = Resolver { outline, locals, names, targets: Vec::new(), problems: Vec::new() };
    for (at, site) in outline.sites() {
        let target = resolver.site(at, site.node);
        resolver.targets.push(target);
    }
    (resolver.targets, resolver.problems)
}

struct Resolver<'r, 't, 'm> {
    outline: &'r Outline<'t>,
    locals: &'r Locals,
    names: &'r Names<'m>,
    targets: Vec<Option<Target<'m>>>,
    problems: Vec<Problem>,
}

impl<'m> Resolver<'_, '_, 'm> {
    fn site(&mut self, at: usize, node: &Node) -> Option<Target<'m>> {
        match &node.kind {
            Kind::Name(name) => return Some(self.word(at, name, node.span)),
            Kind::Table(name) => return Some(self.table(name, node.span)),
            Kind::Field(field) => return Some(self.field(at, field, node.span)),
            Kind::Call(call) => return self.call(call),
            Kind::Block(block) => self.block(block),
            Kind::Tuple(_) => self.tuple(at, node.span),
            Kind::Chain { rest, .. } => rest.iter().for_each(|link| self.membership(link)),
            Kind::Number(_)
            | Kind::Text(_)
            | Kind::Date(_)
            | Kind::Boolean(_)
            | Kind::Parameter(_)
            | Kind::Unary { .. }
            | Kind::Brackets(_)
            | Kind::Set(_)
            | Kind::Omitted
            | Kind::Missing => {}
        }
        None
    }

    fn tell(&mut self, span: Span, message: String, near: Option<String>) {
        let mut problem = Problem::new(span, message);
        problem.hint = near.map(|near| format!("did you mean `{near}`?"));
        self.problems.push(problem);
    }

    fn word(&mut self, at: usize, name: &str, span: Span) -> Target<'m> {
        if let Some((block, index)) = variable(self.outline, at, name) {
            return Target::Variable(block, index);
        }
        if self.locals.has_value(name) || self.locals.has_table(name) {
            return Target::Local;
        }
        let call = self.outline.argument_of(at).map(|(_, call, _)| call);
        if call.is_some_and(|call| call.is_any(TAKES_WORDS)) && functions::is_argument_word(name) {
            return Target::Word;
        }
        if let Some(table) = self.names.table(name) {
            return Target::Table(&table.name);
        }
        let hint = if functions::function(name).is_some() {
            Some(format!("{}()", name.to_uppercase()))
        } else if let Some((_, measure)) = self.names.measure(name) {
            Some(format!("[{}]", measure.name))
        } else {
            self.names.near_table(name).map(ToOwned::to_owned)
        };
        self.tell(span, format!("there is no variable or table `{name}`"), hint);
        Target::Unknown
    }

    fn table(&mut self, name: &str, span: Span) -> Target<'m> {
        if self.locals.has_table(name) {
            return Target::Local;
        }
        if let Some(table) = self.names.table(name) {
            return Target::Table(&table.name);
        }
        // An empty name was told by the parser.
        if !name.is_empty() {
            let near = self.names.near_table(name).map(|near| format!("'{near}'"));
            self.tell(span, format!("there is no table `{name}`"), near);
        }
        Target::Unknown
    }

    fn field(&mut self, at: usize, field: &Field, span: Span) -> Target<'m> {
        let name = field.name.as_str();
        let home = self.outline.site(at).and_then(|site| site.home.table());
        let table = field.table.as_ref().map(|table| table.name.as_str());
        if table.is_none() && self.locals.has_measure(name) {
            return Target::Local;
        }
        if let Some((table, column)) = table.or(home).and_then(|table| self.names.column(table, name)) {
            return Target::Column { table, column };
        }
        if field.level.is_none()
            && let Some((_, measure)) = self.names.measure(name)
        {
            return Target::Measure(&measure.name);
        }
        if self.locals.has_field(field) {
            return Target::Local;
        }
        let Some(table) = table else { return self.column_of_rows(at, name, span) };
        if let Some(own) = self.names.table(table) {
            let near = self.names.near_field(Some(table), name);
            self.tell(field.brackets, format!("there is no column or measure `{name}` in table `{}`", own.name), near);
        } else if variable(self.outline, at, table).is_some() {
            let message = format!("`{table}` is a variable: its columns are named without it");
            self.tell(span, message, Some(format!("[{name}]")));
        } else if !table.is_empty() {
            let qualifier = field.table.as_ref().map_or(span, |table| table.span);
            let near = self.names.near_table(table).map(|near| format!("'{near}'[{name}]"));
            self.tell(qualifier, format!("there is no table `{table}`"), near);
        }
        Target::Unknown
    }

    /// `[X]` as a column of a table whose rows are gone over here.
    fn column_of_rows(&mut self, at: usize, name: &str, span: Span) -> Target<'m> {
        let mut row = self.outline.site(at).map(|site| site.row);
        while let Some(Row::Of(call)) = row {
            for table in self.tables_of_rows(call) {
                if let Some((table, column)) = self.names.column(table, name) {
                    return Target::Column { table, column };
                }
            }
            row = self.outline.site(call).map(|site| site.row);
        }
        if name.trim().is_empty() {
            return Target::Unknown;
        }
        let home = self.outline.site(at).and_then(|site| site.home.table());
        let near = match self.names.tables_with(name).as_slice() {
            [table] => Some(format!("'{table}'[{name}]")),
            _ => self.names.near_field(home, name),
        };
        self.tell(span, format!("there is no measure `{name}`, and no column of that name here"), near);
        Target::Unknown
    }

    /// The tables that the rows of an iterator come from, in so far as they are named.
    fn tables_of_rows(&self, call: usize) -> Vec<&'m str> {
        let Some(Kind::Call(iterator)) = self.outline.site(call).map(|site| &site.node.kind) else {
            return Vec::new();
        };
        let Some(rows) = functions::rows(&iterator.function) else { return Vec::new() };
        let mut found = Vec::new();
        let mut open: Vec<usize> = self.outline.children(call).skip(rows.table).take(1).collect();
        let mut seen = 0;
        while let Some(from) = open.pop() {
            // Variables that are made of each other could be followed again and again.
            seen += 1;
            if seen > 50 {
                break;
            }
            for at in self.outline.below(from) {
                match self.targets.get(at) {
                    Some(Some(Target::Table(table) | Target::Column { table, .. })) => found.push(*table),
                    Some(Some(Target::Variable(block, index))) => {
                        open.extend(self.outline.children(*block).nth(*index));
                    }
                    _ => {}
                }
            }
        }
        found
    }

    fn call(&mut self, call: &Call) -> Option<Target<'m>> {
        let name = call.function.as_str();
        if let Some(own) = self.names.function(name) {
            return Some(Target::Function(own));
        }
        if self.locals.has_function(name) {
            return Some(Target::Local);
        }
        let Some(function) = functions::function(name) else {
            if functions::is_visual(name) {
                self.tell(call.name, format!("`{name}` works in calculations of a visual only"), None);
            } else {
                let near = functions::near(name);
                let near = if near.is_empty() { None } else { Some(near.join("` or `")) };
                self.tell(call.name, format!("there is no function `{name}`"), near);
            }
            return Some(Target::Unknown);
        };
        let count = call.arguments.len();
        if count < function.least || function.most.is_some_and(|most| count > most) {
            let message = format!("`{}` takes {}, here are {count}", function.name, function.takes());
            self.tell(call.name, message, None);
        }
        for (index, argument) in call.arguments.iter().enumerate() {
            if argument.kind == Kind::Omitted && !function.may_omit(index, count) {
                let message = format!("argument {} of `{}` cannot be left out", index + 1, function.name);
                self.tell(argument.span, message, None);
            }
        }
        None
    }

    fn block(&mut self, block: &Block) {
        for variable in &block.variables {
            if let Some(table) = self.names.table(&variable.name) {
                let message = format!("a variable cannot be called `{}`: that is a table", variable.name);
                let problem = Problem::new(variable.span, message);
                self.problems.push(problem.with_hint(format!("call it `_{}`", table.name.replace(' ', ""))));
            }
        }
    }

    /// `(a, b)` stands before `IN` and in `{...}` only.
    fn tuple(&mut self, at: usize, span: Span) {
        let Some(site) = self.outline.site(at) else { return };
        let parent = site.parent.and_then(|parent| self.outline.site(parent)).map(|parent| &parent.node.kind);
        let fits = match parent {
            Some(Kind::Set(_)) => true,
            Some(Kind::Chain { rest, .. }) => {
                site.index == 0 && rest.first().is_some_and(|link| link.operator == Operator::In)
            }
            _ => false,
        };
        if !fits {
            self.tell(span, "several values in brackets stand before `IN` or between braces only".into(), None);
        }
    }

    fn membership(&mut self, link: &Link) {
        if link.operator == Operator::In && !may_be_table(&link.operand) {
            self.tell(link.operand.span, "after `IN` stands a table, as `{ 1, 2 }`".into(), None);
        }
    }
}

/// The variable of that name that can be seen from a site: its block and its number there.
fn variable(outline: &Outline<'_>, at: usize, name: &str) -> Option<(usize, usize)> {
    outline.parents(at).find_map(|(parent, site, child)| {
        let Kind::Block(block) = &site.node.kind else { return None };
        let visible = block.variables.iter().take(child).enumerate();
        let mut found = visible.rev().filter(|(_, variable)| same(&variable.name, name));
        found.next().map(|(index, _)| (parent, index))
    })
}

/// Whether a node is no plain value for sure.
fn may_be_table(node: &Node) -> bool {
    match &node.bare().kind {
        Kind::Number(_)
        | Kind::Text(_)
        | Kind::Date(_)
        | Kind::Boolean(_)
        | Kind::Field(_)
        | Kind::Chain { .. }
        | Kind::Unary { .. } => false,
        Kind::Call(call) => functions::function(&call.function).is_none_or(|function| function.gives == Gives::Table),
        Kind::Name(_)
        | Kind::Table(_)
        | Kind::Parameter(_)
        | Kind::Brackets(_)
        | Kind::Set(_)
        | Kind::Block(_)
        // Told by itself.
        | Kind::Tuple(_)
        | Kind::Omitted
        | Kind::Missing => true,
    }
}

#[cfg(test)]
mod tests;
