//! What leads nowhere: names that no object has, names that two have, objects
//! that are made from themselves or used by nothing.

use std::collections::HashSet;

use super::bpa::{copied, is_unused};
use super::element::{Element, ElementKind};
use super::hits::Hits;
use super::rule::{Analysis, Category, Check, Rule, Severity};
use super::subject::Subject;
use crate::semantic_model::dax::names::column_name;
use crate::semantic_model::dax::{Object, Part, Target, Way};
use crate::semantic_model::model::same;

const WITH_DAX: &[ElementKind] = &[
    ElementKind::Measure,
    ElementKind::CalculatedColumn,
    ElementKind::CalculatedTable,
    ElementKind::CalculationItem,
    ElementKind::TablePermission,
    ElementKind::Function,
];

const COLUMNS: &[ElementKind] =
    &[ElementKind::Column, ElementKind::CalculatedColumn, ElementKind::CalculatedTableColumn];

const fn rule(
    id: &'static str,
    name: &'static str,
    severity: Severity,
    scope: &'static [ElementKind],
    texts: [&'static str; 2],
    check: Check,
) -> Rule {
    Rule::of(Analysis::Integrity, id, name, Category::Integrity, severity, scope, texts, check)
}

pub(super) const RULES: &[Rule] = &[
    rule(
        "BROKEN_REFERENCE",
        "What DAX refers to is there",
        Severity::Error,
        WITH_DAX,
        ["the expression refers to something that the model does not have", "correct the name"],
        Check::Expressions(broken_references),
    ),
    rule(
        "INVALID_DAX",
        "DAX is well formed",
        Severity::Error,
        WITH_DAX,
        ["the expression cannot be read", "correct it"],
        Check::Expressions(invalid_dax),
    ),
    rule(
        "CIRCULAR_DEPENDENCY",
        "Nothing is made from itself",
        Severity::Error,
        WITH_DAX,
        ["the object is made from itself, which the engine refuses", "take one of the references out"],
        Check::Expressions(circles),
    ),
    rule(
        "BROKEN_RELATIONSHIP",
        "Relationships have both ends",
        Severity::Error,
        &[ElementKind::Relationship],
        ["the relationship ends in a column that is not there", "correct the name, or take the relationship out"],
        Check::Properties(broken_relationships),
    ),
    rule(
        "BROKEN_SORT_BY",
        "Columns that others are sorted by are there",
        Severity::Error,
        COLUMNS,
        ["the column is sorted by one that is not there", "correct `sortByColumn`"],
        Check::Properties(broken_sorts),
    ),
    rule(
        "BROKEN_HIERARCHY",
        "Columns of hierarchies are there",
        Severity::Error,
        &[ElementKind::Hierarchy],
        ["a level has a column that is not there", "correct the level's column"],
        Check::Properties(broken_hierarchies),
    ),
    rule(
        "BROKEN_ROLE",
        "Tables of roles are there",
        Severity::Error,
        &[ElementKind::TablePermission],
        ["the role filters a table that is not there", "correct the table's name"],
        Check::Properties(broken_roles),
    ),
    rule(
        "DUPLICATE_NAME",
        "Names are there once",
        Severity::Error,
        &[ElementKind::Table, ElementKind::Measure, ElementKind::Column],
        ["another object has the same name, which the engine refuses", "rename one of them"],
        Check::Properties(duplicates),
    ),
    rule(
        "UNUSED_COLUMN",
        "Columns are used",
        Severity::Info,
        COLUMNS,
        ["nothing in the model uses the column; reports are not looked at", "take it out if no report uses it"],
        Check::Closer(unused_columns),
    ),
    rule(
        "UNUSED_MEASURE",
        "Measures are used",
        Severity::Info,
        &[ElementKind::Measure],
        ["nothing in the model uses the measure; reports are not looked at", "take it out if no report uses it"],
        Check::Closer(unused_measures),
    ),
];

/// The problems of every expression, those with names apart from the others.
fn problems<'m>(subject: &Subject<'_, 'm>, hits: &mut Hits<'m>, names: bool) {
    for read in subject.reads.iter().filter(|read| !read.analysis.problems.is_empty()) {
        let Some(element) = subject.element(read) else { continue };
        let outline = &read.analysis.outline;
        for problem in &read.analysis.problems {
            // What is unknown may be the column of a table that is there: a part of the name.
            let unknown = outline.sites().any(|(at, site)| {
                let span = site.node.span;
                span.start <= problem.span.start
                    && problem.span.end <= span.end
                    && read.analysis.target(at) == Some(Target::Unknown)
            });
            if unknown == names {
                hits.at(element, read.position(problem.span), Some(problem.message.clone()), problem.hint.clone());
            }
        }
    }
}

fn broken_references<'m>(subject: &Subject<'_, 'm>, hits: &mut Hits<'m>) {
    problems(subject, hits, true);
}

fn invalid_dax<'m>(subject: &Subject<'_, 'm>, hits: &mut Hits<'m>) {
    problems(subject, hits, false);
}

