//! Every step of the bootstrap, checked with the secret.
#![allow(clippy::unwrap_used)]

mod common;

use ckks::{Ciphertext, Complex64, Decryptor, KeyGenerator, Parameters, SecureRng};
use ckks_boot::{Packing, RealBootstrapper, Values};
use ckks_math::{Basis, Poly};
use common::{Party, precision, random, toy};

const PRESET: &str = "n15-boot-l6";
const LOG_SLOTS: usize = 6;

fn setting(parameters: &Parameters, values: Values) -> (Party, RealBootstrapper, Vec<Complex64>, Ciphertext) {
    let mut party = Party::new(parameters, 3);
    let bootstrapper = party.bootstrapper(PRESET, Packing { log_slots: LOG_SLOTS, values });
    let message = random(1 << LOG_SLOTS, values == Values::Complex, 5);
    let a = party.encrypt(&message, 4, &parameters.default_scale());
    (party, bootstrapper, message, a)
}

fn small() -> Parameters {
    toy(PRESET, 11)
}

#[test]
#[ignore = "all steps at 128 bits: two minutes: `.ci/run` runs this suite every fourth day (by day of the year), step `turn of long_stages`, and whenever CI_WHOLE=1"]
fn every_step_at_128_bits() {
    let parameters = ckks::presets::by_name(PRESET).unwrap();
    slots_to_coeffs(&parameters);
    raise(&parameters);
    coeffs_to_slots(&parameters);
    eval_mod(&parameters);
}

/// The message that SlotsToCoeffs leaves in coefficient `k gap`: slots in bit-reversed order, imaginary parts in the
/// upper half.
fn expected_coefficient(message: &[Complex64], k: usize) -> f64 {
    let (n, log_n) = (message.len(), message.len().ilog2());
    let slot = message[(k % n).reverse_bits() >> (usize::BITS - log_n)];
    if k < n { slot.re } else { slot.im }
}

#[test]
fn slots_to_coeffs_leaves_the_slots_in_the_coefficients() {
    slots_to_coeffs(&small());
}

fn slots_to_coeffs(parameters: &Parameters) {
    let (party, bootstrapper, message, a) = setting(parameters, Values::Complex);
    let b = bootstrapper.slots_to_coeffs(&a).unwrap();
    assert_eq!(b.level(), 0);
    let q0 = party.parameters.q(0).value() as f64;
    assert!((b.scale().to_f64() / (q0 / 1024.0) - 1.0).abs() < 1e-12);
    let phase = party.phase(&b);
    let gap = party.parameters.degree() / (2 << LOG_SLOTS);
    for (i, coefficient) in phase.iter().enumerate() {
        let want = if i % gap == 0 { expected_coefficient(&message, i / gap) } else { 0.0 };
        assert!((coefficient / b.scale().to_f64() - want).abs() < 2e-5, "{i}");
    }
}

/// After the raise, the phase under the ephemeral secret is exactly `m + q_0 I`. `I` has the spread of a sum of 33
/// uniform numbers.
#[test]
fn raising_adds_multiples_of_the_first_prime() {
    raise(&small());
}

