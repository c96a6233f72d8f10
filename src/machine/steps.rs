//! The step instances of a run that are kept: by place, which is the order of
//! the file, and by path, which is what the log says.

use std::collections::{BTreeMap, HashMap};
use std::ops::{Bound, Index};

use super::event::StepPath;
use super::place::Place;
use super::step::StepState;

/// The step instances of a run that are kept.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Steps {
    by_place: BTreeMap<Place, StepState>,
    // For look-ups only: its order is never seen.
    by_path: HashMap<StepPath, Place>,
}

impl Steps {
    /// An instance by its path.
    #[must_use]
    pub fn get(&self, path: &StepPath) -> Option<&StepState> {
        self.by_place.get(self.by_path.get(path)?)
    }

    /// An instance by its place.
    #[must_use]
    pub fn at(&self, place: &Place) -> Option<&StepState> {
        self.by_place.get(place)
    }

    /// Instances in the order of the file.
    pub fn iter(&self) -> impl DoubleEndedIterator<Item = (&StepPath, &StepState)> {
        self.by_place.values().map(|step| (&step.path, step))
    }

    /// The same without their paths.
    pub fn values(&self) -> impl DoubleEndedIterator<Item = &StepState> {
        self.by_place.values()
    }

    /// How many are kept.
    #[must_use]
    pub fn len(&self) -> usize {
        self.by_place.len()
    }

    /// Whether none is.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.by_place.is_empty()
    }

    pub(super) fn place(&self, path: &StepPath) -> Option<&Place> {
        self.by_path.get(path)
    }

    /// The instance at a place given as numbers.
    pub(super) fn find_mut(&mut self, place: &[u32]) -> Option<&mut StepState> {
        self.by_place.get_mut(place)
    }

    pub(super) fn at_mut(&mut self, place: &Place) -> Option<&mut StepState> {
        self.by_place.get_mut(place)
    }

    pub(super) fn insert(&mut self, step: StepState) {
        self.by_path.insert(step.path.clone(), step.place.clone());
        self.by_place.insert(step.place.clone(), step);
    }

    /// The instances of a frame, those of loops in it included.
    pub(super) fn of_frame(&self, frame: &[u32]) -> impl Iterator<Item = &StepState> {
        let after = after(frame);
        self.by_place
            .range::<[u32], _>((Bound::Included(frame), Bound::Excluded(after.as_slice())))
            .map(|(_, step)| step)
    }

    /// Takes them out.
    pub(super) fn remove_frame(&mut self, frame: &[u32]) {
        let gone: Vec<(Place, StepPath)> =
            self.of_frame(frame).map(|step| (step.place.clone(), step.path.clone())).collect();
        for (place, path) in gone {
            self.by_place.remove(&place);
            self.by_path.remove(&path);
        }
    }
}

/// What sorts after everything that begins with this.
fn after(frame: &[u32]) -> Vec<u32> {
    let mut after = frame.to_vec();
    if let Some(last) = after.last_mut() {
        *last = last.saturating_add(1);
    }
    after
}

impl Index<&StepPath> for Steps {
    type Output = StepState;

    fn index(&self, path: &StepPath) -> &StepState {
        &self.by_place[&self.by_path[path]]
    }
}

impl Index<&str> for Steps {
    type Output = StepState;

    fn index(&self, path: &str) -> &StepState {
        &self.by_place[&self.by_path[path]]
    }
}
