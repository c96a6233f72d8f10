//! One member of a zip file: how `.pbit` and `.vpax` keep what is read of them.
//!
//! Must not know what is in it.

use std::io::{BufReader, Read as _};
use std::path::Path;

use zip::ZipArchive;
use zip::result::ZipError;

use crate::semantic_model::error::Error;
use crate::semantic_model::limits::Limits;
use crate::semantic_model::source::too_large;

/// The bytes of the member `name`, unpacked, and the size of the file that holds it.
///
/// The bound is on what comes out: a small file may unpack to a large one.
pub(crate) fn member(path: &Path, name: &str, limits: &Limits) -> Result<(Vec<u8>, u64), Error> {
    let io = |error: std::io::Error| Error::io(path, &error);
    let file = std::fs::File::open(path).map_err(io)?;
    let size = file.metadata().map_err(io)?.len();
    if size > limits.file_bytes {
        return Err(too_large(path, limits.file_bytes));
    }
    let broken = |error: ZipError| {
        let cause =
            if matches!(error, ZipError::FileNotFound) { format!("it holds no `{name}`") } else { error.to_string() };
        Error::Archive { path: path.display().to_string(), cause }
    };
    let mut archive = ZipArchive::new(BufReader::new(file)).map_err(broken)?;
    let member = archive.by_name(name).map_err(broken)?;
    let mut bytes = Vec::new();
    let read = member.take(limits.file_bytes + 1).read_to_end(&mut bytes);
    read.map_err(|error| broken(error.into()))?;
    if bytes.len() as u64 > limits.file_bytes {
        return Err(too_large(path, limits.file_bytes));
    }
    Ok((bytes, size))
}
