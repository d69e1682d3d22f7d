//! Noise of sums that share a division, against its formulas: hoisted sums, the late trace, and raising keys folded with their
//! diagonals.
#![allow(clippy::unwrap_used)]

use std::sync::Arc;

use ckks::{
    Ciphertext, Encoder, EvaluationKeys, Evaluator, KeyGenerator, KeyShape, Parameters, ParametersLiteral,
    Plaintext, Scale, SecretEncryptor, SecretKey, SecureRng, SecurityLevel, galois_element, noise, presets,
};
use ckks_math::{Ntt, Poly};
use num_complex::Complex64;

use super::raise::RaiseFactor;
use crate::linear::DiagonalMatrix;
use crate::raised::{Hoisted, Turn};

/// The chains of a preset in a small ring. **Insecure.**
fn toy() -> Parameters {
    let literal = presets::by_name("n15-boot-l6").unwrap().literal().clone();
    let security = SecurityLevel::Insecure;
    ParametersLiteral { name: "insecure-noise".into(), log_n: 11, security, ..literal }.check().unwrap()
}

/// `(1 + |s|^2) / 12` of this very secret.
fn rounding(secret: &SecretKey) -> f64 {
    (1.0 + secret.coefficients().iter().map(|c| (c * c) as f64).sum::<f64>()) / 12.0
}

fn encrypt(secret: &SecretKey, level: usize) -> (Plaintext, Ciphertext) {
    let parameters = secret.parameters();
    let plaintext = Encoder::new(parameters).encode(&[0.0], level, &parameters.default_scale()).unwrap();
    let encrypted =
        SecretEncryptor::new(secret).encrypt(&plaintext, &mut SecureRng::from_os().unwrap()).unwrap();
    (plaintext, encrypted.expand())
}

fn phase(secret: &SecretKey, c: &[Poly<Ntt>; 2]) -> Poly<Ntt> {
    let mut phase = c[0].clone();
    phase.mul_add_assign(&c[1], &secret.poly().truncated(c[1].basis()));
    phase
}

/// Mean square over 2^20 coefficients of the errors that trials return.
fn variance(mut trial: impl FnMut() -> Vec<f64>) -> f64 {
    let (mut squares, mut count) = (0.0, 0);
    while count < 1 << 20 {
        let errors = trial();
        squares += errors.iter().map(|e| e * e).sum::<f64>();
        count += errors.len();
    }
    squares / count as f64
}

fn assert_close(what: &str, measured: f64, formula: f64) {
    let ratio = measured / formula;
    assert!(
        (0.9..1.1).contains(&ratio),
        "{what}: measured {measured:.4e}, formula {formula:.4e}, ratio {ratio:.4}"
    );
}

/// Automorphisms that fix a subring, in sums that follow one another, as after CoeffsToSlots. On average over all coefficients
/// the images of one error add up like independent ones.
#[test]
fn hoisted_sums_and_the_late_trace() {
    let parameters = toy();
    let secret = SecretKey::generate(&parameters).unwrap().raised().unwrap();
    let parameters = parameters.raised().unwrap().clone();
    let log_n = parameters.literal().log_n;
    let level = 13;
    let rotation = |log: usize| galois_element(log_n, 1 << log);
    let order = 2 * parameters.degree();
    // The period is 2^7 slots of 2^10: three doublings, in sums of four and of two.
    let group = |a: usize, b: usize| vec![1, rotation(a), rotation(b), rotation(a) * rotation(b) % order];
    let groups = [group(7, 8), vec![1, rotation(9)]];
    for digits_below in [100.0, 144.0] {
        let shape =
            KeyShape { level, special: 3, digits: parameters.digits_below(level, digits_below).unwrap() };
        let mut generator = KeyGenerator::new(&secret).unwrap();
        let mut keys = EvaluationKeys::new(&parameters, secret.key_id());
        for &g in groups.iter().flatten().filter(|&&g| g != 1) {
            keys.insert(generator.galois_key(g, shape).unwrap()).unwrap();
        }
        let evaluator = Evaluator::new(Arc::new(keys));
        let turns = groups.each_ref().map(|group| {
            group.iter().map(|&g| Turn::find(&evaluator, g, level).unwrap()).collect::<Vec<_>>()
        });
        for sums in 1..=2 {
            let measured = variance(|| {
                let (message, a) = encrypt(&secret, level);
                let mut sum = Hoisted::of(&evaluator, &a, &turns[0]).unwrap().sum(&turns[0]);
                if sums == 2 {
                    sum = Hoisted::of_raised(&evaluator, sum, &turns[1]).unwrap().sum(&turns[1]);
                }
                let got = sum.mod_down(&evaluator).unwrap();
                phase(&secret, got.polys()).sub(message.poly()).into_coeff().to_centred_f64()
            });
            let switch = noise::key_switch(&parameters, shape, level) - noise::rounding(&parameters);
            let fresh = noise::fresh_symmetric() - 1.0 / 12.0;
            let first = 4.0 * fresh + 3.0 * switch;
            // The second sum decomposes the rounded half alone.
            let before =
                if sums == 1 { first } else { 2.0 * first + switch + rounding(&secret) - 1.0 / 12.0 };
            assert_close(&format!("{sums} sums, {shape:?}"), measured, before + rounding(&secret));
        }
    }
}

