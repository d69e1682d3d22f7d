//! Files of a training: encrypted data, encrypted state, encrypted head. Keys are files of [`ckks::serial`].
//!
//! The metadata of each holds the public [`Job`] and the [`Origin`], so every file says which training it belongs to, and a digest of both.

use std::fs::File;
use std::io::{Read, Write};

use ckks::serial::{FileKind, NewFile, Reader, StoredCiphertexts, Writer};
use ckks::{Ciphertext, KeyId, Parameters};

#[cfg(feature = "client")]
use super::client::DataEncryptor;
#[cfg(feature = "client")]
use super::growing::BlockWriter;
#[cfg(feature = "client")]
use super::manifest::sample_metadata;
use super::manifest::{Manifest, invalid};
use super::part::Part;
use super::server::{EncryptedBlock, EncryptedHead, EncryptedState};
use super::stored::StoredBlocks;
#[cfg(feature = "client")]
use crate::error::Error;
use crate::error::Result;
use crate::heads::Head;
use crate::job::Job;
use crate::trainer::Snapshot;

#[doc(hidden)]
pub use super::manifest::transcribed;
pub use super::manifest::{DATA, HEAD, SAMPLES, SCORES, STATE};
pub use super::origin::{Digest, Origin, RunId, Tag};

/// Encrypts the data into a stream, some ciphertexts at a time, from the features of one block at a time. `observe` gets the number of ciphertexts written so far, and can stop
/// the work with an error of its own type.
///
/// # Errors
/// [`Error::File`] if writing fails; those of [`DataEncryptor::packed`], [`DataEncryptor::ciphertexts`], [`DataEncryptor::start`] and `observe`.
#[cfg(feature = "client")]
pub fn write_data<W: Write, H: Head, X: From<Error>>(
    out: W,
    name: &str,
    encryptor: &DataEncryptor<'_, H>,
    origin: &Origin,
    observe: impl FnMut(usize) -> Result<(), X>,
) -> Result<W, X> {
    BlockWriter::begin(out, name, encryptor, origin)?.rest(observe)
}

/// Encrypted data as they were read: the job and the origin, the blocks, and the state that the training starts from.
pub type Data<H> = (Job<H>, Origin, Vec<EncryptedBlock>, EncryptedState);

/// Reads encrypted data.
///
/// # Errors
/// [`Error::File`] if the file is damaged, or of another kind or parameter set.
pub fn read_data<R: Read, H: Head>(mut reader: Reader<R>, parameters: &Parameters) -> Result<Data<H>> {
    let Manifest { job, origin, start, .. } = job::<_, H>(&reader, DATA, parameters)?.whole(reader.name())?;
    let blocks = read_data_blocks(&mut reader, parameters, &job, job.packing().blocks())?;
    let start = if start { read_weights(&mut reader, parameters, &job)? } else { Vec::new() };
    reader.finish()?;
    Ok((job, origin, blocks, EncryptedState::from_weights(start)))
}

/// Encrypted data whose blocks stay in their file: the job and the origin, the blocks, and the state that the training starts from.
pub type DataOnDisk<H> = (Job<H>, Origin, StoredBlocks, EncryptedState);

/// Opens encrypted data in the first `length` bytes of a file, which errors call `name`. Blocks are read when a training asks for them.
///
/// # Errors
/// As [`read_data`]. Damage behind the records of ciphertexts is found when a block is read.
pub fn open_data<H: Head>(
    file: File,
    length: u64,
    name: &str,
    parameters: &Parameters,
) -> Result<DataOnDisk<H>> {
    let (ciphertexts, metadata) = StoredCiphertexts::open(file, length, name, (DATA, parameters))?;
    let manifest = Manifest::<H>::read(name, (ciphertexts.header(), &metadata), parameters)?;
    let Manifest { job, origin, start, .. } = manifest.whole(name)?;
    let (layout, count) = (job.layout(), job.packing().blocks());
    let starts = if start { count * layout.count()..ciphertexts.len() } else { 0..0 };
    let start = starts.map(|item| ciphertexts.read(item)).collect::<Result<_, _>>()?;
    Ok((job, origin, StoredBlocks::new(ciphertexts, layout, count), EncryptedState::from_weights(start)))
}

/// One party's part of encrypted data as it was read: the job of the whole and the origin, which part it is, and its blocks.
pub type PartOfData<H> = (Job<H>, Origin, Part, Vec<EncryptedBlock>);

