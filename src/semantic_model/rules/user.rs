//! Rules that people write: `sequitur-rules.yaml` beside a model or its project.
//!
//! A rule is a condition in the program's expression language over `object`.
//! The file also leaves rules out and changes how much they matter. Everything
//! wrong with it is told with file, line and column. Must not know the rules'
//! predicates.

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use serde::Deserialize;
use serde_json::{Value, json};
use serde_saphyr::Spanned;

use super::element::{Element, ElementKind};
use super::hits::Hits;
use super::rule::{Analysis, Category, Check, Rule, Severity};
use super::subject::Subject;
use super::table;
use crate::base::json::Object;
use crate::expr::{ExprError, Expression, Known, NoResults, Scope};
use crate::semantic_model::dax::Way;
use crate::semantic_model::error::Error;
use crate::semantic_model::model::Location;
use crate::semantic_model::place::Place;
use crate::semantic_model::source::read_file;
use crate::semantic_model::text::{decode, number};

/// What the file is called.
pub const FILE: &str = "sequitur-rules.yaml";

/// No person writes more.
const MAX_BYTES: u64 = 1 << 20;

const HINT: &str = "`docs/models.md` shows a whole file";

/// What a file with rules says.
#[derive(Debug, Default, Clone)]
pub struct UserRules {
    /// The file.
    pub file: Option<String>,
    /// Rules of its own.
    pub rules: Vec<Rule>,
    /// Ids of rules that are left out.
    pub ignored: Vec<String>,
    /// How much rules matter instead of what the set says.
    pub severities: HashMap<String, Severity>,
}

/// A condition over an object.
#[derive(Debug)]
pub(crate) struct Condition {
    id: String,
    expression: Expression,
    kinds: Vec<ElementKind>,
    place: Location,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    #[serde(default)]
    rules: Vec<Written>,
    #[serde(default)]
    ignore: Vec<Spanned<String>>,
    #[serde(default)]
    severity: HashMap<String, Spanned<String>>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Written {
    id: Spanned<String>,
    #[serde(default)]
    name: Option<String>,
    #[serde(default)]
    category: Option<Spanned<String>>,
    #[serde(default)]
    severity: Option<Spanned<String>>,
    scope: Vec<Spanned<String>>,
    when: Spanned<String>,
    #[serde(default)]
    message: Option<String>,
    #[serde(default)]
    fix: Option<String>,
}

impl UserRules {
    /// Those of the file beside the model, or beside its project; none without one. Only files that `is_open` are
    /// read.
    pub fn beside(place: &Place, is_open: impl Fn(&Path) -> bool) -> Result<Self, Error> {
        let folder = if place.path.is_dir() { Some(place.path.as_path()) } else { place.path.parent() };
        let folders = [folder, folder.and_then(Path::parent)];
        let files: Vec<PathBuf> = folders.into_iter().flatten().map(|folder| folder.join(FILE)).collect();
        for file in files {
            let Ok(real) = file.canonicalize() else { continue };
            if is_open(&real) {
                return Self::read(&real);
            }
        }
        Ok(Self::default())
    }

    /// Those of a file.
    pub fn read(path: &Path) -> Result<Self, Error> {
        let bytes = read_file(path, MAX_BYTES)?;
        let shown: Arc<str> = path.display().to_string().into();
        Self::parse(decode(&bytes, &shown)?, &shown)
    }

    /// Those of a text.
    pub fn parse(text: &str, file: &Arc<str>) -> Result<Self, Error> {
        let written: Option<File> = serde_saphyr::from_str(text).map_err(|error| {
            let place = error.location();
            let line = place.map_or(1, |place| u32::try_from(place.line()).unwrap_or(1));
            let column = place.map_or(1, |place| u32::try_from(place.column()).unwrap_or(1));
            let location = Location { file: file.clone(), line: line.max(1), column: column.max(1) };
            Error::syntax(location, first_line(&error.without_snippet().to_string()), HINT)
        })?;
        let written = written.unwrap_or_default();
        let mut found = Self { file: Some(file.to_string()), ..Self::default() };
        for rule in written.rules {
            let id = rule.id.value.clone();
            let taken = table::all().iter().chain(&found.rules).any(|known| known.id == id);
            if taken || id.trim().is_empty() {
                let cause = format!("the rule id `{id}` is taken already or empty");
                return Err(Error::syntax(place(&rule.id, file), cause, "give each rule an id of its own"));
            }
            found.rules.push(own_rule(rule, file)?);
        }
        for id in written.ignore {
            found.known(&id.value, &place(&id, file))?;
            found.ignored.push(id.value);
        }
        for (id, word) in written.severity {
            let place = place(&word, file);
            found.known(&id, &place)?;
            found.severities.insert(id, severity(&word.value, &place)?);
        }
        Ok(found)
    }