/// The raise with the first factor: each rotation adds the noise of its key times its diagonal, which is in the key already.
#[test]
fn folded_raising_keys() {
    let whole = toy();
    let parameters = whole.raised().unwrap().clone();
    let secret = SecretKey::generate(&whole).unwrap();
    let mut rng = SecureRng::from_os().unwrap();
    let ephemeral = secret.generate_ephemeral(&mut rng).unwrap().raised().unwrap();
    let secret = secret.raised().unwrap();
    let log_n = parameters.literal().log_n;
    let top = parameters.max_level();
    let mut matrix = DiagonalMatrix::zero(64);
    for steps in [0isize, 3, 5] {
        let diagonal = (0..64).map(|s| Complex64::cis(f64::from(s) * 0.7 + steps as f64));
        matrix.add_diagonal(steps, &diagonal.collect::<Vec<_>>());
    }
    let mut generator = KeyGenerator::new(&secret).unwrap();
    let mut keys = EvaluationKeys::new(&parameters, secret.key_id());
    for &steps in matrix.diagonals().keys() {
        let g = galois_element(log_n, steps as i64);
        keys.insert(generator.raise_key(g, &ephemeral, top).unwrap()).unwrap();
    }
    let q0 = whole.rescale_factor(0);
    let (encoder, target) = (Encoder::new(&parameters), Scale::power_of_two(53));
    let factor = RaiseFactor::encode(&encoder, &matrix, (&q0, &target), &mut keys).unwrap();
    let evaluator = Evaluator::new(Arc::new(keys));

    let ring = parameters.ring();
    let basis = parameters.raise_shape(top).basis();
    let absorbed = Scale::prime(ring.p()[1].value());
    let scale = target.mul(&absorbed).div(&q0);
    let gadget: Vec<u64> =
        (0..basis.limbs()).map(|i| ring.modulus(basis, i).reduce(ring.p()[0].value())).collect();
    let mut turn = 0u8;
    let measured = variance(|| {
        turn = turn.wrapping_add(1);
        let halves = [b"c0", b"c1"]
            .map(|label| ckks_math::sample::uniform(whole.ring(), whole.basis(0), &[turn; 32], label));
        let a = Ciphertext::from_parts(&whole, secret.key_id(), halves.clone(), whole.default_scale());
        let got = factor.apply(&evaluator, &a.unwrap()).unwrap();
        // What it should be, with the secrets: the map applied to the raised phase.
        let raised = halves.map(|c| c.into_coeff().raise(ring, basis).into_ntt());
        let mut exact = phase(&ephemeral, &raised);
        exact.mul_scalar_assign(&gadget);
        let mut sum = Poly::zero(ring, basis);
        for (&steps, diagonal) in matrix.diagonals() {
            let table = ring.automorphism(galois_element(log_n, steps as i64));
            let weight = encoder.encode_complex_in(diagonal, basis, &scale).unwrap();
            sum.add_assign(&exact.automorphism(&table).mul(weight.poly()));
        }
        phase(&secret, got.polys()).sub(&sum.mod_down()).into_coeff().to_centred_f64()
    });
    // Every diagonal has entries of magnitude 1, so its polynomial has the squared norm `scale^2`.
    let weight = (scale.log2() - (ring.p()[1].value() as f64).log2()).exp2().powi(2);
    let formula = 3.0 * weight * noise::raise(&whole) + rounding(&secret) + 1.0 / 12.0;
    assert_close("raise", measured, formula);
}
