//! The definitions as straightforward code, as oracles for tests. Running times are quadratic.

use crate::Modulus;

/// `a * b` modulo X^N + 1 and p, with N the length of both.
///
/// # Panics
/// If the lengths differ.
pub fn negacyclic_product(m: &Modulus, a: &[u64], b: &[u64]) -> Vec<u64> {
    assert_eq!(a.len(), b.len());
    let n = a.len();
    let mut out = vec![0; n];
    for (i, &x) in a.iter().enumerate() {
        for (j, &y) in b.iter().enumerate() {
            let product = m.mul(x, y);
            let k = (i + j) % n;
            out[k] = if i + j < n { m.add(out[k], product) } else { m.sub(out[k], product) };
        }
    }
    out
}

/// The value of a polynomial at a point, modulo p.
pub fn evaluate(m: &Modulus, coefficients: &[u64], point: u64) -> u64 {
    coefficients.iter().rev().fold(0, |acc, &c| m.add(m.mul(acc, point), m.reduce(c)))
}

/// Evaluations at psi^e for every given exponent e: the transform by definition.
pub fn transform(
    m: &Modulus,
    coefficients: &[u64],
    psi: u64,
    exponents: impl Iterator<Item = usize>,
) -> Vec<u64> {
    exponents.map(|e| evaluate(m, coefficients, m.pow(psi, e as u64))).collect()
}

/// f(X^g) modulo X^N + 1 and p for odd `g`.
pub fn automorphism(m: &Modulus, coefficients: &[u64], g: usize) -> Vec<u64> {
    let n = coefficients.len();
    let mut out = vec![0; n];
    for (k, &c) in coefficients.iter().enumerate() {
        let power = k * g % (2 * n);
        out[power % n] = if power < n { c } else { m.neg(c) };
    }
    out
}