    fn known(&self, id: &str, place: &Location) -> Result<(), Error> {
        let all = || table::all().iter().chain(&self.rules);
        if all().any(|rule| rule.id == id) {
            return Ok(());
        }
        let nearest =
            all().map(|rule| (strsim::damerau_levenshtein(&rule.id.to_uppercase(), &id.to_uppercase()), rule));
        let nearest = nearest.min_by_key(|(distance, _)| *distance).filter(|(distance, _)| *distance <= id.len() / 3);
        let near = nearest.map(|(_, rule)| format!("; did you mean `{}`?", rule.id)).unwrap_or_default();
        let cause = format!("no rule has the id `{id}`{near}");
        Err(Error::syntax(place.clone(), cause, "`docs/models.md` lists the rules"))
    }
}

fn first_line(text: &str) -> String {
    text.lines().next().unwrap_or_default().to_owned()
}

fn place<T>(value: &Spanned<T>, file: &Arc<str>) -> Location {
    let at = &value.referenced;
    let number = |count: u64| u32::try_from(count).unwrap_or(u32::MAX).max(1);
    Location { file: file.clone(), line: number(at.line()), column: number(at.column()) }
}

fn severity(word: &str, place: &Location) -> Result<Severity, Error> {
    match word.to_ascii_lowercase().as_str() {
        "info" => Ok(Severity::Info),
        "warning" => Ok(Severity::Warning),
        "error" => Ok(Severity::Error),
        _ => Err(Error::syntax(place.clone(), format!("`{word}` is no severity"), "write info, warning or error")),
    }
}

/// The kinds that a word of `scope` stands for.
fn kinds(word: &str) -> Option<Vec<ElementKind>> {
    let plain = word.to_lowercase().replace([' ', '-'], "_");
    Some(match plain.as_str() {
        "column" | "columns" => {
            vec![ElementKind::Column, ElementKind::CalculatedColumn, ElementKind::CalculatedTableColumn]
        }
        "table" | "tables" => vec![ElementKind::Table, ElementKind::CalculatedTable, ElementKind::CalculationGroup],
        other => {
            let kind = serde_json::from_value(Value::from(other.trim_end_matches('s'))).ok()?;
            vec![kind]
        }
    })
}

fn own_rule(written: Written, file: &Arc<str>) -> Result<Rule, Error> {
    let mut scope = Vec::new();
    for word in &written.scope {
        let found = kinds(&word.value).ok_or_else(|| {
            let cause = format!("`{}` is no kind of object", word.value);
            let hint = "write model, table, column, measure, hierarchy, partition, relationship, role, calculation_item \
                        or another kind that answers show as `object_type`";
            Error::syntax(place(word, file), cause, hint)
        })?;
        scope.extend(found);
    }
    if scope.is_empty() {
        let cause = format!("the rule `{}` looks at nothing: `scope` is empty", written.id.value);
        return Err(Error::syntax(place(&written.id, file), cause, "write `scope: [measure]`, for one"));
    }
    let category = match &written.category {
        None => Category::Maintenance,
        Some(word) => Category::parse(&word.value).ok_or_else(|| {
            let names: Vec<&str> = Category::ALL.iter().map(|category| category.as_str()).collect();
            let cause = format!("`{}` is no category; there are {}", word.value, names.join(", "));
            Error::syntax(place(word, file), cause, HINT)
        })?,
    };
    let severity = match &written.severity {
        None => Severity::Warning,
        Some(word) => severity(&word.value, &place(word, file))?,
    };
    let spot = place(&written.when, file);
    let expression = Expression::parse(&written.when.value, &Known::new().with_item("object"))
        .map_err(|error| refused(&written.id.value, &error, &spot, None))?;
    let name = written.name.unwrap_or_else(|| written.id.value.clone());
    let condition = Condition { id: written.id.value.clone(), expression, kinds: scope.clone(), place: spot };
    Ok(Rule {
        id: written.id.value.into(),
        message: written.message.unwrap_or_else(|| name.clone()).into(),
        name: name.into(),
        analysis: Analysis::Bpa,
        category,
        severity,
        scope: scope.into(),
        fix: written.fix.unwrap_or_default().into(),
        auto_fix: None,
        twin: None,
        check: Check::User(Arc::new(condition)),
    })
}

/// An expression that cannot be used, told at its place in the file.
fn refused(id: &str, error: &ExprError, spot: &Location, on: Option<&str>) -> Error {
    // Text of one line begins where the value does; lines of a block below it.
    let location = if error.line <= 1 {
        let column = spot.column.saturating_add(number(error.column.saturating_sub(1)));
        Location { column, ..spot.clone() }
    } else {
        Location { line: spot.line.saturating_add(number(error.line)), column: number(error.column), ..spot.clone() }
    };
    let on = on.map(|object| format!(" on {object}")).unwrap_or_default();
    let hint = error.hint.as_deref().map(|hint| format!(" ({hint})")).unwrap_or_default();
    let advice = "`when` is a condition over `object`, as `object.hidden and not object.description`; `docs/models.md` \
                  lists what an object has";
    Error::syntax(location, format!("rule `{id}`{on}: {}{hint}", error.message), advice)
}

impl Condition {
    /// The objects that the condition holds for.
    pub(super) fn look<'m>(&self, subject: &Subject<'_, 'm>, hits: &mut Hits<'m>) -> Result<(), Error> {
        let nothing = Object::new();
        for element in subject.elements.iter().filter(|element| self.kinds.contains(&element.kind())) {
            let object = described(*element, subject);
            let scope = Scope::new(&nothing, &nothing, &NoResults).with_item(Some("object"), &object, 0);
            let holds = self
                .expression
                .is_true(&scope)
                .map_err(|error| refused(&self.id, &error, &self.place, Some(&element.full_name())))?;
            if holds {
                hits.add(*element);
            }
        }
        Ok(())
    }
}

