//! The key switch as a whole: digits, inner products, division by the special primes, automorphism.
//!
//! Taken one after the other, each would read and write polynomials of megabytes. Here all that belongs to one prime is done
//! together: its limbs of the digits are raised and transformed, multiplied with both halves of the key, and, modulo a
//! special prime, transformed back at once; modulo a prime that stays, the rests that the division subtracts are raised and transformed by the same
//! table, and the quotient, with what is added to it and its automorphism, is written once.

use std::{ops::Range, sync::Arc};

use super::{convert::Converted, decompose::Digits, divide::Division};
use crate::{
    AutomorphismTable, Basis, Modulus, Ntt, PackedPair, Poly, Ring,
    buffer::Buffer,
    kernels,
    poly::{Work, product_mod},
};

/// What is switched: a polynomial over `{q, 0}`.
#[derive(Clone, Copy, Debug)]
pub enum Switched<'a> {
    /// By its [digits](Poly::decompose_at), raised.
    Digits(&'a [Poly<Ntt>]),
    /// To be decomposed at these ranges of primes of Q.
    Poly(&'a Poly<Ntt>, &'a [Range<usize>]),
}

/// `sigma(plus + <digits, key> / P)`, divided by the last prime of Q too if it is rescaled, with one rounding: two polynomials.
///
/// The same bits as by [`Poly::decompose_at`], [`Poly::dot2`], [`Poly::add_times_special`], [`Poly::mod_down`] and
/// [`Poly::automorphism`], one after the other.
#[derive(Clone, Copy)]
pub struct KeySwitch<'a> {
    /// What is switched.
    pub switched: Switched<'a>,
    /// The key, at least as many pairs of halves as digits, over the digits' basis or a larger one.
    pub key: &'a [PackedPair],
    /// How many special primes there are.
    pub special: usize,
    /// What is added to each half, over `{q, 0}` or a larger basis; nothing is zero.
    pub plus: [Option<&'a Poly<Ntt>>; 2],
    /// Whether the result is divided by the last prime of Q, too.
    pub rescale: bool,
    /// The automorphism `sigma`; none is the identity.
    pub table: Option<&'a AutomorphismTable>,
}

impl Poly<Ntt> {
    /// A [`KeySwitch`].
    ///
    /// # Panics
    /// If there is no digit or no special prime, no prime of Q is left, a polynomial lacks residues, or the ranges are not those of
    /// the primes of Q in order.
    #[must_use]
    pub fn key_switch(switch: &KeySwitch<'_>) -> [Self; 2] {
        let task = Task::new(switch);
        let rests = task.rests();
        task.quotients(&rests)
    }
}

/// Limbs of the digits.
enum DigitSource<'a> {
    Raised(&'a [Poly<Ntt>]),
    Lazy(Digits<'a>),
}

impl DigitSource<'_> {
    fn count(&self) -> usize {
        match self {
            Self::Raised(digits) => digits.len(),
            Self::Lazy(digits) => digits.count(),
        }
    }

    /// Limb `i` over `basis` of digit `j`, if it lies in memory.
    fn limb(&self, basis: Basis, j: usize, i: usize) -> Option<&[u64]> {
        match self {
            Self::Raised(digits) => Some(digits[j].limb_over(basis, i)),
            Self::Lazy(digits) => digits.own_limb(j, i),
        }
    }
}

struct Task<'a> {
    switch: &'a KeySwitch<'a>,
    ring: &'a Arc<Ring>,
    digits: DigitSource<'a>,
    division: Division,
}

impl<'a> Task<'a> {
    fn new(switch: &'a KeySwitch<'a>) -> Self {
        let p = switch.special;
        let (poly, digits) = match switch.switched {
            Switched::Digits(digits) => {
                (digits.first().unwrap_or_else(|| panic!("a key switch has a digit")), digits.len())
            }
            Switched::Poly(poly, ranges) => (poly, ranges.len()),
        };
        let (ring, basis) = (poly.ring(), Basis { q: poly.basis().q, p });
        assert!(p > 0 && basis.q > usize::from(switch.rescale), "a key switch to {basis:?}");
        assert!(switch.key.len() >= digits, "a key for each digit");
        switch.key[..digits].iter().for_each(|key| key.assert_covers_basis(ring, basis));
        for plus in switch.plus.into_iter().flatten() {
            plus.assert_covers_basis(ring, Basis::of_q(basis.q));
        }
        let digits = match switch.switched {
            Switched::Digits(digits) => {
                digits.iter().for_each(|digit| digit.assert_covers_basis(ring, basis));
                DigitSource::Raised(digits)
            }
            Switched::Poly(poly, ranges) => DigitSource::Lazy(Digits::new(poly, ranges, p)),
        };
        Self { switch, ring, digits, division: Division::new(ring, basis, switch.rescale) }
    }

