//! One line for each rule: a transform, its input, what comes out.

use serde_json::Value;

use super::{run, written};

/// `transform | input | output`, or `error: message` in place of the output.
fn check(rules: &str) {
    for rule in rules.lines().map(str::trim).filter(|line| !line.is_empty()) {
        let [transform, input, expected] = rule.splitn(3, " | ").map(str::trim).collect::<Vec<_>>()[..] else {
            panic!("three parts are needed: {rule}")
        };
        match (run(transform, written(input)), expected.strip_prefix("error: ")) {
            (Ok(value), None) => assert_eq!(value.to_string(), written(expected).to_string(), "{rule}"),
            (Err(error), Some(message)) => assert_eq!(error.to_string(), message, "{rule}"),
            (Ok(value), Some(_)) => panic!("{rule} gave {value}"),
            (Err(error), None) => panic!("{rule}: {error}"),
        }
    }
}

#[test]
fn filter_keeps_items_for_which_an_expression_holds() {
    check(
        "
        {type: filter, where: item.a > 1} | [{a: 1}, {a: 2}, {a: 3}] | [{a: 2}, {a: 3}]
        {type: filter, where: item > params.least} | [9, 10, 11] | [11]
        {type: filter, where: index > 0} | [a, b] | [b]
        {type: filter, where: 'item == result[0]'} | [x, y, x] | [x, x]
        {type: filter, where: true} | [] | []
        {type: filter, where: item.a > 1} | [{a: 2}, {b: 2}] | error: transform 1 (filter), index 1: `item` has no `a` (line 1, column 1 of `item.a > 1`)
        {type: filter, where: item.a > 1} | [{a: null}] | error: transform 1 (filter), index 0: cannot order null and a number (line 1, column 1 of `item.a > 1`)
        {type: filter, where: item} | {a: [1]} | error: transform 1 (filter): a filter takes a list, not an object
        {type: filter, where: item} | text | error: transform 1 (filter): a filter takes a list, not a string
        ",
    );
}

#[test]
fn criteria_compare_as_the_language_does() {
    check(
        "
        {type: filter, criteria: {a: {equals: 1}}} | [{a: 1}, {a: 1.0}, {a: '1'}, {a: true}] | [{a: 1}, {a: 1.0}]
        {type: filter, criteria: {a: {not_equals: 1}}} | [{a: 1}, {a: 1.0}, {a: '1'}, {a: null}] | [{a: '1'}, {a: null}]
        {type: filter, criteria: {a: {greater_than: 1, less_than: 4}}} | [{a: 1}, {a: 2}, {a: 3.9}, {a: 4}] | [{a: 2}, {a: 3.9}]
        {type: filter, criteria: {a: {greater_than: '2024-01-01'}}} | [{a: '2023-12-31'}, {a: '2024-02-01'}] | [{a: '2024-02-01'}]
        {type: filter, criteria: {a: {contains: b}}} | [{a: abc}, {a: [b]}, {a: {b: 1}}, {a: x}, {a: [ab]}] | [{a: abc}, {a: [b]}, {a: {b: 1}}]
        {type: filter, criteria: {a: {in: [1, b, null]}}} | [{a: 1.0}, {a: b}, {a: null}, {a: 2}] | [{a: 1.0}, {a: b}, {a: null}]
        {type: filter, criteria: {a: {in: text}}} | [{a: ex}, {a: ax}] | [{a: ex}]
        {type: filter, criteria: {a: {greater_than: '{{ params.least }}'}}} | [{a: 10}, {a: 11}] | [{a: 11}]
        {type: filter, criteria: {a: {in: '${params.ids}'}}} | [{a: 2}, {a: 3}] | [{a: 2}]
        {type: filter, criteria: {a: {equals: 1}, b: {equals: 2}}} | [{a: 1, b: 2}, {a: 1, b: 3}] | [{a: 1, b: 2}]
        {type: filter, criteria: {a: {equals: 1}}} | [{b: 1}] | error: transform 1 (filter), index 0: the item has no `a`
        {type: filter, criteria: {a: {equals: 1}}} | [1] | error: transform 1 (filter), index 0: the item is a number and has no fields
        {type: filter, criteria: {a: {less_than: 1}}} | [{a: 0}, {a: '0'}] | error: transform 1 (filter), index 1: `a`: cannot order a string and a number
        {type: filter, criteria: {a: {contains: 1}}} | [{a: '1'}] | error: transform 1 (filter), index 0: `a`: `in` looks for a string in a string, not for a number
        ",
    );
}

