//! Making keys. A party does what can be done, and notes what it answers before the answer leaves. Killed at any moment, it makes the very
//! same messages again.
//!
//! 1. All have joined: each with a commitment to its contribution to the common randomness. Then each reveals it.
//! 2. All have revealed: each makes its first shares, and publishes their digests. Then it publishes the shares, so that nobody chooses
//!    one after seeing the others'.
//! 3. All first shares are there: each adds what it needs itself, the public key and what the second round works on, and publishes its
//!    second share.

use ckks_threshold::{Commitment, CommonRandomness, Contribution, Protocol, RelinearisationSum, Share};
use fhe_head::ckks::PublicKey;
use fhe_head::files::{Digest, Tag};
use head_joint::{Finished, finish, first_share, sum};
use serde::{Deserialize, Serialize};

use super::message;
use super::party::Party;
use super::place::share_name;
use super::session::Session;
use super::shares;
use super::wait::Progress;
use crate::args::PassphraseArgs;
use crate::console::Console;
use crate::exit::{Failure, Kind, Result};
use crate::files::keys::KeyFolder;
use crate::identity::Identity;
use crate::interrupt;

/// A party agrees to the session.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Join {
    /// Its commitment to a contribution to the common randomness.
    pub(crate) commitment: Digest,
    /// The key that messages to it are sealed to (age, X25519).
    pub(crate) recipient: String,
}

/// A party reveals its contribution.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Reveal {
    pub(crate) contribution: Tag<32>,
}

/// A party commits to its first shares.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Committed {
    /// The digest of each share, by the name of its file.
    pub(crate) shares: Vec<(String, Digest)>,
}

pub(crate) const JOIN: &str = "join";
pub(crate) const REVEAL: &str = "reveal";
pub(crate) const COMMITTED: &str = "committed";

/// The messages of one kind of all parties, or whose are missing.
///
/// # Errors
/// One that is not signed by its party, or of another session.
pub(crate) fn of_all<T: Serialize + serde::de::DeserializeOwned>(
    session: &Session,
    kind: &'static str,
) -> Result<Progress<Vec<T>>> {
    let (mut all, mut missing) = (Vec::new(), Vec::new());
    for party in 0..session.terms.parties() {
        let path = session.place.message(session.party(party).0, kind);
        match message::read(&path, kind, &session.digest, session.party(party))? {
            Some(message) => all.push(message),
            None => missing.push(party),
        }
    }
    Ok(match missing.is_empty() {
        true => Progress::Done(all),
        false => Progress::Waiting(format!("{} ({kind})", session.names(&missing))),
    })
}

/// The common randomness, once all have revealed their contributions.
///
/// # Errors
/// A contribution that is not the one that its party committed to.
pub(crate) fn common(session: &Session) -> Result<Progress<CommonRandomness>> {
    let joins: Vec<Join> = match of_all(session, JOIN)? {
        Progress::Done(joins) => joins,
        Progress::Waiting(what) => return Ok(Progress::Waiting(what)),
    };
    let reveals: Vec<Reveal> = match of_all(session, REVEAL)? {
        Progress::Done(reveals) => reveals,
        Progress::Waiting(what) => return Ok(Progress::Waiting(what)),
    };
    let commitments: Vec<_> = joins.iter().map(|join| Commitment(join.commitment.0)).collect();
    let contributions: Vec<_> = reveals.iter().map(|reveal| Contribution(reveal.contribution.0)).collect();
    CommonRandomness::finish(&session.protocols, &commitments, &contributions)
        .map(Progress::Done)
        .map_err(|error| session.refusal(error.into()))
}

/// A digest of messages, for the party's notes.
fn digest_of(messages: &impl Serialize) -> Result<Digest> {
    let text = serde_json::to_vec(messages)
        .map_err(|error| Failure::unexpected("cannot write messages as JSON").because(error))?;
    let mut hasher = blake3::Hasher::new_derive_key("train-head 2026-11 messages that a party answered");
    Ok(Tag(*hasher.update(&text).finalize().as_bytes()))
}

