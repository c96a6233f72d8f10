//! A review: every rule that is asked for, looked up in one model.
//!
//! Must not know how it is shown. The score is documented at [`score`].

use std::borrow::Cow;
use std::collections::{BTreeMap, HashMap, HashSet};

use schemars::JsonSchema;
use serde::Serialize;

use super::element::{Element, ElementKind};
use super::hits::{Hit, Hits};
use super::ignore::ignored;
use super::rule::{Analysis, AutoFix, Category, Check, Depth, Rule, Severity};
use super::subject::{Formulas, Subject, is_both_ways, is_many_to_many};
use super::user::UserRules;
use super::{bpa, performance, relations, table};
use crate::semantic_model::dax::Position;
use crate::semantic_model::error::Error;
use crate::semantic_model::model::{Location, Model};
use crate::semantic_model::words::{ColumnKind, SourceKind};

/// What is reviewed.
#[derive(Debug, Clone)]
pub struct Request<'u> {
    /// The part; none for all.
    pub scope: Option<Analysis>,
    /// How closely.
    pub depth: Depth,
    /// The user's own rules.
    pub own: &'u UserRules,
    /// Whether the model's annotations leave rules out.
    pub annotations: bool,
}

/// One finding.
#[derive(Debug, Clone, PartialEq)]
pub struct Issue {
    /// The rule.
    pub rule_id: Cow<'static, str>,
    /// The rule's name.
    pub rule_name: Cow<'static, str>,
    /// The part of the review.
    pub analysis: Analysis,
    /// What it is about.
    pub category: Category,
    /// How much it matters.
    pub severity: Severity,
    /// The object's name, alone.
    pub object: String,
    /// The object's name with what it takes to tell it from others.
    pub full_name: String,
    /// What it is.
    pub object_type: ElementKind,
    /// The table that it belongs to.
    pub table: Option<String>,
    /// What is wrong.
    pub message: String,
    /// What to do about it.
    pub fix: Cow<'static, str>,
    /// What a program may set to mend it.
    pub auto_fix: Option<AutoFix>,
    /// Where in the object's expression.
    pub position: Option<Position>,
    /// Where in the model's files.
    pub location: Option<Location>,
}

/// A rule that could not look.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Unavailable {
    /// The rule.
    pub rule_id: String,
    /// Why.
    pub reason: String,
}

/// A rule that looked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Checked {
    /// The part of the review.
    pub analysis: Analysis,
    /// How much it matters.
    pub severity: Severity,
    /// Objects that it looks at.
    pub objects: usize,
    /// Findings.
    pub found: usize,
}

/// Numbers beside the findings.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Figures {
    /// Calculated columns.
    pub calculated_columns: usize,
    /// Relationships that filter both ways.
    pub both_ways: usize,
    /// Many-to-many relationships.
    pub many_to_many: usize,
    /// Relationships.
    pub relationships: usize,
    /// Relationships that are not active.
    pub inactive: usize,
    /// Groups of related tables; one is what a model should have.
    pub groups: usize,
    /// M queries.
    pub queries: usize,
    /// DAX expressions that were read.
    pub expressions: usize,
    /// The most involved measures with their tables and scores, five at most.
    pub most_involved: Vec<(String, String, u32)>,
}

/// What a review found.
#[derive(Debug, Clone, PartialEq)]
pub struct Review {
    /// The findings: severe ones first, then by rule, then in the model's order.
    pub issues: Vec<Issue>,
    /// Rules that could not look.
    pub unavailable: Vec<Unavailable>,
    /// Rules that looked.
    pub checked: Vec<Checked>,
    /// From 0 to 100.
    pub score: u32,
    /// Numbers beside the findings.
    pub figures: Figures,
}

impl Review {
    /// Findings by severity, every severity being there.
    #[must_use]
    pub fn by_severity(&self) -> BTreeMap<&'static str, usize> {
        let mut found: BTreeMap<&'static str, usize> =
            [Severity::Error, Severity::Warning, Severity::Info].map(|one| (severity_name(one), 0)).into();
        for issue in &self.issues {
            *found.entry(severity_name(issue.severity)).or_default() += 1;
        }
        found
    }

    /// Findings by category, those with none left out.
    #[must_use]
    pub fn by_category(&self) -> BTreeMap<&'static str, usize> {
        let mut found = BTreeMap::new();
        for issue in &self.issues {
            *found.entry(issue.category.as_str()).or_default() += 1;
        }
        found
    }
}

/// As answers say it.
#[must_use]
pub(crate) fn severity_name(severity: Severity) -> &'static str {
    match severity {
        Severity::Info => "info",
        Severity::Warning => "warning",
        Severity::Error => "error",
    }
}

