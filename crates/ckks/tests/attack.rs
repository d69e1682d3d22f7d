//! The attack of Li and Micciancio, *On the Security of Homomorphic Encryption on Approximate Numbers*, EUROCRYPT 2021, end
//! to end: who sees ciphertexts and what they decrypt to solves for the key. And flooding, which prevents it.
#![allow(clippy::unwrap_used)]

mod common;

use ckks::{Ciphertext, Complex64, Decryptor, Encoder, Error, Flooding, FloodingLiteral, noise};
use ckks_math::Basis;
use common::{Party, values};

/// What an attacker makes of a ciphertext and its decrypted slots, with public values alone: the coefficients of the key, if
/// they are right.
///
/// The numbers encode to the polynomial `m + e` that the decryption had, and `c0 + c1 s = m + e` is solved for `s` modulo the
/// first prime.
fn attack(encoder: &Encoder, a: &Ciphertext, decrypted: &[Complex64]) -> Vec<f64> {
    let encoded = encoder.encode_complex(decrypted, 0, a.scale()).unwrap();
    let first = Basis::of_q(1);
    let [c0, c1] = a.polys().each_ref().map(|c| c.truncated(first));
    let mut key = encoded.poly().sub(&c0);
    let modulus = *key.modulus(0);
    for (row, divisors) in key.rows_mut(0).zip(c1.rows(0)) {
        for (word, &divisor) in row.iter_mut().zip(divisors) {
            assert_ne!(divisor, 0, "one in 2^39: draw again");
            *word = modulus.mul(*word, modulus.inv(divisor));
        }
    }
    key.into_coeff().to_centred_f64()
}

/// How many coefficients of the key the attacker has.
fn hits(party: &Party, guess: &[f64]) -> usize {
    party.secret.coefficients().iter().zip(guess).filter(|&(&s, &g)| s as f64 == g).count()
}

/// The result of some computation: a product with a rotation of itself, at level 1.
fn computed(party: &Party) -> Ciphertext {
    let a = party.encrypt(&values(party.parameters.slots(), 9), 2);
    let evaluator = &party.evaluator;
    evaluator.mul(&a, &evaluator.rotate(&a, 1).unwrap()).unwrap()
}

fn flooding(party: &Party, releases: u32) -> Flooding {
    // A bound for every run: the factors are at most 1, so a product has the error of both, and that of the rescale.
    let parameters = &party.parameters;
    let factor =
        |variance| noise::Factor { mean_square: parameters.default_scale().to_f64().powi(2), variance };
    let shape = parameters.key_shape(parameters.max_level());
    let rotated = noise::fresh_symmetric() + noise::key_switch(parameters, shape, 2);
    let product = noise::tensor(parameters, factor(noise::fresh_symmetric()), factor(rotated));
    let switched = product + noise::key_switch(parameters, shape, 2);
    let variance = noise::rescale(parameters, 2, switched);
    let numbers = parameters.degree();
    Flooding::new(FloodingLiteral {
        numbers,
        error_bound: noise::l2_bound(variance, numbers, -40.0),
        releases,
        bits: 20,
    })
    .unwrap()
}

#[test]
fn decrypted_numbers_reveal_the_key() {
    let party = Party::small(&[1]);
    let all = party.parameters.slots();
    for a in [party.encrypt(&values(all, 3), 0), computed(&party)] {
        let decrypted = Decryptor::new(&party.secret).decrypt(&a).unwrap();
        let shown = party.encoder.decode_complex(&decrypted, all).unwrap();
        assert_eq!(hits(&party, &attack(&party.encoder, &a, &shown)), party.parameters.degree());
    }
}

