//! The twins of a training, which a plan keeps: weights that never were encrypted. The exact one is what may be published; the one with
//! the polynomials of the encryption says which decrypted head to expect, and how far off it may be.

use fhe_head::{Functions, Plan, Result, Samples, Scheme, twins};
use ndarray::Array1;

/// Weights after an iteration, as the data party has them.
pub(crate) type Iterate = Vec<Array1<f64>>;

/// The twins after each iteration.
#[derive(Clone, Debug)]
pub(crate) struct Rehearsal {
    /// In exact arithmetic with exact functions.
    pub(crate) exact: Vec<Iterate>,
    /// In exact arithmetic with the polynomials of the encryption.
    polynomial: Vec<Iterate>,
    /// The last weights with the encryption's levels, scales and noise.
    pub(crate) simulated: Iterate,
    /// Largest difference of a decrypted weight to the polynomial twin's.
    pub(super) tolerance: f64,
}

/// What a plan keeps of them: the last iteration, or each if the training may end early.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Twins {
    /// Iterations done, and the weights then.
    pub(super) exact: Vec<(usize, Iterate)>,
    /// The same with polynomials.
    pub(super) expected: Vec<(usize, Iterate)>,
}

impl Rehearsal {
    /// Trains the twins. `start` are the exact and the polynomial weights to start from, if not from zero.
    ///
    /// # Errors
    /// A training that encryption would refuse.
    pub(crate) fn new(
        plan: &Plan,
        scheme: &Scheme,
        samples: &Samples,
        start: [Option<&[Array1<f64>]>; 2],
    ) -> Result<Self> {
        let [exact, polynomial] = start;
        let simulation = twins::train_simulated(plan, scheme, samples, polynomial)?;
        let exact = twins::trajectory(plan, samples, exact, Functions::Exact)?;
        let polynomial = twins::trajectory(plan, samples, polynomial, Functions::Polynomials)?;
        let last = polynomial.last().cloned().unwrap_or_default();
        let apart = difference(&simulation.weights, &last);
        let largest = polynomial.iter().flatten().flatten().fold(0.0, |max: f64, w| max.max(w.abs()));
        let tolerance = 2.0 * apart + DEVIATIONS * simulation.error_std + SHARE * largest;
        Ok(Self { exact, polynomial, simulated: simulation.weights, tolerance })
    }

    /// What a plan keeps.
    pub(super) fn kept(&self, kept: Kept) -> Twins {
        let of = |iterates: &[Iterate]| {
            let skipped = if kept.each { 0 } else { iterates.len().saturating_sub(1) };
            (1..).zip(iterates).skip(skipped).map(|(done, iterate)| (done, iterate.clone())).collect()
        };
        let exact = if kept.exact { of(&self.exact) } else { Vec::new() };
        Twins { exact, expected: of(&self.polynomial) }
    }
}

/// What a plan keeps of its rehearsal.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Kept {
    /// The twins after each iteration, since the training may end early; else after the last.
    pub(crate) each: bool,
    /// The exact twin. One that starts from decrypted weights must not be published.
    pub(crate) exact: bool,
    /// Tolerance of the weights that the training starts from.
    pub(crate) tolerance: f64,
}

/// Standard deviations of the noise that are allowed for, of which each weight has one,
const DEVIATIONS: f64 = 32.0;
/// and a share of the largest weight: bootstraps round a little differently on another processor.
const SHARE: f64 = 0.01;

/// The largest difference between two sets of weights; infinite if they are not of one shape, or not numbers.
pub(super) fn difference(one: &[Array1<f64>], two: &[Array1<f64>]) -> f64 {
    let lengths = |weights: &[Array1<f64>]| weights.iter().map(Array1::len).collect::<Vec<_>>();
    if lengths(one) != lengths(two) {
        return f64::INFINITY;
    }
    one.iter().flatten().zip(two.iter().flatten()).fold(0.0, |max: f64, (a, b)| {
        let apart = (a - b).abs();
        if apart.is_nan() { f64::INFINITY } else { max.max(apart) }
    })
}

/// The weights after an iteration.
pub(super) fn at(iterates: &[(usize, Iterate)], iteration: usize) -> Option<&Iterate> {
    iterates.iter().find(|(done, _)| *done == iteration).map(|(_, iterate)| iterate)
}

#[cfg(test)]
mod tests {
    use super::*;
    use ndarray::array;

    #[test]
    fn weights_that_are_no_numbers_are_far_off() {
        let one = [array![1.0, 2.0], array![3.0]];
        assert_eq!(difference(&one, &[array![1.0, 2.5], array![3.0]]), 0.5);
        for bad in [vec![array![1.0, 2.0]], vec![array![1.0, f64::NAN], array![3.0]]] {
            assert_eq!(difference(&one, &bad), f64::INFINITY);
        }
    }
}
