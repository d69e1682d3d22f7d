//! The compute party's work: keys from everybody's shares, the training on everybody's data; and the same again by whoever checks it.

use std::path::Path;
use std::sync::Arc;

use ckks_threshold::{Protocol, RelinearisationSum, relinearisation_key};
use fhe_head::ckks::EvaluationKeys;
use fhe_head::files::{DATA, Digest, Tag};
use fhe_head::server::{self, EncryptedBlock, EncryptedHead};
use head_joint::{Finished, finish};

use super::checks;
use super::data;
use super::keys::{committed, common, first_sum, second_sum};
use super::message::expect_signer;
use super::session::{Participant, Session};
use super::wait::{Progress, ready};
use crate::args::CheckpointArgs;
use crate::compute_party::checkpoint::Checkpoint;
use crate::compute_party::pace;
use crate::console::Console;
use crate::exit::{Failure, Kind, Result, read_failure};
use crate::files::ciphertexts::NewHead;
use crate::files::signed;
use crate::identity::{Identity, Trust};
use crate::interrupt::{self, RESUME};

/// What a training is for, and what it keeps meanwhile.
#[derive(Clone, Copy)]
pub(crate) struct Purpose<'a> {
    /// The file that will be written: the head, or the word of who computes it again. The checkpoint lies beside it.
    pub(crate) out: &'a Path,
    /// Whether the training is computed again.
    pub(crate) check: bool,
    pub(crate) checkpoints: CheckpointArgs,
    /// Who computes, and signs.
    pub(crate) identity: &'a Identity,
}

/// A trained head.
pub(crate) struct Trained<'a> {
    pub(crate) head: EncryptedHead,
    pub(crate) origin: fhe_head::files::Origin,
    /// Its place, which no other process can take meanwhile; `None` of a head that is computed again.
    out: Option<NewHead<'a>>,
    checkpoint: Checkpoint,
    /// Iterations that an earlier process did.
    pub(crate) resumed_after: usize,
    /// Seconds of the training, without reading and adding.
    pub(crate) seconds: f64,
}

/// Adds the shares of all keys, reads the data of all, and trains.
///
/// # Errors
/// Files that are missing, damaged, or not signed by their parties; a checkpoint that the flags do not ask to continue; those of the training; ^C.
pub(crate) fn train<'a>(
    session: &Session,
    purpose: Purpose<'a>,
    console: &Console,
) -> Result<Progress<Trained<'a>>> {
    let brought = ready!(data::brought(session)?);
    let missing = data::missing(session);
    if !missing.is_empty() {
        return Ok(Progress::Waiting(format!("{} (data)", session.names(&missing))));
    }
    let Purpose { out, check, checkpoints, identity } = purpose;
    let checkpoint = checkpoint(session, &brought, purpose)?;
    // begun here, so that a second training of this head is refused as long as this one runs
    let out = (!check).then(|| NewHead::create(out)).transpose()?;
    let keys = ready!(evaluation_keys(session, console)?);
    let origin = session.origin(keys.key_id());
    let progress = console.phase("load data", session.terms.parties());
    let mut blocks = Vec::new();
    for (party, file) in brought.iter().enumerate() {
        blocks.extend(part_of(session, (party, file), &keys)?);
        progress.step();
    }
    progress.done();
    let job = &session.terms.plan().job;
    let engine = server::engine(Arc::new(keys), job)?;
    let state = match checkpoints.resume && checkpoint.exists() {
        true => checkpoint.read(engine.keys(), job, &origin, &Trust::of_own(identity.public(), console))?,
        false => server::EncryptedState::default(),
    };
    let resumed_after = state.iteration;
    if resumed_after > 0 {
        interrupt::advise(RESUME);
        console.note(format!("continuing after iteration {resumed_after} of {}", job.iterations()));
    }
    let phase = console.phase("train", job.iterations());
    phase.start_from(resumed_after);
    let outcome = server::resume(&engine, job, &blocks, state, |state| {
        phase.set(state.iteration);
        if let Some(left) = pace::left(&engine, job, resumed_after, state.iteration, phase.elapsed()) {
            phase.expect(left);
        }
        checkpoint.after_iteration(job, &origin, state, identity)?;
        Ok::<_, Failure>(std::ops::ControlFlow::<std::convert::Infallible>::Continue(()))
    })?;
    let std::ops::ControlFlow::Continue(head) = outcome;
    let seconds = phase.done().as_secs_f64();
    Ok(Progress::Done(Trained { head, origin, out, checkpoint, resumed_after, seconds }))
}

