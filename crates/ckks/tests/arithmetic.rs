//! Every operation against the same operation on plain vectors.
#![allow(clippy::unwrap_used)]

mod common;

use ckks::{Complex64, Error, PublicEncryptor, Scale, SecureRng};
use common::{Party, distance, values};
use proptest::prelude::*;

const TOLERANCE: f64 = 1e-6;

#[test]
fn both_encryptions_decrypt_to_the_message() {
    let party = Party::small(&[]);
    let n = party.parameters.slots();
    let x = values(n, 1);
    assert!(distance(&party.decrypt(&party.encrypt(&x, 4), n), &x) < TOLERANCE);

    let public = ckks::KeyGenerator::new(&party.secret).unwrap().public_key();
    let plaintext = party.encoder.encode(&x, 2, &party.parameters.default_scale()).unwrap();
    let encrypted =
        PublicEncryptor::new(&public).encrypt(&plaintext, &mut SecureRng::from_os().unwrap()).unwrap();
    assert_eq!(encrypted.level(), 2);
    assert!(distance(&party.decrypt(&encrypted, n), &x) < TOLERANCE);
}

#[test]
fn short_vectors_repeat_over_the_slots() {
    let party = Party::small(&[]);
    let n = party.parameters.slots();
    for period in [1, 2, 16, n / 2] {
        let x = values(period, 2);
        let all: Vec<f64> = x.iter().copied().cycle().take(n).collect();
        let encrypted = party.encrypt(&x, 1);
        assert!(distance(&party.decrypt(&encrypted, n), &all) < TOLERANCE);
        assert!(distance(&party.decrypt(&encrypted, period), &x) < TOLERANCE);
    }
}

#[test]
fn sums_products_and_constants() {
    let party = Party::small(&[]);
    let (ev, n) = (&party.evaluator, party.parameters.slots());
    let (x, y) = (values(n, 3), values(n, 4));
    let (a, b) = (party.encrypt(&x, 4), party.encrypt(&y, 3));
    let check = |got: &ckks::Ciphertext, want: &dyn Fn(f64, f64) -> f64| {
        let want: Vec<f64> = x.iter().zip(&y).map(|(&x, &y)| want(x, y)).collect();
        let error = distance(&party.decrypt(got, n), &want);
        assert!(error < TOLERANCE, "error {error}");
    };
    check(&ev.add(&a, &b).unwrap(), &|x, y| x + y);
    check(&ev.sub(&a, &b).unwrap(), &|x, y| x - y);
    check(&ev.neg(&a), &|x, _| -x);
    check(&ev.add_const(&a, -2.5), &|x, _| x - 2.5);

    let product = ev.mul(&a, &b).unwrap();
    assert_eq!(product.level(), 2);
    check(&product, &|x, y| x * y);
    let twice = ev.tensor_sum(&[(&a, &b), (&b, &b)]).unwrap();
    check(&ev.rescale(&ev.relinearise(&twice).unwrap()).unwrap(), &|x, y| x * y + y * y);
    check(&ev.relinearise_rescale(&twice).unwrap(), &|x, y| x * y + y * y);

    let scale = party.parameters.rescale_factor(4);
    let scaled = ev.rescale(&ev.mul_const(&a, 0.125, &scale)).unwrap();
    assert_eq!(scaled.scale(), a.scale());
    check(&scaled, &|x, _| 0.125 * x);
    let target = Scale::power_of_two(38);
    let moved = ev.mul_const_to(&a, 1.5, &target).unwrap();
    assert_eq!(*moved.scale(), target);
    check(&moved, &|x, _| 1.5 * x);

    let plain = party.encoder.encode(&y, 4, &scale).unwrap();
    check(&ev.rescale(&ev.mul_plain(&a, &plain).unwrap()).unwrap(), &|x, y| x * y);
}

