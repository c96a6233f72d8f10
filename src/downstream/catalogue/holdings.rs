//! One server's tools as this process knows them: the book in memory, its copy
//! on the shelf, and what callers see of it.
//!
//! Memory is what counts here; the shelf is how the next process, and a person
//! who accepts a change in another one, are reached. Must not know whether the
//! server runs. Methods that write to the disk are not for async code.

use std::collections::HashSet;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use serde_json::Value;

use super::book::{Book, Noticed};
use super::listing::{Listing, RefusedTool, Rules};
use super::names::normalise;
use super::read::read;
use super::shelf::{Entry, Shelf, ShelfError, Stamp, There};
use crate::base::json::{Object, sha256_hex};
use crate::config::Redaction;
use crate::contract::ToolDefinition;

/// One server's tools.
pub(in crate::downstream) struct Holdings {
    rules: Rules,
    /// The server's name in files.
    file: String,
    /// A hash of how it is started.
    launch: String,
    shelf: Shelf,
    held: Mutex<Held>,
}

#[derive(Default)]
struct Held {
    book: Book,
    era: Option<String>,
    /// The server was asked, by this process or an earlier one.
    known: bool,
    /// By this process.
    asked: bool,
    broken: Vec<RefusedTool>,
    /// A hash of the last list as the server gave it.
    last: Option<String>,
    listing: Arc<Listing>,
    stamp: Option<Stamp>,
    /// Why it is not known what was accepted.
    doubt: Option<String>,
}

impl Holdings {
    /// What the shelf has of the server named `name` that is started as `launch` says.
    pub(in crate::downstream) fn load(name: &str, launch: String, rules: Rules, shelf: Shelf) -> Self {
        let file = normalise(name);
        let mut held = Held { stamp: shelf.stamp(&file), ..Held::default() };
        match shelf.read(&file, &launch) {
            Ok(Some(entry)) => {
                held = Held { book: entry.book, era: entry.era, known: true, ..held };
                held.book.give_names(|own| rules.name(own));
            }
            Ok(None) => {}
            Err(error) => {
                tracing::error!(server = name, %error, "its tools are held back until they are accepted");
                // Looked at again: it may be whole then.
                held = Held { doubt: Some(error.to_string()), stamp: None, ..held };
            }
        }
        held.listing = Arc::new(Listing::of(&held.book, &rules));
        Self { rules, file, launch, shelf, held: Mutex::new(held) }
    }

    fn held(&self) -> MutexGuard<'_, Held> {
        self.held.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What callers see.
    pub(in crate::downstream) fn listing(&self) -> Arc<Listing> {
        Arc::clone(&self.held().listing)
    }

    /// Tools that cannot be used, whether their definition or their name is in the way.
    pub(in crate::downstream) fn refused(&self) -> Vec<RefusedTool> {
        let held = self.held();
        held.broken.iter().chain(&held.listing.refused).cloned().collect()
    }

    /// Why it is not known what was accepted of its tools.
    pub(in crate::downstream) fn doubt(&self) -> Option<String> {
        self.held().doubt.clone()
    }

    /// Whether the server was ever asked for its tools.
    pub(in crate::downstream) fn known(&self) -> bool {
        self.held().known
    }

    /// Whether this process has asked it.
    pub(in crate::downstream) fn asked(&self) -> bool {
        self.held().asked
    }

    pub(in crate::downstream) fn era(&self) -> Option<String> {
        self.held().era.clone()
    }

    /// Whether what the server changes is taken as it is.
    pub(in crate::downstream) fn trusts(&self) -> bool {
        self.rules.trusts()
    }

    pub(in crate::downstream) fn fill(&self, own: &str, arguments: &mut Object) {
        self.rules.fill(own, arguments);
    }

