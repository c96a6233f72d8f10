//! Calculation groups: added whole, taken away whole.
//!
//! A group is a table of its own with a column of names and one that orders
//! them. A model that has one must discourage implicit measures; the engine
//! refuses it otherwise. Must not know tools.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::draft::Draft;
use super::measure::{refuse, refuse_name};
use super::path::ObjectPath;
use super::value::Value;
use crate::semantic_model::dax::{Analysis, Formula, Home, Names};
use crate::semantic_model::error::Error;
use crate::semantic_model::facts::table::find_table;

/// A calculation group as it is to be.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Wish {
    /// Its name, which is its table's.
    pub name: String,
    /// Its items, in their order.
    pub items: Vec<Item>,
    /// Higher ones are applied first.
    pub precedence: i64,
}

/// An item of a calculation group.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Item {
    /// Its name.
    pub name: String,
    /// DAX over `SELECTEDMEASURE()`.
    pub expression: String,
    /// DAX that yields the format.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub format_string_expression: Option<String>,
    /// What it is for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
}

/// The oldest models that can have calculation groups.
const LEAST_LEVEL: u32 = 1470;

/// Adds a group. Tells whether the model had to be made to discourage implicit measures.
pub fn create(draft: &mut Draft, wish: &Wish) -> Result<bool, Error> {
    refuse_name(&wish.name)?;
    let before = draft.before();
    if let Some(table) = before.table(&wish.name) {
        return Err(Error::Taken { what: "table", name: table.name.clone(), owner: "the model".into() });
    }
    let invalid = |message: String, hint: &str| Err(Error::InvalidArgument { message, hint: hint.to_owned() });
    if let Some(level) = before.compatibility_level.filter(|level| *level < LEAST_LEVEL) {
        return invalid(
            format!("a model of compatibility level {level} cannot have calculation groups"),
            "raise its `compatibilityLevel` to 1500 or more",
        );
    }
    if wish.items.is_empty() {
        return invalid(format!("the calculation group `{}` has no items", wish.name), "give at least one item");
    }
    for (index, item) in wish.items.iter().enumerate() {
        refuse_name(&item.name)?;
        let twice = |other: &Item| crate::semantic_model::model::same(&other.name, &item.name);
        if wish.items.iter().take(index).any(twice) {
            return invalid(format!("there are two items `{}`", item.name), "give each item a name of its own");
        }
    }
    let discourages = before.discourage_implicit_measures;
    draft.insert_table(&wish.name, &children(wish))?;
    let switched = !discourages && set_discouraged(draft)?;
    let after = draft.after()?;
    let names = Names::of(&after);
    for item in &wish.items {
        for text in std::iter::once(&item.expression).chain(&item.format_string_expression) {
            let formula = Formula::parse(text);
            refuse(&item.name, text, &Analysis::of(&formula, Home::Item(&wish.name), &names).problems)?;
        }
    }
    Ok(switched)
}

/// A folder of tables alone has no model that could be told.
fn set_discouraged(draft: &mut Draft) -> Result<bool, Error> {
    match draft.set(&ObjectPath::Model, "discourageImplicitMeasures", &Value::Flag(true)) {
        Ok(()) => Ok(true),
        Err(Error::NoObject { .. }) => Ok(false),
        Err(error) => Err(error),
    }
}

/// Takes a group away; with `restore_implicit_measures` the model no longer discourages them. Gives what it was.
pub fn delete(draft: &mut Draft, name: &str, restore_implicit_measures: bool) -> Result<Wish, Error> {
    let table = find_table(draft.before(), name)?;
    let Some(group) = &table.calculation_group else {
        return Err(Error::InvalidArgument {
            message: format!("table `{}` is no calculation group", table.name),
            hint: "call `04_list_calculation_groups` for those that are".into(),
        });
    };
    let items = group.items.iter().map(|item| Item {
        name: item.name.clone(),
        expression: item.expression.clone(),
        format_string_expression: item.format_string_expression.clone(),
        description: item.description.clone(),
    });
    let was = Wish { name: table.name.clone(), items: items.collect(), precedence: group.precedence };
    draft.remove(&ObjectPath::Table(was.name.clone()))?;
    if restore_implicit_measures {
        draft.clear(&ObjectPath::Model, "discourageImplicitMeasures")?;
    }
    draft.after()?;
    Ok(was)
}

type Properties = Vec<(&'static str, Value)>;

fn children(wish: &Wish) -> Vec<(ObjectPath, Properties)> {
    let table = || wish.name.clone();
    let word = |word: &str| Value::Word(word.to_owned());
    let mut children =
        vec![(ObjectPath::CalculationGroup(table()), vec![("precedence", Value::Number(wish.precedence))])];
    for (ordinal, item) in (0..).zip(&wish.items) {
        let mut properties: Properties = Vec::new();
        if let Some(description) = item.description.as_ref().filter(|text| !text.trim().is_empty()) {
            properties.push(("description", Value::Text(description.clone())));
        }
        properties.push(("expression", Value::Expression(item.expression.clone())));
        properties.push(("ordinal", Value::Number(ordinal)));
        let format = item.format_string_expression.clone();
        properties.extend(format.map(|text| ("formatStringDefinition", Value::Expression(text))));
        children.push((ObjectPath::CalculationItem(table(), item.name.clone()), properties));
    }
    children.push((
        ObjectPath::Column(table(), "Name".to_owned()),
        vec![
            ("dataType", word("string")),
            ("summarizeBy", word("none")),
            ("sourceColumn", word("Name")),
            ("sortByColumn", word("Ordinal")),
        ],
    ));
    children.push((
        ObjectPath::Column(table(), "Ordinal".to_owned()),
        vec![
            ("dataType", word("int64")),
            ("isHidden", Value::Flag(true)),
            ("summarizeBy", word("none")),
            ("sourceColumn", word("Ordinal")),
        ],
    ));
    children.push((ObjectPath::Partition(table(), table()), vec![("expression", word("calculationGroup"))]));
    children
}
