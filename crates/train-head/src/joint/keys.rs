//! Making keys. A party does what can be done, and notes what it answers before the answer leaves. Killed at any moment, it makes the very
//! same messages again.
//!
//! 1. All have joined: each with a commitment to its contribution to the common randomness. Then each reveals it.
//! 2. All have revealed: each makes its first shares, and publishes their digests. Then it publishes the shares, so that nobody chooses
//!    one after seeing the others'.
//! 3. All first shares are there: each adds what it needs itself, the public key and what the second round works on, and publishes its
//!    second share.
//!
//! Where a threshold of the parties decrypts, each deals with the first shares, and takes what was dealt to it with the second.

use ckks_threshold::{Commitment, CommonRandomness, Contribution, Protocol, RelinearisationSum, Share};
use fhe_head::ckks::PublicKey;
use fhe_head::files::{Digest, Tag};
use head_joint::{Finished, Joining, common_randomness, finish};
use serde::{Deserialize, Serialize};

use super::deals;
use super::message;
use super::party::Party;
use super::place::share_name;
use super::session::{Session, Stop};
use super::shares;
use super::subject::Subject;
use super::wait::{Progress, ready};
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

impl Join {
    /// As the protocols take it.
    pub(crate) fn joining(&self) -> Joining {
        Joining { commitment: Commitment(self.commitment.0), recipient: self.recipient.clone() }
    }
}

