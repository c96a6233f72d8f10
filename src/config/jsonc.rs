//! JSON with comments (and trailing commas), read into a tree in which every
//! key and value knows its file, line and column.
//!
//! Must not know what the keys mean. A new notation of configuration files
//! begins here; the limits on size and depth are here too.

use std::path::Path;
use std::sync::Arc;

use serde_json::Number;

/// A configuration file may be this large.
pub(super) const MAX_BYTES: u64 = 1024 * 1024;
/// Objects and lists may be nested this deep; the reader is recursive.
const MAX_DEPTH: usize = 64;

/// A place in a file, both counts from 1; columns count characters.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Position {
    pub(super) file: Arc<Path>,
    pub(super) line: u32,
    pub(super) column: u32,
}

/// A value and where it stands.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Node {
    pub(super) at: Position,
    pub(super) value: NodeValue,
}

/// What a value is.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum NodeValue {
    Null,
    Bool(bool),
    Number(Number),
    String(String),
    Array(Vec<Node>),
    Object(Vec<Member>),
}

/// One key of an object.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Member {
    pub(super) key: String,
    pub(super) key_at: Position,
    pub(super) node: Node,
}

impl Node {
    /// The member with this key, if this is an object that has it.
    pub(super) fn get(&self, key: &str) -> Option<&Member> {
        match &self.value {
            NodeValue::Object(members) => members.iter().find(|member| member.key == key),
            NodeValue::Null
            | NodeValue::Bool(_)
            | NodeValue::Number(_)
            | NodeValue::String(_)
            | NodeValue::Array(_) => None,
        }
    }

    /// The same, to change it.
    pub(super) fn get_mut(&mut self, key: &str) -> Option<&mut Node> {
        self.members_mut()?.iter_mut().find(|member| member.key == key).map(|member| &mut member.node)
    }

    /// An object's members.
    pub(super) fn members_mut(&mut self) -> Option<&mut Vec<Member>> {
        match &mut self.value {
            NodeValue::Object(members) => Some(members),
            NodeValue::Null
            | NodeValue::Bool(_)
            | NodeValue::Number(_)
            | NodeValue::String(_)
            | NodeValue::Array(_) => None,
        }
    }

    /// A list's items.
    pub(super) fn items_mut(&mut self) -> &mut [Node] {
        match &mut self.value {
            NodeValue::Array(items) => items,
            NodeValue::Null
            | NodeValue::Bool(_)
            | NodeValue::Number(_)
            | NodeValue::String(_)
            | NodeValue::Object(_) => &mut [],
        }
    }

    /// Takes a member out.
    pub(super) fn remove(&mut self, key: &str) -> Option<Member> {
        let members = self.members_mut()?;
        let index = members.iter().position(|member| member.key == key)?;
        Some(members.remove(index))
    }
}

/// Why a text is not a tree.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct SyntaxError {
    pub(super) at: Position,
    pub(super) cause: String,
    pub(super) hint: Option<&'static str>,
}

/// Reads a whole file's bytes. An empty file is an empty object.
pub(super) fn parse(file: &Arc<Path>, bytes: &[u8]) -> Result<Node, SyntaxError> {
    let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
    let text = match std::str::from_utf8(bytes) {
        Ok(text) => text,
        Err(error) => {
            let good = String::from_utf8_lossy(&bytes[..error.valid_up_to()]).into_owned();
            let mut reader = Reader::new(file, &good);
            while reader.bump().is_some() {}
            return Err(SyntaxError {
                at: reader.position(),
                cause: "the file is not UTF-8 text".to_owned(),
                hint: Some("save it as UTF-8"),
            });
        }
    };
    let mut reader = Reader::new(file, text);
    reader.space()?;
    if reader.peek().is_none() {
        return Ok(Node { at: reader.position(), value: NodeValue::Object(Vec::new()) });
    }
    let node = reader.value(0)?;
    reader.space()?;
    match reader.peek() {
        None => Ok(node),
        Some(other) => Err(reader.error(format!("`{}` after the end of the document", other.escape_default()))),
    }
}

struct Reader<'a> {
    file: &'a Arc<Path>,
    rest: std::str::Chars<'a>,
    line: u32,
    column: u32,
}

impl<'a> Reader<'a> {
    fn new(file: &'a Arc<Path>, text: &'a str) -> Self {
        Self { file, rest: text.chars(), line: 1, column: 1 }
    }

    fn position(&self) -> Position {
        Position { file: Arc::clone(self.file), line: self.line, column: self.column }
    }

    fn error(&self, cause: impl Into<String>) -> SyntaxError {
        SyntaxError { at: self.position(), cause: cause.into(), hint: None }
    }

    fn peek(&self) -> Option<char> {
        self.rest.clone().next()
    }

    fn bump(&mut self) -> Option<char> {
        let next = self.rest.next()?;
        if next == '\n' {
            self.line = self.line.saturating_add(1);
            self.column = 1;
        } else {
            self.column = self.column.saturating_add(1);
        }
        Some(next)
    }

