//! What parties deal to each other where a threshold of them decrypts: a share of each party's share of the secret, sealed to its receiver. With
//! what was dealt to it, a party decrypts without those who have left.

use ckks_threshold::{CommonRandomness, Deal};
use head_joint::Joining;

use super::party::Party;
use super::sealed;
use super::subject::Subject;
use super::wait::Progress;
use crate::exit::{Failure, Kind, Result};
use crate::identity::Identity;

const KIND: &str = "dealt share";

/// Publishes what the party deals to the others.
///
/// # Errors
/// A party that nothing can be sealed to; a failed write.
pub(crate) fn publish<S: Subject>(
    party: &mut Party<'_, S>,
    common: &CommonRandomness,
    joined: &[Joining],
    identity: &Identity,
) -> Result<()> {
    let (session, name) = (party.session(), party.name());
    if !party.steps().deals() {
        return Ok(());
    }
    for (receiver, joining) in joined.iter().enumerate() {
        let to = session.party(receiver).0;
        let path = session.place.deal(name, to);
        if receiver == party.index() || path.exists() {
            continue;
        }
        let recipient = sealed::recipient(&joining.recipient, to)?;
        let deal = party.steps().deal(common, receiver).map_err(|error| session.refusal(error))?;
        sealed::write(&path, (KIND, &session.digest), &deal.to_bytes(), &[recipient], identity)?;
    }
    Ok(())
}

/// Takes what all others have dealt to the party, and keeps it, sealed, in the party's folder: it is needed when the head is decrypted, and
/// those who dealt it may have left by then.
///
/// # Errors
/// A deal that is damaged, not sealed to the party, not signed by its dealer, or another than before.
pub(crate) fn keep<S: Subject>(party: &mut Party<'_, S>, common: &CommonRandomness) -> Result<Progress<()>> {
    let session = party.session();
    if !party.steps().deals() {
        return Ok(Progress::Done(()));
    }
    let others: Vec<usize> = (0..session.terms.parties()).filter(|&other| other != party.index()).collect();
    let opener = party.opener()?;
    let (mut deals, mut missing) = (Vec::new(), Vec::new());
    for &from in &others {
        let (name, key) = session.party(from);
        let kept = party.kept_deal(name);
        let path = if kept.exists() { kept } else { session.place.deal(name, party.name()) };
        if !path.exists() {
            missing.push(from);
            continue;
        }
        let bytes = sealed::read(&path, (KIND, &session.digest), (name, key), &opener)?;
        let level = session.terms.budget().level;
        let deal = Deal::from_bytes(&session.protocols, level, (from, party.index()), &bytes);
        deals.push(deal.map_err(|error| session.refusal(error.into()))?);
    }
    if !missing.is_empty() {
        return Ok(Progress::Waiting(format!("{} ({KIND})", session.names(&missing))));
    }
    party.steps().collect(common, &deals).map_err(|stop| session.stopped(stop))?;
    for &from in &others {
        let name = session.party(from).0;
        let kept = party.kept_deal(name);
        if kept.exists() {
            continue;
        }
        if let Some(folder) = kept.parent() {
            std::fs::create_dir_all(folder)
                .map_err(|error| Failure::io("create", folder, Kind::Unexpected, error))?;
        }
        crate::files::copy(&session.place.deal(name, party.name()), &kept)?;
    }
    Ok(Progress::Done(()))
}