/// Reads one party's part of encrypted data.
///
/// # Errors
/// [`Error::File`] if the file is damaged, of another kind or parameter set, or holds the whole.
pub fn read_part<R: Read, H: Head>(mut reader: Reader<R>, parameters: &Parameters) -> Result<PartOfData<H>> {
    let Manifest { job, origin, start, part, .. } = job::<_, H>(&reader, DATA, parameters)?;
    let Some(part) = part.filter(|_| !start) else {
        return Err(invalid(reader.name(), "it is not the part of one of several parties".into()).into());
    };
    let blocks = read_data_blocks(&mut reader, parameters, &job, part.count)?;
    reader.finish()?;
    Ok((job, origin, part, blocks))
}

fn read_data_blocks<R: Read, H: Head>(
    reader: &mut Reader<R>,
    parameters: &Parameters,
    job: &Job<H>,
    count: usize,
) -> Result<Vec<EncryptedBlock>> {
    let mut block = || {
        let ciphertexts = (0..job.layout().count()).map(|_| reader.read_ciphertext(parameters));
        job.layout().assemble(ciphertexts.collect::<Result<Vec<_>, _>>()?)
    };
    (0..count).map(|_| block()).collect()
}

/// The job of a file of encrypted data, of which nothing else is read.
///
/// # Errors
/// As [`read_data`].
pub fn read_job<R: Read, H: Head>(reader: &Reader<R>, parameters: &Parameters) -> Result<Job<H>> {
    Ok(job::<_, H>(reader, DATA, parameters)?.job)
}

/// Writes a state after at least one iteration.
///
/// # Errors
/// [`Error::File`] if writing fails, or if the state has no weights.
pub fn write_state<W: Write, H: Head>(
    out: W,
    name: &str,
    job: &Job<H>,
    origin: &Origin,
    state: &EncryptedState,
) -> Result<W> {
    let snapshots = state.history.iter().flat_map(|snapshot| &snapshot.weights);
    let ciphertexts: Vec<_> = state.weights.iter().chain(&state.momentum).chain(snapshots).collect();
    let momentum = !state.momentum.is_empty();
    let history = state.history.iter().map(|snapshot| snapshot.iteration).collect();
    let manifest = Manifest { momentum, history, ..Manifest::new(job, origin, state.iteration) };
    write(out, name, STATE, manifest, &ciphertexts)
}

/// Reads a state, with its job and origin.
///
/// # Errors
/// [`Error::File`] if the file is damaged, or of another kind or parameter set.
pub fn read_state<R: Read, H: Head>(
    mut reader: Reader<R>,
    parameters: &Parameters,
) -> Result<(Job<H>, Origin, EncryptedState)> {
    let manifest: Manifest<H> = job(&reader, STATE, parameters)?;
    let vectors = read_weights(&mut reader, parameters, &manifest.job)?;
    let momentum = match manifest.momentum {
        true => read_weights(&mut reader, parameters, &manifest.job)?,
        false => Vec::new(),
    };
    let history = read_history(&mut reader, parameters, &manifest)?;
    reader.finish()?;
    let iteration = manifest.iteration;
    Ok((manifest.job, manifest.origin, EncryptedState { iteration, weights: vectors, momentum, history }))
}

/// Writes a head.
///
/// # Errors
/// [`Error::File`] if writing fails.
pub fn write_head<W: Write, H: Head>(
    out: W,
    name: &str,
    job: &Job<H>,
    origin: &Origin,
    head: &EncryptedHead,
) -> Result<W> {
    let history = head.history.iter().map(|snapshot| snapshot.iteration).collect();
    let manifest = Manifest { history, ..Manifest::new(job, origin, head.iteration) };
    let snapshots = head.history.iter().flat_map(|snapshot| &snapshot.weights);
    write(out, name, HEAD, manifest, &head.weights.iter().chain(snapshots).collect::<Vec<_>>())
}

/// Reads a head, with the job and the origin of its training.
///
/// # Errors
/// [`Error::File`] if the file is damaged, or of another kind or parameter set.
pub fn read_head<R: Read, H: Head>(
    mut reader: Reader<R>,
    parameters: &Parameters,
) -> Result<(Job<H>, Origin, EncryptedHead)> {
    let manifest: Manifest<H> = job(&reader, HEAD, parameters)?;
    let vectors = read_weights(&mut reader, parameters, &manifest.job)?;
    let history = read_history(&mut reader, parameters, &manifest)?;
    reader.finish()?;
    let iteration = manifest.iteration;
    Ok((manifest.job, manifest.origin, EncryptedHead { iteration, weights: vectors, history }))
}