    /// Takes in what the server has now. Whether callers see something else than before.
    pub(in crate::downstream) fn take(&self, server: &str, era: &str, tools: &[Object]) -> bool {
        let text: Vec<Value> = tools.iter().cloned().map(Value::Object).collect();
        let last = Some(sha256_hex(Value::Array(text).to_string().as_bytes()));
        if self.held().last == last {
            return false;
        }
        let (list, broken) = taken(server, tools, self.shelf.redaction());
        let mut noticed = Noticed::default();
        let written = self.write(false, |held, doubt| {
            noticed = held.book.fetched(list, doubt);
            held.era = Some(era.to_owned());
            (held.known, held.asked) = (true, true);
            held.broken = broken;
            held.broken.extend(noticed.too_many.iter().map(|name| RefusedTool {
                name: name.clone(),
                reason: "more tools than can be remembered came and went: it has no place".to_owned(),
            }));
            held.last = last;
        });
        for tool in noticed.changed.iter().filter(|_| !self.rules.trusts()) {
            tracing::warn!(
                server,
                tool,
                "changed since it was accepted: held back until `sequitur tools accept` takes it"
            );
        }
        if !noticed.new.is_empty() || !noticed.gone.is_empty() {
            tracing::info!(server, new = noticed.new.len(), gone = noticed.gone.len(), "its tools changed");
        }
        match written {
            Ok(changed) => changed,
            Err(error) => {
                tracing::error!(server, %error, "its tools are known to this process alone");
                true
            }
        }
    }

    /// Accepts a tool as it is now. False when it is not held back.
    pub(in crate::downstream) fn accept(&self, own: &str) -> Result<bool, ShelfError> {
        let mut accepted = false;
        self.write(true, |held, _| {
            let name = self.rules.name(own);
            accepted = name.is_some_and(|name| held.book.accept(own, &name));
        })?;
        Ok(accepted)
    }

    /// Looks whether another process has written, while a tool is held back here. Whether callers
    /// see something else now.
    pub(in crate::downstream) fn look(&self) -> bool {
        let stamp = self.shelf.stamp(&self.file);
        {
            let held = self.held();
            if !held.listing.holds_back() || (held.stamp == stamp && held.doubt.is_none()) {
                return false;
            }
        }
        // Without the lock: a call must not wait for the disk.
        match self.shelf.read(&self.file, &self.launch) {
            Ok(entry) => {
                let mut held = self.held();
                held.stamp = stamp;
                let Some(entry) = entry else { return false };
                held.doubt = None;
                held.book.learn(&entry.book) && held.renew(&self.rules)
            }
            // It may be there whole at the next look.
            Err(error) => {
                tracing::debug!(%error, "looking for accepted changes");
                false
            }
        }
    }

    /// Whether a tool is held back.
    pub(in crate::downstream) fn holds_back(&self) -> bool {
        self.held().listing.holds_back()
    }

    /// Changes what is held, over what the shelf has now, and keeps it. `change` is told whether
    /// it is unknown what was accepted.
    fn write(&self, anew: bool, change: impl FnOnce(&mut Held, bool)) -> Result<bool, ShelfError> {
        let mut changed = false;
        let written = self.shelf.update(&self.file, &self.launch, anew, |there| {
            let mut held = self.held();
            match there {
                There::Book(there) => {
                    held.book.learn(&there.book);
                    held.doubt = None;
                }
                There::Nothing => held.doubt = None,
                There::Unreadable => {}
            }
            change(&mut held, there == There::Unreadable);
            held.book.give_names(|own| self.rules.name(own));
            changed = held.renew(&self.rules);
            Entry { era: held.era.clone(), book: held.book.clone() }
        });
        let stamp = written?;
        let mut held = self.held();
        (held.stamp, held.doubt) = (stamp, None);
        Ok(changed)
    }
}

impl Held {
    fn renew(&mut self, rules: &Rules) -> bool {
        let listing = Listing::of(&self.book, rules);
        if *self.listing == listing {
            return false;
        }
        self.listing = Arc::new(listing);
        true
    }
}

