//! Measured noise against its formulas. Variances over at least 2^20 coefficients agree within 5 %.
#![allow(clippy::unwrap_used)]

mod common;

use std::sync::Arc;

use ckks::{
    Ciphertext, Decryptor, Digits, Error, EvaluationKeys, Evaluator, KeyGenerator, KeyShape, Plaintext,
    PublicEncryptor, Scale, SecureRng, noise, presets,
};
use common::{Party, values};

/// Sum of squares and count of the coefficients of `got - want`.
struct Meter {
    squares: f64,
    count: usize,
}

impl Meter {
    const ENOUGH: usize = 1 << 20;

    /// Adds errors from `trial` until there are enough, and returns their mean square.
    fn variance(mut trial: impl FnMut() -> Vec<f64>) -> f64 {
        let mut meter = Self { squares: 0.0, count: 0 };
        while meter.count < Self::ENOUGH {
            let errors = trial();
            meter.squares += errors.iter().map(|e| e * e).sum::<f64>();
            meter.count += errors.len();
        }
        meter.squares / meter.count as f64
    }
}

fn error_of(party: &Party, got: &Ciphertext, want: &Plaintext) -> Vec<f64> {
    let mut difference = Decryptor::new(&party.secret).decrypt(got).unwrap().poly().clone();
    difference.sub_assign(want.poly());
    difference.into_coeff().to_centred_f64()
}

fn assert_close(what: &str, measured: f64, formula: f64) {
    let ratio = measured / formula;
    assert!(
        (0.95..1.05).contains(&ratio),
        "{what}: measured {measured:.4e}, formula {formula:.4e}, ratio {ratio:.4}"
    );
}

fn zero(party: &Party, level: usize) -> Plaintext {
    party.encoder.encode(&[0.0], level, &party.parameters.default_scale()).unwrap()
}

#[test]
fn the_meter_measures_a_known_variance() {
    let mut rng = SecureRng::from_seed([3; 32]);
    let measured = Meter::variance(|| {
        ckks_math::sample::gaussian(&mut rng, 1 << 14).iter().map(|&e| e as f64).collect()
    });
    assert_close("sampler", measured, ckks::ERROR_STD.powi(2));
}

#[test]
fn fresh_encryptions() {
    let party = Party::small(&[]);
    // An exact zero is encoded without a rounding error.
    let exact = zero(&party, 1);
    let symmetric = Meter::variance(|| error_of(&party, &party.encrypt(&[0.0], 1), &exact));
    assert_close("symmetric", symmetric, noise::fresh_symmetric() - 1.0 / 12.0);

    let public = ckks::KeyGenerator::new(&party.secret).unwrap().public_key();
    let mut rng = SecureRng::from_os().unwrap();
    let asymmetric = Meter::variance(|| {
        let encrypted = PublicEncryptor::new(&public).encrypt(&exact, &mut rng).unwrap();
        error_of(&party, &encrypted, &exact)
    });
    // The secret is fixed, so its actual weight replaces the expected one.
    let weight = party.secret.coefficients().iter().map(|c| (c * c) as f64).sum::<f64>();
    // The rounding of the division dominates.
    let formula = noise::fresh_public(&party.parameters) - 1.0 / 12.0
        + (weight - noise::secret_weight(&party.parameters)) / 12.0;
    assert_close("public key", asymmetric, formula);
}

#[test]
fn rescaling_rounds_both_halves() {
    let party = Party::small(&[]);
    let exact = zero(&party, 1);
    let measured = Meter::variance(|| {
        let rescaled = party.evaluator.rescale(&party.encrypt(&[0.0], 2)).unwrap();
        error_of(&party, &rescaled, &exact)
    });
    let weight = party.secret.coefficients().iter().map(|c| (c * c) as f64).sum::<f64>();
    let expected = noise::rescale(&party.parameters, 2, noise::fresh_symmetric());
    let formula = expected * (1.0 + weight) / (1.0 + noise::secret_weight(&party.parameters));
    assert_close("rescale", measured, formula);
}

#[test]
fn key_switching_adds_its_share() {
    let party = Party::small(&[1]);
    for level in [4, 1] {
        let exact = zero(&party, level);
        let measured = Meter::variance(|| {
            let fresh = party.encrypt(&[0.0], level);
            let rotated = party.evaluator.rotate(&fresh, 1).unwrap();
            error_of(&party, &rotated, &exact)
        });
        let shape = party.parameters.key_shape(party.parameters.max_level());
        let formula =
            noise::key_switch(&party.parameters, shape, level) + noise::fresh_symmetric() - 1.0 / 12.0;
        // The rounding term dominates, and the actual weight of the secret differs from the expected one by a few per
        // cent.
        let weight = party.secret.coefficients().iter().map(|c| (c * c) as f64).sum::<f64>();
        let formula = formula + (weight - noise::secret_weight(&party.parameters)) / 12.0;
        assert_close("key switch", measured, formula);
    }
}

