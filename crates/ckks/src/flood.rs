//! Decryption whose results may be shown to others: flooded with noise that hides the error, and so the key.
//!
//! Li, Micciancio, Schultz, Sorrell, *Securing Approximate Homomorphic Encryption Using Differential Privacy*, CRYPTO 2022
//! (ePrint 2022/816). The decrypted numbers are an exact message plus an error that depends on the key. With Gaussian noise
//! of deviation `sigma` on each of them, results with and without the error differ by a divergence of `|e|^2 / 2 sigma^2`,
//! where `e` is the vector of the errors of all numbers that one release shows. `sigma = B sqrt(12 tau) 2^(s/2)` with
//! `|e| <= B` leaves `s` bits of statistical security after `tau` releases.

use ckks_math::Poly;
use ckks_math::sample::{SecureRng, WideGaussian};

use crate::ciphertext::Ciphertext;
use crate::decrypt::Decryptor;
use crate::encoding::{Complex64, Encoder};
use crate::error::Error;
use crate::params::Parameters;

/// What is to be shown, fixed when the key is made.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct FloodingLiteral {
    /// Coefficients that a release shows: `2 n` for each ciphertext of period `n`.
    pub numbers: usize,
    /// Bound on the Euclidean norm of the errors of these coefficients, as integers at the ciphertexts' scale. It holds for
    /// every run of the computation ([`crate::noise::l2_bound`]); one that was measured would tell about the key.
    pub error_bound: f64,
    /// The number of releases under one key.
    pub releases: u32,
    /// Bits of statistical security of all releases together.
    pub bits: u32,
}

impl FloodingLiteral {
    /// The numbers as bytes, for labels and digests.
    #[must_use]
    pub fn to_bytes(self) -> [u8; 24] {
        let Self { numbers, error_bound, releases, bits } = self;
        let mut bytes = [0; 24];
        bytes[..8].copy_from_slice(&(numbers as u64).to_le_bytes());
        bytes[8..16].copy_from_slice(&error_bound.to_bits().to_le_bytes());
        bytes[16..20].copy_from_slice(&releases.to_le_bytes());
        bytes[20..].copy_from_slice(&bits.to_le_bytes());
        bytes
    }
}

/// A budget of flooded decryptions under one key.
#[derive(Debug)]
pub struct Flooding {
    literal: FloodingLiteral,
    sampler: WideGaussian,
    left: u32,
}

impl Flooding {
    /// The whole budget.
    ///
    /// # Errors
    /// [`Error::Flooding`] if nothing is to be released, the deviation exceeds 2^110, or so many samples would not be as
    /// close to Gaussian as `bits` asks.
    pub fn new(literal: FloodingLiteral) -> Result<Self, Error> {
        Self::resume(literal, 0)
    }

    /// What `used` releases left of the budget.
    ///
    /// # Errors
    /// As [`new`](Self::new).
    pub fn resume(literal: FloodingLiteral, used: u32) -> Result<Self, Error> {
        let refuse = |reason: String| Err(Error::Flooding(reason));
        let FloodingLiteral { numbers, error_bound, releases, bits } = literal;
        if numbers == 0 || releases == 0 {
            return refuse("no number, or no release".into());
        }
        let deviation = error_bound * (12.0 * f64::from(releases)).sqrt() * (f64::from(bits) / 2.0).exp2();
        let Some(sampler) = WideGaussian::new(deviation) else {
            let most = WideGaussian::MAX_LOG2;
            return refuse(format!(
                "a deviation of 2^{:.1} is not positive and at most 2^{most}",
                deviation.log2()
            ));
        };
        let samples = numbers as f64 * f64::from(releases);
        let distance = sampler.log2_distance() + samples.log2();
        if distance > -f64::from(bits) {
            return refuse(format!(
                "{samples:.0} samples are within 2^{distance:.1} of Gaussian ones, which is more than 2^-{bits}: show fewer \
                 numbers, less often, or with fewer bits of security"
            ));
        }
        Ok(Self { literal, sampler, left: releases.saturating_sub(used) })
    }

    /// The deviation of the noise of one coefficient, at the ciphertexts' scale.
    #[must_use]
    pub fn deviation(&self) -> f64 {
        self.sampler.deviation()
    }

