//! What a page shows of measures, whoever took them: `run` on its test samples, or `eval` on others.

use crate::files::head::{ChosenThreshold, Secrecy};
use crate::run::measured::Figures;
use crate::run::report::Report;
use crate::targets::{Scores, Vocabulary};

/// A head that was measured on samples.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Assessed<'a> {
    /// Who may see it.
    pub(crate) secrecy: Secrecy,
    /// What it predicts.
    pub(crate) vocabulary: &'a Vocabulary,
    /// The columns of the labels that it was trained on, if they come from a table.
    pub(crate) label_columns: &'a [String],
    /// Whether it was trained in the run that measured it.
    pub(crate) in_run: bool,
    /// Number of samples that it was measured on.
    pub(crate) samples: usize,
    /// Measures without intervals; of numbers all there are.
    pub(crate) scores: &'a Scores,
    /// Rates, calibration, curves.
    pub(crate) head: Figures<'a>,
    /// Those of the plain twin, beside a decrypted head that was trained in the same run. A published head is that twin.
    pub(crate) plain: Option<Figures<'a>>,
    /// The threshold of the positive class, if an aim was given.
    pub(crate) threshold: Option<ChosenThreshold>,
    /// Those of the labels.
    pub(crate) thresholds: &'a [Option<ChosenThreshold>],
}

impl Assessed<'_> {
    /// The head in legends and captions.
    pub(super) fn called(&self) -> &'static str {
        match (self.in_run, self.secrecy) {
            (false, _) => "head",
            (true, Secrecy::Private) => "encrypted head",
            (true, Secrecy::Published) => "published head",
            (true, Secrecy::Joint) => "joint head",
        }
    }

    /// The samples in sentences.
    pub(super) fn samples_called(&self) -> &'static str {
        if self.in_run { "test samples" } else { "samples" }
    }
}

impl Report {
    /// The encrypted head on the test samples, beside its plain twin.
    pub(super) fn assessed(&self) -> Assessed<'_> {
        let (clinical, calibration, curves) = (&self.clinical, &self.calibration, &self.curves);
        Assessed {
            secrecy: self.secrecy,
            vocabulary: &self.vocabulary,
            label_columns: &self.label_columns,
            in_run: true,
            samples: self.test_samples,
            scores: &self.encrypted,
            head: Figures {
                clinical: &clinical.encrypted,
                calibration: &calibration.encrypted,
                curves: &curves.encrypted,
            },
            plain: (self.secrecy != Secrecy::Published).then_some(Figures {
                clinical: &clinical.plain,
                calibration: &calibration.plain,
                curves: &curves.plain,
            }),
            threshold: self.threshold,
            thresholds: &self.chosen,
        }
    }
}
