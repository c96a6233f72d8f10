//! How large a JSON Schema is once its references are followed.
//!
//! A few definitions that each name the next one twice are small as text and
//! take for ever to validate. Knows nothing of templates or of validation.

use std::collections::HashMap;

use serde_json::{Map, Value};

/// Schemas in a schema, with every reference put in.
const MAX_EXPANDED: u64 = 100_000;
/// Schemas inside schemas, with every reference put in: each is a call on the stack.
const MAX_LEVELS: usize = 400;
/// Times that a schema is asked about one value, at the most.
const MAX_STEPS: u64 = 1 << 20;
/// Parts of a schema that references can be relative to.
const MAX_RESOURCES: usize = 64;
/// What a published meta-schema counts: its text is not here.
const META_SCHEMA: u64 = 1_000;

/// What a schema amounts to.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Size {
    /// Schemas in it, with every reference put in.
    schemas: u64,
    /// References back to what they stand in: with more than one, each level of a value may
    /// multiply the work.
    back: u64,
}

impl Size {
    fn plus(self, other: Self) -> Self {
        Self { schemas: self.schemas.saturating_add(other.schemas), back: self.back.saturating_add(other.back) }
    }

    fn larger(self, other: Self) -> Self {
        Self { schemas: self.schemas.max(other.schemas), back: self.back.max(other.back) }
    }

    /// How deep a value may be for its validation to come to an end soon.
    pub(crate) fn levels(self) -> usize {
        if self.back < 2 {
            return usize::MAX;
        }
        let steps = u64::from(MAX_STEPS.checked_ilog(self.back).unwrap_or(0));
        usize::try_from(steps).unwrap_or(usize::MAX)
    }
}

/// Refuses a schema that would take too long to validate; the error says why.
pub(super) fn bounded(schema: &Value) -> Result<Size, String> {
    let mut walk = Walk { root: schema, resources: Vec::new(), anchors: HashMap::new(), sizes: HashMap::new() };
    walk.collect(schema);
    if walk.resources.len() > MAX_RESOURCES {
        return Err(format!("more than {MAX_RESOURCES} of its parts have an `$id`"));
    }
    let size = walk.schema(schema, MAX_LEVELS)?;
    if size.schemas > MAX_EXPANDED {
        return Err(format!("with its references followed it holds more than {MAX_EXPANDED} schemas"));
    }
    Ok(size)
}

struct Walk<'s> {
    root: &'s Value,
    /// With an `$id` of their own.
    resources: Vec<&'s Value>,
    anchors: HashMap<&'s str, Vec<&'s Value>>,
    /// By the schema's place in memory. One that is being measured counts once: a cycle.
    sizes: HashMap<*const Value, Size>,
}

impl<'s> Walk<'s> {
    fn collect(&mut self, value: &'s Value) {
        match value {
            Value::Array(items) => items.iter().for_each(|item| self.collect(item)),
            Value::Object(map) => {
                let text = |key: &str| map.get(key).and_then(Value::as_str);
                let id = text("$id").or_else(|| text("id"));
                if id.is_some() && !std::ptr::eq(value, self.root) {
                    self.resources.push(value);
                }
                let named = id.and_then(|id| id.split_once('#')).map(|(_, name)| name);
                for name in [text("$anchor"), text("$dynamicAnchor"), named].into_iter().flatten() {
                    self.anchors.entry(name).or_default().push(value);
                }
                map.values().for_each(|item| self.collect(item));
            }
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
        }
    }

    /// A schema, or a list of schemas.
    fn schema(&mut self, value: &'s Value, levels: usize) -> Result<Size, String> {
        let levels = levels.checked_sub(1).ok_or_else(|| format!("it is nested deeper than {MAX_LEVELS} levels"))?;
        let map = match value {
            Value::Array(items) => return self.all(items, levels),
            Value::Object(map) => map,
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => return Ok(Size::default()),
        };
        let place = std::ptr::from_ref(value);
        if let Some(size) = self.sizes.get(&place) {
            return Ok(*size);
        }
        self.sizes.insert(place, Size { schemas: 1, back: 1 });
        let mut size = Size { schemas: 1, back: 0 };
        for (key, part) in map {
            let more = match (key.as_str(), part) {
                ("$ref" | "$dynamicRef" | "$recursiveRef", Value::String(reference)) => {
                    self.reference(reference, levels)?
                }
                // Data, or only there to be referred to.
                ("const" | "enum" | "default" | "example" | "examples" | "$defs" | "definitions", _) => Size::default(),
                ("properties" | "patternProperties" | "dependentSchemas" | "dependencies", Value::Object(schemas)) => {
                    self.all(schemas.values(), levels)?
                }
                _ => self.schema(part, levels)?,
            };
            size = size.plus(more);
        }
        // What these look at is validated a second time.
        if ["unevaluatedProperties", "unevaluatedItems"].iter().any(|key| applies(map, key)) {
            size = size.plus(size);
        }
        self.sizes.insert(place, size);
        Ok(size)
    }

