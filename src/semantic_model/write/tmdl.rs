//! Splices in a TMDL file.
//!
//! Each is made by lines: what is inserted begins with a line end, what is
//! removed takes the line end before it along, so that adding and removing are
//! each other's undoing. Must not read files.

use std::ops::Range;
use std::sync::Arc;

use super::path::ObjectPath;
use super::splice::{Splice, line_end};
use super::value::{Value, normal};
use crate::semantic_model::error::Error;
use crate::semantic_model::model::same;
use crate::semantic_model::tmdl::lines::indent;
use crate::semantic_model::tmdl::name;
use crate::semantic_model::tmdl::tree::{Body, Node, parse, unquote};

/// Children that stand behind the plain properties of their object.
const LATE: [&str; 6] =
    ["annotation", "extendedProperty", "changedProperty", "formatStringDefinition", "detailRowsDefinition", "kpi"];

/// A file as it is spliced.
pub(super) struct File<'t> {
    text: &'t str,
    file: &'t Arc<str>,
    nodes: Vec<Node<'t>>,
    /// Where each line stands, without its end.
    lines: Vec<Range<usize>>,
    end: &'static str,
    unit: String,
}

impl<'t> File<'t> {
    pub(super) fn parse(text: &'t str, file: &'t Arc<str>) -> Result<Self, Error> {
        let mut lines = Vec::new();
        let mut start = 0;
        for line in text.split('\n') {
            let end = start + line.len();
            lines.push(start..end - usize::from(line.ends_with('\r')));
            start = end + 1;
        }
        Ok(Self { text, file, nodes: parse(text, file)?, lines, end: line_end(text), unit: indent(text) })
    }

    /// Whether the object is declared here.
    pub(super) fn has(&self, object: &ObjectPath) -> bool {
        self.find(object).is_some()
    }

    /// Whether nothing but this table is declared here.
    pub(super) fn is_only(&self, table: &str) -> bool {
        self.nodes.iter().all(|node| node.is("table") && !node.is_ref && is_named(node, table))
    }

