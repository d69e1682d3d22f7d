//! The exact scale of an encoded value: a power of two times powers of chain primes.

use std::collections::BTreeMap;
use std::fmt;

/// An exact positive rational `2^log2 * prod q^e`.
///
/// Chain primes are only close to powers of two, so that a rounded scale would drift by a little at each rescale
/// and sums would silently be off. Equality is exact.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Scale {
    log2: i32,
    primes: BTreeMap<u64, i32>,
}

impl Scale {
    /// The scale 1.
    pub fn one() -> Self {
        Self::default()
    }

    /// The scale `2^log2`.
    pub fn power_of_two(log2: i32) -> Self {
        Self { log2, primes: BTreeMap::new() }
    }

    /// The scale `q`.
    pub fn prime(q: u64) -> Self {
        Self { log2: 0, primes: BTreeMap::from([(q, 1)]) }
    }

    /// `self * other`.
    pub fn times(&self, other: &Self) -> Self {
        self.combine(other, 1)
    }

    /// `self / other`.
    pub fn over(&self, other: &Self) -> Self {
        self.combine(other, -1)
    }

    /// Its binary logarithm.
    pub fn log2(&self) -> f64 {
        self.primes.iter().map(|(&q, &e)| f64::from(e) * (q as f64).log2()).sum::<f64>()
            + f64::from(self.log2)
    }

    fn combine(&self, other: &Self, sign: i32) -> Self {
        let mut product = self.clone();
        product.log2 += sign * other.log2;
        for (&q, &e) in &other.primes {
            let exponent = product.primes.entry(q).or_insert(0);
            *exponent += sign * e;
            if *exponent == 0 {
                product.primes.remove(&q);
            }
        }
        product
    }
}

impl fmt::Display for Scale {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "2^{:.3}", self.log2())
    }
}
