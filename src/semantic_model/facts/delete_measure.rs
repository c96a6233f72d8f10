//! `04_delete_measure`: a measure is taken away.

use schemars::JsonSchema;
use serde::Deserialize;

use crate::semantic_model::error::Error;
use crate::semantic_model::facts::upsert_measure::{Answer, answer};
use crate::semantic_model::models::{ModelName, Models};
use crate::semantic_model::write::{Draft, measure};

/// What is asked.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Args {
    /// The measure's name.
    #[serde(alias = "measure_name")]
    pub measure: String,
    /// Its table; needed only to be sure.
    #[serde(default, alias = "table_name")]
    pub table: Option<String>,
    /// Show the change and write nothing.
    #[serde(default)]
    pub dry_run: bool,
    /// The model by path, name or index; the connected one when not given.
    #[serde(default)]
    pub model: Option<ModelName>,
}

/// Takes a measure away.
pub fn run(models: &Models, args: &Args) -> Result<Answer, Error> {
    let mut draft = Draft::open(models, args.model.as_ref())?;
    let outcome = measure::delete(&mut draft, &args.measure, args.table.as_deref())?;
    answer(&draft, outcome, args.dry_run)
}
