//! How tables hang together: which way filters go, and what they cannot reach.

use std::collections::{HashMap, HashSet, VecDeque};

use super::element::{Element, ElementKind};
use super::hits::Hits;
use super::rule::{Analysis, Category, Check, Look, Rule, Severity};
use super::subject::{Subject, is_both_ways, is_many_to_many, key};
use crate::semantic_model::model::{Relationship, Table};
use crate::semantic_model::words::Cardinality;

const ENDS: &[ElementKind] = &[ElementKind::Relationship];
const TABLES: &[ElementKind] = &[ElementKind::Table, ElementKind::CalculatedTable];

const fn rule(
    id: &'static str,
    name: &'static str,
    severity: Severity,
    scope: &'static [ElementKind],
    texts: [&'static str; 2],
    look: Look,
) -> Rule {
    let check = Check::Properties(look);
    Rule::of(Analysis::Relationships, id, name, Category::Relationships, severity, scope, texts, check)
}

pub(super) const RULES: &[Rule] = &[
    rule(
        "AMBIGUOUS_PATH",
        "Filters reach a table one way",
        Severity::Warning,
        TABLES,
        [
            "filters of the table reach another one over two paths: which one counts is the engine's choice",
            "make one relationship of the two paths inactive, or let it filter one way",
        ],
        ambiguous,
    ),
    rule(
        "ISLAND",
        "Tables hang together",
        Severity::Info,
        TABLES,
        [
            "the table and a few others are related to each other and to none of the rest",
            "relate them to the rest, or move them to a model of their own",
        ],
        islands,
    ),
    rule(
        "ONE_TO_ONE",
        "One-to-one relationships have a reason",
        Severity::Info,
        ENDS,
        ["each row of one table has one row of the other: the two could be one table", "join them in Power Query"],
        one_to_one,
    ),
    rule(
        "MANY_TO_MANY",
        "Many-to-many relationships have a reason",
        Severity::Info,
        ENDS,
        ["values repeat on both sides of the relationship", "put a table of the distinct keys between the two"],
        many_to_many,
    )
    .twin("CHECK_IF_BI-DIRECTIONAL_AND_MANY-TO-MANY_RELATIONSHIPS_ARE_VALID"),
    rule(
        "FILTERS_BOTH_WAYS",
        "Filters in both directions have a reason",
        Severity::Info,
        ENDS,
        ["filters go both ways over the relationship", "let filters go one way unless a report needs it"],
        both_ways,
    )
    .twin("CHECK_IF_BI-DIRECTIONAL_AND_MANY-TO-MANY_RELATIONSHIPS_ARE_VALID"),
    Rule::of(
        Analysis::Relationships,
        "NEVER_ACTIVATED",
        "Inactive relationships are used",
        Category::Relationships,
        Severity::Warning,
        ENDS,
        ["no expression names this inactive relationship in `USERELATIONSHIP`", "use it in a measure, or take it out"],
        Check::Expressions(never_activated),
    )
    .twin("INACTIVE_RELATIONSHIPS_THAT_ARE_NEVER_ACTIVATED"),
];

/// Tables as numbers, and where filters go from each, with the number of the relationship.
struct Graph<'m> {
    tables: Vec<&'m Table>,
    next: Vec<Vec<(usize, usize)>>,
}

impl<'m> Graph<'m> {
    fn of(subject: &Subject<'_, 'm>) -> Self {
        let tables: Vec<&Table> = subject.model.tables.iter().collect();
        let places: HashMap<String, usize> =
            tables.iter().enumerate().map(|(at, table)| (table.name.to_lowercase(), at)).collect();
        let mut next = vec![Vec::new(); tables.len()];
        for (at, relationship) in subject.model.relationships.iter().enumerate().filter(|(_, one)| one.active) {
            let from = places.get(&relationship.from_table.to_lowercase()).copied();
            let (Some(from), Some(to)) = (from, places.get(&relationship.to_table.to_lowercase()).copied()) else {
                continue;
            };
            if let Some(next) = next.get_mut(to) {
                next.push((from, at));
            }
            let both = is_both_ways(relationship) || is_one_to_one(relationship);
            if let Some(next) = next.get_mut(from).filter(|_| both) {
                next.push((to, at));
            }
        }
        Self { tables, next }
    }

    /// The way of fewest relationships from one table to another, the tables in between and one relationship left
    /// out: the tables in the order of the filter.
    fn path(
        &self,
        from: usize,
        to: usize,
        without: &HashSet<usize>,
        not: Option<usize>,
    ) -> Option<Vec<(usize, usize)>> {
        let mut before: HashMap<usize, (usize, usize)> = HashMap::new();
        let mut open: VecDeque<usize> = std::iter::once(from).collect();
        while let Some(at) = open.pop_front() {
            for (table, over) in self.next.get(at).into_iter().flatten() {
                let closed = *table == from || before.contains_key(table) || without.contains(table);
                if closed || Some(*over) == not {
                    continue;
                }
                before.insert(*table, (at, *over));
                if *table == to {
                    let mut path = vec![(to, *over)];
                    let mut last = at;
                    while let Some((above, over)) = before.get(&last) {
                        path.push((last, *over));
                        last = *above;
                    }
                    path.reverse();
                    return Some(path);
                }
                open.push_back(*table);
            }
        }
        None
    }