/// The checkpoint of a training on the data that the parties named to all.
fn checkpoint(session: &Session, brought: &[Digest], purpose: Purpose<'_>) -> Result<Checkpoint> {
    let Purpose { out, checkpoints, .. } = purpose;
    let folder = out.parent().unwrap_or(session.place.folder());
    if purpose.check {
        std::fs::create_dir_all(folder)
            .map_err(|error| Failure::io("create", folder, Kind::Unexpected, error))?;
    }
    let inputs: Vec<u8> =
        std::iter::once(&session.digest).chain(brought).flat_map(|digest| digest.0).collect();
    let checkpoint = Checkpoint::beside(out, &inputs, checkpoints);
    checkpoint.expect_wanted(checkpoints, "who removes the file starts anew")?;
    Ok(checkpoint)
}

/// A party's part of the data: the file that it named to all.
fn part_of(
    session: &Session,
    (party, file): (usize, &Digest),
    keys: &EvaluationKeys,
) -> Result<Vec<EncryptedBlock>> {
    let (shown, reader) = data::named(session, (party, file))?;
    let (name, _) = session.party(party);
    reader.expect_kind(DATA).map_err(read_failure)?;
    reader.expect_key(keys.key_id()).map_err(read_failure)?;
    let (job, origin, part, blocks) = fhe_head::files::read_part(reader, keys.parameters())?;
    let ours = session.terms.part(party)?;
    if job != session.terms.plan().job || origin != session.origin(keys.key_id()) || part != ours {
        return Err(Failure::file(format!("{shown}: these are not the data that {name} agreed to bring"))
            .help(format!("{name} encrypts them for this session: `train-head joint encrypt`")));
    }
    Ok(blocks)
}

/// The evaluation keys, from the shares of all.
fn evaluation_keys(session: &Session, console: &Console) -> Result<Progress<EvaluationKeys>> {
    let common = ready!(common(session)?);
    let committed = ready!(committed(session)?);
    let mut keys = EvaluationKeys::new(session.terms.parameters(), common.key_id());
    let protocols = session.terms.first_round();
    let progress = console.phase("add shares", protocols.len());
    for protocol in protocols {
        progress.step();
        if protocol == Protocol::PublicKey {
            continue;
        }
        let first = ready!(first_sum(session, &committed, protocol)?);
        match finish(&session.protocols, &common, first).map_err(|error| session.refusal(error))? {
            Finished::Evaluation(key) => keys.insert(key).map_err(fhe_head::Error::from)?,
            Finished::Relinearisation(first) => {
                keys.insert(ready!(relinearisation(session, &common, first)?))
                    .map_err(fhe_head::Error::from)?;
            }
            Finished::Public(_) => {}
        }
    }
    progress.done();
    Ok(Progress::Done(keys))
}

fn relinearisation(
    session: &Session,
    common: &ckks_threshold::CommonRandomness,
    first: RelinearisationSum,
) -> Result<Progress<fhe_head::ckks::SwitchingKey>> {
    let Some(protocol) = session.terms.second_round() else {
        return Err(Failure::unexpected("no relinearisation key among the keys of the session"));
    };
    let second = ready!(second_sum(session, protocol)?);
    relinearisation_key(&session.protocols, common, first, second)
        .map(Progress::Done)
        .map_err(|error| session.refusal(error.into()))
}

/// Refuses an identity that is not the compute party's.
///
/// # Errors
/// It is another.
pub(crate) fn expect_computes(session: &Session, identity: &Identity) -> Result<()> {
    let (name, key) = session.computes();
    if identity.public() != key {
        return Err(Failure::usage(format!(
            "{} does not sign for {name}, the compute party that trains, which signs as {key}",
            identity.public()
        ))
        .help("--identity names the identity; `--check` computes the training again for those who check"));
    }
    Ok(())
}

