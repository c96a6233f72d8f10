//! Every way of writing, and what it becomes.

use serde_json::json;

use super::{World, eval, holds, render, value};
use crate::expr::{Expression, Fault, Known, Template, lower, lower_text, lower_value};

fn lowered(source: &str) -> String {
    lower(source, &World::known())
}

fn lowered_text(source: &str) -> String {
    lower_text(source, &World::known())
}

#[test]
fn bare_expressions_lower_as_the_table_says() {
    for (source, expected) in [
        ("params.limit > 5", "params.limit > 5"),
        ("{{ params.limit > 5 }}", "params.limit > 5"),
        ("  {{params.on}}  ", "params.on"),
        ("{{fetch.success}} == true", "(fetch.success) == true"),
        ("{{ params.on }} and {{ params.off }}", "( params.on ) and ( params.off )"),
        ("${params.limit} > 5", "params.limit > 5"),
        ("$.fetch.result.validation.valid == True", "steps.fetch.result.validation.valid == True"),
        ("$.fetch.number > 1", "fetch.number > 1"),
        ("$.params.limit > ${context.count}", "params.limit > context.count"),
        ("params.on && params.off", "params.on  and  params.off"),
        ("params.on||params.off", "params.on or params.off"),
        ("!params.off", "(not params.off)"),
        ("!fetch.orders[0].ok && x", "(not fetch.orders[0].ok)  and  x"),
        ("!(a || b) == c", "(not (a  or  b)) == c"),
        ("!!params.on", "(not (not params.on))"),
        ("!params.x|default(true)", "(not params.x|default(true))"),
        ("!params.x is defined", "(not params.x is defined)"),
        ("params.limit != null", "params.limit != none"),
        ("fetch is not None", "fetch is not none"),
        ("fetch is None", "fetch is none"),
        ("params.on is True", "params.on is true"),
        ("params.on ? 1 : 2", "(1 if params.on else 2)"),
        ("a ? b : c ? d : e", "(b if a else (d if c else e))"),
        ("a ? b ? c : d : e", "((c if b else d) if a else e)"),
        ("f(x ? 1 : 2, y)", "f((1 if x else 2), y)"),
        ("{'k': a ? 1 : 2, 'l': 3}", "{'k': (1 if a else 2), 'l': 3}"),
        ("[1,2][a ? 0 : 1]", "[1,2][(0 if a else 1)]"),
        ("(a ? 1 : 2) + 3", "((1 if a else 2)) + 3"),
        ("x == 'what? no: yes'", "x == 'what? no: yes'"),
        ("params.names[1:2]", "params.names[1:2]"),
        ("x|default:'y'", "x|default('y')"),
        ("x | default: -1", "x | default(-1)"),
        ("x|default:params.region", "x|default(params.region)"),
        ("a ? x|default:'y' : z", "(x|default('y') if a else z)"),
        ("region == 'north'", "params.region == 'north'"),
        ("slowest", "context.slowest"),
        ("fetch.region", "fetch.region"),
        ("region|upper", "params.region|upper"),
        ("f(region=region)", "f(region=params.region)"),
        ("'$.a && b ? c : d ${params.x}'", "'$.a && b ? c : d ${params.x}'"),
    ] {
        assert_eq!(lowered(source), expected, "{source}");
        assert_eq!(lowered(&lowered(source)), expected, "again: {source}");
    }
}

#[test]
fn texts_lower_as_the_table_says() {
    for (source, expected) in [
        ("plain", "plain"),
        ("${params.region}", "{{ params.region }}"),
        ("[${params.region}]", "[{{ params.region }}]"),
        ("${ fetch.orders[0].id }", "{{ fetch.orders[0].id }}"),
        ("${fetch.result.number}", "{{ steps.fetch.result.number }}"),
        ("${steps.fetch.status}", "{{ steps.fetch.status }}"),
        ("${params.my-key}", "{{ params['my-key'] }}"),
        ("$.fetch.result.orders[0].id", "{{ steps.fetch.result.orders[0].id }}"),
        ("$.fetch.orders.0.id", "{{ fetch.orders[0].id }}"),
        ("$.fetch", "{{ fetch }}"),
        ("$.context.slowest", "{{ context.slowest }}"),
        ("{{region}}", "{{ params.region }}"),
        ("{{fetch.success ? 'yes' : 'no'}}", "{{ ('yes' if fetch.success else 'no') }}"),
        ("{{variable|default:'fallback'}}", "{{ variable|default('fallback') }}"),
        ("{{ {'a': {'b': 1}} }}", "{{ {'a': {'b': 1}} }}"),
        ("{{ '}}' }}", "{{ '}}' }}"),
        ("{${params.region}}", "{{ '{' }}{{ params.region }}}"),
    ] {
        assert_eq!(lowered_text(source), expected, "{source}");
        assert_eq!(lowered_text(&lowered_text(source)), expected, "again: {source}");
    }
}

#[test]
fn everything_else_is_literal() {
    for source in [
        "${HOME}",
        "${unknown.x}",
        "${params.}",
        "${params.x",
        "$.unknown.x",
        "$.store..book[*]",
        "a $.fetch.number",
        "$5.00",
        "$",
        "${}",
        "100% {",
        "}}",
        "{ {params.x} }",
        "{#comment#}",
        "a ? b : c",
        "x && y",
        "SELECT * FROM t WHERE a = '$.x'",
        "#{x}",
        "%(x)s",
        "\\{\\{",
        "<%= x %>",
    ] {
        assert_eq!(render(&json!(source)), json!(source));
        assert_eq!(lowered_text(source), source);
    }
    assert_eq!(render(&json!("$.fetch.number ")), json!("$.fetch.number "), "only a whole string");
}

