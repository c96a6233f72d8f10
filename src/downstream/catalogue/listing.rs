//! What callers see of a server: its tools under qualified names, as the
//! configuration wants them.
//!
//! Must not know the server's state or other servers. A new key that shapes
//! what is shown of a server's tools belongs to [`Rules`].

use std::collections::HashSet;

use indexmap::IndexMap;
use serde::Serialize;
use serde_json::Value;

use super::book::Book;
use super::diff::diff;
use super::names::qualify;
use crate::base::glob;
use crate::base::json::Object;
use crate::config::{NextSteps, Server};
use crate::contract::ToolDefinition;

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
}

/// One tool, and how to call it.
#[derive(Debug, Clone, PartialEq)]
pub(in crate::downstream) struct Line {
    pub(in crate::downstream) tool: ServerTool,
    /// The server's own name.
    pub(in crate::downstream) own: String,
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
        }
    }

    fn takes(&self, own: &str) -> bool {
        let any = |globs: &[String]| globs.iter().any(|one| glob::matches(one, own));
        (self.allow.is_empty() || any(&self.allow)) && !any(&self.deny)
    }

    fn tool(&self, definition: &ToolDefinition) -> ServerTool {
        let own = definition.name.as_str();
        let mut definition = definition.clone();
        definition.name = qualify(&self.server, self.rename.get(own).map_or(own, String::as_str));
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
    /// Of the server's book. Of two tools with one name the later is refused.
    pub(in crate::downstream) fn of(book: &Book, rules: &Rules) -> Self {
        let mut listing = Self::default();
        let mut names = HashSet::new();
        for (definition, changed) in book.present().filter(|(definition, _)| rules.takes(&definition.name)) {
            let tool = rules.tool(definition);
            let (name, own) = (tool.definition.name.clone(), definition.name.clone());
            if names.insert(name.clone()) {
                listing.lines.push(Line { tool, own, changed: changed.map(|changed| diff(definition, changed)) });
            } else {
                let reason = format!("an earlier tool of the server is called `{name}` already");
                listing.refused.push(RefusedTool { name: own, reason });
            }
        }
        listing
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
        assert_eq!(listing.refused[0].reason, "an earlier tool of the server is called `my_git__list_all` already");
    }
}
