//! Plain twin: `f64` slots, unlimited depth, exact functions.

use super::{Engine, normalise_step};
use crate::error::{Error, Result};
use ckks::Scale;

/// Arithmetic on plain slot vectors.
#[derive(Clone, Copy, Debug)]
pub struct Plain {
    slots: usize,
    /// Whether functions are exact.
    exact: bool,
}

/// A level that no training reaches the bottom of.
const DEPTH: usize = 1 << 30;

impl Plain {
    /// Vectors of `slots` slots.
    pub fn new(slots: usize) -> Self {
        Self { slots, exact: true }
    }

    /// The same with the polynomials that stand for functions: exact arithmetic on what ciphertexts compute.
    pub fn with_polynomials(slots: usize) -> Self {
        Self { slots, exact: false }
    }
}

impl Engine for Plain {
    type Value = Vec<f64>;
    type Sum = Vec<f64>;

    fn slots(&self) -> usize {
        self.slots
    }

    fn level(&self, _: &Vec<f64>) -> usize {
        DEPTH
    }

    fn scale(&self, _: &Vec<f64>) -> Scale {
        Scale::one()
    }

    fn rescale_factor(&self, _: usize) -> Scale {
        Scale::one()
    }

    fn add(&self, a: &Vec<f64>, b: &Vec<f64>) -> Result<Vec<f64>> {
        Ok(a.iter().zip(b).map(|(a, b)| a + b).collect())
    }

    fn sub(&self, a: &Vec<f64>, b: &Vec<f64>) -> Result<Vec<f64>> {
        Ok(a.iter().zip(b).map(|(a, b)| a - b).collect())
    }

    fn neg(&self, a: &Vec<f64>) -> Result<Vec<f64>> {
        Ok(a.iter().map(|a| -a).collect())
    }

    fn add_const(&self, a: &Vec<f64>, c: f64) -> Result<Vec<f64>> {
        Ok(a.iter().map(|a| a + c).collect())
    }

    fn mul_const(&self, a: &Vec<f64>, c: f64, _: &Scale) -> Result<Vec<f64>> {
        Ok(a.iter().map(|a| a * c).collect())
    }

    fn mul_vec(&self, a: &Vec<f64>, v: &[f64], _: &Scale) -> Result<Vec<f64>> {
        Ok(a.iter().zip(v.iter().cycle()).map(|(a, v)| a * v).collect())
    }

    fn accumulate(&self, sum: Option<Vec<f64>>, terms: &[(&Vec<f64>, &Vec<f64>)]) -> Result<Vec<f64>> {
        let mut sum = sum.unwrap_or_else(|| vec![0.0; self.slots]);
        for (a, b) in terms {
            for (sum, (a, b)) in sum.iter_mut().zip(a.iter().zip(*b)) {
                *sum += a * b;
            }
        }
        Ok(sum)
    }

    fn finish(&self, sum: Vec<f64>) -> Result<Vec<f64>> {
        Ok(sum)
    }

    fn rotate(&self, a: &Vec<f64>, k: isize) -> Result<Vec<f64>> {
        if a.len() != self.slots {
            return Err(Error::Shape { what: "slots of a value", expected: self.slots, got: a.len() });
        }
        let (head, tail) = a.split_at(normalise_step(k, self.slots));
        Ok([tail, head].concat())
    }

    fn rotate_many(&self, a: &Vec<f64>, steps: &[isize]) -> Result<Vec<Vec<f64>>> {
        steps.iter().map(|&k| self.rotate(a, k)).collect()
    }

    fn drop_to(&self, a: &Vec<f64>, _: usize) -> Result<Vec<f64>> {
        Ok(a.clone())
    }

    /// Nothing wears out here: the state as it is.
    fn refresh(
        &self,
        weights: &Vec<f64>,
        momentum: Option<&Vec<f64>>,
    ) -> Result<(Vec<f64>, Option<Vec<f64>>)> {
        Ok((weights.clone(), momentum.cloned()))
    }

    fn exact(
        &self,
        inputs: &[&Vec<f64>],
        outputs: usize,
        f: &(dyn Fn(&[f64], &mut [f64]) + Sync),
    ) -> Option<Vec<Vec<f64>>> {
        if !self.exact {
            return None;
        }
        let mut results = vec![vec![0.0; self.slots]; outputs];
        let (mut x, mut y) = (vec![0.0; inputs.len()], vec![0.0; outputs]);
        for slot in 0..self.slots {
            for (x, input) in x.iter_mut().zip(inputs) {
                *x = input[slot];
            }
            f(&x, &mut y);
            for (result, y) in results.iter_mut().zip(&y) {
                result[slot] = *y;
            }
        }
        Some(results)
    }
}
