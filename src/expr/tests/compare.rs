//! Comparison, per pair of kinds, and everything that orders.

use serde_json::json;

use super::{eval, fault, holds, value};
use crate::expr::Fault;

/// Two values of every kind, the first the smaller where there is an order.
const KINDS: [(&str, [&str; 2]); 7] = [
    ("null", ["none", "params.nothing"]),
    ("bool", ["false", "true"]),
    ("int", ["1", "2"]),
    ("float", ["1.5", "2.5"]),
    ("string", ["'a'", "'b'"]),
    ("list", ["[1]", "[2]"]),
    ("object", ["{'a': 1}", "{'a': 2}"]),
];

fn has_order(a: &str, b: &str) -> bool {
    let number = |kind: &str| kind == "int" || kind == "float";
    (number(a) && number(b)) || (a == "string" && b == "string")
}

#[test]
fn order_is_within_numbers_and_within_strings_for_every_pair_of_kinds() {
    for (left, lefts) in KINDS {
        for (right, rights) in KINDS {
            for operator in ["<", "<=", ">", ">="] {
                let source = format!("{} {operator} {}", lefts[0], rights[1]);
                if has_order(left, right) {
                    assert_eq!(value(&source), json!(operator.starts_with('<')), "{source}");
                } else {
                    assert_eq!(fault(&source), Fault::Type, "{source}");
                }
            }
        }
    }
}

#[test]
fn equality_never_fails_and_is_false_between_kinds() {
    for (left, lefts) in KINDS {
        for (right, rights) in KINDS {
            for (a, a_text) in lefts.iter().enumerate() {
                for (b, b_text) in rights.iter().enumerate() {
                    let equal = left == right && (a == b || left == "null");
                    assert_eq!(value(&format!("{a_text} == {b_text}")), json!(equal), "{a_text} == {b_text}");
                    assert_eq!(value(&format!("{a_text} != {b_text}")), json!(!equal), "{a_text} != {b_text}");
                }
            }
        }
    }
}

#[test]
fn filters_functions_and_tests_that_order_fail_for_the_same_pairs() {
    for (left, lefts) in KINDS {
        for (right, rights) in KINDS {
            let (a, b) = (lefts[0], rights[1]);
            for source in [
                format!("[{a}, {b}]|sort"),
                format!("[{a}, {b}]|min"),
                format!("[{a}, {b}]|max"),
                format!("min({a}, {b})"),
                format!("max([{a}, {b}])"),
                format!("{{'x': {a}, 'y': {b}}}|dictsort(by='value')"),
                format!("[{{'k': {a}}}, {{'k': {b}}}]|sort(attribute='k')"),
                format!("[{{'k': {a}}}, {{'k': {b}}}]|groupby('k')"),
                format!("[{a}]|select('lt', {b})"),
                format!("[{{'k': {a}}}]|selectattr('k', 'ge', {b})"),
                format!("{a} is gt({b})"),
            ] {
                match eval(&source) {
                    Ok(_) => assert!(has_order(left, right), "{source} should fail"),
                    Err(error) => {
                        assert!(!has_order(left, right), "{source}: {error}");
                        assert_eq!(error.fault, Fault::Type, "{source}");
                    }
                }
            }
            let source = format!("[{a}, {b}]|sum");
            let numbers = [left, right].iter().all(|kind| ["int", "float"].contains(kind));
            assert_eq!(eval(&source).is_ok(), numbers, "{source}");
        }
    }
}

#[test]
fn a_pair_that_does_not_fit_is_found_wherever_it_stands() {
    for source in ["[1, 2, 'a']|sort", "['a', 1, 2]|max", "[2, none, 1]|min", "[1, 2, true]|sum", "[none]|min"] {
        assert_eq!(fault(source), Fault::Type, "{source}");
    }
}

#[test]
fn integers_and_floats_are_one_kind_and_compare_exactly() {
    for source in [
        "1 == 1.0",
        "1 < 1.5",
        "2 > 1.5",
        "params.limit <= 50.0",
        "params.rate < 1",
        "[1, 2.0] == [1.0, 2]",
        "params.big > 9007199254740992.0",
        "params.big != 9007199254740992.0",
        "-1 < 1e300",
        "1 > -1e300",
    ] {
        assert_eq!(holds(source), Ok(true), "{source}");
    }
}

#[test]
fn a_bool_is_no_number() {
    assert_eq!(value("true == 1"), json!(false));
    assert_eq!(value("1 in [true]"), json!(false));
    assert_eq!(fault("true + 1"), Fault::Type);
    assert_eq!(fault("true < false"), Fault::Type);
}

#[test]
fn comparisons_chain() {
    assert_eq!(value("1 < 2 < 3"), json!(true));
    assert_eq!(value("1 < 3 < 2"), json!(false));
    assert_eq!(value("1 < 2 == 2"), json!(true));
    assert_eq!(fault("1 < 2 < 'a'"), Fault::Type);
}

#[test]
fn an_order_that_fails_says_which_kinds_and_what_to_do() {
    let error = eval("params.numeral > 5").unwrap_err();
    assert_eq!(error.message, "cannot order a string and a number");
    assert_eq!(error.hint.as_deref(), Some("turn the string into a number with `int(...)` or `float(...)`"));
    let error = eval("params.nothing < 1").unwrap_err();
    assert_eq!(error.message, "cannot order null and a number");
    assert_eq!(error.hint.as_deref(), Some("test for null first: `x is not none and x > 1`"));
    assert_eq!(value("int(params.numeral) > 5"), json!(true));
}

#[test]
fn truth_is_pythons() {
    for (source, expected) in [
        ("none", false),
        ("false", false),
        ("0", false),
        ("0.0", false),
        ("''", false),
        ("[]", false),
        ("{}", false),
        ("true", true),
        ("-1", true),
        ("0.1", true),
        ("'false'", true),
        ("[0]", true),
        ("{'a': none}", true),
        ("params.on and params.limit", true),
        ("params.off or params.empty", false),
        ("not params.nothing", true),
    ] {
        assert_eq!(holds(source), Ok(expected), "{source}");
    }
    assert_eq!(value("params.off or 'x'"), json!("x"));
    assert_eq!(value("params.limit and params.region"), json!("north"));
}

#[test]
fn membership_looks_into_lists_objects_and_strings() {
    for (source, expected) in [
        ("'a' in params.names", true),
        ("'q' not in params.names", true),
        ("1 in [1.0]", true),
        ("'z' in params.table", true),
        ("'ell' in params.text", true),
        ("none in [none]", true),
        ("{'a': 1} in [{'a': 1}]", true),
        ("'x' in []", false),
    ] {
        assert_eq!(value(source), json!(expected), "{source}");
    }
    for source in ["1 in none", "1 in 5", "1 in 'a'", "1 in {'a': 1}", "'a' in true"] {
        assert_eq!(fault(source), Fault::Type, "{source}");
    }
}
