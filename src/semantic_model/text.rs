//! Bytes to text, and offsets to lines and columns.
//!
//! Must not know which format the text is in.

use std::borrow::Cow;
use std::sync::Arc;

use crate::semantic_model::error::Error;
use crate::semantic_model::model::Location;

/// The text of a file in UTF-8, with or without a byte order mark.
pub(crate) fn decode<'a>(bytes: &'a [u8], file: &Arc<str>) -> Result<&'a str, Error> {
    if bytes.starts_with(&[0xFF, 0xFE]) || bytes.starts_with(&[0xFE, 0xFF]) {
        let location = Location { file: file.clone(), line: 1, column: 1 };
        return Err(Error::syntax(location, "the file is in UTF-16", "save the file as UTF-8"));
    }
    let bytes = bytes.strip_prefix(&[0xEF, 0xBB, 0xBF]).unwrap_or(bytes);
    std::str::from_utf8(bytes).map_err(|error| {
        let valid = String::from_utf8_lossy(bytes.get(..error.valid_up_to()).unwrap_or_default());
        let line = valid.matches('\n').count() + 1;
        let column = valid.rsplit('\n').next().unwrap_or_default().chars().count() + 1;
        let location = Location { file: file.clone(), line: number(line), column: number(column) };
        Error::syntax(location, "this byte is not UTF-8", "save the file as UTF-8")
    })
}

/// The text of a file in UTF-16, in either order of bytes, or in UTF-8, with or
/// without a byte order mark: templates are written in all of these.
pub(crate) fn decode_any<'a>(bytes: &'a [u8], file: &Arc<str>) -> Result<Cow<'a, str>, Error> {
    let unit: fn([u8; 2]) -> u16 = match bytes {
        [0xFE, 0xFF, ..] | [0, 1..=0xFF, ..] => u16::from_be_bytes,
        [0xFF, 0xFE, ..] | [1..=0xFF, 0, ..] => u16::from_le_bytes,
        _ => return decode(bytes, file).map(Cow::Borrowed),
    };
    let (units, rest) = bytes.as_chunks::<2>();
    let mut text = String::with_capacity(units.len());
    for decoded in char::decode_utf16(units.iter().map(|pair| unit(*pair))) {
        match decoded {
            Ok('\u{FEFF}') if text.is_empty() => {}
            Ok(char) => text.push(char),
            Err(_) => return Err(broken_utf16(&text, file)),
        }
    }
    if rest.is_empty() { Ok(Cow::Owned(text)) } else { Err(broken_utf16(&text, file)) }
}

fn broken_utf16(valid: &str, file: &Arc<str>) -> Error {
    let line = valid.matches('\n').count() + 1;
    let column = valid.rsplit('\n').next().unwrap_or_default().chars().count() + 1;
    let location = Location { file: file.clone(), line: number(line), column: number(column) };
    Error::syntax(location, "the text breaks off inside a UTF-16 character", "save the file again")
}

/// A line or column number; files are far smaller than 4 G lines.
pub(crate) fn number(count: usize) -> u32 {
    u32::try_from(count).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests {
    use super::{decode, decode_any};
    use std::sync::Arc;

    #[test]
    fn a_byte_that_is_not_utf8_is_told_with_line_and_column() {
        let file: Arc<str> = "a.tmdl".into();
        let error = decode(b"table A\n\t\xC3\xA4\xFFx", &file).unwrap_err();
        assert_eq!(error.to_string(), "a.tmdl:2:3: this byte is not UTF-8");
        assert_eq!(decode(b"\xEF\xBB\xBFmodel M", &file).unwrap(), "model M");
        assert_eq!(decode(b"\xFF\xFEm\0", &file).unwrap_err().to_string(), "a.tmdl:1:1: the file is in UTF-16");
    }

    #[test]
    fn templates_are_read_in_every_encoding_that_they_are_written_in() {
        let file: Arc<str> = "DataModelSchema".into();
        let little: Vec<u8> = "{\"ä\":1}".encode_utf16().flat_map(u16::to_le_bytes).collect();
        let big: Vec<u8> = "{\"ä\":1}".encode_utf16().flat_map(u16::to_be_bytes).collect();
        let marked = [&[0xFF, 0xFE][..], &little].concat();
        let marked_big = [&[0xFE, 0xFF][..], &big].concat();
        for bytes in [&little, &big, &marked, &marked_big, &"{\"ä\":1}".as_bytes().to_vec()] {
            assert_eq!(decode_any(bytes, &file).unwrap(), "{\"ä\":1}", "{bytes:?}");
        }
        for broken in [&little[..3], &[0xFF, 0xFE, 0x00, 0xD8, 0x41, 0x00][..]] {
            assert!(decode_any(broken, &file).unwrap_err().to_string().contains("UTF-16"), "{broken:?}");
        }
        assert_eq!(decode_any(&[], &file).unwrap(), "");
    }
}
