//! Generates the keys of a bootstrap, at the party that holds the secret.

use std::collections::BTreeSet;

use ckks::KeyPurpose;
use ckks::{KeyGenerator, SecretKey, SecureRng, SwitchingKey};

use super::plan::KeyRequest;
use crate::Error;

/// Generates the requested keys and passes each to `sink` at once, so that only one is held here.
///
/// The ephemeral secret is drawn here and wiped at the end. Encapsulation and raising keys of different calls do not
/// fit together. The union of several plans' requests serves all of them.
///
/// # Errors
/// [`Error::Ckks`] if a shape lies outside the security table or there is no ephemeral secret; any error of the sink.
pub fn generate_keys<E: From<Error>>(
    requests: &BTreeSet<KeyRequest>,
    secret: &SecretKey,
    generator: &mut KeyGenerator<'_>,
    rng: &mut SecureRng,
    mut sink: impl FnMut(SwitchingKey) -> Result<(), E>,
) -> Result<(), E> {
    // both secrets, over the primes of both chains
    let ephemeral = secret.generate_ephemeral(rng).map_err(Error::from)?;
    let raised = secret.raised().map_err(Error::from)?;
    let raised_ephemeral = ephemeral.raised().map_err(Error::from)?;
    let mut raised_generator = KeyGenerator::new(&raised).map_err(Error::from)?;
    for request in requests {
        let key = match request.raised {
            false => make(request, generator, &ephemeral),
            true => make(request, &mut raised_generator, &raised_ephemeral),
        };
        sink(key.map_err(Error::from)?)?;
    }
    Ok(())
}

/// Makes a key with the generator and the ephemeral secret of its chain.
fn make(
    request: &KeyRequest,
    generator: &mut KeyGenerator<'_>,
    ephemeral: &SecretKey,
) -> Result<SwitchingKey, ckks::Error> {
    match request.purpose {
        KeyPurpose::Relinearisation => generator.relinearisation_key(request.shape),
        KeyPurpose::Galois(g) => generator.galois_key(g, request.shape),
        KeyPurpose::Encapsulation => generator.encapsulation_key(ephemeral),
        KeyPurpose::Raise(g) => generator.raise_key(g, ephemeral, request.shape.level),
    }
}
