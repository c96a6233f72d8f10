//! What is wrong with transforms is told where it stands, and what they read is known.

use std::collections::HashSet;

use serde_json::json;

use super::{compiled, written};
use crate::expr::Target;
use crate::workflow::load_text;
use crate::workflow::plan::Source;

/// The problems of one transform, in a file where it begins at 4:19.
fn told(transform: &str) -> String {
    let text = format!(
        "template_id: t\nsteps:\n- {{step_id: s, type: transform, input: [],\n   transforms: [  {transform}]}}\n"
    );
    load_text(&text, Source::User, "t").map_or_else(|rejected| rejected.to_string(), |_| String::new())
}

#[test]
fn each_mistake_has_its_place_and_code() {
    let cases = [
        (
            "{type: filter, were: x}",
            "t:4:19: E013 missing_key: a filter needs `where` or `criteria`\nt:4:34: E012 unknown_key: a filter has no key `were` (did you mean `where`?)",
        ),
        ("{type: filter, where: [1]}", "t:4:41: E011 wrong_type: expected an expression, found a list"),
        ("{type: filter, where: itm > 1}", "t:4:41: E031 unknown_name: `itm` is not in scope (did you mean `item`?)"),
        (
            "{type: filter, where: s.x > 1}",
            "t:4:41: E033 not_an_ancestor: `s` reads its own result before it is recorded (read `result`)",
        ),
        ("{type: filter, criteria: {}}", "t:4:44: E014 wrong_value: `criteria` names no field"),
        (
            "{type: filter, criteria: {a: {}}}",
            "t:4:45: E013 missing_key: the criterion `a` compares with nothing (with `equals`, `not_equals`, `greater_than`, `less_than`, `contains` or `in`)",
        ),
        (
            "{type: filter, criteria: {a: {equal: 1}}}",
            "t:4:49: E012 unknown_key: a criterion has no key `equal` (did you mean `equals`?)",
        ),
        (
            "{type: filter, criteria: {a: {equals: '{{ item }}'}}}",
            "t:4:61: E034 out_of_scope: there is no `item` here: no `for_each` is around",
        ),
        (
            "{type: filter, criteria: {a: {equals: '{{ 1 + }}'}}}",
            "t:4:63: E030 bad_expression: unexpected end of input, expected expression",
        ),
        ("{type: map, to: {}}", "t:4:35: E014 wrong_value: `to` names no field"),
        ("{type: map, to: {a: 'item +'}}", "t:4:45: E030 bad_expression: unexpected end of input, expected expression"),
        ("{type: map, to: item, mapping: {a: b}}", "t:4:50: E016 conflicting_keys: a map has either `to` or `mapping`"),
        ("{type: map, mapping: {a: c, b: c}}", "t:4:50: E014 wrong_value: two fields would be named `c`"),
        ("{type: map, mapping: {a: 1}}", "t:4:44: E011 wrong_type: expected text, found a number (put it in quotes)"),
        ("{type: select, fields: []}", "t:4:42: E014 wrong_value: `fields` names no field"),
        ("{type: select, fields: [a, b, a]}", "t:4:49: E014 wrong_value: `a` is named twice"),
        (
            "{type: sort, by: a, descending: yes please}",
            "t:4:51: E011 wrong_type: expected `true` or `false`, found text",
        ),
        ("{type: limit}", "t:4:19: E013 missing_key: a limit needs the key `count`"),
        ("{type: limit, count: 1.5}", "t:4:40: E011 wrong_type: expected a whole number"),
        ("{type: limit, count: -1}", "t:4:40: E014 wrong_value: must be 0 or more"),
        (
            "{type: limit, count: many}",
            "t:4:40: E011 wrong_type: expected a number or an expression, found the text `many` (an expression stands in `{{ }}`)",
        ),
        ("{type: flatten, field: [a]}", "t:4:42: E011 wrong_type: expected text, found a list"),
        ("{type: merge}", "t:4:19: E013 missing_key: a merge needs the key `with`"),
        (
            "{type: merge, with: '{{ secrets.A }}'}",
            "t:4:43: E035 secret_not_allowed: the secret `A` may not stand here (secrets stand in `parameters`, `headers`, `url` and `body` only)",
        ),
        (
            "{type: aggregate, fields: {a: median}}",
            "t:4:49: E014 wrong_value: `median` is none of `sum`, `avg`, `min`, `max` or `count`",
        ),
        ("{type: aggregate, fields: {}}", "t:4:45: E014 wrong_value: `fields` names no field"),
        (
            "{type: aggregate, group_by: a, fields: {a: count}}",
            "t:4:59: E016 conflicting_keys: `a` is a key of the groups and cannot be a figure too (to count a group's items, count another field)",
        ),
        (
            "{type: aggregate, group_by: a, aggregate_type: sum}",
            "t:4:37: E016 conflicting_keys: `group_by` does not go with `aggregate_type`, which gives one object (name the figures with `fields`)",
        ),
        ("{type: aggregate, group_by: [], fields: {a: sum}}", "t:4:47: E014 wrong_value: `group_by` names no field"),
    ];
    for (transform, expected) in cases {
        assert_eq!(told(transform), expected, "{transform}");
    }
}

#[test]
fn dialects_come_out_in_the_one_language() {
    let text = "
template_id: t
parameters: [{name: least, default: 1}]
steps:
- step_id: s
  tool: x
  data_transformations:
  - {type: filter, where: 'item.a > ${params.least} ? true : false'}
  - {type: filter, criteria: {a: {greater_than: '${params.least}'}}}
  - {type: map, to: {b: 'item.b|default:0'}}
  - {type: sort, by: b}
  - {type: limit, count: '${params.least}'}
  - {type: aggregate, aggregate_type: sum}
";
    let plan = load_text(text, Source::User, "t").expect("loads").plan;
    let stored = serde_json::to_value(&plan.steps[0].transforms).expect("serialises");
    assert_eq!(
        stored,
        json!([
            {"type": "filter", "where": "(true if item.a > params.least else false)"},
            {"type": "filter", "criteria": {"a": {"greater_than": "{{ params.least }}"}}},
            {"type": "map", "to": {"b": "item.b|default(0)"}},
            {"type": "sort", "by": "item['b']", "descending": false},
            {"type": "limit", "count": "{{ params.least }}"},
            {"type": "aggregate", "aggregate_type": "sum"},
        ])
    );
}

#[test]
fn what_they_read_is_known() {
    let transforms = written(
        "[{type: filter, where: params.least < item.a}, {type: limit, count: '{{ len(result) }}'}, {type: sort, by: a}]",
    );
    let compiled = compiled(&transforms).expect("compiles");
    let targets: HashSet<&Target> = compiled.references().iter().map(|reference| &reference.target).collect();
    assert_eq!(targets, HashSet::from([&Target::Param, &Target::Item(None), &Target::Result]));
}
