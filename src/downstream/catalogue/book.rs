//! One server's definitions as they were pinned, and those that changed since.
//!
//! A tool is pinned when it is first seen, and so is the name that callers use
//! for it. One that comes back different, or takes a name that was another's, is
//! held back until a person accepts it; that a tool vanished does not make it new
//! when it returns, however many came and went since. Whether a server is
//! trusted is not asked here: what it changed is remembered as changed. Must not
//! know how names are made, nor where books are kept.

use std::collections::HashMap;

use serde_json::json;

use crate::base::json::sha256_hex;
use crate::contract::{Annotations, ToolDefinition};

/// Definitions of one tool that were accepted, the latest last.
const MAX_ACCEPTED: usize = 8;
/// Tools that are gone and remembered with all they say; of others what was accepted.
const MAX_GONE: usize = 500;
/// Tools that are remembered at all. Beyond these no new one is taken: a pin is never forgotten.
const MAX_REMEMBERED: usize = 20_000;

/// One tool.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Kept {
    /// As it may be used.
    pub(super) definition: ToolDefinition,
    /// Marks of definitions that may be used. Several: processes may run
    /// different versions of one server at a time. None: it was never accepted.
    pub(super) accepted: Vec<String>,
    /// The names that callers may use for it.
    pub(super) names: Vec<String>,
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
    /// Not taken: there is no room to remember them.
    pub(in crate::downstream) too_many: Vec<String>,
}

/// A hash of all that a caller sees of a tool: its pin, and its title too.
pub(super) fn mark(definition: &ToolDefinition) -> String {
    match &definition.title {
        None => definition.pin(),
        Some(title) => sha256_hex(format!("{}\n{title}", definition.pin()).as_bytes()),
    }
}

/// A tool of which nothing is known but its name.
pub(super) fn bare(name: &str) -> ToolDefinition {
    ToolDefinition {
        name: name.to_owned(),
        title: None,
        description: String::new(),
        input_schema: json!({"type": "object"}),
        output_schema: None,
        annotations: Annotations::default(),
    }
}

impl Kept {
    fn new(definition: ToolDefinition) -> Self {
        Self { accepted: vec![mark(&definition)], definition, names: Vec::new(), changed: None, present: true }
    }

    /// One of which it is not known what was accepted before.
    fn unknown(definition: ToolDefinition) -> Self {
        let known = bare(&definition.name);
        Self { accepted: Vec::new(), definition: known, names: Vec::new(), changed: Some(definition), present: true }
    }

    fn admit(&mut self, mark: String) {
        if !self.accepted.contains(&mark) {
            self.accepted.push(mark);
            let excess = self.accepted.len().saturating_sub(MAX_ACCEPTED);
            self.accepted.drain(..excess);
        }
    }

    /// Whether it is held back from now on and was not before.
    fn seen(&mut self, now: ToolDefinition) -> bool {
        self.present = true;
        if self.accepted.contains(&mark(&now)) {
            self.definition = now;
            self.changed = None;
            return false;
        }
        let before = self.changed.replace(now);
        before.is_none()
    }

    fn may_be_called(&mut self, name: &str) {
        if !self.names.iter().any(|known| known == name) {
            self.names.push(name.to_owned());
        }
    }
}

impl Book {
    /// Takes in what the server has now, in its order. With `doubt`, it is not known
    /// what was accepted before: what is new is held back.
    pub(in crate::downstream) fn fetched(&mut self, list: Vec<ToolDefinition>, doubt: bool) -> Noticed {
        let mut noticed = Noticed::default();
        let mut before: Vec<Option<Kept>> = std::mem::take(&mut self.tools).into_iter().map(Some).collect();
        let places: HashMap<String, usize> = before
            .iter()
            .enumerate()
            .filter_map(|(at, kept)| kept.as_ref().map(|kept| (kept.definition.name.clone(), at)))
            .collect();
        let mut room = MAX_REMEMBERED.saturating_sub(before.len());
        for definition in list {
            let name = definition.name.clone();
            let known = places.get(&name).and_then(|at| before.get_mut(*at)).and_then(Option::take);
            let kept = match known {
                None if room == 0 => {
                    noticed.too_many.push(name);
                    continue;
                }
                None => {
                    room -= 1;
                    if doubt {
                        noticed.changed.push(name);
                        Kept::unknown(definition)
                    } else {
                        noticed.new.push(name);
                        Kept::new(definition)
                    }
                }
                Some(mut kept) => {
                    if kept.seen(definition) {
                        noticed.changed.push(name);
                    }
                    kept
                }
            };
            self.tools.push(kept);
        }
        for mut kept in before.into_iter().flatten() {
            if kept.present {
                noticed.gone.push(kept.definition.name.clone());
            }
            kept.present = false;
            self.tools.push(kept);
        }
        self.shorten(MAX_GONE);
        noticed
    }

