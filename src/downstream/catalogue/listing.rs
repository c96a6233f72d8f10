//! What callers see of a server: its tools under qualified names, as the
//! configuration wants them.
//!
//! Must not know the server's state or other servers. A new key that shapes
//! what is shown of a server's tools belongs to [`Rules`].

use std::collections::HashMap;
use std::sync::Arc;

use indexmap::IndexMap;
use serde::Serialize;
use serde_json::Value;

use super::book::Book;
use super::diff::diff;
use super::names::{qualify, whole};
use crate::base::glob;
use crate::base::json::Object;
use crate::config::{NextSteps, Server};
use crate::contract::{Pinned, ToolDefinition};

/// A tool of a server that can be called now.
#[derive(Debug, Clone, PartialEq)]
pub struct ServerTool {
    /// As callers see it: `name` is the qualified one.
    pub definition: ToolDefinition,
    /// The server, as the configuration names it.
    pub server: String,
    /// Callable, but not to be listed.
    pub hidden: bool,
    /// Where suggestions go in its results.
    pub next_steps: NextSteps,
}

/// A tool that a server has and that cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct RefusedTool {
    /// The server's own name for it, or its place in the list.
    pub name: String,
    /// Why, to stand behind a colon.
    pub reason: String,
}

/// What the configuration says about a server's tools. Globs and keys are the
/// server's own names.
#[derive(Debug, Clone, Default)]
pub(in crate::downstream) struct Rules {
    /// The server's configured name.
    server: String,
    allow: Vec<String>,
    deny: Vec<String>,
    hide: Vec<String>,
    rename: IndexMap<String, String>,
    describe: IndexMap<String, String>,
    defaults: IndexMap<String, Object>,
    next_steps: NextSteps,
    /// What it changes is taken as it is.
    trust: bool,
    /// What the names of other servers' tools begin with, where it is longer than what these begin with.
    others: Vec<(String, String)>,
}

/// One tool, and how to call it.
#[derive(Debug, Clone, PartialEq)]
pub(in crate::downstream) struct Line {
    pub(in crate::downstream) tool: ServerTool,
    /// The server's own name.
    pub(in crate::downstream) own: String,
    /// What a call of it relies on.
    pub(in crate::downstream) pinned: Arc<Pinned>,
    /// How it changed, a line each, if it is held back.
    pub(in crate::downstream) changed: Option<Vec<String>>,
}

/// A server's tools as callers see them.
#[derive(Debug, Clone, Default, PartialEq)]
pub(in crate::downstream) struct Listing {
    pub(in crate::downstream) lines: Vec<Line>,
    pub(in crate::downstream) refused: Vec<RefusedTool>,
}

impl Rules {
    pub(in crate::downstream) fn of(name: &str, server: &Server) -> Self {
        Self {
            server: name.to_owned(),
            allow: server.allow.clone(),
            deny: server.deny.clone(),
            hide: server.hide.clone(),
            rename: server.rename.clone(),
            describe: server.describe.clone(),
            defaults: server.defaults.clone(),
            next_steps: server.next_steps,
            trust: server.trust,
            others: Vec::new(),
        }
    }

    /// The same, beside these servers: what begins as one of their tools' names is theirs.
    pub(in crate::downstream) fn beside<'n>(mut self, servers: impl Iterator<Item = &'n String>) -> Self {
        let own = whole(&self.server, "");
        let named = servers.map(|other| (whole(other, ""), other.clone()));
        self.others = named.filter(|(prefix, _)| prefix.len() > own.len() && prefix.starts_with(&own)).collect();
        self
    }

    /// The name that callers use, for a tool that is used.
    pub(in crate::downstream) fn name(&self, own: &str) -> Option<String> {
        (self.takes(own) && self.owner(own).is_none()).then(|| qualify(&self.server, self.renamed(own)))
    }

    /// Whether what it changed is taken as it is.
    pub(in crate::downstream) fn trusts(&self) -> bool {
        self.trust
    }

    fn renamed<'o>(&'o self, own: &'o str) -> &'o str {
        self.rename.get(own).map_or(own, String::as_str)
    }

    /// The other server whose tools are named so.
    fn owner(&self, own: &str) -> Option<&str> {
        let name = whole(&self.server, self.renamed(own));
        let owner = self.others.iter().find(|(prefix, _)| name.starts_with(prefix));
        owner.map(|(_, server)| server.as_str())
    }

    fn takes(&self, own: &str) -> bool {
        let any = |globs: &[String]| globs.iter().any(|one| glob::matches(one, own));
        (self.allow.is_empty() || any(&self.allow)) && !any(&self.deny)
    }

    fn tool(&self, definition: &ToolDefinition) -> ServerTool {
        let own = definition.name.as_str();
        let mut definition = definition.clone();
        definition.name = qualify(&self.server, self.renamed(own));
        if let Some(description) = self.describe.get(own) {
            definition.description.clone_from(description);
        }
        if let Some(defaults) = self.defaults.get(own) {
            not_required(&mut definition.input_schema, defaults);
        }
        ServerTool {
            hidden: self.hide.iter().any(|one| glob::matches(one, own)),
            definition,
            server: self.server.clone(),
            next_steps: self.next_steps,
        }
    }

    /// Puts the configured arguments where the caller gave none.
    pub(in crate::downstream) fn fill(&self, own: &str, arguments: &mut Object) {
        for (key, value) in self.defaults.get(own).into_iter().flatten() {
            arguments.entry(key).or_insert_with(|| value.clone());
        }
    }
}