#[test]
fn map_makes_something_new_of_each_item() {
    check(
        "
        {type: map, to: item.a} | [{a: 1}, {a: [2]}] | [1, [2]]
        {type: map, to: {n: item * 2, at: index}} | [3, 4] | [{n: 6, at: 0}, {n: 8, at: 1}]
        {type: map, to: '{{ item.a|default(none) }}'} | [{}, {a: 1}] | [null, 1]
        {type: map, to: item.list} | {list: [1, 2]} | [1, 2]
        {type: map, to: item.a} | [{}] | error: transform 1 (map), index 0: `item` has no `a` (line 1, column 1 of `item.a`)
        {type: map, to: item} | null | error: transform 1 (map): a map takes a list, not null
        ",
    );
}

#[test]
fn mapping_renames_and_keeps_the_other_fields_in_their_place() {
    check(
        "
        {type: map, mapping: {a: b}} | [{x: 0, a: 1, y: 2}] | [{x: 0, b: 1, y: 2}]
        {type: map, mapping: {a: b, b: a}} | [{a: 1, b: 2}] | [{b: 1, a: 2}]
        {type: map, mapping: {a: b}} | {a: 1} | {b: 1}
        {type: map, mapping: {a: b}} | [{a: 1, b: 2}] | error: transform 1 (map), index 0: two fields would be named `b`
        {type: map, mapping: {a: b}} | [{a: 1}, {c: 2}] | error: transform 1 (map), index 1: the item has no `a`
        ",
    );
}

#[test]
fn select_keeps_the_named_fields_in_their_order() {
    check(
        "
        {type: select, fields: [b, a]} | [{a: 1, b: 2, c: 3}] | [{b: 2, a: 1}]
        {type: select, fields: a} | {a: 1, b: 2} | {a: 1}
        {type: select, fields: [a, b]} | [{a: 1, b: 1}, {a: 1}] | error: transform 1 (select), index 1: the item has no `b`
        {type: select, fields: a} | [[]] | error: transform 1 (select), index 0: the item is a list and has no fields
        ",
    );
}

#[test]
fn sort_is_stable_and_takes_only_like_kinds() {
    check(
        "
        {type: sort, by: a} | [{a: 2, n: 1}, {a: 1.5, n: 2}, {a: 2, n: 3}] | [{a: 1.5, n: 2}, {a: 2, n: 1}, {a: 2, n: 3}]
        {type: sort, by: a, descending: true} | [{a: 1, n: 1}, {a: 2, n: 2}, {a: 1, n: 3}] | [{a: 2, n: 2}, {a: 1, n: 1}, {a: 1, n: 3}]
        {type: sort, by: item} | [b, B, a] | [B, a, b]
        {type: sort, by: -item.a.b} | [{a: {b: 1}}, {a: {b: 2}}] | [{a: {b: 2}}, {a: {b: 1}}]
        {type: sort, by: 'item|default(0, true)'} | [2, null, 1] | [null, 1, 2]
        {type: sort, by: index, descending: true} | [{index: 1}, {index: 2}] | [{index: 2}, {index: 1}]
        {type: sort, by: none} | [{none: 2}, {none: 1}] | [{none: 1}, {none: 2}]
        {type: sort, by: a} | [{a: 1}, {a: x}] | error: transform 1 (sort), index 1: cannot order a number and a string
        {type: sort, by: a} | [{a: null}] | error: transform 1 (sort), index 0: cannot order null and null
        {type: sort, by: a} | [{a: 1}, {a: true}] | error: transform 1 (sort), index 1: cannot order a number and a bool
        {type: sort, by: a} | [{a: 1}, {}] | error: transform 1 (sort), index 1: `item` has no `a` (line 1, column 1 of `item['a']`)
        ",
    );
}

