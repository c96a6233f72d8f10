//! `tools/list`, all pages of it.

use std::collections::HashSet;
use std::time::Duration;

use serde::Serialize;
use serde_json::Value;
use tokio_util::sync::CancellationToken;

use super::call::{Line, Meta, failed};
use super::exchange::{Ending, Exchange};
use super::failure::Asked;
use super::session::Connection;
use super::wire::{self, Answer};
use crate::base::ErrorKind;
use crate::base::json::Object;
use crate::base::lines::MAX_LINE;
use crate::contract::CallFailure;

const MAX_PAGES: usize = 100;
const MAX_TOOLS: usize = 10_000;

#[derive(Serialize)]
struct Params<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    cursor: Option<&'a str>,
    #[serde(rename = "_meta", skip_serializing_if = "Option::is_none")]
    meta: Option<Meta<'a>>,
}

impl Connection {
    /// The server's tools as it describes them: MCP's tool objects with every
    /// field. At most 10,000 of them, 100 pages and 16 MiB.
    pub(in crate::downstream) async fn tools(&self, timeout: Duration) -> Result<Vec<Object>, CallFailure> {
        tokio::time::timeout(timeout, self.pages()).await.unwrap_or_else(|_| {
            let told = format!("server `{}` did not list its tools within {} s", self.name(), timeout.as_secs_f64());
            Err(CallFailure::new(ErrorKind::Timeout, told))
        })
    }

    async fn pages(&self) -> Result<Vec<Object>, CallFailure> {
        let mut tools = Vec::new();
        let mut cursors: HashSet<String> = HashSet::new();
        let mut cursor: Option<String> = None;
        let mut bytes = 0;
        for _ in 0..MAX_PAGES {
            let Some((page, size)) = self.page(cursor.as_deref()).await? else { return Ok(tools) };
            bytes += size;
            let (more, next) = take_apart(page).ok_or_else(|| {
                let told = format!("server `{}` answered `tools/list` with something that is no list", self.name());
                CallFailure::new(ErrorKind::ToolError, told).with_hint("this is a fault of the server")
            })?;
            tools.extend(more);
            if tools.len() > MAX_TOOLS || bytes > MAX_LINE {
                return Err(self.too_many());
            }
            let Some(next) = next else { return Ok(tools) };
            if !cursors.insert(next.clone()) {
                let told = format!("server `{}` lists the same page of tools again and again", self.name());
                return Err(CallFailure::new(ErrorKind::ToolError, told).with_hint("this is a fault of the server"));
            }
            cursor = Some(next);
        }
        Err(self.too_many())
    }

    fn too_many(&self) -> CallFailure {
        let told = format!(
            "server `{}` lists more tools than are taken: {MAX_TOOLS} tools, {MAX_PAGES} pages, 16 MiB",
            self.name()
        );
        CallFailure::new(ErrorKind::ResultTooLarge, told)
    }

    /// One page and its bytes; `None` from a server that has no tools.
    async fn page(&self, cursor: Option<&str>) -> Result<Option<(Value, usize)>, CallFailure> {
        let wire = self.wire();
        let id = wire.next_id();
        let meta = Meta { context: self.context(), progress: None, key: None }.if_any();
        let line = wire::line(&Line::new(id, "tools/list", &Params { cursor, meta })).map_err(|error| {
            CallFailure::new(ErrorKind::Internal, format!("the request for tools cannot be written: {error}"))
        })?;
        let mut exchange = Exchange::begin(wire, id, line, None);
        let answer = match exchange.wait(&CancellationToken::new(), None).await {
            Ending::Answered(answer) => answer,
            // Neither is asked for here: `tools` keeps the time for all pages together.
            Ending::TimedOut | Ending::Cancelled => Answer::Lost,
        };
        match answer {
            Answer::Result(result, size) => Ok(Some((result, size))),
            Answer::Error(error)
                if !self.declares_tools() && error.get("code").and_then(Value::as_i64) == Some(-32_601) =>
            {
                Ok(None)
            }
            other @ (Answer::Error(_) | Answer::TooLong | Answer::TooDeep | Answer::Broken | Answer::Lost) => {
                let mut failure = failed(wire, Asked::Tools, &other, &exchange);
                // A list has no effect that could have happened.
                failure.outcome_unknown = false;
                if failure.kind == ErrorKind::Unavailable {
                    failure.hint = None;
                }
                Err(failure)
            }
        }
    }
}

fn take_apart(page: Value) -> Option<(Vec<Object>, Option<String>)> {
    let Value::Object(mut page) = page else { return None };
    let Some(Value::Array(tools)) = page.shift_remove("tools") else { return None };
    let mut objects = Vec::with_capacity(tools.len());
    for tool in tools {
        let Value::Object(tool) = tool else { return None };
        objects.push(tool);
    }
    let next = match page.shift_remove("nextCursor") {
        None | Some(Value::Null) => None,
        // Some servers write an empty one for "no more".
        Some(Value::String(next)) => Some(next).filter(|next| !next.is_empty()),
        Some(_) => return None,
    };
    Some((objects, next))
}
