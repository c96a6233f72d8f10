//! `03_run_dax` and `03_preview_table_data`: what can be said of a query
//! without an engine to run it.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::semantic_model::dax::names::table_name;
use crate::semantic_model::dax::{Analysis, Formula, Home, Level, Names, Validation};
use crate::semantic_model::error::Error;
use crate::semantic_model::facts::table::find_table;
use crate::semantic_model::models::{ModelIdentity, ModelName, Models};

/// What is asked to run a query.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Args {
    /// A query, as `EVALUATE Sales`.
    #[serde(alias = "dax", alias = "expression")]
    pub query: String,
    /// run, or analyze for timings too.
    #[serde(default)]
    pub mode: Mode,
    /// The model by path, name or index; the connected one when not given.
    #[serde(default)]
    pub model: Option<ModelName>,
}

/// What is wanted of a query.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Mode {
    /// Its rows.
    #[default]
    Run,
    /// Its rows and timings.
    Analyze,
}

/// What is asked to see rows of a table.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct PreviewArgs {
    /// The table.
    #[serde(alias = "table_name")]
    pub table: String,
    /// Rows; 10 when not given.
    #[serde(default, alias = "limit", alias = "max_rows")]
    #[schemars(range(min = 1, max = 1000))]
    pub top: Option<u32>,
    /// The model by path, name or index; the connected one when not given.
    #[serde(default)]
    pub model: Option<ModelName>,
}

/// What is answered, beside that there is no engine.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Answer {
    /// The model that was asked.
    pub model: ModelIdentity,
    /// Grammar and names were looked at.
    pub syntax_checked: bool,
    /// Whether the query is right.
    pub validation: Validation,
    /// The query that an engine would be given.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub query: Option<String>,
}

/// Looks at a query.
pub fn run(models: &Models, args: &Args) -> Result<Answer, Error> {
    let opened = models.open(args.model.as_ref())?;
    let validation = {
        let names = Names::of(&opened.model);
        let formula = Formula::parse(&args.query);
        let mut problems = Analysis::of(&formula, Home::Query, &names).problems;
        if problems.is_empty() && formula.expression().is_some() {
            let message = "this is an expression, and a query begins with `EVALUATE` or `DEFINE`";
            let problem =
                crate::semantic_model::dax::Problem::new(crate::semantic_model::dax::Span::default(), message);
            problems.push(problem.with_hint("EVALUATE ROW ( \"Result\", ... )"));
        }
        Validation::of(&args.query, &problems, Level::References)
    };
    Ok(Answer { model: opened.identity, syntax_checked: true, validation, query: None })
}

/// Looks at the query that shows rows of a table.
pub fn preview(models: &Models, args: &PreviewArgs) -> Result<Answer, Error> {
    let opened = models.open(args.model.as_ref())?;
    let table = find_table(&opened.model, &args.table)?.name.clone();
    let query = format!("EVALUATE TOPN ( {}, {} )", args.top.unwrap_or(10), table_name(&table));
    let asked = Args { query: query.clone(), model: args.model.clone(), ..Args::default() };
    Ok(Answer { query: Some(query), ..run(models, &asked)? })
}
