//! Splices in a `model.bim`.
//!
//! A new member or element repeats the white space of those before it. Must not
//! read files.

use serde_json::{Value as JsonValue, json};

use super::json::{Json, Kind, Member};
use super::path::ObjectPath;
use super::splice::{Splice, line_end};
use super::value::{Value, normal};
use crate::semantic_model::error::Error;
use crate::semantic_model::model::same;

/// Members that stand behind the plain ones.
const LATE: [&str; 7] = [
    "annotations",
    "extendedProperties",
    "changedProperties",
    "kpi",
    "lineageTag",
    "detailRowsDefinition",
    "formatStringDefinition",
];

/// A file as it is spliced.
pub(super) struct File<'t> {
    text: &'t str,
    root: Json<'t>,
    end: &'static str,
    unit: String,
}

impl<'t> File<'t> {
    pub(super) fn parse(text: &'t str) -> Result<Self, Error> {
        let root =
            Json::parse(text).ok_or_else(|| Error::Internal { cause: "a model's JSON has no places".to_owned() })?;
        let first = root.members().first().map_or(0, |member| member.key_range.start);
        let unit = margin(text, first).to_owned();
        Ok(Self { text, root, end: line_end(text), unit })
    }

    /// Whether the object is declared here.
    pub(super) fn has(&self, object: &ObjectPath) -> bool {
        self.find(object).is_some()
    }

