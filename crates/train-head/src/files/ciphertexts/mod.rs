//! Files of ciphertexts, in the formats of [`fhe_head::files`]. The compute party gets encrypted data and samples to score, and gives
//! back encrypted heads and scores. What the data party writes and decrypts is in `data_party`.

#[cfg(feature = "data-party")]
mod data_party;

use std::fs::File;
use std::io::{BufReader, Take};
use std::path::Path;
use std::time::{Duration, Instant};

use fhe_head::ckks::serial::{AtomicFile, FileKind};
use fhe_head::ckks::{Ciphertext, EvaluationKeys, KeyId, Parameters};
use fhe_head::collective::Share;
use fhe_head::files::{DATA, HEAD, Origin, SAMPLES, STATE, SampleBlocks, ScoreWriter};
use fhe_head::server::{EncryptedHead, EncryptedState, Scorer};
use fhe_head::{Job, StoredBlocks};

use super::signed::{self, SignedReader};
use super::{Access, create};
use crate::console::Console;
use crate::exit::{Failure, Kind, Result, read_failure, write_failure};
use crate::identity::{Identity, PublicKey, Role, Trust};

#[cfg(feature = "data-party")]
pub(crate) use data_party::read_scores;

/// Passes over the samples for which nothing is kept: memory that is touched for the first time costs as much as another reading, and more
/// where samples are many (docs/notes/memory.md).
const FEW_PASSES: usize = 2;

/// Encrypted data to train on.
pub(crate) struct TrainingData {
    /// The public description of the training.
    pub(crate) job: Job,
    /// The run, and what else they belong to.
    pub(crate) origin: Origin,
    /// The samples.
    pub(crate) blocks: StoredBlocks,
    /// The state before the first iteration.
    pub(crate) start: EncryptedState,
}

/// Opens encrypted data to train on with `keys`, of which this process trains on its share, and keeps blocks of at most `kept` bytes in
/// memory.
///
/// # Errors
/// A file that is damaged, of another kind, of another key or parameter set, or not signed by whom it must be.
pub(crate) fn read_data(
    path: &Path,
    keys: &EvaluationKeys,
    (share, kept): (Share, u64),
    trust: &Trust,
    console: &Console,
) -> Result<TrainingData> {
    let progress = console.phase("check data", 1);
    let opened = expect_under(path, DATA, (keys.parameters(), keys.key_id()))?;
    let (file, length, name) = opened.verified_file(trust, Role::Data)?;
    let (job, origin, mut blocks, start) =
        fhe_head::files::open_data(file, length, &name, keys.parameters())?;
    progress.done();
    blocks.deal(job.deal(), share);
    let passes = job.iterations().div_ceil(job.packing().batches());
    let (kept, count) = match passes > FEW_PASSES {
        true => (blocks.keep(kept), blocks.mine()),
        false => (0, 0),
    };
    if kept < count {
        let what = format!(
            "{kept} of {count} blocks of samples fit into memory; the others are read in each iteration"
        );
        console.note(what);
    }
    Ok(TrainingData { job, origin, blocks, start })
}

/// An encrypted head that is going to be written. Meanwhile no other process can write to its place.
pub(crate) struct NewHead<'a> {
    path: &'a Path,
    file: AtomicFile,
}

impl<'a> NewHead<'a> {
    /// Takes the place of a head, and removes what killed processes left beside it.
    ///
    /// # Errors
    /// Another process has it; a failure of the operating system.
    pub(crate) fn create(path: &'a Path) -> Result<Self> {
        let file = create(path, Access::Shared)?;
        AtomicFile::remove_abandoned(path).map_err(write_failure)?;
        Ok(Self { path, file })
    }

    /// Writes the head. Returns the size in bytes.
    ///
    /// # Errors
    /// A failed write.
    pub(crate) fn write(
        self,
        job: &Job,
        origin: &Origin,
        head: &EncryptedHead,
        identity: &Identity,
    ) -> Result<u64> {
        signed::write_to(self.file, self.path, identity, |file, name| {
            fhe_head::files::write_head(file, name, job, origin, head)?;
            Ok(())
        })
    }
}

/// Writes an encrypted head. Returns the size in bytes.
///
/// # Errors
/// A failed write.
pub(crate) fn write_head(
    path: &Path,
    job: &Job,
    origin: &Origin,
    head: &EncryptedHead,
    identity: &Identity,
) -> Result<u64> {
    NewHead::create(path)?.write(job, origin, head, identity)
}

/// Writes the encrypted state after an iteration: a checkpoint.
///
/// # Errors
/// A failed write.
pub(crate) fn write_state(
    path: &Path,
    job: &Job,
    origin: &Origin,
    state: &EncryptedState,
    identity: &Identity,
) -> Result<()> {
    signed::write(path, identity, |file, name| {
        fhe_head::files::write_state(file, name, job, origin, state)?;
        Ok(())
    })?;
    Ok(())
}

/// Reads a checkpoint of the training of `job` with `keys`.
///
/// # Errors
/// A file that is damaged, of another kind, of another key or parameter set, of another training, or not signed by whom it must be.
pub(crate) fn read_state(
    path: &Path,
    keys: &EvaluationKeys,
    job: &Job,
    origin: &Origin,
    trust: &Trust,
) -> Result<EncryptedState> {
    let reader = open_under(path, STATE, (keys.parameters(), keys.key_id()), (trust, Role::Compute))?;
    let (found, from, state) = fhe_head::files::read_state(reader, keys.parameters())?;
    if found != *job || from != *origin || state.iteration >= job.iterations() {
        return Err(Failure::file(format!("{}: a checkpoint of another training", path.display()))
            .help("remove it to start anew"));
    }
    Ok(state)
}

