//! Rings and words that the test suites share.
#![allow(clippy::unwrap_used, dead_code)]

use std::sync::Arc;

use ckks_math::{Backend, Basis, Ntt, Poly, Ring, primes, sample};

/// Rings with primes of Q of these sizes and `special` primes of 50 bits, on every backend of this machine.
pub(crate) fn rings(log_n: u32, q_bits: &[u32], special: usize) -> Vec<Arc<Ring>> {
    let mut primes: Vec<u64> = Vec::new();
    for &bits in q_bits {
        let next = primes::ntt_primes(log_n + 1, bits, 1, &primes).unwrap();
        primes.extend(next);
    }
    let p = primes::ntt_primes(log_n + 1, 50, special, &primes).unwrap();
    Backend::available().map(|b| Ring::with_backend(log_n, &primes, &p, b).unwrap()).collect()
}

/// A uniform polynomial, the same on every backend.
pub(crate) fn uniform(ring: &Arc<Ring>, basis: Basis, label: &str) -> Poly<Ntt> {
    sample::uniform(ring, basis, &[9; 32], label.as_bytes())
}

/// The words of a limb without padding.
pub(crate) fn words<D>(poly: &Poly<D>, limb: usize) -> Vec<u64> {
    poly.rows(limb).flatten().copied().collect()
}

/// Every residue is below its prime, and every padding word is zero.
pub(crate) fn check_reduced<D>(poly: &Poly<D>) {
    for i in 0..poly.basis().limbs() {
        assert!(words(poly, i).iter().all(|&word| word < poly.modulus(i).value()), "limb {i}");
        let stride = poly.limb(i).len() / poly.rows(i).len();
        for (row, words) in poly.limb(i).chunks_exact(stride).zip(poly.rows(i)) {
            assert!(row[words.len()..].iter().all(|&word| word == 0), "padding of limb {i}");
        }
    }
}

/// A polynomial with the given words.
pub(crate) fn from_words(
    ring: &Arc<Ring>,
    basis: Basis,
    f: impl Fn(usize, usize) -> u64,
) -> Poly<ckks_math::Coeff> {
    let mut poly = Poly::zero(ring, basis);
    for limb in 0..basis.limbs() {
        let mut k = 0;
        for row in poly.rows_mut(limb) {
            for word in row {
                *word = f(limb, k);
                k += 1;
            }
        }
    }
    check_reduced(&poly);
    poly
}