    /// An object's declaration.
    pub(super) fn declaration(&self, object: &ObjectPath) -> Option<&'t str> {
        self.text.get(self.find(object)?.range.clone())
    }

    fn model(&self) -> Option<&Json<'t>> {
        let script = self.root.member("create").or_else(|| self.root.member("createOrReplace"));
        let database = script.map_or(Some(&self.root), |script| script.member("database"));
        database?.member("model")
    }

    fn find(&self, object: &ObjectPath) -> Option<&Json<'t>> {
        let named = |json: &Json<'_>, name: &str| {
            json.member("name").and_then(Json::text).is_some_and(|found| same(found, name))
        };
        if let ObjectPath::CalculationGroup(table) = object {
            return self.find(&ObjectPath::Table(table.clone()))?.member("calculationGroup");
        }
        let Some((owner, list)) = self.home(object) else { return self.model() };
        owner?.member(list)?.elements().iter().find(|one| named(one, object.name()))
    }

    /// The object that holds the list that an object is in, and the list's name; none for the model.
    fn home(&self, object: &ObjectPath) -> Option<(Option<&Json<'t>>, &'static str)> {
        let in_table = |table: &str, list| (self.find(&ObjectPath::Table(table.to_owned())), list);
        Some(match object {
            ObjectPath::Model => return None,
            ObjectPath::Table(_) => (self.model(), "tables"),
            ObjectPath::Relationship(_) => (self.model(), "relationships"),
            ObjectPath::Role(_) => (self.model(), "roles"),
            ObjectPath::CalculationGroup(table) => in_table(table, "calculationGroup"),
            ObjectPath::Column(table, _) => in_table(table, "columns"),
            ObjectPath::Measure(table, _) => in_table(table, "measures"),
            ObjectPath::Hierarchy(table, _) => in_table(table, "hierarchies"),
            ObjectPath::Partition(table, _) => in_table(table, "partitions"),
            ObjectPath::CalculationItem(table, _) => {
                (self.find(&ObjectPath::CalculationGroup(table.clone())), "calculationItems")
            }
        })
    }

    fn found(&self, object: &ObjectPath) -> Result<&Json<'t>, Error> {
        self.find(object).ok_or_else(|| Error::NoObject { object: object.to_string() })
    }

    /// The change that sets a property.
    pub(super) fn set(&self, object: &ObjectPath, property: &str, value: &Value) -> Result<Splice, Error> {
        let found = self.found(object)?;
        let old = found.member(property);
        if let (Some(old), Value::Expression(text)) = (old, value)
            && let (Kind::Object(_), Some(inner)) = (&old.kind, old.member("expression"))
        {
            let new = self.rendered(&lines_or_text(&normal(text), Some(inner)), inner.range.start);
            return Ok(Splice::replace(inner.range.clone(), new));
        }
        let new = json_of(property, value, old);
        Ok(match old {
            Some(old) => Splice::replace(old.range.clone(), self.rendered(&new, old.range.start)),
            None => self.add_member(found, property, &new),
        })
    }

    /// The change that takes a property away; none when it is not there.
    pub(super) fn clear(&self, object: &ObjectPath, property: &str) -> Result<Option<Splice>, Error> {
        let found = self.found(object)?;
        Ok(Self::remove_member(found, property))
    }

    /// The change that takes an object away, with its list when it was the only one.
    pub(super) fn remove(&self, object: &ObjectPath) -> Result<Splice, Error> {
        let unknown = || Error::NoObject { object: object.to_string() };
        let found = self.found(object)?;
        let (owner, list) = self.home(object).ok_or_else(unknown)?;
        let owner = owner.ok_or_else(unknown)?;
        let elements = owner.member(list).map(Json::elements).unwrap_or_default();
        if elements.len() < 2 {
            return Self::remove_member(owner, list).ok_or_else(unknown);
        }
        let ranges: Vec<_> = elements.iter().map(|one| one.range.clone()).collect();
        let at = ranges.iter().position(|range| *range == found.range).ok_or_else(unknown)?;
        Ok(Splice::replace(without(&ranges, at), ""))
    }

    /// The change that adds an object with these properties.
    pub(super) fn insert(&self, object: &ObjectPath, properties: &[(&str, Value)]) -> Result<Splice, Error> {
        self.insert_value(object, &object_json(object.name(), properties))
    }

    /// The change that adds an object by its declaration as it once stood in a file.
    pub(super) fn insert_declaration(&self, object: &ObjectPath, declaration: &str) -> Result<Splice, Error> {
        let refuse = || Error::InvalidArgument {
            message: format!("`declaration` is not that of {object}"),
            hint: "give it as the answer that named the inverse has it, or leave it out".into(),
        };
        let read = Json::parse(declaration).ok_or_else(refuse)?;
        let named = read.member("name").and_then(Json::text).is_some_and(|name| same(name, object.name()));
        if !named || read.range != (0..declaration.len()) {
            return Err(refuse());
        }
        self.insert_text(object, |_| declaration.to_owned())
    }

    /// The same with the object as JSON, for one that holds others.
    pub(super) fn insert_value(&self, object: &ObjectPath, value: &JsonValue) -> Result<Splice, Error> {
        self.insert_text(object, |margin| self.pretty(value, margin))
    }

    fn insert_text(&self, object: &ObjectPath, text: impl Fn(&str) -> String) -> Result<Splice, Error> {
        let unknown = || Error::NoObject { object: format!("place for {object}") };
        let (owner, list) = self.home(object).ok_or_else(unknown)?;
        let owner = owner.ok_or_else(unknown)?;
        let Some(array) = owner.member(list) else {
            let margin = owner.members().first().map_or("", |first| margin(self.text, first.key_range.start));
            let inner = format!("{margin}{}", self.unit);
            let list_text = format!("[{0}{inner}{1}{0}{margin}]", self.line_break(), text(&inner));
            return Ok(self.add_member_text(owner, list, &list_text, owner.members().last()));
        };
        let Some(last) = array.elements().last() else {
            let outer = margin(self.text, array.range.start);
            let inner = format!("{outer}{}", self.unit);
            let list_text = format!("[{0}{inner}{1}{0}{outer}]", self.line_break(), text(&inner));
            return Ok(Splice::replace(array.range.clone(), list_text));
        };
        let first = array.elements().first().map_or(last.range.start, |first| first.range.start);
        let between = self.text.get(array.range.start + 1..first).unwrap_or_default();
        let added = format!(",{between}{}", text(margin(self.text, last.range.start)));
        Ok(Splice::insert(last.range.end, added))
    }

    fn add_member(&self, object: &Json<'t>, key: &str, value: &JsonValue) -> Splice {
        let plain = object.members().iter().take_while(|member| !LATE.contains(&member.key.as_ref()));
        let after = plain.last();
        let at = after.map_or(object.range.start, |member| member.key_range.start);
        self.add_member_text(object, key, &self.rendered(value, at), after)
    }

    fn add_member_text(&self, object: &Json<'t>, key: &str, value: &str, after: Option<&Member<'t>>) -> Splice {
        let key = JsonValue::from(key);
        let Some(first) = object.members().first() else {
            return Splice::replace(object.range.clone(), format!("{{{key}: {value}}}"));
        };
        let before = self.text.get(object.range.start + 1..first.key_range.start).unwrap_or_default();
        let colon = self.text.get(first.key_range.end..first.value.range.start).unwrap_or(": ");
        match after {
            Some(after) => Splice::insert(after.value.range.end, format!(",{before}{key}{colon}{value}")),
            None => Splice::insert(first.key_range.start, format!("{key}{colon}{value},{before}")),
        }
    }

    fn remove_member(object: &Json<'_>, key: &str) -> Option<Splice> {
        let members = object.members();
        let at = members.iter().position(|member| member.key == key)?;
        let ranges: Vec<_> = members.iter().map(|member| member.key_range.start..member.value.range.end).collect();
        if ranges.len() == 1 {
            return Some(Splice::replace(object.range.start + 1..object.range.end - 1, ""));
        }
        Some(Splice::replace(without(&ranges, at), ""))
    }

    fn line_break(&self) -> &'static str {
        if self.unit.is_empty() { "" } else { self.end }
    }

    /// A value as it is written at a place.
    fn rendered(&self, value: &JsonValue, at: usize) -> String {
        self.pretty(value, margin(self.text, at))
    }

    fn pretty(&self, value: &JsonValue, margin: &str) -> String {
        if self.unit.is_empty() {
            return value.to_string();
        }
        let mut out = Vec::new();
        let formatter = serde_json::ser::PrettyFormatter::with_indent(self.unit.as_bytes());
        let mut serializer = serde_json::Serializer::with_formatter(&mut out, formatter);
        // A value of serde_json's own is always JSON, and memory takes what is written.
        if serde::Serialize::serialize(value, &mut serializer).is_err() {
            return value.to_string();
        }
        String::from_utf8_lossy(&out).replace('\n', &format!("{}{margin}", self.end))
    }

    /// The text of an object's property as it is read.
    pub(super) fn read(&self, object: &ObjectPath, property: &str) -> Option<String> {
        let value = self.find(object)?.member(property)?;
        let value = value.member("expression").unwrap_or(value);
        Some(match &value.kind {
            Kind::Text(text) => text.clone().into_owned(),
            Kind::Array(lines) => lines.iter().filter_map(Json::text).collect::<Vec<_>>().join("\n"),
            Kind::Object(_) | Kind::Other => self.text.get(value.range.clone())?.to_owned(),
        })
    }
}

