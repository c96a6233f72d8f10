//! Which file a path leads to: tells that a database was moved, removed or
//! replaced while it is open. A commit into a file without a name is lost.

use std::io;
use std::path::{Path, PathBuf};

/// A database file and its write-ahead log, as they were when opened.
#[derive(Debug, Clone)]
pub(crate) struct Identity {
    files: [(PathBuf, Option<FileId>); 2],
}

/// Device and inode.
type FileId = (u64, u64);

impl Identity {
    /// The identity of an open database, whose log exists as long as it is open.
    pub(crate) fn of(database: &Path) -> io::Result<Self> {
        let mut log = database.as_os_str().to_owned();
        log.push("-wal");
        let files = [database.to_owned(), PathBuf::from(log)];
        let [database_id, log_id] = files.each_ref().map(|path| file_id(path));
        let [database, log] = files;
        Ok(Self { files: [(database, database_id?), (log, log_id?)] })
    }

    /// Whether the paths still lead to the same files.
    pub(crate) fn unchanged(&self) -> bool {
        self.files.iter().all(|(path, id)| matches!(file_id(path), Ok(now) if now == *id))
    }
}

#[cfg(unix)]
#[expect(clippy::unnecessary_wraps, reason = "elsewhere a file may have no number")]
fn id_of(found: &std::fs::Metadata) -> Option<FileId> {
    use std::os::unix::fs::MetadataExt as _;
    Some((found.dev(), found.ino()))
}

#[cfg(not(unix))]
fn id_of(_found: &std::fs::Metadata) -> Option<FileId> {
    // SQLite opens its files there so that nobody can move or remove them: that
    // one is at the path is enough.
    None
}

fn file_id(path: &Path) -> io::Result<Option<FileId>> {
    std::fs::metadata(path).map(|found| id_of(&found))
}
