//! Encoded diagonals.

use ckks::{Encoder, Plaintext, Scale};
use ckks_math::{Basis, PeriodicPoly, Weight};
use num_complex::Complex64;

use crate::Error;

/// An encoded diagonal over `Q P`. A diagonal of short period is a polynomial in a power of X and takes a sixteenth
/// of the memory.
#[derive(Clone, Debug)]
pub(crate) enum EncodedDiagonal {
    Dense(Plaintext),
    Periodic(PeriodicPoly),
}

impl EncodedDiagonal {
    /// Encodes a diagonal with its shortest period.
    pub(crate) fn encode(
        encoder: &Encoder,
        diagonal: &[Complex64],
        basis: Basis,
        scale: &Scale,
    ) -> Result<Self, Error> {
        let plaintext = encoder.encode_complex_in(shortest_period(diagonal), basis, scale)?;
        let periodic = plaintext.poly().to_periodic();
        Ok(periodic.map_or(Self::Dense(plaintext), Self::Periodic))
    }

    /// Bytes of an encoded diagonal in memory, without padding.
    pub(crate) fn bytes(diagonal: &[Complex64], basis: Basis, degree: usize) -> usize {
        let dense = basis.limbs() * degree * size_of::<u64>();
        if 32 * shortest_period(diagonal).len() <= degree { dense / 16 } else { dense }
    }

    pub(crate) fn weight(&self) -> Weight<'_> {
        match self {
            Self::Dense(plaintext) => Weight::Poly(plaintext.poly()),
            Self::Periodic(poly) => Weight::Periodic(poly),
        }
    }
}

/// The vector's shortest period, found by halving while both halves are equal.
fn shortest_period(vector: &[Complex64]) -> &[Complex64] {
    let (first, second) = vector.split_at(vector.len() / 2);
    if !first.is_empty() && first == second { shortest_period(first) } else { vector }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn periods_are_found() {
        let vector = |n: usize, period: usize| -> Vec<Complex64> {
            (0..n).map(|i| Complex64::new((i % period) as f64, 1.0)).collect()
        };
        assert_eq!(shortest_period(&vector(16, 4)), vector(4, 4));
        assert_eq!(shortest_period(&vector(16, 16)), vector(16, 16));
        assert_eq!(shortest_period(&vector(8, 1)), vector(1, 1));
    }
}
