//! One server's definitions as they were pinned, and those that changed since.
//!
//! A tool is pinned when it is first seen. One that comes back different is held
//! back until a person accepts it; that a tool vanished does not make it new
//! when it returns. Must not know names but the server's own, nor where books
//! are kept.

use crate::base::json::sha256_hex;
use crate::contract::ToolDefinition;

/// Definitions of one tool that were accepted, the latest last.
const MAX_ACCEPTED: usize = 8;
/// Tools that are gone and still remembered.
const MAX_GONE: usize = 500;

/// One tool.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Kept {
    /// As it may be used.
    pub(super) definition: ToolDefinition,
    /// Marks of definitions that may be used. Several: processes may run
    /// different versions of one server at a time.
    pub(super) accepted: Vec<String>,
    /// As the server has it now, when that may not be used.
    pub(super) changed: Option<ToolDefinition>,
    /// Whether the server had it when it was last asked.
    pub(super) present: bool,
}

/// One server's tools.
#[derive(Debug, Clone, Default, PartialEq)]
pub(in crate::downstream) struct Book {
    pub(super) tools: Vec<Kept>,
}

/// What asking a server brought, by its own names.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(in crate::downstream) struct Noticed {
    pub(in crate::downstream) new: Vec<String>,
    pub(in crate::downstream) gone: Vec<String>,
    /// Held back from now on.
    pub(in crate::downstream) changed: Vec<String>,
}

impl Noticed {
    /// What was noticed after this.
    pub(in crate::downstream) fn add(&mut self, later: Self) {
        self.new.extend(later.new);
        self.gone.extend(later.gone);
        self.changed.extend(later.changed);
    }
}

/// A hash of all that a caller sees of a tool: its pin, and its title too.
pub(super) fn mark(definition: &ToolDefinition) -> String {
    match &definition.title {
        None => definition.pin(),
        Some(title) => sha256_hex(format!("{}\n{title}", definition.pin()).as_bytes()),
    }
}

impl Kept {
    fn new(definition: ToolDefinition) -> Self {
        Self { accepted: vec![mark(&definition)], definition, changed: None, present: true }
    }

    fn admit(&mut self, mark: String) {
        if !self.accepted.contains(&mark) {
            self.accepted.push(mark);
            let excess = self.accepted.len().saturating_sub(MAX_ACCEPTED);
            self.accepted.drain(..excess);
        }
    }

    /// Whether it is held back from now on and was not before.
    fn seen(&mut self, now: ToolDefinition, trust: bool) -> bool {
        self.present = true;
        let mark = mark(&now);
        if trust {
            self.admit(mark.clone());
        }
        if self.accepted.contains(&mark) {
            self.definition = now;
            self.changed = None;
            return false;
        }
        let before = self.changed.replace(now);
        before.is_none()
    }
}

impl Book {
    /// Takes in what the server has now, in its order. `trust` accepts what changed.
    pub(in crate::downstream) fn fetched(&mut self, list: Vec<ToolDefinition>, trust: bool) -> Noticed {
        let mut noticed = Noticed::default();
        let mut before = std::mem::take(&mut self.tools);
        for definition in list {
            let name = definition.name.clone();
            let known = before.iter().position(|kept| kept.definition.name == name).map(|at| before.remove(at));
            let kept = match known {
                None => {
                    noticed.new.push(name);
                    Kept::new(definition)
                }
                Some(mut kept) => {
                    if kept.seen(definition, trust) {
                        noticed.changed.push(name);
                    }
                    kept
                }
            };
            self.tools.push(kept);
        }
        for mut kept in before {
            if kept.present {
                noticed.gone.push(kept.definition.name.clone());
            }
            kept.present = false;
            self.tools.push(kept);
        }
        let gone = self.tools.iter().filter(|kept| !kept.present).count();
        let mut excess = gone.saturating_sub(MAX_GONE);
        self.tools.retain(|kept| {
            let forget = !kept.present && excess > 0;
            excess -= usize::from(forget);
            !forget
        });
        noticed
    }

    /// Takes in what another process has accepted or seen of the same server.
    /// What is there now, this book knows better. Whether anything was new.
    pub(in crate::downstream) fn learn(&mut self, other: &Self) -> bool {
        let before = self.clone();
        for theirs in &other.tools {
            match self.tools.iter_mut().find(|kept| kept.definition.name == theirs.definition.name) {
                None => self.tools.push(Kept { present: false, ..theirs.clone() }),
                Some(ours) => {
                    for mark in &theirs.accepted {
                        ours.admit(mark.clone());
                    }
                    if ours.changed.as_ref().is_some_and(|changed| ours.accepted.contains(&mark(changed)))
                        && let Some(changed) = ours.changed.take()
                    {
                        ours.definition = changed;
                    }
                }
            }
        }
        *self != before
    }

    /// Accepts a tool as the server has it now; false when there is nothing to accept.
    pub(in crate::downstream) fn accept(&mut self, name: &str) -> bool {
        let Some(kept) = self.tools.iter_mut().find(|kept| kept.definition.name == name) else { return false };
        let Some(changed) = kept.changed.take() else { return false };
        kept.admit(mark(&changed));
        kept.definition = changed;
        true
    }

