use std::collections::BTreeSet;

use super::{ALL, patterns};
use crate::semantic_model::dax::analysis::{Analysis, Formula};
use crate::semantic_model::dax::home::Home;
use crate::semantic_model::dax::names::Names;
use crate::semantic_model::dax::sample;
use crate::semantic_model::dax::span::Position;

/// Each finding as `id line:column what stands there -> suggestion`.
fn found(text: &str, home: Home<'_>) -> Vec<(String, String)> {
    let model = sample::model();
    let names = Names::of(&model);
    let formula = Formula::parse(text);
    let analysis = Analysis::of(&formula, home, &names);
    assert_eq!(analysis.problems, [], "{text}");
    let shown = patterns(text, &analysis).into_iter().map(|found| {
        let at = Position::of(text, found.finding.span.start);
        let place = found.finding.span.of(text);
        assert!(!found.finding.message.is_empty() && found.finding.message.is_char_boundary(1));
        (found.pattern.id.to_owned(), format!("{}:{} {place} -> {}", at.line, at.column, found.finding.suggestion))
    });
    shown.collect()
}

const MEASURE: Home<'static> = Home::Measure("Sales");

/// A pattern, texts with what is found in them, and texts without it.
type Case = (&'static str, &'static [(&'static str, &'static str)], &'static [&'static str]);

