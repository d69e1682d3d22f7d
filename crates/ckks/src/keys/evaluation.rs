//! The keys of a compute party.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::{KeyId, KeyPurpose, SwitchingKey, conjugation_element, galois_element};
use crate::error::Error;
use crate::params::Parameters;

/// Evaluation keys under one secret, each for its own highest level, and those for ciphertexts that a bootstrap has raised.
///
/// There may be several keys for one purpose, for instance a small relinearisation key for low levels and a large one
/// for high levels. An operation takes the key of the lowest sufficient level. Rotations and conjugations pass over keys
/// that are not [quiet](crate::KeyShape::is_quiet): a bootstrap may own such keys, for places where a rescale follows.
#[derive(Clone, Debug)]
pub struct EvaluationKeys {
    parameters: Parameters,
    key_id: KeyId,
    keys: BTreeMap<(KeyPurpose, usize), Arc<SwitchingKey>>,
    /// Keys over the raised chain, if the parameter set has one.
    raised: Option<Box<Self>>,
}

impl EvaluationKeys {
    /// An empty set for keys under the secret `key_id`.
    #[must_use]
    pub fn new(parameters: &Parameters, key_id: KeyId) -> Self {
        let raised = parameters.raised().map(|raised| Box::new(Self::new(raised, key_id)));
        Self { parameters: parameters.clone(), key_id, keys: BTreeMap::new(), raised }
    }

    /// The parameter set.
    #[must_use]
    pub fn parameters(&self) -> &Parameters {
        &self.parameters
    }

    /// The id of the secret key that the keys belong to.
    #[must_use]
    pub fn key_id(&self) -> KeyId {
        self.key_id
    }

    /// Takes the keys for [raised](Parameters::raised) ciphertexts out of the set. None are left in it.
    ///
    /// # Errors
    /// [`Error::InvalidParameters`] if the parameter set does not bootstrap.
    pub fn take_raised(&mut self) -> Result<Self, Error> {
        match (&mut self.raised, self.parameters.raised()) {
            (Some(keys), Some(parameters)) => {
                Ok(std::mem::replace(&mut **keys, Self::new(parameters, self.key_id)))
            }
            _ => Err(self.parameters.no_bootstrap()),
        }
    }

    /// Adds a key. It replaces one of the same purpose and level over the same chain.
    ///
    /// # Errors
    /// [`Error::WrongParameters`] or [`Error::WrongKey`] if the key is of another parameter set or secret.
    pub fn insert(&mut self, key: SwitchingKey) -> Result<(), Error> {
        const OPERATION: &str = "add an evaluation key";
        if let Some(raised) = self.raised.as_mut().filter(|raised| raised.parameters == key.parameters) {
            return raised.insert(key);
        }
        if key.parameters != self.parameters {
            return Err(Error::WrongParameters {
                operation: OPERATION,
                expected: self.parameters.name().into(),
                got: key.parameters.name().into(),
            });
        }
        if key.key_id != self.key_id {
            return Err(Error::WrongKey {
                operation: OPERATION,
                expected: self.key_id.to_string(),
                got: key.key_id.to_string(),
            });
        }
        self.keys.insert((key.purpose, key.level()), Arc::new(key));
        Ok(())
    }

    /// All keys, ordered by purpose and level; those for raised ciphertexts last.
    pub fn iter(&self) -> impl Iterator<Item = &Arc<SwitchingKey>> {
        self.keys.values().chain(self.raised.iter().flat_map(|raised| raised.keys.values()))
    }

    /// Bytes of all keys in memory.
    #[must_use]
    pub fn memory_bytes(&self) -> usize {
        self.iter().map(|key| key.memory_bytes()).sum()
    }

    /// The smallest key of this purpose that serves `level`. An error names the `operation`.
    ///
    /// # Errors
    /// [`Error::MissingKey`] if no key of this purpose serves the level.
    pub fn find(
        &self,
        purpose: KeyPurpose,
        level: usize,
        operation: &'static str,
    ) -> Result<&SwitchingKey, Error> {
        let mut serving = self.keys.range((purpose, level)..=(purpose, usize::MAX));
        serving.next().map(|(_, key)| key.as_ref()).ok_or_else(|| {
            let key = self.describe(purpose);
            Error::MissingKey { operation, key, level }
        })
    }

    /// The smallest quiet Galois key of the automorphism `X -> X^g` that serves `level`. An error names the `operation`.
    ///
    /// # Errors
    /// [`Error::MissingKey`] if there is none.
    pub fn automorphism(
        &self,
        g: usize,
        level: usize,
        operation: &'static str,
    ) -> Result<&SwitchingKey, Error> {
        let purpose = KeyPurpose::Galois(g);
        let mut serving = self.keys.range((purpose, level)..=(purpose, usize::MAX));
        let quiet = serving.find(|(_, key)| key.shape().is_quiet(&self.parameters));
        let missing = || Error::MissingKey { operation, key: self.describe(purpose), level };
        quiet.map(|(_, key)| key.as_ref()).ok_or_else(missing)
    }

    /// Removes the key that [`find`](Self::find) returns.
    ///
    /// # Errors
    /// As [`find`](Self::find).
    pub fn take(
        &mut self,
        purpose: KeyPurpose,
        level: usize,
        operation: &'static str,
    ) -> Result<Arc<SwitchingKey>, Error> {
        let level = self.find(purpose, level, operation)?.level();
        let key = self.keys.remove(&(purpose, level));
        key.ok_or_else(|| Error::MissingKey { operation, key: self.describe(purpose), level })
    }

    /// The smallest quiet key of a rotation by `steps` that serves `level`.
    ///
    /// # Errors
    /// [`Error::MissingKey`] if there is none.
    pub fn rotation(&self, steps: i64, level: usize) -> Result<&SwitchingKey, Error> {
        let g = galois_element(self.parameters.literal().log_n, steps);
        self.automorphism(g, level, "rotate")
    }

    fn describe(&self, purpose: KeyPurpose) -> String {
        let log_n = self.parameters.literal().log_n;
        match purpose {
            KeyPurpose::Relinearisation => "relinearisation key".into(),
            KeyPurpose::Galois(g) if g == conjugation_element(log_n) => "conjugation key".into(),
            KeyPurpose::Galois(g) => {
                let steps = (0..self.parameters.slots() as i64).find(|&k| galois_element(log_n, k) == g);
                steps.map_or_else(
                    || format!("Galois key of element {g}"),
                    |k| format!("rotation key of {k} steps"),
                )
            }
            KeyPurpose::Encapsulation => "encapsulation key".into(),
            KeyPurpose::Raise(g) => format!("raising key of element {g}"),
        }
    }
}
