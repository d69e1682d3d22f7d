//! A party's own samples: those that it encrypts, and those that stay at home to compare heads on.

use std::path::Path;

use fhe_head::ckks::PublicKey;
use fhe_head::files::Digest;
use head_fit::Data;
use ndarray::Array2;
use serde::{Deserialize, Serialize};

use super::keys::of_all;
use super::message;
use super::party::Party;
use super::session::Session;
use super::subject::Subject;
use super::wait::{Progress, ready};
use crate::args::FeatureDataArgs;
use crate::console::Console;
use crate::exit::{Failure, Kind, Result};
use crate::files::keys::KeyFolder;
use crate::files::signed::{self, SignedReader};
use crate::identity::Identity;
use crate::interrupt;
use crate::plan::PlanFile;
use crate::samples::{self, Matrix, Wanted, split};

/// A party's samples, split.
pub(crate) struct OwnData {
    /// To train on.
    pub(crate) training: Matrix,
    /// To compare heads on; `None` if all are trained on.
    pub(crate) test: Option<Matrix>,
}

impl OwnData {
    /// Reads samples by the columns and labels of the session.
    ///
    /// # Errors
    /// Samples of other columns, labels or encoder than the session's; a share that leaves a class without samples.
    pub(crate) fn read(
        plan: &PlanFile,
        source: &FeatureDataArgs,
        (share, seed): (f64, u64),
        console: &Console,
    ) -> Result<Self> {
        let matrix = by_plan(plan, source, console)?;
        // refuses another number of features and another encoder
        plan.features(&matrix)?;
        let y = matrix.encode_labels(plan.vocabulary(), "this party's data")?;
        if share == 0.0 {
            return Ok(Self { training: matrix, test: None });
        }
        if !(share > 0.0 && share < 1.0) {
            return Err(Failure::usage(format!("--test-size {share}: must be 0, or between 0 and 1")));
        }
        let parts = split(plan.vocabulary(), &y, matrix.groups.as_ref(), share, seed)
            .map_err(|error| Failure::usage(format!("--test-size {share}")).because(error))?;
        let (training, test) = (matrix.select(&parts.train), matrix.select(&parts.test));
        Ok(Self { training, test: Some(test) })
    }
}

/// Labelled samples, by the columns and labels of a plan.
///
/// # Errors
/// Samples of other columns or labels than the plan's.
pub(crate) fn by_plan(plan: &PlanFile, source: &FeatureDataArgs, console: &Console) -> Result<Matrix> {
    let wanted = Wanted {
        labels: true,
        labels_as: plan.vocabulary().labels_as(),
        known: Some(plan.known()),
        ..Wanted::default()
    };
    samples::read(&source.resolve()?, wanted, console)?.matrix(None, plan.recipe(), console)
}

/// Samples with their encoded labels, of the session's classes, as the library takes them.
///
/// # Errors
/// Samples that no training takes.
pub(crate) fn of_session<'a>(session: &Session, matrix: &'a Matrix, y: &'a Array2<f64>) -> Result<Data<'a>> {
    Data::new(matrix.x.view(), y.column(0))
        .and_then(|data| data.with_classes(session.terms.classes()))
        .map_err(|error| Failure::of(Kind::Data, error.to_string()))
}

/// A party says which file its samples are, so that the others need not have it to know what was trained on.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Brought {
    /// Digest of the file.
    pub(crate) file: Digest,
}

pub(crate) const BROUGHT: &str = "data";

/// Says which file a party's samples, or its sums, are.
///
/// # Errors
/// A file that cannot be read; a failed write; ^C.
pub(crate) fn announce<S: Subject>(
    session: &Session<S>,
    (name, file): (&str, &Path),
    identity: &Identity,
) -> Result<()> {
    let file = signed::digest_of_file(file)?;
    message::write(
        &session.place.message(name, BROUGHT),
        BROUGHT,
        &session.digest,
        Brought { file },
        identity,
    )
}

/// The digests of the samples of all, once all have said them.
///
/// # Errors
/// A message that is damaged, of another session, or not signed by its party.
pub(crate) fn brought<S: Subject>(session: &Session<S>) -> Result<Progress<Vec<Digest>>> {
    let all: Vec<Brought> = ready!(of_all(session, BROUGHT)?);
    Ok(Progress::Done(all.into_iter().map(|brought| brought.file).collect()))
}

/// Opens what a party brings: the file that it named to all, signed by it. Its name comes along, for what is said of it.
///
/// # Errors
/// Another file than the one that was named, or one that the party did not sign.
pub(crate) fn named<S: Subject>(
    session: &Session<S>,
    (party, file): (usize, &Digest),
) -> Result<(String, SignedReader)> {
    let (name, key) = session.party(party);
    let path = session.place.data(name);
    let shown = path.display().to_string();
    if signed::digest_of_file(&path)? != *file {
        return Err(Failure::file(format!("{shown}: not the file that {name} named to all"))
            .help("copy it again; if it stays so, all start a new session"));
    }
    let mut opened = signed::open(&path)?;
    let signer = opened.signer()?;
    message::expect_signer(&shown, signer, (name, key))?;
    Ok((shown, opened.unverified()?))
}

/// The public key of all parties, which is in the party's folder once the keys are made.
///
/// # Errors
/// It is not there yet, or damaged.
pub(crate) fn public_key<S: Subject>(party: &Party<'_, S>) -> Result<PublicKey> {
    let keys = KeyFolder::at(party.folder());
    if !keys.public().exists() {
        return Err(Failure::file(format!(
            "{} is not there: the keys are not made yet",
            keys.public().display()
        ))
        .help("`train-head joint keys` makes them, together with the other parties"));
    }
    keys.read_public(party.session().terms.parameters())
}

/// The parties whose encrypted samples or sums are not there.
pub(crate) fn missing<S: Subject>(session: &Session<S>) -> Vec<usize> {
    let is_missing = |&party: &usize| !session.place.data(session.party(party).0).exists();
    (0..session.terms.parties()).filter(is_missing).collect()
}

/// What was encrypted.
pub(crate) struct Encrypted {
    pub(crate) samples: usize,
    pub(crate) bytes: u64,
}

/// Checks a party's samples against the terms, encrypts them and writes them to the shared folder.
///
/// # Errors
/// Samples that the terms do not hold for; keys that are not made yet; a failed write; ^C.
pub(crate) fn encrypt(
    party: &mut Party<'_>,
    training: &Matrix,
    identity: &Identity,
    console: &Console,
) -> Result<Encrypted> {
    let session = party.session();
    let public = public_key(party)?;
    let y = training.encode_labels(session.plan.vocabulary(), "this party's data")?;
    let data = of_session(session, training, &y)?;
    let name = party.name();
    let path = session.place.data(name);
    let total = session.terms.part(party.index())?.count * session.terms.plan().job.layout().count();
    let party = party.steps();
    let samples = party.samples(&data)?;
    let encryptor = party.encryptor(&public, &samples)?;
    let progress = console.phase("encrypt", total);
    let origin = session.origin(public.key_id());
    let bytes = signed::write(&path, identity, |file, shown| {
        fhe_head::files::write_data(file, shown, &encryptor, &origin, |done| {
            progress.set(done);
            interrupt::check()
        })
        .map(|_| ())
    })?;
    progress.done();
    announce(session, (name, &path), identity)?;
    Ok(Encrypted { samples: data.len(), bytes })
}