#[test]
fn rotations_move_slots_to_the_left() {
    let rotations = [1i64, 5, -3, 512];
    let party = Party::small(&rotations);
    let (ev, n) = (&party.evaluator, party.parameters.slots());
    let x = values(n, 5);
    let a = party.encrypt(&x, 3);
    let many = ev.rotate_many(&a, &rotations).unwrap();
    for (&k, hoisted) in rotations.iter().zip(&many) {
        let mut want = x.clone();
        want.rotate_left(k.rem_euclid(n as i64) as usize);
        assert!(distance(&party.decrypt(&ev.rotate(&a, k).unwrap(), n), &want) < TOLERANCE, "rotate by {k}");
        assert!(distance(&party.decrypt(hoisted, n), &want) < TOLERANCE);
    }
    assert!(distance(&party.decrypt(&ev.rotate(&a, 0).unwrap(), n), &x) < TOLERANCE);
    let missing = ev.rotate(&a, 2).unwrap_err();
    assert!(missing.to_string().contains("rotation key of 2 steps"), "{missing}");
}

#[test]
fn complex_slots_conjugate_and_turn() {
    let party = Party::small(&[]);
    let (ev, n) = (&party.evaluator, party.parameters.slots());
    let (re, im) = (values(n, 6), values(n, 7));
    let z: Vec<_> = re.iter().zip(&im).map(|(&r, &i)| Complex64::new(r, i)).collect();
    let plaintext = party.encoder.encode_complex(&z, 2, &party.parameters.default_scale()).unwrap();
    let mut rng = SecureRng::from_os().unwrap();
    let a = ckks::SecretEncryptor::new(&party.secret).encrypt(&plaintext, &mut rng).unwrap().expand();
    let open = |c: &ckks::Ciphertext| {
        let plaintext = ckks::Decryptor::new(&party.secret).decrypt(c).unwrap();
        party.encoder.decode_complex(&plaintext, n).unwrap()
    };
    let worst = |got: Vec<Complex64>, want: &dyn Fn(Complex64) -> Complex64| {
        got.iter().zip(&z).map(|(g, &z)| (g - want(z)).norm()).fold(0.0, f64::max)
    };
    assert!(worst(open(&a), &|z| z) < TOLERANCE);
    assert!(worst(open(&ev.conjugate(&a).unwrap()), &|z| z.conj()) < TOLERANCE);
    assert!(worst(open(&ev.mul_i(&a)), &|z| z * Complex64::I) < TOLERANCE);
}

#[test]
fn trimmed_keys_serve_their_level_and_below() {
    let party = Party::small(&[]);
    let n = party.parameters.slots();
    let mut generator = ckks::KeyGenerator::new(&party.secret).unwrap();
    let mut keys = ckks::EvaluationKeys::new(&party.parameters, party.secret.key_id());
    keys.insert(generator.rotation_key(1, party.parameters.key_shape(2)).unwrap()).unwrap();
    let ev = ckks::Evaluator::new(std::sync::Arc::new(keys));
    let x = values(n, 8);
    let mut want = x.clone();
    want.rotate_left(1);
    for level in 0..=2 {
        let rotated = ev.rotate(&party.encrypt(&x, level), 1).unwrap();
        assert!(distance(&party.decrypt(&rotated, n), &want) < TOLERANCE, "level {level}");
    }
    assert!(matches!(ev.rotate(&party.encrypt(&x, 3), 1), Err(Error::MissingKey { level: 3, .. })));
}

#[test]
fn what_does_not_fit_is_refused() {
    let (party, other) = (Party::small(&[]), {
        let parameters = ckks::presets::insecure_for_tests(11, 4).unwrap();
        let secret = ckks::SecretKey::generate(&parameters).unwrap();
        (parameters, secret)
    });
    let ev = &party.evaluator;
    let a = party.encrypt(&[0.5], 1);
    let b = party.encrypt_at(&[0.5], 1, &Scale::power_of_two(39));
    assert!(matches!(ev.add(&a, &b), Err(Error::ScaleMismatch { .. })));
    let bottom = ev.drop_to(&a, 0).unwrap();
    assert!(matches!(ev.rescale(&bottom), Err(Error::LevelTooLow { .. })));
    assert!(matches!(ev.mul(&bottom, &bottom), Err(Error::LevelTooLow { .. })));
    assert!(matches!(ev.drop_to(&bottom, 1), Err(Error::LevelTooLow { .. })));
    assert!(matches!(ckks::Decryptor::new(&other.1).decrypt(&a), Err(Error::WrongKey { .. })));
    let plaintext = party.encoder.encode(&[0.5], 1, a.scale()).unwrap();
    let mut rng = SecureRng::from_os().unwrap();
    let foreign = ckks::SecretEncryptor::new(&other.1).encrypt(&plaintext, &mut rng).unwrap().expand();
    assert!(matches!(ev.add(&a, &foreign), Err(Error::WrongKey { .. })));
    assert!(matches!(ev.rotate(&foreign, 1), Err(Error::WrongKey { .. })));
    let insert = ckks::EvaluationKeys::new(&other.0, other.1.key_id()).insert(
        ckks::KeyGenerator::new(&party.secret).unwrap().relinearisation_key(other.0.key_shape(1)).unwrap(),
    );
    assert!(matches!(insert, Err(Error::WrongKey { .. })));

    let encode = |values: &[f64]| party.encoder.encode(values, 0, a.scale());
    assert!(encode(&[f64::NAN]).is_err() && encode(&[0.0; 3]).is_err() && encode(&[]).is_err());
    assert!(encode(&vec![0.0; 2 * party.parameters.slots()]).is_err());
    assert!(encode(&[1e30]).unwrap_err().to_string().contains("does not fit"));
}

