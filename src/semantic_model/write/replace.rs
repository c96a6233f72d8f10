//! Files on disk: all changed or none, and only if they are what was read.
//!
//! Each file is locked and compared, the new bytes go into a file beside it
//! that is renamed over it. Must not know what the bytes mean.

use std::fs::{File, OpenOptions};
use std::io::Write as _;
use std::path::{Path, PathBuf};

use crate::semantic_model::error::Error;

/// A file and what becomes of it. `None` is a file that is not there.
#[derive(Debug)]
pub(super) struct Change {
    pub(super) path: PathBuf,
    pub(super) before: Option<Vec<u8>>,
    pub(super) after: Option<Vec<u8>>,
}

/// Carries the changes out.
pub(super) fn replace(changes: &[Change]) -> Result<(), Error> {
    let mut locks = Vec::new();
    for change in changes {
        locks.extend(lock(change)?);
    }
    let mut ready = Vec::new();
    let prepared = changes.iter().try_for_each(|change| {
        ready.push((change, prepare(change)?));
        Ok(())
    });
    if let Err(error) = prepared {
        for (_, temporary) in &ready {
            discard(temporary.as_deref());
        }
        return Err(error);
    }
    for (done, (change, temporary)) in ready.iter().enumerate() {
        if let Err(error) = settle(change, temporary.as_deref()) {
            for (_, temporary) in ready.iter().skip(done) {
                discard(temporary.as_deref());
            }
            for (change, _) in ready.iter().take(done) {
                put_back(change);
            }
            return Err(error);
        }
    }
    drop(locks);
    Ok(())
}

/// Locks a file that is there and compares it with what was read.
fn lock(change: &Change) -> Result<Option<File>, Error> {
    let path = &change.path;
    let failed = |error: std::io::Error| Error::io(path, &error);
    let changed = || Error::FileChanged { path: path.display().to_string() };
    let Some(before) = &change.before else {
        return if path.symlink_metadata().is_ok() { Err(changed()) } else { Ok(None) };
    };
    let facts = path.symlink_metadata().map_err(|_| changed())?;
    if facts.permissions().readonly() {
        return Err(Error::ReadOnly { path: path.display().to_string() });
    }
    let file = File::open(path).map_err(failed)?;
    file.lock().map_err(failed)?;
    // Whoever held the lock before may have put another file in this one's place.
    let now = std::fs::read(path).map_err(failed)?;
    if now != *before || !is_still(&file, path) {
        return Err(changed());
    }
    Ok(Some(file))
}

#[cfg(unix)]
fn is_still(file: &File, path: &Path) -> bool {
    use std::os::unix::fs::MetadataExt as _;
    match (file.metadata(), path.symlink_metadata()) {
        (Ok(held), Ok(there)) => (held.dev(), held.ino()) == (there.dev(), there.ino()),
        (Err(_), _) | (_, Err(_)) => false,
    }
}

#[cfg(not(unix))]
fn is_still(_: &File, path: &Path) -> bool {
    path.is_file()
}

/// Writes the new bytes beside the file.
fn prepare(change: &Change) -> Result<Option<PathBuf>, Error> {
    let Some(after) = &change.after else { return Ok(None) };
    let name = change.path.file_name().unwrap_or_default().to_string_lossy();
    let temporary = change.path.with_file_name(format!(".{name}.sequitur-new"));
    // Left by a process that was killed: nobody else makes a file of this name while we hold the lock.
    discard(Some(&temporary));
    let written = write_new(&temporary, after, &change.path);
    if written.is_err() {
        discard(Some(&temporary));
    }
    written
        .map_err(|error| Error::CannotWrite { path: change.path.display().to_string(), cause: error.to_string() })?;
    Ok(Some(temporary))
}

fn write_new(temporary: &Path, bytes: &[u8], like: &Path) -> std::io::Result<()> {
    let mut file = OpenOptions::new().write(true).create_new(true).open(temporary)?;
    file.write_all(bytes)?;
    if let Ok(facts) = std::fs::metadata(like) {
        file.set_permissions(facts.permissions())?;
    }
    file.sync_all()
}

/// Puts the new file in the old one's place.
fn settle(change: &Change, temporary: Option<&Path>) -> Result<(), Error> {
    let path = &change.path;
    let settled = match temporary {
        None => std::fs::remove_file(path),
        Some(temporary) if change.before.is_none() => {
            // A rename would replace a file that came in the meantime.
            std::fs::hard_link(temporary, path).and_then(|()| std::fs::remove_file(temporary))
        }
        Some(temporary) => std::fs::rename(temporary, path),
    };
    settled.and_then(|()| sync_folder(path)).map_err(|error| {
        if error.kind() == std::io::ErrorKind::AlreadyExists {
            return Error::FileChanged { path: path.display().to_string() };
        }
        Error::CannotWrite { path: path.display().to_string(), cause: error.to_string() }
    })
}

