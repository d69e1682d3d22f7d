//! From the modulus of one ring to that of another.
//!
//! With Q the product of some primes of one ring and Q' that of some primes of another, round(x Q'/Q) = (Q' x - \[Q' x\]_Q) / Q.
//! Modulo a prime of Q' the first term is zero: what is left is the conversion of \[Q' x\]_Q, the factor -1/Q in its constants. It is
//! a division with rounding, whose dividend has nothing but limbs to drop.

use std::sync::Arc;

use crate::{
    Basis, Ntt, Poly, Ring,
    conversion::{Conversion, Times},
    poly::{Work, product_mod},
    rns::convert::{Converted, LIMBS_AT_ONCE, Limb, groups_across},
};

/// The step from some primes of a ring to some of another ring of the same degree, of which none is among the former: x modulo Q becomes
/// round(x Q'/Q) modulo Q'.
pub struct ModulusSwitch {
    from: (Arc<Ring>, Basis),
    to: (Arc<Ring>, Basis),
    conversion: Arc<Conversion>,
    /// Q' modulo each prime of Q.
    multipliers: Vec<u64>,
}

impl std::fmt::Debug for ModulusSwitch {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "ModulusSwitch({:?} to {:?})", self.from.1, self.to.1)
    }
}

impl ModulusSwitch {
    /// From the first `q` primes of `from` to the first `q` primes of `to`, each by its basis.
    ///
    /// # Panics
    /// If the degrees differ, a basis is empty or has special primes, or the bases share a prime.
    #[must_use]
    pub fn new(from: (&Arc<Ring>, Basis), to: (&Arc<Ring>, Basis)) -> Self {
        assert_eq!(from.0.degree(), to.0.degree(), "rings of one degree");
        assert!([from.1, to.1].iter().all(|basis| basis.q > 0 && basis.p == 0), "primes of Q alone");
        let [sources, targets] = [from, to].map(|(ring, basis)| &ring.q()[..basis.q]);
        assert!(
            sources.iter().all(|m| targets.iter().all(|t| t.value() != m.value())),
            "the moduli share a prime"
        );
        let conversion = Arc::new(Conversion::new(sources, targets, Times::MinusInverse));
        let multipliers = sources.iter().map(|m| product_mod(targets, m)).collect();
        Self { from: (Arc::clone(from.0), from.1), to: (Arc::clone(to.0), to.1), conversion, multipliers }
    }

    /// The step for several polynomials. Rounding is as in [`Poly::mod_down`].
    ///
    /// # Panics
    /// If a polynomial is not over the primes that the step starts from.
    #[must_use]
    pub fn apply<const H: usize>(&self, polys: [&Poly<Ntt>; H]) -> [Poly<Ntt>; H] {
        let (from, basis) = (&self.from.0, self.from.1);
        assert!(
            polys.iter().all(|poly| poly.ring().same(from) && poly.basis() == basis),
            "another modulus than the step starts from"
        );
        let conversions = polys.iter().map(|_| Arc::clone(&self.conversion)).collect();
        let rests = Converted::invert(from, conversions, |half, i, factor, limb| {
            let factor = from.q()[i].mul(factor, self.multipliers[i]);
            from.inverse_from(from.prime_index(basis, i), polys[half].limb(i), limb, factor);
        });
        let to = &self.to.0;
        let mut out = polys.map(|_| Poly::stale(to, self.to.1));
        Work::Heavy.run(LIMBS_AT_ONCE * to.limb_len(), groups_across(&mut out), |(half, group)| {
            let limbs = group.into_iter().map(|(i, words)| Limb { target: i, prime: i, words });
            rests[half].evaluations(to, limbs.collect());
        });
        out
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::primes::ntt_primes;

    /// Every coefficient is the exact quotient, rounded, whether the modulus grows or shrinks.
    #[test]
    fn coefficients_are_rounded_quotients() {
        let primes = ntt_primes(11, 30, 5, &[]).unwrap();
        for (from, to) in
            [(&primes[..2], &primes[2..4]), (&primes[..2], &primes[2..3]), (&primes[..1], &primes[2..4])]
        {
            let rings = [from, to].map(|q| Ring::new(10, q, &[]).unwrap());
            let bases = [from, to].map(|q| Basis::of_q(q.len()));
            let modulus = |q: &[u64]| q.iter().map(|&q| i128::from(q)).product::<i128>();
            let (q, other) = (modulus(from), modulus(to));
            let values: Vec<i128> = (0..1024)
                .map(|i| (i128::from(i) * 0x9e37_79b9_7f4a_7c15_i128).rem_euclid(q) - q / 2)
                .collect();
            let x = Poly::from_i128(&rings[0], bases[0], &values).into_ntt();
            let step = ModulusSwitch::new((&rings[0], bases[0]), (&rings[1], bases[1]));
            let [got, again] = step.apply([&x, &x]);
            assert!(got.limb(0) == again.limb(0));
            let got = got.into_coeff().to_centred_i128().unwrap();
            for (value, got) in values.iter().zip(got) {
                let exact = (value * other + q / 2).div_euclid(q);
                // the largest representative and its negative are the same residue
                assert_eq!((exact - got).rem_euclid(other), 0, "{value}");
            }
        }
    }
}
