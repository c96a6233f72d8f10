//! `find_tools`.

use std::sync::Arc;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::failure::ToolFailure;
use super::gateway;
use super::services::Services;
use super::spec::{Answered, Tool, blocking};
use crate::base::ErrorKind;
use crate::base::json::{self, Object};
use crate::contract::{Annotations, CallTool, ToolCall};
use crate::intelligence::search::{Searched, search};
use crate::registry::{SETTLE_WAIT, ToolSet};

/// Tools in an answer, unless the call asks for another number.
const USUAL: usize = 5;
/// And at most.
const MOST: usize = 20;
/// Longer schemas are told by the names and types of their arguments.
const SCHEMA_BYTES: usize = 3_000;
/// Longer descriptions are told by their beginning.
const DESCRIPTION_CHARS: usize = 600;
/// An answer of ours has to hold them all.
const ALL_BYTES: usize = 14_000;

/// `find_tools`.
pub(super) struct FindTools;

/// Its arguments.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Arguments {
    /// Words of its name or purpose, or its whole name.
    query: String,
    /// Default 5, at most 20.
    limit: Option<usize>,
}

/// Its answer.
#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct Answer {
    /// Best first.
    tools: Vec<Found>,
    /// How many tools have a word of the query.
    total: usize,
}

/// A tool that was found.
#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct Found {
    name: String,
    description: String,
    /// 0 to 1: how much of the query was found, in the name more than in the description.
    score: f64,
    /// Of its arguments; where long, their names and types alone.
    input_schema: Value,
    /// What calls it: call_tool or call_tool_write.
    call_with: &'static str,
}

impl Tool for FindTools {
    type Arguments = Arguments;
    type Answer = Answer;

    const NAME: &'static str = "find_tools";
    const TITLE: &'static str = "Find a tool";
    const DESCRIPTION: &'static str = "Find tools by words of their names and descriptions, those that are not listed \
        too. Call one with what its call_with says.";
    const SET: ToolSet = ToolSet::Gateway;
    const ANNOTATIONS: Annotations = Annotations {
        read_only_hint: Some(true),
        destructive_hint: None,
        idempotent_hint: None,
        open_world_hint: Some(false),
    };

    async fn run(
        services: Arc<Services>,
        asked: Arguments,
        call: ToolCall,
    ) -> Result<Answered<Self::Answer>, ToolFailure> {
        let tools = services
            .all_tools()
            .ok_or_else(|| ToolFailure::new(ErrorKind::Internal, "the tools are not there: the process is ending"))?;
        tokio::select! {
            // Servers that take longer are found later.
            _ = tokio::time::timeout(SETTLE_WAIT, tools.settled()) => {}
            () = call.cancel.cancelled() => {}
        }
        blocking(move || Ok(find(tools.as_ref(), &asked).into())).await
    }
}

fn find(tools: &dyn CallTool, asked: &Arguments) -> Answer {
    let names = tools.names().into_iter().filter(|name| !gateway::OWN.contains(&name.as_str()));
    let described = names.filter_map(|name| {
        let description = tools.definition(&name)?.description;
        Some(Searched { name, description })
    });
    let searched: Vec<Searched> = described.collect();
    let ranked = search(&asked.query, &searched);
    let mut room = ALL_BYTES;
    let wanted = ranked.iter().take(asked.limit.unwrap_or(USUAL).clamp(1, MOST));
    let found = wanted.filter_map(|(at, score)| {
        let definition = tools.definition(&searched[*at].name)?;
        Some(Found {
            call_with: gateway::way(&definition),
            description: beginning(&definition.description),
            input_schema: shortened(definition.input_schema),
            name: definition.name,
            score: *score,
        })
    });
    let tools = found.take_while(|found| {
        let bytes = found.name.len() + found.description.len() + json::size(&found.input_schema) + 100;
        let fits = bytes <= room;
        room = room.saturating_sub(bytes);
        fits
    });
    Answer { tools: tools.collect(), total: ranked.len() }
}

fn beginning(description: &str) -> String {
    match description.char_indices().nth(DESCRIPTION_CHARS) {
        Some((end, _)) => format!("{}...", &description[..end]),
        None => description.to_owned(),
    }
}

/// A long schema without what explains its arguments: what a first call needs.
/// Arguments that do not fit are told in full by the call itself.
fn shortened(schema: Value) -> Value {
    if json::size(&schema) <= SCHEMA_BYTES {
        return schema;
    }
    let kind = |property: &Value| {
        let mut kept = Object::new();
        for keyword in ["type", "enum"] {
            let told = property.get(keyword).filter(|told| json::size(told) <= 200);
            kept.extend(told.map(|told| (keyword.to_owned(), told.clone())));
        }
        Value::Object(kept)
    };
    let properties = schema.get("properties").and_then(Value::as_object);
    let properties: Object =
        properties.into_iter().flatten().take(60).map(|(name, property)| (name.clone(), kind(property))).collect();
    let required = schema.get("required").cloned().unwrap_or_else(|| json!([]));
    json!({"type": "object", "properties": properties, "required": required, "shortened": true})
}
