//! The readers of what parties of a joint training send each other. A hostile party signs what it sends, so signatures are made right first.

use std::io::Read;
use std::path::Path;
use std::sync::OnceLock;

use ckks_threshold::{DecryptionShare, Protocol, Sender, Share};
use fhe_head::ckks::serial::{FileKind, NewFile, Reader, Writer};
use fhe_head::ckks::{Ciphertext, KeyId};
use fhe_head::files::Tag;
use head_joint::SumsTerms;
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use super::{Refused, of};
use crate::exit::{Failure, Result as OrFailure, read_failure, write_failure};
use crate::files::signed::{SignedJson, digest_of_file};
use crate::identity::Identity;
use crate::joint::checks::{CHECKED, Checked};
use crate::joint::keys::{COMMITTED, Committed, JOIN, Join, REVEAL, Reveal};
use crate::joint::set::{Named, SET};
use crate::joint::{
    AnySession, describe, describe_sums, message as messages, release, sealed as seals, session, shares,
    sums as by_consent,
};

/// The hostile party. Its signatures are the same in every process, so that an input can hold one.
fn hostile() -> &'static Identity {
    static IDENTITY: OnceLock<Identity> = OnceLock::new();
    IDENTITY.get_or_init(|| Identity::of_seed(&[7; 32]))
}

/// `session.json`, of a training or of sums, and the plan beside it, and all that a party derives from them before it joins. The hostile party is its first data party,
/// and signs it; the digest of the plan is made right.
///
/// # Errors
/// Why it was refused.
pub fn session(folder: &Path) -> Refused {
    let read = || -> OrFailure<()> {
        let path = folder.join("session.json");
        if let Ok(Value::Object(mut fields)) = serde_json::from_slice::<Value>(&crate::files::read(&path)?) {
            fields.remove("signer");
            fields.remove("signature");
            fields.insert("plan".into(), json!(digest_of_file(&folder.join("plan.json"))?));
            let mut value = Value::Object(fields);
            if let Some(key) = value.pointer_mut("/participants/0/key") {
                *key = json!(hostile().public());
            }
            let signed = SignedJson::new(value, session::CONTEXT, hostile())?;
            crate::files::write_json(&path, crate::files::Access::Shared, &signed)?;
        }
        match AnySession::open(folder)? {
            AnySession::Training(session) => {
                drop((describe::words(&session)?, describe::json(&session)?));
                describe::status(&session, None).map(drop)
            }
            AnySession::Sums(session) => {
                drop((describe_sums::words(&session)?, describe_sums::json(&session)?));
                describe_sums::status(&session, None).map(drop)
            }
        }
    };
    of(read())
}

/// A small message of any kind, in `folder`: what can be read as one of them is accepted.
///
/// # Errors
/// Why it was refused.
pub fn message(folder: &Path, text: &[u8]) -> Refused {
    let joined = |join: &Join| seals::recipient(&join.recipient, "input").map(drop);
    let kinds = [
        of(one(folder, JOIN, text, joined)),
        of(one(folder, REVEAL, text, |_: &Reveal| Ok(()))),
        of(one(folder, COMMITTED, text, |_: &Committed| Ok(()))),
        of(one(folder, CHECKED, text, |_: &Checked| Ok(()))),
        of(one(folder, SET, text, |_: &Named| Ok(()))),
    ];
    match kinds.iter().any(Result::is_ok) {
        true => Ok(()),
        false => kinds.into_iter().collect(),
    }
}

fn one<T: Serialize + DeserializeOwned>(
    folder: &Path,
    kind: &str,
    text: &[u8],
    uses: impl Fn(&T) -> OrFailure<()>,
) -> OrFailure<()> {
    let path = folder.join(format!("{kind}.json"));
    let (digest, identity) = (Tag([0; 32]), hostile());
    match serde_json::from_slice::<T>(text) {
        Ok(message) => messages::write(&path, kind, &digest, message, identity)?,
        Err(_) => crate::files::write_bytes(&path, crate::files::Access::Shared, text)?,
    }
    match messages::read(&path, kind, &digest, ("input", identity.public()))? {
        Some(message) => uses(&message),
        None => Err(Failure::file("nothing there")),
    }
}

