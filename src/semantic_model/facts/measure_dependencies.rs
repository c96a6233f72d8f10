//! `06_analyze_measure_dependencies`: what a measure is made from.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::semantic_model::dax::{Dependencies, Home, Names, Object, References, Way};
use crate::semantic_model::error::Error;
use crate::semantic_model::facts::measure_details::{ReferenceNames, find_measure};
use crate::semantic_model::facts::page::fit;
use crate::semantic_model::facts::usage::{TreeLine, tree_lines};
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
    /// Steps that the tree goes down; 5 when not given.
    #[serde(default, alias = "depth")]
    #[schemars(range(min = 1, max = 50))]
    pub max_depth: Option<u32>,
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
    /// Measures that its expression names.
    pub referenced_measures: Vec<String>,
    /// Columns that its expression names, as `'Sales'[Quantity]`.
    pub referenced_columns: Vec<String>,
    /// Tables that its expression names without a column.
    pub referenced_tables: Vec<String>,
    /// Names that the model does not have.
    pub unresolved: Vec<String>,
    /// A list has more than is shown.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub cut: bool,
    /// All that it is made from, line by line from the top.
    pub dependency_tree: Vec<TreeLine>,
    /// The tree has more lines than are shown.
    pub tree_cut: bool,
    /// Measures that stand on one another below this one.
    pub depth: u32,
}

const DEPTH: u32 = 5;

const MAX_DEPTH: u32 = 50;

/// Bytes of the names at most.
const REFERENCE_BYTES: usize = 6 * 1024;

/// Bytes of the tree at most.
const TREE_BYTES: usize = 6 * 1024;

/// Tells what a measure is made from.
pub fn run(models: &Models, args: &Args) -> Result<Answer, Error> {
    let max_depth = args.max_depth.unwrap_or(DEPTH);
    if max_depth == 0 || max_depth > MAX_DEPTH {
        return Err(Error::InvalidArgument {
            message: format!("`max_depth` is {max_depth}"),
            hint: format!("give a number from 1 to {MAX_DEPTH}"),
        });
    }
    let opened = models.open(args.model.as_ref())?;
    let names = Names::of(&opened.model);
    let (table, measure) = find_measure(&opened.model, &args.measure, args.table.as_deref())?;
    let dependencies = Dependencies::of(&opened.model, &names);
    let references = References::of(&measure.expression, Home::Measure(&table.name), &names);
    let names = ReferenceNames::of(references).within(REFERENCE_BYTES)?;
    let (mut dependency_tree, mut tree_cut) =
        tree_lines(&dependencies.tree(Object::Measure(&measure.name), Way::Up, max_depth));
    tree_cut |= fit(&mut dependency_tree, TREE_BYTES)?;
    Ok(Answer {
        measure: measure.name.clone(),
        table: table.name.clone(),
        referenced_measures: names.measures,
        referenced_columns: names.columns,
        referenced_tables: names.tables,
        unresolved: names.unresolved,
        cut: names.cut,
        dependency_tree,
        tree_cut,
        depth: dependencies.depth(&measure.name),
        model: opened.identity,
    })
}
