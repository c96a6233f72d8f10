//! The same with the binary itself and the tools it comes with: they keep no
//! ledger, so its own record tells what was called again.

use std::process::Stdio;

use sequitur::base::{Clock as _, Entropy as _, ManualEntropy, SystemClock};
use sequitur::machine::StepStatus;
use serde_json::json;

use crate::record::Record;
use crate::rounds::{seed, wait};
use crate::workplace::{Program, STEPS, Workplace, survey_template};

const KILLS: u32 = 4;

pub(crate) fn kill_and_go_on() {
    let seed = seed();
    println!("seed {seed} (SEQUITUR_KILL_SEED repeats it)");
    let entropy = ManualEntropy::new(seed);
    let rehearsal = Workplace::new(Program::Binary, &survey_template());
    let clock = SystemClock::new();
    let run = rehearsal.output(&["run", "long_run", "--json"]);
    let whole = clock.monotonic();
    assert!(run.status.success(), "{}", String::from_utf8_lossy(&run.stdout));

    let mut kept = 0;
    for kill in 0..KILLS {
        let workplace = Workplace::new(Program::Binary, &survey_template());
        // One is killed while a person runs it, one while a client does.
        if kill % 2 == 0 {
            let mut run = workplace.command(&["run", "long_run", "--json"]);
            let mut run = run.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
            wait(whole.mul_f64(entropy.unit()));
            run.kill().unwrap();
            run.wait().unwrap();
        } else {
            let mut client = workplace.serve();
            let call = json!({"name": "execute_workflow", "arguments": {"template_id": "long_run", "wait_seconds": 0}});
            client.request("tools/call", call);
            wait(whole.mul_f64(entropy.unit()));
            client.killed();
        }
        let Some(record) = Record::read(&workplace) else { continue };
        let resumed = workplace.output(&["resume", &record.run, "--json"]);
        assert!(record.status.is_terminal() || resumed.status.success(), "{resumed:?}");
        let end = Record::read(&workplace).unwrap();
        assert_eq!(end.with(StepStatus::Completed).len(), STEPS);
        for path in record.with(StepStatus::Completed) {
            assert_eq!(end.steps[path], record.steps[path], "`{path}` was completed and was touched again");
            kept += 1;
        }
        let mut client = workplace.serve();
        let last = json!({"workflow_id": record.run, "step_id": "s49", "select": "result.model.name"});
        assert_eq!(client.done("get_workflow_status", &last)["value"], "Bramble Retail");
        client.leave();
    }
    println!("{KILLS} kills; {kept} completed steps, none touched again");
}
