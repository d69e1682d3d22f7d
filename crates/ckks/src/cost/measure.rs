//! Measures the [`Pace`] of this machine.

use std::sync::OnceLock;
use std::time::Instant;

use ckks_math::{Basis, KeySwitch, PackedPair, Poly, Ring, Switched, primes, sample};

use super::{Cost, Pace};
use crate::digits::Digits;
use crate::error::Error;
use crate::params::KeyShape;

/// Ring and level of the linear heads. The limbs of one polynomial fill part of a second-level cache.
const LOG_N: u32 = 15;
const LIMBS: usize = 5;
const SPECIAL: usize = 5;
/// Ciphertexts read from memory: 84 MB.
const TERMS: usize = 32;
/// Each round runs every kind of work once. The median counts, since a training shares the machine with the same
/// neighbours.
const ROUNDS: usize = 40;

impl Pace {
    /// Measures one core of this machine, once in a process, in about half a second.
    ///
    /// # Errors
    /// [`Error::Math`] if the environment names kernels that this machine cannot run.
    pub fn of_this_machine() -> Result<Self, Error> {
        static PACE: OnceLock<Result<Pace, ckks_math::Error>> = OnceLock::new();
        let alone = || match rayon::ThreadPoolBuilder::new().num_threads(1).build() {
            Ok(pool) => pool.install(Self::measure),
            // If no thread can be started, the present pool measures as well.
            Err(_) => Self::measure(),
        };
        Ok(PACE.get_or_init(alone).clone()?)
    }

    fn measure() -> Result<Self, ckks_math::Error> {
        let all = primes::ntt_primes(LOG_N + 1, 45, LIMBS + SPECIAL, &[])?;
        let (q, p) = all.split_at(LIMBS);
        let ring = Ring::new(LOG_N, q, p)?;
        let draw = |basis, label: &[u8]| sample::uniform(&ring, basis, &[0; 32], label);
        let of_q = |label| draw(Basis::of_q(LIMBS), label);
        let (a, b) = ([of_q(b"a0"), of_q(b"a1")], [of_q(b"b0"), of_q(b"b1")]);
        let words = (LIMBS << LOG_N) as f64;

        let mut poly = Some(of_q(b"transformed"));
        let in_cache: Vec<_> = (0..TERMS).map(|_| (a.each_ref(), b.each_ref())).collect();
        let copies: Vec<_> = (0..TERMS).map(|_| b.clone()).collect();
        let in_memory: Vec<_> = copies.iter().map(|b| (a.each_ref(), b.each_ref())).collect();
        // A rotation by a key of random words with one digit, the cheapest shape at this level.
        let shape = KeyShape { level: LIMBS - 1, special: SPECIAL, digits: Digits::one() };
        let key = [PackedPair::new([b"k0", b"k1"].map(|label| draw(ring.full_basis(), label)).each_ref())];
        let digits: Vec<_> = shape.digits.ranges(shape.level).collect();
        let rotation = KeySwitch {
            switched: Switched::Poly(&a[1], &digits),
            key: &key,
            special: SPECIAL,
            plus: [Some(&a[0]), None],
            rescale: false,
            table: Some(&ring.automorphism(5)),
        };

        let mut rounds = [const { Vec::new() }; 4];
        for _ in 0..ROUNDS {
            // The key comes from memory: the streamed ciphertexts have displaced it from the caches.
            let switched = seconds(|| drop(Poly::key_switch(&rotation)));
            let transforms = seconds(|| poly = poly.take().map(|poly| poly.into_coeff().into_ntt()));
            let cached = seconds(|| drop(Poly::tensor_dot(&in_cache)));
            let streamed = seconds(|| drop(Poly::tensor_dot(&in_memory)));
            let round = [switched, transforms, cached, streamed];
            rounds.iter_mut().zip(round).for_each(|(times, time)| times.push(time));
        }
        let [switched, transforms, cached, streamed] = rounds.map(median);

        let bytes = 2.0 * TERMS as f64 * words * size_of::<u64>() as f64;
        let counted = Self {
            transform: transforms / (2.0 * words * f64::from(LOG_N)),
            pass: cached / (4.0 * TERMS as f64 * words),
            byte: (streamed - cached).max(0.0) / bytes,
            switch: 1.0,
        };
        let cost = Cost::switch(shape, shape.level).counted(1 << LOG_N, key[0].memory_bytes(), &counted);
        Ok(Self { switch: switched / cost, ..counted })
    }
}

fn seconds(work: impl FnOnce()) -> f64 {
    let start = Instant::now();
    work();
    start.elapsed().as_secs_f64()
}

fn median(mut times: Vec<f64>) -> f64 {
    times.sort_by(f64::total_cmp);
    times[times.len() / 2]
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn a_process_measures_once() {
        let [first, again] = [0, 1].map(|_| Pace::of_this_machine().unwrap());
        assert!(
            first.transform > 0.0 && first.pass > 0.0 && first.byte >= 0.0 && first.switch > 0.0,
            "{first:?}"
        );
        let all = |pace: Pace| [pace.transform, pace.pass, pace.byte, pace.switch];
        assert_eq!(all(first), all(again));
    }
}
