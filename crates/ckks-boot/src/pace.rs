//! How fast this machine is: what turns counts into seconds.

use std::sync::OnceLock;
use std::time::Instant;

use ckks_math::{Basis, Poly, Ring, primes, sample};

use crate::Error;

/// Seconds of one core, for a word.
#[derive(Clone, Copy, Debug)]
pub struct Pace {
    /// A number-theoretic transform, for a word and each of its `log2 N` steps.
    pub transform: f64,
    /// A multiply-add of words in the cache.
    pub pass: f64,
    /// What a byte from memory takes beyond the arithmetic done with it.
    pub byte: f64,
}

/// The ring of the linear heads: its limbs fill a second-level cache in part.
const LOG_N: u32 = 15;
const LIMBS: usize = 4;
/// Ciphertexts that are read from memory: 64 MB.
const TERMS: usize = 32;
/// The best of so many rounds, in which each kind of work has its turn: other programs only make it slower, for tenths of a second at a
/// time.
const ROUNDS: usize = 40;

impl Pace {
    /// Measured once in a process, in about half a second.
    ///
    /// # Errors
    /// [`Error::Ckks`] if the environment names kernels that this machine cannot run.
    pub fn of_this_machine() -> Result<Self, Error> {
        static PACE: OnceLock<Result<Pace, ckks_math::Error>> = OnceLock::new();
        let alone = || match rayon::ThreadPoolBuilder::new().num_threads(1).build() {
            Ok(pool) => pool.install(Self::measure),
            // no thread to be had: the present ones measure as well
            Err(_) => Self::measure(),
        };
        Ok(PACE.get_or_init(alone).clone().map_err(ckks::Error::from)?)
    }

    fn measure() -> Result<Self, ckks_math::Error> {
        let q = primes::ntt_primes(LOG_N + 1, 45, LIMBS, &[])?;
        let ring = Ring::new(LOG_N, &q, &[])?;
        let draw = |label: &[u8]| sample::uniform(&ring, Basis::of_q(LIMBS), &[0; 32], label);
        let (a, b) = ([draw(b"a0"), draw(b"a1")], [draw(b"b0"), draw(b"b1")]);
        let words = (LIMBS << LOG_N) as f64;

        let mut poly = Some(draw(b"transformed"));
        let in_cache: Vec<_> = (0..TERMS).map(|_| (a.each_ref(), b.each_ref())).collect();
        let copies: Vec<_> = (0..TERMS).map(|_| b.clone()).collect();
        let in_memory: Vec<_> = copies.iter().map(|b| (a.each_ref(), b.each_ref())).collect();
        let mut least = [f64::INFINITY; 3];
        for _ in 0..ROUNDS {
            let transforms = seconds(|| poly = poly.take().map(|poly| poly.into_coeff().into_ntt()));
            let cached = seconds(|| drop(Poly::tensor_dot(&in_cache)));
            let streamed = seconds(|| drop(Poly::tensor_dot(&in_memory)));
            let round = [transforms, cached, streamed];
            least.iter_mut().zip(round).for_each(|(least, time)| *least = least.min(time));
        }
        let [transforms, cached, streamed] = least;

        let bytes = 2.0 * TERMS as f64 * words * size_of::<u64>() as f64;
        Ok(Self {
            transform: transforms / (2.0 * words * f64::from(LOG_N)),
            pass: cached / (4.0 * TERMS as f64 * words),
            byte: (streamed - cached).max(0.0) / bytes,
        })
    }
}

fn seconds(work: impl FnOnce()) -> f64 {
    let start = Instant::now();
    work();
    start.elapsed().as_secs_f64()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn a_process_measures_once() {
        let [first, again] = [0, 1].map(|_| Pace::of_this_machine().unwrap());
        assert!(first.transform > 0.0 && first.pass > 0.0 && first.byte >= 0.0, "{first:?}");
        assert_eq!([first.transform, first.pass, first.byte], [again.transform, again.pass, again.byte]);
    }
}
