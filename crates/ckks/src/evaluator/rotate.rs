//! Rotations and conjugation.
//!
//! A Galois key switches to the preimage of the secret. The automorphism therefore comes after the inner product, and
//! applies to two polynomials instead of to every digit.

use ckks_math::{AutomorphismTable, Ntt, Poly, threads};

use super::Evaluator;
use super::keyswitch::{Around, switch_digits, switch_polynomial};
use crate::ciphertext::Ciphertext;
use crate::error::Error;
use crate::keys::{conjugation_element, galois_element};
use crate::params::KeyShape;

/// A ciphertext with the digits of its second polynomial, decomposed once for many rotations.
///
/// Keys of one shape share the digits. A key of another shape needs a decomposition of its own.
struct Hoisted<'a> {
    ciphertext: &'a Ciphertext,
    shape: KeyShape,
    digits: Vec<Poly<Ntt>>,
}

impl Hoisted<'_> {
    /// Whether keys of this shape can use the digits.
    fn serves(&self, shape: KeyShape) -> bool {
        self.shape.shares_digits(&shape)
    }
}

impl Evaluator {
    /// Rotates the slots: `rotate(v, k)[s] = v[s + k]`, indices modulo `N/2`.
    ///
    /// # Errors
    /// [`Error::MissingKey`] without the rotation's key; [`Error::WrongKey`] or [`Error::WrongParameters`] for a
    /// foreign ciphertext.
    pub fn rotate(&self, a: &Ciphertext, steps: i64) -> Result<Ciphertext, Error> {
        let g = galois_element(self.parameters().literal().log_n, steps);
        self.automorphism(a, g, "rotate")
    }

    /// Conjugates every slot.
    ///
    /// # Errors
    /// As [`rotate`](Self::rotate).
    pub fn conjugate(&self, a: &Ciphertext) -> Result<Ciphertext, Error> {
        let g = conjugation_element(self.parameters().literal().log_n);
        self.automorphism(a, g, "conjugate")
    }

    /// Applies the automorphism `X -> X^g`, `g` odd. Errors name it `operation`.
    ///
    /// # Errors
    /// As [`rotate`](Self::rotate).
    pub fn automorphism(
        &self,
        a: &Ciphertext,
        g: usize,
        operation: &'static str,
    ) -> Result<Ciphertext, Error> {
        self.check(operation, &a.parameters, a.key_id)?;
        if g == 1 {
            return Ok(a.clone());
        }
        let key = self.keys.automorphism(g, a.level(), operation)?;
        let table = self.parameters().ring().automorphism(g);
        let c = switch_polynomial(&a.c[1], key, around(a, &table));
        Ok(a.with(c, a.scale.clone()))
    }

    /// Rotates one ciphertext by many steps. It is decomposed once for each shape among the keys, usually once in
    /// all.
    ///
    /// # Errors
    /// As [`rotate`](Self::rotate).
    pub fn rotate_many(&self, a: &Ciphertext, steps: &[i64]) -> Result<Vec<Ciphertext>, Error> {
        let mut hoisted: Vec<Hoisted<'_>> = Vec::new();
        for &steps in steps.iter().filter(|&&steps| steps.rem_euclid(self.parameters().slots() as i64) != 0) {
            let shape = self.keys.rotation(steps, a.level())?.shape();
            if !hoisted.iter().any(|h| h.serves(shape)) {
                hoisted.push(self.hoist_for(a, shape)?);
            }
        }
        let rotate = |&steps: &i64| {
            if steps.rem_euclid(self.parameters().slots() as i64) == 0 {
                return Ok(a.clone());
            }
            let shape = self.keys.rotation(steps, a.level())?.shape();
            match hoisted.iter().find(|h| h.serves(shape)) {
                Some(hoisted) => self.rotate_hoisted(hoisted, steps),
                None => self.rotate(a, steps),
            }
        };
        threads::try_map(steps, rotate)
    }

    /// Decomposes `a` for many rotations by keys of this shape. The shape's level does not matter.
    fn hoist_for<'a>(&self, a: &'a Ciphertext, shape: KeyShape) -> Result<Hoisted<'a>, Error> {
        self.check("rotate", &a.parameters, a.key_id)?;
        Ok(Hoisted { ciphertext: a, shape, digits: self.decompose(&a.c[1], shape) })
    }

    /// Rotates a decomposed ciphertext.
    fn rotate_hoisted(&self, a: &Hoisted<'_>, steps: i64) -> Result<Ciphertext, Error> {
        let g = galois_element(self.parameters().literal().log_n, steps);
        if g == 1 {
            return Ok(a.ciphertext.clone());
        }
        let key = self.keys.automorphism(g, a.ciphertext.level(), "rotate")?;
        if !a.serves(key.shape()) {
            return self.automorphism(a.ciphertext, g, "rotate");
        }
        let table = self.parameters().ring().automorphism(g);
        let c = switch_digits(&a.digits, key, around(a.ciphertext, &table));
        Ok(a.ciphertext.with(c, a.ciphertext.scale.clone()))
    }
}

/// What an automorphism does besides the switch of the second polynomial.
fn around<'a>(a: &'a Ciphertext, table: &'a AutomorphismTable) -> Around<'a> {
    Around { plus: [Some(&a.c[0]), None], rescale: false, table: Some(table) }
}
