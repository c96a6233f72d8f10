//! Transforms of a step's result: what each needs, and its expressions.
//!
//! Their keys are in `keys.rs`; what they do is the engine's.

use super::draft::{Site, SiteScope, StepDraft};
use super::keys::{AGGREGATE, FILTER, MAP};
use super::node::Node;
use super::problem::Code;
use super::problems::Problems;
use super::read_step::figure_site;
use super::shape::Table;

/// Reads `transforms` into the draft.
pub(crate) fn read<'n>(node: &'n Node, draft: &mut StepDraft<'n>, problems: &mut Problems) {
    for item in node.items().unwrap_or_default() {
        draft.step.transforms.push(item.to_value());
        match item.get("type").and_then(Node::text) {
            Some("filter") => {
                one_of(item, &FILTER, "where", "criteria", problems);
                bare(item.get("where"), draft);
            }
            Some("map") => {
                one_of(item, &MAP, "to", "mapping", problems);
                match item.get("to") {
                    Some(to) if to.entries().is_some() => {
                        for entry in to.entries().unwrap_or_default() {
                            bare(Some(&entry.value), draft);
                        }
                    }
                    to => bare(to, draft),
                }
            }
            Some("sort") => {
                let by = item.get("by");
                // A lone word is a field of the item.
                if by.and_then(Node::text).is_some_and(|text| !is_word(text)) {
                    bare(by, draft);
                }
            }
            Some("limit") => {
                for key in ["count", "offset"] {
                    figure_site(item.get(key), SiteScope::RESULT, &mut draft.sites);
                }
            }
            Some("merge") => draft.sites.extend(item.get("with").map(|with| Site::value(with, SiteScope::RESULT))),
            Some("aggregate") => one_of(item, &AGGREGATE, "fields", "aggregate_type", problems),
            _ => {}
        }
    }
}

fn bare<'n>(node: Option<&'n Node>, draft: &mut StepDraft<'n>) {
    if let Some(node) = node
        && let Some(text) = node.written()
    {
        draft.sites.push(Site::bare(text, &node.spot, SiteScope::ITEM));
    }
}

fn one_of(node: &Node, table: &Table, one: &str, other: &str, problems: &mut Problems) {
    match (node.get(one), node.get(other)) {
        (None, None) => {
            let message = format!("{} needs `{one}` or `{other}`", table.noun);
            problems.add(Code::MissingKey, &node.spot, message, None);
        }
        (Some(_), Some(second)) => {
            let message = format!("{} has either `{one}` or `{other}`", table.noun);
            problems.add(Code::ConflictingKeys, &second.spot, message, None);
        }
        _ => {}
    }
}

/// Whether `text` is a name and nothing more.
pub(crate) fn is_word(text: &str) -> bool {
    let mut characters = text.chars();
    characters.next().is_some_and(|first| first.is_ascii_alphabetic() || first == '_')
        && characters.all(|character| character.is_ascii_alphanumeric() || character == '_')
}