    /// Skips white space and comments.
    fn space(&mut self) -> Result<(), SyntaxError> {
        loop {
            match self.peek() {
                Some(' ' | '\t' | '\r' | '\n') => {
                    self.bump();
                }
                Some('/') => {
                    let start = self.error("a comment that is not closed");
                    self.bump();
                    match self.bump() {
                        Some('/') => while self.peek().is_some_and(|next| next != '\n') && self.bump().is_some() {},
                        Some('*') => {
                            let mut last = ' ';
                            loop {
                                match self.bump() {
                                    Some('/') if last == '*' => break,
                                    Some(next) => last = next,
                                    None => return Err(start),
                                }
                            }
                        }
                        _ => return Err(SyntaxError { cause: "unexpected `/`".to_owned(), ..start }),
                    }
                }
                _ => return Ok(()),
            }
        }
    }

    fn value(&mut self, depth: usize) -> Result<Node, SyntaxError> {
        if depth > MAX_DEPTH {
            return Err(self.error(format!("nested deeper than {MAX_DEPTH} levels")));
        }
        let at = self.position();
        let value = match self.peek() {
            None => return Err(self.error("the file ends where a value is expected")),
            Some('{') => self.object(depth)?,
            Some('[') => self.array(depth)?,
            Some('"') => NodeValue::String(self.string()?),
            Some(other) => self.word(other, &at)?,
        };
        Ok(Node { at, value })
    }

    fn object(&mut self, depth: usize) -> Result<NodeValue, SyntaxError> {
        self.bump();
        let mut members: Vec<Member> = Vec::new();
        loop {
            self.space()?;
            let key_at = self.position();
            match self.peek() {
                Some('}') => {
                    self.bump();
                    return Ok(NodeValue::Object(members));
                }
                Some('"') => {}
                None => return Err(self.error("the file ends inside an object")),
                Some(other) => {
                    return Err(SyntaxError {
                        hint: Some("keys stand in double quotes"),
                        ..self.error(format!("expected a key, found `{}`", other.escape_default()))
                    });
                }
            }
            let key = self.string()?;
            if let Some(first) = members.iter().find(|member| member.key == key) {
                let cause = format!("key `{key}` stands twice, first in line {}", first.key_at.line);
                return Err(SyntaxError { at: key_at, cause, hint: None });
            }
            self.space()?;
            if self.peek() != Some(':') {
                return Err(self.error(format!("expected `:` after the key `{key}`")));
            }
            self.bump();
            self.space()?;
            let node = self.value(depth + 1)?;
            members.push(Member { key, key_at, node });
            self.separator('}')?;
        }
    }

    fn array(&mut self, depth: usize) -> Result<NodeValue, SyntaxError> {
        self.bump();
        let mut items = Vec::new();
        loop {
            self.space()?;
            if self.peek() == Some(']') {
                self.bump();
                return Ok(NodeValue::Array(items));
            }
            items.push(self.value(depth + 1)?);
            self.separator(']')?;
        }
    }

    /// A comma, or the end in sight.
    fn separator(&mut self, end: char) -> Result<(), SyntaxError> {
        self.space()?;
        match self.peek() {
            Some(',') => {
                self.bump();
                Ok(())
            }
            Some(found) if found == end => Ok(()),
            Some(found) => Err(self.error(format!("expected `,` or `{end}`, found `{}`", found.escape_default()))),
            None => Err(self.error(format!("the file ends where `,` or `{end}` is expected"))),
        }
    }

    fn string(&mut self) -> Result<String, SyntaxError> {
        let unclosed = self.error("a string that is not closed on its line");
        self.bump();
        let mut text = String::new();
        loop {
            let here = self.error("not an escape sequence of JSON");
            match self.bump() {
                None | Some('\n' | '\r') => return Err(unclosed),
                Some('"') => return Ok(text),
                Some('\\') => match self.bump() {
                    Some('n') => text.push('\n'),
                    Some('t') => text.push('\t'),
                    Some('r') => text.push('\r'),
                    Some('b') => text.push('\u{8}'),
                    Some('f') => text.push('\u{c}'),
                    Some(same @ ('"' | '\\' | '/')) => text.push(same),
                    Some('u') => text.push(self.unicode_escape().ok_or(here)?),
                    Some(_) => return Err(SyntaxError { hint: Some(r"write a backslash as `\\`"), ..here }),
                    None => return Err(unclosed),
                },
                Some(control) if control < ' ' && control != '\t' => {
                    return Err(SyntaxError { cause: "a control character inside a string".to_owned(), ..here });
                }
                Some(plain) => text.push(plain),
            }
        }
    }

    /// The character after `\u`, which may take a second escape.
    fn unicode_escape(&mut self) -> Option<char> {
        let first = self.four_digits()?;
        if !(0xD800..0xDC00).contains(&first) {
            return char::from_u32(first);
        }
        if self.bump() != Some('\\') || self.bump() != Some('u') {
            return None;
        }
        let second = self.four_digits()?.checked_sub(0xDC00).filter(|low| *low < 0x400)?;
        char::from_u32(0x1_0000 + ((first - 0xD800) << 10) + second)
    }

