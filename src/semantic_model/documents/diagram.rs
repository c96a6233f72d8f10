//! Pictures of a model's relationships: one star for each table that others only look up to.
//!
//! The table in the middle lists the columns that relate it, the tables it leads
//! to stand left and right of it, those that they lead to further out. A line
//! goes from column to column through the gap between two columns of boxes, so
//! that none crosses a box. Lengths are in pixels of 1/96 inch. Must not know
//! what draws it: `svg` and `metafile` do.

use std::collections::{BTreeMap, BTreeSet};

use super::letters::text_width;
use crate::semantic_model::model::{Model, Relationship, same};
use crate::semantic_model::words::{Cardinality, CrossFilter};

/// Height of a box's title.
pub(super) const TITLE: f32 = 26.0;
/// Height of a row in a box.
pub(super) const ROW: f32 = 20.0;
/// Between the text and the border of a box.
pub(super) const PADDING: f32 = 8.0;
/// Between boxes of a column.
const BETWEEN: f32 = 18.0;
/// Between columns of boxes.
const GAP: f32 = 84.0;
/// Around everything.
const MARGIN: f32 = 12.0;
/// Size of the rows' font; titles are a little larger and bold.
pub(super) const SIZE: f32 = 12.0;
/// Size of the titles' font.
pub(super) const TITLE_SIZE: f32 = 12.5;
/// Characters of a name in a box; longer ones are cut.
const NAME: usize = 26;
/// Tables around the middle of one picture, on both sides together.
const AROUND: usize = 12;

/// One picture.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct Picture {
    /// The table in the middle.
    pub title: String,
    /// Which of how many pictures of that table, from 1.
    pub part: (usize, usize),
    /// In pixels.
    pub width: f32,
    /// In pixels.
    pub height: f32,
    /// The tables.
    pub boxes: Vec<TableBox>,
    /// The relationships.
    pub lines: Vec<Line>,
}

impl Picture {
    /// What it is called, for a heading and for who cannot see it.
    pub(super) fn caption(&self) -> String {
        match self.part {
            (_, 1) => self.title.clone(),
            (part, parts) => format!("{} ({part} of {parts})", self.title),
        }
    }

    /// What it shows, in words.
    pub(super) fn description(&self) -> String {
        let lines: Vec<&str> = self.lines.iter().map(|line| line.told.as_str()).collect();
        lines.join("; ")
    }
}

/// A table.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct TableBox {
    /// The table's whole name.
    pub table: String,
    /// As it is shown.
    pub title: String,
    /// Columns that relate it, as they are shown.
    pub rows: Vec<String>,
    /// Left.
    pub x: f32,
    /// Top.
    pub y: f32,
    /// In pixels.
    pub width: f32,
    /// In pixels.
    pub height: f32,
    /// It is the middle.
    pub middle: bool,
}

/// A relationship.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Line {
    /// Where it begins.
    pub from: (f32, f32),
    /// Where it ends.
    pub to: (f32, f32),
    /// `*` or `1`, at its beginning and its end.
    pub ends: [&'static str; 2],
    /// Drawn through; else dashed.
    pub active: bool,
    /// Filters go both ways.
    pub both: bool,
    /// In words.
    pub told: String,
    /// The tables at its ends.
    pub tables: [String; 2],
}

/// The pictures of all relationships between tables that `shown` lets through.
pub(super) fn pictures(model: &Model, shown: &dyn Fn(&str) -> bool) -> Vec<Picture> {
    let relationships: Vec<&Relationship> = model
        .relationships
        .iter()
        .filter(|one| shown(&one.from_table) && shown(&one.to_table) && !same(&one.from_table, &one.to_table))
        .collect();
    let mut left: BTreeSet<usize> = (0..relationships.len()).collect();
    let mut found = Vec::new();
    while let Some(middle) = next_middle(&relationships, &left) {
        let around: Vec<usize> =
            left.iter().copied().filter(|index| same(&relationships[*index].from_table, middle)).collect();
        let mut tables: Vec<&str> = Vec::new();
        for index in &around {
            let to = relationships[*index].to_table.as_str();
            if !tables.iter().any(|table| same(table, to)) {
                tables.push(to);
            }
        }
        let parts = tables.len().div_ceil(AROUND);
        for (part, tables) in tables.chunks(AROUND).enumerate() {
            let taken = Star::of(&relationships, &left, middle, tables);
            let mut picture = taken.draw();
            picture.part = (part + 1, parts);
            found.push(picture);
            for index in taken.drawn {
                left.remove(&index);
            }
        }
    }
    found
}

/// The table to draw next: one that nothing leads to, else the one with most relationships.
fn next_middle<'m>(relationships: &[&'m Relationship], left: &BTreeSet<usize>) -> Option<&'m str> {
    let mut leads: BTreeMap<&str, usize> = BTreeMap::new();
    for index in left {
        *leads.entry(&relationships[*index].from_table).or_default() += 1;
    }
    let led_to = |table: &str| left.iter().any(|index| same(&relationships[*index].to_table, table));
    leads.into_iter().max_by_key(|(table, count)| (!led_to(table), *count)).map(|(table, _)| table)
}

