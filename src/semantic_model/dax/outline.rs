//! A syntax tree as a list: every node after its parent, with what is around it.
//!
//! What looks at a whole expression goes over this list and needs no recursion.
//! Must not know models.

use std::ops::Range;

use crate::semantic_model::dax::functions;
use crate::semantic_model::dax::home::Home;
use crate::semantic_model::dax::syntax::{Call, Kind, Node};

/// The nodes of one or several trees.
#[derive(Debug)]
pub struct Outline<'t> {
    sites: Vec<Site<'t>>,
}

/// A tree and where it is written.
#[derive(Debug, Clone, Copy)]
pub struct Root<'t> {
    /// The tree.
    pub node: &'t Node,
    /// Where it is written.
    pub home: Home<'t>,
}

/// A node and what is around it.
#[derive(Debug, Clone, Copy)]
pub struct Site<'t> {
    /// The node.
    pub node: &'t Node,
    /// Where its tree is written.
    pub home: Home<'t>,
    /// The site of the node right above; none for a root.
    pub parent: Option<usize>,
    /// Which child of its parent it is.
    pub index: usize,
    /// Calls of functions around it.
    pub calls: u32,
    /// What rows it is evaluated for.
    pub row: Row,
    /// The site below which the same text has the same value as here: an
    /// argument that is evaluated row by row or with other filters, or a root.
    pub scope: usize,
    end: usize,
}

/// The rows that a node is evaluated for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Row {
    /// None: there are only filters.
    None,
    /// Those of the table that it is written in.
    Home,
    /// Those of the call at this site.
    Of(usize),
}

/// Functions whose first argument is evaluated with other filters, and without rows.
const FILTERED: &[&str] = &[
    "CALCULATE",
    "CALCULATETABLE",
    "CLOSINGBALANCEMONTH",
    "CLOSINGBALANCEQUARTER",
    "CLOSINGBALANCEWEEK",
    "CLOSINGBALANCEYEAR",
    "OPENINGBALANCEMONTH",
    "OPENINGBALANCEQUARTER",
    "OPENINGBALANCEWEEK",
    "OPENINGBALANCEYEAR",
    "TOTALMTD",
    "TOTALQTD",
    "TOTALWTD",
    "TOTALYTD",
];

/// Functions that evaluate what they add with the filters of each group.
const GROUPING: &[&str] = &["SUMMARIZE", "SUMMARIZECOLUMNS", "GROUPBY", "ADDMISSINGITEMS"];

impl<'t> Outline<'t> {
    /// The nodes of these trees.
    #[must_use]
    pub fn of(roots: &[Root<'t>]) -> Self {
        let mut outline = Self { sites: Vec::new() };
        for root in roots {
            outline.add(*root);
        }
        for at in (0..outline.sites.len()).rev() {
            if let Some(site) = outline.sites.get(at)
                && let (end, Some(parent)) = (site.end, site.parent)
                && let Some(parent) = outline.sites.get_mut(parent)
            {
                parent.end = parent.end.max(end);
            }
        }
        outline
    }

    fn add(&mut self, root: Root<'t>) {
        let mut open = vec![Site {
            node: root.node,
            home: root.home,
            parent: None,
            index: 0,
            calls: 0,
            row: if root.home.row_by_row() { Row::Home } else { Row::None },
            scope: self.sites.len(),
            end: 0,
        }];
        while let Some(mut site) = open.pop() {
            let at = self.sites.len();
            site.end = at + 1;
            if site.scope == usize::MAX {
                site.scope = at;
            }
            self.sites.push(site);
            let first = open.len();
            let mut index = 0;
            site.node.each_child(&mut |child| {
                open.push(below(&site, at, child, index));
                index += 1;
            });
            if let Some(children) = open.get_mut(first..) {
                children.reverse();
            }
        }
    }

    /// All sites with their numbers.
    pub fn sites(&self) -> impl DoubleEndedIterator<Item = (usize, &Site<'t>)> {
        self.sites.iter().enumerate()
    }

    /// How many there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.sites.len()
    }

