//! What the steps of a joint training and those of a session of sums share.

use std::path::Path;

use serde_json::json;

use crate::args::{JointCreateArgs, JointPartyArgs};
use crate::console::{Console, Outcome};
use crate::exit::{Failure, Result};
use crate::files::Access;
use crate::files::folder::OutputFolder;
use crate::identity::Identity;
use crate::joint::needs::Need;
use crate::joint::party::Party;
use crate::joint::place::Place;
use crate::joint::session::Participant;
use crate::joint::site::Site;
use crate::joint::subject::Subject;
use crate::joint::{Session, data};
use crate::plan::PlanFile;

/// Writes the files of a session.
pub(super) fn publish<S: Subject>(
    arguments: &JointCreateArgs,
    plan: &PlanFile,
    (agreed, compute): (S::Agreed, Vec<Participant>),
    identity: &Identity,
) -> Result<()> {
    let folder = OutputFolder::create(&arguments.out)?;
    let staged = Place::at(&folder.path(""));
    plan.write_for(&staged.plan(), Access::Shared)?;
    let participants =
        arguments.participants.iter().map(|p| Participant { name: p.name.clone(), key: p.key }).collect();
    let numbers = (arguments.recomputations, arguments.attempt);
    Session::<S>::write(&staged, agreed, (participants, compute), numbers, identity)?;
    folder.commit()
}

/// The party whose step it is.
pub(super) fn open<'a, S: Subject>(
    arguments: &JointPartyArgs,
    session: &'a Session<S>,
    identity: &Identity,
) -> Result<Party<'a, S>> {
    Party::open(&arguments.keys, session, identity, &arguments.passphrase)
}

/// Others have not sent what the step needs.
pub(super) fn waiting(what: &str) -> Outcome {
    Outcome {
        json: json!({ "done": false, "waiting_for": what }),
        text: format!(
            "done as far as possible; waiting for {what}: run the same command again when it has come"
        ),
    }
}

/// Refuses to encrypt again; a file of samples that was not named to all is named first.
pub(super) fn expect_not_encrypted<S: Subject>(
    (session, name): (&Session<S>, &str),
    path: &Path,
    site: &mut Site,
    identity: &Identity,
    console: &Console,
) -> Result<()> {
    if !path.exists() {
        return Ok(());
    }
    // killed in between
    if !session.place.message(name, data::BROUGHT).exists() {
        data::announce(session, (name, path), identity)?;
    }
    site.exchange(Need::Messages, name, console)?;
    Err(Failure::usage(format!("{} exists: {name} has encrypted its samples", path.display()))
        .help("remove it to encrypt others, as long as nobody has computed or decrypted with it"))
}