/// Writes samples encrypted by [`crate::client::encrypt_for_scoring`], block by block.
///
/// # Errors
/// [`Error::File`] if writing fails.
#[cfg(feature = "client")]
pub fn write_samples<W: Write, H: Head>(
    out: W,
    name: &str,
    secret: &ckks::SecretKey,
    job: &Job<H>,
    origin: &Origin,
    blocks: &[Vec<ckks::FreshCiphertext>],
) -> Result<W> {
    let items = blocks.iter().map(Vec::len).sum::<usize>() as u64;
    let metadata = sample_metadata(job, origin, name)?;
    let (parameters, key_id) = (secret.parameters(), secret.key_id());
    let file = NewFile { kind: SAMPLES, parameters, key_id, items, metadata: &metadata };
    let mut writer = Writer::new(out, name, file)?;
    for ciphertext in blocks.iter().flatten() {
        writer.write_fresh(ciphertext)?;
    }
    Ok(writer.finish()?)
}

/// Reads samples for scoring, block by block, with the job and the run of the head that shall score them.
///
/// # Errors
/// [`Error::File`] if the file is damaged, or of another kind or parameter set.
pub fn read_samples<R: Read, H: Head>(
    reader: Reader<R>,
    parameters: &Parameters,
) -> Result<(Job<H>, Origin, Vec<Vec<Ciphertext>>)> {
    let (job, origin, blocks) = open_samples(reader, parameters)?;
    Ok((job, origin, blocks.collect::<Result<_>>()?))
}

/// Samples for scoring of which a block is read at a time.
pub struct SampleBlocks<R: Read> {
    reader: Option<Reader<R>>,
    parameters: Parameters,
    left: usize,
    length: usize,
}

/// Opens samples for scoring, with the job and the run of the head that shall score them. Damage behind the metadata is found when a block
/// is read.
///
/// # Errors
/// [`Error::File`] if the beginning of the file is damaged, or of another kind or parameter set.
pub fn open_samples<R: Read, H: Head>(
    reader: Reader<R>,
    parameters: &Parameters,
) -> Result<(Job<H>, Origin, SampleBlocks<R>)> {
    let manifest: Manifest<H> = job(&reader, SAMPLES, parameters)?;
    let length = manifest.job.packing().diagonals();
    let left = blocks_of(&reader, length)?;
    let blocks = SampleBlocks { reader: Some(reader), parameters: parameters.clone(), left, length };
    Ok((manifest.job, manifest.origin, blocks))
}

impl<R: Read> SampleBlocks<R> {
    /// Number of blocks that are left.
    pub fn left(&self) -> usize {
        self.left
    }
}

impl<R: Read> Iterator for SampleBlocks<R> {
    type Item = Result<Vec<Ciphertext>>;

    fn next(&mut self) -> Option<Self::Item> {
        let reader = self.reader.as_mut()?;
        if let Some(left) = self.left.checked_sub(1) {
            self.left = left;
            let block = (0..self.length).map(|_| reader.read_ciphertext(&self.parameters));
            let block = block.collect::<Result<_, _>>();
            if block.is_err() {
                self.reader = None;
            }
            return Some(Ok(block).and_then(|block| Ok(block?)));
        }
        self.reader.take()?.finish().err().map(|error| Err(error.into()))
    }
}

/// Writes scores, block by block. `iteration` counts the iterations of the head that gave them.
///
/// # Errors
/// [`Error::File`] if writing fails, or if there are no scores.
pub fn write_scores<W: Write, H: Head>(
    out: W,
    name: &str,
    job: &Job<H>,
    origin: &Origin,
    iteration: usize,
    scores: &[Vec<Ciphertext>],
) -> Result<W> {
    let manifest = Manifest::new(job, origin, iteration);
    write(out, name, SCORES, manifest, &scores.iter().flatten().collect::<Vec<_>>())
}

/// Writes scores of `blocks` blocks as they come.
pub struct ScoreWriter<W: Write>(Writer<W>);

impl<W: Write> ScoreWriter<W> {
    /// Starts a file as [`write_scores`] writes it, of scores under a key.
    ///
    /// # Errors
    /// [`Error::File`] if writing fails.
    pub fn begin<H: Head>(
        out: W,
        name: &str,
        (job, origin, iteration): (&Job<H>, &Origin, usize),
        (parameters, key_id): (&Parameters, KeyId),
        blocks: usize,
    ) -> Result<Self> {
        let metadata = Manifest::new(job, origin, iteration).into_bytes(SCORES, name)?;
        let items = (blocks * job.head().scores()) as u64;
        let file = NewFile { kind: SCORES, parameters, key_id, items, metadata: &metadata };
        Ok(Self(Writer::new(out, name, file)?))
    }

