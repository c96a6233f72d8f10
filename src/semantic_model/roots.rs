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

#[cfg(test)]
mod tests;