#[test]
fn limit_leaves_off_and_cuts() {
    check(
        "
        {type: limit, count: 2} | [1, 2, 3] | [1, 2]
        {type: limit, count: 2, offset: 2} | [1, 2, 3] | [3]
        {type: limit, count: 0} | [1] | []
        {type: limit, count: 9, offset: 9} | [1] | []
        {type: limit, count: '{{ len(result) / 2 }}'} | [1, 2] | [1]
        {type: limit, count: '{{ len(result) / 2 }}'} | [1] | error: transform 1 (limit): `count` is 0.5, not a whole number of 0 or more
        {type: limit, count: 1, offset: '{{ 0 - 1 }}'} | [1] | error: transform 1 (limit): `offset` is -1, not a whole number of 0 or more
        {type: limit, count: '{{ params.ids }}'} | [1] | error: transform 1 (limit): `count` is a list, not a whole number of 0 or more
        ",
    );
}

#[test]
fn flatten_gives_one_item_for_each_element() {
    check(
        "
        {type: flatten} | [[1], [], [2, [3]]] | [1, 2, [3]]
        {type: flatten, field: l} | [{a: 1, l: [{b: 2}, {b: 3}], c: 4}] | [{a: 1, c: 4, b: 2}, {a: 1, c: 4, b: 3}]
        {type: flatten, field: l} | [{a: 1, l: [x, [y]]}, {a: 2, l: []}] | [{a: 1, l: x}, {a: 1, l: [y]}]
        {type: flatten, field: l} | [{l: [{l: 1}]}] | [{l: 1}]
        {type: flatten, field: l} | [{a: 1, l: [{a: 1.0}]}] | [{a: 1.0}]
        {type: flatten, field: l} | [{a: 1, l: [{a: 2}]}] | error: transform 1 (flatten), index 0: the item and an element of `l` both have `a`
        {type: flatten, field: l} | [{l: []}, {}] | error: transform 1 (flatten), index 1: the item has no `l`
        {type: flatten, field: l} | [{l: null}] | error: transform 1 (flatten), index 0: `l` is null, not a list
        {type: flatten} | [[1], 2] | error: transform 1 (flatten), index 1: the item is a number, not a list
        ",
    );
}

#[test]
fn merge_concatenates_lists_and_lays_objects_over() {
    check(
        "
        {type: merge, with: [3]} | [1, 2] | [1, 2, 3]
        {type: merge, with: '{{ params.ids }}'} | [] | [1, 2]
        {type: merge, with: {b: 3, c: 4}} | {a: 1, b: 2} | {a: 1, b: 3, c: 4}
        {type: merge, with: {total: '{{ len(result) }}'}} | {a: 1} | {a: 1, total: 1}
        {type: merge, with: [1]} | {} | error: transform 1 (merge): a merge takes two lists or two objects, not an object and a list
        ",
    );
}

#[test]
fn merge_on_a_field_is_a_left_join() {
    check(
        "
        {type: merge, with: [{id: 2, n: b}, {id: 1, n: a}], on: id} | [{id: 1}, {id: 2.0}, {id: 3}] | [{id: 1, n: a}, {id: 2, n: b}, {id: 3}]
        {type: merge, with: [{id: 1, n: a}, {id: 1, n: b}], on: id} | [{id: 1, x: 0}] | [{id: 1, x: 0, n: a}, {id: 1, x: 0, n: b}]
        {type: merge, with: [{id: 1, x: 2}], on: id} | [{id: 1, x: 1}] | [{id: 1, x: 2}]
        {type: merge, with: [{id: null, n: a}], on: id} | [{id: null}] | [{id: null}]
        {type: merge, with: [{n: a}], on: id} | [] | error: transform 1 (merge), index 0: `with`: the item has no `id`
        {type: merge, with: [], on: id} | [{n: 1}] | error: transform 1 (merge), index 0: the item has no `id`
        {type: merge, with: {id: 1}, on: id} | [] | error: transform 1 (merge): `with`: a merge with `on` takes a list, not an object
        ",
    );
}

