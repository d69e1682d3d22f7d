//! Base conversion, centred.
//!
//! With Q = q_0 .. q_{k-1} and y_i = x (Q/q_i)^-1 mod q_i,
//!
//! ```text
//! x = sum_i y_i Q/q_i - u Q,    u = round(sum_i y_i / q_i),    x in (-Q/2, Q/2)
//! ```
//!
//! so modulo a target prime x is a sum of k + 1 products. u comes from fixed-point integers, the same in every
//! backend: each term is floor(floor(2^(b+51)/q_i) (2^(50-b) y_i) / 2^52), b the bits of q_i, which is y_i/q_i in units of
//! 2^-49 and too small by less than 2. The sum of k terms is too small by less than 2k 2^-49: u is the rounded
//! quotient unless x/Q is within k 2^-48 of -1/2 (probability k 2^-48 for uniform x), and then it is one too
//! small, so that the result is the other representative just beyond Q/2. In every case the result is congruent to x
//! modulo Q exactly, and below Q (1/2 + k 2^-48) in magnitude. One prime alone is lifted exactly
//! ([`crate::kernels::lift_centred`]).
//!
//! The sources of a conversion are read once for a few targets together, whose limbs then go through all that is done with them. The
//! quotients, a byte each, are found once.

use std::sync::Arc;

use crate::{
    Modulus, Poly, Ring,
    buffer::Buffer,
    kernels,
    modulus::{MAX_MODULUS_BITS, mul_high},
    poly::Work,
};

/// Fraction bits of the quotient.
pub(crate) const FRACTION_BITS: u32 = MAX_MODULUS_BITS - 1;

/// Constants of one conversion.
pub(crate) struct Conversion {
    pub(crate) sources: Vec<Source>,
    pub(crate) targets: Vec<Target>,
}

pub(crate) struct Source {
    pub(crate) modulus: Modulus,
    /// (Q/q_i)^-1 mod q_i.
    pub(crate) cofactor_inverse: u64,
    /// 50 - b.
    pub(crate) shift: u32,
    /// floor(2^(b+51) / q_i), 52 bits.
    pub(crate) reciprocal: u64,
}

pub(crate) struct Target {
    pub(crate) modulus: Modulus,
    /// Q/q_i mod p for each source, then -Q mod p, the factor of u.
    pub(crate) factors: Vec<u64>,
    /// The same times 2^52.
    pub(crate) montgomery_factors: Vec<u64>,
}

/// What comes out of a conversion.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Times {
    /// x.
    One,
    /// -x/Q: what a division by Q adds to the quotients of residues.
    MinusInverse,
}

impl Conversion {
    pub(crate) fn new(sources: &[Modulus], targets: &[Modulus], times: Times) -> Self {
        let cofactor = |i: usize, m: &Modulus| {
            let others = sources.iter().enumerate().filter(|&(j, _)| j != i);
            others.fold(1, |acc, (_, q)| m.mul(acc, m.reduce(q.value())))
        };
        Self {
            sources: (0..sources.len())
                .map(|i| {
                    let m = sources[i];
                    Source {
                        modulus: m,
                        cofactor_inverse: m.inv(cofactor(i, &m)),
                        shift: MAX_MODULUS_BITS - m.bits(),
                        reciprocal: ((1u128 << (m.bits() + 51)) / u128::from(m.value())) as u64,
                    }
                })
                .collect(),
            targets: targets
                .iter()
                .map(|m| {
                    let q = cofactor(sources.len(), m);
                    let times = match times {
                        Times::One => 1,
                        Times::MinusInverse => m.neg(m.inv(q)),
                    };
                    let factors = (0..sources.len()).map(|i| cofactor(i, m)).chain([m.neg(q)]);
                    let factors: Vec<u64> = factors.map(|factor| m.mul(factor, times)).collect();
                    let montgomery_factors = factors.iter().map(|&f| m.mul(f, m.two_52())).collect();
                    Target { modulus: *m, factors, montgomery_factors }
                })
                .collect(),
        }
    }

    /// u of one coefficient.
    #[inline(always)]
    pub(crate) fn quotient(&self, y: impl Iterator<Item = u64>) -> u64 {
        // The upper 52 of 104 bits: the upper 64 of 128 when one factor moves up by 12.
        let terms = self.sources.iter().zip(y).map(|(s, y)| mul_high(y << s.shift, s.reciprocal << 12));
        (terms.sum::<u64>() + (1 << (FRACTION_BITS - 1))) >> FRACTION_BITS
    }
}

/// Digits ready for conversion: coefficients times [`Source::cofactor_inverse`], and their quotients.
pub(crate) struct Converted {
    conversion: Arc<Conversion>,
    digits: Buffer,
    quotients: Vec<u8>,
}

impl Converted {
    /// Runs `inverse(conversion number, source number, factor, limb)` for every limb of all digits: it writes coefficients times
    /// the factor there.
    pub(crate) fn invert(
        ring: &Ring,
        conversions: Vec<Arc<Conversion>>,
        inverse: impl Fn(usize, usize, u64, &mut [u64]) + Sync,
    ) -> Vec<Self> {
        let len = ring.limb_len();
        let mut all: Vec<_> = conversions
            .into_iter()
            .map(|conversion| {
                let digits = ring.take_buffer(conversion.sources.len());
                (conversion, digits)
            })
            .collect();
        let mut limbs: Vec<(usize, usize, u64, &mut [u64])> = Vec::new();
        for (j, (conversion, digits)) in all.iter_mut().enumerate() {
            let factors = conversion.sources.iter().map(|source| source.cofactor_inverse);
            let parts = digits.words_mut().chunks_exact_mut(len).zip(factors).enumerate();
            limbs.extend(parts.map(|(i, (limb, factor))| (j, i, factor, limb)));
        }
        Work::Heavy.run(len, limbs, |(j, i, factor, limb)| inverse(j, i, factor, limb));
        Self::of_all(ring, all)
    }

