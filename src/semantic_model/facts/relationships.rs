//! `03_list_relationships`: how the tables of a model hang together.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::semantic_model::error::Error;
use crate::semantic_model::facts::page::{Page, Shorten};
use crate::semantic_model::model::Relationship;
use crate::semantic_model::models::{ModelIdentity, ModelName, Models};
use crate::semantic_model::words::{CrossFilter, SecurityFilter};

/// What is asked.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Args {
    /// Leave inactive relationships out.
    #[serde(default)]
    pub active_only: bool,
    /// The model by path, name or index; the connected one when not given.
    #[serde(default)]
    pub model: Option<ModelName>,
    /// Relationships per page, 1 to 500; 50 when not given.
    #[serde(default, alias = "limit")]
    #[schemars(range(min = 1, max = 500))]
    pub page_size: Option<u32>,
    /// The `next_token` of the page before.
    #[serde(default)]
    pub next_token: Option<String>,
}

/// What is answered.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Answer {
    /// The model that was asked.
    pub model: ModelIdentity,
    /// The relationships of this page, in the model's order.
    pub rows: Vec<RelationshipRow>,
    /// How many are in this page.
    pub row_count: usize,
    /// How many there are.
    pub total: usize,
    /// Ask for the next page with this.
    pub next_token: Option<String>,
}

/// One relationship.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct RelationshipRow {
    /// The table that is filtered.
    pub from_table: String,
    /// Its column.
    pub from_column: String,
    /// The table that filters.
    pub to_table: String,
    /// Its column.
    pub to_column: String,
    /// Used without `USERELATIONSHIP`.
    pub active: bool,
    /// As `many_to_one`: how often a value may come on the from side and on the to side.
    pub cardinality: String,
    /// Which way filters go.
    pub cross_filter: CrossFilter,
    /// Which way row-level security goes.
    pub security_filter: SecurityFilter,
}

impl Shorten for RelationshipRow {
    fn shorten(&mut self, _bytes: usize) {}
}

impl RelationshipRow {
    /// The row of one relationship.
    pub(crate) fn of(relationship: &Relationship) -> Self {
        let (from, to) = (relationship.from_cardinality.as_str(), relationship.to_cardinality.as_str());
        Self {
            from_table: relationship.from_table.clone(),
            from_column: relationship.from_column.clone(),
            to_table: relationship.to_table.clone(),
            to_column: relationship.to_column.clone(),
            active: relationship.active,
            cardinality: format!("{from}_to_{to}"),
            cross_filter: relationship.cross_filter,
            security_filter: relationship.security_filter,
        }
    }
}

/// Lists relationships.
pub fn run(models: &Models, args: &Args) -> Result<Answer, Error> {
    let opened = models.open(args.model.as_ref())?;
    let page = Page::new(args.page_size, args.next_token.as_deref(), &opened.fingerprint)?;
    let wanted: Vec<&Relationship> =
        opened.model.relationships.iter().filter(|relationship| relationship.active || !args.active_only).collect();
    let total = wanted.len();
    let taken = page.take(wanted.into_iter().map(RelationshipRow::of), 0)?;
    Ok(Answer {
        total,
        row_count: taken.rows.len(),
        rows: taken.rows,
        next_token: taken.next_token,
        model: opened.identity,
    })
}
