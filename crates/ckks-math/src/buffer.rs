//! Aligned storage that is recycled.
//!
//! A polynomial of a large ring takes megabytes. In fresh memory every page costs a fault and a wipe, together as
//! much as a transform. Buffers therefore return to a pool of their ring and are reused without clearing. The user of
//! a buffer overwrites all words. Padding words stay zero, since nothing else is ever written there.
//!
//! A buffer that is marked secret is wiped before it returns. Only the data party has such buffers.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use zerocopy::{FromBytes, Immutable, IntoBytes, KnownLayout};
use zeroize::Zeroize;

/// One cache line.
#[derive(Clone, Copy, FromBytes, IntoBytes, Immutable, KnownLayout)]
#[repr(C, align(64))]
struct Line([u64; 8]);

/// Bytes that an idle pool keeps. Buffers beyond that return to the system.
const MAX_IDLE_BYTES: usize = 1024 << 20;

/// Idle buffers of one ring, by their number of limbs.
pub(crate) struct Pool {
    lines_per_limb: usize,
    idle: Mutex<Idle>,
}

#[derive(Default)]
struct Idle {
    by_limbs: Vec<Vec<Vec<Line>>>,
    bytes: usize,
}

impl Pool {
    pub(crate) fn new(limb_len: usize) -> Self {
        assert!(limb_len.is_multiple_of(8));
        Self { lines_per_limb: limb_len / 8, idle: Mutex::default() }
    }

    /// A buffer of `limbs` limbs with arbitrary words and zero padding. It may have been a larger one.
    pub(crate) fn take(self: &Arc<Self>, limbs: usize) -> Buffer {
        let recycled = {
            let mut idle = self.lock();
            let last = (limbs + limbs / 2 + 1).min(idle.by_limbs.len());
            let fitting = idle.by_limbs.get_mut(limbs..last);
            let found = fitting.and_then(|fitting| fitting.iter_mut().find_map(Vec::pop));
            if let Some(lines) = &found {
                idle.bytes -= bytes(lines);
            }
            found
        };
        let used = limbs * self.lines_per_limb;
        let lines = recycled.unwrap_or_else(|| vec![Line([0; 8]); used]);
        Buffer { lines, used, secret: false, pool: Arc::clone(self) }
    }

    fn put(&self, lines: Vec<Line>) {
        let limbs = lines.len() / self.lines_per_limb;
        let mut idle = self.lock();
        if lines.is_empty() || idle.bytes + bytes(&lines) > MAX_IDLE_BYTES {
            return;
        }
        if idle.by_limbs.len() <= limbs {
            idle.by_limbs.resize_with(limbs + 1, Vec::new);
        }
        idle.bytes += bytes(&lines);
        idle.by_limbs[limbs].push(lines);
    }

    fn lock(&self) -> MutexGuard<'_, Idle> {
        // The lists are consistent between any two statements, so a panic of another thread does not spoil them.
        self.idle.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn bytes(lines: &[Line]) -> usize {
    size_of_val(lines)
}

/// Words on cache-line boundaries. A buffer returns to its pool when dropped.
pub(crate) struct Buffer {
    lines: Vec<Line>,
    /// Number of lines in use.
    used: usize,
    /// Whether the words are wiped when the buffer is dropped.
    pub(crate) secret: bool,
    pool: Arc<Pool>,
}

impl Buffer {
    pub(crate) fn words(&self) -> &[u64] {
        match <[u64]>::ref_from_bytes(self.lines[..self.used].as_bytes()) {
            Ok(words) => words,
            Err(_) => unreachable!("a line is eight aligned words"),
        }
    }

    pub(crate) fn words_mut(&mut self) -> &mut [u64] {
        match <[u64]>::mut_from_bytes(self.lines[..self.used].as_mut_bytes()) {
            Ok(words) => words,
            Err(_) => unreachable!("a line is eight aligned words"),
        }
    }
}

impl Drop for Buffer {
    fn drop(&mut self) {
        if self.secret {
            self.words_mut().zeroize();
        }
        self.pool.put(std::mem::take(&mut self.lines));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn buffers_are_aligned_and_recycled() {
        let pool = Arc::new(Pool::new(1032));
        let mut first = pool.take(3);
        assert_eq!(first.words().len(), 3 * 1032);
        assert_eq!(first.words().as_ptr() as usize % 64, 0);
        first.words_mut()[5] = 7;
        let address = first.words().as_ptr();
        drop(first);
        let again = pool.take(3);
        assert_eq!(again.words().as_ptr(), address);
        assert_ne!(pool.take(3).words().as_ptr(), address);
        drop(again);
        let mut smaller = pool.take(2);
        assert_eq!((smaller.words().as_ptr(), smaller.words().len()), (address, 2 * 1032));
        smaller.words_mut().fill(9);
        smaller.secret = true;
        drop(smaller);
        let wiped = pool.take(2);
        assert_eq!(wiped.words().as_ptr(), address);
        assert!(!wiped.secret && wiped.words().iter().all(|&word| word == 0));
    }
}