    /// The lines of an object's declaration.
    pub(super) fn declaration(&self, object: &ObjectPath) -> Option<&'t str> {
        let node = self.find(object)?;
        self.text.get(self.line(node.first_line).start..self.line(node.end).end)
    }

    fn find(&self, object: &ObjectPath) -> Option<&Node<'t>> {
        let mut roots = Vec::new();
        gather(&self.nodes, &mut roots);
        let declared = |word: &str, name: &str| {
            roots.iter().copied().find(|node| node.is(word) && !node.is_ref && is_named(node, name))
        };
        match object {
            ObjectPath::Model => roots.iter().copied().find(|node| node.is("model")),
            ObjectPath::Table(name) => declared("table", name),
            ObjectPath::Relationship(name) => declared("relationship", name),
            ObjectPath::Role(name) => declared("role", name),
            ObjectPath::Column(table, _)
            | ObjectPath::Measure(table, _)
            | ObjectPath::Hierarchy(table, _)
            | ObjectPath::Partition(table, _)
            | ObjectPath::CalculationGroup(table)
            | ObjectPath::CalculationItem(table, _) => {
                let tables = roots.iter().filter(|node| node.is("table") && !node.is_ref && is_named(node, table));
                let groups = |node: &&'_ Node<'t>| node.is("calculationGroup");
                tables.flat_map(|table| &table.children).find_map(|child| {
                    if let ObjectPath::CalculationGroup(_) = object {
                        return Some(child).filter(groups);
                    }
                    if let ObjectPath::CalculationItem(_, name) = object {
                        let group = Some(child).filter(groups)?;
                        return group.children.iter().find(|item| is_named(item, name));
                    }
                    let is = child.is(object.keyword()) && !child.is_ref && is_named(child, object.name());
                    is.then_some(child)
                })
            }
        }
    }

    fn found(&self, object: &ObjectPath) -> Result<&Node<'t>, Error> {
        self.find(object).ok_or_else(|| Error::NoObject { object: object.to_string() })
    }

    /// Where a line stands, from 1.
    fn line(&self, number: u32) -> Range<usize> {
        let index = (number as usize).saturating_sub(1);
        self.lines.get(index).cloned().unwrap_or(self.text.len()..self.text.len())
    }

    fn raw(&self, number: u32) -> &'t str {
        self.text.get(self.line(number)).unwrap_or_default()
    }

    /// The white space before a line.
    fn margin(&self, number: u32) -> &'t str {
        let raw = self.raw(number);
        raw.get(..raw.len() - raw.trim_start().len()).unwrap_or_default()
    }

    /// The white space before an object's properties.
    fn inner_margin(&self, node: &Node<'t>) -> String {
        match node.children.iter().find(|child| !child.is_ref) {
            Some(child) => self.margin(child.line).to_owned(),
            None => format!("{}{}", self.margin(node.line), self.unit),
        }
    }

    /// The changes, one after the other and each of this text, that set a property: the first that
    /// reads as it should is the right one.
    pub(super) fn set(&self, object: &ObjectPath, property: &str, value: &Value) -> Result<Vec<Splice>, Error> {
        let node = self.found(object)?;
        match (property, value) {
            ("description", _) => Ok(vec![self.set_description(node, &value.text())]),
            ("expression", _) => Ok(self.set_expression(node, &value.text())),
            (_, Value::Expression(text)) => {
                if let Some(child) = node.child(property) {
                    return Ok(self.set_expression(child, &normal(text)));
                }
                let margin = self.inner_margin(node);
                let lines = self.expression(&format!("{margin}{property} ="), &margin, 1, &normal(text));
                Ok(vec![self.after_line(node.end, &lines)])
            }
            (_, Value::Word(_) | Value::Text(_) | Value::Flag(_) | Value::Number(_)) => {
                Ok(vec![self.set_property(node, property, value)?])
            }
        }
    }

    /// The change that takes a property away; none when it is not there.
    pub(super) fn clear(&self, object: &ObjectPath, property: &str) -> Result<Option<Splice>, Error> {
        let node = self.found(object)?;
        if property == "description" {
            return Ok(node.description.is_some().then(|| self.set_description(node, "")));
        }
        let child = node.child(property);
        Ok(child.map(|child| Splice::replace(self.with_end_before(child.first_line, child.end), "")))
    }

    /// The change that takes an object away, with the blank lines before it.
    pub(super) fn remove(&self, object: &ObjectPath) -> Result<Splice, Error> {
        let node = self.found(object)?;
        let filled = (1..node.first_line).rev().find(|line| !self.raw(*line).trim().is_empty());
        let range = match filled {
            Some(line) => self.line(line).end..self.line(node.end).end,
            None => self.line(node.first_line).start..self.line(node.end + 1).start,
        };
        Ok(Splice::replace(range, ""))
    }

    /// The change that takes away the line that gives a table its place in the order.
    pub(super) fn remove_ref(&self, table: &str) -> Option<Splice> {
        let mut roots = Vec::new();
        gather(&self.nodes, &mut roots);
        let node = roots.into_iter().find(|node| node.is_ref && node.is("table") && is_named(node, table))?;
        Some(Splice::replace(self.with_end_before(node.line, node.end), ""))
    }

    /// The change that adds a table to the order; none where no order is kept.
    pub(super) fn insert_ref(&self, table: &str) -> Option<Splice> {
        let mut roots = Vec::new();
        gather(&self.nodes, &mut roots);
        let last = roots.into_iter().rfind(|node| node.is_ref && node.is("table"))?;
        Some(self.after_line(last.end, &[format!("{}ref table {}", self.margin(last.line), written_name(table))]))
    }

    /// The change that adds an object with these properties.
    pub(super) fn insert(&self, object: &ObjectPath, properties: &[(&str, Value)]) -> Result<Splice, Error> {
        let (owner, margin) = self.owner(object)?;
        let lines = lines_of(object, properties, &margin, &self.unit)?;
        Ok(self.insert_lines(owner, object, &lines.join(self.end)))
    }

    /// The change that adds an object by its declaration as it once stood in a file.
    pub(super) fn insert_declaration(&self, object: &ObjectPath, declaration: &str) -> Result<Splice, Error> {
        let (owner, _) = self.owner(object)?;
        let refuse = || Error::InvalidArgument {
            message: format!("`declaration` is not that of {object}"),
            hint: "give it as the answer that named the inverse has it, or leave it out".into(),
        };
        let text = declaration.replace("\r\n", "\n");
        // Under an owner, so that the snippet's own indentation is one step in.
        let framed = format!("table T\n{text}\n");
        let read = parse(&framed, self.file).map_err(|_| refuse())?;
        let only = match read.as_slice() {
            [table] => match table.children.as_slice() {
                [only] => Some(only),
                _ => None,
            },
            _ => None,
        };
        only.filter(|node| node.is(object.keyword()) && is_named(node, object.name())).ok_or_else(refuse)?;
        Ok(self.insert_lines(owner, object, &text.replace('\n', self.end)))
    }

    fn owner(&self, object: &ObjectPath) -> Result<(&Node<'t>, String), Error> {
        let owner = match object {
            ObjectPath::CalculationItem(table, _) => ObjectPath::CalculationGroup(table.clone()),
            ObjectPath::Model | ObjectPath::Table(_) | ObjectPath::Relationship(_) | ObjectPath::Role(_) => {
                return Err(Error::NoObject { object: format!("place for {object}") });
            }
            ObjectPath::Column(table, _)
            | ObjectPath::Measure(table, _)
            | ObjectPath::Hierarchy(table, _)
            | ObjectPath::Partition(table, _)
            | ObjectPath::CalculationGroup(table) => ObjectPath::Table(table.clone()),
        };
        let node = self.found(&owner)?;
        Ok((node, self.inner_margin(node)))
    }

    /// Behind the last object of its kind, else behind the owner's own properties.
    fn insert_lines(&self, owner: &Node<'t>, object: &ObjectPath, lines: &str) -> Splice {
        let alike = owner.children.iter().rfind(|child| child.is(object.keyword()) && !child.is_ref);
        let line = alike.map_or_else(|| last_plain(owner), |node| node.end);
        Splice::insert(self.line(line).end, format!("{0}{0}{lines}", self.end))
    }

    fn after_line(&self, line: u32, lines: &[String]) -> Splice {
        let text: String = lines.iter().flat_map(|line| [self.end, line]).collect();
        Splice::insert(self.line(line).end, text)
    }

    /// Lines with the line end before the first.
    fn with_end_before(&self, first: u32, last: u32) -> Range<usize> {
        if first <= 1 {
            return 0..self.line(last + 1).start;
        }
        self.line(first - 1).end..self.line(last).end
    }

    fn set_property(&self, node: &Node<'t>, property: &str, value: &Value) -> Result<Splice, Error> {
        let Some(child) = node.child(property) else {
            let line = format!("{}{}", self.inner_margin(node), written_property(property, value)?);
            let tag = node.children.iter().find(|child| child.is("lineageTag"));
            let after = tag.map_or_else(|| last_plain(node), |tag| tag.first_line - 1);
            return Ok(self.after_line(after, &[line]));
        };
        let line = format!("{}{}", self.margin(child.line), written_property(child.keyword, value)?);
        Ok(Splice::replace(self.line(child.line).start..self.line(child.end).end, line))
    }

    fn set_description(&self, node: &Node<'t>, text: &str) -> Splice {
        let margin = self.margin(node.line);
        let range = self.line(node.first_line).start..self.line(node.line).start;
        let lines = if text.is_empty() { Vec::new() } else { description(text, margin) };
        Splice::replace(range, lines.iter().flat_map(|line| [line.as_str(), self.end]).collect::<String>())
    }

    /// Forms of an expression, the one that is there first, a fence last.
    fn set_expression(&self, node: &Node<'t>, text: &str) -> Vec<Splice> {
        let range = self.line(node.line).start..self.line(node.body_end).end;
        let raw = self.raw(node.line).trim_end();
        let own = self.margin(node.line);
        let steps = if node.name.is_some() { 2 } else { 1 };
        let deeper = format!("{own}{}", self.unit.repeat(steps));
        let (head, block_margin, fence_margin) = match &node.body {
            Body::Inline(old) | Body::Value(std::borrow::Cow::Borrowed(old)) => {
                let head = raw.strip_suffix(old).unwrap_or(raw).trim_end();
                (head.strip_suffix(':').unwrap_or(head).to_owned(), deeper.clone(), deeper)
            }
            Body::Nothing | Body::Value(_) => (format!("{raw} ="), deeper.clone(), deeper),
            Body::Block(lines) => {
                let filled = lines.iter().filter(|line| !line.is_blank());
                let margins = filled.map(|line| line.raw.get(..line.raw.len() - line.raw.trim_start().len()));
                let least = margins.flatten().min_by_key(|margin| margin.len());
                (raw.to_owned(), least.map_or(deeper.clone(), ToOwned::to_owned), deeper)
            }
            Body::Fenced(_, margin) => {
                let head = raw.strip_suffix("```").unwrap_or(raw).trim_end();
                (head.to_owned(), deeper, (*margin).to_owned())
            }
        };
        let block = self.lines_after(&head, &block_margin, text, "", None);
        let fence = self.lines_after(&format!("{head} ```"), &fence_margin, text, &fence_margin, Some("```"));
        let inline = format!("{head} {text}");
        let several = text.contains('\n');
        let forms = if matches!(node.body, Body::Fenced(..)) {
            vec![fence, block]
        } else if several || matches!(node.body, Body::Block(_)) {
            vec![block, fence]
        } else {
            vec![inline, block, fence]
        };
        forms.into_iter().map(|form| Splice::replace(range.clone(), form)).collect()
    }

    fn lines_after(&self, head: &str, margin: &str, text: &str, last_margin: &str, last: Option<&str>) -> String {
        let mut out = head.to_owned();
        for line in text.split('\n') {
            out.push_str(self.end);
            if !line.is_empty() {
                out.push_str(margin);
                out.push_str(line);
            }
        }
        if let Some(last) = last {
            out.push_str(self.end);
            out.push_str(last_margin);
            out.push_str(last);
        }
        out
    }

    fn expression(&self, head: &str, margin: &str, steps: usize, text: &str) -> Vec<String> {
        expression_lines(head, &format!("{margin}{}", self.unit.repeat(steps)), text)
    }

    /// The text of an object's property as it is read.
    pub(super) fn read(&self, object: &ObjectPath, property: &str) -> Option<String> {
        let node = self.find(object)?;
        match property {
            "expression" => node.text(),
            "description" => node.description.clone(),
            _ => node.child(property).map(|child| child.text().unwrap_or_else(|| "true".to_owned())),
        }
    }
}

