//! One page to explore a model in a browser: it needs nothing from elsewhere and
//! sends nothing anywhere.
//!
//! Every object is a section with an address of its own; the script shows the
//! one that the address names and searches. Without a script everything stands
//! one below the other.

use std::fmt::Write as _;

use super::Content;
use super::markup::escape;
use super::svg::svg;
use crate::semantic_model::dax::{Branch, Object, TokenKind, Way, tokens};
use crate::semantic_model::model::{Measure, Table, same};

mod dependencies;

const STYLE: &str = include_str!("explorer/style.css");
const SCRIPT: &str = include_str!("explorer/script.js");

/// The page.
pub(super) fn write(content: &Content<'_>) -> String {
    let page = Page { content, out: String::new() };
    page.write()
}

struct Page<'c, 'm> {
    content: &'c Content<'m>,
    out: String,
}

impl<'m> Page<'_, 'm> {
    fn put(&mut self, arguments: std::fmt::Arguments<'_>) {
        // Writing to a string cannot fail.
        if self.out.write_fmt(arguments).is_err() {
            self.out.push('?');
        }
    }

    fn write(mut self) -> String {
        let name = escape(self.content.name);
        self.put(format_args!(
            "<!doctype html><html lang=\"en\"><head><meta charset=\"utf-8\"><meta name=\"viewport\" content=\"width=device-width, initial-scale=1\"><meta name=\"color-scheme\" content=\"light dark\"><meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'\"><meta name=\"generator\" content=\"Sequitur\"><title>{name}</title><style>{STYLE}</style></head><body>"
        ));
        self.navigation(&name);
        self.out.push_str("<main>");
        self.overview(&name);
        for (number, table) in self.content.tables.iter().enumerate() {
            self.table(number, table);
        }
        for (number, (table, measure)) in self.content.measures().enumerate() {
            self.measure(number, table, measure);
        }
        self.groups();
        self.roles();
        self.put(format_args!("</main><script>{SCRIPT}</script></body></html>\n"));
        self.out
    }

    fn navigation(&mut self, name: &str) {
        self.put(format_args!(
            "<nav><a class=\"home\" href=\"#overview\">{name}</a><input id=\"search\" type=\"search\" placeholder=\"Search names and DAX\" aria-label=\"Search\" autocomplete=\"off\"><p id=\"none\" hidden>Nothing found.</p><div id=\"list\">"
        ));
        let content = self.content;
        self.out.push_str("<h2>Tables</h2><ul>");
        for (number, table) in content.tables.iter().enumerate() {
            self.link(&format!("table{number}"), &table.name, table.hidden);
        }
        self.out.push_str("</ul>");
        if content.measures().next().is_some() {
            self.out.push_str("<h2>Measures</h2><ul>");
            for (number, (_, measure)) in content.measures().enumerate() {
                self.link(&format!("measure{number}"), &measure.name, measure.hidden);
            }
            self.out.push_str("</ul>");
        }
        if content.model.calculation_groups().next().is_some() || !content.model.roles.is_empty() {
            self.out.push_str("<h2>More</h2><ul>");
            for (number, (table, _)) in content.model.calculation_groups().enumerate() {
                self.link(&format!("group{number}"), &table.name, false);
            }
            for (number, role) in content.model.roles.iter().enumerate() {
                self.link(&format!("role{number}"), &role.name, false);
            }
            self.out.push_str("</ul>");
        }
        self.out.push_str("</div></nav>");
    }

    fn link(&mut self, anchor: &str, name: &str, hidden: bool) {
        let class = if hidden { " class=\"hidden\"" } else { "" };
        self.put(format_args!("<li><a{class} href=\"#{anchor}\">{}</a></li>", escape(name)));
    }

    fn facts(&mut self, facts: &[super::content::Fact]) {
        self.out.push_str("<dl>");
        for (what, value) in facts {
            self.put(format_args!("<div><dt>{what}</dt><dd>{}</dd></div>", escape(value)));
        }
        self.out.push_str("</dl>");
    }

    fn description(&mut self, description: Option<&String>) {
        if let Some(text) = description {
            self.put(format_args!("<p class=\"description\">{}</p>", escape(text)));
        }
    }

    fn overview(&mut self, name: &str) {
        self.put(format_args!("<section id=\"overview\"><h1>{name}</h1>"));
        self.description(self.content.model.description.as_ref());
        self.facts(&self.content.overview());
        let content = self.content;
        if !content.pictures.is_empty() {
            self.out.push_str(
                "<h2>Relationships</h2><p class=\"legend\">The table in the middle leads to the others. Dashed lines are inactive, ⇄ filters both ways.</p>",
            );
            for picture in &content.pictures {
                self.put(format_args!("<h3>{}</h3><div class=\"scroll\">", escape(&picture.caption())));
                self.out.push_str(&svg(picture, &|table| address_of_table(content, table)));
                self.out.push_str("</div>");
            }
        }
        if !content.model.relationships.is_empty() {
            self.out.push_str("<h2>All relationships</h2><div class=\"scroll\"><table><thead><tr><th>From<th><th>To<th>Notes</tr></thead><tbody>");
            for one in &content.model.relationships {
                self.out.push_str("<tr>");
                for value in Content::relationship(one) {
                    self.put(format_args!("<td>{}</td>", escape(&value)));
                }
                self.out.push_str("</tr>");
            }
            self.out.push_str("</tbody></table></div>");
        }
        self.out.push_str("</section>");
    }

    fn table(&mut self, number: usize, table: &'m Table) {
        self.put(format_args!(
            "<section id=\"table{number}\"><p class=\"kind\">Table</p><h1>{}</h1>",
            escape(&table.name)
        ));
        self.description(table.description.as_ref());
        let content = self.content;
        self.facts(&content.table_facts(table));
        if content.columns(table).next().is_some() {
            self.out.push_str("<h2>Columns</h2><div class=\"scroll\"><table><thead><tr><th>Column<th>Type<th>Notes<th>Description</tr></thead><tbody>");
            for column in content.columns(table) {
                let description = escape(column.description.as_deref().unwrap_or_default());
                let dax = column.expression.as_deref().map(|text| code(&Content::dax(text))).unwrap_or_default();
                self.put(format_args!(
                    "<tr><td>{}</td><td>{}</td><td>{}</td><td>{description}{dax}</td></tr>",
                    escape(&column.name),
                    column.data_type.as_str(),
                    escape(&content.column_notes(table, column)),
                ));
            }
            self.out.push_str("</tbody></table></div>");
        }
        let own: Vec<(usize, &Measure)> = content
            .measures()
            .enumerate()
            .filter(|(_, (owner, _))| same(&owner.name, &table.name))
            .map(|(number, (_, measure))| (number, measure))
            .collect();
        if !own.is_empty() {
            self.out.push_str("<h2>Measures</h2><ul class=\"names\">");
            for (number, measure) in own {
                self.link(&format!("measure{number}"), &measure.name, measure.hidden);
            }
            self.out.push_str("</ul>");
        }
        let shows = |picture: &&super::diagram::Picture| {
            picture.boxes.iter().any(|one| same(&one.table, &table.name))
                && picture.lines.iter().any(|line| line.tables.iter().any(|end| same(end, &table.name)))
        };
        let mut first = true;
        for picture in content.pictures.iter().filter(shows) {
            if first {
                self.out.push_str("<h2>Relationships</h2>");
            }
            first = false;
            self.put(format_args!("<h3>{}</h3><div class=\"scroll\">", escape(&picture.caption())));
            self.out.push_str(&svg(picture, &|table| address_of_table(content, table)));
            self.out.push_str("</div>");
        }
        self.out.push_str("</section>");
    }

    fn measure(&mut self, number: usize, table: &'m Table, measure: &'m Measure) {
        self.put(format_args!(
            "<section id=\"measure{number}\"><p class=\"kind\">Measure</p><h1>{}</h1>",
            escape(&measure.name)
        ));
        self.description(measure.description.as_ref());
        let content = self.content;
        self.facts(&Content::measure_facts(table, measure));
        self.out.push_str(&code(&Content::dax(&measure.expression)));
        let [up, down] = [Way::Up, Way::Down].map(|way| content.tree(measure, way));
        if !up.is_empty() || !down.is_empty() {
            self.out.push_str("<h2>Dependencies</h2><div class=\"scroll\">");
            let drawing = dependencies::svg(measure, &up, &down, &|object| address(content, object));
            self.out.push_str(&drawing);
            self.out.push_str("</div>");
        }
        for (title, branches) in [("Made from", up), ("Used by", down)] {
            if branches.iter().any(|branch| branch.depth > 1) {
                self.put(format_args!("<h3>{title}</h3><ul class=\"tree\">"));
                for branch in branches {
                    self.branch(branch);
                }
                self.out.push_str("</ul>");
            }
        }
        self.out.push_str("</section>");
    }

    fn branch(&mut self, branch: Branch<'m>) {
        let name = escape(&branch.object.to_string());
        let shown = match address(self.content, branch.object) {
            Some(address) => format!("<a href=\"{address}\">{name}</a>"),
            None => name,
        };
        let note = if branch.circular {
            " <em>circular</em>"
        } else if branch.repeated {
            " <em>see above</em>"
        } else {
            ""
        };
        self.put(format_args!("<li style=\"--depth:{}\">{shown}{note}</li>", branch.depth.saturating_sub(1)));
    }

    fn groups(&mut self) {
        for (number, (table, group)) in self.content.model.calculation_groups().enumerate() {
            self.put(format_args!(
                "<section id=\"group{number}\"><p class=\"kind\">Calculation group</p><h1>{}</h1>",
                escape(&table.name)
            ));
            self.facts(&[("Precedence", group.precedence.to_string())]);
            for item in &group.items {
                self.put(format_args!("<h2>{}</h2>", escape(&item.name)));
                self.description(item.description.as_ref());
                self.out.push_str(&code(&Content::dax(&item.expression)));
            }
            self.out.push_str("</section>");
        }
    }

    fn roles(&mut self) {
        for (number, role) in self.content.model.roles.iter().enumerate() {
            self.put(format_args!(
                "<section id=\"role{number}\"><p class=\"kind\">Security role</p><h1>{}</h1>",
                escape(&role.name)
            ));
            self.description(role.description.as_ref());
            for permission in &role.table_permissions {
                self.put(format_args!("<h2>{}</h2>", escape(&permission.table)));
                match &permission.filter {
                    Some(filter) => self.out.push_str(&code(&Content::dax(filter))),
                    None => self.out.push_str("<p>All rows.</p>"),
                }
            }
            self.out.push_str("</section>");
        }
    }
}

