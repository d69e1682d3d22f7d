//! Plain twin: floating-point slots, unlimited depth, exact functions.

use super::operations::Operations;
use super::slots::Slots;
use crate::error::{Error, Result};
use ckks::Scale;

/// Arithmetic on plain slot vectors.
#[derive(Clone, Copy, Debug)]
pub struct Plain {
    slots: usize,
    /// Whether functions are exact, instead of polynomials.
    exact: bool,
}

/// More levels than any training takes.
const DEPTH: usize = 1 << 30;

impl Plain {
    /// An engine on vectors of `slots` slots, with exact functions.
    pub fn new(slots: usize) -> Self {
        Self { slots, exact: true }
    }

    /// An engine with the polynomials in place of the functions: what ciphertexts compute, without scales and noise.
    pub fn with_polynomials(slots: usize) -> Self {
        Self { slots, exact: false }
    }
}

impl Operations for Plain {
    type Value = Slots;
    type Sum = Slots;

    fn slots(&self) -> usize {
        self.slots
    }

    fn level(&self, _: &Slots) -> usize {
        DEPTH
    }

    fn scale(&self, _: &Slots) -> Scale {
        Scale::one()
    }

    fn rescale_factor(&self, _: usize) -> Scale {
        Scale::one()
    }

    fn add(&self, a: &Slots, b: &Slots) -> Result<Slots> {
        Ok(a.plus(b))
    }

    fn sub(&self, a: &Slots, b: &Slots) -> Result<Slots> {
        Ok(a.minus(b))
    }

    fn neg(&self, a: &Slots) -> Result<Slots> {
        Ok(a.times(&[-1.0]))
    }

    fn add_const(&self, a: &Slots, c: f64) -> Result<Slots> {
        Ok(a.plus_constant(c))
    }

    fn mul_const(&self, a: &Slots, c: f64, _: &Scale) -> Result<Slots> {
        Ok(a.times(&[c]))
    }

    fn mul_vec(&self, a: &Slots, v: &[f64], _: &Scale) -> Result<Slots> {
        Ok(a.times(v))
    }

    fn mul_i(&self, a: &Slots) -> Result<Slots> {
        Ok(a.times_i())
    }

    fn parts(&self, a: &Slots) -> Result<(Slots, Slots)> {
        Ok(a.parts())
    }

    fn real_part(&self, a: &Slots) -> Result<Slots> {
        Ok(a.parts().0)
    }

    fn accumulate(&self, sum: Option<Slots>, terms: &[(&Slots, &Slots)]) -> Result<Slots> {
        let mut sum = sum.unwrap_or_else(|| Slots::zero(self.slots));
        sum.add_products(terms);
        Ok(sum)
    }

    fn finish(&self, sum: Slots) -> Result<Slots> {
        Ok(sum)
    }

    fn rotate(&self, a: &Slots, k: isize) -> Result<Slots> {
        if a.count() != self.slots {
            return Err(Error::Shape { what: "slots of a value", expected: self.slots, got: a.count() });
        }
        Ok(a.rotated(k))
    }

    fn rotate_many(&self, a: &Slots, steps: &[isize]) -> Result<Vec<Slots>> {
        steps.iter().map(|&k| self.rotate(a, k)).collect()
    }

    fn drop_to(&self, a: &Slots, _: usize) -> Result<Slots> {
        Ok(a.clone())
    }

    /// Nothing to refresh: the values as they are.
    fn refresh(&self, weights: &Slots, momentum: Option<&Slots>) -> Result<(Slots, Option<Slots>)> {
        Ok((weights.clone(), momentum.cloned()))
    }

    fn refresh_parts(&self, a: &Slots) -> Result<(Slots, Slots)> {
        Ok(a.parts())
    }

    fn exact(
        &self,
        inputs: &[&Slots],
        outputs: usize,
        f: &(dyn Fn(&[f64], &mut [f64]) + Sync),
    ) -> Option<Vec<Slots>> {
        if !self.exact {
            return None;
        }
        let mut results = vec![vec![0.0; self.slots]; outputs];
        let (mut x, mut y) = (vec![0.0; inputs.len()], vec![0.0; outputs]);
        for slot in 0..self.slots {
            for (x, input) in x.iter_mut().zip(inputs) {
                *x = input.real()[slot];
            }
            f(&x, &mut y);
            for (result, y) in results.iter_mut().zip(&y) {
                result[slot] = *y;
            }
        }
        Some(results.into_iter().map(Slots::from).collect())
    }
}
