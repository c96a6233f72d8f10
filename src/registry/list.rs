//! What `tools/list` shows: our sets, pinned tools, packs and servers, in that
//! order, as far as the budget goes.

use std::collections::HashSet;

use indexmap::IndexMap;
use serde_json::{Value, json};

use super::provider::{Listed, ToolSet};
use crate::base::glob;
use crate::base::json::Object;
use crate::contract::ToolDefinition;

/// How the configuration wants the list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ListSettings {
    /// Our sets that are listed; core always is.
    pub sets: Vec<ToolSet>,
    /// The list's size in tokens of four bytes.
    pub budget_tokens: usize,
    /// Globs of names (`*`, `?`) that go before packs and servers.
    pub pin: Vec<String>,
    /// Whether packs are listed.
    pub packs: bool,
}

impl Default for ListSettings {
    fn default() -> Self {
        Self {
            sets: vec![ToolSet::Core, ToolSet::Control, ToolSet::Authoring],
            budget_tokens: 10_000,
            pin: Vec::new(),
            packs: true,
        }
    }
}

/// The list. What was listed once keeps its place for the process's life.
#[derive(Debug, Clone, PartialEq)]
pub struct ListPlan {
    /// What is listed, in order, as it goes over the wire.
    pub listed: Vec<ToolDefinition>,
    /// The names that found no place in the list but can be called; those that
    /// are hidden on purpose are not among them.
    pub unlisted: Vec<String>,
    /// The list's bytes as JSON.
    pub bytes: usize,
}

impl ListPlan {
    /// The list of `tools` that `settings` ask for. What `before` had stays in
    /// its place, whatever the budget is by now, as long as it is there.
    pub fn make<'a>(tools: impl Iterator<Item = &'a Listed>, settings: &ListSettings, before: Option<&Self>) -> Self {
        let tools: Vec<&Listed> = tools.collect();
        let plain = fill(&tools, settings, before, false);
        let gateway_helps = tools.iter().any(|tool| tool.set == ToolSet::Gateway);
        // What is left out is reached through the gateway set, which then needs its own room.
        if plain.unlisted.is_empty() || !gateway_helps || settings.sets.contains(&ToolSet::Gateway) {
            return plain;
        }
        fill(&tools, settings, before, true)
    }
}

fn fill(tools: &[&Listed], settings: &ListSettings, before: Option<&ListPlan>, gateway: bool) -> ListPlan {
    let mut plan = ListPlan { listed: Vec::new(), unlisted: Vec::new(), bytes: 2 };
    let mut open: IndexMap<&str, Candidate<'_>> = candidates(tools);
    for name in before.iter().flat_map(|before| &before.listed).map(|tool| tool.name.as_str()) {
        if let Some(candidate) = open.shift_remove(name) {
            plan.take(candidate);
        }
    }
    let mut ranked: Vec<(usize, Candidate<'_>)> = Vec::new();
    for candidate in open.into_values().filter(|candidate| !candidate.tool.hidden) {
        match rank(candidate.tool, settings, gateway) {
            Some(rank) => ranked.push((rank, candidate)),
            // The gateway's own tools are no reason to show the gateway.
            None if candidate.tool.set == ToolSet::Gateway => {}
            None => plan.unlisted.push(candidate.listed.name),
        }
    }
    // Stable: within a rank the providers' order holds.
    ranked.sort_by_key(|(rank, _)| *rank);
    let budget = settings.budget_tokens.saturating_mul(4);
    let due = |tool: &Listed| tool.always || (gateway && tool.set == ToolSet::Gateway);
    let mut reserved: usize =
        ranked.iter().filter(|(_, candidate)| due(candidate.tool)).map(|(_, candidate)| candidate.bytes).sum();
    for (_, candidate) in ranked {
        if due(candidate.tool) {
            reserved = reserved.saturating_sub(candidate.bytes);
        } else if plan.bytes + candidate.bytes + reserved > budget {
            plan.unlisted.push(candidate.listed.name);
            continue;
        }
        plan.take(candidate);
    }
    plan
}

impl ListPlan {
    fn take(&mut self, candidate: Candidate<'_>) {
        self.bytes += candidate.bytes;
        self.listed.push(candidate.listed);
    }
}

/// A tool as it would be listed.
struct Candidate<'t> {
    tool: &'t Listed,
    listed: ToolDefinition,
    bytes: usize,
}