    /// From limbs that are coefficients times the factors already.
    pub(crate) fn of_all(ring: &Ring, digits: Vec<(Arc<Conversion>, Buffer)>) -> Vec<Self> {
        let (len, part) = (ring.limb_len(), ring.layout().part_len());
        let mut all: Vec<Self> = digits
            .into_iter()
            .map(|(conversion, digits)| {
                // one prime is lifted without quotients
                let quotients = if conversion.sources.len() == 1 { Vec::new() } else { vec![0; len] };
                Self { conversion, digits, quotients }
            })
            .collect();
        let mut parts: Vec<(&Conversion, usize, &[u64], &mut [u8])> = Vec::new();
        for digit in &mut all {
            let words = digit.digits.words();
            let chunks = digit.quotients.chunks_exact_mut(part).enumerate();
            parts.extend(chunks.map(|(i, chunk)| (&*digit.conversion, i * part, words, chunk)));
        }
        Work::Heavy.run(part, parts, |(conversion, start, words, out)| {
            let sources: Vec<&[u64]> =
                words.chunks_exact(len).map(|limb| &limb[start..start + out.len()]).collect();
            kernels::quotients(ring.backend(), conversion, &sources, out);
        });
        all
    }

    /// The values modulo some targets, by their evaluations.
    pub(crate) fn evaluations(&self, ring: &Ring, mut limbs: Vec<Limb<'_>>) {
        let (backend, Conversion { sources, targets }) = (ring.backend(), &*self.conversion);
        if let [source] = &sources[..] {
            for Limb { target, words, .. } in &mut limbs {
                let target = &targets[*target];
                let digit = self.digits.words();
                kernels::lift_centred(
                    backend,
                    &target.modulus,
                    words,
                    &source.modulus,
                    digit,
                    target.factors[0],
                );
            }
        } else {
            let digits: Vec<&[u64]> = self.digits.words().chunks_exact(ring.limb_len()).collect();
            let targets: Vec<_> = limbs.iter().map(|limb| &targets[limb.target]).collect();
            let outs = limbs.iter_mut().map(|limb| &mut *limb.words).collect();
            kernels::combine(backend, &targets, &digits, &self.quotients, outs);
        }
        Work::Heavy.run(ring.limb_len(), limbs, |limb| ring.forward(limb.prime, limb.words));
    }
}

/// A limb that a conversion writes.
pub(crate) struct Limb<'a> {
    /// The number of the conversion's target.
    pub(crate) target: usize,
    /// The number of its prime in the ring.
    pub(crate) prime: usize,
    pub(crate) words: &'a mut [u64],
}

/// Limbs that are converted together: what a conversion reads comes from a cache beyond a core's own, and is read once for
/// all of them.
pub(crate) const LIMBS_AT_ONCE: usize = 4;

/// Cuts limbs into groups that are converted together: equal ones, of [`LIMBS_AT_ONCE`] at most, and as many for each thread.
pub(crate) fn in_groups<T>(limbs: impl IntoIterator<Item = T, IntoIter: ExactSizeIterator>) -> Vec<Vec<T>> {
    let mut limbs = limbs.into_iter();
    let count = limbs.len();
    let groups = count.div_ceil(LIMBS_AT_ONCE).next_multiple_of(rayon::current_num_threads()).min(count);
    (0..groups).map(|k| limbs.by_ref().take((count + groups - 1 - k) / groups).collect()).collect()
}

/// Limbs of a polynomial, by number.
pub(crate) type Group<'a> = Vec<(usize, &'a mut [u64])>;

/// The limbs of several polynomials in groups, each with the number of its polynomial: by primes across the polynomials, so that
/// the tables of a few primes serve them all while they are cached.
pub(crate) fn groups_across<D>(polys: &mut [Poly<D>]) -> Vec<(usize, Group<'_>)> {
    let mut groups = Vec::new();
    for (number, poly) in polys.iter_mut().enumerate() {
        let len = poly.ring().limb_len();
        let limbs = poly.words_mut().chunks_exact_mut(len).enumerate();
        groups.extend(in_groups(limbs).into_iter().map(|group: Group<'_>| (number, group)));
    }
    groups.sort_by_key(|(number, group)| (group.first().map(|(i, _)| *i), *number));
    groups
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn groups_are_equal_and_as_many_for_each_thread() {
        let sizes = |count: usize| {
            let groups = in_groups(0..count);
            assert!(groups.iter().flatten().copied().eq(0..count), "{groups:?}");
            groups.iter().map(Vec::len).collect::<Vec<_>>()
        };
        let on =
            |threads: usize, count: usize| match rayon::ThreadPoolBuilder::new().num_threads(threads).build()
            {
                Ok(pool) => pool.install(|| sizes(count)),
                Err(error) => panic!("{error}"),
            };
        assert_eq!(on(1, 9), [3, 3, 3]);
        assert_eq!(on(2, 9), [3, 2, 2, 2]);
        assert_eq!(on(2, 6), [3, 3]);
        assert_eq!(on(8, 27), [4, 4, 4, 3, 3, 3, 3, 3]);
        assert_eq!(on(3, 2), [1, 1]);
        assert!(on(2, 0).is_empty());
    }
}
