//! Rules about how DAX is written: what `dax::patterns` finds, told once for each object.

use std::collections::HashMap;

use super::super::element::{Element, ElementKind};
use super::super::hits::Hits;
use super::super::rule::{Category, Check, Rule, Severity};
use super::super::subject::{Read, Subject};
use super::MEASURES;
use crate::semantic_model::dax::patterns::Found;
use crate::semantic_model::dax::{Object, Part, Target, TokenKind, tokens};

const BOTH: &[ElementKind] = &[ElementKind::Measure, ElementKind::CalculatedColumn, ElementKind::CalculationItem];

pub(super) const RULES: &[Rule] = &[
    Rule::bpa(
        "DAX_COLUMNS_FULLY_QUALIFIED",
        "Column references should be fully qualified",
        Category::Dax,
        Severity::Error,
        &[ElementKind::Measure, ElementKind::TablePermission, ElementKind::CalculationItem],
        ["a column is written like a measure, without its table", "write the table before the column"],
        Check::Expressions(unqualified_columns),
    ),
    Rule::bpa(
        "DAX_MEASURES_UNQUALIFIED",
        "Measure references should be unqualified",
        Category::Dax,
        Severity::Error,
        &[
            ElementKind::Measure,
            ElementKind::CalculatedColumn,
            ElementKind::CalculatedTable,
            ElementKind::CalculationItem,
        ],
        ["a measure is written like a column, with a table", "leave the table out"],
        Check::Expressions(qualified_measures),
    ),
    Rule::bpa(
        "AVOID_DUPLICATE_MEASURES",
        "No two measures should have the same definition",
        Category::Dax,
        Severity::Warning,
        MEASURES,
        ["another measure has the same definition", "keep one of them, and refer to it where the other was used"],
        Check::Expressions(duplicates),
    ),
    Rule::bpa(
        "USE_THE_TREATAS_FUNCTION_INSTEAD_OF_INTERSECT",
        "Use the TREATAS function instead of INTERSECT for virtual relationships",
        Category::Dax,
        Severity::Warning,
        &[ElementKind::Measure, ElementKind::CalculationItem],
        ["`INTERSECT` as a filter is a slower form of `TREATAS`", "use `TREATAS`"],
        Check::Expressions(intersect),
    ),
    Rule::bpa(
        "USE_THE_DIVIDE_FUNCTION_FOR_DIVISION",
        "Use the DIVIDE function for division",
        Category::Dax,
        Severity::Warning,
        BOTH,
        ["`/` gives infinity or an error where the divisor is 0", "use `DIVIDE`"],
        Check::Expressions(division),
    ),
    Rule::bpa(
        "AVOID_USING_THE_IFERROR_FUNCTION",
        "Avoid using the IFERROR function",
        Category::Dax,
        Severity::Warning,
        &[ElementKind::Measure, ElementKind::CalculatedColumn],
        [
            "`IFERROR` hides every mistake and is slow",
            "test the one condition that can fail; for divisions use `DIVIDE`",
        ],
        Check::Expressions(iferror),
    ),
    Rule::bpa(
        "MEASURES_SHOULD_NOT_BE_DIRECT_REFERENCES_OF_OTHER_MEASURES",
        "Measures should not be direct references of other measures",
        Category::Dax,
        Severity::Warning,
        MEASURES,
        ["the measure is another one under a second name", "use the other measure, and take this one out"],
        Check::Expressions(direct_reference),
    ),
    Rule::bpa(
        "FILTER_COLUMN_VALUES",
        "Filter column values with proper syntax",
        Category::Dax,
        Severity::Warning,
        BOTH,
        [
            "`FILTER` goes over a whole table to compare columns",
            "give the condition itself to `CALCULATE`, in `KEEPFILTERS` where filters from outside shall hold",
        ],
        Check::Expressions(filter_columns),
    ),
    Rule::bpa(
        "FILTER_MEASURE_VALUES_BY_COLUMNS",
        "Filter measure values by columns, not tables",
        Category::Dax,
        Severity::Warning,
        BOTH,
        [
            "`FILTER` goes over a whole table to compare a measure",
            "go over `VALUES` of the column that the measure is compared for",
        ],
        Check::Expressions(filter_measures),
    ),
    Rule::bpa(
        "AVOID_USING_'1-(X/Y)'_SYNTAX",
        "Avoid using '1-(x/y)' syntax",
        Category::Dax,
        Severity::Warning,
        BOTH,
        [
            "the result is 1 where there is no data, so that rows without data are shown",
            "subtract first, then divide: `DIVIDE ( y - x, y )`",
        ],
        Check::Expressions(one_minus),
    ),
    Rule::bpa(
        "EVALUATEANDLOG_SHOULD_NOT_BE_USED_IN_PRODUCTION_MODELS",
        "The EVALUATEANDLOG function should not be used in production models",
        Category::Dax,
        Severity::Info,
        MEASURES,
        ["`EVALUATEANDLOG` writes a log for every evaluation", "take it out, and keep its argument"],
        Check::Expressions(log),
    ),
];

/// Tells the first place of a pattern in each object, and how many more there are.
fn each<'m>(
    subject: &Subject<'_, 'm>,
    hits: &mut Hits<'m>,
    kinds: &[ElementKind],
    id: &str,
    fits: impl Fn(&Read<'_, 'm>, &Found) -> bool,
) {
    let mut told: HashMap<Object<'m>, usize> = HashMap::new();
    for read in &subject.reads {
        let Some(element) = subject.element(read).filter(|element| kinds.contains(&element.kind())) else { continue };
        let found: Vec<&Found> =
            read.patterns.iter().filter(|found| found.pattern.id == id && fits(read, found)).collect();
        let Some(first) = found.first() else { continue };
        if told.insert(read.expression.object, found.len()).is_some() {
            continue;
        }
        let more = found.len() - 1;
        let more = if more == 0 { String::new() } else { format!("; and {more} more") };
        let message = format!("{}{more}", first.finding.message);
        let position = read.position(first.finding.span);
        hits.at(element, position, Some(message), Some(first.finding.suggestion.clone()));
    }
}