#[test]
fn flooded_numbers_do_not() {
    let party = Party::small(&[1]);
    let all = party.parameters.slots();
    let a = computed(&party);
    let mut flooding = flooding(&party, 2);
    let decryptor = Decryptor::new(&party.secret);
    let mut show = || flooding.decrypt(&decryptor, &party.encoder, &[&a], all);
    let shown = show().unwrap().remove(0);
    // A guess is uniform modulo the prime, so none of the 2^11 coefficients is right.
    assert_eq!(hits(&party, &attack(&party.encoder, &a, &shown)), 0);
    // Nor do averages help: a second release of the same ciphertext is the same release.
    assert_eq!(show().unwrap().remove(0), shown);
    assert!(matches!(show(), Err(Error::Flooding(_))));

    let exact = party.encoder.decode_complex(&decryptor.decrypt(&a).unwrap(), all).unwrap();
    let squares = shown.iter().zip(&exact).map(|(s, e)| (s - e).norm_sqr()).sum::<f64>();
    let measured = (squares / all as f64).sqrt();
    // Each axis of a slot sums up half of the N variances.
    let formula = flooding.deviation() * (party.parameters.degree() as f64).sqrt() / a.scale().to_f64();
    assert!((0.9..1.1).contains(&(measured / formula)), "measured {measured:e}, formula {formula:e}");
}

#[test]
fn the_deviation_is_that_of_the_paper() {
    let literal = FloodingLiteral { numbers: 1 << 10, error_bound: 1e6, releases: 3, bits: 20 };
    let flooding = Flooding::new(literal).unwrap();
    let wanted = 1e6 * 36f64.sqrt() * 2f64.powi(10);
    assert!((flooding.deviation() / wanted - 1.0).abs() < 1e-6);
    assert_eq!(Flooding::resume(literal, 2).unwrap().left(), 1);
    assert_eq!(Flooding::resume(literal, 7).unwrap().left(), 0);
}

#[test]
fn what_flooding_does_not_cover_is_refused() {
    let party = Party::small(&[]);
    let good = FloodingLiteral { numbers: 64, error_bound: 1e3, releases: 2, bits: 20 };
    let refuse = |literal: FloodingLiteral, word: &str| {
        let error = Flooding::new(literal).unwrap_err().to_string();
        assert!(error.contains(word), "{error}");
    };
    refuse(FloodingLiteral { numbers: 0, ..good }, "no number");
    refuse(FloodingLiteral { releases: 0, ..good }, "no release");
    refuse(FloodingLiteral { error_bound: f64::NAN, ..good }, "not positive");
    refuse(FloodingLiteral { error_bound: 1e40, ..good }, "at most");
    refuse(FloodingLiteral { bits: 60, ..good }, "fewer");

    let decryptor = Decryptor::new(&party.secret);
    let a = party.encrypt(&values(32, 1), 0);
    let mut flooding = Flooding::new(good).unwrap();
    let error = flooding.decrypt(&decryptor, &party.encoder, &[&a, &a], 32).unwrap_err().to_string();
    assert!(error.contains("128 coefficients"), "{error}");
    let error = flooding.decrypt(&decryptor, &party.encoder, &[&a], 0).unwrap_err().to_string();
    assert!(error.contains("power of two"), "{error}");
    assert_eq!(flooding.left(), 2);
    flooding.decrypt(&decryptor, &party.encoder, &[&a], 32).unwrap();
    let wide = FloodingLiteral { error_bound: 1e12, ..good };
    let error =
        Flooding::new(wide).unwrap().decrypt(&decryptor, &party.encoder, &[&a], 32).unwrap_err().to_string();
    assert!(error.contains("higher level"), "{error}");
}

/// Numbers of a shorter period: noise only in the coefficients that they come from.
#[test]
fn a_short_vector_is_flooded_as_much() {
    let party = Party::small(&[]);
    let n = 32;
    let literal = FloodingLiteral { numbers: 2 * n, error_bound: 1e4, releases: 1 << 10, bits: 16 };
    let mut flooding = Flooding::new(literal).unwrap();
    let decryptor = Decryptor::new(&party.secret);
    let (mut squares, turns) = (0.0, 400);
    for _ in 0..turns {
        let a = party.encrypt(&[0.0; 32], 1);
        let shown = flooding.decrypt(&decryptor, &party.encoder, &[&a], n).unwrap().remove(0);
        squares += shown.iter().map(|z| z.norm_sqr()).sum::<f64>() / n as f64;
    }
    let scale = party.parameters.default_scale().to_f64();
    let measured = (squares / f64::from(turns)).sqrt() * scale / (2.0 * n as f64).sqrt();
    let ratio = measured / flooding.deviation();
    assert!((0.97..1.03).contains(&ratio), "{ratio}");
    assert_eq!(flooding.left(), (1 << 10) - turns as u32);
}
