//! Several processes that train one head together: each does a share of the work on the blocks, all hold the same state.
//!
//! What each process sums up over its blocks are residues before any rounding, and sums of residues do not depend on their order. So all
//! processes hold the head that one alone would have made, bit for bit, whatever their number.

use std::fmt;
use std::ops::Range;

use crate::error::Result;

/// How processes (ranks) that train together exchange words.
///
/// All ranks call the same methods in the same order, with as many words. A rank that cannot go on must end the others: they wait for it.
pub trait Collective: fmt::Debug + Send + Sync {
    /// Which of the ranks this is, and how many there are.
    fn share(&self) -> Share;

    /// Adds words over all ranks, element by element and modulo 2^64. Every rank gets the sums.
    ///
    /// # Errors
    /// A failed exchange.
    fn sum(&self, words: &mut [u64]) -> Result<()>;

    /// Replaces the words of every rank by those of rank `from`.
    ///
    /// # Errors
    /// A failed exchange.
    fn broadcast(&self, from: usize, words: &mut [u64]) -> Result<()>;
}

/// One process without others.
#[derive(Clone, Copy, Debug)]
pub struct Alone;

impl Collective for Alone {
    fn share(&self) -> Share {
        Share::WHOLE
    }

    fn sum(&self, _: &mut [u64]) -> Result<()> {
        Ok(())
    }

    fn broadcast(&self, _: usize, _: &mut [u64]) -> Result<()> {
        Ok(())
    }
}

/// Which share of the work is this process's.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Share {
    /// This process, counted from 0.
    pub rank: usize,
    /// All processes, at least one.
    pub ranks: usize,
}

impl Share {
    /// The share of a process without others.
    pub const WHOLE: Self = Self { rank: 0, ranks: 1 };

    /// This process's part of `count` things in a row. Where there are fewer things than processes, the last ones get none, and rank 0
    /// always has one.
    pub fn of(self, count: usize) -> Range<usize> {
        let begin = |rank: usize| (count * rank).div_ceil(self.ranks);
        begin(self.rank)..begin(self.rank + 1)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shares_are_all_of_it_and_of_nearly_one_size() {
        for ranks in 1..9 {
            for count in 0..30 {
                let parts: Vec<_> = (0..ranks).map(|rank| Share { rank, ranks }.of(count)).collect();
                assert_eq!(
                    parts.iter().cloned().flatten().collect::<Vec<_>>(),
                    (0..count).collect::<Vec<_>>()
                );
                assert!(
                    parts.iter().all(|part| part.len().abs_diff(count / ranks) <= 1),
                    "{count}: {parts:?}"
                );
                assert!(count == 0 || !parts[0].is_empty(), "{count}: {parts:?}");
            }
        }
    }
}
