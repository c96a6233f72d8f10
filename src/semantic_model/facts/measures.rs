//! `02_list_measures`: the measures of a model or of one table.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::semantic_model::dax::{Analysis, Complexity, Dependencies, Formula, Home, Names};
use crate::semantic_model::error::Error;
use crate::semantic_model::facts::page::{Page, Shorten, cut};
use crate::semantic_model::facts::table::find_table;
use crate::semantic_model::model::{Measure, Table, same};
use crate::semantic_model::models::{ModelIdentity, ModelName, Models};

/// What is asked.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Args {
    /// Only the measures of this table.
    #[serde(default, alias = "table_name")]
    pub table: Option<String>,
    /// The model by path, name or index; the connected one when not given.
    #[serde(default)]
    pub model: Option<ModelName>,
    /// Measures per page, 1 to 500; 50 when not given.
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
    /// The measures of this page, in the model's order.
    pub rows: Vec<MeasureRow>,
    /// How many are in this page.
    pub row_count: usize,
    /// How many there are.
    pub total: usize,
    /// Ask for the next page with this.
    pub next_token: Option<String>,
    /// The measure of the highest complexity among all that were asked for, not this page only.
    pub most_complex_measure: Option<String>,
    /// Its table.
    pub most_complex_measure_table: Option<String>,
}

/// One measure.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct MeasureRow {
    /// The name.
    pub name: String,
    /// Its table.
    pub table: String,
    /// The DAX.
    pub expression: String,
    /// The expression is longer than shown: `02_get_measure_details` gives all of it.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub expression_cut: bool,
    /// As `#,0.00`.
    pub format_string: Option<String>,
    /// As `Money\Gross`.
    pub display_folder: Option<String>,
    /// Not shown to report authors.
    pub hidden: bool,
    /// From the text alone: calls, nesting, iterators, changes of filters, context
    /// transitions, depth of the measures it builds on. Says nothing about speed.
    pub complexity: u32,
}

impl Shorten for MeasureRow {
    fn shorten(&mut self, bytes: usize) {
        // Half a kilobyte is for the other members.
        self.expression_cut = cut(&mut self.expression, bytes.saturating_sub(512));
    }
}

/// Lists measures.
pub fn run(models: &Models, args: &Args) -> Result<Answer, Error> {
    let opened = models.open(args.model.as_ref())?;
    let model = &opened.model;
    let page = Page::new(args.page_size, args.next_token.as_deref(), &opened.fingerprint)?;
    let only = args.table.as_deref().map(|name| find_table(model, name)).transpose()?;
    let names = Names::of(model);
    let dependencies = Dependencies::of(model, &names);
    let wanted: Vec<(&Table, &Measure, u32)> = model
        .measures()
        .filter(|(table, _)| only.is_none_or(|only| same(&only.name, &table.name)))
        .map(|(table, measure)| (table, measure, complexity(table, measure, &names, &dependencies)))
        .collect();
    // `max_by_key` keeps the last of equals; the first is what a reader of the list expects.
    let most = wanted.iter().rev().max_by_key(|(_, _, complexity)| *complexity);
    let most = most.map(|(table, measure, _)| (table.name.clone(), measure.name.clone())).unzip();
    let total = wanted.len();
    let taken = page.take(wanted.into_iter().map(|(table, measure, complexity)| row(table, measure, complexity)), 0)?;
    Ok(Answer {
        total,
        row_count: taken.rows.len(),
        rows: taken.rows,
        next_token: taken.next_token,
        most_complex_measure: most.1,
        most_complex_measure_table: most.0,
        model: opened.identity,
    })
}

/// The one number for how involved a measure is.
pub(crate) fn complexity(table: &Table, measure: &Measure, names: &Names<'_>, dependencies: &Dependencies<'_>) -> u32 {
    let formula = Formula::parse(&measure.expression);
    let analysis = Analysis::of(&formula, Home::Measure(&table.name), names);
    Complexity::of(&analysis).score(dependencies.depth(&measure.name))
}

fn row(table: &Table, measure: &Measure, complexity: u32) -> MeasureRow {
    MeasureRow {
        name: measure.name.clone(),
        table: table.name.clone(),
        expression: measure.expression.clone(),
        expression_cut: false,
        format_string: measure.format_string.clone(),
        display_folder: measure.display_folder.clone(),
        hidden: measure.hidden,
        complexity,
    }
}
