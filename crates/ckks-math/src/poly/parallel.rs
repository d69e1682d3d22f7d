//! Work shared among threads limb by limb: a limb is a task of its own, since there are few of them.

use crate::threads;

/// How much there is to do for each word.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Work {
    /// A few instructions: bound by memory.
    Light,
    /// A transform, a conversion, a sum of products.
    Heavy,
}

impl Work {
    /// Whether `words` of this work are worth a thread's while.
    pub(crate) fn is_parallel(self, words: usize) -> bool {
        let least = match self {
            Self::Light => 1 << 17,
            Self::Heavy => 1 << 13,
        };
        words >= least && rayon::current_num_threads() > 1
    }

    /// `f` for every task, of so many words each.
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

/// `f(index, limb)` for every limb of `words`, or part of one.
pub(crate) fn for_each_limb(work: Work, words: &mut [u64], len: usize, f: impl Fn(usize, &mut [u64]) + Sync) {
    work.run(len, words.chunks_exact_mut(len).enumerate(), |(i, limb)| f(i, limb));
}

/// `f(index, limbs)` for every pair of limbs, or of parts of them, of two buffers.
pub(crate) fn for_each_limb_pair(
    work: Work,
    [a, b]: [&mut [u64]; 2],
    len: usize,
    f: impl Fn(usize, [&mut [u64]; 2]) + Sync,
) {
    let pairs = a.chunks_exact_mut(len).zip(b.chunks_exact_mut(len));
    work.run(len, pairs.enumerate(), |(i, (a, b))| f(i, [a, b]));
}

/// `f(index, limbs)` for every triple of limbs, or of parts of them, of three buffers.
pub(crate) fn for_each_limb_triple(
    work: Work,
    [a, b, c]: [&mut [u64]; 3],
    len: usize,
    f: impl Fn(usize, [&mut [u64]; 3]) + Sync,
) {
    let triples = a.chunks_exact_mut(len).zip(b.chunks_exact_mut(len)).zip(c.chunks_exact_mut(len));
    work.run(len, triples.enumerate(), |(i, ((a, b), c))| f(i, [a, b, c]));
}
