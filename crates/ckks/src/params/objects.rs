//! The objects of a parameter set and their limits in the security table.

use ckks_math::Basis;

use super::{KeyShape, Parameters, SecurityLevel};
use crate::error::Error;
use crate::keys::PublicKey;
use crate::security::{self, SecretDistribution};

/// `log2` of the modulus of one object of a parameter set, the distribution of its secret, and the limit for both.
#[derive(Clone, Debug, PartialEq)]
pub struct ObjectSecurity {
    /// Name of the object.
    pub object: String,
    /// `log2` of the product of all its primes.
    pub log_qp: f64,
    /// Distribution of the secret that hides it.
    pub secret: SecretDistribution,
    /// The security table's limit, or `None` without an estimate.
    pub limit: Option<f64>,
}

impl Parameters {
    /// Every kind of object of this set.
    #[must_use]
    pub fn objects(&self) -> Vec<ObjectSecurity> {
        let literal = self.literal();
        let object = |object: &str, basis: Basis, secret: SecretDistribution| ObjectSecurity {
            object: format!("{} {object}", literal.name),
            log_qp: self.log2_basis(basis),
            secret,
            limit: security::max_log_qp(literal.log_n, secret),
        };
        let top = self.max_level();
        let mut objects = vec![
            object("ciphertext", self.basis(top), literal.secret),
            object("evaluation key", self.top_basis(), literal.secret),
        ];
        if self.is_raised() {
            objects.push(object("raising key", self.raise_shape(top).basis(), literal.secret));
            return objects;
        }
        objects.insert(1, object("public key", PublicKey::basis(self), literal.secret));
        if let Some(weight) = literal.ephemeral_weight {
            let secret = SecretDistribution::SparseTernary(weight);
            objects.push(object("encapsulated ciphertext", self.basis(0), secret));
            objects.push(object("encapsulation key", self.encapsulation_shape().basis(), secret));
        }
        objects.extend(self.raised().into_iter().flat_map(Self::objects));
        objects
    }

    /// Checks that a key of this shape under such a secret lies within the security table.
    ///
    /// # Errors
    /// [`Error::Insecure`] if it does not and the set claims security; [`Error::InvalidParameters`] if the ring lacks
    /// the primes.
    pub fn check_key(&self, shape: KeyShape, secret: SecretDistribution) -> Result<(), Error> {
        let (name, log_n) = (self.name(), self.literal().log_n);
        if !self.ring().full_basis().contains(shape.basis()) || shape.special == 0 {
            return Err(Error::InvalidParameters(format!("{name} has no keys of shape {shape:?}")));
        }
        if self.literal().security == SecurityLevel::Insecure {
            return Ok(());
        }
        let (log_qp, limit) =
            (self.log2_basis(shape.basis()), security::max_log_qp(log_n, secret).unwrap_or(0.0));
        if log_qp > limit {
            let object = format!("{name} key of shape {shape:?} under {secret:?}");
            return Err(Error::Insecure { object, log_qp, limit, log_n });
        }
        Ok(())
    }

    pub(super) fn check_security(&self) -> Result<(), Error> {
        if self.literal().security == SecurityLevel::Insecure {
            return Ok(());
        }
        for object in self.objects() {
            let limit = object.limit.unwrap_or(0.0);
            if object.log_qp > limit {
                let log_n = self.literal().log_n;
                return Err(Error::Insecure { object: object.object, log_qp: object.log_qp, limit, log_n });
            }
        }
        Ok(())
    }
}
