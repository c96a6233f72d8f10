//! From a template's tree to transforms. Types of values were checked by
//! `shape.rs` before; what is told here is what a table of keys cannot say.

use serde_json::Value;

use super::aggregate::Aggregate;
use super::filter::Filter;
use super::flatten::Flatten;
use super::limit::Limit;
use super::map::Map;
use super::merge::Merge;
use super::select::Select;
use super::sort::Sort;
use super::transform::Transform;
use crate::workflow::draft::{Site, SiteScope, StepDraft};
use crate::workflow::keys::TRANSFORM_TABLES;
use crate::workflow::node::{Entry, Node};
use crate::workflow::problem::{Code, shorten};
use crate::workflow::problems::Problems;
use crate::workflow::shape::Fields;

/// Reads `transforms` into the draft. What is wrong with one was told, and it is left off.
pub(crate) fn read<'n>(node: &'n Node, draft: &mut StepDraft<'n>, problems: &mut Problems) {
    let mut reading = Reading { sites: &mut draft.sites, problems };
    for item in node.items().unwrap_or_default() {
        let Some(word) = item.get("type").and_then(Node::text) else { continue };
        let Some((_, table)) = TRANSFORM_TABLES.into_iter().find(|(name, _)| *name == word) else { continue };
        let fields = Fields::new(item, table);
        let transform = match word {
            "filter" => Filter::read(&fields, &mut reading).map(Transform::Filter),
            "map" => Map::read(&fields, &mut reading).map(Transform::Map),
            "select" => Select::read(&fields, &mut reading).map(Transform::Select),
            "sort" => Sort::read(&fields, &mut reading).map(Transform::Sort),
            "limit" => Limit::read(&fields, &mut reading).map(Transform::Limit),
            "flatten" => Some(Transform::Flatten(Flatten::read(&fields))),
            "merge" => Merge::read(&fields, &mut reading).map(Transform::Merge),
            "aggregate" => Aggregate::read(&fields, &mut reading).map(Transform::Aggregate),
            _ => None,
        };
        draft.step.transforms.extend(transform);
    }
}

/// Where expressions and problems go.
pub(super) struct Reading<'r, 'n> {
    sites: &'r mut Vec<Site<'n>>,
    problems: &'r mut Problems,
}

impl<'n> Reading<'_, 'n> {
    /// A bare expression over `item`.
    pub(super) fn expression(&mut self, node: &'n Node) -> Option<String> {
        let text = node.written()?;
        self.sites.push(Site::bare(text.clone(), &node.spot, SiteScope::ITEM));
        Some(text)
    }

    /// A value whose texts may hold expressions, without `item`.
    pub(super) fn value(&mut self, node: &'n Node) -> Value {
        self.sites.push(Site::value(node, SiteScope::RESULT));
        node.to_value()
    }

    pub(super) fn tell(&mut self, code: Code, node: &Node, message: impl Into<String>) {
        self.problems.add(code, &node.spot, message, None);
    }

    pub(super) fn tell_key(&mut self, code: Code, entry: &Entry, message: impl Into<String>, hint: Option<String>) {
        self.problems.add(code, &entry.key_spot, message, hint);
    }

    /// Exactly one of two keys; `None` when it was told that it is not so.
    pub(super) fn one_of(
        &mut self,
        fields: &Fields<'n>,
        noun: &str,
        (one, other): (&'static str, &'static str),
    ) -> Option<(&'static str, &'n Node)> {
        match (fields.get(one), fields.get(other)) {
            (Some(node), None) => Some((one, node)),
            (None, Some(node)) => Some((other, node)),
            (None, None) => {
                self.tell(Code::MissingKey, fields.node, format!("{noun} needs `{one}` or `{other}`"));
                None
            }
            (Some(_), Some(second)) => {
                self.tell(Code::ConflictingKeys, second, format!("{noun} has either `{one}` or `{other}`"));
                None
            }
        }
    }

    /// The entries of a mapping that must have some.
    pub(super) fn entries(&mut self, node: &'n Node, key: &str) -> Option<&'n [Entry]> {
        let entries = node.entries()?;
        if entries.is_empty() {
            self.tell(Code::WrongValue, node, format!("`{key}` names no field"));
            return None;
        }
        Some(entries)
    }

    /// One name or a list of different ones.
    pub(super) fn names(&mut self, fields: &Fields<'n>, key: &'static str) -> Option<Vec<String>> {
        let node = fields.get(key)?;
        let mut names: Vec<String> = Vec::new();
        for named in fields.texts(key) {
            let name = named.text().unwrap_or_default();
            if names.iter().any(|known| known == name) {
                self.tell(Code::WrongValue, named, format!("`{}` is named twice", shorten(name)));
            } else {
                names.push(name.to_owned());
            }
        }
        if names.is_empty() && node.items().is_some_and(<[Node]>::is_empty) {
            self.tell(Code::WrongValue, node, format!("`{key}` names no field"));
        }
        (!names.is_empty()).then_some(names)
    }
}
