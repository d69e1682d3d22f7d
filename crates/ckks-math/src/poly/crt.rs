//! Residues back to integers, by Garner's mixed-radix digits.
//!
//! x = d_0 + d_1 q_0 + d_2 q_0 q_1 + ... with d_i < q_i. A comparison of the digits with those of (Q - 1)/2, from the
//! top, gives the exact sign. A negative x is computed as -(Q - x), so that small values lose nothing to
//! cancellation.

use rayon::prelude::*;
use zeroize::Zeroizing;

use super::{Coeff, Poly};
use crate::{Error, Modulus};

/// Least number of coefficients that a thread handles at a time.
const CHUNK: usize = 1 << 10;

impl Poly<Coeff> {
    /// The centred coefficients, in (-Q/2, Q/2), with Q the product of all primes of the basis. They are rounded to
    /// doubles, with an error of some units in the last place for each limb.
    pub fn to_centred_f64(&self) -> Vec<f64> {
        self.map_digits(|garner, digits, negative| {
            let magnitude = digits
                .iter()
                .zip(&garner.moduli)
                .rev()
                .fold(0.0, |acc, (&d, m)| acc * m.value() as f64 + d as f64);
            if negative { -magnitude } else { magnitude }
        })
    }

    /// The centred coefficients, in (-Q/2, Q/2), exactly.
    ///
    /// # Errors
    /// [`Error::CoefficientTooLarge`] if one does not fit an `i128`.
    pub fn to_centred_i128(&self) -> Result<Vec<i128>, Error> {
        let values = self.map_digits(|garner, digits, negative| {
            let magnitude = digits.iter().zip(&garner.moduli).rev().try_fold(0i128, |acc, (&d, m)| {
                acc.checked_mul(i128::from(m.value()))?.checked_add(i128::from(d))
            })?;
            Some(if negative { -magnitude } else { magnitude })
        });
        let too_large = |index| Error::CoefficientTooLarge { expected: i128::BITS - 1, index };
        values.into_iter().enumerate().map(|(i, v)| v.ok_or_else(|| too_large(i))).collect()
    }

    fn map_digits<T: Send>(&self, f: impl Fn(&Garner, &[u64], bool) -> T + Sync) -> Vec<T> {
        let garner = Garner::new((0..self.basis.limbs()).map(|i| *self.modulus(i)).collect());
        let layout = self.ring.layout();
        let limbs: Vec<&[u64]> = (0..self.basis.limbs()).map(|i| self.limb(i)).collect();
        // Written in place: no copy of what may be a decrypted message stays behind.
        let mut values = Vec::with_capacity(self.ring.degree());
        let chunks = (0..self.ring.degree()).into_par_iter().with_min_len(CHUNK);
        chunks
            .map_init(
                || Zeroizing::new(vec![0; limbs.len()]),
                |digits, k| {
                    let at = layout.position(k);
                    digits.iter_mut().zip(&limbs).for_each(|(d, limb)| *d = limb[at]);
                    let negative = garner.to_magnitude(digits);
                    f(&garner, digits, negative)
                },
            )
            .collect_into_vec(&mut values);
        values
    }
}

struct Garner {
    moduli: Vec<Modulus>,
    /// `inverses[i][j] = q_j^-1 mod q_i` for j < i.
    inverses: Vec<Vec<u64>>,
    /// The digits of (Q - 1)/2.
    half: Vec<u64>,
}

impl Garner {
    fn new(moduli: Vec<Modulus>) -> Self {
        let inverses = moduli
            .iter()
            .enumerate()
            .map(|(i, m)| moduli[..i].iter().map(|q| m.inv(m.reduce(q.value()))).collect())
            .collect();
        // Q - 1 has the digit q_i - 1 in every place, and each q_i - 1 is even, so halving does not borrow.
        let half = moduli.iter().map(|m| m.value() / 2).collect();
        Self { moduli, inverses, half }
    }

    /// Replaces residues by the mixed-radix digits of the centred value's magnitude. Returns whether the value is
    /// negative.
    fn to_magnitude(&self, residues: &mut [u64]) -> bool {
        for i in 0..residues.len() {
            let (digits, rest) = residues.split_at_mut(i);
            let m = &self.moduli[i];
            rest[0] = digits
                .iter()
                .zip(&self.inverses[i])
                .fold(rest[0], |x, (&d, &inverse)| m.mul(m.sub(x, m.reduce(d)), inverse));
        }
        let negative = residues.iter().rev().cmp(self.half.iter().rev()).is_gt();
        if negative {
            // Q - x: complement every digit, then add one.
            let mut carry = 1;
            for (d, m) in residues.iter_mut().zip(&self.moduli) {
                *d = m.value() - 1 - *d + carry;
                carry = u64::from(*d == m.value());
                *d *= 1 - carry;
            }
        }
        negative
    }
}
