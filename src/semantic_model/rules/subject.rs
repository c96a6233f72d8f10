//! A model as rules look at it: read once, with what every rule asks for.
//!
//! Must not judge. What two rules need is a method here; what one needs stays
//! with it.

use std::collections::{HashMap, HashSet};

use super::element::{Element, elements};
use crate::semantic_model::dax::patterns::{Found, patterns};
use crate::semantic_model::dax::syntax::{Call, Kind, Node};
use crate::semantic_model::dax::{
    Analysis, Dependencies, Expression, Formula, Names, Object, Position, Span, Target, expressions,
};
use crate::semantic_model::model::{Column, Model, Relationship, Table, TableKind, same};
use crate::semantic_model::words::{Cardinality, CrossFilter, Mode, SourceKind};

/// The expressions of a model with their trees.
#[derive(Debug)]
pub(crate) struct Formulas<'m> {
    list: Vec<(Expression<'m>, Formula)>,
}

impl<'m> Formulas<'m> {
    /// All of them.
    pub(crate) fn of(model: &'m Model) -> Self {
        Self { list: expressions(model).into_iter().map(|one| (one, one.parse())).collect() }
    }

    /// None, for looks at properties only.
    pub(crate) fn none() -> Self {
        Self { list: Vec::new() }
    }
}

/// An expression with what is known of it.
#[derive(Debug)]
pub(crate) struct Read<'f, 'm> {
    pub(crate) expression: Expression<'m>,
    pub(crate) formula: &'f Formula,
    pub(crate) analysis: Analysis<'f, 'm>,
    /// Patterns in it, in the order of the text.
    pub(crate) patterns: Vec<Found>,
}

impl<'f> Read<'f, '_> {
    /// The calls of these functions.
    pub(crate) fn calls(&self, functions: &'static [&'static str]) -> impl Iterator<Item = (usize, &'f Call)> {
        self.analysis.outline.calls().filter(move |(_, call)| call.is_any(functions))
    }

    /// The first call of one of these functions.
    pub(crate) fn first_call(&self, functions: &'static [&'static str]) -> Option<&'f Call> {
        self.calls(functions).next().map(|(_, call)| call)
    }

    /// The columns that are the two arguments of a call, in lower case.
    pub(crate) fn two_columns(&self, call: usize) -> [Option<(String, String)>; 2] {
        let mut arguments = self.analysis.outline.children(call);
        let mut next = || {
            let at = arguments.next()?;
            match self.analysis.target(at) {
                Some(Target::Column { table, column }) => Some(key(table, column)),
                Some(
                    Target::Measure(_)
                    | Target::Table(_)
                    | Target::Function(_)
                    | Target::Variable(..)
                    | Target::Local
                    | Target::Word
                    | Target::Unknown,
                )
                | None => None,
            }
        };
        [next(), next()]
    }

    /// The line and column of a part of the expression.
    pub(crate) fn position(&self, span: Span) -> Position {
        Position::of(self.expression.text, span.start)
    }
}

/// What a column is used for besides DAX.
#[derive(Debug, Default, Clone)]
pub(crate) struct Uses {
    /// Indices of relationships that end in it.
    pub(crate) relationships: Vec<usize>,
    /// Another column is sorted by it.
    pub(crate) sorts: bool,
    /// A hierarchy has it.
    pub(crate) in_hierarchy: bool,
    /// It stands for another column in reports.
    pub(crate) in_variation: bool,
    /// Another column is grouped by it.
    pub(crate) groups: bool,
}

/// A model as rules look at it.
#[derive(Debug)]
pub(crate) struct Subject<'f, 'm> {
    pub(crate) model: &'m Model,
    pub(crate) names: Names<'m>,
    pub(crate) dependencies: Dependencies<'m>,
    pub(crate) elements: Vec<Element<'m>>,
    pub(crate) reads: Vec<Read<'f, 'm>>,
    uses: HashMap<(String, String), Uses>,
    by_object: HashMap<Object<'m>, Vec<usize>>,
    in_relationships: HashMap<String, Vec<usize>>,
}

impl<'f, 'm> Subject<'f, 'm> {
    pub(crate) fn of(model: &'m Model, formulas: &'f Formulas<'m>) -> Self {
        let names = Names::of(model);
        let reads: Vec<Read<'f, 'm>> = formulas
            .list
            .iter()
            .map(|(expression, formula)| {
                let analysis = Analysis::of(formula, expression.home, &names);
                let patterns = patterns(expression.text, &analysis);
                Read { expression: *expression, formula, analysis, patterns }
            })
            .collect();
        let mut by_object: HashMap<Object<'m>, Vec<usize>> = HashMap::new();
        for (at, read) in reads.iter().enumerate() {
            by_object.entry(read.expression.object).or_default().push(at);
        }
        let mut in_relationships: HashMap<String, Vec<usize>> = HashMap::new();
        for (at, relationship) in model.relationships.iter().enumerate() {
            let mut tables = vec![relationship.from_table.to_lowercase(), relationship.to_table.to_lowercase()];
            tables.dedup();
            for table in tables {
                in_relationships.entry(table).or_default().push(at);
            }
        }
        Self {
            dependencies: Dependencies::of(model, &names),
            elements: elements(model),
            uses: uses(model),
            model,
            names,
            reads,
            by_object,
            in_relationships,
        }
    }

    /// All columns with their tables.
    pub(crate) fn columns(&self) -> impl Iterator<Item = (&'m Table, &'m Column)> {
        self.model.columns()
    }

