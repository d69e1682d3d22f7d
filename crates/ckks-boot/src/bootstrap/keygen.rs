//! The keys of a bootstrap, by the party that has the secret.

use std::collections::BTreeSet;

use ckks::keys::KeyPurpose;
use ckks::{KeyGenerator, SecretKey, SecureRng, SwitchingKey};

use super::plan::KeyRequest;
use crate::Error;

/// Generates every requested key and hands each to `sink` at once, so that no more than one is held here.
///
/// The ephemeral secret is drawn here and wiped at the end: encapsulation and raising keys of one call belong together, and those of
/// another call do not go with them. Several packings are served by the union of their plans' keys.
///
/// # Errors
/// [`Error::Ckks`] if a shape is outside the security table or there is no randomness; any error of the sink.
pub fn generate_keys<E: From<Error>>(
    requests: &BTreeSet<KeyRequest>,
    secret: &SecretKey,
    generator: &mut KeyGenerator<'_>,
    rng: &mut SecureRng,
    mut sink: impl FnMut(SwitchingKey) -> Result<(), E>,
) -> Result<(), E> {
    let ephemeral = secret.generate_ephemeral(rng).map_err(Error::from)?;
    for request in requests {
        let key = match request.purpose {
            KeyPurpose::Relinearisation => generator.relinearisation_key(request.shape),
            KeyPurpose::Galois(g) => generator.galois_key(g, request.shape),
            KeyPurpose::Encapsulation => generator.encapsulation_key(&ephemeral),
            KeyPurpose::Raise(g) => generator.raise_key(g, &ephemeral, request.shape.level),
        };
        sink(key.map_err(Error::from)?)?;
    }
    Ok(())
}
