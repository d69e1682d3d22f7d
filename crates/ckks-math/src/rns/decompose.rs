//! Raises residues to a larger basis: digits of the hybrid key switch, and ModRaise.

use std::{ops::Range, sync::Arc};

use crate::{
    Basis, Coeff, Ntt, Poly, Ring,
    conversion::{Conversion, Times},
    kernels,
    poly::Work,
    rns::convert::{Converted, LIMBS_AT_ONCE, Limb, groups_across},
};

impl Poly<Ntt> {
    /// [`decompose_at`](Self::decompose_at) with digits of `digit_limbs` primes. The last digit may be shorter.
    ///
    /// # Panics
    /// If `self` has special primes or `digit_limbs` is zero.
    #[must_use]
    pub fn decompose(&self, digit_limbs: usize, p: usize) -> Vec<Self> {
        let q = self.basis().q;
        let ranges = (0..q).step_by(digit_limbs).map(|first| first..(first + digit_limbs).min(q));
        self.decompose_at(&ranges.collect::<Vec<_>>(), p)
    }

    /// The digits of a hybrid key switch (Han and Ki, ePrint 2019/688, section 3). Digit j is the centred residue
    /// modulo the primes `ranges[j]` of Q, over the basis `{q, p}`. A digit's own limbs equal those of `self`. The
    /// lift of one-limb digits is exact; otherwise see [`Poly::mod_down`] about values near the edge of the centred
    /// range.
    ///
    /// # Panics
    /// If `self` has special primes or the ranges do not cover its primes of Q in order.
    #[must_use]
    pub fn decompose_at(&self, ranges: &[Range<usize>], p: usize) -> Vec<Self> {
        let (ring, len) = (self.ring(), self.ring().limb_len());
        let digits = Digits::new(self, ranges, p);
        let mut out: Vec<Self> = ranges.iter().map(|_| Self::stale(ring, digits.basis)).collect();
        Work::Heavy.run(LIMBS_AT_ONCE * len, groups_across(&mut out), |(j, mut group)| {
            for (i, limb) in &mut group {
                digits.own_limb(j, *i).into_iter().for_each(|own| limb.copy_from_slice(own));
            }
            digits.raise(j, group);
        });
        out
    }
}

/// The digits of a polynomial before they are raised.
pub(super) struct Digits<'a> {
    poly: &'a Poly<Ntt>,
    /// The basis to which they are raised.
    pub(super) basis: Basis,
    digits: Vec<Digit>,
}

struct Digit {
    own: Range<usize>,
    converted: Converted,
}

impl<'a> Digits<'a> {
    /// The digits of `poly` at these ranges, to be raised to `p` special primes.
    pub(super) fn new(poly: &'a Poly<Ntt>, ranges: &[Range<usize>], p: usize) -> Self {
        let (ring, q) = (poly.ring(), poly.basis().q);
        let end = ranges.iter().try_fold(0, |end, r| (r.start == end && r.end > end).then_some(r.end));
        assert!(end == Some(q) && poly.basis().p == 0, "digits {ranges:?} of {:?}", poly.basis());
        let basis = Basis { q, p };
        let conversions = ranges.iter().map(|range| raising(ring, basis, range)).collect();
        let converted = Converted::invert(ring, conversions, |j, i, factor, limb| {
            let i = ranges[j].start + i;
            ring.inverse_from(i, poly.limb(i), limb, factor);
        });
        let digits = ranges.iter().cloned().zip(converted);
        Self { poly, basis, digits: digits.map(|(own, converted)| Digit { own, converted }).collect() }
    }

    /// Number of digits.
    pub(super) fn count(&self) -> usize {
        self.digits.len()
    }

    /// Limb `i` of digit `j` if it is a limb of the polynomial.
    pub(super) fn own_limb(&self, j: usize, i: usize) -> Option<&'a [u64]> {
        self.digits[j].own.contains(&i).then(|| self.poly.limb(i))
    }

    /// Computes those of the given limbs of digit `j` that are not limbs of the polynomial.
    pub(super) fn raise(&self, j: usize, limbs: Vec<(usize, &mut [u64])>) {
        let (ring, Digit { own, converted }) = (self.poly.ring(), &self.digits[j]);
        let limbs = limbs.into_iter().filter(|(i, _)| !own.contains(i)).map(|(i, words)| Limb {
            target: if i < own.start { i } else { i - own.len() },
            prime: ring.prime_index(self.basis, i),
            words,
        });
        converted.evaluations(ring, limbs.collect());
    }
}

/// The conversion from the primes of a digit to all others of the basis.
fn raising(ring: &Ring, basis: Basis, own: &Range<usize>) -> Arc<Conversion> {
    let (sources, targets): (Vec<_>, Vec<_>) = (0..basis.limbs()).partition(|i| own.contains(i));
    let primes = |limbs: Vec<usize>| limbs.iter().map(|&i| ring.prime_index(basis, i)).collect::<Vec<_>>();
    ring.conversion(&primes(sources), &primes(targets), Times::One)
}

impl Poly<Coeff> {
    /// ModRaise: the centred representative modulo the first prime, exactly, over a basis of another ring of the same degree (or of this
    /// one).
    ///
    /// # Panics
    /// If `self` has more than one limb, or `basis` no prime of Q; if the degrees differ.
    #[must_use]
    pub fn raise(&self, ring: &Arc<Ring>, basis: Basis) -> Self {
        assert_eq!(self.basis(), Basis::of_q(1), "ModRaise starts from the first prime alone");
        assert!(basis.q > 0, "ModRaise needs a prime of Q");
        assert_eq!(self.ring().degree(), ring.degree(), "rings of one degree");
        let from = &self.ring().q()[0];
        let mut out = Self::stale(ring, basis);
        out.map_limbs(Work::Heavy, |_, m, limb| {
            kernels::lift_centred(ring.backend(), m, limb, from, self.limb(0), 1);
        });
        out
    }
}