/// Reads an encrypted head, which must be under the key with this id, with the job and the origin of its training.
///
/// # Errors
/// A file that is damaged, of another kind, of another key or parameter set, or not signed by whom it must be.
pub(crate) fn read_head(
    path: &Path,
    parameters: &Parameters,
    key_id: KeyId,
    trust: &Trust,
) -> Result<(Job, Origin, EncryptedHead)> {
    let reader = open_under(path, HEAD, (parameters, key_id), (trust, Role::Compute))?;
    Ok(fhe_head::files::read_head(reader, parameters)?)
}

/// Encrypted samples: the job of the head that they were encrypted for, what they belong to, and one list of ciphertexts per block.
pub(crate) type Samples = (Job, Origin, Vec<Vec<Ciphertext>>);

/// Reads samples to score with `keys`.
///
/// # Errors
/// A file that is damaged, of another kind, of another key or parameter set, or not signed by whom it must be.
pub(crate) fn read_samples(path: &Path, keys: &EvaluationKeys, trust: &Trust) -> Result<Samples> {
    let reader = open_under(path, SAMPLES, (keys.parameters(), keys.key_id()), (trust, Role::Data))?;
    Ok(fhe_head::files::read_samples(reader, keys.parameters())?)
}

/// Encrypted samples of which a block is read at a time.
pub(crate) type OpenSamples = (Job, Origin, SampleBlocks<BufReader<Take<File>>>);

/// Opens samples to score with `keys`.
///
/// # Errors
/// A file that is damaged, of another kind, of another key or parameter set, or not signed by whom it must be.
pub(crate) fn open_samples(path: &Path, keys: &EvaluationKeys, trust: &Trust) -> Result<OpenSamples> {
    let reader = open_under(path, SAMPLES, (keys.parameters(), keys.key_id()), (trust, Role::Data))?;
    Ok(fhe_head::files::open_samples(reader, keys.parameters())?)
}

/// Whether a file holds samples of this origin under this key, encrypted for the head of `job` and signed by `signer`. One that is damaged, or
/// another's, does not.
///
/// # Errors
/// ^C.
pub(crate) fn holds_samples(
    path: &Path,
    under: (&Parameters, KeyId),
    (job, origin): (&Job, &Origin),
    signer: PublicKey,
) -> Result<bool> {
    let found = || -> Result<bool> {
        let mut opened = expect_under(path, SAMPLES, under)?;
        if opened.signer()? != Some(signer) {
            return Ok(false);
        }
        // whoever signed it wrote it whole
        let (wanted, from, _) = fhe_head::files::open_samples(opened.unverified()?, under.0)?;
        Ok(wanted == *job && from == *origin)
    };
    match found() {
        Err(failure) if failure.kind() != Kind::Interrupted => Ok(false),
        found => found,
    }
}

/// Writes the scores of the head of `job` after `iteration` iterations. Returns the size in bytes.
///
/// # Errors
/// A failed write.
pub(crate) fn write_scores(
    path: &Path,
    (job, origin): (&Job, &Origin),
    iteration: usize,
    scores: &[Vec<Ciphertext>],
    identity: &Identity,
) -> Result<u64> {
    signed::write(path, identity, |file, name| {
        fhe_head::files::write_scores(file, name, job, origin, iteration, scores)?;
        Ok(())
    })
}

/// Scores samples block by block with the head of `job` after `iteration` iterations, and writes the scores. `observe` gets the number of
/// blocks that are done. Returns the size in bytes, and how long the scoring took.
///
/// # Errors
/// A block that is damaged; a failed scoring or write; those of `observe`.
pub(crate) fn score_into(
    path: &Path,
    (job, origin, iteration): (&Job, &Origin, usize),
    scorer: &Scorer<'_>,
    keys: &EvaluationKeys,
    samples: SampleBlocks<BufReader<Take<File>>>,
    identity: &Identity,
    observe: impl Fn(usize) -> Result<()>,
) -> Result<(u64, Duration)> {
    let mut took = Duration::ZERO;
    let bytes = signed::write(path, identity, |file, name| {
        let of = (job, origin, iteration);
        let under = (keys.parameters(), keys.key_id());
        let mut out = ScoreWriter::begin(file, name, of, under, samples.left())?;
        for (done, block) in (1..).zip(samples) {
            let (block, start) = (block?, Instant::now());
            let scores = scorer.block(&block)?;
            took += start.elapsed();
            out.block(&scores)?;
            observe(done)?;
        }
        out.finish()?;
        Ok(())
    })?;
    Ok((bytes, took))
}

/// Opens a file, which must be of a kind, a parameter set and a key, and signed by a party.
fn open_under(
    path: &Path,
    kind: FileKind,
    (parameters, key_id): (&Parameters, KeyId),
    (trust, role): (&Trust, Role),
) -> Result<SignedReader> {
    expect_under(path, kind, (parameters, key_id))?.verified(trust, role)
}

/// Opens a file, which must be of a kind, a parameter set and a key.
fn expect_under(
    path: &Path,
    kind: FileKind,
    (parameters, key_id): (&Parameters, KeyId),
) -> Result<signed::Opened> {
    let opened = signed::open(path)?;
    let reader = opened.reader();
    reader.expect_kind(kind).map_err(read_failure)?;
    reader.expect_parameters(parameters).map_err(read_failure)?;
    reader.expect_key(key_id).map_err(read_failure)?;
    Ok(opened)
}
