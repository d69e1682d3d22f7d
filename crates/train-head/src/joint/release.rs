//! Decrypting the head together: whose signatures it has, each party's share, sealed to the data parties, and the sum.

use std::io::{Read, Write};

use ckks_threshold::{DecryptionShare, Release, Sender};
use fhe_head::files::{Digest, Tag};
use ndarray::Array1;
use serde::{Deserialize, Serialize};

use super::keys::{JOIN, Join, common, of_all};
use super::message;
use super::party::Party;
use super::session::Session;
use super::training::{self, CHECKED, Checked, check_path};
use super::wait::Progress;
use crate::args::PassphraseArgs;
use crate::exit::{Failure, Kind, Result};
use crate::files::signed::{SignedJson, digest_of_file};
use crate::files::{self, Access, write_bytes};
use crate::identity::Identity;

const CONTEXT: &str = "train-head 2026-11 joint training: share of a decryption";

/// A share of the decryption, as it is sealed.
#[derive(Clone, Debug, Serialize, Deserialize)]
struct Sealed {
    session: Digest,
    party: usize,
    release: Digest,
    residues: Vec<Vec<Vec<u64>>>,
}

/// The release of the head, once it is there with the signatures that the session asks for.
///
/// # Errors
/// A head that is damaged, of another session, or not signed by the compute party; a signature that is not under this head.
pub(crate) fn of_head(session: &Session) -> Result<Progress<Release>> {
    let common = match common(session)? {
        Progress::Done(common) => common,
        Progress::Waiting(what) => return Ok(Progress::Waiting(what)),
    };
    if !session.place.head().exists() {
        return Ok(Progress::Waiting("the compute party (head)".into()));
    }
    let keys = session.origin(common.key_id()).keys.unwrap_or_default();
    let (head, head_digest) = training::read(session, keys)?;
    let wanted = session.contents.recomputations;
    let mut checked = 0;
    for participant in &session.contents.participants {
        let path = check_path(session, participant.key);
        let check: Option<Checked> =
            message::read(&path, CHECKED, &session.digest, (&participant.name, participant.key))?;
        match check {
            Some(check) if check.head == head_digest => checked += 1,
            Some(_) => {
                return Err(Failure::file(format!("{}: a signature under another head", path.display()))
                    .help(format!(
                        "{} computes it again: `train-head joint train --check`",
                        participant.name
                    )));
            }
            None => {}
        }
    }
    if checked < wanted {
        let left = wanted - checked;
        return Ok(Progress::Waiting(format!(
            "{left} more to compute the training again (joint train --check)"
        )));
    }
    let mut hasher = blake3::Hasher::new_derive_key("train-head 2026-11 transcript of a joint training");
    hasher.update(&session.digest.0).update(&head_digest.0);
    for party in 0..session.terms.parties() {
        hasher.update(&digest_of_file(&session.place.data(session.party(party).0))?.0);
    }
    let transcript = *hasher.finalize().as_bytes();
    let set: Vec<usize> = (0..session.terms.parties()).collect();
    let release = session.terms.release(&session.protocols, &set, &transcript, &head);
    release.map(Progress::Done).map_err(|error| session.refusal(error))
}

/// Publishes the party's share of the decryption, sealed to all data parties.
///
/// # Errors
/// A budget that is used up; a wrong passphrase; a failed write.
pub(crate) fn share(
    session: &Session,
    party: &mut Party,
    release: &Release,
    passphrase: &PassphraseArgs,
    identity: &Identity,
) -> Result<()> {
    let path = session.place.decryption(session.party(party.index()).0);
    if path.exists() && party.ledger().releases().contains(release.digest()) {
        return Ok(());
    }
    let secret = party.secret(session, passphrase)?;
    let mut ledger = party.ledger();
    let share =
        secret.decryption_share(release, &mut ledger).map_err(|error| session.refusal(error.into()))?;
    party.keep_ledger(&ledger)?;
    let sealed = Sealed {
        session: session.digest,
        party: share.sender.party,
        release: Tag(share.release),
        residues: share.residues,
    };
    let signed = SignedJson::new(sealed, CONTEXT, identity)?;
    let text = serde_json::to_vec(&signed)
        .map_err(|error| Failure::unexpected("cannot write a share as JSON").because(error))?;
    write_bytes(&path, Access::Shared, &seal(session, &text)?)
}

/// Seals bytes to all data parties.
fn seal(session: &Session, text: &[u8]) -> Result<Vec<u8>> {
    let Progress::Done(joins): Progress<Vec<Join>> = of_all(session, JOIN)? else {
        return Err(Failure::file("a data party's join.json is missing"));
    };
    let mut recipients = Vec::new();
    for (party, join) in joins.iter().enumerate() {
        let recipient: age::x25519::Recipient = join.recipient.parse().map_err(|error: &str| {
            Failure::file(format!("{}: no key to seal messages to", session.party(party).0)).because(error)
        })?;
        recipients.push(recipient);
    }
    let failed = |error: String| Failure::unexpected("cannot seal a share").because(error);
    let encryptor =
        age::Encryptor::with_recipients(recipients.iter().map(|recipient| recipient as &dyn age::Recipient))
            .map_err(|error| failed(error.to_string()))?;
    let mut sealed = Vec::new();
    let mut writer = encryptor.wrap_output(&mut sealed).map_err(|error| failed(error.to_string()))?;
    writer.write_all(text).map_err(|error| failed(error.to_string()))?;
    writer.finish().map_err(|error| failed(error.to_string()))?;
    Ok(sealed)
}

/// Opens the head: its weights in the encrypted space, once all shares are there.
///
/// # Errors
/// A share that is damaged, sealed to others, not signed by its party, or of another release.
pub(crate) fn open(
    session: &Session,
    party: &Party,
    release: &Release,
) -> Result<Progress<Vec<Array1<f64>>>> {
    let missing: Vec<usize> = (0..session.terms.parties())
        .filter(|&other| !session.place.decryption(session.party(other).0).exists())
        .collect();
    if !missing.is_empty() {
        return Ok(Progress::Waiting(format!("{} (share of the decryption)", session.names(&missing))));
    }
    let identity = party.sealing()?;
    let mut shares = Vec::new();
    for other in 0..session.terms.parties() {
        let (name, key) = session.party(other);
        let path = session.place.decryption(name);
        let damaged = |why: String| Failure::of(Kind::File, format!("{}: {why}", path.display()));
        let bytes = files::read(&path)?;
        let decryptor = age::Decryptor::new(&bytes[..]).map_err(|error| damaged(error.to_string()))?;
        let mut opened = decryptor
            .decrypt(std::iter::once(&identity as &dyn age::Identity))
            .map_err(|error| damaged(format!("it is not sealed to this party: {error}")))?;
        let mut text = Vec::new();
        opened.read_to_end(&mut text).map_err(|error| damaged(format!("it is damaged: {error}")))?;
        let signed: SignedJson<Sealed> = serde_json::from_slice(&text)
            .map_err(|error| damaged(format!("no share of a decryption: {error}")))?;
        let shown = path.display().to_string();
        message::expect_signer(&shown, signed.signer(CONTEXT, &shown)?, (name, key))?;
        let Sealed { session: of, party, release, residues } = signed.value;
        if of != session.digest || party != other {
            return Err(damaged(format!("it is not {name}'s share of this session")));
        }
        let sender = Sender { session: *session.protocols.tag(), party };
        shares.push(DecryptionShare { sender, release: release.0, residues });
    }
    session.terms.open(release, &shares).map(Progress::Done).map_err(|error| session.refusal(error))
}
