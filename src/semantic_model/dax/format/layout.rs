//! How each kind of node is laid out.
//!
//! Functions and keywords in capitals, a space inside brackets, arguments on
//! lines of their own where they do not fit on one, operators at the start of
//! lines.

use super::page::Page;
use super::words::Words;
use crate::semantic_model::dax::functions;
use crate::semantic_model::dax::home::Home;
use crate::semantic_model::dax::outline::{Outline, Root};
use crate::semantic_model::dax::parser::parse_expression;
use crate::semantic_model::dax::syntax::{Block, Call, Kind, Link, Node, Operator, Prefix};

/// Functions whose arguments from this one on belong together in pairs.
const PAIRS: &[(&str, usize)] = &[("SWITCH", 1), ("ADDCOLUMNS", 1), ("SELECTCOLUMNS", 1), ("ROW", 0), ("DATATABLE", 0)];

/// An expression laid out for reading; none where its syntax is wrong.
#[must_use]
pub fn format(text: &str) -> Option<String> {
    let parsed = parse_expression(text);
    if !parsed.problems.is_empty() {
        return None;
    }
    let outline = Outline::of(&[Root { node: &parsed.tree, home: Home::Query }]);
    let layout = Layout { words: Words::of(text) };
    // What is below a node comes after it, so that its parts are laid out before it.
    let mut pages: Vec<Option<Page>> = Vec::new();
    pages.resize_with(outline.len(), || None);
    for (at, site) in outline.sites().rev() {
        let parts: Vec<Page> = outline.children(at).filter_map(|child| pages.get_mut(child)?.take()).collect();
        if let Some(place) = pages.get_mut(at) {
            *place = Some(layout.node(site.node, parts));
        }
    }
    let whole = pages.into_iter().next().flatten()?;
    Some(Page::all(vec![whole, layout.words.rest()]).write())
}

struct Layout<'t> {
    words: Words<'t>,
}

