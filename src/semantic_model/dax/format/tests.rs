use proptest::prelude::*;

use super::format;
use crate::semantic_model::dax::lexer::{TokenKind, tokens};
use crate::semantic_model::dax::parser::parse_expression;
use crate::semantic_model::dax::shape::same_shape;

/// Formats, and holds what formatting promises.
fn formatted(text: &str) -> String {
    let once =
        format(text).unwrap_or_else(|| panic!("this is not read: {text}\n{:?}", parse_expression(text).problems));
    let again = format(&once).unwrap_or_else(|| panic!("this is not read again: {once}\nfrom {text}"));
    assert_eq!(once, again, "formatting twice differs for: {text}");
    let same = same_shape(&parse_expression(text).tree, &parse_expression(&once).tree);
    assert!(same, "{text}\nis not the same as\n{once}");
    assert_eq!(comments(text), comments(&once), "{text}");
    once
}

fn comments(text: &str) -> Vec<String> {
    let all = tokens(text).into_iter().filter(|token| token.kind == TokenKind::Comment);
    all.map(|token| token.text.trim_end().to_owned()).collect()
}

#[test]
fn what_fits_stands_on_one_line() {
    assert_eq!(formatted("sum(Sales[Qty])*-1+blank()"), "SUM ( Sales[Qty] ) * -1 + BLANK ()");
    assert_eq!(formatted("not T[a] in{1,2}&&( x||TRUE )"), "NOT T[a] IN { 1, 2 } && ( x || TRUE )");
    assert_eq!(formatted("RANKX(ALL('It''s'),[m],,DESC)"), "RANKX ( ALL ( 'It''s' ), [m], , DESC )");
    assert_eq!(formatted("- -1 - -2"), "- -1 - -2");
    assert_eq!(formatted("'D' [x].[y] & dt\"2024-01-01\""), "'D'[x].[y] & dt\"2024-01-01\"");
    assert_eq!(
        formatted("my.Own(1)+orderby([a],desc blanks last)"),
        "my.Own ( 1 ) + ORDERBY ( [a], desc blanks last )"
    );
}

#[test]
fn what_does_not_fit_is_broken_at_arguments_and_operators() {
    assert_eq!(
        formatted(
            "calculate([Net Sales], filter(values(Customer[Customer Name]), [Net Sales] > 1000), Sales[Channel] = \"web\")"
        ),
        "CALCULATE (\n    [Net Sales],\n    FILTER ( VALUES ( Customer[Customer Name] ), [Net Sales] > 1000 ),\n    \
         Sales[Channel] = \"web\"\n)"
    );
    assert_eq!(
        formatted("[A rather long measure] + [Another rather long measure] * 2 + [And one more of the same kind]"),
        "[A rather long measure]\n    + [Another rather long measure] * 2\n    + [And one more of the same kind]"
    );
}

#[test]
fn variables_stand_on_lines_of_their_own() {
    assert_eq!(
        formatted(
            "var a=1 var Longer=addcolumns(values(Sales[Customer Key]),\"@First\",calculate(min(Sales[Order Date]))) return a*2"
        ),
        "VAR a = 1\nVAR Longer =\n    ADDCOLUMNS (\n        VALUES ( Sales[Customer Key] ),\n        \"@First\", CALCULATE ( MIN ( Sales[Order Date] ) )\n    )\nRETURN\n    a * 2"
    );
}

#[test]
fn pairs_of_switch_stand_together() {
    assert_eq!(
        formatted(
            "SWITCH(TRUE(),[Reached] < 0.9,\"far below the target\",[Reached] < 1,\"below the target\",\"reached\")"
        ),
        "SWITCH (\n    TRUE (),\n    [Reached] < 0.9, \"far below the target\",\n    [Reached] < 1, \"below the target\",\n    \"reached\"\n)"
    );
}

#[test]
fn comments_stay_beside_what_they_stand_beside() {
    assert_eq!(
        formatted("// all of it\nSUM( -- of quantities\nT[a] /* here */ ) // end\n+ 1\n-- last"),
        "// all of it\nSUM ( -- of quantities\n    T[a] /* here */\n) // end\n    + 1\n-- last"
    );
    assert_eq!(
        formatted("f(a, // first\n// second is above\nb)"),
        "f (\n    a, // first\n    // second is above\n    b\n)"
    );
    assert_eq!(formatted("VAR x = 1 // one\nRETURN // it\nx"), "VAR x = 1 // one\nRETURN // it\n    x");
}

#[test]
fn what_is_wrong_is_not_formatted() {
    assert_eq!(format("SUM("), None);
    assert_eq!(format(""), None);
}

fn expression() -> impl Strategy<Value = String> {
    let leaf = prop::sample::select(vec![
        "1",
        "2.5",
        "\"text\"",
        "\"two\nlines\"",
        "[Measure]",
        "'My Table'[Column]",
        "T[c].[Year]",
        "Variable",
        "TRUE",
        "dt\"2024-01-01\"",
        "'T'",
        "VALUES(T[a])",
        "BLANK()",
    ]);
    let leaf = leaf.prop_map(ToOwned::to_owned);
    leaf.prop_recursive(5, 60, 4, |inner| {
        let name = prop::sample::select(vec!["SUMX", "calculate", "SWITCH", "If", "own.function", "ADDCOLUMNS"]);
        let operator = prop::sample::select(vec!["+", "-", "*", "/", "&", "&&", "||", "=", "<>", "IN", "^", "=="]);
        let several = prop::collection::vec(inner.clone(), 1..4);
        prop_oneof![
            (name, several.clone()).prop_map(|(name, arguments)| format!("{name}({})", arguments.join(" , "))),
            (inner.clone(), operator, inner.clone())
                .prop_map(|(left, operator, right)| format!("{left} {operator} {right}")),
            inner.clone().prop_map(|inner| format!("({inner})")),
            inner.clone().prop_map(|inner| format!("- {inner}")),
            inner.clone().prop_map(|inner| format!("NOT {inner}")),
            several.clone().prop_map(|rows| format!("{{ {} }}", rows.join(", "))),
            (inner.clone(), inner.clone())
                .prop_map(|(value, result)| format!("( VAR Variable = {value} RETURN {result} )")),
            (inner.clone(), inner).prop_map(|(left, right)| format!("CONCATENATEX({left} , , {right} )")),
        ]
    })
}

/// The text with comments at some of the gaps between its words.
fn commented(text: &str, comments: &[(usize, &str)]) -> String {
    let all = tokens(text);
    let mut commented = String::new();
    for (index, token) in all.iter().enumerate() {
        for (_, comment) in comments.iter().filter(|(at, _)| at % (all.len() + 1) == index) {
            commented.push_str(comment);
        }
        commented.push_str(token.text);
        commented.push(if index % 7 == 3 { '\n' } else { ' ' });
    }
    for (_, comment) in comments.iter().filter(|(at, _)| at % (all.len() + 1) == all.len()) {
        commented.push_str(comment);
    }
    commented
}

proptest! {
    #[test]
    fn formatting_is_stable_and_keeps_the_tree_and_the_comments(
        text in expression(),
        comments in prop::collection::vec(
            (0_usize..200, prop::sample::select(vec!["// line\n", "-- dashes \r\n", " /* block */ ", "\n// own line\n", "/* two\n lines */", "\n\n/* own */\n"])),
            0..6,
        ),
    ) {
        formatted(&text);
        formatted(&commented(&text, &comments));
    }
}
