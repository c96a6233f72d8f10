//! Bytes to text, and offsets to lines and columns.
//!
//! Must not know which format the text is in.

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

/// A line or column number; files are far smaller than 4 G lines.
pub(crate) fn number(count: usize) -> u32 {
    u32::try_from(count).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests {
    use super::decode;
    use std::sync::Arc;

    #[test]
    fn a_byte_that_is_not_utf8_is_told_with_line_and_column() {
        let file: Arc<str> = "a.tmdl".into();
        let error = decode(b"table A\n\t\xC3\xA4\xFFx", &file).unwrap_err();
        assert_eq!(error.to_string(), "a.tmdl:2:3: this byte is not UTF-8");
        assert_eq!(decode(b"\xEF\xBB\xBFmodel M", &file).unwrap(), "model M");
        assert_eq!(decode(b"\xFF\xFEm\0", &file).unwrap_err().to_string(), "a.tmdl:1:1: the file is in UTF-16");
    }
}
