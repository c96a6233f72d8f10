//! The files of a model as they were at a revision: asked of `git`.
//!
//! Must not know rules.

use std::io::Write as _;
use std::path::Path;
use std::process::{Command, Output, Stdio};

use crate::cli::failure::Failure;
use crate::semantic_model::place::{Format, Place};

const HINT: &str = "`--since` needs `git` in PATH and a checkout with the revision; in CI fetch the whole history \
                    (`fetch-depth: 0`), or use `--baseline FILE`";

/// The id of a revision.
pub(super) fn commit(base: &Path, revision: &str) -> Result<String, Failure> {
    let wanted = format!("{revision}^{{commit}}");
    let output = run(base, &["rev-parse", "--verify", "--quiet", "--end-of-options", &wanted], None)?;
    let id = String::from_utf8_lossy(&output.stdout).trim().to_owned();
    if !output.status.success() || id.is_empty() {
        let said = String::from_utf8_lossy(&output.stderr).trim().to_owned();
        let why = if said.is_empty() { String::new() } else { format!(": {said}") };
        return Err(Failure::input(format!("`{revision}` is no revision of `{}`{why}", base.display()), HINT));
    }
    Ok(id)
}

/// The files of a model at a commit as `(name, bytes)`; none where it was not there.
pub(super) fn files(base: &Path, commit: &str, place: &Place) -> Result<Vec<(String, Vec<u8>)>, Failure> {
    let inside = place.content.strip_prefix(base).map_err(|_| {
        Failure::input(format!("`{}` is not in the checkout `{}`", place.content.display(), base.display()), HINT)
    })?;
    let inside = super::relative(inside, Path::new(""));
    let listed = run(base, &["ls-tree", "-r", "-z", "--name-only", commit, "--", &inside], None)?;
    succeeded(&listed)?;
    let names = String::from_utf8_lossy(&listed.stdout).into_owned();
    let ends = |name: &str| Path::new(name).extension().is_some_and(|end| end.eq_ignore_ascii_case("tmdl"));
    let wanted: Vec<&str> = names
        .split('\0')
        .filter(|name| !name.is_empty() && !name.contains('\n'))
        .filter(|name| place.format != Format::Tmdl || ends(name))
        .collect();
    let asked: Vec<String> = wanted.iter().map(|name| format!("{commit}:{name}\n")).collect();
    let output = run(base, &["cat-file", "--batch"], Some(asked.concat().into_bytes()))?;
    succeeded(&output)?;
    let mut rest = output.stdout.as_slice();
    let mut found = Vec::new();
    for name in wanted {
        let Some((bytes, after)) = blob(rest) else {
            return Err(Failure::input(format!("`git` gave no file for `{name}`"), HINT));
        };
        rest = after;
        let short = if inside == "." { Some(name) } else { name.strip_prefix(&inside) };
        let short = short.unwrap_or(name).trim_start_matches('/');
        found.push((if short.is_empty() { name.to_owned() } else { short.to_owned() }, bytes.to_vec()));
    }
    Ok(found)
}

/// The next file of `git cat-file --batch`: `<id> blob <size>`, the bytes, a line end.
fn blob(output: &[u8]) -> Option<(&[u8], &[u8])> {
    let end = output.iter().position(|byte| *byte == b'\n')?;
    let head = std::str::from_utf8(output.get(..end)?).ok()?;
    let mut words = head.split(' ');
    let size: usize = (words.nth(1) == Some("blob")).then(|| words.next()?.parse().ok()).flatten()?;
    let start = end + 1;
    Some((output.get(start..start + size)?, output.get(start + size + 1..)?))
}

fn succeeded(output: &Output) -> Result<(), Failure> {
    if output.status.success() {
        return Ok(());
    }
    let said = String::from_utf8_lossy(&output.stderr).trim().to_owned();
    Err(Failure::input(format!("`git` failed: {said}"), HINT))
}

fn run(base: &Path, arguments: &[&str], input: Option<Vec<u8>>) -> Result<Output, Failure> {
    let failed = |error: &std::io::Error| Failure::input(format!("`git` cannot be run: {error}"), HINT);
    let mut command = Command::new("git");
    // Names as they are, and no question at a terminal.
    command.arg("-C").arg(base).args(["-c", "core.quotePath=false"]).args(arguments);
    command.env("GIT_TERMINAL_PROMPT", "0");
    command.stdin(if input.is_some() { Stdio::piped() } else { Stdio::null() });
    command.stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().map_err(|error| failed(&error))?;
    // Both pipes may fill: the question goes out on a thread of its own.
    let writer = input.zip(child.stdin.take()).map(|(input, mut pipe)| {
        std::thread::spawn(move || {
            // A `git` that ends early tells why itself.
            pipe.write_all(&input).ok();
        })
    });
    let output = child.wait_with_output().map_err(|error| failed(&error))?;
    if let Some(writer) = writer {
        writer.join().ok();
    }
    Ok(output)
}
