//! `05_comprehensive_analysis`: what rules find in a model.
//!
//! One row is one rule with how often it was found and three examples, or one
//! finding. Must not judge: `rules` does.

use std::collections::BTreeMap;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Serialize};

use crate::semantic_model::dax::Position;
use crate::semantic_model::error::Error;
use crate::semantic_model::facts::page::{Page, Shorten, cut, size_of};
use crate::semantic_model::models::{ModelIdentity, ModelName, Models, Opened};
use crate::semantic_model::roots::is_inside;
use crate::semantic_model::rules::{
    Analysis, AutoFix, Category, Depth, ElementKind, Figures, Issue, Request, Review, Severity, Unavailable, UserRules,
    all, review,
};

/// What is asked.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Args {
    /// The part of the review; all when not given.
    #[serde(default)]
    pub scope: Option<Scope>,
    /// fast: properties only; balanced (default): expressions too; deep: also what nothing uses, and style.
    #[serde(default)]
    #[schemars(schema_with = "depths")]
    pub depth: Option<Depth>,
    /// Only what a program can mend safely, with the property to set. Nothing is changed.
    #[serde(default)]
    pub auto_fix: Option<bool>,
    /// Only this severity.
    #[serde(default)]
    pub severity: Option<Severity>,
    /// Only this category, as `Performance`, `DAX Expressions`, `Integrity`.
    #[serde(default)]
    pub category: Option<String>,
    /// Only this rule.
    #[serde(default, alias = "rule")]
    pub rule_id: Option<String>,
    /// rule (default): a row per rule with its count and three examples; none: a row per finding.
    #[serde(default)]
    pub group_by: Option<GroupBy>,
    /// The model by path, name or index; the connected one when not given.
    #[serde(default)]
    pub model: Option<ModelName>,
    /// Rows per page, 1 to 500; 25 when not given.
    #[serde(default, alias = "limit")]
    #[schemars(range(min = 1, max = 500))]
    pub page_size: Option<u32>,
    /// The `next_token` of the page before.
    #[serde(default)]
    pub next_token: Option<String>,
}

fn depths(_: &mut SchemaGenerator) -> Schema {
    json_schema!({"type": "string", "enum": ["fast", "balanced", "deep", "detailed"]})
}

/// The part of a review.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Scope {
    /// Everything.
    #[default]
    All,
    /// Best practices.
    Bpa,
    /// What costs time or memory.
    Performance,
    /// How tables hang together.
    Relationships,
    /// What leads nowhere.
    Integrity,
    /// M queries.
    MPractices,
}

impl Scope {
    fn analysis(self) -> Option<Analysis> {
        match self {
            Self::All => None,
            Self::Bpa => Some(Analysis::Bpa),
            Self::Performance => Some(Analysis::Performance),
            Self::Relationships => Some(Analysis::Relationships),
            Self::Integrity => Some(Analysis::Integrity),
            Self::MPractices => Some(Analysis::MPractices),
        }
    }
}

/// What a row is.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum GroupBy {
    /// A rule.
    #[default]
    Rule,
    /// A finding.
    None,
}

/// What is answered.
#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema)]
pub struct Answer {
    /// The model that was asked.
    pub model: ModelIdentity,
    /// The part that was reviewed.
    pub scope: Scope,
    /// How closely.
    pub depth: Depth,
    /// The parts of the review; null where it was not asked for.
    pub analyses: Analyses,
    /// The rows of this page, severe ones first.
    pub issues: Vec<Row>,
    /// How many are in this page.
    pub row_count: usize,
    /// How many there are.
    pub total: usize,
    /// Ask for the next page with this.
    pub next_token: Option<String>,
    /// Over all findings of the scope, whatever is shown.
    pub summary: Summary,
    /// Rules that could not look, and why.
    pub unavailable: Vec<Unavailable>,
    /// The file with rules of the user's own, where there is one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub own_rules: Option<String>,
}

/// The parts of a review.
#[derive(Debug, Clone, Default, PartialEq, Serialize, JsonSchema)]
pub struct Analyses {
    /// Microsoft's public rules and the user's own.
    pub bpa: Option<Part>,
    /// What costs time or memory.
    pub performance: Option<Performance>,
    /// How tables hang together.
    pub relationships: Option<Relationships>,
    /// What leads nowhere.
    pub integrity: Option<Part>,
    /// M queries.
    pub m_practices: Option<Queries>,
}

/// A part of a review.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Part {
    /// Rules that looked.
    pub rules_checked: usize,
    /// Of these, rules that found something.
    pub rules_with_issues: usize,
    /// Findings.
    pub issue_count: usize,
}

