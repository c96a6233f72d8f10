//! Whether a folder is a safe place for a database: network file systems lose
//! locks, synced folders copy a database while it is written.
//!
//! Reads Linux's mount table and path names; elsewhere only what the path says.

use std::path::{Component, Path, Prefix};

/// File systems whose locks or shared memory do not hold across hosts. Not `9p` and `virtiofs`:
/// sandboxes and virtual machines reach their own disks through them.
const NETWORK: [&str; 27] = [
    "afs",
    "beegfs",
    "ceph",
    "cifs",
    "coda",
    "davfs",
    "fuse.ceph",
    "fuse.davfs2",
    "fuse.gcsfuse",
    "fuse.glusterfs",
    "fuse.goofys",
    "fuse.gvfsd-fuse",
    "fuse.juicefs",
    "fuse.rclone",
    "fuse.s3fs",
    "fuse.smbnetfs",
    "fuse.sshfs",
    "glusterfs",
    "gpfs",
    "lustre",
    "ncpfs",
    "nfs",
    "nfs4",
    "orangefs",
    "smb2",
    "smb3",
    "smbfs",
];

/// Folders of programs that copy files to other machines, by the start of their lower-case names.
const SYNCED: [(&str, &str); 11] = [
    ("dropbox", "Dropbox"),
    ("onedrive", "OneDrive"),
    ("google drive", "Google Drive"),
    ("googledrive", "Google Drive"),
    ("icloud", "iCloud"),
    ("mobile documents", "iCloud"),
    ("com~apple~clouddocs", "iCloud"),
    ("cloudstorage", "a cloud drive"),
    ("nextcloud", "Nextcloud"),
    ("owncloud", "ownCloud"),
    ("megasync", "MEGA"),
];

/// The network file system that `folder` (absolute, links resolved) lies on.
pub(super) fn network_file_system(folder: &Path) -> Option<String> {
    if let Some(Component::Prefix(prefix)) = folder.components().next()
        && matches!(prefix.kind(), Prefix::UNC(..) | Prefix::VerbatimUNC(..))
    {
        return Some("a network share".to_owned());
    }
    // No such file outside Linux: nothing is known then.
    let table = std::fs::read_to_string("/proc/self/mountinfo").ok()?;
    let kind = file_system_of(folder, &table)?;
    NETWORK.contains(&kind.as_str()).then_some(kind)
}

/// The type of the file system that holds `folder`, by the text of `/proc/self/mountinfo` (proc(5)).
fn file_system_of(folder: &Path, table: &str) -> Option<String> {
    let mut best: Option<(usize, &str)> = None;
    for line in table.lines() {
        let (before, after) = line.split_once(" - ")?;
        let (Some(point), Some(kind)) = (before.split(' ').nth(4), after.split(' ').next()) else { continue };
        let point = unescape(point);
        let depth = Path::new(&point).components().count();
        // Later lines lie over earlier ones.
        if folder.starts_with(&point) && best.is_none_or(|(deepest, _)| depth >= deepest) {
            best = Some((depth, kind));
        }
    }
    best.map(|(_, kind)| kind.to_owned())
}

/// Spaces and the like are written as three octal digits.
fn unescape(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(start) = rest.find('\\') {
        out.push_str(&rest[..start]);
        let code = rest.get(start + 1..start + 4).and_then(|digits| u8::from_str_radix(digits, 8).ok());
        if let Some(code) = code {
            out.push(char::from(code));
            rest = &rest[start + 4..];
        } else {
            out.push('\\');
            rest = &rest[start + 1..];
        }
    }
    out.push_str(rest);
    out
}

/// The program that copies `folder` elsewhere, as far as its path tells.
pub(super) fn synced_by(folder: &Path) -> Option<&'static str> {
    folder.components().find_map(|component| {
        let Component::Normal(name) = component else { return None };
        let name = name.to_string_lossy().to_lowercase();
        SYNCED.iter().find(|(start, _)| name.starts_with(start)).map(|(_, program)| *program)
    })
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::{file_system_of, synced_by};

    const TABLE: &str = "22 1 8:1 / / rw,relatime - ext4 /dev/sda1 rw\n\
        40 22 0:40 / /home rw shared:1 - nfs4 server:/home rw\n\
        41 22 0:41 / /mnt/my\\040share rw - cifs //server/share rw\n\
        42 40 8:2 / /home/anna/local rw - xfs /dev/sdb1 rw\n";

    #[test]
    fn the_deepest_mount_decides() {
        for (folder, kind) in [
            ("/var/lib", "ext4"),
            ("/home/anna", "nfs4"),
            ("/homework", "ext4"),
            ("/home/anna/local/x", "xfs"),
            ("/mnt/my share/x", "cifs"),
        ] {
            assert_eq!(file_system_of(Path::new(folder), TABLE).as_deref(), Some(kind), "{folder}");
        }
    }

    #[test]
    fn synced_folders_are_known_by_name() {
        for (folder, program) in [
            ("/home/a/Dropbox/x", Some("Dropbox")),
            ("/Users/a/OneDrive - Contoso/x", Some("OneDrive")),
            ("/Users/a/Library/Mobile Documents/com~apple~CloudDocs", Some("iCloud")),
            ("/Users/a/Library/CloudStorage/GoogleDrive-a@b.c/x", Some("a cloud drive")),
            ("/home/a/.local/share/sequitur", None),
        ] {
            assert_eq!(synced_by(Path::new(folder)), program, "{folder}");
        }
    }
}
