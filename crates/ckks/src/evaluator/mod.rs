//! Arithmetic on ciphertexts.
//!
//! Operands may be at different levels; the result is at the lower one. Operands of a sum must have equal scales, and
//! scales of a product multiply. No scale is ever rounded to match another.

mod keyswitch;
mod linear;
mod multiply;
mod rotate;

use std::borrow::Cow;
use std::sync::Arc;

use ckks_math::{Ntt, Poly};

use crate::ciphertext::Ciphertext;
use crate::error::Error;
use crate::keys::{EvaluationKeys, KeyId};
use crate::params::Parameters;

/// Evaluates on ciphertexts with a set of public keys. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Evaluator {
    keys: Arc<EvaluationKeys>,
}

impl Evaluator {
    /// An evaluator with these keys.
    #[must_use]
    pub fn new(keys: Arc<EvaluationKeys>) -> Self {
        Self { keys }
    }

    /// The keys.
    #[must_use]
    pub fn keys(&self) -> &EvaluationKeys {
        &self.keys
    }

    /// The parameter set.
    #[must_use]
    pub fn parameters(&self) -> &Parameters {
        self.keys.parameters()
    }

    /// Refuses a ciphertext of another parameter set or under another secret. For operations of other crates that are
    /// built from polynomials.
    ///
    /// # Errors
    /// [`Error::WrongParameters`] or [`Error::WrongKey`].
    pub fn require_own(&self, operation: &'static str, a: &Ciphertext) -> Result<(), Error> {
        self.check(operation, &a.parameters, a.key_id)
    }

    fn check(&self, operation: &'static str, parameters: &Parameters, key_id: KeyId) -> Result<(), Error> {
        if parameters != self.parameters() {
            return Err(Error::WrongParameters {
                operation,
                expected: self.parameters().name().into(),
                got: parameters.name().into(),
            });
        }
        if key_id != self.keys.key_id() {
            return Err(Error::WrongKey {
                operation,
                expected: self.keys.key_id().to_string(),
                got: key_id.to_string(),
            });
        }
        Ok(())
    }
}

/// The polynomial over the primes up to `level`, copied only if it has more.
fn at_level(poly: &Poly<Ntt>, level: usize) -> Cow<'_, Poly<Ntt>> {
    let mut basis = poly.basis();
    if basis.q == level + 1 {
        Cow::Borrowed(poly)
    } else {
        basis.q = level + 1;
        Cow::Owned(poly.truncated(basis))
    }
}

/// Refuses operands of different parameter sets or secrets.
fn same_key(operation: &'static str, a: &Ciphertext, b: &Ciphertext) -> Result<(), Error> {
    if a.parameters != b.parameters {
        let (expected, got) = (a.parameters.name().into(), b.parameters.name().into());
        return Err(Error::WrongParameters { operation, expected, got });
    }
    if a.key_id != b.key_id {
        let (expected, got) = (a.key_id.to_string(), b.key_id.to_string());
        return Err(Error::WrongKey { operation, expected, got });
    }
    Ok(())
}