    /// All tables but calculation groups.
    pub(crate) fn tables(&self) -> impl Iterator<Item = &'m Table> {
        self.model.tables.iter().filter(|table| table.kind() != TableKind::CalculationGroup)
    }

    /// What a column is used for.
    pub(crate) fn uses(&self, table: &Table, column: &Column) -> Option<&Uses> {
        self.uses.get(&key(&table.name, &column.name))
    }

    /// The relationships that end in a column.
    pub(crate) fn relationships_of(&self, table: &Table, column: &Column) -> impl Iterator<Item = &'m Relationship> {
        let indices = self.uses(table, column).map(|uses| uses.relationships.clone()).unwrap_or_default();
        let model = self.model;
        indices.into_iter().filter_map(move |at| model.relationships.get(at))
    }

    /// The relationships that end in a table.
    pub(crate) fn relationships_at(&self, table: &Table) -> impl Iterator<Item = &'m Relationship> {
        let indices = self.in_relationships.get(&table.name.to_lowercase()).cloned().unwrap_or_default();
        let model = self.model;
        indices.into_iter().filter_map(move |at| model.relationships.get(at))
    }

    /// The expressions of an object.
    pub(crate) fn reads_of(&self, object: Object<'m>) -> impl Iterator<Item = &Read<'f, 'm>> {
        self.by_object.get(&object).into_iter().flatten().filter_map(|at| self.reads.get(*at))
    }

    /// The object that an expression belongs to.
    pub(crate) fn element(&self, read: &Read<'f, 'm>) -> Option<Element<'m>> {
        Element::of(read.expression.object, self.model, &self.names)
    }

    /// The filters that roles set on a table.
    pub(crate) fn filters_on(&self, table: &Table) -> impl Iterator<Item = &Read<'f, 'm>> {
        let name = table.name.to_lowercase();
        self.reads.iter().filter(
            move |read| matches!(read.expression.object, Object::Role(_, table) if table.to_lowercase() == name),
        )
    }

    /// Whether some role filters the rows of a table.
    pub(crate) fn is_filtered(&self, table: &Table) -> bool {
        let permissions = self.model.roles.iter().flat_map(|role| &role.table_permissions);
        permissions
            .filter(|permission| same(&permission.table, &table.name))
            .any(|permission| permission.filter.as_deref().is_some_and(|filter| !filter.trim().is_empty()))
    }

    /// Whether a table's rows stay in the source.
    pub(crate) fn is_direct_query(&self, table: &Table) -> bool {
        let default = self.model.default_mode.unwrap_or_default();
        table.partitions.iter().any(|partition| {
            let mode = partition.mode.filter(|mode| *mode != Mode::Default).unwrap_or(default);
            mode == Mode::DirectQuery
                && !matches!(partition.source, SourceKind::Calculated | SourceKind::CalculationGroup)
        })
    }

    /// Whether a table holds the choices of a parameter: nothing relates to it by design.
    pub(crate) fn is_parameter(&self, table: &'m Table) -> bool {
        table.columns().any(|column| column.parameter || !column.group_by.is_empty())
            || self.reads_of(Object::Table(&table.name)).any(|read| {
                let is_set = |node: &Node| matches!(node.bare().kind, Kind::Set(_));
                read.formula.expression().is_some_and(is_set) && read.first_call(&["NAMEOF"]).is_some()
            })
    }

    /// The pairs of columns that some `USERELATIONSHIP` names, in lower case.
    pub(crate) fn activated(&self) -> HashSet<[(String, String); 2]> {
        let mut found = HashSet::new();
        for read in &self.reads {
            for (at, _) in read.calls(&["USERELATIONSHIP"]) {
                if let [Some(one), Some(other)] = read.two_columns(at) {
                    found.insert([one.clone(), other.clone()]);
                    found.insert([other, one]);
                }
            }
        }
        found
    }
}

/// The names of a column as a key.
pub(crate) fn key(table: &str, column: &str) -> (String, String) {
    (table.to_lowercase(), column.to_lowercase())
}

/// Whether values may repeat on both sides.
pub(crate) fn is_many_to_many(relationship: &Relationship) -> bool {
    relationship.from_cardinality == Cardinality::Many && relationship.to_cardinality == Cardinality::Many
}

/// Whether filters go both ways.
pub(crate) fn is_both_ways(relationship: &Relationship) -> bool {
    relationship.cross_filter == CrossFilter::BothDirections
}

fn uses(model: &Model) -> HashMap<(String, String), Uses> {
    let mut found: HashMap<(String, String), Uses> = HashMap::new();
    for (at, relationship) in model.relationships.iter().enumerate() {
        found.entry(key(&relationship.from_table, &relationship.from_column)).or_default().relationships.push(at);
        found.entry(key(&relationship.to_table, &relationship.to_column)).or_default().relationships.push(at);
    }
    for table in &model.tables {
        for column in table.columns() {
            if let Some(by) = &column.sort_by {
                found.entry(key(&table.name, by)).or_default().sorts = true;
            }
            for by in &column.group_by {
                found.entry(key(&table.name, by)).or_default().groups = true;
            }
            for (table, column) in &column.default_columns {
                found.entry(key(table, column)).or_default().in_variation = true;
            }
        }
        for level in table.hierarchies.iter().flat_map(|hierarchy| &hierarchy.levels) {
            found.entry(key(&table.name, &level.column)).or_default().in_hierarchy = true;
        }
    }
    found
}