/// One step of a random circuit.
#[derive(Clone, Debug)]
enum Step {
    Add(usize, usize),
    Mul(usize, usize),
    MulConst(usize, f64),
    Rotate(usize, bool),
    Conjugate(usize),
}

fn step() -> impl Strategy<Value = Step> {
    let register = || 0usize..4;
    prop_oneof![
        (register(), register()).prop_map(|(a, b)| Step::Add(a, b)),
        (register(), register()).prop_map(|(a, b)| Step::Mul(a, b)),
        (register(), -1.0..1.0f64).prop_map(|(a, c)| Step::MulConst(a, c)),
        (register(), any::<bool>()).prop_map(|(a, far)| Step::Rotate(a, far)),
        register().prop_map(Step::Conjugate),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(16))]

    /// Random circuits on four registers agree with the same circuits on plain vectors. Before sums, scales are
    /// matched exactly.
    #[test]
    fn random_circuits_follow_their_plain_mirror(steps in prop::collection::vec(step(), 1..12), seed in any::<u64>()) {
        let party = Party::small(&[1, 64]);
        let (ev, n) = (&party.evaluator, party.parameters.slots());
        let mut plain: Vec<_> = (0..4).map(|i| values(n, seed.wrapping_add(i))).collect();
        let mut registers: Vec<_> = plain.iter().map(|x| party.encrypt(x, 4)).collect();
        for step in steps {
            match step {
                Step::Add(a, b) => {
                    let level = registers[a].level().min(registers[b].level());
                    if level == 0 { continue; }
                    let align = |c: &ckks::Ciphertext| {
                        ev.mul_const_to(&ev.drop_to(c, level).unwrap(), 0.5, &party.parameters.default_scale()).unwrap()
                    };
                    registers[a] = ev.add(&align(&registers[a]), &align(&registers[b])).unwrap();
                    plain[a] = plain[a].iter().zip(&plain[b]).map(|(x, y)| 0.5 * (x + y)).collect();
                }
                Step::Mul(a, b) => {
                    if registers[a].level().min(registers[b].level()) == 0 { continue; }
                    registers[a] = ev.mul(&registers[a], &registers[b]).unwrap();
                    plain[a] = plain[a].iter().zip(&plain[b]).map(|(x, y)| x * y).collect();
                }
                Step::MulConst(a, c) => {
                    if registers[a].level() == 0 { continue; }
                    registers[a] = ev.mul_const_to(&registers[a], c, &party.parameters.default_scale()).unwrap();
                    plain[a].iter_mut().for_each(|x| *x *= c);
                }
                Step::Rotate(a, far) => {
                    let k = if far { 64 } else { 1 };
                    registers[a] = ev.rotate(&registers[a], k).unwrap();
                    plain[a].rotate_left(k as usize);
                }
                Step::Conjugate(a) => registers[a] = ev.conjugate(&registers[a]).unwrap(),
            }
        }
        for (c, x) in registers.iter().zip(&plain) {
            let error = distance(&party.decrypt(c, n), x);
            prop_assert!(error < 1e-5, "error {} at level {}", error, c.level());
        }
    }
}
