//! The data folder: making it, who may look into it, and where it must not be.
//!
//! Must not know `SQLite`. A file system that cannot hold a database is a line in
//! [`NETWORK`], a folder that a program syncs is one in [`SYNCED`].

use std::fs::{self, DirBuilder, OpenOptions};
use std::io;
use std::path::Path;

use super::open_error::OpenError;

/// File systems where another machine may write: `SQLite`'s shared memory and
/// locks do not reach there (<https://sqlite.org/wal.html>, "all processes must
/// be on the same host").
#[cfg(target_os = "linux")]
const NETWORK: [&str; 14] = [
    "afs",
    "ceph",
    "cifs",
    "fuse.ceph",
    "fuse.glusterfs",
    "fuse.rclone",
    "fuse.s3fs",
    "fuse.sshfs",
    "glusterfs",
    "lustre",
    "nfs",
    "nfs4",
    "smb3",
    "smbfs",
];

/// Names of folders whose content a program copies while it is in use.
const SYNCED: [&str; 8] = [
    "Dropbox",
    "Google Drive",
    "GoogleDrive",
    "iCloud Drive",
    "Mobile Documents",
    "Nextcloud",
    "OneDrive",
    "pCloudDrive",
];

/// Makes `folder` usable and says what a person should know about it.
pub(crate) fn prepare(folder: &Path) -> Result<Vec<String>, OpenError> {
    let refuse = |cause: String| OpenError::Folder { path: folder.to_owned(), cause };
    let ours = match fs::metadata(folder) {
        Ok(found) if !found.is_dir() => return Err(refuse("it is not a folder".to_owned())),
        Ok(found) if found.permissions().readonly() => return Err(refuse("it is read-only".to_owned())),
        // An empty folder was made for us; one with content may be shared.
        Ok(_) => is_empty(folder).map_err(|error| refuse(error.to_string()))?,
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            private_folder(folder).map_err(|error| refuse(error.to_string()))?;
            true
        }
        Err(error) => return Err(refuse(error.to_string())),
    };
    let full = fs::canonicalize(folder).map_err(|error| refuse(error.to_string()))?;
    if let Some(system) = network_file_system(&full) {
        return Err(OpenError::NetworkFileSystem { path: folder.to_owned(), system });
    }
    let mut warnings = Vec::new();
    if let Some(name) = synced_by(&full) {
        warnings.push(format!(
            "the data folder `{}` lies in `{name}`, which copies files while they are in use: a copy may be damaged, and \
             two machines must not share it",
            folder.display()
        ));
    }
    if let Some(warning) = close_to_others(folder, ours).map_err(|error| refuse(error.to_string()))? {
        warnings.push(warning);
    }
    Ok(warnings)
}

fn is_empty(folder: &Path) -> io::Result<bool> {
    Ok(fs::read_dir(folder)?.next().is_none())
}

/// Makes a folder, and those above it, that only its owner can enter.
pub(crate) fn private_folder(folder: &Path) -> io::Result<()> {
    let mut builder = DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    {
        use std::os::unix::fs::DirBuilderExt as _;
        builder.mode(0o700);
    }
    builder.create(folder)
}

/// Opens a file for reading and writing, making it for its owner's eyes only.
/// `SQLite` gives the files beside a database the database's own permissions.
pub(crate) fn private_file(path: &Path) -> io::Result<fs::File> {
    let mut options = OpenOptions::new();
    options.read(true).write(true).create(true).truncate(false);
    #[cfg(unix)]
    {
        use std::os::unix::fs::OpenOptionsExt as _;
        options.mode(0o600);
    }
    options.open(path)
}

#[cfg(unix)]
fn is_private(mode: u32) -> bool {
    const OTHERS: u32 = 0o077;
    mode & OTHERS == 0
}

#[cfg(unix)]
fn close_to_others(folder: &Path, ours: bool) -> io::Result<Option<String>> {
    use std::os::unix::fs::PermissionsExt as _;
    let mode = fs::metadata(folder)?.permissions().mode();
    if is_private(mode) {
        return Ok(None);
    }
    // The sticky bit marks a folder that is everybody's, as `/tmp`.
    if ours && mode & 0o1000 == 0 {
        fs::set_permissions(folder, fs::Permissions::from_mode(0o700))?;
        return Ok(None);
    }
    Ok(Some(format!(
        "other users can look into the data folder `{}` (mode {:o}); its files are for their owner only",
        folder.display(),
        mode & 0o777
    )))
}

#[cfg(not(unix))]
#[expect(clippy::unnecessary_wraps, reason = "the unix form can fail")]
fn close_to_others(_folder: &Path, _ours: bool) -> io::Result<Option<String>> {
    // A user's folders are already closed to other users there.
    Ok(None)
}

/// Takes rights on a file of ours away from everybody but its owner.
#[cfg(unix)]
pub(crate) fn make_private(path: &Path) -> io::Result<()> {
    use std::os::unix::fs::PermissionsExt as _;
    let mode = fs::metadata(path)?.permissions().mode();
    if !is_private(mode) {
        fs::set_permissions(path, fs::Permissions::from_mode(0o600))?;
    }
    Ok(())
}

