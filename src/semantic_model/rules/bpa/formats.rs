//! Rules about how values are shown.

use super::super::element::Element;
use super::super::hits::Hits;
use super::super::rule::{Category, Check, Rule, Severity};
use super::super::subject::Subject;
use super::design::speaks_of_dates;
use super::values::yields_text;
use super::{COLUMNS, MEASURES};
use crate::semantic_model::dax::{Object, Part};
use crate::semantic_model::model::{Measure, Table};
use crate::semantic_model::words::DataType;

/// The format that the set asks for, and those of other regions that say a day as clearly.
const DATES: &[&str] = &["mm/dd/yyyy", "mm-dd-yyyy", "dd/mm/yyyy", "dd-mm-yyyy", "yyyy-mm-dd", "yyyy/mm/dd"];
const DATE: &str = "mm/dd/yyyy";
const MONTH: &str = "MMMM yyyy";
const PERCENTAGE: &str = "#,0.0%;-#,0.0%;#,0.0%";
const WHOLE: &str = "#,0";

pub(super) const RULES: &[Rule] = &[
    Rule::bpa(
        "FORMAT_FLAG_COLUMNS_AS_YES/NO_VALUE_STRINGS",
        "Format flag columns as Yes/No value strings",
        Category::Formatting,
        Severity::Info,
        COLUMNS,
        ["readers of a report see 0 and 1", "make the column hold `Yes` and `No`"],
        Check::Properties(flags),
    ),
    Rule::bpa(
        "DATECOLUMN_FORMATSTRING",
        "Provide format string for \"Date\" columns",
        Category::Formatting,
        Severity::Info,
        COLUMNS,
        [
            "the date has no format of days, months and years",
            "set `formatString` to `mm/dd/yyyy`, `dd/mm/yyyy` or `yyyy-mm-dd`",
        ],
        Check::Properties(dates),
    )
    .set("formatString", DATE),
    Rule::bpa(
        "MONTHCOLUMN_FORMATSTRING",
        "Provide format string for \"Month\" columns",
        Category::Formatting,
        Severity::Info,
        COLUMNS,
        ["months are not shown as `MMMM yyyy`", "set `formatString: MMMM yyyy`"],
        Check::Properties(months),
    )
    .set("formatString", MONTH),
    Rule::bpa(
        "PROVIDE_FORMAT_STRING_FOR_MEASURES",
        "Provide format string for measures",
        Category::Formatting,
        Severity::Error,
        MEASURES,
        ["a visible measure without a format shows its numbers unrounded", "set `formatString`"],
        Check::Expressions(unformatted),
    ),
    Rule::bpa(
        "PERCENTAGE_FORMATTING",
        "Percentages should be formatted with thousands separators and 1 decimal",
        Category::Formatting,
        Severity::Warning,
        MEASURES,
        [
            "the percentage is not shown with thousands separators and one decimal",
            "set `formatString` to `#,0.0%;-#,0.0%;#,0.0%`",
        ],
        Check::Properties(percentages),
    )
    .set("formatString", PERCENTAGE),
    Rule::bpa(
        "INTEGER_FORMATTING",
        "Whole numbers should be formatted with thousands separators and no decimals",
        Category::Formatting,
        Severity::Warning,
        MEASURES,
        ["the whole number is shown without thousands separators", "set `formatString: #,0`"],
        Check::Properties(whole_numbers),
    )
    .set("formatString", WHOLE),
    Rule::bpa(
        "ADD_DATA_CATEGORY_FOR_COLUMNS",
        "Add data category for columns",
        Category::Formatting,
        Severity::Info,
        COLUMNS,
        ["maps do not know what kind of place the column holds", "set `dataCategory`"],
        Check::Properties(places),
    ),
    Rule::bpa(
        "MONTH_(AS_A_STRING)_MUST_BE_SORTED",
        "Month (as a string) must be sorted",
        Category::Formatting,
        Severity::Warning,
        COLUMNS,
        ["the months stand in alphabetical order", "set `sortByColumn` to a column with the month's number"],
        Check::Properties(unsorted_months),
    ),
];

/// `Is` only as a word of its own: an `Issue` is no flag.
fn is_flag(name: &str) -> bool {
    name.strip_prefix("Is").is_some_and(|rest| !rest.starts_with(char::is_lowercase) && !rest.is_empty())
}

fn flags<'m>(subject: &Subject<'_, 'm>, hits: &mut Hits<'m>) {
    for (table, column) in subject.columns().filter(|(table, column)| !column.hidden && !table.hidden) {
        let number = is_flag(&column.name) && column.data_type == DataType::Int64;
        if number || (column.name.ends_with(" Flag") && column.data_type != DataType::String) {
            hits.add(Element::Column(table, column));
        }
    }
}

