//! The figures of a run as a table.

use super::clinical;
use super::report::Report;
use super::words::{UNDEFINED, decimals, rounded, the_same};
use crate::data_party::curve::best;
use crate::planning::describe;
use crate::progress::{bytes, seconds};
use crate::targets::{ClassScores, Scores, Vocabulary};
use crate::wording::{counted, in_order};

impl Report {
    /// The table, without a line break at the end.
    pub(crate) fn text(&self) -> String {
        let mut lines = self.about();
        lines.push(String::new());
        lines.extend(self.measures());
        lines.push(String::new());
        lines.extend(clinical::lines(
            &self.vocabulary,
            &self.encrypted,
            &self.clinical.encrypted,
            &self.calibration.encrypted,
            clinical::Chosen { threshold: self.threshold, thresholds: &self.chosen },
        ));
        lines.push(String::new());
        lines.extend(self.costs());
        lines.join("\n")
    }

    /// Data, security, method.
    fn about(&self) -> Vec<String> {
        let mut lines = vec![
            format!(
                "data        {} to train on, {} to test on, {}; {}",
                counted(self.samples, "sample"),
                self.test_samples,
                counted(self.features, "feature"),
                classes(&self.vocabulary)
            ),
            format!(
                "security    {} bits: {}, N = 2^{}, log2(QP) = {:.1}",
                self.security_bits,
                self.preset,
                self.ring_degree.ilog2(),
                self.log_qp
            ),
            format!(
                "training    {} of {}, {}",
                counted(self.iterations, "iteration"),
                describe::optimizer(self.method.solver),
                counted(self.bootstraps, "bootstrap")
            ),
            format!("features    {}", self.method.features),
        ];
        if self.method.ordinal {
            lines.insert(1, format!("order       {}", in_order(&self.labels)));
        }
        if let Some(expected) = &self.expected {
            lines.push(format!("expected    {}", describe::expected(expected, &self.vocabulary)));
            lines.extend(self.shortfall.iter().map(|text| format!("warning     {text}")));
        }
        let errors = self.expected_errors.as_ref().map(describe::expected_errors);
        lines.extend(errors.map(|text| format!("expected    {text}")));
        lines
    }

    /// The measures of the head and its twins on the test samples.
    fn measures(&self) -> Vec<String> {
        let rows = [
            ("  plain twin (same training)", Some(&self.plain)),
            ("  simulated twin", Some(&self.simulate)),
            ("  encrypted", Some(&self.encrypted)),
            ("  logistic regression, converged", self.logistic_regression.as_ref()),
            ("  ridge regression, converged", self.ridge_regression.as_ref()),
        ];
        let (columns, tables) = match self.vocabulary {
            Vocabulary::Classes(_) if self.method.ordinal => (COLUMNS_IN_ORDER, 1),
            Vocabulary::Classes(_) => (COLUMNS_OF_CLASSES, 1),
            Vocabulary::Labels(_) => (COLUMNS_OF_LABELS, 1),
            Vocabulary::Numbers(_) => (COLUMNS_OF_NUMBERS, self.labels.len()),
        };
        let row = |name: &str, cells: &[String]| {
            let cells: String = cells.iter().map(|cell| format!(" {cell:>9}")).collect();
            format!("{name:<34}{cells}")
        };
        let mut lines = Vec::new();
        for k in 0..tables {
            let of = match self.vocabulary {
                Vocabulary::Numbers(_) => format!("on the test samples: {}", self.labels[k]),
                _ => "on the test samples".to_owned(),
            };
            lines.push(row(&of, &columns.iter().map(|&column| column.to_owned()).collect::<Vec<_>>()));
            for (name, scores) in rows {
                if let Some(scores) = scores {
                    lines.push(row(name, &values(scores, k).into_iter().map(shown).collect::<Vec<_>>()));
                }
            }
        }
        lines.extend(self.about_the_measures());
        if lines.iter().any(|line| line.ends_with(" \u{2013}") || line.contains(" \u{2013} ")) {
            lines.push(format!("  {UNDEFINED}"));
        }
        lines.push(format!(
            "  encrypted and plain give {} for {:.2} % of them",
            the_same(&self.vocabulary),
            100.0 * self.prediction_agreement.unwrap_or(1.0)
        ));
        if let Some(best) = self.validation.as_deref().and_then(best) {
            lines.push(format!(
                "  on the validation samples lowest log loss {:.4}, accuracy {:.4}, after iteration {}",
                best.log_loss, best.accuracy, best.iteration
            ));
        }
        if let Some(scoring) = self.scoring {
            lines.push(format!(
                "  encrypted predictions ({}) agree with the decrypted head on {:.2} % of them",
                seconds(scoring.seconds),
                100.0 * scoring.agreement
            ));
        }
        lines
    }

