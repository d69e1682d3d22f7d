//! Division with rounding by a product D of primes of the basis.
//!
//! round(x / D) = (x - [x]_D) / D, with [x]_D the centred residue. Modulo a remaining prime this is x/D - [x]_D/D.
//! The dropped limbs are converted, with the factor -1/D in the constants of the conversion, and transformed; then
//! x/D is added. Ties cannot occur, because D is odd.

use std::sync::Arc;

use crate::{
    Basis, Ntt, Poly, Ring,
    conversion::{Conversion, Times},
    kernels,
    poly::{Work, product_mod},
    rns::convert::{Converted, LIMBS_AT_ONCE, Limb, groups_across},
};

/// The limbs that a division drops.
pub(super) struct Division {
    /// The basis before the division.
    pub(super) basis: Basis,
    /// The basis after the division.
    pub(super) kept: Basis,
    /// The dropped limbs, as indices over `basis`.
    pub(super) dropped: Vec<usize>,
    pub(super) conversion: Arc<Conversion>,
    /// 1/D modulo each remaining prime.
    pub(super) inverses: Vec<u64>,
}

impl Division {
    /// The division by all special primes of `basis` and, with `rescale`, by the last prime of Q.
    pub(super) fn new(ring: &Ring, basis: Basis, rescale: bool) -> Self {
        let kept = Basis::of_q(basis.q - usize::from(rescale));
        let dropped: Vec<usize> = (kept.q..basis.limbs()).collect();
        let primes: Vec<usize> = dropped.iter().map(|&limb| ring.prime_index(basis, limb)).collect();
        let moduli: Vec<_> = primes.iter().map(|&prime| ring.moduli()[prime]).collect();
        let conversion = ring.conversion(&primes, &ring.prime_indices(kept), Times::MinusInverse);
        let inverses = ring.q()[..kept.q].iter().map(|m| m.inv(product_mod(&moduli, m))).collect();
        Self { basis, kept, dropped, conversion, inverses }
    }
}

impl Poly<Ntt> {
    /// Divides by the last prime of Q with exact rounding: from basis `{q, 0}` to `{q - 1, 0}`.
    ///
    /// # Panics
    /// If there are special primes, or fewer than two primes of Q.
    #[must_use]
    pub fn rescale(&self) -> Self {
        let [out] = Self::rescale_all([self]);
        out
    }

    /// [`Poly::rescale`] of several polynomials over the same basis.
    ///
    /// # Panics
    /// As [`Poly::rescale`]; also if the bases differ.
    #[must_use]
    pub fn rescale_all<const H: usize>(polys: [&Self; H]) -> [Self; H] {
        let basis = polys[0].basis();
        assert!(basis.p == 0 && basis.q >= 2, "rescale needs {{q >= 2, p: 0}}, got {basis:?}");
        Self::divide(polys, true)
    }

    /// Divides by the special primes with rounding: from basis `{q, p}` to `{q, 0}`.
    ///
    /// Each coefficient differs from the exact rounding by one with probability below p 2^-48. This happens only if
    /// both neighbours are within (1/2 + p 2^-48) of the quotient.
    ///
    /// # Panics
    /// If there are no special primes.
    #[must_use]
    pub fn mod_down(&self) -> Self {
        let [out] = Self::mod_down_all([self]);
        out
    }

    /// [`Poly::mod_down`] of several polynomials over the same basis.
    ///
    /// # Panics
    /// As [`Poly::mod_down`]; also if the bases differ.
    #[must_use]
    pub fn mod_down_all<const H: usize>(polys: [&Self; H]) -> [Self; H] {
        let basis = polys[0].basis();
        assert!(basis.p > 0 && basis.q > 0, "mod_down needs special primes, got {basis:?}");
        Self::divide(polys, false)
    }

    /// [`Poly::mod_down`] and [`Poly::rescale`] with a single conversion and a single rounding: from `{q, p}` to
    /// `{q - 1, 0}`.
    ///
    /// # Panics
    /// If there are no special primes, or fewer than two primes of Q.
    #[must_use]
    pub fn mod_down_rescale(&self) -> Self {
        let [out] = Self::mod_down_rescale_all([self]);
        out
    }

    /// [`Poly::mod_down_rescale`] of several polynomials over the same basis.
    ///
    /// # Panics
    /// As [`Poly::mod_down_rescale`]; also if the bases differ.
    #[must_use]
    pub fn mod_down_rescale_all<const H: usize>(polys: [&Self; H]) -> [Self; H] {
        let basis = polys[0].basis();
        assert!(basis.p > 0 && basis.q >= 2, "mod_down_rescale needs {{q >= 2, p >= 1}}, got {basis:?}");
        Self::divide(polys, true)
    }

    fn divide<const H: usize>(polys: [&Self; H], rescale: bool) -> [Self; H] {
        let (ring, basis) = (polys[0].ring(), polys[0].basis());
        assert!(
            polys.iter().all(|poly| poly.ring().same(ring) && poly.basis() == basis),
            "one basis for all"
        );
        let division = Division::new(ring, basis, rescale);
        let conversions = polys.iter().map(|_| Arc::clone(&division.conversion)).collect();
        let rests = Converted::invert(ring, conversions, |half, i, factor, limb| {
            let from = division.dropped[i];
            ring.inverse_from(ring.prime_index(basis, from), polys[half].limb(from), limb, factor);
        });

        let mut out = polys.map(|_| Self::stale(ring, division.kept));
        Work::Heavy.run(LIMBS_AT_ONCE * ring.limb_len(), groups_across(&mut out), |(half, mut group)| {
            let limbs = group.iter_mut().map(|(i, words)| Limb { target: *i, prime: *i, words });
            rests[half].evaluations(ring, limbs.collect());
            for (i, limb) in group {
                let (from, inverse) = (polys[half].limb(i), division.inverses[i]);
                kernels::mul_scalar_add(ring.backend(), &ring.q()[i], limb, from, inverse);
            }
        });
        out
    }
}