    /// Writes the scores of a block.
    ///
    /// # Errors
    /// [`Error::File`] if writing fails.
    pub fn block(&mut self, scores: &[Ciphertext]) -> Result<()> {
        scores.iter().try_for_each(|score| Ok(self.0.write_ciphertext(score)?))
    }

    /// Ends the file.
    ///
    /// # Errors
    /// [`Error::File`] if writing fails, or scores are missing.
    pub fn finish(self) -> Result<W> {
        Ok(self.0.finish()?)
    }
}

/// Scores as they were read: the job and the origin of the head that gave them, its number of iterations, and the scores block by block.
pub type Scores<H> = (Job<H>, Origin, usize, Vec<Vec<Ciphertext>>);

/// Reads scores.
///
/// # Errors
/// [`Error::File`] if the file is damaged, or of another kind or parameter set.
pub fn read_scores<R: Read, H: Head>(reader: Reader<R>, parameters: &Parameters) -> Result<Scores<H>> {
    let (manifest, scores) = read_blocks(reader, SCORES, parameters, |job: &Job<H>| job.head().scores())?;
    Ok((manifest.job, manifest.origin, manifest.iteration, scores))
}

/// Reads all ciphertexts of a file, in blocks of the length that the job determines.
fn read_blocks<R: Read, H: Head>(
    mut reader: Reader<R>,
    kind: FileKind,
    parameters: &Parameters,
    length: impl Fn(&Job<H>) -> usize,
) -> Result<(Manifest<H>, Vec<Vec<Ciphertext>>)> {
    let manifest: Manifest<H> = job(&reader, kind, parameters)?;
    let length = length(&manifest.job);
    let count = blocks_of(&reader, length)?;
    let block = |_| (0..length).map(|_| reader.read_ciphertext(parameters)).collect::<Result<_, _>>();
    let blocks = (0..count).map(block).collect::<Result<_, _>>()?;
    reader.finish()?;
    Ok((manifest, blocks))
}

/// Number of blocks of a file.
fn blocks_of<R: Read>(reader: &Reader<R>, length: usize) -> Result<usize> {
    let items = reader.header().items as usize;
    if !items.is_multiple_of(length) {
        let reason = format!("{items} ciphertexts do not make blocks of {length}");
        return Err(invalid(reader.name(), reason).into());
    }
    Ok(items / length)
}

fn read_history<R: Read, H: Head>(
    reader: &mut Reader<R>,
    parameters: &Parameters,
    manifest: &Manifest<H>,
) -> Result<Vec<Snapshot<Ciphertext>>> {
    let mut one = |iteration: &usize| {
        let weights = read_weights(reader, parameters, &manifest.job)?;
        Ok(Snapshot { iteration: *iteration, weights })
    };
    manifest.history.iter().map(&mut one).collect()
}

/// One ciphertext for each weight vector of the head.
fn read_weights<R: Read, H: Head>(
    reader: &mut Reader<R>,
    parameters: &Parameters,
    job: &Job<H>,
) -> Result<Vec<Ciphertext>> {
    let count = job.weights().len();
    Ok((0..count).map(|_| reader.read_ciphertext(parameters)).collect::<Result<_, _>>()?)
}

fn write<W: Write, H: Head>(
    out: W,
    name: &str,
    kind: FileKind,
    manifest: Manifest<H>,
    ciphertexts: &[&Ciphertext],
) -> Result<W> {
    let Some(first) = ciphertexts.first() else {
        return Err(invalid(name, "there are no weights to write".into()).into());
    };
    let items = ciphertexts.len() as u64;
    let metadata = manifest.into_bytes(kind, name)?;
    let (parameters, key_id) = (first.parameters(), first.key_id());
    let file = NewFile { kind, parameters, key_id, items, metadata: &metadata };
    let mut writer = Writer::new(out, name, file)?;
    for ciphertext in ciphertexts {
        writer.write_ciphertext(ciphertext)?;
    }
    Ok(writer.finish()?)
}

fn job<R: Read, H: Head>(reader: &Reader<R>, kind: FileKind, parameters: &Parameters) -> Result<Manifest<H>> {
    reader.expect_kind(kind)?;
    reader.expect_parameters(parameters)?;
    Manifest::read(reader.name(), (reader.header(), reader.metadata()), parameters)
}
