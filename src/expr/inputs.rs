//! Arguments of filters, tests, functions and methods, taken by place or name.

use std::collections::VecDeque;
use std::sync::Arc;

use super::datum::Datum;
use super::error::Problem;

/// Arguments not yet taken. Parameters are asked for in their order.
#[derive(Debug, Default)]
pub(super) struct Inputs {
    positional: VecDeque<Datum>,
    named: Vec<(Arc<str>, Datum)>,
}

impl Inputs {
    pub(super) fn new(positional: Vec<Datum>, named: Vec<(Arc<str>, Datum)>) -> Self {
        Self { positional: positional.into(), named }
    }

    /// The next argument by place, else the one of this name.
    pub(super) fn take(&mut self, name: &str) -> Option<Datum> {
        self.positional.pop_front().or_else(|| self.take_named(name))
    }

    /// The argument of this name, which has no place.
    pub(super) fn take_named(&mut self, name: &str) -> Option<Datum> {
        let at = self.named.iter().position(|(own, _)| &**own == name)?;
        Some(self.named.remove(at).1)
    }

    pub(super) fn need(&mut self, name: &str) -> Result<Datum, Problem> {
        self.take(name).ok_or_else(|| Problem::kind(format!("the argument `{name}` is missing")))
    }

    pub(super) fn text(&mut self, name: &str) -> Result<Option<Arc<str>>, Problem> {
        match self.take(name) {
            None | Some(Datum::Null) => Ok(None),
            Some(Datum::Text(text)) => Ok(Some(text)),
            Some(other) => Err(wrong(name, "a string", &other)),
        }
    }

    pub(super) fn need_text(&mut self, name: &str) -> Result<Arc<str>, Problem> {
        self.text(name)?.ok_or_else(|| Problem::kind(format!("the argument `{name}` is missing")))
    }

    pub(super) fn int(&mut self, name: &str) -> Result<Option<i128>, Problem> {
        match self.take(name) {
            None | Some(Datum::Null) => Ok(None),
            Some(Datum::Int(value)) => Ok(Some(value)),
            Some(other) => Err(wrong(name, "a whole number", &other)),
        }
    }

    /// A count that is at least `least`.
    pub(super) fn count(&mut self, name: &str, least: usize) -> Result<Option<usize>, Problem> {
        let Some(value) = self.int(name)? else { return Ok(None) };
        match usize::try_from(value) {
            Ok(value) if value >= least => Ok(Some(value)),
            _ => Err(Problem::value(format!("the argument `{name}` must be at least {least}"))),
        }
    }

    pub(super) fn flag(&mut self, name: &str) -> Result<bool, Problem> {
        match self.take(name) {
            None | Some(Datum::Null) => Ok(false),
            Some(Datum::Bool(value)) => Ok(value),
            Some(other) => Err(wrong(name, "a bool", &other)),
        }
    }

    /// Everything left by place.
    pub(super) fn rest(&mut self) -> Vec<Datum> {
        self.positional.drain(..).collect()
    }

    /// Everything left by name.
    pub(super) fn rest_named(&mut self) -> Vec<(Arc<str>, Datum)> {
        std::mem::take(&mut self.named)
    }

    /// Fails when an argument was given that nobody took.
    pub(super) fn finish(&self) -> Result<(), Problem> {
        if let Some((name, _)) = self.named.first() {
            return Err(Problem::kind(format!("there is no argument `{name}` here")));
        }
        if !self.positional.is_empty() {
            return Err(Problem::kind(format!("{} argument(s) too many", self.positional.len())));
        }
        Ok(())
    }
}

fn wrong(name: &str, wanted: &str, found: &Datum) -> Problem {
    Problem::kind(format!("the argument `{name}` must be {wanted}, not {}", found.kind()))
}
