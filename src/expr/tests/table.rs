//! Operators, filters, tests, functions and methods, by example.

use serde_json::json;

use super::{fault, value};
use crate::expr::Fault;

#[test]
fn operators_compute() {
    for (source, expected) in [
        ("7 // 2", json!(3)),
        ("-7 // 2", json!(-4)),
        ("7 % 3", json!(1)),
        ("-7 % 3", json!(2)),
        ("7 / 2", json!(3.5)),
        ("4 / 2", json!(2.0)),
        ("2 ** 10", json!(1024)),
        ("2 ** -1", json!(0.5)),
        ("2 ** 0.5 > 1.41", json!(true)),
        ("1 + 1.5", json!(2.5)),
        ("'a' + 'b'", json!("ab")),
        ("[1] + [2]", json!([1, 2])),
        ("'ab' * 2", json!("abab")),
        ("-params.limit", json!(-50)),
        ("1 ~ 'a' ~ none ~ [1]", json!("1anull[1]")),
        ("7.5 % 2", json!(1.5)),
        ("18446744073709551615", json!(18_446_744_073_709_551_615_u64)),
        ("1e3", json!(1000.0)),
        ("0x1f", json!(31)),
    ] {
        assert_eq!(value(source), expected, "{source}");
    }
}

#[test]
fn what_has_no_finite_result_or_the_wrong_kinds_is_an_error() {
    for (source, expected) in [
        ("1 / 0", Fault::Value),
        ("1 // 0", Fault::Value),
        ("1 % 0", Fault::Value),
        ("1.0 % 0", Fault::Value),
        ("1e308 * 10", Fault::Value),
        ("18446744073709551615 + 1", Fault::Value),
        ("2 ** 200", Fault::Value),
        ("-9223372036854775807 - 2", Fault::Value),
        ("(-1) ** 0.5", Fault::Value),
        ("'a' + 1", Fault::Type),
        ("'5' * '5'", Fault::Type),
        ("none + 1", Fault::Type),
        ("[1] + 'a'", Fault::Type),
        ("{} + {}", Fault::Type),
        ("-'a'", Fault::Type),
        ("-true", Fault::Type),
        ("'3' - 1", Fault::Type),
        ("{1: 2}", Fault::Type),
    ] {
        assert_eq!(fault(source), expected, "{source}");
    }
}

#[test]
fn slices_are_pythons() {
    for (source, expected) in [
        ("[1,2,3,4][1:3]", json!([2, 3])),
        ("[1,2,3,4][-2:]", json!([3, 4])),
        ("[1,2,3,4][::-1]", json!([4, 3, 2, 1])),
        ("[1,2,3,4][0:2:-1]", json!([])),
        ("[1,2,3,4][3:0:-2]", json!([4, 2])),
        ("'hello'[1:3]", json!("el")),
        ("'hällo'[::-1]", json!("olläh")),
        ("[][:5]", json!([])),
        ("[1,2][:99]", json!([1, 2])),
        ("'ab'[9:]", json!("")),
    ] {
        assert_eq!(value(source), expected, "{source}");
    }
    assert_eq!(fault("[1][::0]"), Fault::Value);
    assert_eq!(fault("5[1:]"), Fault::Type);
    assert_eq!(fault("[1]['a':]"), Fault::Type);
}

