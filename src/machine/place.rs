//! Where a step instance stands in its run: the loops around it with their
//! iterations, then its node. Places sort as the steps of the file do, each
//! loop's iterations in order in the place of the loop.

use std::borrow::Borrow;
use std::sync::Arc;

/// A place: `[node]`, or with loops `[loop, iteration, ..., node]`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Place(Arc<[u32]>);

impl Place {
    /// The place of a node in a frame: the outermost list's is empty, an
    /// iteration's is its loop's place and its number.
    pub(super) fn within(frame: &[u32], node: usize) -> Self {
        Self(frame.iter().copied().chain([number(node)]).collect())
    }

    /// The frame of one iteration of the loop that stands here.
    pub(super) fn iteration(&self, index: u32) -> Vec<u32> {
        self.0.iter().copied().chain([index]).collect()
    }

    /// The node.
    #[must_use]
    pub fn node(&self) -> usize {
        self.0.last().map_or(usize::MAX, |&node| node as usize)
    }

    /// The list it is in, as in [`Place::within`].
    pub(super) fn frame(&self) -> &[u32] {
        &self.0[..self.0.len().saturating_sub(1)]
    }

    /// The innermost loop around it and the iteration: its place as numbers.
    pub(super) fn around(&self) -> Option<(&[u32], u32)> {
        let (&index, of) = self.frame().split_last()?;
        Some((of, index))
    }

    /// The place of a node that `loops` loops stand around, all of them around
    /// this one too.
    #[must_use]
    pub fn sees(&self, node: usize, loops: usize) -> Option<Self> {
        let frame = self.frame();
        (2 * loops <= frame.len()).then(|| Self::within(&frame[..2 * loops], node))
    }

    /// The iterations it is in, the outermost loop's first: loop node and number.
    pub fn iterations(&self) -> impl Iterator<Item = (usize, u32)> + '_ {
        self.frame().chunks_exact(2).map(|pair| (pair[0] as usize, pair[1]))
    }
}

impl Borrow<[u32]> for Place {
    fn borrow(&self) -> &[u32] {
        &self.0
    }
}

/// Nodes are at most 2,000, iterations at most 100,000.
pub(super) fn number(of: usize) -> u32 {
    u32::try_from(of).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests {
    use super::Place;

    #[test]
    fn places_sort_as_the_file_does_with_iterations_in_the_place_of_their_loop() {
        let looped = Place::within(&[], 1);
        let first = Place::within(&looped.iteration(2), 2);
        let later = Place::within(&looped.iteration(10), 2);
        let after = Place::within(&[], 3);
        let mut all = [after.clone(), later.clone(), looped.clone(), first.clone()];
        all.sort();
        assert_eq!(all, [looped, first, later, after]);
    }

    #[test]
    fn a_place_sees_its_own_iteration_and_the_lists_around_it() {
        let inner = Place::within(&[1, 4, 2, 7], 3);
        assert_eq!(inner.sees(9, 0), Some(Place::within(&[], 9)));
        assert_eq!(inner.sees(9, 1), Some(Place::within(&[1, 4], 9)));
        assert_eq!(inner.sees(9, 2), Some(Place::within(&[1, 4, 2, 7], 9)));
        assert_eq!(inner.sees(9, 3), None);
        assert_eq!(inner.iterations().collect::<Vec<_>>(), [(1, 4), (2, 7)]);
        assert_eq!(inner.around(), Some((&[1, 4, 2][..], 7)));
    }
}
