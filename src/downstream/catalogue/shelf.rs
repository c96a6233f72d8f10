//! Where books are kept: a file for each server in the data folder, `servers/`,
//! so that the next process knows the tools without starting anything.
//!
//! A file holds the books of the last few ways in which a server of that name
//! was started: two projects may each have their own. Written whole or not at
//! all, by one process at a time, over what another wrote meanwhile. A file that
//! cannot be read stays as it is until a person accepts something: then it is
//! put aside. Must not know what a book says. Without a data folder nothing is kept.

use std::fs::{File, TryLockError};
use std::path::PathBuf;
use std::time::{Duration, SystemTime};

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::book::{Book, Kept, bare};
use super::names;
use super::read::read;
use crate::base::json::{Object, sha256_hex};
use crate::config::{DataDir, Redaction};
use crate::contract::ToolDefinition;

const FOLDER: &str = "servers";
const VERSION: u32 = 1;
/// Ways to start one server that are remembered.
const MAX_BOOKS: usize = 16;
/// A file beyond this is not ours.
const MAX_BYTES: u64 = 64 << 20;
/// Looks whether another process has written, and what is between two.
const LOOKS: usize = 200;
const PAUSE: Duration = Duration::from_millis(10);

/// The books on disk.
#[derive(Debug, Clone)]
pub(in crate::downstream) struct Shelf {
    data: Option<DataDir>,
    redaction: Redaction,
    max_bytes: u64,
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

/// What lies there, for one who changes it.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(in crate::downstream) enum There<'e> {
    Nothing,
    Book(&'e Entry),
    /// Something that cannot be read.
    Unreadable,
}

#[derive(Default, Serialize, Deserialize)]
struct Written {
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
    #[serde(default)]
    names: Vec<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    changed: Option<Object>,
    present: bool,
}

impl Shelf {
    /// In this folder, without these secrets.
    pub(in crate::downstream) fn new(data: Option<DataDir>, redaction: Redaction) -> Self {
        Self { data, redaction, max_bytes: MAX_BYTES }
    }

    /// What must not lie there.
    pub(in crate::downstream) fn redaction(&self) -> &Redaction {
        &self.redaction
    }

    /// The book of a server that is started this way.
    pub(in crate::downstream) fn read(&self, server: &str, launch: &str) -> Result<Option<Entry>, ShelfError> {
        Ok(self.file(server)?.books.iter().find(|book| book.launch == launch).map(|book| book.entry(&self.redaction)))
    }