/// Reviews `model`.
pub fn review(model: &Model, request: &Request<'_>) -> Result<Review, Error> {
    let formulas = if request.depth == Depth::Fast { Formulas::none() } else { Formulas::of(model) };
    let subject = Subject::of(model, &formulas);
    let left_out: HashSet<String> = if request.annotations { ignored(Element::Model(model)) } else { HashSet::new() };
    let chosen: Vec<&Rule> = table::all()
        .iter()
        .chain(&request.own.rules)
        .filter(|rule| request.scope.is_none_or(|scope| scope == rule.analysis) && rule.depth() <= request.depth)
        .filter(|rule| !request.own.ignored.iter().any(|id| *id == rule.id))
        .collect();
    let told_first: HashSet<&str> = chosen.iter().map(|rule| rule.id.as_ref()).collect();
    let objects = Objects::of(&subject, request.annotations);
    let mut found = Review {
        issues: Vec::new(),
        unavailable: Vec::new(),
        checked: Vec::new(),
        score: 100,
        figures: figures(&subject),
    };
    for rule in chosen.iter().filter(|rule| rule.twin.is_none_or(|twin| !told_first.contains(twin))) {
        // Left out by the model's own word: the public set's rule silences its twin too.
        if left_out.contains(rule.id.as_ref()) || rule.twin.is_some_and(|twin| left_out.contains(twin)) {
            continue;
        }
        if let Some(reason) = unavailable(rule, &subject) {
            found.unavailable.push(Unavailable { rule_id: rule.id.to_string(), reason });
            continue;
        }
        let severity = request.own.severities.get(rule.id.as_ref()).copied().unwrap_or(rule.severity);
        let hits = look(rule, &subject)?;
        let before = found.issues.len();
        for hit in hits {
            if objects.leaves_out(hit.element, rule) {
                continue;
            }
            found.issues.push(issue(rule, severity, hit));
        }
        found.checked.push(Checked {
            analysis: rule.analysis,
            severity,
            objects: rule.scope.iter().map(|kind| objects.count(*kind)).sum(),
            found: found.issues.len() - before,
        });
    }
    found.issues.sort_by(|one, other| {
        let key = |issue: &Issue| (std::cmp::Reverse(issue.severity), issue.analysis, issue.category);
        key(one).cmp(&key(other)).then_with(|| one.rule_id.cmp(&other.rule_id))
    });
    found.score = score(&found.checked);
    Ok(found)
}

/// From 0 to 100. A rule weighs 6 as an error, 3 as a warning, 1 as information. One with findings loses half of its
/// weight, and of the other half as much as is its share of findings in the objects that it looks at. The score is
/// what is left of the weight of all rules that had something to look at.
fn score(checked: &[Checked]) -> u32 {
    let mut all = 0.0;
    let mut lost = 0.0;
    for rule in checked.iter().filter(|rule| rule.objects > 0) {
        let weight = match rule.severity {
            Severity::Error => 6.0,
            Severity::Warning => 3.0,
            Severity::Info => 1.0,
        };
        all += weight;
        if rule.found > 0 {
            lost += weight * 0.5_f64.mul_add(share(rule.found, rule.objects), 0.5);
        }
    }
    if all <= 0.0 {
        return 100;
    }
    let left = (100.0 * (1.0 - lost / all)).clamp(0.0, 100.0);
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "it is from 0 to 100")]
    let score = left.round() as u32;
    // 100 is for models without findings.
    if lost > 0.0 { score.min(99) } else { score }
}

fn share(found: usize, objects: usize) -> f64 {
    #[expect(clippy::cast_precision_loss, reason = "counts of objects are far below 2^52")]
    let share = found as f64 / objects as f64;
    share.min(1.0)
}

fn look<'m>(rule: &Rule, subject: &Subject<'_, 'm>) -> Result<Vec<Hit<'m>>, Error> {
    let mut hits = Hits::default();
    match &rule.check {
        Check::Properties(look) | Check::Expressions(look) | Check::Closer(look) | Check::Statistics(_, _, look) => {
            look(subject, &mut hits);
        }
        Check::User(condition) => condition.look(subject, &mut hits)?,
        Check::Pattern(id) => {
            for read in &subject.reads {
                let Some(element) = subject.element(read) else { continue };
                for found in read.patterns.iter().filter(|found| found.pattern.id == *id) {
                    let finding = &found.finding;
                    let position = read.position(finding.span);
                    hits.at(element, position, Some(finding.message.clone()), Some(finding.suggestion.clone()));
                }
            }
        }
    }
    Ok(hits.into_found())
}

