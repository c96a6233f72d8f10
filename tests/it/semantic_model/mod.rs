//! Semantic models: real ones against known facts, our sample, broken files, answers.

mod real_models;
