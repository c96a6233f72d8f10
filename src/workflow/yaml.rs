//! From YAML or JSON text to a located tree.
//!
//! Reads the parser's events itself, because a person wants the line and column
//! of every key, all duplicates, and no surprise: YAML 1.2's core schema (`no`
//! and `on` are text), one document, no tags but the core ones, a budget for
//! aliases. JSON is read by the same code. Knows nothing of templates.

use std::collections::HashMap;

use serde_json::{Number, Value};
use serde_saphyr::granit_parser::{ErrorKind, Event, Parser, ScalarStyle, Span, Tag, options};

use super::node::{Entry, Node, NodeValue, Path, Spot};
use super::problem::{Code, shorten};
use super::problems::Problems;

/// A template's text may have this many bytes.
pub(crate) const MAX_BYTES: usize = 1024 * 1024;
/// Collections inside collections.
const MAX_DEPTH: usize = 96;
/// Values after every alias is replaced by what it names. No template a person
/// wrote comes near; a text that doubles itself 20 times goes beyond.
const MAX_NODES: usize = 200_000;
/// Bytes of text in them: an alias of one long text is one value.
const MAX_TEXT: usize = 8 * MAX_BYTES;

/// Reads a text. What is wrong with it goes to `problems`; `None` when there is
/// no tree to go on with.
pub(crate) fn parse(text: &str, problems: &mut Problems) -> Option<Node> {
    if text.len() > MAX_BYTES {
        tell_too_large(text.len() as u64, problems);
        return None;
    }
    let options = options! {
        flow_nesting_limit: MAX_DEPTH,
        block_nesting_limit: MAX_DEPTH,
        emit_comments: false,
        // JSON keys are not bound to YAML's 1,024 characters.
        simple_key_max_lookahead: MAX_BYTES,
    };
    let mut reader = Reader {
        events: Parser::new_from_str_with_options(text.strip_prefix('\u{feff}').unwrap_or(text), options),
        anchors: HashMap::new(),
        nodes: 0,
        text: 0,
        depth: 0,
        problems,
    };
    let mut node = reader.document().ok()?;
    node.set_paths(&Path::default());
    Some(node)
}

pub(crate) fn tell_too_large(bytes: u64, problems: &mut Problems) {
    let message = format!("the template has {bytes} bytes, {MAX_BYTES} are allowed");
    problems.add(Code::TooLarge, &Spot { position: Some((1, 1)), ..Spot::default() }, message, None);
}

/// A value that did not come as text keeps the same limits; the error is its size.
pub(crate) fn within_budget(value: &Value) -> Result<(), u64> {
    let bytes = value.to_string().len();
    if bytes > MAX_BYTES { Err(bytes as u64) } else { Ok(()) }
}

/// Bytes of a file: also told when they are not UTF-8.
pub(crate) fn decode<'a>(bytes: &'a [u8], problems: &mut Problems) -> Option<&'a str> {
    match std::str::from_utf8(bytes) {
        Ok(text) => Some(text),
        Err(error) => {
            let before = String::from_utf8_lossy(&bytes[..error.valid_up_to()]).into_owned();
            let line = before.matches('\n').count() + 1;
            let column = before.rsplit('\n').next().map_or(0, |last| last.chars().count()) + 1;
            let spot = Spot { position: Some((number(line), number(column))), ..Spot::default() };
            problems.add(
                Code::NotUtf8,
                &spot,
                "the file is not UTF-8 text from here on".to_owned(),
                Some("save it as UTF-8".to_owned()),
            );
            None
        }
    }
}

/// Reading cannot go on; the problem is told already.
struct Stop;

struct Reader<'t, 'p> {
    events: Parser<'t, serde_saphyr::granit_parser::StrInput<'t>>,
    anchors: HashMap<usize, Node>,
    nodes: usize,
    text: usize,
    depth: usize,
    problems: &'p mut Problems,
}

