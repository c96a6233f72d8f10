//! The programs of servers that speak over their standard streams: started in a
//! process group of their own, heard on stderr, ended with all they started.
//!
//! Two ways lead to their end. In order: [`Child::end`], and dropping a
//! [`Child`]. However we die: the guard, a second process of our own binary that
//! reads a pipe from us ([`stand_guard`]) and ends what is left when it closes.
//! Both find a server's processes by their group and, on Linux, by the variable
//! [`PARENT_VARIABLE`] in their environment, which no `setsid` takes away.
//!
//! Must not know MCP: it hands out the pipes. On Windows there are no groups and
//! no guard: the program alone is killed, and one that outlives us is not seen.
//! Job objects are to take both places there.

mod child;
mod guard;
mod guard_process;
mod kin;
mod launch;
mod stderr;
#[cfg(any(not(unix), test))]
mod windows;

#[cfg(unix)]
#[cfg(test)]
mod tests;

pub use child::{Child, Exit, Pipes};
pub use guard::{Guard, PARENT_VARIABLE};
pub use guard_process::stand_guard;
pub use launch::{Launch, LaunchError};
