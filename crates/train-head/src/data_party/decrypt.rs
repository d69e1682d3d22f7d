//! Where heads and scores are decrypted.

use std::path::Path;

use fhe_head::Head as _;
use fhe_head::client;
use fhe_head::files::Origin;
use ndarray::{Array1, Array2};

use super::DataParty;
use crate::console::Console;
use crate::exit::{Failure, Kind, Result};
use crate::files::ciphertexts;
use crate::files::head::Head;
use crate::identity::Trust;
use crate::samples::Matrix;
use crate::wording::counted;

/// A head that was trained on ciphertexts, decrypted.
pub(crate) struct DecryptedHead {
    /// The head for features as they are read.
    pub(crate) head: Head,
    /// Its weights in the space that was encrypted.
    pub(crate) weights: Vec<Array1<f64>>,
    /// Iterations of the training.
    pub(crate) iterations: usize,
    /// How far it is from the twin in the plan, relative to what noise and approximation explain; `None` if there is no twin.
    pub(crate) deviation: Option<f64>,
}

/// Scores of a head that was trained on ciphertexts, decrypted.
pub(crate) struct DecryptedScores {
    /// Samples (rows) by outputs (columns).
    pub(crate) scores: Array2<f64>,
    /// Iterations of the head.
    pub(crate) iteration: usize,
}

impl DataParty {
    /// Decrypts the head in a file.
    ///
    /// # Errors
    /// A head that the compute party did not sign; of another run, key, plan or data; a head that a diverged training left.
    pub(crate) fn decrypt_head(&self, path: &Path, trust: &Trust) -> Result<DecryptedHead> {
        let (parameters, key_id) = (self.secret.parameters(), self.secret.key_id());
        let (job, origin, encrypted) = ciphertexts::read_head(path, parameters, key_id, trust)?;
        self.expect_origin(path, "this head", &self.file.origin()?, &origin)?;
        if job != *self.file.job() {
            return Err(Failure::file(format!("{}: this head was trained by another plan", path.display()))
                .help("give the plan that the data were encrypted by"));
        }
        let iterations = encrypted.iteration;
        if iterations == 0 {
            return Err(Failure::file(format!("{}: a head after no iteration", path.display())));
        }
        let weights = client::decrypt_head(&self.secret, &job, &encrypted)?;
        let head = self.file.head(&weights, iterations)?;
        let deviation = self.file.deviation(&weights, iterations);
        Ok(DecryptedHead { head, weights, iterations, deviation })
    }

    /// Decrypts a file of the scores of these samples: samples (rows) by outputs (columns).
    ///
    /// # Errors
    /// Scores that the compute party did not sign; of another run, key or plan, or of other samples; scores of a head that diverged.
    pub(crate) fn decrypt_scores(
        &self,
        path: &Path,
        samples: &Matrix,
        trust: &Trust,
    ) -> Result<DecryptedScores> {
        let scores = ciphertexts::read_scores(path, &self.secret, trust)?;
        let (rows, blocks) = (scores.job.packing().block_samples(), scores.blocks.len());
        let count = samples.x.nrows();
        // what other plans' scores hold is no matter
        if scores.job == *self.file.job() && count.div_ceil(rows) != blocks {
            return Err(Failure::data(format!(
                "{} holds scores of {} to {} samples, the data are {count}",
                path.display(),
                blocks.saturating_sub(1) * rows + 1,
                blocks * rows
            ))
            .help("give the data that were encrypted for scoring"));
        }
        self.expect_origin(path, "these scores", &self.file.origin_of_samples(samples)?, &scores.origin)?;
        if scores.job != *self.file.job() {
            let message = format!("{}: these scores come from a head of another plan", path.display());
            return Err(Failure::file(message).help("give the plan that the samples were encrypted by"));
        }
        let decrypted = client::decrypt_scores(&self.secret, &scores.job, count, &scores.blocks);
        let decrypted = decrypted.map_err(|error| {
            let failure = Failure::from(error);
            match failure.kind() {
                Kind::Diverged => Failure::diverged(format!(
                    "{}: scores of the head after {} are out of range",
                    path.display(),
                    counted(scores.iteration, "iteration")
                ))
                .because(failure)
                .help("check that the samples come from the same encoder or table; `train-head decrypt` checks the head itself"),
                _ => failure,
            }
        })?;
        self.expect_rehearsed_scores(path, samples, scores.iteration, &decrypted)?;
        Ok(DecryptedScores { scores: decrypted, iteration: scores.iteration })
    }