#[expect(clippy::wildcard_enum_match_arm, reason = "the parser's enums are its own and grow")]
impl<'t> Reader<'t, '_> {
    fn next(&mut self) -> Result<(Event<'t>, Span), Stop> {
        match self.events.next_event() {
            Some(Ok(next)) => Ok(next),
            Some(Err(error)) => {
                let spot = spot(error.marker());
                match error.kind() {
                    ErrorKind::RecursionLimitExceeded => {
                        self.over_budget(&spot, &format!("values are nested deeper than {MAX_DEPTH} levels"))
                    }
                    ErrorKind::UnknownAnchor => {
                        self.stop(Code::Syntax, &spot, "an alias names an anchor that is not there".to_owned(), None)
                    }
                    kind => {
                        let hint = syntax_hint(kind);
                        self.stop(Code::Syntax, &spot, kind.to_string(), hint)
                    }
                }
            }
            None => self.stop(Code::Syntax, &Spot::default(), "the text ends too early".to_owned(), None),
        }
    }

    fn stop<T>(&mut self, code: Code, spot: &Spot, message: String, hint: Option<String>) -> Result<T, Stop> {
        self.problems.add(code, spot, message, hint);
        Err(Stop)
    }

    fn over_budget<T>(&mut self, spot: &Spot, message: &str) -> Result<T, Stop> {
        self.stop(Code::OverBudget, spot, message.to_owned(), None)
    }

    fn document(&mut self) -> Result<Node, Stop> {
        let root = loop {
            let (event, span) = self.next()?;
            match event {
                Event::StreamStart | Event::DocumentStart(..) => {}
                Event::StreamEnd => {
                    let hint = "a template begins with `template_id: name`".to_owned();
                    return self.stop(Code::Syntax, &spot(&span.start), "the text is empty".to_owned(), Some(hint));
                }
                event => break self.node(event, span)?,
            }
        };
        loop {
            let (event, span) = self.next()?;
            match event {
                Event::StreamEnd => return Ok(root),
                Event::DocumentStart(..) => {
                    return self.stop(
                        Code::UnsupportedYaml,
                        &spot(&span.start),
                        "a second document begins here".to_owned(),
                        Some("one file holds one template".to_owned()),
                    );
                }
                _ => {}
            }
        }
    }

    fn node(&mut self, event: Event<'t>, span: Span) -> Result<Node, Stop> {
        let mut at = spot(&span.start);
        self.count((1, 0), &at)?;
        if let Event::Scalar(text, style, ..) = &event {
            at.inside = inside(text, *style, &span);
        }
        let (value, anchor) = match event {
            Event::Scalar(text, style, anchor, tag) => (self.scalar(&text, style, tag.as_deref(), &at), anchor),
            Event::SequenceStart(_, anchor, tag) => {
                self.collection_tag(tag.as_deref(), "seq", &at);
                (self.list(&at)?, anchor)
            }
            Event::MappingStart(_, anchor, tag) => {
                self.collection_tag(tag.as_deref(), "map", &at);
                (self.map(&at)?, anchor)
            }
            Event::Alias(anchor) => {
                let Some(node) = self.anchors.get(&anchor).cloned() else {
                    return self.stop(Code::Syntax, &at, "an alias stands inside what it names".to_owned(), None);
                };
                let depth = depth(&node);
                if self.depth + depth > MAX_DEPTH {
                    return self.over_budget(&at, &format!("values are nested deeper than {MAX_DEPTH} levels"));
                }
                self.count(size(&node), &at)?;
                return Ok(node);
            }
            _ => return self.stop(Code::Syntax, &at, "a value is expected here".to_owned(), None),
        };
        let node = Node { value, spot: at };
        if anchor != 0 {
            self.anchors.insert(anchor, node.clone());
        }
        Ok(node)
    }

    fn count(&mut self, (nodes, text): (usize, usize), at: &Spot) -> Result<(), Stop> {
        self.nodes += nodes;
        self.text += text;
        if self.nodes > MAX_NODES {
            return self.over_budget(at, &format!("with its aliases the template has more than {MAX_NODES} values"));
        }
        if self.text > MAX_TEXT {
            return self
                .over_budget(at, &format!("with its aliases the template has more than {MAX_TEXT} bytes of text"));
        }
        Ok(())
    }

    fn list(&mut self, at: &Spot) -> Result<NodeValue, Stop> {
        self.enter(at)?;
        let mut items = Vec::new();
        loop {
            let (event, span) = self.next()?;
            if event == Event::SequenceEnd {
                break;
            }
            items.push(self.node(event, span)?);
        }
        self.depth -= 1;
        Ok(NodeValue::List(items))
    }

    fn map(&mut self, at: &Spot) -> Result<NodeValue, Stop> {
        self.enter(at)?;
        let mut entries: Vec<Entry> = Vec::new();
        let mut places: HashMap<String, usize> = HashMap::new();
        let mut merged: Vec<Entry> = Vec::new();
        loop {
            let (event, span) = self.next()?;
            if event == Event::MappingEnd {
                break;
            }
            let plain = matches!(&event, Event::Scalar(_, ScalarStyle::Plain, ..));
            let key_spot = spot(&span.start);
            let Event::Scalar(key, ..) = event else {
                return self.stop(
                    Code::UnsupportedYaml,
                    &key_spot,
                    "a key must be text".to_owned(),
                    Some("quote values that begin with `{`: \"{{ … }}\"".to_owned()),
                );
            };
            let key = key.into_owned();
            let (event, span) = self.next()?;
            let value = self.node(event, span)?;
            if plain && key == "<<" {
                self.merge(value, &mut merged);
                continue;
            }
            if let Some(&first) = places.get(&key) {
                let line = entries[first].key_spot.position.map_or(0, |(line, _)| line);
                self.problems.add(
                    Code::DuplicateKey,
                    &key_spot,
                    format!("`{}` stands here a second time; the first is in line {line}", shorten(&key)),
                    None,
                );
                continue;
            }
            places.insert(key.clone(), entries.len());
            entries.push(Entry { key, key_spot, value });
        }
        for entry in merged {
            if !places.contains_key(&entry.key) {
                places.insert(entry.key.clone(), entries.len());
                entries.push(entry);
            }
        }
        self.depth -= 1;
        Ok(NodeValue::Map(entries))
    }

    /// `<<: *base`, one mapping or a list of them: keys that are not there come from it.
    fn merge(&mut self, value: Node, merged: &mut Vec<Entry>) {
        match value.value {
            NodeValue::Map(entries) => merged.extend(entries),
            NodeValue::List(items) if items.iter().all(|item| item.entries().is_some()) => {
                for item in items {
                    self.merge(item, merged);
                }
            }
            NodeValue::Null | NodeValue::Bool(_) | NodeValue::Number(..) | NodeValue::Text(_) | NodeValue::List(_) => {
                self.problems.add(
                    Code::UnsupportedYaml,
                    &value.spot,
                    "`<<` takes a mapping or a list of mappings".to_owned(),
                    None,
                );
            }
        }
    }

    fn enter(&mut self, at: &Spot) -> Result<(), Stop> {
        self.depth += 1;
        if self.depth > MAX_DEPTH {
            return self.over_budget(at, &format!("values are nested deeper than {MAX_DEPTH} levels"));
        }
        Ok(())
    }

    fn collection_tag(&mut self, tag: Option<&Tag>, allowed: &str, at: &Spot) {
        if let Some(tag) = tag
            && tag.core_suffix() != Some(allowed)
        {
            self.unknown_tag(tag, at);
        }
    }

    fn unknown_tag(&mut self, tag: &Tag, at: &Spot) {
        let message = format!("the tag `{}` has no meaning here", shorten(&tag.original()));
        self.problems.add(Code::UnsupportedYaml, at, message, None);
    }

    fn scalar(&mut self, text: &str, style: ScalarStyle, tag: Option<&Tag>, at: &Spot) -> NodeValue {
        let resolved = match tag {
            None if style == ScalarStyle::Plain => core(text),
            None => NodeValue::Text(text.to_owned()),
            Some(tag) => match tag.core_suffix() {
                Some("str") => NodeValue::Text(text.to_owned()),
                Some("int" | "float" | "bool" | "null") => core(text),
                // A lone `!` asks for text.
                _ if tag.original() == "!" => NodeValue::Text(text.to_owned()),
                _ => {
                    self.unknown_tag(tag, at);
                    NodeValue::Text(text.to_owned())
                }
            },
        };
        if matches!(&resolved, NodeValue::Text(_)) && style == ScalarStyle::Plain && is_not_finite(text) {
            self.problems.add(
                Code::UnsupportedYaml,
                at,
                format!("`{text}` is no number that JSON can hold"),
                Some("quote it when it is meant as text".to_owned()),
            );
        }
        resolved
    }
}