/// What costs time or memory.
#[derive(Debug, Clone, Default, PartialEq, Serialize, JsonSchema)]
pub struct Performance {
    /// Rules and findings; what `bpa` tells already is not told again.
    #[serde(flatten)]
    pub part: Part,
    /// Calculated columns.
    pub calculated_columns: usize,
    /// Relationships that filter both ways.
    pub bidirectional_relationships: usize,
    /// The most involved measures by their text, which says nothing about speed.
    pub most_complex_measures: Vec<MostComplex>,
}

/// One of the most involved measures.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct MostComplex {
    /// The measure.
    pub measure: String,
    /// Its table.
    pub table: String,
    /// As `02_list_measures` tells it.
    pub complexity: u32,
}

/// How tables hang together.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Relationships {
    /// Rules and findings; what `bpa` tells already is not told again.
    #[serde(flatten)]
    pub part: Part,
    /// Relationships.
    pub relationships: usize,
    /// Relationships that are not active.
    pub inactive: usize,
    /// Many-to-many relationships.
    pub many_to_many: usize,
    /// Relationships that filter both ways.
    pub bidirectional: usize,
    /// Groups of related tables; more than one are islands.
    pub groups: usize,
}

/// M queries.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Queries {
    /// Rules and findings.
    #[serde(flatten)]
    pub part: Part,
    /// Queries and shared expressions that were read.
    pub queries: usize,
}

/// Counts over all findings.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Summary {
    /// Findings.
    pub issue_count: usize,
    /// Findings by severity.
    pub by_severity: BTreeMap<&'static str, usize>,
    /// Findings by category.
    pub by_category: BTreeMap<&'static str, usize>,
    /// From 0 to 100: what is left of the weight of all rules (error 6, warning 3, info 1) when those with findings
    /// have lost half of theirs and their share of findings of the other half.
    pub score: u32,
}

/// A finding, or a rule with its first finding.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Row {
    /// The rule.
    pub rule_id: String,
    /// Its name.
    pub rule_name: String,
    /// What it is about.
    pub category: Category,
    /// How much it matters.
    pub severity: Severity,
    /// The object; the first one where the row is a rule.
    pub object: String,
    /// What it is.
    pub object_type: ElementKind,
    /// Its table.
    pub table: Option<String>,
    /// What is wrong.
    pub message: String,
    /// What to do about it.
    pub fix: String,
    /// Findings of the rule, where the row is one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub count: Option<usize>,
    /// Up to three objects, where the row is a rule.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub examples: Option<Vec<String>>,
    /// The property that a program may set to mend it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub auto_fix: Option<AutoFix>,
    /// Where in the object's expression.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub position: Option<Position>,
    /// The file of the model and the line.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub file: Option<String>,
}

impl Shorten for Row {
    fn shorten(&mut self, bytes: usize) {
        // A third each for what says most; names are short.
        let share = bytes.saturating_sub(1024) / 3;
        cut(&mut self.message, share);
        cut(&mut self.fix, share);
        cut(&mut self.object, 256);
        for example in self.examples.iter_mut().flatten() {
            cut(example, share / 3);
        }
    }
}

/// Bytes of one text of a row at most: a page should hold more than one row.
const TEXT_BYTES: usize = 400;

/// Reviews the model.
pub fn run(models: &Models, args: &Args) -> Result<Answer, Error> {
    let category = args.category.as_deref().map(category).transpose()?;
    let opened = models.open(args.model.as_ref())?;
    let own = own_rules(models, &opened)?;
    if let Some(id) = &args.rule_id {
        known(id, &own)?;
    }
    let scope = args.scope.unwrap_or_default();
    let depth = args.depth.unwrap_or_default();
    let size = Some(args.page_size.unwrap_or(25));
    let page = Page::new(size, args.next_token.as_deref(), &opened.fingerprint)?;
    let found = review(&opened.model, &Request { scope: scope.analysis(), depth, own: &own, annotations: true })?;
    let wanted = |issue: &&Issue| {
        args.severity.is_none_or(|severity| severity == issue.severity)
            && category.is_none_or(|category| category == issue.category)
            && args.rule_id.as_ref().is_none_or(|id| issue.rule_id.eq_ignore_ascii_case(id))
            && (args.auto_fix != Some(true) || issue.auto_fix.is_some())
    };
    let issues = found.issues.iter().filter(wanted);
    let rows = match args.group_by.unwrap_or_default() {
        GroupBy::Rule => by_rule(issues),
        GroupBy::None => issues.map(row).collect(),
    };
    let total = rows.len();
    let mut answer = Answer {
        scope,
        depth,
        analyses: analyses(&found, scope),
        issues: Vec::new(),
        row_count: 0,
        total,
        next_token: None,
        summary: Summary {
            issue_count: found.issues.len(),
            by_severity: found.by_severity(),
            by_category: found.by_category(),
            score: found.score,
        },
        unavailable: found.unavailable,
        own_rules: own.file,
        model: opened.identity,
    };
    let head = size_of(&answer)?;
    let taken = page.take(rows.into_iter(), head)?;
    answer.row_count = taken.rows.len();
    answer.issues = taken.rows;
    answer.next_token = taken.next_token;
    Ok(answer)
}

