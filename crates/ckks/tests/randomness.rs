//! What a fork of the process or a restored snapshot repeats: nothing, or everything.
#![allow(clippy::unwrap_used)]

mod common;

use ckks::{
    KeyGenerator, KeyPurpose, PublicEncryptor, SecretEncryptor, SecretKey, SecureRng, SeededCiphertext,
    SwitchingKey,
};
use common::{Party, values};

/// The error of a fresh ciphertext.
fn error(party: &Party, message: &ckks::Plaintext, a: &SeededCiphertext) -> Vec<f64> {
    let decrypted = ckks::Decryptor::new(&party.secret).decrypt(&a.clone().expand()).unwrap();
    decrypted.poly().sub(message.poly()).into_coeff().to_centred_f64()
}

#[test]
fn seed_and_error_repeat_only_for_the_same_ciphertext() {
    let party = Party::small(&[]);
    let scale = party.parameters.default_scale();
    let encode = |seed, level| party.encoder.encode(&values(32, seed), level, &scale).unwrap();
    let snapshot = || SecureRng::from_seed([1; 32]);
    let encryptor = SecretEncryptor::new(&party.secret);
    let messages = [encode(1, 2), encode(2, 2), encode(1, 1)];
    let encrypt = |message: usize, kind: &'static str, position, rng: &mut SecureRng| {
        encryptor.labelled(kind, position).encrypt(&messages[message], rng).unwrap()
    };
    let first = encrypt(0, "data", 0, &mut snapshot());
    let again = encrypt(0, "data", 0, &mut snapshot());
    assert!(first.seed() == again.seed() && first.c0() == again.c0());
    let mut later = snapshot();
    later.next_u64();
    for (message, other) in [
        (1, encrypt(1, "data", 0, &mut snapshot())),
        (2, encrypt(2, "data", 0, &mut snapshot())),
        (0, encrypt(0, "data", 1, &mut snapshot())),
        (0, encrypt(0, "start", 0, &mut snapshot())),
        (0, encrypt(0, "data", 0, &mut later)),
    ] {
        assert_ne!(first.seed(), other.seed());
        assert_ne!(error(&party, &messages[0], &first), error(&party, &messages[message], &other));
    }
    // Under another key, too, although the message and all else are the same.
    let other = Party::small(&[]);
    let key = SecretKey::generate(&party.parameters).unwrap();
    let foreign =
        SecretEncryptor::new(&key).labelled("data", 0).encrypt(&messages[0], &mut snapshot()).unwrap();
    assert_ne!(first.seed(), foreign.seed());

    let public = KeyGenerator::new(&other.secret).unwrap().public_key();
    let encrypt =
        |message: usize| PublicEncryptor::new(&public).encrypt(&messages[message], &mut snapshot()).unwrap();
    assert!(encrypt(0).polys() == encrypt(0).polys());
    // v a + e1: equal only if both are.
    assert!(encrypt(0).polys()[1] != encrypt(1).polys()[1]);
}

#[test]
fn keys_for_different_uses_share_no_randomness() {
    let party = Party::small(&[]);
    let top = party.parameters.key_shape(4);
    let low = party.parameters.key_shape(1);
    let make = |make: &dyn Fn(&mut KeyGenerator<'_>) -> SwitchingKey| {
        make(&mut KeyGenerator::with_rng(&party.secret, SecureRng::from_seed([2; 32])))
    };
    let keys = [
        make(&|g| g.relinearisation_key(top).unwrap()),
        make(&|g| g.relinearisation_key(low).unwrap()),
        make(&|g| g.rotation_key(1, top).unwrap()),
        make(&|g| g.rotation_key(2, top).unwrap()),
    ];
    for (i, key) in keys.iter().enumerate() {
        assert!(keys[..i].iter().all(|other| other.seed() != key.seed()), "{key:?}");
    }
    let again = make(&|g| g.rotation_key(2, top).unwrap());
    assert_eq!((again.seed(), again.purpose()), (keys[3].seed(), KeyPurpose::Galois(25)));
}