fn circles<'m>(subject: &Subject<'_, 'm>, hits: &mut Hits<'m>) {
    for circle in subject.dependencies.cycles() {
        let Some(first) = circle.first() else { continue };
        let next = circle.iter().cycle().skip(1);
        if !circle.iter().zip(next).all(|(one, other)| is_made_from(subject, *one, *other)) {
            continue;
        }
        let Some(element) = Element::of(*first, subject.model, &subject.names) else { continue };
        let mut names: Vec<String> = circle.iter().map(ToString::to_string).collect();
        names.push(first.to_string());
        hits.say(element, format!("made from itself: {}", names.join(" -> ")));
    }
}

/// Whether the value of one object is made from another: a format or an indicator may look back.
fn is_made_from<'m>(subject: &Subject<'_, 'm>, one: Object<'m>, other: Object<'m>) -> bool {
    let column_of_table = matches!((one, other), (Object::Column(of, _), Object::Table(table)) if of == table);
    let refers = |target: &Target<'m>| match *target {
        Target::Column { table, column } => other == Object::Column(table, column),
        Target::Measure(name) => other == Object::Measure(name),
        Target::Table(name) => other == Object::Table(name),
        Target::Function(name) => other == Object::Function(name),
        Target::Variable(..) | Target::Local | Target::Word | Target::Unknown => false,
    };
    let mut values = subject.reads_of(one).filter(|read| read.expression.part == Part::Value);
    column_of_table || values.any(|read| read.analysis.targets.iter().flatten().any(refers))
}

fn broken_relationships<'m>(subject: &Subject<'_, 'm>, hits: &mut Hits<'m>) {
    for relationship in &subject.model.relationships {
        let ends =
            [(&relationship.from_table, &relationship.from_column), (&relationship.to_table, &relationship.to_column)];
        for (table, column) in ends {
            if subject.names.column(table, column).is_none() {
                let message = format!("{} is not there", column_name(table, column));
                hits.say(Element::Relationship(relationship), message);
            }
        }
    }
}

fn broken_sorts<'m>(subject: &Subject<'_, 'm>, hits: &mut Hits<'m>) {
    for (table, column) in subject.columns() {
        if let Some(by) = &column.sort_by
            && subject.names.column(&table.name, by).is_none()
        {
            hits.say(
                Element::Column(table, column),
                format!("sorted by {}, which is not there", column_name(&table.name, by)),
            );
        }
    }
}

fn broken_hierarchies<'m>(subject: &Subject<'_, 'm>, hits: &mut Hits<'m>) {
    for table in &subject.model.tables {
        for hierarchy in &table.hierarchies {
            for level in &hierarchy.levels {
                if subject.names.column(&table.name, &level.column).is_none() {
                    let column = column_name(&table.name, &level.column);
                    let message = format!("level `{}` has the column {column}, which is not there", level.name);
                    hits.say(Element::Hierarchy(table, hierarchy), message);
                }
            }
        }
    }
}

fn broken_roles<'m>(subject: &Subject<'_, 'm>, hits: &mut Hits<'m>) {
    for role in &subject.model.roles {
        for permission in &role.table_permissions {
            if subject.names.table(&permission.table).is_none() {
                hits.add(Element::Permission(role, permission));
            }
        }
    }
}

fn duplicates<'m>(subject: &Subject<'_, 'm>, hits: &mut Hits<'m>) {
    let mut tables = HashSet::new();
    let mut measures = HashSet::new();
    for table in &subject.model.tables {
        if !tables.insert(table.name.to_lowercase()) {
            hits.add(Element::Table(table));
        }
        let mut columns = HashSet::new();
        for column in table.columns() {
            if !columns.insert(column.name.to_lowercase()) {
                hits.add(Element::Column(table, column));
            }
        }
        for measure in &table.measures {
            let twice = !measures.insert(measure.name.to_lowercase());
            let column = table.columns().any(|column| same(&column.name, &measure.name));
            if twice || column {
                let what = if twice { "measure" } else { "column of its table" };
                hits.say(
                    Element::Measure(table, measure),
                    format!("a {what} has the same name, which the engine refuses"),
                );
            }
        }
    }
}

/// The hidden ones are told by the public set.
fn unused_columns<'m>(subject: &Subject<'_, 'm>, hits: &mut Hits<'m>) {
    let copied = copied(subject);
    for (table, column) in subject.columns().filter(|(table, column)| !column.hidden && !table.hidden) {
        if is_unused(subject, &copied, table, column) {
            hits.add(Element::Column(table, column));
        }
    }
}

fn unused_measures<'m>(subject: &Subject<'_, 'm>, hits: &mut Hits<'m>) {
    for (table, measure) in subject.model.measures().filter(|(table, measure)| !measure.hidden && !table.hidden) {
        if subject.dependencies.next(Object::Measure(&measure.name), Way::Down).next().is_none() {
            hits.add(Element::Measure(table, measure));
        }
    }
}
