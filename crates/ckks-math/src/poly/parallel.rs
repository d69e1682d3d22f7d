//! Work divided among threads limb by limb. A limb is a task, since there are only a few of them.

use crate::threads;

/// The amount of work for each word.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Work {
    /// A few instructions, limited by memory.
    Light,
    /// A transform, a conversion, a sum of products.
    Heavy,
}

impl Work {
    /// Whether `words` words of this work are enough for a thread.
    pub(crate) fn is_parallel(self, words: usize) -> bool {
        let least = match self {
            Self::Light => 1 << 17,
            Self::Heavy => 1 << 13,
        };
        words >= least && rayon::current_num_threads() > 1
    }

    /// Runs `f` for every task. Each has `words` words of this work.
    pub(crate) fn run<T: Send>(
        self,
        words: usize,
        tasks: impl IntoIterator<Item = T, IntoIter: ExactSizeIterator>,
        f: impl Fn(T) + Sync,
    ) {
        let tasks = tasks.into_iter();
        if self.is_parallel(tasks.len() * words) {
            threads::for_each(tasks.collect(), f);
        } else {
            tasks.for_each(f);
        }
    }
}

/// Runs `f(index, limb)` for every limb of `words`, or every part of one.
pub(crate) fn for_each_limb(work: Work, words: &mut [u64], len: usize, f: impl Fn(usize, &mut [u64]) + Sync) {
    work.run(len, words.chunks_exact_mut(len).enumerate(), |(i, limb)| f(i, limb));
}

/// Runs `f(index, limbs)` for every pair of limbs of two buffers, or of parts of limbs.
pub(crate) fn for_each_limb_pair(
    work: Work,
    [a, b]: [&mut [u64]; 2],
    len: usize,
    f: impl Fn(usize, [&mut [u64]; 2]) + Sync,
) {
    let pairs = a.chunks_exact_mut(len).zip(b.chunks_exact_mut(len));
    work.run(len, pairs.enumerate(), |(i, (a, b))| f(i, [a, b]));
}

/// Runs `f(index, limbs)` for every triple of limbs of three buffers, or of parts of limbs.
pub(crate) fn for_each_limb_triple(
    work: Work,
    [a, b, c]: [&mut [u64]; 3],
    len: usize,
    f: impl Fn(usize, [&mut [u64]; 3]) + Sync,
) {
    let triples = a.chunks_exact_mut(len).zip(b.chunks_exact_mut(len)).zip(c.chunks_exact_mut(len));
    work.run(len, triples.enumerate(), |(i, ((a, b), c))| f(i, [a, b, c]));
}
