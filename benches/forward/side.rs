//! One side of the comparison: rmcp's client, connected to a program.

use std::process::Stdio;
use std::sync::Arc;
use std::time::Duration;

use rmcp::RoleClient;
use rmcp::model::{CallToolRequestParams, ProtocolVersion};
use rmcp::service::{ClientLifecycleMode, ClientServiceExt as _, RunningService};
use sequitur::base::{Clock as _, SystemClock};
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::process::{Child, Command};

use crate::ledger::{Act, Answer, Spec, Tool};

/// Which protocol the client speaks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Era {
    Legacy,
    Modern,
}

pub(crate) struct Side {
    client: RunningService<RoleClient, ()>,
    child: Child,
    tool: &'static str,
    clock: Arc<SystemClock>,
    /// Of the gateway.
    folder: Option<TempDir>,
}

fn server() -> Spec {
    let tool = Tool {
        input_schema: json!({"type": "object", "properties": {"n": {"type": "integer"}, "text": {"type": "string"}}, "required": ["n"]}),
        ..Tool::new("echo").reads().does([Act::Answer(Answer::Echo)])
    };
    Spec { name: "echo".to_owned(), tools: vec![tool], ..Spec::default() }
}

/// The gateway's configuration. `FORWARD_CONFIG` adds keys, as JSON.
fn configuration() -> Value {
    #[expect(clippy::disallowed_methods, reason = "a benchmark's own switch")]
    let more = std::env::var("FORWARD_CONFIG").unwrap_or_else(|_| "{}".to_owned());
    let mut configuration: Value = serde_json::from_str(&more).unwrap();
    configuration["mcpServers"] = json!({"bench": server().entry()});
    configuration
}

impl Side {
    /// The client and the server, nothing between them.
    pub(crate) async fn direct(era: Era) -> Self {
        Self::connect(Command::from(server().command()), "echo", era, None).await
    }

    /// The same with the gateway between them.
    pub(crate) async fn forwarded(era: Era) -> Self {
        let folder = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).unwrap();
        let config = folder.path().join("config.json");
        std::fs::write(&config, configuration().to_string()).unwrap();
        let mut command = Command::new(env!("CARGO_BIN_EXE_sequitur"));
        command.arg("serve").arg("--config").arg(&config).arg("--data-dir").arg(folder.path().join("data"));
        command.current_dir(folder.path());
        Self::connect(command, "bench__echo", era, Some(folder)).await
    }

    async fn connect(mut command: Command, tool: &'static str, era: Era, folder: Option<TempDir>) -> Self {
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null()).kill_on_drop(true);
        let mut child = command.spawn().unwrap();
        let streams = (child.stdout.take().unwrap(), child.stdin.take().unwrap());
        let lifecycle = match era {
            Era::Legacy => ClientLifecycleMode::Initialize,
            Era::Modern => ClientLifecycleMode::Discover { preferred_versions: vec![ProtocolVersion::V_2026_07_28] },
        };
        let client = ().serve_with_lifecycle(streams, lifecycle).await.unwrap();
        let side = Self { client, child, tool, clock: Arc::new(SystemClock::new()), folder };
        // A server is started when it is first needed.
        let first = side.call(0).await;
        assert!(first < Duration::from_secs(10), "{first:?}");
        side
    }

    /// One call; how long it took.
    pub(crate) async fn call(&self, n: usize) -> Duration {
        let Value::Object(arguments) = json!({"n": n, "text": "a few words, as most calls have them"}) else {
            unreachable!("it is an object")
        };
        let begun = self.clock.monotonic();
        let call = CallToolRequestParams::new(self.tool).with_arguments(arguments);
        let result = self.client.call_tool(call).await.unwrap();
        let took = self.clock.monotonic().saturating_sub(begun);
        assert_eq!(result.structured_content.unwrap()["echo"]["n"], n);
        took
    }

    /// So many calls with `lanes` of them under way at any time; how long all took.
    pub(crate) async fn calls(self: &Arc<Self>, lanes: usize, each: usize) -> Duration {
        let begun = self.clock.monotonic();
        let lanes: Vec<_> = (0..lanes)
            .map(|_| {
                let side = self.clone();
                tokio::spawn(async move {
                    for n in 0..each {
                        side.call(n).await;
                    }
                })
            })
            .collect();
        for lane in lanes {
            lane.await.unwrap();
        }
        self.clock.monotonic().saturating_sub(begun)
    }

    pub(crate) async fn leave(self) {
        let Self { client, mut child, folder, .. } = self;
        client.cancel().await.unwrap();
        assert!(child.wait().await.unwrap().success());
        drop(folder);
    }
}