/// A key for places where a rescale follows is at the lowest level, as a bootstrap's may be. Without a rescale its noise
/// would drown the message, so a rotation takes the next key.
#[test]
fn rotations_pass_over_keys_that_need_a_rescale() {
    let party = Party::small(&[]);
    let coarse = KeyShape { level: 1, special: 1, digits: Digits::one() };
    let quiet = party.parameters.key_shape(party.parameters.max_level());
    assert!(quiet.is_quiet(&party.parameters) && !coarse.is_quiet(&party.parameters));
    let rounding = noise::rounding(&party.parameters);
    assert!(noise::key_switch(&party.parameters, coarse, 1) > 2f64.powi(60) * rounding);

    let mut generator = KeyGenerator::new(&party.secret).unwrap();
    let mut keys = EvaluationKeys::new(&party.parameters, party.secret.key_id());
    keys.insert(generator.rotation_key(1, coarse).unwrap()).unwrap();
    let fresh = party.encrypt(&[0.0], 1);
    let alone = Evaluator::new(Arc::new(keys.clone()));
    for refused in [alone.rotate(&fresh, 1).map(|a| vec![a]), alone.rotate_many(&fresh, &[1])] {
        assert!(matches!(refused, Err(Error::MissingKey { level: 1, .. })));
    }
    keys.insert(generator.rotation_key(1, quiet).unwrap()).unwrap();
    let both = Evaluator::new(Arc::new(keys));
    let [many] = &both.rotate_many(&fresh, &[1]).unwrap()[..] else { panic!("one rotation") };
    for rotated in [&both.rotate(&fresh, 1).unwrap(), many] {
        let errors = error_of(&party, rotated, &zero(&party, 1));
        let variance = errors.iter().map(|e| e * e).sum::<f64>() / errors.len() as f64;
        let formula = noise::key_switch(&party.parameters, quiet, 1) + noise::fresh_symmetric();
        assert!(variance < 1.5 * formula, "measured {variance:.3e}, formula {formula:.3e}");
    }
}

#[test]
fn a_product_carries_each_error_times_the_other_message() {
    let party = Party::small(&[]);
    let (n, parameters) = (party.parameters.slots(), &party.parameters);
    let scale = Scale::power_of_two(40);
    let (x, y) = (values(n, 1), values(n, 2));
    let mean_square =
        |v: &[f64]| v.iter().map(|v| v * v).sum::<f64>() / v.len() as f64 * scale.to_f64().powi(2);
    let exact = {
        let (a, b) =
            (party.encoder.encode(&x, 2, &scale).unwrap(), party.encoder.encode(&y, 2, &scale).unwrap());
        Plaintext::from_poly(a.poly().mul(b.poly()), scale.mul(&scale))
    };
    let measured = Meter::variance(|| {
        let (a, b) = (party.encrypt_at(&x, 2, &scale), party.encrypt_at(&y, 2, &scale));
        let product = party.evaluator.tensor(&a, &b).unwrap();
        let [c0, c1, c2] = product.polys();
        let s = party.secret.poly().truncated(c0.basis());
        let mut difference = c0.add(&c1.add(&c2.mul(&s)).mul(&s));
        difference.sub_assign(exact.poly());
        difference.into_coeff().to_centred_f64()
    });
    let variance = noise::fresh_symmetric() - 1.0 / 12.0;
    let [a, b] = [&x, &y].map(|v| noise::Factor { mean_square: mean_square(v), variance });
    assert_close("product", measured, noise::tensor(parameters, a, b));
}

#[test]
fn a_decoded_slot_has_the_predicted_deviation() {
    let party = Party::small(&[]);
    let n = party.parameters.slots();
    let measured = Meter::variance(|| party.decrypt(&party.encrypt(&[0.0], 1), n)).sqrt();
    let formula = noise::slot_std(
        &party.parameters,
        noise::fresh_symmetric() - 1.0 / 12.0,
        &party.parameters.default_scale(),
    );
    assert_close("slot", measured, formula);
}

/// The actual weight of the secret in place of the expected one.
fn weight_surplus(party: &Party) -> f64 {
    let weight = party.secret.coefficients().iter().map(|c| (c * c) as f64).sum::<f64>();
    weight - noise::secret_weight(&party.parameters)
}