/// The rules beside the model, in the folders that are open.
fn own_rules(models: &Models, opened: &Opened) -> Result<UserRules, Error> {
    let roots: Vec<_> = models.roots.iter().filter_map(|root| root.canonicalize().ok()).collect();
    UserRules::beside(&opened.place, |file| is_inside(file, &roots))
}

fn category(name: &str) -> Result<Category, Error> {
    Category::parse(name).ok_or_else(|| {
        let names: Vec<&str> = Category::ALL.iter().map(|category| category.as_str()).collect();
        Error::InvalidArgument {
            message: format!("there is no category `{name}`"),
            hint: format!("there are {}", names.join(", ")),
        }
    })
}

fn known(id: &str, own: &UserRules) -> Result<(), Error> {
    let ids = || all().iter().chain(&own.rules).map(|rule| rule.id.as_ref());
    if ids().any(|known| known.eq_ignore_ascii_case(id)) {
        return Ok(());
    }
    Err(Error::InvalidArgument {
        message: format!("there is no rule `{id}`"),
        hint: match Error::not_found("rule", id, ids()).hint() {
            near if near.starts_with("did you mean") => near,
            _ => "call without `rule_id` for those that found something".to_owned(),
        },
    })
}

fn by_rule<'i>(issues: impl Iterator<Item = &'i Issue>) -> Vec<Row> {
    let mut rows: Vec<Row> = Vec::new();
    for issue in issues {
        match rows.last_mut().filter(|row| row.rule_id == issue.rule_id) {
            Some(last) => {
                last.count = last.count.map(|count| count + 1);
                let examples = last.examples.get_or_insert_with(Vec::new);
                if examples.len() < 3 && !examples.contains(&issue.full_name) {
                    examples.push(short(&issue.full_name));
                }
            }
            None => rows.push(Row { count: Some(1), examples: Some(vec![short(&issue.full_name)]), ..row(issue) }),
        }
    }
    rows
}

fn short(text: &str) -> String {
    let mut text = text.to_owned();
    if cut(&mut text, TEXT_BYTES) {
        text.push_str("...");
    }
    text
}

fn row(issue: &Issue) -> Row {
    Row {
        rule_id: issue.rule_id.to_string(),
        rule_name: issue.rule_name.to_string(),
        category: issue.category,
        severity: issue.severity,
        object: issue.object.clone(),
        object_type: issue.object_type,
        table: issue.table.clone(),
        message: short(&issue.message),
        fix: short(&issue.fix),
        count: None,
        examples: None,
        auto_fix: issue.auto_fix,
        position: issue.position,
        file: issue.location.as_ref().map(|location| format!("{}:{}", location.file, location.line)),
    }
}

fn analyses(found: &Review, scope: Scope) -> Analyses {
    let wants = |analysis: Analysis| scope.analysis().is_none_or(|only| only == analysis);
    let part = |analysis: Analysis| {
        let rules = || found.checked.iter().filter(|rule| rule.analysis == analysis);
        wants(analysis).then(|| Part {
            rules_checked: rules().count(),
            rules_with_issues: rules().filter(|rule| rule.found > 0).count(),
            issue_count: rules().map(|rule| rule.found).sum(),
        })
    };
    let Figures { calculated_columns, both_ways, many_to_many, relationships, inactive, groups, queries, .. } =
        found.figures;
    let most = found.figures.most_involved.iter().map(|(measure, table, complexity)| MostComplex {
        measure: short(measure),
        table: short(table),
        complexity: *complexity,
    });
    Analyses {
        bpa: part(Analysis::Bpa),
        performance: part(Analysis::Performance).map(|part| Performance {
            part,
            calculated_columns,
            bidirectional_relationships: both_ways,
            most_complex_measures: most.collect(),
        }),
        relationships: part(Analysis::Relationships).map(|part| Relationships {
            part,
            relationships,
            inactive,
            many_to_many,
            bidirectional: both_ways,
            groups,
        }),
        integrity: part(Analysis::Integrity),
        m_practices: part(Analysis::MPractices).map(|part| Queries { part, queries }),
    }
}