/// The parser's sentence, made useful for the mistakes that templates invite.
#[expect(clippy::wildcard_enum_match_arm, reason = "the parser's enums are its own and grow")]
fn syntax_hint(kind: &ErrorKind) -> Option<String> {
    let hint = match kind {
        ErrorKind::TabNotAllowed | ErrorKind::TabInBlockIndentation => "indent with spaces",
        ErrorKind::MappingValueNotAllowed | ErrorKind::InvalidColonPlacement => "quote text that holds `: `",
        ErrorKind::UnclosedFlowCollection { .. } | ErrorKind::ExpectedFlowMappingSeparator => {
            "close what is open; quote text that begins with `{` or `[`, as \"{{ … }}\""
        }
        _ => return None,
    };
    Some(hint.to_owned())
}

fn spot(marker: &serde_saphyr::granit_parser::Marker) -> Spot {
    Spot { position: Some((number(marker.line().max(1)), number(marker.col() + 1))), ..Spot::default() }
}

/// How many characters stand before a scalar's text, when it stands there unchanged.
fn inside(text: &str, style: ScalarStyle, span: &Span) -> Option<u32> {
    let quotes = match style {
        ScalarStyle::Plain => 0,
        ScalarStyle::SingleQuoted | ScalarStyle::DoubleQuoted => 1,
        ScalarStyle::Literal | ScalarStyle::Folded => return None,
    };
    let unchanged = span.start.line() == span.end.line() && span.len() == text.chars().count() + 2 * quotes as usize;
    unchanged.then_some(quotes)
}

