//! The sparse factors against the naive canonical embedding, and baby-step giant-step plans against their matrices.
#![allow(clippy::unwrap_used)]

use std::f64::consts::TAU;

use ckks_boot::linear::{BsgsPlan, DiagonalMatrix, coeffs_to_slots, slots_to_coeffs, split_stages};
use num_complex::Complex64;

fn vector(n: usize) -> Vec<Complex64> {
    (0..n).map(|i| Complex64::new((i as f64 * 1.7).sin(), (i as f64 * 0.9).cos())).collect()
}

fn bit_reversed(v: &[Complex64]) -> Vec<Complex64> {
    let log_n = v.len().ilog2();
    (0..v.len()).map(|i| v[i.reverse_bits() >> (usize::BITS - log_n)]).collect()
}

/// Slot `j` of the polynomial with coefficients `(Re w, Im w)` in a ring of degree `2n`: its value at `zeta^(5^j)`.
fn canonical_embedding(w: &[Complex64]) -> Vec<Complex64> {
    let n = w.len();
    let coefficients: Vec<f64> = w.iter().map(|w| w.re).chain(w.iter().map(|w| w.im)).collect();
    let mut power = 1;
    (0..n)
        .map(|_| {
            let value = coefficients.iter().enumerate();
            let value = value
                .map(|(k, c)| c * Complex64::cis(TAU * (k * power % (4 * n)) as f64 / (4 * n) as f64))
                .sum();
            power = power * 5 % (4 * n);
            value
        })
        .collect()
}

fn apply(factors: &[DiagonalMatrix], v: &[Complex64]) -> Vec<Complex64> {
    factors.iter().fold(v.to_vec(), |v, factor| factor.apply(&v))
}

fn distance(a: &[Complex64], b: &[Complex64]) -> f64 {
    assert_eq!(a.len(), b.len());
    a.iter().zip(b).map(|(a, b)| (a - b).norm()).fold(0.0, f64::max)
}

#[test]
fn slots_to_coeffs_is_the_canonical_embedding() {
    for log_n in 4..=10 {
        let w = vector(1 << log_n);
        for levels in 1..=4 {
            let factors = slots_to_coeffs(log_n, &split_stages(log_n, levels));
            assert_eq!(factors.len(), levels);
            let slots = apply(&factors, &bit_reversed(&w));
            assert!(
                distance(&slots, &canonical_embedding(&w)) < 1e-9 * (1 << log_n) as f64,
                "2^{log_n} in {levels}"
            );
        }
    }
}

#[test]
fn coeffs_to_slots_undoes_it() {
    for log_n in 4..=11 {
        let z = vector(1 << log_n);
        let forward = slots_to_coeffs(log_n, &split_stages(log_n, 2));
        let back = coeffs_to_slots(log_n, &split_stages(log_n, 3));
        assert!(distance(&apply(&back, &apply(&forward, &z)), &z) < 1e-12);
    }
}

#[test]
fn merged_stages_have_few_diagonals() {
    // The stage of the widest stride wraps around. The others reach equally far back and ahead.
    let counts = |factors: &[DiagonalMatrix]| factors.iter().map(|f| f.diagonals().len()).collect::<Vec<_>>();
    assert_eq!(counts(&slots_to_coeffs(9, &[5, 4])), [63, 16]);
    assert_eq!(counts(&coeffs_to_slots(9, &[5, 4])), [32, 31]);
    assert_eq!(counts(&coeffs_to_slots(12, &[4, 4, 4])), [16, 31, 31]);
    assert_eq!(split_stages(14, 3), [4, 5, 5]);
}

#[test]
fn a_mask_puts_real_and_imaginary_parts_side_by_side() {
    let n = 16;
    let z = vector(n);
    let mut factors = coeffs_to_slots(4, &[2, 2]);
    let (half, minus_half_i) = (Complex64::new(0.5, 0.0), Complex64::new(0.0, -0.5));
    let mask: Vec<_> = (0..2 * n).map(|s| if s < n { half } else { minus_half_i }).collect();
    let last = factors.pop().unwrap().masked(&mask);
    factors.push(last);
    let input = apply(&slots_to_coeffs(4, &[4]), &z);
    let halves = apply(&factors, &input);
    for s in 0..n {
        assert!(((halves[s] + halves[s].conj()).re - z[s].re).abs() < 1e-12);
        assert!(((halves[s + n] + halves[s + n].conj()).re - z[s].im).abs() < 1e-12);
    }
}

#[test]
fn plans_evaluate_their_matrix() {
    let key_switches = |plan: &BsgsPlan| (plan.baby_key_switches() + 3 * plan.giant_key_switches()) as f64;
    let giants_alone = |plan: &BsgsPlan| plan.giant_key_switches() as f64;
    let rotate = |v: &[Complex64], r: usize| -> Vec<Complex64> {
        (0..v.len()).map(|s| v[(s + r) % v.len()]).collect()
    };
    for factor in slots_to_coeffs(10, &[4, 3, 3]).iter().chain(&coeffs_to_slots(10, &[5, 5])) {
        let n = factor.period();
        let v = vector(n);
        let rotations: Vec<usize> = factor.diagonals().keys().copied().collect();
        let (plan, hoisted) = (
            BsgsPlan::cheapest(&rotations, n, key_switches),
            BsgsPlan::cheapest(&rotations, n, giants_alone),
        );
        assert_eq!(hoisted.giants().len(), 1);
        for plan in [&plan, &hoisted] {
            let mut image = vec![Complex64::ZERO; n];
            for giant in plan.giants() {
                let mut inner = vec![Complex64::ZERO; n];
                for term in &giant.terms {
                    let diagonal = rotate(&factor.diagonals()[&term.diagonal], n - giant.rotation);
                    let rotated = rotate(&v, term.baby);
                    inner
                        .iter_mut()
                        .zip(diagonal.iter().zip(&rotated))
                        .for_each(|(sum, (d, v))| *sum += d * v);
                }
                image.iter_mut().zip(rotate(&inner, giant.rotation)).for_each(|(sum, v)| *sum += v);
            }
            assert!(distance(&image, &factor.apply(&v)) < 1e-10);
        }
        assert!(plan.baby_key_switches() + plan.giant_key_switches() < factor.diagonals().len());
    }
}
