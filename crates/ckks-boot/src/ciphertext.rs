//! [`Arithmetic`] on ciphertexts: what polynomials are evaluated on in earnest.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use ckks::keys::KeyPurpose;
use ckks::{Ciphertext, Encoder, Evaluator, KeyId, Plaintext, Scale};
use ckks_math::{Basis, Ntt, Poly};
use num_complex::Complex64;

use crate::Error;
use crate::polynomial::{Arithmetic, Coefficient};

/// Ciphertexts with an evaluator. Vector coefficients are encoded once for each level and scale, and kept.
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

/// A sum of products and multiples: `c0 + c1 s (+ c2 s^2)`.
pub struct CiphertextSum {
    level: usize,
    scale: Scale,
    /// Key id and polynomials; nothing before the first summand.
    parts: Option<(KeyId, [Poly<Ntt>; 2])>,
    quadratic: Option<Poly<Ntt>>,
}

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
        // an entry is absent or whole: a panic elsewhere does not spoil the map
        let lock = || self.encoded.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((_, plaintext)) = lock().get(&key) {
            return Ok(Arc::clone(plaintext));
        }
        let plaintext = Arc::new(self.encoder.encode_complex(values, level, scale)?);
        lock().insert(key, (Arc::clone(values), Arc::clone(&plaintext)));
        Ok(plaintext)
    }
}

impl CiphertextSum {
    fn add(&mut self, key_id: KeyId, [c0, c1]: [Poly<Ntt>; 2]) {
        match &mut self.parts {
            Some((_, sum)) => {
                sum[0].add_assign(&c0);
                sum[1].add_assign(&c1);
            }
            none => *none = Some((key_id, [c0, c1])),
        }
    }

    /// Adds a multiple by an integer, given by its residues, of a ciphertext of this level or a higher one.
    fn add_scaled(&mut self, a: &Ciphertext, residues: &[u64]) {
        match &mut self.parts {
            Some((_, sum)) => sum.iter_mut().zip(a.polys()).for_each(|(sum, c)| sum.add_scaled(c, residues)),
            none => {
                let basis = Basis::of_q(self.level + 1);
                *none = Some((a.key_id(), a.polys().each_ref().map(|c| c.scaled(basis, residues))));
            }
        }
    }

    /// The sum's polynomials.
    ///
    /// # Panics
    /// If nothing has been added: a plan has no node without a product or a multiple.
    fn parts(self) -> (KeyId, [Poly<Ntt>; 2], Option<Poly<Ntt>>) {
        let Some((key_id, c)) = self.parts else { panic!("a sum without summands at level {}", self.level) };
        (key_id, c, self.quadratic)
    }
}

impl Arithmetic for CiphertextArithmetic {
    type Value = Ciphertext;
    type Sum = CiphertextSum;
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

    fn open(&self, level: usize, scale: Scale) -> CiphertextSum {
        CiphertextSum { level, scale, parts: None, quadratic: None }
    }

    fn add_product(&self, sum: &mut CiphertextSum, a: &Ciphertext, b: &Ciphertext) -> Result<(), Error> {
        require_scale(&sum.scale, &a.scale().mul(b.scale()))?;
        // the product takes the primes of the first factor
        let (a, b) = if a.level() <= b.level() { (a, b) } else { (b, a) };
        let shortened = (a.level() > sum.level).then(|| self.evaluator.drop_to(a, sum.level)).transpose()?;
        let a = shortened.as_ref().unwrap_or(a);
        let [a0, a1] = a.polys();
        let [b0, b1] = b.polys();
        let [c0, c1, c2] = Poly::tensor_dot(&[([a0, a1], [b0, b1])]);
        sum.add(a.key_id(), [c0, c1]);
        match &mut sum.quadratic {
            Some(quadratic) => quadratic.add_assign(&c2),
            none => *none = Some(c2),
        }
        Ok(())
    }

    fn double(&self, sum: &mut CiphertextSum) {
        let linear = sum.parts.iter_mut().flat_map(|(_, c)| c);
        linear.chain(&mut sum.quadratic).for_each(|c| c.mul_integer_assign(2));
    }

    fn add_multiple(&self, sum: &mut CiphertextSum, c: &Coefficient, a: &Ciphertext) -> Result<(), Error> {
        let scale = sum.scale.div(a.scale());
        let basis = self.evaluator.parameters().basis(sum.level);
        match c {
            Coefficient::Scalar(c) => {
                if c.re != 0.0 {
                    sum.add_scaled(a, &a.polys()[0].ring().residues(basis, rounded(c.re, &scale)));
                }
                if c.im != 0.0 {
                    let residues = a.polys()[0].ring().residues(basis, rounded(c.im, &scale));
                    let mut product = a.polys().each_ref().map(|c| c.scaled(basis, &residues));
                    product.iter_mut().for_each(Poly::mul_i_assign);
                    sum.add(a.key_id(), product);
                }
            }
            Coefficient::Slots(values) => {
                let factor = self.encode(values, sum.level, &scale)?;
                let factor = factor.poly();
                let product = a.polys().each_ref().map(|c| factor.mul(c));
                sum.add(a.key_id(), product);
            }
        }
        Ok(())
    }

    fn add_constant(&self, sum: &mut CiphertextSum, c: &Coefficient) -> Result<(), Error> {
        let plaintext = match c {
            Coefficient::Scalar(c) if c.im == 0.0 => {
                if let Some((_, [c0, _])) = &mut sum.parts {
                    c0.add_integer_assign(rounded(c.re, &sum.scale));
                }
                return Ok(());
            }
            Coefficient::Scalar(c) => Arc::new(self.encoder.encode_complex(&[*c], sum.level, &sum.scale)?),
            Coefficient::Slots(values) => self.encode(values, sum.level, &sum.scale)?,
        };
        if let Some((_, c)) = &mut sum.parts {
            c[0].add_assign(plaintext.poly());
        }
        Ok(())
    }

    fn close(&self, sum: CiphertextSum) -> Result<Ciphertext, Error> {
        let parameters = self.evaluator.parameters();
        let (level, scale) = (sum.level, sum.scale.div(&self.prime(sum.level)));
        let (key_id, c, quadratic) = sum.parts();
        let c = match quadratic {
            None => Poly::rescale_all(c.each_ref()),
            Some(quadratic) => {
                let keys = self.evaluator.keys();
                let key = keys.find(KeyPurpose::Relinearisation, level, "polynomial evaluation")?;
                self.evaluator.switch_polynomial_rescale(&quadratic, key, c.each_ref().map(Some))
            }
        };
        Ok(Ciphertext::from_parts(parameters, key_id, c, scale)?)
    }
}

/// A coefficient as an integer.
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
