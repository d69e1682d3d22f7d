//! Validation under encryption: scores of the validation samples while the training runs, and its end where the data party asks for
//! it. The compute party learns nothing of the scores.

use std::num::NonZeroUsize;

use fhe_head::Job;
use fhe_head::ckks::{Ciphertext, EvaluationKeys};
use fhe_head::engine::Encrypted;
use fhe_head::files::Origin;
use fhe_head::server::{self, EncryptedHead, EncryptedState};

use crate::args::ValidationArgs;
use crate::exit::{Failure, Result};
use crate::files::ciphertexts;
use crate::files::validation::ValidationFolder;
use crate::identity::{Identity, Trust};

/// Called after new scores of validation samples were written.
pub(crate) type Scored<'a> = &'a mut dyn FnMut() -> Result<()>;

/// Who signs what this party writes, and whose signatures it accepts.
#[derive(Clone, Copy)]
pub(super) struct Parties<'a> {
    pub(super) identity: &'a Identity,
    pub(super) trust: &'a Trust,
}

/// Validation samples, and the folder for their scores.
pub(super) struct Validation<'a> {
    parties: Parties<'a>,
    /// What the heads belong to.
    origin: &'a Origin,
    /// What the scores belong to.
    of_scores: Origin,
    samples: Vec<Vec<Ciphertext>>,
    /// Iterations between two validations.
    every: usize,
    folder: ValidationFolder,
}

impl<'a> Validation<'a> {
    /// The validation that the flags ask for, if they ask for one. `resumed` allows a folder with files.
    ///
    /// # Errors
    /// Samples or a folder of another training.
    pub(super) fn open(
        arguments: &ValidationArgs,
        keys: &EvaluationKeys,
        (job, origin): (&Job, &'a Origin),
        parties: Parties<'a>,
        resumed: bool,
    ) -> Result<Option<Self>> {
        let (Some(file), Some(folder)) = (&arguments.validation, &arguments.validation_dir) else {
            return Ok(None);
        };
        let (wanted, from, samples) = ciphertexts::read_samples(file, keys, parties.trust)?;
        let same = (from.run, from.plan, from.samples) == (origin.run, origin.plan, origin.validation);
        if wanted != *job || !same {
            return Err(Failure::file(format!("{}: validation samples of another training", file.display()))
                .help("`train-head encrypt --validation-out` writes them together with the data"));
        }
        let folder = ValidationFolder::at(folder);
        folder.prepare(resumed)?;
        let every = arguments.validation_every.map_or(1, NonZeroUsize::get);
        let of_scores = Origin { keys: origin.keys, ..from };
        Ok(Some(Self { parties, origin, of_scores, samples, every, folder }))
    }

    /// Writes scores and head where they are due, and calls `scored`. Returns the head to end with if the data party asked for
    /// one: that of its iteration if it is in the folder, else the current one.
    ///
    /// # Errors
    /// Failures of scoring, reading, writing and `scored`.
    pub(super) fn after_iteration(
        &self,
        engine: &Encrypted,
        job: &Job,
        state: &EncryptedState,
        scored: Scored<'_>,
    ) -> Result<Option<EncryptedHead>> {
        let t = state.iteration;
        if t.is_multiple_of(self.every) || t == job.iterations() {
            let scores = server::score(engine, job, &state.weights, &self.samples)?;
            let Parties { identity, .. } = self.parties;
            ciphertexts::write_head(&self.folder.head(t), job, self.origin, &current(state)?, identity)?;
            let of = (job, &self.of_scores);
            ciphertexts::write_scores(&self.folder.scores(t), of, t, &scores, identity)?;
            scored()?;
        }
        let Some(wanted) =
            self.folder.asked_to_stop_at(self.origin.run, self.parties.trust)?.filter(|&wanted| wanted <= t)
        else {
            return Ok(None);
        };
        let path = self.folder.head(wanted);
        if wanted == t || !path.exists() {
            return current(state).map(Some);
        }
        let Some(key) = state.weights.first().map(Ciphertext::key_id) else {
            return current(state).map(Some);
        };
        let (_, from, head) = ciphertexts::read_head(&path, engine.parameters(), key, self.parties.trust)?;
        if from != *self.origin || head.iteration != wanted {
            return Err(Failure::file(format!("{} is not the head of iteration {wanted}", path.display())));
        }
        Ok(Some(head))
    }
}

/// The head of the current state.
fn current(state: &EncryptedState) -> Result<EncryptedHead> {
    Ok(EncryptedHead::from_state(state.clone())?)
}