/// Where a pattern is found, with its place and suggestion, and where it is not.
const CASES: &[Case] = &[
    (
        "division_operator",
        &[
            ("[Total] / (1 + [Total])", "1:1 [Total] / (1 + [Total]) -> DIVIDE ( [Total], 1 + [Total] )"),
            (
                "2 * SUM(Sales[Qty])\n / SUM(Sales[Price])",
                "1:1 2 * SUM(Sales[Qty])\n / SUM(Sales[Price]) -> DIVIDE ( 2 * SUM(Sales[Qty]), SUM(Sales[Price]) )",
            ),
        ],
        &["[Total] / 100", "[Total] / -(2 * 3.5)", "DIVIDE([Total], 2)", "\"a / b\""],
    ),
    (
        "error_function",
        &[
            (
                "IFERROR([Total] / 7, 0)",
                "1:1 IFERROR -> divide with `DIVIDE`, whose third argument is the value for a division by 0",
            ),
            (
                "IF(ISERROR(VALUE(\"x\")), 0)",
                "1:4 ISERROR -> test the one condition that can fail, as with `ISBLANK`, `IF` or the default of `DIVIDE` and `SEARCH`",
            ),
        ],
        &["ISBLANK([Total])"],
    ),
    (
        "filter_over_table",
        &[
            (
                "CALCULATE([Total], FILTER(Sales, Sales[Qty] > 1))",
                "1:20 FILTER(Sales, Sales[Qty] > 1) -> KEEPFILTERS ( Sales[Qty] > 1 ), which filters 'Sales'[Qty] only",
            ),
            (
                "CALCULATE([Total], KEEPFILTERS((FILTER('Sales', [Total] > 1))))",
                "1:33 FILTER('Sales', [Total] > 1) -> FILTER ( VALUES ( 'Sales'[...] ), [Total] > 1 ), with the column that the measure is compared for",
            ),
            (
                "CALCULATETABLE(Dates, FILTER(Sales, Sales[Qty] > MAX(Dates[Year])))",
                "1:23 FILTER(Sales, Sales[Qty] > MAX(Dates[Year])) -> filter the columns of the condition, as with `VALUES` or `SUMMARIZE` over them",
            ),
        ],
        &[
            "CALCULATE([Total], FILTER(VALUES(Sales[Qty]), [Total] > 1))",
            "SUMX(FILTER(Sales, Sales[Qty] > 1), Sales[Qty] * 2)",
            "CALCULATE([Total], Sales[Qty] > 1)",
        ],
    ),
    (
        "nested_if",
        &[(
            "IF(TRUE, 1, IF(TRUE, 2, IF(TRUE, 3, 4)))",
            "1:1 IF -> SWITCH ( TRUE (), condition, value, condition, value, otherwise )",
        )],
        &["IF(TRUE, 1, IF(TRUE, 2, 3))", "IF(IF(IF(TRUE, TRUE), TRUE), 1)"],
    ),
    (
        "count_of_column",
        &[("COUNT(Sales[Qty])", "1:1 COUNT -> COUNTROWS ( 'Sales' ), unless blanks are to be left out")],
        &["COUNTROWS(Sales)", "DISTINCTCOUNT(Sales[Qty])"],
    ),
    (
        "unused_variable",
        &[("VAR a = 1 VAR b = a RETURN a", "1:15 b -> take it out")],
        &["VAR a = 1 VAR b = a RETURN b", "VAR a = 1 RETURN SUMX(Sales, A * 2)"],
    ),
    (
        "all_as_filter",
        &[
            ("CALCULATE([Total], ALL(Dates))", "1:20 ALL -> REMOVEFILTERS ( Dates )"),
            ("CALCULATE([Total], ALL())", "1:20 ALL -> REMOVEFILTERS ()"),
        ],
        &[
            "COUNTROWS(ALL(Dates))",
            "CALCULATE([Total], REMOVEFILTERS(Dates))",
            "CALCULATE([Total], FILTER(ALL(Dates[Year]), Dates[Year] > 1))",
        ],
    ),
    (
        "repeated_expression",
        &[("SUM(Sales[Qty]) + IF(TRUE, sum( sales[qty] ))", "1:28 sum( sales[qty] ) -> VAR Value = SUM(Sales[Qty])")],
        &[
            "SUM(Sales[Qty]) + CALCULATE(SUM(Sales[Qty]), Dates[Year] = 1)",
            "[Total] + [Total]",
            "IF(TRUE, BLANK(), BLANK())",
            "CALCULATE([Total], VALUES(Dates[Year])) + CALCULATE([Total], VALUES(Dates[Year]), Sales[Qty] = 1)",
        ],
    ),
    (
        "measure_in_filter_condition",
        &[(
            "CALCULATE(SUM(Sales[Qty]), Sales[Price] > [Total])",
            "1:43 [Total] -> compare in `FILTER ( VALUES ( column ), ... )`, or put the measure's value into a variable first",
        )],
        &[
            "CALCULATE([Total], FILTER(VALUES(Sales[Qty]), [Total] > 1))",
            "CALCULATE([Total], Sales[Qty] IN FILTER(VALUES(Sales[Qty]), [Total] > 1))",
            "VAR t = [Total] RETURN CALCULATE([Total], Sales[Qty] > t)",
        ],
    ),
    (
        "nested_calculate",
        &[(
            "CALCULATE(calculate([Total], Dates[Year] = 1), Sales[Qty] = 2)",
            "1:11 calculate -> put all filters into one `CALCULATE`",
        )],
        &["CALCULATE(1 + CALCULATE([Total], Dates[Year] = 1), Sales[Qty] = 2)"],
    ),
    (
        "calculate_without_filter",
        &[("CALCULATE([Total])", "1:1 CALCULATE -> [Total]")],
        &["SUMX(VALUES(Dates[Year]), CALCULATE(SUM(Sales[Qty])))", "CALCULATE([Total], Dates[Year] = 1)"],
    ),
    (
        "earlier",
        &[(
            "SUMX(Dates, SUMX(FILTER(Dates, Dates[Year] < EARLIER(Dates[Year])), 1))",
            "1:46 EARLIER -> VAR Current = Dates[Year], before the inner iteration",
        )],
        &["VAR Current = MAX(Dates[Year]) RETURN Current"],
    ),
    ("qualified_measure", &[("Sales[Total] * 2", "1:1 Sales[Total] -> [Total]")], &["[Total]", "SUM(Sales[Qty])"]),
    (
        "unqualified_column",
        &[("SUMX(Sales, [Qty] * 2)", "1:13 [Qty] -> 'Sales'[Qty]")],
        &["SUMX(Sales, Sales[Qty] * 2)", "MAXX(ADDCOLUMNS(VALUES(Dates[Year]), \"x\", [Total]), [x])"],
    ),
    (
        "iterator_over_column",
        &[("AVERAGEX('Sales', Sales[Qty])", "1:1 AVERAGEX -> AVERAGE ( 'Sales'[Qty] )")],
        &[
            "SUMX(Sales, Sales[Qty] * 2)",
            "SUMX(VALUES(Sales[Qty]), Sales[Qty])",
            "SUMX(FILTER(Sales, TRUE), Sales[Qty])",
        ],
    ),
    (
        "summarize_adds_columns",
        &[(
            "COUNTROWS(SUMMARIZE(Sales, Dates[Year], \"x\", [Total]))",
            "1:11 SUMMARIZE -> ADDCOLUMNS ( SUMMARIZE ( table, columns ), \"name\", CALCULATE ( expression ) ), or SUMMARIZECOLUMNS",
        )],
        &[
            "COUNTROWS(SUMMARIZE(Sales, Dates[Year]))",
            "COUNTROWS(ADDCOLUMNS(SUMMARIZE(Sales, Dates[Year]), \"x\", [Total]))",
        ],
    ),
    (
        "compares_with_blank",
        &[
            ("IF([Total] = BLANK(), 1)", "1:4 [Total] = BLANK() -> ISBLANK ( [Total] )"),
            ("IF(BLANK() <> (1 + [Total]), 1)", "1:4 BLANK() <> (1 + [Total]) -> NOT ISBLANK ( 1 + [Total] )"),
        ],
        &["[Total] == BLANK()", "ISBLANK([Total])", "IF(TRUE, BLANK())"],
    ),
    (
        "has_one_value",
        &[("IF(HASONEVALUE(Dates[Year]), VALUES(dates[year]), 0)", "1:1 IF -> SELECTEDVALUE ( Dates[Year], 0 )")],
        &["IF(HASONEVALUE(Dates[Year]), VALUES(Dates[Date]))", "IF(HASONEVALUE(Dates[Year]), [Total])"],
    ),
    (
        "distinct_rows_counted",
        &[("COUNTROWS(VALUES(Sales[Qty]))", "1:1 COUNTROWS -> DISTINCTCOUNT ( 'Sales'[Qty] )")],
        &["COUNTROWS(VALUES(Sales))", "COUNTROWS(FILTER(VALUES(Sales[Qty]), TRUE))"],
    ),
    (
        "intersect_as_filter",
        &[(
            "CALCULATE([Total], INTERSECT(VALUES(Dates[Year]), VALUES(Sales[Qty])))",
            "1:20 INTERSECT -> TREATAS ( VALUES ( from column ), to column ), or a relationship",
        )],
        &["COUNTROWS(INTERSECT(VALUES(Dates[Year]), VALUES(Sales[Qty])))"],
    ),
    ("evaluate_and_log", &[("EVALUATEANDLOG([Total], \"x\")", "1:1 EVALUATEANDLOG -> [Total]")], &["[Total]"]),
    (
        "one_minus_ratio",
        &[
            (
                "1 - DIVIDE([Total], SUM(Sales[Qty]))",
                "1:1 1 - DIVIDE([Total], SUM(Sales[Qty])) -> DIVIDE ( SUM(Sales[Qty]) - [Total], SUM(Sales[Qty]) )",
            ),
            ("1 + ([Total] / 4)", "1:1 1 + ([Total] / 4) -> DIVIDE ( 4 + [Total], 4 )"),
        ],
        &["2 - DIVIDE([Total], 3)", "1 - [Total]", "DIVIDE(1, [Total]) - 1"],
    ),
    (
        "adds_zero",
        &[
            ("[Total] + 0", "1:1 [Total] + 0 -> leave blanks, or test for them where a 0 is wanted"),
            ("0 + [Total]", "1:1 0 + [Total] -> leave blanks, or test for them where a 0 is wanted"),
        ],
        &["[Total] + 1", "[Total] - 0", "[Total] * 0"],
    ),
    (
        "repeated_comparison",
        &[(
            "COUNTROWS(FILTER(Sales, Sales[Qty] = 1 || sales[qty] = 2 || Sales[Qty] = 3))",
            "1:25 Sales[Qty] = 1 || sales[qty] = 2 || Sales[Qty] = 3 -> Sales[Qty] IN { 1, 2, 3 }",
        )],
        &[
            "COUNTROWS(FILTER(Sales, Sales[Qty] = 1 || Sales[Qty] = 2))",
            "COUNTROWS(FILTER(Sales, Sales[Qty] = 1 || Sales[Price] = 2 || Sales[Qty] = 3))",
        ],
    ),
    (
        "transition_over_table",
        &[(
            "SUMX(Sales, [Total] * 2)",
            "1:13 [Total] -> go over `VALUES ( 'Sales'[key] )`, or write the expression over columns without the measure",
        )],
        &["SUMX(VALUES(Dates[Year]), [Total])", "SUMX(Sales, Sales[Qty] * 2)"],
    ),
];