#[cfg(unix)]
fn sync_folder(path: &Path) -> std::io::Result<()> {
    path.parent().map_or(Ok(()), |folder| File::open(folder)?.sync_all())
}

#[cfg(not(unix))]
fn sync_folder(_: &Path) -> std::io::Result<()> {
    Ok(())
}

fn discard(temporary: Option<&Path>) {
    if let Some(temporary) = temporary
        && let Err(error) = std::fs::remove_file(temporary)
        && error.kind() != std::io::ErrorKind::NotFound
    {
        tracing::warn!(path = %temporary.display(), %error, "a file of a change that was given up is left");
    }
}

/// Undoes a change of a file, after a later one failed.
fn put_back(change: &Change) {
    let back = Change { path: change.path.clone(), before: change.after.clone(), after: change.before.clone() };
    let done = prepare(&back).and_then(|temporary| settle(&back, temporary.as_deref()));
    if let Err(error) = done {
        tracing::error!(path = %change.path.display(), %error, "a file was changed although the change failed");
    }
}

#[cfg(test)]
mod tests {
    use super::{Change, replace};
    use crate::semantic_model::error::Error;

    fn change(path: &std::path::Path, before: Option<&str>, after: Option<&str>) -> Change {
        let bytes = |text: Option<&str>| text.map(|text| text.as_bytes().to_vec());
        Change { path: path.to_path_buf(), before: bytes(before), after: bytes(after) }
    }

    #[test]
    fn files_are_changed_made_and_removed_and_nothing_is_left_beside_them() {
        let folder = tempfile::tempdir().unwrap();
        let [one, two, three] = ["one", "two", "three"].map(|name| folder.path().join(name));
        std::fs::write(&one, "1").unwrap();
        std::fs::write(&three, "3").unwrap();
        let changes =
            [change(&one, Some("1"), Some("11")), change(&two, None, Some("2")), change(&three, Some("3"), None)];
        replace(&changes).unwrap();
        assert_eq!(std::fs::read_to_string(&one).unwrap(), "11");
        assert_eq!(std::fs::read_to_string(&two).unwrap(), "2");
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 2);
    }

    #[test]
    fn one_file_that_changed_in_between_keeps_all_of_them_as_they_are() {
        let folder = tempfile::tempdir().unwrap();
        let [one, two] = ["one", "two"].map(|name| folder.path().join(name));
        std::fs::write(&one, "1").unwrap();
        std::fs::write(&two, "other").unwrap();
        for before in [Some("2"), None] {
            let changes = [change(&one, Some("1"), Some("11")), change(&two, before, Some("22"))];
            assert!(matches!(replace(&changes), Err(Error::FileChanged { .. })));
        }
        assert_eq!(std::fs::read_to_string(&one).unwrap(), "1");
        assert_eq!(std::fs::read_to_string(&two).unwrap(), "other");
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 2);
    }

    #[test]
    fn a_file_of_a_killed_process_is_no_hindrance() {
        let folder = tempfile::tempdir().unwrap();
        let one = folder.path().join("one");
        std::fs::write(&one, "1").unwrap();
        std::fs::write(folder.path().join(".one.sequitur-new"), "half").unwrap();
        replace(&[change(&one, Some("1"), Some("11"))]).unwrap();
        assert_eq!(std::fs::read_to_string(&one).unwrap(), "11");
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1);
    }

    #[cfg(unix)]
    #[test]
    fn permissions_are_kept_and_a_read_only_file_is_refused() {
        use std::os::unix::fs::PermissionsExt as _;
        let folder = tempfile::tempdir().unwrap();
        let one = folder.path().join("one");
        std::fs::write(&one, "1").unwrap();
        let mode = |mode| std::fs::set_permissions(&one, std::fs::Permissions::from_mode(mode)).unwrap();
        mode(0o640);
        replace(&[change(&one, Some("1"), Some("2"))]).unwrap();
        assert_eq!(std::fs::metadata(&one).unwrap().permissions().mode() & 0o777, 0o640);
        mode(0o440);
        assert!(matches!(replace(&[change(&one, Some("2"), Some("3"))]), Err(Error::ReadOnly { .. })));
        assert_eq!(std::fs::read_to_string(&one).unwrap(), "2");
    }
}
