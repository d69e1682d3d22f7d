//! The compute party's side of a validation under encryption: it scores the validation samples as the training goes, and ends it
//! if the data party asks for that. It learns nothing of the scores.

use std::num::NonZeroUsize;

use fhe_head::ckks::{Ciphertext, EvaluationKeys};
use fhe_head::engine::encrypted::Encrypted;
use fhe_head::job::Job;
use fhe_head::server::{self, EncryptedHead, EncryptedState};

use crate::args::ValidationArgs;
use crate::exit::{Failure, Result, training_failure};
use crate::files::ciphertexts;
use crate::files::validation::ValidationFolder;

/// Validation samples and the folder that their scores go to.
pub(super) struct Validation {
    samples: Vec<Vec<Ciphertext>>,
    every: usize,
    folder: ValidationFolder,
}

impl Validation {
    /// What was asked for, if anything was.
    ///
    /// # Errors
    /// Samples of another training; a folder of another one.
    pub(super) fn of(
        arguments: &ValidationArgs,
        keys: &EvaluationKeys,
        job: &Job,
        resumed: bool,
    ) -> Result<Option<Self>> {
        let (Some(file), Some(folder)) = (&arguments.validation, &arguments.validation_dir) else {
            return Ok(None);
        };
        let (wanted, samples) = ciphertexts::read_samples(file, keys)?;
        if wanted != *job {
            return Err(Failure::file(format!("{}: validation samples of another training", file.display()))
                .help("`train-head encrypt --validation-out` writes them together with the data"));
        }
        let folder = ValidationFolder::at(folder);
        folder.prepare(resumed)?;
        let every = arguments.validation_every.map_or(1, NonZeroUsize::get);
        Ok(Some(Self { samples, every, folder }))
    }

    /// Writes scores and head where they are due, and the head to end with if the data party asked for one: that of its
    /// iteration if there is one in the folder, else the one the training has come to. `written` is called where there are new scores.
    ///
    /// # Errors
    /// Those of scoring, reading and writing.
    pub(super) fn after_iteration(
        &self,
        engine: &Encrypted,
        job: &Job,
        state: &EncryptedState,
        written: &mut dyn FnMut() -> Result<()>,
    ) -> Result<Option<EncryptedHead>> {
        let t = state.iteration;
        if t.is_multiple_of(self.every) || t == job.iterations() {
            let scores =
                server::score(engine, job, &state.parameters, &self.samples).map_err(training_failure)?;
            ciphertexts::write_head(&self.folder.head(t), job, &current(state)?)?;
            ciphertexts::write_scores(&self.folder.scores(t), job, t, &scores)?;
            written()?;
        }
        let Some(wanted) = self.folder.asked_to_stop_at()?.filter(|&wanted| wanted <= t) else {
            return Ok(None);
        };
        let path = self.folder.head(wanted);
        if wanted == t || !path.exists() {
            return current(state).map(Some);
        }
        let (parameters, key) = (engine.parameters(), state.parameters.first().map(Ciphertext::key_id));
        let Some(key) = key else { return current(state).map(Some) };
        let (_, head) = ciphertexts::read_head(&path, (parameters, key))?;
        Ok(Some(head))
    }
}

/// The head that a training has come to.
fn current(state: &EncryptedState) -> Result<EncryptedHead> {
    EncryptedHead::from_state(state.clone()).map_err(training_failure)
}