    /// Keeps what so many of the tools that vanished last say, and of the others only what was accepted.
    pub(super) fn shorten(&mut self, room: usize) {
        let gone = self.tools.iter().filter(|kept| !kept.present).count();
        let excess = gone.saturating_sub(room);
        for kept in self.tools.iter_mut().rev().filter(|kept| !kept.present).take(excess) {
            kept.definition = bare(&kept.definition.name);
            kept.changed = None;
        }
    }

    /// Takes in what another process has accepted or seen of the same server.
    /// What is there now, this book knows better. Whether anything was new.
    pub(in crate::downstream) fn learn(&mut self, other: &Self) -> bool {
        let before = self.clone();
        let places: HashMap<String, usize> =
            self.tools.iter().enumerate().map(|(at, kept)| (kept.definition.name.clone(), at)).collect();
        for theirs in &other.tools {
            let known = places.get(&theirs.definition.name).and_then(|at| self.tools.get_mut(*at));
            let Some(ours) = known else {
                self.tools.push(Kept { present: false, ..theirs.clone() });
                continue;
            };
            for mark in &theirs.accepted {
                ours.admit(mark.clone());
            }
            for name in &theirs.names {
                ours.may_be_called(name);
            }
            if ours.changed.as_ref().is_some_and(|changed| ours.accepted.contains(&mark(changed)))
                && let Some(changed) = ours.changed.take()
            {
                ours.definition = changed;
            }
        }
        *self != before
    }

    /// Accepts a tool as the server has it now, under the name that callers use; false when
    /// there is nothing to accept.
    pub(in crate::downstream) fn accept(&mut self, own: &str, name: &str) -> bool {
        let Some(kept) = self.tools.iter_mut().find(|kept| kept.definition.name == own) else { return false };
        let renamed = !kept.names.iter().any(|known| known == name);
        kept.may_be_called(name);
        let Some(changed) = kept.changed.take() else { return renamed };
        kept.admit(mark(&changed));
        kept.definition = changed;
        true
    }

    /// Pins the names that callers use where nobody has them; `name` makes them, and none for
    /// tools that are not used.
    pub(in crate::downstream) fn give_names(&mut self, name: impl Fn(&str) -> Option<String>) {
        let mut taken: HashMap<String, usize> = HashMap::new();
        for (at, kept) in self.tools.iter().enumerate() {
            for name in &kept.names {
                taken.entry(name.clone()).or_insert(at);
            }
        }
        for (at, kept) in self.tools.iter_mut().enumerate() {
            let Some(name) = name(&kept.definition.name) else { continue };
            if *taken.entry(name.clone()).or_insert(at) == at {
                kept.may_be_called(&name);
            }
        }
    }

    /// Which tools a name was accepted for, by the server's own names.
    pub(super) fn holders(&self) -> HashMap<&str, Vec<&str>> {
        let mut holders: HashMap<&str, Vec<&str>> = HashMap::new();
        for kept in &self.tools {
            for name in &kept.names {
                holders.entry(name).or_default().push(&kept.definition.name);
            }
        }
        holders
    }

    /// The tools the server has, in its order.
    pub(super) fn present(&self) -> impl Iterator<Item = &Kept> {
        self.tools.iter().filter(|kept| kept.present)
    }
}

#[cfg(test)]
mod tests {
    use super::{Book, MAX_REMEMBERED, Noticed, bare};
    use crate::contract::ToolDefinition;

    fn tool(name: &str, description: &str) -> ToolDefinition {
        ToolDefinition { description: description.to_owned(), ..bare(name) }
    }

    fn usable(book: &Book) -> Vec<(&str, &str)> {
        let usable = book.present().filter(|kept| kept.changed.is_none()).map(|kept| &kept.definition);
        usable.map(|tool| (tool.name.as_str(), tool.description.as_str())).collect()
    }

