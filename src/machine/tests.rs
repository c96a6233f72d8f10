//! The machine's own tests, one file for each thing it promises. All of them go
//! through [`super::turn()`] by way of [`rig::Rig`], which also replays the log
//! after every turn. What many runs with crashes show is in `tests/sim`.

mod containers;
mod failing;
mod fixtures;
mod log;
mod loops;
mod outcome_unknown;
mod people;
mod readiness;
mod rig;
mod scheduling;
mod waits;
