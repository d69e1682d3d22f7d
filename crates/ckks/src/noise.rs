//! Formulas for the noise of operations: the variance of one coefficient of the error.
//!
//! To good approximation the coefficients of an error polynomial are independent and centred; each formula gives
//! their variance. [`slot_std`] converts it to the standard deviation of a decoded real value. Tests measure every
//! formula.

use crate::params::{ERROR_STD, KeyShape, Parameters};
use crate::scale::Scale;
use crate::security::SecretDistribution;

/// Expected squared norm of the secret, its number of non-zero coefficients.
#[must_use]
pub fn secret_weight(parameters: &Parameters) -> f64 {
    match parameters.literal().secret {
        SecretDistribution::Ternary => parameters.degree() as f64 * 2.0 / 3.0,
        SecretDistribution::SparseTernary(weight) => f64::from(weight),
    }
}

/// A fresh symmetric encryption: `sigma^2`, and 1/12 for the encoder's rounding.
#[must_use]
pub fn fresh_symmetric() -> f64 {
    ERROR_STD * ERROR_STD + 1.0 / 12.0
}

/// A fresh public-key encryption `v e + e0 + e1 s`: `sigma^2 (1 + 2N/3 + |s|^2)`, and 1/12 for the encoder's
/// rounding.
#[must_use]
pub fn fresh_public(parameters: &Parameters) -> f64 {
    let n = parameters.degree() as f64;
    ERROR_STD * ERROR_STD * (1.0 + 2.0 * n / 3.0 + secret_weight(parameters)) + 1.0 / 12.0
}

/// The rounding of both polynomials in a rescale or in a division by the special primes: `(1 + |s|^2)/12`.
#[must_use]
pub fn rounding(parameters: &Parameters) -> f64 {
    (1.0 + secret_weight(parameters)) / 12.0
}

/// What a key switch at `level` with a key of this shape adds: `sum_j N sigma^2 D_j^2 / (12 P^2)`, with `D_j` the
/// product of the primes of digit `j`, and the rounding of the division by `P`.
#[must_use]
pub fn key_switch(parameters: &Parameters, shape: KeyShape, level: usize) -> f64 {
    let (ring, n) = (parameters.ring(), parameters.degree() as f64);
    let log2 = |moduli: &[ckks_math::Modulus]| moduli.iter().map(|m| (m.value() as f64).log2()).sum::<f64>();
    let log_p = log2(&ring.p()[..shape.special]);
    let digits: f64 = shape
        .digits
        .ranges(level)
        .map(|digit| n * ERROR_STD * ERROR_STD * (2.0 * (log2(&ring.q()[digit]) - log_p)).exp2() / 12.0)
        .sum();
    digits + rounding(parameters)
}

/// What a raising key adds to a polynomial raised from `q_0`, at the scale of the gadget factor `p_0`: one digit with the first
/// special prime, `N sigma^2 q_0^2 / (12 p_0^2)`. The division by all special primes, and its rounding, come after the sum
/// over the rotations.
#[must_use]
pub fn raise(parameters: &Parameters) -> f64 {
    let ring = parameters.ring();
    let ratio = ring.q()[0].value() as f64 / ring.p()[0].value() as f64;
    parameters.degree() as f64 * (ERROR_STD * ratio).powi(2) / 12.0
}

/// After a rescale by the prime `q` of `level`: `variance / q^2` and the rounding.
#[must_use]
pub fn rescale(parameters: &Parameters, level: usize, variance: f64) -> f64 {
    let q = parameters.q(level).value() as f64;
    variance / (q * q) + rounding(parameters)
}

/// A factor of a product.
#[derive(Clone, Copy, Debug)]
pub struct Factor {
    /// Mean square of the scaled slot values.
    pub mean_square: f64,
    /// Variance of the error's coefficients.
    pub variance: f64,
}

/// A product before relinearisation: `ma vb + mb va + N va vb` for factors with mean squares `ma`, `mb` and variances `va`,
/// `vb`. Each error polynomial is multiplied by the other message, and a polynomial with mean squared slot value `m` has
/// squared norm `m` by Parseval.
#[must_use]
pub fn tensor(parameters: &Parameters, a: Factor, b: Factor) -> f64 {
    a.mean_square * b.variance
        + b.mean_square * a.variance
        + parameters.degree() as f64 * a.variance * b.variance
}

/// A bound on the Euclidean norm of `numbers` coefficients of an error of this variance, exceeded with probability at most
/// `2^log2_failure`: Laurent, Massart, *Adaptive estimation of a quadratic functional*, Annals of Statistics 28 (2000), lemma 1.
#[must_use]
pub fn l2_bound(variance: f64, numbers: usize, log2_failure: f64) -> f64 {
    let (n, x) = (numbers as f64, -log2_failure * std::f64::consts::LN_2);
    (variance * (n + 2.0 * (n * x).sqrt() + 2.0 * x)).sqrt()
}

/// Standard deviation of the real part of a decoded slot. The variances of `N/2` coefficients add up on each axis.
#[must_use]
pub fn slot_std(parameters: &Parameters, variance: f64, scale: &Scale) -> f64 {
    (variance * parameters.degree() as f64 / 2.0).sqrt() / scale.to_f64()
}