impl From<Joining> for Join {
    fn from(joining: Joining) -> Self {
        Self { commitment: Tag(joining.commitment.0), recipient: joining.recipient }
    }
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

impl Committed {
    /// As the protocols take it: in the order of the keys.
    fn digests<S: Subject>(&self, session: &Session<S>, name: &str) -> Result<head_joint::Committed> {
        let digest = |protocol: &Protocol| {
            let file = share_name(protocol);
            self.shares.iter().find(|(known, _)| *known == file).map(|(_, digest)| digest.0).ok_or_else(
                || {
                    let path = session.place.message(name, COMMITTED);
                    Failure::file(format!("{}: {name} has committed to no {protocol}", path.display()))
                        .help("all start a new session, with new keys (`joint create --attempt`)")
                },
            )
        };
        session.terms.first_round().iter().map(digest).collect::<Result<_>>().map(head_joint::Committed)
    }
}

pub(crate) const JOIN: &str = "join";
pub(crate) const REVEAL: &str = "reveal";
pub(crate) const COMMITTED: &str = "committed";

/// The messages of one kind of all parties, or whose are missing.
///
/// # Errors
/// One that is not signed by its party, or of another session.
pub(crate) fn of_all<T: Serialize + serde::de::DeserializeOwned, S: Subject>(
    session: &Session<S>,
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

/// Who has joined, once all have.
///
/// # Errors
/// As [`of_all`].
pub(crate) fn joined<S: Subject>(session: &Session<S>) -> Result<Progress<Vec<Joining>>> {
    let joins: Vec<Join> = ready!(of_all(session, JOIN)?);
    Ok(Progress::Done(joins.iter().map(Join::joining).collect()))
}

/// The contributions to the common randomness, once all have revealed them.
fn revealed<S: Subject>(session: &Session<S>) -> Result<Progress<Vec<Contribution>>> {
    let reveals: Vec<Reveal> = ready!(of_all(session, REVEAL)?);
    Ok(Progress::Done(reveals.iter().map(|reveal| Contribution(reveal.contribution.0)).collect()))
}

/// The common randomness, once all have revealed their contributions.
///
/// # Errors
/// A contribution that is not the one that its party committed to.
pub(crate) fn common<S: Subject>(session: &Session<S>) -> Result<Progress<CommonRandomness>> {
    let joined = ready!(joined(session)?);
    let revealed = ready!(revealed(session)?);
    common_randomness(&session.protocols, &joined, &revealed)
        .map(Progress::Done)
        .map_err(|error| session.refusal(error))
}

/// The same, for a party: of those alone that it revealed its contribution to.
///
/// # Errors
/// As [`common`]; others have joined since.
pub(crate) fn common_of<S: Subject>(party: &mut Party<'_, S>) -> Result<Progress<CommonRandomness>> {
    let session = party.session();
    let joined = ready!(joined(session)?);
    let revealed = ready!(revealed(session)?);
    let common = party.steps().common(&joined, &revealed);
    common.map(Progress::Done).map_err(|error| session.refusal(error))
}

/// What all have committed to, once all have.
///
/// # Errors
/// A party that has not committed to a share of each key.
pub(crate) fn committed<S: Subject>(session: &Session<S>) -> Result<Progress<Vec<head_joint::Committed>>> {
    let all: Vec<Committed> = ready!(of_all(session, COMMITTED)?);
    let of = |(party, committed): (usize, &Committed)| committed.digests(session, session.party(party).0);
    all.iter().enumerate().map(of).collect::<Result<_>>().map(Progress::Done)
}

/// Does the party's part of making the keys, as far as the others' messages allow. Its public key is in its folder afterwards.
///
/// # Errors
/// Messages that are refused, or differ from those that were answered; a failed write; ^C.
pub(crate) fn advance<S: Subject>(
    party: &mut Party<'_, S>,
    identity: &Identity,
    console: &Console,
) -> Result<Progress<PublicKey>> {
    let (session, name) = (party.session(), party.name());
    let joined = ready!(joined(session)?);
    let contribution = party.steps().reveal(&joined).map_err(|stop| session.stopped(stop))?;
    let contribution = Tag(contribution.0);
    let path = session.place.message(name, REVEAL);
    if !path.exists() {
        message::write(&path, REVEAL, &session.digest, Reveal { contribution }, identity)?;
    }
    let common = ready!(common_of(party)?);

    commit(party, &common, identity, console)?;
    deals::publish(party, &common, &joined, identity)?;
    let committed = ready!(committed(session)?);
    party.steps().show(&committed).map_err(|stop| session.stopped(stop))?;
    publish_first(party, &common, identity)?;

    let mut public = None;
    for protocol in session.terms.first_round() {
        let second = matches!(protocol, Protocol::RelinearisationOne { .. });
        if !second && protocol != Protocol::PublicKey {
            continue;
        }
        let added = ready!(first_sum(session, &committed, protocol)?);
        match finish(&session.protocols, &common, added).map_err(|error| session.refusal(error))? {
            Finished::Public(key) => public = Some(key),
            Finished::Relinearisation(first) => publish_second(party, (&common, &first), identity)?,
            Finished::Evaluation(_) => {}
        }
    }
    ready!(deals::keep(party, &common)?);
    let Some(public) = public else {
        return Err(Failure::unexpected("no public key among the keys of the session"));
    };
    KeyFolder::at(party.folder()).write_public(&public)?;
    Ok(Progress::Done(public))
}

/// Makes the party's first shares, keeps them in its folder, and publishes their digests.
fn commit<S: Subject>(
    party: &mut Party<'_, S>,
    common: &CommonRandomness,
    identity: &Identity,
    console: &Console,
) -> Result<()> {
    let session = party.session();
    let path = session.place.message(party.name(), COMMITTED);
    if path.exists() {
        return Ok(());
    }
    let (staged, protocols) = (staged(party), session.terms.first_round());
    let progress = console.phase("first shares", protocols.len());
    let mut digests = Vec::new();
    for protocol in protocols {
        interrupt::check()?;
        let share = party.steps().first_share(common, protocol).map_err(|error| session.refusal(error))?;
        let file = share_name(&protocol);
        shares::write(&staged.join(&file), session, common.key_id(), &share, identity)?;
        digests.push((file, Tag(share.digest())));
        progress.step();
    }
    progress.done();
    message::write(&path, COMMITTED, &session.digest, Committed { shares: digests }, identity)
}

/// Where the first shares wait until all have committed to theirs.
fn staged<S: Subject>(party: &Party<'_, S>) -> std::path::PathBuf {
    party.folder().join("first")
}

/// Copies the staged shares to the shared folder. One that is staged no more, since it was published before, is made again: it is the same.
fn publish_first<S: Subject>(
    party: &mut Party<'_, S>,
    common: &CommonRandomness,
    identity: &Identity,
) -> Result<()> {
    let (session, staged) = (party.session(), staged(party));
    for protocol in session.terms.first_round() {
        let to = session.place.first(party.name(), &protocol);
        if to.exists() {
            continue;
        }
        let from = staged.join(share_name(&protocol));
        if !from.exists() {
            let share =
                party.steps().first_share(common, protocol).map_err(|error| session.refusal(error))?;
            shares::write(&to, session, common.key_id(), &share, identity)?;
            continue;
        }
        let folder = to.parent().unwrap_or(session.place.folder());
        std::fs::create_dir_all(folder)
            .map_err(|error| Failure::io("create", folder, Kind::Unexpected, error))?;
        crate::files::copy(&from, &to)?;
    }
    if staged.exists() {
        std::fs::remove_dir_all(&staged)
            .map_err(|error| Failure::io("remove", &staged, Kind::Unexpected, error))?;
    }
    Ok(())
}

/// Publishes the second share, for one sum of first shares and no other.
fn publish_second<S: Subject>(
    party: &mut Party<'_, S>,
    (common, first): (&CommonRandomness, &RelinearisationSum),
    identity: &Identity,
) -> Result<()> {
    let session = party.session();
    let path = session.place.second(party.name());
    if path.exists() {
        return Ok(());
    }
    let share = party.steps().second_share(common, first).map_err(|stop| session.stopped(stop))?;
    shares::write(&path, session, common.key_id(), &share, identity)?;
    Ok(())
}

/// The sum of the first shares of all parties, each compared with the digest that its party committed to.
///
/// # Errors
/// A share that is damaged, not signed by its party, or not the one that it committed to; ^C.
pub(crate) fn first_sum<S: Subject>(
    session: &Session<S>,
    committed: &[head_joint::Committed],
    protocol: Protocol,
) -> Result<Progress<ckks_threshold::Sum>> {
    let share = |party| {
        let path = session.place.first(session.party(party).0, &protocol);
        share_of(session, &path, party, protocol)
    };
    added(session, head_joint::first_sum(&session.terms, &session.protocols, committed, protocol, share))
}

/// The sum of the second shares of all parties.
///
/// # Errors
/// A share that is damaged, or not signed by its party; ^C.
pub(crate) fn second_sum<S: Subject>(
    session: &Session<S>,
    protocol: Protocol,
) -> Result<Progress<ckks_threshold::Sum>> {
    let share = |party| share_of(session, &session.place.second(session.party(party).0), party, protocol);
    added(session, head_joint::sum(&session.protocols, protocol, share))
}

/// Why a sum stopped.
enum Unfinished {
    /// A share has not come.
    Missing(String),
    Stopped(Stop),
}

impl From<head_joint::Error> for Unfinished {
    fn from(error: head_joint::Error) -> Self {
        Self::Stopped(error.into())
    }
}

fn share_of<S: Subject>(
    session: &Session<S>,
    path: &std::path::Path,
    party: usize,
    protocol: Protocol,
) -> Result<Share, Unfinished> {
    let read = interrupt::check().and_then(|()| shares::read(path, session, party, protocol));
    match read.map_err(|failure| Unfinished::Stopped(failure.into()))? {
        Some(share) => Ok(share),
        None => Err(Unfinished::Missing(format!("{} ({protocol})", session.party(party).0))),
    }
}

fn added<S: Subject>(
    session: &Session<S>,
    sum: Result<ckks_threshold::Sum, Unfinished>,
) -> Result<Progress<ckks_threshold::Sum>> {
    match sum {
        Ok(sum) => Ok(Progress::Done(sum)),
        Err(Unfinished::Missing(what)) => Ok(Progress::Waiting(what)),
        Err(Unfinished::Stopped(stop)) => Err(session.stopped(stop)),
    }
}
