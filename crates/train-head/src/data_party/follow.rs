//! Following a training that runs: decrypts the scores of the validation samples, and asks for a stop when they get no better.

use std::num::NonZeroUsize;

use ndarray::Array2;

use super::curve::{Point, best_without_progress};
use super::{DataParty, DecryptedScores};
use crate::exit::{Failure, Kind, Result};
use crate::files::head::EVEN;
use crate::files::validation::ValidationFolder;
use crate::identity::{Identity, Trust};
use crate::samples::Matrix;
use crate::targets::{Scores, Vocabulary};
use crate::wording::counted;

/// A data party that follows a training, and the curve so far.
pub(crate) struct Follower<'a> {
    party: &'a DataParty,
    folder: ValidationFolder,
    /// Whose scores are accepted.
    trust: &'a Trust,
    /// Signs the answer.
    identity: &'a Identity,
    /// The validation samples.
    samples: &'a Matrix,
    /// Their encoded labels.
    labels: Array2<f64>,
    /// After how many validations without progress to ask for a stop, if at all.
    patience: Option<NonZeroUsize>,
    curve: Vec<Point>,
}

impl<'a> Follower<'a> {
    /// Follows the training whose scores of the validation `samples` appear in a folder. With `patience`, asks for a stop once the
    /// log loss has not fallen for that many validations.
    ///
    /// # Errors
    /// Samples of unknown classes; numbers, which have no log loss.
    pub(crate) fn new(
        party: &'a DataParty,
        folder: ValidationFolder,
        (trust, identity): (&'a Trust, &'a Identity),
        samples: &'a Matrix,
        patience: Option<NonZeroUsize>,
    ) -> Result<Self> {
        expect_log_loss(party.file.vocabulary())?;
        let labels = samples.encode_labels(party.file.vocabulary(), "the validation samples")?;
        Ok(Self { party, folder, trust, identity, samples, labels, patience, curve: Vec::new() })
    }

    /// Decrypts the scores that are new among the iterations `found`, passes each point to `show`, and asks for a stop if it is time.
    /// Returns the iteration whose head it asked for.
    ///
    /// # Errors
    /// Files that are damaged or do not belong together; a training that diverged; a failed write.
    pub(crate) fn look(&mut self, found: Vec<usize>, show: impl Fn(&Point)) -> Result<Option<usize>> {
        let seen = self.seen();
        let last = self.party.file.job().iterations();
        for iteration in found.into_iter().filter(|&iteration| iteration > seen && iteration <= last) {
            let good = self.seen();
            let point = self.point(iteration).map_err(|failure| diverged_after(good, iteration, failure))?;
            self.curve.push(point);
            show(&point);
        }
        let best = self.patience.and_then(|patience| best_without_progress(&self.curve, patience));
        let Some(best) = best else { return Ok(None) };
        self.folder.stop_at(self.party.file.run(), best.iteration, self.identity)?;
        Ok(Some(best.iteration))
    }

    /// The folder that the compute party fills.
    pub(crate) fn folder(&self) -> &ValidationFolder {
        &self.folder
    }

    /// The curve so far.
    pub(crate) fn curve(&self) -> &[Point] {
        &self.curve
    }

    /// Number of validation samples.
    pub(crate) fn samples(&self) -> usize {
        self.labels.nrows()
    }

    /// True once the last iteration was seen.
    pub(crate) fn is_over(&self) -> bool {
        self.seen() >= self.party.file.job().iterations()
    }

    fn seen(&self) -> usize {
        self.curve.last().map_or(0, |point| point.iteration)
    }

    fn point(&self, iteration: usize) -> Result<Point> {
        let path = self.folder.scores(iteration);
        let DecryptedScores { scores, iteration: found } =
            self.party.decrypt_scores(&path, self.samples, self.trust)?;
        if found != iteration {
            return Err(Failure::file(format!(
                "{} holds the scores after {}",
                path.display(),
                counted(found, "iteration")
            ))
            .help("its name says something else: copy the folder again"));
        }
        let (file, vocabulary) = (&self.party.file, self.party.file.vocabulary());
        let cuts = vec![EVEN; vocabulary.names().len()];
        let scores =
            Scores::new(vocabulary.targets(), &self.labels.view(), &file.predicted(scores).view(), &cuts)?;
        let (accuracy, log_loss) = scores.accuracy_and_loss().unwrap_or((f64::NAN, f64::NAN));
        Ok(Point { iteration, accuracy, log_loss })
    }
}

/// Refuses validation of a training whose scores have no log loss.
///
/// # Errors
/// Numbers are predicted.
pub(crate) fn expect_log_loss(vocabulary: &Vocabulary) -> Result<()> {
    match vocabulary {
        Vocabulary::Numbers(_) => Err(Failure::usage("--validation-fraction: a regression has no curve of its log loss")
            .help("leave it out: cross-validation chooses the iterations of --head ridge, and --test-size holds out samples to test on")),
        Vocabulary::Classes(_) | Vocabulary::Labels(_) => Ok(()),
    }
}

/// Adds to a failure of kind [`Kind::Diverged`] where the training diverged: after `good`, the last iteration with good scores, and
/// at the latest in `iteration`.
fn diverged_after(good: usize, iteration: usize, failure: Failure) -> Failure {
    if failure.kind() != Kind::Diverged {
        return failure;
    }
    let stretch = if good + 1 == iteration {
        format!("in iteration {iteration}")
    } else {
        format!("between iterations {} and {iteration}", good + 1)
    };
    let ended = Failure::diverged(format!("the training diverged {stretch}")).because(failure);
    match good {
        0 => ended.help("plan again with a smaller learning rate or a wider interval"),
        _ => {
            ended.help(format!("`train-head watch --stop {good}` ends it with the head of iteration {good}"))
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn a_divergence_is_placed() {
        let garbage = || Failure::diverged("scores are out of range");
        let said = diverged_after(4, 6, garbage());
        assert_eq!(
            said.chain(),
            ["the training diverged between iterations 5 and 6", "scores are out of range"]
        );
        assert!(said.advice().unwrap().contains("--stop 4"));
        assert_eq!(diverged_after(0, 1, garbage()).to_string(), "the training diverged in iteration 1");
        assert_eq!(diverged_after(0, 1, Failure::data("other")).kind(), Kind::Data);
    }
}