    /// Changes a server's book: `change` gets what lies there and gives what is to lie there.
    /// What cannot be read is put aside if `anew`, else left, and told. Gives what tells whether
    /// another has written since.
    pub(in crate::downstream) fn update(
        &self,
        server: &str,
        launch: &str,
        anew: bool,
        change: impl FnOnce(There<'_>) -> Entry,
    ) -> Result<Option<Stamp>, ShelfError> {
        let Some(data) = &self.data else {
            change(There::Nothing);
            return Ok(None);
        };
        let path = self.path(server).unwrap_or_default();
        let failed = |cause: String| ShelfError { file: path.clone(), action: "written", cause };
        let folder = data.folder(FOLDER).map_err(|error| failed(error.to_string()));
        // Until this returns, no other process changes it.
        let locked = folder.and_then(|folder| Ok((lock(&folder, server).map_err(failed)?, folder)));
        let (_lock, folder, mut file) = match locked.and_then(|(lock, folder)| Ok((lock, folder, self.file(server)?))) {
            Ok(all) => all,
            Err(error) if !anew => {
                change(There::Unreadable);
                return Err(error);
            }
            Err(error) => {
                tracing::warn!(%error, "put aside, since a tool is accepted");
                let folder = data.folder(FOLDER).map_err(|error| failed(error.to_string()))?;
                let lock = lock(&folder, server).map_err(failed)?;
                let aside = path.with_extension("json.unreadable");
                std::fs::rename(&path, &aside).map_err(|error| failed(error.to_string()))?;
                let after = change(There::Unreadable);
                let file = Written { version: VERSION, books: vec![WrittenBook::of(launch, &after)] };
                self.write(&folder, server, file).map_err(failed)?;
                drop(lock);
                return Ok(self.stamp(server));
            }
        };
        let at = file.books.iter().position(|book| book.launch == launch);
        let before = at.map(|at| file.books.remove(at).entry(&self.redaction));
        let after = change(before.as_ref().map_or(There::Nothing, There::Book));
        if before.as_ref() != Some(&after) {
            file.version = VERSION;
            file.books.push(WrittenBook::of(launch, &after));
            let excess = file.books.len().saturating_sub(MAX_BOOKS);
            file.books.drain(..excess);
            self.write(&folder, server, file).map_err(failed)?;
        }
        Ok(self.stamp(server))
    }

    /// Writes a file that can be read again: of the books that were not used last, only what was accepted if need be.
    fn write(&self, folder: &DataDir, server: &str, mut file: Written) -> Result<(), String> {
        let mut shortened = 0;
        loop {
            let text = serde_json::to_vec(&file).map_err(|error| error.to_string())?;
            if u64::try_from(text.len()).is_ok_and(|bytes| bytes <= self.max_bytes) {
                return folder.replace(&file_name(server), &text).map_err(|error| error.to_string());
            }
            let Some(book) = file.books.get_mut(shortened) else {
                return Err(format!("it would have {} bytes", text.len()));
            };
            let mut entry = book.entry(&self.redaction);
            let last = entry.book.tools.iter().any(|kept| kept.present) && shortened + 1 == file.books.len();
            if !last {
                entry.book.tools.iter_mut().for_each(|kept| kept.present = false);
            }
            entry.book.shorten(0);
            if let Some(book) = file.books.get_mut(shortened) {
                *book = WrittenBook::of(&book.launch.clone(), &entry);
            }
            shortened += 1;
        }
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

    fn file(&self, server: &str) -> Result<Written, ShelfError> {
        let Some(path) = self.path(server) else { return Ok(Written::default()) };
        let failed = |cause: String| ShelfError { file: path.clone(), action: "read", cause };
        let bytes = match std::fs::metadata(&path) {
            Ok(facts) if facts.len() > self.max_bytes => Err(failed(format!("it has {} bytes", facts.len()))),
            Ok(_) => std::fs::read(&path).map_err(|error| failed(error.to_string())),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(Written::default()),
            Err(error) => Err(failed(error.to_string())),
        }?;
        let file: Written = serde_json::from_slice(&bytes).map_err(|error| failed(error.to_string()))?;
        if file.version != VERSION {
            return Err(failed(format!("it is of version {}, and this program knows {VERSION}", file.version)));
        }
        Ok(file)
    }
}

/// Keeps other processes from the server's file while it is held.
fn lock(folder: &DataDir, server: &str) -> Result<File, String> {
    let told = |error: &std::io::Error| format!("it cannot be locked: {error}");
    let path = folder.path().join(format!("{}.lock", file_name(server)));
    let mut options = File::options();
    options.create(true).truncate(false).write(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let file = options.open(path).map_err(|error| told(&error))?;
    for _ in 0..LOOKS {
        match file.try_lock() {
            Ok(()) => return Ok(file),
            Err(TryLockError::WouldBlock) => std::thread::park_timeout(PAUSE),
            Err(TryLockError::Error(error)) => return Err(told(&error)),
        }
    }
    Err("another process holds it".to_owned())
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
            names: kept.names.clone(),
            changed: kept.changed.as_ref().map(ToolDefinition::to_mcp),
            present: kept.present,
        });
        Self { launch: launch.to_owned(), era: entry.era.clone(), tools: tools.collect() }
    }

    fn entry(&self, redaction: &Redaction) -> Entry {
        let tools = self.tools.iter().filter_map(|tool| {
            let name = tool.definition.get("name").and_then(Value::as_str)?;
            let again = |definition: &Object| read(definition, redaction).ok().map(|reading| reading.definition);
            let definition = again(&tool.definition);
            let changed = tool.changed.as_ref().map(again);
            // A limit may have become stricter since: it is asked for again, and is pinned as it was.
            let whole = definition.is_some() && !matches!(changed, Some(None));
            Some(Kept {
                definition: definition.unwrap_or_else(|| bare(name)),
                accepted: tool.accepted.clone(),
                names: tool.names.clone(),
                changed: changed.flatten(),
                present: tool.present && whole,
            })
        });
        Entry { era: self.era.clone(), book: Book { tools: tools.collect() } }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::{Entry, Shelf, Stamp, There, file_name};
    use crate::config::{DataDir, Redaction};
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
        (folder, Shelf::new(Some(data), Redaction::default()))
    }