/// Writes the head, signed by the compute party, and removes the checkpoint. Returns the size in bytes.
///
/// # Errors
/// A failed write.
pub(crate) fn write(
    session: &Session,
    trained: Trained<'_>,
    identity: &Identity,
    console: &Console,
) -> Result<u64> {
    let Trained { head, origin, out: Some(out), checkpoint, .. } = trained else {
        return Err(Failure::unexpected("a head that is computed again is not written"));
    };
    let bytes = out.write(&session.terms.plan().job, &origin, &head, identity)?;
    checkpoint.remove(console);
    Ok(bytes)
}

/// Who an identity checks for.
///
/// # Errors
/// An identity that may not check.
pub(crate) fn checker<'a>(session: &'a Session, identity: &Identity) -> Result<&'a Participant> {
    let key = identity.public();
    if key == session.computes().1 {
        return Err(Failure::usage("the compute party cannot check itself: another party does"));
    }
    session.checkers().find(|checker| checker.key == key).ok_or_else(|| {
        let names: Vec<&str> = session.checkers().map(|checker| checker.name.as_str()).collect();
        Failure::usage(format!("{key} signs for none of those who check ({})", names.join(", ")))
            .help("--identity names the identity whose public key the session holds")
    })
}

/// Compares a head that was computed again with the compute party's, and signs the one that was computed.
///
/// # Errors
/// They differ; a head that the compute party did not sign; an identity that may not check; a failed write.
pub(crate) fn check(
    session: &Session,
    trained: Trained<'_>,
    identity: &Identity,
    console: &Console,
) -> Result<()> {
    let checker = checker(session, identity)?;
    let (_, signed) = read(session, trained.origin.keys.unwrap_or_default())?;
    let computed = digest_of(&trained.head);
    checks::write(session, checker, computed, identity)?;
    trained.checkpoint.remove(console);
    if computed == signed {
        return Ok(());
    }
    Err(Failure::file(format!(
        "{}: computed again, the training gives another head than the one that {} signed: do not decrypt it",
        session.place.head().display(),
        session.computes().0
    ))
    .help(format!(
        "{} says so to the others, who decrypt nothing",
        session.place.check(&checker.name).display()
    )))
}

/// Stands for the bits of a head: those who compute it again sign this.
pub(crate) fn digest_of(head: &EncryptedHead) -> Digest {
    const PUBLIC: [u8; 32] = [0; 32];
    let mut hasher = blake3::Hasher::new_derive_key("train-head 2026-11 head of a joint training");
    hasher.update(&(head.iteration as u64).to_le_bytes()).update(&(head.weights.len() as u64).to_le_bytes());
    for vector in &head.weights {
        hasher.update(format!("{:?}", vector.scale()).as_bytes());
        vector.polys().iter().for_each(|poly| {
            hasher.update(&poly.keyed_digest(&PUBLIC));
        });
    }
    Tag(*hasher.finalize().as_bytes())
}

/// The digest of the head that the compute party signed.
///
/// # Errors
/// As [`read`]; also if the keys are not made, so that the head can be none of this session.
pub(crate) fn signed_digest(session: &Session) -> Result<Digest> {
    match common(session)? {
        Progress::Done(common) => {
            let keys = session.origin(common.key_id()).keys.unwrap_or_default();
            Ok(read(session, keys)?.1)
        }
        Progress::Waiting(what) => Err(Failure::file(format!("there is a head, but not yet {what}"))),
    }
}

/// The head that the compute party signed, and its digest. `keys` are those of the session.
///
/// # Errors
/// A file that is missing, damaged, of another session, or not signed by the compute party.
pub(crate) fn read(session: &Session, keys: Digest) -> Result<(EncryptedHead, Digest)> {
    let path = session.place.head();
    let shown = path.display().to_string();
    let mut opened = signed::open(&path)?;
    let signer = opened.signer()?;
    expect_signer(&shown, signer, session.computes())?;
    let reader = opened.unverified()?;
    let (job, origin, head) = fhe_head::files::read_head(reader, session.terms.parameters())?;
    let (run, plan) = (origin.run, origin.plan);
    let mut key = [0; 16];
    key.copy_from_slice(&keys.0[..16]);
    let ours = session.origin(fhe_head::ckks::KeyId(key));
    if job != session.terms.plan().job || (run, plan, origin.keys) != (ours.run, ours.plan, ours.keys) {
        return Err(Failure::file(format!("{shown}: a head of another session")));
    }
    let digest = digest_of(&head);
    Ok((head, digest))
}