#[test]
fn every_pattern_is_found_where_it_stands_and_not_where_it_does_not() {
    for (id, stands, stands_not) in CASES {
        for (text, expected) in *stands {
            let all = found(text, MEASURE);
            let these: Vec<&str> =
                all.iter().filter(|(found, _)| found == id).map(|(_, shown)| shown.as_str()).collect();
            assert_eq!(these, [*expected], "{id} in {text}: {all:?}");
        }
        for text in *stands_not {
            assert!(!found(text, MEASURE).iter().any(|(found, _)| found == id), "{id} in {text}");
        }
    }
}

#[test]
fn every_pattern_has_cases_and_an_id_of_its_own() {
    let ids: BTreeSet<&str> = ALL.iter().map(|pattern| pattern.id).collect();
    let cases: BTreeSet<&str> = CASES.iter().map(|(id, ..)| *id).collect();
    assert_eq!(ids, cases);
    assert_eq!(ids.len(), ALL.len());
}

#[test]
fn a_plain_measure_has_no_patterns_and_several_come_in_the_order_of_the_text() {
    assert_eq!(found("DIVIDE ( [Total], COUNTROWS ( Sales ) )", MEASURE), []);
    let all = found("VAR x = 1 RETURN IFERROR([Total] / [Margin %], 0) + Sales[Total]", MEASURE);
    let ids: Vec<&str> = all.iter().map(|(id, _)| id.as_str()).collect();
    assert_eq!(ids, ["unused_variable", "error_function", "division_operator", "qualified_measure"]);
}

#[test]
fn what_is_wrong_is_looked_at_without_a_panic() {
    let model = sample::model();
    let names = Names::of(&model);
    for text in
        ["", "CALCULATE(", "IF(,,IF(,,", "1 /", "VAR x RETURN", "FILTER(Sales", "COUNT()", "SUMX(,)", "1 - DIVIDE()"]
    {
        let formula = Formula::parse(text);
        let analysis = Analysis::of(&formula, MEASURE, &names);
        for found in patterns(text, &analysis) {
            assert!(text.get(found.finding.span.start..found.finding.span.end).is_some(), "{text}");
        }
    }
}