    #[test]
    fn a_tool_that_changed_is_held_back_until_it_is_accepted() {
        let mut book = Book::default();
        book.fetched(vec![tool("a", "1"), tool("b", "1")], false);
        let noticed = book.fetched(vec![tool("a", "2"), tool("b", "1")], false);
        assert_eq!(noticed, Noticed { changed: vec!["a".to_owned()], ..Noticed::default() });
        assert_eq!(usable(&book), [("b", "1")]);
        assert_eq!(book.fetched(vec![tool("a", "2"), tool("b", "1")], false), Noticed::default(), "told once");
        book.give_names(|own| Some(own.to_owned()));
        assert!(book.accept("a", "a") && !book.accept("a", "a") && !book.accept("b", "b"));
        assert_eq!(usable(&book), [("a", "2"), ("b", "1")]);
        book.fetched(vec![tool("a", "2")], false);
        assert_eq!(usable(&book), [("a", "2")]);
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
    fn a_vanished_tool_is_gone_and_still_pinned_when_it_returns() {
        let mut book = Book::default();
        book.fetched(vec![tool("a", "1"), tool("b", "1")], false);
        assert_eq!(book.fetched(vec![tool("b", "1")], false).gone, ["a"]);
        assert_eq!(usable(&book), [("b", "1")]);
        let noticed = book.fetched(vec![tool("b", "1"), tool("a", "evil")], false);
        assert_eq!((noticed.changed, noticed.new.len()), (vec!["a".to_owned()], 0));
    }

    #[test]
    fn a_vanished_tool_stays_pinned_however_many_came_and_went_since() {
        let mut book = Book::default();
        book.fetched(vec![tool("pay", "1")], false);
        for round in 0..3 {
            let many = (0..600).map(|n| tool(&format!("t{round}_{n}"), &"long ".repeat(100))).collect();
            book.fetched(many, false);
        }
        let said: usize =
            book.tools.iter().filter(|kept| !kept.present).map(|kept| kept.definition.description.len()).sum();
        assert_eq!(said, 500 * 500, "what vanished tools say is bounded");
        assert_eq!(book.fetched(vec![tool("pay", "evil")], false).changed, ["pay"]);
        assert_eq!(book.fetched(vec![tool("pay", "1")], false), Noticed::default());
        assert_eq!(usable(&book), [("pay", "1")]);
    }

    #[test]
    fn where_no_more_can_be_remembered_nothing_new_is_taken_and_nothing_forgotten() {
        let mut book = Book::default();
        book.fetched(vec![tool("pay", "1")], false);
        book.fetched((0..MAX_REMEMBERED).map(|n| tool(&format!("t{n}"), "")).collect(), false);
        let noticed = book.fetched(vec![tool("pay", "evil"), tool("new", "1")], false);
        assert_eq!((noticed.changed, noticed.too_many), (vec!["pay".to_owned()], vec!["new".to_owned()]));
        assert_eq!(book.tools.len(), MAX_REMEMBERED);
    }

    #[test]
    fn while_it_is_not_known_what_was_accepted_everything_is_held_back() {
        let mut book = Book::default();
        assert_eq!(book.fetched(vec![tool("a", "1")], true).changed, ["a"]);
        assert!(usable(&book).is_empty() && book.tools[0].accepted.is_empty());
        assert!(book.accept("a", "a"));
        assert_eq!(usable(&book), [("a", "1")]);
    }

    #[test]
    fn a_name_that_callers_use_is_pinned_to_the_tool_that_had_it_first() {
        let name = |own: &str| Some(own.replace('.', "_"));
        let mut book = Book::default();
        book.fetched(vec![tool("get.item", "1")], false);
        book.give_names(name);
        book.fetched(vec![tool("get_item", "1")], false);
        book.give_names(name);
        assert_eq!(book.holders()["get_item"], ["get.item"]);
        assert!(book.accept("get_item", "get_item"));
        assert_eq!(book.holders()["get_item"].len(), 2);
    }

    #[test]
    fn what_another_process_accepted_counts_and_two_versions_may_live_side_by_side() {
        let mut ours = Book::default();
        ours.fetched(vec![tool("a", "1")], false);
        let mut theirs = ours.clone();
        ours.fetched(vec![tool("a", "2")], false);
        theirs.fetched(vec![tool("a", "2"), tool("b", "1")], false);
        assert!(theirs.accept("a", "a"));
        assert!(ours.learn(&theirs) && !ours.learn(&theirs));
        assert_eq!(usable(&ours), [("a", "2")], "its own view of what is there stays");
        assert_eq!(ours.fetched(vec![tool("a", "1"), tool("b", "2")], false).changed, ["b"], "what they saw is pinned");
    }
}
