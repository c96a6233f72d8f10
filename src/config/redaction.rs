//! Takes known secrets out of texts that go out: plain, JSON-escaped, URL- and
//! base64-encoded.
//!
//! Must not know where the texts go. Another encoding is one more line in
//! [`forms`].

use base64::engine::general_purpose::{STANDARD_NO_PAD, URL_SAFE_NO_PAD};

use super::number::Secret;

/// What stands where a secret stood.
pub const REDACTED: &str = "<redacted>";

/// The secrets, in every form they are looked for.
#[derive(Clone, Default)]
pub struct Redaction {
    /// Longest first, so that a form inside another does not leave a rest behind.
    forms: Vec<String>,
}

impl std::fmt::Debug for Redaction {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Redaction").field("forms", &self.forms.len()).finish()
    }
}

impl Redaction {
    /// For these values; those shorter than [`Secret::MIN_BYTES`] are left out.
    #[must_use]
    pub fn new(values: &[String]) -> Self {
        let mut forms: Vec<String> =
            values.iter().filter(|value| value.len() >= Secret::MIN_BYTES).flat_map(|value| forms(value)).collect();
        forms.sort_unstable_by(|one, two| two.len().cmp(&one.len()).then_with(|| one.cmp(two)));
        forms.dedup();
        Self { forms }
    }

    /// The text without secrets; `None` when it holds none.
    #[must_use]
    pub fn redact(&self, text: &str) -> Option<String> {
        let mut clean: Option<String> = None;
        for form in &self.forms {
            let now = clean.as_deref().unwrap_or(text);
            if now.contains(form.as_str()) {
                clean = Some(now.replace(form.as_str(), REDACTED));
            }
        }
        clean
    }
}

fn forms(value: &str) -> Vec<String> {
    let json = serde_json::Value::String(value.to_owned()).to_string();
    let mut forms = vec![value.to_owned(), json[1..json.len() - 1].to_owned()];
    for hex in ["0123456789ABCDEF", "0123456789abcdef"] {
        let encoded = percent(value, hex);
        forms.push(encoded.replace("%20", "+"));
        forms.push(encoded);
    }
    for offset in 0..3 {
        forms.extend([base64_inside(value, offset, &STANDARD_NO_PAD), base64_inside(value, offset, &URL_SAFE_NO_PAD)]);
    }
    forms
}

/// Every byte but the unreserved ones (RFC 3986, 2.3) as `%XX`.
fn percent(value: &str, hex: &str) -> String {
    let digit = |nibble: u8| hex.chars().nth(usize::from(nibble)).unwrap_or('0');
    value.bytes().fold(String::new(), |mut out, byte| {
        if byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_' | b'~') {
            out.push(char::from(byte));
        } else {
            out.extend(['%', digit(byte >> 4), digit(byte & 15)]);
        }
        out
    })
}

/// The characters that base64 gives for `value` when `offset` (mod 3) unknown bytes stand before
/// it: those that depend on `value` alone.
fn base64_inside(value: &str, offset: usize, engine: &impl base64::Engine) -> String {
    let mut bytes = vec![0; offset];
    bytes.extend_from_slice(value.as_bytes());
    let encoded = engine.encode(&bytes);
    encoded[(offset * 8).div_ceil(6)..bytes.len() * 8 / 6].to_owned()
}

#[cfg(test)]
mod tests {
    use base64::Engine as _;
    use base64::engine::general_purpose::{STANDARD, URL_SAFE};

    use super::Redaction;

    const SECRET: &str = "p\"ss wörd/+?\u{7f}~";

    #[test]
    fn every_encoding_of_a_secret_is_found_wherever_it_stands() {
        let redaction = Redaction::new(&[SECRET.to_owned()]);
        for text in [
            format!("before {SECRET} after"),
            serde_json::json!({ "k": SECRET }).to_string(),
            "p%22ss%20w%C3%B6rd%2F%2B%3F%7F~".to_owned(),
            "p%22ss+w%c3%b6rd%2f%2b%3f%7f~".to_owned(),
        ] {
            let clean = redaction.redact(&text).unwrap();
            assert!(clean.contains("<redacted>") && !clean.contains("rd"), "{text} -> {clean}");
        }
        for before in ["", "u:", "us:", "use:"] {
            for after in ["", "x", "xyz"] {
                let plain = format!("{before}{SECRET}{after}");
                for text in [STANDARD.encode(&plain), URL_SAFE.encode(&plain)] {
                    let clean = redaction.redact(&text).unwrap();
                    assert!(clean.len() < text.len() + 10 - SECRET.len(), "{text} -> {clean}");
                }
            }
        }
    }

    #[test]
    fn a_secret_inside_another_leaves_no_rest() {
        let redaction = Redaction::new(&["abcdefgh".to_owned(), "abcdefgh-and-more".to_owned()]);
        assert_eq!(redaction.redact("x abcdefgh-and-more y").as_deref(), Some("x <redacted> y"));
    }

    #[test]
    fn other_texts_and_short_values_are_left_alone() {
        let redaction = Redaction::new(&["short".to_owned(), "long-enough".to_owned()]);
        assert_eq!(redaction.redact("short text"), None);
    }
}
