//! The checkpoint of a training: its encrypted state, beside the head that it will write.

use std::fs::File;
use std::io::Read;
use std::num::NonZeroUsize;
use std::path::{Path, PathBuf};

use fhe_head::Job;
use fhe_head::ckks::EvaluationKeys;
use fhe_head::files::Origin;
use fhe_head::server::EncryptedState;

use crate::args::TrainArgs;
use crate::console::Console;
use crate::exit::{Failure, Kind, Result};
use crate::files::ciphertexts;
use crate::identity::{Identity, Trust};
use crate::interrupt;

/// A checkpoint file.
pub(super) struct Checkpoint {
    path: PathBuf,
    /// The head that the training will write.
    out: PathBuf,
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
        let out = arguments.out.clone();
        let mut name = out.file_name().unwrap_or_default().to_owned();
        name.push(format!(".{}.checkpoint", &blake3::hash(&start).to_hex()[..8]));
        Ok(Self { path: out.with_file_name(name), out, every: arguments.checkpoints.checkpoint_every })
    }

    /// Refuses to start anew where an interrupted training of the same data can be continued.
    ///
    /// # Errors
    /// There is a checkpoint, and the flags ask neither to continue nor to overwrite.
    pub(super) fn expect_resumed(&self, arguments: &TrainArgs) -> Result<()> {
        if !self.exists() || arguments.checkpoints.resume || arguments.overwrite.overwrite {
            return Ok(());
        }
        Err(Failure::usage(format!("{} is the state of an interrupted training", self.path.display()))
            .help("--resume continues it; --overwrite starts anew and removes it"))
    }

    /// True if there is a checkpoint on disk.
    pub(super) fn exists(&self) -> bool {
        self.path.exists()
    }

    /// Reads the checkpoint.
    ///
    /// # Errors
    /// A file that is damaged, of another key, parameter set or training, or not signed by whom it must be.
    pub(super) fn read(
        &self,
        keys: &EvaluationKeys,
        job: &Job,
        origin: &Origin,
        trust: &Trust,
    ) -> Result<EncryptedState> {
        ciphertexts::read_state(&self.path, keys, job, origin, trust)
    }

    /// Writes a checkpoint if one is due, or if the user asked to stop, and stops in that case.
    ///
    /// # Errors
    /// A failed write; ^C.
    pub(super) fn after_iteration(
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
        }
        asked.map_err(|_| {
            Failure::interrupted(format!(
                "interrupted after iteration {} of {}; the state is kept",
                state.iteration,
                job.iterations()
            ))
            .help("the same command with --resume continues")
        })
    }

    /// Removes the checkpoint. A file that stays only earns a warning, since the head is written.
    pub(super) fn remove(self, console: &Console) {
        match std::fs::remove_file(&self.path) {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
                console.warn(format!("cannot remove {}: {error}", self.path.display()));
            }
            _ => {}
        }
    }

    /// Removes the temporary files of a process that was killed while it wrote the head or its checkpoint.
    ///
    /// # Errors
    /// The folder of the head cannot be read or written to.
    pub(super) fn remove_unfinished(&self) -> Result<()> {
        let folder = match self.out.parent() {
            Some(folder) if !folder.as_os_str().is_empty() => folder,
            _ => Path::new("."),
        };
        let failed = |error| Failure::io("write to", folder, Kind::Usage, error);
        let mut start = self.out.file_name().unwrap_or_default().to_owned();
        start.push(".");
        for entry in std::fs::read_dir(folder).map_err(failed)? {
            let entry = entry.map_err(failed)?;
            let name = entry.file_name();
            let name = name.as_encoded_bytes();
            if name.starts_with(start.as_encoded_bytes()) && name.ends_with(b".partial") {
                std::fs::remove_file(entry.path()).map_err(failed)?;
            }
        }
        Ok(())
    }
}
