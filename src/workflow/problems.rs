//! Collects problems, so that everything wrong is told at once.
//!
//! Bounded: a hostile file must not make a report larger than itself.

use super::node::Spot;
use super::problem::{Code, Problem, Severity, did_you_mean};

/// After this many a report says how many more there are.
const MOST: usize = 200;

/// The problems of one template.
#[derive(Debug)]
pub(crate) struct Problems {
    file: String,
    list: Vec<Problem>,
    left_off: usize,
    errors: usize,
}

impl Problems {
    pub(crate) fn new(file: impl Into<String>) -> Self {
        Self { file: file.into(), list: Vec::new(), left_off: 0, errors: 0 }
    }

    pub(crate) fn add(&mut self, code: Code, spot: &Spot, message: impl Into<String>, hint: Option<String>) {
        if code.severity() == Severity::Error {
            self.errors += 1;
        }
        if self.list.len() >= MOST {
            self.left_off += 1;
            return;
        }
        self.list.push(Problem {
            code,
            file: self.file.clone(),
            line: spot.position.map(|(line, _)| line),
            column: spot.position.map(|(_, column)| column),
            path: spot.path.to_string(),
            message: message.into(),
            hint,
        });
    }

    /// "did you mean", as long as there is room to tell it: comparing names is the
    /// dear part of a report.
    pub(crate) fn did_you_mean<'a>(&self, written: &str, names: impl IntoIterator<Item = &'a str>) -> Option<String> {
        if self.list.len() < MOST { did_you_mean(written, names) } else { None }
    }

    /// Whether anything so far makes the template unusable.
    pub(crate) fn has_errors(&self) -> bool {
        self.errors > 0
    }

    /// All of them in the order of the file.
    pub(crate) fn finish(mut self) -> Vec<Problem> {
        self.list.sort_by_key(|problem| (problem.line, problem.column, problem.code));
        // One cause seen from two checks is one problem.
        self.list.dedup();
        if self.left_off > 0
            && let Some(last) = self.list.last_mut()
        {
            let more = format!("and {} more problems after this one", self.left_off);
            last.hint = Some(last.hint.take().map_or_else(|| more.clone(), |hint| format!("{hint}; {more}")));
        }
        self.list
    }
}