/// The range that takes one of several out, with the comma between.
fn without(ranges: &[std::ops::Range<usize>], at: usize) -> std::ops::Range<usize> {
    let before = at.checked_sub(1).and_then(|before| ranges.get(before));
    match (before, ranges.get(at), ranges.get(at + 1)) {
        (Some(before), Some(this), _) => before.end..this.end,
        (None, Some(this), Some(next)) => this.start..next.start,
        (_, this, _) => this.cloned().unwrap_or_default(),
    }
}

/// The white space before the line that a byte stands on.
fn margin(text: &str, at: usize) -> &str {
    let Some(start) = text.get(..at).and_then(|before| before.rfind('\n')) else { return "" };
    let line = text.get(start + 1..at).unwrap_or_default();
    line.get(..line.len() - line.trim_start().len()).unwrap_or_default()
}

/// An object as JSON.
pub(super) fn object_json(name: &str, properties: &[(&str, Value)]) -> JsonValue {
    let mut object = serde_json::Map::new();
    object.insert("name".to_owned(), json!(name));
    for (property, value) in properties {
        object.insert((*property).to_owned(), json_of(property, value, None));
    }
    JsonValue::Object(object)
}

fn json_of(property: &str, value: &Value, old: Option<&Json<'_>>) -> JsonValue {
    match value {
        Value::Flag(flag) => json!(flag),
        Value::Number(number) => json!(number),
        Value::Word(text) => json!(text),
        Value::Expression(text) if property.ends_with("Definition") => {
            json!({ "expression": lines_or_text(&normal(text), old) })
        }
        Value::Text(text) if property != "description" && property != "expression" => json!(text),
        Value::Text(_) | Value::Expression(_) => lines_or_text(&value.text(), old),
    }
}

/// A text, or its lines in an array: as it was, else by whether there are several.
fn lines_or_text(text: &str, old: Option<&Json<'_>>) -> JsonValue {
    let lines = match old.map(|old| &old.kind) {
        Some(Kind::Array(_)) => true,
        Some(Kind::Text(_)) => false,
        Some(Kind::Object(_) | Kind::Other) | None => text.contains('\n'),
    };
    if lines { json!(text.split('\n').collect::<Vec<_>>()) } else { json!(text) }
}
