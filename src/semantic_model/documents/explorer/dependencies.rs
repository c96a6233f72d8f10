//! What a measure is made from and what is made from it, as a picture: left, middle, right.

use std::fmt::Write as _;

use crate::semantic_model::dax::{Branch, Object};
use crate::semantic_model::documents::letters::text_width;
use crate::semantic_model::documents::markup::escape;
use crate::semantic_model::model::Measure;

/// Objects on one side; the lists below the picture have the rest.
const SIDE: usize = 14;
/// Height of a box.
const HEIGHT: f32 = 26.0;
/// From the top of one box to that of the next.
const STEP: f32 = 36.0;
/// Between columns.
const GAP: f32 = 70.0;
/// Size of the font.
const SIZE: f32 = 12.5;
/// Characters of a name.
const NAME: usize = 44;

/// A box: what it says and where it leads.
struct Node {
    text: String,
    address: Option<String>,
}

/// Left, width, and the boxes with their tops.
type Column = (f32, f32, Vec<(f32, Node)>);

/// The picture.
pub(super) fn svg(
    measure: &Measure,
    up: &[Branch<'_>],
    down: &[Branch<'_>],
    address: &dyn Fn(Object<'_>) -> Option<String>,
) -> String {
    let [left, right] = [up, down].map(|branches| side(branches, address));
    let middle = vec![Node { text: short(&format!("[{}]", measure.name)), address: None }];
    let columns = [left, middle, right];
    let tallest = columns.iter().map(Vec::len).max().unwrap_or_default();
    let height = length(tallest) + 8.0;
    let mut x = 4.0;
    let mut placed: Vec<Column> = Vec::new();
    for nodes in columns {
        if nodes.is_empty() {
            continue;
        }
        let width = nodes.iter().map(|node| text_width(&node.text, SIZE, false)).fold(60.0, f32::max) + 18.0;
        let mut y = 4.0 + (length(tallest) - length(nodes.len())) / 2.0;
        let mut column = Vec::new();
        for node in nodes {
            column.push((y, node));
            y += STEP;
        }
        placed.push((x, width, column));
        x += width + GAP;
    }
    let width = x - GAP + 4.0;
    let mut out = format!(
        "<svg class=\"diagram\" role=\"img\" aria-label=\"dependencies of {}\" width=\"{width:.0}\" height=\"{height:.0}\" viewBox=\"0 0 {width:.0} {height:.0}\">",
        escape(&measure.name)
    );
    let mut put = |arguments: std::fmt::Arguments<'_>| {
        // Writing to a string cannot fail.
        if out.write_fmt(arguments).is_err() {
            out.push('?');
        }
    };
    for pair in placed.windows(2) {
        let [(left_x, left_width, left), (right_x, _, right)] = pair else { continue };
        for (from, _) in left {
            for (to, _) in right {
                let (x1, y1, x2, y2) = (left_x + left_width, from + HEIGHT / 2.0, *right_x, to + HEIGHT / 2.0);
                let bend = f32::midpoint(x1, x2);
                put(format_args!(
                    "<path class=\"line\" d=\"M{x1:.1} {y1:.1} C{bend:.1} {y1:.1} {bend:.1} {y2:.1} {x2:.1} {y2:.1}\"/>"
                ));
            }
        }
    }
    for (x, width, column) in &placed {
        for (y, node) in column {
            let class = if column.len() == 1 && node.address.is_none() { "box middle" } else { "box" };
            let (open, close) = match &node.address {
                Some(address) => (format!("<a href=\"{address}\">"), "</a>"),
                None => (String::new(), ""),
            };
            put(format_args!(
                "{open}<rect class=\"{class}\" x=\"{x:.1}\" y=\"{y:.1}\" width=\"{width:.1}\" height=\"{HEIGHT}\" rx=\"5\"/><text class=\"row\" x=\"{:.1}\" y=\"{:.1}\">{}</text>{close}",
                x + 9.0,
                y + 17.5,
                escape(&node.text)
            ));
        }
    }
    out.push_str("</svg>");
    out
}

/// The objects that are next to the measure.
fn side(branches: &[Branch<'_>], address: &dyn Fn(Object<'_>) -> Option<String>) -> Vec<Node> {
    let next: Vec<&Branch<'_>> = branches.iter().filter(|branch| branch.depth == 1).collect();
    let mut nodes: Vec<Node> = next
        .iter()
        .take(SIDE)
        .map(|branch| Node { text: short(&branch.object.to_string()), address: address(branch.object) })
        .collect();
    if next.len() > SIDE {
        nodes.push(Node { text: format!("and {} more", next.len() - SIDE), address: None });
    }
    nodes
}

fn length(nodes: usize) -> f32 {
    #[expect(clippy::cast_precision_loss, reason = "at most a dozen and a few")]
    let nodes = nodes as f32;
    (nodes * STEP - (STEP - HEIGHT)).max(HEIGHT)
}

fn short(name: &str) -> String {
    if name.chars().count() <= NAME {
        return name.to_owned();
    }
    name.chars().take(NAME - 1).chain(['…']).collect()
}
