//! A picture as SVG, its colours from the page's variables.

use std::fmt::Write as _;

use super::diagram::{PADDING, Picture, ROW, TITLE};
use super::markup::escape;

/// The picture; `link` makes a table's box a link.
pub(super) fn svg(picture: &Picture, link: &dyn Fn(&str) -> String) -> String {
    let mut out = String::new();
    let (width, height) = (picture.width, picture.height);
    put(
        &mut out,
        format_args!(
            "<svg class=\"diagram\" role=\"img\" aria-label=\"{}\" width=\"{width:.0}\" height=\"{height:.0}\" viewBox=\"0 0 {width:.0} {height:.0}\">",
            escape(&picture.description())
        ),
    );
    for line in &picture.lines {
        let class = if line.active { "line" } else { "line inactive" };
        let ((x1, y1), (x2, y2)) = (line.from, line.to);
        put(
            &mut out,
            format_args!(
                "<g><title>{}</title><line class=\"{class}\" x1=\"{x1:.1}\" y1=\"{y1:.1}\" x2=\"{x2:.1}\" y2=\"{y2:.1}\"/>",
                escape(&line.told)
            ),
        );
        let toward = if x1 < x2 { 1.0 } else { -1.0 };
        let signs = [(x1 + 9.0 * toward, y1, line.ends[0]), (x2 - 9.0 * toward, y2, line.ends[1])];
        for (x, y, sign) in signs {
            put(&mut out, format_args!("<text class=\"sign\" x=\"{x:.1}\" y=\"{:.1}\">{sign}</text>", y - 4.0));
        }
        if line.both {
            let (x, y) = (f32::midpoint(x1, x2), f32::midpoint(y1, y2));
            put(&mut out, format_args!("<text class=\"sign\" x=\"{x:.1}\" y=\"{:.1}\">⇄</text>", y - 5.0));
        }
        out.push_str("</g>");
    }
    for one in &picture.boxes {
        let (x, y) = (one.x, one.y);
        let class = if one.middle { "box middle" } else { "box" };
        put(
            &mut out,
            format_args!(
                "<a href=\"{}\"><title>{}</title><rect class=\"{class}\" x=\"{x:.1}\" y=\"{y:.1}\" width=\"{:.1}\" height=\"{:.1}\" rx=\"5\"/>",
                escape(&link(&one.table)),
                escape(&one.table),
                one.width,
                one.height
            ),
        );
        put(
            &mut out,
            format_args!(
                "<text class=\"name\" x=\"{:.1}\" y=\"{:.1}\">{}</text>",
                x + PADDING,
                y + 18.0,
                escape(&one.title)
            ),
        );
        let mut top = y + TITLE;
        for row in &one.rows {
            put(
                &mut out,
                format_args!(
                    "<text class=\"row\" x=\"{:.1}\" y=\"{:.1}\">{}</text>",
                    x + PADDING,
                    top + 14.0,
                    escape(row)
                ),
            );
            top += ROW;
        }
        out.push_str("</a>");
    }
    out.push_str("</svg>");
    out
}

fn put(out: &mut String, arguments: std::fmt::Arguments<'_>) {
    // Writing to a string cannot fail.
    if out.write_fmt(arguments).is_err() {
        out.push('?');
    }
}
