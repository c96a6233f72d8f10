use crate::semantic_model::dax::analysis::{Analysis, Formula};
use crate::semantic_model::dax::home::Home;
use crate::semantic_model::dax::names::Names;
use crate::semantic_model::dax::references::References;
use crate::semantic_model::dax::sample;
use crate::semantic_model::dax::span::Position;

const HOME: Home<'static> = Home::Measure("sales");

fn wrong_at(text: &str, home: Home<'_>) -> Vec<String> {
    let model = sample::model();
    let formula = Formula::parse(text);
    let problems = Analysis::of(&formula, home, &Names::of(&model)).problems;
    let told = problems.iter().map(|problem| {
        let at = Position::of(text, problem.span.start);
        let hint = problem.hint.as_ref().map(|hint| format!(" ({hint})")).unwrap_or_default();
        format!("{}:{} {}{hint}", at.line, at.column, problem.message)
    });
    told.collect()
}

fn wrong(text: &str) -> Vec<String> {
    wrong_at(text, HOME)
}

fn right(text: &str) {
    assert_eq!(wrong(text), [] as [&str; 0], "{text}");
}

fn columns(text: &str, home: Home<'_>) -> Vec<String> {
    let model = sample::model();
    let found = References::of(text, home, &Names::of(&model));
    found.columns.iter().map(|(table, column)| format!("{table}.{column}")).collect()
}

#[test]
fn names_that_nothing_has_are_told_with_what_is_near() {
    assert_eq!(
        wrong("SUM(Sales[Quantity]) + SUM(Sales[Qti])"),
        [
            "1:10 there is no column or measure `Quantity` in table `Sales`",
            "1:33 there is no column or measure `Qti` in table `Sales` (did you mean `'Sales'[Qty]`?)",
        ]
    );
    assert_eq!(
        wrong("[Totals]"),
        ["1:1 there is no measure `Totals`, and no column of that name here (did you mean `[Total]`?)"]
    );
    assert_eq!(
        wrong("[Only]"),
        ["1:1 there is no measure `Only`, and no column of that name here (did you mean `'Other Table'[Only]`?)"]
    );
    assert_eq!(wrong("COUNTROWS(Sale)"), ["1:11 there is no variable or table `Sale` (did you mean `Sales`?)"]);
    assert_eq!(wrong("COUNTROWS('Other')"), ["1:11 there is no table `Other`"]);
    assert_eq!(wrong("SUM('Date'[Date])"), ["1:5 there is no table `Date` (did you mean `'Dates'[Date]`?)"]);
    assert_eq!(wrong("Total + 1"), ["1:1 there is no variable or table `Total` (did you mean `[Total]`?)"]);
    assert_eq!(wrong("1 + BLANK"), ["1:5 there is no variable or table `BLANK` (did you mean `BLANK()`?)"]);
}

#[test]
fn functions_and_their_arguments_are_checked() {
    assert_eq!(wrong("SUMS(Sales[Qty])"), ["1:1 there is no function `SUMS` (did you mean `SUM` or `SUMX`?)"]);
    assert_eq!(wrong("RUNNINGSUM([Total])"), ["1:1 `RUNNINGSUM` works in calculations of a visual only"]);
    assert_eq!(wrong("SUM()"), ["1:1 `SUM` takes 1 argument, here are 0"]);
    assert_eq!(wrong("divide([Total])"), ["1:1 `DIVIDE` takes 2 to 3 arguments, here are 1"]);
    assert_eq!(wrong("BLANK(1)"), ["1:1 `BLANK` takes no arguments, here are 1"]);
    assert_eq!(wrong("SWITCH(1)"), ["1:1 `SWITCH` takes 3 or more arguments, here are 1"]);
    assert_eq!(wrong("DIVIDE([Total], )"), ["1:16 argument 2 of `DIVIDE` cannot be left out"]);
    assert_eq!(wrong("CALCULATE([Total], )"), ["1:19 argument 2 of `CALCULATE` cannot be left out"]);
    right("RANKX(ALL(Dates), [Total], , DESC, DENSE) + Own.Double([Total]) + INFO.X()");
}

#[test]
fn words_of_functions_are_no_names_and_tables_of_such_names_are() {
    right("CALCULATE([Total], DATEADD(Dates[Date], -1, YEAR), CROSSFILTER(Sales[Both], 'Other Table'[Both], NONE))");
    right("CONCATENATEX(Dates, Dates[Year], \", \", Dates[Year], DESC)");
    assert_eq!(wrong("SUM(DESC)"), ["1:5 there is no variable or table `DESC`"]);
}

