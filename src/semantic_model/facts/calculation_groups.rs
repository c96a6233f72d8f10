//! `04_list_calculation_groups`: calculation groups and their items.
//!
//! Items are what is paged: a group that does not fit goes on in the next page.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::semantic_model::error::Error;
use crate::semantic_model::facts::page::{Page, Shorten, cut};
use crate::semantic_model::model::{CalculationGroup, CalculationItem, Table};
use crate::semantic_model::models::{ModelIdentity, ModelName, Models};

/// What is asked.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Args {
    /// The model by path, name or index; the connected one when not given.
    #[serde(default)]
    pub model: Option<ModelName>,
    /// Items per page, 1 to 500; 50 when not given.
    #[serde(default, alias = "limit")]
    #[schemars(range(min = 1, max = 500))]
    pub page_size: Option<u32>,
    /// The `next_token` of the page before.
    #[serde(default)]
    pub next_token: Option<String>,
}

/// What is answered.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Answer {
    /// The model that was asked.
    pub model: ModelIdentity,
    /// The groups of this page, in the model's order.
    pub rows: Vec<GroupRow>,
    /// How many are in this page.
    pub row_count: usize,
    /// How many there are.
    pub total: usize,
    /// Ask for the next page with this.
    pub next_token: Option<String>,
}

/// One calculation group.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct GroupRow {
    /// The name of its table.
    pub name: String,
    /// Its column that shows the items' names.
    pub column: Option<String>,
    /// Higher ones are applied first.
    pub precedence: i64,
    /// Not shown to report authors.
    pub hidden: bool,
    /// How many items it has in all.
    pub item_count: usize,
    /// Its items that belong to this page.
    pub items: Vec<ItemRow>,
}

/// One item.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct ItemRow {
    /// The name.
    pub name: String,
    /// The DAX.
    pub expression: String,
    /// DAX that yields the format.
    pub format_string_expression: Option<String>,
    /// Its place in the order, where one is given.
    pub ordinal: Option<i64>,
    /// What it is for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    /// A text of this item is longer than shown.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub cut: bool,
}

/// An item with the place of its group; a group without items is one such row.
#[derive(Debug, Serialize)]
struct Entry {
    #[serde(skip)]
    group: usize,
    item: Option<ItemRow>,
    /// The first one brings its group's own members along.
    head: Option<GroupRow>,
}

impl Shorten for Entry {
    fn shorten(&mut self, bytes: usize) {
        if let Some(item) = &mut self.item {
            item.description = None;
            let room = bytes / 3;
            item.cut = cut(&mut item.expression, room);
            if let Some(text) = &mut item.format_string_expression {
                item.cut |= cut(text, room);
            }
        }
    }
}

/// Lists calculation groups.
pub fn run(models: &Models, args: &Args) -> Result<Answer, Error> {
    let opened = models.open(args.model.as_ref())?;
    let page = Page::new(args.page_size, args.next_token.as_deref(), &opened.fingerprint)?;
    let groups: Vec<(&Table, &CalculationGroup)> = opened.model.calculation_groups().collect();
    let mut entries = Vec::new();
    for (index, (table, group)) in groups.iter().enumerate() {
        let mut head = Some(group_row(table, group));
        if group.items.is_empty() {
            entries.push(Entry { group: index, item: None, head: head.take() });
        }
        for item in &group.items {
            entries.push(Entry { group: index, item: Some(item_row(item)), head: head.take() });
        }
    }
    // A page that begins inside a group repeats the group's own members: half a kilobyte is kept for them.
    let taken = page.take(entries.into_iter(), 512)?;
    let mut rows: Vec<GroupRow> = Vec::new();
    let mut last = None;
    for entry in taken.rows {
        if last != Some(entry.group) {
            last = Some(entry.group);
            rows.extend(groups.get(entry.group).map(|(table, group)| group_row(table, group)));
        }
        if let Some(row) = rows.last_mut() {
            row.items.extend(entry.item);
        }
    }
    Ok(Answer {
        total: groups.len(),
        row_count: rows.len(),
        rows,
        next_token: taken.next_token,
        model: opened.identity,
    })
}

fn group_row(table: &Table, group: &CalculationGroup) -> GroupRow {
    GroupRow {
        name: table.name.clone(),
        column: table
            .columns()
            .find(|column| !column.hidden)
            .or(table.columns().next())
            .map(|column| column.name.clone()),
        precedence: group.precedence,
        hidden: table.hidden,
        item_count: group.items.len(),
        items: Vec::new(),
    }
}

fn item_row(item: &CalculationItem) -> ItemRow {
    ItemRow {
        name: item.name.clone(),
        expression: item.expression.clone(),
        format_string_expression: item.format_string_expression.clone(),
        ordinal: item.ordinal,
        description: item.description.clone(),
        cut: false,
    }
}