/// Does the party's part of making the keys, as far as the others' messages allow. Its public key is in its folder afterwards.
///
/// # Errors
/// Messages that are refused, or differ from those that were answered; a wrong passphrase; a failed write; ^C.
pub(crate) fn advance(
    session: &Session,
    party: &mut Party,
    passphrase: &PassphraseArgs,
    identity: &Identity,
    console: &Console,
) -> Result<Progress<PublicKey>> {
    let (name, index) = (session.party(party.index()).0, party.index());
    let joins: Vec<Join> = match of_all(session, JOIN)? {
        Progress::Done(joins) => joins,
        Progress::Waiting(what) => return Ok(Progress::Waiting(what)),
    };
    party.answer("the common randomness", digest_of(&joins)?)?;
    let reveal = session.place.message(name, REVEAL);
    if !reveal.exists() {
        let contribution = Tag(party.contribution().0);
        message::write(&reveal, REVEAL, &session.digest, Reveal { contribution }, identity)?;
    }
    let common = match common(session)? {
        Progress::Done(common) => common,
        Progress::Waiting(what) => return Ok(Progress::Waiting(what)),
    };

    let protocols = session.terms.first_round();
    let committed = session.place.message(name, COMMITTED);
    let staged = party.folder().join("first");
    if !committed.exists() {
        let secret = party.secret(session, passphrase)?;
        let progress = console.phase("first shares", protocols.len());
        let mut digests = Vec::new();
        for &protocol in &protocols {
            interrupt::check()?;
            let share = first_share(&secret, &common, protocol).map_err(|error| session.refusal(error))?;
            digests.push((share_name(&protocol), Tag(share.digest())));
            shares::write(&staged.join(share_name(&protocol)), session, common.key_id(), &share, identity)?;
            progress.step();
        }
        progress.done();
        message::write(&committed, COMMITTED, &session.digest, Committed { shares: digests }, identity)?;
    }
    let all: Vec<Committed> = match of_all(session, COMMITTED)? {
        Progress::Done(all) => all,
        Progress::Waiting(what) => return Ok(Progress::Waiting(what)),
    };
    party.answer("the first shares", digest_of(&all)?)?;
    publish_first(session, name, &staged, &protocols)?;

    let mut public = None;
    for &protocol in &protocols {
        let second = matches!(protocol, Protocol::RelinearisationOne { .. });
        if !second && protocol != Protocol::PublicKey {
            continue;
        }
        let added = match first_sum(session, &all, protocol)? {
            Progress::Done(sum) => sum,
            Progress::Waiting(what) => return Ok(Progress::Waiting(what)),
        };
        match finish(&session.protocols, &common, added).map_err(|error| session.refusal(error))? {
            Finished::Public(key) => public = Some(key),
            Finished::Relinearisation(sum) => {
                publish_second(session, (party, index), (&common, &sum), passphrase, identity)?;
            }
            Finished::Evaluation(_) => {}
        }
    }
    let Some(public) = public else {
        return Err(Failure::unexpected("no public key among the keys of the session"));
    };
    KeyFolder::at(party.folder()).write_public(&public)?;
    Ok(Progress::Done(public))
}

/// Copies the staged shares to the shared folder.
fn publish_first(
    session: &Session,
    name: &str,
    staged: &std::path::Path,
    protocols: &[Protocol],
) -> Result<()> {
    for protocol in protocols {
        let to = session.place.first(name, protocol);
        if to.exists() {
            continue;
        }
        let from = staged.join(share_name(protocol));
        let folder = to.parent().unwrap_or(session.place.folder());
        std::fs::create_dir_all(folder)
            .map_err(|error| Failure::io("create", folder, Kind::Unexpected, error))?;
        crate::files::copy(&from, &to)?;
    }
    if staged.exists() {
        std::fs::remove_dir_all(staged)
            .map_err(|error| Failure::io("remove", staged, Kind::Unexpected, error))?;
    }
    Ok(())
}

/// Publishes the second share, for one sum of first shares and no other.
fn publish_second(
    session: &Session,
    (party, index): (&mut Party, usize),
    (common, first): (&CommonRandomness, &RelinearisationSum),
    passphrase: &PassphraseArgs,
    identity: &Identity,
) -> Result<()> {
    party.answer("the relinearisation key", Tag(first.digest()))?;
    let path = session.place.second(session.party(index).0);
    if path.exists() {
        return Ok(());
    }
    let secret = party.secret(session, passphrase)?;
    let share = secret.relinearisation_two(common, first).map_err(|error| session.refusal(error.into()))?;
    shares::write(&path, session, common.key_id(), &share, identity)?;
    Ok(())
}

/// The sum of the first shares of all parties, each compared with the digest that its party committed to.
///
/// # Errors
/// A share that is damaged, not signed by its party, or not the one that it committed to; ^C.
pub(crate) fn first_sum(
    session: &Session,
    committed: &[Committed],
    protocol: Protocol,
) -> Result<Progress<ckks_threshold::Sum>> {
    let file = share_name(&protocol);
    added(session, protocol, |party| {
        let (name, _) = session.party(party);
        let path = session.place.first(name, &protocol);
        let Some(share) = shares::read(&path, session, party, protocol)? else { return Ok(None) };
        let promised = committed.get(party).and_then(|of| of.shares.iter().find(|(name, _)| *name == file));
        if promised.map(|(_, digest)| digest.0) != Some(share.digest()) {
            return Err(Failure::file(format!(
                "{}: it is not the share that {name} committed to",
                path.display()
            ))
            .help("all start a new session, with new keys (`joint create --attempt`)"));
        }
        Ok(Some(share))
    })
}

/// The sum of the second shares of all parties.
///
/// # Errors
/// As [`first_sum`].
pub(crate) fn second_sum(session: &Session, protocol: Protocol) -> Result<Progress<ckks_threshold::Sum>> {
    added(session, protocol, |party| {
        shares::read(&session.place.second(session.party(party).0), session, party, protocol)
    })
}

fn added(
    session: &Session,
    protocol: Protocol,
    share: impl Fn(usize) -> Result<Option<Share>>,
) -> Result<Progress<ckks_threshold::Sum>> {
    /// Whose share has not come, or a failure.
    enum Stop {
        Missing(usize),
        Failed(Failure),
        Refused(head_joint::Error),
    }
    impl From<head_joint::Error> for Stop {
        fn from(error: head_joint::Error) -> Self {
            Self::Refused(error)
        }
    }
    let of = |party| {
        interrupt::check().map_err(Stop::Failed)?;
        match share(party) {
            Ok(Some(share)) => Ok(share),
            Ok(None) => Err(Stop::Missing(party)),
            Err(failure) => Err(Stop::Failed(failure)),
        }
    };
    match sum(&session.protocols, protocol, of) {
        Ok(sum) => Ok(Progress::Done(sum)),
        Err(Stop::Missing(party)) => {
            Ok(Progress::Waiting(format!("{} ({protocol})", session.party(party).0)))
        }
        Err(Stop::Failed(failure)) => Err(failure),
        Err(Stop::Refused(error)) => Err(session.refusal(error)),
    }
}