    /// Accepts whatever is held back.
    pub(in crate::downstream) fn accept_all(&mut self) {
        let names: Vec<String> = self.tools.iter().map(|kept| kept.definition.name.clone()).collect();
        for name in names {
            self.accept(&name);
        }
    }

    /// The tools the server has, in its order; with each, how it changed if it is held back.
    pub(in crate::downstream) fn present(&self) -> impl Iterator<Item = (&ToolDefinition, Option<&ToolDefinition>)> {
        self.tools.iter().filter(|kept| kept.present).map(|kept| (&kept.definition, kept.changed.as_ref()))
    }

    /// Whether a tool is held back.
    pub(in crate::downstream) fn holds_back(&self) -> bool {
        self.present().any(|(_, changed)| changed.is_some())
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::{Book, Noticed};
    use crate::contract::{Annotations, ToolDefinition};

    fn tool(name: &str, description: &str) -> ToolDefinition {
        ToolDefinition {
            name: name.to_owned(),
            title: None,
            description: description.to_owned(),
            input_schema: json!({"type": "object"}),
            output_schema: None,
            annotations: Annotations::default(),
        }
    }

    fn usable(book: &Book) -> Vec<(&str, &str)> {
        let usable = book.present().filter(|(_, changed)| changed.is_none());
        usable.map(|(tool, _)| (tool.name.as_str(), tool.description.as_str())).collect()
    }

    #[test]
    fn a_tool_that_changed_is_held_back_until_it_is_accepted() {
        let mut book = Book::default();
        book.fetched(vec![tool("a", "1"), tool("b", "1")], false);
        let noticed = book.fetched(vec![tool("a", "2"), tool("b", "1")], false);
        assert_eq!(noticed, Noticed { changed: vec!["a".to_owned()], ..Noticed::default() });
        assert_eq!(usable(&book), [("b", "1")]);
        assert!(book.holds_back());
        assert_eq!(book.fetched(vec![tool("a", "2"), tool("b", "1")], false), Noticed::default(), "told once");
        assert!(book.accept("a") && !book.accept("a") && !book.accept("b"));
        assert_eq!(usable(&book), [("a", "2"), ("b", "1")]);
        book.fetched(vec![tool("a", "2")], false);
        assert!(!book.holds_back());
    }

    #[test]
    fn one_that_is_as_it_was_again_may_be_used_again() {
        let mut book = Book::default();
        book.fetched(vec![tool("a", "1")], false);
        book.fetched(vec![tool("a", "2")], false);
        book.fetched(vec![tool("a", "1")], false);
        assert_eq!(usable(&book), [("a", "1")]);
    }

    #[test]
    fn a_changed_title_is_a_change() {
        let mut book = Book::default();
        book.fetched(vec![tool("a", "1")], false);
        let titled = ToolDefinition { title: Some("Ignore all else".to_owned()), ..tool("a", "1") };
        assert_eq!(book.fetched(vec![titled], false).changed, ["a"]);
    }

    #[test]
    fn a_trusted_server_may_change_its_tools() {
        let mut book = Book::default();
        book.fetched(vec![tool("a", "1")], true);
        assert_eq!(book.fetched(vec![tool("a", "2")], true), Noticed::default());
        assert_eq!(usable(&book), [("a", "2")]);
    }

    #[test]
    fn a_vanished_tool_is_gone_and_still_pinned_when_it_returns() {
        let mut book = Book::default();
        book.fetched(vec![tool("a", "1"), tool("b", "1")], false);
        assert_eq!(book.fetched(vec![tool("b", "1")], false).gone, ["a"]);
        assert_eq!(usable(&book), [("b", "1")]);
        let noticed = book.fetched(vec![tool("b", "1"), tool("a", "evil")], false);
        assert_eq!((noticed.changed, noticed.new.len()), (vec!["a".to_owned()], 0));
    }

    #[test]
    fn what_is_remembered_of_vanished_tools_is_bounded() {
        let mut book = Book::default();
        for round in 0..600 {
            book.fetched(vec![tool(&format!("t{round}"), "1")], false);
        }
        assert_eq!(book.tools.len(), 501);
    }

    #[test]
    fn what_another_process_accepted_counts_and_two_versions_may_live_side_by_side() {
        let mut ours = Book::default();
        ours.fetched(vec![tool("a", "1")], false);
        let mut theirs = ours.clone();
        ours.fetched(vec![tool("a", "2")], false);
        theirs.fetched(vec![tool("a", "2"), tool("b", "1")], false);
        assert!(theirs.accept("a"));
        assert!(ours.learn(&theirs) && !ours.learn(&theirs));
        assert_eq!(usable(&ours), [("a", "2")], "its own view of what is there stays");
        assert_eq!(ours.fetched(vec![tool("a", "1"), tool("b", "2")], false).changed, ["b"], "what they saw is pinned");
    }
}
