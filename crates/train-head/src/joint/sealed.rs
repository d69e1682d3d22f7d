//! Messages that only their receivers can read: age (X25519), with the sender's signature inside.
//!
//! Sealed is the message, the sender's public key (32 bytes) and its signature (64) of the session's digest and the message. A receiver's key
//! is a function of its share of the secret, so that the share's passphrase guards what is sealed to it as well.

use std::io::{Read, Write};
use std::path::Path;

use bech32::Hrp;
use ed25519_dalek::{PUBLIC_KEY_LENGTH, SIGNATURE_LENGTH};
use fhe_head::files::{Digest, Tag};
use zeroize::Zeroizing;

use super::message::expect_signer;
use crate::exit::{Failure, Kind, Result};
use crate::files::{self, Access, write_bytes};
use crate::identity::{Identity, PublicKey};

/// Longest sealed message that is read: what is dealt takes half a MiB a prime.
const MOST_BYTES: u64 = 1 << 27;
const TRAILER: usize = PUBLIC_KEY_LENGTH + SIGNATURE_LENGTH;

/// Opens what is sealed to a party: its secret key, from the seed of [`head_joint::DataParty::sealing_seed`].
///
/// # Errors
/// None in practice: age takes any 32 bytes.
pub(crate) fn opener(seed: &[u8; 32]) -> Result<age::x25519::Identity> {
    let failed = |error: String| Failure::unexpected("cannot make a key to seal messages to").because(error);
    let mut text = Zeroizing::new(String::with_capacity(128));
    bech32::encode_upper_to_fmt::<bech32::Bech32, _>(
        &mut *text,
        Hrp::parse_unchecked("age-secret-key-"),
        seed,
    )
    .map_err(|error| failed(error.to_string()))?;
    text.parse().map_err(|error: &str| failed(error.to_owned()))
}

/// The key that messages are sealed to, from the words of its party.
///
/// # Errors
/// Words that are no such key.
pub(crate) fn recipient(words: &str, name: &str) -> Result<age::x25519::Recipient> {
    words.parse().map_err(|error: &str| {
        Failure::file(format!("{name}: {words:?} is no key to seal messages to")).because(error)
    })
}

/// Seals a message to some parties and writes it.
///
/// # Errors
/// A failure of the operating system.
pub(crate) fn write(
    path: &Path,
    (kind, session): (&str, &Digest),
    message: &[u8],
    recipients: &[age::x25519::Recipient],
    identity: &Identity,
) -> Result<()> {
    let trailer = trailer((kind, session), message, identity);
    let sealed = seal(&[message, &trailer], recipients)?;
    if let Some(folder) = path.parent() {
        std::fs::create_dir_all(folder)
            .map_err(|error| Failure::io("create", folder, Kind::Unexpected, error))?;
    }
    write_bytes(path, Access::Shared, &sealed)
}

/// What follows a message: the signer's public key and the signature.
pub(crate) fn trailer((kind, session): (&str, &Digest), message: &[u8], identity: &Identity) -> Vec<u8> {
    let signature = identity.sign(&digest(kind, session, message));
    [&identity.public().to_bytes()[..], &signature.0].concat()
}

/// Seals the parts of a message, one after the other.
///
/// # Errors
/// None in practice.
pub(crate) fn seal(parts: &[&[u8]], recipients: &[age::x25519::Recipient]) -> Result<Vec<u8>> {
    let failed = |error: String| Failure::unexpected("cannot seal a message").because(error);
    let encryptor =
        age::Encryptor::with_recipients(recipients.iter().map(|recipient| recipient as &dyn age::Recipient))
            .map_err(|error| failed(error.to_string()))?;
    let mut sealed = Vec::new();
    let mut writer = encryptor.wrap_output(&mut sealed).map_err(|error| failed(error.to_string()))?;
    parts.iter().try_for_each(|part| writer.write_all(part)).map_err(|error| failed(error.to_string()))?;
    writer.finish().map_err(|error| failed(error.to_string()))?;
    Ok(sealed)
}