/// What has a default need not be given.
fn not_required(schema: &mut Value, defaults: &Object) {
    if let Some(required) = schema.get_mut("required").and_then(Value::as_array_mut) {
        required.retain(|name| name.as_str().is_none_or(|name| !defaults.contains_key(name)));
    }
}

impl Listing {
    /// Of the server's book. Of two tools with one name, the one that had it has it; if none
    /// had, the first.
    pub(in crate::downstream) fn of(book: &Book, rules: &Rules) -> Self {
        let mut listing = Self::default();
        let holders = book.holders();
        let taken = || book.present().filter(|kept| rules.takes(&kept.definition.name));
        // The place in the list of the tool that has a name.
        let mut winners: HashMap<String, (usize, bool)> = HashMap::new();
        for (at, kept) in taken().enumerate() {
            let Some(name) = rules.name(&kept.definition.name) else { continue };
            let had = kept.names.contains(&name);
            let winner = winners.entry(name).or_insert((at, had));
            if had && !winner.1 {
                *winner = (at, had);
            }
        }
        for (at, kept) in taken().enumerate() {
            let own = kept.definition.name.clone();
            if let Some(other) = rules.owner(&own) {
                let reason = format!("names that begin as this one are those of server `{other}`");
                listing.refused.push(RefusedTool { name: own, reason });
                continue;
            }
            let (now, mut changed) = match &kept.changed {
                Some(changed) if rules.trust => (changed, Vec::new()),
                Some(_) if kept.accepted.is_empty() => {
                    (&kept.definition, vec!["pin: what was accepted of it before cannot be read".to_owned()])
                }
                Some(changed) => (&kept.definition, diff(&kept.definition, changed)),
                None => (&kept.definition, Vec::new()),
            };
            let tool = rules.tool(now);
            let name = &tool.definition.name;
            match winners.get(name) {
                Some((winner, _)) if *winner != at => {
                    let reason = format!("another tool of the server is called `{name}` already");
                    listing.refused.push(RefusedTool { name: own, reason });
                    continue;
                }
                Some((_, false)) if !rules.trust && holders.contains_key(name.as_str()) => {
                    let before = holders.get(name.as_str()).into_iter().flatten().copied().collect::<Vec<_>>();
                    changed.insert(0, format!("name: {:?} -> {own:?}", before.join(", ")));
                }
                Some(_) | None => {}
            }
            let changed = (!changed.is_empty()).then_some(changed);
            let pinned = Arc::new(Pinned::of(&tool.definition));
            listing.lines.push(Line { tool, own, pinned, changed });
        }
        listing
    }