/// The whole text of a file that declares one new table, with children.
pub(super) fn new_table(
    table: &str,
    children: &[(ObjectPath, Vec<(&str, Value)>)],
    unit: &str,
    end: &str,
) -> Result<String, Error> {
    let mut text = format!("table {}", written_name(table));
    for (object, properties) in children {
        let depth = if matches!(object, ObjectPath::CalculationItem(..)) { 2 } else { 1 };
        let lines = lines_of(object, properties, &unit.repeat(depth), unit)?;
        text.push_str(end);
        text.push_str(end);
        text.push_str(&lines.join(end));
    }
    text.push_str(end);
    Ok(text)
}

/// Objects of a file on any level above tables.
fn gather<'n, 't>(nodes: &'n [Node<'t>], found: &mut Vec<&'n Node<'t>>) {
    for node in nodes {
        found.push(node);
        if ["model", "database", "create", "createOrReplace"].iter().any(|word| node.is(word)) {
            gather(&node.children, found);
        }
    }
}

fn is_named(node: &Node<'_>, name: &str) -> bool {
    node.name.as_deref().is_some_and(|found| same(found, name))
}

/// The last line of an object's body and plain properties.
fn last_plain(node: &Node<'_>) -> u32 {
    let plain = |child: &&Node<'_>| child.name.is_none() && !child.is_ref && !LATE.iter().any(|late| child.is(late));
    // `calculationGroup` has no name, but is no property either.
    let plain = node.children.iter().take_while(|child| plain(child) && !child.is("calculationGroup"));
    plain.last().map_or(node.body_end, |child| child.end)
}