/// Opens a message that `key` must have signed, for this session. `name` is the sender.
///
/// # Errors
/// A file that is missing, damaged, or sealed to others; another signer.
pub(crate) fn read(
    path: &Path,
    (kind, session): (&str, &Digest),
    (name, key): (&str, PublicKey),
    opener: &age::x25519::Identity,
) -> Result<Zeroizing<Vec<u8>>> {
    let shown = path.display().to_string();
    let damaged = |why: String| {
        Failure::of(Kind::File, format!("{shown}: {why}")).help(format!("copy it again, or ask {name}"))
    };
    let bytes = files::read_at_most(path, MOST_BYTES, Kind::File)?;
    let decryptor = age::Decryptor::new(&bytes[..]).map_err(|error| damaged(error.to_string()))?;
    let mut opened = decryptor
        .decrypt(std::iter::once(opener as &dyn age::Identity))
        .map_err(|error| damaged(format!("it is not sealed to this party: {error}")))?;
    // as long as the file, so that nothing is moved and left behind
    let mut text = Zeroizing::new(Vec::with_capacity(bytes.len()));
    opened.read_to_end(&mut text).map_err(|error| damaged(format!("it is damaged: {error}")))?;
    let message = text.len().saturating_sub(TRAILER);
    let (head, trailer) = text.split_at(message);
    let (public, signature) = trailer.split_at(trailer.len().min(PUBLIC_KEY_LENGTH));
    let signer = public.try_into().ok().and_then(PublicKey::from_bytes);
    let (Some(signer), Ok(signature)) = (signer, signature.try_into()) else {
        return Err(damaged("it is not signed".into()));
    };
    expect_signer(&shown, Some(signer), (name, key))?;
    if !signer.signed(&digest(kind, session, head), &Tag(signature)) {
        return Err(damaged(format!(
            "its signature does not fit: it is not {name}'s {kind} of this session"
        )));
    }
    text.truncate(message);
    Ok(text)
}

fn digest(kind: &str, session: &Digest, message: &[u8]) -> Digest {
    let mut hasher =
        blake3::Hasher::new_derive_key(&format!("train-head 2026-11 joint training, sealed: {kind}"));
    Tag(*hasher.update(&session.0).update(message).finalize().as_bytes())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn a_message_is_opened_by_its_receivers_alone() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("new/message.age");
        let (identity, other) = (Identity::generate().unwrap(), Identity::generate().unwrap());
        let openers = [[1; 32], [2; 32], [3; 32]].map(|seed| opener(&seed).unwrap());
        let recipients: Vec<_> = openers[..2]
            .iter()
            .map(|opener| recipient(&opener.to_public().to_string(), "north").unwrap())
            .collect();
        let (session, sender) = (Tag([7; 32]), ("north", identity.public()));
        write(&path, ("share", &session), b"message", &recipients, &identity).unwrap();
        for opener in &openers[..2] {
            assert_eq!(&read(&path, ("share", &session), sender, opener).unwrap()[..], b"message");
        }
        let refused = |kind: (&str, &Digest), sender, opener: &age::x25519::Identity| {
            read(&path, kind, sender, opener).unwrap_err().chain().join(": ")
        };
        assert!(refused(("share", &session), sender, &openers[2]).contains("not sealed to this party"));
        let forged = ("north", other.public());
        assert!(refused(("share", &session), forged, &openers[0]).contains("where north signs as"));
        assert!(refused(("deal", &session), sender, &openers[0]).contains("north's deal of this session"));
        assert!(refused(("share", &Tag([8; 32])), sender, &openers[0]).contains("signature does not fit"));
        assert!(recipient("age1north", "north").is_err());
        // a party's key is a function of its seed
        assert_eq!(opener(&[1; 32]).unwrap().to_public().to_string(), openers[0].to_public().to_string());
    }
}
