//! Exact scales.
//!
//! A CKKS plaintext is `round(scale * value)`. Rescaling divides by a prime that is only close to a power of two. As
//! floats, scales would drift, and two ciphertexts to be added would no longer agree. Here a scale is the exact
//! rational `2^e * prod p_i^{e_i}`. Products, quotients and rescaling are arithmetic on exponents, and `==` means
//! equal.

use std::fmt;

/// An exact positive rational `2^e * prod p_i^{e_i}` over primes of a modulus chain.
#[derive(Clone, PartialEq, Eq, Hash, Default)]
pub struct Scale {
    exponent_of_two: i32,
    /// `(prime, exponent)` in ascending order of primes, without zero exponents: the representation is unique.
    primes: Vec<(u64, i32)>,
}

impl Scale {
    /// The scale 1.
    #[must_use]
    pub fn one() -> Self {
        Self::default()
    }

    /// `2^exponent`.
    #[must_use]
    pub fn power_of_two(exponent: i32) -> Self {
        Self { exponent_of_two: exponent, primes: Vec::new() }
    }

    /// The odd prime `p` itself.
    #[must_use]
    pub fn prime(p: u64) -> Self {
        Self { exponent_of_two: 0, primes: vec![(p, 1)] }
    }

    /// A scale from its exponents, as files hold them. Primes may come in any order and more than once.
    #[must_use]
    pub fn from_parts(exponent_of_two: i32, primes: &[(u64, i32)]) -> Self {
        primes.iter().fold(Self::power_of_two(exponent_of_two), |scale, &(p, e)| {
            scale.combine(&Self { exponent_of_two: 0, primes: vec![(p, e)] }, 1)
        })
    }

    /// The exponent of two, and the `(prime, exponent)` pairs in ascending order.
    #[must_use]
    pub fn parts(&self) -> (i32, &[(u64, i32)]) {
        (self.exponent_of_two, &self.primes)
    }

    /// `self * other`.
    #[must_use]
    pub fn mul(&self, other: &Self) -> Self {
        self.combine(other, 1)
    }

    /// `self / other`.
    #[must_use]
    pub fn div(&self, other: &Self) -> Self {
        self.combine(other, -1)
    }

    /// `self / p` for a prime `p` of the chain, the scale after a rescaling.
    #[must_use]
    pub(crate) fn div_prime(&self, p: u64) -> Self {
        self.combine(&Self::prime(p), -1)
    }

    /// `self * 2^exponent`.
    #[must_use]
    pub fn mul_power_of_two(&self, exponent: i32) -> Self {
        Self { exponent_of_two: self.exponent_of_two + exponent, primes: self.primes.clone() }
    }

    /// `log2` of the scale, in floating point.
    #[must_use]
    pub fn log2(&self) -> f64 {
        let odd: f64 = self.primes.iter().map(|&(p, e)| f64::from(e) * log2_u64(p)).sum();
        f64::from(self.exponent_of_two) + odd
    }

    /// The scale as a float, within a few units in the last place.
    #[must_use]
    pub fn to_f64(&self) -> f64 {
        // Odd primes are normalised to [1, 2), so that partial products neither overflow nor underflow.
        let mut exponent = self.exponent_of_two;
        let mut mantissa = 1.0f64;
        for &(p, e) in &self.primes {
            let bits = 63 - p.leading_zeros() as i32;
            let unit = p as f64 / 2f64.powi(bits);
            for _ in 0..e.unsigned_abs() {
                mantissa = if e > 0 { mantissa * unit } else { mantissa / unit };
                exponent += bits * e.signum();
                if !(0.5..2.0).contains(&mantissa) {
                    let shift = mantissa.log2().floor() as i32;
                    mantissa /= 2f64.powi(shift);
                    exponent += shift;
                }
            }
        }
        mantissa * 2f64.powi(exponent)
    }

    fn combine(&self, other: &Self, sign: i32) -> Self {
        let mut primes = Vec::with_capacity(self.primes.len() + other.primes.len());
        let (mut a, mut b) = (self.primes.iter().peekable(), other.primes.iter().peekable());
        loop {
            let next = match (a.peek(), b.peek()) {
                (Some(&&(p, e)), Some(&&(q, f))) if p == q => {
                    a.next();
                    b.next();
                    (p, e + sign * f)
                }
                (Some(&&(p, e)), Some(&&(q, _))) if p < q => {
                    a.next();
                    (p, e)
                }
                (Some(&&(p, e)), None) => {
                    a.next();
                    (p, e)
                }
                (_, Some(&&(q, f))) => {
                    b.next();
                    (q, sign * f)
                }
                (None, None) => break,
            };
            if next.1 != 0 {
                primes.push(next);
            }
        }
        Self { exponent_of_two: self.exponent_of_two + sign * other.exponent_of_two, primes }
    }
}

fn log2_u64(p: u64) -> f64 {
    (p as f64).log2()
}

impl fmt::Debug for Scale {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "2^{}", self.exponent_of_two)?;
        self.primes.iter().try_for_each(|(p, e)| write!(f, " * {p}^{e}"))?;
        write!(f, " (2^{:.4})", self.log2())
    }
}

impl fmt::Display for Scale {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "2^{:.3}", self.log2())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const P: u64 = (1 << 40) - 87;
    const Q: u64 = (1 << 36) + 31;

    #[test]
    fn products_and_quotients_cancel_exactly() {
        let base = Scale::power_of_two(40);
        let there = base.mul(&Scale::prime(P)).mul(&Scale::prime(Q)).mul(&Scale::prime(P));
        let back = there.div_prime(P).div_prime(Q).div_prime(P);
        assert_eq!(back, base);
        assert_ne!(there, base);
        assert_eq!(there.parts(), (40, &[(Q, 1), (P, 2)][..]));
    }

    #[test]
    fn float_value_matches_the_exponents() {
        let scale = Scale::from_parts(-12, &[(P, 3), (Q, -2)]);
        let expected = (P as f64).powi(3) / (Q as f64).powi(2) / 4096.0;
        assert!((scale.to_f64() / expected - 1.0).abs() < 1e-14);
        assert!((scale.log2() - expected.log2()).abs() < 1e-12);
    }

    #[test]
    fn huge_exponents_do_not_overflow_on_the_way() {
        let scale = Scale::from_parts(1000, &[(P, -30)]);
        assert!((scale.to_f64().log2() - scale.log2()).abs() < 1e-9);
    }

    #[test]
    fn parts_round_trip_in_any_order() {
        let scale = Scale::from_parts(3, &[(P, 2), (Q, 1), (P, -1)]);
        assert_eq!(scale, Scale::from_parts(3, &[(Q, 1), (P, 1)]));
        assert_eq!(Scale::from_parts(0, &[(Q, 1), (Q, -1)]), Scale::one());
    }
}