    /// The noise of `numbers` coefficients.
    #[must_use]
    pub fn noise(&self, rng: &mut SecureRng, numbers: usize) -> zeroize::Zeroizing<Vec<i128>> {
        self.sampler.sample(rng, numbers)
    }

    /// What is to be shown.
    #[must_use]
    pub fn literal(&self) -> FloodingLiteral {
        self.literal
    }

    /// Refuses a level whose modulus cannot hold the noise of `parties` and a message as large.
    ///
    /// # Errors
    /// [`Error::Flooding`].
    pub fn expect_room(&self, parameters: &Parameters, level: usize, parties: u32) -> Result<(), Error> {
        // 16 deviations, and as much again for the message.
        let log2 = self.deviation().log2() + f64::from(parties).log2() / 2.0;
        let room = parameters.log_q(level);
        if log2 + 6.0 <= room {
            return Ok(());
        }
        Err(Error::Flooding(format!(
            "noise of 2^{log2:.1} does not fit a modulus of 2^{room:.1}: decrypt at a higher level"
        )))
    }

    /// Releases that are left.
    #[must_use]
    pub fn left(&self) -> u32 {
        self.left
    }

    /// Decrypts ciphertexts of period `n` as one release: for each the first `n` slots, flooded.
    ///
    /// The noise is a function of key, budget and ciphertexts. Showing the same ciphertexts once more shows the same
    /// numbers, whatever became of the count.
    ///
    /// # Errors
    /// [`Error::Flooding`] if the budget is exhausted, the release shows more numbers than it covers, or the noise does not
    /// fit the ciphertexts' modulus; those of [`Decryptor::decrypt`] and [`Encoder::decode_complex`]. A failed release
    /// counts.
    pub fn decrypt(
        &mut self,
        decryptor: &Decryptor<'_>,
        encoder: &Encoder,
        ciphertexts: &[&Ciphertext],
        n: usize,
    ) -> Result<Vec<Vec<Complex64>>, Error> {
        let refuse = |reason: String| Err(Error::Flooding(reason));
        if self.left == 0 {
            return refuse(format!(
                "all {} releases of this key are used up: make a new key",
                self.literal.releases
            ));
        }
        let slots = encoder.parameters().slots();
        if n == 0 || n > slots || !n.is_power_of_two() {
            return refuse(format!("{n} slots: not a power of two up to {slots}"));
        }
        let (shown, most) = (ciphertexts.len().saturating_mul(2).saturating_mul(n), self.literal.numbers);
        if shown > most {
            return refuse(format!("{shown} coefficients in one release, of at most {most}"));
        }
        self.left -= 1;
        ciphertexts.iter().enumerate().map(|(i, a)| self.flooded(decryptor, encoder, a, n, i)).collect()
    }

    fn flooded(
        &self,
        decryptor: &Decryptor<'_>,
        encoder: &Encoder,
        a: &Ciphertext,
        n: usize,
        position: usize,
    ) -> Result<Vec<Complex64>, Error> {
        let parameters = encoder.parameters();
        self.expect_room(parameters, a.level(), 1)?;
        let mut plaintext = decryptor.decrypt(a)?;
        let mut rng = self.rng(decryptor, a, position);
        let noise = self.noise(&mut rng, 2 * n);
        let mut coefficients = zeroize::Zeroizing::new(vec![0i128; parameters.degree()]);
        let gap = parameters.slots() / n;
        for (k, &noise) in noise.iter().enumerate() {
            coefficients[k * gap] = noise;
        }
        let noise = Poly::from_i128(parameters.ring(), parameters.basis(a.level()), &coefficients);
        plaintext.poly.add_assign(&noise.into_secret().into_ntt());
        encoder.decode_complex(&plaintext, n)
    }

    fn rng(&self, decryptor: &Decryptor<'_>, a: &Ciphertext, position: usize) -> SecureRng {
        let key = decryptor.secret().randomness();
        let digests = a.polys().each_ref().map(|c| c.keyed_digest(key));
        let message = blake3::keyed_hash(key, digests.as_flattened());
        let label = [b"flooding", &self.literal.to_bytes()[..], &(position as u64).to_le_bytes()].concat();
        SecureRng::function_of(key, &label, message.as_bytes())
    }
}