    fn name(&self, at: usize) -> &'m str {
        self.tables.get(at).map_or("", |table| &table.name)
    }

    fn written(&self, from: usize, path: &[(usize, usize)]) -> String {
        let mut names = vec![self.name(from)];
        names.extend(path.iter().map(|(table, _)| self.name(*table)));
        names.join(" -> ")
    }
}

/// Two paths that share no table but their ends. Where one is the other with a detour at one end, it is told for the
/// tables of the detour only.
pub(super) fn ambiguous<'m>(subject: &Subject<'_, 'm>, hits: &mut Hits<'m>) {
    let graph = Graph::of(subject);
    let mut into = vec![0_usize; graph.tables.len()];
    for (table, _) in graph.next.iter().flatten() {
        if let Some(count) = into.get_mut(*table) {
            *count += 1;
        }
    }
    let mut told: HashSet<(usize, usize)> = HashSet::new();
    for (from, table) in graph.tables.iter().enumerate() {
        if graph.next.get(from).is_none_or(|next| next.len() < 2) {
            continue;
        }
        for to in (0..graph.tables.len()).filter(|to| *to != from && into.get(*to).is_some_and(|count| *count > 1)) {
            let Some(first) = graph.path(from, to, &HashSet::new(), None) else { continue };
            let between: HashSet<usize> = first.iter().map(|(table, _)| *table).filter(|table| *table != to).collect();
            let direct = first.first().filter(|_| first.len() == 1).map(|(_, over)| *over);
            let Some(second) = graph.path(from, to, &between, direct) else { continue };
            // Where filters go both ways the same two paths lead back.
            if told.insert((from.min(to), from.max(to))) {
                let message = format!(
                    "filters reach '{}' over {} and over {}",
                    graph.name(to),
                    graph.written(from, &first),
                    graph.written(from, &second)
                );
                hits.say(Element::Table(table), message);
            }
        }
    }
}

/// The groups of tables that relationships of any kind hold together, the largest first; tables without any are none.
pub(super) fn groups<'m>(subject: &Subject<'_, 'm>) -> Vec<Vec<&'m Table>> {
    let mut beside: HashMap<String, Vec<String>> = HashMap::new();
    for relationship in &subject.model.relationships {
        let (from, to) = (relationship.from_table.to_lowercase(), relationship.to_table.to_lowercase());
        beside.entry(from.clone()).or_default().push(to.clone());
        beside.entry(to).or_default().push(from);
    }
    let mut seen: HashSet<String> = HashSet::new();
    let mut groups = Vec::new();
    for table in &subject.model.tables {
        let start = table.name.to_lowercase();
        if !beside.contains_key(&start) || !seen.insert(start.clone()) {
            continue;
        }
        let mut group = Vec::new();
        let mut open = vec![start];
        while let Some(name) = open.pop() {
            group.extend(subject.names.table(&name));
            let next = beside.get(&name).into_iter().flatten();
            open.extend(next.filter(|next| seen.insert((*next).clone())).cloned());
        }
        groups.push(group);
    }
    groups.sort_by_key(|group| std::cmp::Reverse(group.len()));
    groups
}

fn islands<'m>(subject: &Subject<'_, 'm>, hits: &mut Hits<'m>) {
    for group in groups(subject).into_iter().skip(1) {
        let names: Vec<&str> = group.iter().map(|table| table.name.as_str()).collect();
        if let Some(first) = group.first() {
            hits.say(
                Element::Table(first),
                format!("related to each other and to none of the rest: {}", names.join(", ")),
            );
        }
    }
}

fn is_one_to_one(relationship: &Relationship) -> bool {
    relationship.from_cardinality == Cardinality::One && relationship.to_cardinality == Cardinality::One
}

fn each<'m>(subject: &Subject<'_, 'm>, hits: &mut Hits<'m>, is: impl Fn(&Relationship) -> bool) {
    for relationship in subject.model.relationships.iter().filter(|relationship| is(relationship)) {
        hits.add(Element::Relationship(relationship));
    }
}

fn one_to_one<'m>(subject: &Subject<'_, 'm>, hits: &mut Hits<'m>) {
    each(subject, hits, is_one_to_one);
}

fn many_to_many<'m>(subject: &Subject<'_, 'm>, hits: &mut Hits<'m>) {
    each(subject, hits, is_many_to_many);
}

fn both_ways<'m>(subject: &Subject<'_, 'm>, hits: &mut Hits<'m>) {
    each(subject, hits, is_both_ways);
}

fn never_activated<'m>(subject: &Subject<'_, 'm>, hits: &mut Hits<'m>) {
    let activated = subject.activated();
    each(subject, hits, |relationship| {
        let from = key(&relationship.from_table, &relationship.from_column);
        let to = key(&relationship.to_table, &relationship.to_column);
        !relationship.active && !activated.contains(&[from, to])
    });
}
