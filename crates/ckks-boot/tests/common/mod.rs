//! Data party and compute party in one, for small rings and for real parameters.
#![allow(dead_code, unreachable_pub, clippy::unwrap_used)]

use std::sync::Arc;

use ckks::{
    Ciphertext, Complex64, Decryptor, Encoder, EvaluationKeys, KeyGenerator, Parameters, ParametersLiteral,
    Scale, SecretEncryptor, SecretKey, SecureRng, SecurityLevel, presets,
};
use ckks_boot::{BootstrapLiteral, BootstrapPlan, Packing, RealBootstrapper, generate_keys};

/// The chains of a preset in a small ring. **Insecure.**
pub fn toy(preset: &str, log_n: u32) -> Parameters {
    let literal = presets::by_name(preset).unwrap().literal().clone();
    let name = format!("insecure-{preset}");
    ParametersLiteral { name, log_n, security: SecurityLevel::Insecure, ..literal }.check().unwrap()
}

pub struct Party {
    pub parameters: Parameters,
    pub secret: SecretKey,
    pub encoder: Encoder,
    rng: SecureRng,
}

impl Party {
    pub fn new(parameters: &Parameters, seed: u8) -> Self {
        let mut rng = SecureRng::from_seed([seed; 32]);
        let secret = SecretKey::generate_with(parameters, &mut rng);
        Self { encoder: Encoder::new(parameters), parameters: parameters.clone(), secret, rng }
    }

    /// The bootstrap of a packing, with the literal of `preset`.
    pub fn bootstrapper(&mut self, preset: &str, packing: Packing) -> RealBootstrapper {
        let literal = BootstrapLiteral::of_preset(preset).unwrap();
        let plan = BootstrapPlan::new(&self.parameters, literal, packing).unwrap();
        let mut keys = EvaluationKeys::new(&self.parameters, self.secret.key_id());
        let mut generator = KeyGenerator::new(&self.secret).unwrap();
        generate_keys(&plan.keys(), &self.secret, &mut generator, &mut self.rng, |key| {
            keys.insert(key).map_err(ckks_boot::Error::from)
        })
        .unwrap();
        RealBootstrapper::new(plan, Arc::new(keys)).unwrap()
    }

    pub fn encrypt(&mut self, values: &[Complex64], level: usize, scale: &Scale) -> Ciphertext {
        let plaintext = self.encoder.encode_complex(values, level, scale).unwrap();
        SecretEncryptor::new(&self.secret).encrypt(&plaintext, &mut self.rng).unwrap().expand()
    }

    pub fn decrypt(&self, a: &Ciphertext, slots: usize) -> Vec<Complex64> {
        let plaintext = Decryptor::new(&self.secret).decrypt(a).unwrap();
        self.encoder.decode_complex(&plaintext, slots).unwrap()
    }

    /// The same for ciphertexts that a bootstrap has raised.
    pub fn raised(&self) -> Self {
        let parameters = self.parameters.raised().unwrap().clone();
        Self {
            secret: self.secret.raised().unwrap(),
            encoder: Encoder::new(&parameters),
            parameters,
            rng: SecureRng::from_seed([7; 32]),
        }
    }

    /// The integer coefficients of the phase, centred.
    pub fn phase(&self, a: &Ciphertext) -> Vec<f64> {
        let plaintext = Decryptor::new(&self.secret).decrypt(a).unwrap();
        plaintext.poly().clone().into_coeff().to_centred_f64()
    }
}

/// Reproducible values, uniform in [-1, 1] on each axis.
pub fn random(n: usize, complex: bool, seed: u64) -> Vec<Complex64> {
    let mut state = seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1;
    let mut next = || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        (state >> 11) as f64 / (1u64 << 52) as f64 - 1.0
    };
    (0..n).map(|_| Complex64::new(next(), if complex { next() } else { 0.0 })).collect()
}

/// `-log2` of the rms and of the largest error, over real and imaginary parts.
pub fn precision(got: &[Complex64], want: &[Complex64]) -> (f64, f64) {
    assert_eq!(got.len(), want.len());
    let errors = || got.iter().zip(want).flat_map(|(g, w)| [(g.re - w.re).abs(), (g.im - w.im).abs()]);
    let rms = (errors().map(|e| e * e).sum::<f64>() / (2 * got.len()) as f64).sqrt();
    (-rms.log2(), -errors().fold(0.0, f64::max).log2())
}
