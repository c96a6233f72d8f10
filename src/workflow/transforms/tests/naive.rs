//! Against versions that are as simple as they can be: loops over all pairs,
//! one expression at a time, no budget, no tables.

use proptest::prelude::*;
use serde_json::{Map, Value, json};

use super::{apply, compiled, run};
use crate::base::json::Object;
use crate::expr::{self, Expression, Known, NoResults, Scope};

fn number() -> impl Strategy<Value = Value> {
    prop_oneof![
        (-3_i64..4).prop_map(Value::from),
        prop_oneof![Just(-1.5), Just(1.0), Just(2.5)].prop_map(|f: f64| json!(f))
    ]
}

fn scalar() -> impl Strategy<Value = Value> {
    prop_oneof![number(), "[ab]{0,2}".prop_map(Value::from), Just(Value::Null), any::<bool>().prop_map(Value::from)]
}

/// Rows whose `n` is a number and `t` a text; `any` is anything.
fn rows() -> impl Strategy<Value = Vec<Value>> {
    let row = (number(), "[ab]{0,2}", scalar()).prop_map(|(n, t, any)| json!({"n": n, "t": t, "any": any}));
    proptest::collection::vec(row, 0..12)
}

fn eval(source: &str, item: &Value, index: usize) -> Value {
    let (params, context) = (Object::new(), Object::new());
    let scope = Scope::new(&params, &context, &NoResults).with_item(None, item, index as u64);
    Expression::parse(source, &Known::new()).expect("parses").eval(&scope).expect("evaluates")
}

fn one(transform: &Value, input: Vec<Value>) -> Value {
    let compiled = compiled(&json!([transform])).unwrap_or_else(|rejected| panic!("{rejected}"));
    apply(&compiled, Value::Array(input)).unwrap_or_else(|error| panic!("{transform}: {error}"))
}

fn merged(mut left: Map<String, Value>, right: &Value) -> Value {
    for (name, value) in right.as_object().expect("an object") {
        left.insert(name.clone(), value.clone());
    }
    Value::Object(left)
}

