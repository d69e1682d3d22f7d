//! Operations without a key: sums, constants, plaintexts, rescaling.

use ckks_math::{Ntt, Poly};

use super::{Evaluator, at_level, same_key};
use crate::ciphertext::{Ciphertext, Tensor};
use crate::error::Error;
use crate::plaintext::Plaintext;
use crate::scale::Scale;

impl Evaluator {
    /// `a + b`, at the lower of the two levels.
    ///
    /// # Errors
    /// [`Error::ScaleMismatch`], [`Error::WrongKey`] or [`Error::WrongParameters`] if the operands differ in scale,
    /// key or parameter set.
    pub fn add(&self, a: &Ciphertext, b: &Ciphertext) -> Result<Ciphertext, Error> {
        check_sum("add", a, b)?;
        let (lower, higher) = if a.level() <= b.level() { (a, b) } else { (b, a) };
        Ok(lower.with([0, 1].map(|i| lower.c[i].add(&higher.c[i])), a.scale.clone()))
    }

    /// `a += b`, at the lower of the two levels.
    ///
    /// # Errors
    /// As [`add`](Self::add).
    pub fn add_assign(&self, a: &mut Ciphertext, b: &Ciphertext) -> Result<(), Error> {
        check_sum("add", a, b)?;
        let level = a.level().min(b.level());
        if a.level() > level {
            let basis = a.parameters.basis(level);
            a.c.iter_mut().for_each(|c| c.truncate(basis));
        }
        a.c.iter_mut().zip(&b.c).for_each(|(x, y)| x.add_assign(y));
        Ok(())
    }

    /// `a - b`, at the lower of the two levels.
    ///
    /// # Errors
    /// As [`add`](Self::add).
    pub fn sub(&self, a: &Ciphertext, b: &Ciphertext) -> Result<Ciphertext, Error> {
        check_sum("subtract", a, b)?;
        let level = a.level().min(b.level());
        Ok(a.with([0, 1].map(|i| at_level(&a.c[i], level).sub(&b.c[i])), a.scale.clone()))
    }

    /// `-a`.
    #[must_use]
    pub fn neg(&self, a: &Ciphertext) -> Ciphertext {
        let mut negated = a.clone();
        negated.c.iter_mut().for_each(Poly::neg_assign);
        negated
    }

    /// Adds `constant` to every slot.
    #[must_use]
    pub fn add_const(&self, a: &Ciphertext, constant: f64) -> Ciphertext {
        let mut sum = a.clone();
        sum.c[0].add_integer_assign(scaled(constant, &a.scale));
        sum
    }

    /// `a * p`, at the lower of the two levels. The scales multiply; the product is not rescaled.
    ///
    /// # Errors
    /// [`Error::WrongParameters`] if the plaintext has another ring degree.
    pub fn mul_plain(&self, a: &Ciphertext, p: &Plaintext) -> Result<Ciphertext, Error> {
        if a.c[0].ring().degree() != p.poly.ring().degree() {
            let degree = |poly: &Poly<Ntt>| format!("N = {}", poly.ring().degree());
            let (expected, got) = (degree(&a.c[0]), degree(&p.poly));
            return Err(Error::WrongParameters { operation: "multiply by a plaintext", expected, got });
        }
        let level = a.level().min(p.level());
        let c = a.c.each_ref().map(|c| at_level(c, level).mul(&p.poly));
        Ok(a.with(c, a.scale.mul(&p.scale)))
    }

    /// `a * constant`, with the constant rounded at `scale`. The scales multiply; the product is not rescaled.
    #[must_use]
    pub fn mul_const(&self, a: &Ciphertext, constant: f64, scale: &Scale) -> Ciphertext {
        let factor = scaled(constant, scale);
        let c = a.c.each_ref().map(|c| c.scaled(c.basis(), &c.ring().residues(c.basis(), factor)));
        a.with(c, a.scale.mul(scale))
    }

    /// `a * constant`, rescaled: one level lower, at exactly the scale `target`.
    ///
    /// # Errors
    /// [`Error::LevelTooLow`] at level 0.
    pub fn mul_const_to(&self, a: &Ciphertext, constant: f64, target: &Scale) -> Result<Ciphertext, Error> {
        let factor = target.mul(&self.parameters().rescale_factor(a.level())).div(&a.scale);
        self.rescale(&self.mul_const(a, constant, &factor))
    }

    /// Multiplies every slot by the imaginary unit, as a multiplication by `X^{N/2}`: exact and without noise.
    #[must_use]
    pub fn mul_i(&self, a: &Ciphertext) -> Ciphertext {
        let mut product = a.clone();
        product.c.iter_mut().for_each(Poly::<Ntt>::mul_i_assign);
        product
    }

    /// Divides by the last prime with rounding. The level drops by one and the scale is divided by exactly that
    /// prime.
    ///
    /// # Errors
    /// [`Error::LevelTooLow`] at level 0.
    pub fn rescale(&self, a: &Ciphertext) -> Result<Ciphertext, Error> {
        require_level("rescale", 1, a.level())?;
        let scale = a.scale.div_prime(self.parameters().q(a.level()).value());
        let c = Poly::rescale_all(a.c.each_ref());
        Ok(a.with(c, scale))
    }

    /// The same message and scale at a lower level: the primes above it are dropped.
    ///
    /// # Errors
    /// [`Error::LevelTooLow`] if `level` is above the ciphertext's.
    pub fn drop_to(&self, a: &Ciphertext, level: usize) -> Result<Ciphertext, Error> {
        require_level("drop to a level", level, a.level())?;
        let c = [at_level(&a.c[0], level).into_owned(), at_level(&a.c[1], level).into_owned()];
        Ok(a.with(c, a.scale.clone()))
    }

    /// `a += b` for products before relinearisation.
    ///
    /// # Errors
    /// [`Error::ScaleMismatch`], [`Error::WrongKey`] or [`Error::WrongParameters`] if they differ in scale, key or
    /// parameter set; [`Error::LevelTooLow`] if `b` is at a lower level than `a`.
    pub fn add_tensor_assign(&self, a: &mut Tensor, b: &Tensor) -> Result<(), Error> {
        self.check("add products", &b.parameters, b.key_id)?;
        same_scale("add products", &a.scale, &b.scale)?;
        require_level("add products", a.level(), b.level())?;
        for (x, y) in a.c.iter_mut().zip(&b.c) {
            x.add_assign(&at_level(y, x.basis().q - 1));
        }
        Ok(())
    }
}

/// Checks that two ciphertexts can be summed.
fn check_sum(operation: &'static str, a: &Ciphertext, b: &Ciphertext) -> Result<(), Error> {
    same_key(operation, a, b)?;
    same_scale(operation, &a.scale, &b.scale)
}

/// `round(constant * scale)`.
fn scaled(constant: f64, scale: &Scale) -> i128 {
    assert!(constant.is_finite(), "a constant must be finite, got {constant}");
    (constant * scale.to_f64()).round() as i128
}

pub(super) fn same_scale(operation: &'static str, left: &Scale, right: &Scale) -> Result<(), Error> {
    if left == right {
        return Ok(());
    }
    Err(Error::ScaleMismatch { operation, left: left.clone(), right: right.clone() })
}

pub(super) fn require_level(operation: &'static str, needed: usize, got: usize) -> Result<(), Error> {
    if got >= needed { Ok(()) } else { Err(Error::LevelTooLow { operation, needed, got }) }
}
