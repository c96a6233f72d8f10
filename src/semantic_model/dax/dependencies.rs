//! Which objects of a model are made from which.
//!
//! An object is a measure, a column, a table, an item of a calculation group, a
//! role's filter or a function; it uses what its expressions refer to, and a
//! column of a calculated table uses that table. Must not know the tools.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet, VecDeque};

use crate::semantic_model::dax::analysis::Analysis;
use crate::semantic_model::dax::expressions::{Object, Part, expressions};
use crate::semantic_model::dax::names::Names;
use crate::semantic_model::dax::resolve::Target;
use crate::semantic_model::model::{Model, TableKind};

/// What is made from what.
#[derive(Debug)]
pub struct Dependencies<'m> {
    uses: BTreeMap<Object<'m>, BTreeSet<Object<'m>>>,
    used_by: BTreeMap<Object<'m>, BTreeSet<Object<'m>>>,
    depths: HashMap<Object<'m>, u32>,
}

/// Which way dependencies are followed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Way {
    /// To what an object is made from.
    Up,
    /// To what is made from an object.
    Down,
}

/// A line of a tree of dependencies.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Branch<'m> {
    /// How far below the object that was asked for, which is at 0.
    pub depth: u32,
    /// The object.
    pub object: Object<'m>,
    /// What is below it stands at another place of the tree.
    pub repeated: bool,
    /// It is also above itself.
    pub circular: bool,
}

impl<'m> Dependencies<'m> {
    /// Of all objects of `model`.
    #[must_use]
    pub fn of(model: &'m Model, names: &Names<'m>) -> Self {
        let mut found = Self { uses: BTreeMap::new(), used_by: BTreeMap::new(), depths: HashMap::new() };
        for expression in expressions(model) {
            let formula = expression.parse();
            let analysis = Analysis::of(&formula, expression.home, names);
            // A measure's indicator looks at the measure's own value.
            let of_indicator = matches!(expression.part, Part::Target | Part::Status | Part::Trend);
            for target in analysis.targets.iter().flatten() {
                let object = match *target {
                    Target::Column { table, column } => Object::Column(table, column),
                    Target::Measure(name) => Object::Measure(name),
                    Target::Table(name) => Object::Table(name),
                    Target::Function(name) => Object::Function(name),
                    Target::Variable(..) | Target::Local | Target::Word | Target::Unknown => continue,
                };
                if !of_indicator || object != expression.object {
                    found.add(expression.object, object);
                }
            }
        }
        found.add_columns_of_calculated_tables(model);
        found.measure_depths();
        found
    }

    fn add(&mut self, from: Object<'m>, to: Object<'m>) {
        self.uses.entry(from).or_default().insert(to);
        self.used_by.entry(to).or_default().insert(from);
    }

    fn add_columns_of_calculated_tables(&mut self, model: &'m Model) {
        for table in model.tables.iter().filter(|table| table.kind() == TableKind::Calculated) {
            for column in table.columns() {
                let object = Object::Column(&table.name, &column.name);
                if self.used_by.contains_key(&object) {
                    self.add(object, Object::Table(&table.name));
                }
            }
        }
    }

