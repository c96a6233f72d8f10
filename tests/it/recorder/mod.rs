//! Sessions over the registry with a recorder as its observer.

mod advice;
mod killed;
mod logging;
mod program;
mod switches;
mod world;

pub(crate) use world::{Process, World, body, next_steps, open, request, step};
