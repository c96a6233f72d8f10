//! The process that is killed: the binary's command line, put together by the
//! same code, with two tools more.

use std::ffi::OsString;
use std::path::Path;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use futures::future::BoxFuture;
use sequitur::app::App;
use sequitur::base::SystemEntropy;
use sequitur::cli;
use sequitur::config::Environment;
use sequitur::contract::{Annotations, CallFailure, Origin, ToolCall, ToolDefinition, ToolOutput};
use sequitur::registry::{Listed, Provider, ToolSet};
use serde_json::json;

use crate::ledger::{Ledger, Line, What};

/// The first argument of such a process; the ledger's file follows.
pub(crate) const ARGUMENT: &str = "--process";

/// How long a call takes: most kills are to find one in flight.
const TAKES: Duration = Duration::from_millis(8);

pub(crate) fn main(mut arguments: impl Iterator<Item = OsString>) -> ExitCode {
    let ledger = Ledger::at(Path::new(&arguments.next().unwrap()));
    let line = std::iter::once("sequitur".into()).chain(arguments);
    let app = App::default().with_tools(Arc::new(Tools(ledger)));
    cli::main(line, Environment::read(), &SystemEntropy, &app)
}

struct Tools(Ledger);

impl Provider for Tools {
    fn tools(&self) -> Vec<Listed> {
        let tool = |name: &str, safe: bool| {
            let definition = ToolDefinition {
                name: name.to_owned(),
                title: None,
                description: "Writes a line before and after.".to_owned(),
                input_schema: json!({
                    "type": "object", "properties": {"before": {"type": "integer"}}, "required": ["before"],
                }),
                output_schema: None,
                annotations: Annotations { idempotent_hint: Some(safe), ..Annotations::default() },
            };
            Listed::new(definition, ToolSet::Pack)
        };
        vec![tool("ledger_safe", true), tool("ledger_unsafe", false)]
    }

    fn call(&self, call: ToolCall) -> BoxFuture<'_, Result<ToolOutput, CallFailure>> {
        Box::pin(async move {
            let Origin::Step { step, .. } = &call.origin else { panic!("only steps call these tools") };
            let mut line = Line {
                what: What::Begin,
                step: step.clone(),
                key: call.idempotency_key.clone().unwrap_or_default(),
                before: call.arguments["before"].as_i64().unwrap(),
                pid: std::process::id(),
            };
            self.0.append(&line);
            tokio::time::sleep(TAKES).await;
            line.what = What::End;
            self.0.append(&line);
            Ok(ToolOutput::structured(json!({"after": line.before + 1})))
        })
    }
}
