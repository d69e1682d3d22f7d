//! Products of ciphertexts.

use ckks_math::Poly;

use super::linear::{require_level, same_scale};
use super::{Evaluator, same_key};
use crate::ciphertext::{Ciphertext, Tensor};
use crate::error::Error;
use crate::keys::KeyPurpose;

impl Evaluator {
    /// `a * b`, relinearised and rescaled: one level below the lower operand, at scale `a.scale * b.scale / q_level`.
    ///
    /// # Errors
    /// [`Error::LevelTooLow`] at level 0; [`Error::MissingKey`] without a relinearisation key; [`Error::WrongKey`] or
    /// [`Error::WrongParameters`] for operands of different keys or parameter sets.
    pub fn mul(&self, a: &Ciphertext, b: &Ciphertext) -> Result<Ciphertext, Error> {
        self.relinearise_rescale(&self.tensor(a, b)?)
    }

    /// `a * b` before relinearisation, at the lower of the two levels.
    ///
    /// # Errors
    /// [`Error::WrongKey`] or [`Error::WrongParameters`] for operands of different keys or parameter sets.
    pub fn tensor(&self, a: &Ciphertext, b: &Ciphertext) -> Result<Tensor, Error> {
        self.tensor_sum(&[(a, b)])
    }

    /// `sum a_i * b_i` before relinearisation, at the lowest level among all factors, with one modular reduction for
    /// the whole sum.
    ///
    /// # Errors
    /// [`Error::ScaleMismatch`] if the scales of the products differ; [`Error::WrongKey`] or
    /// [`Error::WrongParameters`] for operands of different keys or parameter sets.
    ///
    /// # Panics
    /// If there is no term.
    pub fn tensor_sum(&self, terms: &[(&Ciphertext, &Ciphertext)]) -> Result<Tensor, Error> {
        const OPERATION: &str = "multiply";
        let Some((first, _)) = terms.first() else { panic!("a sum of products needs a term") };
        let scale = first.scale.mul(&terms[0].1.scale);
        let mut level = usize::MAX;
        for (a, b) in terms {
            same_key(OPERATION, first, a)?;
            same_key(OPERATION, first, b)?;
            same_scale("sum of products", &scale, &a.scale.mul(&b.scale))?;
            level = level.min(a.level()).min(b.level());
        }
        self.check(OPERATION, &first.parameters, first.key_id)?;
        // The kernel works over the primes of the very first factor and reads only those of the others, so nothing is
        // copied.
        let mut factors: Vec<([&_; 2], [&_; 2])> = Vec::with_capacity(terms.len());
        for (a, b) in terms {
            let lowest_first = if a.level() <= b.level() {
                (a.c.each_ref(), b.c.each_ref())
            } else {
                (b.c.each_ref(), a.c.each_ref())
            };
            factors.push(lowest_first);
        }
        if let Some(lowest) = factors.iter().position(|(a, _)| a[0].basis().q == level + 1) {
            factors.swap(0, lowest);
        }
        let c = Poly::tensor_dot(&factors);
        Ok(Tensor { parameters: first.parameters.clone(), key_id: first.key_id, c, scale })
    }

    /// Relinearises to two polynomials, at the same level and scale.
    ///
    /// # Errors
    /// [`Error::MissingKey`] without a relinearisation key for this level.
    pub fn relinearise(&self, tensor: &Tensor) -> Result<Ciphertext, Error> {
        let key = self.relinearisation_key(tensor)?;
        let [c0, c1, c2] = &tensor.c;
        let c = self.switch_polynomial(c2, key, [Some(c0), Some(c1)]);
        Ok(Ciphertext {
            parameters: tensor.parameters.clone(),
            key_id: tensor.key_id,
            c,
            scale: tensor.scale.clone(),
        })
    }

    /// Relinearises and rescales with one division by `P q_level`.
    ///
    /// # Errors
    /// [`Error::LevelTooLow`] at level 0; [`Error::MissingKey`] without a relinearisation key for this level.
    pub fn relinearise_rescale(&self, tensor: &Tensor) -> Result<Ciphertext, Error> {
        require_level("multiply", 1, tensor.level())?;
        let key = self.relinearisation_key(tensor)?;
        let [c0, c1, c2] = &tensor.c;
        let scale = tensor.scale.div_prime(self.parameters().q(tensor.level()).value());
        let c = self.switch_polynomial_rescale(c2, key, [Some(c0), Some(c1)]);
        Ok(Ciphertext { parameters: tensor.parameters.clone(), key_id: tensor.key_id, c, scale })
    }

    fn relinearisation_key(&self, tensor: &Tensor) -> Result<&crate::keys::SwitchingKey, Error> {
        self.keys.find(KeyPurpose::Relinearisation, tensor.level(), "relinearise")
    }
}
