//! Base conversion of whole polynomials, limb by limb. [`conversion`](crate::conversion) has the formula.
//!
//! A conversion reads its sources once for a few targets together, whose limbs are then processed completely. The
//! quotients, one byte each, are computed once.

use std::sync::Arc;

use crate::{Poly, Ring, buffer::Buffer, conversion::Conversion, kernels, poly::Work};

/// Digits ready for conversion: coefficients times [`Source::cofactor_inverse`](crate::conversion::Source), and their
/// quotients.
pub(crate) struct Converted {
    conversion: Arc<Conversion>,
    digits: Buffer,
    quotients: Vec<u8>,
}

impl Converted {
    /// Runs `inverse(conversion number, source number, factor, limb)` for every limb of all digits. It must write the
    /// coefficients times the factor to the limb.
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

    /// From limbs that already hold coefficients times the factors.
    pub(crate) fn of_all(ring: &Ring, digits: Vec<(Arc<Conversion>, Buffer)>) -> Vec<Self> {
        let (len, part) = (ring.limb_len(), ring.layout().part_len());
        let mut all: Vec<Self> = digits
            .into_iter()
            .map(|(conversion, digits)| {
                // A single prime is lifted without quotients.
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

    /// Computes the values modulo some targets, as evaluations.
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

/// A target limb of a conversion.
pub(crate) struct Limb<'a> {
    /// Index of the conversion's target.
    pub(crate) target: usize,
    /// Index of its prime in the ring.
    pub(crate) prime: usize,
    pub(crate) words: &'a mut [u64],
}

/// Limbs that are converted together. Their sources come from a cache beyond that of the core and are read once for
/// all of them.
pub(crate) const LIMBS_AT_ONCE: usize = 4;

/// Divides limbs into groups to be converted together. The groups have nearly equal sizes of at most
/// [`LIMBS_AT_ONCE`], and where possible every thread gets as many of them.
pub(crate) fn in_groups<T>(limbs: impl IntoIterator<Item = T, IntoIter: ExactSizeIterator>) -> Vec<Vec<T>> {
    let mut limbs = limbs.into_iter();
    let count = limbs.len();
    let groups = count.div_ceil(LIMBS_AT_ONCE).next_multiple_of(rayon::current_num_threads()).min(count);
    (0..groups).map(|k| limbs.by_ref().take((count + groups - 1 - k) / groups).collect()).collect()
}

/// Limbs of a polynomial, with their indices.
pub(crate) type Group<'a> = Vec<(usize, &'a mut [u64])>;

/// The limbs of several polynomials in groups, each with the index of its polynomial. The groups are ordered by
/// primes across the polynomials, so that the tables of a few primes serve all polynomials while they are cached.
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
