//! The levels of the state during iterations.

use super::depth::Depth;

/// The level of the state after an iteration, by the level before it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Course {
    first: Vec<Option<usize>>,
    later: Vec<Option<usize>>,
    levels: usize,
}

/// A sequence of iterations.
#[derive(Clone, Copy, Debug)]
pub(super) struct Iterations<'a> {
    first: &'a [Option<usize>],
    later: &'a [Option<usize>],
}

impl Course {
    /// Iterations that take this depth from every level up to `top`.
    pub(super) fn of_depth(depth: Depth, top: usize) -> Self {
        let less = |depth: usize| (0..=top).map(|level| level.checked_sub(depth)).collect();
        Self { first: less(depth.first), later: less(depth.later), levels: depth.later }
    }

    /// `first[level]` is the level that the first iteration leaves when it starts at `level`, `later[level]` that of every later iteration;
    /// `None` where the iteration does not fit.
    pub(super) fn new(first: Vec<Option<usize>>, later: Vec<Option<usize>>) -> Self {
        let taken = later.iter().enumerate().filter_map(|(level, after)| Some(level - (*after)?.min(level)));
        let levels = taken.min().unwrap_or(later.len());
        Self { first, later, levels }
    }

    /// The fewest levels that a later iteration takes; the number of all levels if it fits nowhere.
    pub(super) fn levels(&self) -> usize {
        self.levels
    }

    /// Whether the first iteration takes the same levels as the others, because it starts from given weights.
    pub(super) fn starts_warm(&self) -> bool {
        self.first == self.later
    }

    /// All iterations, from the first on.
    pub(super) fn all(&self) -> Iterations<'_> {
        Iterations { first: &self.first, later: &self.later }
    }

    /// Iterations after the first.
    pub(super) fn later(&self) -> Iterations<'_> {
        Iterations { first: &self.later, later: &self.later }
    }
}

impl Iterations<'_> {
    /// The levels after each iteration, starting at `level`, until one does not fit.
    fn levels(self, level: usize) -> impl Iterator<Item = usize> {
        let after = |table: &[Option<usize>], level: usize| table.get(level).copied().flatten();
        std::iter::successors(after(self.first, level), move |&level| after(self.later, level))
    }

    /// How many iterations, starting at `level`, end at or above `bottom`. The count ends at `most` or the number of levels, whichever is
    /// larger, since some sequences never end.
    pub(super) fn iterations(self, level: usize, bottom: usize, most: usize) -> usize {
        let most = most.max(self.first.len());
        self.levels(level).take(most).take_while(|&level| level >= bottom).count()
    }

    /// The lowest starting level, at most `top`, from which `iterations` iterations end at or above `bottom`.
    pub(super) fn lowest(self, iterations: usize, bottom: usize, top: usize) -> Option<usize> {
        let last = iterations.checked_sub(1)?;
        (0..=top).find(|&level| self.levels(level).nth(last).is_some_and(|level| level >= bottom))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn levels_go_down_by_the_depth() {
        let course = Course::of_depth(Depth { first: 2, later: 4 }, 18);
        assert_eq!((course.levels(), course.starts_warm()), (4, false));
        assert_eq!(course.all().iterations(18, 2, 10), 4);
        assert_eq!(course.later().iterations(18, 2, 10), 4);
        assert_eq!(course.later().iterations(5, 2, 10), 0);
        assert_eq!(course.all().lowest(4, 3, 18), Some(17));
        assert_eq!(course.all().lowest(6, 3, 18), None);
    }

    /// Where the gradient comes from a bootstrap inside the iteration, the state loses no level for ever.
    #[test]
    fn levels_may_stay() {
        let table = vec![None, None, None, None, Some(3), Some(4), Some(4), Some(4)];
        let course = Course::new(table.clone(), table);
        assert_eq!((course.levels(), course.starts_warm()), (1, true));
        assert_eq!(course.later().iterations(7, 3, 20), 2);
        assert_eq!(course.later().lowest(1, 4, 7), Some(5));
        let course = Course::new(vec![None, Some(1)], vec![None, Some(1)]);
        assert_eq!(course.later().iterations(1, 1, 20), 20);
    }
}