fn moments<'m>(subject: &Subject<'_, 'm>, hits: &mut Hits<'m>, is: impl Fn(&str) -> bool, formats: &[&str]) {
    let wanted = formats.first().copied().unwrap_or_default();
    for (table, column) in subject.columns().filter(|(_, column)| column.data_type == DataType::DateTime) {
        let shown = column.format_string.as_deref().unwrap_or_default();
        if is(&column.name) && !formats.contains(&shown) {
            let message = if shown.is_empty() {
                format!("no format is set, where the set asks for `{wanted}`")
            } else {
                format!("shown as `{shown}`, where the set asks for `{wanted}`")
            };
            hits.say(Element::Column(table, column), message);
        }
    }
}

fn dates<'m>(subject: &Subject<'_, 'm>, hits: &mut Hits<'m>) {
    moments(subject, hits, speaks_of_dates, DATES);
}

fn months<'m>(subject: &Subject<'_, 'm>, hits: &mut Hits<'m>) {
    moments(subject, hits, |name| name.to_lowercase().contains("month"), &[MONTH]);
}

/// Text needs no format.
fn unformatted<'m>(subject: &Subject<'_, 'm>, hits: &mut Hits<'m>) {
    let blank = |text: Option<&str>| text.is_none_or(|text| text.trim().is_empty());
    for (table, measure) in subject.model.measures().filter(|(table, measure)| !measure.hidden && !table.hidden) {
        let formatted = !blank(measure.format_string.as_deref()) || !blank(measure.format_string_expression.as_deref());
        let mut values =
            subject.reads_of(Object::Measure(&measure.name)).filter(|read| read.expression.part == Part::Value);
        if !formatted && !values.any(|read| yields_text(subject, read)) {
            hits.add(Element::Measure(table, measure));
        }
    }
}

fn with_format<'s, 'm: 's>(subject: &'s Subject<'_, 'm>) -> impl Iterator<Item = (&'m Table, &'m Measure, &'m str)> {
    subject.model.measures().filter_map(|(table, measure)| Some((table, measure, measure.format_string.as_deref()?)))
}

fn percentages<'m>(subject: &Subject<'_, 'm>, hits: &mut Hits<'m>) {
    for (table, measure, format) in with_format(subject) {
        if format.contains('%') && format != PERCENTAGE {
            hits.say(Element::Measure(table, measure), format!("the percentage is shown as `{format}`"));
        }
    }
}

/// Only formats that show whole numbers: amounts with decimals and dates are none, and what has no format at
/// all is another rule's.
fn whole_numbers<'m>(subject: &Subject<'_, 'm>, hits: &mut Hits<'m>) {
    for (table, measure, format) in with_format(subject) {
        let first = format.split(';').next().unwrap_or_default().trim();
        if matches!(first, "0" | "#" | "##" | "General Number") {
            hits.say(
                Element::Measure(table, measure),
                format!("the number is shown as `{format}`, without separators"),
            );
        }
    }
}

/// Whole words only: a capacity is no city.
fn has_word(name: &str, words: &[&str]) -> bool {
    let mut parts = vec![String::new()];
    let mut before = ' ';
    for c in name.chars() {
        if !c.is_alphanumeric() || (c.is_uppercase() && before.is_lowercase()) {
            parts.push(String::new());
        }
        if c.is_alphanumeric()
            && let Some(last) = parts.last_mut()
        {
            last.extend(c.to_lowercase());
        }
        before = c;
    }
    parts.iter().any(|part| words.contains(&part.as_str()))
}

fn places<'m>(subject: &Subject<'_, 'm>, hits: &mut Hits<'m>) {
    for (table, column) in subject.columns() {
        let empty = column.data_category.as_deref().is_none_or(|category| category.trim().is_empty());
        let place = column.data_type == DataType::String
            && has_word(&column.name, &["country", "continent", "city", "countries", "cities"]);
        let name = column.name.to_lowercase();
        let point = matches!(column.data_type, DataType::Decimal | DataType::Double)
            && (name == "latitude" || name == "longitude");
        if empty && (place || point) {
            hits.add(Element::Column(table, column));
        }
    }
}

fn unsorted_months<'m>(subject: &Subject<'_, 'm>, hits: &mut Hits<'m>) {
    for (table, column) in subject.columns() {
        let name = column.name.to_lowercase();
        let month = name.contains("month") && !name.contains("months");
        if month && column.data_type == DataType::String && column.sort_by.is_none() {
            hits.add(Element::Column(table, column));
        }
    }
}
