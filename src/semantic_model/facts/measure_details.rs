//! `02_get_measure_details`: one measure with all that it refers to.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::semantic_model::dax::{Dependencies, Home, Names, References};
use crate::semantic_model::error::Error;
use crate::semantic_model::facts::measures::complexity;
use crate::semantic_model::facts::page::{Page, ROW_BYTES, cut, fit, size_of};
use crate::semantic_model::facts::table::{bare_name, find_table};
use crate::semantic_model::model::{Measure, Model, Table};
use crate::semantic_model::models::{ModelIdentity, ModelName, Models};

/// What is asked.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
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
    /// The `next_token` of the answer before, for the rest of a long expression.
    #[serde(default)]
    pub next_token: Option<String>,
}

/// What is answered.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Answer {
    /// The model that was asked.
    pub model: ModelIdentity,
    /// The name.
    pub measure: String,
    /// Its table.
    pub table: String,
    /// The DAX; a part of it when `next_token` is set.
    pub expression: String,
    /// Characters of the whole expression.
    pub expression_length: usize,
    /// Ask for the rest of the expression with this.
    pub next_token: Option<String>,
    /// What it is for.
    pub description: Option<String>,
    /// As `#,0.00`.
    pub format_string: Option<String>,
    /// DAX that yields the format.
    pub format_string_expression: Option<String>,
    /// As `Money\Gross`.
    pub display_folder: Option<String>,
    /// Not shown to report authors.
    pub hidden: bool,
    /// From the text alone, as in `02_list_measures`.
    pub complexity: u32,
    /// What the expression refers to.
    pub references: ReferenceNames,
    /// The file, line and column of its declaration, where the format tells.
    pub location: Option<String>,
}

/// What an expression refers to, in the model's spelling.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, JsonSchema)]
pub struct ReferenceNames {
    /// Measures.
    pub measures: Vec<String>,
    /// Columns, as `'Sales'[Quantity]`.
    pub columns: Vec<String>,
    /// Tables that are named without a column.
    pub tables: Vec<String>,
    /// What neither the model has nor the expression gives a name to.
    pub unresolved: Vec<String>,
    /// A list has more than is shown.
    pub cut: bool,
}

/// References of one kind that are shown.
const SHOWN: usize = 60;

/// Bytes of a description or a format at most.
const TEXT_BYTES: usize = 1024;

impl ReferenceNames {
    pub(crate) fn of(found: References) -> Self {
        let columns =
            found.columns.into_iter().map(|(table, column)| format!("'{}'[{column}]", table.replace('\'', "''")));
        let mut names = Self {
            measures: found.measures.into_iter().collect(),
            columns: columns.collect(),
            tables: found.tables.into_iter().collect(),
            unresolved: found.unresolved.into_iter().collect(),
            cut: false,
        };
        for list in [&mut names.measures, &mut names.columns, &mut names.tables, &mut names.unresolved] {
            names.cut |= list.len() > SHOWN;
            list.truncate(SHOWN);
            for name in list {
                names.cut |= cut(name, 300);
            }
        }
        names
    }

    /// The same in so many bytes at most, a quarter for each kind.
    pub(crate) fn within(mut self, bytes: usize) -> Result<Self, Error> {
        for list in [&mut self.measures, &mut self.columns, &mut self.tables, &mut self.unresolved] {
            self.cut |= fit(list, bytes / 4)?;
        }
        Ok(self)
    }
}

/// Tells one measure.
pub fn run(models: &Models, args: &Args) -> Result<Answer, Error> {
    let opened = models.open(args.model.as_ref())?;
    let names = Names::of(&opened.model);
    let (table, measure) = find_measure(&opened.model, &args.measure, args.table.as_deref())?;
    let page = Page::new(None, args.next_token.as_deref(), &opened.fingerprint)?;
    let short = |text: &Option<String>| {
        let mut text = text.clone();
        if let Some(text) = &mut text {
            cut(text, TEXT_BYTES);
        }
        text
    };
    let mut answer = Answer {
        measure: measure.name.clone(),
        table: table.name.clone(),
        expression: measure.expression.chars().skip(page.start()).collect(),
        expression_length: measure.expression.chars().count(),
        next_token: None,
        description: short(&measure.description),
        format_string: short(&measure.format_string),
        format_string_expression: short(&measure.format_string_expression),
        display_folder: short(&measure.display_folder),
        hidden: measure.hidden,
        complexity: complexity(table, measure, &names, &Dependencies::of(&opened.model, &names)),
        references: ReferenceNames::of(References::of(&measure.expression, Home::Measure(&table.name), &names)),
        location: measure.location.as_ref().map(ToString::to_string),
        model: opened.identity,
    };
    let expression = std::mem::take(&mut answer.expression);
    let room = ROW_BYTES.saturating_sub(size_of(&answer)?);
    answer.expression = expression;
    if cut(&mut answer.expression, room) {
        answer.next_token = Some(page.token(page.start() + answer.expression.chars().count()));
    }
    Ok(answer)
}

/// A measure by its name, as `X`, `[X]`, `T[X]` or `'T'[X]`.
pub(crate) fn find_measure<'m>(
    model: &'m Model,
    name: &str,
    table: Option<&str>,
) -> Result<(&'m Table, &'m Measure), Error> {
    let by_name =
        |wanted: &str| model.measures().find(|(_, measure)| crate::semantic_model::model::same(&measure.name, wanted));
    let found = by_name(name).or_else(|| {
        let inner = name.trim().strip_suffix(']')?;
        let (_, measure) = inner.split_once('[')?;
        by_name(&measure.replace("]]", "]"))
    });
    let unknown =
        || Error::not_found("measure", bare_name(name), model.measures().map(|(_, measure)| measure.name.as_str()));
    let (home, measure) = found.ok_or_else(unknown)?;
    if let Some(table) = table {
        let table = find_table(model, table)?;
        if table.name != home.name {
            return Err(Error::InvalidArgument {
                message: format!("measure `{}` is not in table `{}`", measure.name, table.name),
                hint: format!("it is in table `{}`", home.name),
            });
        }
    }
    Ok((home, measure))
}