/// The tools that can be taken in, and why the others cannot. Of two with one name the first.
fn taken(server: &str, tools: &[Object], redaction: &Redaction) -> (Vec<ToolDefinition>, Vec<RefusedTool>) {
    let mut list: Vec<ToolDefinition> = Vec::new();
    let mut broken = Vec::new();
    let mut names = HashSet::new();
    for (at, tool) in tools.iter().enumerate() {
        let shown = || {
            let name = tool.get("name").and_then(Value::as_str).filter(|name| !name.is_empty());
            let name = name.map(|name| redaction.redact(name).unwrap_or_else(|| name.to_owned()));
            name.map_or_else(|| format!("number {}", at + 1), |name| name.chars().take(100).collect())
        };
        let reading = read(tool, redaction).and_then(|reading| {
            let first = names.insert(reading.definition.name.clone());
            if first { Ok(reading) } else { Err("the server lists another tool of this name before it".to_owned()) }
        });
        match reading {
            Ok(reading) => {
                if reading.removed > 0 {
                    tracing::warn!(
                        server,
                        tool = shown(),
                        removed = reading.removed,
                        "characters taken out of its texts"
                    );
                }
                if let Some(why) = reading.without_output_schema {
                    tracing::warn!(server, tool = shown(), "its output schema {why}: left out");
                }
                list.push(reading.definition);
            }
            Err(reason) => {
                tracing::warn!(server, tool = shown(), reason, "tool refused");
                broken.push(RefusedTool { name: shown(), reason });
            }
        }
    }
    (list, broken)
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::super::{Rules, Shelf};
    use super::Holdings;
    use crate::base::json::Object;
    use crate::config::{DataDir, Redaction};

    fn tools(written: &Value) -> Vec<Object> {
        written.as_array().unwrap().iter().map(|tool| tool.as_object().cloned().unwrap()).collect()
    }

    fn tool(name: &str, description: &str) -> Value {
        json!({"name": name, "description": description, "inputSchema": {"type": "object"}})
    }

    fn usable(holdings: &Holdings) -> Vec<String> {
        let listing = holdings.listing();
        let usable = listing.lines.iter().filter(|line| line.changed.is_none());
        usable.map(|line| format!("{}={}", line.tool.definition.name, line.tool.definition.description)).collect()
    }

    struct World {
        folder: tempfile::TempDir,
    }

    impl World {
        fn new() -> Self {
            Self { folder: tempfile::tempdir().unwrap() }
        }

        fn process(&self, trust: bool) -> Holdings {
            let server = serde_json::from_value(json!({"command": "x", "trust": trust})).unwrap();
            let shelf =
                Shelf::new(Some(DataDir::open(self.folder.path()).unwrap()), Redaction::new(&["hunter22".to_owned()]));
            Holdings::load("git", "launch".to_owned(), Rules::of("git", &server), shelf)
        }
    }

    #[test]
    fn the_next_process_knows_the_tools_without_asking() {
        let world = World::new();
        let first = world.process(false);
        assert!(!first.known() && usable(&first).is_empty());
        assert!(first.take("git", "legacy", &tools(&json!([tool("a", "1")]))));
        assert!(!first.take("git", "legacy", &tools(&json!([tool("a", "1")]))), "nothing new");
        let next = world.process(false);
        assert!(next.known() && !next.asked() && first.asked());
        assert_eq!((usable(&next), next.era()), (vec!["git__a=1".to_owned()], Some("legacy".to_owned())));
    }

    #[test]
    fn what_one_process_accepts_reaches_another_that_holds_it_back() {
        let world = World::new();
        let running = world.process(false);
        running.take("git", "legacy", &tools(&json!([tool("a", "1"), tool("b", "1")])));
        running.take("git", "legacy", &tools(&json!([tool("a", "2"), tool("b", "1")])));
        assert!(running.holds_back() && !running.look());
        assert_eq!(usable(&running), ["git__b=1"]);
        let other = world.process(false);
        assert_eq!(other.listing().lines[0].changed.as_deref().unwrap(), [r#"description: "1" -> "2""#]);
        assert!(other.accept("a").unwrap() && !other.accept("a").unwrap());
        assert!(running.look() && !running.look());
        assert_eq!(usable(&running), ["git__a=2", "git__b=1"]);
    }

    #[test]
    fn a_trusted_server_has_nothing_held_back_from_before() {
        let world = World::new();
        let first = world.process(false);
        first.take("git", "legacy", &tools(&json!([tool("a", "1")])));
        first.take("git", "legacy", &tools(&json!([tool("a", "2")])));
        assert_eq!(usable(&world.process(true)), ["git__a=2"]);
        let trusting = world.process(true);
        trusting.take("git", "legacy", &tools(&json!([tool("a", "3")])));
        assert_eq!((usable(&trusting), trusting.holds_back()), (vec!["git__a=3".to_owned()], false));
        let no_more = world.process(false);
        assert_eq!((usable(&no_more).len(), no_more.holds_back()), (0, true), "what it changed is not accepted");
    }

    #[test]
    fn pins_that_cannot_be_read_hold_everything_back_until_it_is_accepted_or_they_can() {
        let world = World::new();
        let list = tools(&json!([tool("a", "1"), tool("b", "1")]));
        world.process(false).take("git", "legacy", &list);
        let path = world.folder.path().join("servers/git.json");
        let whole = std::fs::read(&path).unwrap();
        std::fs::write(&path, "{").unwrap();
        let running = world.process(false);
        running.take("git", "legacy", &list);
        assert!(usable(&running).is_empty() && running.doubt().unwrap().contains("git.json` cannot be read"));
        assert_eq!(
            running.listing().lines[0].changed.as_deref().unwrap(),
            ["pin: what was accepted of it before cannot be read"]
        );
        std::fs::write(&path, &whole).unwrap();
        assert!(running.look() && running.doubt().is_none());
        assert_eq!(usable(&running), ["git__a=1", "git__b=1"], "once it is whole again");
        std::fs::write(&path, "{").unwrap();
        let running = world.process(false);
        running.take("git", "legacy", &list);
        assert!(running.accept("a").unwrap());
        assert_eq!(usable(&running), ["git__a=1"]);
        let next = world.process(false);
        assert_eq!((usable(&next), next.doubt()), (vec!["git__a=1".to_owned()], None));
        assert!(next.holds_back() && next.accept("b").unwrap());
    }

    #[test]
    fn what_another_accepts_right_after_we_have_written_is_seen() {
        let world = World::new();
        let running = world.process(false);
        running.take("git", "legacy", &tools(&json!([tool("a", "1")])));
        running.take("git", "legacy", &tools(&json!([tool("a", "2")])));
        let written = running.held().stamp;
        assert_eq!(written, running.shelf.stamp("git"), "the stamp is of what we wrote");
        assert!(world.process(false).accept("a").unwrap());
        assert!(running.look());
    }

    #[test]
    fn no_secret_is_listed_told_or_kept() {
        let world = World::new();
        let holdings = world.process(false);
        let list = json!([tool("a", "key hunter22"), tool("hunter22", "1"), {"name": "b hunter22"}]);
        holdings.take("git", "legacy", &tools(&list));
        holdings.take("git", "legacy", &tools(&json!([tool("a", "other hunter22")])));
        let told = format!("{:?} {:?}", holdings.listing(), holdings.refused());
        let kept = std::fs::read_to_string(world.folder.path().join("servers/git.json")).unwrap();
        assert!(!told.contains("hunter22") && !kept.contains("hunter22"), "{told}\n{kept}");
        assert!(told.contains("<redacted>") && kept.contains("<redacted>"));
    }

    #[test]
    fn a_broken_tool_leaves_its_neighbours_and_is_told() {
        let world = World::new();
        let holdings = world.process(false);
        let list = json!([tool("a", "1"), {"name": "bad"}, {}, tool("a", "again"), tool("b", "1")]);
        holdings.take("git", "legacy", &tools(&list));
        assert_eq!(usable(&holdings), ["git__a=1", "git__b=1"]);
        let told: Vec<String> =
            holdings.refused().into_iter().map(|tool| format!("{}: {}", tool.name, tool.reason)).collect();
        assert_eq!(
            told,
            [
                "bad: it has no input schema",
                "number 3: it has no name",
                "a: the server lists another tool of this name before it"
            ]
        );
    }
}