/// What [`sealed`] takes, sealed and signed.
///
/// # Errors
/// None in practice.
pub fn sealed_seed(folder: &Path, message: &[u8]) -> Result<[Vec<u8>; 2], String> {
    let write = || -> OrFailure<[Vec<u8>; 2]> {
        let (path, session) = (folder.join("seed.age"), Tag([0; 32]));
        seals::write(
            &path,
            ("input", &session),
            message,
            &[seals::opener(&[7; 32])?.to_public()],
            hostile(),
        )?;
        let trailer = seals::trailer(("input", &session), message, hostile());
        Ok([crate::files::read(&path)?, [message, &trailer].concat()])
    };
    write().map_err(|failure| failure.chain().join(": "))
}

/// The kind of a file with a share of a key.
pub const SHARE: FileKind = shares::KIND;

/// A file with a share of a key, as its party writes it.
///
/// # Errors
/// None in practice.
pub fn share_file(
    session: &ckks_threshold::Session,
    key_id: KeyId,
    share: &Share,
) -> Result<Vec<u8>, String> {
    let write = || -> OrFailure<Vec<u8>> {
        let (parameters, metadata) = (session.parameters(), shares::metadata(share)?);
        let new = NewFile { kind: SHARE, parameters, key_id, items: 1, metadata: &metadata };
        let mut writer = Writer::new(Vec::new(), "", new).map_err(write_failure)?;
        let polys: Vec<_> = share.polys.iter().collect();
        writer.write_polys(share.protocol.basis(parameters), &polys).map_err(write_failure)?;
        writer.finish().map_err(write_failure)
    };
    write().map_err(|failure| failure.chain().join(": "))
}

/// A share of a key.
///
/// # Errors
/// Why it was refused.
pub fn share<R: Read>(
    input: R,
    session: &ckks_threshold::Session,
    party: usize,
    protocol: Protocol,
) -> Result<Share, String> {
    Reader::new(input, "input")
        .map_err(read_failure)
        .and_then(|reader| shares::parse(reader, "input", session, (party, "input"), protocol))
        .map_err(|failure| failure.chain().join(": "))
}

/// The kind of a file of encrypted sums.
pub const SUMS: FileKind = by_consent::KIND;

/// A file of the encrypted sums of the second party, as it writes it.
///
/// # Errors
/// None in practice.
pub fn sums_file(terms: &SumsTerms, key_id: KeyId, sums: &[Ciphertext]) -> Result<Vec<u8>, String> {
    by_consent::write(Vec::new(), "", terms, key_id, (Tag([0; 32]), 1), sums)
        .map_err(|failure| failure.chain().join(": "))
}

/// The encrypted sums of the second party.
///
/// # Errors
/// Why they were refused.
pub fn sums<R: Read>(input: R, terms: &SumsTerms, key_id: KeyId) -> Result<Vec<Ciphertext>, String> {
    let of = (Tag([0; 32]), 1);
    Reader::new(input, "input")
        .map_err(read_failure)
        .and_then(|reader| by_consent::parse(reader, ("input", "input"), terms, key_id, of))
        .map_err(|failure| failure.chain().join(": "))
}

/// A share of a decryption, as it is sealed.
///
/// # Errors
/// None in practice.
pub fn decryption_text(share: DecryptionShare) -> Result<Vec<u8>, String> {
    release::text_of(share).map_err(|failure| failure.chain().join(": "))
}

/// A share of a decryption, from what was sealed.
///
/// # Errors
/// Why it was refused.
pub fn decryption(text: &[u8], sender: Sender) -> Result<DecryptionShare, String> {
    release::parse(text, "input", sender).map_err(|failure| failure.chain().join(": "))
}

/// A sealed file, in `folder`. With `seal`, the input is what was sealed, signature and all; else it is the file.
///
/// # Errors
/// Why it was refused.
pub fn sealed(folder: &Path, input: &[u8], seal: bool) -> Refused {
    let read = || -> OrFailure<()> {
        let (path, session, kind) = (folder.join("sealed.age"), Tag([0; 32]), "input");
        let (identity, opener) = (hostile(), seals::opener(&[7; 32])?);
        let file = if seal { seals::seal(&[input], &[opener.to_public()])? } else { input.to_vec() };
        crate::files::write_bytes(&path, crate::files::Access::Shared, &file)?;
        seals::read(&path, (kind, &session), ("input", identity.public()), &opener).map(drop)
    };
    of(read())
}