proptest! {
    #[test]
    fn filter_is_a_loop(rows in rows()) {
        let source = "item.n > 0 and item.t != 'a' or item.any is none";
        let kept: Vec<Value> =
            rows.iter().enumerate().filter(|(at, row)| eval(source, row, *at) == json!(true)).map(|(_, row)| row.clone()).collect();
        prop_assert_eq!(one(&json!({"type": "filter", "where": source}), rows), Value::Array(kept));
    }

    #[test]
    fn criteria_are_expressions(rows in rows(), n in number(), any in proptest::collection::vec(scalar(), 0..4)) {
        let criteria = json!({"n": {"less_than": n}, "any": {"in": any, "not_equals": n}, "t": {"contains": "a"}});
        let with = |row: &Value| json!({"row": row, "n": n, "any": any});
        let source = "item.row.n < item.n and item.row.any in item.any and item.row.any != item.n and 'a' in item.row.t";
        let kept: Vec<Value> = rows.iter().filter(|row| eval(source, &with(row), 0) == json!(true)).cloned().collect();
        prop_assert_eq!(one(&json!({"type": "filter", "criteria": criteria}), rows), Value::Array(kept));
    }

    #[test]
    fn map_select_and_mapping_are_loops(rows in rows()) {
        let to: Vec<Value> = rows.iter().enumerate().map(|(at, row)| json!({"n": eval("item.n + index", row, at), "t": row["t"]})).collect();
        prop_assert_eq!(one(&json!({"type": "map", "to": {"n": "item.n + index", "t": "item.t"}}), rows.clone()), Value::Array(to));
        let fields: Vec<Value> = rows.iter().map(|row| json!({"any": row["any"], "n": row["n"]})).collect();
        prop_assert_eq!(one(&json!({"type": "select", "fields": ["any", "n"]}), rows.clone()), Value::Array(fields));
        let renamed: Vec<Value> = rows.iter().map(|row| json!({"n": row["n"], "any": row["t"], "t": row["any"]})).collect();
        prop_assert_eq!(one(&json!({"type": "map", "mapping": {"t": "any", "any": "t"}}), rows), Value::Array(renamed));
    }

    #[test]
    fn sort_is_an_insertion_sort(rows in rows(), by in prop_oneof![Just("n"), Just("t")], descending: bool) {
        let mut sorted: Vec<Value> = Vec::new();
        for row in &rows {
            let before = |other: &Value| {
                let order = expr::order(&other[by], &row[by]).expect("like kinds");
                if descending { order.is_ge() } else { order.is_le() }
            };
            let place = sorted.iter().take_while(|other| before(other)).count();
            sorted.insert(place, row.clone());
        }
        prop_assert_eq!(one(&json!({"type": "sort", "by": by, "descending": descending}), rows), Value::Array(sorted));
    }

    #[test]
    fn sort_fails_exactly_when_two_keys_have_no_order(keys in proptest::collection::vec(scalar(), 0..6)) {
        let all_ordered = keys.iter().all(|one| keys.iter().all(|other| expr::order(one, other).is_ok()));
        let sorted = run("{type: sort, by: item}", Value::Array(keys));
        prop_assert_eq!(sorted.is_ok(), all_ordered);
    }

    #[test]
    fn limit_is_skip_and_take(rows in rows(), count in 0_usize..15, offset in 0_usize..15) {
        let kept: Vec<Value> = rows.iter().skip(offset).take(count).cloned().collect();
        prop_assert_eq!(one(&json!({"type": "limit", "count": count, "offset": offset}), rows), Value::Array(kept));
    }

    #[test]
    fn flatten_is_two_loops(lists in proptest::collection::vec((number(), proptest::collection::vec(scalar(), 0..4)), 0..5)) {
        let mut flat = Vec::new();
        let mut bare = Vec::new();
        for (n, list) in &lists {
            for element in list {
                flat.push(json!({"n": n, "list": element}));
                bare.push(element.clone());
            }
        }
        let rows = lists.iter().map(|(n, list)| json!({"n": n, "list": list})).collect();
        prop_assert_eq!(one(&json!({"type": "flatten", "field": "list"}), rows), Value::Array(flat));
        let rows = lists.iter().map(|(_, list)| json!(list)).collect();
        prop_assert_eq!(one(&json!({"type": "flatten"}), rows), Value::Array(bare));
    }

    #[test]
    fn a_join_compares_every_pair(left in rows(), right in rows()) {
        let right: Vec<Value> = right.iter().map(|row| json!({"any": row["any"], "other": row["n"]})).collect();
        let mut joined = Vec::new();
        for row in &left {
            let members = row.as_object().expect("an object");
            let found: Vec<&Value> =
                right.iter().filter(|other| !row["any"].is_null() && expr::equal(&row["any"], &other["any"])).collect();
            if found.is_empty() {
                joined.push(row.clone());
            }
            joined.extend(found.into_iter().map(|other| merged(members.clone(), other)));
        }
        prop_assert_eq!(one(&json!({"type": "merge", "with": right, "on": "any"}), left), Value::Array(joined));
    }

    #[test]
    fn groups_are_found_by_comparing(rows in rows()) {
        let mut groups: Vec<Vec<&Value>> = Vec::new();
        for row in &rows {
            match groups.iter_mut().find(|group| expr::equal(&group[0]["any"], &row["any"])) {
                Some(group) => group.push(row),
                None => groups.push(vec![row]),
            }
        }
        let expected: Vec<Value> = groups.iter().map(|group| {
            let numbers: Vec<Value> = group.iter().map(|row| row["n"].clone()).collect();
            json!({
                "any": group[0]["any"],
                "n": eval("item|sum", &json!(numbers), 0),
                "t": group.len(),
            })
        }).collect();
        let transform = json!({"type": "aggregate", "group_by": "any", "fields": {"n": "sum", "t": "count"}});
        prop_assert_eq!(one(&transform, rows), Value::Array(expected));
    }

    #[test]
    fn figures_are_those_of_expressions(numbers in proptest::collection::vec(number(), 1..8)) {
        let rows: Vec<Value> = numbers.iter().map(|n| json!({"n": n})).collect();
        let list = json!(numbers);
        for (figure, source) in [("sum", "item|sum"), ("avg", "(item|sum) / len(item)"), ("min", "item|min"), ("max", "item|max"), ("count", "len(item)")] {
            let expected = json!({"n": eval(source, &list, 0)});
            prop_assert_eq!(one(&json!({"type": "aggregate", "fields": {"n": figure}}), rows.clone()), expected.clone());
            prop_assert_eq!(one(&json!({"type": "aggregate", "aggregate_type": figure}), rows.clone()), expected);
        }
    }
}
