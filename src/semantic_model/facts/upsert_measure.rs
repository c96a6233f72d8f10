//! `04_upsert_measure`: a measure is added or changed.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::semantic_model::error::Error;
use crate::semantic_model::facts::written::{Change, Inverse};
use crate::semantic_model::models::{ModelIdentity, ModelName, Models};
use crate::semantic_model::write::Draft;
use crate::semantic_model::write::measure::{self, Action, Outcome, Wish};

/// What is asked.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Args {
    /// Its name, unique in the model.
    #[serde(alias = "measure_name")]
    pub measure: String,
    /// Its table; needed for a new measure.
    #[serde(default, alias = "table_name")]
    pub table: Option<String>,
    /// Its DAX; needed for a new measure. What is not given stays as it is.
    #[serde(default)]
    pub expression: Option<String>,
    /// What it is for; "" takes it away.
    #[serde(default)]
    pub description: Option<String>,
    /// As `#,0.00`; "" takes it away.
    #[serde(default)]
    pub format_string: Option<String>,
    /// As `Money\Gross`; "" takes it away.
    #[serde(default)]
    pub display_folder: Option<String>,
    /// Not shown to report authors.
    #[serde(default)]
    pub hidden: Option<bool>,
    /// From the `inverse` of a deletion: the whole declaration.
    #[serde(default)]
    pub declaration: Option<String>,
    /// Show the change and write nothing.
    #[serde(default)]
    pub dry_run: bool,
    /// The model by path, name or index; the connected one when not given.
    #[serde(default)]
    pub model: Option<ModelName>,
}

/// What is answered.
#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema)]
pub struct Answer {
    /// The model that was changed.
    pub model: ModelIdentity,
    /// What was done.
    pub action: Action,
    /// The measure.
    pub measure: String,
    /// Its table.
    pub table: String,
    /// What breaks without the measure, when it was deleted.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub used_by: Vec<String>,
    /// The change of files.
    #[serde(flatten)]
    pub change: Change,
}

/// Users of a deleted measure that are told.
const TOLD: usize = 20;

/// Adds or changes a measure.
pub fn run(models: &Models, args: &Args) -> Result<Answer, Error> {
    let mut draft = Draft::open(models, args.model.as_ref())?;
    let wish = Wish {
        table: args.table.clone(),
        measure: args.measure.clone(),
        expression: args.expression.clone(),
        description: args.description.clone(),
        format_string: args.format_string.clone(),
        display_folder: args.display_folder.clone(),
        hidden: args.hidden,
        declaration: args.declaration.clone(),
    };
    let outcome = measure::upsert(&mut draft, &wish)?;
    answer(&draft, outcome, args.dry_run)
}

/// The answer to a change of a measure, which is written here.
pub(crate) fn answer(draft: &Draft, outcome: Outcome, dry_run: bool) -> Result<Answer, Error> {
    let inverse = match &outcome.inverse {
        None => None,
        Some(measure::Inverse::Upsert(wish)) => Some(Inverse::of(draft, "04_upsert_measure", wish)?),
        Some(measure::Inverse::Delete) => {
            let wish = Wish { table: Some(outcome.table.clone()), measure: outcome.measure.clone(), ..Wish::default() };
            Some(Inverse::of(draft, "04_delete_measure", wish)?)
        }
    };
    let mut used_by = outcome.used_by;
    used_by.truncate(TOLD);
    Ok(Answer {
        model: draft.identity().clone(),
        action: outcome.action,
        measure: outcome.measure,
        table: outcome.table,
        used_by,
        change: Change::of(draft, outcome.file, inverse, dry_run)?,
    })
}
