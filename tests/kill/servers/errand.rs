//! What the runs do: the two servers, their tools, the template, and what each
//! of its calls has to be given.

use std::path::{Path, PathBuf};

use serde_json::{Value, json};

use crate::ledger_server::{Act, Answer, Child, End, Spec, Tool};
use crate::workplace::{Program, Workplace, template};

/// Waves of four steps, side by side.
const WAVES: usize = 6;
/// A quick call takes so long before its effect, and so long after it.
const QUICK: [u64; 2] = [4, 4];
/// A slow one.
const SLOW: [u64; 2] = [60, 90];

/// Everything that the lives share.
pub(super) fn workplace() -> Workplace {
    Workplace::configured(Program::Binary, &errand(), |folder| {
        let [north, south] = servers(&book(folder));
        json!({"mcpServers": {"north": north.entry(), "south": south.entry()}, "security": {"agent_may_relay": true}})
    })
}

/// The servers' ledger.
pub(super) fn book(folder: &Path) -> PathBuf {
    folder.join("servers.jsonl")
}

/// One does as it is told. The other ignores the end of its input and every
/// signal that can be ignored, and so do the processes that it starts, one of
/// which leaves its group.
fn servers(book: &Path) -> [Spec; 2] {
    let north = Spec::new("north", book, tools());
    let deaf = Child { ignores_signals: true, ..Child::default() };
    let south = Spec {
        end: End { ignores_eof: true, ignores_signals: true },
        children: vec![Child { holds_streams: true, ..deaf }, Child { own_session: true, ..deaf }],
        ..Spec::new("south", book, tools())
    };
    [north, south]
}

fn tools() -> Vec<Tool> {
    let both = |name: &str, annotated: fn(Tool) -> Tool| {
        let tool = |name: &str, takes| annotated(Tool::new(name)).does(acts(takes));
        [tool(name, QUICK), tool(&format!("slow_{name}"), SLOW)]
    };
    [
        both("look", Tool::reads),
        both("put", Tool::idempotent),
        both("send", Tool::destructive),
        both("plain", |tool| tool),
    ]
    .concat()
}

fn acts([before, after]: [u64; 2]) -> [Act; 4] {
    [Act::Wait { ms: before }, Act::Effect, Act::Wait { ms: after }, Act::Answer(Answer::Echo)]
}

/// Whether a call of this tool may be made again unasked.
pub(super) fn is_safe(tool: &str) -> bool {
    tool.ends_with("look") || tool.ends_with("put")
}

/// Whether its run goes on when this step fails.
pub(super) fn is_optional(step: &str) -> bool {
    wave_of(step).is_multiple_of(2)
}

fn wave_of(step: &str) -> usize {
    step[1..step.len() - 1].parse().unwrap()
}

/// The template: each wave has all kinds of tools, one of them slow, and is given
/// what the wave before it answered.
fn errand() -> Value {
    let mut steps = Vec::new();
    for wave in 0..WAVES {
        let (one, other) = if wave % 2 == 0 { ("north", "south") } else { ("south", "north") };
        let slow = ["look", "send", "put", "plain", "look", "put"][wave];
        let tools = [
            format!("{one}__look"),
            format!("{other}__put"),
            format!("{one}__{}", if wave % 2 == 0 { "send" } else { "plain" }),
            format!("{other}__slow_{slow}"),
        ];
        for (letter, tool) in ["a", "b", "c", "d"].iter().zip(tools) {
            let id = format!("w{wave}{letter}");
            let before: Vec<String> = match wave {
                0 => Vec::new(),
                _ => ["a", "b", "c", "d"].iter().map(|letter| format!("w{}{letter}", wave - 1)).collect(),
            };
            let given = match wave {
                0 => json!(0),
                _ => json!(format!("{{{{ w{}a.echo.given + 1 }}}}", wave - 1)),
            };
            steps.push(json!({
                "step_id": id, "tool": tool, "depends_on": before,
                "on_error": if is_optional(&id) { "continue" } else { "abort" },
                "parameters": {"run": "{{ run.id }}", "step": id, "label": "{{ params.label }}", "given": given,
                               "payload": "{{ params.payload }}", "loose": "<{{ params.payload.text }}>"},
            }));
        }
    }
    let mut errand = template(&steps, &json!({}));
    errand["parameters"] = json!([{"name": "label", "type": "string", "required": true}, {"name": "payload", "type": "object", "required": true}]);
    errand
}

/// What a run is asked for with.
pub(super) fn parameters(label: &str) -> Value {
    json!({"label": label, "payload": {
        "text": "näïve ☃ \"quoted\" \\ {{ not.evaluated }}\n${neither} <&>",
        "numbers": [0.1, -0.0, 1e21, 9_007_199_254_740_993_i64, -7, 1.0], "nothing": null, "z": {"b": [[], {}], "a": true},
    }})
}

/// What a call of this step has to be given.
pub(super) fn arguments(run: &str, label: &str, step: &str) -> Value {
    let payload = &parameters(label)["payload"];
    let loose = format!("<{}>", payload["text"].as_str().unwrap());
    json!({"run": run, "step": step, "label": label, "given": wave_of(step), "payload": payload, "loose": loose})
}
