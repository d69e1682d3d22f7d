//! The checkpoint of a training: its encrypted state, beside the head that it will write.

use std::ffi::OsString;
use std::fs::File;
use std::io::Read;
use std::num::NonZeroUsize;
use std::path::{Path, PathBuf};

use fhe_head::Job;
use fhe_head::ckks::EvaluationKeys;
use fhe_head::files::Origin;
use fhe_head::server::EncryptedState;

use crate::args::{CheckpointArgs, TrainArgs};
use crate::console::Console;
use crate::exit::{Failure, Kind, Result};
use crate::files::ciphertexts;
use crate::identity::{Identity, Trust};
use crate::interrupt::{self, RESUME};

/// The end of a checkpoint's name, after as many digits of the hash of the inputs.
const ENDING: &str = ".checkpoint";
const HASH: usize = 8;

/// A checkpoint file.
#[derive(Debug)]
pub(crate) struct Checkpoint {
    /// Name of the head.
    head: OsString,
    path: PathBuf,
    /// Iterations between two checkpoints.
    every: NonZeroUsize,
}

impl Checkpoint {
    /// The checkpoint of a training. Its name contains a hash of the inputs (the data, an earlier head), so that a training on
    /// other inputs does not find it.
    ///
    /// # Errors
    /// An input cannot be read.
    pub(super) fn of(arguments: &TrainArgs) -> Result<Self> {
        /// Bytes that identify a file: the header, the job, and the random seeds of the first ciphertexts.
        const IDENTITY: u64 = 1 << 16;
        let mut start = Vec::new();
        for input in [Some(&arguments.data), arguments.warm_start.as_ref()].into_iter().flatten() {
            let failed = |error| Failure::io("read", input, Kind::File, error);
            File::open(input).map_err(failed)?.take(IDENTITY).read_to_end(&mut start).map_err(failed)?;
        }
        Ok(Self::beside(&arguments.out, &start, arguments.checkpoints))
    }

    /// The checkpoint of a training whose inputs these bytes identify, beside the file that it will write.
    pub(crate) fn beside(out: &Path, inputs: &[u8], flags: CheckpointArgs) -> Self {
        let head = out.file_name().unwrap_or_default().to_owned();
        let mut name = head.clone();
        name.push(format!(".{}{ENDING}", &blake3::hash(inputs).to_hex()[..HASH]));
        Self { head, path: out.with_file_name(name), every: flags.checkpoint_every }
    }

    /// Refuses to start anew where an interrupted training of the same data can be continued, or one of other data has left its state
    /// for the same head.
    ///
    /// # Errors
    /// There is a checkpoint, and the flags ask neither to continue nor to overwrite.
    pub(super) fn expect_resumed(&self, arguments: &TrainArgs) -> Result<()> {
        if arguments.overwrite.overwrite {
            return Ok(());
        }
        self.expect_wanted(arguments.checkpoints, "--overwrite starts anew and removes it")
    }

    /// As [`Self::expect_resumed`]; `anew` tells how to start anew.
    ///
    /// # Errors
    /// There is a checkpoint, and the flags do not ask to continue.
    pub(crate) fn expect_wanted(&self, flags: CheckpointArgs, anew: &str) -> Result<()> {
        if let Some(other) = self.others()?.first() {
            let message =
                format!("{} is the state of a training of other data that was interrupted", other.display());
            return Err(Failure::usage(message).help(format!(
                "give this head another name (--out), or continue that training with its own data; {anew}"
            )));
        }
        if !self.exists() || flags.resume {
            return Ok(());
        }
        Err(Failure::usage(format!("{} is the state of an interrupted training", self.path.display()))
            .help(format!("--resume continues it; {anew}")))
    }

    /// Checkpoints of trainings of other data into the same head.
    fn others(&self) -> Result<Vec<PathBuf>> {
        let folder = match self.path.parent() {
            Some(folder) if folder != Path::new("") => folder,
            _ => Path::new("."),
        };
        let failed = |error| Failure::io("read", folder, Kind::Usage, error);
        let mut others = Vec::new();
        for entry in std::fs::read_dir(folder).map_err(failed)? {
            let name = entry.map_err(failed)?.file_name();
            let of_this_head = name.as_encoded_bytes().strip_prefix(self.head.as_encoded_bytes());
            let digits =
                of_this_head.and_then(|rest| rest.strip_prefix(b".")?.strip_suffix(ENDING.as_bytes()));
            let path = self.path.with_file_name(&name);
            if digits.is_some_and(|digits| digits.len() == HASH) && path != self.path {
                others.push(path);
            }
        }
        Ok(others)
    }

    /// True if there is a checkpoint on disk.
    pub(crate) fn exists(&self) -> bool {
        self.path.exists()
    }

    /// Reads the checkpoint.
    ///
    /// # Errors
    /// A file that is damaged, of another key, parameter set or training, or not signed by whom it must be.
    pub(crate) fn read(
        &self,
        keys: &EvaluationKeys,
        job: &Job,
        origin: &Origin,
        trust: &Trust,
    ) -> Result<EncryptedState> {
        ciphertexts::read_state(&self.path, keys, job, origin, trust).map_err(|failure| {
            match failure.kind() {
                Kind::File => {
                    failure.help(format!("without {} the training begins anew", self.path.display()))
                }
                _ => failure,
            }
        })
    }

    /// Writes a checkpoint if one is due, or if the user asked to stop, and stops in that case.
    ///
    /// # Errors
    /// A failed write; ^C.
    pub(crate) fn after_iteration(
        &self,
        job: &Job,
        origin: &Origin,
        state: &EncryptedState,
        identity: &Identity,
    ) -> Result<()> {
        if state.iteration == job.iterations() {
            return Ok(());
        }
        let asked = interrupt::check();
        if asked.is_err() || state.iteration.is_multiple_of(self.every.get()) {
            ciphertexts::write_state(&self.path, job, origin, state, identity)?;
            interrupt::advise(RESUME);
        }
        asked.map_err(|_| {
            Failure::interrupted(format!(
                "interrupted after iteration {} of {}; the state is kept",
                state.iteration,
                job.iterations()
            ))
            .help(RESUME)
        })
    }

    /// Removes the checkpoint, and those that --overwrite passed over. A file that stays only earns a warning, since the head is written.
    pub(crate) fn remove(self, console: &Console) {
        for path in self.others().unwrap_or_default().iter().chain([&self.path]) {
            match std::fs::remove_file(path) {
                Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
                    console.warn(format!("cannot remove {}: {error}", path.display()));
                }
                _ => {}
            }
        }
    }
}
