//! What a key of a template file takes, as data: the loader checks files by it
//! and the published JSON Schema is made of it, so the two cannot disagree.
//!
//! Knows how to compare a node with a shape; `keys.rs` holds the tables. A new
//! kind of value is a variant here, with its line in `schema.rs`.

use super::node::{Entry, Node, NodeValue};
use super::problem::{Code, shorten};
use super::problems::Problems;

/// What a value looks like.
#[derive(Debug)]
pub(crate) enum Shape {
    /// Any value; null counts as given.
    Any,
    /// Text.
    Text,
    /// A name that expressions can use.
    Id,
    /// Text; a number or boolean is taken as it was written.
    Written,
    /// A bare expression.
    Expression,
    Boolean,
    /// A whole number, this or more.
    Integer(u32),
    /// A number, this or more.
    Number(f64),
    /// A number of 0 or more, or text with an expression.
    Figure,
    /// One of these words.
    Choice(&'static [&'static str]),
    /// One text or a list of texts.
    Texts,
    List(&'static Shape),
    /// Any names, each with a value of this shape.
    Map(&'static Shape),
    /// A mapping whose values are the author's own.
    Object,
    /// A JSON Schema.
    Schema,
    /// A mapping with known keys.
    Table(&'static Table),
    /// A mapping whose keys depend on the word under `type`.
    Tagged(&'static [(&'static str, &'static Table)]),
    /// The first of these whose outer kind fits.
    Either(&'static [Shape]),
}

/// A mapping with known keys.
#[derive(Debug)]
pub(crate) struct Table {
    /// Its name in the JSON Schema's `$defs`.
    pub(crate) name: &'static str,
    /// For messages: "a step".
    pub(crate) noun: &'static str,
    pub(crate) keys: &'static [Key],
    /// Other keys that are allowed, whatever their value.
    pub(crate) also: &'static [&'static str],
}

/// A key of a table.
#[derive(Debug)]
pub(crate) struct Key {
    pub(crate) name: &'static str,
    /// Other names of it, from the documents this format unites.
    pub(crate) aliases: &'static [&'static str],
    pub(crate) shape: Shape,
    pub(crate) doc: &'static str,
    pub(crate) required: bool,
    /// Step types that have it (see [`Kinds`]); all for keys of other tables.
    pub(crate) kinds: Kinds,
}

/// A set of step types.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Kinds(pub(crate) u16);

impl Kinds {
    pub(crate) const ALL: Self = Self(u16::MAX);

    pub(crate) const fn and(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    pub(crate) const fn has(self, other: Self) -> bool {
        self.0 & other.0 == other.0
    }
}

impl Key {
    pub(crate) const fn new(name: &'static str, shape: Shape, doc: &'static str) -> Self {
        Self { name, aliases: &[], shape, doc, required: false, kinds: Kinds::ALL }
    }

    pub(crate) const fn alias(mut self, aliases: &'static [&'static str]) -> Self {
        self.aliases = aliases;
        self
    }

    pub(crate) const fn required(mut self) -> Self {
        self.required = true;
        self
    }

    pub(crate) const fn only(mut self, kinds: Kinds) -> Self {
        self.kinds = kinds;
        self
    }
}

impl Table {
    pub(crate) fn find(&self, written: &str) -> Option<&'static Key> {
        self.keys.iter().find(|key| key.name == written || key.aliases.contains(&written))
    }
}

impl Shape {
    /// Whether the value is of the right outer kind, for [`Shape::Either`].
    fn fits(&self, node: &Node) -> bool {
        match self {
            Self::Any => true,
            Self::Text | Self::Id | Self::Choice(_) => matches!(node.value, NodeValue::Text(_)),
            Self::Written | Self::Expression => {
                matches!(node.value, NodeValue::Text(_) | NodeValue::Number(..) | NodeValue::Bool(_))
            }
            Self::Boolean => matches!(node.value, NodeValue::Bool(_)),
            Self::Integer(_) | Self::Number(_) => matches!(node.value, NodeValue::Number(..)),
            Self::Figure => matches!(node.value, NodeValue::Number(..) | NodeValue::Text(_)),
            Self::Texts => matches!(node.value, NodeValue::Text(_) | NodeValue::List(_)),
            Self::List(_) => matches!(node.value, NodeValue::List(_)),
            Self::Map(_) | Self::Object | Self::Table(_) | Self::Tagged(_) => matches!(node.value, NodeValue::Map(_)),
            Self::Schema => matches!(node.value, NodeValue::Map(_) | NodeValue::Bool(_)),
            Self::Either(shapes) => shapes.iter().any(|shape| shape.fits(node)),
        }
    }

    /// What is expected, for messages.
    pub(crate) fn noun(&self) -> String {
        match self {
            Self::Any => "a value".to_owned(),
            Self::Text | Self::Written => "text".to_owned(),
            Self::Id => "a name".to_owned(),
            Self::Expression => "an expression".to_owned(),
            Self::Boolean => "`true` or `false`".to_owned(),
            Self::Integer(_) => "a whole number".to_owned(),
            Self::Number(_) => "a number".to_owned(),
            Self::Figure => "a number or an expression".to_owned(),
            Self::Choice(words) => format!("one of {}", list(words)),
            Self::Texts => "a list of texts".to_owned(),
            Self::List(_) => "a list".to_owned(),
            Self::Map(_) | Self::Object | Self::Table(_) | Self::Tagged(_) => "a mapping".to_owned(),
            Self::Schema => "a JSON Schema".to_owned(),
            Self::Either(shapes) => shapes.iter().map(Self::noun).collect::<Vec<_>>().join(" or "),
        }
    }

    /// Tells everything in `node` that is not as it should be.
    pub(crate) fn check(&self, node: &Node, problems: &mut Problems) {
        if let Self::Either(shapes) = self
            && let Some(shape) = shapes.iter().find(|shape| shape.fits(node))
        {
            return shape.check(node, problems);
        }
        if !self.fits(node) {
            let quote = matches!(self, Self::Text | Self::Id)
                && matches!(node.value, NodeValue::Number(..) | NodeValue::Bool(_));
            let message = format!("expected {}, found {}", self.noun(), node.kind());
            problems.add(Code::WrongType, &node.spot, message, quote.then(|| "put it in quotes".to_owned()));
            return;
        }
        match self {
            Self::Integer(least) => {
                let whole = matches!(&node.value, NodeValue::Number(number, _) if number.is_u64() || number.is_i64());
                if !whole {
                    problems.add(Code::WrongType, &node.spot, "expected a whole number".to_owned(), None);
                } else if node.number().is_some_and(|number| number < f64::from(*least)) {
                    problems.add(Code::WrongValue, &node.spot, format!("must be {least} or more"), None);
                } else if node.number().is_some_and(|number| number > f64::from(u32::MAX)) {
                    problems.add(Code::WrongValue, &node.spot, format!("must be {} or less", u32::MAX), None);
                }
            }
            Self::Number(least) => {
                if node.number().is_some_and(|number| number < *least) {
                    problems.add(Code::WrongValue, &node.spot, format!("must be {least} or more"), None);
                }
            }
            Self::Figure => check_figure(node, problems),
            Self::Choice(words) => {
                if let Some(text) = node.text()
                    && !words.contains(&text)
                {
                    let hint = problems.did_you_mean(text, words.iter().copied());
                    let message = format!("`{}` is none of {}", shorten(text), list(words));
                    problems.add(Code::WrongValue, &node.spot, message, hint);
                }
            }
            Self::Texts => {
                for item in node.items().unwrap_or_default() {
                    Self::Text.check(item, problems);
                }
            }
            Self::List(shape) => {
                for item in node.items().unwrap_or_default() {
                    shape.check(item, problems);
                }
            }
            Self::Map(shape) => {
                for entry in node.entries().unwrap_or_default() {
                    shape.check(&entry.value, problems);
                }
            }
            Self::Table(table) => {
                table.check(node, problems);
            }
            Self::Tagged(tables) => check_tagged(tables, node, problems),
            Self::Any
            | Self::Text
            | Self::Id
            | Self::Written
            | Self::Expression
            | Self::Boolean
            | Self::Object
            | Self::Schema
            | Self::Either(_) => {}
        }
    }
}

fn check_figure(node: &Node, problems: &mut Problems) {
    if node.number().is_some_and(|number| number < 0.0) {
        problems.add(Code::WrongValue, &node.spot, "must be 0 or more", None);
    }
    if let Some(text) = node.text()
        && !text.contains("{{")
        && !text.contains('$')
    {
        let message = format!("expected a number or an expression, found the text `{}`", shorten(text));
        problems.add(Code::WrongType, &node.spot, message, Some("an expression stands in `{{ }}`".to_owned()));
    }
}

fn check_tagged(tables: &'static [(&'static str, &'static Table)], node: &Node, problems: &mut Problems) {
    let words: Vec<&str> = tables.iter().map(|(word, _)| *word).collect();
    let Some(tag) = node.get("type") else {
        let message = format!("`type` is missing: one of {}", list(&words));
        problems.add(Code::MissingKey, &node.spot, message, None);
        return;
    };
    match tag.text().map(|text| tables.iter().find(|(word, _)| *word == text)) {
        Some(Some((_, table))) => table.check(node, problems),
        Some(None) => {
            let text = tag.text().unwrap_or_default();
            let message = format!("`{}` is none of {}", shorten(text), list(&words));
            problems.add(Code::WrongValue, &tag.spot, message, problems.did_you_mean(text, words));
        }
        None => {
            let message = format!("expected one of {}, found {}", list(&words), tag.kind());
            problems.add(Code::WrongType, &tag.spot, message, None);
        }
    }
}

impl Table {
    fn check(&'static self, node: &Node, problems: &mut Problems) {
        let mut given: Vec<(&'static Key, &Entry)> = Vec::new();
        for entry in node.entries().unwrap_or_default() {
            let Some(key) = self.find(&entry.key) else {
                if !self.also.contains(&entry.key.as_str()) {
                    let names = self.keys.iter().map(|key| key.name);
                    let aliases = self.keys.iter().flat_map(|key| key.aliases.iter().copied());
                    let hint = problems.did_you_mean(&entry.key, names.chain(aliases).chain(self.also.iter().copied()));
                    let message = format!("{} has no key `{}`", self.noun, shorten(&entry.key));
                    problems.add(Code::UnknownKey, &entry.key_spot, message, hint);
                }
                continue;
            };
            if let Some((_, first)) = given.iter().find(|(known, _)| known.name == key.name) {
                let message = format!("`{}` and `{}` are two names of one key", first.key, entry.key);
                problems.add(Code::ConflictingKeys, &entry.key_spot, message, Some("keep one of them".to_owned()));
                continue;
            }
            given.push((key, entry));
            if is_given(key, &entry.value) {
                key.shape.check(&entry.value, problems);
            }
        }
        for key in self.keys.iter().filter(|key| key.required) {
            if !given.iter().any(|(known, entry)| known.name == key.name && is_given(known, &entry.value)) {
                let message = format!("{} needs the key `{}`", self.noun, key.name);
                problems.add(Code::MissingKey, &node.spot, message, None);
            }
        }
    }
}

/// `key:` with nothing behind it says nothing, except where null is a value.
fn is_given(key: &Key, node: &Node) -> bool {
    !matches!(node.value, NodeValue::Null) || matches!(key.shape, Shape::Any)
}

/// Whether `text` is a name and nothing more.
pub(crate) fn is_word(text: &str) -> bool {
    let mut characters = text.chars();
    characters.next().is_some_and(|first| first.is_ascii_alphabetic() || first == '_')
        && characters.all(|character| character.is_ascii_alphanumeric() || character == '_')
}

/// "`a`, `b` or `c`"
fn list(words: &[&str]) -> String {
    let quoted: Vec<String> = words.iter().map(|word| format!("`{word}`")).collect();
    match quoted.split_last() {
        Some((last, rest)) if !rest.is_empty() => format!("{} or {last}", rest.join(", ")),
        _ => quoted.concat(),
    }
}

/// The keys of one mapping under their canonical names.
#[derive(Debug)]
pub(crate) struct Fields<'n> {
    pub(crate) node: &'n Node,
    entries: Vec<(&'static str, &'n Entry)>,
}

impl<'n> Fields<'n> {
    /// What `table` knows of the mapping; what is wrong with it was told by [`Shape::check`].
    pub(crate) fn new(node: &'n Node, table: &'static Table) -> Self {
        let mut entries: Vec<(&'static str, &'n Entry)> = Vec::new();
        for entry in node.entries().unwrap_or_default() {
            if let Some(key) = table.find(&entry.key)
                && is_given(key, &entry.value)
                && !entries.iter().any(|(name, _)| *name == key.name)
            {
                entries.push((key.name, entry));
            }
        }
        Self { node, entries }
    }

    pub(crate) fn entry(&self, name: &str) -> Option<&'n Entry> {
        self.entries.iter().find(|(known, _)| *known == name).map(|(_, entry)| *entry)
    }

    pub(crate) fn get(&self, name: &str) -> Option<&'n Node> {
        self.entry(name).map(|entry| &entry.value)
    }

    pub(crate) fn text(&self, name: &str) -> Option<&'n str> {
        self.get(name)?.text()
    }

    pub(crate) fn written(&self, name: &str) -> Option<String> {
        self.get(name)?.written()
    }

    pub(crate) fn boolean(&self, name: &str) -> Option<bool> {
        self.get(name)?.boolean()
    }

    pub(crate) fn number(&self, name: &str) -> Option<f64> {
        self.get(name)?.number().filter(|number| *number >= 0.0)
    }

    pub(crate) fn count(&self, name: &str) -> Option<u32> {
        let NodeValue::Number(number, _) = &self.get(name)?.value else { return None };
        number.as_u64().and_then(|number| u32::try_from(number).ok())
    }

    /// One text or a list of texts.
    pub(crate) fn texts(&self, name: &str) -> Vec<&'n Node> {
        match self.get(name) {
            Some(node) if node.text().is_some() => vec![node],
            Some(node) => node.items().unwrap_or_default().iter().filter(|item| item.text().is_some()).collect(),
            None => Vec::new(),
        }
    }

    /// The given keys with their canonical names.
    pub(crate) fn given(&self) -> impl Iterator<Item = (&'static str, &'n Entry)> {
        self.entries.iter().copied()
    }
}
