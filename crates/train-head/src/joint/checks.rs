//! Who has computed the training again. Each signs the head that it computed; shares of the decryption go only to one that enough have signed
//! and nobody else's differs from.

use fhe_head::files::Digest;
use serde::{Deserialize, Serialize};

use super::message;
use super::session::{Participant, Session};
use super::wait::Progress;
use crate::exit::{Failure, Result};
use crate::identity::Identity;

/// Somebody has computed the training again.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Checked {
    /// Stands for the bits of the head that it computed.
    head: Digest,
}

/// The kind of the message.
pub(crate) const CHECKED: &str = "checked";

/// Signs the head that a party computed.
///
/// # Errors
/// A failure of the operating system.
pub(crate) fn write(
    session: &Session,
    checker: &Participant,
    head: Digest,
    identity: &Identity,
) -> Result<()> {
    message::write(&session.place.check(&checker.name), CHECKED, &session.digest, Checked { head }, identity)
}

/// What has come of each who may check: whether the head is the one that it computed; `None` if it has not.
///
/// # Errors
/// A message that is damaged, of another session, or not signed by its party.
pub(crate) fn of<'a>(session: &'a Session, head: &Digest) -> Result<Vec<(&'a Participant, Option<bool>)>> {
    let of = |checker: &'a Participant| {
        let path = session.place.check(&checker.name);
        let check: Option<Checked> =
            message::read(&path, CHECKED, &session.digest, (&checker.name, checker.key))?;
        Ok((checker, check.map(|check| check.head == *head)))
    };
    session.checkers().map(of).collect()
}

/// Refuses a head that somebody has computed otherwise, and waits until enough have signed it.
///
/// # Errors
/// A head that somebody has computed otherwise, by name; as [`of`].
pub(crate) fn expect(session: &Session, head: &Digest) -> Result<Progress<()>> {
    let checks = of(session, head)?;
    if let Some((checker, _)) = checks.iter().find(|(_, same)| *same == Some(false)) {
        let (computes, name) = (session.computes().0, &checker.name);
        return Err(Failure::file(format!(
            "{}: {name} has computed the training again, with another head than the one that {computes} signed",
            session.place.check(name).display()
        ))
        .help(format!(
            "nobody decrypts until they agree: {computes} trains again, or {name} computes it again \
             (`train-head joint train --check`)"
        )));
    }
    let signed = checks.iter().filter(|(_, same)| *same == Some(true)).count();
    Ok(match session.contents.recomputations.saturating_sub(signed) {
        0 => Progress::Done(()),
        left => Progress::Waiting(format!("{left} more to compute the training again (joint train --check)")),
    })
}