/// Where an object is told, if it is.
fn address(content: &Content<'_>, object: Object<'_>) -> Option<String> {
    match object {
        Object::Measure(name) => {
            let number = content.measures().position(|(_, measure)| same(&measure.name, name))?;
            Some(format!("#measure{number}"))
        }
        Object::Column(table, _) | Object::Table(table) | Object::Item(table, _) | Object::Role(_, table) => {
            let number = content.tables.iter().position(|found| same(&found.name, table))?;
            Some(format!("#table{number}"))
        }
        Object::Function(_) => None,
    }
}

fn address_of_table(content: &Content<'_>, table: &str) -> String {
    address(content, Object::Table(table)).unwrap_or_else(|| "#overview".to_owned())
}

/// DAX with its tokens marked.
fn code(text: &str) -> String {
    let mut out = String::from("<pre><code>");
    let mut at = 0;
    for token in tokens(text) {
        out.push_str(&escape(text.get(at..token.offset).unwrap_or_default()));
        let class = match token.kind {
            TokenKind::Comment => "comment",
            TokenKind::Text | TokenKind::Date => "literal",
            TokenKind::Word => "word",
            TokenKind::Bracket | TokenKind::Quoted => "name",
            TokenKind::Number => "number",
            TokenKind::Parameter | TokenKind::Symbol => "",
        };
        if class.is_empty() {
            out.push_str(&escape(token.text));
        } else {
            out.push_str("<span class=\"");
            out.push_str(class);
            out.push_str("\">");
            out.push_str(&escape(token.text));
            out.push_str("</span>");
        }
        at = token.offset + token.text.len();
    }
    out.push_str(&escape(text.get(at..).unwrap_or_default()));
    out.push_str("</code></pre>");
    out
}

#[cfg(test)]
mod tests;