#[test]
fn variables_are_seen_after_their_definition_and_inside_their_block_only() {
    right("VAR a = 1 VAR b = a RETURN a + b + SUMX(Sales, A)");
    assert_eq!(wrong("VAR a = b VAR b = 1 RETURN a"), ["1:9 there is no variable or table `b`"]);
    assert_eq!(wrong("(VAR a = 1 RETURN a) + a"), ["1:24 there is no variable or table `a`"]);
    assert_eq!(
        wrong("VAR t = FILTER(Sales, TRUE) RETURN SUMX(t, t[Qty])"),
        ["1:44 `t` is a variable: its columns are named without it (did you mean `[Qty]`?)"]
    );
    assert_eq!(
        wrong("VAR Sales = 1 RETURN Sales"),
        ["1:5 a variable cannot be called `Sales`: that is a table (call it `_Sales`)"]
    );
}

#[test]
fn columns_that_the_expression_adds_are_known() {
    right("MAXX(ADDCOLUMNS(VALUES(Dates[Year]), \"@x\", [Total]), [@X])");
    right("MAXX(SUMMARIZECOLUMNS(Dates[Year], \"y\", [Total]), [y]) + SUMX({1, 2}, [Value])");
    right("SUMX({(1, 2)}, [Value1] + [Value2]) + COUNTROWS(FILTER(CALENDAR(1, 2), [Date] > 1))");
    right("SUMX(SELECTCOLUMNS(Sales, \"q\", Sales[Qty]), [q])");
    right("MAXX(DETAILROWS([Total]), [Anything])");
    assert_eq!(wrong("CONCATENATEX(Sales, [x], \"x\")").len(), 1, "a separator names nothing");
}

#[test]
fn a_bare_column_of_the_rows_gone_over_is_found_when_nothing_else_has_the_name() {
    let home = Home::Measure("Dates");
    assert_eq!(columns("SUMX(Sales, [Qty])", home), ["Sales.Qty"]);
    assert_eq!(columns("VAR t = FILTER(Sales, [Qty] > 1) RETURN SUMX(t, [Price])", home), ["Sales.Price", "Sales.Qty"]);
    assert_eq!(columns("SUMX('Other Table', SUMX(Dates, [Only]))", home), ["Other Table.Only"]);
    assert_eq!(columns("SUMX(VALUES('Other Table'[Both]), [Both])", HOME), ["Other Table.Both", "Sales.Both"]);
    assert_eq!(wrong("SUMX(Dates, CALCULATE([Only]))").len(), 1, "in `CALCULATE` there are no rows");
}

#[test]
fn rows_of_several_values_and_lists_stand_in_their_places_only() {
    right("COUNTROWS(FILTER(Sales, (Sales[Qty], Sales[Price]) IN {(1, 2)}))");
    right("VAR l = {1} RETURN COUNTROWS(FILTER(Sales, NOT Sales[Qty] IN l || Sales[Qty] IN (VALUES(Sales[Both]))))");
    assert_eq!(wrong("1 + (2, 3)"), ["1:5 several values in brackets stand before `IN` or between braces only"]);
    assert_eq!(wrong("1 IN 2"), ["1:6 after `IN` stands a table, as `{ 1, 2 }`"]);
    assert_eq!(wrong("1 IN (1, 2)").len(), 1);
}

#[test]
fn what_a_query_defines_is_known_in_it() {
    let query = "DEFINE\n MEASURE Sales[New] = [Qty] + [Total]\n TABLE Fresh = ROW(\"a\", 1)\n VAR v = 3\n \
                 FUNCTION f = (p : SCALAR) => p + 1\n COLUMN Dates[Week] = [Year]\n\
                 EVALUATE FILTER(ADDCOLUMNS(Fresh, \"n\", [New] + f(v)), Fresh[a] > @x && Dates[Week] = 1) ORDER BY [n]";
    assert_eq!(wrong_at(query, Home::Query), [] as [&str; 0]);
    assert_eq!(columns(query, Home::Query), ["Dates.Year", "Sales.Qty"]);
    assert_eq!(
        wrong_at("EVALUATE Sale ORDER BY [nothing]", Home::Query),
        [
            "1:10 there is no variable or table `Sale` (did you mean `Sales`?)",
            "1:24 there is no measure `nothing`, and no column of that name here",
        ]
    );
}

#[test]
fn a_function_knows_its_parameters() {
    let model = sample::model();
    let formula = Formula::parse_function("(x : NUMERIC, y = [Total]) => x * y + z");
    let problems = Analysis::of(&formula, Home::Query, &Names::of(&model)).problems;
    let messages: Vec<&str> = problems.iter().map(|problem| problem.message.as_str()).collect();
    assert_eq!(messages, ["there is no variable or table `z`"]);
}
