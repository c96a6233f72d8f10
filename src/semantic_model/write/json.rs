//! Where each value of a JSON text stands.
//!
//! The text was read by `serde_json` before, so what is no JSON here is told
//! without a reason. Must not know models.

use std::borrow::Cow;
use std::ops::Range;

/// A value.
#[derive(Debug)]
pub(super) struct Json<'t> {
    /// Where it stands.
    pub(super) range: Range<usize>,
    /// What it is.
    pub(super) kind: Kind<'t>,
}

/// What a value is.
#[derive(Debug)]
pub(super) enum Kind<'t> {
    /// `{}`.
    Object(Vec<Member<'t>>),
    /// `[]`.
    Array(Vec<Json<'t>>),
    /// A text, decoded.
    Text(Cow<'t, str>),
    /// A number, a flag or null.
    Other,
}

/// A member of an object.
#[derive(Debug)]
pub(super) struct Member<'t> {
    /// Its name.
    pub(super) key: Cow<'t, str>,
    /// Where the name stands, with its quotes.
    pub(super) key_range: Range<usize>,
    /// Its value.
    pub(super) value: Json<'t>,
}

/// Values inside values; `serde_json` reads no deeper.
const DEPTH: usize = 128;

impl<'t> Json<'t> {
    /// Reads a text.
    pub(super) fn parse(text: &'t str) -> Option<Self> {
        let mut cursor = Cursor { text, at: 0 };
        let value = cursor.value(0)?;
        cursor.space();
        (cursor.at == text.len()).then_some(value)
    }

    /// Its members, if it is an object.
    pub(super) fn members(&self) -> &[Member<'t>] {
        if let Kind::Object(members) = &self.kind { members } else { &[] }
    }

    /// Its elements, if it is an array.
    pub(super) fn elements(&self) -> &[Self] {
        if let Kind::Array(elements) = &self.kind { elements } else { &[] }
    }

    /// The value of a member.
    pub(super) fn member(&self, key: &str) -> Option<&Self> {
        self.members().iter().find(|member| member.key == key).map(|member| &member.value)
    }

    /// Its text, if it is one.
    pub(super) fn text(&self) -> Option<&str> {
        if let Kind::Text(text) = &self.kind { Some(text) } else { None }
    }
}

struct Cursor<'t> {
    text: &'t str,
    at: usize,
}

impl<'t> Cursor<'t> {
    fn peek(&self) -> Option<u8> {
        self.text.as_bytes().get(self.at).copied()
    }

    fn space(&mut self) {
        while self.peek().is_some_and(|byte| matches!(byte, b' ' | b'\t' | b'\n' | b'\r')) {
            self.at += 1;
        }
    }

    fn take(&mut self, byte: u8) -> bool {
        let there = self.peek() == Some(byte);
        self.at += usize::from(there);
        there
    }

    fn value(&mut self, depth: usize) -> Option<Json<'t>> {
        self.space();
        let start = self.at;
        let kind = match self.peek()? {
            _ if depth > DEPTH => return None,
            b'{' => self.object(depth)?,
            b'[' => self.array(depth)?,
            b'"' => Kind::Text(self.string()?),
            _ => {
                while self.peek().is_some_and(|byte| byte.is_ascii_alphanumeric() || b"+-.".contains(&byte)) {
                    self.at += 1;
                }
                (self.at > start).then_some(Kind::Other)?
            }
        };
        Some(Json { range: start..self.at, kind })
    }

    fn object(&mut self, depth: usize) -> Option<Kind<'t>> {
        self.at += 1;
        let mut members = Vec::new();
        self.space();
        if self.take(b'}') {
            return Some(Kind::Object(members));
        }
        loop {
            self.space();
            let start = self.at;
            let key = self.string()?;
            let key_range = start..self.at;
            self.space();
            if !self.take(b':') {
                return None;
            }
            members.push(Member { key, key_range, value: self.value(depth + 1)? });
            self.space();
            if !self.take(b',') {
                return self.take(b'}').then_some(Kind::Object(members));
            }
        }
    }

    fn array(&mut self, depth: usize) -> Option<Kind<'t>> {
        self.at += 1;
        let mut elements = Vec::new();
        self.space();
        if self.take(b']') {
            return Some(Kind::Array(elements));
        }
        loop {
            elements.push(self.value(depth + 1)?);
            self.space();
            if !self.take(b',') {
                return self.take(b']').then_some(Kind::Array(elements));
            }
        }
    }

    fn string(&mut self) -> Option<Cow<'t, str>> {
        let start = self.at;
        if !self.take(b'"') {
            return None;
        }
        loop {
            match self.peek()? {
                b'"' => break,
                b'\\' => self.at += 2,
                _ => self.at += 1,
            }
        }
        self.at += 1;
        let written = self.text.get(start..self.at)?;
        let inner = written.get(1..written.len() - 1)?;
        if inner.contains('\\') {
            serde_json::from_str(written).ok().map(Cow::Owned)
        } else {
            Some(Cow::Borrowed(inner))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Json;

    #[test]
    fn every_value_is_found_where_it_stands() {
        let text = "{ \"a\" : [1, \"x\\\"\\u00e4\", {}], \"b\":{\"c\":null}}\n";
        let json = Json::parse(text).unwrap();
        let shown = |json: &Json<'_>| text[json.range.clone()].to_owned();
        assert_eq!(shown(json.member("a").unwrap()), "[1, \"x\\\"\\u00e4\", {}]");
        assert_eq!(json.member("a").unwrap().elements()[1].text(), Some("x\"ä"));
        assert_eq!(shown(json.member("b").unwrap().member("c").unwrap()), "null");
        assert_eq!(&text[json.members()[1].key_range.clone()], "\"b\"");
    }

    #[test]
    fn what_is_no_json_is_not_read_whatever_it_is() {
        let deep = "[".repeat(100_000);
        for text in ["", "{", "{\"a\"}", "[1,]x", "\"\\", "{\"a\":1}}", &deep] {
            assert!(Json::parse(text).is_none(), "{}", text.get(..9.min(text.len())).unwrap());
        }
    }
}
