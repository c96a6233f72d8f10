//! Objects that are made from each other, as answers tell them.
//!
//! Must not know how they were found.

use schemars::JsonSchema;
use serde::Serialize;

use crate::semantic_model::dax::{Branch, Object};
use crate::semantic_model::facts::page::cut;

/// An object that is made from another, or that another is made from.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Used {
    /// `measure`, `column`, `table`, `calculation_item`, `role`, `function`.
    pub kind: &'static str,
    /// As DAX names it.
    pub object: String,
    /// How many steps away; 1 is direct.
    pub distance: u32,
}

/// A line of a tree, from the top.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct TreeLine {
    /// How far below the measure, which is at 0.
    pub depth: u32,
    /// As in `referenced_measures`.
    pub kind: &'static str,
    /// As DAX names it.
    pub object: String,
    /// What is below it stands at another place of the tree.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub repeated: bool,
    /// It is also above itself.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub circular: bool,
}

/// Objects that are told; counts tell all.
pub(crate) const TOLD: usize = 60;

/// Bytes of a name at most.
const NAME_BYTES: usize = 160;

pub(crate) fn used(found: &[(Object<'_>, u32)]) -> Vec<Used> {
    let told = found.iter().take(TOLD);
    told.map(|(object, distance)| Used { kind: object.kind(), object: name(*object), distance: *distance }).collect()
}

/// The lines of a tree, and whether there are more.
pub(crate) fn tree_lines(tree: &[Branch<'_>]) -> (Vec<TreeLine>, bool) {
    let lines = tree.iter().take(TOLD).map(|branch| TreeLine {
        depth: branch.depth,
        kind: branch.object.kind(),
        object: name(branch.object),
        repeated: branch.repeated,
        circular: branch.circular,
    });
    (lines.collect(), tree.len() > TOLD)
}

pub(crate) fn name(object: Object<'_>) -> String {
    let mut name = object.to_string();
    cut(&mut name, NAME_BYTES);
    name
}