fn scope_of(id: &str) -> &'static [ElementKind] {
    RULES.iter().find(|rule| rule.id == id).map_or(&[], |rule| match &rule.scope {
        std::borrow::Cow::Borrowed(kinds) => kinds,
        std::borrow::Cow::Owned(_) => &[],
    })
}

fn unqualified_columns<'m>(subject: &Subject<'_, 'm>, hits: &mut Hits<'m>) {
    each(subject, hits, scope_of("DAX_COLUMNS_FULLY_QUALIFIED"), "unqualified_column", |_, _| true);
}

fn qualified_measures<'m>(subject: &Subject<'_, 'm>, hits: &mut Hits<'m>) {
    each(subject, hits, scope_of("DAX_MEASURES_UNQUALIFIED"), "qualified_measure", |_, _| true);
}

fn intersect<'m>(subject: &Subject<'_, 'm>, hits: &mut Hits<'m>) {
    let kinds = scope_of("USE_THE_TREATAS_FUNCTION_INSTEAD_OF_INTERSECT");
    each(subject, hits, kinds, "intersect_as_filter", |_, _| true);
}

fn division<'m>(subject: &Subject<'_, 'm>, hits: &mut Hits<'m>) {
    each(subject, hits, BOTH, "division_operator", |_, _| true);
}

fn one_minus<'m>(subject: &Subject<'_, 'm>, hits: &mut Hits<'m>) {
    each(subject, hits, BOTH, "one_minus_ratio", |_, _| true);
}

fn log<'m>(subject: &Subject<'_, 'm>, hits: &mut Hits<'m>) {
    each(subject, hits, MEASURES, "evaluate_and_log", |_, _| true);
}

fn iferror<'m>(subject: &Subject<'_, 'm>, hits: &mut Hits<'m>) {
    let is_iferror = |read: &Read<'_, 'm>, found: &Found| {
        found.finding.span.of(read.expression.text).eq_ignore_ascii_case("IFERROR")
    };
    each(subject, hits, scope_of("AVOID_USING_THE_IFERROR_FUNCTION"), "error_function", is_iferror);
}

fn filter_columns<'m>(subject: &Subject<'_, 'm>, hits: &mut Hits<'m>) {
    each(subject, hits, BOTH, "filter_over_table", |read, found| !compares_measure(read, found));
}

fn filter_measures<'m>(subject: &Subject<'_, 'm>, hits: &mut Hits<'m>) {
    each(subject, hits, BOTH, "filter_over_table", compares_measure);
}

/// Whether a measure is evaluated where a pattern stands.
fn compares_measure(read: &Read<'_, '_>, found: &Found) -> bool {
    let outline = &read.analysis.outline;
    let site = outline.sites().find(|(_, site)| site.node.span == found.finding.span);
    site.is_some_and(|(at, _)| outline.below(at).any(|below| read.analysis.measure(below).is_some()))
}

/// The same but for white space, comments and the case of words.
fn definition(text: &str) -> String {
    let mut plain = String::with_capacity(text.len());
    for token in tokens(text).iter().filter(|token| token.kind != TokenKind::Comment) {
        plain.push(' ');
        if token.kind == TokenKind::Text {
            plain.push_str(token.text);
        } else {
            plain.push_str(&token.text.to_lowercase());
        }
    }
    plain
}

fn duplicates<'m>(subject: &Subject<'_, 'm>, hits: &mut Hits<'m>) {
    let mut same: HashMap<String, Vec<Element<'m>>> = HashMap::new();
    let mut order = Vec::new();
    for (table, measure) in subject.model.measures().filter(|(_, measure)| !measure.expression.trim().is_empty()) {
        let definition = definition(&measure.expression);
        let list = same.entry(definition.clone()).or_default();
        if list.is_empty() {
            order.push(definition);
        }
        list.push(Element::Measure(table, measure));
    }
    for group in order.iter().filter_map(|definition| same.get(definition)).filter(|group| group.len() > 1) {
        for (at, element) in group.iter().enumerate() {
            let other = group.get(usize::from(at == 0)).unwrap_or(element);
            let more = if group.len() > 2 { format!(" and {} more", group.len() - 2) } else { String::new() };
            hits.say(*element, format!("the same definition as {}{more}", other.full_name()));
        }
    }
}

fn direct_reference<'m>(subject: &Subject<'_, 'm>, hits: &mut Hits<'m>) {
    for read in subject.reads.iter().filter(|read| read.expression.part == Part::Value) {
        let Object::Measure(_) = read.expression.object else { continue };
        let is_alone = read.formula.expression().is_some_and(|node| node.as_field().is_some());
        let named = read.analysis.targets.iter().flatten().find_map(|target| match target {
            Target::Measure(name) => Some(*name),
            Target::Column { .. }
            | Target::Table(_)
            | Target::Function(_)
            | Target::Variable(..)
            | Target::Local
            | Target::Word
            | Target::Unknown => None,
        });
        if let (true, Some(name), Some(element)) = (is_alone, named, subject.element(read)) {
            hits.say(element, format!("the measure is nothing but [{name}]"));
        }
    }
}
