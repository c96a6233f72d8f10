//! A template as a tree whose every node knows where it was written.
//!
//! Knows nothing of what the keys mean. `yaml.rs` builds the tree from text,
//! [`Node::from_value`] from a JSON value.

use std::sync::Arc;

use serde_json::{Number, Value};

use crate::base::json::Object;

/// Where a node stands.
#[derive(Debug, Clone, Default)]
pub(crate) struct Spot {
    /// Line and column from 1; `None` for values that came without a text.
    pub(crate) position: Option<(u32, u32)>,
    /// For text whose characters stand in the file as they are: how many stand
    /// before it (a quote), so that a place inside it can be told.
    pub(crate) inside: Option<u32>,
    /// The way to it from the root.
    pub(crate) path: Path,
}

impl Spot {
    /// The place of line and column (from 1) inside this text, when it can be told.
    pub(crate) fn within(&self, line: usize, column: usize) -> Self {
        let mut spot = self.clone();
        if let (Some((_, start)), Some(before), 1) = (self.position, self.inside, line) {
            let column = u32::try_from(column.saturating_sub(1)).unwrap_or(0);
            spot.position = self.position.map(|(line, _)| (line, start.saturating_add(before).saturating_add(column)));
        }
        spot
    }
}

/// The way to a node: shared links, so that deep trees with long keys stay small.
#[derive(Debug, Clone, Default)]
pub(crate) struct Path(Option<Arc<Link>>);

#[derive(Debug)]
struct Link {
    parent: Path,
    name: Name,
}

#[derive(Debug)]
enum Name {
    Key(Arc<str>),
    Index(usize),
}

impl Path {
    pub(crate) fn key(&self, key: &str) -> Self {
        Self(Some(Arc::new(Link { parent: self.clone(), name: Name::Key(Arc::from(key)) })))
    }

    pub(crate) fn index(&self, index: usize) -> Self {
        Self(Some(Arc::new(Link { parent: self.clone(), name: Name::Index(index) })))
    }
}

impl std::fmt::Display for Path {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Some(link) = &self.0 else { return Ok(()) };
        link.parent.fmt(f)?;
        match &link.name {
            Name::Key(key) => {
                let dot = if link.parent.0.is_some() { "." } else { "" };
                write!(f, "{dot}{}", super::problem::shorten(key))
            }
            Name::Index(index) => write!(f, "[{index}]"),
        }
    }
}

/// One node.
#[derive(Debug, Clone)]
pub(crate) struct Node {
    pub(crate) value: NodeValue,
    pub(crate) spot: Spot,
}

/// What a node is.
#[derive(Debug, Clone)]
pub(crate) enum NodeValue {
    Null,
    Bool(bool),
    /// With the text as written: `1.10` is a version as much as a number.
    Number(Number, String),
    Text(String),
    List(Vec<Node>),
    Map(Vec<Entry>),
}

/// One key of a mapping.
#[derive(Debug, Clone)]
pub(crate) struct Entry {
    pub(crate) key: String,
    pub(crate) key_spot: Spot,
    pub(crate) value: Node,
}

impl Node {
    /// A tree without positions.
    pub(crate) fn from_value(value: &Value) -> Self {
        Self::at(value, &Path::default())
    }

    fn at(value: &Value, path: &Path) -> Self {
        let spot = |path: &Path| Spot { path: path.clone(), ..Spot::default() };
        let value = match value {
            Value::Null => NodeValue::Null,
            Value::Bool(value) => NodeValue::Bool(*value),
            Value::Number(number) => NodeValue::Number(number.clone(), number.to_string()),
            Value::String(text) => NodeValue::Text(text.clone()),
            Value::Array(items) => {
                NodeValue::List(items.iter().enumerate().map(|(i, item)| Self::at(item, &path.index(i))).collect())
            }
            Value::Object(map) => NodeValue::Map(
                map.iter()
                    .map(|(key, value)| {
                        let path = path.key(key);
                        Entry { key: key.clone(), key_spot: spot(&path), value: Self::at(value, &path) }
                    })
                    .collect(),
            ),
        };
        Self { value, spot: spot(path) }
    }

    /// Gives every node below this one its path.
    pub(crate) fn set_paths(&mut self, path: &Path) {
        self.spot.path = path.clone();
        match &mut self.value {
            NodeValue::List(items) => {
                for (i, item) in items.iter_mut().enumerate() {
                    item.set_paths(&path.index(i));
                }
            }
            NodeValue::Map(entries) => {
                for entry in entries {
                    let path = path.key(&entry.key);
                    entry.key_spot.path = path.clone();
                    entry.value.set_paths(&path);
                }
            }
            NodeValue::Null | NodeValue::Bool(_) | NodeValue::Number(..) | NodeValue::Text(_) => {}
        }
    }

    /// The plain value.
    pub(crate) fn to_value(&self) -> Value {
        match &self.value {
            NodeValue::Null => Value::Null,
            NodeValue::Bool(value) => Value::Bool(*value),
            NodeValue::Number(number, _) => Value::Number(number.clone()),
            NodeValue::Text(text) => Value::String(text.clone()),
            NodeValue::List(items) => Value::Array(items.iter().map(Self::to_value).collect()),
            NodeValue::Map(entries) => Value::Object(object(entries)),
        }
    }

    /// What this is, for "expected x, found y".
    pub(crate) fn kind(&self) -> &'static str {
        match &self.value {
            NodeValue::Null => "nothing",
            NodeValue::Bool(_) => "a boolean",
            NodeValue::Number(..) => "a number",
            NodeValue::Text(_) => "text",
            NodeValue::List(_) => "a list",
            NodeValue::Map(_) => "a mapping",
        }
    }

    pub(crate) fn entries(&self) -> Option<&[Entry]> {
        if let NodeValue::Map(entries) = &self.value { Some(entries) } else { None }
    }

    pub(crate) fn items(&self) -> Option<&[Self]> {
        if let NodeValue::List(items) = &self.value { Some(items) } else { None }
    }

    pub(crate) fn text(&self) -> Option<&str> {
        if let NodeValue::Text(text) = &self.value { Some(text) } else { None }
    }

    /// Text, or a number or boolean as it was written.
    pub(crate) fn written(&self) -> Option<String> {
        match &self.value {
            NodeValue::Text(text) => Some(text.clone()),
            NodeValue::Number(_, written) => Some(written.clone()),
            NodeValue::Bool(value) => Some(value.to_string()),
            NodeValue::Null | NodeValue::List(_) | NodeValue::Map(_) => None,
        }
    }

    pub(crate) fn boolean(&self) -> Option<bool> {
        if let NodeValue::Bool(value) = self.value { Some(value) } else { None }
    }

    pub(crate) fn number(&self) -> Option<f64> {
        if let NodeValue::Number(number, _) = &self.value { number.as_f64() } else { None }
    }

    pub(crate) fn get(&self, key: &str) -> Option<&Self> {
        self.entries()?.iter().find(|entry| entry.key == key).map(|entry| &entry.value)
    }
}

/// A mapping as a JSON object.
pub(crate) fn object(entries: &[Entry]) -> Object {
    entries.iter().map(|entry| (entry.key.clone(), entry.value.to_value())).collect()
}
