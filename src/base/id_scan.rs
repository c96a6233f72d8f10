//! Finds the id of a message that is not parsed, because it is too long or too
//! deep: someone waits for the answer to it, or for the answer that it is.

use serde_json::Value;

/// Longer ids are not looked for.
const MAX_ID: usize = 256;

/// Reads a JSON object byte by byte and keeps the value of its top-level `id`.
#[derive(Debug, Default)]
pub struct IdScan {
    depth: u32,
    in_text: bool,
    escaped: bool,
    at_key: bool,
    of_id: bool,
    token: Vec<u8>,
    found: Option<Vec<u8>>,
}

impl IdScan {
    /// Takes the next bytes of the message, in pieces of any size.
    pub fn feed(&mut self, bytes: &[u8]) {
        for byte in bytes {
            self.step(*byte);
        }
    }

    /// The id, if one was seen: text or a number, but not checked to be one.
    #[must_use]
    pub fn id(&self) -> Option<Value> {
        self.found.as_deref().and_then(|token| serde_json::from_slice(token).ok())
    }

    fn step(&mut self, byte: u8) {
        if self.in_text {
            self.keep(byte);
            match byte {
                _ if self.escaped => self.escaped = false,
                b'\\' => self.escaped = true,
                b'"' => {
                    self.in_text = false;
                    if self.depth == 1 && self.at_key {
                        self.of_id = self.token == br#""id""#;
                    }
                }
                _ => {}
            }
            return;
        }
        match byte {
            b'"' => {
                self.in_text = true;
                if self.depth == 1 {
                    self.token.clear();
                    self.keep(byte);
                }
            }
            b'{' | b'[' => {
                self.depth = self.depth.saturating_add(1);
                self.at_key = self.depth == 1;
                if self.depth == 2 {
                    self.of_id = false;
                }
            }
            b'}' | b']' => {
                self.end_value();
                self.depth = self.depth.saturating_sub(1);
            }
            b':' if self.depth == 1 => {
                self.at_key = false;
                self.token.clear();
            }
            b',' if self.depth == 1 => {
                self.end_value();
                self.at_key = true;
            }
            _ if byte.is_ascii_whitespace() => {}
            _ => self.keep(byte),
        }
    }

    fn keep(&mut self, byte: u8) {
        if self.depth == 1 && self.token.len() <= MAX_ID {
            self.token.push(byte);
        }
    }

    fn end_value(&mut self) {
        if self.depth == 1 && self.of_id && !self.at_key && self.token.len() <= MAX_ID {
            self.found = Some(std::mem::take(&mut self.token));
        }
        if self.depth == 1 {
            self.of_id = false;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::IdScan;

    fn id(text: &str) -> Option<String> {
        let mut scan = IdScan::default();
        for piece in text.as_bytes().chunks(3) {
            scan.feed(piece);
        }
        scan.id().map(|id| id.to_string())
    }

    #[test]
    fn the_top_level_id_is_found_wherever_it_stands() {
        assert_eq!(id(r#"{"jsonrpc":"2.0","id": 17 ,"params":{"id":3}}"#).as_deref(), Some("17"));
        assert_eq!(id(r#"{"params":{"id":3,"a":["x,\"id\":4"]},"id":"a\"b"}"#).as_deref(), Some(r#""a\"b""#));
        assert_eq!(id(r#"{"params":{"id":3},"method":"id"}"#), None);
        assert_eq!(id(r#"{"id":{"x":1}}"#), None);
        assert_eq!(id("not json"), None);
    }
}