    /// Whether a tool is held back.
    pub(in crate::downstream) fn holds_back(&self) -> bool {
        self.lines.iter().any(|line| line.changed.is_some())
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::Book;
    use super::{Listing, Rules};
    use crate::base::json::Object;
    use crate::contract::{Annotations, ToolDefinition};

    fn book(names: &[&str]) -> Book {
        let tools = names.iter().map(|name| ToolDefinition {
            name: (*name).to_owned(),
            title: None,
            description: "own".to_owned(),
            input_schema: json!({"type": "object", "required": ["path", "depth"]}),
            output_schema: None,
            annotations: Annotations::default(),
        });
        let mut book = Book::default();
        book.fetched(tools.collect(), false);
        book
    }

    fn rules(written: &Value) -> Rules {
        let mut whole = json!({"command": "x"});
        whole.as_object_mut().unwrap().extend(written.as_object().cloned().unwrap());
        Rules::of("my git", &serde_json::from_value(whole).unwrap())
    }

    fn names(listing: &Listing) -> Vec<&str> {
        listing.lines.iter().map(|line| line.tool.definition.name.as_str()).collect()
    }

    #[test]
    fn allow_then_deny_decide_what_is_taken_and_hide_what_is_listed() {
        let rules = rules(&json!({"allow": ["git_*"], "deny": ["git_push"], "hide": ["*log"]}));
        let listing = Listing::of(&book(&["git_log", "git_push", "shell", "git_diff"]), &rules);
        assert_eq!(names(&listing), ["my_git__git_log", "my_git__git_diff"]);
        assert_eq!(listing.lines.iter().map(|line| line.tool.hidden).collect::<Vec<_>>(), [true, false]);
        assert!(listing.refused.is_empty());
    }

    #[test]
    fn a_tool_can_be_renamed_and_described_and_the_server_still_hears_its_own_name() {
        let rules = rules(&json!({"rename": {"a": "read file"}, "describe": {"a": "Reads."}}));
        let listing = Listing::of(&book(&["a"]), &rules);
        let line = &listing.lines[0];
        assert_eq!((line.tool.definition.name.as_str(), line.own.as_str()), ("my_git__read_file", "a"));
        assert_eq!(line.tool.definition.description, "Reads.");
    }

    #[test]
    fn defaults_fill_what_is_missing_and_need_not_be_given() {
        let rules = rules(&json!({"defaults": {"a": {"path": "/repo"}}}));
        let listing = Listing::of(&book(&["a", "b"]), &rules);
        assert_eq!(listing.lines[0].tool.definition.input_schema["required"], json!(["depth"]));
        assert_eq!(listing.lines[1].tool.definition.input_schema["required"], json!(["path", "depth"]));
        for (given, sent) in [(json!({}), "/repo"), (json!({"path": "/other"}), "/other")] {
            let mut arguments: Object = given.as_object().cloned().unwrap();
            rules.fill("a", &mut arguments);
            assert_eq!(arguments["path"], sent);
        }
    }

    #[test]
    fn of_two_tools_with_one_name_the_later_is_refused() {
        let listing = Listing::of(&book(&["list.all", "list all", "other"]), &rules(&json!({})));
        assert_eq!(names(&listing), ["my_git__list_all", "my_git__other"]);
        assert_eq!(listing.refused[0].name, "list all");
        assert_eq!(listing.refused[0].reason, "another tool of the server is called `my_git__list_all` already");
    }

    #[test]
    fn a_name_that_goes_to_another_tool_of_the_server_is_held_back() {
        let rules = rules(&json!({}));
        let named = |book: &mut Book| book.give_names(|own| rules.name(own));
        let mut both = book(&["list.all", "list all"]);
        named(&mut both);
        let again = [both.tools[1].definition.clone(), both.tools[0].definition.clone()];
        both.fetched(again.to_vec(), false);
        named(&mut both);
        assert_eq!(Listing::of(&both, &rules).lines[0].own, "list.all", "in whatever order they come");
        both.fetched(again[..1].to_vec(), false);
        named(&mut both);
        let listing = Listing::of(&both, &rules);
        assert_eq!(listing.lines[0].own, "list all");
        assert_eq!(listing.lines[0].changed.as_deref().unwrap(), [r#"name: "list.all" -> "list all""#]);
        let trusted = Rules { trust: true, ..rules.clone() };
        assert_eq!(Listing::of(&both, &trusted).lines[0].changed, None);
        assert!(both.accept("list all", "my_git__list_all"));
        assert_eq!(Listing::of(&both, &rules).lines[0].changed, None);
    }

    #[test]
    fn trust_is_a_way_to_look_and_nothing_is_left_of_it_when_it_is_taken_away() {
        let rules = rules(&json!({}));
        let mut book = book(&["a"]);
        let changed = ToolDefinition { description: "other".to_owned(), ..book.tools[0].definition.clone() };
        book.fetched(vec![changed], false);
        let trusted = Listing::of(&book, &Rules { trust: true, ..rules.clone() });
        assert_eq!((trusted.lines[0].tool.definition.description.as_str(), trusted.holds_back()), ("other", false));
        let listing = Listing::of(&book, &rules);
        assert_eq!((listing.lines[0].tool.definition.description.as_str(), listing.holds_back()), ("own", true));
    }
}
