//! Where books are kept: a file for each server in the data folder, `servers/`,
//! so that the next process knows the tools without starting anything.
//!
//! A file holds the books of the last few ways in which a server of that name
//! was started: two projects may each have their own. Written whole or not at
//! all; what another process wrote meanwhile is taken in first. Must not know
//! what a book says. Without a data folder nothing is kept.

use std::path::PathBuf;
use std::time::SystemTime;

use serde::{Deserialize, Serialize};

use super::book::{Book, Kept};
use super::names;
use super::read::read;
use crate::base::json::{Object, sha256_hex};
use crate::config::DataDir;
use crate::contract::ToolDefinition;

const FOLDER: &str = "servers";
const VERSION: u32 = 1;
/// Ways to start one server that are remembered.
const MAX_BOOKS: usize = 16;
/// A file beyond this is not ours.
const MAX_BYTES: u64 = 64 << 20;
/// Attempts to write while others write too.
const ATTEMPTS: usize = 5;

/// The books on disk.
#[derive(Debug, Clone)]
pub(in crate::downstream) struct Shelf {
    data: Option<DataDir>,
}

/// One server's book, as it lies on the shelf.
#[derive(Debug, Clone, Default, PartialEq)]
pub(in crate::downstream) struct Entry {
    /// The protocol's era, once it is known.
    pub(in crate::downstream) era: Option<String>,
    pub(in crate::downstream) book: Book,
}

/// Tells whether a file was written since.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::downstream) struct Stamp {
    modified: Option<SystemTime>,
    bytes: u64,
    inode: u64,
}

/// Why a file could not be read or written.
#[derive(Debug, thiserror::Error)]
#[error("`{}` cannot be {action}: {cause}", file.display())]
pub(in crate::downstream) struct ShelfError {
    file: PathBuf,
    action: &'static str,
    cause: String,
}

#[derive(Default, Serialize, Deserialize)]
struct File {
    version: u32,
    /// The latest last.
    books: Vec<WrittenBook>,
}

#[derive(Serialize, Deserialize)]
struct WrittenBook {
    launch: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    era: Option<String>,
    tools: Vec<WrittenTool>,
}

#[derive(Serialize, Deserialize)]
struct WrittenTool {
    definition: Object,
    accepted: Vec<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    changed: Option<Object>,
    present: bool,
}

impl Shelf {
    pub(in crate::downstream) fn new(data: Option<DataDir>) -> Self {
        Self { data }
    }

    /// The book of a server that is started this way.
    pub(in crate::downstream) fn read(&self, server: &str, launch: &str) -> Result<Option<Entry>, ShelfError> {
        Ok(self.file(server)?.books.iter().find(|book| book.launch == launch).map(WrittenBook::entry))
    }

    /// Changes a server's book: `change` gets what lies there and gives what is
    /// to lie there, and may be asked again when another process was faster.
    pub(in crate::downstream) fn update(
        &self,
        server: &str,
        launch: &str,
        mut change: impl FnMut(Option<&Entry>) -> Entry,
    ) -> Result<(), ShelfError> {
        let Some(data) = &self.data else {
            change(None);
            return Ok(());
        };
        for attempt in 1.. {
            let stamp = self.stamp(server);
            let (mut file, unreadable) = match self.file(server) {
                Ok(file) => (file, false),
                Err(error) => {
                    tracing::warn!(%error, "the pinned definitions in it are lost; the server's tools count as new");
                    (File::default(), true)
                }
            };
            let at = file.books.iter().position(|book| book.launch == launch);
            let before = at.map(|at| file.books.remove(at).entry());
            let after = change(before.as_ref());
            if before.as_ref() == Some(&after) && !unreadable {
                return Ok(());
            }
            file.version = VERSION;
            file.books.push(WrittenBook::of(launch, &after));
            let excess = file.books.len().saturating_sub(MAX_BOOKS);
            file.books.drain(..excess);
            if attempt < ATTEMPTS && self.stamp(server) != stamp {
                continue;
            }
            let path = self.path(server).unwrap_or_default();
            let failed = |cause: String| ShelfError { file: path.clone(), action: "written", cause };
            let text = serde_json::to_vec(&file).map_err(|error| failed(error.to_string()))?;
            let folder = data.folder(FOLDER).map_err(|error| failed(error.to_string()))?;
            return folder.replace(&file_name(server), &text).map_err(|error| failed(error.to_string()));
        }
        Ok(())
    }

    /// What tells whether the server's file was written since; none without one.
    pub(in crate::downstream) fn stamp(&self, server: &str) -> Option<Stamp> {
        let facts = std::fs::metadata(self.path(server)?).ok()?;
        #[cfg(unix)]
        let inode = std::os::unix::fs::MetadataExt::ino(&facts);
        #[cfg(not(unix))]
        let inode = 0;
        Some(Stamp { modified: facts.modified().ok(), bytes: facts.len(), inode })
    }

    fn path(&self, server: &str) -> Option<PathBuf> {
        self.data.as_ref().map(|data| data.path().join(FOLDER).join(file_name(server)))
    }

    fn file(&self, server: &str) -> Result<File, ShelfError> {
        let Some(path) = self.path(server) else { return Ok(File::default()) };
        let failed = |cause: String| ShelfError { file: path.clone(), action: "read", cause };
        let bytes = match std::fs::metadata(&path) {
            Ok(facts) if facts.len() > MAX_BYTES => Err(failed(format!("it has {} bytes", facts.len()))),
            Ok(_) => std::fs::read(&path).map_err(|error| failed(error.to_string())),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(File::default()),
            Err(error) => Err(failed(error.to_string())),
        }?;
        let file: File = serde_json::from_slice(&bytes).map_err(|error| failed(error.to_string()))?;
        if file.version != VERSION {
            return Err(failed(format!("it is of version {}, and this program knows {VERSION}", file.version)));
        }
        Ok(file)
    }
}

