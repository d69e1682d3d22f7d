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
        SecretDistribution::TernarySum(parties) => {
            f64::from(parties) * parameters.degree() as f64 * 2.0 / 3.0
        }
    }
}

/// A fresh encryption of the data: symmetric, or under the public key of several parties.
#[must_use]
pub fn fresh(parameters: &Parameters) -> f64 {
    match parameters.literal().secret {
        SecretDistribution::TernarySum(_) => fresh_public(parameters),
        SecretDistribution::Ternary | SecretDistribution::SparseTernary(_) => fresh_symmetric(),
    }
}

/// The error of a key from one secret to another: `sigma^2` for each of the parties that made it together.
#[must_use]
pub fn key_error(parameters: &Parameters) -> f64 {
    ERROR_STD * ERROR_STD * f64::from(parameters.literal().secret.parties())
}

/// The error of a relinearisation key. One that `k` parties made in two rounds has the error `s e_0 + u e_1 + e_2 + e_3`, where all are sums
/// over the parties and `u` is as large as `s`: `sigma^2 k (2 |s|^2 + 2)` (Mouchet et al., *Multiparty Homomorphic Encryption from
/// Ring-Learning-With-Errors*, PETS 2021, protocol 2).
#[must_use]
pub fn relinearisation_key_error(parameters: &Parameters) -> f64 {
    match parameters.literal().secret {
        SecretDistribution::TernarySum(_) => key_error(parameters) * (2.0 * secret_weight(parameters) + 2.0),
        SecretDistribution::Ternary | SecretDistribution::SparseTernary(_) => key_error(parameters),
    }
}

/// A fresh symmetric encryption: `sigma^2`, and 1/12 for the encoder's rounding.
#[must_use]
pub fn fresh_symmetric() -> f64 {
    ERROR_STD * ERROR_STD + 1.0 / 12.0
}

/// A fresh public-key encryption `(v e + e0 + e1 s) / p`, with the first special prime `p` and the error `e` of the public key
/// ([`key_error`]): the rounding of the division, `(2N/3 key_error + sigma^2 (1 + |s|^2)) / p^2`, and 1/12 for the encoder's rounding.
#[must_use]
pub fn fresh_public(parameters: &Parameters) -> f64 {
    let (n, p) = (parameters.degree() as f64, parameters.ring().p()[0].value() as f64);
    let masks =
        2.0 * n / 3.0 * key_error(parameters) + ERROR_STD * ERROR_STD * (1.0 + secret_weight(parameters));
    rounding(parameters) + masks / (p * p) + 1.0 / 12.0
}

/// The rounding of both polynomials in a rescale or in a division by the special primes: `(1 + |s|^2)/12`.
#[must_use]
pub fn rounding(parameters: &Parameters) -> f64 {
    (1.0 + secret_weight(parameters)) / 12.0
}

/// What a switch at `level` with a Galois key of this shape adds: `sum_j N D_j^2 / (12 P^2)` times the error of the key
/// ([`key_error`]), with `D_j` the product of the primes of digit `j`, and the rounding of the division by `P`.
#[must_use]
pub fn key_switch(parameters: &Parameters, shape: KeyShape, level: usize) -> f64 {
    switch(parameters, shape, level, key_error(parameters))
}

/// What relinearising at `level` with a key of this shape adds: as [`key_switch`], with the key's own error
/// ([`relinearisation_key_error`]).
#[must_use]
pub fn relinearise(parameters: &Parameters, shape: KeyShape, level: usize) -> f64 {
    switch(parameters, shape, level, relinearisation_key_error(parameters))
}

fn switch(parameters: &Parameters, shape: KeyShape, level: usize, key_error: f64) -> f64 {
    let (ring, n) = (parameters.ring(), parameters.degree() as f64);
    let log2 = |moduli: &[ckks_math::Modulus]| moduli.iter().map(|m| (m.value() as f64).log2()).sum::<f64>();
    let log_p = log2(&ring.p()[..shape.special]);
    let digits: f64 = shape
        .digits
        .ranges(level)
        .map(|digit| n * key_error * (2.0 * (log2(&ring.q()[digit]) - log_p)).exp2() / 12.0)
        .sum();
    digits + rounding(parameters)
}

/// What a raising key adds to a polynomial raised from `q_0`, at the scale of the gadget factor `p_0`: one digit with the first
/// special prime, `N sigma^2 q_0^2 / (12 p_0^2)`. The division by all special primes, and its rounding, come after the sum
/// over the rotations. `q_0` is that of the set, `p_0` that of its [raised](Parameters::raised) chain if it has one.
#[must_use]
pub fn raise(parameters: &Parameters) -> f64 {
    let gadget = parameters.raised().unwrap_or(parameters).ring().p()[0];
    let ratio = parameters.q(0).value() as f64 / gadget.value() as f64;
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
