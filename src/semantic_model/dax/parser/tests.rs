use std::fmt::Write as _;

use proptest::prelude::*;

use super::{MAX_DEPTH, Parsed, parse_expression, parse_function, parse_query};
use crate::semantic_model::dax::problem::Problem;
use crate::semantic_model::dax::span::Position;
use crate::semantic_model::dax::syntax::{Kind, Node};

/// The tree with a bracket around everything that has parts.
fn shown(node: &Node) -> String {
    let list = |nodes: &[Node]| nodes.iter().map(shown).collect::<Vec<_>>().join(", ");
    match &node.kind {
        Kind::Number(text) | Kind::Name(text) => text.clone(),
        Kind::Text(text) => format!("{text:?}"),
        Kind::Date(text) => format!("dt{text:?}"),
        Kind::Boolean(value) => value.to_string(),
        Kind::Table(name) => format!("'{name}'"),
        Kind::Parameter(name) => format!("@{name}"),
        Kind::Field(field) => {
            let table = field.table.as_ref().map(|table| table.name.clone()).unwrap_or_default();
            let level = field.level.as_ref().map(|level| format!(".[{level}]")).unwrap_or_default();
            format!("{table}[{}]{level}", field.name)
        }
        Kind::Call(call) => format!("{}({})", call.function, list(&call.arguments)),
        Kind::Chain { first, rest } => {
            let mut text = format!("<{}", shown(first));
            for link in rest {
                write!(text, " {} {}", link.operator.as_str(), shown(&link.operand)).unwrap();
            }
            text + ">"
        }
        Kind::Unary { operator, operand } => format!("<{} {}>", operator.as_str(), shown(operand)),
        Kind::Brackets(inner) => format!("({})", shown(inner)),
        Kind::Tuple(parts) => format!("({})", list(parts)),
        Kind::Set(rows) => format!("{{{}}}", list(rows)),
        Kind::Block(block) => {
            let variables =
                block.variables.iter().map(|variable| format!("{}={}", variable.name, shown(&variable.value)));
            format!("let {} in {}", variables.collect::<Vec<_>>().join("; "), shown(&block.result))
        }
        Kind::Omitted => "_".into(),
        Kind::Missing => "?".into(),
    }
}

fn tree(text: &str) -> String {
    let parsed = parse_expression(text);
    assert_eq!(parsed.problems, [], "{text}");
    shown(&parsed.tree)
}

fn told(text: &str, problems: &[Problem]) -> Vec<String> {
    let told = problems.iter().map(|problem| {
        let at = Position::of(text, problem.span.start);
        let hint = problem.hint.as_ref().map(|hint| format!(" ({hint})")).unwrap_or_default();
        format!("{}:{} {}{hint}", at.line, at.column, problem.message)
    });
    told.collect()
}

fn wrong(text: &str) -> Vec<String> {
    told(text, &parse_expression(text).problems)
}

#[test]
fn operators_bind_by_their_rank_and_from_left_to_right() {
    assert_eq!(tree("1 + 2 * 3 - 4 ^ 2 / 5"), "<1 + <2 * 3> - <<4 ^ 2> / 5>>");
    assert_eq!(tree("2 ^ 3 ^ 4"), "<2 ^ 3 ^ 4>");
    assert_eq!(tree("-2 ^ 2 * -3"), "<<- <2 ^ 2>> * <- 3>>");
    assert_eq!(tree("2 ^ -1"), "<2 ^ <- 1>>");
    assert_eq!(tree("[a] & \"x\" & [b] = [c] + 1"), "<<[a] & \"x\" & [b]> = <[c] + 1>>");
    assert_eq!(tree("a || b && c || NOT d = e && f"), "<a || <b && c> || <<NOT <d = e>> && f>>");
    assert_eq!(tree("NOT T[c] IN { 1, 2 } && x"), "<<NOT <T[c] IN {1, 2}>> && x>");
    assert_eq!(tree("a == 1 <> b <= 2 >= c < d > e"), "<a == 1 <> b <= 2 >= c < d > e>");
    assert_eq!(tree("((1 + 2)) * 3"), "<((<1 + 2>)) * 3>");
}

