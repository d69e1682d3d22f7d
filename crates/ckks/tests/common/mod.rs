//! A party with all keys on a small insecure ring.
#![allow(dead_code, unreachable_pub, clippy::unwrap_used)]

use std::sync::Arc;

use ckks::{
    Ciphertext, Decryptor, Encoder, EvaluationKeys, Evaluator, KeyGenerator, Parameters, Scale,
    SecretEncryptor, SecretKey, SecureRng, conjugation_element, presets,
};

pub struct Party {
    pub parameters: Parameters,
    pub encoder: Encoder,
    pub secret: SecretKey,
    pub evaluator: Evaluator,
}

impl Party {
    /// Keys for these rotations, relinearisation and conjugation, all at the top level, from fixed seeds.
    pub fn new(parameters: Parameters, rotations: &[i64]) -> Self {
        let secret = SecretKey::generate_with(&parameters, &mut SecureRng::from_seed([7; 32]));
        let mut generator = KeyGenerator::with_rng(&secret, SecureRng::from_seed([8; 32]));
        let shape = parameters.key_shape(parameters.max_level());
        let mut keys = EvaluationKeys::new(&parameters, secret.key_id());
        keys.insert(generator.relinearisation_key(shape).unwrap()).unwrap();
        let conjugation = conjugation_element(parameters.literal().log_n);
        keys.insert(generator.galois_key(conjugation, shape).unwrap()).unwrap();
        for &steps in rotations {
            keys.insert(generator.rotation_key(steps, shape).unwrap()).unwrap();
        }
        let (encoder, evaluator) = (Encoder::new(&parameters), Evaluator::new(Arc::new(keys)));
        Self { parameters, encoder, secret, evaluator }
    }

    pub fn small(rotations: &[i64]) -> Self {
        Self::new(presets::insecure_for_tests(11, 4).unwrap(), rotations)
    }

    pub fn encrypt(&self, values: &[f64], level: usize) -> Ciphertext {
        self.encrypt_at(values, level, &self.parameters.default_scale())
    }

    pub fn encrypt_at(&self, values: &[f64], level: usize, scale: &Scale) -> Ciphertext {
        let plaintext = self.encoder.encode(values, level, scale).unwrap();
        let mut rng = SecureRng::from_os().unwrap();
        SecretEncryptor::new(&self.secret).encrypt(&plaintext, &mut rng).unwrap().expand()
    }

    pub fn decrypt(&self, ciphertext: &Ciphertext, n: usize) -> Vec<f64> {
        self.encoder.decode(&Decryptor::new(&self.secret).decrypt(ciphertext).unwrap(), n).unwrap()
    }
}

/// Reproducible values in [-1, 1].
pub fn values(n: usize, seed: u64) -> Vec<f64> {
    let mut state = seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1;
    (0..n)
        .map(|_| {
            state ^= state << 13;
            state ^= state >> 7;
            state ^= state << 17;
            (state >> 11) as f64 / (1u64 << 52) as f64 - 1.0
        })
        .collect()
}

/// Largest absolute difference.
pub fn distance(a: &[f64], b: &[f64]) -> f64 {
    assert_eq!(a.len(), b.len());
    a.iter().zip(b).map(|(x, y)| (x - y).abs()).fold(0.0, f64::max)
}