fn raise(parameters: &Parameters) {
    let (party, bootstrapper, _, a) = setting(parameters, Values::Complex);
    let b = bootstrapper.slots_to_coeffs(&a).unwrap();

    let mut rng = SecureRng::from_seed([9; 32]);
    let ephemeral = party.secret.generate_ephemeral(&mut rng).unwrap();
    let mut generator = KeyGenerator::new(&party.secret).unwrap();
    let mut keys = ckks::EvaluationKeys::new(&party.parameters, party.secret.key_id());
    keys.insert(generator.encapsulation_key(&ephemeral).unwrap()).unwrap();
    let evaluator = ckks::Evaluator::new(std::sync::Arc::new(keys));
    let key = evaluator.keys().find(ckks::KeyPurpose::Encapsulation, 0, "test").unwrap();
    let [mut c0, c1] = evaluator.switch(&evaluator.decompose(&b.polys()[1], key.shape()), key);
    c0.add_assign(&b.polys()[0]);
    let under_ephemeral =
        Ciphertext::from_parts(&party.parameters, b.key_id(), [c0, c1], b.scale().clone()).unwrap();

    let raised_ephemeral = ephemeral.raised().unwrap();
    let phase = |a: &Ciphertext| {
        let secret = if a.parameters().is_raised() { &raised_ephemeral } else { &ephemeral };
        let plaintext = Decryptor::new(secret).decrypt(a).unwrap();
        plaintext.poly().clone().into_coeff().to_centred_i128().unwrap()
    };
    let before = phase(&under_ephemeral);
    // The sparse secret leaves hardly any noise.
    let dense = party.phase(&b);
    assert!(before.iter().zip(&dense).all(|(x, y)| (*x as f64 - y).abs() < 40.0));

    let (chain, basis) = (party.parameters.raised().unwrap(), Basis::of_q(2));
    let raise = |c: &Poly<ckks_math::Ntt>| c.clone().into_coeff().raise(chain.ring(), basis).into_ntt();
    let raised = under_ephemeral.polys().each_ref().map(raise);
    let raised = Ciphertext::from_parts(chain, b.key_id(), raised, b.scale().clone()).unwrap();
    let q0 = i128::from(party.parameters.q(0).value());
    let multiples: Vec<i128> = phase(&raised)
        .iter()
        .zip(&before)
        .map(|(after, before)| {
            assert_eq!((after - before) % q0, 0, "not a multiple of the first prime");
            (after - before) / q0
        })
        .collect();
    assert!(multiples.iter().all(|i| i.abs() <= 16));
    let variance = multiples.iter().map(|i| (i * i) as f64).sum::<f64>() / multiples.len() as f64;
    // 33/12 for the sum, and 1/12 for its rounding, which the message's small residue takes back.
    assert!((2.4..3.2).contains(&variance), "{variance}");
}

#[test]
fn coeffs_to_slots_shows_the_raised_coefficients() {
    coeffs_to_slots(&small());
}

fn coeffs_to_slots(parameters: &Parameters) {
    for values in [Values::Real, Values::Complex] {
        let (party, bootstrapper, message, a) = setting(parameters, values);
        let b = bootstrapper.encapsulate(&bootstrapper.slots_to_coeffs(&a).unwrap()).unwrap();
        let raised = bootstrapper.trace(&bootstrapper.raise(&b).unwrap()).unwrap();
        let parts = bootstrapper.coeffs_to_slots(&raised).unwrap();
        assert_eq!(parts.len(), 1);
        let half_width = bootstrapper.plan().literal().eval_mod.half_width();
        let period = if values == Values::Complex { 2 << LOG_SLOTS } else { 1 << LOG_SLOTS };
        let slots = party.raised().decrypt(&parts[0], period);
        let mut spread = 0.0;
        for (s, slot) in slots.iter().enumerate() {
            let m = &message[s % message.len()];
            let m = if s < message.len() { m.re } else { m.im };
            let x = slot.re * half_width - m / 1024.0;
            assert!((x - x.round()).abs() * 1024.0 < 2e-5, "slot {s}: {x}");
            assert!(x.abs() < 16.5 && slot.im.abs() < 1e-9);
            spread += x * x / period as f64;
        }
        assert!((1.0..6.0).contains(&spread), "{spread}");
    }
}

#[test]
fn eval_mod_is_the_identity_modulo_one() {
    eval_mod(&small());
}

fn eval_mod(parameters: &Parameters) {
    let (party, bootstrapper, message, _) = setting(parameters, Values::Real);
    let mut raised = party.raised();
    let literal = *bootstrapper.plan().literal();
    let half_width = literal.eval_mod.half_width();
    let arguments = message
        .iter()
        .zip(0..)
        .map(|(m, i)| Complex64::from((f64::from(i % 33 - 16) + m.re / 1024.0) / half_width));
    let level = raised.parameters.max_level() - literal.coeffs_to_slots;
    let x = raised.encrypt(
        &arguments.collect::<Vec<_>>(),
        level,
        &ckks::Scale::power_of_two(literal.log_argument_scale),
    );
    let y = bootstrapper.eval_mod(x).unwrap();
    assert_eq!(y.level(), level - literal.eval_mod.depth());
    let landed = raised.decrypt(&y, message.len());
    let y = bootstrapper.land(&y).unwrap();
    assert_eq!((y.level(), y.scale()), (literal.output_level(), &party.parameters.default_scale()));
    // The expected result is a sawtooth. The error comes from the sine's third power and from the interpolation at
    // the far ends.
    let got = party.decrypt(&y, message.len());
    // the switch of the modulus leaves nothing but a rounding
    assert!(precision(&got, &landed).0 > 21.0);
    let (rms, worst) = precision(&got, &message);
    assert!(rms > 17.0 && worst > 15.5, "rms {rms}, worst {worst}");
}