    /// What the columns are, where that is not clear from their names.
    fn about_the_measures(&self) -> Vec<String> {
        match &self.encrypted {
            Scores::Labels(_) => vec![
                "  all right: the share of samples with every label right; the others are means over the labels".to_owned(),
            ],
            Scores::Classes(scores) => {
                let mut lines = Vec::new();
                if let (Some(chosen), Some(most)) = (&self.threshold, scores.most_probable) {
                    lines.push(format!(
                        "  accuracy and F1 are those at the threshold of {}; by the most probable class, as cross-validation expects it, the {} has \
                         {:.4} and {:.4}",
                        chosen.threshold.value,
                        self.head_name(),
                        most.accuracy,
                        most.macro_f1
                    ));
                }
                if self.method.ordinal {
                    lines.push(
                        "  kappa: quadratic weighted, 1 is perfect, 0 is chance; near: the share at most one step off".to_owned(),
                    );
                }
                lines
            }
            Scores::Numbers(_) => Vec::new(),
        }
    }

    /// Time and size.
    fn costs(&self) -> Vec<String> {
        let s = self.seconds;
        let phases = [
            (if self.encoder.is_some() { "embed" } else { "read" }, s.embed),
            ("plan", s.plan),
            ("rehearse", s.rehearse),
            ("keygen", s.keygen),
            ("encrypt", s.encrypt),
            ("load", s.load),
            ("train", s.train),
            ("decrypt", s.decrypt),
            ("evaluate", s.evaluate),
        ];
        let phases: Vec<String> = phases
            .iter()
            .map(|&(name, took)| match name {
                "train" if self.bootstraps > 0 => {
                    format!("train {} (bootstraps {})", seconds(took), seconds(s.bootstrap))
                }
                _ => format!("{name} {}", seconds(took)),
            })
            .collect();
        vec![
            format!(
                "time        {} on {}: {}",
                seconds(s.total),
                counted(self.threads, "thread"),
                phases.join(", ")
            ),
            format!(
                "size        keys {}, encrypted data {}, encrypted head {}; {} of memory at most",
                bytes(self.bytes.keys),
                bytes(self.bytes.data),
                bytes(self.bytes.head),
                self.peak_rss_bytes.map_or_else(|| "unknown".to_owned(), bytes)
            ),
        ]
    }
}

/// What is predicted, in words.
fn classes(vocabulary: &Vocabulary) -> String {
    match (vocabulary, vocabulary.names()) {
        (Vocabulary::Classes(_), [negative, positive]) => format!("{positive:?} against {negative:?}"),
        (Vocabulary::Classes(_), names) => counted(names.len(), "class"),
        (Vocabulary::Labels(_), names) => counted(names.len(), "label"),
        (Vocabulary::Numbers(_), _) => vocabulary.described(),
    }
}

const COLUMNS_OF_CLASSES: &[&str] = &["accuracy", "macro F1", "AUROC", "log loss"];
const COLUMNS_IN_ORDER: &[&str] = &["accuracy", "macro F1", "kappa", "near", "AUROC", "log loss"];
const COLUMNS_OF_LABELS: &[&str] = &["all right", "accuracy", "F1", "AUROC", "log loss"];
const COLUMNS_OF_NUMBERS: &[&str] = &["R2", "MAE", "RMSE"];

/// The measures of a row of the table, in the order of its columns; of numbers those of the `k`-th.
fn values(scores: &Scores, k: usize) -> Vec<f64> {
    match scores {
        Scores::Classes(ClassScores { metrics: m, ordinal, .. }) => {
            let mut values = vec![m.accuracy, m.macro_f1];
            values.extend(ordinal.iter().flat_map(|m| [m.quadratic_weighted_kappa, m.within_one_step]));
            values.extend([m.auroc, m.log_loss]);
            values
        }
        Scores::Labels(m) => {
            vec![m.subset_accuracy, m.mean.accuracy, m.mean.f1, m.mean.auroc, m.mean.log_loss]
        }
        Scores::Numbers(each) => match each.get(k) {
            Some(m) => vec![m.r2.map_or(f64::NAN, |r2| r2.value), m.mae.value, m.rmse.value],
            None => vec![f64::NAN; COLUMNS_OF_NUMBERS.len()],
        },
    }
}

/// A measure: four decimals below ten, else as many as matter.
fn shown(value: f64) -> String {
    if value.abs() < 10.0 { rounded(value, 4) } else { rounded(value, decimals(value)) }
}
