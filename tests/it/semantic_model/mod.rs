//! Semantic models: real ones against known facts, our sample, broken files, answers.

#![expect(clippy::print_stderr, reason = "a skipped test says why")]

mod answers;
mod bounds;
mod broken;
mod real_dax;
mod real_models;
mod rules;
mod sample;
mod sizes;
