//! What stands in the metadata of the files: the public [`Job`] and the [`Origin`], and a digest of both.

use ckks::Parameters;
use ckks::serial::{FileError, FileKind, Header};
use serde::{Deserialize, Serialize};

use super::origin::{Digest, Origin, transcript};
use super::part::Part;
use crate::error::Result;
use crate::heads::Head;
use crate::job::Job;

/// Encrypted samples, labels and weights.
pub const DATA: FileKind = FileKind::new("encrypted data");
/// The state of a training between two iterations.
pub const STATE: FileKind = FileKind::new("encrypted state");
/// A trained head.
pub const HEAD: FileKind = FileKind::new("encrypted head");
/// Encrypted samples for scoring.
pub const SAMPLES: FileKind = FileKind::new("samples to score");
/// Encrypted scores of samples.
pub const SCORES: FileKind = FileKind::new("encrypted scores");

/// Metadata of all these files.
#[derive(Debug, Serialize, Deserialize)]
#[serde(bound = "H: Head")]
pub(super) struct Manifest<H: Head> {
    pub(super) job: Job<H>,
    pub(super) origin: Origin,
    /// Completed iterations of a state or head.
    #[serde(default)]
    pub(super) iteration: usize,
    /// Whether a state holds a momentum.
    #[serde(default)]
    pub(super) momentum: bool,
    /// Iterations of the snapshots.
    #[serde(default)]
    pub(super) history: Vec<usize>,
    /// Whether initial weights follow the data.
    #[serde(default)]
    pub(super) start: bool,
    /// Which of the data these are, if several parties have them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) part: Option<Part>,
    /// Digest of the kind of file and of all the above.
    pub(super) transcript: Digest,
}

/// The metadata of encrypted data. `start`: whether initial weights follow the blocks.
#[cfg(feature = "client")]
pub(super) fn data_metadata<H: Head>(
    job: &Job<H>,
    part: Option<Part>,
    origin: &Origin,
    start: bool,
    name: &str,
) -> Result<Vec<u8>> {
    Manifest { start, part, ..Manifest::new(job, origin, 0) }.into_bytes(DATA, name)
}

/// The metadata of samples to score.
#[cfg(feature = "client")]
pub(super) fn sample_metadata<H: Head>(job: &Job<H>, origin: &Origin, name: &str) -> Result<Vec<u8>> {
    Manifest::new(job, origin, job.iterations()).into_bytes(SAMPLES, name)
}

/// The metadata of such a file with the transcript that goes with them: for whoever tries what a hostile party would send.
#[doc(hidden)]
pub fn transcribed<H: Head>(kind: FileKind, metadata: &[u8]) -> Option<Vec<u8>> {
    serde_json::from_slice::<Manifest<H>>(metadata).ok()?.into_bytes(kind, "").ok()
}

impl<H: Head> Manifest<H> {
    pub(super) fn new(job: &Job<H>, origin: &Origin, iteration: usize) -> Self {
        let (job, origin) = (job.clone(), origin.clone());
        let transcript = Digest::default();
        let (momentum, history, start) = (false, Vec::new(), false);
        Self { job, origin, iteration, momentum, history, start, part: None, transcript }
    }

    /// Refuses counts that do not fit the job, the parameters and the number of ciphertexts in the file. Memory is asked for after this
    /// alone, so that a number in a file costs nothing.
    fn check(&self, found: &Header, parameters: &Parameters) -> Result<(), String> {
        let Self { job, iteration, history, .. } = self;
        job.expect_within(parameters).map_err(|error| format!("its job: {error}"))?;
        let last = job.iterations();
        if *iteration > last || (*iteration == 0 && matches!(found.kind, STATE | HEAD)) {
            return Err(format!("iteration {iteration} of a training of {last}"));
        }
        let increasing = history.windows(2).all(|pair| pair[0] < pair[1]);
        if !increasing || history.first() == Some(&0) || history.last().is_some_and(|at| at > iteration) {
            return Err(format!("snapshots that do not precede iteration {iteration}"));
        }
        let vectors = job.weights().len();
        let expected = match found.kind {
            DATA => {
                self.part
                    .map_or(Ok(()), |part| part.check(job.packing()))
                    .map_err(|error| error.to_string())?;
                let blocks = self.part.map_or(job.packing().blocks(), |part| part.count);
                blocks * job.layout().count() + vectors * usize::from(self.start)
            }
            STATE | HEAD => vectors * (1 + usize::from(self.momentum) + history.len()),
            // any number of blocks
            _ => return Ok(()),
        };
        match found.items == expected as u64 {
            true => Ok(()),
            false => Err(format!("{} ciphertexts where its job has {expected}", found.items)),
        }
    }

    /// Refuses the data of one of several parties.
    pub(super) fn whole(self, name: &str) -> Result<Self> {
        match self.part {
            None => Ok(self),
            Some(_) => Err(invalid(name, "it holds the data of one of several parties".into()).into()),
        }
    }

    pub(super) fn into_bytes(mut self, kind: FileKind, name: &str) -> Result<Vec<u8>> {
        self.transcript = self.transcript(kind, name)?;
        self.json(name)
    }

    pub(super) fn read(
        name: &str,
        (header, metadata): (&Header, &[u8]),
        parameters: &Parameters,
    ) -> Result<Self> {
        let refuse = |reason: String| invalid(name, reason);
        let read: Self =
            serde_json::from_slice(metadata).map_err(|error| refuse(format!("its job: {error}")))?;
        if read.transcript != read.transcript(header.kind, name)? {
            return Err(refuse("its job and origin are not those that it was written with".into()).into());
        }
        read.check(header, parameters).map_err(refuse)?;
        Ok(read)
    }

    fn transcript(&self, kind: FileKind, name: &str) -> Result<Digest> {
        let blank = Self {
            iteration: self.iteration,
            momentum: self.momentum,
            history: self.history.clone(),
            start: self.start,
            part: self.part,
            ..Self::new(&self.job, &self.origin, 0)
        };
        Ok(transcript(&kind.to_string(), &blank.json(name)?))
    }

    fn json(&self, name: &str) -> Result<Vec<u8>> {
        Ok(serde_json::to_vec(self).map_err(|error| invalid(name, error.to_string()))?)
    }
}

pub(super) fn invalid(name: &str, reason: String) -> FileError {
    FileError::Invalid { file: name.to_owned(), reason }
}
