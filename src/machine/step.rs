//! One step instance, and what a container keeps of what goes on in it.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use super::event::{BodyRef, Handling, Opened, StepError, StepPath, Via};
use super::place::Place;
use super::status::StepStatus;
use super::waits::Waiting;
use crate::base::Timestamp;

/// A step's settled input.
#[derive(Debug, Clone, PartialEq)]
pub struct Ready {
    /// Resolved arguments, secrets as markers.
    pub parameters: BodyRef,
    /// The tool.
    pub tool: String,
    /// Per attempt.
    pub timeout_ms: Option<u64>,
}

/// One step instance.
#[derive(Debug, Clone, PartialEq)]
pub struct StepState {
    /// Its name in the log.
    pub path: StepPath,
    /// Where it stands.
    pub place: Place,
    /// How many instances of the run were made before it.
    pub ordinal: u32,
    /// Its node in the plan.
    pub index: usize,
    /// Where it stands.
    pub status: StepStatus,
    /// Dependencies that are not finished, and the container that has not begun.
    pub blocked_by: usize,
    /// Its input, once settled.
    pub ready: Option<Ready>,
    /// What goes on in it, once a container has begun.
    pub inside: Option<Box<Inside>>,
    /// What it waits for, once it does.
    pub waits: Option<Box<Waiting>>,
    /// Attempts sent.
    pub attempts: u32,
    /// Attempts that failed and count against `max_retries`.
    pub failures: u32,
    /// The key of its calls.
    pub key: Option<Arc<str>>,
    /// As recorded when the last attempt was sent.
    pub repeat_safe: bool,
    /// Its result.
    pub result: Option<BodyRef>,
    /// Its last error.
    pub error: Option<StepError>,
    /// What `on_error` made of a failure.
    pub handling: Option<Handling>,
    /// Its first attempt was sent then, or it began then.
    pub started_at: Option<Timestamp>,
    /// It ended then.
    pub finished_at: Option<Timestamp>,
    /// The next attempt is not made before this.
    pub not_before: Option<Timestamp>,
    /// It was cancelled while an unsafe call had no reply.
    pub outcome_unknown: bool,
    /// How an interruption was answered.
    pub answered_via: Option<Via>,
    /// Instances to tell when it is finished.
    pub(super) waiters: Vec<Place>,
    /// What it counts for progress.
    pub(super) weight: u64,
}

impl StepState {
    pub(super) fn new(path: StepPath, place: Place, ordinal: u32, weight: u64) -> Self {
        Self {
            path,
            index: place.node(),
            place,
            ordinal,
            status: StepStatus::Pending,
            blocked_by: 0,
            ready: None,
            inside: None,
            waits: None,
            attempts: 0,
            failures: 0,
            key: None,
            repeat_safe: false,
            result: None,
            error: None,
            handling: None,
            started_at: None,
            finished_at: None,
            not_before: None,
            outcome_unknown: false,
            answered_via: None,
            waiters: Vec::new(),
            weight,
        }
    }

    /// From the first sending, or a container's begin, to the end.
    #[must_use]
    pub fn duration(&self) -> Option<Duration> {
        Some(self.finished_at?.since(self.started_at?))
    }

    /// A call of it is in flight.
    pub(super) fn calls(&self) -> bool {
        self.status == StepStatus::Running && self.inside.is_none()
    }

    /// A container that has begun and not ended.
    pub(super) fn is_open(&self) -> bool {
        self.status == StepStatus::Running && self.inside.is_some()
    }

    /// What a loop's result keeps of it.
    pub(super) fn outcome(&self) -> Outcome {
        let iterations = self.inside.as_ref().filter(|_| self.result.is_some()).and_then(|inside| {
            let loops = inside.loops()?;
            Some(loops.clone())
        });
        Outcome { result: self.result.clone(), iterations }
    }
}

/// What a finished step leaves to be read: its result, and of a loop its iterations.
#[derive(Debug, Clone, PartialEq)]
pub struct Outcome {
    /// Its result; none when it did not complete.
    pub result: Option<BodyRef>,
    /// The iterations of a loop.
    pub iterations: Option<Iterations>,
}

/// What each iteration of a loop left, in order; one entry for each node of the
/// loop's body. One that has not finished is empty.
pub type Iterations = Arc<Vec<Arc<[Outcome]>>>;

/// What a container keeps of what goes on in it.
#[derive(Debug, Clone, PartialEq)]
pub struct Inside {
    /// As what it began.
    pub opened: Opened,
    /// Iterations of a loop that have finished.
    pub finished: u32,
    /// A `while` that goes on no more: whether for `max_iterations`.
    pub ended: Option<bool>,
    /// The first failure in it that nothing handled.
    pub(super) failure: Option<(StepPath, StepError)>,
    /// How many there were.
    pub(super) unhandled: usize,
    /// The failure counts in the list around already.
    pub(super) passed_on: bool,
    /// A step in it did not run because what is around failed.
    pub(super) cut: bool,
    /// Children, or iterations, that have begun or may and are not finished.
    pub(super) unfinished: usize,
    /// Calls in flight in it, at any depth.
    pub(super) in_flight: usize,
    /// What has been counted for progress of its weight.
    pub(super) granted: u64,
    /// A loop's next iteration.
    pub(super) next: u32,
    /// Open iterations, with their unfinished steps.
    pub(super) open: BTreeMap<u32, usize>,
    /// What finished ones left.
    pub(super) results: Iterations,
}

impl Inside {
    pub(super) fn new(opened: Opened, unfinished: usize) -> Self {
        Self {
            opened,
            finished: 0,
            ended: None,
            failure: None,
            unhandled: 0,
            passed_on: false,
            cut: false,
            unfinished,
            in_flight: 0,
            granted: 0,
            next: 0,
            open: BTreeMap::new(),
            results: Iterations::default(),
        }
    }

    /// What finished iterations left, if it is a loop.
    #[must_use]
    pub fn loops(&self) -> Option<&Iterations> {
        match self.opened {
            Opened::ForEach { .. } | Opened::While { .. } => Some(&self.results),
            Opened::Condition { .. } | Opened::Parallel { .. } => None,
        }
    }

    /// Keeps what an iteration left.
    pub(super) fn keep(&mut self, index: u32, outcomes: Arc<[Outcome]>) {
        let at = index as usize;
        let results = Arc::make_mut(&mut self.results);
        if results.len() <= at {
            results.resize_with(at + 1, || Arc::from([]));
        }
        results[at] = outcomes;
        self.finished += 1;
    }
}
