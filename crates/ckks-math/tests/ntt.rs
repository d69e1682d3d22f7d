//! The transforms of all backends against the definition.
#![allow(clippy::unwrap_used)]

mod common;

use std::collections::HashMap;

use ckks_math::{Backend, Basis, Ntt, Poly, Ring, naive, primes};
use common::{check_reduced, from_words, rings, uniform, words};

const SIZES: [u32; 8] = [20, 28, 30, 36, 42, 46, 49, 50];

#[test]
fn forward_is_evaluation_in_the_documented_order() {
    for log_n in [10, 11, 12] {
        for ring in rings(log_n, &[28, 46, 50], 0) {
            let basis = ring.full_basis();
            let f = uniform(&ring, basis, "f").into_coeff();
            let g = f.clone().into_ntt();
            for i in 0..basis.limbs() {
                let expected =
                    naive::transform(f.modulus(i), &words(&f, i), ring.psi(basis, i), ring.ntt_exponents());
                assert_eq!(words(&g, i), expected, "2^{log_n}, {:?}", ring.backend());
            }
        }
    }
}

#[test]
fn forward_of_large_rings_at_some_points() {
    for log_n in 13..=16 {
        for ring in rings(log_n, &[30, 50], 0) {
            let basis = ring.full_basis();
            let f = uniform(&ring, basis, "f").into_coeff();
            let g = f.clone().into_ntt();
            check_reduced(&g);
            let places: HashMap<_, _> = ring.ntt_exponents().zip(0..).collect();
            for i in 0..basis.limbs() {
                let (m, psi, coefficients) = (f.modulus(i), ring.psi(basis, i), words(&f, i));
                let evaluations = words(&g, i);
                for e in (1..2 * ring.degree()).step_by(2 * (ring.degree() / 37) + 2) {
                    let expected = naive::evaluate(m, &coefficients, m.pow(psi, e as u64));
                    assert_eq!(evaluations[places[&e]], expected, "2^{log_n} at psi^{e}");
                }
            }
        }
    }
}

/// Words at the edges of every range inside the transforms.
#[test]
fn extreme_words_round_trip_and_agree() {
    for log_n in 10..=16 {
        let all = rings(log_n, &SIZES[(log_n as usize - 10) / 2..], 0);
        for pattern in 0..6 {
            let mut seen = None;
            for ring in &all {
                let basis = ring.full_basis();
                let top = |i: usize| ring.modulus(basis, i).value() - 1;
                let f = from_words(ring, basis, |i, k| match pattern {
                    0 => 0,
                    1 => top(i),
                    2 => u64::from(k == 0),
                    3 => top(i) * (k as u64 & 1),
                    4 => {
                        if k % 3 == 0 {
                            top(i)
                        } else {
                            1
                        }
                    }
                    _ => (top(i) / 2 + (k as u64 >> 4 & 1)).min(top(i)),
                });
                let g = f.clone().into_ntt();
                check_reduced(&g);
                let all_words: Vec<_> = (0..basis.limbs()).map(|i| words(&g, i)).collect();
                assert!(seen.get_or_insert_with(|| all_words.clone()) == &all_words, "{:?}", ring.backend());
                assert!(g.into_coeff() == f, "2^{log_n}, pattern {pattern}, {:?}", ring.backend());
                // The same words as evaluations.
                let mut h = Poly::<Ntt>::zero(ring, basis);
                (0..basis.limbs()).for_each(|i| h.limb_mut(i).copy_from_slice(f.limb(i)));
                assert!(h.clone().into_coeff().into_ntt() == h);
            }
        }
    }
}

#[test]
fn products_are_negacyclic() {
    for ring in rings(10, &[36, 50], 1) {
        let basis = ring.full_basis();
        let (a, b) = (uniform(&ring, basis, "a"), uniform(&ring, basis, "b"));
        let product = a.mul(&b).into_coeff();
        let (a, b) = (a.into_coeff(), b.into_coeff());
        for i in 0..basis.limbs() {
            let expected = naive::negacyclic_product(a.modulus(i), &words(&a, i), &words(&b, i));
            assert_eq!(words(&product, i), expected);
        }
    }
}

#[test]
fn backends_agree_on_every_degree() {
    for log_n in 10..=16 {
        let mut seen = None;
        for ring in rings(log_n, &SIZES[2..], 2) {
            let f = uniform(&ring, ring.full_basis(), "f");
            let g = f.clone().into_coeff();
            check_reduced(&g);
            let all: Vec<_> = (0..ring.full_basis().limbs()).map(|i| words(&g, i)).collect();
            assert!(g.into_ntt() == f);
            assert!(seen.get_or_insert_with(|| all.clone()) == &all, "2^{log_n}, {:?}", ring.backend());
        }
    }
}

#[test]
fn rings_refuse_what_they_cannot_hold() {
    let q = primes::ntt_primes(11, 40, 2, &[]).unwrap();
    let refused = |log_n, q: &[u64], p: &[u64]| {
        Ring::with_backend(log_n, q, p, Backend::Scalar).err().unwrap().to_string()
    };
    assert!(refused(9, &q, &[]).contains("2^9"));
    assert!(refused(17, &q, &[]).contains("2^17"));
    assert!(refused(10, &[], &q).contains("at least one prime"));
    assert!(refused(10, &q, &q[..1]).contains("twice"));
    assert!(refused(16, &q, &[]).contains("131072"));
    assert!(refused(10, &[(1 << 40) + 1], &[]).contains("odd prime"));
}

#[test]
#[should_panic(expected = "different rings")]
fn operands_of_two_rings_are_refused() {
    let q = primes::ntt_primes(11, 40, 2, &[]).unwrap();
    let zero = |prime: u64| {
        let ring = Ring::with_backend(10, &[prime], &[], Backend::Scalar).unwrap();
        Poly::<Ntt>::zero(&ring, Basis::of_q(1))
    };
    let _ = zero(q[0]).add(&zero(q[1]));
}