    /// Refuses scores that no noise makes of those that the rehearsal lets expect. Samples outside the interval of the training do not count:
    /// there small errors grow.
    fn expect_rehearsed_scores(
        &self,
        path: &Path,
        samples: &Matrix,
        iteration: usize,
        scores: &Array2<f64>,
    ) -> Result<()> {
        /// Share of the interval by which a score may be off.
        const SHARE: f64 = 0.125;
        let Some(expected) = self.file.expected_scores(samples, iteration)? else { return Ok(()) };
        let unit = self.file.job().head().score_unit().value().abs();
        let counts = expected.iter().zip(scores).filter(|(expected, _)| expected.abs() <= unit);
        let off = counts.filter(|(expected, score)| (*expected - *score).abs() > SHARE * unit).count();
        if off == 0 {
            return Ok(());
        }
        Err(Failure::file(format!(
            "{}: {off} of {} scores are not those that the head of this plan gives, by more than noise explains",
            path.display(),
            scores.len()
        ))
        .help("do not use them, and do not tell the compute party more than that they were refused"))
    }

    /// Refuses what does not belong to this party's run. `what` is what the file holds, in words.
    fn expect_origin(&self, path: &Path, what: &str, ours: &Origin, found: &Origin) -> Result<()> {
        let refuse = |why: String, help: &str| {
            Err(Failure::file(format!("{}: {what} {why}", path.display())).help(help.to_owned()))
        };
        if found.run != ours.run {
            let why = format!("came of another plan: of run {}, not of run {}", found.run, ours.run);
            return refuse(why, "give the plan that the data were encrypted by");
        }
        if found.plan != ours.plan || found.continues != ours.continues {
            return refuse(
                format!("came of another plan than this one of run {}", ours.run),
                "the plan was changed since the data were encrypted: give the plan as `estimate` wrote it",
            );
        }
        if found.samples != ours.samples {
            return refuse(
                "came of other samples than those given".into(),
                "give the data that were encrypted",
            );
        }
        if found.validation != ours.validation {
            return refuse(
                "came of another validation than the plan's".into(),
                "train with the validation samples that `encrypt --validation-out` wrote",
            );
        }
        match found.keys {
            Some(keys) if self.file.made(&keys, self.secret.key_id()) => Ok(()),
            _ => refuse(
                "came of evaluation keys that no `keygen` of this plan made".into(),
                "train with the keys that `train-head keygen --plan` made for this plan",
            ),
        }
    }
}

impl DecryptedHead {
    /// Refuses a head that is not the one that the rehearsal of the plan lets expect: whoever computed it made a mistake, or chose it. With
    /// `allow` that is a warning.
    ///
    /// # Errors
    /// The weights differ by more than noise and approximation explain.
    pub(crate) fn expect_rehearsed(&self, allow: bool, console: &Console) -> Result<()> {
        let what = match self.deviation {
            Some(deviation) if deviation <= 1.0 => return Ok(()),
            Some(deviation) => format!(
                "the head is not the one that these data give: its weights are off by {deviation:.1} times what noise and approximation explain"
            ),
            None => {
                console.note("the plan has no rehearsal to hold this head against: measure it before you use it (eval)");
                return Ok(());
            }
        };
        if allow {
            console.warn(what);
            return Ok(());
        }
        Err(Failure::file(what).help(
            "do not use it, and do not tell the compute party more than that it was refused. `decrypt --allow-deviation` writes it for a look",
        ))
    }
}
