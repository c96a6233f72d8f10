//! The command line: arguments, one file per command, what a terminal shows.
//!
//! Every command that touches runs or templates goes through the same tools
//! that clients call, so that `--json` prints exactly what the tool answers.
//! Must not know how the tools work or how they are wired: `app` implements
//! [`Backend`]. A new command is a variant in `args.rs`, a file in `commands/`
//! and a line in `entry.rs`.

mod answer;
mod args;
mod ask;
mod backend;
mod commands;
mod drive;
mod entry;
mod exit;
mod failure;
mod parameters;
mod progress;
mod setup;
mod table;
mod terminal;

#[cfg(test)]
mod tests;

pub use backend::{Backend, Client, Purpose};
pub use entry::main;
pub use exit::Exit;
pub use failure::Failure;
pub use setup::{Global, Setup};
