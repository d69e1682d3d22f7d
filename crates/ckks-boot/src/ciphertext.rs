//! [`Arithmetic`] on ciphertexts.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use ckks::KeyPurpose;
use ckks::{Ciphertext, Encoder, Evaluator, Plaintext, Scale};
use ckks_math::{Multiplier, Poly, Summands, Summed};
use num_complex::Complex64;

use crate::Error;
use crate::polynomial::{Arithmetic, Coefficient, Sum};

/// Evaluates on ciphertexts. Each vector coefficient is encoded once per level and scale, and the encoding is kept.
#[derive(Debug)]
pub struct CiphertextArithmetic {
    evaluator: Evaluator,
    encoder: Encoder,
    encoded: Mutex<HashMap<EncodedAs, Encoded>>,
}

/// Address of the vector (kept alive beside its encoding), level and scale.
type EncodedAs = (usize, usize, Scale);
/// The vector and its encoding.
type Encoded = (Arc<[Complex64]>, Arc<Plaintext>);

impl CiphertextArithmetic {
    /// Arithmetic with the keys of `evaluator`.
    pub fn new(evaluator: Evaluator, encoder: Encoder) -> Self {
        Self { evaluator, encoder, encoded: Mutex::default() }
    }

    /// The evaluator.
    pub fn evaluator(&self) -> &Evaluator {
        &self.evaluator
    }

    /// The encoder.
    pub fn encoder(&self) -> &Encoder {
        &self.encoder
    }

    fn encode(
        &self,
        values: &Arc<[Complex64]>,
        level: usize,
        scale: &Scale,
    ) -> Result<Arc<Plaintext>, Error> {
        let key = (values.as_ptr().addr(), level, scale.clone());
        // Entries are absent or complete, so a panic of another thread does not spoil the map.
        let lock = || self.encoded.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((_, plaintext)) = lock().get(&key) {
            return Ok(Arc::clone(plaintext));
        }
        let plaintext = Arc::new(self.encoder.encode_complex(values, level, scale)?);
        lock().insert(key, (Arc::clone(values), Arc::clone(&plaintext)));
        Ok(plaintext)
    }
}

impl Arithmetic for CiphertextArithmetic {
    type Value = Ciphertext;
    type Error = Error;

    fn level(&self, value: &Ciphertext) -> usize {
        value.level()
    }

    fn scale(&self, value: &Ciphertext) -> Scale {
        value.scale().clone()
    }

    fn prime(&self, level: usize) -> Scale {
        self.evaluator.parameters().rescale_factor(level)
    }

    fn shift(&self, value: &mut Ciphertext, c: f64) -> Result<(), Error> {
        *value = self.evaluator.add_const(value, c);
        Ok(())
    }

    fn sum(&self, sum: &Sum<'_, Ciphertext>) -> Result<Ciphertext, Error> {
        let parameters = self.evaluator.parameters();
        let operands = sum.products.iter().flat_map(|(a, b)| [*a, *b]);
        let mut operands = operands.chain(sum.multiples.iter().map(|(_, a)| *a));
        let Some(key_id) = operands.next().map(Ciphertext::key_id) else {
            panic!("a sum without summands at level {}", sum.level)
        };
        for (a, b) in &sum.products {
            require_scale(&sum.scale, &a.scale().mul(b.scale()))?;
        }
        let Summed { linear: c, quadratic } = self.summed(sum)?;
        let c = match quadratic {
            None => Poly::rescale_all(c.each_ref()),
            Some(quadratic) => {
                let key = self.evaluator.keys().find(
                    KeyPurpose::Relinearisation,
                    sum.level,
                    "polynomial evaluation",
                )?;
                self.evaluator.switch_polynomial_rescale(&quadratic, key, c.each_ref().map(Some))
            }
        };
        let scale = sum.scale.div(&self.prime(sum.level));
        Ok(Ciphertext::from_parts(parameters, key_id, c, scale)?)
    }
}

impl CiphertextArithmetic {
    /// The sum as `c0 + c1 s (+ c2 s^2)`, neither relinearised nor rescaled.
    fn summed(&self, sum: &Sum<'_, Ciphertext>) -> Result<Summed, Error> {
        let parameters = self.evaluator.parameters();
        let (ring, basis) = (parameters.ring(), parameters.basis(sum.level));
        let residues = |c: f64, scale: &Scale| ring.residues(basis, rounded(c, scale));
        let mut summands = Summands { doubled: sum.doubled, ..Summands::default() };
        summands.products =
            sum.products.iter().map(|(a, b)| (a.polys().each_ref(), b.polys().each_ref())).collect();

        let factors = sum.multiples.iter().map(|(c, a)| self.factor(c, sum.level, &sum.scale.div(a.scale())));
        let factors = factors.collect::<Result<Vec<_>, _>>()?;
        for ((c, a), factor) in sum.multiples.iter().zip(&factors) {
            let multiplier = match (c, factor) {
                (_, Some(factor)) => Multiplier::Poly(factor.poly()),
                (c, None) => Multiplier::Residues(residues(c.at(0).re, &sum.scale.div(a.scale()))),
            };
            summands.multiples.push((a.polys().each_ref(), multiplier));
        }
        let constant = sum.constant.map(|c| self.factor(c, sum.level, &sum.scale)).transpose()?.flatten();
        if let (Some(c), None) = (sum.constant, &constant) {
            summands.constant = Some(residues(c.at(0).re, &sum.scale));
        }
        let mut summed = Poly::sum_of(ring, basis, &summands);
        if let Some(constant) = constant {
            summed.linear[0].add_assign(constant.poly());
        }
        Ok(summed)
    }

    /// Encodes a coefficient, unless it is one real number for all slots.
    fn factor(&self, c: &Coefficient, level: usize, scale: &Scale) -> Result<Option<Arc<Plaintext>>, Error> {
        match c {
            Coefficient::Scalar(c) if c.im == 0.0 => Ok(None),
            Coefficient::Scalar(c) => Ok(Some(Arc::new(self.encoder.encode_complex(&[*c], level, scale)?))),
            Coefficient::Slots(values) => self.encode(values, level, scale).map(Some),
        }
    }
}

/// A real coefficient, scaled and rounded.
fn rounded(c: f64, scale: &Scale) -> i128 {
    (c * scale.to_f64()).round() as i128
}

fn require_scale(expected: &Scale, got: &Scale) -> Result<(), Error> {
    if expected == got {
        return Ok(());
    }
    let (left, right) = (expected.clone(), got.clone());
    Err(ckks::Error::ScaleMismatch { operation: "polynomial evaluation", left, right }.into())
}
