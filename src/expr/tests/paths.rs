//! Reading values: types, missing paths, laziness, positions.

use serde_json::json;

use super::{World, eval, fault, object, render, try_render, value};
use crate::base::ErrorKind;
use crate::expr::{Expression, Fault, Known, NoResults, Reference, Scope, Target, Template};

#[test]
fn a_string_that_is_one_expression_keeps_the_json_type() {
    assert_eq!(render(&json!("{{ params.limit }}")), json!(50));
    assert_eq!(render(&json!("{{params.rate}}")), json!(0.5));
    assert_eq!(render(&json!("{{ params.on }}")), json!(true));
    assert_eq!(render(&json!("{{ params.nothing }}")), json!(null));
    assert_eq!(render(&json!("{{ params.names }}")), json!(["b", "a", "c"]));
    assert_eq!(render(&json!("{{ params.big }}")), json!(9_007_199_254_740_993_u64));
    assert_eq!(render(&json!("{{ params.table }}")).to_string(), r#"{"z":1,"a":{"b":[10,20]}}"#);
    assert_eq!(render(&json!("{{ params.table|chain({}) }}")).to_string(), r#"{"z":1,"a":{"b":[10,20]}}"#);
    assert_eq!(render(&json!("{{ [params.limit, 1.0, -3] }}")).to_string(), "[50,1.0,-3]");
}

#[test]
fn any_other_string_is_text_with_json_spelling_inside() {
    assert_eq!(render(&json!(" {{ params.limit }}")), json!(" 50"));
    assert_eq!(render(&json!("{{ params.on }}/{{ params.nothing }}")), json!("true/null"));
    assert_eq!(render(&json!("n={{ params.names }}")), json!(r#"n=["b","a","c"]"#));
    assert_eq!(render(&json!("o={{ params.table }}")), json!(r#"o={"z":1,"a":{"b":[10,20]}}"#));
    assert_eq!(render(&json!("h={{ fetch.html }}")), json!("h=<b>&</b>"));
    assert_eq!(render(&json!("f={{ 1.0 }} {{ 3 / 2 }}")), json!("f=1.0 1.5"));
    assert_eq!(render(&json!("")), json!(""));
}

#[test]
fn strings_inside_objects_and_lists_are_rendered_and_keys_are_not() {
    assert_eq!(
        render(&json!({"{{ k }}": ["{{ params.limit }}", {"a": "x{{ params.region }}"}], "n": 1})),
        json!({"{{ k }}": [50, {"a": "xnorth"}], "n": 1})
    );
}

#[test]
fn what_a_tool_returned_is_data_and_not_evaluated_again() {
    assert_eq!(render(&json!("{{ fetch.braces }}")), json!("{{ params.region }}"));
    assert_eq!(render(&json!("-{{ fetch.braces }}")), json!("-{{ params.region }}"));
}

#[test]
fn every_name_of_the_scope_reads_its_value() {
    for (source, expected) in [
        ("params.region", json!("north")),
        ("context.slowest", json!("Sales")),
        ("steps.fetch.status", json!("completed")),
        ("steps.fetch.success", json!(true)),
        ("steps.fetch.result.number", json!(7)),
        ("steps.fetch.error", json!(null)),
        ("steps.bad.error.kind", json!("timeout")),
        ("steps.fetch.duration_seconds", json!(1.5)),
        ("fetch.number", json!(7)),
        ("fetch.orders[0].customer", json!("A")),
        ("fetch.orders[-1].id", json!(3)),
        ("fetch.orders.0.id", json!(1)),
        ("fetch['number']", json!(7)),
        ("results.fetch.number", json!(7)),
        ("results['fetch'].number", json!(7)),
        ("steps[params.empty|length == 0 and 'fetch'].result.number", json!(7)),
        ("results|length", json!(4)),
        ("steps|length", json!(4)),
        ("skipped", json!(null)),
        ("item.total", json!(1200)),
        ("row.name", json!("row")),
        ("index", json!(4)),
        ("run.id", json!("run-1")),
        ("run.name ~ run.started_at[:4]", json!("Demo2025")),
        ("params['my-key']", json!("k")),
    ] {
        assert_eq!(value(source), expected, "{source}");
    }
}

#[test]
fn result_and_error_are_there_only_where_they_are_given() {
    let world = World::new();
    let (result, error) = (json!({"id": 5}), json!({"kind": "timeout"}));
    let scope = world.scope().with_result(&result).with_error(&error);
    let read = |source: &str| Expression::parse(source, &World::known()).unwrap().eval(&scope).unwrap();
    assert_eq!(read("result.id"), json!(5));
    assert_eq!(read("error.kind"), json!("timeout"));
    assert_eq!(fault("result.id"), Fault::Undefined);
    assert_eq!(fault("error"), Fault::Undefined);
    let bare = Scope::new(&world.params, &world.context, &NoResults);
    let error = Expression::parse("item", &World::known()).unwrap().eval(&bare).unwrap_err();
    assert_eq!(error.message, "`item` is not there: it is in scope inside a loop or transform");
}

#[test]
fn touching_what_is_not_there_is_an_error_in_comparisons_too() {
    for source in [
        "params.missing",
        "params.region.x",
        "fetch.orders[9]",
        "fetch.orders.x",
        "later.x",
        "later",
        "steps.later.status",
        "params.missing == 1",
        "params.missing != 1",
        "not params.missing",
        "params.missing and true",
        "params.missing or true",
        "1 in params.missing",
        "params.missing in [1]",
        "[params.missing]",
        "{'a': params.missing}",
        "params.missing|upper",
        "len(params.missing)",
        "params.missing ~ 'x'",
        "params.missing is none",
        "params.missing if true else 1",
        "1 if params.missing else 2",
        "1 if false",
        "params.missing.get('x')",
        "params.nothing.x",
        "skipped.x",
        "skipped.x == none",
        "params.table[params.missing]",
        "fetch.orders|map(attribute='note')",
        "fetch.orders|selectattr('note')",
        "params.empty|first",
    ] {
        assert_eq!(fault(source), Fault::Undefined, "{source}");
    }
}

#[test]
fn default_defined_and_get_are_there_for_what_may_be_missing() {
    for (source, expected) in [
        ("params.missing|default('x')", json!("x")),
        ("params.a.b.c|default('x')", json!("x")),
        ("later.x.y|default(1)", json!(1)),
        ("skipped.x|default('none')", json!("none")),
        ("fetch.orders[9].customer|default('none')", json!("none")),
        ("params.empty|first|default(0)", json!(0)),
        ("(params.missing if false)|default(2)", json!(2)),
        ("nowhere|default(3)", json!(3)),
        ("params.limit|default(1)", json!(50)),
        ("params.nothing|default(1)", json!(null)),
        ("params.nothing|default(1, true)", json!(1)),
        ("params.missing|d", json!("")),
        ("params.missing is defined", json!(false)),
        ("params.a.b is defined", json!(false)),
        ("params.nothing is defined", json!(true)),
        ("params.missing is undefined", json!(true)),
        ("params.missing is not defined", json!(true)),
        ("params.get('missing')", json!(null)),
        ("params.get('missing', 4)", json!(4)),
        ("params.get('limit', 4)", json!(50)),
        ("params.table.a.get('b')[1]", json!(20)),
        ("context.get('slowest') is not none", json!(true)),
        ("{'a': 1}.get('b', 2)", json!(2)),
    ] {
        assert_eq!(value(source), expected, "{source}");
    }
}

#[test]
fn what_is_missing_is_told_by_its_path_with_the_nearest_name() {
    let error = eval("1 + fetch.ordres[0]").unwrap_err();
    assert_eq!(error.to_string(), "`fetch` has no `ordres` (line 1, column 5 of `1 + fetch.ordres[0]`)");
    assert_eq!(error.hint.as_deref(), Some("did you mean `orders`?"));
    assert_eq!(error.kind(), ErrorKind::InvalidInput);
    let error = eval("skipped.x").unwrap_err();
    assert_eq!(error.message, "`skipped` is null, so `skipped.x` is not there");
    let error = eval("fetch.result.number").unwrap_err();
    assert_eq!(error.hint.as_deref(), Some("`fetch` is the step's result: write `fetch.number`"));
    let error = eval("fetch.orders[7]").unwrap_err();
    assert_eq!(error.message, "`fetch.orders` has 3 item(s), there is no place 7");
    let error = eval("later.x").unwrap_err();
    assert_eq!(error.message, "step `later` has no result yet");
}

#[test]
fn names_that_cannot_be_there_are_refused_at_load() {
    for (source, hint) in [
        ("parms.region", "did you mean `params`?"),
        ("fech.number", "did you mean `fetch`?"),
        ("steps.fech.status", "did you mean `fetch`?"),
        ("run.nam", "did you mean `name`?"),
        ("steps.fetch.orders", "what the step returned is `steps.fetch.result.orders`, or `fetch.orders`"),
        ("params.text|uper", "did you mean `upper`?"),
        ("lenn(params.names)", "did you mean `len`?"),
        ("params.text is strin", "did you mean `string`?"),
        ("params.text.uper()", "did you mean `upper`?"),
    ] {
        let error = Expression::parse(source, &World::known()).unwrap_err();
        assert_eq!(error.fault, Fault::Unknown, "{source}");
        assert_eq!(error.hint.as_deref(), Some(hint), "{source}");
    }
}

#[test]
fn a_result_is_read_only_when_it_is_touched() {
    let world = World::new();
    let scope = world.scope();
    let run = |source: &str| Expression::parse(source, &World::known()).unwrap().eval(&scope).unwrap();
    run("params.limit");
    run("steps.fetch.status");
    run("params.limit if params.on else fetch");
    run("params.off and fetch.number");
    assert_eq!(world.steps.reads.get(), 0);
    run("fetch.orders[0].id");
    assert_eq!(world.steps.reads.get(), 1);
}

#[test]
fn a_result_that_cannot_be_read_fails_even_under_default() {
    for source in ["broken.x", "broken.x|default(1)", "steps.broken.result is defined", "results.broken"] {
        let error = eval(source).unwrap_err();
        assert_eq!(error.fault, Fault::Source, "{source}");
        assert_eq!(error.kind(), ErrorKind::Unavailable);
        assert_eq!(error.message, "the result of step `broken` cannot be read: the body is gone");
    }
}

#[test]
fn success_of_a_step_without_such_a_field_is_whether_it_completed() {
    assert_eq!(value("fetch.success"), json!(true));
    assert_eq!(value("bad.success"), json!(false));
    assert_eq!(value("skipped.success"), json!(false));
    assert_eq!(value("yes.success"), json!(false));
    assert_eq!(fault("later.success"), Fault::Undefined);
}

#[test]
fn positions_are_in_what_the_author_wrote() {
    let error = try_render(&json!({"a": ["ok", "line one\n  {{ params.on ? params.x : 1 }}"]})).unwrap_err();
    assert_eq!((error.pointer.as_str(), error.line, error.column), ("/a/1", 2, 18));
    let error = Expression::parse("params.on && ${fetch.x} +", &World::known()).unwrap_err();
    assert_eq!(error.fault, Fault::Syntax);
    let error = eval("params.on && !params.off && ${fetch.wrong}").unwrap_err();
    assert_eq!(error.column, 29);
    let error = eval("'ä' == 'ö' or params.nope").unwrap_err();
    assert_eq!((error.column, error.offset), (15, 16));
}

#[test]
fn all_that_is_wrong_with_a_value_is_told_at_once() {
    let wrong = json!({"a": "{{ nope }}", "b": ["{{ 1 + }}", "{{ params.x", "{% if x %}", "fine"]});
    let errors = Template::parse(&wrong, &World::known()).unwrap_err();
    let found: Vec<_> = errors.iter().map(|error| (error.pointer.as_str(), error.fault)).collect();
    assert_eq!(
        found,
        [("/a", Fault::Unknown), ("/b/0", Fault::Syntax), ("/b/1", Fault::Syntax), ("/b/2", Fault::Syntax)]
    );
    assert_eq!(errors[2].message, "`{{` is never closed");
    assert_eq!(errors[3].message, "`{% %}` statements are not part of the language");
}

#[test]
fn references_tell_what_is_read() {
    let expression = Expression::parse(
        "params.region ~ context.get('x') ~ fetch.orders[0].id ~ steps.bad.error.kind ~ (later.y|default('')) ~ results[params.text] ~ row.a ~ index",
        &World::known(),
    )
    .unwrap();
    let found: Vec<(Target, String, bool)> = expression
        .references()
        .iter()
        .map(|Reference { target, path, optional, .. }| (target.clone(), path.join("."), *optional))
        .collect();
    assert_eq!(
        found,
        [
            (Target::Param, "region".to_owned(), false),
            (Target::Context, "x".to_owned(), true),
            (Target::Step("fetch".to_owned()), "result.orders.0.id".to_owned(), false),
            (Target::Step("bad".to_owned()), "error.kind".to_owned(), false),
            (Target::Step("later".to_owned()), "result.y".to_owned(), true),
            (Target::Param, "text".to_owned(), false),
            (Target::AllSteps, String::new(), false),
            (Target::Item(Some("row".to_owned())), "a".to_owned(), false),
            (Target::Index, String::new(), false),
        ]
    );
    let template = Template::parse(&json!({"a": [1, "x {{ params.region }}"]}), &World::known()).unwrap();
    let [reference] = template.references() else { panic!("one reference") };
    assert_eq!((reference.pointer.as_str(), reference.column, reference.key()), ("/a/1", 6, Some("region")));
}

#[test]
fn outer_loops_stay_in_scope_by_name() {
    let (empty, outer, inner) = (object(json!({})), json!({"n": 1}), json!({"n": 2}));
    let scope = Scope::new(&empty, &empty, &NoResults).with_item(Some("a"), &outer, 0).with_item(Some("b"), &inner, 7);
    let known = Known::new().with_item("a").with_item("b");
    let read = Expression::parse("[a.n, b.n, item.n, index]", &known).unwrap().eval(&scope).unwrap();
    assert_eq!(read, json!([1, 2, 2, 7]));
}
