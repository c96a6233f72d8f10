//! `02_list_tables`: the tables of a model.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::semantic_model::error::Error;
use crate::semantic_model::facts::Unavailable;
use crate::semantic_model::facts::page::{Page, Shorten};
use crate::semantic_model::model::{Model, Table, TableKind};
use crate::semantic_model::models::{ModelIdentity, ModelName, Models};
use crate::semantic_model::words::{Mode, SourceKind};

/// What is asked.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Args {
    /// The model by path, name or index; the connected one when not given.
    #[serde(default)]
    pub model: Option<ModelName>,
    /// Tables per page, 1 to 500; 50 when not given.
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
    /// The tables of this page, in the model's order.
    pub rows: Vec<TableRow>,
    /// How many are in this page.
    pub row_count: usize,
    /// How many there are.
    pub total: usize,
    /// Ask for the next page with this.
    pub next_token: Option<String>,
    /// Facts that a file cannot hold, with the reason.
    pub unavailable: Unavailable,
}

/// One table.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct TableRow {
    /// The name.
    pub name: String,
    /// Number of its columns.
    pub columns: usize,
    /// Number of its measures.
    pub measures: usize,
    /// Not shown to report authors.
    pub hidden: bool,
    /// What it is made from.
    #[serde(rename = "type")]
    pub kind: TableKind,
    /// Where its rows are kept: `import`, `directQuery`, `dual`, `directLake`, `push`, or `mixed`.
    pub storage_mode: Option<String>,
    /// Number of its rows, from a `.vpax` beside the model; else null, see `unavailable`.
    pub row_count: Option<u64>,
    /// What it is for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
}

impl Shorten for TableRow {
    fn shorten(&mut self, _bytes: usize) {
        self.description = None;
    }
}

/// Lists tables.
pub fn run(models: &Models, args: &Args) -> Result<Answer, Error> {
    let opened = models.open(args.model.as_ref())?;
    let page = Page::new(args.page_size, args.next_token.as_deref(), &opened.fingerprint)?;
    let rows = opened.model.tables.iter().map(|table| row(&opened.model, table));
    let taken = page.take(rows, 0)?;
    Ok(Answer {
        total: opened.model.tables.len(),
        row_count: taken.rows.len(),
        rows: taken.rows,
        next_token: taken.next_token,
        unavailable: rows_unavailable(&opened.model),
        model: opened.identity,
    })
}

/// Why numbers of rows are not known, where they are not.
pub(crate) fn rows_unavailable(model: &Model) -> Unavailable {
    let reason = match &model.statistics {
        None => {
            "a model's files hold no data: export its statistics as a `.vpax` beside it (DAX Studio, Tabular Editor)"
        }
        Some(found) if model.tables.iter().any(|table| found.table(&table.name).is_none()) => {
            "the `.vpax` beside the model does not know every table"
        }
        Some(_) => return Unavailable::new(),
    };
    [("row_count", reason)].into()
}

/// Number of a table's rows, where it is known.
pub(crate) fn row_count(model: &Model, table: &Table) -> Option<u64> {
    Some(model.statistics.as_ref()?.table(&table.name)?.rows)
}

fn row(model: &Model, table: &Table) -> TableRow {
    TableRow {
        name: table.name.clone(),
        columns: table.columns().count(),
        measures: table.measures.len(),
        hidden: table.hidden,
        kind: table.kind(),
        storage_mode: storage_mode(model, table),
        row_count: row_count(model, table),
        description: table.description.clone(),
    }
}

/// The mode of all partitions of a table; `mixed` when they differ, none without partitions.
pub(crate) fn storage_mode(model: &Model, table: &Table) -> Option<String> {
    let mut modes = table
        .partitions
        .iter()
        .filter(|partition| partition.source != SourceKind::CalculationGroup)
        .map(|partition| partition_mode(model, partition.mode).as_str());
    let first = modes.next()?;
    Some(if modes.all(|mode| mode == first) { first } else { "mixed" }.to_owned())
}

/// A partition's own mode, else the model's, else import.
pub(crate) fn partition_mode(model: &Model, own: Option<Mode>) -> Mode {
    let named = |mode: Option<Mode>| mode.filter(|mode| *mode != Mode::Default);
    named(own).or_else(|| named(model.default_mode)).unwrap_or_default()
}
