//! What can be suggested: the tools and workflows that can be called now, and
//! the names in the connected model.
//!
//! Whoever assembles it leaves out what cannot be called; nothing here asks
//! twice. Parts are shared, so that one per call is cheap.

use std::collections::HashMap;
use std::sync::Arc;

use indexmap::IndexMap;

/// A tool or a workflow that can be called.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Entry {
    /// The tool's listed name, or the template's id.
    pub name: String,
    /// What it is for.
    pub description: String,
    /// Names of the parameters it takes.
    pub parameters: Vec<String>,
    /// Whether the same call twice does no harm.
    pub repeat_safe: bool,
}

impl Entry {
    /// An entry with a name and parameters.
    #[must_use]
    pub fn new(name: impl Into<String>, parameters: &[&str]) -> Self {
        Self {
            name: name.into(),
            parameters: parameters.iter().map(|&parameter| parameter.to_owned()).collect(),
            ..Self::default()
        }
    }

    /// Whether it takes `parameter`.
    #[must_use]
    pub fn takes(&self, parameter: &str) -> bool {
        self.parameters.iter().any(|own| own == parameter)
    }
}

/// Everything that can be suggested.
#[derive(Debug, Clone, Default)]
pub struct Catalogue {
    tools: Arc<IndexMap<String, Entry>>,
    workflows: Arc<IndexMap<String, Entry>>,
    model: Arc<ModelNames>,
}

impl Catalogue {
    /// A catalogue of tools and workflows, in the order in which they are listed.
    #[must_use]
    pub fn new(tools: impl IntoIterator<Item = Entry>, workflows: impl IntoIterator<Item = Entry>) -> Self {
        let by_name = |entry: Entry| (entry.name.clone(), entry);
        Self {
            tools: Arc::new(tools.into_iter().map(by_name).collect()),
            workflows: Arc::new(workflows.into_iter().map(by_name).collect()),
            model: Arc::default(),
        }
    }

    /// The same with the names of the connected model.
    #[must_use]
    pub fn with_model(mut self, model: Arc<ModelNames>) -> Self {
        self.model = model;
        self
    }

    /// The tool of that name.
    #[must_use]
    pub fn tool(&self, name: &str) -> Option<&Entry> {
        self.tools.get(name)
    }

    /// The workflow of that id.
    #[must_use]
    pub fn workflow(&self, id: &str) -> Option<&Entry> {
        self.workflows.get(id)
    }

    /// All tools.
    pub fn tools(&self) -> impl Iterator<Item = &Entry> {
        self.tools.values()
    }

    /// All workflows.
    pub fn workflows(&self) -> impl Iterator<Item = &Entry> {
        self.workflows.values()
    }

    /// Names in the connected model; empty when none is connected.
    #[must_use]
    pub fn model(&self) -> &ModelNames {
        &self.model
    }
}

/// Kinds of named objects of a model.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum NameKind {
    /// A table.
    Table,
    /// A measure.
    Measure,
    /// A column.
    Column,
}

/// A name as the model spells it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KnownName {
    /// What bears the name.
    pub kind: NameKind,
    /// The name.
    pub name: String,
    /// The table it is in; the name itself for a table.
    pub table: String,
}

/// The names of a model's tables, measures and columns, found without regard to case.
#[derive(Debug, Clone, Default)]
pub struct ModelNames {
    by_name: HashMap<String, Vec<KnownName>>,
    longest: usize,
}

impl ModelNames {
    /// Names given as tables, `(table, measure)` and `(table, column)`.
    #[must_use]
    pub fn new<'a>(
        tables: impl IntoIterator<Item = &'a str>,
        measures: impl IntoIterator<Item = (&'a str, &'a str)>,
        columns: impl IntoIterator<Item = (&'a str, &'a str)>,
    ) -> Self {
        let mut names = Self::default();
        for table in tables {
            names.add(NameKind::Table, table, table);
        }
        for (table, measure) in measures {
            names.add(NameKind::Measure, table, measure);
        }
        for (table, column) in columns {
            names.add(NameKind::Column, table, column);
        }
        names
    }

    fn add(&mut self, kind: NameKind, table: &str, name: &str) {
        self.longest = self.longest.max(name.split_whitespace().count());
        let known = KnownName { kind, name: name.to_owned(), table: table.to_owned() };
        self.by_name.entry(name.to_lowercase()).or_default().push(known);
    }

    /// Everything that bears `name`, in any case.
    #[must_use]
    pub fn find(&self, name: &str) -> &[KnownName] {
        self.by_name.get(&name.to_lowercase()).map_or(&[], Vec::as_slice)
    }

    /// Words in the longest name.
    #[must_use]
    pub fn longest(&self) -> usize {
        self.longest
    }
}
