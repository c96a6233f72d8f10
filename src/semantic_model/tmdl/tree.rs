//! The grammar of TMDL: lines to a tree of objects and properties.
//!
//! Knows no object by name: a word in front of a name makes an object, a word
//! before `:` or `=` a property, a word alone a flag or an object without a
//! name. Must not judge which of them belong together; `build` does.

use std::borrow::Cow;
use std::sync::Arc;

use crate::semantic_model::error::Error;
use crate::semantic_model::limits::NESTING;
use crate::semantic_model::model::Location;
use crate::semantic_model::tmdl::lines::{Line, lines, unit_name};
use crate::semantic_model::tmdl::name;

/// An object or a property with what is indented below it.
#[derive(Debug)]
pub(in crate::semantic_model) struct Node<'a> {
    /// The first word, as it is written.
    pub(in crate::semantic_model) keyword: &'a str,
    /// An object's name; for `ref` the name it refers to.
    pub(in crate::semantic_model) name: Option<Cow<'a, str>>,
    /// `ref table Sales`: only an order, not a declaration.
    pub(in crate::semantic_model) is_ref: bool,
    /// What follows `:` or `=`.
    pub(in crate::semantic_model) body: Body<'a>,
    /// The `///` lines above.
    pub(in crate::semantic_model) description: Option<String>,
    /// What is indented below.
    pub(in crate::semantic_model) children: Vec<Node<'a>>,
    /// The line, from 1.
    pub(in crate::semantic_model) line: u32,
    /// The line where its description begins, or `line`.
    pub(in crate::semantic_model) first_line: u32,
    /// The last line of its body: what is below it comes after.
    pub(in crate::semantic_model) body_end: u32,
    /// Its last line, with what is below it.
    pub(in crate::semantic_model) end: u32,
    /// The column of the first word, from 1.
    pub(in crate::semantic_model) column: u32,
}

/// What an object or property says of itself.
#[derive(Debug)]
pub(in crate::semantic_model) enum Body<'a> {
    /// Nothing: a flag, or an object with properties only.
    Nothing,
    /// `name: value`.
    Value(Cow<'a, str>),
    /// `name = text` on one line.
    Inline(&'a str),
    /// `name =` and indented lines.
    Block(Vec<Line<'a>>),
    /// Lines between fences of three backticks, with the margin to take off.
    Fenced(Vec<Line<'a>>, &'a str),
}

impl<'a> Node<'a> {
    /// Whether the first word is `word`, upper and lower case being equal.
    pub(in crate::semantic_model) fn is(&self, word: &str) -> bool {
        self.keyword.eq_ignore_ascii_case(word)
    }

    /// The child property of that name.
    pub(in crate::semantic_model) fn child(&self, word: &str) -> Option<&Node<'a>> {
        self.children.iter().find(|child| child.is(word))
    }

    /// The line of the file on which the text of the body begins.
    pub(super) fn text_line(&self) -> Option<u32> {
        match &self.body {
            Body::Nothing => None,
            Body::Value(_) | Body::Inline(_) => Some(self.line),
            Body::Block(lines) | Body::Fenced(lines, _) => lines.first().map(|line| line.number),
        }
    }

    /// The text of the body with LF between lines; `None` where there is none.
    pub(in crate::semantic_model) fn text(&self) -> Option<String> {
        match &self.body {
            Body::Nothing => None,
            Body::Value(value) => Some(value.clone().into_owned()),
            Body::Inline(text) => Some((*text).to_owned()),
            Body::Block(lines) => Some(block_text(lines)),
            Body::Fenced(lines, margin) => Some(join(lines, |line| &line.raw[shared_prefix(line.raw, margin)..])),
        }
    }
}

/// The text of a block: the indentation that all its lines share taken off,
/// trailing white space too, which the format does not keep either.
fn block_text(lines: &[Line<'_>]) -> String {
    let mut filled = lines.iter().filter(|line| !line.is_blank());
    let Some(first) = filled.next() else { return String::new() };
    let first_margin = &first.raw[..first.raw.len() - first.raw.trim_start().len()];
    let margin = filled.fold(first_margin, |margin, line| &margin[..shared_prefix(line.raw, margin)]);
    let text = join(lines, |line| if line.is_blank() { "" } else { line.raw[margin.len()..].trim_end() });
    text.trim_end().to_owned()
}

/// How many bytes of white space `line` shares with `margin`.
fn shared_prefix(line: &str, margin: &str) -> usize {
    line.bytes().zip(margin.bytes()).take_while(|(a, b)| a == b && a.is_ascii_whitespace()).count()
}

fn join<'a>(lines: &[Line<'a>], show: impl Fn(&Line<'a>) -> &'a str) -> String {
    let mut text = String::new();
    for (index, line) in lines.iter().enumerate() {
        if index > 0 {
            text.push('\n');
        }
        text.push_str(show(line));
    }
    text
}

/// Parses one file.
pub(in crate::semantic_model) fn parse<'a>(text: &'a str, file: &Arc<str>) -> Result<Vec<Node<'a>>, Error> {
    let mut parser = Parser { text, file, lines: lines(text), at: 0 };
    parser.children(0)
}