fn unavailable(rule: &Rule, subject: &Subject<'_, '_>) -> Option<String> {
    match &rule.check {
        Check::Statistics(annotation, in_vpax, _) => {
            let there = (*in_vpax && subject.model.statistics.is_some())
                || subject.elements.iter().any(|element| element.annotation(annotation).is_some());
            let from = if *in_vpax { "a `.vpax` beside the model, or its" } else { "the model's" };
            (!there).then(|| format!("needs numbers about the rows: {from} annotations `{annotation}`"))
        }
        Check::Properties(_) if rule.id == "REMOVE_ROLES_WITH_NO_MEMBERS" => {
            let elsewhere = !subject.model.roles.is_empty() && bpa::members_are_elsewhere(subject);
            elsewhere.then(|| "members of roles are set in the Power BI service, not in the files".to_owned())
        }
        Check::Properties(_) | Check::Expressions(_) | Check::Closer(_) | Check::Pattern(_) | Check::User(_) => None,
    }
}

/// How many objects of each kind there are, and what their annotations leave out.
struct Objects {
    counts: HashMap<ElementKind, usize>,
    left_out: HashMap<(ElementKind, String), HashSet<String>>,
}

impl Objects {
    fn of(subject: &Subject<'_, '_>, annotations: bool) -> Self {
        let mut objects = Self { counts: HashMap::new(), left_out: HashMap::new() };
        for element in &subject.elements {
            *objects.counts.entry(element.kind()).or_default() += 1;
            if annotations && !matches!(element, Element::Model(_)) {
                let left_out = ignored(*element);
                if !left_out.is_empty() {
                    objects.left_out.insert((element.kind(), element.full_name()), left_out);
                }
            }
        }
        objects
    }

    fn count(&self, kind: ElementKind) -> usize {
        self.counts.get(&kind).copied().unwrap_or_default()
    }

    fn leaves_out(&self, element: Element<'_>, rule: &Rule) -> bool {
        if self.left_out.is_empty() {
            return false;
        }
        self.left_out
            .get(&(element.kind(), element.full_name()))
            .is_some_and(|ids| ids.contains(rule.id.as_ref()) || rule.twin.is_some_and(|twin| ids.contains(twin)))
    }
}

fn issue(rule: &Rule, severity: Severity, hit: Hit<'_>) -> Issue {
    let element = hit.element;
    Issue {
        rule_id: rule.id.clone(),
        rule_name: rule.name.clone(),
        analysis: rule.analysis,
        category: rule.category,
        severity,
        object: element.name().into_owned(),
        full_name: element.full_name(),
        object_type: element.kind(),
        table: element.table().map(str::to_owned),
        message: hit.message.unwrap_or_else(|| rule.message.to_string()),
        fix: hit.fix.map_or_else(|| rule.fix.clone(), Cow::Owned),
        auto_fix: rule.auto_fix,
        position: hit.position,
        location: location(element, hit.position),
    }
}

/// Where a finding stands: on its line of the expression where the format tells, else where its object is declared.
fn location(element: Element<'_>, position: Option<Position>) -> Option<Location> {
    let declared = element.location()?.clone();
    let (Some(first), Some(position)) = (element.expression_line(), position) else { return Some(declared) };
    Some(Location { line: first.saturating_add(position.line.saturating_sub(1)), column: 1, ..declared })
}

fn figures(subject: &Subject<'_, '_>) -> Figures {
    let model = subject.model;
    let mut scores = performance::scores(subject);
    scores.sort_by_key(|(_, score)| std::cmp::Reverse(*score));
    let named = |(element, score): &(Element<'_>, u32)| {
        (element.name().into_owned(), element.table().unwrap_or_default().to_owned(), *score)
    };
    let in_partitions = model.tables.iter().flat_map(|table| &table.partitions);
    Figures {
        calculated_columns: model.columns().filter(|(_, column)| column.kind == ColumnKind::Calculated).count(),
        both_ways: model.relationships.iter().filter(|one| is_both_ways(one)).count(),
        many_to_many: model.relationships.iter().filter(|one| is_many_to_many(one)).count(),
        relationships: model.relationships.len(),
        inactive: model.relationships.iter().filter(|one| !one.active).count(),
        groups: relations::groups(subject).len(),
        queries: in_partitions.filter(|partition| partition.source == SourceKind::M).count() + model.expressions.len(),
        expressions: subject.reads.len(),
        most_involved: scores.iter().take(5).map(named).collect(),
    }
}