fn number(count: usize) -> u32 {
    u32::try_from(count).unwrap_or(u32::MAX)
}

/// Values, and bytes of their text.
fn size(node: &Node) -> (usize, usize) {
    let add = |(nodes, text): (usize, usize), more: (usize, usize)| (nodes + more.0, text + more.1);
    match &node.value {
        NodeValue::List(items) => items.iter().map(size).fold((1, 0), add),
        NodeValue::Map(entries) => {
            entries.iter().map(|entry| add(size(&entry.value), (0, entry.key.len()))).fold((1, 0), add)
        }
        NodeValue::Text(text) => (1, text.len()),
        NodeValue::Null | NodeValue::Bool(_) | NodeValue::Number(..) => (1, 0),
    }
}

fn depth(node: &Node) -> usize {
    match &node.value {
        NodeValue::List(items) => 1 + items.iter().map(depth).max().unwrap_or(0),
        NodeValue::Map(entries) => 1 + entries.iter().map(|entry| depth(&entry.value)).max().unwrap_or(0),
        NodeValue::Null | NodeValue::Bool(_) | NodeValue::Number(..) | NodeValue::Text(_) => 0,
    }
}

fn is_not_finite(text: &str) -> bool {
    let bare = text.strip_prefix(['-', '+']).unwrap_or(text);
    matches!(bare, ".inf" | ".Inf" | ".INF") || matches!(text, ".nan" | ".NaN" | ".NAN")
}

/// A plain scalar by YAML 1.2's core schema (section 10.3.2).
fn core(text: &str) -> NodeValue {
    match text {
        "" | "~" | "null" | "Null" | "NULL" => return NodeValue::Null,
        "true" | "True" | "TRUE" => return NodeValue::Bool(true),
        "false" | "False" | "FALSE" => return NodeValue::Bool(false),
        _ => {}
    }
    match core_number(text) {
        Some(number) => NodeValue::Number(number, text.to_owned()),
        None => NodeValue::Text(text.to_owned()),
    }
}

fn core_number(text: &str) -> Option<Number> {
    let digits = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    if let Some(octal) = text.strip_prefix("0o") {
        return i64::from_str_radix(octal, 8).ok().filter(|_| !octal.starts_with(['+', '-'])).map(Number::from);
    }
    if let Some(hex) = text.strip_prefix("0x") {
        return i64::from_str_radix(hex, 16).ok().filter(|_| !hex.starts_with(['+', '-'])).map(Number::from);
    }
    let unsigned = text.strip_prefix(['-', '+']).unwrap_or(text);
    if digits(unsigned) {
        let text = text.strip_prefix('+').unwrap_or(text);
        return text
            .parse::<i64>()
            .map(Number::from)
            .or_else(|_| text.parse::<u64>().map(Number::from))
            .ok()
            .or_else(|| Number::from_f64(text.parse().ok()?));
    }
    let (mantissa, exponent) = match unsigned.find(['e', 'E']) {
        Some(at) => (&unsigned[..at], Some(&unsigned[at + 1..])),
        None => (unsigned, None),
    };
    let exponent_fits = exponent.is_none_or(|text| digits(text.strip_prefix(['-', '+']).unwrap_or(text)));
    let mantissa_fits = match mantissa.split_once('.') {
        Some((whole, part)) => {
            (whole.is_empty() || digits(whole)) && (part.is_empty() || digits(part)) && mantissa.len() > 1
        }
        None => digits(mantissa),
    };
    if exponent_fits && mantissa_fits { Number::from_f64(text.parse().ok()?) } else { None }
}