#[test]
fn names_strings_numbers_and_dates_are_read_as_they_are_meant() {
    assert_eq!(tree("'it''s'[a]]b]"), "it's[a]b]");
    assert_eq!(tree("'Date'[Date].[Month No]"), "Date[Date].[Month No]");
    assert_eq!(tree("\"say \"\"hi\"\"\""), "\"say \\\"hi\\\"\"");
    assert_eq!(tree("f(.5, 1., 1E-3, DT\"2024-01-31\")"), "f(.5, 1., 1E-3, dt\"2024-01-31\")");
    assert_eq!(tree("Größe_2[Wert] + 'x' [y] + Dt [z]"), "<Größe_2[Wert] + x[y] + Dt[z]>");
    assert_eq!(tree("IF(TRUE, false, TRUE())"), "IF(true, false, TRUE())");
    assert_eq!(tree("FILTER(T, T[a] = @region)"), "FILTER(T, <T[a] = @region>)");
}

#[test]
fn calls_sets_rows_and_left_out_arguments() {
    assert_eq!(tree("f ( )"), "f()");
    assert_eq!(tree("RANKX(ALL(T), [m], , DESC,)"), "RANKX(ALL(T), [m], _, DESC, _)");
    assert_eq!(tree("{ (1, \"a\"), (2, \"b\") }"), "{(1, \"a\"), (2, \"b\")}");
    assert_eq!(tree("(T[a], T[b]) IN {(1, 2)}"), "<(T[a], T[b]) IN {(1, 2)}>");
    assert_eq!(tree("ORDERBY([m], DESC BLANKS LAST, T[a], asc)"), "ORDERBY([m], DESC BLANKS LAST, T[a], asc)");
    assert_eq!(tree("NOT(a) && NOT (b)"), "<<NOT (a)> && <NOT (b)>>");
}

#[test]
fn variables_stand_wherever_an_expression_does() {
    assert_eq!(tree("VAR a = 1 VAR b = a + 1 RETURN b * 2"), "let a=1; b=<a + 1> in <b * 2>");
    assert_eq!(tree("SUMX(T, var x = VAR y = 1 RETURN y return x) + 1"), "<SUMX(T, let x=let y=1 in y in x) + 1>");
}

#[test]
fn comments_stand_anywhere() {
    assert_eq!(tree("-- first\nSUM /* of */ ( // all\n T[a] /* \"x */ ) -- end"), "SUM(T[a])");
    assert_eq!(tree("1 -- 2\n- 3"), "<1 - 3>");
}

#[test]
fn mistakes_are_told_with_their_place_and_all_at_once() {
    assert_eq!(
        wrong("SUM(Sales[a]) +\nIF([b] > , 1; 2))\n* )"),
        [
            "2:10 expected an expression, found `,`",
            "2:13 expected an operator, `,` or `)`, found `;` (files separate arguments with `,`, whatever the \
             language of the computer)",
            "2:17 this `)` closes nothing",
            "3:3 expected an expression, found `)`",
        ]
    );
    assert_eq!(wrong(""), ["1:1 expected an expression, but the text ends here"]);
    assert_eq!(wrong(" -- nothing"), ["1:12 expected an expression, but the text ends here"]);
    assert_eq!(wrong("1 +"), ["1:4 expected an expression, but the text ends here"]);
    assert_eq!(wrong("* 2"), ["1:1 expected an expression, found `*`"]);
    assert_eq!(wrong("a b"), ["1:3 expected an operator or the end, found `b`"]);
    assert_eq!(wrong("12abc"), ["1:3 expected an operator or the end, found `abc`"]);
    assert_eq!(wrong("1, 2"), ["1:2 this `,` stands outside of brackets"]);
    assert_eq!(wrong("a != b"), ["1:3 expected an operator or the end, found `!` (not equal is `<>`)"]);
    assert_eq!(
        wrong("= SUM(T[a])"),
        ["1:1 expected an expression, found `=` (give the expression alone, without a name and `=` before it)"]
    );
    assert_eq!(
        wrong("“x”"),
        [
            "1:1 expected an expression, found `“` (strings stand in straight quotes: `\"`)",
            "1:2 expected an operator or the end, found `x`",
            "1:3 expected an operator or the end, found `”` (strings stand in straight quotes: `\"`)"
        ]
    );
}

#[test]
fn what_is_not_closed_is_told_where_it_begins() {
    assert_eq!(
        wrong("SUM((T[a]"),
        ["1:4 this `(` is not closed (close it with `)`)", "1:5 this `(` is not closed (close it with `)`)"]
    );
    assert_eq!(wrong("f({1, 2)"), ["1:8 expected an operator, `,` or `}`, found `)`"]);
    assert_eq!(wrong("f(\"abc)"), ["1:3 this string is not closed (close it with `\"`)"]);
    assert_eq!(wrong("f('abc)"), ["1:3 this name is not closed (close it with `'`)"]);
    assert_eq!(wrong("f(T[abc)"), ["1:4 this name is not closed (close it with `]`)"]);
    assert_eq!(wrong("f(dt\"abc)"), ["1:3 this date is not closed (close it with `\"`)"]);
    assert_eq!(wrong("1 /* x"), ["1:3 this comment is not closed (close it with `*/`)"]);
    assert_eq!(wrong("VAR x = f(1 RETURN x"), ["1:10 this `(` is not closed (close it with `)`)"]);
}