/// The lines of a new object.
fn lines_of(object: &ObjectPath, properties: &[(&str, Value)], margin: &str, unit: &str) -> Result<Vec<String>, Error> {
    let mut lines = Vec::new();
    let mut head = if let ObjectPath::CalculationGroup(_) = object {
        format!("{margin}{}", object.keyword())
    } else {
        format!("{margin}{} {}", object.keyword(), written_name(object.name()))
    };
    let mut later = Vec::new();
    for (property, value) in properties {
        match (*property, value) {
            ("description", _) => lines.extend(description(&value.text(), margin)),
            ("expression", _) => {
                head.push_str(" =");
                later = expression_lines(&head, &format!("{margin}{}", unit.repeat(2)), &value.text());
            }
            (_, Value::Expression(text)) => {
                let inner = format!("{margin}{unit}");
                later.extend(expression_lines(
                    &format!("{inner}{property} ="),
                    &format!("{inner}{unit}"),
                    &normal(text),
                ));
            }
            (_, Value::Word(_) | Value::Text(_) | Value::Flag(_) | Value::Number(_)) => {
                if later.is_empty() {
                    later.push(head.clone());
                }
                later.push(format!("{margin}{unit}{}", written_property(property, value)?));
            }
        }
    }
    if later.is_empty() {
        later.push(head);
    }
    lines.append(&mut later);
    Ok(lines)
}

