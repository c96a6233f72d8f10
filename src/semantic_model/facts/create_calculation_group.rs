//! `04_create_calculation_group` and `04_delete_calculation_group`.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::json;

use crate::semantic_model::error::Error;
use crate::semantic_model::facts::written::{Change, Inverse};
use crate::semantic_model::models::{ModelIdentity, ModelName, Models};
use crate::semantic_model::write::calculation_group::{self, Item, Wish};
use crate::semantic_model::write::measure::Action;
use crate::semantic_model::write::{Draft, ObjectPath};

/// What is asked.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Args {
    /// Its name, which no table has.
    pub name: String,
    /// Its items, in their order.
    pub items: Vec<Item>,
    /// Groups of a higher one are applied first; 0 when not given.
    #[serde(default)]
    pub precedence: i64,
    /// Show the change and write nothing.
    #[serde(default)]
    pub dry_run: bool,
    /// The model by path, name or index; the connected one when not given.
    #[serde(default)]
    pub model: Option<ModelName>,
}

/// What is asked to delete one.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct DeleteArgs {
    /// Its name.
    pub name: String,
    /// Let the model no longer discourage implicit measures, as before its first group.
    #[serde(default)]
    pub restore_implicit_measures: bool,
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
    /// The group.
    pub name: String,
    /// The change of files.
    #[serde(flatten)]
    pub change: Change,
}

/// Adds a calculation group.
pub fn run(models: &Models, args: &Args) -> Result<Answer, Error> {
    let mut draft = Draft::open(models, args.model.as_ref())?;
    let wish = Wish { name: args.name.clone(), items: args.items.clone(), precedence: args.precedence };
    let switched = calculation_group::create(&mut draft, &wish)?;
    let mut arguments = json!({ "name": wish.name });
    if switched {
        arguments["restore_implicit_measures"] = json!(true);
    }
    let inverse = Inverse::of(&draft, "04_delete_calculation_group", arguments)?;
    let file = draft.file_name(&ObjectPath::Table(wish.name.clone()))?;
    Ok(Answer {
        model: draft.identity().clone(),
        action: Action::Created,
        name: wish.name,
        change: Change::of(&draft, file, Some(inverse), args.dry_run)?,
    })
}

/// Takes a calculation group away.
pub fn delete(models: &Models, args: &DeleteArgs) -> Result<Answer, Error> {
    let mut draft = Draft::open(models, args.model.as_ref())?;
    let table = crate::semantic_model::facts::table::find_table(draft.before(), &args.name)?.name.clone();
    let file = draft.file_name(&ObjectPath::Table(table))?;
    let was = calculation_group::delete(&mut draft, &args.name, args.restore_implicit_measures)?;
    let inverse = Inverse::of(&draft, "04_create_calculation_group", &was)?;
    Ok(Answer {
        model: draft.identity().clone(),
        action: Action::Deleted,
        name: was.name,
        change: Change::of(&draft, file, Some(inverse), args.dry_run)?,
    })
}