    fn put(shelf: &Shelf, launch: &str, change: impl FnOnce(There<'_>) -> Entry) -> Option<Stamp> {
        shelf.update("git", launch, false, change).unwrap()
    }

    fn or(there: There<'_>, other: &str) -> Entry {
        match there {
            There::Book(entry) => entry.clone(),
            There::Nothing | There::Unreadable => entry(other),
        }
    }

    #[test]
    fn a_book_is_kept_for_each_way_to_start_the_server() {
        let (folder, shelf) = shelf();
        assert_eq!(shelf.read("git", "one").unwrap(), None);
        assert_eq!(shelf.stamp("git"), None);
        for launch in ["one", "two"] {
            put(&shelf, launch, |there| or(there, launch));
        }
        assert_eq!(shelf.read("git", "one").unwrap(), Some(entry("one")));
        assert_eq!(shelf.read("git", "two").unwrap(), Some(entry("two")));
        assert!(folder.path().join("servers/git.json").is_file());
        for launch in 0..20 {
            put(&shelf, &launch.to_string(), |_| entry("x"));
        }
        assert_eq!(shelf.read("git", "one").unwrap(), None, "the oldest are forgotten");
    }

    #[test]
    fn what_does_not_change_is_not_written_and_what_does_has_another_stamp() {
        let (_folder, shelf) = shelf();
        let stamp = put(&shelf, "one", |_| entry("1"));
        assert_eq!(put(&shelf, "one", |there| or(there, "other")), stamp);
        assert_eq!(shelf.stamp("git"), stamp);
        assert_ne!(put(&shelf, "one", |_| entry("2")), stamp);
    }

    #[test]
    fn of_many_who_write_at_once_none_takes_anothers_away() {
        let (_folder, shelf) = shelf();
        std::thread::scope(|scope| {
            for writer in 0..4 {
                let shelf = &shelf;
                scope.spawn(move || {
                    for n in 0..20 {
                        put(shelf, "one", |there| {
                            let mut entry = or(there, "");
                            entry.book.tools[0].accepted.push(format!("{writer} {n}"));
                            entry
                        });
                    }
                });
            }
        });
        let kept = shelf.read("git", "one").unwrap().unwrap();
        assert_eq!(kept.book.tools[0].accepted.len(), 81);
    }

    #[test]
    fn a_file_that_cannot_be_read_stays_until_something_is_accepted() {
        let (folder, shelf) = shelf();
        put(&shelf, "one", |_| entry("1"));
        let path = folder.path().join("servers/git.json");
        let small = Shelf { max_bytes: 100, ..shelf.clone() };
        for (broken, shelf) in [("{", &shelf), (r#"{"version": 9, "books": []}"#, &shelf), (&"x".repeat(101), &small)] {
            std::fs::write(&path, broken).unwrap();
            assert!(shelf.read("git", "one").unwrap_err().to_string().contains("cannot be read"));
            let mut seen = false;
            let kept = shelf.update("git", "one", false, |there| {
                seen = there == There::Unreadable;
                entry("2")
            });
            assert!(seen && kept.is_err());
            assert_eq!(std::fs::read_to_string(&path).unwrap(), broken, "it is left as it is");
        }
        shelf.update("git", "one", true, |there| or(there, "2")).unwrap();
        assert_eq!(shelf.read("git", "one").unwrap(), Some(entry("2")));
        assert!(folder.path().join("servers/git.json.unreadable").is_file());
    }

    #[test]
    fn what_would_be_too_large_to_be_read_again_is_shortened_to_what_was_accepted() {
        let (_folder, shelf) = shelf();
        let small = Shelf { max_bytes: 20_000, ..shelf };
        for launch in ["one", "two", "three"] {
            put(&small, launch, |_| entry(&"long ".repeat(1_500)));
        }
        let whole = entry(&"long ".repeat(1_500));
        assert_eq!(small.read("git", "three").unwrap().as_ref(), Some(&whole));
        let first = small.read("git", "one").unwrap().unwrap();
        assert_eq!(first.book.tools[0].accepted, whole.book.tools[0].accepted);
        assert!(!first.book.tools[0].present && first.book.tools[0].definition.description.is_empty());
    }

    #[test]
    fn a_tool_that_is_no_longer_taken_stays_pinned() {
        let (folder, shelf) = shelf();
        put(&shelf, "one", |_| entry("1"));
        let path = folder.path().join("servers/git.json");
        let text = std::fs::read_to_string(&path).unwrap();
        let refused = r#""inputSchema":{"type":"object","properties":{"a":{"$ref":"https://x"}"#;
        let text = text.replacen(r#""inputSchema":{"type":"object","properties":{"a":{"type":"string"}"#, refused, 1);
        assert!(text.contains("https://x"), "{text}");
        std::fs::write(&path, text).unwrap();
        let mut book = shelf.read("git", "one").unwrap().unwrap().book;
        assert_eq!(book.present().count(), 0);
        let other = entry("evil").book.tools[0].definition.clone();
        assert_eq!(book.fetched(vec![other], false).changed, ["t"]);
    }

    #[test]
    fn without_a_data_folder_nothing_is_kept_and_nothing_fails() {
        let shelf = Shelf::new(None, Redaction::default());
        put(&shelf, "one", |_| entry("1"));
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