#[test]
fn every_dialect_yields_what_it_means() {
    for (source, expected) in [
        ("${params.limit}", json!(50)),
        ("v${params.limit}", json!("v50")),
        ("$${params.limit}", json!("$50")),
        ("$.fetch.result.orders[0].id", json!(1)),
        ("$.fetch.result.validation.valid", json!(true)),
        ("$.fetch.orders[2].total", json!(1500.5)),
        ("{{ fetch.success ? 'yes' : 'no' }}", json!("yes")),
        ("{{ params.off ? 1 : params.on ? 2 : 3 }}", json!(2)),
        ("is it? {{ params.on ? 'a?b:c' : \"d\" }}: so", json!("is it? a?b:c: so")),
        ("{{missing|default:'fallback'}}", json!("fallback")),
        ("{{params.x.y|default:'fallback'}}", json!("fallback")),
        ("{{region}}-{{ slowest }}", json!("north-Sales")),
        ("{{ !params.off && params.limit >= 50 }}", json!(true)),
        ("{{ null }}", json!(null)),
        ("{{ {'a': params.on ? [1, 2] : []} }}", json!({"a": [1, 2]})),
    ] {
        assert_eq!(render(&json!(source)), expected, "{source}");
    }
    for source in [
        "$.fetch.result.validation.valid == True",
        "context.get('slowest') is not None",
        "context.get('nothing') is None",
        "{{fetch.success}} == true",
        "{{ params.on }} && !{{ params.off }}",
        "skipped is null",
        "params.off == False",
    ] {
        assert_eq!(holds(source), Ok(true), "{source}");
    }
}

#[test]
fn a_step_id_goes_before_a_parameter_of_the_same_name() {
    let known = Known::new().with_steps(["repo"]).with_params(["repo", "pr"]).with_context(["pr", "note"]);
    assert_eq!(lower("repo", &known), "repo");
    assert_eq!(lower("pr", &known), "params.pr");
    assert_eq!(lower("note", &known), "context.note");
    assert_eq!(lower("len", &Known::new().with_params(["len"])), "len", "names of functions stay functions");
}

#[test]
fn a_choice_without_its_parts_is_told() {
    for (source, message) in [
        ("params.on ? 1", "`?` has no `:`"),
        ("params.on ? : 2", "a part of `test ? yes : no` is empty"),
        ("params.on ?? 2", "`?` has no `:`"),
        ("(params.on ? 1 : 2", "`(` is never closed"),
        ("params.on ? 1 : 2)", "`)` closes nothing"),
        ("!", "`!` has nothing to negate"),
        ("", "the expression is empty"),
        ("{{ }}", "the expression is empty"),
        ("'open", "the text is never closed"),
        ("$x", "unexpected `$`"),
        ("'{{ params.x }}' == 'a'", "`{{ }}` inside quotes is not evaluated"),
    ] {
        let error = eval(source).unwrap_err();
        assert_eq!(error.message, message, "{source}");
        assert_eq!(error.fault, Fault::Syntax, "{source}");
    }
    let error = eval("$.fech.number == 1").unwrap_err();
    assert_eq!((error.fault, error.hint.as_deref()), (Fault::Unknown, Some("did you mean `fetch`?")));
}

#[test]
fn statements_and_splats_are_not_part_of_the_language() {
    for source in [
        "{% for x in params.names %}{% endfor %}",
        "{% set x = 1 %}",
        "{% include 'a' %}",
        "{% raw %}",
        "{{- params.on }}",
        "{{ params.on -}}",
        "{{ len(*params.names) }}",
        "{{ dict(**params.table) }}",
        "{{ self.x() }}",
        "{{ loop.index }}",
        "{{ debug() }}",
        "{{ namespace() }}",
        "{{ [].append(1) }}",
        "{{ params|safe }}",
        "{{ params() }}",
        "{{ x = 1 }}",
    ] {
        assert!(Template::parse(&json!(source), &World::known()).is_err(), "{source}");
    }
    let errors = Template::parse(&json!("a {% if x %}"), &World::known()).unwrap_err();
    assert_eq!((errors[0].line, errors[0].column), (1, 3));
    assert!(errors[0].hint.as_deref().is_some_and(|hint| hint.contains("{{ '{%' }}")));
    assert_eq!(render(&json!("{{ '{%' }} {{ '{{' }}")), json!("{% {{"));
}

#[test]
fn a_lowered_value_renders_as_the_value_it_came_from() {
    let source =
        json!({"a": "${params.limit}", "b": ["$.fetch.number", "x ${region} {{ slowest }}", 5], "${k}": "${unknown}"});
    let lowered = lower_value(&source, &World::known());
    assert_eq!(
        lowered,
        json!({"a": "{{ params.limit }}", "b": ["{{ fetch.number }}", "x ${region} {{ context.slowest }}", 5], "${k}": "${unknown}"})
    );
    assert_eq!(render(&lowered), render(&source));
    assert_eq!(lower_value(&lowered, &World::known()), lowered);
}

#[test]
fn an_expression_tells_its_source_and_the_one_language() {
    let expression = Expression::parse("$.fetch.number > 5 ? 'a' : 'b'", &World::known()).unwrap();
    assert_eq!(expression.source(), "$.fetch.number > 5 ? 'a' : 'b'");
    assert_eq!(expression.lowered(), "('a' if fetch.number > 5 else 'b')");
    assert_eq!(value("$.fetch.number > 5 ? 'a' : 'b'"), json!("a"));
}