#[test]
fn empty_names_brackets_and_sets_are_told() {
    assert_eq!(wrong("''[a]"), ["1:1 this name is empty"]);
    assert_eq!(wrong("T[ ]"), ["1:2 this name is empty"]);
    assert_eq!(wrong("1 + ()"), ["1:6 expected an expression between the brackets"]);
    assert_eq!(wrong("{ }"), ["1:3 expected a row between the braces"]);
    assert_eq!(wrong("(1, )"), ["1:5 expected an expression, found `)`"]);
}

#[test]
fn variables_that_are_not_whole_are_told() {
    assert_eq!(wrong("VAR x = 1"), ["1:10 expected `RETURN` or another `VAR`, but the text ends here"]);
    assert_eq!(
        wrong("VAR = 1 RETURN 2"),
        [
            "1:5 expected a name for the variable, found `=` (give the expression alone, without a name and `=` before it)"
        ]
    );
    assert_eq!(wrong("VAR a.b = 1 RETURN 2"), ["1:5 the name of a variable cannot hold `.`"]);
    assert_eq!(wrong("VAR in = 1 RETURN 2"), ["1:5 `in` is a word of the language and cannot be a name"]);
    assert_eq!(wrong("VAR x 1 RETURN x"), ["1:7 expected `=`, found `1`"]);
    assert_eq!(wrong("VAR x = 1 2 RETURN x"), ["1:11 expected an operator, `VAR` or `RETURN`, found `2`"]);
    assert_eq!(wrong("1 RETURN 2"), ["1:3 this `RETURN` has no `VAR`"]);
    assert_eq!(wrong("VAR x = RETURN 2"), ["1:9 `RETURN` stands without an expression before it or without `VAR`"]);
}

fn query(text: &str) -> String {
    let Parsed { tree, problems } = parse_query(text);
    assert_eq!(problems, [], "{text}");
    let mut lines: Vec<String> = tree
        .definitions
        .iter()
        .map(|definition| format!("{:?} = {}", definition.kind, shown(&definition.value)))
        .map(|line| line.split_once(' ').map_or(line.clone(), |(kind, _)| kind.split('(').next().unwrap().into()))
        .collect();
    for evaluation in &tree.evaluations {
        let order: Vec<String> = evaluation.order.iter().map(|(by, down)| format!("{} {down}", shown(by))).collect();
        let start: Vec<String> = evaluation.start.iter().map(shown).collect();
        lines.push(format!("{} / {} / {}", shown(&evaluation.table), order.join(", "), start.join(", ")));
    }
    lines.join("\n")
}

#[test]
fn queries_are_read_with_definitions_order_and_start() {
    assert_eq!(query("EVALUATE Sales"), "Sales /  / ");
    assert_eq!(
        query(
            "DEFINE\n MEASURE Sales[m] = VAR a = 1 RETURN a\n VAR x = 2 VAR y = 3\n COLUMN 'It''s'[c] = 1\n TABLE t = {1}\n \
             FUNCTION lib.f = (a : SCALAR INT64 VAL, b = 2) => a + b\n MPARAMETER p = 1\n\
             EVALUATE ADDCOLUMNS(t, \"m\", [m])\n ORDER BY [m] DESC, t[Value] ASC, [x]\n START AT 3, @p\n EVALUATE {x}"
        ),
        "Measure\nVariable\nVariable\nColumn\nTable\nFunction\nParameter\n\
         ADDCOLUMNS(t, \"m\", [m]) / [m] true, t[Value] false, [x] false / 3, @p\n{x} /  / "
    );
}

#[test]
fn mistakes_in_queries_are_told() {
    let wrong = |text: &str| told(text, &parse_query(text).problems);
    assert_eq!(
        wrong("DEFINE EVALUATE T"),
        ["1:8 expected `MEASURE`, `COLUMN`, `TABLE`, `VAR` or `FUNCTION`, found `EVALUATE`"]
    );
    assert_eq!(wrong("DEFINE VAR x = 1"), ["1:17 expected `EVALUATE`, but the text ends here"]);
    assert_eq!(wrong("EVALUATE"), ["1:9 expected an expression, but the text ends here"]);
    assert_eq!(
        wrong("EVALUATE T ORDER T"),
        ["1:12 expected an operator, `ORDER BY`, `START AT` or another `EVALUATE`, found `ORDER`"]
    );
    assert_eq!(
        wrong("DEFINE MEASURE m = 1 EVALUATE T"),
        ["1:16 expected a table and a name in brackets, as `Sales[Total]`, found `m`"]
    );
}