    /// What an object uses, or what uses it, directly and in order.
    pub fn next(&self, object: Object<'m>, way: Way) -> impl DoubleEndedIterator<Item = Object<'m>> {
        let all = match way {
            Way::Up => &self.uses,
            Way::Down => &self.used_by,
        };
        all.get(&object).into_iter().flatten().copied()
    }

    /// All that can be reached from an object, nearest first, each with its distance.
    #[must_use]
    pub fn reach(&self, object: Object<'m>, way: Way) -> Vec<(Object<'m>, u32)> {
        let mut found: Vec<(Object<'m>, u32)> = Vec::new();
        let mut seen: HashSet<Object<'m>> = std::iter::once(object).collect();
        let mut open: VecDeque<(Object<'m>, u32)> = std::iter::once((object, 0)).collect();
        while let Some((from, distance)) = open.pop_front() {
            for next in self.next(from, way) {
                if seen.insert(next) {
                    found.push((next, distance + 1));
                    open.push_back((next, distance + 1));
                }
            }
        }
        found
    }

    /// What can be reached from an object as a tree, line by line from the top. What
    /// is below an object is told at the first place that it comes up.
    #[must_use]
    pub fn tree(&self, object: Object<'m>, way: Way, max_depth: u32) -> Vec<Branch<'m>> {
        let mut found: Vec<Branch<'m>> = Vec::new();
        let mut told = HashSet::new();
        let mut above: Vec<Object<'m>> = Vec::new();
        let mut open = vec![(object, 0)];
        while let Some((object, depth)) = open.pop() {
            above.truncate(depth as usize);
            let circular = above.contains(&object);
            let opens = !circular && depth < max_depth && self.next(object, way).next().is_some();
            let repeated = opens && !told.insert(object);
            found.push(Branch { depth, object, repeated, circular });
            if opens && !repeated {
                open.extend(self.next(object, way).rev().map(|next| (next, depth + 1)));
            }
            above.push(object);
        }
        found
    }

    /// Objects that are made from themselves, each circle once.
    #[must_use]
    pub fn cycles(&self) -> Vec<Vec<Object<'m>>> {
        let mut found: Vec<Vec<Object<'m>>> = Vec::new();
        for group in self.knots() {
            let itself = |one: &Object<'m>| self.next(*one, Way::Up).any(|next| next == *one);
            if group.len() > 1 || group.iter().any(itself) {
                found.push(self.in_turn(&group));
            }
        }
        found.sort_unstable();
        found
    }

    /// Groups of objects that can all be reached from each other. Kosaraju's two passes, each
    /// with a stack of its own.
    fn knots(&self) -> Vec<BTreeSet<Object<'m>>> {
        let mut finished = Vec::new();
        let mut seen = HashSet::new();
        for start in self.uses.keys() {
            let mut open = vec![(*start, false)];
            while let Some((object, done)) = open.pop() {
                if done {
                    finished.push(object);
                } else if seen.insert(object) {
                    open.push((object, true));
                    open.extend(self.next(object, Way::Up).map(|next| (next, false)));
                }
            }
        }
        let mut groups = Vec::new();
        let mut grouped = HashSet::new();
        for start in finished.into_iter().rev() {
            let mut group = BTreeSet::new();
            let mut open = vec![start];
            while let Some(object) = open.pop() {
                if grouped.insert(object) {
                    group.insert(object);
                    open.extend(self.next(object, Way::Down));
                }
            }
            if !group.is_empty() {
                groups.push(group);
            }
        }
        groups
    }

    /// A circle through the first of these objects, in the order of use.
    fn in_turn(&self, objects: &BTreeSet<Object<'m>>) -> Vec<Object<'m>> {
        let Some(first) = objects.first().copied() else { return Vec::new() };
        let mut from: HashMap<Object<'m>, Object<'m>> = HashMap::new();
        let mut open: VecDeque<Object<'m>> = std::iter::once(first).collect();
        while let Some(object) = open.pop_front() {
            for next in self.next(object, Way::Up) {
                if next == first {
                    let mut circle = vec![object];
                    while let Some(before) = circle.last().and_then(|last| from.get(last)) {
                        circle.push(*before);
                    }
                    circle.reverse();
                    return circle;
                }
                if objects.contains(&next) && !from.contains_key(&next) {
                    from.insert(next, object);
                    open.push_back(next);
                }
            }
        }
        vec![first]
    }

    /// How many measures stand on one another below this one; 0 when it uses none.
    #[must_use]
    pub fn depth(&self, measure: &str) -> u32 {
        self.depths.get(&Object::Measure(measure)).copied().unwrap_or_default()
    }

    fn measure_depths(&mut self) {
        // Sorted, so that measures in a circle get the same depths every time.
        let measures: Vec<Object<'m>> =
            self.uses.keys().filter(|object| matches!(object, Object::Measure(_))).copied().collect();
        for measure in measures {
            self.measure_depth(measure);
        }
    }

    /// Depth first with a stack of its own: a chain of measures may be longer than the thread's.
    /// A measure that builds on itself counts where the circle closes as if it used nothing.
    fn measure_depth(&mut self, start: Object<'m>) {
        let used = |of: Object<'m>, graph: &Self| -> Vec<Object<'m>> {
            graph.next(of, Way::Up).filter(|object| matches!(object, Object::Measure(_))).collect()
        };
        let mut path = vec![(start, used(start, self), 0)];
        let mut on_path: HashSet<Object<'m>> = std::iter::once(start).collect();
        while let Some((object, below, next)) = path.last_mut() {
            if let Some(one) = below.get(*next).copied() {
                *next += 1;
                if !self.depths.contains_key(&one) && on_path.insert(one) {
                    path.push((one, used(one, self), 0));
                }
                continue;
            }
            let depths = below.iter().map(|one| self.depths.get(one).map_or(1, |depth| depth + 1));
            let depth = depths.max().unwrap_or_default();
            self.depths.insert(*object, depth);
            on_path.remove(object);
            path.pop();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Dependencies, Names, Object, Way};
    use crate::semantic_model::dax::sample;
    use crate::semantic_model::model::{Column, Kpi, Measure, Model, Partition, Role, Table, TablePermission};
    use crate::semantic_model::words::SourceKind;

    fn model(expressions: &[(&str, String)]) -> Model {
        let measures = expressions
            .iter()
            .map(|(name, expression)| Measure {
                name: (*name).to_owned(),
                expression: expression.clone(),
                ..Measure::default()
            })
            .collect();
        Model { tables: vec![Table { name: "T".into(), measures, ..Table::default() }], ..Model::default() }
    }

    fn chain() -> Model {
        model(&[
            ("a", "1".into()),
            ("b", "[a] + [A]".into()),
            ("c", "[a] + [b]".into()),
            ("loop", "[loop] + [a]".into()),
            ("x", "[y]".into()),
            ("y", "[z] + 1".into()),
            ("z", "[x] + [c]".into()),
        ])
    }

    #[test]
    fn depth_is_the_longest_chain_below_a_measure() {
        let model = chain();
        let found = Dependencies::of(&model, &Names::of(&model));
        assert_eq!(["a", "b", "c", "none"].map(|name| found.depth(name)), [0, 1, 2, 0]);
        assert!(found.depth("loop") >= 1);
    }

    #[test]
    fn a_chain_of_twenty_thousand_measures_does_not_exhaust_the_stack() {
        let names: Vec<String> = (0..20_000).map(|n| format!("m{n}")).collect();
        let all: Vec<(&str, String)> =
            names.iter().enumerate().map(|(n, name)| (name.as_str(), format!("[m{}]", n + 1))).collect();
        let model = model(&all);
        let found = Dependencies::of(&model, &Names::of(&model));
        assert_eq!(found.depth("m0"), 19_999);
        assert_eq!(found.reach(Object::Measure("m0"), Way::Up).len(), 19_999);
        assert_eq!(found.cycles(), [] as [Vec<Object<'_>>; 0]);
    }

    #[test]
    fn circles_are_told_once_and_in_the_order_of_use() {
        let model = chain();
        let found = Dependencies::of(&model, &Names::of(&model));
        let circles: Vec<Vec<String>> =
            found.cycles().iter().map(|circle| circle.iter().map(ToString::to_string).collect()).collect();
        assert_eq!(circles, [vec!["[loop]"], vec!["[x]", "[y]", "[z]"]]);
    }

    #[test]
    fn a_tree_tells_each_object_once_in_full_and_where_a_circle_closes() {
        let model = chain();
        let found = Dependencies::of(&model, &Names::of(&model));
        let lines = |object, way, depth| -> Vec<String> {
            let tree = found.tree(object, way, depth);
            tree.iter()
                .map(|line| {
                    let marks = [(line.repeated, " again"), (line.circular, " circle")];
                    let marks: String = marks.iter().filter(|(is, _)| *is).map(|(_, mark)| *mark).collect();
                    format!("{}{}{marks}", "-".repeat(line.depth as usize), line.object)
                })
                .collect()
        };
        assert_eq!(lines(Object::Measure("c"), Way::Up, 9), ["[c]", "-[a]", "-[b]", "--[a]"]);
        assert_eq!(
            lines(Object::Measure("z"), Way::Up, 9),
            ["[z]", "-[c]", "--[a]", "--[b]", "---[a]", "-[x]", "--[y]", "---[z] circle"]
        );
        assert_eq!(lines(Object::Measure("z"), Way::Up, 1), ["[z]", "-[c]", "-[x]"]);
        assert_eq!(
            lines(Object::Measure("a"), Way::Down, 2),
            ["[a]", "-[b]", "--[c]", "-[c]", "--[z]", "-[loop]", "--[loop] circle"]
        );
    }

    #[test]
    fn columns_tables_items_roles_and_functions_take_part() {
        let mut model = sample::model();
        let text = |text: &str| Some(text.to_owned());
        model.tables[0].all_columns.push(Column {
            name: "Line".into(),
            expression: text("[Qty] * Own.Double([Price])"),
            ..Column::default()
        });
        model.tables[0].measures.push(Measure {
            name: "Goal".into(),
            expression: "SUM(Sales[Line])".into(),
            kpi: Some(Kpi { status: text("IF([Goal] > [Total], 1, 0)"), ..Kpi::default() }),
            ..Measure::default()
        });
        model.tables.push(Table {
            name: "Top".into(),
            all_columns: vec![Column { name: "Key".into(), ..Column::default() }],
            partitions: vec![Partition {
                source: SourceKind::Calculated,
                expression: text("TOPN(10, Sales, [Goal])"),
                ..Partition::default()
            }],
            ..Table::default()
        });
        let filter = text("[Date] IN VALUES('Top'[Key])");
        let permission = TablePermission { table: "Dates".into(), filter, ..TablePermission::default() };
        model.roles.push(Role { name: "Few".into(), table_permissions: vec![permission], ..Role::default() });
        let found = Dependencies::of(&model, &Names::of(&model));
        let shown = |object, way| -> Vec<String> {
            found.reach(object, way).iter().map(|(object, distance)| format!("{distance} {object}")).collect()
        };
        assert_eq!(
            shown(Object::Column("Sales", "Price"), Way::Down),
            ["1 [Total]", "1 'Sales'[Line]", "2 [Goal]", "2 [Margin %]", "3 'Top'", "4 'Top'[Key]", "5 Few on 'Dates'"]
        );
        assert_eq!(
            shown(Object::Column("Sales", "Line"), Way::Up),
            ["1 'Sales'[Price]", "1 'Sales'[Qty]", "1 Own.Double"]
        );
        assert_eq!(found.cycles(), [] as [Vec<Object<'_>>; 0]);
    }
}