/// A middle with what stands around it.
struct Star<'m> {
    relationships: Vec<&'m Relationship>,
    drawn: Vec<usize>,
    middle: &'m str,
    /// Left near, left far, right near, right far.
    columns: [Vec<&'m str>; 4],
}

impl<'m> Star<'m> {
    fn of(relationships: &[&'m Relationship], left: &BTreeSet<usize>, middle: &'m str, near: &[&'m str]) -> Self {
        let half = near.len().div_ceil(2);
        let mut columns = [near[..half].to_vec(), Vec::new(), near[half..].to_vec(), Vec::new()];
        let mut placed: Vec<&str> = near.to_vec();
        placed.push(middle);
        // Further out stands what only the near ones lead to.
        for index in left {
            let one = relationships[*index];
            if placed.iter().any(|table| same(table, &one.to_table)) {
                continue;
            }
            for (inner, outer) in [(0, 1), (2, 3)] {
                if columns[inner].iter().any(|table| same(table, &one.from_table)) && columns[outer].len() < AROUND / 2
                {
                    columns[outer].push(&one.to_table);
                    placed.push(&one.to_table);
                    break;
                }
            }
        }
        let at = |table: &str| {
            if same(table, middle) {
                return Some(0_i32);
            }
            let column = columns.iter().position(|column| column.iter().any(|placed| same(placed, table)))?;
            [-1, -2, 1, 2].get(column).copied()
        };
        // Only what lies in neighbouring columns can be drawn without crossing a box.
        let drawn: Vec<usize> = left
            .iter()
            .copied()
            .filter(|index| {
                let one = relationships[*index];
                matches!((at(&one.from_table), at(&one.to_table)), (Some(from), Some(to)) if (from - to).abs() == 1)
            })
            .collect();
        Self { relationships: drawn.iter().map(|index| relationships[*index]).collect(), drawn, middle, columns }
    }

    fn draw(&self) -> Picture {
        let [left, far_left, right, far_right] = &self.columns;
        let stacks: [&[&str]; 5] = [far_left, left, &[self.middle], right, far_right];
        let stacks: Vec<Vec<TableBox>> = stacks.iter().map(|tables| self.stack(tables)).collect();
        let heights: Vec<f32> = stacks.iter().map(|boxes| height(boxes)).collect();
        let tallest = heights.iter().copied().fold(0.0, f32::max);
        let mut picture = Picture { title: self.middle.to_owned(), ..Picture::default() };
        let mut x = MARGIN;
        for (boxes, height) in stacks.into_iter().zip(heights) {
            let Some(width) = boxes.iter().map(|one| one.width).reduce(f32::max) else { continue };
            let mut y = MARGIN + (tallest - height) / 2.0;
            for mut one in boxes {
                (one.x, one.y, one.width) = (x, y, width);
                y += one.height + BETWEEN;
                picture.boxes.push(one);
            }
            x += width + GAP;
        }
        picture.width = x - GAP + MARGIN;
        picture.height = tallest + 2.0 * MARGIN;
        picture.lines = self.relationships.iter().filter_map(|one| line(one, &picture.boxes)).collect();
        picture
    }

    fn stack(&self, tables: &[&str]) -> Vec<TableBox> {
        tables.iter().map(|table| self.table_box(table)).collect()
    }

    fn table_box(&self, table: &str) -> TableBox {
        let mut rows: Vec<String> = Vec::new();
        for one in &self.relationships {
            for (owner, column) in [(&one.from_table, &one.from_column), (&one.to_table, &one.to_column)] {
                let column = short(column);
                if same(owner, table) && !rows.contains(&column) {
                    rows.push(column);
                }
            }
        }
        let title = short(table);
        let widest =
            rows.iter().map(|row| text_width(row, SIZE, false)).fold(text_width(&title, TITLE_SIZE, true), f32::max);
        #[expect(clippy::cast_precision_loss, reason = "rows are few")]
        let count = rows.len() as f32;
        TableBox {
            table: table.to_owned(),
            title,
            width: (widest + 2.0 * PADDING).max(110.0),
            height: TITLE + count * ROW + 6.0,
            rows,
            middle: same(table, self.middle),
            ..TableBox::default()
        }
    }
}

fn height(boxes: &[TableBox]) -> f32 {
    #[expect(clippy::cast_precision_loss, reason = "at most a dozen")]
    let gaps = boxes.len().saturating_sub(1) as f32 * BETWEEN;
    boxes.iter().map(|one| one.height).sum::<f32>() + gaps
}

fn line(one: &Relationship, boxes: &[TableBox]) -> Option<Line> {
    let end = |table: &str, column: &str| {
        let found = boxes.iter().find(|found| same(&found.table, table))?;
        let row = found.rows.iter().position(|row| *row == short(column))?;
        #[expect(clippy::cast_precision_loss, reason = "rows are few")]
        let y = found.y + TITLE + (row as f32 + 0.5) * ROW;
        Some((found, y))
    };
    let (from, from_y) = end(&one.from_table, &one.from_column)?;
    let (to, to_y) = end(&one.to_table, &one.to_column)?;
    let (from_x, to_x) = if from.x < to.x { (from.x + from.width, to.x) } else { (from.x, to.x + to.width) };
    let sign = |side: Cardinality| match side {
        Cardinality::Many => "*",
        Cardinality::One => "1",
        Cardinality::None => "?",
    };
    let ends = [sign(one.from_cardinality), sign(one.to_cardinality)];
    let both = one.cross_filter == CrossFilter::BothDirections;
    let told = format!(
        "{}[{}] {}:{} {}[{}]{}{}",
        one.from_table,
        one.from_column,
        ends[0],
        ends[1],
        one.to_table,
        one.to_column,
        if both { ", both directions" } else { "" },
        if one.active { "" } else { ", inactive" },
    );
    Some(Line {
        from: (from_x, from_y),
        to: (to_x, to_y),
        ends,
        active: one.active,
        both,
        told,
        tables: [from.table.clone(), to.table.clone()],
    })
}

fn short(name: &str) -> String {
    if name.chars().count() <= NAME {
        return name.to_owned();
    }
    name.chars().take(NAME - 1).chain(['…']).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn relate(from: &str, from_column: &str, to: &str, active: bool) -> Relationship {
        Relationship {
            from_table: from.into(),
            from_column: from_column.into(),
            to_table: to.into(),
            to_column: "Key".into(),
            to_cardinality: Cardinality::One,
            active,
            ..Relationship::default()
        }
    }

    fn model(relationships: Vec<Relationship>) -> Model {
        Model { relationships, ..Model::default() }
    }

    fn overlaps(a: &TableBox, b: &TableBox) -> bool {
        a.x < b.x + b.width && b.x < a.x + a.width && a.y < b.y + b.height && b.y < a.y + a.height
    }

    /// Whether a line runs through the inside of a box.
    fn crosses(line: &Line, table: &TableBox) -> bool {
        (1..100_u8).any(|step| {
            let t = f32::from(step) / 100.0;
            let x = line.from.0 + (line.to.0 - line.from.0) * t;
            let y = line.from.1 + (line.to.1 - line.from.1) * t;
            x > table.x && x < table.x + table.width && y > table.y && y < table.y + table.height
        })
    }

    #[test]
    fn every_relationship_is_drawn_once_and_no_line_crosses_a_box() {
        let mut all = vec![
            relate("Sales", "ShipDate", "Date", false),
            relate("Sales", "OrderDate", "Date", true),
            relate("Product", "CategoryKey", "Category", true),
            relate("Sales", "ProductKey", "Product", true),
            relate("Stock", "ProductKey", "Product", true),
            relate("Category", "DivisionKey", "Division", true),
            // A circle, and two tables that lead to each other.
            relate("A", "x", "B", true),
            relate("B", "x", "A", true),
        ];
        all.extend((0..30).map(|n| relate("Sales", &format!("k{n}"), &format!("Dim {n}"), true)));
        let model = model(all);
        let found = pictures(&model, &|_| true);
        let mut drawn: Vec<String> =
            found.iter().flat_map(|picture| picture.lines.iter().map(|line| line.told.clone())).collect();
        drawn.sort();
        let count = drawn.len();
        drawn.dedup();
        assert_eq!((drawn.len(), count), (model.relationships.len(), model.relationships.len()));
        for picture in &found {
            for (index, one) in picture.boxes.iter().enumerate() {
                assert!(one.x >= 0.0 && one.x + one.width <= picture.width, "{}", one.table);
                assert!(one.y >= 0.0 && one.y + one.height <= picture.height, "{}", one.table);
                for other in &picture.boxes[index + 1..] {
                    assert!(!overlaps(one, other), "{} and {}", one.table, other.table);
                }
                for line in &picture.lines {
                    assert!(!crosses(line, one), "{} through {}", line.told, one.table);
                }
            }
        }
        let sales: Vec<String> = found.iter().map(Picture::caption).filter(|title| title.contains("Sales")).collect();
        assert_eq!(sales, ["Sales (1 of 3)", "Sales (2 of 3)", "Sales (3 of 3)"]);
    }

    #[test]
    fn tables_that_are_left_out_take_their_relationships_with_them() {
        let model = model(vec![relate("Sales", "d", "LocalDate", true), relate("Sales", "p", "Product", true)]);
        let found = pictures(&model, &|table| table != "LocalDate");
        assert_eq!(found.len(), 1);
        assert_eq!(found[0].lines.len(), 1);
        assert_eq!(found[0].description(), "Sales[p] *:1 Product[Key]");
    }
}