impl Layout<'_> {
    /// A node whose parts are laid out already.
    fn node(&self, node: &Node, parts: Vec<Page>) -> Page {
        match &node.kind {
            Kind::Number(_) | Kind::Text(_) | Kind::Date(_) | Kind::Table(_) | Kind::Parameter(_) => {
                let at = self.words.at(node.span.start);
                self.words.page(at, self.words.text(at))
            }
            Kind::Boolean(value) => {
                self.words.page(self.words.at(node.span.start), if *value { "TRUE" } else { "FALSE" })
            }
            Kind::Name(_) => self.name(node),
            Kind::Field(_) => self.field(node),
            Kind::Call(call) => self.call(node, call, parts),
            Kind::Chain { rest, .. } => self.chain(rest, parts),
            Kind::Unary { operator, operand } => self.unary(node, *operator, operand, parts),
            Kind::Brackets(inner) => self.list(node, parts, std::slice::from_ref(inner)),
            Kind::Tuple(nodes) | Kind::Set(nodes) => self.list(node, parts, nodes),
            Kind::Block(block) => self.block(block, parts),
            Kind::Omitted | Kind::Missing => Page::all(Vec::new()),
        }
    }

    /// One word, or the three of `DESC BLANKS LAST`.
    fn name(&self, node: &Node) -> Page {
        let mut pages = Vec::new();
        for at in self.words.at(node.span.start)..self.words.at(node.span.end) {
            if !pages.is_empty() {
                pages.push(Page::text(" "));
            }
            pages.push(self.words.page(at, self.words.text(at)));
        }
        Page::all(pages)
    }

    /// A table and brackets, with nothing between them.
    fn field(&self, node: &Node) -> Page {
        let words = self.words.at(node.span.start)..self.words.at(node.span.end);
        Page::all(words.map(|at| self.words.page(at, self.words.text(at))).collect())
    }

    fn call(&self, node: &Node, call: &Call, parts: Vec<Page>) -> Page {
        let name = self.words.at(call.name.start);
        let known = functions::function(&call.function).is_some();
        let function = if known { call.function.to_uppercase() } else { call.function.clone() };
        let head = Page::all(vec![self.words.page(name, &function), Page::text(" ")]);
        let pairs = PAIRS.iter().find(|(paired, _)| call.is(paired)).map(|(_, from)| *from);
        if parts.is_empty() {
            let open = self.words.page(name + 1, "(");
            return Page::all(vec![head, open, self.words.page(name + 2, ")")]);
        }
        let (body, behind) = self.enclosed(node, name + 1, parts, &call.arguments, pairs);
        Page::all(vec![Page::all(vec![head, body]).group(), behind])
    }

    fn list(&self, node: &Node, parts: Vec<Page>, nodes: &[Node]) -> Page {
        let (body, behind) = self.enclosed(node, self.words.at(node.span.start), parts, nodes, None);
        Page::all(vec![body.group(), behind])
    }

    /// Parts between brackets with commas, and what stands behind the closing one.
    fn enclosed(
        &self,
        node: &Node,
        open: usize,
        parts: Vec<Page>,
        nodes: &[Node],
        pairs: Option<usize>,
    ) -> (Page, Page) {
        let close = self.words.at(node.span.end.saturating_sub(1));
        let mut inside = vec![Page::space()];
        let count = parts.len();
        for (index, (part, node)) in parts.into_iter().zip(nodes).enumerate() {
            inside.push(part);
            if index + 1 < count {
                inside.push(self.words.page(self.words.at(node.span.end), ","));
                let pair = pairs.is_some_and(|from| index >= from && (index - from).is_multiple_of(2));
                inside.push(if pair { Page::text(" ") } else { Page::space() });
            }
        }
        let (end, behind) = self.words.parts(close, self.words.text(close));
        let opening = self.words.page(open, self.words.text(open));
        (Page::all(vec![opening, Page::all(inside).inside(), Page::space(), end]), behind)
    }

    fn chain(&self, rest: &[Link], parts: Vec<Page>) -> Page {
        let mut parts = parts.into_iter();
        let first = parts.next().unwrap_or_else(|| Page::all(Vec::new()));
        let mut inside = Vec::new();
        for (link, part) in rest.iter().zip(parts) {
            // A list is part of its test.
            inside.push(if link.operator == Operator::In { Page::text(" ") } else { Page::space() });
            inside.push(self.words.page(self.words.at(link.span.start), link.operator.as_str()));
            inside.push(Page::text(" "));
            inside.push(part);
        }
        Page::all(vec![first, Page::all(inside).inside()]).group()
    }

    fn unary(&self, node: &Node, operator: Prefix, operand: &Node, parts: Vec<Page>) -> Page {
        let mut pages = vec![self.words.page(self.words.at(node.span.start), operator.as_str())];
        // `--` would begin a comment.
        let signs = matches!(self.words.text(self.words.at(operand.span.start)), "-" | "+");
        if operator == Prefix::Not || signs {
            pages.push(Page::text(" "));
        }
        pages.extend(parts);
        Page::all(pages)
    }

    fn block(&self, block: &Block, parts: Vec<Page>) -> Page {
        let mut parts = parts.into_iter();
        let mut pages = Vec::new();
        let mut end = 0;
        for (variable, value) in block.variables.iter().zip(&mut parts) {
            let name = self.words.at(variable.span.start);
            let head = [self.words.page(name.saturating_sub(1), "VAR"), self.words.page(name, &variable.name)];
            let equals = self.words.page(name + 1, "=");
            let [var, name] = head;
            let value = Page::all(vec![Page::space(), value]).inside();
            let assigned = Page::all(vec![var, Page::text(" "), name, Page::text(" "), equals, value]);
            pages.push(assigned.group());
            pages.push(Page::line());
            end = variable.value.span.end;
        }
        pages.push(self.words.page(self.words.at(end), "RETURN"));
        pages.push(Page::all(std::iter::once(Page::line()).chain(parts).collect()).inside());
        Page::all(pages)
    }
}