#[test]
fn aggregate_gives_rows_by_group_or_one_object() {
    check(
        "
        {type: aggregate, fields: {a: sum, b: avg, c: min, d: max, e: count}} | [{a: 1, b: 1, c: x, d: 1, e: 0}, {a: 2, b: 2, c: w, d: 2.5, e: null}] | {a: 3, b: 1.5, c: w, d: 2.5, e: 1}
        {type: aggregate, fields: {a: sum}} | [{a: 1}, {a: 0.5}] | {a: 1.5}
        {type: aggregate, fields: {a: sum, b: count}} | [] | {a: 0, b: 0}
        {type: aggregate, group_by: g, fields: {a: sum}} | [{g: y, a: 1}, {g: x, a: 2}, {g: y, a: 3}] | [{g: y, a: 4}, {g: x, a: 2}]
        {type: aggregate, group_by: [g, h], fields: {a: count}} | [{g: 1, h: null, a: 1}, {g: 1.0, h: null, a: 1}, {g: 1, h: 0, a: 1}] | [{g: 1, h: null, a: 2}, {g: 1, h: 0, a: 1}]
        {type: aggregate, group_by: g, fields: {a: avg}} | [] | []
        {type: aggregate, fields: {a: avg}} | [] | error: transform 1 (aggregate): `a`: `avg` of no items has no value
        {type: aggregate, fields: {a: max}} | [] | error: transform 1 (aggregate): `a`: `max` of no items has no value
        {type: aggregate, fields: {a: sum}} | [{a: 1}, {a: null}] | error: transform 1 (aggregate), index 1: `a`: `sum` adds numbers, not null
        {type: aggregate, fields: {a: avg}} | [{a: '1'}] | error: transform 1 (aggregate), index 0: `a`: `avg` adds numbers, not a string
        {type: aggregate, fields: {a: min}} | [{a: 1}, {a: x}] | error: transform 1 (aggregate), index 1: `a`: cannot order a string and a number
        {type: aggregate, fields: {a: min}} | [{a: true}] | error: transform 1 (aggregate), index 0: `a`: cannot order a bool and a bool
        {type: aggregate, fields: {a: count}} | [{a: 1}, {}] | error: transform 1 (aggregate), index 1: the item has no `a`
        {type: aggregate, group_by: g, fields: {a: count}} | [{a: 1}] | error: transform 1 (aggregate), index 0: the item has no `g`
        {type: aggregate, fields: {a: sum}} | [{a: 18446744073709551615}, {a: 1}] | error: transform 1 (aggregate): `a`: the sum is too large for an integer
        {type: aggregate, fields: {a: sum}} | [{a: 18446744073709551615}, {a: 1}, {a: -1}] | {a: 18446744073709551615}
        {type: aggregate, fields: {a: sum}} | [{a: 1e308}, {a: 1e308}] | error: transform 1 (aggregate): `a`: the result is not a finite number
        ",
    );
}

#[test]
fn aggregate_type_is_one_figure_of_every_numeric_field() {
    check(
        "
        {type: aggregate, aggregate_type: sum} | [{a: 1, n: x, b: 2}, {a: 2, n: y, b: null}, {a: 3}] | {a: 6, b: 2}
        {type: aggregate, aggregate_type: count} | [{a: 1, n: x}, {a: null, n: y}, {a: 0, n: z}] | {a: 2}
        {type: aggregate, aggregate_type: max} | [] | {}
        {type: aggregate, aggregate_type: avg} | [{a: 1}, {a: x}] | error: transform 1 (aggregate): `a` is a number in some items and something else in others
        {type: aggregate, aggregate_type: avg} | [1] | error: transform 1 (aggregate), index 0: the item is a number and has no fields
        "
        .replace("(aggregate): `a` is a", "(aggregate), index 1: `a` is a")
        .as_str(),
    );
}

#[test]
fn transforms_are_applied_in_order_and_an_error_tells_which() {
    check(
        "
        [{type: flatten}, {type: sort, by: item}, {type: limit, count: 2}] | [[3, 1], [2]] | [1, 2]
        [{type: limit, count: 1}, {type: map, to: item.a}] | [1] | error: transform 2 (map), index 0: `item` is a number, so `item.a` is not there (line 1, column 1 of `item.a`)
        [{type: limit, count: 1}, {type: map, to: len(result)}] | [1, 2, 3] | [3]
        ",
    );
}

#[test]
fn a_hint_says_what_to_do() {
    let hint = |text: &str, input: Value| run(text, input).unwrap_err().hint.unwrap_or_default();
    let inside = serde_json::json!({"total": 1, "orders": []});
    assert_eq!(
        hint("{type: sort, by: a}", inside.clone()),
        "it holds the list `orders`: put `{type: map, to: \"item['orders']\"}` before"
    );
    // What the hint says works.
    assert_eq!(run("[{type: map, to: \"item['orders']\"}, {type: sort, by: a}]", inside).unwrap().to_string(), "[]");
    let item = serde_json::json!([{"customer": 1}]);
    assert_eq!(hint("{type: select, fields: custmer}", item), "did you mean `customer`?");
}