/// The output schemas of our own tools are long and published in full in
/// `tool_schemas/`: the list keeps the fields' names, where several tools
/// answer alike those of the first.
fn candidates<'t>(tools: &[&'t Listed]) -> IndexMap<&'t str, Candidate<'t>> {
    let mut told: HashSet<String> = HashSet::new();
    let candidate = |tool: &'t Listed| {
        let mut listed = tool.definition.clone();
        if let Some(schema) = listed.output_schema.take_if(|_| tool.set.is_ours()) {
            let fields = fields_only(&schema);
            let is_new = told.insert(fields.to_string());
            listed.output_schema = Some(if is_new { fields } else { json!({"type": "object"}) });
        }
        let bytes = listed_json(&listed).to_string().len() + 1;
        (tool.definition.name.as_str(), Candidate { tool, listed, bytes })
    };
    tools.iter().copied().map(candidate).collect()
}

/// The place of a tool's group in the list; `None` when it is not listed.
fn rank(tool: &Listed, settings: &ListSettings, gateway: bool) -> Option<usize> {
    let chosen = || tool.always || settings.sets.contains(&tool.set);
    let pinned = || settings.pin.iter().any(|glob| glob::matches(glob, &tool.definition.name));
    match tool.set {
        ToolSet::Core => Some(0),
        ToolSet::Control => chosen().then_some(1),
        ToolSet::Authoring => chosen().then_some(2),
        ToolSet::Operations => chosen().then_some(3),
        ToolSet::Gateway => (gateway || chosen()).then_some(4),
        ToolSet::Pack | ToolSet::Server if pinned() => Some(5),
        ToolSet::Pack => (settings.packs || tool.always).then_some(6),
        ToolSet::Server => Some(7),
    }
}

fn fields_only(schema: &Value) -> Value {
    let names = schema.get("properties").and_then(Value::as_object).into_iter().flat_map(|map| map.keys());
    let properties: Object = names
        .filter(|name| !matches!(name.as_str(), "error" | "error_type" | "retryable" | "hint" | "_next_steps"))
        .map(|name| (name.clone(), json!({})))
        .collect();
    json!({"type": "object", "properties": properties})
}

