//! Raising residues to a larger basis: digits of the hybrid key switch, and ModRaise.

use std::{ops::Range, sync::Arc};

use rayon::prelude::*;

use crate::{
    Basis, Coeff, Ntt, Poly, Ring,
    buffer::Buffer,
    poly::{Work, for_each_limb},
    rns::convert,
};

impl Poly<Ntt> {
    /// [`decompose_at`](Self::decompose_at) with digits of `digit_limbs` primes; the last one may be shorter.
    ///
    /// # Panics
    /// If `self` has special primes or `digit_limbs` is zero.
    #[must_use]
    pub fn decompose(&self, digit_limbs: usize, p: usize) -> Vec<Self> {
        let q = self.basis().q;
        let ranges = (0..q).step_by(digit_limbs).map(|first| first..(first + digit_limbs).min(q));
        self.decompose_at(&ranges.collect::<Vec<_>>(), p)
    }

    /// The digits of a hybrid key switch (Han and Ki, ePrint 2019/688, section 3): digit j is the residue modulo the
    /// primes `ranges[j]` of Q, centred, over the basis `{q, p}`. A digit's own limbs equal those of `self`; with one limb
    /// for each digit the lift is exact, else see [`Poly::mod_down`] for what centred means at the edge.
    ///
    /// # Panics
    /// If `self` has special primes or the ranges are not its primes of Q in order.
    #[must_use]
    pub fn decompose_at(&self, ranges: &[Range<usize>], p: usize) -> Vec<Self> {
        let ring = self.ring();
        let q = self.basis().q;
        let end = ranges.iter().try_fold(0, |end, r| (r.start == end && r.end > end).then_some(r.end));
        assert!(end == Some(q) && self.basis().p == 0, "digits {ranges:?} of {:?}", self.basis());
        let basis = Basis { q, p };
        let digits: Vec<Digit> = ranges.iter().map(|range| Digit::new(ring, basis, range.clone())).collect();
        let coefficients = self.digit_coefficients(&digits);

        let mut out: Vec<Self> = digits.iter().map(|_| Self::stale(ring, basis)).collect();
        let len = ring.limb_len();
        for (digit, raised) in digits.iter().zip(&mut out) {
            let limbs = raised.words_mut().chunks_exact_mut(len).enumerate();
            let raised_limbs = limbs.filter(|(i, _)| !digit.owns(*i)).map(|(_, limb)| limb).collect();
            let own = &coefficients.words()[digit.own.start * len..digit.own.end * len];
            convert::convert_limbs(ring, &digit.conversion, own, raised_limbs);
        }
        // Limb by limb across the digits, so that one prime's table serves them all while it is cached.
        let mut limbs: Vec<(usize, usize, &mut [u64])> = Vec::with_capacity(digits.len() * basis.limbs());
        for (j, raised) in out.iter_mut().enumerate() {
            limbs.extend(raised.words_mut().chunks_exact_mut(len).enumerate().map(|(i, limb)| (i, j, limb)));
        }
        limbs.sort_by_key(|&(i, j, _)| (i, j));
        let run = |(i, j, limb): (usize, usize, &mut [u64])| {
            if digits[j].owns(i) {
                limb.copy_from_slice(self.limb(i));
            } else {
                ring.forward(ring.prime_index(basis, i), limb);
            }
        };
        if Work::Heavy.is_parallel(limbs.len() * len) {
            limbs.into_par_iter().for_each(run);
        } else {
            limbs.into_iter().for_each(run);
        }
        out
    }

    /// Coefficients of every limb, times the factor that its digit's conversion wants.
    fn digit_coefficients(&self, digits: &[Digit]) -> Buffer {
        let ring = self.ring();
        let mut coefficients = ring.take_buffer(self.basis().q);
        for_each_limb(Work::Heavy, coefficients.words_mut(), ring.limb_len(), |i, limb| {
            let digit = &digits[digits.partition_point(|digit| digit.own.end <= i)];
            limb.copy_from_slice(self.limb(i));
            ring.inverse(i, limb, digit.conversion.sources[i - digit.own.start].cofactor_inverse);
        });
        coefficients
    }
}

/// One digit: its limbs, and their conversion to all others.
struct Digit {
    own: Range<usize>,
    conversion: Arc<convert::Conversion>,
}

impl Digit {
    fn new(ring: &Ring, basis: Basis, own: Range<usize>) -> Self {
        let sources: Vec<usize> = own.clone().collect();
        let conversion = convert::between(ring, &sources, &convert::others(ring, basis, &sources));
        Self { own, conversion }
    }

    fn owns(&self, limb: usize) -> bool {
        self.own.contains(&limb)
    }
}

impl Poly<Coeff> {
    /// The centred representative modulo the first prime, exactly, over a larger basis: ModRaise.
    ///
    /// # Panics
    /// If `self` has more than one limb.
    #[must_use]
    pub fn raise(&self, basis: Basis) -> Self {
        assert_eq!(self.basis(), Basis::of_q(1), "ModRaise starts from the first prime alone");
        assert!(basis.q > 0, "ModRaise keeps the first prime");
        let ring = self.ring();
        let conversion = convert::between(ring, &[0], &ring.prime_indices(basis));
        let mut out = Self::stale(ring, basis);
        let limbs = out.words_mut().chunks_exact_mut(ring.limb_len()).collect();
        convert::convert_limbs(ring, &conversion, self.words(), limbs);
        out
    }
}
