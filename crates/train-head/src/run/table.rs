//! The figures of a run as a table.

use super::clinical;
use super::report::Report;
use super::words::{decimals, rounded, the_same};
use crate::data_party::curve::best;
use crate::planning::describe;
use crate::progress::{bytes, seconds};
use crate::targets::{Scores, Vocabulary};

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
            self.threshold,
        ));
        lines.push(String::new());
        lines.extend(self.costs());
        lines.join("\n")
    }

    /// Data, security, method.
    fn about(&self) -> Vec<String> {
        let mut lines = vec![
            format!(
                "data        {} samples to train on, {} to test on, {} features; {}",
                self.samples,
                self.test_samples,
                self.features,
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
                "training    {} iterations of {}, {} bootstraps",
                self.iterations,
                describe::optimizer(self.method.solver),
                self.bootstraps
            ),
            format!("features    {}", self.method.features),
        ];
        if let Some(expected) = &self.expected {
            lines.push(format!("expected    {}", describe::expected(expected)));
            let warning = describe::shortfall(expected, self.bootstraps > 0);
            lines.extend(warning.map(|text| format!("warning     {text}")));
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
        let ([first, second, third], tables) = match self.vocabulary {
            Vocabulary::Classes(_) => (["accuracy", "macro F1", "AUROC"], 1),
            Vocabulary::Labels(_) => (["all right", "mean F1", "AUROC"], 1),
            Vocabulary::Numbers(_) => (["R2", "MAE", "RMSE"], self.labels.len()),
        };
        let mut lines = Vec::new();
        for k in 0..tables {
            let of = match self.vocabulary {
                Vocabulary::Numbers(_) => format!("on the test samples: {}", self.labels[k]),
                _ => "on the test samples".to_owned(),
            };
            lines.push(format!("{of:<34} {first:>9} {second:>9} {third:>9}"));
            for (name, scores) in rows {
                if let Some(scores) = scores {
                    let [first, second, third] = three(scores, k).map(shown);
                    lines.push(format!("{name:<34} {first:>9} {second:>9} {third:>9}"));
                }
            }
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
            format!("time        {} on {} threads: {}", seconds(s.total), self.threads, phases.join(", ")),
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
        (Vocabulary::Classes(_), names) => format!("{} classes", names.len()),
        (Vocabulary::Labels(_), names) => format!("{} labels", names.len()),
        (Vocabulary::Numbers(_), _) => vocabulary.described(),
    }
}

/// The three measures of a row of the table; of numbers the `k`-th.
fn three(scores: &Scores, k: usize) -> [f64; 3] {
    match scores {
        Scores::Classes(m) => [m.accuracy, m.macro_f1, m.auroc],
        Scores::Labels(m) => [m.subset_accuracy, m.mean.f1, m.mean.auroc],
        Scores::Numbers(each) => match each.get(k) {
            Some(m) => [m.r2.map_or(f64::NAN, |r2| r2.value), m.mae.value, m.rmse.value],
            None => [f64::NAN; 3],
        },
    }
}

/// A measure: four decimals below ten, else as many as matter.
fn shown(value: f64) -> String {
    if value.abs() < 10.0 { format!("{value:.4}") } else { rounded(value, decimals(value)) }
}
