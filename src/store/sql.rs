//! Values between our types and `SQLite`'s: names of enumerations, hashes as
//! bytes, JSON as text, counters as signed integers.

use std::sync::Arc;

use rusqlite::Row;
use rusqlite::types::FromSql;
use serde::Serialize;
use serde::de::DeserializeOwned;

use super::error::StoreError;
use crate::base::Timestamp;
use crate::machine::BodyRef;

/// A counter; ours never come near the limit.
pub(crate) fn signed(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}

/// A counter that was written by [`signed`].
pub(crate) fn unsigned(number: i64) -> u64 {
    u64::try_from(number).unwrap_or(0)
}

/// The 32 bytes of a hash in hexadecimal.
pub(crate) fn hash_bytes(hash: &str) -> Result<[u8; 32], StoreError> {
    let wrong = || StoreError::unreadable("hash", format!("`{hash}` is not 64 hexadecimal digits"));
    let digits = hash.as_bytes();
    if digits.len() != 64 {
        return Err(wrong());
    }
    let mut bytes = [0_u8; 32];
    for (byte, pair) in bytes.iter_mut().zip(digits.chunks_exact(2)) {
        let text = std::str::from_utf8(pair).map_err(|_| wrong())?;
        *byte = u8::from_str_radix(text, 16).map_err(|_| wrong())?;
    }
    Ok(bytes)
}

/// And back.
pub(crate) fn hash_text(bytes: &[u8]) -> Arc<str> {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    bytes
        .iter()
        .flat_map(|byte| [char::from(DIGITS[usize::from(byte >> 4)]), char::from(DIGITS[usize::from(byte & 15)])])
        .collect::<String>()
        .into()
}

/// The wire name of a value of an enumeration.
pub(crate) fn name_of<T: Serialize>(value: &T) -> Result<String, StoreError> {
    match serde_json::to_value(value) {
        Ok(serde_json::Value::String(name)) => Ok(name),
        Ok(other) => Err(StoreError::unreadable("name", format!("`{other}` is no name"))),
        Err(error) => Err(StoreError::unreadable("name", error)),
    }
}

/// The value of an enumeration with this wire name.
pub(crate) fn named<T: DeserializeOwned>(what: &str, name: String) -> Result<T, StoreError> {
    serde_json::from_value(serde_json::Value::String(name)).map_err(|error| StoreError::unreadable(what, error))
}

/// A value as JSON text.
pub(crate) fn json_text<T: Serialize>(value: &T) -> Result<String, StoreError> {
    serde_json::to_string(value).map_err(|error| StoreError::unreadable("value", error))
}

/// The value of a JSON text.
pub(crate) fn json_value<T: DeserializeOwned>(what: &str, text: &str) -> Result<T, StoreError> {
    serde_json::from_str(text).map_err(|error| StoreError::unreadable(what, error))
}

/// Columns by name.
pub(crate) trait Columns {
    fn col<T: FromSql>(&self, name: &str) -> Result<T, StoreError>;

    fn time(&self, name: &str) -> Result<Timestamp, StoreError> {
        self.col(name).map(Timestamp)
    }

    fn time_or_none(&self, name: &str) -> Result<Option<Timestamp>, StoreError> {
        self.col::<Option<i64>>(name).map(|time| time.map(Timestamp))
    }

    fn json<T: DeserializeOwned>(&self, name: &str) -> Result<Option<T>, StoreError> {
        self.col::<Option<String>>(name)?.map(|text| json_value(name, &text)).transpose()
    }

    /// A reference in two columns.
    fn body(&self, hash: &str, bytes: &str) -> Result<Option<BodyRef>, StoreError> {
        let Some(found) = self.col::<Option<Vec<u8>>>(hash)? else { return Ok(None) };
        Ok(Some(BodyRef { hash: hash_text(&found), bytes: unsigned(self.col(bytes)?) }))
    }
}

impl Columns for Row<'_> {
    fn col<T: FromSql>(&self, name: &str) -> Result<T, StoreError> {
        Ok(self.get(name)?)
    }
}

#[cfg(test)]
mod tests {
    use super::{hash_bytes, hash_text, name_of, named};
    use crate::base::json::sha256_hex;
    use crate::workflow::plan::Priority;

    #[test]
    fn a_hash_reads_back_from_its_bytes_and_a_wrong_one_is_refused() {
        let hash = sha256_hex(b"text");
        assert_eq!(&*hash_text(&hash_bytes(&hash).unwrap()), hash);
        for wrong in ["", "abc", &hash.replace('d', "x"), &"é".repeat(32)] {
            assert!(hash_bytes(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn an_enumeration_reads_back_from_its_name() {
        let name = name_of(&Priority::Background).unwrap();
        assert_eq!(name, "background");
        assert_eq!(named::<Priority>("priority", name).unwrap(), Priority::Background);
        let error = named::<Priority>("priority", "urgent".to_owned()).unwrap_err();
        assert!(error.message.starts_with("a stored priority cannot be read: unknown variant `urgent`"));
    }
}
