//! The key switch as a whole: digits, inner products, division by the special primes, automorphism.
//!
//! As separate steps these would read and write polynomials of megabytes. Here everything that belongs to one prime
//! is done together. Its limbs of the digits are raised, transformed and multiplied by both halves of the key. Modulo
//! a special prime the sums are transformed back at once. Modulo a remaining prime, the rests that the division
//! subtracts are raised and transformed with the same table. The quotient, with its addend and automorphism, is
//! written once.

use std::{ops::Range, sync::Arc};

use super::{
    convert::{Converted, LIMBS_AT_ONCE, Limb, in_groups},
    decompose::Digits,
    divide::Division,
};
use crate::{
    AutomorphismTable, Basis, Modulus, Ntt, PackedPair, Poly, Ring,
    buffer::Buffer,
    kernels,
    poly::{Work, product_mod},
};

/// The polynomial to be switched, over `{q, 0}`.
#[derive(Clone, Copy, Debug)]
pub enum Switched<'a> {
    /// The polynomial's raised [digits](Poly::decompose_at).
    Digits(&'a [Poly<Ntt>]),
    /// A polynomial, to be decomposed at these ranges of primes of Q.
    Poly(&'a Poly<Ntt>, &'a [Range<usize>]),
}

/// `sigma(plus + <digits, key> / P)`: two polynomials. With `rescale` they are also divided by the last prime of Q,
/// in the same rounding.
///
/// The bits are those of [`Poly::decompose_at`], [`Poly::dot2`], [`Poly::times_special`], [`Poly::mod_down`] and
/// [`Poly::automorphism`], one after the other.
#[derive(Clone, Copy)]
pub struct KeySwitch<'a> {
    /// The polynomial to be switched.
    pub switched: Switched<'a>,
    /// The key, over the digits' basis or a larger one, with at least as many pairs of halves as there are digits.
    pub key: &'a [PackedPair],
    /// Number of special primes.
    pub special: usize,
    /// Added to each half, over `{q, 0}` or a larger basis. `None` adds nothing.
    pub plus: [Option<&'a Poly<Ntt>>; 2],
    /// Whether the result is also divided by the last prime of Q.
    pub rescale: bool,
    /// The automorphism `sigma`. `None` is the identity.
    pub table: Option<&'a AutomorphismTable>,
}

impl Poly<Ntt> {
    /// Computes a [`KeySwitch`].
    ///
    /// # Panics
    /// If there is no digit or no special prime, no prime of Q is left, a polynomial lacks residues, or the ranges do
    /// not cover the primes of Q in order.
    #[must_use]
    pub fn key_switch(switch: &KeySwitch<'_>) -> [Self; 2] {
        let task = Task::new(switch);
        let rests = task.rests();
        task.quotients(&rests)
    }
}