#[cfg(not(unix))]
#[expect(clippy::unnecessary_wraps, reason = "the unix form can fail")]
pub(crate) fn make_private(_path: &Path) -> io::Result<()> {
    Ok(())
}

fn synced_by(folder: &Path) -> Option<&'static str> {
    SYNCED.into_iter().find(|name| {
        folder.components().any(|part| {
            // OneDrive folders of companies are named `OneDrive - Contoso`.
            part.as_os_str().to_str().is_some_and(|part| {
                part.strip_prefix(name).is_some_and(|rest| rest.is_empty() || rest.starts_with(" - "))
            })
        })
    })
}

#[cfg(target_os = "linux")]
fn network_file_system(folder: &Path) -> Option<String> {
    // Without /proc nothing is known, and nothing is refused.
    let mounts = fs::read_to_string("/proc/self/mountinfo").ok()?;
    let system = file_system_of(&mounts, folder)?;
    NETWORK.contains(&system.as_str()).then_some(system)
}

#[cfg(windows)]
fn network_file_system(folder: &Path) -> Option<String> {
    use std::path::{Component, Prefix};
    match folder.components().next() {
        Some(Component::Prefix(prefix)) => {
            matches!(prefix.kind(), Prefix::UNC(..) | Prefix::VerbatimUNC(..)).then(|| "unc".to_owned())
        }
        _ => None,
    }
}

#[cfg(not(any(target_os = "linux", windows)))]
fn network_file_system(_folder: &Path) -> Option<String> {
    None
}

/// The type of the file system that holds `folder`, from the text of
/// `/proc/self/mountinfo` (proc(5)).
#[cfg(any(target_os = "linux", test))]
fn file_system_of(mounts: &str, folder: &Path) -> Option<String> {
    mounts
        .lines()
        .filter_map(|line| {
            let (before, after) = line.split_once(" - ")?;
            let point = std::path::PathBuf::from(unescape(before.split(' ').nth(4)?));
            let system = after.split(' ').next()?;
            folder.starts_with(&point).then(|| (point.components().count(), system.to_owned()))
        })
        // Of two mounts on one point the later one covers the earlier.
        .max_by_key(|(depth, _)| *depth)
        .map(|(_, system)| system)
}

/// Undoes the octal escapes of spaces, tabs, newlines and backslashes.
#[cfg(any(target_os = "linux", test))]
fn unescape(text: &str) -> String {
    ["040", "011", "012"]
        .into_iter()
        .zip([" ", "\t", "\n"])
        .fold(text.to_owned(), |text, (code, plain)| text.replace(&format!("\\{code}"), plain))
        .replace("\\134", "\\")
}

#[cfg(test)]
mod tests {
    use super::{file_system_of, prepare, synced_by};
    use crate::store::OpenError;
    use std::path::Path;

    const MOUNTS: &str = "\
22 1 259:1 / / rw,relatime shared:1 - ext4 /dev/root rw
30 22 0:40 / /home/ann/net\\040share rw shared:9 - nfs4 host:/export rw
31 22 0:41 / /home rw - btrfs /dev/sdb rw";

    #[test]
    fn the_deepest_mount_says_the_file_system() {
        let system = |path: &str| file_system_of(MOUNTS, Path::new(path));
        assert_eq!(system("/var/lib/sequitur").as_deref(), Some("ext4"));
        assert_eq!(system("/home/ann/data").as_deref(), Some("btrfs"));
        assert_eq!(system("/home/ann/net share/data").as_deref(), Some("nfs4"));
    }

    #[test]
    fn a_synced_folder_is_known_by_its_name() {
        assert_eq!(synced_by(Path::new("/home/ann/Dropbox/sequitur")), Some("Dropbox"));
        assert_eq!(synced_by(Path::new("/home/ann/OneDrive - Contoso/x")), Some("OneDrive"));
        assert_eq!(synced_by(Path::new("/home/ann/Dropboxes/x")), None);
    }

    #[test]
    fn a_file_in_the_place_of_the_folder_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("file");
        std::fs::write(&file, "x").unwrap();
        let error = prepare(&file).unwrap_err();
        assert!(matches!(&error, OpenError::Folder { .. }));
        assert_eq!(
            error.to_string(),
            format!("the data folder `{}` cannot be used: it is not a folder", file.display())
        );
    }

    #[cfg(unix)]
    #[test]
    fn an_empty_folder_is_closed_and_a_full_one_is_warned_about() {
        use std::os::unix::fs::PermissionsExt as _;
        let folder = tempfile::tempdir().unwrap();
        let open = std::fs::Permissions::from_mode(0o755);
        std::fs::set_permissions(folder.path(), open.clone()).unwrap();
        assert_eq!(prepare(folder.path()).unwrap(), Vec::<String>::new());
        let mode = |path: &Path| std::fs::metadata(path).unwrap().permissions().mode() & 0o777;
        assert_eq!(mode(folder.path()), 0o700);

        std::fs::set_permissions(folder.path(), open).unwrap();
        std::fs::write(folder.path().join("notes"), "x").unwrap();
        let warnings = prepare(folder.path()).unwrap();
        assert!(warnings[0].starts_with("other users can look into the data folder"), "{warnings:?}");
        assert_eq!(mode(folder.path()), 0o755);
    }
}