#[test]
fn functions_are_read() {
    let parsed = parse_function("( x : numeric, t : table expr, u ) => SUMX(t, x * u)");
    assert_eq!(parsed.problems, []);
    assert_eq!(shown(&parsed.tree.body), "SUMX(t, <x * u>)");
    let words: Vec<_> = parsed.tree.parameters.iter().map(|one| (one.name.as_str(), one.words.join(" "))).collect();
    assert_eq!(words, [("x", "numeric".into()), ("t", "table expr".into()), ("u", String::new())]);
    assert_eq!(told("(x) x", &parse_function("(x) x").problems).len(), 1);
    assert!(!parse_function("(x").problems.is_empty());
}

/// Spans lie in the text, on characters, and in that of the node around them.
fn spans_hold(text: &str, root: &Node) {
    let mut open = vec![(root, 0, text.len())];
    while let Some((node, from, to)) = open.pop() {
        let span = node.span;
        assert!(from <= span.start && span.start <= span.end && span.end <= to, "{span:?} in {from}..{to} of {text}");
        assert!(text.is_char_boundary(span.start) && text.is_char_boundary(span.end), "{text}");
        node.each_child(&mut |child| open.push((child, span.start, span.end)));
    }
}

#[test]
fn ten_thousand_brackets_are_refused_and_not_a_stack_overflow() {
    for (open, close) in
        [("(", ")"), ("f(", ")"), ("{", "}"), ("- ", ""), ("NOT ", ""), ("VAR x = ", " RETURN x"), ("1^", "")]
    {
        let text = format!("{}1{}", open.repeat(10_000), close.repeat(10_000));
        let problems = parse_expression(&text).problems;
        if open == "1^" {
            assert_eq!(problems, [], "operators of one rank are no deeper than one");
        } else {
            assert_eq!(
                problems.last().unwrap().message,
                format!("this is nested more than {MAX_DEPTH} levels deep"),
                "{open}"
            );
        }
        assert!(!parse_expression(&open.repeat(10_000)).problems.is_empty());
    }
    let fits = format!("{}1{}", "(".repeat(MAX_DEPTH - 1), ")".repeat(MAX_DEPTH - 1));
    assert_eq!(parse_expression(&fits).problems, []);
}

#[test]
fn a_sum_of_a_hundred_thousand_parts_is_read() {
    let text = format!("{}\"ü\"", "1 + ".repeat(100_000));
    let Parsed { tree, problems } = parse_expression(&text);
    assert_eq!(problems, []);
    assert!(matches!(tree.kind, Kind::Chain { rest, .. } if rest.len() == 100_000));
}

/// Text that looks like DAX more often than not.
fn nearly_dax() -> impl Strategy<Value = String> {
    let piece = prop::sample::select(vec![
        "VAR", "RETURN", "x", "=", "1", "(", ")", "{", "}", ",", "[a]", "T", "'t'", "\"s\"", "IN", "NOT", "+", "-",
        "&&", "SUM(", "dt\"x\"", "@p", "/*", "*/", "//", "\n", "\"", "[", "'", "]", ".", "EVALUATE", "DEFINE",
        "MEASURE", "ORDER BY", "FUNCTION", "=>", ":", ";", "ü", "BLANKS", "DESC", "FIRST", "START AT",
    ]);
    prop::collection::vec(piece, 0..40).prop_map(|pieces| pieces.join(" "))
}

proptest! {
    #[test]
    fn any_text_is_read_without_a_panic_and_spans_hold(text in nearly_dax()) {
        spans_hold(&text, &parse_expression(&text).tree);
        for problem in parse_expression(&text).problems.iter().chain(&parse_query(&text).problems).chain(&parse_function(&text).problems) {
            prop_assert!(text.get(problem.span.start..problem.span.end).is_some());
        }
        for evaluation in parse_query(&text).tree.evaluations {
            spans_hold(&text, &evaluation.table);
        }
    }

    #[test]
    fn any_characters_are_read_without_a_panic(text in "\\PC{0,60}") {
        spans_hold(&text, &parse_expression(&text).tree);
    }
}