/// An object as expressions see it. Every name is there for every kind, so that a condition over several kinds can
/// ask for what only one has.
fn described(element: Element<'_>, subject: &Subject<'_, '_>) -> Value {
    let annotations: Object =
        element.annotations().iter().map(|one| (one.name.clone(), Value::from(one.value.as_str()))).collect();
    let mut object = json!({
        "name": element.name(),
        "full_name": element.full_name(),
        "type": element.kind().as_str(),
        "table": element.table(),
        "hidden": element.hidden(),
        "description": element.description(),
        "expression": element.expression(),
        "annotations": annotations,
        "data_type": null, "format_string": null, "display_folder": null, "sort_by": null, "summarize_by": null,
        "data_category": null, "source_column": null, "key": null, "available_in_mdx": null, "used_by": null,
        "columns": null, "measures": null, "mode": null,
        "from_table": null, "from_column": null, "to_table": null, "to_column": null, "from_cardinality": null,
        "to_cardinality": null, "cross_filter": null, "active": null,
    });
    let Some(fields) = object.as_object_mut() else { return object };
    let used_by = |object| subject.dependencies.next(object, Way::Down).count();
    let more = match element {
        Element::Column(table, column) => json!({
            "data_type": column.data_type, "format_string": column.format_string,
            "display_folder": column.display_folder, "sort_by": column.sort_by, "summarize_by": column.summarize_by,
            "data_category": column.data_category, "source_column": column.source_column, "key": column.key,
            "available_in_mdx": column.available_in_mdx,
            "used_by": used_by(crate::semantic_model::dax::Object::Column(&table.name, &column.name)),
        }),
        Element::Measure(_, measure) => json!({
            "format_string": measure.format_string, "display_folder": measure.display_folder,
            "used_by": used_by(crate::semantic_model::dax::Object::Measure(&measure.name)),
        }),
        Element::Table(table) => json!({
            "columns": table.columns().count(), "measures": table.measures.len(), "data_category": table.data_category,
        }),
        Element::Partition(_, partition) => json!({"mode": partition.mode, "type": partition.source}),
        Element::Relationship(relationship) => json!({
            "from_table": relationship.from_table, "from_column": relationship.from_column,
            "to_table": relationship.to_table, "to_column": relationship.to_column,
            "from_cardinality": relationship.from_cardinality, "to_cardinality": relationship.to_cardinality,
            "cross_filter": relationship.cross_filter, "active": relationship.active,
        }),
        Element::Model(_)
        | Element::Item(..)
        | Element::Hierarchy(..)
        | Element::Level(..)
        | Element::Role(_)
        | Element::Permission(..)
        | Element::Perspective(_)
        | Element::DataSource(_)
        | Element::Expression(_)
        | Element::Function(_) => Value::Null,
    };
    if let Value::Object(more) = more {
        fields.extend(more);
    }
    object
}
