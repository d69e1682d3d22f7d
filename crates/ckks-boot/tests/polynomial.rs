//! Plans: least depth, few key switches, exact scales, correct values.
#![allow(clippy::unwrap_used)]

use ckks::Scale;
use ckks_boot::Simulation;
use ckks_boot::polynomial::{
    Arithmetic, Basis, Coefficient, Plan, Polynomial, chebyshev_coefficients, chebyshev_value, evaluate,
};
use num_complex::Complex64;

const SLOTS: usize = 64;

fn points() -> Vec<f64> {
    (0..SLOTS).map(|i| 2.0 * i as f64 / (SLOTS - 1) as f64 - 1.0).collect()
}

/// Evaluates without noise on deliberately uneven primes, and returns the largest error.
fn worst_error(polynomial: &Polynomial, value: impl Fn(usize, f64) -> Complex64) -> f64 {
    let plan = Plan::new(polynomial).unwrap();
    assert_eq!(plan.depth(), polynomial.depth());
    // Deliberately uneven.
    let primes = (0..12).map(|i| (1 << 40) + (1 << 33) * (i * i % 7) + 2 * i + 1).collect();
    let simulation = Simulation::new(primes, 0.0, 1);
    let x = points();
    let slots = x.iter().map(|&x| Complex64::new(x, 0.0)).collect();
    let input = simulation.value(slots, 11, Scale::power_of_two(40));
    let target = Scale::power_of_two(39);
    let output = evaluate(&simulation, &plan, input, &target).unwrap();
    assert_eq!(simulation.scale(&output), target);
    assert_eq!(output.level, 11 - polynomial.depth());
    x.iter().enumerate().map(|(s, &x)| (output.slots[s] - value(s, x)).norm()).fold(0.0, f64::max)
}

#[test]
fn chebyshev_of_every_degree_has_least_depth_and_exact_scale() {
    for degree in 1..=140 {
        let coefficients: Vec<f64> = (0..=degree).map(|k| ((k * k + 3) as f64).sin()).collect();
        let polynomial = Polynomial::real(Basis::Chebyshev, &coefficients);
        let worst = worst_error(&polynomial, |_, x| Complex64::new(chebyshev_value(&coefficients, x), 0.0));
        assert!(worst < 1e-10, "degree {degree}: {worst}");
    }
}

#[test]
fn monomials_of_every_degree() {
    for degree in 1..=40 {
        let coefficients: Vec<f64> = (0..=degree).map(|k| ((k * k + 3) as f64).sin()).collect();
        let polynomial = Polynomial::real(Basis::Monomial, &coefficients);
        let horner = |x: f64| coefficients.iter().rev().fold(0.0, |sum, c| sum * x + c);
        let worst = worst_error(&polynomial, |_, x| Complex64::new(horner(x), 0.0));
        assert!(worst < 1e-11, "degree {degree}: {worst}");
    }
}

#[test]
fn parity_spares_powers() {
    let even = chebyshev_coefficients(|x| (11.9 * x).cos(), 30, -1.0, 1.0);
    let even: Vec<f64> = even.iter().enumerate().map(|(k, &c)| if k % 2 == 0 { c } else { 0.0 }).collect();
    let plan = Plan::new(&Polynomial::real(Basis::Chebyshev, &even)).unwrap();
    assert_eq!((plan.depth(), plan.key_switches()), (5, 8));
    let odd = [0.0, 0.5, 0.0, -0.02];
    let plan = Plan::new(&Polynomial::real(Basis::Monomial, &odd)).unwrap();
    assert_eq!((plan.depth(), plan.key_switches()), (2, 2));
}

#[test]
fn coefficients_may_differ_from_slot_to_slot() {
    let base = Polynomial::real(Basis::Chebyshev, &[0.3, -0.5, 0.25, 0.125, -0.7, 0.6]);
    let mask: Vec<_> = (0..8).map(|s| Complex64::from_polar(1.0 + f64::from(s), f64::from(s))).collect();
    let factor = Coefficient::slots(mask.clone());
    let coefficients: Vec<f64> = base.coefficients().iter().map(|c| c.at(0).re).collect();
    let worst = worst_error(&base.scaled(&factor), |s, x| mask[s % 8] * chebyshev_value(&coefficients, x));
    assert!(worst < 1e-11, "{worst}");
}

#[test]
fn a_constant_is_refused() {
    assert!(Plan::new(&Polynomial::real(Basis::Monomial, &[0.5, 0.0])).is_err());
}