    fn four_digits(&mut self) -> Option<u32> {
        let mut code = 0;
        for _ in 0..4 {
            code = code * 16 + self.bump()?.to_digit(16)?;
        }
        Some(code)
    }

    /// `null`, `true`, `false` or a number.
    fn word(&mut self, first: char, at: &Position) -> Result<NodeValue, SyntaxError> {
        let mut word = String::new();
        while let Some(next) = self.peek()
            && (next.is_alphanumeric() || matches!(next, '+' | '-' | '.' | '_'))
        {
            word.push(next);
            self.bump();
        }
        let wrong = |cause: String, hint| SyntaxError { at: at.clone(), cause, hint };
        match word.as_str() {
            "null" => Ok(NodeValue::Null),
            "true" => Ok(NodeValue::Bool(true)),
            "false" => Ok(NodeValue::Bool(false)),
            "" => Err(wrong(format!("expected a value, found `{}`", first.escape_default()), None)),
            _ if first == '-' || first.is_ascii_digit() => serde_json::from_str(&word)
                .map(NodeValue::Number)
                .map_err(|_| wrong(format!("`{word}` is not a number"), None)),
            _ => Err(wrong(format!("expected a value, found `{word}`"), Some("text stands in double quotes"))),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;
    use std::sync::Arc;

    use super::{NodeValue, parse};

    fn file() -> Arc<Path> {
        Arc::from(Path::new("sequitur.json"))
    }

    fn refused(text: &str) -> (u32, u32, String) {
        let error = parse(&file(), text.as_bytes()).unwrap_err();
        (error.at.line, error.at.column, error.cause)
    }

    #[test]
    fn comments_and_trailing_commas_are_read_over_and_positions_kept() {
        let text = "// first\n{ /* two\nlines */ \"a\": [1, -2.5e3,], // end\n  \"ü\": {\"b\": \"x//y\"},\n}\n";
        let node = parse(&file(), text.as_bytes()).unwrap();
        let a = node.get("a").unwrap();
        assert_eq!((a.key_at.line, a.key_at.column), (3, 10));
        let b = node.get("ü").unwrap().node.get("b").unwrap();
        assert_eq!((b.node.at.line, b.node.at.column), (4, 14));
        assert_eq!(b.node.value, NodeValue::String("x//y".to_owned()));
    }

    #[test]
    fn escapes_and_surrogate_pairs_are_read() {
        let node = parse(&file(), br#""a\n\u00e9\ud83d\ude00\\""#).unwrap();
        assert_eq!(node.value, NodeValue::String("a\né😀\\".to_owned()));
    }

    #[test]
    fn an_empty_file_is_an_empty_object() {
        assert_eq!(parse(&file(), b"\xef\xbb\xbf \n// nothing\n").unwrap().value, NodeValue::Object(Vec::new()));
    }

    #[test]
    fn errors_stand_where_the_fault_is() {
        for (text, line, column, cause) in [
            ("{\n  \"a\" 1}", 2, 7, "expected `:` after the key `a`"),
            ("{\"a\": 1 \"b\": 2}", 1, 9, "expected `,` or `}`, found `\\\"`"),
            ("{\"a\": 1", 1, 8, "the file ends where `,` or `}` is expected"),
            ("{\"a\": \"x\n\"}", 1, 7, "a string that is not closed on its line"),
            ("{\"a\": 1,\n\"a\": 2}", 2, 1, "key `a` stands twice, first in line 1"),
            ("{\"a\": yes}", 1, 7, "expected a value, found `yes`"),
            ("{\"a\": 01}", 1, 7, "`01` is not a number"),
            ("{a: 1}", 1, 2, "expected a key, found `a`"),
            ("{} x", 1, 4, "`x` after the end of the document"),
            ("{ /* ", 1, 3, "a comment that is not closed"),
            ("{\"a\": \"\\q\"}", 1, 8, "not an escape sequence of JSON"),
        ] {
            assert_eq!(refused(text), (line, column, cause.to_owned()), "{text}");
        }
    }

    #[test]
    fn bytes_that_are_not_text_are_told_with_their_place() {
        let error = parse(&file(), b"{\n \"a\": \"\xff\"}").unwrap_err();
        assert_eq!((error.at.line, error.at.column), (2, 8));
        assert_eq!(error.cause, "the file is not UTF-8 text");
    }

    #[test]
    fn deep_nesting_is_refused_and_does_not_overflow() {
        assert_eq!(refused(&"[".repeat(100_000)).2, "nested deeper than 64 levels");
    }

    #[test]
    fn no_cut_of_a_file_makes_the_reader_panic() {
        let text = "{ // é\n \"a\": [1, \"\\ud83d\\ude00\", {\"b\": null}], /* x */ \"c\": -1.5e-3 }".as_bytes();
        for end in 0..text.len() {
            parse(&file(), &text[..end]).ok();
        }
    }
}