/// The limbs of the digits.
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

    /// Limb `i` over `basis` of digit `j`, if it is in memory.
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

    /// The residues of both halves modulo the dropped primes, ready for conversion.
    fn rests(&self) -> Vec<Converted> {
        let (ring, len) = (self.ring, self.ring.limb_len());
        let (division, basis) = (&self.division, self.division.basis);
        let mut values = [0; 2].map(|_| ring.take_buffer(division.dropped.len()));
        let [b, a] = values.each_mut().map(|half| half.words_mut().chunks_exact_mut(len));
        let limbs = b.zip(a).enumerate().map(|(d, (b, a))| (d, [b, a]));
        for group in in_groups(limbs) {
            let dropped: Vec<usize> = group.iter().map(|(d, _)| division.dropped[*d]).collect();
            let raised = self.raised(&dropped);
            Work::Heavy.run(2 * len, group.into_iter().zip(raised), |((d, mut halves), raised)| {
                let limb = division.dropped[d];
                let modulus = ring.modulus(basis, limb);
                let (out, terms) = (halves.each_mut().map(|half| &mut **half), self.terms(limb, &raised));
                kernels::dot2(ring.backend(), modulus, out, &terms, self.plus(limb, modulus));
                let factor = division.conversion.sources[d].cofactor_inverse;
                let prime = ring.prime_index(basis, limb);
                Work::Heavy.run(len, halves, |half| ring.inverse(prime, half, factor));
            });
        }
        let halves = values.into_iter().map(|half| (Arc::clone(&division.conversion), half));
        Converted::of_all(ring, halves.collect())
    }

    /// The result.
    fn quotients(&self, rests: &[Converted]) -> [Poly<Ntt>; 2] {
        let (ring, len) = (self.ring, self.ring.limb_len());
        let mut out = [0; 2].map(|_| Poly::stale(ring, self.division.kept));
        let [b, a] = out.each_mut().map(|half| half.words_mut().chunks_exact_mut(len));
        let limbs = b.zip(a).enumerate().map(|(i, (b, a))| (i, [b, a]));
        Work::Heavy.run(2 * LIMBS_AT_ONCE * len, in_groups(limbs), |group| {
            if self.switch.table.is_none() {
                return self.quotients_of(rests, group);
            }
            let mut still: Vec<_> = group.iter().map(|_| ring.take_buffer(2)).collect();
            let halves = still.iter_mut().zip(&group).map(|(still, (i, _))| {
                let (b, a) = still.words_mut().split_at_mut(len);
                (*i, [b, a])
            });
            self.quotients_of(rests, halves.collect());
            for ((_, out), still) in group.into_iter().zip(still) {
                for (out, still) in out.into_iter().zip(still.words().chunks_exact(len)) {
                    self.switch.table.into_iter().for_each(|table| table.permute(out, still));
                }
            }
        });
        out
    }

    /// Limbs of both halves of the result before the automorphism, with their indices.
    fn quotients_of(&self, rests: &[Converted], mut group: Vec<(usize, [&mut [u64]; 2])>) {
        let (ring, len) = (self.ring, self.ring.limb_len());
        let numbers: Vec<usize> = group.iter().map(|(i, _)| *i).collect();
        let raised = self.raised(&numbers);
        let [mut b, mut a] = [Vec::new(), Vec::new()];
        for (i, [half_b, half_a]) in &mut group {
            let limb = |words| Limb { target: *i, prime: *i, words };
            b.push(limb(&mut **half_b));
            a.push(limb(&mut **half_a));
        }
        let halves = rests.iter().zip([b, a]);
        Work::Heavy.run(numbers.len() * len, halves, |(rest, limbs)| rest.evaluations(ring, limbs));
        Work::Heavy.run(len, group.into_iter().zip(raised), |((i, halves), raised)| {
            let (modulus, terms) = (&ring.q()[i], self.terms(i, &raised));
            let inverse = self.division.inverses[i];
            kernels::dot2_add(ring.backend(), modulus, halves, &terms, inverse, self.plus(i, modulus));
        });
    }

    /// Limb `i` over the whole basis of the addend before the division: P times it, and nothing modulo a special
    /// prime.
    fn plus(&self, i: usize, modulus: &Modulus) -> kernels::Plus<'_> {
        let basis = self.division.basis;
        if i >= basis.q {
            return kernels::Plus::NONE;
        }
        let limbs = self.switch.plus.map(|plus| plus.map(|plus| plus.limb(i)));
        kernels::Plus { limbs, factor: product_mod(&self.ring.p()[..basis.p], modulus) }
    }

    /// The given limbs of each digit, if they are not in memory: for each limb, digit by digit.
    fn raised(&self, limbs: &[usize]) -> Vec<Vec<Option<Buffer>>> {
        let count = self.digits.count();
        let DigitSource::Lazy(digits) = &self.digits else {
            return limbs.iter().map(|_| (0..count).map(|_| None).collect()).collect();
        };
        let room = |&i: &usize| {
            (0..count).map(|j| digits.own_limb(j, i).is_none().then(|| self.ring.take_buffer(1))).collect()
        };
        let mut raised: Vec<Vec<Option<Buffer>>> = limbs.iter().map(room).collect();
        let mut by_digit: Vec<Vec<(usize, &mut [u64])>> = (0..count).map(|_| Vec::new()).collect();
        for (&i, buffers) in limbs.iter().zip(&mut raised) {
            for (group, buffer) in by_digit.iter_mut().zip(buffers) {
                group.extend(buffer.as_mut().map(|buffer| (i, buffer.words_mut())));
            }
        }
        let len = limbs.len() * self.ring.limb_len();
        Work::Heavy.run(len, by_digit.into_iter().enumerate(), |(j, group)| digits.raise(j, group));
        raised
    }

    /// Limb `i` of the digits, raised or in memory, each with that of the key.
    fn terms<'t>(&'t self, i: usize, raised: &'t [Option<Buffer>]) -> Vec<kernels::KeyTerm<'t>> {
        let basis = self.division.basis;
        let terms = raised.iter().zip(self.switch.key).enumerate().map(|(j, (raised, key))| {
            let digit = raised.as_ref().map(Buffer::words).or_else(|| self.digits.limb(basis, j, i));
            let digit = digit.unwrap_or_else(|| unreachable!("a limb that is not there is raised"));
            (digit, key.part_over(basis, i, 0..self.ring.limb_len()))
        });
        terms.collect()
    }
}
