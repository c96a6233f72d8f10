//! The pure core: what a run is, what may happen to it, and what to do next.
//!
//! Two functions carry it. [`decide`] takes a state and one input and says which
//! events happened and which commands follow; [`apply`] folds one event into the
//! state. Live: decide, apply, commit, then the commands. Recovery: apply alone,
//! then [`outstanding`]. [`turn`] puts them together. Time, jitter, ids, permits, results and what expressions
//! yield come in as input, so the same inputs give the same log.
//!
//! Must not know: async, clocks, randomness, IO, tools, SQL, hash-map order.
//! A new step kind is a file in `kinds/`; a new fact about a run is a variant of
//! [`EventKind`] with its line in `transitions.rs`.

mod apply;
mod change;
mod command;
mod container;
mod decide;
mod event;
mod fault;
mod kinds;
mod layout;
mod outstanding;
mod place;
mod readiness;
mod retry;
mod state;
mod status;
mod step;
mod steps;
mod transitions;
mod turn;
mod waits;

#[cfg(test)]
mod tests;

pub use apply::apply;
pub use command::{CallFacts, CallOutcome, Command, Concluded, Evaluated, Input, InputKind, Timer};
pub use decide::{Decision, Refused, decide, settle};
pub use event::{
    Answered, BodyRef, CURRENT_VERSION, Event, EventKind, Handling, Opened, SkipReason, StepError, StepPath, Via,
};
pub use fault::IllegalTransition;
pub use kinds::webhook::webhook_facts;
pub use kinds::{repeated_when_adopted, unsupported};
pub use outstanding::{GRACE, outstanding};
pub use place::Place;
pub use readiness::{Verdict, verdict};
pub use retry::delay as retry_delay;
pub use state::{MAX_INSTANCES, MAX_RESULT_BYTES, State, Task, Unresolved};
pub use status::{RunStatus, StepStatus};
pub use step::{Inside, Iterations, Outcome, Ready, StepState};
pub use steps::Steps;
pub use transitions::{RUN_EVENTS, STEP_TRANSITIONS, StepEvent};
pub use turn::{Local, Turn, turn};
pub use waits::{MAX_SIGNALS, WaitInput, Waiting, Waits, Woken};