    /// Whether there is none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.sites.is_empty()
    }

    /// The site of that number.
    #[must_use]
    pub fn site(&self, at: usize) -> Option<&Site<'t>> {
        self.sites.get(at)
    }

    /// The numbers of a site and of all below it.
    #[must_use]
    pub fn below(&self, at: usize) -> Range<usize> {
        self.sites.get(at).map_or(at..at, |site| at..site.end)
    }

    /// The numbers of the sites right below.
    pub fn children(&self, at: usize) -> impl Iterator<Item = usize> {
        let end = self.below(at).end;
        let next = move |child: &usize| Some(self.below(*child).end).filter(|next| *next < end);
        std::iter::successors(Some(at + 1).filter(|first| *first < end), next)
    }

    /// The site's parents, nearest first, each with the number of the child that leads to the site.
    pub fn parents(&self, at: usize) -> impl Iterator<Item = (usize, &Site<'t>, usize)> {
        let mut child = self.sites.get(at);
        std::iter::from_fn(move || {
            let from = child?;
            let parent = from.parent?;
            child = self.sites.get(parent);
            child.map(|site| (parent, site, from.index))
        })
    }

    /// All calls with the numbers of their sites.
    pub fn calls(&self) -> impl Iterator<Item = (usize, &'t Call)> {
        self.sites()
            .filter_map(|(at, site)| if let Kind::Call(call) = &site.node.kind { Some((at, call)) } else { None })
    }

    /// The call that the site is an argument of, brackets around it not counted, and which argument.
    #[must_use]
    pub fn argument_of(&self, at: usize) -> Option<(usize, &'t Call, usize)> {
        for (parent, site, index) in self.parents(at) {
            if let Kind::Call(call) = &site.node.kind {
                return Some((parent, call, index));
            }
            if !matches!(site.node.kind, Kind::Brackets(_)) {
                return None;
            }
        }
        None
    }
}

/// A child of `site`, which is at `at`.
fn below<'t>(site: &Site<'t>, at: usize, child: &'t Node, index: usize) -> Site<'t> {
    let mut found = Site { node: child, parent: Some(at), index, end: 0, ..*site };
    if let Kind::Call(call) = &site.node.kind {
        found.calls += 1;
        let new_scope = usize::MAX;
        if functions::rows(&call.function).is_some_and(|rows| rows.covers(index)) {
            found.row = Row::Of(at);
            found.scope = new_scope;
        } else if index == 0 && call.is_any(FILTERED) {
            found.row = Row::None;
            found.scope = new_scope;
        } else if index > 0 && (call.is_any(FILTERED) || call.is_any(GROUPING)) {
            found.scope = new_scope;
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::{Home, Outline, Root, Row};
    use crate::semantic_model::dax::parser::parse_expression;

    fn with<T>(text: &str, home: Home<'_>, look: impl FnOnce(&Outline<'_>, &dyn Fn(&str) -> usize) -> T) -> T {
        let parsed = parse_expression(text);
        assert_eq!(parsed.problems, []);
        let outline = Outline::of(&[Root { node: &parsed.tree, home }]);
        let find = |part: &str| outline.sites().find(|(_, site)| site.node.span.of(text) == part).unwrap().0;
        look(&outline, &find)
    }

    #[test]
    fn every_node_comes_after_its_parent_with_all_below_it_right_behind() {
        with("f(a + g(b), {c}) * d", Home::Query, |outline, find| {
            let shown = |at: usize| outline.site(at).unwrap().node.span;
            assert_eq!(outline.len(), 9);
            let children: Vec<usize> = outline.children(find("f(a + g(b), {c})")).collect();
            assert_eq!(children, [find("a + g(b)"), find("{c}")]);
            assert_eq!(outline.below(find("a + g(b)")).count(), 4);
            assert_eq!(outline.children(find("d")).count(), 0);
            let parents: Vec<_> = outline.parents(find("b")).map(|(at, _, index)| (shown(at).start, index)).collect();
            assert_eq!(parents, [(6, 0), (2, 1), (0, 0), (0, 0)]);
            assert_eq!(outline.site(find("b")).unwrap().calls, 2);
        });
    }

    #[test]
    fn rows_begin_at_iterators_and_end_in_calculate() {
        let text = "SUMX(FILTER(T, a), CALCULATE(b, c)) + d";
        with(text, Home::Measure("T"), |outline, find| {
            let row = |part: &str| outline.site(find(part)).unwrap().row;
            assert_eq!((row("T"), row("d"), row("b")), (Row::None, Row::None, Row::None));
            assert_eq!((row("a"), row("c")), (Row::Of(find("FILTER(T, a)")), Row::Of(1)));
        });
        with(text, Home::Column("T"), |outline, find| {
            let row = |part: &str| outline.site(find(part)).unwrap().row;
            assert_eq!((row("T"), row("d"), row("b")), (Row::Home, Row::Home, Row::None));
        });
    }

    #[test]
    fn the_same_text_has_the_same_value_within_one_scope() {
        with("a + CALCULATE(b + c, d) + IF(e, g) + SUMX(h, i)", Home::Query, |outline, find| {
            let scope = |part: &str| outline.site(find(part)).unwrap().scope;
            assert_eq!((scope("a"), scope("e"), scope("g"), scope("h")), (0, 0, 0, 0));
            assert_eq!((scope("b"), scope("c")), (find("b + c"), find("b + c")));
            assert_eq!((scope("d"), scope("i")), (find("d"), find("i")));
        });
    }
}
