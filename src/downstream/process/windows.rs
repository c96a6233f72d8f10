//! Which file a command means on Windows, where the system itself finds only
//! programs that end in `.exe`: `npx` is `npx.cmd`.
//!
//! Asks nothing of the system, so that it is tested everywhere. Must not start
//! anything: a script (`.cmd`, `.bat`) whose whole name is known is started by
//! the standard library, which quotes its arguments for the shell.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// What can be started, in the order in which it is looked for when `PATHEXT` says nothing.
const ENDINGS: [&str; 4] = [".com", ".exe", ".bat", ".cmd"];

/// A variable, in whatever case it is written.
pub(super) fn variable<'e>(environment: &'e BTreeMap<String, String>, name: &str) -> Option<&'e str> {
    environment.iter().find(|(known, _)| known.eq_ignore_ascii_case(name)).map(|(_, value)| value.as_str())
}

/// The file that a command means: a name is looked for in the folders of PATH, a path from `folder` on.
pub(super) fn find(
    command: &str,
    environment: &BTreeMap<String, String>,
    folder: &Path,
    is_file: &dyn Fn(&Path) -> bool,
) -> Option<PathBuf> {
    let known = |ending: &str| ENDINGS.iter().any(|known| known.eq_ignore_ascii_case(ending));
    let configured: Vec<&str> = variable(environment, "PATHEXT")
        .map(|endings| endings.split(';').map(str::trim).filter(|ending| known(ending)).collect())
        .unwrap_or_default();
    let endings = if configured.is_empty() { ENDINGS.to_vec() } else { configured };
    let has_one = command.rfind('.').is_some_and(|dot| known(&command[dot..]));
    let is_path = command.contains(['/', '\\']);
    // What has no ending is a script for another system, and stands beside the one for this.
    let mut names: Vec<String> = if has_one { vec![command.to_owned()] } else { Vec::new() };
    names.extend(endings.iter().map(|ending| format!("{command}{}", ending.to_ascii_lowercase())));
    if is_path && !has_one {
        names.push(command.to_owned());
    }
    let folders: Vec<PathBuf> = if is_path {
        vec![folder.to_owned()]
    } else {
        let path = variable(environment, "PATH").unwrap_or_default();
        let entries = path.split(';').map(|entry| entry.trim().trim_matches('"')).filter(|entry| !entry.is_empty());
        entries.map(|entry| folder.join(entry)).collect()
    };
    folders.iter().flat_map(|folder| names.iter().map(|name| folder.join(name))).find(|file| is_file(file))
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;
    use std::path::{Path, PathBuf};

    use super::find;

    /// Among these files, with this PATH and PATHEXT.
    fn found(command: &str, files: &[&str], path: &str, endings: Option<&str>) -> Option<PathBuf> {
        let mut environment: BTreeMap<String, String> = [("Path".to_owned(), path.to_owned())].into();
        environment.extend(endings.map(|endings| ("PATHEXT".to_owned(), endings.to_owned())));
        let is_file = |file: &Path| files.iter().any(|known| Path::new(known) == file);
        find(command, &environment, Path::new("/work"), &is_file)
    }

    #[test]
    fn a_name_without_an_ending_is_the_script_or_program_beside_it() {
        let node = ["/node/npx", "/node/npx.cmd", "/node/node.exe", "/other/npx.exe"];
        let both = "/none;\"/node\"; /other";
        assert_eq!(found("npx", &node, both, None), Some("/node/npx.cmd".into()), "the folders go before the endings");
        assert_eq!(found("npx.cmd", &node, both, None), Some("/node/npx.cmd".into()));
        assert_eq!(found("npx.CMD", &["/node/npx.CMD"], both, None), Some("/node/npx.CMD".into()));
        assert_eq!(found("node", &node, both, Some(".EXE;.CMD")), Some("/node/node.exe".into()));
        assert_eq!(
            found("npx", &["/node/npx", "/node/npx.js"], both, Some(".JS;.EXE")),
            None,
            "no program of this system"
        );
        assert_eq!(found("python3.12", &["/node/python3.12.exe"], both, None), Some("/node/python3.12.exe".into()));
        assert_eq!(found("uvx", &[], "", None), None);
    }

    #[test]
    fn the_order_of_the_endings_is_the_users() {
        let two = ["/node/tool.exe", "/node/tool.cmd"];
        assert_eq!(found("tool", &two, "/node", None), Some("/node/tool.exe".into()));
        assert_eq!(found("tool", &two, "/node", Some(".CMD;.EXE")), Some("/node/tool.cmd".into()));
    }

    #[test]
    fn a_path_is_taken_from_where_the_program_is_started_and_not_looked_up() {
        assert_eq!(found("bin/tool", &["/work/bin/tool.cmd"], "/node", None), Some("/work/bin/tool.cmd".into()));
        assert_eq!(found("./tool", &["/node/tool.exe"], "/node", None), None);
        assert_eq!(found("bin/tool", &["/work/bin/tool"], "/node", None), Some("/work/bin/tool".into()));
    }
}
