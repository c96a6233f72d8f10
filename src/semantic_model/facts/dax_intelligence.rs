//! `03_dax_intelligence`: what is right and wrong with an expression.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::semantic_model::dax::patterns::{self, Severity};
use crate::semantic_model::dax::{
    Analysis, Complexity, Dependencies, Formula, Home, Level, Names, Object, Position, References, Validation, Way,
    format, transitions,
};
use crate::semantic_model::error::Error;
use crate::semantic_model::facts::measure_details::ReferenceNames;
use crate::semantic_model::facts::page::{cut, fit};
use crate::semantic_model::facts::table::find_table;
use crate::semantic_model::facts::usage::{Used, used};
use crate::semantic_model::model::Model;
use crate::semantic_model::models::{ModelIdentity, ModelName, Models};

/// What is asked.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Args {
    /// A DAX expression or query; `[Measure]` alone looks at that measure's own.
    #[serde(alias = "dax", alias = "query")]
    pub expression: String,
    /// validate: errors only; analyze: patterns and complexity too; debug: laid out, with its variables;
    /// dependencies: all that it is made from.
    #[serde(default)]
    pub analysis_mode: Mode,
    /// The table it is written in, for columns without a table.
    #[serde(default, alias = "table_name")]
    pub table: Option<String>,
    /// The model by path, name or index; the connected one when not given.
    #[serde(default)]
    pub model: Option<ModelName>,
}

/// How far an expression is looked at.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Mode {
    /// Errors, references, transitions, patterns, complexity.
    #[default]
    Analyze,
    /// Errors.
    Validate,
    /// Errors, the expression laid out, its variables with a query for each.
    Debug,
    /// Errors, and everything that it is made from.
    Dependencies,
}

/// What is answered.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Answer {
    /// The model whose names were looked up; null when there was none.
    pub model: Option<ModelIdentity>,
    /// How far it was looked at.
    pub analysis_mode: Mode,
    /// The measure whose expression was looked at, when `[Measure]` was given.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub of_measure: Option<String>,
    /// Whether it is right.
    pub validation: Validation,
    /// What was found, for `analyze`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub analysis: Option<Findings>,
    /// For `debug`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub debug: Option<Debugging>,
    /// For `dependencies`: measures, columns, tables, each with its distance.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub dependencies: Option<Vec<Used>>,
}

/// What was found in an expression.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Findings {
    /// What it refers to.
    pub references: ReferenceNames,
    /// Places where the row that is looked at becomes a filter.
    pub context_transitions: Vec<TransitionRow>,
    /// How many there are in all.
    pub context_transition_count: usize,
    /// What is worth a change.
    pub anti_patterns: Vec<PatternRow>,
    /// How many there are in all.
    pub anti_pattern_count: usize,
    /// From the text alone, with the measures it builds on; says nothing about speed.
    pub complexity_score: u32,
    /// Calls inside calls at the deepest place.
    pub max_nesting_level: u32,
}

/// One context transition.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct TransitionRow {
    /// The measure or call that causes it.
    pub at: String,
    /// The iterator; null for the rows of the table that it is written in.
    pub iterator: Option<String>,
    /// The line, from 1.
    pub line: u32,
    /// The column, from 1.
    pub column: u32,
}

/// One pattern.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct PatternRow {
    /// Its name.
    pub id: &'static str,
    /// How much it matters.
    pub severity: Severity,
    /// What is there, and why it is worth a change.
    pub message: String,
    /// What to write instead.
    pub suggestion: String,
    /// The line, from 1.
    pub line: u32,
    /// The column, from 1.
    pub column: u32,
}

/// What helps to find a fault.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Debugging {
    /// The expression laid out for reading.
    pub formatted: String,
    /// It is longer than shown.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub cut: bool,
    /// Its variables, in the order of the text.
    pub variables: Vec<VariableRow>,
}

/// One variable.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct VariableRow {
    /// The name.
    pub name: String,
    /// What it is made of.
    pub expression: String,
    /// Whether anything reads it.
    pub used: bool,
    /// The line, from 1.
    pub line: u32,
    /// The column, from 1.
    pub column: u32,
}

/// Rows of each kind that are told.
const TOLD: usize = 25;

/// Bytes of each list at most.
const LIST_BYTES: usize = 3 * 1024;

/// Bytes of a quoted part.
const QUOTED: usize = 120;

/// Looks at an expression.
pub fn run(models: &Models, args: &Args) -> Result<Answer, Error> {
    let opened = match models.open(args.model.as_ref()) {
        // Grammar needs no model.
        Err(Error::NoRoots | Error::NothingFound { .. }) if args.model.is_none() => None,
        other => Some(other?),
    };
    let none = Model::default();
    let model = opened.as_ref().map_or(&none, |opened| &opened.model);
    let names = Names::of(model);
    let mut home = match &args.table {
        Some(table) if opened.is_some() => Home::Measure(&find_table(model, table)?.name),
        Some(_) | None => Home::Query,
    };
    let mut text = args.expression.as_str();
    let mut of_measure = None;
    if let Some((table, measure)) = alone(text).and_then(|name| names.measure(&name)) {
        text = &measure.expression;
        home = Home::Measure(&table.name);
        of_measure = Some(measure.name.clone());
    }
    let formula = Formula::parse(text);
    let analysis = Analysis::of(&formula, home, &names);
    let validation = match &opened {
        Some(_) => Validation::of(text, &analysis.problems, Level::References),
        None => Validation::of(text, &formula.problems, Level::Syntax),
    };
    let dependencies = || Dependencies::of(model, &names);
    let mut found = (args.analysis_mode == Mode::Analyze).then(|| findings(text, &analysis, &dependencies()));
    if let Some(found) = &mut found {
        fit(&mut found.context_transitions, LIST_BYTES)?;
        fit(&mut found.anti_patterns, LIST_BYTES)?;
        found.references = std::mem::take(&mut found.references).within(LIST_BYTES)?;
    }
    let mut debug = (args.analysis_mode == Mode::Debug).then(|| debugging(text, &analysis));
    if let Some(debug) = &mut debug {
        fit(&mut debug.variables, LIST_BYTES)?;
    }
    let mut made = (args.analysis_mode == Mode::Dependencies).then(|| made_from(&analysis, &dependencies()));
    if let Some(made) = &mut made {
        fit(made, 2 * LIST_BYTES)?;
    }
    let mut validation = validation;
    fit(&mut validation.errors, LIST_BYTES)?;
    Ok(Answer {
        model: opened.as_ref().map(|opened| opened.identity.clone()),
        analysis_mode: args.analysis_mode,
        of_measure,
        validation,
        analysis: found,
        debug,
        dependencies: made,
    })
}

