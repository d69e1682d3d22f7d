//! Which parties decrypt, where a threshold of them does. Each member of the set names it before any makes a share, and names no other
//! afterwards: one share of a ciphertext, ever.

use head_joint::DecryptingSet;
use serde::{Deserialize, Serialize};

use super::message;
use super::party::Party;
use super::session::Session;
use super::wait::Progress;
use crate::exit::{Failure, Result};
use crate::identity::Identity;

/// The kind of the message.
pub(crate) const SET: &str = "set";

/// The parties that decrypt, by name, in the order of the session.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Named {
    set: Vec<String>,
}

/// The parties that decrypt, once each of them has named the same. This party names `wanted`, or else what another has named that it is of.
///
/// # Errors
/// Names that are none of the session's, or not as many as decrypt; another set than the one that this party has answered; messages that are
/// refused.
pub(crate) fn fix(
    party: &mut Party<'_>,
    wanted: Option<&[String]>,
    identity: &Identity,
) -> Result<Progress<Vec<usize>>> {
    let (session, own) = (party.session(), party.index());
    if !party.steps().deals() {
        return match wanted {
            Some(_) => Err(Failure::usage("--set: all parties of this session decrypt")
                .help("a session with `joint create --threshold` is decrypted by some of them")),
            None => Ok(Progress::Done((0..session.terms.parties()).collect())),
        };
    }
    let wanted = wanted.map(|names| parse(session, own, names)).transpose()?;
    let mut named = all(session)?;
    let answered = answered(party, named[own].as_ref());
    if let (Some(wanted), Some(answered)) = (&wanted, &answered)
        && wanted != answered
    {
        return Err(Failure::file(format!(
            "--set {}: {} has made its share with {}, and makes one share of a ciphertext, ever",
            session.names(wanted),
            party.name(),
            session.names(answered)
        ))
        .help("the others of that set decrypt with it; if one has left meanwhile, the head is lost"));
    }
    let choice = match answered.or(wanted) {
        Some(set) => Some(set),
        None if named[own].is_some() => None,
        None => match of(session, &named, Some(own))? {
            DecryptingSet::Named { set, .. } if set.contains(&own) => Some(set),
            _ => None,
        },
    };
    if let Some(set) = choice
        && named[own].as_ref() != Some(&set)
    {
        let names = set.iter().map(|&one| session.party(one).0.to_owned()).collect();
        let path = session.place.message(party.name(), SET);
        message::write(&path, SET, &session.digest, Named { set: names }, identity)?;
        named[own] = Some(set);
    }
    Ok(match of(session, &named, Some(own))? {
        DecryptingSet::Fixed(set) => Progress::Done(set),
        DecryptingSet::Named { set, missing } => Progress::Waiting(format!(
            "{} (to decrypt with {}: joint decrypt)",
            session.names(&missing),
            session.names(&set)
        )),
        DecryptingSet::Open => Progress::Waiting(format!(
            "a set of {} parties that decrypt (joint decrypt --set NAME,..)",
            session.protocols.threshold()
        )),
    })
}

/// The set that the party has made a share with, by its notes; if they were lost, the one that it named before its share left.
fn answered(party: &mut Party<'_>, named: Option<&Vec<usize>>) -> Option<Vec<usize>> {
    let ledger = party.steps().notes().ledger();
    let left = party.session().place.decryption(party.name()).exists();
    ledger.entries().last().map(|entry| entry.set.clone()).or_else(|| named.filter(|_| left).cloned())
}

/// The sets that the parties have named.
///
/// # Errors
/// A message that is damaged, of another session, not signed by its party, or names others than its parties.
pub(crate) fn all(session: &Session) -> Result<Vec<Option<Vec<usize>>>> {
    let of = |party: usize| {
        let (name, key) = session.party(party);
        let path = session.place.message(name, SET);
        let Some(Named { set }) = message::read(&path, SET, &session.digest, (name, key))? else {
            return Ok(None);
        };
        let unknown =
            |name: &String| Failure::file(format!("{}: there is no party {name:?}", path.display()));
        let index = |name: &String| index_of(session, name).ok_or_else(|| unknown(name));
        set.iter().map(index).collect::<Result<Vec<usize>>>().map(Some)
    };
    (0..session.terms.parties()).map(of).collect()
}

fn of(session: &Session, named: &[Option<Vec<usize>>], own: Option<usize>) -> Result<DecryptingSet> {
    DecryptingSet::of(&session.protocols, named, own).map_err(|error| session.refusal(error))
}

fn index_of(session: &Session, name: &str) -> Option<usize> {
    session.contents.participants.iter().position(|participant| participant.name == name)
}

/// The set of a flag.
fn parse(session: &Session, own: usize, names: &[String]) -> Result<Vec<usize>> {
    let flag = format!("--set {}", names.join(","));
    let mut set = Vec::new();
    for name in names {
        let index = index_of(session, name).ok_or_else(|| {
            let all: Vec<usize> = (0..session.terms.parties()).collect();
            Failure::usage(format!("{flag}: {name:?} is none of the data parties ({})", session.names(&all)))
        })?;
        set.push(index);
    }
    set.sort_unstable();
    set.dedup();
    let threshold = session.protocols.threshold();
    if set.len() != threshold || names.len() != threshold {
        return Err(Failure::usage(format!(
            "{flag}: {threshold} of {} parties decrypt, no more and no fewer",
            session.terms.parties()
        )));
    }
    if !set.contains(&own) {
        return Err(Failure::usage(format!("{flag}: {} is not of the set", session.party(own).0))
            .help("without --set it opens the head once the others have decrypted it"));
    }
    Ok(set)
}