/// The name of a server's file. Some file systems do not tell upper case from
/// lower, and none takes a name of any length.
fn file_name(server: &str) -> String {
    let plain = server.len() <= 64 && !server.bytes().any(|byte| byte.is_ascii_uppercase());
    if plain {
        return format!("{server}.json");
    }
    let hash = sha256_hex(server.as_bytes());
    format!("{}-{}.json", names::short(server.to_ascii_lowercase()), &hash[..6])
}

impl WrittenBook {
    fn of(launch: &str, entry: &Entry) -> Self {
        let tools = entry.book.tools.iter().map(|kept| WrittenTool {
            definition: kept.definition.to_mcp(),
            accepted: kept.accepted.clone(),
            changed: kept.changed.as_ref().map(ToolDefinition::to_mcp),
            present: kept.present,
        });
        Self { launch: launch.to_owned(), era: entry.era.clone(), tools: tools.collect() }
    }

    fn entry(&self) -> Entry {
        let tools = self.tools.iter().filter_map(|tool| {
            // A limit that became stricter since: the tool is asked for again.
            let definition = read(&tool.definition).ok()?.definition;
            let changed =
                tool.changed.as_ref().and_then(|changed| read(changed).ok()).map(|reading| reading.definition);
            Some(Kept { definition, accepted: tool.accepted.clone(), changed, present: tool.present })
        });
        Entry { era: self.era.clone(), book: Book { tools: tools.collect() } }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::{Entry, Shelf, file_name};
    use crate::config::DataDir;
    use crate::contract::{Annotations, ToolDefinition};

    fn entry(description: &str) -> Entry {
        let definition = ToolDefinition {
            name: "t".to_owned(),
            title: Some("T".to_owned()),
            description: description.to_owned(),
            input_schema: json!({"type": "object", "properties": {"a": {"type": "string"}}}),
            output_schema: Some(json!({"type": "object"})),
            annotations: Annotations { idempotent_hint: Some(true), ..Annotations::default() },
        };
        let mut entry = Entry { era: Some("modern".to_owned()), ..Entry::default() };
        entry.book.fetched(vec![definition], false);
        entry
    }

    fn shelf() -> (tempfile::TempDir, Shelf) {
        let folder = tempfile::tempdir().unwrap();
        let data = DataDir::open(folder.path()).unwrap();
        (folder, Shelf::new(Some(data)))
    }

    #[test]
    fn a_book_is_kept_for_each_way_to_start_the_server() {
        let (folder, shelf) = shelf();
        assert_eq!(shelf.read("git", "one").unwrap(), None);
        assert_eq!(shelf.stamp("git"), None);
        for launch in ["one", "two"] {
            shelf.update("git", launch, |before| before.cloned().unwrap_or_else(|| entry(launch))).unwrap();
        }
        assert_eq!(shelf.read("git", "one").unwrap(), Some(entry("one")));
        assert_eq!(shelf.read("git", "two").unwrap(), Some(entry("two")));
        assert!(folder.path().join("servers/git.json").is_file());
        for launch in 0..20 {
            shelf.update("git", &launch.to_string(), |_| entry("x")).unwrap();
        }
        assert_eq!(shelf.read("git", "one").unwrap(), None, "the oldest are forgotten");
    }

    #[test]
    fn what_does_not_change_is_not_written_and_what_does_has_another_stamp() {
        let (_folder, shelf) = shelf();
        shelf.update("git", "one", |_| entry("1")).unwrap();
        let stamp = shelf.stamp("git");
        shelf.update("git", "one", |before| before.cloned().unwrap()).unwrap();
        assert_eq!(shelf.stamp("git"), stamp);
        shelf.update("git", "one", |_| entry("2")).unwrap();
        assert_ne!(shelf.stamp("git"), stamp);
    }

    #[test]
    fn who_was_overtaken_is_asked_again_with_what_lies_there_now() {
        let (_folder, shelf) = shelf();
        let mut seen = Vec::new();
        shelf
            .update("git", "one", |before| {
                seen.push(before.cloned());
                if seen.len() == 1 {
                    shelf.update("git", "one", |_| entry("theirs")).unwrap();
                }
                entry("ours")
            })
            .unwrap();
        assert_eq!(seen, [None, Some(entry("theirs"))]);
        assert_eq!(shelf.read("git", "one").unwrap(), Some(entry("ours")));
    }

    #[test]
    fn a_broken_file_is_told_and_replaced_at_the_next_change() {
        let (folder, shelf) = shelf();
        shelf.update("git", "one", |_| entry("1")).unwrap();
        for broken in ["{", r#"{"version": 9, "books": []}"#] {
            std::fs::write(folder.path().join("servers/git.json"), broken).unwrap();
            assert!(shelf.read("git", "one").unwrap_err().to_string().contains("cannot be read"));
        }
        shelf.update("git", "one", |before| before.cloned().unwrap_or_else(|| entry("2"))).unwrap();
        assert_eq!(shelf.read("git", "one").unwrap(), Some(entry("2")));
    }

    #[test]
    fn without_a_data_folder_nothing_is_kept_and_nothing_fails() {
        let shelf = Shelf::new(None);
        shelf.update("git", "one", |_| entry("1")).unwrap();
        assert_eq!(shelf.read("git", "one").unwrap(), None);
    }

    #[test]
    fn names_that_differ_in_case_alone_have_files_of_their_own() {
        assert_eq!(file_name("git"), "git.json");
        let (one, two) = (file_name("Git"), file_name("GIT"));
        assert!(one != two && one.starts_with("git-") && two.starts_with("git-"));
        assert!(file_name(&"x".repeat(300)).len() < 64);
    }
}