#[test]
fn text_filters_and_methods() {
    for (source, expected) in [
        ("'aB c'|upper", json!("AB C")),
        ("'aB c'|lower", json!("ab c")),
        ("'hello big world'|title", json!("Hello Big World")),
        ("'hELLO'|capitalize", json!("Hello")),
        ("'  x '|trim", json!("x")),
        ("'--x-'|trim('-')", json!("x")),
        ("'aXbX'|replace('X', '-')", json!("a-b-")),
        ("'a,b,,c'|split(',')", json!(["a", "b", "", "c"])),
        ("' a  b c '|split", json!(["a", "b", "c"])),
        ("'a b c'.split(' ', 1)", json!(["a", "b c"])),
        ("' a  b  c '.split(none, 1)", json!(["a", "b  c"])),
        ("'a\\nb'|lines", json!(["a", "b"])),
        ("[1, 'a', none, true]|join('-')", json!("1-a-null-true")),
        ("'-'.join(params.names)", json!("b-a-c")),
        ("fetch.orders|join(',', attribute='customer')", json!("A,B,A")),
        ("'a\\nb'|indent(2)", json!("a\n  b")),
        ("'%s has %.2f and %03d'|format('x', 1.5, 7)", json!("x has 1.50 and 007")),
        ("'{} is {n}'.format('x', n=2)", json!("x is 2")),
        ("{'b': 1, 'a': '<'}|tojson", json!(r#"{"b":1,"a":"<"}"#)),
        ("[1]|tojson(indent=2)", json!("[\n  1\n]")),
        ("'<a href=\"x\">&'|escape", json!("&lt;a href=&quot;x&quot;&gt;&amp;")),
        ("'a b/ä'|urlencode", json!("a%20b/%C3%A4")),
        ("5|string ~ 'x'", json!("5x")),
        ("'abc'.startswith('ab')", json!(true)),
        ("'abc'.endswith('bc')", json!(true)),
        ("'abcb'.find('c')", json!(2)),
        ("'abcb'.find('x')", json!(-1)),
        ("'abcb'.count('b')", json!(2)),
        ("[1, 2, 1].count(1)", json!(2)),
        ("'12'.isdigit()", json!(true)),
        ("'ab'.upper().lower()", json!("ab")),
        ("'xax'.strip('x')", json!("a")),
        ("'xax'.lstrip('x')", json!("ax")),
        ("'xax'.rstrip('x')", json!("xa")),
        ("'a\\nb'.splitlines()", json!(["a", "b"])),
        ("'ab'.replace('a', '')", json!("b")),
        ("'a'.title() ~ 'b'.capitalize()", json!("AB")),
        ("'ab1'.isalnum() and 'ab'.isalpha()", json!(true)),
    ] {
        assert_eq!(value(source), expected, "{source}");
    }
}

#[test]
fn number_filters_and_functions() {
    for (source, expected) in [
        ("int('42')", json!(42)),
        ("int(' -7 ')", json!(-7)),
        ("int(3.9)", json!(3)),
        ("int(-3.9)", json!(-3)),
        ("int(true)", json!(1)),
        ("int('x', 0)", json!(0)),
        ("'ff'|int(base=16)", json!(255)),
        ("'n/a'|int(0)", json!(0)),
        ("float('1.5')", json!(1.5)),
        ("float(2)", json!(2.0)),
        ("'x'|float(0.5)", json!(0.5)),
        ("abs(-3)", json!(3)),
        ("-2.5|abs", json!(2.5)),
        ("round(2.5)", json!(2)),
        ("round(3.5)", json!(4)),
        ("round(2.675, 2)", json!(2.67)),
        ("2.5|round", json!(2.0)),
        ("2.1|round(method='ceil')", json!(3.0)),
        ("2.19|round(1, 'floor')", json!(2.1)),
        ("1234|round(-2)", json!(1200)),
        ("str(5)", json!("5")),
        ("str(none)", json!("null")),
        ("bool([])", json!(false)),
        ("'x'|bool", json!(true)),
        ("min(3, 1, 2)", json!(1)),
        ("max([3, 1, 2])", json!(3)),
        ("len('äb')", json!(2)),
        ("len(params.table)", json!(2)),
        ("range(3)", json!([0, 1, 2])),
        ("range(5, 1, -2)", json!([5, 3])),
        ("dict(a=1, b=[2])", json!({"a": 1, "b": [2]})),
    ] {
        assert_eq!(value(source), expected, "{source}");
    }
    for source in [
        "int('4.5')",
        "int('')",
        "int('0x10')",
        "int('1_000')",
        "float('nan')",
        "float('inf')",
        "float('')",
        "int(1e40)",
        "int('99999999999999999999')",
        "range(1, 5, 0)",
        "'x'|int",
        "2.5|round(99)",
    ] {
        assert_eq!(fault(source), Fault::Value, "{source}");
    }
    for source in
        ["int(none)", "float([])", "abs('a')", "len(5)", "len(none)", "round('2')", "min(1)", "range('a')", "len()"]
    {
        assert_eq!(fault(source), Fault::Type, "{source}");
    }
    assert_eq!(fault("min([])"), Fault::Undefined);
}

#[test]
fn list_and_object_filters() {
    for (source, expected) in [
        ("params.names|sort", json!(["a", "b", "c"])),
        ("[3, 1, 2.5]|sort(reverse=true)", json!([3, 2.5, 1])),
        ("['b', 'A', 'a']|sort", json!(["A", "a", "b"])),
        ("['b', 'A', 'a']|sort(case_sensitive=true)", json!(["A", "a", "b"])),
        ("fetch.orders|sort(attribute='total')|map(attribute='id')", json!([2, 3, 1])),
        ("fetch.orders|sort(attribute='customer,total')|map(attribute='id')", json!([3, 1, 2])),
        ("params.names|first", json!("b")),
        ("params.names|last", json!("c")),
        ("'xyz'|last", json!("z")),
        ("params.names|reverse", json!(["c", "a", "b"])),
        ("params.names|length", json!(3)),
        ("params.table|count", json!(2)),
        ("params.table|items", json!([["z", 1], ["a", {"b": [10, 20]}]])),
        ("params.table.keys()", json!(["z", "a"])),
        ("{'b': 1, 'a': 2}.values()", json!([1, 2])),
        ("{'b': 1, 'a': 2}|dictsort", json!([["a", 2], ["b", 1]])),
        ("{'b': 1, 'a': 2}|dictsort(by='value')", json!([["b", 1], ["a", 2]])),
        ("'ab'|list", json!(["a", "b"])),
        ("[1,2,3]|batch(2)", json!([[1, 2], [3]])),
        ("[1,2,3]|batch(2, 0)", json!([[1, 2], [3, 0]])),
        ("[1,2,3,4,5]|slice(2)", json!([[1, 2, 3], [4, 5]])),
        ("[1,2,3]|slice(2, 0)", json!([[1, 2], [3, 0]])),
        ("[1]|chain([2], [3])", json!([1, 2, 3])),
        ("{'a': 1}|chain({'b': 2})", json!({"a": 1, "b": 2})),
        ("[1,2]|zip('ab'|list)", json!([[1, "a"], [2, "b"]])),
        ("[1, 1.5, 1, 'a', 'A']|unique", json!([1, 1.5, "a"])),
        ("fetch.orders|unique(attribute='customer')|map(attribute='id')", json!([1, 2])),
        ("fetch.orders|sum(attribute='total')", json!(4000.5)),
        ("[1, 2]|sum", json!(3)),
        ("[]|sum", json!(0)),
        ("fetch.orders|max(attribute='total')|attr('id')", json!(1)),
        ("[2, 1]|min", json!(1)),
        ("fetch.orders|map(attribute='note', default='')", json!(["", "", "late"])),
        ("params.names|map('upper')", json!(["B", "A", "C"])),
        ("[[1, 2], [3]]|map('join', '+')", json!(["1+2", "3"])),
        ("[1, 2, 3]|select('odd')", json!([1, 3])),
        ("[0, 1, '']|select", json!([1])),
        ("[0, 1]|reject", json!([0])),
        ("[1, 2, 3]|reject('gt', 1)", json!([1])),
        ("fetch.orders|selectattr('total', 'gt', 1000)|map(attribute='id')", json!([1, 3])),
        ("fetch.orders|rejectattr('customer', 'eq', 'A')|length", json!(1)),
        ("fetch.orders|selectattr('note', 'defined')|map(attribute='id')", json!([3])),
        ("fetch.orders|selectattr('customer', 'in', ['B'])|length", json!(1)),
        ("fetch.orders|groupby('customer')|map(attribute='grouper')", json!(["A", "B"])),
        ("(fetch.orders|groupby('customer'))[0].list|length", json!(2)),
        ("fetch.orders|map(attribute='customer')|unique|sort|join(', ')", json!("A, B")),
        ("params.table|attr('a.b.0')", json!(10)),
        ("range(5)|map('string')|join", json!("01234")),
    ] {
        assert_eq!(value(source), expected, "{source}");
    }
    for source in [
        "5|first",
        "none|length",
        "'a'|join(',')",
        "[1]|join(5)",
        "{}|map('upper')",
        "[1]|map('upper')",
        "5|items",
        "[1]|zip(2)",
        "[1]|sort(1)",
        "[1]|sort(nope=true)",
        "[1]|upper",
        "'a'|upper('x')",
        "[1]|chain({})",
        "[[1]]|sort(attribute=5)",
    ] {
        assert_eq!(fault(source), Fault::Type, "{source}");
    }
    assert_eq!(fault("[1]|map('nope')"), Fault::Unknown);
    assert_eq!(fault("[1]|select('nope')"), Fault::Unknown);
}

#[test]
fn tests_after_is() {
    for source in [
        "none is none",
        "1 is not none",
        "true is boolean",
        "true is true",
        "1 is not true",
        "1 is number",
        "1 is integer",
        "1.0 is float",
        "'a' is string",
        "[1] is sequence",
        "{} is mapping",
        "[] is iterable",
        "3 is odd",
        "4 is even",
        "9 is divisibleby 3",
        "'abc' is startingwith('a')",
        "'abc' is endingwith('c')",
        "'a' is lower",
        "'A' is upper",
        "1 is eq 1",
        "1 is ne(2)",
        "1 is lt 2",
        "2 is ge 2",
        "'a' is in params.names",
        "1 is sameas 1.0",
    ] {
        assert_eq!(value(source), json!(true), "{source}");
    }
    for source in
        ["'a' is odd", "1 is lower", "none is even", "1 is startingwith('a')", "1 is in 5", "1 is divisibleby('a')"]
    {
        assert_eq!(fault(source), Fault::Type, "{source}");
    }
    assert_eq!(fault("1 is divisibleby 0"), Fault::Value);
}