const QUOTE_HINT: &str = "a name with spaces or any of `. = : '` stands in single quotes, `'` doubled";

struct Parser<'a, 'f> {
    text: &'a str,
    file: &'f Arc<str>,
    lines: Vec<Line<'a>>,
    at: usize,
}

impl<'a> Parser<'a, '_> {
    fn fault(&self, line: Line<'_>, part: &str, cause: impl Into<String>, hint: &'static str) -> Error {
        let location = Location { file: self.file.clone(), line: line.number, column: line.column_of(part) };
        Error::syntax(location, cause, hint)
    }

    /// The next line that is not blank.
    fn peek(&mut self) -> Option<Line<'a>> {
        while self.lines.get(self.at).is_some_and(Line::is_blank) {
            self.at += 1;
        }
        self.lines.get(self.at).copied()
    }

    /// Everything at `level`, with what is below it.
    fn children(&mut self, level: usize) -> Result<Vec<Node<'a>>, Error> {
        let mut nodes = Vec::new();
        let mut description: Option<(String, Line<'a>)> = None;
        while let Some(line) = self.peek() {
            if line.level < level {
                break;
            }
            self.check_indentation(line, level)?;
            if let Some(text) = line.text.strip_prefix("///") {
                self.at += 1;
                let text = text.strip_prefix(' ').unwrap_or(text);
                match &mut description {
                    Some((all, _)) => {
                        all.push('\n');
                        all.push_str(text);
                    }
                    None => description = Some((text.to_owned(), line)),
                }
                continue;
            }
            let mut node = self.node(line, level)?;
            if let Some((text, first)) = description.take() {
                node.description = Some(text.trim_end().to_owned());
                node.first_line = first.number;
            }
            nodes.push(node);
        }
        if let Some((_, line)) = description {
            let hint = "a `///` line stands directly above the object it describes";
            return Err(self.fault(line, line.text, "this description has no object below it", hint));
        }
        Ok(nodes)
    }

    fn check_indentation(&self, line: Line<'a>, level: usize) -> Result<(), Error> {
        if line.level > NESTING {
            let cause = format!("objects are nested more than {NESTING} deep");
            return Err(self.fault(line, line.text, cause, "take the surplus indentation away"));
        }
        if line.level > level {
            let cause = format!("this line is indented by {} where at most {level} can stand", line.level);
            let hint = "properties stand one step below their object; an expression of several lines begins on the \
                        line after `=`, two steps in";
            return Err(self.fault(line, line.text, cause, hint));
        }
        if !line.even {
            let hint = "indent every line of the file with the same tabs or the same number of spaces";
            let cause = format!("the indentation is uneven in a file indented with {}", unit_name(self.text));
            return Err(self.fault(line, line.text, cause, hint));
        }
        Ok(())
    }

    /// The object or property on `line`, which is the line at `self.at`.
    fn node(&mut self, line: Line<'a>, level: usize) -> Result<Node<'a>, Error> {
        self.at += 1;
        let text = line.text;
        let (keyword, rest) = self.word(line, text)?;
        let mut node = Node {
            keyword,
            name: None,
            is_ref: false,
            body: Body::Nothing,
            description: None,
            children: Vec::new(),
            line: line.number,
            first_line: line.number,
            body_end: line.number,
            end: line.number,
            column: line.first_column(),
        };
        let mut rest = rest.trim_start();
        if node.is("ref") && !rest.is_empty() && !rest.starts_with([':', '=']) {
            let (referred, after) = self.word(line, rest)?;
            node.is_ref = true;
            node.keyword = referred;
            rest = after.trim_start();
        }
        if let Some(value) = rest.strip_prefix(':') {
            node.body = Body::Value(unquote(value.trim()));
            self.refuse_children(keyword, level)?;
            return Ok(node);
        }
        if !rest.is_empty() && !rest.starts_with('=') {
            let Some((name, after)) = name::split(rest, false) else {
                return Err(self.fault(line, rest, format!("the name of this {keyword} is not closed"), QUOTE_HINT));
            };
            let after = after.trim_start();
            if !after.is_empty() && !after.starts_with('=') {
                let cause = format!("expected `=` or the end of the line after `{keyword} {name}`");
                return Err(self.fault(line, after, cause, QUOTE_HINT));
            }
            node.name = Some(name);
            rest = after;
        }
        if let Some(value) = rest.strip_prefix('=') {
            // An object's properties stand one step in, so its expression needs two; a property has none.
            let deeper = if node.name.is_some() { 2 } else { 1 };
            node.body = self.expression(line, value.trim(), level, deeper)?;
        }
        node.body_end = self.last_filled(line.number);
        node.children = self.children(level + 1)?;
        node.end = self.last_filled(line.number);
        Ok(node)
    }

    /// The number of the last line read that is not blank.
    fn last_filled(&self, at_least: u32) -> u32 {
        let read = self.lines.get(..self.at).unwrap_or_default();
        read.iter().rev().find(|line| !line.is_blank()).map_or(at_least, |line| line.number.max(at_least))
    }

    fn word(&self, line: Line<'a>, text: &'a str) -> Result<(&'a str, &'a str), Error> {
        let end = text.find(|c: char| !c.is_ascii_alphanumeric() && c != '_').unwrap_or(text.len());
        let (word, rest) = text.split_at(end);
        let clean = rest.is_empty() || rest.starts_with(|c: char| c.is_whitespace() || c == ':' || c == '=');
        if word.is_empty() || word.starts_with(|c: char| c.is_ascii_digit()) || !clean {
            let shown: String = text.chars().take(24).collect();
            let hint = if text.starts_with("//") {
                "comments stand only inside expressions; `///` describes the object below it"
            } else {
                "a line says `object Name`, `property: value`, `property = expression` or a bare flag; lines of an \
                 expression are indented two steps more than their object"
            };
            return Err(self.fault(line, text, format!("expected an object or a property, found `{shown}`"), hint));
        }
        Ok((word, rest))
    }

    fn refuse_children(&mut self, keyword: &str, level: usize) -> Result<(), Error> {
        match self.peek() {
            Some(next) if next.level > level => {
                let cause = format!("nothing can stand below `{keyword}:`, whose value ends with its line");
                let hint = "for a value of several lines write `=` and indent the lines";
                Err(self.fault(next, next.text, cause, hint))
            }
            Some(_) | None => Ok(()),
        }
    }

    fn expression(&mut self, line: Line<'a>, text: &'a str, level: usize, deeper: usize) -> Result<Body<'a>, Error> {
        if text == "```" {
            return self.fenced(line, text);
        }
        if !text.is_empty() {
            return Ok(Body::Inline(text));
        }
        let start = self.at;
        let first = self.lines.iter().skip(start).find(|line| !line.is_blank()).copied();
        let Some(first) = first.filter(|first| first.level >= level + deeper) else {
            return Ok(Body::Block(Vec::new()));
        };
        if first.text == "```" {
            self.peek();
            self.at += 1;
            return self.fenced(first, first.text);
        }
        // A property's expression may be two steps in, with properties of its own one step in.
        let least = if first.level >= level + 2 { level + 2 } else { level + 1 };
        let mut end = start;
        for (index, line) in self.lines.iter().enumerate().skip(start) {
            if !line.is_blank() {
                if line.level < least {
                    break;
                }
                end = index + 1;
            }
        }
        self.at = end;
        Ok(Body::Block(self.lines.get(start..end).unwrap_or_default().to_vec()))
    }

    fn fenced(&mut self, line: Line<'a>, fence: &str) -> Result<Body<'a>, Error> {
        let start = self.at;
        let Some(length) = self.lines.iter().skip(start).position(|line| line.text == "```") else {
            let hint = "close the expression with a line of three backticks";
            return Err(self.fault(line, fence, "this fence is never closed", hint));
        };
        let end = start + length;
        self.at = end + 1;
        let closing = self.lines.get(end).map_or("", |closing| closing.raw);
        let margin = closing.get(..closing.len() - closing.trim_start().len()).unwrap_or_default();
        Ok(Body::Fenced(self.lines.get(start..end).unwrap_or_default().to_vec(), margin))
    }
}

/// A value without its double quotes, `""` inside being one `"`. A format such
/// as `"yes";"no"` is no quoted value: its inner quotes are single.
pub(in crate::semantic_model) fn unquote(value: &str) -> Cow<'_, str> {
    match value.strip_prefix('"').and_then(|value| value.strip_suffix('"')) {
        Some(inner) if !inner.contains('"') => Cow::Borrowed(inner),
        Some(inner) if !inner.replace("\"\"", "").contains('"') => Cow::Owned(inner.replace("\"\"", "\"")),
        Some(_) | None => Cow::Borrowed(value),
    }
}

#[cfg(test)]
mod tests;
