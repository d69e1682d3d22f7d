//! Decrypting together: whose signatures the head has, each party's share, sealed to the data parties, and the sum. Shares of sums by
//! consent are the same.

use ckks_threshold::{DecryptionShare, Release, Sender};
use fhe_head::files::{Digest, Tag};
use fhe_head::server::EncryptedHead;
use ndarray::Array1;
use serde::{Deserialize, Serialize};

use super::deals;
use super::keys::{common, common_of, joined};
use super::party::Party;
use super::session::Session;
use super::subject::Subject;
use super::wait::{Progress, ready};
use super::{checks, data, sealed, training};
use crate::exit::{Failure, Kind, Result};
use crate::identity::Identity;

const KIND: &str = "share of the decryption";

/// A share of the decryption, as it is sealed.
#[derive(Clone, Debug, Serialize, Deserialize)]
struct Sealed {
    release: Digest,
    residues: Vec<Vec<Vec<u64>>>,
}

/// The head that may be decrypted: it is there, with the signatures that the session asks for.
pub(crate) struct Signed {
    head: EncryptedHead,
    /// Stands for what was computed, from what.
    transcript: [u8; 32],
}

/// The head, once it is there with the signatures that the session asks for.
///
/// # Errors
/// A head that is damaged, of another session, not signed by the compute party, or computed otherwise by somebody.
pub(crate) fn signed(session: &Session) -> Result<Progress<Signed>> {
    let common = ready!(common(session)?);
    if !session.place.head().exists() {
        return Ok(Progress::Waiting(format!("{} (head)", session.computes().0)));
    }
    let keys = session.origin(common.key_id()).keys.unwrap_or_default();
    let (head, digest) = training::read(session, keys)?;
    ready!(checks::expect(session, &digest)?);
    let brought = ready!(data::brought(session)?);
    let mut hasher = blake3::Hasher::new_derive_key("train-head 2026-11 transcript of a joint training");
    hasher.update(&session.digest.0).update(&digest.0);
    brought.iter().for_each(|file| {
        hasher.update(&file.0);
    });
    Ok(Progress::Done(Signed { head, transcript: *hasher.finalize().as_bytes() }))
}

impl Signed {
    /// Its decryption by the parties of a set.
    ///
    /// # Errors
    /// A head that is not that of the terms.
    pub(crate) fn release(&self, session: &Session, set: &[usize]) -> Result<Release> {
        session
            .terms
            .release(&session.protocols, set, &self.transcript, &self.head)
            .map_err(|error| session.refusal(error))
    }
}

/// Publishes the party's share of the decryption, sealed to all data parties. A party that is not of the set has none.
///
/// # Errors
/// Ciphertexts that the party has answered otherwise; a failed write.
pub(crate) fn share<S: Subject>(
    party: &mut Party<'_, S>,
    release: &Release,
    identity: &Identity,
) -> Result<Progress<()>> {
    let session = party.session();
    let path = session.place.decryption(party.name());
    let ledger = party.steps().notes().ledger();
    let has_left = ledger.entries().iter().any(|entry| entry.release == *release.digest()) && path.exists();
    if !release.set().contains(&party.index()) || has_left {
        return Ok(Progress::Done(()));
    }
    let common = ready!(common_of(party)?);
    ready!(deals::keep(party, &common)?);
    let share = party.steps().decryption_share(release).map_err(|stop| session.stopped(stop))?;
    let text = text_of(share)?;
    let mut recipients = Vec::new();
    for (other, joining) in ready!(joined(session)?).iter().enumerate() {
        recipients.push(sealed::recipient(&joining.recipient, session.party(other).0)?);
    }
    sealed::write(&path, (KIND, &session.digest), &text, &recipients, identity)?;
    Ok(Progress::Done(()))
}

/// A share as it is sealed.
///
/// # Errors
/// None in practice: it can be written as JSON.
pub(crate) fn text_of(share: DecryptionShare) -> Result<Vec<u8>> {
    let message = Sealed { release: Tag(share.release), residues: share.residues };
    serde_json::to_vec(&message)
        .map_err(|error| Failure::unexpected("cannot write a share as JSON").because(error))
}

/// A share of `sender`'s, from what was sealed. `shown` is the file's name.
///
/// # Errors
/// Something else was sealed.
pub(crate) fn parse(text: &[u8], shown: &str, sender: Sender) -> Result<DecryptionShare> {
    let Sealed { release, residues } = serde_json::from_slice(text)
        .map_err(|error| Failure::of(Kind::File, format!("{shown}: no {KIND}")).because(error))?;
    Ok(DecryptionShare { sender, release: release.0, residues })
}

/// The shares of the parties that decrypt, once all are there.
///
/// # Errors
/// A share that is damaged, sealed to others, not signed by its party, or of another release.
pub(crate) fn shares<S: Subject>(
    party: &Party<'_, S>,
    release: &Release,
) -> Result<Progress<Vec<DecryptionShare>>> {
    let session = party.session();
    let path = |other: usize| session.place.decryption(session.party(other).0);
    let missing: Vec<usize> = release.set().iter().copied().filter(|&other| !path(other).exists()).collect();
    if !missing.is_empty() {
        return Ok(Progress::Waiting(format!("{} ({KIND})", session.names(&missing))));
    }
    let opener = party.opener()?;
    let mut shares = Vec::new();
    for &other in release.set() {
        let text = sealed::read(&path(other), (KIND, &session.digest), session.party(other), &opener)?;
        let sender = Sender { session: *session.protocols.tag(), party: other };
        shares.push(parse(&text, &path(other).display().to_string(), sender)?);
    }
    Ok(Progress::Done(shares))
}

/// Opens the head: its weights in the encrypted space, once all shares are there.
///
/// # Errors
/// As [`shares`].
pub(crate) fn open(party: &Party<'_>, release: &Release) -> Result<Progress<Vec<Array1<f64>>>> {
    let session = party.session();
    let shares = ready!(shares(party, release)?);
    session.terms.open(release, &shares).map(Progress::Done).map_err(|error| session.refusal(error))
}
