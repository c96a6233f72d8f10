//! The folders that are open to the model tools, and the paths inside them.
//!
//! Every path that a caller gives goes through [`resolve_in_roots`] before
//! anything is read. Must not know models.

use std::path::{Component, Path, PathBuf};

use crate::semantic_model::error::Error;

/// The real path of an existing file or folder inside one of the roots.
///
/// A relative path is tried in each root in turn. Links are resolved before the
/// path is compared, and what lies outside is refused in the same words whether
/// it exists or not.
pub fn resolve_in_roots(path: &str, roots: &[PathBuf]) -> Result<PathBuf, Error> {
    if roots.is_empty() {
        return Err(Error::NoRoots);
    }
    refuse_foreign(path)?;
    let roots: Vec<PathBuf> = roots.iter().filter_map(|root| root.canonicalize().ok()).collect();
    let mut outside = false;
    for spelling in spellings(path) {
        let candidates: Vec<PathBuf> = if Path::new(&spelling).is_absolute() {
            vec![PathBuf::from(&spelling)]
        } else {
            roots.iter().map(|root| root.join(&spelling)).collect()
        };
        for candidate in candidates {
            match candidate.canonicalize() {
                Ok(real) if is_inside(&real, &roots) => return Ok(real),
                Ok(_) => outside = true,
                Err(_) => outside |= !is_inside(&nearest_real(&candidate), &roots),
            }
        }
    }
    if outside {
        Err(Error::OutsideRoots { path: path.to_owned() })
    } else {
        Err(Error::NoSuchPath { path: path.to_owned() })
    }
}

/// Whether a real path lies in one of the real roots.
pub(crate) fn is_inside(real: &Path, roots: &[PathBuf]) -> bool {
    roots.iter().any(|root| real.starts_with(root))
}

/// A path for people: without the prefix that Windows puts before real paths.
pub(crate) fn shown(path: &Path) -> String {
    let text = path.display().to_string();
    if let Some(share) = text.strip_prefix(r"\\?\UNC\") {
        return format!(r"\\{share}");
    }
    text.strip_prefix(r"\\?\").map_or(text.clone(), str::to_owned)
}

/// The path as given, and with `/` for `\` where `\` separates nothing.
fn spellings(path: &str) -> Vec<String> {
    if !cfg!(windows) && path.contains('\\') {
        vec![path.to_owned(), path.replace('\\', "/")]
    } else {
        vec![path.to_owned()]
    }
}

/// Refuses what cannot be a path on this system, naming its form.
fn refuse_foreign(path: &str) -> Result<(), Error> {
    let refuse = |message: String, hint: &str| Err(Error::InvalidArgument { message, hint: hint.to_owned() });
    if path.trim().is_empty() || path.contains('\0') {
        return refuse("the path is empty or holds a zero byte".into(), "give the path of a model or of its folder");
    }
    if cfg!(windows) {
        return Ok(());
    }
    let bytes = path.as_bytes();
    let drive = bytes.first().is_some_and(u8::is_ascii_alphabetic) && bytes.get(1) == Some(&b':');
    if drive && matches!(bytes.get(2), None | Some(b'\\' | b'/')) {
        let hint = "give the path as this system writes it; under WSL `C:\\x` is `/mnt/c/x`";
        return refuse(format!("`{path}` is a Windows drive path, and this system is not Windows"), hint);
    }
    if path.starts_with(r"\\") {
        let hint = "mount the share and give the path as this system writes it";
        return refuse(format!("`{path}` is a Windows network path, and this system is not Windows"), hint);
    }
    Ok(())
}

/// The real path of the nearest folder above `path` that exists, `..` taken by its word.
fn nearest_real(path: &Path) -> PathBuf {
    let mut plain = PathBuf::new();
    for part in path.components() {
        match part {
            Component::ParentDir => {
                plain.pop();
            }
            Component::CurDir => {}
            Component::Prefix(_) | Component::RootDir | Component::Normal(_) => plain.push(part),
        }
    }
    plain.ancestors().find_map(|above| above.canonicalize().ok()).unwrap_or(plain)
}

/// Folders that are the system's together with all they hold.
const SYSTEM_TREES: [&str; 12] =
    ["/bin", "/boot", "/dev", "/etc", "/lib", "/lib64", "/proc", "/run", "/sbin", "/sys", "/System", "/usr"];

/// Folders that are the system's, but may hold people's own.
const SYSTEM_FOLDERS: [&str; 15] = [
    "/Applications",
    "/Library",
    "/Users",
    "/Volumes",
    "/home",
    "/media",
    "/mnt",
    "/opt",
    "/private",
    "/private/tmp",
    "/private/var",
    "/srv",
    "/tmp",
    "/var",
    "/var/tmp",
];

/// Windows' own folders on any drive, by their first part.
const WINDOWS_TREES: [&str; 4] = ["windows", "program files", "program files (x86)", "programdata"];

/// Whether a folder may be opened as a root without being named: the current
/// folder of a client is often the system's or the home folder.
pub fn usable_root(path: &Path, home: Option<&Path>) -> Result<PathBuf, Error> {
    let real = path.canonicalize().map_err(|error| Error::io(path, &error))?;
    let refuse = |reason| Err(Error::UnusableRoot { path: shown(&real), reason });
    if !real.is_dir() {
        return refuse("no folder");
    }
    if real.parent().is_none() {
        return refuse("the root of a file system");
    }
    let home = home.map(|home| home.canonicalize().unwrap_or_else(|_| home.to_path_buf()));
    if let Some(home) = &home {
        if real == *home {
            return refuse("the home folder");
        }
        if home.starts_with(&real) {
            return refuse("a folder above the home folder");
        }
    }
    if is_system_folder(&real) {
        return refuse("a folder of the system");
    }
    Ok(real)
}

fn is_system_folder(real: &Path) -> bool {
    if SYSTEM_FOLDERS.iter().any(|folder| real == Path::new(folder))
        || SYSTEM_TREES.iter().any(|tree| real.starts_with(tree))
    {
        return true;
    }
    let mut parts = real.components();
    if !matches!(parts.next(), Some(Component::Prefix(_))) {
        return false;
    }
    let first = parts.find_map(|part| match part {
        Component::Normal(name) => Some(name.to_string_lossy().to_lowercase()),
        Component::Prefix(_) | Component::RootDir | Component::CurDir | Component::ParentDir => None,
    });
    first.is_some_and(|first| {
        WINDOWS_TREES.contains(&first.as_str()) || (first == "users" && real.components().count() == 3)
    })
}

#[cfg(test)]
mod tests;