/// An expression behind `head`: on the line, below it, or fenced where that would not keep it.
fn expression_lines(head: &str, margin: &str, text: &str) -> Vec<String> {
    if !text.contains('\n') && text != "```" {
        return vec![format!("{head} {text}")];
    }
    let trailing = text.split('\n').any(|line| line.trim_end() != line);
    let indented = |line: &str| if line.is_empty() { String::new() } else { format!("{margin}{line}") };
    let body = text.split('\n').map(indented);
    if trailing || text.starts_with("```") {
        let fence = std::iter::once(format!("{head} ```")).chain(body);
        return fence.chain(std::iter::once(format!("{margin}```"))).collect();
    }
    std::iter::once(head.to_owned()).chain(body).collect()
}

fn description(text: &str, margin: &str) -> Vec<String> {
    let line = |line: &str| {
        if line.is_empty() { format!("{margin}///") } else { format!("{margin}/// {line}") }
    };
    text.split('\n').map(line).collect()
}

/// `formatString: 0.0`, `isHidden`.
fn written_property(property: &str, value: &Value) -> Result<String, Error> {
    let text = value.text();
    Ok(match value {
        Value::Flag(true) => property.to_owned(),
        Value::Text(raw) => format!("{property}: {}", written_value(property, raw)?),
        Value::Word(_) | Value::Flag(false) | Value::Number(_) => format!("{property}: {text}"),
        Value::Expression(_) => format!("{property} = {text}"),
    })
}

/// A value, in double quotes where it would be read as another without them.
fn written_value(property: &str, text: &str) -> Result<String, Error> {
    if text.contains(['\n', '\r']) {
        return Err(Error::InvalidArgument {
            message: format!("`{property}` has more than one line"),
            hint: "give it on one line".into(),
        });
    }
    let plain = unquote(text.trim()) == text;
    Ok(if plain && !text.is_empty() { text.to_owned() } else { format!("\"{}\"", text.replace('"', "\"\"")) })
}

/// A name, in single quotes where it needs them.
pub(super) fn written_name(text: &str) -> String {
    let special = |c: char| c.is_whitespace() || matches!(c, '.' | '=' | ':' | '\'' | '"' | '/');
    let whole = name::split(text, true).is_some_and(|(_, rest)| rest.is_empty());
    if whole && !text.contains(special) { text.to_owned() } else { format!("'{}'", text.replace('\'', "''")) }
}

#[cfg(test)]
mod tests {
    use super::{written_name, written_value};
    use crate::semantic_model::tmdl::{name, tree::unquote};

    #[test]
    fn names_and_values_are_read_as_they_were_meant() {
        for text in ["Plain", "Größe", "a b", "it's", "a.b", "a=b", "a:b", "'", "[x]", "2nd", "//", "a\"b", "x%"] {
            let written = written_name(text);
            let (read, rest) = name::split(&written, true).unwrap();
            assert_eq!((read.as_ref(), rest), (text, ""), "{written}");
        }
        assert_eq!(written_name("Sales"), "Sales");
        for text in ["0.0", " x", "x ", "\"a\"", "\"yes\";\"no\"", "\"", "\"\"", "#,0;-#,0", "a \"b\""] {
            let written = written_value("formatString", text).unwrap();
            assert_eq!(unquote(written.trim()), text, "{written}");
        }
        assert!(written_value("formatString", "a\nb").is_err());
    }
}