/// Digits larger than P, as bootstraps have them where a rescale follows: the formula's first term is all that counts.
#[test]
fn digits_beyond_the_special_primes() {
    let party = Party::small(&[]);
    let parameters = &party.parameters;
    // Two digits of 90 and 80 bits against one special prime of 50, and one digit of three primes against two.
    for (level, special, mask) in [(3, 1, 0b0101), (2, 2, 0b001), (2, 1, 0b001)] {
        let shape = KeyShape { level, special, digits: Digits::from_mask(mask).unwrap() };
        let mut generator = KeyGenerator::new(&party.secret).unwrap();
        let exact = zero(&party, level);
        let measured = Meter::variance(|| {
            // A new key each time: the norm of a single key's error is off by some per cent. Not a rotation, which refuses such
            // a key, but the switch alone, from s to the preimage of s.
            let key = generator.rotation_key(1, shape).unwrap();
            let fresh = party.encrypt(&[0.0], level);
            let [c0, c1] = fresh.polys();
            let switched = party.evaluator.switch_polynomial(c1, &key, [Some(c0), None]);
            let table = parameters.ring().automorphism(ckks::galois_element(parameters.literal().log_n, 1));
            let turned = switched.each_ref().map(|c| c.automorphism(&table));
            let turned =
                Ciphertext::from_parts(parameters, fresh.key_id(), turned, fresh.scale().clone()).unwrap();
            error_of(&party, &turned, &exact)
        });
        let formula = noise::key_switch(parameters, shape, level) + noise::fresh_symmetric() - 1.0 / 12.0
            + weight_surplus(&party) / 12.0;
        assert_close(&format!("{shape:?}"), measured, formula);
    }
}

/// All rotations of a hoisted sum share their digits, and each adds the noise of its own key.
#[test]
fn hoisted_rotations_add_up() {
    let steps = [1, 2, 3, 4, 5, 6, 7];
    let party = Party::small(&steps);
    let level = 4;
    let exact = zero(&party, level);
    let measured = Meter::variance(|| {
        let fresh = party.encrypt(&[0.0], level);
        let turned = party.evaluator.rotate_many(&fresh, &steps).unwrap();
        let mut sum = fresh;
        turned.iter().for_each(|turned| party.evaluator.add_assign(&mut sum, turned).unwrap());
        error_of(&party, &sum, &exact)
    });
    let shape = party.parameters.key_shape(party.parameters.max_level());
    let switch = noise::key_switch(&party.parameters, shape, level) + weight_surplus(&party) / 12.0;
    let formula = 8.0 * (noise::fresh_symmetric() - 1.0 / 12.0) + 7.0 * switch;
    assert_close("sum of eight", measured, formula);
}

/// Raising keys: one digit below `q_0`, and of the special primes only the first in the gadget factor.
#[test]
fn raising_keys_have_one_gadget_prime() {
    let literal = presets::insecure_for_tests(11, 4).unwrap().literal().clone();
    let literal = ckks::ParametersLiteral { ephemeral_weight: Some(32), ..literal };
    let party = Party::new(literal.check().unwrap(), &[]);
    let parameters = &party.parameters;
    let ephemeral = party.secret.generate_ephemeral(&mut SecureRng::from_os().unwrap()).unwrap();
    let top = parameters.max_level();
    let mut generator = KeyGenerator::new(&party.secret).unwrap();
    let (basis, ring) = (parameters.raise_shape(top).basis(), parameters.ring());
    let gadget: Vec<u64> =
        (0..basis.limbs()).map(|i| ring.modulus(basis, i).reduce(ring.p()[0].value())).collect();
    let uniform = |seed: u64| {
        ckks_math::sample::uniform(ring, parameters.basis(0), &[seed as u8; 32], &seed.to_le_bytes())
    };
    let mut seed = 0;
    let measured = Meter::variance(|| {
        seed += 1;
        let key = generator.raise_key(1, &ephemeral, top).unwrap();
        let (b, a) = (key.digits()[0].to_poly(0), key.digits()[0].to_poly(1));
        let digit = uniform(seed).into_coeff().raise(ring, basis).into_ntt();
        // digit (b + a s) = p_0 digit s' + noise, and the division by p_0 p_1 leaves the scale 1 / p_1 to the message.
        let mut noise = digit.mul(&b.add(&a.mul(party.secret.poly())));
        let mut wanted = digit.mul(ephemeral.poly());
        wanted.mul_scalar_assign(&gadget);
        noise.sub_assign(&wanted);
        noise.into_coeff().to_centred_f64()
    });
    let formula = noise::raise(parameters) * (ring.p()[0].value() as f64).powi(2);
    assert_close("raising key", measured, formula);
}
