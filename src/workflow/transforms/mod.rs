//! Transforms: what a step's `transforms` make of its value, in order.
//!
//! One file for each: what is written, how it is read, what it does. A
//! [`Transform`] is as written, brought to one form, and stands in the plan;
//! [`Transforms`] is a list of them compiled, and [`apply`](Transforms::apply)
//! is pure. `work.rs` holds the scope and the budget they share. Expressions
//! only through `expr`; must not know runs, the store or tools. A new one is a
//! file, a variant in `transform.rs`, a table in `keys.rs`, an example in
//! `docs/workflows.md`, which a test runs.

mod aggregate;
mod compiled;
mod criteria;
mod error;
mod figure;
mod filter;
mod flatten;
mod item;
mod limit;
mod map;
mod merge;
mod read;
mod select;
mod sort;
#[cfg(test)]
mod tests;
mod transform;
mod work;

pub use compiled::Transforms;
pub use error::TransformError;
pub(crate) use read::read;
pub use transform::Transform;
pub(crate) use transform::lower;
