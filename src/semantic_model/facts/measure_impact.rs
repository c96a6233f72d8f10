//! `06_get_measure_impact`: what a change of a measure touches.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::semantic_model::dax::{Dependencies, Names, Object, Way};
use crate::semantic_model::error::Error;
use crate::semantic_model::facts::measure_details::find_measure;
use crate::semantic_model::facts::page::fit;
use crate::semantic_model::facts::usage::{TOLD, TreeLine, Used, name, tree_lines, used};
use crate::semantic_model::models::{ModelIdentity, ModelName, Models};

/// What is asked.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Args {
    /// The measure's name, with or without brackets.
    #[serde(alias = "measure_name")]
    pub measure: String,
    /// Its table; needed only to be sure.
    #[serde(default, alias = "table_name")]
    pub table: Option<String>,
    /// The model by path, name or index; the connected one when not given.
    #[serde(default)]
    pub model: Option<ModelName>,
}

/// What is answered.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Answer {
    /// The model that was asked.
    pub model: ModelIdentity,
    /// The measure.
    pub measure: String,
    /// Its table.
    pub table: String,
    /// What is made from it, nearest first.
    pub downstream_usage: Vec<Used>,
    /// How much that is in all.
    pub downstream_count: usize,
    /// The same as a tree, line by line from the top.
    pub downstream_tree: Vec<TreeLine>,
    /// What it is made from, nearest first.
    pub upstream_dependencies: Vec<Used>,
    /// How much that is in all.
    pub upstream_count: usize,
    /// Circles that it is part of, each in the order of use; empty in a model that works.
    pub cycles: Vec<Vec<String>>,
}

/// Bytes of each list at most.
const LIST_BYTES: usize = 3 * 1024;

/// Tells what a change of a measure touches.
pub fn run(models: &Models, args: &Args) -> Result<Answer, Error> {
    let opened = models.open(args.model.as_ref())?;
    let names = Names::of(&opened.model);
    let (table, measure) = find_measure(&opened.model, &args.measure, args.table.as_deref())?;
    let dependencies = Dependencies::of(&opened.model, &names);
    let object = Object::Measure(&measure.name);
    let down = dependencies.reach(object, Way::Down);
    let up = dependencies.reach(object, Way::Up);
    let (mut downstream_tree, _) = tree_lines(&dependencies.tree(object, Way::Down, u32::MAX));
    fit(&mut downstream_tree, LIST_BYTES)?;
    let (mut downstream_usage, mut upstream_dependencies) = (used(&down), used(&up));
    fit(&mut downstream_usage, LIST_BYTES)?;
    fit(&mut upstream_dependencies, LIST_BYTES)?;
    let circles = dependencies.cycles().into_iter().filter(|circle| circle.contains(&object));
    Ok(Answer {
        measure: measure.name.clone(),
        table: table.name.clone(),
        downstream_usage,
        downstream_count: down.len(),
        downstream_tree,
        upstream_dependencies,
        upstream_count: up.len(),
        cycles: circles.take(2).map(|circle| circle.into_iter().take(TOLD / 6).map(name).collect()).collect(),
        model: opened.identity,
    })
}