/// The name in a text that is `[Name]` and nothing else.
fn alone(text: &str) -> Option<String> {
    let inner = text.trim().strip_prefix('[')?.strip_suffix(']')?;
    let bare = inner.replace("]]", "");
    (!bare.contains(']')).then(|| inner.replace("]]", "]"))
}

fn findings(text: &str, analysis: &Analysis<'_, '_>, dependencies: &Dependencies<'_>) -> Findings {
    let references = References::found(analysis);
    let complexity = Complexity::of(analysis);
    let below = references.measures.iter().map(|measure| dependencies.depth(measure) + 1).max().unwrap_or_default();
    let transitions = transitions(analysis);
    let found = patterns::patterns(text, analysis);
    let quoted = |at: usize| {
        let mut part = analysis.outline.site(at).map(|site| site.node.span.of(text)).unwrap_or_default().to_owned();
        part = part.split_whitespace().collect::<Vec<_>>().join(" ");
        cut(&mut part, QUOTED);
        part
    };
    let function = |at: usize| quoted(at).split('(').next().unwrap_or_default().trim().to_owned();
    Findings {
        context_transition_count: transitions.len(),
        context_transitions: transitions
            .iter()
            .take(TOLD)
            .map(|one| {
                let start = analysis.outline.site(one.site).map_or(0, |site| site.node.span.start);
                let Position { line, column } = Position::of(text, start);
                TransitionRow { at: quoted(one.site), iterator: one.iterator.map(function), line, column }
            })
            .collect(),
        anti_pattern_count: found.len(),
        anti_patterns: found
            .into_iter()
            .take(TOLD)
            .map(|one| {
                let Position { line, column } = Position::of(text, one.finding.span.start);
                let short = |mut text: String| {
                    cut(&mut text, 240);
                    text
                };
                PatternRow {
                    id: one.pattern.id,
                    severity: one.pattern.severity,
                    message: short(one.finding.message),
                    suggestion: short(one.finding.suggestion),
                    line,
                    column,
                }
            })
            .collect(),
        complexity_score: complexity.score(below),
        max_nesting_level: complexity.nesting,
        references: ReferenceNames::of(references),
    }
}

fn debugging(text: &str, analysis: &Analysis<'_, '_>) -> Debugging {
    // What does not parse is shown as it stands.
    let mut formatted = format(text).unwrap_or_else(|| text.to_owned());
    let is_cut = cut(&mut formatted, 6 * 1024);
    let read: std::collections::HashSet<(usize, usize)> = analysis
        .targets
        .iter()
        .filter_map(|target| {
            if let Some(crate::semantic_model::dax::Target::Variable(block, index)) = target {
                Some((*block, *index))
            } else {
                None
            }
        })
        .collect();
    let mut variables = Vec::new();
    for (at, site) in analysis.outline.sites() {
        let crate::semantic_model::dax::syntax::Kind::Block(block) = &site.node.kind else { continue };
        for (index, variable) in block.variables.iter().enumerate() {
            let Position { line, column } = Position::of(text, variable.span.start);
            let mut expression = variable.value.span.of(text).to_owned();
            cut(&mut expression, 400);
            let used = read.contains(&(at, index));
            variables.push(VariableRow { name: variable.name.clone(), expression, used, line, column });
        }
    }
    variables.sort_by_key(|variable| (variable.line, variable.column));
    variables.truncate(TOLD);
    Debugging { formatted, cut: is_cut, variables }
}

fn made_from(analysis: &Analysis<'_, '_>, dependencies: &Dependencies<'_>) -> Vec<Used> {
    let references = References::found(analysis);
    let mut direct: Vec<Object<'_>> = references.measures.iter().map(|name| Object::Measure(name)).collect();
    direct.extend(references.columns.iter().map(|(table, column)| Object::Column(table, column)));
    direct.extend(references.tables.iter().map(|table| Object::Table(table)));
    direct.extend(references.functions.iter().map(|name| Object::Function(name)));
    let mut found: Vec<(Object<'_>, u32)> = direct.iter().map(|object| (*object, 1)).collect();
    for object in direct {
        for (further, distance) in dependencies.reach(object, Way::Up) {
            match found.iter_mut().find(|(known, _)| *known == further) {
                Some((_, known)) => *known = (*known).min(distance + 1),
                None => found.push((further, distance + 1)),
            }
        }
    }
    found.sort_by_key(|(object, distance)| (*distance, *object));
    used(&found)
}