    fn all(&mut self, schemas: impl IntoIterator<Item = &'s Value>, levels: usize) -> Result<Size, String> {
        schemas.into_iter().try_fold(Size::default(), |sum, schema| Ok(sum.plus(self.schema(schema, levels)?)))
    }

    /// The largest of all that a reference may mean.
    fn reference(&mut self, reference: &str, levels: usize) -> Result<Size, String> {
        let (base, fragment) = reference.split_once('#').unwrap_or((reference, ""));
        let fragment = decoded(fragment);
        let mut meant: Vec<&'s Value> = Vec::new();
        if fragment.is_empty() || fragment.starts_with('/') {
            let wholes = std::iter::once(self.root).chain(self.resources.iter().copied());
            meant.extend(wholes.filter_map(|whole| whole.pointer(&fragment)));
        } else if let Some(named) = self.anchors.get(fragment.as_str()) {
            meant.extend(named);
        }
        if ["http://json-schema.org/", "https://json-schema.org/"].iter().any(|site| base.starts_with(site)) {
            return Ok(Size { schemas: META_SCHEMA, back: 0 });
        }
        if meant.is_empty() {
            return Err(format!("`{}` is not in it", reference.chars().take(100).collect::<String>()));
        }
        meant.into_iter().try_fold(Size::default(), |most, schema| Ok(self.schema(schema, levels)?.larger(most)))
    }
}

fn applies(map: &Map<String, Value>, key: &str) -> bool {
    map.get(key).is_some_and(|value| *value != Value::Bool(true))
}

/// Percent-decoded, as a fragment is before it is read as a pointer.
fn decoded(fragment: &str) -> String {
    let mut bytes = Vec::with_capacity(fragment.len());
    let mut rest = fragment.as_bytes();
    while let Some((first, after)) = rest.split_first() {
        let digits = after.get(..2).filter(|_| *first == b'%').and_then(|digits| std::str::from_utf8(digits).ok());
        if let Some(byte) = digits.and_then(|digits| u8::from_str_radix(digits, 16).ok()) {
            bytes.push(byte);
            rest = &after[2..];
        } else {
            bytes.push(*first);
            rest = after;
        }
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::bounded;

    /// Forty definitions, each of which holds what `part` makes of the next one's number.
    fn doubling(part: impl Fn(usize) -> Value) -> Value {
        let mut all = serde_json::Map::new();
        for i in 0..40 {
            all.insert(format!("a{i}"), part(i + 1));
        }
        all.insert("a40".to_owned(), json!({"$anchor": "a40"}));
        json!({"type": "object", "$defs": all, "allOf": [{"$ref": "#/$defs/a0"}]})
    }

    #[test]
    fn definitions_that_double_are_refused_however_they_refer() {
        let pointers = doubling(|next| {
            let reference = json!({"$ref": format!("#/%24defs/a{next}")});
            json!({"allOf": [reference, reference]})
        });
        let anchors = doubling(|next| {
            let reference = json!({"$ref": format!("#a{next}")});
            json!({"$anchor": format!("a{}", next - 1), "anyOf": [reference, reference]})
        });
        let ids = doubling(|next| {
            let reference = json!({"$ref": format!("s:{next}#/x")});
            json!({"$id": format!("s:{}", next - 1), "oneOf": [{"$ref": format!("#/$defs/a{next}")}, {"$ref": format!("#/$defs/a{next}")}], "x": reference})
        });
        let again =
            doubling(|next| json!({"allOf": [{"$ref": format!("#/$defs/a{next}")}], "unevaluatedProperties": false}));
        for schema in [pointers, anchors, ids, again] {
            assert!(bounded(&schema).is_err());
        }
    }

    #[test]
    fn a_chain_is_measured_without_running_out_of_stack() {
        let mut all = serde_json::Map::new();
        for i in 0..20_000 {
            all.insert(format!("a{i}"), json!({"$ref": format!("#/$defs/a{}", i + 1)}));
        }
        let chain = json!({"$defs": all, "$ref": "#/$defs/a0"});
        assert_eq!(bounded(&chain).expect_err("too deep"), "it is nested deeper than 400 levels");
    }

    #[test]
    fn schemas_as_people_write_them_pass() {
        let tree = json!({
            "$defs": {"node": {"properties": {
                "$ref": {"type": "string"}, "default": {"$ref": "#/$defs/node"},
                "all": {"type": "array", "items": {"$ref": "#/$defs/node"}},
            }, "default": {"$ref": "nowhere"}}},
            "properties": {"a": {"$ref": "#/$defs/node"}, "b": {"$ref": "http://json-schema.org/draft-07/schema#"}},
        });
        assert_eq!(bounded(&tree).unwrap().back, 2);
    }

    #[test]
    fn how_deep_a_value_may_be_depends_on_how_often_a_schema_refers_back_to_itself() {
        let back = |times: usize| {
            let again: Vec<Value> = (0..times).map(|_| json!({"properties": {"a": {"$ref": "#"}}})).collect();
            bounded(&json!({"anyOf": again})).unwrap().levels()
        };
        assert_eq!([back(0), back(1)], [usize::MAX, usize::MAX]);
        assert_eq!([back(2), back(3), back(32)], [20, 12, 4]);
    }
}