/// A definition in MCP's JSON.
#[must_use]
pub fn listed_json(definition: &ToolDefinition) -> Value {
    Value::Object(definition.to_mcp())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::{ListPlan, ListSettings};
    use crate::contract::{Annotations, ToolDefinition};
    use crate::registry::provider::{Listed, ToolSet};

    fn tool(name: &str, set: ToolSet, bytes: usize) -> Listed {
        let definition = ToolDefinition {
            name: name.to_owned(),
            title: None,
            description: "d".repeat(bytes),
            input_schema: json!({"type": "object"}),
            output_schema: None,
            annotations: Annotations::default(),
        };
        Listed::new(definition, set)
    }

    fn names(plan: &ListPlan) -> Vec<&str> {
        plan.listed.iter().map(|tool| tool.name.as_str()).collect()
    }

    #[test]
    fn sets_pins_packs_and_servers_come_in_that_order_within_the_budget() {
        let tools = [
            tool("s__a", ToolSet::Server, 10),
            tool("s__big", ToolSet::Server, 5_000),
            tool("s__pinned", ToolSet::Server, 10),
            tool("02_list", ToolSet::Pack, 10),
            tool("pause", ToolSet::Control, 10),
            tool("metrics", ToolSet::Operations, 10),
            tool("run", ToolSet::Core, 10),
        ];
        let settings = ListSettings { budget_tokens: 500, pin: vec!["s__p*".into()], ..ListSettings::default() };
        let plan = ListPlan::make(tools.iter(), &settings, None);
        assert_eq!(names(&plan), ["run", "pause", "s__pinned", "02_list", "s__a"]);
        assert_eq!(plan.unlisted, ["metrics", "s__big"]);
        assert!(plan.bytes <= 2_000, "{}", plan.bytes);
    }

    #[test]
    fn core_is_listed_past_the_budget_and_the_gateway_when_something_is_left_out() {
        let tools = [
            tool("run", ToolSet::Core, 900),
            tool("call_tool", ToolSet::Gateway, 10),
            tool("s__a", ToolSet::Server, 10),
        ];
        let tight = ListSettings { budget_tokens: 10, ..ListSettings::default() };
        assert_eq!(names(&ListPlan::make(tools.iter(), &tight, None)), ["run", "call_tool"]);
        assert_eq!(names(&ListPlan::make(tools.iter(), &ListSettings::default(), None)), ["run", "s__a"]);
    }

    #[test]
    fn our_tools_list_the_fields_of_their_answers_once_where_they_are_the_same() {
        let answers = |name: &str, set: ToolSet, field: &str| {
            let mut tool = tool(name, set, 10);
            tool.definition.output_schema =
                Some(json!({"properties": {field: {"type": "string"}}, "required": [field]}));
            tool
        };
        let tools = [
            answers("run", ToolSet::Core, "a"),
            answers("resume", ToolSet::Core, "a"),
            answers("other", ToolSet::Core, "b"),
            answers("s__a", ToolSet::Server, "a"),
        ];
        let plan = ListPlan::make(tools.iter(), &ListSettings::default(), None);
        let listed: Vec<_> = plan.listed.iter().filter_map(|tool| tool.output_schema.clone()).collect();
        assert_eq!(listed[0], json!({"type": "object", "properties": {"a": {}}}));
        assert_eq!(listed[1], json!({"type": "object"}));
        assert_eq!(listed[2], json!({"type": "object", "properties": {"b": {}}}));
        assert_eq!(Some(&listed[3]), tools[3].definition.output_schema.as_ref(), "a server's stays as it is");
    }

    #[test]
    fn a_hidden_tool_is_not_listed_and_no_reason_for_the_gateway() {
        let hidden = Listed { hidden: true, ..tool("s__quiet", ToolSet::Server, 10) };
        let tools = [tool("run", ToolSet::Core, 10), tool("call_tool", ToolSet::Gateway, 10), hidden];
        let plan = ListPlan::make(tools.iter(), &ListSettings::default(), None);
        assert_eq!((names(&plan), plan.unlisted.len()), (vec!["run"], 0));
    }

    #[test]
    fn what_was_listed_keeps_its_place_what_is_gone_leaves_and_what_comes_is_added_as_room_allows() {
        let tools = |names: &[(&str, usize)]| -> Vec<Listed> {
            names.iter().map(|(name, bytes)| tool(name, ToolSet::Server, *bytes)).collect()
        };
        let settings = ListSettings { budget_tokens: 250, pin: vec!["z__*".into()], ..ListSettings::default() };
        let first = ListPlan::make(tools(&[("s__a", 100), ("s__b", 100)]).iter(), &settings, None);
        assert_eq!(names(&first), ["s__a", "s__b"]);
        // Pinned tools go first, but not before what is there.
        let more = tools(&[("s__a", 100), ("s__big", 700), ("s__b", 100), ("s__c", 100), ("z__pinned", 100)]);
        let second = ListPlan::make(more.iter(), &settings, Some(&first));
        assert_eq!(names(&second), ["s__a", "s__b", "z__pinned", "s__c"]);
        assert_eq!(second.unlisted, ["s__big"]);
        // Also what grew stays: it was listed.
        let grown = tools(&[("s__b", 2_000), ("s__c", 100)]);
        let third = ListPlan::make(grown.iter(), &settings, Some(&second));
        assert_eq!(names(&third), ["s__b", "s__c"]);
        assert_eq!(third.listed[0].description.len(), 2_000);
    }
}