    /// The residues modulo the dropped primes of both halves, ready for conversion.
    fn rests(&self) -> Vec<Converted> {
        let (ring, len) = (self.ring, self.ring.limb_len());
        let (division, basis) = (&self.division, self.division.basis);
        let mut values = [0; 2].map(|_| ring.take_buffer(division.dropped.len()));
        let [b, a] = values.each_mut().map(|half| half.words_mut().chunks_exact_mut(len));
        let limbs = b.zip(a).enumerate().map(|(d, (b, a))| (d, [b, a]));
        Work::Heavy.run(2 * len, limbs, |(d, mut halves)| {
            let limb = division.dropped[d];
            let modulus = ring.modulus(basis, limb);
            self.with_digits(limb, |terms| {
                let out = halves.each_mut().map(|half| &mut **half);
                kernels::dot2(ring.backend(), modulus, out, terms, self.plus(limb, modulus));
            });
            let factor = division.conversion.sources[d].cofactor_inverse;
            let prime = ring.prime_index(basis, limb);
            Work::Heavy.run(len, halves, |half| ring.inverse(prime, half, factor));
        });
        let halves = values.into_iter().map(|half| (Arc::clone(&division.conversion), half));
        Converted::of_all(ring, halves.collect())
    }

    /// The result.
    fn quotients(&self, rests: &[Converted]) -> [Poly<Ntt>; 2] {
        let (ring, len) = (self.ring, self.ring.limb_len());
        let mut out = [0; 2].map(|_| Poly::stale(ring, self.division.kept));
        let [b, a] = out.each_mut().map(|half| half.words_mut().chunks_exact_mut(len));
        let limbs = b.zip(a).enumerate().map(|(i, (b, a))| (i, [b, a]));
        Work::Heavy.run(2 * len, limbs, |(i, mut halves)| {
            let Some(table) = self.switch.table else {
                return self.quotient(i, rests, halves);
            };
            let mut still = ring.take_buffer(2);
            let (b, a) = still.words_mut().split_at_mut(len);
            self.quotient(i, rests, [b, a]);
            let stills = still.words().chunks_exact(len);
            halves.iter_mut().zip(stills).for_each(|(out, still)| table.permute(out, still));
        });
        out
    }

    /// Limb `i` of both halves of the result before the automorphism.
    fn quotient(&self, i: usize, rests: &[Converted], mut out: [&mut [u64]; 2]) {
        let (ring, modulus) = (self.ring, &self.ring.q()[i]);
        let inverse = self.division.inverses[i];
        self.with_digits(i, |terms| {
            let halves = out.iter_mut().zip(rests);
            Work::Heavy.run(ring.limb_len(), halves, |(half, rest)| rest.evaluations(ring, i, i, half));
            let halves = out.each_mut().map(|half| &mut **half);
            kernels::dot2_add(ring.backend(), modulus, halves, terms, inverse, self.plus(i, modulus));
        });
    }

    /// Limb `i` over the whole basis of what is added, before the division: P times it, nothing modulo a special prime.
    fn plus(&self, i: usize, modulus: &Modulus) -> kernels::Plus<'_> {
        let basis = self.division.basis;
        if i >= basis.q {
            return kernels::Plus::NONE;
        }
        let limbs = self.switch.plus.map(|plus| plus.map(|plus| plus.limb(i)));
        kernels::Plus { limbs, factor: product_mod(&self.ring.p()[..basis.p], modulus) }
    }

    /// Raises limb `i` of the digits, as far as it does not lie in memory, and hands it on with the key's.
    fn with_digits(&self, i: usize, work: impl FnOnce(&[kernels::KeyTerm<'_>])) {
        let (len, basis) = (self.ring.limb_len(), self.division.basis);
        let raised: Vec<Option<Buffer>> = match &self.digits {
            DigitSource::Raised(_) => (0..self.digits.count()).map(|_| None).collect(),
            DigitSource::Lazy(digits) => {
                let mut raised: Vec<_> = (0..digits.count())
                    .map(|j| digits.own_limb(j, i).is_none().then(|| self.ring.take_buffer(1)))
                    .collect();
                let limbs = raised.iter_mut().enumerate().filter_map(|(j, limb)| Some((j, limb.as_mut()?)));
                let limbs: Vec<_> = limbs.map(|(j, limb)| (j, limb.words_mut())).collect();
                Work::Heavy.run(len, limbs, |(j, limb)| digits.raise(j, i, limb));
                raised
            }
        };
        let terms = raised.iter().zip(self.switch.key).enumerate().map(|(j, (raised, key))| {
            let digit = raised.as_ref().map(Buffer::words).or_else(|| self.digits.limb(basis, j, i));
            let digit = digit.unwrap_or_else(|| unreachable!("a limb that is not there is raised"));
            (digit, key.part_over(basis, i, 0..len))
        });
        let terms: Vec<_> = terms.collect();
        work(&terms);
    }
}
